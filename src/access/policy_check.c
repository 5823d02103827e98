/* SPDX-License-Identifier: MIT */
/*
 * policy_check: each rule checks all statements, in the order in which IAM reports mistakes:
 * syntax, version, mistakes for its older parser, statement ids, missing principals and actions,
 * resources, actions, missing resources.
 */
#include "access/policy_check.h"

#include "access/policy_private.h"

static const struct str syntax_errors = STR_INIT("Syntax errors in policy.");
static const struct str legacy = STR_INIT("The policy failed legacy parsing");

struct checker {
	struct arena *arena;
	enum policy_kind kind;
	struct policy_document *document;
	struct str problem; /* the first one; data NULL: none */
};

static bool refuse(struct checker *checker, struct str problem)
{
	if (!checker->problem.data)
		checker->problem = problem;
	return false;
}

size_t policy_item_count(yyjson_val *value)
{
	return !value ? 0 : yyjson_is_arr(value) ? yyjson_arr_size(value) : 1;
}

yyjson_val *policy_item(yyjson_val *value, size_t index)
{
	return yyjson_is_arr(value) ? yyjson_arr_get(value, index) : value;
}

struct str policy_value_text(struct arena *arena, yyjson_val *value)
{
	if (yyjson_is_bool(value))
		return yyjson_get_bool(value) ? STR("true") : STR("false");
	if (yyjson_is_uint(value))
		return arena_format(arena, "%llu", (unsigned long long)yyjson_get_uint(value));
	if (yyjson_is_sint(value))
		return arena_format(arena, "%lld", (long long)yyjson_get_sint(value));
	if (yyjson_is_real(value))
		return arena_format(arena, "%.17g", yyjson_get_real(value));
	return json_text(value);
}

static bool is_one_of(struct str text, const struct str *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(text, names[i]))
			return true;
	return false;
}

/* Members that are known, each at most once. */
static bool has_only(yyjson_val *object, const struct str *names, size_t name_count)
{
	yyjson_obj_iter members = yyjson_obj_iter_with(object);
	yyjson_val *key;
	size_t count = 0, there = 0;

	while ((key = yyjson_obj_iter_next(&members))) {
		if (!is_one_of(json_text(key), names, name_count))
			return false;
		count++;
	}
	for (size_t i = 0; i < name_count; i++)
		there += yyjson_obj_getn(object, names[i].data, names[i].size) != NULL;
	return count == there;
}

/*
 * yyjson finds an item by its number in constant time only in an array of scalars, so other arrays
 * are iterated.
 */
static bool are_all(yyjson_val *value, bool (*is_right)(yyjson_val *item))
{
	yyjson_arr_iter items = yyjson_arr_iter_with(value);
	yyjson_val *item;

	if (!yyjson_is_arr(value))
		return !value || is_right(value);
	while ((item = yyjson_arr_iter_next(&items)))
		if (!is_right(item))
			return false;
	return true;
}

static bool is_text(yyjson_val *item)
{
	return yyjson_is_str(item);
}

static bool are_texts(yyjson_val *value)
{
	return are_all(value, is_text);
}

/* Values that policy_value_text converts to a text. */
static bool is_scalar(yyjson_val *item)
{
	return yyjson_is_str(item) || yyjson_is_bool(item) || yyjson_is_num(item);
}

static bool is_text_or_none(yyjson_val *value)
{
	return !value || yyjson_is_str(value);
}

static bool is_principal(yyjson_val *value)
{
	static const struct str names[] = {STR_INIT("AWS"), STR_INIT("Service"),
					   STR_INIT("Federated"), STR_INIT("CanonicalUser")};
	yyjson_obj_iter members;
	yyjson_val *key;

	if (!value || str_equal(json_text(value), STR("*")))
		return true;
	if (!yyjson_is_obj(value) || !has_only(value, names, 4))
		return false;
	members = yyjson_obj_iter_with(value);
	while ((key = yyjson_obj_iter_next(&members)))
		if (!are_texts(yyjson_obj_iter_get_val(key)))
			return false;
	return true;
}

