/* SPDX-License-Identifier: MIT */
/* buses: CreateEventBus, DeleteEventBus, UpdateEventBus, DescribeEventBus, ListEventBuses. */
#include <string.h>

#include "core/limit/quota.h"
#include "core/policies.h"
#include "services/events/change.h"
#include "services/events/encrypt.h"
#include "services/events/list.h"
#include "services/events/place.h"

/* ---- what answers show ---- */

static struct events_dead_letter_config *show_dead_letter(struct arena *arena,
							  const struct events_bus *bus)
{
	struct events_dead_letter_config *config;

	if (!bus->dead_letter_arn.data)
		return NULL;
	config = arena_new(arena, struct events_dead_letter_config);
	config->arn = bus->dead_letter_arn;
	return config;
}

static struct events_log_config *show_log(struct arena *arena, const struct events_bus *bus)
{
	struct events_log_config *config;

	if (!bus->log_detail.data && !bus->log_level.data)
		return NULL;
	config = arena_new(arena, struct events_log_config);
	config->include_detail = bus->log_detail;
	config->level = bus->log_level;
	return config;
}

static struct str show_policy(struct call *call, const struct events_bus *bus)
{
	if (!bus->policy)
		return (struct str){0};
	return policies_show(call, policy_text(bus->policy), policy_names(bus->policy));
}

/* ---- settings ---- */

static enum err check_dead_letter(struct call *call, struct str arn_text)
{
	struct arn arn;

	if (arn_parse(arn_text, &arn) && str_equal(arn.service, STR("sqs")) &&
	    str_equal(arn.region, call->region))
		return ERR_OK;
	return fail(
		call, &EVENTS_VALIDATION,
		"Parameter DeadLetterConfig.Arn is not valid. Reason: the dead-letter queue must "
		"be an SQS queue of the same region.");
}

/* An empty text takes the setting away. */
static struct str setting(struct str text)
{
	return text.size > 0 ? text : (struct str){0};
}

static enum err set_dead_letter(struct call *call, const struct events_dead_letter_config *config,
				struct events_bus *draft)
{
	if (!config)
		return ERR_OK;
	enum err err = config->arn.size > 0 ? check_dead_letter(call, config->arn) : ERR_OK;
	if (!err)
		draft->dead_letter_arn = setting(config->arn);
	return err;
}

static void set_log(const struct events_log_config *config, struct events_bus *draft)
{
	if (!config)
		return;
	draft->log_detail = config->include_detail;
	draft->log_level = config->level;
}

/* ---- operations ---- */

static enum err check_new(struct call *call, const struct events_create_event_bus_in *in,
			  const struct events_place *place)
{
	struct events_registry *registry = events_of(call->core)->registry;
	int64_t most = quota_most(call->core->quotas, QUOTA_EVENTS_BUSES);

	if (in->event_source_name.data)
		return fail(call, &EVENTS_RESOURCE_NOT_FOUND, "Event source %.*s does not exist.",
			    STR_ARG(in->event_source_name));
	if (str_find_char(in->name, '/', 0) != SIZE_MAX)
		return fail(call, &EVENTS_VALIDATION,
			    "Event bus name must not contain '/', which only partner event buses "
			    "have.");
	if (place->bus)
		return fail(call, &EVENTS_RESOURCE_ALREADY_EXISTS, "Event bus %.*s already exists.",
			    STR_ARG(in->name));
	if (events_registry_bus_total(registry) >= LIMIT_EVENTS_BUSES_SERVER) {
		quota_log_server_limit(STR("event buses"), LIMIT_EVENTS_BUSES_SERVER);
		most = 0;
	}
	if ((int64_t)events_registry_count_buses(registry, place->account, place->region) >= most)
		return fail(call, &EVENTS_LIMIT_EXCEEDED,
			    "The requested resource exceeds the maximum number allowed.");
	return ERR_OK;
}

