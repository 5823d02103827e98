/* SPDX-License-Identifier: MIT */
/*
 * encrypt: events under the KMS keys of their bus (KmsKeyIdentifier) and of archives, while they
 * are on disk. The encryption context is the ARN of the bus.
 *
 * EventBridge uses the key as the service principal events.amazonaws.com with the bus as
 * aws:SourceArn: the key's policy must allow it kms:GenerateDataKey and kms:Decrypt. While the key
 * cannot be used, what is sealed waits.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-cmkey.html
 */
#ifndef TERN_SERVICES_EVENTS_ENCRYPT_H
#define TERN_SERVICES_EVENTS_ENCRYPT_H

#include "core/data_keys.h"
#include "core/inner_call.h"
#include "core/obligation.h"
#include "services/events/state.h"

enum { EVENTS_KEY_REUSE_MS = 300 * 1000, EVENTS_KEY_HOLD_MS = 5000 };

/* The service of kms:ViaService and the name of the encryption context. */
struct events_key_purpose {
	struct str service, context_name;
};
extern const struct events_key_purpose events_key_of_bus;    /* the value is the ARN of the bus */
extern const struct events_key_purpose events_key_of_secret; /* ARN of a connection's secret */
static inline struct envelope_use events_key_use(struct call *call,
						 const struct events_key_purpose *purpose)
{
	return call_envelope_use(call, purpose->service, purpose->context_name,
				 EVENTS_KEY_REUSE_MS);
}

/*
 * The call's thread: a resource of the call's account gets this key: it exists, is enabled and
 * symmetric, and the caller has kms:DescribeKey for it. An empty id is none. ERR_FAULT.
 */
must_check enum err events_key_check(struct call *call, struct str key_id);
/* The fault for a problem with a key that a caller names. */
must_check enum err events_key_refuse(struct call *call, struct str key_id, struct str action,
				      enum kms_problem problem, struct str text);

/* A use of keys for a bus. All of it lives until `done` has run. */
struct events_keys {
	struct str account, region, bus_arn;
	struct arena *arena; /* of texts and of what is opened */
	const struct events_key_purpose *purpose;
	/* To seal: the keys, and the data keys under them; release these. */
	const struct str *ids;
	struct events_key {
		struct data_key *key;	  /* NULL: there is a problem */
		enum kms_problem problem; /* out */
		struct str text;	  /* KMS's sentence */
	} * keys;			  /* out */
	size_t key_count;
	/* To open: sealed texts, which become plain in place unless there is a problem. */
	struct str **sealed;
	size_t sealed_count;
	enum kms_problem problem; /* out: the first of them; the others are not opened then */
	struct str text;
	/* is_done false: no key was asked for; the same may succeed later. */
	void (*done)(void *context, bool is_done);
	void *context;
};
/* On `home` (see internal_new). `done` may run at once. */
void events_keys_use(struct core *core, struct net_thread *home, struct events_keys *keys);

/* AWS's code for dead letters. */
struct str events_key_code(enum kms_problem problem);

/* The attempt waits, uncounted. */
enum obligation_step events_attempt_hold(struct obligation_attempt *attempt, struct str code,
					 struct str text);

struct events_opening;
typedef enum obligation_step (*events_opened_fn)(struct obligation_attempt *attempt);
/*
 * Of prepare: runs `next` with *bytes opened: at once if they are not sealed. Otherwise the attempt
 * is parked and goes on with the step of `next`, or is held while the key cannot be used. The state
 * of the attempt begins with a struct events_opening *, which is this function's.
 *
 * If bus_arn has data, the service opens for that bus; else the server does: then the state of the
 * key counts, and policies do not. The sealed bytes are copied.
 */
struct events_sealed {
	struct str *bytes;
	const struct events_key_purpose *purpose;
	struct str account, region, bus_arn;
};
enum obligation_step events_open_bytes(struct obligation_attempt *attempt,
				       const struct events_sealed *sealed, events_opened_fn next);

#endif