/* The keys under one operator: each at most once, with texts, numbers or booleans. */
static bool are_keys(struct arena *arena, yyjson_val *keys)
{
	struct str *seen = arena_array(arena, struct str, yyjson_obj_size(keys));
	yyjson_obj_iter members = yyjson_obj_iter_with(keys);
	yyjson_val *key;
	size_t count = 0;

	if (yyjson_obj_size(keys) > LIMIT_POLICY_CONDITION_KEYS)
		return false;
	while ((key = yyjson_obj_iter_next(&members))) {
		yyjson_val *values = yyjson_obj_iter_get_val(key);
		if (is_one_of(json_text(key), seen, count))
			return false;
		seen[count++] = json_text(key);
		if (!are_all(values, is_scalar))
			return false;
	}
	return true;
}

static bool is_condition(struct arena *arena, yyjson_val *value)
{
	struct condition_operator comparison;
	struct str *seen;
	yyjson_obj_iter members;
	yyjson_val *key;
	size_t count = 0;

	if (!value)
		return true;
	if (!yyjson_is_obj(value) || yyjson_obj_size(value) > LIMIT_POLICY_CONDITION_KEYS)
		return false;
	seen = arena_array(arena, struct str, yyjson_obj_size(value));
	members = yyjson_obj_iter_with(value);
	while ((key = yyjson_obj_iter_next(&members))) {
		yyjson_val *keys = yyjson_obj_iter_get_val(key);
		if (is_one_of(json_text(key), seen, count) || !yyjson_is_obj(keys))
			return false;
		seen[count++] = json_text(key);
		/* IAM accepts an unknown operator with an empty block. */
		if (!condition_operator_parse(json_text(key), &comparison) &&
		    yyjson_obj_size(keys) > 0)
			return false;
		if (!are_keys(arena, keys))
			return false;
	}
	return true;
}

static bool has_both(yyjson_val *statement, const char *name, const char *other)
{
	return json_member(statement, name) && json_member(statement, other);
}

static bool is_effect(yyjson_val *value)
{
	return str_equal_nocase(json_text(value), STR("Allow")) ||
	       str_equal_nocase(json_text(value), STR("Deny"));
}

static bool is_statement(struct arena *arena, yyjson_val *statement)
{
	static const struct str names[] = {
		STR_INIT("Sid"),	  STR_INIT("Effect"),	   STR_INIT("Principal"),
		STR_INIT("NotPrincipal"), STR_INIT("Action"),	   STR_INIT("NotAction"),
		STR_INIT("Resource"),	  STR_INIT("NotResource"), STR_INIT("Condition"),
	};

	return yyjson_is_obj(statement) &&
	       has_only(statement, names, sizeof(names) / sizeof(names[0])) &&
	       !has_both(statement, "Action", "NotAction") &&
	       !has_both(statement, "Resource", "NotResource") &&
	       !has_both(statement, "Principal", "NotPrincipal") &&
	       is_text_or_none(json_member(statement, "Sid")) &&
	       is_effect(json_member(statement, "Effect")) &&
	       are_texts(json_member(statement, "Action")) &&
	       are_texts(json_member(statement, "NotAction")) &&
	       are_texts(json_member(statement, "Resource")) &&
	       are_texts(json_member(statement, "NotResource")) &&
	       is_principal(json_member(statement, "Principal")) &&
	       is_principal(json_member(statement, "NotPrincipal")) &&
	       is_condition(arena, json_member(statement, "Condition"));
}

