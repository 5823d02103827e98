/* SPDX-License-Identifier: MIT */
/* alarm_tags: TagResource, UntagResource, ListTagsForResource. */
#include "base/arn.h"
#include "core/tags.h"
#include "services/cloudwatch/alarm_call.h"
#include "services/cloudwatch/alarm_change.h"

enum { TAGS_MAX = 50 };

/* The alarm of an ARN, in the caller's account and region. */
static enum err find(struct call *call, struct str action, struct str resource_arn,
		     const struct cloudwatch_alarm **out_alarm)
{
	struct arn arn;

	if (!arn_parse(resource_arn, &arn) || !str_equal(arn.service, STR("cloudwatch")) ||
	    !str_starts(arn.resource, STR("alarm:")))
		return fail(call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			    "The value of ResourceARN is invalid.");
	struct str name = str_slice(arn.resource, 6, SIZE_MAX);
	bool is_own = str_equal(arn.account, call->account) && str_equal(arn.region, call->region);
	const struct cloudwatch_alarm *alarm = is_own ? cloudwatch_alarm_of_call(call, name) : NULL;
	struct resource resource = {
		.arn = resource_arn,
		.account = arn.account,
		.tags = alarm ? alarm->tags : NULL,
		.tag_count = alarm ? alarm->tag_count : 0,
	};
	enum err err = call_authorize(call, action, &resource);
	if (err)
		return err;
	if (!alarm)
		return fail(call, &CLOUDWATCH_RESOURCE_NOT_FOUND_EXCEPTION,
			    "The resource %.*s does not exist.", STR_ARG(resource_arn));
	*out_alarm = alarm;
	return ERR_OK;
}

static enum err change(struct call *call, const struct cloudwatch_alarm *alarm,
		       const struct tag_set *set)
{
	struct cloudwatch_alarm draft = cloudwatch_alarm_draft(alarm);
	struct cloudwatch_transition transition = {.before = alarm, .now = &draft};
	struct cloudwatch_metric_alarm none = {0};
	struct alarm_batch batch;

	draft.tags = set->tags;
	draft.tag_count = set->count;
	transition.metric = &none; /* the state stays, so nothing is told of it */
	alarm_batch_init(&batch);
	alarm_batch_put(call->core, &batch, &transition, false);
	return alarm_batch_commit(call->core, &batch);
}

enum err cloudwatch_tag_resource(struct call *call, const struct cloudwatch_tag_resource_in *in,
				 struct cloudwatch_tag_resource_out *out)
{
	const struct cloudwatch_alarm *alarm;
	const struct shape_pair *tags;

	(void)out;
	enum err err = cloudwatch_read_tags(call, in->tags, in->tags_count, &tags);
	if (!err)
		err = find(call, STR("cloudwatch:TagResource"), in->resource_arn, &alarm);
	if (err)
		return err;
	struct tag_set set =
		tag_set_copy(call->arena, alarm->tags, alarm->tag_count, in->tags_count);
	for (size_t i = 0; i < in->tags_count; i++)
		tag_set_put(&set, in->tags[i].key, in->tags[i].value);
	if (set.count > TAGS_MAX)
		return fail(call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			    "The maximum number of tags is %d.", TAGS_MAX);
	return change(call, alarm, &set);
}

enum err cloudwatch_untag_resource(struct call *call, const struct cloudwatch_untag_resource_in *in,
				   struct cloudwatch_untag_resource_out *out)
{
	const struct cloudwatch_alarm *alarm;

	(void)out;
	call_set_request_tag_keys(call, in->tag_keys, in->tag_keys_count);
	enum err err = find(call, STR("cloudwatch:UntagResource"), in->resource_arn, &alarm);
	if (err)
		return err;
	struct tag_set set = tag_set_copy(call->arena, alarm->tags, alarm->tag_count, 0);
	for (size_t i = 0; i < in->tag_keys_count; i++)
		tag_set_remove(&set, in->tag_keys[i]);
	return change(call, alarm, &set);
}

enum err cloudwatch_list_tags_for_resource(struct call *call,
					   const struct cloudwatch_list_tags_for_resource_in *in,
					   struct cloudwatch_list_tags_for_resource_out *out)
{
	const struct cloudwatch_alarm *alarm;

	enum err err = find(call, STR("cloudwatch:ListTagsForResource"), in->resource_arn, &alarm);
	if (err)
		return err;
	out->tags_count = alarm->tag_count;
	out->tags = arena_array(call->arena, struct cloudwatch_tag, alarm->tag_count);
	for (size_t i = 0; i < alarm->tag_count; i++)
		out->tags[i] = (struct cloudwatch_tag){.key = alarm->tags[i].key,
						       .value = alarm->tags[i].value};
	return ERR_OK;
}
