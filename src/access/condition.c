/* SPDX-License-Identifier: MIT */
/*
 * condition: the operators, and how a request's values are compared with a policy's.
 *
 * Several values of a policy are alternatives: one of them must match, or none for negated
 * operators. A key that is not in the request does not match, so negated operators hold. A value
 * of the request that cannot be converted meets no condition, negated or not.
 */
#include "access/condition.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arn.h"

static const struct {
	struct str name;
	struct condition_operator comparison;
} operators[] = {
#define OPERATOR(text, ...)                                                                        \
	{                                                                                          \
		STR_INIT(text),                                                                    \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
	OPERATOR("StringEquals", .family = CONDITION_STRING),
	OPERATOR("StringNotEquals", .family = CONDITION_STRING, .is_negated = true),
	OPERATOR("StringEqualsIgnoreCase", .family = CONDITION_STRING, .ignores_case = true),
	OPERATOR("StringNotEqualsIgnoreCase", .family = CONDITION_STRING, .ignores_case = true,
		 .is_negated = true),
	OPERATOR("StringLike", .family = CONDITION_STRING, .has_wildcards = true),
	OPERATOR("StringNotLike", .family = CONDITION_STRING, .has_wildcards = true,
		 .is_negated = true),
	OPERATOR("NumericEquals", .family = CONDITION_NUMERIC),
	OPERATOR("NumericNotEquals", .family = CONDITION_NUMERIC, .is_negated = true),
	OPERATOR("NumericLessThan", .family = CONDITION_NUMERIC, .relation = CONDITION_LESS),
	OPERATOR("NumericLessThanEquals", .family = CONDITION_NUMERIC,
		 .relation = CONDITION_LESS_OR_EQUAL),
	OPERATOR("NumericGreaterThan", .family = CONDITION_NUMERIC, .relation = CONDITION_GREATER),
	OPERATOR("NumericGreaterThanEquals", .family = CONDITION_NUMERIC,
		 .relation = CONDITION_GREATER_OR_EQUAL),
	OPERATOR("DateEquals", .family = CONDITION_DATE),
	OPERATOR("DateNotEquals", .family = CONDITION_DATE, .is_negated = true),
	OPERATOR("DateLessThan", .family = CONDITION_DATE, .relation = CONDITION_LESS),
	OPERATOR("DateLessThanEquals", .family = CONDITION_DATE,
		 .relation = CONDITION_LESS_OR_EQUAL),
	OPERATOR("DateGreaterThan", .family = CONDITION_DATE, .relation = CONDITION_GREATER),
	OPERATOR("DateGreaterThanEquals", .family = CONDITION_DATE,
		 .relation = CONDITION_GREATER_OR_EQUAL),
	OPERATOR("Bool", .family = CONDITION_BOOL),
	OPERATOR("BinaryEquals", .family = CONDITION_BINARY),
	OPERATOR("IpAddress", .family = CONDITION_IP),
	OPERATOR("NotIpAddress", .family = CONDITION_IP, .is_negated = true),
	OPERATOR("ArnEquals", .family = CONDITION_ARN),
	OPERATOR("ArnLike", .family = CONDITION_ARN),
	OPERATOR("ArnNotEquals", .family = CONDITION_ARN, .is_negated = true),
	OPERATOR("ArnNotLike", .family = CONDITION_ARN, .is_negated = true),
	OPERATOR("Null", .family = CONDITION_NULL),
#undef OPERATOR
};

static enum condition_quantifier read_quantifier(struct str *text)
{
	static const struct str all = STR_INIT("ForAllValues:"), any = STR_INIT("ForAnyValue:");
	struct str prefix = str_starts(*text, all)   ? all
			    : str_starts(*text, any) ? any
						     : (struct str){0};

	*text = str_slice(*text, prefix.size, text->size);
	return prefix.size == 0		 ? CONDITION_PLAIN
	       : prefix.data == all.data ? CONDITION_FOR_ALL
					 : CONDITION_FOR_ANY;
}

bool condition_operator_parse(struct str text, struct condition_operator *out_operator)
{
	static const struct str suffix = STR_INIT("IfExists");
	enum condition_quantifier quantifier = read_quantifier(&text);
	bool if_exists = str_ends(text, suffix);

	if (if_exists)
		text.size -= suffix.size;
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (!str_equal(text, operators[i].name))
			continue;
		if (operators[i].comparison.family == CONDITION_NULL && if_exists)
			return false;
		*out_operator = operators[i].comparison;
		out_operator->quantifier = quantifier;
		out_operator->if_exists = if_exists;
		return true;
	}
	return false;
}

