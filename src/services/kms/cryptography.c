/* SPDX-License-Identifier: MIT */
/*
 * cryptography: OpenSSL's EVP interface. A caller's input may make verifying, decrypting and
 * reading keys fail. Any other failure is a programming error, and checked.
 */
#include "services/kms/cryptography.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

enum { DIGEST_SIZE_MAX = 64, WRAPPED_KEY_SIZE = 32, WRAP_OVERHEAD = 16 };

struct kms_pair {
	EVP_PKEY *key;
};

/* ---- secrets ---- */

static struct kms_secret secret_new(size_t size)
{
	return (struct kms_secret){.bytes = heap_alloc(size), .size = size};
}

struct kms_secret kms_secret_copy(struct str bytes)
{
	struct kms_secret secret = secret_new(bytes.size);

	if (bytes.size > 0)
		memcpy(secret.bytes, bytes.data, bytes.size);
	return secret;
}

void kms_secret_done(struct kms_secret *secret)
{
	if (secret->bytes)
		explicit_bzero(secret->bytes, secret->size);
	heap_free(secret->bytes);
	*secret = (struct kms_secret){0};
}

static struct kms_secret encode_private(EVP_PKEY *key)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;

	check(info != NULL);
	int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	check(size > 0);
	struct kms_secret secret = kms_secret_copy(str_of(der, (size_t)size));
	OPENSSL_clear_free(der, (size_t)size);
	PKCS8_PRIV_KEY_INFO_free(info);
	return secret;
}

struct kms_secret kms_secret_generate(enum kms_spec spec)
{
	const struct kms_spec_facts *facts = &kms_specs[spec];
	EVP_PKEY *key = NULL;

	if (facts->kind == KMS_KIND_AES || facts->kind == KMS_KIND_HMAC) {
		struct kms_secret secret = secret_new(facts->size_min);
		random_bytes(secret.bytes, secret.size);
		return secret;
	}
	if (facts->kind == KMS_KIND_RSA)
		key = EVP_RSA_gen((unsigned)facts->bits);
	else if (facts->kind == KMS_KIND_EDWARDS)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else
		key = EVP_EC_gen(facts->group);
	check(key != NULL);
	struct kms_secret secret = encode_private(key);
	EVP_PKEY_free(key);
	return secret;
}

/* ---- pairs ---- */

static int group_number(const char *name)
{
	int number = OBJ_txt2nid(name);

	return number != NID_undef ? number : EC_curve_nist2nid(name);
}

static bool is_of_spec(EVP_PKEY *key, enum kms_spec spec)
{
	const struct kms_spec_facts *facts = &kms_specs[spec];
	char group[64];
	size_t size;

	if (facts->kind == KMS_KIND_RSA)
		return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == facts->bits;
	if (facts->kind == KMS_KIND_EDWARDS)
		return EVP_PKEY_is_a(key, "ED25519");
	if (!EVP_PKEY_is_a(key, "EC") ||
	    EVP_PKEY_get_group_name(key, group, sizeof(group), &size) != 1)
		return false;
	return group_number(group) == group_number(facts->group);
}

struct kms_pair *kms_pair_open(enum kms_spec spec, struct str secret)
{
	const unsigned char *from = (const unsigned char *)secret.data;
	EVP_PKEY *key = NULL;

	if (secret.size > INT32_MAX)
		return NULL;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &from, (long)secret.size);
	if (info && from == (const unsigned char *)secret.data + secret.size)
		key = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	if (!key || !is_of_spec(key, spec)) {
		EVP_PKEY_free(key);
		ERR_clear_error();
		return NULL;
	}
	struct kms_pair *pair = heap_alloc(sizeof(*pair));
	pair->key = key;
	return pair;
}

void kms_pair_free(struct kms_pair **pair)
{
	if (!*pair)
		return;
	EVP_PKEY_free((*pair)->key);
	heap_free(*pair);
	*pair = NULL;
}

static EVP_PKEY_CTX *context_of(const struct kms_pair *pair)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pair->key, NULL);

	check(context != NULL);
	return context;
}

