/* SPDX-License-Identifier: MIT */
/*
 * envelope: a head in the clear, which is authenticated too, the ciphertext and the tag. Little
 * endian.
 *
 *   version 1 | blob size 2 | context size 2 | counter 8 | blob | context | ciphertext | tag 16
 *
 * The nonce is the counter, with zeros before it.
 *
 * The table of data keys has one lock, held for a look-up, and while KMS is called, so that two
 * threads do not both call it. A data key has a lock of its own for the cipher and the counter.
 */
#include "core/seal/envelope.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
	VERSION = 0xe2, /* differs from the first byte of an unsealed message, and of
			   core/seal/seal.c */
	BLOB_SIZE_AT = 1,
	CONTEXT_SIZE_AT = 3,
	COUNTER_AT = 5,
	HEAD_SIZE = 13,
	NAME_SIZE = 16,
	SWEEP_MS = 60000,
};

struct data_key {
	struct list link;     /* in data_keys->used, the last used first */
	char name[NAME_SIZE]; /* a keyed hash of all that it is for */
	_Atomic uint32_t references;
	bool is_listed; /* the table has it, and a reference */
	int64_t made_ms;
	int64_t expires_ms;	  /* by the reuse period of the last call */
	struct str blob, context; /* on the heap */

	pthread_mutex_t mutex; /* of the members below */
	struct aes_gcm *gcm;
	uint64_t counter; /* of the next nonce; keys that only open have none */
};

struct data_keys {
	pthread_mutex_t mutex; /* of all */
	struct map map;
	struct list used;
	uint8_t name_key[16];
	data_keys_schedule_fn schedule; /* NULL: no sweeps */
	void *context;			/* of schedule */
	bool is_sweep_posted;
};

/* ---- data keys ---- */

static struct data_key *key_new(const uint8_t bytes[KMS_DATA_KEY_SIZE], struct str blob,
				struct str context)
{
	struct data_key *key = heap_alloc(sizeof(*key));

	key->references = 1;
	key->blob = heap_copy(blob);
	key->context = heap_copy(context);
	key->gcm = aes_gcm_new(bytes);
	check(pthread_mutex_init(&key->mutex, NULL) == 0);
	return key;
}

void data_key_release(struct data_key *key)
{
	if (!key || atomic_fetch_sub(&key->references, 1) > 1)
		return;
	aes_gcm_free(&key->gcm); /* wipes it */
	pthread_mutex_destroy(&key->mutex);
	heap_free((void *)key->blob.data);
	heap_free((void *)key->context.data);
	heap_free(key);
}

static uint64_t hash_of(const char *name)
{
	uint64_t hash;

	memcpy(&hash, name, sizeof(hash));
	return hash;
}

static bool has_name(const void *value, const void *name)
{
	const struct data_key *key = value;

	return memcmp(key->name, name, NAME_SIZE) == 0;
}

/* Under the lock, as are the next ones. Accepts a key that is no longer listed. */
static void drop(struct data_keys *keys, struct data_key *key)
{
	if (!key->is_listed)
		return;
	key->is_listed = false;
	map_remove(&keys->map, hash_of(key->name), key);
	list_remove(&key->link);
	data_key_release(key);
}

/* With a reference for the caller; NULL if there is no valid one. A changed reuse period applies at
 * once. */
static struct data_key *find(struct data_keys *keys, const char *name, int64_t now_ms,
			     int64_t reuse_ms)
{
	struct data_key *key = map_find(&keys->map, hash_of(name), has_name, name);

	if (!key)
		return NULL;
	key->expires_ms = key->made_ms + reuse_ms;
	if (key->expires_ms <= now_ms) {
		drop(keys, key);
		return NULL;
	}
	list_remove(&key->link);
	list_push_front(&keys->used, &key->link);
	atomic_fetch_add(&key->references, 1);
	return key;
}

static void post_sweep(struct data_keys *keys)
{
	if (keys->is_sweep_posted || !keys->schedule || list_is_empty(&keys->used))
		return;
	keys->is_sweep_posted = keys->schedule(keys->context, clock_base_ms() + SWEEP_MS);
}