static bool parse_number(struct str text, double *out_number)
{
	char copy[64], *end;

	if (text.size == 0 || text.size >= sizeof(copy))
		return false;
	for (size_t i = 0; i < text.size; i++)
		if (!strchr("0123456789+-.eE", text.data[i]) || text.data[i] == '\0')
			return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	*out_number = strtod(copy, &end);
	return end == copy + text.size;
}

static bool parse_bool(struct str text, bool *out_value)
{
	*out_value = str_equal_nocase(text, STR("true"));
	return *out_value || str_equal_nocase(text, STR("false"));
}

static bool is_base64(struct str text)
{
	size_t digits = text.size;

	while (digits > 0 && text.size - digits < 2 && text.data[digits - 1] == '=')
		digits--;
	for (size_t i = 0; i < digits; i++) {
		char c = text.data[i];
		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '+' || c == '/'))
			return false;
	}
	return text.size % 4 == 0;
}

bool condition_value_compile(struct store *store, const struct condition_operator *comparison,
			     struct str text, bool has_variables, union condition_value *out_value)
{
	struct pattern_syntax syntax = {
		.has_wildcards = comparison->has_wildcards,
		.has_variables = has_variables,
		.ignores_case = comparison->ignores_case,
	};

	switch (comparison->family) {
	case CONDITION_STRING:
		return pattern_compile(store, text, syntax, &out_value->pattern);
	case CONDITION_ARN:
		return arn_pattern_compile(store, text, has_variables, &out_value->arn);
	case CONDITION_NUMERIC:
		return parse_number(text, &out_value->number);
	case CONDITION_DATE:
		return condition_date_parse(text, &out_value->at_ms);
	case CONDITION_BOOL:
	case CONDITION_NULL:
		return parse_bool(text, &out_value->is_true);
	case CONDITION_BINARY:
		out_value->base64 = store_text(store, text);
		return is_base64(text);
	case CONDITION_IP:
		break;
	}
	return network_parse(text, &out_value->network);
}

/* A value of the request, in the form that the operator compares. */
struct operand {
	struct str text;
	struct arn_parts arn;
	uint8_t address[16];
	double number;
	int64_t at_ms;
	bool is_true;
};

static bool read_operand(enum condition_family family, struct str text, struct operand *out)
{
	bool is_v4 = false;

	out->text = text;
	switch (family) {
	case CONDITION_ARN:
		out->arn = arn_parts_of(text);
		return out->arn.is_arn;
	case CONDITION_NUMERIC:
		return parse_number(text, &out->number);
	case CONDITION_DATE:
		return condition_date_parse(text, &out->at_ms);
	case CONDITION_BOOL:
		return parse_bool(text, &out->is_true);
	case CONDITION_BINARY:
		return is_base64(text);
	case CONDITION_IP:
		return network_parse_address(text, out->address, &is_v4);
	case CONDITION_STRING:
	case CONDITION_NULL:
		break;
	}
	return true;
}

static bool is_in_relation(enum condition_relation relation, int order)
{
	switch (relation) {
	case CONDITION_EQUAL:
		return order == 0;
	case CONDITION_LESS:
		return order < 0;
	case CONDITION_LESS_OR_EQUAL:
		return order <= 0;
	case CONDITION_GREATER:
		return order > 0;
	case CONDITION_GREATER_OR_EQUAL:
		break;
	}
	return order >= 0;
}

/* Text between "arn:" and the next colon of the pattern's literal beginning; data NULL: none. */
static struct str written_partition(const struct pattern *pattern)
{
	struct str rest = pattern->text;

	if (pattern->form == PATTERN_PARTS)
		rest = pattern->parts[0].kind == PATTERN_TEXT ? pattern->parts[0].text
							      : (struct str){0};
	if (!rest.data || !str_equal(str_cut(&rest, ':'), STR("arn")) || !rest.data)
		return (struct str){0};
	struct str partition = str_cut(&rest, ':');
	return rest.data ? partition : (struct str){0};
}

