/* SPDX-License-Identifier: MIT */
/* signing_key: over OpenSSL. Saved as the certificate and the key in DER, each behind its size. */
#include "base/signing_key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"

enum { KEY_BITS = 2048, SERIAL_SIZE = 16 };

struct signing_key {
	EVP_PKEY *key;
	X509 *certificate;
	struct str pem; /* on the heap */
};

static struct str to_pem(X509 *certificate)
{
	BIO *memory = BIO_new(BIO_s_mem());
	char *data;

	check(memory && PEM_write_bio_X509(memory, certificate) == 1);
	long size = BIO_get_mem_data(memory, &data);
	struct str pem = heap_copy(str_of(data, (size_t)size));
	BIO_free(memory);
	return pem;
}

/* Takes both over. */
static struct signing_key *wrap(EVP_PKEY *pkey, X509 *certificate)
{
	struct signing_key *key = heap_alloc(sizeof(*key));

	*key = (struct signing_key){pkey, certificate, to_pem(certificate)};
	return key;
}

/* 128 random bits (CA/Browser Forum 7.1), positive. */
static void set_serial(X509 *certificate)
{
	unsigned char bytes[SERIAL_SIZE];

	random_bytes(bytes, sizeof(bytes));
	bytes[0] &= 0x7F;
	BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	check(number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)));
	BN_free(number);
}

static X509 *make_certificate(EVP_PKEY *key, struct str name, int64_t now_ms, int days)
{
	const time_t day = 24 * 3600, from = (time_t)(now_ms / 1000) - day;
	X509 *certificate = X509_new();

	check(certificate && X509_set_version(certificate, X509_VERSION_3) == 1);
	set_serial(certificate);
	check(ASN1_TIME_set(X509_getm_notBefore(certificate), from));
	check(ASN1_TIME_set(X509_getm_notAfter(certificate), from + days * day));
	X509_NAME *subject = X509_get_subject_name(certificate);
	check(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
					 (const unsigned char *)name.data, (int)name.size, -1,
					 0) == 1);
	check(X509_set_issuer_name(certificate, subject) == 1);
	check(X509_set_pubkey(certificate, key) == 1);
	check(X509_sign(certificate, key, EVP_sha256()) > 0);
	return certificate;
}

struct signing_key *signing_key_new(struct str name, int64_t now_ms, int days)
{
	EVP_PKEY *key = EVP_RSA_gen(KEY_BITS);

	check(key);
	return wrap(key, make_certificate(key, name, now_ms, days));
}

void signing_key_save(const struct signing_key *key, struct buf *out)
{
	unsigned char *certificate = NULL, *secret = NULL;
	int certificate_size = i2d_X509(key->certificate, &certificate);
	int secret_size = i2d_PrivateKey(key->key, &secret);

	check(certificate_size > 0 && secret_size > 0);
	bytes_append_str(out, str_of(certificate, (size_t)certificate_size));
	bytes_append_str(out, str_of(secret, (size_t)secret_size));
	OPENSSL_free(certificate);
	OPENSSL_clear_free(secret, (size_t)secret_size);
}

enum err signing_key_load(struct str bytes, struct signing_key **out_key)
{
	struct byte_reader reader = byte_reader_of(bytes);
	struct str certificate = byte_reader_str(&reader), secret = byte_reader_str(&reader);
	const unsigned char *at = (const unsigned char *)certificate.data;

	if (!byte_reader_is_done(&reader))
		return ERR_DAMAGED;
	X509 *x509 = d2i_X509(NULL, &at, (long)certificate.size);
	at = (const unsigned char *)secret.data;
	EVP_PKEY *key = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &at, (long)secret.size);
	if (!x509 || !key || EVP_PKEY_get_bits(key) != KEY_BITS ||
	    X509_check_private_key(x509, key) != 1) {
		X509_free(x509);
		EVP_PKEY_free(key);
		ERR_clear_error();
		return ERR_DAMAGED;
	}
	*out_key = wrap(key, x509);
	return ERR_OK;
}

void signing_key_free(struct signing_key **key)
{
	if (!*key)
		return;
	EVP_PKEY_free((*key)->key);
	X509_free((*key)->certificate);
	heap_free((void *)(uintptr_t)(*key)->pem.data);
	heap_free(*key);
	*key = NULL;
}

struct str signing_key_certificate(const struct signing_key *key)
{
	return key->pem;
}

void signing_key_sign(const struct signing_key *key, enum signing_digest digest, struct str data,
		      uint8_t out[SIGNING_KEY_SIGNATURE_SIZE])
{
	const EVP_MD *md = digest == SIGNING_SHA1 ? EVP_sha1() : EVP_sha256();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = SIGNING_KEY_SIGNATURE_SIZE;

	check(context && EVP_DigestSignInit(context, NULL, md, NULL, key->key) == 1);
	check(EVP_DigestSign(context, out, &size, (const unsigned char *)data.data, data.size) ==
	      1);
	check(size == SIGNING_KEY_SIGNATURE_SIZE);
	EVP_MD_CTX_free(context);
}
