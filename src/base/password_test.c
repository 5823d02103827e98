/* SPDX-License-Identifier: MIT */
/* password_test: hashes of passwords, and one-time passwords, RFC 6238. */
#include "base/password.h"

#include "base/fixture.h"
#include "base/totp.h"

static void test_password_hashes_are_salted(void **state)
{
	struct str first = password_hash(&arena, STR("correct horse"));
	struct str second = password_hash(&arena, STR("correct horse"));

	(void)state;
	assert_true(str_starts(first, STR("scrypt.14.8.1.")));
	assert_int_equal(str_find(first, STR("horse"), 0), SIZE_MAX);
	assert_false(password_hashes_equal(first, second));
	assert_true(password_hashes_equal(first,
					  password_hash_like(&arena, STR("correct horse"), first)));
	assert_false(password_hashes_equal(
		first, password_hash_like(&arena, STR("correct horsf"), first)));
	assert_null(password_hash_like(&arena, STR("x"), STR("scrypt.15.8.1.AAAA.AAAA")).data);
	assert_null(password_hash_like(&arena, STR("x"), STR("")).data);
	assert_false(password_hashes_equal(STR(""), STR("")));
}

/* The seed of RFC 6238 repeated to 40 bytes; codes by another implementation. */
static void test_totp_codes(void **state)
{
	static const char seed[] =
		"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
	static const struct {
		int64_t seconds;
		const char *code;
	} cases[] = {{INT64_C(59), "440963"},
		     {INT64_C(1111111109), "615479"},
		     {INT64_C(1234567890), "710945"},
		     {INT64_C(2000000000), "489770"},
		     {INT64_C(20000000000), "411695"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char code[TOTP_DIGITS];
		assert_true(totp_code(str_from(seed), cases[i].seconds / 30, code));
		assert_memory_equal(code, cases[i].code, TOTP_DIGITS);
	}
}

static void test_totp_finds_a_step(void **state)
{
	char seed[TOTP_SEED_TEXT_SIZE], codes[2][TOTP_DIGITS];
	struct str text = str_of(seed, sizeof(seed));
	int64_t step = 0;

	(void)state;
	totp_seed(seed);
	assert_true(totp_code(text, 1000, codes[0]));
	assert_true(totp_code(text, 1001, codes[1]));
	struct str first = str_of(codes[0], TOTP_DIGITS), next = str_of(codes[1], TOTP_DIGITS);
	assert_true(totp_find(text, first, next, 999, 1001, &step));
	assert_int_equal(step, 1000);
	assert_true(totp_find(text, first, STR(""), 1000, 1000, &step));
	assert_false(totp_find(text, next, first, 990, 999, &step));
	assert_false(totp_find(text, STR("12345"), STR(""), 0, 10, &step));
	assert_false(totp_find(STR("short"), first, STR(""), 1000, 1000, &step));
}
