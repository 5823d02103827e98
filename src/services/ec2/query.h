/* SPDX-License-Identifier: MIT */
/* query: shared by the operations: permission, filters and pages. The call's thread. */
#ifndef TERN_SERVICES_EC2_QUERY_H
#define TERN_SERVICES_EC2_QUERY_H

#include "access/steps.h"
#include "api/ec2.h"
#include "core/authorize.h"
#include "services/ec2/endpoint.h"

#define EC2_ARN_SIZE 200

/*
 * Authorizes the call's operation on that resource, the last part of an ARN. data NULL: on "*".
 * ERR_FAULT: UnauthorizedOperation.
 */
must_check enum err ec2_authorize(struct call *call, struct str resource,
				  const struct shape_pair *tags, size_t tag_count);
/* The same for another action, "ec2:CreateTags". */
must_check enum err ec2_authorize_action(struct call *call, struct str action, struct str resource,
					 const struct shape_pair *tags, size_t tag_count);
/* After authorization: ERR_FAULT with DryRunOperation if the request is a dry run. */
must_check enum err ec2_end_dry_run(struct call *call, bool is_dry_run);

/* A value of a filter. The caller chooses the value and the compared text, so a budget of steps
 * bounds the comparison. */
struct ec2_pattern {
	struct str text;
	struct policy_steps *steps;
};
/* True if `thing` has a value for the filter's name that fits the pattern. */
typedef bool (*ec2_has_fn)(const void *thing, struct str name, struct ec2_pattern pattern);
struct ec2_query {
	const struct ec2_filter *filters;
	size_t filter_count;
	ec2_has_fn has;
	const struct str *ids; /* sorted: only these, if there are any */
	size_t id_count;
	struct policy_steps steps;
	/* The page: items after this key. */
	struct str after;
	size_t most, count;
	bool has_more;
	struct str last;
};
/* Begins the query. `names` ("a b c") are the valid filters; with "tag", tag:KEY and tag-key. */
must_check enum err ec2_query_begin(struct call *call, const struct ec2_filter *filters,
				    size_t filter_count, const char *names, ec2_has_fn has,
				    bool has_most, int64_t most, struct str token,
				    struct ec2_query *out_query);
/* Limits the query to things with these ids, if there are any. */
void ec2_query_ids(struct call *call, struct ec2_query *query, const struct str *ids, size_t count);
/* True if the thing is on the page; things must come in the order of their ids. */
bool ec2_query_takes(struct ec2_query *query, const void *thing, struct str id);
/* Of the next page; data NULL: there is none. FilterLimitExceeded: the steps did not suffice. */
must_check enum err ec2_query_end(struct call *call, const struct ec2_query *query,
				  struct str *out_token);

/* '*' and '?', and '\\' before literal ones. */
bool ec2_fits(struct ec2_pattern pattern, struct str text);
/* For filters tag:KEY and tag-key; false for other names. */
bool ec2_tags_have(const struct shape_pair *tags, size_t count, struct str name,
		   struct ec2_pattern pattern);

/* As answers show tags. */
void ec2_show_tags(struct call *call, const struct shape_pair *tags, size_t count,
		   struct ec2_tag **out_tags, size_t *out_count);

#endif
