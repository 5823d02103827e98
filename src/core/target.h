/* SPDX-License-Identifier: MIT */
/*
 * target: resolves the ARN of a resource through the service that owns it, and delivers other
 * services' messages to it. Subscriptions, rules, schedules and dead-letter queues use it, so that
 * no service includes another.
 *
 * Each service that takes deliveries has a struct target_provider in its module (core/service.h). A
 * delivery is an internal request (core/internal.h): the resource's policy decides, with the keys
 * of the source; KMS, size limits and FIFO rules are those of a client's request. A service may
 * execute several deliveries as one: each is authorized and checked on its own, then all take
 * effect at once. SQS does (services/sqs/fanout.h).
 *
 * A source that delivers to the same target again and again, such as a subscription, has a seat. A
 * service may remember for a seat that a request of it was authorized; as long as nothing changes
 * that the decision depends on, later deliveries take part in a joint delivery without a request.
 */
#ifndef TERN_CORE_TARGET_H
#define TERN_CORE_TARGET_H

#include "core/internal.h"
#include "queue/queue.h"

struct obligation;

struct target_description {
	struct str account, region;
	bool is_fifo;
	bool has_content_dedup;	     /* FIFO: payloads need no deduplication id */
	const struct policy *policy; /* of the resource; NULL: none. Held: policy_release */
};

struct target_attribute {
	struct str name, type; /* "String", "Number.int", "Binary" */
	struct str value;      /* bytes, if the type begins with Binary */
};

struct target_payload {
	struct str body;
	const struct target_attribute *attributes;
	size_t attribute_count;
	struct str group; /* data NULL: none */
	struct str dedup; /* data NULL: none; not passed on to a target that is not FIFO */
	struct str trace; /* AWSTraceHeader; data NULL: none */
};

enum target_outcome {
	TARGET_DELIVERED,
	TARGET_RETRY,  /* throttled, no room, or a server error: the same may succeed later */
	TARGET_FAILED, /* denied, deleted or refused: only a change of the target or payload helps
			*/
};
struct target_result {
	enum target_outcome outcome;
	struct str code, text; /* the fault's, unless delivered */
	struct str id;	       /* MessageId, if delivered; target_result_id reads it */
	/* The same as bytes, in place of the text. */
	bool has_raw_id;
	uint8_t raw_id[16];
	/* Not delivered, but an obligation is stored in its place (struct target_send). */
	bool is_owed;
};
/* As text, in the arena or the result's; empty, unless delivered. */
struct str target_result_id(struct arena *arena, const struct target_result *result);

/*
 * A number that was never given before in this process. All deliveries with it have the same ARN
 * and the same caller, whose service, source and identity never change. Any thread.
 */
uint64_t target_seat_new(void);

/* Payloads for one target, which are accepted or refused one by one. */
struct target_delivery {
	struct str arn;
	const struct target_payload *payloads;
	size_t count;		       /* 1 to TARGET_PAYLOADS_MAX */
	struct target_result *results; /* out: one a payload; texts live until `done` returns */
	const struct internal_caller *caller; /* NULL: that of the target_send */
	uint64_t seat;			      /* target_seat_new's; 0: none */
};
enum { TARGET_PAYLOADS_MAX = 10, TARGET_DELIVERIES_MAX = 1000 };

/* A message of an internal queue, in the command that sends the payloads with that index. */
struct target_extra {
	size_t index;
	struct queue_target target;
	enum queue_result result; /* out */
};

/* The work of a joint delivery beside the members' messages. */
struct target_joint {
	struct target_extra *extras; /* the last are added before the last member joins or leaves */
	size_t extra_count;
	/*
	 * Deleted in the command that sends the only payload; then there are no extras. NULL:
	 * none. If it is no longer valid, nothing is sent.
	 */
	struct queue_handle *handle;
	enum queue_result handle_result; /* out: QUEUE_OK if it is deleted */
	/* In the first command of the payloads with index 0; NULL: none. */
	struct queue_gate *gate;
	const uint8_t *id; /* of that command, if there is a gate */
	bool has_gated;	   /* out: there was a command with the gate, with this result */
	enum queue_result gate_result;
	/* Once, after the last result, on any thread; also if all members have left. */
	void (*done)(struct target_joint *joint);
};

/* A member of the service's requests that execute as one. */
struct target_member {
	void *fanout;	 /* the service's */
	uint64_t seat;	 /* of the delivery */
	bool has_joined; /* set by the service, when the request has joined */
};

