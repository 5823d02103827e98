/* SPDX-License-Identifier: MIT */
/* tags: TagResource, UntagResource, ListResourceTags. */
#include "services/kms/tags.h"

#include "core/page.h"
#include "core/tags.h"
#include "services/kms/change.h"
#include "services/kms/list.h"
#include "services/kms/use.h"

static enum err check_tags(struct call *call, const struct kms_tag *tags, size_t count)
{
	if (count > LIMIT_KMS_TAGS)
		return fail(call, &KMS_TAG, "Too many tags");
	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			if (str_equal(tags[i].tag_key, tags[j].tag_key))
				return fail(call, &KMS_TAG, "Duplicate tag keys");
	for (size_t i = 0; i < count; i++)
		if (str_equal_nocase(str_slice(tags[i].tag_key, 0, 4), STR("aws:")))
			return fail(call, &KMS_TAG, "Tags beginning with aws: are reserved");
	return ERR_OK;
}

enum err kms_tags_merge(struct call *call, struct kms_key *draft, const struct kms_tag *tags,
			size_t count)
{
	enum err err = check_tags(call, tags, count);
	if (err)
		return err;
	struct tag_set set = tag_set_copy(call->arena, draft->tags, draft->tag_count, count);
	for (size_t i = 0; i < count; i++)
		tag_set_put(&set, tags[i].tag_key, tags[i].tag_value);
	if (set.count > LIMIT_KMS_TAGS)
		return fail(call, &KMS_TAG, "Too many tags");
	draft->tags = set.tags;
	draft->tag_count = set.count;
	return ERR_OK;
}

/* Sets the condition keys of the request's tags. */
static void set_request_tags(struct call *call, const struct kms_tag *tags, size_t count)
{
	struct shape_pair *pairs = arena_array(call->arena, struct shape_pair, count);

	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct shape_pair){tags[i].tag_key, tags[i].tag_value};
	call_set_request_tags(call, pairs, count);
}

enum err kms_tag_resource(struct call *call, const struct kms_tag_resource_in *in,
			  struct kms_tag_resource_out *out)
{
	const struct kms_key *key;

	(void)out;
	set_request_tags(call, in->tags, in->tags_count);
	enum err err = kms_managed_key(call, in->key_id, STR("kms:TagResource"), false, &key);
	if (!err)
		err = kms_check_own(call, key, STR("kms:TagResource"));
	if (!err)
		err = kms_check_not_deleted(call, key);
	if (err)
		return err;
	struct kms_key draft = kms_key_draft(key);
	err = kms_tags_merge(call, &draft, in->tags, in->tags_count);
	return err ? err : kms_key_change(call->core, &draft);
}

enum err kms_untag_resource(struct call *call, const struct kms_untag_resource_in *in,
			    struct kms_untag_resource_out *out)
{
	const struct kms_key *key;

	(void)out;
	call_set_request_tag_keys(call, in->tag_keys, in->tag_keys_count);
	enum err err = kms_managed_key(call, in->key_id, STR("kms:UntagResource"), false, &key);
	if (!err)
		err = kms_check_own(call, key, STR("kms:UntagResource"));
	if (!err)
		err = kms_check_not_deleted(call, key);
	if (err)
		return err;
	struct kms_key draft = kms_key_draft(key);
	struct tag_set set = tag_set_copy(call->arena, draft.tags, draft.tag_count, 0);
	for (size_t i = 0; i < in->tag_keys_count; i++)
		tag_set_remove(&set, in->tag_keys[i]);
	draft.tags = set.tags;
	draft.tag_count = set.count;
	return kms_key_change(call->core, &draft);
}

enum err kms_list_resource_tags(struct call *call, const struct kms_list_resource_tags_in *in,
				struct kms_list_resource_tags_out *out)
{
	const struct kms_key *key;
	struct kms_page page;

	enum err err = kms_managed_key(call, in->key_id, STR("kms:ListResourceTags"), false, &key);
	if (!err)
		err = kms_page_begin(call, in->has_limit, in->limit, in->marker, &page);
	if (err)
		return err;
	out->tags = arena_array(call->arena, struct kms_tag, key->tag_count);
	out->has_truncated = true;
	for (size_t i = 0; i < key->tag_count && !out->truncated; i++) {
		if (page.after.size > 0 && str_compare(key->tags[i].key, page.after) <= 0)
			continue;
		if (out->tags_count == page.limit) {
			out->truncated = true;
			out->next_marker = page_token_make(call, key->tags[i - 1].key);
			break;
		}
		out->tags[out->tags_count++] =
			(struct kms_tag){key->tags[i].key, key->tags[i].value};
	}
	return ERR_OK;
}
