/* SPDX-License-Identifier: MIT */
/*
 * envelope: bytes sealed under a data key that came from KMS, with the encrypted data key beside
 * them.
 *
 * Opening the bytes needs only the KMS key: they may be moved to another queue, their queue may get
 * another key or be deleted, and the server may restart. Data keys have no record that a send would
 * have to write first, or that a crash could lose. Without the KMS key the bytes cannot be opened,
 * not even with the server's root key.
 *
 * Data keys are held in memory for their reuse period, one a principal, a key and a context; KMS is
 * called if none is held, and authorizes each use of the key. Their number is bounded, and they are
 * wiped when they are freed.
 *
 * Nonces never repeat under a data key: it is made in this process, for one object that alone seals
 * with it and counts its nonces, and a data key that was decrypted from a blob never seals. So
 * neither a crash nor a restored backup nor another server repeats a nonce.
 *
 * Any thread. Knows nothing of calls: core/data_keys.h makes the uses of a call.
 */
#ifndef TERN_CORE_SEAL_ENVELOPE_H
#define TERN_CORE_SEAL_ENVELOPE_H

#include "core/seal/kms.h"

enum { ENVELOPE_CONTEXT_SIZE_MAX = 512 };

struct data_keys;
/*
 * `schedule` requests data_keys_sweep at that time of the time base; under the table's lock, from
 * any thread; false: not possible now. NULL: expired keys stay until another call replaces them.
 */
typedef bool (*data_keys_schedule_fn)(void *context, int64_t at_ms);
struct data_keys *data_keys_new(data_keys_schedule_fn schedule, void *context);
/* Wipes expired keys that are not in use; once after each `schedule`. */
void data_keys_sweep(struct data_keys *keys);
/* When no thread uses the keys; wipes them. Accepts NULL, leaves NULL. */
void data_keys_free(struct data_keys **keys);

/* The caller and the purpose; views live as long as the use. */
struct envelope_use {
	struct call *call; /* for KMS, which authorizes its principal */
	const struct core_kms *kms;
	struct data_keys *keys;
	struct arena *arena;	 /* of the call */
	struct str principal;	 /* ARN: principals share no data keys; empty: the server's own */
	struct str service;	 /* "sqs" */
	struct str context_name; /* of the encryption context's only pair: "aws:sqs:arn" */
	int64_t reuse_ms;
};

/* ---- sealing ---- */

struct data_key;
/*
 * The current data key of `use`, under the KMS key `key_id` of `account`; `context` is the value of
 * the pair, at most ENVELOPE_CONTEXT_SIZE_MAX bytes. On a problem *out_text is KMS's sentence, in
 * the call's arena. Release the key with data_key_release.
 */
must_check enum kms_problem data_key_hold(const struct envelope_use *use, struct str account,
					  struct str key_id, struct str context,
					  struct data_key **out_key, struct str *out_text);
void data_key_release(struct data_key *key); /* accepts NULL */
/* `plain` sealed, in the arena. */
struct str envelope_close(struct data_key *key, struct arena *arena, struct str plain);

/* ---- opening ---- */

/* True if the bytes begin as those of envelope_close do. */
bool envelope_is_one(struct str bytes);

/*
 * Opens several messages, many with the same data key: calls KMS once for each data key that
 * differs from the previous one. Zeroed but for `use` at first.
 */
struct envelope_reader {
	struct envelope_use use;
	struct data_key *key; /* of the last one; NULL: none, or it may not be used */
	struct str blob;      /* of the last one; in the call's arena */
	enum kms_problem problem;
	struct str text; /* KMS's sentence, if there is a problem */
};
/* Opens in place: *out_plain is a part of `sealed`. KMS_PROBLEM_DAMAGED: the bytes are not a sealed
 * envelope. */
must_check enum kms_problem envelope_open(struct envelope_reader *reader, char *sealed, size_t size,
					  struct str *out_plain);
void envelope_reader_done(struct envelope_reader *reader);

#endif
