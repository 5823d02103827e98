/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/fixture.h"
#include "services/kms/blob.h"

static const struct str key_id = STR_INIT("01234567-89ab-cdef-0123-456789abcdef");
static const struct shape_pair pairs[] = {
	{STR_INIT("a"), STR_INIT("1")},
	{STR_INIT("b"), STR_INIT("two")},
};
static uint8_t secret_bytes[32];
static struct str secret;

static void begin(void)
{
	for (uint8_t i = 0; i < sizeof(secret_bytes); i++)
		secret_bytes[i] = i;
	secret = str_of(secret_bytes, sizeof(secret_bytes));
}

static void test_blob_opens_to_the_sealed_text(void **state)
{
	struct kms_blob blob;
	struct str plain;

	(void)state;
	begin();
	struct str context = kms_context_encode(&arena, pairs, 2);
	struct str bytes = kms_blob_seal(&arena, key_id, 3, secret, context, STR("plain"));
	assert_int_equal(bytes.size, 5 + KMS_BLOB_OVERHEAD);
	assert_true(kms_blob_parse(bytes, &blob));
	assert_true(str_equal(str_of(blob.key_id, KMS_KEY_ID_SIZE), key_id));
	assert_int_equal(blob.material, 3);
	assert_int_equal(kms_blob_open(&arena, &blob, secret, context, &plain), ERR_OK);
	assert_true(str_equal(plain, STR("plain")));
}

/* Made by another implementation. */
static void test_known_blob_opens(void **state)
{
	static const char hex[] =
		"74010123456789abcdef0123456789abcdef000000036465666768696a6b6c6d6e6f70717273c8c9ca"
		"cbcccdcecfd0d1d2d358b16622635b18165d98310ba6fcde4ebe14f10cdfd6933c66bc";
	uint8_t bytes[sizeof(hex) / 2];
	struct kms_blob blob;
	struct str plain;

	(void)state;
	begin();
	assert_true(hex_parse(str_from(hex), bytes));
	assert_true(kms_blob_parse(str_of(bytes, sizeof(hex) / 2), &blob));
	assert_int_equal(
		kms_blob_open(&arena, &blob, secret, kms_context_encode(&arena, pairs, 2), &plain),
		ERR_OK);
	assert_true(str_equal(plain, STR("plain text")));
}

static void test_any_change_is_noticed(void **state)
{
	struct kms_blob blob;
	struct str plain;

	(void)state;
	begin();
	struct str context = kms_context_encode(&arena, pairs, 2);
	struct str bytes = kms_blob_seal(&arena, key_id, 1, secret, context, STR("plain"));
	char *changed = arena_cstr(&arena, bytes);
	for (size_t i = 0; i < bytes.size; i++) {
		changed[i] ^= 1;
		if (kms_blob_parse(str_of(changed, bytes.size), &blob))
			assert_int_equal(kms_blob_open(&arena, &blob, secret, context, &plain),
					 ERR_INVALID);
		changed[i] ^= 1;
	}
	for (size_t size = 0; size < KMS_BLOB_OVERHEAD; size++)
		assert_false(kms_blob_parse(str_of(changed, size), &blob));
	assert_true(kms_blob_parse(bytes, &blob));
	assert_int_equal(kms_blob_open(&arena, &blob, secret, STR(""), &plain), ERR_INVALID);
	secret_bytes[31] ^= 1;
	assert_int_equal(kms_blob_open(&arena, &blob, secret, context, &plain), ERR_INVALID);
}

static void test_context_has_no_order_and_no_seams(void **state)
{
	static const struct shape_pair turned[] = {
		{STR_INIT("b"), STR_INIT("two")},
		{STR_INIT("a"), STR_INIT("1")},
	};
	static const struct shape_pair shifted[] = {
		{STR_INIT("a"), STR_INIT("1b")},
		{STR_INIT(""), STR_INIT("two")},
	};

	(void)state;
	begin();
	struct str context = kms_context_encode(&arena, pairs, 2);
	assert_true(str_equal(context, kms_context_encode(&arena, turned, 2)));
	assert_false(str_equal(context, kms_context_encode(&arena, shifted, 2)));
	assert_false(str_equal(context, kms_context_encode(&arena, pairs, 1)));
	assert_int_equal(kms_context_encode(&arena, pairs, 0).size, 0);
}

static void test_blobs_do_not_repeat(void **state)
{
	(void)state;
	begin();
	struct str first = kms_blob_seal(&arena, key_id, 1, secret, STR(""), STR("same"));
	struct str second = kms_blob_seal(&arena, key_id, 1, secret, STR(""), STR("same"));
	assert_false(str_equal(str_slice(first, 22, 28), str_slice(second, 22, 28)));
	assert_false(str_equal(str_slice(first, 50, 4), str_slice(second, 50, 4)));
}

static void test_key_ids_are_uuids_and_multi_region_ids(void **state)
{
	static const char *const wrong[] = {
		"",
		"01234567-89ab-cdef-0123-456789abcde",
		"01234567-89ab-cdef-0123-456789abcdef0",
		"01234567x89ab-cdef-0123-456789abcdef",
		"01234567-89AB-cdef-0123-456789abcdef",
		"mrk-0123456789abcdef0123456789abcdeg",
		"mrk_0123456789abcdef0123456789abcdef",
	};
	uint8_t kind, bytes[16];

	(void)state;
	assert_true(kms_key_id_parse(key_id, &kind, bytes));
	assert_true(kms_key_id_parse(STR("mrk-0123456789abcdef0123456789abcdef"), &kind, bytes));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(kms_key_id_parse(str_from(wrong[i]), &kind, bytes));
}
