/* SPDX-License-Identifier: MIT */
/* rules: PutRule, DescribeRule, EnableRule, DisableRule, DeleteRule and their lists. */
#include "core/limit/quota.h"
#include "match/event_pattern.h"
#include "schedule/schedule.h"
#include "services/events/change.h"
#include "services/events/list.h"
#include "services/events/place.h"
#include "services/events/role.h"

/* ---- PutRule ---- */

static enum err check_pattern(struct call *call, struct str text)
{
	struct event_pattern pattern;
	struct str problem;

	if (!text.data)
		return ERR_OK;
	enum err err = event_pattern_parse(call->arena, PATTERN_EVENTS, text, &pattern, &problem);
	if (!err)
		return ERR_OK;
	return fail(call, &EVENTS_INVALID_EVENT_PATTERN, "Event pattern is not valid. Reason: %.*s",
		    STR_ARG(problem));
}

static enum err check_schedule(struct call *call, struct str text, struct str bus)
{
	struct schedule schedule;

	if (!text.data)
		return ERR_OK;
	if (!str_equal(bus, STR("default")))
		return fail(call, &EVENTS_VALIDATION,
			    "ScheduleExpression is supported only on the default event bus.");
	if (schedule_parse(text, SCHEDULE_RULES, &schedule) != ERR_OK)
		return fail(call, &EVENTS_VALIDATION, "Parameter ScheduleExpression is not valid.");
	return ERR_OK;
}

static enum err check_quota(struct call *call, const struct events_place *place)
{
	struct events_registry *registry = events_of(call->core)->registry;
	int64_t most = quota_most(call->core->quotas, QUOTA_EVENTS_RULES);
	size_t count =
		events_registry_count_rules(registry, place->account, place->region, place->name);

	if (events_registry_rule_total(registry) >= LIMIT_EVENTS_RULES_SERVER) {
		quota_log_server_limit(STR("rules"), LIMIT_EVENTS_RULES_SERVER);
		most = 0;
	}
	if ((int64_t)count < most)
		return ERR_OK;
	return fail(call, &EVENTS_LIMIT_EXCEEDED,
		    "The requested resource exceeds the maximum number allowed.");
}

static enum err check_rule(struct call *call, const struct events_put_rule_in *in,
			   const struct events_place *place, const struct events_bus_rule *old)
{
	if (!in->event_pattern.size && !in->schedule_expression.size)
		return fail(call, &EVENTS_VALIDATION,
			    "Parameter(s) EventPattern or ScheduleExpression must be specified.");
	enum err err = old ? events_refuse_managed(call, old, false) : check_quota(call, place);
	if (!err)
		err = check_pattern(call, in->event_pattern);
	if (!err)
		err = check_schedule(call, in->schedule_expression, place->name);
	if (!err && in->role_arn.data)
		err = events_pass_role(call, in->role_arn,
				       events_rule_arn(call->arena, place, in->name));
	return err;
}

static struct str text_or_none(struct str text)
{
	return text.size > 0 ? text : (struct str){0};
}

/* A rule is replaced as a whole, but for its targets and tags. */
static struct events_bus_rule draft_of(struct call *call, const struct events_put_rule_in *in,
				       const struct events_place *place,
				       const struct events_bus_rule *old)
{
	struct events_bus_rule draft = {
		.account = place->account,
		.region = place->region,
		.bus = place->name,
		.name = in->name,
		.arn = events_rule_arn(call->arena, place, in->name),
		.created_by = call->principal->account,
		.created_ms = call->now_ms,
	};

	if (old)
		draft = events_rule_draft(old);
	draft.pattern = text_or_none(in->event_pattern);
	draft.schedule = text_or_none(in->schedule_expression);
	draft.description = text_or_none(in->description);
	draft.role_arn = text_or_none(in->role_arn);
	draft.state = in->state.data ? in->state : STR("ENABLED");
	return draft;
}

enum err events_put_rule(struct call *call, const struct events_put_rule_in *in,
			 struct events_put_rule_out *out)
{
	const struct events_bus_rule *old;
	struct events_place place;

	events_set_request_tags(call, in->tags, in->tags_count);
	enum err err = events_place_of_call(call, in->event_bus_name, &place);
	if (!err)
		err = events_authorize_rule(call, STR("events:PutRule"), &place, in->name, &old);
	if (!err)
		err = check_rule(call, in, &place, old);
	if (err)
		return err;
	struct events_bus_rule draft = draft_of(call, in, &place, old);
	if (!old)
		err = events_merge_tags(call, NULL, 0, in->tags, in->tags_count, &draft.tags,
					&draft.tag_count);
	if (!err)
		err = events_rule_change(call->core, &draft, call->now_ms);
	if (!err)
		out->rule_arn = draft.arn;
	return err;
}

/* ---- state ---- */

static enum err set_state(struct call *call, struct str action, struct str bus, struct str name,
			  struct str state)
{
	const struct events_bus_rule *rule;

	enum err err = events_rule_of_call(call, action, bus, name, &rule);
	if (!err)
		err = events_refuse_managed(call, rule, false);
	if (err)
		return err;
	struct events_bus_rule draft = events_rule_draft(rule);
	draft.state = state;
	return events_rule_change(call->core, &draft, call->now_ms);
}