static bool check_syntax(struct checker *checker, struct str text)
{
	static const struct str names[] = {STR_INIT("Version"), STR_INIT("Id"),
					   STR_INIT("Statement")};
	struct policy_document *document = checker->document;
	yyjson_val *root;

	if (text.size > LIMIT_POLICY_DOCUMENT_SIZE ||
	    json_parse_limited(checker->arena, text, LIMIT_POLICY_VALUES, &root) != ERR_OK)
		return refuse(checker, checker->kind == POLICY_TRUST
					       ? STR("This policy contains invalid Json")
					       : syntax_errors);
	if (!yyjson_is_obj(root) || !has_only(root, names, 3) ||
	    !is_text_or_none(json_member(root, "Id")) ||
	    !is_text_or_none(json_member(root, "Version")))
		return refuse(checker, syntax_errors);
	struct str version = json_text(json_member(root, "Version"));
	document->has_variables = str_equal(version, STR("2012-10-17"));
	if (version.data && !document->has_variables && !str_equal(version, STR("2008-10-17")))
		return refuse(checker, syntax_errors);
	yyjson_val *statements = json_member(root, "Statement");
	document->statement_count = policy_item_count(statements);
	if (document->statement_count == 0)
		return refuse(checker, syntax_errors);
	document->statements = arena_array(checker->arena, yyjson_val *, document->statement_count);
	yyjson_arr_iter items = yyjson_arr_iter_with(statements);
	for (size_t i = 0; i < document->statement_count; i++) {
		document->statements[i] =
			yyjson_is_arr(statements) ? yyjson_arr_iter_next(&items) : statements;
		if (!is_statement(checker->arena, document->statements[i]))
			return refuse(checker, syntax_errors);
	}
	return true;
}

static bool check_version(struct checker *checker)
{
	if (checker->kind == POLICY_MANAGED && !checker->document->has_variables)
		return refuse(checker,
			      STR("Policy document must be version 2012-10-17 or greater."));
	return true;
}

/* Checks that all values can be converted to their operator's type. */
static bool check_values(struct checker *checker, yyjson_val *statement)
{
	struct store scratch = {.arena = checker->arena};
	union condition_value value;
	struct condition_operator comparison;
	size_t i, j, k, operator_count, key_count;
	yyjson_val *name, *keys, *key, *values;
	yyjson_val *operators = json_member(statement, "Condition");

	if (!operators)
		return true;
	yyjson_obj_foreach(operators, i, operator_count, name, keys) {
		if (!condition_operator_parse(json_text(name), &comparison))
			continue;
		yyjson_obj_foreach(keys, j, key_count, key, values)
			for (k = 0; k < policy_item_count(values); k++)
				if (!condition_value_compile(
					    &scratch, &comparison,
					    policy_value_text(checker->arena,
							      policy_item(values, k)),
					    checker->document->has_variables, &value))
					return refuse(checker, legacy);
	}
	return true;
}

/* Partition, service and rest, as written; data NULL: absent. */
struct resource_parts {
	struct str arn, partition, service, region, account, rest;
};

static struct resource_parts split_resource(struct str text)
{
	struct resource_parts parts = {.rest = text};

	parts.arn = str_cut(&parts.rest, ':');
	if (parts.rest.data)
		parts.partition = str_cut(&parts.rest, ':');
	if (parts.rest.data)
		parts.service = str_cut(&parts.rest, ':');
	if (parts.rest.data)
		parts.region = str_cut(&parts.rest, ':');
	if (parts.rest.data)
		parts.account = str_cut(&parts.rest, ':');
	return parts;
}

static struct str or_any(struct str text)
{
	return text.data ? text : STR("*");
}

static bool is_partition(struct str text)
{
	return str_equal(text, STR("aws")) || str_starts(text, STR("aws-")) ||
	       str_find_char(text, '*', 0) != SIZE_MAX || str_find_char(text, '?', 0) != SIZE_MAX ||
	       str_find(text, STR("${"), 0) != SIZE_MAX;
}

