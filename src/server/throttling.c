/* SPDX-License-Identifier: MIT */
/* throttling: own rules stand first, since they are for a call in place of AWS's. */
#include "server/throttling.h"

#include <stdio.h>

#include "base/arn.h"
#include "format/json.h"

static bool complain(struct str *out_problem, const char *text)
{
	*out_problem = str_from(text);
	return false;
}

static bool read_actions(struct arena *arena, yyjson_val *list, struct throttle_rule *rule,
			 struct str *out_problem)
{
	size_t count = yyjson_arr_size(list);
	struct str *actions = arena_array(arena, struct str, count);
	yyjson_val *item;
	size_t i, most;

	if (count == 0)
		return complain(out_problem, "\"actions\" must be a list such as [\"sqs:*\"]");
	yyjson_arr_foreach(list, i, most, item) {
		if (!yyjson_is_str(item) || json_text(item).size == 0)
			return complain(out_problem, "each of \"actions\" must be text");
		actions[i] = json_text(item);
	}
	rule->actions = actions;
	rule->action_count = count;
	return true;
}

static bool read_scope(struct str text, struct throttle_rule *rule, struct str *out_problem)
{
	if (str_equal(text, STR("account")))
		rule->scope = THROTTLE_ACCOUNT;
	else if (str_equal(text, STR("resource")))
		rule->scope = THROTTLE_RESOURCE;
	else
		return complain(out_problem, "\"per\" must be \"account\" or \"resource\"");
	return true;
}

static bool read_member(struct arena *arena, struct str name, yyjson_val *value,
			struct throttle_rule *rule, struct str *out_problem)
{
	double number = yyjson_get_num(value);

	if (str_equal(name, STR("actions")))
		return read_actions(arena, value, rule, out_problem);
	if (str_equal(name, STR("per")))
		return read_scope(yyjson_is_str(value) ? json_text(value) : STR(""), rule,
				  out_problem);
	if (str_equal(name, STR("account"))) {
		if (!yyjson_is_str(value) || !arn_is_account(json_text(value)))
			return complain(out_problem, "\"account\" must have 12 digits");
		rule->account = json_text(value);
	} else if (str_equal(name, STR("shared"))) {
		if (!yyjson_is_bool(value))
			return complain(out_problem, "\"shared\" must be true or false");
		rule->is_shared = yyjson_get_bool(value);
	} else if (str_equal(name, STR("rate"))) {
		if (!yyjson_is_num(value) || !(number >= 0.001 && number <= LIMIT_THROTTLE_RATE))
			return complain(
				out_problem,
				"\"rate\" must be a number from 0.001 to 1000000, a second");
		rule->rate_milli = (int64_t)(number * 1000);
	} else if (str_equal(name, STR("burst"))) {
		if (!yyjson_is_num(value) || !(number >= 1 && number <= LIMIT_THROTTLE_RATE))
			return complain(out_problem,
					"\"burst\" must be a number from 1 to 1000000");
		rule->burst = (int64_t)number;
	} else {
		return complain(out_problem, "a rule has \"actions\", \"rate\", \"burst\", "
					     "\"per\", \"account\" and \"shared\", nothing else");
	}
	return true;
}

/* Without a burst a bucket holds what a second brings. */
static bool read_rule(struct arena *arena, yyjson_val *object, struct throttle_rule *rule,
		      struct str *out_problem)
{
	yyjson_val *key, *value;
	size_t i, most;

	if (!yyjson_is_obj(object))
		return complain(out_problem, "each rule must be an object");
	yyjson_obj_foreach(object, i, most, key, value) {
		if (!read_member(arena, json_text(key), value, rule, out_problem))
			return false;
	}
	if (rule->action_count == 0)
		return complain(out_problem, "a rule needs \"actions\"");
	if (rule->rate_milli == 0)
		return complain(out_problem, "a rule needs a \"rate\"");
	if (rule->burst == 0)
		rule->burst = rule->rate_milli < 1000 ? 1 : rule->rate_milli / 1000;
	return true;
}

static bool is_served(struct str pattern, const struct service *const *services,
		      size_t service_count)
{
	for (size_t i = 0; i < service_count; i++)
		for (uint32_t j = 0; j < services[i]->operation_count; j++)
			if (throttle_matches(pattern, services[i]->operations[j].action))
				return true;
	return false;
}

/* A misspelt action would silently limit nothing. */
static bool check_actions(struct arena *arena, const struct throttle_rule *rule,
			  const struct service *const *services, size_t service_count,
			  struct str *out_problem)
{
	for (size_t i = 0; i < rule->action_count; i++) {
		if (is_served(rule->actions[i], services, service_count))
			continue;
		*out_problem =
			arena_format(arena, "no operation is \"%.*s\"", STR_ARG(rule->actions[i]));
		return false;
	}
	return true;
}

/* No rules if the configuration has none; there is room for `room` more behind them. */
static bool read_rules(struct arena *arena, struct str config, size_t room,
		       struct throttle_rule **out_rules, size_t *out_count, struct str *out_problem)
{
	yyjson_val *root = NULL, *item;
	size_t i, most;

	if (config.size > 0 && json_parse(arena, config, &root) != ERR_OK)
		return complain(out_problem, "the file is no JSON");
	yyjson_val *list = json_member(root, "throttle-rules");
	if (list && !yyjson_is_arr(list))
		return complain(out_problem, "it must be a list");
	*out_count = yyjson_arr_size(list);
	if (*out_count > LIMIT_THROTTLE_RULES)
		return complain(out_problem, "there are more than 256 rules");
	*out_rules = arena_array(arena, struct throttle_rule, *out_count + room);
	yyjson_arr_foreach(list, i, most, item) {
		if (!read_rule(arena, item, &(*out_rules)[i], out_problem))
			return false;
	}
	return true;
}

bool throttling_open(const struct settings *settings, const struct service *const *services,
		     size_t service_count, struct throttle **out_throttle, char *problem,
		     size_t size)
{
	size_t count, aws_count;
	struct throttle_rule *rules;
	struct arena arena;
	struct str text;

	arena_init(&arena);
	const struct throttle_rule *aws =
		throttle_aws_rules(&arena, services, service_count, &aws_count);
	*out_throttle = NULL;
	bool is_read = read_rules(&arena, settings->config_text, aws_count, &rules, &count, &text);
	for (size_t i = 0; is_read && i < count; i++)
		is_read = check_actions(&arena, &rules[i], services, service_count, &text);
	if (!is_read)
		snprintf(problem, size, "the configuration %.*s: \"throttle-rules\": %.*s",
			 STR_ARG(settings->config), STR_ARG(text));
	if (settings->throttle != THROTTLE_AWS)
		aws_count = 0;
	for (size_t i = 0; is_read && i < aws_count; i++)
		rules[count + i] = aws[i];
	if (is_read && count + aws_count > 0)
		*out_throttle =
			throttle_new(rules, count + aws_count, count, services, service_count);
	arena_done(&arena);
	return is_read;
}