struct target_provider {
	/* Any thread: ERR_NOTFOUND, if the service has no such resource. */
	enum err (*resolve)(struct core *core, struct str arn,
			    struct target_description *out_description);
	/* The request that delivers: its operation, and the input in the arena. */
	const struct operation *(*prepare)(struct core *core, struct arena *arena,
					   const struct target_delivery *delivery,
					   const void **out_in);
	/* Results of an answer that is ERR_OK. */
	void (*read)(const void *out, const struct target_delivery *delivery);
	/*
	 * NULL: deliveries execute one by one. Otherwise, for one or more of one target_deliver:
	 * the state that their requests share, in the arena, which outlives the requests. `count`
	 * members either join or leave: the requests, which have it in call->member, and
	 * target_deliver. `joint` lives until its `done` and all requests have ended. Home thread.
	 */
	void *(*begin)(struct core *core, struct net_thread *home, struct arena *arena,
		       size_t count, struct target_joint *joint);
	/*
	 * NULL: each delivery is a request. True: the delivery, which has a seat, is a member that
	 * has joined without one. False: its request decides. Not called if the audit log records
	 * data events. Home thread.
	 */
	bool (*join)(void *fanout, const struct internal_caller *caller,
		     const struct target_delivery *delivery);
	/* Fills in the results of these deliveries, not owed, and counts them. Home thread, after
	 * `done`. */
	void (*collect)(void *fanout);
	/* A member ended without joining. It may be the last awaited one. */
	void (*leave)(void *fanout);
};

/* Any thread. ERR_NOTFOUND: no service has it, or its service accepts no deliveries. */
must_check enum err target_resolve(struct core *core, struct str arn,
				   struct target_description *out_description);

/*
 * Fills the obligation in place of a payload that was not delivered; delivery->results[index] says
 * why. The
 * obligation's texts are in the arena or live until `done`. False: nothing. Home thread.
 */
typedef bool (*target_instead_fn)(void *context, const struct target_delivery *delivery,
				  size_t index, struct arena *arena,
				  struct obligation *out_obligation);

/* Deliveries, obligations or both; all that it points to lives until `done` has run. */
struct target_send {
	/* Of deliveries without their own; its region does not count. */
	const struct internal_caller *caller;
	const struct target_delivery *deliveries;
	size_t count;
	struct obligation *obligations; /* core/obligation.h */
	size_t obligation_count;
	/*
	 * NULL: a payload that is not delivered is the caller's business. Otherwise called once for
	 * each, such as one for a retry or a dead letter. The obligation is stored in the same
	 * command as the messages if the refusal was known before it, and in one of its own if not.
	 */
	target_instead_fn instead;
	void *instead_context;
	/*
	 * Of a FIFO topic (struct queue_gate); NULL: none. All payloads and obligations have index
	 * 0. If the gate says duplicate, nothing is sent or stored, and all is as if it had been.
	 * If *out_gated is not QUEUE_OK, nothing was sent or stored.
	 */
	struct queue_gate *gate;
	const uint8_t *id; /* of the command: 16 bytes */
	enum queue_result *out_gated;
	/* Messages of archives, in the command of the payloads with index 0. */
	const struct queue_target *archives;
	size_t archive_count;
	bool *out_archived; /* false: one is not stored, though its queue exists; NULL: ignored */
	/*
	 * For core/obligation.c: the only payload ends this obligation. It is deleted in the
	 * command that sends the message, if the target is a queue. NULL: none.
	 */
	struct queue_handle *ends;
	enum queue_result *out_ended; /* QUEUE_OK: it is deleted; QUEUE_FAILED: it was not tried */
};

typedef void (*target_done_fn)(void *context);
/*
 * Delivers to several targets and stores obligations. `done` runs once, on `home` (see
 * internal_new), with all results filled in; if no request could be issued and nothing is stored,
 * before target_deliver returns. Targets are independent: a refusal of one does not stop the
 * others. Each request has the region of its target.
 *
 * Queues of SQS: the payloads with the same index go to all queues that accept them, and the
 * obligations with that index to their internal queues, in one command of the queue engine: after a
 * crash all or none of them exist. Exceptions: a queue that several deliveries name takes part with
 * the first only; more than LIMIT_FANOUT_SIZE, or than a segment of the log holds, is sent in
 * parts. If the disk is full, the outcome is TARGET_RETRY for all, and no obligation is stored.
 * Queues of several engines (core/engines.h) get a command for each engine. Behind a gate, queues
 * of other engines than the gate's get nothing: the outcome is TARGET_RETRY.
 */
void target_deliver(struct core *core, struct net_thread *home, const struct target_send *send,
		    target_done_fn done, void *context);

#endif
