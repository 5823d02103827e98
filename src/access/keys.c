/* SPDX-License-Identifier: MIT */
/* keys: a map by id; each key in one block of memory with its texts. */
#include "access/keys.h"

#include <string.h>

struct entry {
	struct access_key key;
	size_t size; /* of the texts behind this struct */
};

struct keys {
	struct map by_id;
};

struct keys *keys_new(void)
{
	return heap_alloc(sizeof(struct keys));
}

void keys_free(struct keys **keys)
{
	struct entry *entry;
	size_t cursor = 0;

	if (!*keys)
		return;
	while ((entry = map_next(&(*keys)->by_id, &cursor))) {
		explicit_bzero(entry + 1, entry->size);
		heap_free(entry);
	}
	map_done(&(*keys)->by_id);
	heap_free(*keys);
	*keys = NULL;
}

static bool has_id(const void *value, const void *key)
{
	return str_equal(((const struct entry *)value)->key.id, *(const struct str *)key);
}

const struct access_key *keys_find(const struct keys *keys, struct str id)
{
	const struct entry *entry = map_find(&keys->by_id, str_hash(id), has_id, &id);

	return entry ? &entry->key : NULL;
}

static enum signer_outcome find_signer(void *context, struct str key_id, struct str token,
				       int64_t now_ms, struct signer *out_signer)
{
	const struct access_key *key = keys_find(context, key_id);

	(void)now_ms;
	/* These keys are for good: a session token belongs to others. */
	if (!key || token.size > 0)
		return SIGNER_UNKNOWN;
	memcpy(out_signer->secret, key->secret.data, key->secret.size);
	out_signer->secret_size = key->secret.size;
	out_signer->principal = principal_root(key->account);
	return SIGNER_FOUND;
}

struct signer_source keys_signers(struct keys *keys)
{
	return (struct signer_source){find_signer, keys};
}

size_t keys_count(const struct keys *keys)
{
	return keys->by_id.count;
}

static struct str put(char **place, struct str text)
{
	struct str copy = str_of(*place, text.size);

	memcpy(*place, text.data, text.size);
	*place += text.size;
	return copy;
}

bool keys_add(struct keys *keys, const struct access_key *key)
{
	size_t size = key->id.size + key->secret.size + key->account.size;

	if (keys_find(keys, key->id) || key->secret.size > SIGNER_SECRET_MAX)
		return false;
	struct entry *entry = heap_alloc(sizeof(*entry) + size);
	char *place = (char *)(entry + 1);
	entry->key = (struct access_key){.id = put(&place, key->id),
					 .secret = put(&place, key->secret),
					 .account = put(&place, key->account)};
	entry->size = size;
	map_insert(&keys->by_id, str_hash(entry->key.id), entry);
	return true;
}

/* Alphabets of 32 and 64 characters: a byte's low bits choose one, each as likely as the others. */
static void generate(char *out, size_t size, const char *alphabet, uint8_t mask)
{
	random_bytes(out, size);
	for (size_t i = 0; i < size; i++)
		out[i] = alphabet[(uint8_t)out[i] & mask];
}

void keys_generate(char out_id[ACCESS_KEY_ID_SIZE], char out_secret[ACCESS_KEY_SECRET_SIZE])
{
	memcpy(out_id, "AKIA", 4);
	generate(out_id + 4, ACCESS_KEY_ID_SIZE - 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 31);
	generate(out_secret, ACCESS_KEY_SECRET_SIZE,
		 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 63);
}
