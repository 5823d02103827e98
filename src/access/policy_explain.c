/* SPDX-License-Identifier: MIT */
/*
 * policy_explain: the document is walked from the outside in, and the first mistake is returned.
 * Elements are named by their path: Statement[1].Condition.StringLike.
 */
#include "access/policy_explain.h"

#include <stdarg.h>
#include <stdio.h>

#include "access/condition.h"
#include "access/policy_check.h"
#include "base/suggest.h"

struct explainer {
	struct arena *arena;
	enum policy_kind kind;
	const char *const *actions;
	size_t action_count;
	struct str problem; /* the first one; data NULL: none */
};

static const char *const document_names[] = {"Version", "Id", "Statement"};
static const char *const statement_names[] = {"Sid",	      "Effect",	     "Principal",
					      "NotPrincipal", "Action",	     "NotAction",
					      "Resource",     "NotResource", "Condition"};
static const char *const principal_names[] = {"AWS", "Service", "Federated", "CanonicalUser"};
static const char *const operator_names[] = {
	"StringEquals",
	"StringNotEquals",
	"StringEqualsIgnoreCase",
	"StringLike",
	"StringNotLike",
	"StringNotEqualsIgnoreCase",
	"NumericEquals",
	"NumericNotEquals",
	"NumericLessThan",
	"NumericGreaterThan",
	"NumericLessThanEquals",
	"NumericGreaterThanEquals",
	"DateEquals",
	"DateNotEquals",
	"DateLessThan",
	"DateGreaterThan",
	"DateLessThanEquals",
	"DateGreaterThanEquals",
	"Bool",
	"BinaryEquals",
	"IpAddress",
	"NotIpAddress",
	"ArnEquals",
	"ArnLike",
	"ArnNotEquals",
	"ArnNotLike",
	"Null",
};
#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

static bool refuse(struct explainer *explainer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static bool refuse(struct explainer *explainer, const char *format, ...)
{
	va_list arguments;
	char text[512];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	explainer->problem = arena_copy(explainer->arena, str_from(text));
	return false;
}

/* "; did you mean 'X'?", or nothing. */
static struct str suggestion(struct explainer *explainer, struct str given,
			     const char *const *names, size_t count)
{
	const char *meant = suggest_name(given, names, count);

	return meant ? arena_format(explainer->arena, "; did you mean '%s'?", meant) : STR("");
}

static bool has_only(struct explainer *explainer, struct str path, yyjson_val *object,
		     const char *const *names, size_t count)
{
	yyjson_val *key, *value;
	size_t i, most;

	yyjson_obj_foreach(object, i, most, key, value) {
		struct str name = json_text(key);
		size_t place = 0;
		while (place < count && !str_equal(name, str_from(names[place])))
			place++;
		if (place == count)
			return refuse(explainer, "%.*s has an unknown element '%.*s'%.*s",
				      STR_ARG(path), STR_ARG(name),
				      STR_ARG(suggestion(explainer, name, names, count)));
		if (json_member(object, names[place]) != value)
			return refuse(explainer, "%.*s has '%.*s' twice", STR_ARG(path),
				      STR_ARG(name));
	}
	return true;
}

/* A text, or a list of texts. */
static bool are_texts(struct explainer *explainer, struct str path, const char *name,
		      yyjson_val *value)
{
	if (yyjson_is_arr(value) && yyjson_arr_size(value) == 0)
		return refuse(explainer, "%.*s.%s is an empty list", STR_ARG(path), name);
	for (size_t i = 0; i < policy_item_count(value); i++)
		if (!yyjson_is_str(policy_item(value, i)))
			return refuse(explainer, "%.*s.%s must be a text or a list of texts",
				      STR_ARG(path), name);
	return true;
}

static bool has_one_of(struct explainer *explainer, struct str path, yyjson_val *statement,
		       const char *name, const char *other, bool is_required)
{
	bool has_name = json_member(statement, name) != NULL;
	bool has_other = json_member(statement, other) != NULL;

	if (has_name && has_other)
		return refuse(explainer, "%.*s has both %s and %s; it may have one of them",
			      STR_ARG(path), name, other);
	if (!has_name && !has_other && is_required)
		return refuse(explainer, "%.*s has no %s", STR_ARG(path), name);
	return true;
}

/* ---- actions ---- */

/* True if the service of "sqs:SendMessage" is one of those whose actions are known. */
static bool is_known_service(const struct explainer *explainer, struct str action)
{
	size_t size = str_find_char(action, ':', 0) + 1;

	for (size_t i = 0; i < explainer->action_count; i++)
		if (str_starts(str_from(explainer->actions[i]), str_slice(action, 0, size)))
			return true;
	return false;
}

static bool is_action(const struct explainer *explainer, struct str action)
{
	for (size_t i = 0; i < explainer->action_count; i++)
		if (str_equal_nocase(action, str_from(explainer->actions[i])))
			return true;
	return false;
}

static bool check_actions(struct explainer *explainer, struct str path, const char *name,
			  yyjson_val *value)
{
	if (!are_texts(explainer, path, name, value))
		return false;
	for (size_t i = 0; i < policy_item_count(value); i++) {
		struct str action = json_text(policy_item(value, i));
		if (str_equal(action, STR("*")))
			continue;
		if (str_find_char(action, ':', 0) == SIZE_MAX)
			return refuse(explainer,
				      "%.*s.%s '%.*s' must be SERVICE:ACTION, as sqs:SendMessage",
				      STR_ARG(path), name, STR_ARG(action));
		bool is_pattern = str_find_char(action, '*', 0) != SIZE_MAX ||
				  str_find_char(action, '?', 0) != SIZE_MAX;
		if (!is_pattern && is_known_service(explainer, action) &&
		    !is_action(explainer, action))
			return refuse(explainer, "%.*s.%s '%.*s' is no action%.*s", STR_ARG(path),
				      name, STR_ARG(action),
				      STR_ARG(suggestion(explainer, action, explainer->actions,
							 explainer->action_count)));
	}
	return true;
}

/* ---- principals ---- */

/* The form of an account id, or of the unique id of a user or role: AIDA..., AROA.... */
static bool is_id(struct str text)
{
	bool is_unique = str_starts(text, STR("A")) && text.size >= 16;

	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (!('0' <= c && c <= '9') && !(is_unique && 'A' <= c && c <= 'Z'))
			return false;
	}
	return is_unique || text.size == 12;
}