static bool is_iam_path(struct str path)
{
	static const struct str starts[] = {
		STR_INIT("user/"),
		STR_INIT("federated-user/"),
		STR_INIT("role/"),
		STR_INIT("group/"),
		STR_INIT("instance-profile/"),
		STR_INIT("mfa/"),
		STR_INIT("server-certificate/"),
		STR_INIT("policy/"),
		STR_INIT("sms-mfa/"),
		STR_INIT("saml-provider/"),
		STR_INIT("oidc-provider/"),
		STR_INIT("report/"),
		STR_INIT("access-report/"),
		STR_INIT("root"),
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (str_starts(path, starts[i]))
			return true;
	return str_find_char(path, '*', 0) != SIZE_MAX || str_find_char(path, '?', 0) != SIZE_MAX;
}

/* data NULL: no problem. */
static struct str resource_problem(struct arena *arena, struct str text)
{
	struct resource_parts parts = split_resource(text);

	if (str_equal(text, STR("*")))
		return (struct str){0};
	if (!parts.partition.data)
		return arena_format(arena, "Resource %.*s must be in ARN format or \"*\".",
				    STR_ARG(text));
	if (!is_partition(parts.partition)) {
		struct str service = or_any(parts.service), region = or_any(parts.region),
			   account = or_any(parts.account), rest = or_any(parts.rest);
		return arena_format(arena,
				    "Partition \"%.*s\" is not valid for resource "
				    "\"arn:%.*s:%.*s:%.*s:%.*s:%.*s\".",
				    STR_ARG(parts.partition), STR_ARG(parts.partition),
				    STR_ARG(service), STR_ARG(region), STR_ARG(account),
				    STR_ARG(rest));
	}
	if (!parts.service.data)
		return STR("Resource vendor must be fully qualified and cannot contain regexes.");
	if (str_equal(parts.service, STR("iam")) && parts.region.size > 0)
		return arena_format(arena, "IAM resource %.*s cannot contain region information.",
				    STR_ARG(text));
	if (str_equal(parts.service, STR("s3")) && parts.region.size > 0 && parts.account.data &&
	    parts.account.size == 0)
		return arena_format(arena, "Resource %.*s can not contain region information.",
				    STR_ARG(text));
	if (str_equal(parts.service, STR("iam")) && parts.rest.data && !is_iam_path(parts.rest))
		return STR("IAM resource path must either be \"*\" or start with user/, "
			   "federated-user/, role/, group/, instance-profile/, mfa/, "
			   "server-certificate/, policy/, sms-mfa/, saml-provider/, "
			   "oidc-provider/, report/, access-report/.");
	return (struct str){0};
}

static bool is_identity(const struct checker *checker)
{
	return checker->kind == POLICY_IDENTITY || checker->kind == POLICY_MANAGED;
}

static yyjson_val *one_of(yyjson_val *statement, const char *name, const char *other)
{
	yyjson_val *value = json_member(statement, name);

	return value ? value : json_member(statement, other);
}

/* Refuses incomplete ARNs, as IAM's older parser does. */
static bool check_legacy_resources(struct checker *checker, yyjson_val *statement)
{
	yyjson_val *value = one_of(statement, "Resource", "NotResource");

	for (size_t i = 0; i < policy_item_count(value); i++)
		if (resource_problem(checker->arena, json_text(policy_item(value, i))).data)
			return true; /* which is reported later */
	for (size_t i = 0; i < policy_item_count(value); i++) {
		struct str text = json_text(policy_item(value, i));
		struct resource_parts parts = split_resource(text);
		if (str_equal(text, STR("*")))
			continue;
		if (parts.service.size == 0 ||
		    (!parts.rest.data && str_find(text, STR("::"), 0) != SIZE_MAX))
			return refuse(checker, legacy);
	}
	return true;
}

static bool check_legacy(struct checker *checker)
{
	struct policy_document *document = checker->document;

	for (size_t i = 0; i < document->statement_count; i++) {
		struct str effect = json_text(json_member(document->statements[i], "Effect"));
		if (!str_equal(effect, STR("Allow")) && !str_equal(effect, STR("Deny")))
			return refuse(checker, legacy);
		if (!check_values(checker, document->statements[i]))
			return false;
	}
	for (size_t i = 0; is_identity(checker) && i < document->statement_count; i++)
		if (!check_legacy_resources(checker, document->statements[i]))
			return false;
	return true;
}

static bool is_alphanumeric(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
			return false;
	}
	return true;
}

