/* SPDX-License-Identifier: MIT */
/*
 * condition: one key under one operator of a policy's Condition, and whether a request meets it.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
#ifndef TERN_ACCESS_CONDITION_H
#define TERN_ACCESS_CONDITION_H

#include "access/pattern.h"
#include "base/network.h"

enum condition_family {
	CONDITION_STRING,
	CONDITION_NUMERIC,
	CONDITION_DATE,
	CONDITION_BOOL,
	CONDITION_BINARY,
	CONDITION_IP,
	CONDITION_ARN,
	CONDITION_NULL,
};
enum condition_relation {
	CONDITION_EQUAL,
	CONDITION_LESS,
	CONDITION_LESS_OR_EQUAL,
	CONDITION_GREATER,
	CONDITION_GREATER_OR_EQUAL,
};
/* For all or for any of a key's values. */
enum condition_quantifier { CONDITION_PLAIN, CONDITION_FOR_ALL, CONDITION_FOR_ANY };

struct condition_operator {
	enum condition_family family;
	enum condition_relation relation;
	enum condition_quantifier quantifier;
	bool is_negated, has_wildcards, ignores_case;
	bool if_exists;
};
/* "ForAnyValue:StringLikeIfExists"; false if there is no such operator. */
bool condition_operator_parse(struct str text, struct condition_operator *out_operator);

/* A value of the policy, in the form that its operator compares. */
union condition_value {
	struct pattern pattern;
	struct arn_pattern arn;
	struct str base64;
	struct network network;
	double number;
	int64_t at_ms;
	bool is_true;
};

struct condition {
	struct condition_operator comparison;
	struct context_name name;
	const union condition_value *values;
	size_t value_count;
};

/* False if the text is none that the operator can compare. */
must_check bool condition_value_compile(struct store *store,
					const struct condition_operator *comparison,
					struct str text, bool has_variables,
					union condition_value *out_value);
bool condition_holds(const struct condition *condition, const struct policy_request *request);

/* ISO 8601 as IAM reads it, or seconds since 1970. */
bool condition_date_parse(struct str text, int64_t *out_ms);

#endif
