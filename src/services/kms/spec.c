/* SPDX-License-Identifier: MIT */
/* spec: the algorithms of a key are in AWS's order. */
#include "services/kms/spec.h"

const struct kms_spec_facts kms_specs[KMS_SPECS] = {
	{STR_INIT("SYMMETRIC_DEFAULT"), KMS_KIND_AES, 0, 32, 32, NULL, NULL},
	{STR_INIT("HMAC_224"), KMS_KIND_HMAC, 0, 28, 64, NULL, "SHA224"},
	{STR_INIT("HMAC_256"), KMS_KIND_HMAC, 0, 32, 64, NULL, "SHA256"},
	{STR_INIT("HMAC_384"), KMS_KIND_HMAC, 0, 48, 128, NULL, "SHA384"},
	{STR_INIT("HMAC_512"), KMS_KIND_HMAC, 0, 64, 128, NULL, "SHA512"},
	{STR_INIT("RSA_2048"), KMS_KIND_RSA, 2048, 0, 0, NULL, NULL},
	{STR_INIT("RSA_3072"), KMS_KIND_RSA, 3072, 0, 0, NULL, NULL},
	{STR_INIT("RSA_4096"), KMS_KIND_RSA, 4096, 0, 0, NULL, NULL},
	{STR_INIT("ECC_NIST_P256"), KMS_KIND_ECC, 0, 0, 0, "P-256", "SHA256"},
	{STR_INIT("ECC_NIST_P384"), KMS_KIND_ECC, 0, 0, 0, "P-384", "SHA384"},
	{STR_INIT("ECC_NIST_P521"), KMS_KIND_ECC, 0, 0, 0, "P-521", "SHA512"},
	{STR_INIT("ECC_SECG_P256K1"), KMS_KIND_ECC, 0, 0, 0, "secp256k1", "SHA256"},
	{STR_INIT("ECC_NIST_EDWARDS25519"), KMS_KIND_EDWARDS, 0, 0, 0, NULL, NULL},
};

const struct str kms_usages[KMS_USAGES] = {
	STR_INIT("ENCRYPT_DECRYPT"),
	STR_INIT("SIGN_VERIFY"),
	STR_INIT("GENERATE_VERIFY_MAC"),
	STR_INIT("KEY_AGREEMENT"),
};

#define ENCRYPT KMS_USAGE_ENCRYPT_DECRYPT
#define SIGN KMS_USAGE_SIGN_VERIFY
#define MAC KMS_USAGE_MAC
#define AGREE KMS_USAGE_KEY_AGREEMENT
const struct kms_algorithm kms_algorithms[KMS_ALGORITHMS] = {
	{STR_INIT("SYMMETRIC_DEFAULT"), ENCRYPT, KMS_KIND_AES, NULL, 0, false},
	{STR_INIT("RSAES_OAEP_SHA_1"), ENCRYPT, KMS_KIND_RSA, "SHA1", 20, false},
	{STR_INIT("RSAES_OAEP_SHA_256"), ENCRYPT, KMS_KIND_RSA, "SHA256", 32, false},
	{STR_INIT("RSASSA_PKCS1_V1_5_SHA_256"), SIGN, KMS_KIND_RSA, "SHA256", 32, false},
	{STR_INIT("RSASSA_PKCS1_V1_5_SHA_384"), SIGN, KMS_KIND_RSA, "SHA384", 48, false},
	{STR_INIT("RSASSA_PKCS1_V1_5_SHA_512"), SIGN, KMS_KIND_RSA, "SHA512", 64, false},
	{STR_INIT("RSASSA_PSS_SHA_256"), SIGN, KMS_KIND_RSA, "SHA256", 32, true},
	{STR_INIT("RSASSA_PSS_SHA_384"), SIGN, KMS_KIND_RSA, "SHA384", 48, true},
	{STR_INIT("RSASSA_PSS_SHA_512"), SIGN, KMS_KIND_RSA, "SHA512", 64, true},
	{STR_INIT("ECDSA_SHA_256"), SIGN, KMS_KIND_ECC, "SHA256", 32, false},
	{STR_INIT("ECDSA_SHA_384"), SIGN, KMS_KIND_ECC, "SHA384", 48, false},
	{STR_INIT("ECDSA_SHA_512"), SIGN, KMS_KIND_ECC, "SHA512", 64, false},
	{STR_INIT("ED25519_SHA_512"), SIGN, KMS_KIND_EDWARDS, NULL, 64, false},
	{STR_INIT("ED25519_PH_SHA_512"), SIGN, KMS_KIND_NONE, NULL, 64, false},
	{STR_INIT("ML_DSA_SHAKE_256"), SIGN, KMS_KIND_NONE, NULL, 64, false},
	{STR_INIT("SM2DSA"), SIGN, KMS_KIND_NONE, NULL, 32, false},
	{STR_INIT("SM2PKE"), ENCRYPT, KMS_KIND_NONE, NULL, 0, false},
	{STR_INIT("ECDH"), AGREE, KMS_KIND_ECC, NULL, 0, false},
	{STR_INIT("HMAC_SHA_224"), MAC, KMS_KIND_HMAC, "SHA224", 28, false},
	{STR_INIT("HMAC_SHA_256"), MAC, KMS_KIND_HMAC, "SHA256", 32, false},
	{STR_INIT("HMAC_SHA_384"), MAC, KMS_KIND_HMAC, "SHA384", 48, false},
	{STR_INIT("HMAC_SHA_512"), MAC, KMS_KIND_HMAC, "SHA512", 64, false},
};

