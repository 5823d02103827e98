/* SPDX-License-Identifier: MIT */
/*
 * filter_policy: the filter policy of an SNS subscription, and the parts of a message that policies
 * see. A policy is an event pattern (event_pattern.h) with SNS's limits; a matcher holds it.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
 * Results are the arena's. Pure, any thread.
 */
#ifndef TERN_MATCH_FILTER_POLICY_H
#define TERN_MATCH_FILTER_POLICY_H

#include "base/base.h"
#include "format/json.h"
#include "match/event_pattern.h"

struct match_attribute;

enum filter_scope { FILTER_ATTRIBUTES, FILTER_BODY };

enum { FILTER_KEYS_MAX = 5, FILTER_COMBINATIONS_MAX = 150 };

struct filter_policy {
	enum filter_scope scope;
	bool is_empty;		      /* "{}": every message passes; the pattern is not set */
	struct event_pattern pattern; /* of a MessageAttributes policy: with flat paths */
};

/*
 * Parses the text of the attribute FilterPolicy. ERR_INVALID: *out_problem is AWS's text behind
 * "Invalid parameter: " or "Invalid parameter: Attributes Reason: ".
 */
must_check enum err filter_policy_parse(struct arena *arena, enum filter_scope scope,
					struct str text, struct filter_policy *out_policy,
					struct str *out_problem);

/* A message attribute as Publish takes it. */
struct filter_attribute {
	struct str name;
	struct str type;  /* "String", "String.Array", "Number", "Binary", or with a custom label */
	struct str value; /* of Binary: not read */
};

/*
 * The message's attributes as a matcher reads them (matcher_match_attributes). A Binary attribute
 * only exists. ERR_INVALID: a String.Array is no JSON array of strings, numbers, booleans and
 * nulls, so the message passes no policy on attributes.
 */
must_check enum err filter_attributes_read(struct arena *arena,
					   const struct filter_attribute *attributes, size_t count,
					   struct match_attribute **out_attributes);
/* The body as matcher_match reads it. ERR_INVALID: it is no JSON object within Tern's limits, so
 * the message passes no policy on bodies. */
must_check enum err filter_body_read(struct arena *arena, struct str body, yyjson_val **out_body);

#endif