static enum err authorize_new(struct call *call, const struct events_place *place, struct str arn)
{
	struct resource resource = {.arn = arn, .account = place->account};

	return call_authorize(call, STR("events:CreateEventBus"), &resource);
}

enum err events_create_event_bus(struct call *call, const struct events_create_event_bus_in *in,
				 struct events_create_event_bus_out *out)
{
	struct events_place place;

	events_set_request_tags(call, in->tags, in->tags_count);
	enum err err = events_place_of_call(call, in->name, &place);
	if (err)
		return err;
	struct events_bus draft = {
		.account = place.account,
		.region = place.region,
		.name = place.name,
		.arn = arn_make(call->arena, STR("events"), place.region, place.account,
				arena_format(call->arena, "event-bus/%.*s", STR_ARG(place.name))),
		.description = setting(in->description),
		.kms_key = setting(in->kms_key_identifier),
		.created_ms = call->now_ms,
		.modified_ms = call->now_ms,
	};
	set_log(in->log_config, &draft);
	err = authorize_new(call, &place, draft.arn);
	if (!err)
		err = check_new(call, in, &place);
	if (!err)
		err = set_dead_letter(call, in->dead_letter_config, &draft);
	if (!err)
		err = events_key_check(call, draft.kms_key);
	if (!err)
		err = events_merge_tags(call, NULL, 0, in->tags, in->tags_count, &draft.tags,
					&draft.tag_count);
	if (!err)
		err = events_bus_change(call->core, &draft);
	if (err)
		return err;
	out->event_bus_arn = draft.arn;
	out->description = draft.description;
	out->kms_key_identifier = draft.kms_key;
	out->dead_letter_config = show_dead_letter(call->arena, &draft);
	out->log_config = show_log(call->arena, &draft);
	return ERR_OK;
}

enum err events_delete_event_bus(struct call *call, const struct events_delete_event_bus_in *in,
				 struct events_delete_event_bus_out *out)
{
	struct events_registry *registry = events_of(call->core)->registry;
	struct events_place place;

	(void)out;
	enum err err = events_place_of_call(call, in->name, &place);
	if (err)
		return err;
	struct resource resource = {
		.arn = arn_make(call->arena, STR("events"), place.region, place.account,
				arena_format(call->arena, "event-bus/%.*s", STR_ARG(place.name))),
		.account = place.account,
		.policy = place.bus ? place.bus->policy : NULL,
		.tags = place.bus ? place.bus->tags : NULL,
		.tag_count = place.bus ? place.bus->tag_count : 0,
	};
	err = call_authorize(call, STR("events:DeleteEventBus"), &resource);
	if (err)
		return err;
	if (str_equal(place.name, STR("default")))
		return fail(call, &EVENTS_VALIDATION, "Cannot delete event bus default.");
	if (!place.has_record)
		return ERR_OK; /* as AWS */
	if (events_registry_count_rules(registry, place.account, place.region, place.name) > 0)
		return fail(call, &EVENTS_VALIDATION,
			    "EventBus can't be deleted since it has rules.");
	return events_bus_delete(call->core, place.bus);
}

enum err events_update_event_bus(struct call *call, const struct events_update_event_bus_in *in,
				 struct events_update_event_bus_out *out)
{
	struct events_place place;

	enum err err = events_place_of_call(call, in->name, &place);
	if (!err)
		err = events_authorize_bus(call, STR("events:UpdateEventBus"), &place);
	if (err)
		return err;
	struct events_bus draft = events_bus_draft(place.bus);
	if (in->description.data)
		draft.description = setting(in->description);
	if (in->kms_key_identifier.data)
		draft.kms_key = setting(in->kms_key_identifier);
	set_log(in->log_config, &draft);
	err = set_dead_letter(call, in->dead_letter_config, &draft);
	if (!err)
		err = events_key_check(call, in->kms_key_identifier);
	if (err)
		return err;
	draft.modified_ms = call->now_ms;
	if (draft.created_ms == 0)
		draft.created_ms = call->now_ms;
	err = events_bus_change(call->core, &draft);
	if (err)
		return err;
	out->arn = draft.arn;
	out->name = draft.name;
	out->description = draft.description;
	out->kms_key_identifier = draft.kms_key;
	out->dead_letter_config = show_dead_letter(call->arena, &draft);
	out->log_config = show_log(call->arena, &draft);
	return ERR_OK;
}

