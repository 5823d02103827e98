/* SPDX-License-Identifier: MIT */
/*
 * simulation: policies, a caller and its simulated requests, decided as real requests are.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
 *
 * Lives in the call's arena; its references are released when the call ends. The caller chooses the
 * number of requests, policies and keys, and so their product: one budget of steps and one of rows
 * bounds the whole simulation. A worker thread.
 */
#ifndef TERN_SERVICES_IAM_SIMULATION_H
#define TERN_SERVICES_IAM_SIMULATION_H

#include "api/iam.h"
#include "core/authorize.h"
#include "services/iam/outline.h"

/* A policy that takes part. */
struct simulation_source {
	struct str id;	  /* SourcePolicyId */
	const char *type; /* SourcePolicyType */
	const struct policy *policy;
	struct outline outline;
	/* Of each statement: the last action that it was joined for. */
	const struct str **joined_for;
};

struct simulation {
	struct call *call;
	struct simulation_source *identity;
	size_t identity_count, identity_room;
	struct simulation_source *boundary, *resource; /* NULL: none */
	struct principal caller;		       /* a draft, until simulation_begin */
	bool has_caller;
	struct str owner;   /* account for resources whose ARNs have none */
	size_t policy_size; /* bytes of all policies */
	struct policy_steps steps;
	size_t row_count; /* of the answer so far */
	const struct policy_key *keys;
	size_t key_count;

	/* From simulation_begin on. */
	const struct principal *principal;
	const struct str *missing;
	size_t missing_count;
};

/* InvalidInput if the text is no policy. */
must_check enum err simulation_add_identity(struct simulation *simulation, struct str text,
					    struct str id, const char *type);
/* One policy of another role; *out_source is set. */
must_check enum err simulation_read(struct simulation *simulation, struct str text,
				    enum policy_kind kind, struct str id, const char *type,
				    struct simulation_source **out_source);
/* The caller, from the ARN of a user, group or role. InvalidInput for others. */
must_check enum err simulation_set_caller(struct simulation *simulation, struct str arn);
must_check enum err simulation_set_context(struct simulation *simulation,
					   const struct iam_context_entry *entries, size_t count);

/* Called when all inputs are set: makes the principal and finds the missing keys. */
void simulation_begin(struct simulation *simulation);
/* One action on all resources; `resources` empty: on "*". InvalidInput once a budget is used up. */
must_check enum err simulation_ask(struct simulation *simulation, const struct str *action,
				   const struct str *resources, size_t resource_count,
				   struct iam_evaluation_result *out_result);

/* Context keys that the identity policies use, each once; in the arena. */
struct str *simulation_keys(const struct simulation *simulation, size_t *out_count);

#endif