/* ARNs of identities are compared in the partition of the policy's text, as an identity is the same
 * in all partitions. */
static bool string_matches(const struct pattern *pattern, struct str text,
			   const struct policy_request *request)
{
	enum { PARTITION_MAX = 32, IDENTITY_MAX = 2048 };
	char moved[sizeof("arn::") + PARTITION_MAX + IDENTITY_MAX];

	if (pattern_matches(pattern, text, request))
		return true;
	struct str identity = arn_identity(text);
	struct str partition = identity.data ? written_partition(pattern) : (struct str){0};
	if (partition.size == 0 || partition.size > PARTITION_MAX)
		return false;
	if (identity.size > IDENTITY_MAX)
		return steps_give_up(request->steps);
	int size = snprintf(moved, sizeof(moved), "arn:%.*s:%.*s", STR_ARG(partition),
			    STR_ARG(identity));
	struct str same = str_of(moved, (size_t)size);
	return !str_equal(same, text) && pattern_matches(pattern, same, request);
}

static bool matches_value(const struct condition_operator *comparison,
			  const union condition_value *value, const struct operand *operand,
			  const struct policy_request *request)
{
	switch (comparison->family) {
	case CONDITION_STRING:
		return string_matches(&value->pattern, operand->text, request);
	case CONDITION_ARN:
		return arn_pattern_matches(&value->arn, operand->text, &operand->arn, request);
	case CONDITION_NUMERIC:
		return is_in_relation(comparison->relation,
				      (operand->number > value->number) -
					      (operand->number < value->number));
	case CONDITION_DATE:
		return is_in_relation(comparison->relation,
				      (operand->at_ms > value->at_ms) -
					      (operand->at_ms < value->at_ms));
	case CONDITION_BOOL:
		return operand->is_true == value->is_true;
	case CONDITION_BINARY:
		return str_equal(operand->text, value->base64);
	case CONDITION_IP:
		return network_has(&value->network, operand->address);
	case CONDITION_NULL:
		break;
	}
	return false;
}

/* True if one value of the request meets the condition. */
static bool is_met_by(const struct condition *condition, struct str text,
		      const struct policy_request *request)
{
	const struct condition_operator *comparison = &condition->comparison;
	struct operand operand;

	if (!steps_take(request->steps, steps_of_bytes(text.size)) ||
	    !read_operand(comparison->family, text, &operand))
		return false;
	for (size_t i = 0; i < condition->value_count; i++) {
		if (!steps_take(request->steps, 1))
			return false;
		if (matches_value(comparison, &condition->values[i], &operand, request))
			return !comparison->is_negated;
	}
	return comparison->is_negated;
}

static bool is_null_met(const struct condition *condition, bool is_there,
			struct policy_steps *steps)
{
	for (size_t i = 0; i < condition->value_count && steps_take(steps, 1); i++)
		if (condition->values[i].is_true != is_there)
			return true;
	return false;
}

bool condition_holds(const struct condition *condition, const struct policy_request *request)
{
	const struct condition_operator *comparison = &condition->comparison;
	struct context_values found;

	bool is_there = context_find(request, &condition->name, &found);
	if (comparison->family == CONDITION_NULL)
		return is_null_met(condition, is_there, request->steps);
	if (!is_there)
		return comparison->if_exists || comparison->quantifier == CONDITION_FOR_ALL ||
		       (comparison->quantifier == CONDITION_PLAIN && comparison->is_negated);
	if (comparison->quantifier == CONDITION_FOR_ALL && found.count == 1 &&
	    context_value(&found, 0).size == 0)
		return true;
	/* Without a quantifier, one value must meet a positive operator, and all values a negated
	 * one. */
	bool must_all = comparison->quantifier == CONDITION_FOR_ALL ||
			(comparison->quantifier == CONDITION_PLAIN && comparison->is_negated);
	for (size_t i = 0; i < found.count && !request->steps->is_exhausted; i++)
		if (is_met_by(condition, context_value(&found, i), request) != must_all)
			return !must_all;
	return must_all;
}
