/* SPDX-License-Identifier: MIT */
/*
 * seal: sealed bytes are a head in the clear, which is authenticated too, the ciphertext and the
 * tag. Little endian.
 *
 *   version 1 | subject 6 | master 2 | salt 16 | counter 8 | ciphertext | tag 16
 *
 * The number of the master key is 0 for the first one. Subject, master and salt name the key.
 */
#include "core/seal/seal.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/secret.h"

enum {
	VERSION = 0xe1, /* no first byte of a message in the clear */
	SUBJECT_AT = 1,
	MASTER_AT = 7,
	SALT_AT = 9,
	COUNTER_AT = 25,
	HEAD_SIZE = 33,
	SALT_SIZE = 16,
	KEY_NAME_SIZE = SALT_AT + SALT_SIZE - SUBJECT_AT, /* subject and salt */
	CACHE_SIZE = 64,
};
static_assert((int)HEAD_SIZE + AES_GCM_TAG_SIZE == (int)SEAL_OVERHEAD, "head and tag");

struct seal {
	uint8_t masters[SEAL_MASTERS_MAX][SEAL_KEY_SIZE];
	uint64_t last;		 /* the number of the last master key */
	uint8_t salt[SALT_SIZE]; /* of this run */
	_Atomic uint64_t counter;
};

/* A derived key, by subject and salt. */
struct cached {
	const struct seal *seal; /* NULL: free */
	char name[KEY_NAME_SIZE];
	struct aes_gcm *gcm;
};

static _Thread_local struct cached *cache;
static pthread_key_t cache_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_cache(void *memory)
{
	struct cached *entries = memory;

	for (size_t i = 0; i < CACHE_SIZE; i++)
		aes_gcm_free(&entries[i].gcm);
	heap_free(entries);
}

static void make_cache_key(void)
{
	check(pthread_key_create(&cache_key, free_cache) == 0);
}

struct seal *seal_new(const uint8_t master[SEAL_KEY_SIZE])
{
	struct seal *seal = secret_alloc(sizeof(*seal));

	memcpy(seal->masters[0], master, SEAL_KEY_SIZE);
	random_bytes(seal->salt, sizeof(seal->salt));
	return seal;
}

void seal_add_master(struct seal *seal, const uint8_t master[SEAL_KEY_SIZE])
{
	check(seal->last + 1 < SEAL_MASTERS_MAX);
	memcpy(seal->masters[++seal->last], master, SEAL_KEY_SIZE);
}

void seal_free(struct seal **seal)
{
	if (!*seal)
		return;
	/* The other threads' keys were freed with them; this thread may use another seal. */
	if (cache) {
		pthread_setspecific(cache_key, NULL);
		free_cache(cache);
		cache = NULL;
	}
	secret_free(*seal, sizeof(**seal));
	*seal = NULL;
}

/* The number of the master key in a key's name. */
static size_t master_of(const char *name)
{
	return get_u16(name + MASTER_AT - SUBJECT_AT);
}

static struct aes_gcm *derive(const struct seal *seal, const char *name)
{
	const uint8_t *master = seal->masters[master_of(name)];
	uint8_t subject_key[32], key[32];

	hmac_sha256(str_of(master, SEAL_KEY_SIZE), str_of(name, 8), subject_key);
	hmac_sha256(str_of(subject_key, 32), str_of(name + 8, SALT_SIZE), key);
	struct aes_gcm *gcm = aes_gcm_new(key);
	explicit_bzero(subject_key, sizeof(subject_key));
	explicit_bzero(key, sizeof(key));
	return gcm;
}

static struct aes_gcm *find_key(const struct seal *seal, const char *name)
{
	if (!cache) {
		pthread_once(&once, make_cache_key);
		cache = heap_alloc(CACHE_SIZE * sizeof(*cache));
		pthread_setspecific(cache_key, cache);
	}
	struct cached *entry = &cache[str_hash(str_of(name, KEY_NAME_SIZE)) % CACHE_SIZE];
	if (entry->seal == seal && memcmp(entry->name, name, KEY_NAME_SIZE) == 0)
		return entry->gcm;
	aes_gcm_free(&entry->gcm);
	entry->gcm = derive(seal, name);
	entry->seal = seal;
	memcpy(entry->name, name, KEY_NAME_SIZE);
	return entry->gcm;
}

/* The counter, with zeros before it. */
static void make_nonce(const char *head, uint8_t out[AES_GCM_NONCE_SIZE])
{
	memset(out, 0, AES_GCM_NONCE_SIZE - 8);
	memcpy(out + AES_GCM_NONCE_SIZE - 8, head + COUNTER_AT, 8);
}

struct str seal_close(struct seal *seal, struct arena *arena, uint64_t subject, struct str plain)
{
	char *head = arena_bytes(arena, plain.size + SEAL_OVERHEAD);
	uint8_t nonce[AES_GCM_NONCE_SIZE];

	check(subject <= SEAL_SUBJECT_MAX);
	head[0] = (char)VERSION;
	put_u64(head + SUBJECT_AT, subject | seal->last << 48);
	memcpy(head + SALT_AT, seal->salt, SALT_SIZE);
	put_u64(head + COUNTER_AT, atomic_fetch_add(&seal->counter, 1));
	make_nonce(head, nonce);
	aes_gcm_seal(find_key(seal, head + SUBJECT_AT), nonce, str_of(head, HEAD_SIZE), plain,
		     (uint8_t *)head + HEAD_SIZE);
	return str_of(head, plain.size + SEAL_OVERHEAD);
}

bool seal_is_sealed(struct str bytes)
{
	return bytes.size >= SEAL_OVERHEAD && (uint8_t)bytes.data[0] == VERSION;
}

bool seal_is_of(struct str bytes, uint64_t subject)
{
	char number[8];

	put_u64(number, subject);
	return seal_is_sealed(bytes) && memcmp(bytes.data + SUBJECT_AT, number, 8) == 0;
}

enum err seal_open(struct seal *seal, char *sealed, size_t size, struct str *out_plain)
{
	uint8_t nonce[AES_GCM_NONCE_SIZE];

	if (!seal_is_sealed(str_of(sealed, size)) || master_of(sealed + SUBJECT_AT) > seal->last)
		return ERR_DAMAGED;
	make_nonce(sealed, nonce);
	char *content = sealed + HEAD_SIZE;
	if (!aes_gcm_open(find_key(seal, sealed + SUBJECT_AT), nonce, str_of(sealed, HEAD_SIZE),
			  str_of(content, size - HEAD_SIZE), (uint8_t *)content))
		return ERR_DAMAGED;
	*out_plain = str_of(content, size - SEAL_OVERHEAD);
	return ERR_OK;
}
