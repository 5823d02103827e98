/* SPDX-License-Identifier: MIT */
/*
 * obligation: what the server owes beyond the answer to a request: deliveries to HTTP endpoints, to
 * targets that could not take a message at once, and dead letters. Services reach src/deliver
 * through this header only.
 *
 * A service lists its kinds of obligations in its module (core/service.h). It stores obligations
 * with target_deliver (core/target.h), in the command that makes the publish durable. From then on
 * the server attempts each until it is delivered, refused for good, or given up by the schedule of
 * its kind; what is given up goes to a dead-letter target, if the kind names one. Obligations are
 * delivered at least once: an attempt is repeated if the server ends before its success is durable.
 * If the target is a queue of this server, the send and the end of the obligation are one command.
 *
 * An attempt: prepare -> HTTP request or delivery to a target -> classify -> ended. A kind reads
 * its settings in prepare, so changes of a subscription count at once, and a deleted one ends its
 * deliveries (OBLIGATION_DROP).
 *
 * Threads: the functions of a kind run on the two threads of deliver, and must not block.
 * They may read registries, and authorize nothing. A kind that needs a request of its own (a KMS
 * key, a token) or CPU returns OBLIGATION_PARKED and goes on elsewhere: see obligation_on_home, and
 * worker_submit (core/worker.h).
 */
#ifndef TERN_CORE_OBLIGATION_H
#define TERN_CORE_OBLIGATION_H

#include "core/obligation_record.h"
#include "core/target.h"
#include "net/outbound.h"

struct net_thread;
struct obligation_kind;

enum obligation_step {
	OBLIGATION_READY,  /* attempt->http or attempt->target is filled */
	OBLIGATION_PARKED, /* obligation_continue follows, on any thread */
	/* Cannot be attempted now, and that is no failed attempt: wait attempt->hold_ms. Examples:
	 * a disabled KMS key, a service that does not exist yet. attempt->failure says why. */
	OBLIGATION_HOLD,
	OBLIGATION_FAIL, /* no attempt can succeed: dead letter; attempt->failure says why */
	OBLIGATION_DROP, /* nothing is owed any more: the subscription was deleted */
};

struct obligation_http {
	struct str url, method;
	const struct http_header *headers; /* beside Host and Content-Length */
	size_t header_count;
	struct str body;
	uint32_t connect_ms, answer_ms; /* 0: LIMIT_DELIVER_ATTEMPT_MS, which is the most */
	uint32_t answer_size;		/* bytes of the answer's body that are kept; 0: 1024 */
};

struct obligation_target {
	struct str arn;
	struct internal_caller caller;
	struct target_payload payload;
};

/* How an attempt ended. Texts live as long as the attempt. */
struct obligation_answer {
	enum outbound_outcome outcome; /* of an HTTP request */
	int status;		       /* of OUTBOUND_ANSWERED; else 0 */
	struct str body;	       /* its beginning: answer_size */
	struct target_result target;   /* of a delivery to a target */
	int64_t duration_ms;
};

/* One attempt; all of it lives until `release` returns, in its arena. */
struct obligation_attempt {
	struct core *core;
	struct arena *arena;
	const struct obligation_kind *kind;
	struct str account, source, endpoint, bytes, shared; /* as stored */
	int64_t since_ms;				     /* wall time when it was stored */
	int64_t now_ms;					     /* wall time of this attempt */
	uint32_t attempts;				     /* that were made, this one included */
	void *state;					     /* the kind's, NULL at first */
	void *once; /* the context of obligation_attempt_once; NULL: it is stored */

	/* Of prepare. */
	bool is_to_target; /* `target` is filled, not `http` */
	bool is_own;	   /* neither is: the kind's `start` makes the attempt */
	struct obligation_http http;
	struct obligation_target target;
	struct str
		new_endpoint; /* where the stored endpoint no longer is right; data NULL: it is */
	uint32_t rate_milli;  /* attempts of the source in 1000 s at most; 0: any. More wait,
				 uncounted */
	int64_t hold_ms;      /* of OBLIGATION_HOLD */
	int64_t age_ms_max;   /* since since_ms; attempts are over then; 0: the retention */
	struct obligation_failure failure; /* of HOLD and FAIL; then of the attempt itself */

	struct obligation_answer answer; /* for classify, retry_ms, dead_letter, ended */
};

