/* SPDX-License-Identifier: MIT */
/* public_key: over OpenSSL's providers. */
#include "base/public_key.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096, NUMBER_SIZE = 32, DER_MAX = 80 };

struct public_key {
	enum public_key_kind kind;
	EVP_PKEY *key;
};

static BIGNUM *number_of(struct str bytes)
{
	return BN_bin2bn((const unsigned char *)bytes.data, (int)bytes.size, NULL);
}

/* NULL if OpenSSL takes them for no key of that type. */
static EVP_PKEY *key_of(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (context && EVP_PKEY_fromdata_init(context) == 1 &&
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return key;
}

static struct public_key *wrap(enum public_key_kind kind, EVP_PKEY *key)
{
	struct public_key *made;

	if (!key)
		return NULL;
	made = heap_alloc(sizeof(*made));
	made->kind = kind;
	made->key = key;
	return made;
}

struct public_key *public_key_rsa(struct str modulus, struct str exponent)
{
	EVP_PKEY *key = NULL;

	if (modulus.size > RSA_BITS_MAX / 8 + 1 || exponent.size == 0 || exponent.size > 8)
		return NULL;
	BIGNUM *n = number_of(modulus), *e = number_of(exponent);
	int bits = n ? BN_num_bits(n) : 0;
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	if (bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX && e && BN_is_odd(e) && !BN_is_one(e) &&
	    builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
		OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
		key = params ? key_of("RSA", params) : NULL;
		OSSL_PARAM_free(params);
	}
	OSSL_PARAM_BLD_free(builder);
	BN_free(n);
	BN_free(e);
	return wrap(PUBLIC_KEY_RSA, key);
}

struct public_key *public_key_p256(struct str x, struct str y)
{
	unsigned char point[1 + 2 * NUMBER_SIZE] = {0x04}; /* uncompressed (SEC 1) */
	char group[] = "P-256";

	if (x.size != NUMBER_SIZE || y.size != NUMBER_SIZE)
		return NULL;
	memcpy(point + 1, x.data, NUMBER_SIZE);
	memcpy(point + 1 + NUMBER_SIZE, y.data, NUMBER_SIZE);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end(),
	};
	return wrap(PUBLIC_KEY_P256, key_of("EC", params));
}

void public_key_free(struct public_key **key)
{
	if (!*key)
		return;
	EVP_PKEY_free((*key)->key);
	heap_free(*key);
	*key = NULL;
}

enum public_key_kind public_key_kind(const struct public_key *key)
{
	return key->kind;
}

/* The numbers of a JSON Web Signature as ASN.1 (RFC 3279), which OpenSSL verifies; 0: none. */
static int ecdsa_der(struct str signature, unsigned char out[DER_MAX])
{
	if (signature.size != 2 * NUMBER_SIZE)
		return 0;
	ECDSA_SIG *numbers = ECDSA_SIG_new();
	BIGNUM *r = number_of(str_slice(signature, 0, NUMBER_SIZE));
	BIGNUM *s = number_of(str_slice(signature, NUMBER_SIZE, NUMBER_SIZE));
	check(numbers && r && s);
	check(ECDSA_SIG_set0(numbers, r, s) == 1); /* takes them over */
	int size = i2d_ECDSA_SIG(numbers, &out);
	ECDSA_SIG_free(numbers);
	return size;
}

bool public_key_verify(const struct public_key *key, struct str data, struct str signature)
{
	unsigned char der[DER_MAX];
	bool is_valid = false;

	if (key->kind == PUBLIC_KEY_P256)
		signature = str_of((const char *)der, (size_t)ecdsa_der(signature, der));
	if (signature.size == 0)
		return false;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	check(context != NULL);
	if (EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL, key->key, NULL) == 1)
		is_valid = EVP_DigestVerify(context, (const unsigned char *)signature.data,
					    signature.size, (const unsigned char *)data.data,
					    data.size) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error(); /* what OpenSSL kept of a failure must not reach TLS of this thread */
	return is_valid;
}
