/* SPDX-License-Identifier: MIT */
/*
 * throttle: limits an account's rate of an operation, with token buckets.
 *
 * A rule gives each account, or each resource of one, a bucket that holds `burst` tokens and gets
 * `rate` of them a second; a request takes one from each of its buckets, or is refused with its
 * dialect's throttling fault, after which SDKs try again later. An account's regions share its
 * bucket, as a caller may name any region. Rules never change once the server runs; any thread.
 * Time comes in with the request, so tests can set it. core/admit.h applies this to calls.
 *
 * Buckets live in a table of fixed size (LIMIT_THROTTLE_BUCKETS). A full table replaces the bucket
 * that is nearest to being full, so that invented accounts of unauthenticated requests cannot grow
 * it.
 */
#ifndef TERN_CORE_LIMIT_THROTTLE_H
#define TERN_CORE_LIMIT_THROTTLE_H

#include "base/base.h"
#include "wire/shape.h"

enum throttle_scope {
	THROTTLE_ACCOUNT,  /* of the caller */
	THROTTLE_RESOURCE, /* of the resource, for all callers */
	THROTTLE_QUOTA,	   /* the same, but only resources that have a quota at AWS */
};

struct throttle_rule {
	const struct str *actions; /* "sqs:SendMessage", "sqs:Send*", "*" */
	size_t action_count;
	struct str account; /* of the caller; empty: all accounts, each with its own bucket */
	enum throttle_scope scope;
	bool is_shared;	    /* one bucket for all actions together, not one for each */
	int64_t rate_milli; /* tokens in 1000 seconds */
	int64_t burst;	    /* tokens of a full bucket */
};

/* "sqs:Send*" matches "sqs:SendMessage"; a star elsewhere than at the end matches nothing. */
bool throttle_matches(struct str pattern, struct str action);

struct throttle;

/* AWS's quotas as the models of these services state them (wire/facts.h); in the arena. */
const struct throttle_rule *throttle_aws_rules(struct arena *arena,
					       const struct service *const *services,
					       size_t service_count, size_t *out_count);

/*
 * Copies the rules. If one of the first `own_count` of them matches a call, the others do not
 * apply. `services` are those of the route table.
 */
struct throttle *throttle_new(const struct throttle_rule *rules, size_t count, size_t own_count,
			      const struct service *const *services, size_t service_count);
void throttle_free(struct throttle **throttle); /* accepts NULL, leaves NULL */

struct throttle_request {
	const struct operation *operation;
	struct str account; /* owner of the buckets */
	int64_t base_ms;    /* of the time base */
};
/* False: the account sends too many requests. `throttle` NULL admits every request. */
must_check bool throttle_admits(const struct throttle *throttle,
				const struct throttle_request *request);
/* The same for the resource `arn`; `has_quota`: AWS limits the requests to this resource. */
must_check bool throttle_admits_resource(const struct throttle *throttle,
					 const struct throttle_request *request, struct str arn,
					 bool has_quota);

#endif