static bool check_principal(struct explainer *explainer, struct str path, const char *name,
			    yyjson_val *value)
{
	yyjson_val *key, *items;
	size_t i, most;

	if (!value || str_equal(json_text(value), STR("*")))
		return true;
	if (!yyjson_is_obj(value))
		return refuse(explainer,
			      "%.*s.%s must be \"*\" or an object: {\"AWS\": "
			      "\"arn:aws:iam::<account>:user/<name>\"}",
			      STR_ARG(path), name);
	struct str here = arena_format(explainer->arena, "%.*s.%s", STR_ARG(path), name);
	if (!has_only(explainer, here, value, principal_names, COUNT(principal_names)))
		return false;
	yyjson_obj_foreach(value, i, most, key, items) {
		if (!are_texts(explainer, here, yyjson_get_str(key), items))
			return false;
		for (size_t j = 0; j < policy_item_count(items); j++) {
			struct str text = json_text(policy_item(items, j));
			if (str_equal(json_text(key), STR("AWS")) && !is_id(text) &&
			    !str_equal(text, STR("*")) && !str_starts(text, STR("arn:")))
				return refuse(explainer,
					      "%.*s.AWS '%.*s' is no principal: an ARN, an account "
					      "of 12 digits or \"*\" is",
					      STR_ARG(here), STR_ARG(text));
		}
	}
	return true;
}

/* ---- conditions ---- */

static bool check_condition(struct explainer *explainer, struct str path, yyjson_val *condition)
{
	struct condition_operator comparison;
	yyjson_val *key, *keys;
	size_t i, most;

	if (!condition)
		return true;
	if (!yyjson_is_obj(condition))
		return refuse(explainer, "%.*s.Condition must be an object", STR_ARG(path));
	yyjson_obj_foreach(condition, i, most, key, keys) {
		struct str name = json_text(key);
		/* IAM accepts an unknown operator without condition keys. */
		if (!condition_operator_parse(name, &comparison) && yyjson_obj_size(keys) > 0)
			return refuse(explainer,
				      "%.*s.Condition has an unknown operator '%.*s'%.*s",
				      STR_ARG(path), STR_ARG(name),
				      STR_ARG(suggestion(explainer, name, operator_names,
							 COUNT(operator_names))));
		if (!yyjson_is_obj(keys))
			return refuse(explainer,
				      "%.*s.Condition.%.*s must be an object of condition keys",
				      STR_ARG(path), STR_ARG(name));
	}
	return true;
}

