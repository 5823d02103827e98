/* SPDX-License-Identifier: MIT */
/* tags: kept sorted by key; keys that differ in case only are one. */
#include "core/tags.h"
#include "services/iam/common.h"
#include "services/iam/store.h"

void iam_ask_about_tags(struct call *call, const struct iam_tag *tags, size_t count)
{
	struct shape_pair *pairs = arena_array(call->arena, struct shape_pair, count);

	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct shape_pair){tags[i].key, tags[i].value};
	call_set_request_tags(call, pairs, count);
}

static enum err check_tags(struct call *call, const struct iam_tag *tags, size_t count)
{
	enum err err = ERR_OK;

	for (size_t i = 0; !err && i < count; i++)
		for (size_t j = 0; !err && j < i; j++)
			if (str_equal_nocase(tags[i].key, tags[j].key))
				err = fail(call, &IAM_INVALID_INPUT,
					   "Duplicate tag keys found. Please note that Tag keys "
					   "are case insensitive.");
	return err;
}

static struct tag_set copy_tags(struct call *call, const struct directory_entity *entity,
				size_t added)
{
	struct tag_set set = tag_set_copy(call->arena, entity->tags, entity->tag_count, added);

	set.ignores_case = true;
	return set;
}

enum err iam_tags_merge(struct call *call, struct directory_entity *draft,
			const struct iam_tag *tags, size_t count)
{
	struct tag_set set = copy_tags(call, draft, count);

	enum err err = check_tags(call, tags, count);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++)
		tag_set_put(&set, tags[i].key, tags[i].value);
	if (set.count > LIMIT_IAM_TAGS && draft->kind == DIRECTORY_OIDC_PROVIDER)
		return fail(call, &IAM_LIMIT_EXCEEDED,
			    "The number of tags has reached the maximum limit.");
	if (set.count > LIMIT_IAM_TAGS)
		return fail(call, &IAM_LIMIT_EXCEEDED, "Cannot exceed quota for TagsPerEntity: %d",
			    LIMIT_IAM_TAGS);
	draft->tags = set.tags;
	draft->tag_count = set.count;
	return ERR_OK;
}

struct iam_tag *iam_show_tags(struct call *call, const struct directory_entity *entity,
			      size_t *out_count)
{
	struct iam_tag *tags =
		entity->tag_count > 0 ? iam_array(call, struct iam_tag, entity->tag_count) : NULL;

	for (size_t i = 0; i < entity->tag_count; i++)
		tags[i] = (struct iam_tag){entity->tags[i].key, entity->tags[i].value};
	*out_count = entity->tag_count;
	return tags;
}

/* ---- operations ---- */

enum err iam_tag(struct call *call, const struct directory_entity *entity,
		 const struct iam_tag *tags, size_t count)
{
	struct directory_entity draft = directory_draft(entity);

	enum err err = iam_tags_merge(call, &draft, tags, count);
	return err ? err : iam_store_put(call->core, &draft);
}

enum err iam_untag(struct call *call, const struct directory_entity *entity, const struct str *keys,
		   size_t count)
{
	struct directory_entity draft = directory_draft(entity);
	struct tag_set set = copy_tags(call, entity, 0);

	for (size_t i = 0; i < count; i++)
		tag_set_remove(&set, keys[i]);
	draft.tags = set.tags;
	draft.tag_count = set.count;
	return iam_store_put(call->core, &draft);
}

static struct str tag_key_at(const void *tags, size_t index)
{
	return ((const struct iam_tag *)tags)[index].key;
}

struct iam_tag *iam_show_tag_page(struct call *call, const struct directory_entity *entity,
				  struct iam_page *page, size_t *out_count)
{
	size_t count;
	struct iam_tag *tags = iam_show_tags(call, entity, &count);

	*out_count = iam_page_cut(page, tags, count, tag_key_at);
	return tags ? tags + page->from : iam_array(call, struct iam_tag, 0);
}

/* ---- the operations of users, roles, policies and instance profiles ---- */

/* Opens the entity that a request names by name or ARN, with the operation's permission. */
typedef enum err (*open_fn)(struct call *call, struct str name,
			    const struct directory_entity **out_entity);

static enum err open_user(struct call *call, struct str name,
			  const struct directory_entity **out_entity)
{
	return iam_open(call, DIRECTORY_USER, name, out_entity);
}