/* True if the private key belongs to the public one, and is sound. */
static bool is_consistent(const struct kms_pair *pair)
{
	EVP_PKEY_CTX *context = context_of(pair);

	bool is = EVP_PKEY_pairwise_check(context) == 1;
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return is;
}

bool kms_secret_fits(enum kms_spec spec, struct str bytes)
{
	const struct kms_spec_facts *facts = &kms_specs[spec];

	if (facts->kind == KMS_KIND_AES || facts->kind == KMS_KIND_HMAC)
		return bytes.size >= facts->size_min && bytes.size <= facts->size_max;
	struct kms_pair *pair = kms_pair_open(spec, bytes);
	bool fits = pair && is_consistent(pair);
	kms_pair_free(&pair);
	return fits;
}

struct str kms_pair_public(const struct kms_pair *pair, struct arena *arena)
{
	int size = i2d_PUBKEY(pair->key, NULL);

	check(size > 0);
	char *bytes = arena_bytes(arena, (size_t)size);
	unsigned char *end = (unsigned char *)bytes;
	check(i2d_PUBKEY(pair->key, &end) == size);
	return str_of(bytes, (size_t)size);
}

/* ---- RSAES-OAEP ---- */

size_t kms_rsa_plain_max(const struct kms_pair *pair, const struct kms_algorithm *algorithm)
{
	return (size_t)EVP_PKEY_get_size(pair->key) - 2 * algorithm->digest_size - 2;
}

static void set_oaep(EVP_PKEY_CTX *context, const char *digest)
{
	check(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1);
	check(EVP_PKEY_CTX_set_rsa_oaep_md_name(context, digest, NULL) == 1);
	check(EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, digest, NULL) == 1);
}

struct str kms_rsa_encrypt(const struct kms_pair *pair, const struct kms_algorithm *algorithm,
			   struct arena *arena, struct str plain)
{
	EVP_PKEY_CTX *context = context_of(pair);
	size_t size = (size_t)EVP_PKEY_get_size(pair->key);
	char *out = arena_bytes(arena, size);

	check(EVP_PKEY_encrypt_init(context) == 1);
	set_oaep(context, algorithm->digest);
	check(EVP_PKEY_encrypt(context, (unsigned char *)out, &size,
			       (const unsigned char *)plain.data, plain.size) == 1);
	EVP_PKEY_CTX_free(context);
	return str_of(out, size);
}

static enum err oaep_decrypt(const struct kms_pair *pair, const char *digest, struct str cipher,
			     uint8_t *out, size_t *out_size)
{
	EVP_PKEY_CTX *context = context_of(pair);

	check(EVP_PKEY_decrypt_init(context) == 1);
	set_oaep(context, digest);
	bool is_right = EVP_PKEY_decrypt(context, out, out_size, (const unsigned char *)cipher.data,
					 cipher.size) == 1;
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return is_right ? ERR_OK : ERR_INVALID;
}

enum err kms_rsa_decrypt(const struct kms_pair *pair, const struct kms_algorithm *algorithm,
			 struct arena *arena, struct str cipher, struct str *out_plain)
{
	size_t size = (size_t)EVP_PKEY_get_size(pair->key);
	char *plain = arena_bytes(arena, size);

	enum err err = oaep_decrypt(pair, algorithm->digest, cipher, (uint8_t *)plain, &size);
	if (err)
		return err;
	*out_plain = str_of(plain, size);
	return ERR_OK;
}

/* ---- signatures ---- */

static size_t digest_of(const struct kms_algorithm *algorithm, struct str message,
			uint8_t out[DIGEST_SIZE_MAX])
{
	size_t size;

	check(EVP_Q_digest(NULL, algorithm->digest, NULL, message.data, message.size, out, &size) ==
	      1);
	return size;
}

