/* SPDX-License-Identifier: MIT */
/* users: the users of an account. */
#include "services/iam/store.h"
#include "services/iam/view.h"

/* The policy of a boundary, authorized as iam:PermissionsBoundary. */
static enum err bound(struct call *call, struct str arn, struct directory_entity *draft)
{
	const struct directory_entity *policy;

	if (!arn.data)
		return ERR_OK;
	enum err err = iam_find_boundary(call, arn, &policy);
	if (!err)
		draft->boundary = policy->arn;
	return err;
}

enum err iam_create_user(struct call *call, const struct iam_create_user_in *in,
			 struct iam_create_user_out *out)
{
	struct directory_entity draft;

	if (in->permissions_boundary.data)
		iam_add_key(call, STR("iam:PermissionsBoundary"), in->permissions_boundary);
	enum err err = iam_draft_new(call, DIRECTORY_USER, in->path, in->user_name, in->tags,
				     in->tags_count, &draft);
	if (!err)
		err = bound(call, in->permissions_boundary, &draft);
	if (!err)
		err = iam_store_put(call->core, &draft);
	if (err)
		return err;
	out->user = arena_new(call->arena, struct iam_user);
	*out->user = iam_show_user(call, &draft);
	return ERR_OK;
}

enum err iam_get_user(struct call *call, const struct iam_get_user_in *in,
		      struct iam_get_user_out *out)
{
	const struct directory_entity *user;

	enum err err = iam_open_user(call, in->user_name, &user);
	if (err)
		return err;
	out->user = arena_new(call->arena, struct iam_user);
	*out->user = iam_show_user(call, user);
	return ERR_OK;
}

/* Authorizes the rename on the new name too, which must be free or the user's own in another
 * case. */
static enum err rename_to(struct call *call, const struct directory_entity *entity, struct str name,
			  struct str path)
{
	struct directory_entity draft = directory_draft(entity);
	struct resource resource = {.account = call->account};
	const struct directory_entity *taken;

	if (name.data)
		draft.name = name;
	if (path.data)
		draft.path = path;
	draft.arn = iam_arn(call, entity->kind, draft.path, draft.name);
	resource.arn = draft.arn;
	enum err err = iam_ask(call, call->operation->action, &resource, entity);
	if (err)
		return err;
	taken = directory_find(call->core->directory, entity->kind, call->account, draft.name);
	if (taken && !str_equal(taken->id, draft.id))
		err = iam_fail_taken(call, entity->kind, draft.name);
	directory_release(taken);
	return err ? err : iam_store_put(call->core, &draft);
}

enum err iam_update_user(struct call *call, const struct iam_update_user_in *in,
			 struct iam_update_user_out *out)
{
	const struct directory_entity *user;

	(void)out;
	enum err err = iam_open(call, DIRECTORY_USER, in->user_name, &user);
	return err ? err : rename_to(call, user, in->new_user_name, in->new_path);
}

enum err iam_update_group(struct call *call, const struct iam_update_group_in *in,
			  struct iam_update_group_out *out)
{
	const struct directory_entity *group;

	(void)out;
	enum err err = iam_open(call, DIRECTORY_GROUP, in->group_name, &group);
	return err ? err : rename_to(call, group, in->new_group_name, in->new_path);
}

enum err iam_delete_user(struct call *call, const struct iam_delete_user_in *in,
			 struct iam_delete_user_out *out)
{
	const struct directory_entity *user;

	(void)out;
	enum err err = iam_open(call, DIRECTORY_USER, in->user_name, &user);
	if (err)
		return err;
	const char *rest = user->attached_count > 0			? "detach all policies"
			   : user->inline_count > 0			? "delete policies"
			   : user->key_count > 0			? "delete access keys"
			   : user->group_count > 0			? "remove users from group"
			   : user->lists[DIRECTORY_PASSWORDS].count > 0 ? "delete login profile"
			   : iam_mfa_devices_of(call, user)->count > 0	? "delete MFA device"
									: NULL;
	if (rest)
		return fail(call, &IAM_DELETE_CONFLICT, "Cannot delete entity, must %s first.",
			    rest);
	return iam_store_remove(call->core, user->id);
}

enum err iam_list_users(struct call *call, const struct iam_list_users_in *in,
			struct iam_list_users_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = iam_may_list(call, DIRECTORY_USER, in->path_prefix);
	if (err)
		return err;
	struct iam_list *list = iam_list(call, DIRECTORY_USER, call->account, page.after,
					 in->path_prefix, page.most);
	out->users_count = iam_page_cut_entities(&page, list->items, list->count);
	out->users = iam_array(call, struct iam_user, out->users_count);
	for (size_t i = 0; i < out->users_count; i++) {
		out->users[i] = iam_show_user(call, list->items[i]);
		out->users[i].tags = NULL; /* lists leave tags and boundaries out, as AWS's do */
		out->users[i].tags_count = 0;
		out->users[i].permissions_boundary = NULL;
	}
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}
