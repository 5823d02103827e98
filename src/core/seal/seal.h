/* SPDX-License-Identifier: MIT */
/*
 * seal: bytes encrypted at rest, with AES-256-GCM under a data key per subject (a queue).
 *
 * A data key is derived from a master key of the server and the subject's number, so no key is
 * stored per subject. Sealed bytes name their key, so they can be opened after they were moved
 * elsewhere, and after the server got a new master key.
 *
 * Nonces never repeat under a key: each start of the server draws a random salt of 128 bits and
 * derives keys of its own with it, and within one run a nonce is the next number of one counter,
 * for all threads. So neither a crash nor a restored backup can repeat a nonce.
 *
 * Any thread, after seal_new. Each thread keeps the keys that it used last.
 */
#ifndef TERN_CORE_SEAL_SEAL_H
#define TERN_CORE_SEAL_SEAL_H

#include "base/base.h"

enum { SEAL_KEY_SIZE = 32, SEAL_OVERHEAD = 49, SEAL_MASTERS_MAX = 256 };
#define SEAL_SUBJECT_MAX ((UINT64_C(1) << 48) - 1)
/* Subjects that are not queues: 0 (secrets of the catalog), session tokens, page tokens, tokens
 * that confirm subscriptions. */
#define SEAL_SUBJECT_SESSIONS SEAL_SUBJECT_MAX
#define SEAL_SUBJECT_PAGES (SEAL_SUBJECT_MAX - 1)
#define SEAL_SUBJECT_CONFIRMATIONS (SEAL_SUBJECT_MAX - 2)
/* Numbers of log groups (logstore/logstore.h) begin here. */
#define SEAL_SUBJECT_LOGS UINT64_C(0x0000fd0000000000)
#define SEAL_SUBJECT_METRICS (SEAL_SUBJECT_MAX - 8)
/* Numbers of internal queues (queue/numbers.h) begin here; those of other queues are below. */
#define SEAL_SUBJECT_INTERNAL UINT64_C(0x0000fe0000000000)

struct seal;
struct seal *seal_new(const uint8_t master[SEAL_KEY_SIZE]);
/* A later master key: it seals from now on, and the earlier ones still open. Call it before other
 * threads use the seal. */
void seal_add_master(struct seal *seal, const uint8_t master[SEAL_KEY_SIZE]);
void seal_free(struct seal **seal); /* accepts NULL, leaves NULL; wipes the keys */

/* `plain` sealed, in the arena: SEAL_OVERHEAD bytes more. The subject is at most SEAL_SUBJECT_MAX.
 */
struct str seal_close(struct seal *seal, struct arena *arena, uint64_t subject, struct str plain);
/* True if the bytes begin as those of seal_close do. */
bool seal_is_sealed(struct str bytes);
/* True if the bytes also name that subject; only seal_open verifies the name. */
bool seal_is_of(struct str bytes, uint64_t subject);
/* Opens in place: *out_plain is a part of `sealed`. ERR_DAMAGED: not sealed by this server. */
must_check enum err seal_open(struct seal *seal, char *sealed, size_t size, struct str *out_plain);

#endif
