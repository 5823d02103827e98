/* SPDX-License-Identifier: MIT */
/* tags: TagResource, UntagResource, ListTagsForResource. */
#include "services/sns/tags.h"

#include "core/authorize.h"
#include "core/tags.h"
#include "services/sns/change.h"

static bool has_duplicates(const struct sns_tag *tags, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (str_equal(tags[i].key, tags[j].key))
				return true;
	return false;
}

enum err sns_tags_merge(struct call *call, struct topic *draft, const struct sns_tag *tags,
			size_t count)
{
	struct tag_set set;

	/* The first bound is for the search for duplicates. */
	if (count > LIMIT_QUEUE_TAGS)
		return fail(call, &SNS_TAG_LIMIT_EXCEEDED,
			    "Could not complete request: tag quota of per resource exceeded");
	if (has_duplicates(tags, count))
		return sns_invalid(call, "Duplicated keys are not allowed.");
	set = tag_set_copy(call->arena, draft->tags, draft->tag_count, count);
	for (size_t i = 0; i < count; i++) {
		if (str_starts(tags[i].key, STR("aws:")))
			return sns_invalid(call, "Tag keys that begin with aws: are reserved");
		tag_set_put(&set, tags[i].key, tags[i].value);
	}
	if (set.count > LIMIT_QUEUE_TAGS)
		return fail(call, &SNS_TAG_LIMIT_EXCEEDED,
			    "Could not complete request: tag quota of per resource exceeded");
	draft->tags = set.tags;
	draft->tag_count = set.count;
	return ERR_OK;
}

bool sns_tags_are(const struct topic *topic, const struct sns_tag *tags, size_t count)
{
	size_t same = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < topic->tag_count; j++)
			same += str_equal(tags[i].key, topic->tags[j].key) &&
				str_equal(tags[i].value, topic->tags[j].value);
	return same == count && topic->tag_count == count;
}

void sns_tags_request(struct call *call, const struct sns_tag *tags, size_t count)
{
	struct shape_pair *pairs = arena_array(call->arena, struct shape_pair, count);

	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct shape_pair){tags[i].key, tags[i].value};
	call_set_request_tags(call, pairs, count);
}

/* Only topics have tags. */
static enum err find_topic(struct call *call, struct str arn, const struct topic **out_topic)
{
	enum err err = sns_topic_find(call, "ResourceArn", arn, out_topic);

	if (!err && !*out_topic)
		return fail(call, &SNS_RESOURCE_NOT_FOUND, "Resource does not exist");
	return err;
}

enum err sns_tag_resource(struct call *call, const struct sns_tag_resource_in *in,
			  struct sns_tag_resource_out *out)
{
	const struct topic *topic;

	(void)out;
	sns_tags_request(call, in->tags, in->tags_count);
	enum err err = find_topic(call, in->resource_arn, &topic);
	if (err)
		return err;
	struct topic draft = sns_topic_draft(topic);
	err = sns_tags_merge(call, &draft, in->tags, in->tags_count);
	return err ? err : sns_topic_put(call->core, &draft);
}

enum err sns_untag_resource(struct call *call, const struct sns_untag_resource_in *in,
			    struct sns_untag_resource_out *out)
{
	const struct topic *topic;

	(void)out;
	call_set_request_tag_keys(call, in->tag_keys, in->tag_keys_count);
	enum err err = find_topic(call, in->resource_arn, &topic);
	if (err)
		return err;
	struct topic draft = sns_topic_draft(topic);
	struct tag_set set = tag_set_copy(call->arena, draft.tags, draft.tag_count, 0);
	for (size_t i = 0; i < in->tag_keys_count; i++)
		tag_set_remove(&set, in->tag_keys[i]);
	draft.tags = set.tags;
	draft.tag_count = set.count;
	return sns_topic_put(call->core, &draft);
}

enum err sns_list_tags_for_resource(struct call *call,
				    const struct sns_list_tags_for_resource_in *in,
				    struct sns_list_tags_for_resource_out *out)
{
	const struct topic *topic;

	enum err err = find_topic(call, in->resource_arn, &topic);
	if (err)
		return err;
	out->tags = arena_array(call->arena, struct sns_tag, topic->tag_count);
	for (size_t i = 0; i < topic->tag_count; i++)
		out->tags[i] = (struct sns_tag){topic->tags[i].key, topic->tags[i].value};
	out->tags_count = topic->tag_count;
	return ERR_OK;
}
