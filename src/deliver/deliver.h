/* SPDX-License-Identifier: MIT */
/*
 * deliver: obligations, which are deliveries that outlive the request that caused them.
 *
 * An obligation is a message of an internal queue of the engine, so it can be put there in the
 * batch that promises it (QUEUE_FANOUT), and survives a crash. Deliver receives it, attempts the
 * delivery, and deletes it when the delivery is done. A retry is a visibility timeout, and the
 * number of attempts is the receive count, unless the handler replaces the obligation with another
 * one that says more. The meaning of an obligation, and when it is given up, is the handler's
 * business (core/obligation.h). Obligations are sealed under the number of their queue, as messages
 * are under theirs.
 *
 * Deliveries are made at least once: after a crash, or an answer that was lost, they happen again.
 *
 * Of each endpoint a bounded number is in progress. After failures in a row its circuit opens: for
 * a while no attempts are made, then one is made as a probe. The group of an obligation is its
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

/* Numbers of queues that no account owns, as subjects of seals, too. */
#define DELIVER_QUEUE_FIRST SEAL_SUBJECT_INTERNAL
#define DELIVER_QUEUE_COUNT 32u

enum deliver_step {
	DELIVER_BEGIN,	 /* the request or the local delivery is filled in */
	DELIVER_PARKED,	 /* deliver_continue follows */
	DELIVER_DECIDED, /* no attempt is made: the verdict is filled in */
};

enum deliver_action {
	DELIVER_DONE,	 /* delivered */
	DELIVER_ENDED,	 /* delivered, and the attempt has deleted the obligation itself */
	DELIVER_RETRY,	 /* after wait_ms */
	DELIVER_REPLACE, /* by the message that `target` describes, in one batch */
	DELIVER_AGAIN,	 /* prepare runs again at once, for another endpoint */
	DELIVER_GIVE_UP,
	DELIVER_DROP, /* nothing is owed any more, or it cannot be read */
};

struct deliver_verdict {
	enum deliver_action action;
	int64_t wait_ms; /* 0: visible at once */
	struct queue_target target;
	bool has_failed; /* the endpoint, for its circuit */
};

struct deliver_answer {
	enum outbound_outcome outcome;
	int status;	     /* of OUTBOUND_ANSWERED */
	struct str body;     /* its beginning */
	const char *problem; /* static */
	int64_t total_ns;
	bool is_circuit_open; /* no attempt was made: the endpoint failed lately */
};

/* In the arena of the attempt; zeroed before. */
struct deliver_attempt {
	struct arena *arena;
	struct str bytes;	    /* the obligation */
	struct deliver_once *once;  /* NULL: a queue has it */
	struct queue_handle handle; /* of its receive */
	uint32_t receives;	    /* this one included */

	/* Of prepare. */
	struct str endpoint; /* attempts to the same one share a circuit and a bound */
	bool is_local;	     /* made by `start`, not an HTTP request */
	struct str url, method, body;
	const struct http_header *headers;
	size_t header_count;
	uint32_t connect_ms, answer_ms;
	size_t answer_size;
	void *user; /* the handler's */

	struct deliver_answer answer;
	struct deliver_verdict verdict;
};

/* Constant; functions run on deliver's thread and must not block. */
struct deliver_handler {
	enum deliver_step (*prepare)(void *context, struct deliver_attempt *attempt);
	/* Delivers within the server: calls deliver_attempt_done once, on any thread. */
	void (*start)(void *context, struct deliver_attempt *attempt);
	/* The attempt has been answered, or its circuit is open: fills the verdict. */
	void (*conclude)(void *context, struct deliver_attempt *attempt);
	/* The attempt leaves memory, however it ended: frees what `user` holds outside the arena.
	 * Also on the thread of deliver_free. NULL: nothing. */
	void (*release)(void *context, struct deliver_attempt *attempt);
};

struct deliver_options {
	struct engine *engine;
	struct seal *seal;
	struct outbound *outbound;
	uint64_t queue; /* defined in the engine; from DELIVER_QUEUE_FIRST */
	const struct deliver_handler *handler;
	void *context;	       /* the handler's */
	uint32_t items_max;    /* in memory; 0: LIMIT_DELIVER_ITEMS */
	size_t bytes_max;      /* likewise; 0: LIMIT_DELIVER_BYTES */
	uint32_t endpoint_max; /* in progress at one; 0: LIMIT_DELIVER_ENDPOINT */
};

/* The settings that an obligation queue is defined with. */
struct queue_settings deliver_queue_settings(bool is_fifo);
/*
 * Fills the target of a fan-out that puts an obligation into the queue; its payload is in the
 * arena. `source`: a hash, not 0: takes turns with others, or keeps its order in a FIFO queue.
 */
void deliver_target(struct seal *seal, struct arena *arena, uint64_t queue, uint64_t source,
		    struct str bytes, struct queue_target *out_target);

struct deliver *deliver_new(const struct deliver_options *options); /* starts the thread */
/*
 * Begins no attempt any more, waits up to `grace_ms` for those in progress, gives back the rest and
 * joins the thread, after a second more at the latest if the engine does not answer. The engine
 * still runs, and the outbound is stopped afterwards.
 */
void deliver_stop(struct deliver *deliver, int64_t grace_ms);
/* After the engine and the outbound have stopped. Accepts NULL, leaves NULL. */
void deliver_free(struct deliver **deliver);
/* Any thread: ends DELIVER_PARKED; prepare runs again. */
void deliver_continue(struct deliver_attempt *attempt);
/* Any thread: ends an attempt of `start`. */
void deliver_attempt_done(struct deliver_attempt *attempt, const struct deliver_answer *answer);

/* Any thread: closes the circuit of that endpoint, if it is known. */
void deliver_forgive(struct deliver *deliver, struct str endpoint);

/*
 * An obligation that no queue has, such as a call of which someone waits for the answer: it is
 * prepared and attempted as others are, and ends with its verdict, whatever that says.
 */
struct deliver_once {
	struct str bytes; /* the obligation, until `done` */
	void *context;	  /* for the handler: attempt->once */
	/* Once, on deliver's thread; the attempt is freed when it returns. `is_given_back`: it was
	 * not made, since its endpoint has too many or deliver stops. */
	void (*done)(struct deliver_once *once, struct deliver_attempt *attempt,
		     bool is_given_back);
};
/* Any thread, before deliver_stop. False: too many obligations are in memory. */
must_check bool deliver_attempt_once(struct deliver *deliver, struct deliver_once *once);

struct deliver_stats {
	uint64_t attempts, done, retried, replaced, refused_by_circuit, given_up, dropped;
	uint64_t items, bytes, endpoints, open_circuits; /* now */
	uint64_t receives;				 /* that wait in the engine, at most */
};
void deliver_stats_read(const struct deliver *deliver, struct deliver_stats *out);

#endif