static void set_signature(const struct kms_pair *pair, EVP_PKEY_CTX *context,
			  const struct kms_algorithm *algorithm)
{
	const EVP_MD *digest = EVP_get_digestbyname(algorithm->digest);

	if (EVP_PKEY_is_a(pair->key, "RSA"))
		check(EVP_PKEY_CTX_set_rsa_padding(context, algorithm->is_pss
								    ? RSA_PKCS1_PSS_PADDING
								    : RSA_PKCS1_PADDING) == 1);
	check(EVP_PKEY_CTX_set_signature_md(context, digest) == 1);
	if (algorithm->is_pss)
		check(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

/* Ed25519 (RFC 8032) signs the message itself, not a digest of it. */
static struct str sign_message(const struct kms_pair *pair, struct arena *arena, struct str message)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = (size_t)EVP_PKEY_get_size(pair->key);
	char *out = arena_bytes(arena, size);

	check(context != NULL);
	check(EVP_DigestSignInit(context, NULL, NULL, NULL, pair->key) == 1);
	check(EVP_DigestSign(context, (unsigned char *)out, &size,
			     (const unsigned char *)message.data, message.size) == 1);
	EVP_MD_CTX_free(context);
	return str_of(out, size);
}

static bool verify_message(const struct kms_pair *pair, struct str message, struct str signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	check(context != NULL);
	check(EVP_DigestVerifyInit(context, NULL, NULL, NULL, pair->key) == 1);
	bool is_right =
		EVP_DigestVerify(context, (const unsigned char *)signature.data, signature.size,
				 (const unsigned char *)message.data, message.size) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return is_right;
}

struct str kms_sign_bytes(const struct kms_pair *pair, const struct kms_algorithm *algorithm,
			  struct arena *arena, struct str message, bool is_digest)
{
	if (algorithm->kind == KMS_KIND_EDWARDS)
		return sign_message(pair, arena, message);
	EVP_PKEY_CTX *context = context_of(pair);
	size_t size = (size_t)EVP_PKEY_get_size(pair->key);
	char *out = arena_bytes(arena, size);
	uint8_t digest[DIGEST_SIZE_MAX];

	if (!is_digest)
		message = str_of(digest, digest_of(algorithm, message, digest));
	check(message.size == algorithm->digest_size);
	check(EVP_PKEY_sign_init(context) == 1);
	set_signature(pair, context, algorithm);
	check(EVP_PKEY_sign(context, (unsigned char *)out, &size,
			    (const unsigned char *)message.data, message.size) == 1);
	EVP_PKEY_CTX_free(context);
	return str_of(out, size);
}

bool kms_verify_bytes(const struct kms_pair *pair, const struct kms_algorithm *algorithm,
		      struct str message, bool is_digest, struct str signature)
{
	if (algorithm->kind == KMS_KIND_EDWARDS)
		return verify_message(pair, message, signature);
	EVP_PKEY_CTX *context = context_of(pair);
	uint8_t digest[DIGEST_SIZE_MAX];

	if (!is_digest)
		message = str_of(digest, digest_of(algorithm, message, digest));
	check(EVP_PKEY_verify_init(context) == 1);
	set_signature(pair, context, algorithm);
	bool is_right =
		EVP_PKEY_verify(context, (const unsigned char *)signature.data, signature.size,
				(const unsigned char *)message.data, message.size) == 1;
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return is_right;
}

/* ---- key agreement ---- */

static EVP_PKEY *read_public(struct str der)
{
	const unsigned char *from = (const unsigned char *)der.data;

	if (der.size > INT32_MAX)
		return NULL;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &from, (long)der.size);
	if (key && from == (const unsigned char *)der.data + der.size)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

/* EVP_PKEY_derive_set_peer compares the curves and checks that the point is on it. */
static bool derive(EVP_PKEY_CTX *context, EVP_PKEY *peer, struct arena *arena,
		   struct str *out_secret)
{
	size_t size;

	if (EVP_PKEY_derive_set_peer(context, peer) != 1 ||
	    EVP_PKEY_derive(context, NULL, &size) != 1)
		return false;
	char *secret = arena_bytes(arena, size);
	if (EVP_PKEY_derive(context, (unsigned char *)secret, &size) != 1)
		return false;
	*out_secret = str_of(secret, size);
	return true;
}

enum err kms_agree(const struct kms_pair *pair, struct str peer, struct arena *arena,
		   struct str *out_secret)
{
	EVP_PKEY *peer_key = read_public(peer);
	EVP_PKEY_CTX *context = context_of(pair);

	check(EVP_PKEY_derive_init(context) == 1);
	bool is_right = peer_key && derive(context, peer_key, arena, out_secret);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(peer_key);
	ERR_clear_error();
	return is_right ? ERR_OK : ERR_INVALID;
}

/* ---- HMAC, and keys derived by it ---- */

void kms_mac(struct str secret, const struct kms_algorithm *algorithm, struct str message,
	     uint8_t *out)
{
	size_t size;

	check(EVP_Q_mac(NULL, "HMAC", NULL, algorithm->digest, NULL, secret.data, secret.size,
			(const unsigned char *)message.data, message.size, out,
			algorithm->digest_size, &size) != NULL);
	check(size == algorithm->digest_size);
}

/* One block is enough: counter 1, label, 0, salt, and the 256 bits that are wanted. */
void kms_derive(struct str secret, const uint8_t salt[KMS_SALT_SIZE], uint8_t out_key[32])
{
	static const uint8_t head[] = {0, 0, 0, 1, 't', 'e', 'r', 'n', ' ', 'k', 'm', 's', 0};
	static const uint8_t tail[] = {0, 0, 1, 0};
	uint8_t block[sizeof(head) + KMS_SALT_SIZE + sizeof(tail)];

	memcpy(block, head, sizeof(head));
	memcpy(block + sizeof(head), salt, KMS_SALT_SIZE);
	memcpy(block + sizeof(head) + KMS_SALT_SIZE, tail, sizeof(tail));
	hmac_sha256(secret, str_of(block, sizeof(block)), out_key);
}

/* ---- wrapped material ---- */

const struct str kms_wrappings[KMS_WRAPPINGS] = {
	STR_INIT("RSAES_OAEP_SHA_1"),
	STR_INIT("RSAES_OAEP_SHA_256"),
	STR_INIT("RSA_AES_KEY_WRAP_SHA_1"),
	STR_INIT("RSA_AES_KEY_WRAP_SHA_256"),
};

static enum err aes_unwrap(const uint8_t key[WRAPPED_KEY_SIZE], struct str wrapped,
			   struct kms_secret *out_secret)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-WRAP-PAD", NULL);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	struct kms_secret plain = secret_new(wrapped.size + WRAP_OVERHEAD);
	int size = 0;

	check(cipher != NULL);
	check(context != NULL);
	EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	check(EVP_DecryptInit_ex2(context, cipher, key, NULL, NULL) == 1);
	bool is_right =
		EVP_DecryptUpdate(context, plain.bytes, &size, (const unsigned char *)wrapped.data,
				  (int)wrapped.size) == 1 &&
		size > 0;
	if (is_right)
		*out_secret = kms_secret_copy(str_of(plain.bytes, (size_t)size));
	kms_secret_done(&plain);
	EVP_CIPHER_CTX_free(context);
	EVP_CIPHER_free(cipher);
	ERR_clear_error();
	return is_right ? ERR_OK : ERR_INVALID;
}

