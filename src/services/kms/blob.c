/* SPDX-License-Identifier: MIT */
/* blob: the layout is in the header file. */
#include "services/kms/blob.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "services/kms/cryptography.h"
#include "services/kms/grant.h"

enum {
	VERSION = 0x74,
	KIND_UUID = 1,
	KIND_MULTI_REGION = 2,
	ID_AT = 2,
	ID_SIZE = 16,
	MATERIAL_AT = ID_AT + ID_SIZE,
	SALT_AT = MATERIAL_AT + 4,
	NONCE_AT = SALT_AT + KMS_SALT_SIZE,
};
static_assert(NONCE_AT + AES_GCM_NONCE_SIZE == (int)KMS_BLOB_HEAD_SIZE, "the head's parts");

/* ---- key ids ---- */

static bool is_lower_hex(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

bool kms_key_id_parse(struct str text, uint8_t out_kind[1], uint8_t out_bytes[16])
{
	static const uint8_t parts[] = {8, 4, 4, 4, 12};
	char digits[2 * ID_SIZE];
	size_t used = 0;

	if (text.size != KMS_KEY_ID_SIZE)
		return false;
	if (str_starts(text, STR("mrk-"))) {
		*out_kind = KIND_MULTI_REGION;
		memcpy(digits, text.data + 4, sizeof(digits));
	} else {
		*out_kind = KIND_UUID;
		for (size_t i = 0, at = 0; i < sizeof(parts); at += parts[i] + 1u, i++) {
			if (i > 0 && text.data[at - 1] != '-')
				return false;
			memcpy(digits + used, text.data + at, parts[i]);
			used += parts[i];
		}
	}
	struct str hex = str_of(digits, sizeof(digits));
	return is_lower_hex(hex) && hex_parse(hex, out_bytes);
}

static void format_key_id(const char *head, char out[KMS_KEY_ID_SIZE])
{
	if (head[1] == KIND_UUID) {
		uuid_format((const uint8_t *)head + ID_AT, out);
		return;
	}
	memcpy(out, "mrk-", 4);
	hex_format(str_of(head + ID_AT, ID_SIZE), out + 4);
}

/* ---- contexts ---- */

static char *put_text(char *out, struct str text)
{
	put_u32_be(out, (uint32_t)text.size);
	if (text.size > 0)
		memcpy(out + 4, text.data, text.size);
	return out + 4 + text.size;
}

struct str kms_context_encode(struct arena *arena, const struct shape_pair *pairs, size_t count)
{
	const struct shape_pair *sorted = kms_pairs_sort(arena, pairs, count);
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += 8 + pairs[i].key.size + pairs[i].value.size;
	char *bytes = arena_bytes(arena, size), *end = bytes;
	for (size_t i = 0; i < count; i++)
		end = put_text(put_text(end, sorted[i].key), sorted[i].value);
	return str_of(bytes, size);
}

/* ---- blobs ---- */

bool kms_blob_parse(struct str bytes, struct kms_blob *out_blob)
{
	if (bytes.size < KMS_BLOB_OVERHEAD || (uint8_t)bytes.data[0] != VERSION ||
	    (bytes.data[1] != KIND_UUID && bytes.data[1] != KIND_MULTI_REGION))
		return false;
	format_key_id(bytes.data, out_blob->key_id);
	out_blob->material = get_u32_be(bytes.data + MATERIAL_AT);
	out_blob->head = str_slice(bytes, 0, KMS_BLOB_HEAD_SIZE);
	out_blob->sealed = str_slice(bytes, KMS_BLOB_HEAD_SIZE, SIZE_MAX);
	return true;
}

static struct aes_gcm *cipher_of(struct str secret, const char *head)
{
	uint8_t key[32];

	check(secret.size == sizeof(key));
	kms_derive(secret, (const uint8_t *)head + SALT_AT, key);
	struct aes_gcm *gcm = aes_gcm_new(key);
	explicit_bzero(key, sizeof(key));
	return gcm;
}

static struct str join(struct arena *arena, struct str head, struct str context)
{
	char *bytes = arena_bytes(arena, head.size + context.size);

	memcpy(bytes, head.data, head.size);
	if (context.size > 0)
		memcpy(bytes + head.size, context.data, context.size);
	return str_of(bytes, head.size + context.size);
}

struct str kms_blob_seal(struct arena *arena, struct str key_id, uint32_t material,
			 struct str secret, struct str context, struct str plain)
{
	char *bytes = arena_bytes(arena, plain.size + KMS_BLOB_OVERHEAD);
	struct str head = str_of(bytes, KMS_BLOB_HEAD_SIZE);

	bytes[0] = VERSION;
	check(kms_key_id_parse(key_id, (uint8_t *)bytes + 1, (uint8_t *)bytes + ID_AT));
	put_u32_be(bytes + MATERIAL_AT, material);
	random_bytes(bytes + SALT_AT, KMS_SALT_SIZE + AES_GCM_NONCE_SIZE);
	struct aes_gcm *gcm = cipher_of(secret, bytes);
	aes_gcm_seal(gcm, (const uint8_t *)bytes + NONCE_AT, join(arena, head, context), plain,
		     (uint8_t *)bytes + KMS_BLOB_HEAD_SIZE);
	aes_gcm_free(&gcm);
	return str_of(bytes, plain.size + KMS_BLOB_OVERHEAD);
}

enum err kms_blob_open(struct arena *arena, const struct kms_blob *blob, struct str secret,
		       struct str context, struct str *out_plain)
{
	size_t size = blob->sealed.size - AES_GCM_TAG_SIZE;
	char *plain = arena_bytes(arena, size);

	struct aes_gcm *gcm = cipher_of(secret, blob->head.data);
	bool is_right =
		aes_gcm_open(gcm, (const uint8_t *)blob->head.data + NONCE_AT,
			     join(arena, blob->head, context), blob->sealed, (uint8_t *)plain);
	aes_gcm_free(&gcm);
	if (!is_right)
		return ERR_INVALID;
	*out_plain = str_of(plain, size);
	return ERR_OK;
}
