/* SPDX-License-Identifier: MIT */
/* tags: the operations by ARN, and the older ones by name, which do the same. */
#include "services/logs/tags.h"

#include "base/arn.h"
#include "core/authorize.h"
#include "core/tags.h"
#include "services/logs/change.h"
#include "services/logs/check.h"

enum err logs_merge_tags(struct call *call, struct logs_group *draft, const struct shape_pair *tags,
			 size_t count)
{
	struct tag_set set = tag_set_copy(call->arena, draft->tags, draft->tag_count, count);

	for (size_t i = 0; i < count; i++) {
		if (str_starts(tags[i].key, STR("aws:")))
			return fail(
				call, &LOGS_INVALID_PARAMETER,
				"aws: prefixed tag key names are not allowed for external use.");
		tag_set_put(&set, tags[i].key, tags[i].value);
	}
	if (set.count > LIMIT_LOG_TAGS)
		return fail(call, &LOGS_TOO_MANY_TAGS, "The maximum number of tags is %d.",
			    LIMIT_LOG_TAGS);
	draft->tags = set.tags;
	draft->tag_count = set.count;
	return ERR_OK;
}

static enum err tag(struct call *call, struct str action, struct str name,
		    const struct shape_pair *tags, size_t count)
{
	const struct logs_group *group;

	call_set_request_tags(call, tags, count);
	enum err err = logs_authorize_tags(call, action, name);
	if (!err)
		err = logs_group_of_call(call, name, &group);
	if (err)
		return err;
	struct logs_group draft = logs_group_draft(group);
	err = logs_merge_tags(call, &draft, tags, count);
	return err ? err : logs_group_change(call->core, &draft);
}

static enum err untag(struct call *call, struct str action, struct str name, const struct str *keys,
		      size_t count)
{
	const struct logs_group *group;

	call_set_request_tag_keys(call, keys, count);
	enum err err = logs_authorize_tags(call, action, name);
	if (!err)
		err = logs_group_of_call(call, name, &group);
	if (err)
		return err;
	struct logs_group draft = logs_group_draft(group);
	struct tag_set set = tag_set_copy(call->arena, draft.tags, draft.tag_count, 0);
	for (size_t i = 0; i < count; i++)
		tag_set_remove(&set, keys[i]);
	draft.tags = set.tags;
	draft.tag_count = set.count;
	return logs_group_change(call->core, &draft);
}

static enum err list(struct call *call, struct str action, struct str name,
		     struct shape_pair **out_tags, size_t *out_count)
{
	const struct logs_group *group;

	enum err err = logs_authorize_tags(call, action, name);
	if (!err)
		err = logs_group_of_call(call, name, &group);
	if (err)
		return err;
	*out_tags = arena_array(call->arena, struct shape_pair, group->tag_count);
	for (size_t i = 0; i < group->tag_count; i++)
		(*out_tags)[(*out_count)++] = group->tags[i];
	return ERR_OK;
}

/* The name of a group of the caller. */
static enum err name_of_arn(struct call *call, struct str action, struct str text,
			    struct str *out_name)
{
	struct arn arn;

	if (!logs_arn_parse(text, &arn, out_name)) {
		enum err err = logs_authorize_tags(call, action, STR(""));
		return err ? err
			   : fail(call, &LOGS_INVALID_PARAMETER,
				  "The resource %.*s is not a log group.", STR_ARG(text));
	}
	if (str_equal(arn.account, call->account) && str_equal(arn.region, call->region))
		return ERR_OK;
	struct resource resource = {.arn = text, .account = arn.account};
	enum err err = call_authorize(call, action, &resource);
	return err ? err
		   : fail(call, &LOGS_RESOURCE_NOT_FOUND,
			  "The specified log group does not exist.");
}

enum err logs_tag_resource(struct call *call, const struct logs_tag_resource_in *in,
			   struct logs_tag_resource_out *out)
{
	static const struct str action = STR_INIT("logs:TagResource");
	struct str name;

	(void)out;
	enum err err = name_of_arn(call, action, in->resource_arn, &name);
	return err ? err : tag(call, action, name, in->tags, in->tags_count);
}

enum err logs_tag_log_group(struct call *call, const struct logs_tag_log_group_in *in,
			    struct logs_tag_log_group_out *out)
{
	(void)out;
	return tag(call, STR("logs:TagLogGroup"), in->log_group_name, in->tags, in->tags_count);
}

enum err logs_untag_resource(struct call *call, const struct logs_untag_resource_in *in,
			     struct logs_untag_resource_out *out)
{
	static const struct str action = STR_INIT("logs:UntagResource");
	struct str name;

	(void)out;
	enum err err = name_of_arn(call, action, in->resource_arn, &name);
	return err ? err : untag(call, action, name, in->tag_keys, in->tag_keys_count);
}

enum err logs_untag_log_group(struct call *call, const struct logs_untag_log_group_in *in,
			      struct logs_untag_log_group_out *out)
{
	(void)out;
	return untag(call, STR("logs:UntagLogGroup"), in->log_group_name, in->tags, in->tags_count);
}

enum err logs_list_tags_for_resource(struct call *call,
				     const struct logs_list_tags_for_resource_in *in,
				     struct logs_list_tags_for_resource_out *out)
{
	static const struct str action = STR_INIT("logs:ListTagsForResource");
	struct str name;

	enum err err = name_of_arn(call, action, in->resource_arn, &name);
	return err ? err : list(call, action, name, &out->tags, &out->tags_count);
}

enum err logs_list_tags_log_group(struct call *call, const struct logs_list_tags_log_group_in *in,
				  struct logs_list_tags_log_group_out *out)
{
	return list(call, STR("logs:ListTagsLogGroup"), in->log_group_name, &out->tags,
		    &out->tags_count);
}