static bool is_same_text(const void *value, const void *key)
{
	return str_equal(*(const struct str *)value, *(const struct str *)key);
}

/* Keeps `sid`, which must stay where it is. */
static bool check_sid(struct checker *checker, struct map *seen, struct str *sid)
{
	uint64_t hash = str_hash(*sid);

	if (map_find(seen, hash, is_same_text, sid))
		return refuse(checker,
			      STR("Statement IDs (SID) in a single policy must be unique."));
	map_insert(seen, hash, sid);
	if (checker->kind != POLICY_RESOURCE && !is_alphanumeric(*sid))
		return refuse(checker, STR("Statement IDs (SID) must be alpha-numeric. Check that "
					   "your input satisfies the regular expression "
					   "[0-9A-Za-z]*"));
	return true;
}

static bool check_sids(struct checker *checker)
{
	struct policy_document *document = checker->document;
	struct str *sids = arena_array(checker->arena, struct str, document->statement_count);
	struct map seen = {0};
	bool are_right = true;

	for (size_t i = 0; i < document->statement_count && are_right; i++) {
		sids[i] = json_text(json_member(document->statements[i], "Sid"));
		if (sids[i].size > 0)
			are_right = check_sid(checker, &seen, &sids[i]);
	}
	map_done(&seen);
	return are_right;
}

static bool check_principal_text(struct checker *checker, struct str type, struct str text)
{
	struct policy_principal principal;

	if (str_equal(type, STR("AWS")) ? policy_principal_parse(text, &principal) : text.size > 0)
		return true;
	return refuse(checker,
		      arena_format(checker->arena, "Invalid principal in policy: \"%.*s\":\"%.*s\"",
				   STR_ARG(type), STR_ARG(text)));
}

static bool check_principal(struct checker *checker, yyjson_val *statement)
{
	yyjson_val *value = one_of(statement, "Principal", "NotPrincipal");
	yyjson_val *type, *texts;
	size_t i, count, total = 0;

	if (is_identity(checker))
		return !value ||
		       refuse(checker, STR("Policy document should not specify a principal."));
	if (!value)
		return refuse(checker, STR("Missing required field Principal"));
	if (checker->kind == POLICY_TRUST && json_member(statement, "NotPrincipal"))
		return refuse(checker,
			      STR("AssumeRole policy must not contain NotPrincipal field."));
	if (yyjson_is_str(value))
		return true;
	yyjson_obj_foreach(value, i, count, type, texts) {
		for (size_t j = 0; j < policy_item_count(texts); j++)
			if (!check_principal_text(checker, json_text(type),
						  json_text(policy_item(texts, j))))
				return false;
		total += policy_item_count(texts);
	}
	return total > 0 ||
	       refuse(checker, STR("Missing required field Principal cannot be empty!"));
}

static bool check_elements(struct checker *checker)
{
	struct policy_document *document = checker->document;
	bool is_trust = checker->kind == POLICY_TRUST;

	for (size_t i = 0; i < document->statement_count; i++)
		if (!check_principal(checker, document->statements[i]))
			return false;
	for (size_t i = 0; i < document->statement_count; i++)
		if (policy_item_count(one_of(document->statements[i], "Action", "NotAction")) == 0)
			return refuse(checker, is_trust ? STR("Missing required field Action")
							: STR("Policy statement must contain "
							      "actions."));
	return true;
}

/* The last check: an action without a vendor is named before a resource that is missing. */
static bool check_resources_exist(struct checker *checker)
{
	struct policy_document *document = checker->document;
	bool is_trust = checker->kind == POLICY_TRUST;

	for (size_t i = 0; i < document->statement_count; i++) {
		yyjson_val *statement = document->statements[i];
		yyjson_val *resources = one_of(statement, "Resource", "NotResource");
		if (is_trust && resources)
			return refuse(checker, json_member(statement, "Resource")
						       ? STR("Has prohibited field Resource")
						       : STR("AssumeRole policy must not contain "
							     "resources."));
		if (!is_trust && policy_item_count(resources) == 0)
			return refuse(checker, STR("Policy statement must contain resources."));
	}
	return true;
}

