/* SPDX-License-Identifier: MIT */
/* issuers: an array of them, searched from the front; a verification holds the reader's lock. */
#include "access/issuers.h"

#include <pthread.h>
#include <string.h>

#include "base/limits.h"
#include "format/json.h"

struct issuer_key {
	struct str id; /* its own memory; data NULL: none */
	struct public_key *key;
};

struct issuer {
	struct str url; /* its own memory */
	struct issuer_key keys[LIMIT_ISSUER_KEYS];
	size_t key_count;
};

struct issuers {
	pthread_rwlock_t lock;
	struct issuer **items;
	size_t count, capacity;
};

struct issuers *issuers_new(void)
{
	struct issuers *issuers = heap_alloc(sizeof(*issuers));

	check(pthread_rwlock_init(&issuers->lock, NULL) == 0);
	return issuers;
}

static void issuer_free(struct issuer *issuer)
{
	for (size_t i = 0; i < issuer->key_count; i++) {
		public_key_free(&issuer->keys[i].key);
		heap_free((char *)issuer->keys[i].id.data);
	}
	heap_free((char *)issuer->url.data);
	heap_free(issuer);
}

void issuers_free(struct issuers **issuers)
{
	struct issuers *old = *issuers;

	if (!old)
		return;
	for (size_t i = 0; i < old->count; i++)
		issuer_free(old->items[i]);
	heap_free(old->items);
	pthread_rwlock_destroy(&old->lock);
	heap_free(old);
	*issuers = NULL;
}

/* ---- reading ---- */

static struct str number(struct arena *arena, yyjson_val *key, const char *name)
{
	struct str bytes;

	return jwt_base64_parse(arena, json_text(json_member(key, name)), &bytes) ? bytes : STR("");
}

/* NULL: not a key for RS256 or ES256. */
static struct public_key *read_key(struct arena *arena, yyjson_val *key)
{
	struct str type = json_text(json_member(key, "kty"));
	struct str use = json_text(json_member(key, "use"));
	struct str algorithm = json_text(json_member(key, "alg"));
	bool is_rsa = str_equal(type, STR("RSA"));
	bool is_p256 = str_equal(type, STR("EC")) &&
		       str_equal(json_text(json_member(key, "crv")), STR("P-256"));

	if (use.data && !str_equal(use, STR("sig")))
		return NULL;
	if (algorithm.data && !str_equal(algorithm, is_rsa ? STR("RS256") : STR("ES256")))
		return NULL;
	if (is_rsa)
		return public_key_rsa(number(arena, key, "n"), number(arena, key, "e"));
	return is_p256 ? public_key_p256(number(arena, key, "x"), number(arena, key, "y")) : NULL;
}

static void add_keys(struct arena *arena, struct issuer *issuer, yyjson_val *keys)
{
	size_t index, count;
	yyjson_val *item;

	yyjson_arr_foreach(keys, index, count, item) {
		struct public_key *key = read_key(arena, item);
		struct str id = json_text(json_member(item, "kid"));
		if (!key)
			continue;
		issuer->keys[issuer->key_count++] = (struct issuer_key){
			.id = id.data ? heap_copy(id) : (struct str){0}, .key = key};
	}
}

static const struct issuer *find(const struct issuers *issuers, struct str url)
{
	for (size_t i = 0; i < issuers->count; i++)
		if (str_equal(issuers->items[i]->url, url))
			return issuers->items[i];
	return NULL;
}

enum err issuers_add(struct issuers *issuers, struct arena *arena, struct str text,
		     struct str *out_problem)
{
	yyjson_val *root;

	*out_problem = STR("it is not JSON");
	if (json_parse(arena, text, &root) != ERR_OK)
		return ERR_INVALID;
	struct str url = json_text(json_member(root, "issuer"));
	yyjson_val *keys = json_member(root, "keys");
	*out_problem = STR("it has no \"issuer\" that begins with https://");
	if (!str_starts(url, STR("https://")))
		return ERR_INVALID;
	*out_problem = STR("its issuer is in another file too");
	if (find(issuers, url))
		return ERR_INVALID;
	*out_problem = arena_format(arena, "there are more than %d issuers", LIMIT_ISSUERS);
	if (issuers->count >= LIMIT_ISSUERS)
		return ERR_INVALID;
	*out_problem = arena_format(arena, "it has more than %d keys", LIMIT_ISSUER_KEYS);
	if (yyjson_arr_size(keys) > LIMIT_ISSUER_KEYS)
		return ERR_INVALID;
	struct issuer *issuer = heap_alloc(sizeof(*issuer));
	issuer->url = heap_copy(url);
	add_keys(arena, issuer, keys);
	*out_problem = STR("none of its \"keys\" is for RS256 (2048 to 4096 bits) or ES256");
	if (issuer->key_count == 0) {
		issuer_free(issuer);
		return ERR_INVALID;
	}
	pthread_rwlock_wrlock(&issuers->lock);
	vec_push(issuers, issuer);
	pthread_rwlock_unlock(&issuers->lock);
	return ERR_OK;
}

size_t issuers_count(struct issuers *issuers)
{
	pthread_rwlock_rdlock(&issuers->lock);
	size_t count = issuers->count;
	pthread_rwlock_unlock(&issuers->lock);
	return count;
}

void issuers_replace(struct issuers *issuers, struct issuers *other)
{
	struct issuer **old = issuers->items;
	size_t old_count = issuers->count;

	pthread_rwlock_wrlock(&issuers->lock);
	issuers->items = other->items;
	issuers->count = other->count;
	issuers->capacity = other->capacity;
	pthread_rwlock_unlock(&issuers->lock);
	other->items = NULL;
	other->count = other->capacity = 0;
	for (size_t i = 0; i < old_count; i++)
		issuer_free(old[i]);
	heap_free(old);
}

/* ---- verifying ---- */

/* A token that names its key is verified with that one only. */
static enum issuers_outcome verify(const struct issuer *issuer, const struct jwt *jwt)
{
	enum issuers_outcome outcome = ISSUERS_NO_KEY;

	for (size_t i = 0; issuer && i < issuer->key_count; i++) {
		const struct issuer_key *key = &issuer->keys[i];
		bool may_be =
			public_key_kind(key->key) == jwt->kind &&
			(!jwt->key_id.data || !key->id.data || str_equal(key->id, jwt->key_id));
		if (!may_be)
			continue;
		if (public_key_verify(key->key, jwt->signed_part, jwt->signature))
			return ISSUERS_SIGNED;
		outcome = ISSUERS_FORGED;
	}
	return outcome;
}

enum issuers_outcome issuers_verify(struct issuers *issuers, const struct jwt *jwt)
{
	pthread_rwlock_rdlock(&issuers->lock);
	enum issuers_outcome outcome = verify(find(issuers, jwt->issuer), jwt);
	pthread_rwlock_unlock(&issuers->lock);
	return outcome;
}
