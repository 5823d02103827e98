/* SPDX-License-Identifier: MIT */
#include "services/sns/token.h"

#include "base/crypto.h"
#include "base/fixture.h"

static const uint8_t master[SEAL_KEY_SIZE] = {1, 2, 3};
static const struct sns_token restore = {
	.is_restore = true,
	.expires_ms = 1700000000123,
	.subscription_arn = STR_INIT("arn:aws:sns:us-east-1:000000000000:t:id"),
	.record = STR_INIT("the record"),
};

static void test_a_token_returns_what_it_was_made_of(void **state)
{
	struct seal *seal = seal_new(master);
	struct sns_token token,
		confirm = {.expires_ms = 5, .subscription_arn = restore.subscription_arn};

	(void)state;
	assert_int_equal(
		sns_token_decode(seal, &arena, sns_token_encode(seal, &arena, &restore), &token),
		ERR_OK);
	assert_true(token.is_restore);
	assert_int_equal(token.expires_ms, restore.expires_ms);
	assert_str(token.record, "the record");
	assert_int_equal(
		sns_token_decode(seal, &arena, sns_token_encode(seal, &arena, &confirm), &token),
		ERR_OK);
	assert_false(token.is_restore);
	assert_str(token.subscription_arn, "arn:aws:sns:us-east-1:000000000000:t:id");
	seal_free(&seal);
}

static void test_other_texts_are_refused(void **state)
{
	struct seal *seal = seal_new(master);
	struct str text = sns_token_encode(seal, &arena, &restore), plain;
	struct sns_token token;

	(void)state;
	assert_int_equal(sns_token_decode(seal, &arena, STR("randomtoken"), &token), ERR_INVALID);
	assert_int_equal(sns_token_decode(seal, &arena, STR(""), &token), ERR_INVALID);
	assert_int_equal(sns_token_decode(seal, &arena, str_slice(text, 0, text.size - 1), &token),
			 ERR_INVALID);
	for (size_t i = 0; i < text.size; i += 11) {
		char *copy = arena_cstr(&arena, text);
		copy[i] = copy[i] == '0' ? '1' : '0';
		assert_int_equal(sns_token_decode(seal, &arena, str_of(copy, text.size), &token),
				 ERR_NOTFOUND);
	}
	/* Sealed by the same server, for another purpose. */
	plain = seal_close(seal, &arena, SEAL_SUBJECT_PAGES, STR("x"));
	char *hex = arena_bytes(&arena, 2 * plain.size);
	hex_format(plain, hex);
	assert_int_equal(sns_token_decode(seal, &arena, str_of(hex, 2 * plain.size), &token),
			 ERR_NOTFOUND);
	seal_free(&seal);
}