bool kms_is_unserved(struct str name)
{
	static const struct str names[] = {
		STR_INIT("SM2"),
		STR_INIT("SM2PKE"),
		STR_INIT("ML_DSA_44"),
		STR_INIT("ML_DSA_65"),
		STR_INIT("ML_DSA_87"),
		STR_INIT("ML_KEM_512"),
		STR_INIT("ML_KEM_768"),
		STR_INIT("ML_KEM_1024"),
		STR_INIT("ENCAPSULATE_DECAPSULATE"),
		STR_INIT("RSAES_PKCS1_V1_5"),
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_equal(names[i], name))
			return true;
	return false;
}

bool kms_spec_find(struct str name, enum kms_spec *out_spec)
{
	for (int i = 0; i < KMS_SPECS; i++) {
		if (!str_equal(kms_specs[i].name, name))
			continue;
		*out_spec = (enum kms_spec)i;
		return true;
	}
	return false;
}

bool kms_usage_find(struct str name, enum kms_usage *out_usage)
{
	for (int i = 0; i < KMS_USAGES; i++) {
		if (!str_equal(kms_usages[i], name))
			continue;
		*out_usage = (enum kms_usage)i;
		return true;
	}
	return false;
}

const struct kms_algorithm *kms_algorithm_find(struct str name, enum kms_usage usage)
{
	for (int i = 0; i < KMS_ALGORITHMS; i++)
		if (kms_algorithms[i].usage == usage && str_equal(kms_algorithms[i].name, name))
			return &kms_algorithms[i];
	return NULL;
}

bool kms_algorithm_fits(const struct kms_algorithm *algorithm, enum kms_spec spec,
			enum kms_usage usage)
{
	const struct kms_spec_facts *facts = &kms_specs[spec];

	if (algorithm->kind != facts->kind || algorithm->usage != usage)
		return false;
	/* RSA goes with any digest; other kinds and key agreement have none. */
	return !facts->digest || !algorithm->digest ||
	       strcmp(facts->digest, algorithm->digest) == 0;
}

bool kms_usage_fits(enum kms_usage usage, enum kms_spec spec)
{
	switch (kms_specs[spec].kind) {
	case KMS_KIND_AES:
		return usage == KMS_USAGE_ENCRYPT_DECRYPT;
	case KMS_KIND_HMAC:
		return usage == KMS_USAGE_MAC;
	case KMS_KIND_RSA:
		return usage == KMS_USAGE_ENCRYPT_DECRYPT || usage == KMS_USAGE_SIGN_VERIFY;
	case KMS_KIND_ECC:
		return usage == KMS_USAGE_SIGN_VERIFY ||
		       (usage == KMS_USAGE_KEY_AGREEMENT && spec != KMS_SPEC_ECC_SECG_P256K1);
	default:
		return usage == KMS_USAGE_SIGN_VERIFY;
	}
}
