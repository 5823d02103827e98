/* SPDX-License-Identifier: MIT */
#include <openssl/evp.h>
#include <string.h>

#include "base/fixture.h"
#include "base/siv.h"

static const uint8_t key[32] = {1, 2, 3};

static void test_siv_opens_what_it_sealed_at_every_size(void **state)
{
	uint8_t text[SIV_TEXT_SIZE_MAX], tag[SIV_TAG_SIZE];

	(void)state;
	for (size_t size = 0; size <= sizeof(text); size++) {
		memset(text, 'x', sizeof(text));
		siv_seal(key, text, size, tag);
		for (size_t i = 8; i < size; i += 8)
			assert_memory_not_equal(text + i - 8, "xxxxxxxx", 8);
		assert_true(siv_open(key, text, size, tag));
		for (size_t i = 0; i < sizeof(text); i++)
			assert_int_equal(text[i], 'x');
	}
}

static void test_siv_refuses_each_changed_bit_and_other_sizes_and_keys(void **state)
{
	uint8_t sealed[20] = "twenty bytes of text", tag[SIV_TAG_SIZE];
	uint8_t other[32] = {1, 2, 4}, copy[21];

	(void)state;
	siv_seal(key, sealed, sizeof(sealed), tag);
	for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
		memcpy(copy, sealed, sizeof(sealed));
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(siv_open(key, copy, sizeof(sealed), tag));
	}
	for (size_t bit = 0; bit < 8 * sizeof(tag); bit++) {
		uint8_t changed[SIV_TAG_SIZE];
		memcpy(copy, sealed, sizeof(sealed));
		memcpy(changed, tag, sizeof(tag));
		changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(siv_open(key, copy, sizeof(sealed), changed));
	}
	memcpy(copy, sealed, sizeof(sealed));
	assert_false(siv_open(key, copy, sizeof(sealed) - 1, tag));
	memcpy(copy, sealed, sizeof(sealed));
	copy[20] = 0;
	assert_false(siv_open(key, copy, sizeof(sealed) + 1, tag));
	memcpy(copy, sealed, sizeof(sealed));
	assert_false(siv_open(other, copy, sizeof(sealed), tag));
	memcpy(copy, sealed, sizeof(sealed));
	assert_true(siv_open(key, copy, sizeof(sealed), tag));
}

static void test_siv_tells_texts_apart_that_differ_in_padding_only(void **state)
{
	uint8_t first[3] = {'a', 0x80, 0}, tag[SIV_TAG_SIZE], other_tag[SIV_TAG_SIZE];
	uint8_t second[3] = {'a', 0x80, 0};

	(void)state;
	siv_seal(key, first, 1, tag);
	siv_seal(key, second, 3, other_tag);
	assert_memory_not_equal(tag, other_tag, SIV_TAG_SIZE);
}

/* The last block of `padded` in OpenSSL's own CBC mode. */
static void cbc_mac(EVP_CIPHER_CTX *context, const uint8_t padded[32], uint8_t out[16])
{
	uint8_t mac_key[32], blocks[32];
	static const uint8_t zero[16];
	int size;

	hmac_sha256(str_of(key, 32), STR("siv tag"), mac_key);
	assert_int_equal(EVP_EncryptInit_ex(context, EVP_aes_256_cbc(), NULL, mac_key, zero), 1);
	assert_int_equal(EVP_CIPHER_CTX_set_padding(context, 0), 1);
	assert_int_equal(EVP_EncryptUpdate(context, blocks, &size, padded, 32), 1);
	memcpy(out, blocks + 16, 16);
}

static void test_siv_agrees_with_cbc_and_ctr(void **state)
{
	uint8_t stream_key[32], padded[32], expected[28], expected_tag[16];
	uint8_t text[28], tag[SIV_TAG_SIZE];
	int size, compared = 0;

	(void)state;
	hmac_sha256(str_of(key, 32), STR("siv stream"), stream_key);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	for (char letter = 'a'; letter <= 'z'; letter++) {
		memset(text, letter, sizeof(text));
		memset(padded, 0, sizeof(padded));
		memcpy(padded, text, sizeof(text));
		padded[sizeof(text)] = 0x80;
		cbc_mac(context, padded, expected_tag);
		siv_seal(key, text, sizeof(text), tag);
		assert_memory_equal(tag, expected_tag, SIV_TAG_SIZE);
		/* Counter mode adds where this flips the lowest bit: the same if it is 0. */
		if (tag[15] & 1)
			continue;
		assert_int_equal(
			EVP_EncryptInit_ex(context, EVP_aes_256_ctr(), NULL, stream_key, tag), 1);
		assert_int_equal(EVP_EncryptUpdate(context, expected, &size, padded, 28), 1);
		assert_memory_equal(text, expected, sizeof(text));
		compared++;
	}
	assert_true(compared > 0);
	EVP_CIPHER_CTX_free(context);
}

static void test_siv_gives_the_same_for_the_same(void **state)
{
	uint8_t first[5] = "abcde", second[5] = "abcde";
	uint8_t tag[SIV_TAG_SIZE], other_tag[SIV_TAG_SIZE];

	(void)state;
	siv_seal(key, first, 5, tag);
	siv_seal(key, second, 5, other_tag);
	assert_memory_equal(first, second, 5);
	assert_memory_equal(tag, other_tag, SIV_TAG_SIZE);
}
