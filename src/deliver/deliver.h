/* SPDX-License-Identifier: MIT */
/*
 * deliver: obligations, which are deliveries that outlive the request that caused them.
 *
 * An obligation is a message of an internal queue of the engine, so it can be put there in the
 * batch that promises it (QUEUE_FANOUT), and survives a crash. Deliver receives it, attempts the
 * delivery, and deletes it when the delivery is done. A retry is a visibility timeout, the number
 * of attempts is the receive count, and giving up moves it to a dead-letter queue in one batch.
 * Obligations are sealed under the number of their queue, as messages are under theirs.
 *
 * Deliveries are made at least once: after a crash, or an answer that was lost, they happen again.
 *
 * Of each endpoint a bounded number is in progress. After failures in a row its circuit opens: for
 * a while attempts fail at once, then one is made as a probe. The group of an obligation is its
 * source (a topic, a bus, an account), so the engine serves other sources first when one has many
 * in progress. Memory is bounded in items and bytes: what has no room stays in the queue.
 *
 * Threads: deliver has one of its own. Any thread starts and stops it and reads its figures.
 */
#ifndef TERN_DELIVER_DELIVER_H
#define TERN_DELIVER_DELIVER_H

#include "base/base.h"
#include "core/seal/seal.h"
#include "net/outbound.h"
#include "queue/queue.h"

struct deliver;
struct deliver_attempt;

/* Numbers of queues that no account owns, as subjects of seals, too. */
#define DELIVER_QUEUE_FIRST SEAL_SUBJECT_INTERNAL
#define DELIVER_QUEUE_COUNT 16u

enum deliver_result {
	DELIVER_DONE,
	DELIVER_RETRY,	   /* as the kind's retry_ms says */
	DELIVER_PERMANENT, /* no attempt will do better */
};

/* Why an obligation was given up; texts are static. */
struct deliver_failure {
	uint32_t attempts;
	enum outbound_outcome outcome;
	int status;
	const char *problem;
};

/* Made by a kind of an obligation, in the arena; zeroed before. */
struct deliver_attempt {
	struct str endpoint; /* attempts to the same one share a circuit and a bound */
	struct str url, method, body;
	const struct http_header *headers;
	size_t header_count;
	uint32_t connect_ms, answer_ms;
	uint64_t dead_letter; /* a queue of the engine; 0: none */
	void *user;	      /* the kind's */
};

/* One way to deliver, such as HTTP of SNS. Constant; functions run on deliver's thread. */
struct deliver_kind {
	void *context;
	/* False: the bytes are none of this kind's; the obligation is dropped and logged. */
	bool (*prepare)(void *context, struct arena *arena, struct str bytes,
			struct deliver_attempt *out_attempt);
	/*
	 * Delivers to a target within the server; must not block. Calls deliver_attempt_done once,
	 * on any thread. NULL: an HTTP request.
	 */
	void (*start)(void *context, struct deliver_attempt *attempt);
	enum deliver_result (*classify)(void *context, enum outbound_outcome outcome, int status);
	/* The wait after so many attempts, at least 1; negative: give up. */
	int64_t (*retry_ms)(void *context, uint32_t attempts);
	/* The payload for the dead-letter queue, sealed and with attributes as its reader expects,
	 * in the arena. */
	struct str (*dead_letter)(void *context, struct arena *arena, struct str bytes,
				  const struct deliver_attempt *attempt,
				  const struct deliver_failure *failure);
};

struct deliver_options {
	struct engine *engine;
	struct seal *seal;
	struct outbound *outbound;
	uint64_t queue; /* defined in the engine; from DELIVER_QUEUE_FIRST */
	const struct deliver_kind *const *kinds; /* by number; outlive deliver */
	size_t kind_count;			 /* at most 256 */
	uint32_t items_max;			 /* in memory; 0: LIMIT_DELIVER_ITEMS */
	size_t bytes_max;			 /* likewise; 0: LIMIT_DELIVER_BYTES */
	uint32_t endpoint_max;			 /* in progress at one; 0: LIMIT_DELIVER_ENDPOINT */
};

/* The settings that an obligation queue is defined with. */
struct queue_settings deliver_queue_settings(void);
/*
 * Fills the target of a fan-out that puts an obligation into the queue; its payload is in the
 * arena. `source`: a hash, not 0.
 */
void deliver_target(struct seal *seal, struct arena *arena, uint64_t queue, uint8_t kind,
		    uint64_t source, struct str bytes, struct queue_target *out_target);

struct deliver *deliver_new(const struct deliver_options *options); /* starts the thread */
/*
 * Begins no attempt any more, waits up to `grace_ms` for those in progress, gives back the rest and
 * joins the thread. The engine still runs, and the outbound is stopped afterwards.
 */
void deliver_stop(struct deliver *deliver, int64_t grace_ms);
/* After the engine and the outbound have stopped. Accepts NULL, leaves NULL. */
void deliver_free(struct deliver **deliver);
void deliver_attempt_done(struct deliver_attempt *attempt, enum outbound_outcome outcome,
			  int status);

struct deliver_stats {
	uint64_t attempts, done, retried, refused_by_circuit, given_up, dropped;
	uint64_t items, bytes, endpoints, open_circuits; /* now */
};
void deliver_stats_read(const struct deliver *deliver, struct deliver_stats *out);

#endif