void data_keys_sweep(struct data_keys *keys)
{
	int64_t now_ms = clock_base_ms();

	pthread_mutex_lock(&keys->mutex);
	for (struct list *link = keys->used.next, *next; link != &keys->used; link = next) {
		struct data_key *key = container_of(link, struct data_key, link);
		next = link->next;
		if (key->expires_ms <= now_ms)
			drop(keys, key);
	}
	keys->is_sweep_posted = false;
	post_sweep(keys);
	pthread_mutex_unlock(&keys->mutex);
}

/* The table has its own reference, beside the caller's. */
static void enlist(struct data_keys *keys, struct data_key *key, const char *name, int64_t now_ms,
		   int64_t reuse_ms)
{
	while (keys->map.count >= LIMIT_DATA_KEYS)
		drop(keys, container_of(keys->used.prev, struct data_key, link));
	memcpy(key->name, name, NAME_SIZE);
	key->made_ms = now_ms;
	key->expires_ms = now_ms + reuse_ms;
	key->is_listed = true;
	atomic_fetch_add(&key->references, 1);
	map_insert(&keys->map, hash_of(name), key);
	list_push_front(&keys->used, &key->link);
	post_sweep(keys);
}

struct data_keys *data_keys_new(data_keys_schedule_fn schedule, void *context)
{
	struct data_keys *keys = heap_alloc(sizeof(*keys));

	check(pthread_mutex_init(&keys->mutex, NULL) == 0);
	list_init(&keys->used);
	keys->schedule = schedule;
	keys->context = context;
	random_bytes(keys->name_key, sizeof(keys->name_key));
	return keys;
}

void data_keys_free(struct data_keys **keys)
{
	if (!*keys)
		return;
	while (!list_is_empty(&(*keys)->used))
		drop(*keys, container_of((*keys)->used.next, struct data_key, link));
	map_done(&(*keys)->map);
	pthread_mutex_destroy(&(*keys)->mutex);
	heap_free(*keys);
	*keys = NULL;
}

/* ---- calls to KMS ---- */

/* A call to KMS, and the destination of its fault's text. */
struct question {
	struct kms_use use;
	struct str principal;
	struct shape_pair context;
	struct data_keys *keys;
	const struct core_kms *kms;
	struct str account, key_id; /* of sealing */
	int64_t now_ms, reuse_ms;
	char name[NAME_SIZE];
	struct str *out_text;
};

static void begin(struct question *question, const struct envelope_use *use, struct str context,
		  struct str *out_text)
{
	check(use->kms);
	check(use->keys);
	*question = (struct question){
		.use = {.call = use->call, .via_service = use->service, .context_count = 1},
		.context = {use->context_name, context},
		.principal = use->principal,
		.keys = use->keys,
		.kms = use->kms,
		.now_ms = clock_base_ms(),
		.reuse_ms = use->reuse_ms,
		.out_text = out_text,
	};
	question->use.context = &question->context;
}

/*
 * Names the data key by its use `what` and its principal: one principal's calls to KMS do not
 * replace another's authorization. The name is a hash of the texts under a random key; it includes
 * their lengths, so that different texts never concatenate to the same input.
 */
static void name_key(struct question *question, char kind, const struct str *what, size_t count)
{
	struct str principal = question->principal;
	char text[2048];
	struct buf long_text = {0};
	size_t size = 2 + principal.size;

	for (size_t i = 0; i < count; i++)
		size += sizeof(size_t) + what[i].size;
	char *bytes = size <= sizeof(text) ? text : buf_extend(&long_text, size);
	char *at = bytes;
	*at++ = kind;
	for (size_t i = 0; i < count; i++) {
		memcpy(at, &what[i].size, sizeof(size_t));
		at += sizeof(size_t);
		if (what[i].size > 0)
			memcpy(at, what[i].data, what[i].size);
		at += what[i].size;
	}
	if (principal.size > 0)
		memcpy(at, principal.data, principal.size);
	at += principal.size;
	siphash128(question->keys->name_key, str_of(bytes, (size_t)(at - bytes)),
		   (uint8_t *)question->name);
	buf_done(&long_text);
}

static struct data_key *find_named(const struct question *question)
{
	pthread_mutex_lock(&question->keys->mutex);
	struct data_key *key =
		find(question->keys, question->name, question->now_ms, question->reuse_ms);
	pthread_mutex_unlock(&question->keys->mutex);
	return key;
}

