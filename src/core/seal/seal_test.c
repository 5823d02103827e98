/* SPDX-License-Identifier: MIT */
/* Tests of sealing: only the same key opens sealed bytes, and only unchanged ones. */
#include <string.h>

#include "base/fixture.h"
#include "core/seal/seal.h"

static const uint8_t master[SEAL_KEY_SIZE] = "a key of thirty-two bytes, so so";

static char *copy_of(struct str bytes)
{
	return (char *)(uintptr_t)arena_copy(&arena, bytes).data;
}

static void test_seal_round_trips(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 1048576};
	struct seal *seal = seal_new(master);

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *plain = arena_bytes(&arena, sizes[i] + 1);
		struct str opened;
		memset(plain, 'x', sizes[i]);
		struct str sealed = seal_close(seal, &arena, 7, str_of(plain, sizes[i]));
		assert_int_equal(sealed.size, sizes[i] + SEAL_OVERHEAD);
		assert_true(seal_is_sealed(sealed));
		assert_true(sizes[i] < 15 || str_find(sealed, str_of(plain, 15), 0) == SIZE_MAX);
		assert_int_equal(seal_open(seal, copy_of(sealed), sealed.size, &opened), ERR_OK);
		assert_true(str_equal(opened, str_of(plain, sizes[i])));
	}
	seal_free(&seal);
}

static void test_sealed_bytes_name_their_subject(void **state)
{
	struct seal *seal = seal_new(master);

	(void)state;
	struct str sealed = seal_close(seal, &arena, SEAL_SUBJECT_SESSIONS, STR("kept"));
	assert_true(seal_is_of(sealed, SEAL_SUBJECT_SESSIONS));
	assert_false(seal_is_of(sealed, 0));
	assert_false(seal_is_of(str_slice(sealed, 0, 9), SEAL_SUBJECT_SESSIONS));
	seal_free(&seal);
}

static void test_a_later_run_opens_bytes_of_an_earlier_one(void **state)
{
	struct seal *earlier = seal_new(master);
	struct str opened;

	(void)state;
	struct str sealed = seal_close(earlier, &arena, 7, STR("kept"));
	seal_free(&earlier);
	struct seal *later = seal_new(master);
	assert_int_equal(seal_open(later, copy_of(sealed), sealed.size, &opened), ERR_OK);
	assert_true(str_equal(opened, STR("kept")));
	seal_free(&later);
}

static void test_another_master_key_opens_nothing(void **state)
{
	static const uint8_t other[SEAL_KEY_SIZE] = "another one of thirty-two bytes.";
	struct seal *seal = seal_new(master);
	struct seal *others = seal_new(other);
	struct str opened;

	(void)state;
	struct str sealed = seal_close(seal, &arena, 7, STR("mine"));
	assert_int_equal(seal_open(others, copy_of(sealed), sealed.size, &opened), ERR_DAMAGED);
	seal_free(&seal);
	seal_free(&others);
}

static void test_every_changed_bit_is_noticed(void **state)
{
	struct seal *seal = seal_new(master);
	struct str opened;

	(void)state;
	struct str sealed = seal_close(seal, &arena, 7, STR("a message"));
	for (size_t i = 0; i < sealed.size * 8; i++) {
		char *changed = copy_of(sealed);
		changed[i / 8] = (char)(changed[i / 8] ^ (1 << i % 8));
		assert_int_equal(seal_open(seal, changed, sealed.size, &opened), ERR_DAMAGED);
	}
	for (size_t size = 0; size < sealed.size; size++)
		assert_int_equal(seal_open(seal, copy_of(sealed), size, &opened), ERR_DAMAGED);
	seal_free(&seal);
}

static void test_the_same_plaintext_is_sealed_differently_each_time(void **state)
{
	struct seal *seals[2] = {seal_new(master), seal_new(master)};
	struct str sealed[6];

	(void)state;
	/* Two runs, two subjects, and one subject twice. */
	for (size_t i = 0; i < 6; i++)
		sealed[i] = seal_close(seals[i / 3], &arena, i % 3 / 2, STR("a secret, a secret"));
	for (size_t i = 0; i < 6; i++)
		for (size_t j = i + 1; j < 6; j++)
			assert_memory_not_equal(sealed[i].data + SEAL_OVERHEAD - AES_GCM_TAG_SIZE,
						sealed[j].data + SEAL_OVERHEAD - AES_GCM_TAG_SIZE,
						18);
	seal_free(&seals[0]);
	seal_free(&seals[1]);
}

static void test_more_subjects_than_are_kept(void **state)
{
	enum { SUBJECTS = 500 };
	struct seal *seal = seal_new(master);
	struct str sealed[SUBJECTS], opened;

	(void)state;
	for (uint64_t i = 0; i < SUBJECTS; i++)
		sealed[i] = seal_close(seal, &arena, i, str_of(&i, sizeof(i)));
	for (uint64_t i = 0; i < SUBJECTS; i++) {
		assert_int_equal(seal_open(seal, copy_of(sealed[i]), sealed[i].size, &opened),
				 ERR_OK);
		assert_memory_equal(opened.data, &i, sizeof(i));
	}
	seal_free(&seal);
}

/* NIST's GCM test vectors: the 256-bit keys' case of an empty and of a one-block plaintext. */
static void test_aes_gcm_gives_the_published_results(void **state)
{
	static const uint8_t key[32], nonce[AES_GCM_NONCE_SIZE], zeros[16];
	uint8_t out[32];
	char text[64];

	(void)state;
	struct aes_gcm *gcm = aes_gcm_new(key);
	aes_gcm_seal(gcm, nonce, (struct str){0}, str_of(zeros, 0), out);
	hex_format(str_of(out, 16), text);
	assert_memory_equal(text, "530f8afbc74536b9a963b4f1c4cb738b", 32);
	aes_gcm_seal(gcm, nonce, (struct str){0}, str_of(zeros, 16), out);
	hex_format(str_of(out, 32), text);
	assert_memory_equal(text,
			    "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919", 64);
	aes_gcm_free(&gcm);
	assert_null(gcm);
}
