/* SPDX-License-Identifier: MIT */
/*
 * spec: the specs of keys and their algorithms. Constants, any thread.
 *
 * https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
 */
#ifndef TERN_SERVICES_KMS_SPEC_H
#define TERN_SERVICES_KMS_SPEC_H

#include "base/base.h"

enum kms_kind {
	KMS_KIND_AES,
	KMS_KIND_HMAC,
	KMS_KIND_RSA, /* from here on: pairs of a private and a public key */
	KMS_KIND_ECC,
	KMS_KIND_EDWARDS,
	KMS_KIND_NONE, /* of algorithms that no key here can do */
};

enum kms_spec {
	KMS_SPEC_SYMMETRIC_DEFAULT,
	KMS_SPEC_HMAC_224,
	KMS_SPEC_HMAC_256,
	KMS_SPEC_HMAC_384,
	KMS_SPEC_HMAC_512,
	KMS_SPEC_RSA_2048,
	KMS_SPEC_RSA_3072,
	KMS_SPEC_RSA_4096,
	KMS_SPEC_ECC_NIST_P256,
	KMS_SPEC_ECC_NIST_P384,
	KMS_SPEC_ECC_NIST_P521,
	KMS_SPEC_ECC_SECG_P256K1,
	KMS_SPEC_ECC_NIST_EDWARDS25519,
	KMS_SPECS,
};

struct kms_spec_facts {
	struct str name;
	enum kms_kind kind;
	int bits;		   /* RSA: of the modulus */
	size_t size_min, size_max; /* AES, HMAC: bytes of material; generated: the least */
	/* ECC: the curve; ECC, HMAC: the digest that it goes with. */
	const char *group, *digest;
};
extern const struct kms_spec_facts kms_specs[KMS_SPECS];

enum kms_usage {
	KMS_USAGE_ENCRYPT_DECRYPT,
	KMS_USAGE_SIGN_VERIFY,
	KMS_USAGE_MAC,
	KMS_USAGE_KEY_AGREEMENT,
	KMS_USAGES
};
extern const struct str kms_usages[KMS_USAGES];

struct kms_algorithm {
	struct str name;
	enum kms_usage usage;
	enum kms_kind kind;
	const char *digest; /* OpenSSL's name; NULL: none, or a part of the algorithm */
	size_t digest_size;
	bool is_pss;
};
enum { KMS_ALGORITHMS = 22 };
extern const struct kms_algorithm kms_algorithms[KMS_ALGORITHMS];

/* True for names of AWS's specs and algorithms that Tern does not have: post-quantum keys, and
 * China's SM2. */
bool kms_is_unserved(struct str name);
/* False if there is none of that name. */
bool kms_spec_find(struct str name, enum kms_spec *out_spec);
bool kms_usage_find(struct str name, enum kms_usage *out_usage);
/* NULL if there is none of that name and usage. */
const struct kms_algorithm *kms_algorithm_find(struct str name, enum kms_usage usage);
/* Whether a key of that spec and usage can do it. */
bool kms_algorithm_fits(const struct kms_algorithm *algorithm, enum kms_spec spec,
			enum kms_usage usage);
bool kms_usage_fits(enum kms_usage usage, enum kms_spec spec);

#endif
