/* SPDX-License-Identifier: MIT */
/* inlines: policies within users, groups and roles, kept sorted by name. */
#include <string.h>

#include "services/iam/store.h"
#include "services/iam/view.h"

/* The place of the policy of that name, or where it belongs. */
static size_t place_of(const struct directory_entity *entity, struct str name)
{
	size_t place = 0;

	while (place < entity->inline_count && str_compare(entity->inlines[place].name, name) < 0)
		place++;
	return place;
}

static bool is_at(const struct directory_entity *entity, size_t place, struct str name)
{
	return place < entity->inline_count && str_equal(entity->inlines[place].name, name);
}

static enum err find(struct call *call, const struct directory_entity *entity, struct str name,
		     size_t *out_place)
{
	size_t place = place_of(entity, name);

	if (!is_at(entity, place, name))
		return fail(call, &IAM_NO_SUCH_ENTITY,
			    "The %s policy with name %.*s cannot be found.",
			    iam_kinds[entity->kind].word, STR_ARG(name));
	*out_place = place;
	return ERR_OK;
}

/* All of an entity together, after the change, have a limit. */
static enum err check_size(struct call *call, const struct directory_entity *draft)
{
	const struct iam_kind *words = &iam_kinds[draft->kind];
	size_t size = 0;

	for (size_t i = 0; i < draft->inline_count; i++)
		size += iam_document_size(policy_text(draft->inlines[i].policy));
	if (size <= (size_t)words->inline_size_max)
		return ERR_OK;
	return fail(call, &IAM_LIMIT_EXCEEDED,
		    "Maximum policy size of %lld bytes exceeded for %s %.*s",
		    (long long)words->inline_size_max, words->word, STR_ARG(draft->name));
}

static enum err put(struct call *call, enum directory_kind kind, struct str owner, struct str name,
		    struct str document)
{
	const struct directory_entity *entity;
	const struct policy *policy;

	enum err err = iam_open_to_change(call, kind, owner, &entity);
	if (!err)
		err = iam_compile(call, document, POLICY_IDENTITY, &policy);
	if (err)
		return err;
	struct directory_entity draft = directory_draft(entity);
	struct directory_inline *inlines =
		arena_array(call->arena, struct directory_inline, draft.inline_count + 1);
	size_t place = place_of(entity, name);
	if (draft.inline_count > 0)
		memcpy(inlines, draft.inlines, draft.inline_count * sizeof(*inlines));
	if (!is_at(entity, place, name)) {
		memmove(&inlines[place + 1], &inlines[place],
			(draft.inline_count - place) * sizeof(*inlines));
		draft.inline_count++;
	}
	inlines[place] = (struct directory_inline){name, policy};
	draft.inlines = inlines;
	err = check_size(call, &draft);
	return err ? err : iam_store_put(call->core, &draft);
}

static enum err get(struct call *call, enum directory_kind kind, struct str owner, struct str name,
		    struct str *out_owner, struct str *out_name, struct str *out_document)
{
	const struct directory_entity *entity;
	size_t place = 0;

	enum err err = iam_open(call, kind, owner, &entity);
	if (!err)
		err = find(call, entity, name, &place);
	if (err)
		return err;
	*out_owner = entity->name;
	*out_name = entity->inlines[place].name;
	*out_document = iam_show_document(call, entity->inlines[place].policy);
	return ERR_OK;
}

static enum err drop(struct call *call, enum directory_kind kind, struct str owner, struct str name)
{
	const struct directory_entity *entity;
	size_t place = 0;

	enum err err = iam_open_to_change(call, kind, owner, &entity);
	if (!err)
		err = find(call, entity, name, &place);
	if (err)
		return err;
	struct directory_entity draft = directory_draft(entity);
	struct directory_inline *inlines =
		arena_array(call->arena, struct directory_inline, draft.inline_count);
	memcpy(inlines, draft.inlines, draft.inline_count * sizeof(*inlines));
	draft.inline_count--;
	memmove(&inlines[place], &inlines[place + 1],
		(draft.inline_count - place) * sizeof(*inlines));
	draft.inlines = inlines;
	return iam_store_put(call->core, &draft);
}