/* A data key that may not be used is not kept. */
static void discard(const struct question *question, struct data_key *key)
{
	pthread_mutex_lock(&question->keys->mutex);
	drop(question->keys, key);
	pthread_mutex_unlock(&question->keys->mutex);
	data_key_release(key);
}

/* ---- sealing ---- */

/* SQS too decrypts the new key at once, so a sender needs kms:Decrypt. */
static enum kms_problem generate(struct question *question, struct data_key **out_key)
{
	const struct core_kms *kms = question->kms;
	uint8_t bytes[KMS_DATA_KEY_SIZE], again[KMS_DATA_KEY_SIZE];
	struct str blob;

	enum kms_problem problem =
		kms->generate_data_key(&question->use, question->account, question->key_id, bytes,
				       &blob, question->out_text);
	if (problem)
		return problem;
	problem = kms->decrypt_data_key(&question->use, blob, again, question->out_text);
	if (!problem && memcmp(bytes, again, sizeof(bytes)) != 0)
		problem = KMS_PROBLEM_DAMAGED;
	if (!problem) {
		*out_key = key_new(bytes, blob, question->context.value);
		enlist(question->keys, *out_key, question->name, question->now_ms,
		       question->reuse_ms);
	}
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(again, sizeof(again));
	return problem;
}

/* Another thread may have made it meanwhile. */
static enum kms_problem generate_once(struct question *question, struct data_key **out_key)
{
	enum kms_problem problem = KMS_PROBLEM_NONE;

	pthread_mutex_lock(&question->keys->mutex);
	*out_key = find(question->keys, question->name, question->now_ms, question->reuse_ms);
	if (!*out_key)
		problem = generate(question, out_key);
	pthread_mutex_unlock(&question->keys->mutex);
	return problem;
}

enum kms_problem data_key_hold(const struct envelope_use *use, struct str account,
			       struct str key_id, struct str context, struct data_key **out_key,
			       struct str *out_text)
{
	const struct str what[] = {account, key_id, context};
	struct question question;

	check(context.size <= ENVELOPE_CONTEXT_SIZE_MAX);
	begin(&question, use, context, out_text);
	question.account = account;
	question.key_id = key_id;
	name_key(&question, 'S', what, 3);
	struct data_key *key = find_named(&question);
	if (!key)
		return generate_once(&question, out_key);
	enum kms_problem problem = (question.kms->check)(&question.use, account, key_id,
							 STR("kms:GenerateDataKey"), out_text);
	if (problem) {
		discard(&question, key);
		return problem;
	}
	/* The data key may belong to the alias's previous key; then a new data key is generated. */
	if (question.kms->check_blob(&question.use, key->blob, out_text)) {
		discard(&question, key);
		return generate_once(&question, out_key);
	}
	*out_key = key;
	return KMS_PROBLEM_NONE;
}

static void make_nonce(const char *head, uint8_t out[AES_GCM_NONCE_SIZE])
{
	memset(out, 0, AES_GCM_NONCE_SIZE - 8);
	memcpy(out + AES_GCM_NONCE_SIZE - 8, head + COUNTER_AT, 8);
}

struct str envelope_close(struct data_key *key, struct arena *arena, struct str plain)
{
	size_t clear_size = HEAD_SIZE + key->blob.size + key->context.size;
	size_t size = clear_size + plain.size + AES_GCM_TAG_SIZE;
	char *head = arena_bytes(arena, size);
	uint8_t nonce[AES_GCM_NONCE_SIZE];

	head[0] = (char)VERSION;
	put_u16(head + BLOB_SIZE_AT, (uint16_t)key->blob.size);
	put_u16(head + CONTEXT_SIZE_AT, (uint16_t)key->context.size);
	memcpy(head + HEAD_SIZE, key->blob.data, key->blob.size);
	memcpy(head + HEAD_SIZE + key->blob.size, key->context.data, key->context.size);
	pthread_mutex_lock(&key->mutex);
	put_u64(head + COUNTER_AT, key->counter++);
	make_nonce(head, nonce);
	aes_gcm_seal(key->gcm, nonce, str_of(head, clear_size), plain,
		     (uint8_t *)head + clear_size);
	pthread_mutex_unlock(&key->mutex);
	return str_of(head, size);
}

/* ---- opening ---- */

