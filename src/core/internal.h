/* SPDX-License-Identifier: MIT */
/*
 * internal: requests that a part of the server issues itself, such as SNS to SQS.
 *
 * An internal request is a call like an external one: it is authorized, throttled, metered, audited
 * and parked alike. It begins on its home, a net thread or the control thread (main while neither
 * runs), and ends there: `done` runs exactly once, never within internal_submit. All functions are
 * for the home. Requests in flight are bounded in number and bytes (limits.h).
 *
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */
#ifndef TERN_CORE_INTERNAL_H
#define TERN_CORE_INTERNAL_H

#include "core/call.h"

struct net_thread;
struct target_member;
struct internal_request;

enum internal_identity {
	/* The service principal `service`; policies see aws:SourceArn, aws:SourceAccount. */
	INTERNAL_AS_SERVICE,
	/* A session of `role`, whose trust policy allows the service principal `service`. */
	INTERNAL_AS_ROLE,
	/* The root user of `account`, for the server's own administration: no policy is evaluated
	 * and nothing is throttled. The audit log shows "AWS Internal" as its source. */
	INTERNAL_AS_SERVER,
};

/* Views; copied. */
struct internal_caller {
	enum internal_identity identity;
	struct str service;		       /* "sns.amazonaws.com" */
	struct str source_arn, source_account; /* the resource that the service acts for */
	struct str role;		       /* ARN */
	struct str account;		       /* INTERNAL_AS_SERVER: owner of the resources */
	struct str region;		       /* of the resources that the request is about */
	struct str trace_header;	       /* X-Amzn-Trace-Id; data NULL: none */
};

/*
 * Opens and closes the accounting of a server's internal requests (core->internals). Main; all
 * requests have ended when it closes.
 */
void internals_open(struct core *core);
void internals_close(struct core *core); /* accepts a core without internals */

/* A request on this thread: `home` is it, or NULL on the control thread. */
struct internal_request *internal_new(struct core *core, struct net_thread *home,
				      const struct internal_caller *caller);
/* For the input; as long as the request. */
struct arena *internal_arena(struct internal_request *request);

/* Sets call->member; before the request is submitted. The member outlives the request. */
void internal_set_member(struct internal_request *request, struct target_member *member);

/* The answer for `done`. Views, until `done` returns: then the request is freed. */
struct internal_answer {
	enum err result;		/* ERR_OK or ERR_FAULT */
	enum err error;			/* the handler's error, if it is not a fault */
	const void *out;		/* of ERR_OK */
	const struct fault_type *fault; /* of ERR_FAULT */
	struct str fault_text;
};
typedef void (*internal_done_fn)(void *context, const struct internal_answer *answer);

/*
 * Issues `operation` with the input `in`, which lives as long as the request (see internal_arena).
 * False: too many requests are in flight; the request is freed, `done` does not run and a later
 * attempt may succeed.
 */
must_check bool internal_submit(struct internal_request *request, const struct operation *operation,
				const void *in, internal_done_fn done, void *context);
/*
 * The reader of the answer has left: a wait for messages or for a worker ends. `done` still runs.
 * Between internal_submit and `done`.
 */
void internal_cancel(struct internal_request *request);
/* Frees a request that was not submitted. */
void internal_drop(struct internal_request *request);

/*
 * Control thread, or main at start-up: runs an operation that does not park at once, and `done`
 * before it returns. The limits do not count: one runs at a time.
 */
void internal_run(struct internal_request *request, const struct operation *operation,
		  const void *in, internal_done_fn done, void *context);

struct internal_stats {
	uint64_t requests, refused; /* since the start */
	uint64_t in_flight, in_flight_bytes;
};
struct internal_stats internal_stats_read(const struct core *core); /* any thread */

#endif