static struct str name_at(const void *inlines, size_t index)
{
	return ((const struct directory_inline *)inlines)[index].name;
}

static enum err list(struct call *call, enum directory_kind kind, struct str owner,
		     struct iam_page *page, struct str **out_names, size_t *out_count)
{
	const struct directory_entity *entity;

	enum err err = iam_open(call, kind, owner, &entity);
	if (err)
		return err;
	*out_count = iam_page_cut(page, entity->inlines, entity->inline_count, name_at);
	*out_names = iam_array(call, struct str, *out_count);
	for (size_t i = 0; i < *out_count; i++)
		(*out_names)[i] = entity->inlines[page->from + i].name;
	return ERR_OK;
}

/* ---- of users ---- */

enum err iam_put_user_policy(struct call *call, const struct iam_put_user_policy_in *in,
			     struct iam_put_user_policy_out *out)
{
	(void)out;
	return put(call, DIRECTORY_USER, in->user_name, in->policy_name, in->policy_document);
}

enum err iam_get_user_policy(struct call *call, const struct iam_get_user_policy_in *in,
			     struct iam_get_user_policy_out *out)
{
	return get(call, DIRECTORY_USER, in->user_name, in->policy_name, &out->user_name,
		   &out->policy_name, &out->policy_document);
}

enum err iam_delete_user_policy(struct call *call, const struct iam_delete_user_policy_in *in,
				struct iam_delete_user_policy_out *out)
{
	(void)out;
	return drop(call, DIRECTORY_USER, in->user_name, in->policy_name);
}

enum err iam_list_user_policies(struct call *call, const struct iam_list_user_policies_in *in,
				struct iam_list_user_policies_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = list(call, DIRECTORY_USER, in->user_name, &page, &out->policy_names,
			   &out->policy_names_count);
	if (!err)
		iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return err;
}

/* ---- of groups ---- */

enum err iam_put_group_policy(struct call *call, const struct iam_put_group_policy_in *in,
			      struct iam_put_group_policy_out *out)
{
	(void)out;
	return put(call, DIRECTORY_GROUP, in->group_name, in->policy_name, in->policy_document);
}

enum err iam_get_group_policy(struct call *call, const struct iam_get_group_policy_in *in,
			      struct iam_get_group_policy_out *out)
{
	return get(call, DIRECTORY_GROUP, in->group_name, in->policy_name, &out->group_name,
		   &out->policy_name, &out->policy_document);
}

enum err iam_delete_group_policy(struct call *call, const struct iam_delete_group_policy_in *in,
				 struct iam_delete_group_policy_out *out)
{
	(void)out;
	return drop(call, DIRECTORY_GROUP, in->group_name, in->policy_name);
}

enum err iam_list_group_policies(struct call *call, const struct iam_list_group_policies_in *in,
				 struct iam_list_group_policies_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = list(call, DIRECTORY_GROUP, in->group_name, &page, &out->policy_names,
			   &out->policy_names_count);
	if (!err)
		iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return err;
}

/* ---- of roles ---- */

enum err iam_put_role_policy(struct call *call, const struct iam_put_role_policy_in *in,
			     struct iam_put_role_policy_out *out)
{
	(void)out;
	return put(call, DIRECTORY_ROLE, in->role_name, in->policy_name, in->policy_document);
}

enum err iam_get_role_policy(struct call *call, const struct iam_get_role_policy_in *in,
			     struct iam_get_role_policy_out *out)
{
	return get(call, DIRECTORY_ROLE, in->role_name, in->policy_name, &out->role_name,
		   &out->policy_name, &out->policy_document);
}

enum err iam_delete_role_policy(struct call *call, const struct iam_delete_role_policy_in *in,
				struct iam_delete_role_policy_out *out)
{
	(void)out;
	return drop(call, DIRECTORY_ROLE, in->role_name, in->policy_name);
}

enum err iam_list_role_policies(struct call *call, const struct iam_list_role_policies_in *in,
				struct iam_list_role_policies_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = list(call, DIRECTORY_ROLE, in->role_name, &page, &out->policy_names,
			   &out->policy_names_count);
	if (!err)
		iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return err;
}
