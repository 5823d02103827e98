/* SPDX-License-Identifier: MIT */
/* groups: a user's record names the ids of its groups, so renaming a group touches nothing else. */
#include <string.h>

#include "services/iam/store.h"
#include "services/iam/view.h"

static bool is_member(const struct directory_entity *user, struct str group_id)
{
	for (size_t i = 0; i < user->group_count; i++)
		if (str_equal(user->groups[i], group_id))
			return true;
	return false;
}

/* All users of the account that are in the group. */
static struct iam_list *members_of(struct call *call, const struct directory_entity *group,
				   struct str after)
{
	struct iam_list *list =
		iam_list(call, DIRECTORY_USER, call->account, after, STR(""), LIMIT_IAM_USERS);
	struct iam_list *members = arena_new(call->arena, struct iam_list);

	members->items = arena_array(call->arena, const struct directory_entity *, list->count);
	for (size_t i = 0; i < list->count; i++)
		if (is_member(list->items[i], group->id))
			members->items[members->count++] = list->items[i];
	return members;
}

enum err iam_create_group(struct call *call, const struct iam_create_group_in *in,
			  struct iam_create_group_out *out)
{
	struct directory_entity draft;

	enum err err =
		iam_draft_new(call, DIRECTORY_GROUP, in->path, in->group_name, NULL, 0, &draft);
	if (!err)
		err = iam_store_put(call->core, &draft);
	if (err)
		return err;
	out->group = arena_new(call->arena, struct iam_group);
	*out->group = iam_show_group(&draft);
	return ERR_OK;
}

enum err iam_get_group(struct call *call, const struct iam_get_group_in *in,
		       struct iam_get_group_out *out)
{
	const struct directory_entity *group;
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = iam_open(call, DIRECTORY_GROUP, in->group_name, &group);
	if (err)
		return err;
	struct iam_list *members = members_of(call, group, page.after);
	out->group = arena_new(call->arena, struct iam_group);
	*out->group = iam_show_group(group);
	out->users_count = iam_page_cut_entities(&page, members->items, members->count);
	out->users = iam_array(call, struct iam_user, out->users_count);
	for (size_t i = 0; i < out->users_count; i++) {
		out->users[i] = iam_show_user(call, members->items[i]);
		out->users[i].tags = NULL;
		out->users[i].tags_count = 0;
		out->users[i].permissions_boundary = NULL;
	}
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}

enum err iam_delete_group(struct call *call, const struct iam_delete_group_in *in,
			  struct iam_delete_group_out *out)
{
	const struct directory_entity *group;

	(void)out;
	enum err err = iam_open(call, DIRECTORY_GROUP, in->group_name, &group);
	if (err)
		return err;
	const char *rest = group->attached_count > 0			 ? "detach all policies"
			   : group->inline_count > 0			 ? "delete policies"
			   : members_of(call, group, STR(""))->count > 0 ? "remove users from group"
									 : NULL;
	if (rest)
		return fail(call, &IAM_DELETE_CONFLICT, "Cannot delete entity, must %s first.",
			    rest);
	return iam_store_remove(call->core, group->id);
}

enum err iam_list_groups(struct call *call, const struct iam_list_groups_in *in,
			 struct iam_list_groups_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = iam_may_list(call, DIRECTORY_GROUP, in->path_prefix);
	if (err)
		return err;
	struct iam_list *list = iam_list(call, DIRECTORY_GROUP, call->account, page.after,
					 in->path_prefix, page.most);
	out->groups_count = iam_page_cut_entities(&page, list->items, list->count);
	out->groups = iam_array(call, struct iam_group, out->groups_count);
	for (size_t i = 0; i < out->groups_count; i++)
		out->groups[i] = iam_show_group(list->items[i]);
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}

/* ---- members ---- */

/* Authorizes on the group; the user must exist too. */
static enum err open_both(struct call *call, struct str group_name, struct str user_name,
			  const struct directory_entity **out_group,
			  const struct directory_entity **out_user)
{
	enum err err = iam_open(call, DIRECTORY_GROUP, group_name, out_group);

	if (err)
		return err;
	return iam_find(call, DIRECTORY_USER, user_name, out_user);
}

enum err iam_add_user_to_group(struct call *call, const struct iam_add_user_to_group_in *in,
			       struct iam_add_user_to_group_out *out)
{
	const struct directory_entity *group, *user;

	(void)out;
	enum err err = open_both(call, in->group_name, in->user_name, &group, &user);
	if (err || is_member(user, group->id))
		return err;
	if (user->group_count >= LIMIT_IAM_USER_GROUPS)
		return fail(call, &IAM_LIMIT_EXCEEDED, "Cannot exceed quota for GroupsPerUser: %d",
			    LIMIT_IAM_USER_GROUPS);
	struct directory_entity draft = directory_draft(user);
	struct str *groups = arena_array(call->arena, struct str, draft.group_count + 1);
	for (size_t i = 0; i < draft.group_count; i++)
		groups[i] = draft.groups[i];
	groups[draft.group_count++] = group->id;
	draft.groups = groups;
	return iam_store_put(call->core, &draft);
}

enum err iam_remove_user_from_group(struct call *call,
				    const struct iam_remove_user_from_group_in *in,
				    struct iam_remove_user_from_group_out *out)
{
	const struct directory_entity *group, *user;

	(void)out;
	enum err err = open_both(call, in->group_name, in->user_name, &group, &user);
	if (err || !is_member(user, group->id))
		return err;
	struct directory_entity draft = directory_draft(user);
	struct str *groups = arena_array(call->arena, struct str, draft.group_count);
	size_t kept = 0;
	for (size_t i = 0; i < draft.group_count; i++)
		if (!str_equal(draft.groups[i], group->id))
			groups[kept++] = draft.groups[i];
	draft.groups = groups;
	draft.group_count = kept;
	return iam_store_put(call->core, &draft);
}

enum err iam_list_groups_for_user(struct call *call, const struct iam_list_groups_for_user_in *in,
				  struct iam_list_groups_for_user_out *out)
{
	const struct directory_entity *user;
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = iam_open(call, DIRECTORY_USER, in->user_name, &user);
	if (err)
		return err;
	size_t count = iam_page_cut(&page, user->groups, user->group_count, iam_text_at);
	out->groups = iam_array(call, struct iam_group, count);
	for (size_t i = 0; i < count; i++) {
		const struct directory_entity *group = iam_get(call, user->groups[page.from + i]);
		if (group)
			out->groups[out->groups_count++] = iam_show_group(group);
	}
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}