enum err kms_unwrap(const struct kms_pair *pair, enum kms_wrapping wrapping, struct str wrapped,
		    struct kms_secret *out_secret)
{
	bool is_sha1 = wrapping == KMS_WRAPPING_OAEP_SHA_1 || wrapping == KMS_WRAPPING_AES_SHA_1;
	bool has_aes = wrapping >= KMS_WRAPPING_AES_SHA_1;
	size_t rsa_size = (size_t)EVP_PKEY_get_size(pair->key);
	struct kms_secret plain = secret_new(rsa_size);
	size_t size = rsa_size;

	enum err err = wrapped.size < rsa_size || (!has_aes && wrapped.size != rsa_size)
			       ? ERR_INVALID
			       : oaep_decrypt(pair, is_sha1 ? "SHA1" : "SHA256",
					      str_slice(wrapped, 0, rsa_size), plain.bytes, &size);
	if (!err && !has_aes)
		*out_secret = kms_secret_copy(str_of(plain.bytes, size));
	else if (!err && size != WRAPPED_KEY_SIZE)
		err = ERR_INVALID;
	else if (!err)
		err = aes_unwrap(plain.bytes, str_slice(wrapped, rsa_size, SIZE_MAX), out_secret);
	kms_secret_done(&plain);
	return err;
}