enum obligation_result {
	OBLIGATION_DONE,
	OBLIGATION_RETRY,   /* after retry_ms */
	OBLIGATION_REFUSED, /* no attempt will do better: dead letter */
};

/* Constant. */
struct obligation_kind {
	enum obligation_number number;
	const char *name; /* for people, and label of metrics: "sns-http" */

	enum obligation_step (*prepare)(struct obligation_attempt *attempt);
	/*
	 * Makes an attempt of which prepare has said is_own, such as SMTP or an internal request:
	 * fills attempt->answer, and calls obligation_answered once, on any thread. Endpoint,
	 * circuit and the rest are as for other attempts. NULL: none.
	 */
	void (*start)(struct obligation_attempt *attempt);
	/*
	 * NULL: of HTTP, answers of 2xx are done, those of 4xx but 408 and 429 are refused, and all
	 * else is retried; of targets and own attempts, answer.target.outcome decides.
	 */
	enum obligation_result (*classify)(struct obligation_attempt *attempt);
	/*
	 * The wait before the next attempt, at least 1 and at most 11 hours, by attempt->attempts
	 * and attempt->since_ms; negative: give up.
	 */
	int64_t (*retry_ms)(struct obligation_attempt *attempt);
	/*
	 * After attempts are over: the delivery of its dead letter, with attributes by
	 * attempt->failure and attempt->attempts. Deliver repeats it until the target takes it,
	 * for LIMIT_DELIVER_RETENTION_MS at most; before each time, prepare runs too, and its step
	 * must be OBLIGATION_READY or OBLIGATION_FAIL. False: there is no target. NULL: never.
	 */
	bool (*dead_letter)(struct obligation_attempt *attempt, struct obligation_target *out);
	/* Delivery status logs and metrics; NULL: none. */
	void (*ended)(struct obligation_attempt *attempt, enum obligation_end end);
	/*
	 * The attempt leaves memory: frees what `state` holds outside the arena. Unlike `ended`, it
	 * also runs for attempts that are held, given back or stopped. NULL: nothing.
	 */
	void (*release)(struct obligation_attempt *attempt);
};

/* Any thread: ends OBLIGATION_PARKED; the attempt is deliver's again. */
void obligation_continue(struct obligation_attempt *attempt, enum obligation_step step);
/* Any thread: ends an attempt of `start`; attempt->answer is filled. */
void obligation_answered(struct obligation_attempt *attempt);
/*
 * A parked attempt, or one of `start`, goes on with run(attempt) on a thread where internal
 * requests may begin: pass obligation_home(attempt) to internal_new and target_deliver.
 */
void obligation_on_home(struct obligation_attempt *attempt,
			void (*run)(struct obligation_attempt *attempt));
struct net_thread *obligation_home(const struct obligation_attempt *attempt);

/* ---- for core/obligation_once.c ---- */

struct deliver;
struct deliver_attempt;
/* NULL: it was not prepared. Thread of deliver. */
const struct obligation_attempt *obligation_attempt_of(const struct deliver_attempt *deliver);
/* One of those that deliver without order; NULL: none has started. Any thread. */
struct deliver *obligations_deliver(const struct core *core);

/* ---- for the server ---- */

struct obligations; /* core->obligations */
struct deliver_stats;

/* Main, while it steps the engine: defines the internal queues. */
must_check enum err obligations_open(struct core *core);
/*
 * Begins to deliver; obligations need internal requests, so the threads of the server run.
 * `homes` are the net threads that attempts take turns on; copied.
 */
void obligations_start(struct core *core, struct outbound *outbound,
		       struct net_thread *const *homes, size_t home_count);
/* While the net threads still run: waits up to `grace_ms` for attempts in progress. */
void obligations_stop(struct core *core, int64_t grace_ms);
/* After the engine and the outbound have stopped. Accepts a core without obligations. */
void obligations_close(struct core *core);
/* Any thread: attempts to that endpoint are made again, although it failed lately. */
void obligations_forgive(struct core *core, struct str endpoint);
/* Any thread: the name of that kind; "unknown" if no service has it. Static. */
const char *obligations_kind_name(const struct core *core, uint8_t number);
/* Control thread: figures for /_tern/metrics. */
void obligations_metrics(const struct core *core, struct buf *out);
/* Any thread; zeros before the start. */
void obligations_stats(const struct core *core, struct deliver_stats *out);

#endif
