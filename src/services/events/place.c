/* SPDX-License-Identifier: MIT */
/* place: see place.h. */
#include "services/events/place.h"

#include "core/tags.h"
#include "services/events/change.h"

static void release_bus(void *bus)
{
	events_bus_release(bus);
}

static void release_rule(void *rule)
{
	events_rule_release(rule);
}

/* False if it is no ARN of a bus. */
static bool read_arn(struct str text, struct events_place *place)
{
	struct str prefix = STR("event-bus/");
	struct arn arn;

	if (!arn_parse(text, &arn) || !str_equal(arn.service, STR("events")) ||
	    !str_starts(arn.resource, prefix))
		return false;
	place->account = arn.account;
	place->region = arn.region;
	place->name = str_slice(arn.resource, prefix.size, SIZE_MAX);
	return true;
}

static enum err no_bus(struct call *call, struct str name)
{
	return fail(call, &EVENTS_RESOURCE_NOT_FOUND, "Event bus %.*s does not exist.",
		    STR_ARG(name));
}

enum err events_place_of_call(struct call *call, struct str name_or_arn,
			      struct events_place *out_place)
{
	struct events_place place = {
		.account = call->account,
		.region = call->region,
		.name = name_or_arn.data ? name_or_arn : STR("default"),
	};

	if (str_starts(place.name, STR("arn:")) && !read_arn(name_or_arn, &place))
		return fail(call, &EVENTS_VALIDATION, "Parameter EventBusName is not valid.");
	place.bus = events_registry_find_bus(events_of(call->core)->registry, place.account,
					     place.region, place.name);
	if (place.bus) {
		place.has_record = true;
		call_on_end(call, release_bus, place.bus);
	} else if (str_equal(place.name, STR("default")) &&
		   str_equal(place.account, call->account)) {
		struct events_bus *bus = arena_new(call->arena, struct events_bus);
		*bus = events_default_bus(call->arena, place.account, place.region);
		place.bus = bus;
	}
	*out_place = place;
	return ERR_OK;
}

/* A bus of another region does not exist here. */
static enum err check_region(struct call *call, const struct events_place *place)
{
	if (place->bus && str_equal(place->region, call->region))
		return ERR_OK;
	return no_bus(call, place->name);
}

static enum err authorize_bus(struct call *call, struct str action,
			      const struct events_place *place)
{
	const struct events_bus *bus = place->bus;
	struct resource resource = {
		.arn = arn_make(call->arena, STR("events"), place->region, place->account,
				arena_format(call->arena, "event-bus/%.*s", STR_ARG(place->name))),
		.account = place->account,
		.policy = bus ? bus->policy : NULL,
		.tags = bus ? bus->tags : NULL,
		.tag_count = bus ? bus->tag_count : 0,
	};

	return call_authorize(call, action, &resource);
}

enum err events_authorize_bus(struct call *call, struct str action,
			      const struct events_place *place)
{
	enum err err = authorize_bus(call, action, place);
	return err ? err : check_region(call, place);
}

enum err events_authorize_put(struct call *call, const struct events_place *place)
{
	return authorize_bus(call, STR("events:PutEvents"), place);
}

struct str events_rule_arn(struct arena *arena, const struct events_place *place, struct str name)
{
	bool is_default = str_equal(place->name, STR("default"));
	struct str resource = is_default ? arena_format(arena, "rule/%.*s", STR_ARG(name))
					 : arena_format(arena, "rule/%.*s/%.*s",
							STR_ARG(place->name), STR_ARG(name));

	return arn_make(arena, STR("events"), place->region, place->account, resource);
}

static void add_key(struct call *call, struct str name, struct str value)
{
	struct str *values = arena_new(call->arena, struct str);

	*values = value;
	call_add_key(call, name, values, 1);
}

enum err events_authorize_rule(struct call *call, struct str action,
			       const struct events_place *place, struct str name,
			       const struct events_bus_rule **out_rule)
{
	struct resource resource = {
		.arn = events_rule_arn(call->arena, place, name),
		.account = place->account,
		.policy = place->bus ? place->bus->policy : NULL,
	};
	const struct events_bus_rule *rule = events_registry_find_rule(
		events_of(call->core)->registry, place->account, place->region, place->name, name);

	if (rule) {
		call_on_end(call, release_rule, rule);
		resource.tags = rule->tags;
		resource.tag_count = rule->tag_count;
		add_key(call, STR("events:creatorAccount"), rule->created_by);
		if (rule->managed_by.data)
			add_key(call, STR("events:ManagedBy"), rule->managed_by);
	}
	enum err err = call_authorize(call, action, &resource);
	if (!err)
		err = check_region(call, place);
	if (!err)
		*out_rule = rule;
	return err;
}

enum err events_no_rule(struct call *call, struct str name, struct str bus)
{
	return fail(call, &EVENTS_RESOURCE_NOT_FOUND, "Rule %.*s does not exist on EventBus %.*s.",
		    STR_ARG(name), STR_ARG(bus));
}

enum err events_rule_of_call(struct call *call, struct str action, struct str bus, struct str name,
			     const struct events_bus_rule **out_rule)
{
	const struct events_bus_rule *rule;
	struct events_place place;

	enum err err = events_place_of_call(call, bus, &place);
	if (!err)
		err = events_authorize_rule(call, action, &place, name, &rule);
	if (err)
		return err;
	if (!rule)
		return events_no_rule(call, name, place.name);
	*out_rule = rule;
	return ERR_OK;
}

enum err events_refuse_managed(struct call *call, const struct events_bus_rule *rule,
			       bool is_forced)
{
	if (!rule->managed_by.data || is_forced)
		return ERR_OK;
	return fail(call, &EVENTS_MANAGED_RULE, "Rule %.*s is managed by %.*s.",
		    STR_ARG(rule->name), STR_ARG(rule->managed_by));
}

/* ---- tags ---- */

void events_set_request_tags(struct call *call, const struct events_tag *tags, size_t count)
{
	struct shape_pair *pairs = arena_array(call->arena, struct shape_pair, count);

	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct shape_pair){tags[i].key, tags[i].value};
	call_set_request_tags(call, pairs, count);
}

enum err events_merge_tags(struct call *call, const struct shape_pair *tags, size_t count,
			   const struct events_tag *added, size_t added_count,
			   const struct shape_pair **out_tags, size_t *out_count)
{
	struct tag_set set = tag_set_copy(call->arena, tags, count, added_count);

	for (size_t i = 0; i < added_count; i++) {
		if (str_equal_nocase(str_slice(added[i].key, 0, 4), STR("aws:")))
			return fail(call, &EVENTS_VALIDATION,
				    "Tag keys that begin with aws: are reserved.");
		tag_set_put(&set, added[i].key, added[i].value);
	}
	if (set.count > LIMIT_EVENTS_TAGS)
		return fail(call, &EVENTS_LIMIT_EXCEEDED,
			    "The requested resource exceeds the maximum number allowed.");
	*out_tags = set.tags;
	*out_count = set.count;
	return ERR_OK;
}