enum err events_enable_rule(struct call *call, const struct events_enable_rule_in *in,
			    struct events_enable_rule_out *out)
{
	(void)out;
	return set_state(call, STR("events:EnableRule"), in->event_bus_name, in->name,
			 STR("ENABLED"));
}

enum err events_disable_rule(struct call *call, const struct events_disable_rule_in *in,
			     struct events_disable_rule_out *out)
{
	(void)out;
	return set_state(call, STR("events:DisableRule"), in->event_bus_name, in->name,
			 STR("DISABLED"));
}

enum err events_delete_rule(struct call *call, const struct events_delete_rule_in *in,
			    struct events_delete_rule_out *out)
{
	const struct events_bus_rule *rule;
	struct events_place place;

	(void)out;
	enum err err = events_place_of_call(call, in->event_bus_name, &place);
	if (!err)
		err = events_authorize_rule(call, STR("events:DeleteRule"), &place, in->name,
					    &rule);
	if (err)
		return err;
	if (!rule)
		return ERR_OK; /* as AWS */
	err = events_refuse_managed(call, rule, in->force);
	if (err)
		return err;
	if (rule->target_count > 0)
		return fail(call, &EVENTS_VALIDATION,
			    "Rule can't be deleted since it has targets.");
	return events_rule_delete(call->core, rule);
}

/* ---- reading ---- */

enum err events_describe_rule(struct call *call, const struct events_describe_rule_in *in,
			      struct events_describe_rule_out *out)
{
	const struct events_bus_rule *rule;

	enum err err = events_rule_of_call(call, STR("events:DescribeRule"), in->event_bus_name,
					   in->name, &rule);
	if (err)
		return err;
	out->name = rule->name;
	out->arn = rule->arn;
	out->event_pattern = rule->pattern;
	out->schedule_expression = rule->schedule;
	out->state = rule->state;
	out->description = rule->description;
	out->role_arn = rule->role_arn;
	out->managed_by = rule->managed_by;
	out->event_bus_name = rule->bus;
	out->created_by = rule->created_by;
	return ERR_OK;
}

struct rule_list {
	struct events_page page;
	struct str target; /* ARN that the rules have as a target; data NULL: any */
	struct events_rule *items;
	size_t count;
};

static struct str copy(struct arena *arena, struct str text)
{
	return text.data ? arena_copy(arena, text) : text;
}

static bool has_target(const struct events_bus_rule *rule, struct str arn)
{
	if (!arn.data)
		return true;
	for (size_t i = 0; i < rule->target_count; i++)
		if (str_equal(rule->targets[i].arn, arn))
			return true;
	return false;
}

static bool add_rule(void *context, const struct events_bus_rule *rule)
{
	struct rule_list *list = context;
	struct arena *arena = list->page.call->arena;

	if (!has_target(rule, list->target))
		return true;
	enum events_page_step step = events_page_step(&list->page, rule->name);
	if (step == EVENTS_PAGE_TAKE)
		list->items[list->count++] = (struct events_rule){
			.name = list->page.last,
			.arn = copy(arena, rule->arn),
			.event_pattern = copy(arena, rule->pattern),
			.state = copy(arena, rule->state),
			.description = copy(arena, rule->description),
			.schedule_expression = copy(arena, rule->schedule),
			.role_arn = copy(arena, rule->role_arn),
			.managed_by = copy(arena, rule->managed_by),
			.event_bus_name = copy(arena, rule->bus),
		};
	return step != EVENTS_PAGE_STOP;
}

static enum err list_rules(struct call *call, struct str action, struct str bus,
			   struct rule_list *list)
{
	struct events_place place;

	enum err err = events_place_of_call(call, bus, &place);
	if (!err)
		err = events_authorize_bus(call, action, &place);
	if (err)
		return err;
	list->items = arena_array(call->arena, struct events_rule, list->page.most);
	events_registry_each_rule(events_of(call->core)->registry, place.account, place.region,
				  place.name, events_page_from(&list->page), add_rule, list);
	return ERR_OK;
}

enum err events_list_rules(struct call *call, const struct events_list_rules_in *in,
			   struct events_list_rules_out *out)
{
	struct rule_list list = {0};

	enum err err = events_page_begin(call, in->has_limit, in->limit, in->next_token,
					 in->name_prefix, &list.page);
	if (!err)
		err = list_rules(call, STR("events:ListRules"), in->event_bus_name, &list);
	if (err)
		return err;
	out->rules = list.items;
	out->rules_count = list.count;
	out->next_token = events_page_token(&list.page);
	return ERR_OK;
}

enum err events_list_rule_names_by_target(struct call *call,
					  const struct events_list_rule_names_by_target_in *in,
					  struct events_list_rule_names_by_target_out *out)
{
	struct rule_list list = {.target = in->target_arn};

	enum err err = events_page_begin(call, in->has_limit, in->limit, in->next_token, STR(""),
					 &list.page);
	if (!err)
		err = list_rules(call, STR("events:ListRuleNamesByTarget"), in->event_bus_name,
				 &list);
	if (err)
		return err;
	out->rule_names = arena_array(call->arena, struct str, list.count);
	for (size_t i = 0; i < list.count; i++)
		out->rule_names[i] = list.items[i].name;
	out->rule_names_count = list.count;
	out->next_token = events_page_token(&list.page);
	return ERR_OK;
}
