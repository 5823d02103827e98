/* SPDX-License-Identifier: MIT */
/* filter_policy: the grammar first, then the limits, as AWS's parser reports them. */
#include "match/filter_policy.h"

#include "match/fields.h"

/* The combinations of a policy on bodies count each array once for each level of its path. */
static struct str find_limit_problem(const struct filter_policy *policy)
{
	const struct event_pattern *pattern = &policy->pattern;
	bool has_depths = policy->scope == FILTER_BODY;

	if (policy->scope == FILTER_ATTRIBUTES && pattern->is_nested)
		return STR("Filter policy scope MessageAttributes does not support nested filter "
			   "policy");
	if (pattern->top_keys > FILTER_KEYS_MAX)
		return STR("FilterPolicy: Filter policy can not have more than 5 keys");
	if (event_pattern_combinations(pattern, has_depths) > FILTER_COMBINATIONS_MAX)
		return STR("FilterPolicy: Filter policy is too complex");
	return (struct str){0};
}

static bool is_empty_object(struct arena *arena, struct str text)
{
	yyjson_val *root;

	return text.size < 64 && json_parse(arena, text, &root) == ERR_OK && yyjson_is_obj(root) &&
	       yyjson_obj_size(root) == 0;
}

enum err filter_policy_parse(struct arena *arena, enum filter_scope scope, struct str text,
			     struct filter_policy *out_policy, struct str *out_problem)
{
	struct filter_policy policy = {.scope = scope};
	struct str problem;

	policy.is_empty = is_empty_object(arena, text);
	if (policy.is_empty) {
		*out_policy = policy;
		return ERR_OK;
	}
	enum err err = event_pattern_parse(arena, PATTERN_SNS, text, &policy.pattern, &problem);
	if (err == ERR_TOOLARGE) {
		*out_problem = STR("FilterPolicy: Filter policy is too large");
		return ERR_INVALID;
	}
	if (err) {
		*out_problem = arena_join(arena, (struct str[]){STR("FilterPolicy: "), problem}, 2);
		return err;
	}
	problem = find_limit_problem(&policy);
	if (problem.data) {
		*out_problem = problem;
		return ERR_INVALID;
	}
	*out_policy = policy;
	return ERR_OK;
}

/* ---- messages ---- */

static bool is_type(struct str type, struct str name)
{
	return str_starts(type, name) && (type.size == name.size || type.data[name.size] == '.');
}

static enum err read_array(struct arena *arena, struct str text, yyjson_val **out_values)
{
	yyjson_val *root, *item;
	size_t index, count;

	if (json_parse_limited(arena, text, LIMIT_JSON_VALUES, &root) != ERR_OK ||
	    !yyjson_is_arr(root))
		return ERR_INVALID;
	yyjson_arr_foreach(root, index, count, item)
		if (yyjson_is_ctn(item))
			return ERR_INVALID;
	*out_values = root;
	return ERR_OK;
}

enum err filter_attributes_read(struct arena *arena, const struct filter_attribute *attributes,
				size_t count, struct match_attribute **out_attributes)
{
	struct match_attribute *out = arena_array(arena, struct match_attribute, count);

	for (size_t i = 0; i < count; i++) {
		const struct filter_attribute *attribute = &attributes[i];
		struct match_value *value = &out[i].value;
		out[i].name = attribute->name;
		if (str_equal(attribute->type, STR("String.Array"))) {
			enum err err = read_array(arena, attribute->value, &out[i].values);
			if (err)
				return err;
		} else if (is_type(attribute->type, STR("String"))) {
			value->kind = MATCH_STRING;
			value->text = attribute->value;
		} else if (is_type(attribute->type, STR("Number"))) {
			value->kind = MATCH_NUMBER;
			value->number = match_number_parse(arena, attribute->value);
		} else {
			value->kind = MATCH_OPAQUE;
		}
	}
	*out_attributes = out;
	return ERR_OK;
}

enum err filter_body_read(struct arena *arena, struct str body, yyjson_val **out_body)
{
	yyjson_val *root;

	if (json_parse_limited(arena, body, LIMIT_JSON_VALUES, &root) != ERR_OK ||
	    !yyjson_is_obj(root))
		return ERR_INVALID;
	*out_body = root;
	return ERR_OK;
}
