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
 */
#ifndef TERN_CORE_TARGET_H
#define TERN_CORE_TARGET_H

#include "core/internal.h"

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
	struct str id;	       /* MessageId, if delivered */
};

/* Payloads for one target, which are accepted or refused one by one. */
struct target_delivery {
	struct str arn;
	const struct target_payload *payloads;
	size_t count;		       /* 1 to TARGET_PAYLOADS_MAX */
	struct target_result *results; /* out: one a payload; texts live until `done` returns */
};
enum { TARGET_PAYLOADS_MAX = 10, TARGET_DELIVERIES_MAX = 1000 };

/* A member of the service's requests that execute as one. */
struct target_member {
	void *fanout;	 /* the service's */
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
	 * NULL: deliveries execute one by one. Otherwise, for two or more of one target_deliver:
	 * the state that their requests share, in the arena, which outlives the requests. Each of
	 * `count` requests has it in call->member, and either joins or leaves. Home thread.
	 */
	void *(*begin)(struct core *core, struct arena *arena, size_t count);
	/* A request ended without joining, or was not issued. It may be the last awaited one. */
	void (*leave)(void *fanout);
};

/* Any thread. ERR_NOTFOUND: no service has it, or its service accepts no deliveries. */
must_check enum err target_resolve(struct core *core, struct str arn,
				   struct target_description *out_description);

typedef void (*target_done_fn)(void *context);
/*
 * Delivers to several targets as `caller`, whose region does not count: each request has that of
 * its target. `deliveries`, their payloads and results live until `done` has run, once, on `home`
 * (see internal_new), with all results filled in. If no request could be issued, `done` runs before
 * target_deliver returns. Targets are independent: a refusal of one does not stop the others.
 *
 * Queues of SQS: the payloads with the same index go to all queues that accept them in one command
 * of the queue engine: after a crash all or none of them exist. Exceptions: a queue that several
 * deliveries name takes part with the first only; more than LIMIT_FANOUT_SIZE, or than a segment of
 * the log holds, is sent in parts. If the disk is full, the outcome is TARGET_RETRY for all.
 */
void target_deliver(struct core *core, struct net_thread *home,
		    const struct internal_caller *caller, const struct target_delivery *deliveries,
		    size_t count, target_done_fn done, void *context);

#endif