static bool check_resources(struct checker *checker, yyjson_val *statement)
{
	yyjson_val *value = one_of(statement, "Resource", "NotResource");

	for (size_t i = 0; is_identity(checker) && i < policy_item_count(value); i++) {
		struct str problem =
			resource_problem(checker->arena, json_text(policy_item(value, i)));
		if (problem.data)
			return refuse(checker, problem);
	}
	return true;
}

static bool is_vendor(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		struct str c = str_slice(text, i, 1);
		if (!is_alphanumeric(c) && c.data[0] != '-' && c.data[0] != '.')
			return false;
	}
	return true;
}

struct str policy_lower(struct arena *arena, struct str text)
{
	char *out = arena_bytes(arena, text.size);

	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	return str_of(out, text.size);
}

/* True for an action that a trust policy may name, or a pattern of "sts:" that matches one. */
static bool is_assume_role_action(struct arena *arena, struct str text)
{
	static const struct str actions[] = {
		STR_INIT("sts:assumerole"), STR_INIT("sts:assumerolewithsaml"),
		STR_INIT("sts:setcontext"), STR_INIT("sts:assumerolewithwebidentity"),
		STR_INIT("sts:tagsession"), STR_INIT("sts:setsourceidentity"),
	};
	struct policy_steps steps = {.left = LIMIT_POLICY_STEPS};
	struct policy_request request = {.steps = &steps};
	struct store scratch = {.arena = arena};
	struct pattern pattern;

	if (!str_equal_nocase(str_slice(text, 0, 4), STR("sts:")) ||
	    !pattern_compile(&scratch, policy_lower(arena, text),
			     (struct pattern_syntax){.has_wildcards = true}, &pattern))
		return false;
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (pattern_matches(&pattern, actions[i], &request))
			return true;
	return false;
}

static bool check_action(struct checker *checker, struct str text)
{
	struct str rest = text;
	struct str vendor = str_cut(&rest, ':');

	if (!rest.data && !str_equal(text, STR("*")))
		return refuse(checker, STR("Actions/Conditions must be prefaced by a vendor, "
					   "e.g., iam, sdb, ec2, etc."));
	if (str_find_char(rest, ':', 0) != SIZE_MAX)
		return refuse(checker, STR("Actions/Condition can contain only one colon."));
	if (!str_equal(vendor, STR("*")) && !is_vendor(vendor))
		return refuse(checker, arena_format(checker->arena, "Vendor %.*s is not valid",
						    STR_ARG(vendor)));
	if (checker->kind == POLICY_TRUST && !is_assume_role_action(checker->arena, text))
		return refuse(checker, STR("AssumeRole policy may only specify STS AssumeRole "
					   "actions."));
	return true;
}

static bool check_actions(struct checker *checker, yyjson_val *statement)
{
	yyjson_val *value = one_of(statement, "Action", "NotAction");

	for (size_t i = 0; i < policy_item_count(value); i++)
		if (!check_action(checker, json_text(policy_item(value, i))))
			return false;
	return true;
}

static bool check_texts(struct checker *checker)
{
	struct policy_document *document = checker->document;

	for (size_t i = 0; i < document->statement_count; i++)
		if (!check_resources(checker, document->statements[i]))
			return false;
	for (size_t i = 0; i < document->statement_count; i++)
		if (!check_actions(checker, document->statements[i]))
			return false;
	return true;
}

enum err policy_check(struct arena *arena, struct str text, enum policy_kind kind,
		      struct policy_document *out_document, struct str *out_problem)
{
	struct policy_document document = {0};
	struct checker checker = {.arena = arena, .kind = kind, .document = &document};

	if (check_syntax(&checker, text) && check_version(&checker) && check_legacy(&checker) &&
	    check_sids(&checker) && check_elements(&checker) && check_texts(&checker) &&
	    check_resources_exist(&checker)) {
		*out_document = document;
		return ERR_OK;
	}
	*out_problem = checker.problem;
	return ERR_INVALID;
}
