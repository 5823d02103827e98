/* SPDX-License-Identifier: MIT */
#include "base/signing_key.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "base/fixture.h"

static X509 *read_certificate(const struct signing_key *key)
{
	struct str pem = signing_key_certificate(key);
	BIO *memory = BIO_new_mem_buf(pem.data, (int)pem.size);
	X509 *certificate = PEM_read_bio_X509(memory, NULL, NULL, NULL);

	assert_non_null(certificate);
	BIO_free(memory);
	return certificate;
}

static bool verify(const struct signing_key *key, const EVP_MD *digest, struct str data,
		   const uint8_t *signature)
{
	X509 *certificate = read_certificate(key);
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	assert_int_equal(
		EVP_DigestVerifyInit(context, NULL, digest, NULL, X509_get0_pubkey(certificate)),
		1);
	int result = EVP_DigestVerify(context, signature, SIGNING_KEY_SIGNATURE_SIZE,
				      (const unsigned char *)data.data, data.size);
	EVP_MD_CTX_free(context);
	X509_free(certificate);
	return result == 1;
}

static void test_the_certificate_verifies_both_digests(void **state)
{
	struct signing_key *key = signing_key_new(STR("sns.amazonaws.com"), clock_now_ms(), 10);
	uint8_t signature[SIGNING_KEY_SIGNATURE_SIZE];

	(void)state;
	signing_key_sign(key, SIGNING_SHA1, STR("hello"), signature);
	assert_true(verify(key, EVP_sha1(), STR("hello"), signature));
	assert_false(verify(key, EVP_sha256(), STR("hello"), signature));
	assert_false(verify(key, EVP_sha1(), STR("hellp"), signature));
	signing_key_sign(key, SIGNING_SHA256, STR("hello"), signature);
	assert_true(verify(key, EVP_sha256(), STR("hello"), signature));
	signing_key_free(&key);
	assert_null(key);
}

static void test_the_certificate_is_valid_now_and_signed_by_its_own_key(void **state)
{
	struct signing_key *key = signing_key_new(STR("sns.amazonaws.com"), clock_now_ms(), 10);
	X509 *certificate = read_certificate(key);
	char name[64];

	(void)state;
	assert_int_equal(X509_verify(certificate, X509_get0_pubkey(certificate)), 1);
	assert_true(X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0);
	assert_true(X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0);
	X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
				  sizeof(name));
	assert_string_equal(name, "sns.amazonaws.com");
	X509_free(certificate);
	signing_key_free(&key);
}

static void test_a_key_that_was_saved_and_loaded_is_the_same(void **state)
{
	struct signing_key *key = signing_key_new(STR("x"), clock_now_ms(), 10), *loaded = NULL;
	uint8_t signature[SIGNING_KEY_SIGNATURE_SIZE];
	struct buf bytes = {0};

	(void)state;
	signing_key_save(key, &bytes);
	assert_int_equal(signing_key_load(buf_str(&bytes), &loaded), ERR_OK);
	assert_true(str_equal(signing_key_certificate(key), signing_key_certificate(loaded)));
	signing_key_sign(loaded, SIGNING_SHA256, STR(""), signature);
	assert_true(verify(key, EVP_sha256(), STR(""), signature));
	signing_key_free(&loaded);
	for (size_t size = 0; size < bytes.size; size += 7)
		assert_int_equal(signing_key_load(str_of(bytes.data, size), &loaded), ERR_DAMAGED);
	bytes.data[10] ^= 1;
	assert_int_equal(signing_key_load(buf_str(&bytes), &loaded), ERR_DAMAGED);
	buf_done(&bytes);
	signing_key_free(&key);
}
