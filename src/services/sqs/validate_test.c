/* SPDX-License-Identifier: MIT */
#include "services/sqs/validate.h"

#include <string.h>

#include "base/fixture.h"

enum { SIZE = 200 };

static bool is_text(const char *bytes, size_t size)
{
	return sqs_is_message_text(str_of(bytes, size));
}

static void test_a_forbidden_byte_is_found_at_every_place(void **state)
{
	char bytes[SIZE];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	for (size_t size = 0; size <= SIZE; size++)
		assert_true(is_text(bytes, size));
	for (size_t i = 0; i < SIZE; i++) {
		bytes[i] = '\x1f';
		assert_false(is_text(bytes, SIZE));
		assert_true(is_text(bytes, i));
		bytes[i] = 'x';
	}
}

static void test_each_single_byte_is_text_or_not(void **state)
{
	char bytes[SIZE];

	(void)state;
	memset(bytes, '~', sizeof(bytes));
	for (int c = 0; c < 256; c++) {
		bool is_control = c < 0x20 && c != '\t' && c != '\n' && c != '\r';
		bytes[100] = (char)c;
		/* A byte above 0x7f alone is no UTF-8. */
		assert_int_equal(is_text(bytes, SIZE), !is_control && c < 0x80);
	}
}

static void test_characters_that_unicode_has_not_are_no_text(void **state)
{
	char bytes[SIZE];

	(void)state;
	for (size_t i = 0; i + 3 <= SIZE; i++) {
		memset(bytes, 'x', sizeof(bytes));
		memcpy(bytes + i, "\xef\xbf\xbd", 3);
		assert_true(is_text(bytes, SIZE));
		memcpy(bytes + i, "\xef\xbf\xbe", 3);
		assert_false(is_text(bytes, SIZE));
		memcpy(bytes + i, "\xed\xa0\x80", 3);
		assert_false(is_text(bytes, SIZE));
	}
}