enum err events_describe_event_bus(struct call *call, const struct events_describe_event_bus_in *in,
				   struct events_describe_event_bus_out *out)
{
	struct events_place place;

	enum err err = events_place_of_call(call, in->name, &place);
	if (!err)
		err = events_authorize_bus(call, STR("events:DescribeEventBus"), &place);
	if (err)
		return err;
	const struct events_bus *bus = place.bus;
	out->name = bus->name;
	out->arn = bus->arn;
	out->description = bus->description;
	out->kms_key_identifier = bus->kms_key;
	out->dead_letter_config = show_dead_letter(call->arena, bus);
	out->log_config = show_log(call->arena, bus);
	out->policy = show_policy(call, bus);
	out->creation_time = bus->created_ms;
	out->last_modified_time = bus->modified_ms;
	out->has_creation_time = place.has_record;
	out->has_last_modified_time = place.has_record;
	return ERR_OK;
}

/* ---- ListEventBuses ---- */

struct bus_list {
	struct events_page page;
	struct events_event_bus *items;
	size_t count;
	bool has_default;
};

static void show_bus(struct bus_list *list, const struct events_bus *bus, bool has_record)
{
	struct call *call = list->page.call;

	list->items[list->count++] = (struct events_event_bus){
		.name = arena_copy(call->arena, bus->name),
		.arn = arena_copy(call->arena, bus->arn),
		.description = bus->description.data ? arena_copy(call->arena, bus->description)
						     : (struct str){0},
		.policy = show_policy(call, bus),
		.creation_time = bus->created_ms,
		.has_creation_time = has_record,
		.last_modified_time = bus->modified_ms,
		.has_last_modified_time = has_record,
	};
}

static bool take_bus(struct bus_list *list, const struct events_bus *bus, bool has_record)
{
	enum events_page_step step = events_page_step(&list->page, bus->name);

	if (step == EVENTS_PAGE_TAKE)
		show_bus(list, bus, has_record);
	return step != EVENTS_PAGE_STOP;
}

/* The default bus has its place in the order of names even if it has no record. */
static bool add_default(struct bus_list *list)
{
	struct call *call = list->page.call;
	struct events_bus bus = events_default_bus(call->arena, call->account, call->region);

	list->has_default = true;
	if (!str_starts(bus.name, list->page.prefix))
		return true;
	return take_bus(list, &bus, false);
}

static bool add_bus(void *context, const struct events_bus *bus)
{
	struct bus_list *list = context;
	int order = str_compare(bus->name, STR("default"));

	if (order > 0 && !list->has_default && !add_default(list))
		return false;
	if (order == 0)
		list->has_default = true;
	return take_bus(list, bus, true);
}

enum err events_list_event_buses(struct call *call, const struct events_list_event_buses_in *in,
				 struct events_list_event_buses_out *out)
{
	struct bus_list list = {0};

	enum err err = call_authorize_any(call, STR("events:ListEventBuses"));
	if (!err)
		err = events_page_begin(call, in->has_limit, in->limit, in->next_token,
					in->name_prefix, &list.page);
	if (err)
		return err;
	list.items = arena_array(call->arena, struct events_event_bus, list.page.most);
	events_registry_each_bus(events_of(call->core)->registry, call->account, call->region,
				 events_page_from(&list.page), add_bus, &list);
	if (!list.has_default && !list.page.has_more)
		(void)add_default(&list); /* the last one */
	out->event_buses = list.items;
	out->event_buses_count = list.count;
	out->next_token = events_page_token(&list.page);
	return ERR_OK;
}