bool envelope_is_one(struct str bytes)
{
	return bytes.size >= HEAD_SIZE + AES_GCM_TAG_SIZE && (uint8_t)bytes.data[0] == VERSION;
}

/* The encrypted data key and the context's value; false: it is damaged. */
static bool split(struct str bytes, struct str *out_blob, struct str *out_context)
{
	if (!envelope_is_one(bytes))
		return false;
	size_t blob_size = get_u16(bytes.data + BLOB_SIZE_AT);
	size_t context_size = get_u16(bytes.data + CONTEXT_SIZE_AT);
	if (blob_size > KMS_BLOB_SIZE_MAX || context_size > ENVELOPE_CONTEXT_SIZE_MAX ||
	    bytes.size < HEAD_SIZE + blob_size + context_size + AES_GCM_TAG_SIZE)
		return false;
	*out_blob = str_slice(bytes, HEAD_SIZE, blob_size);
	*out_context = str_slice(bytes, HEAD_SIZE + blob_size, context_size);
	return true;
}

static enum kms_problem decrypt(struct question *question, struct str blob,
				struct data_key **out_key)
{
	uint8_t bytes[KMS_DATA_KEY_SIZE];

	enum kms_problem problem =
		question->kms->decrypt_data_key(&question->use, blob, bytes, question->out_text);
	if (problem)
		return problem;
	*out_key = key_new(bytes, blob, question->context.value);
	enlist(question->keys, *out_key, question->name, question->now_ms, question->reuse_ms);
	explicit_bzero(bytes, sizeof(bytes));
	return KMS_PROBLEM_NONE;
}

static enum kms_problem hold_opener(const struct envelope_use *use, struct str blob,
				    struct str context, struct data_key **out_key,
				    struct str *out_text)
{
	enum kms_problem problem = KMS_PROBLEM_NONE;
	const struct str what[] = {blob, context};
	struct question question;

	begin(&question, use, context, out_text);
	name_key(&question, 'O', what, 2);
	*out_key = find_named(&question);
	if (*out_key) {
		problem = question.kms->check_blob(&question.use, blob, out_text);
		if (problem)
			discard(&question, *out_key);
	} else {
		pthread_mutex_lock(&question.keys->mutex);
		*out_key = find(question.keys, question.name, question.now_ms, question.reuse_ms);
		if (!*out_key)
			problem = decrypt(&question, blob, out_key);
		pthread_mutex_unlock(&question.keys->mutex);
	}
	if (problem)
		*out_key = NULL;
	return problem;
}

static bool open_under(struct data_key *key, char *sealed, size_t size, size_t clear_size)
{
	uint8_t nonce[AES_GCM_NONCE_SIZE];
	char *content = sealed + clear_size;

	make_nonce(sealed, nonce);
	pthread_mutex_lock(&key->mutex);
	bool is_open = aes_gcm_open(key->gcm, nonce, str_of(sealed, clear_size),
				    str_of(content, size - clear_size), (uint8_t *)content);
	pthread_mutex_unlock(&key->mutex);
	return is_open;
}

enum kms_problem envelope_open(struct envelope_reader *reader, char *sealed, size_t size,
			       struct str *out_plain)
{
	struct arena *arena = reader->use.arena;
	struct str blob, context;

	if (!split(str_of(sealed, size), &blob, &context))
		return KMS_PROBLEM_DAMAGED;
	/* One blob has one context, or KMS would not have opened it. */
	if (!reader->blob.data || !str_equal(reader->blob, blob)) {
		envelope_reader_done(reader);
		reader->blob = arena_copy(arena, blob);
		reader->problem =
			hold_opener(&reader->use, blob, context, &reader->key, &reader->text);
	}
	if (reader->problem)
		return reader->problem;
	size_t clear_size = HEAD_SIZE + blob.size + context.size;
	if (!open_under(reader->key, sealed, size, clear_size))
		return KMS_PROBLEM_DAMAGED;
	*out_plain = str_of(sealed + clear_size, size - clear_size - AES_GCM_TAG_SIZE);
	return KMS_PROBLEM_NONE;
}

void envelope_reader_done(struct envelope_reader *reader)
{
	data_key_release(reader->key);
	reader->key = NULL;
	reader->blob = (struct str){0};
}