/* ---- the document ---- */

static bool check_effect(struct explainer *explainer, struct str path, yyjson_val *statement)
{
	yyjson_val *effect = json_member(statement, "Effect");

	if (!effect)
		return refuse(explainer, "%.*s has no Effect: \"Allow\" or \"Deny\"",
			      STR_ARG(path));
	if (!str_equal(json_text(effect), STR("Allow")) &&
	    !str_equal(json_text(effect), STR("Deny")))
		return refuse(explainer, "%.*s.Effect must be \"Allow\" or \"Deny\"%s%.*s%s",
			      STR_ARG(path), yyjson_is_str(effect) ? ", not \"" : "",
			      STR_ARG(json_text(effect)), yyjson_is_str(effect) ? "\"" : "");
	return true;
}

static bool check_who(struct explainer *explainer, struct str path, yyjson_val *statement)
{
	bool has_principals = explainer->kind == POLICY_RESOURCE || explainer->kind == POLICY_TRUST;

	if (!has_principals &&
	    (json_member(statement, "Principal") || json_member(statement, "NotPrincipal")))
		return refuse(explainer,
			      "%.*s has a Principal, which policies of identities do not have",
			      STR_ARG(path));
	return has_one_of(explainer, path, statement, "Principal", "NotPrincipal",
			  has_principals) &&
	       check_principal(explainer, path, "Principal", json_member(statement, "Principal")) &&
	       check_principal(explainer, path, "NotPrincipal",
			       json_member(statement, "NotPrincipal"));
}

static bool check_statement(struct explainer *explainer, struct str path, yyjson_val *statement)
{
	bool has_resources = explainer->kind != POLICY_TRUST;

	if (!yyjson_is_obj(statement))
		return refuse(explainer, "%.*s must be an object", STR_ARG(path));
	return has_only(explainer, path, statement, statement_names, COUNT(statement_names)) &&
	       check_effect(explainer, path, statement) && check_who(explainer, path, statement) &&
	       has_one_of(explainer, path, statement, "Action", "NotAction", true) &&
	       check_actions(explainer, path, "Action", json_member(statement, "Action")) &&
	       check_actions(explainer, path, "NotAction", json_member(statement, "NotAction")) &&
	       has_one_of(explainer, path, statement, "Resource", "NotResource", has_resources) &&
	       are_texts(explainer, path, "Resource", json_member(statement, "Resource")) &&
	       are_texts(explainer, path, "NotResource", json_member(statement, "NotResource")) &&
	       check_condition(explainer, path, json_member(statement, "Condition"));
}

static bool check_document(struct explainer *explainer, struct str text)
{
	struct json_problem problem;
	yyjson_val *root;

	enum err err = json_parse_explained(explainer->arena, text, &root, &problem);
	if (err == ERR_INVALID)
		return refuse(explainer, "the policy is not JSON: line %zu, column %zu: %s",
			      problem.line, problem.column, problem.reason);
	if (err || !yyjson_is_obj(root))
		return refuse(explainer, "the policy is not a JSON object");
	struct str whole = STR("the policy");
	if (!has_only(explainer, whole, root, document_names, COUNT(document_names)))
		return false;
	yyjson_val *version = json_member(root, "Version");
	if (version && !str_equal(json_text(version), STR("2012-10-17")) &&
	    !str_equal(json_text(version), STR("2008-10-17")))
		return refuse(explainer, "Version must be \"2012-10-17\" (or \"2008-10-17\")");
	yyjson_val *statements = json_member(root, "Statement");
	if (policy_item_count(statements) == 0)
		return refuse(explainer, "the policy has no Statement");
	for (size_t i = 0; i < policy_item_count(statements); i++) {
		struct str path = yyjson_is_arr(statements)
					  ? arena_format(explainer->arena, "Statement[%zu]", i)
					  : STR("Statement");
		if (!check_statement(explainer, path, policy_item(statements, i)))
			return false;
	}
	return true;
}

struct str policy_explain(struct arena *arena, struct str text, enum policy_kind kind,
			  const char *const *actions, size_t action_count)
{
	struct explainer explainer = {arena, kind, actions, action_count, {0}};

	(void)check_document(&explainer, text); /* the problem names it too */
	return explainer.problem;
}
