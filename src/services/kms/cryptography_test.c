/* SPDX-License-Identifier: MIT */
/* Known vectors where they exist. Other tests make and open a value here; tests/kms compares with
 * other implementations. */
#include <string.h>

#include "base/fixture.h"
#include "services/kms/cryptography.h"

static struct str from_hex(const char *text)
{
	struct str hex = str_from(text);
	char *bytes = arena_bytes(&arena, hex.size / 2);

	assert_true(hex_parse(hex, (uint8_t *)bytes));
	return str_of(bytes, hex.size / 2);
}

static const struct kms_algorithm *algorithm_of(const char *name)
{
	for (int i = 0; i < KMS_ALGORITHMS; i++)
		if (str_equal(kms_algorithms[i].name, str_from(name)))
			return &kms_algorithms[i];
	return NULL;
}

static void test_mac_is_that_of_rfc_4231(void **state)
{
	static const struct {
		const char *algorithm, *mac;
	} cases[] = {
		{"HMAC_SHA_224", "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"},
		{"HMAC_SHA_256",
		 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{"HMAC_SHA_384", "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
				 "8e2240ca5e69e2c78b3239ecfab21649"},
		{"HMAC_SHA_512",
		 "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
		 "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct kms_algorithm *algorithm = algorithm_of(cases[i].algorithm);
		uint8_t mac[64];
		kms_mac(STR("Jefe"), algorithm, STR("what do ya want for nothing?"), mac);
		assert_true(str_equal(str_of(mac, algorithm->digest_size), from_hex(cases[i].mac)));
	}
}

/* The private key and the signature of RFC 6979, A.2.5, "sample" with SHA-256. */
static const char known_key[] =
	"308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c9afa9d845ba75166b"
	"5c215767b1d6934e50c3db36e89b127b8a622b120f6721a1440342000460fed4ba255a9d31c961eb74c6356d68"
	"c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4"
	"462299";
static const char known_signature[] =
	"3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb1c942d"
	"657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

static void test_known_signature_is_verified(void **state)
{
	const struct kms_algorithm *algorithm = algorithm_of("ECDSA_SHA_256");

	(void)state;
	struct kms_pair *pair = kms_pair_open(KMS_SPEC_ECC_NIST_P256, from_hex(known_key));
	struct str signature = from_hex(known_signature);
	assert_non_null(pair);
	assert_true(kms_verify_bytes(pair, algorithm, STR("sample"), false, signature));
	assert_false(kms_verify_bytes(pair, algorithm, STR("simple"), false, signature));
	((char *)signature.data)[signature.size - 1] ^= 1;
	assert_false(kms_verify_bytes(pair, algorithm, STR("sample"), false, signature));
	kms_pair_free(&pair);
}

static void test_secret_is_of_its_own_spec_only(void **state)
{
	(void)state;
	struct str secret = from_hex(known_key);
	assert_true(kms_secret_fits(KMS_SPEC_ECC_NIST_P256, secret));
	assert_false(kms_secret_fits(KMS_SPEC_ECC_NIST_P384, secret));
	assert_false(kms_secret_fits(KMS_SPEC_RSA_2048, secret));
	assert_false(kms_secret_fits(KMS_SPEC_ECC_NIST_P256, str_slice(secret, 0, 100)));
	assert_false(kms_secret_fits(KMS_SPEC_ECC_NIST_P256, (struct str){0}));
	/* The private number without the public point that belongs to it. */
	((char *)secret.data)[40] ^= 1;
	assert_false(kms_secret_fits(KMS_SPEC_ECC_NIST_P256, secret));
	struct str bytes = str_of(arena_alloc(&arena, 129), 32);
	assert_true(kms_secret_fits(KMS_SPEC_SYMMETRIC_DEFAULT, bytes));
	bytes.size = 129;
	assert_false(kms_secret_fits(KMS_SPEC_HMAC_512, bytes));
	bytes.size = 128;
	assert_true(kms_secret_fits(KMS_SPEC_HMAC_512, bytes));
}

/* The private key and the signature of RFC 8032, 7.1, TEST 2. */
static void test_ed25519_is_that_of_rfc_8032(void **state)
{
	const struct kms_algorithm *algorithm = algorithm_of("ED25519_SHA_512");
	struct str message = from_hex("72");

	(void)state;
	struct kms_pair *pair =
		kms_pair_open(KMS_SPEC_ECC_NIST_EDWARDS25519,
			      from_hex("302e020100300506032b657004220420"
				       "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb"
				       "8a6fb"));
	assert_non_null(pair);
	struct str signature = kms_sign_bytes(pair, algorithm, &arena, message, false);
	assert_true(str_equal(
		signature,
		from_hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
			 "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")));
	assert_true(kms_verify_bytes(pair, algorithm, message, false, signature));
	kms_pair_free(&pair);
}

/* The peer's public key and the result of NIST CAVS 14.1, ECC CDH, P-256, COUNT 0. */
static void test_agreement_is_that_of_nist(void **state)
{
	static const char head[] = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
	static const char point[] =
		"700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"
		"db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac";
	static const char private_key[] =
		"3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420"
		"7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534";
	struct str peer = from_hex(arena_cstr(&arena, arena_format(&arena, "%s%s", head, point)));
	struct str secret;

	(void)state;
	struct kms_pair *pair = kms_pair_open(KMS_SPEC_ECC_NIST_P256, from_hex(private_key));
	assert_non_null(pair);
	assert_int_equal(kms_agree(pair, peer, &arena, &secret), ERR_OK);
	assert_true(str_equal(
		secret,
		from_hex("46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b")));
	((char *)peer.data)[peer.size - 1] ^= 1; /* no point of the curve */
	assert_int_equal(kms_agree(pair, peer, &arena, &secret), ERR_INVALID);
	assert_int_equal(kms_agree(pair, STR(""), &arena, &secret), ERR_INVALID);
	kms_pair_free(&pair);
}

static void test_each_pair_verifies_its_signatures(void **state)
{
	(void)state;
	for (int i = KMS_SPEC_RSA_2048; i < KMS_SPECS; i++) {
		enum kms_spec spec = (enum kms_spec)i;
		if (kms_specs[spec].bits > 2048)
			continue;
		struct kms_secret secret = kms_secret_generate(spec);
		struct kms_pair *pair = kms_pair_open(spec, kms_secret_str(&secret));
		assert_non_null(pair);
		for (int j = 0; j < KMS_ALGORITHMS; j++) {
			const struct kms_algorithm *algorithm = &kms_algorithms[j];
			if (!kms_algorithm_fits(algorithm, spec, KMS_USAGE_SIGN_VERIFY))
				continue;
			struct str signature =
				kms_sign_bytes(pair, algorithm, &arena, STR("message"), false);
			assert_true(kms_verify_bytes(pair, algorithm, STR("message"), false,
						     signature));
			assert_false(kms_verify_bytes(pair, algorithm, STR("massage"), false,
						      signature));
		}
		kms_pair_free(&pair);
		kms_secret_done(&secret);
		assert_null(secret.bytes);
	}
}

/* The value was computed by another implementation. */
static void test_derived_key_is_as_documented(void **state)
{
	uint8_t secret[32], salt[KMS_SALT_SIZE], key[32];

	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		secret[i] = i;
	for (uint8_t i = 0; i < KMS_SALT_SIZE; i++)
		salt[i] = (uint8_t)(100 + i);
	kms_derive(str_of(secret, sizeof(secret)), salt, key);
	assert_true(str_equal(
		str_of(key, sizeof(key)),
		from_hex("c021d60251df819a1259f013f5287a6ff79ceaafcd852961c5af3b108960fe5e")));
}

static void test_other_wrappings_are_refused(void **state)
{
	const struct kms_algorithm *oaep = algorithm_of("RSAES_OAEP_SHA_256");
	struct kms_secret generated = kms_secret_generate(KMS_SPEC_RSA_2048), secret = {0};
	struct kms_pair *pair = kms_pair_open(KMS_SPEC_RSA_2048, kms_secret_str(&generated));

	(void)state;
	struct str wrapped = kms_rsa_encrypt(pair, oaep, &arena, STR("some key material"));
	assert_int_equal(kms_unwrap(pair, KMS_WRAPPING_OAEP_SHA_256, wrapped, &secret), ERR_OK);
	assert_true(str_equal(kms_secret_str(&secret), STR("some key material")));
	kms_secret_done(&secret);
	for (int i = 0; i < KMS_WRAPPINGS; i++)
		if (i != KMS_WRAPPING_OAEP_SHA_256)
			assert_int_equal(kms_unwrap(pair, (enum kms_wrapping)i, wrapped, &secret),
					 ERR_INVALID);
	for (size_t size = 0; size < wrapped.size; size += 51)
		assert_int_equal(kms_unwrap(pair, KMS_WRAPPING_OAEP_SHA_256,
					    str_slice(wrapped, 0, size), &secret),
				 ERR_INVALID);
	assert_null(secret.bytes);
	kms_pair_free(&pair);
	kms_secret_done(&generated);
}
