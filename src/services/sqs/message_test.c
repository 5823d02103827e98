/* SPDX-License-Identifier: MIT */
/* The payload is a format on disk: every later version must read today's bytes. */
#include <string.h>

#include "base/fixture.h"
#include "services/sqs/message.h"

/* version, MD5, sizes of sender, group, dedup, trace, attributes, body, then their bytes */
static const char payload[] = "\x01"
			      "0123456789abcdef"
			      "\x02\0\x02\0\x01\0\0\0\x02\0\x04\0\0\0"
			      "meg"
			      "body"
			      "\x01\0\x06\0\x01\0\0\0nStringv"
			      "\x02\0\x08\0\x02\0\0\0rbBinary.x\0\xff";

static void test_payload_is_written_as_it_was_read(void **state)
{
	struct sqs_stored_message message;
	struct str bytes = str_of(payload, sizeof(payload) - 1);

	(void)state;
	assert_int_equal(sqs_message_decode(&arena, bytes, &message), ERR_OK);
	assert_true(str_equal(message.sender, STR("me")));
	assert_true(str_equal(message.group, STR("g")));
	assert_non_null(message.dedup.data);
	assert_int_equal(message.dedup.size, 0);
	assert_null(message.trace.data);
	assert_true(str_equal(message.body, STR("body")));
	assert_int_equal(message.attribute_count, 2);
	assert_true(str_equal(message.attributes[0].value.string_value, STR("v")));
	assert_true(str_equal(message.attributes[1].value.binary_value, str_of("\0\xff", 2)));
	assert_true(str_equal(sqs_message_encode(&arena, &message), bytes));
	assert_int_equal(sqs_message_size(&message), 4 + 1 + 6 + 1 + 2 + 8 + 2);
}

static void test_payload_that_was_cut_or_grew_is_damaged(void **state)
{
	struct sqs_stored_message message;
	char longer[sizeof(payload)] = {0};

	(void)state;
	for (size_t size = 0; size < sizeof(payload) - 1; size++)
		assert_int_equal(sqs_message_decode(&arena, str_of(payload, size), &message),
				 ERR_DAMAGED);
	memcpy(longer, payload, sizeof(payload) - 1);
	assert_int_equal(sqs_message_decode(&arena, str_of(longer, sizeof(longer)), &message),
			 ERR_DAMAGED);
	longer[0] = 2;
	assert_int_equal(sqs_message_decode(&arena, str_of(longer, sizeof(longer) - 1), &message),
			 ERR_DAMAGED);
}
