/* SPDX-License-Identifier: MIT */
/* tags: TagResource, UntagResource, ListTagsForResource of event buses and rules. */
#include "core/tags.h"

#include "services/events/change.h"
#include "services/events/place.h"

/* A resource with tags; one of bus and rule is there. */
struct tagged {
	struct events_place place;
	const struct events_bus_rule *rule;
	const struct shape_pair *tags;
	size_t tag_count;
};

static enum err not_valid(struct call *call)
{
	return fail(call, &EVENTS_VALIDATION, "Parameter ResourceARN is not valid.");
}

/* "rule/name" or "rule/bus/name", where the name of the bus may have slashes. */
static enum err find_rule(struct call *call, struct str action, const struct arn *arn,
			  struct tagged *out)
{
	struct str path = str_slice(arn->resource, 5, SIZE_MAX), bus = STR("default"), name = path;

	for (size_t i = path.size; i > 0; i--) {
		if (path.data[i - 1] == '/') {
			bus = str_slice(path, 0, i - 1);
			name = str_slice(path, i, SIZE_MAX);
			break;
		}
	}
	struct str bus_arn = arn_make(call->arena, STR("events"), arn->region, arn->account,
				      arena_format(call->arena, "event-bus/%.*s", STR_ARG(bus)));
	enum err err = events_place_of_call(call, bus_arn, &out->place);
	if (!err)
		err = events_authorize_rule(call, action, &out->place, name, &out->rule);
	if (err)
		return err;
	if (!out->rule)
		return events_no_rule(call, name, bus);
	out->tags = out->rule->tags;
	out->tag_count = out->rule->tag_count;
	return ERR_OK;
}

static enum err find(struct call *call, struct str action, struct str resource_arn,
		     struct tagged *out)
{
	struct arn arn;

	*out = (struct tagged){0};
	if (!arn_parse(resource_arn, &arn) || !str_equal(arn.service, STR("events")))
		return not_valid(call);
	if (str_starts(arn.resource, STR("rule/")))
		return find_rule(call, action, &arn, out);
	if (!str_starts(arn.resource, STR("event-bus/")))
		return not_valid(call);
	enum err err = events_place_of_call(call, resource_arn, &out->place);
	if (!err)
		err = events_authorize_bus(call, action, &out->place);
	if (err)
		return err;
	out->tags = out->place.bus->tags;
	out->tag_count = out->place.bus->tag_count;
	return ERR_OK;
}

static enum err change(struct call *call, const struct tagged *tagged,
		       const struct shape_pair *tags, size_t count)
{
	if (tagged->rule) {
		struct events_bus_rule draft = events_rule_draft(tagged->rule);
		draft.tags = tags;
		draft.tag_count = count;
		return events_rule_change(call->core, &draft, call->now_ms);
	}
	struct events_bus draft = events_bus_draft(tagged->place.bus);
	draft.tags = tags;
	draft.tag_count = count;
	if (draft.created_ms == 0) {
		draft.created_ms = call->now_ms;
		draft.modified_ms = call->now_ms;
	}
	return events_bus_change(call->core, &draft);
}

enum err events_tag_resource(struct call *call, const struct events_tag_resource_in *in,
			     struct events_tag_resource_out *out)
{
	const struct shape_pair *tags;
	struct tagged tagged;
	size_t count;

	(void)out;
	events_set_request_tags(call, in->tags, in->tags_count);
	enum err err = find(call, STR("events:TagResource"), in->resource_arn, &tagged);
	if (!err)
		err = events_merge_tags(call, tagged.tags, tagged.tag_count, in->tags,
					in->tags_count, &tags, &count);
	return err ? err : change(call, &tagged, tags, count);
}

enum err events_untag_resource(struct call *call, const struct events_untag_resource_in *in,
			       struct events_untag_resource_out *out)
{
	struct tagged tagged;

	(void)out;
	call_set_request_tag_keys(call, in->tag_keys, in->tag_keys_count);
	enum err err = find(call, STR("events:UntagResource"), in->resource_arn, &tagged);
	if (err)
		return err;
	struct tag_set set = tag_set_copy(call->arena, tagged.tags, tagged.tag_count, 0);
	for (size_t i = 0; i < in->tag_keys_count; i++)
		tag_set_remove(&set, in->tag_keys[i]);
	return change(call, &tagged, set.tags, set.count);
}

enum err events_list_tags_for_resource(struct call *call,
				       const struct events_list_tags_for_resource_in *in,
				       struct events_list_tags_for_resource_out *out)
{
	struct tagged tagged;

	enum err err = find(call, STR("events:ListTagsForResource"), in->resource_arn, &tagged);
	if (err)
		return err;
	out->tags = arena_array(call->arena, struct events_tag, tagged.tag_count);
	for (size_t i = 0; i < tagged.tag_count; i++)
		out->tags[i] = (struct events_tag){tagged.tags[i].key, tagged.tags[i].value};
	out->tags_count = tagged.tag_count;
	return ERR_OK;
}
