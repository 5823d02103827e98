/* SPDX-License-Identifier: MIT */
/*
 * call: one request of an API, from the decoded input to the answer.
 *
 * A handler gets a call, its input and a zeroed output. It returns ERR_OK with the output filled,
 * `return fail(...)`, or ERR_PARKED after call_submit. Its allocations come from call->arena and
 * live until the answer is encoded. A call belongs to one thread at a time: the net thread of its
 * connection, the control thread for OPERATION_ON_CONTROL, a worker for OPERATION_ON_WORKER; resume
 * functions run on that same thread. Handlers of OPERATION_ON_WORKER do not park.
 */
#ifndef TERN_CORE_CALL_H
#define TERN_CORE_CALL_H

#include "access/policy.h"
#include "base/base.h"
#include "core/endpoint.h"
#include "queue/queue.h"
#include "wire/dialect.h"

struct call;
struct core;
struct target_member;

/* Continues a parked call; returns as a handler does. */
typedef enum err (*resume_fn)(struct call *call);
/* Runs when the call has been answered, in reverse order; for references. */
typedef void (*call_end_fn)(void *subject);

struct call {
	struct core *core; /* of the server: engine, catalog, settings; see core/core.h */
	struct arena *arena;
	const struct operation *operation;
	const struct dialect *dialect;
	const struct principal *principal; /* the caller; as long as the call */
	struct str access_key_id;	   /* of the signature; data NULL: none, or not verified */
	struct str account; /* 12 digits: the account whose resources the caller means */
	struct str region;
	struct str sender;		 /* SenderId of messages this caller sends */
	const struct endpoint *endpoint; /* that it came through; NULL: none */
	/* Facts that conditions may use; authorize.h fills in action and resource. */
	struct policy_request asked;
	char request_id[UUID_TEXT_SIZE];
	struct str
		base_url; /* "http://host:port", from the request's Host header or the settings */
	struct str path;  /* of the request: "/" or "/<account>/<queue>", decoded */
	struct str trace_header; /* X-Amzn-Trace-Id, or data NULL */
	int64_t now_ms;		 /* wall time when the request arrived */
	int64_t base_ms;	 /* the time base then, for durations */
	const void *in;
	void *out;
	/* The handler's, across parking: call_set_state and call_state. */
	void *state;
	const char *state_type;

	/* Recorded by fail. */
	const struct fault_type *fault;
	struct str fault_text;
	struct str fault_reason; /* for the audit log in place of the text; empty: the text */

	/* Query: the fault's text for a parameter that no member matches; data NULL: none. Reported
	 * when a permission would be granted, so that missing members are reported first. */
	struct str unknown_parameter;

	/* Bytes that are metered, such as those of received messages; 0: the request's body. */
	uint64_t payload_size;

	/* Entries of a batch that failed though the call did not. */
	uint32_t sender_failures, receiver_failures;

	/* authorize.c's: the call was authorized or denied. */
	bool is_authorized;
	bool is_unrestricted; /* the server's own administration; core/internal.h */
	bool is_time_bound;   /* a decision depended on the time */
	struct policy_key *keys;
	size_t key_count, key_room;
	uint64_t policy_steps; /* that all decisions have taken */

	/* Of a delivery to several targets (core/target.h); NULL: none. */
	struct target_member *member;

	/* The dispatcher's. */
	resume_fn resume;
	struct queue_command *command; /* the command that a parked call waits for */
	struct list ends;
};

/* Text of the fault for a call that ends with ERR_FULL. */
#define DISK_FULL_TEXT                                                                             \
	"The disk is full. Deleting and purging messages and deleting queues make room; until "    \
	"there is "                                                                                \
	"some, nothing new is accepted."

/*
 * The handler's state while the call is parked, in the arena. Its type is checked when the handler
 * reads it again.
 */
#define call_set_state(call, type, pointer)                                                        \
	call_state_put((call), #type, true ? (pointer) : (const type *)NULL)
#define call_state(call, type) ((type *)call_state_get((call), #type))
void call_state_put(struct call *call, const char *type, const void *state);
void *call_state_get(const struct call *call, const char *type);

/* Records the fault and returns ERR_FAULT: `return fail(c, &SQS_QUEUE_DOES_NOT_EXIST, "...")`. */
must_check enum err fail(struct call *call, const struct fault_type *fault, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Refuses the parameter that no member matches, if there is one. */
must_check enum err call_refuse_unknown(struct call *call);

/*
 * Hands `command` (in the call's arena; type, queue and inputs filled) to the queue engine and
 * parks the call; resume runs when it is answered. Sets command->now_ms, done and context. Returns
 * ERR_PARKED. A waiting receive is cancelled by the dispatcher when the client disconnects.
 */
must_check enum err call_submit(struct call *call, struct queue_command *command, resume_fn resume);

/*
 * Parks the call until call_go_on; then resume runs, on the call's own thread. Any thread may call
 * call_go_on, once for each call_wait.
 */
must_check enum err call_wait(struct call *call, resume_fn resume);
void call_go_on(struct call *call);

/*
 * Parks the call: `step` runs on a worker thread and returns as a handler does, but must not park.
 * If it returns ERR_OK and `resume` is not NULL, resume then runs on the call's own thread. On a
 * worker both run at once. `size`: bytes that the call holds while it waits, beside its request.
 * The model marks operations that may do this with "work". The fault is the service's throttling
 * fault, if too much work waits.
 */
must_check enum err call_work(struct call *call, size_t size, resume_fn step, resume_fn resume);

/*
 * If the step of call_work does not run, since the client has left or the server stops, its fault
 * is recorded and `undone` runs on the call's own thread; it returns as a resume function does.
 * Without it the call ends with that fault.
 */
void call_on_undone(struct call *call, resume_fn undone);

/* Runs the functions of call_on_end. For code that answers calls. */
void call_end(struct call *call);
/* Registers a function that runs once the call has ended, whatever its outcome. */
void call_on_end(struct call *call, call_end_fn end, const void *subject);

#endif
