/* SPDX-License-Identifier: MIT */
/* alarm_call: see the header. */
#include "services/cloudwatch/alarm_call.h"

#include "base/arn.h"
#include "core/tags.h"

enum { TAGS_MAX = 50 };

enum err cloudwatch_alarm_authorize(struct call *call, struct str action, struct str name,
				    const struct cloudwatch_alarm *alarm)
{
	struct resource resource = {
		.arn = arn_make(call->arena, STR("cloudwatch"), call->region, call->account,
				arena_format(call->arena, "alarm:%.*s", STR_ARG(name))),
		.account = call->account,
		.tags = alarm ? alarm->tags : NULL,
		.tag_count = alarm ? alarm->tag_count : 0,
	};

	return call_authorize(call, action, &resource);
}

static void release(const void *alarm)
{
	cloudwatch_alarm_release(alarm);
}

const struct cloudwatch_alarm *cloudwatch_alarm_of_call(struct call *call, struct str name)
{
	const struct cloudwatch_alarm *alarm = cloudwatch_alarm_find(
		cloudwatch_alarms_of(call->core), call->account, call->region, name);

	if (alarm)
		call_on_end(call, (call_end_fn)release, alarm);
	return alarm;
}

enum err cloudwatch_check_actions(struct call *call, const struct str *arns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct arn arn;

		if (!arn_parse(arns[i], &arn))
			return fail(call, &CLOUDWATCH_VALIDATION, "Invalid arn syntax: %.*s",
				    STR_ARG(arns[i]));
		if (!str_equal(arn.region, call->region))
			return fail(call, &CLOUDWATCH_VALIDATION,
				    "Invalid region %.*s specified. Only %.*s is supported.",
				    STR_ARG(arn.region), STR_ARG(call->region));
	}
	return ERR_OK;
}

enum err cloudwatch_read_tags(struct call *call, const struct cloudwatch_tag *tags, size_t count,
			      const struct shape_pair **out_tags)
{
	struct tag_set set = tag_set_copy(call->arena, NULL, 0, count);

	if (count > TAGS_MAX)
		return fail(call, &CLOUDWATCH_VALIDATION, "The maximum number of tags is %d.",
			    TAGS_MAX);
	for (size_t i = 0; i < count; i++) {
		tag_set_put(&set, tags[i].key, tags[i].value);
		if (set.count != i + 1)
			return fail(call, &CLOUDWATCH_VALIDATION, "Duplicate tag keys found: %.*s",
				    STR_ARG(tags[i].key));
	}
	call_set_request_tags(call, set.tags, set.count);
	*out_tags = set.tags;
	return ERR_OK;
}