static enum err open_role(struct call *call, struct str name,
			  const struct directory_entity **out_entity)
{
	return iam_open(call, DIRECTORY_ROLE, name, out_entity);
}

static enum err open_profile(struct call *call, struct str name,
			     const struct directory_entity **out_entity)
{
	return iam_open(call, DIRECTORY_INSTANCE_PROFILE, name, out_entity);
}

static enum err tag(struct call *call, open_fn open, struct str name, const struct iam_tag *tags,
		    size_t count)
{
	const struct directory_entity *entity;

	iam_ask_about_tags(call, tags, count);
	enum err err = open(call, name, &entity);
	return err ? err : iam_tag(call, entity, tags, count);
}

static enum err untag(struct call *call, open_fn open, struct str name, const struct str *keys,
		      size_t count)
{
	const struct directory_entity *entity;

	call_set_request_tag_keys(call, keys, count);
	enum err err = open(call, name, &entity);
	return err ? err : iam_untag(call, entity, keys, count);
}

static enum err list_tags(struct iam_page *page, open_fn open, struct str name,
			  struct iam_tag **out_tags, size_t *out_count)
{
	const struct directory_entity *entity;

	enum err err = open(page->call, name, &entity);
	if (!err)
		*out_tags = iam_show_tag_page(page->call, entity, page, out_count);
	return err;
}

enum err iam_tag_user(struct call *call, const struct iam_tag_user_in *in,
		      struct iam_tag_user_out *out)
{
	(void)out;
	return tag(call, open_user, in->user_name, in->tags, in->tags_count);
}

enum err iam_tag_role(struct call *call, const struct iam_tag_role_in *in,
		      struct iam_tag_role_out *out)
{
	(void)out;
	return tag(call, open_role, in->role_name, in->tags, in->tags_count);
}

enum err iam_tag_policy(struct call *call, const struct iam_tag_policy_in *in,
			struct iam_tag_policy_out *out)
{
	(void)out;
	return tag(call, iam_open_policy_to_change, in->policy_arn, in->tags, in->tags_count);
}

enum err iam_tag_instance_profile(struct call *call, const struct iam_tag_instance_profile_in *in,
				  struct iam_tag_instance_profile_out *out)
{
	(void)out;
	return tag(call, open_profile, in->instance_profile_name, in->tags, in->tags_count);
}

enum err iam_untag_user(struct call *call, const struct iam_untag_user_in *in,
			struct iam_untag_user_out *out)
{
	(void)out;
	return untag(call, open_user, in->user_name, in->tag_keys, in->tag_keys_count);
}

enum err iam_untag_role(struct call *call, const struct iam_untag_role_in *in,
			struct iam_untag_role_out *out)
{
	(void)out;
	return untag(call, open_role, in->role_name, in->tag_keys, in->tag_keys_count);
}

enum err iam_untag_policy(struct call *call, const struct iam_untag_policy_in *in,
			  struct iam_untag_policy_out *out)
{
	(void)out;
	return untag(call, iam_open_policy_to_change, in->policy_arn, in->tag_keys,
		     in->tag_keys_count);
}

enum err iam_untag_instance_profile(struct call *call,
				    const struct iam_untag_instance_profile_in *in,
				    struct iam_untag_instance_profile_out *out)
{
	(void)out;
	return untag(call, open_profile, in->instance_profile_name, in->tag_keys,
		     in->tag_keys_count);
}

enum err iam_list_user_tags(struct call *call, const struct iam_list_user_tags_in *in,
			    struct iam_list_user_tags_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = list_tags(&page, open_user, in->user_name, &out->tags, &out->tags_count);
	if (!err)
		iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return err;
}

enum err iam_list_role_tags(struct call *call, const struct iam_list_role_tags_in *in,
			    struct iam_list_role_tags_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = list_tags(&page, open_role, in->role_name, &out->tags, &out->tags_count);
	if (!err)
		iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return err;
}

enum err iam_list_policy_tags(struct call *call, const struct iam_list_policy_tags_in *in,
			      struct iam_list_policy_tags_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = list_tags(&page, iam_open_policy, in->policy_arn, &out->tags,
				&out->tags_count);
	if (!err)
		iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return err;
}

enum err iam_list_instance_profile_tags(struct call *call,
					const struct iam_list_instance_profile_tags_in *in,
					struct iam_list_instance_profile_tags_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = list_tags(&page, open_profile, in->instance_profile_name, &out->tags,
				&out->tags_count);
	if (!err)
		iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return err;
}
