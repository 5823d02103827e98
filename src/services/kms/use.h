/* SPDX-License-Identifier: MIT */
/*
 * use: finds the key of a request, authorizes the caller and checks the key's state. Any thread.
 */
#ifndef TERN_SERVICES_KMS_USE_H
#define TERN_SERVICES_KMS_USE_H

#include "api/kms.h"
#include "core/authorize.h"
#include "services/kms/kms.h"

/* The form in which a request names a key. */
struct kms_target {
	const struct kms_key *key;
	struct str alias; /* "alias/x" if it was named so; else data NULL */
};

/* The refusal of a key, for the answer or for another service. */
struct kms_refusal {
	const struct fault_type *fault; /* NULL: no refusal */
	struct str text;		/* in the arena */
};

/*
 * The key that `key_id` names: a UUID or mrk- id of the account and region, or an ARN; aliases and
 * their ARNs too if `may_be_alias`. Holds the key; the caller releases it.
 */
struct kms_refusal kms_find(const struct core *core, struct arena *arena, struct str account,
			    struct str region, struct str key_id, bool may_be_alias,
			    struct kms_target *out_target);
/* No refusal if the key is enabled. */
struct kms_refusal kms_state_refusal(struct arena *arena, const struct kms_key *key,
				     int64_t now_ms);
/* No refusal if the key has that usage; `operation` is for the text: "Encrypt". */
struct kms_refusal kms_usage_refusal(struct arena *arena, const struct kms_key *key,
				     enum kms_usage usage, struct str operation);

struct kms_question {
	struct str action; /* "kms:Encrypt" */
	const struct kms_target *target;
	struct str via_service;		  /* "sqs"; data NULL: the caller itself */
	const struct shape_pair *context; /* NULL: the operation has none */
	size_t context_count;
	struct str algorithm_key, algorithm; /* "kms:MacAlgorithm" and its value; or data NULL */
	bool ignores_grants;		     /* of the key: the operation evaluates them itself */
	bool is_granted;		     /* by one that the operation found */
	bool is_named; /* by a grant that names a principal for this action; see access/decide.h */
};
/* Authorizes the call's principal; leaves the call's condition keys unchanged. ERR_FAULT:
 * denied. */
must_check enum err kms_ask(struct call *call, const struct kms_question *question);

/* ---- for operations: the same with the call's faults ---- */

/* Take over a reference, which the call releases when it ends (core/keep.h). */
const struct kms_key *kms_keep_key(struct call *call, const struct kms_key *key);
void kms_keep_material(struct call *call, const struct kms_material *material);

/*
 * Finds the key; released when the call ends. A missing key of another account is refused like a
 * key without permission: the denial names `action`, which must be the action authorized next.
 */
must_check enum err kms_target_of_call(struct call *call, struct str key_id, bool may_be_alias,
				       struct str action, struct kms_target *out_target);
/* The denial that callers get for keys of other accounts, whether these exist or not. */
must_check enum err kms_deny_foreign(struct call *call, struct str action, struct str arn);
/* Finds the key by id or ARN and authorizes the action, for operations that manage keys. Keys of
 * other accounts are refused unless `may_be_foreign`. */
must_check enum err kms_managed_key(struct call *call, struct str key_id, struct str action,
				    bool may_be_foreign, const struct kms_key **out_key);
/* Refuses AWS managed keys, which no caller may change. */
must_check enum err kms_check_own(struct call *call, const struct kms_key *key, struct str action);
/* State and usage. */
must_check enum err kms_check_usable(struct call *call, const struct kms_key *key,
				     enum kms_usage usage);
must_check enum err kms_check_enabled(struct call *call, const struct kms_key *key);
/* Refuses keys that wait for their deletion. */
must_check enum err kms_check_not_deleted(struct call *call, const struct kms_key *key);
must_check enum err kms_end_dry_run(struct call *call, bool is_dry_run);

#endif
