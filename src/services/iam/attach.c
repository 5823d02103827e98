/* SPDX-License-Identifier: MIT */
/* attach: managed policies on users, groups and roles, and as their boundaries. */
#include <string.h>

#include "services/iam/store.h"
#include "services/iam/view.h"

/* Authorizes on the entity, with the policy as iam:PolicyARN. */
static enum err open(struct call *call, enum directory_kind kind, struct str name, struct str arn,
		     const struct directory_entity **out_entity)
{
	iam_add_key(call, STR("iam:PolicyARN"), arn);
	return iam_open_to_change(call, kind, name, out_entity);
}

static enum err attach(struct call *call, enum directory_kind kind, struct str name, struct str arn)
{
	const struct directory_entity *entity, *policy;

	enum err err = open(call, kind, name, arn, &entity);
	if (!err)
		err = iam_find_policy(call, arn, &policy);
	if (err || iam_is_attached(entity, policy->arn))
		return err;
	if (str_starts(policy->path, STR("/aws-service-role/")))
		return fail(call, &IAM_POLICY_NOT_ATTACHABLE,
			    "Cannot attach a Service Role Policy to a Customer Role.");
	if (entity->attached_count >= LIMIT_IAM_ATTACHED)
		return fail(call, &IAM_LIMIT_EXCEEDED, "Cannot exceed quota for PoliciesPer%s: %d",
			    iam_kinds[kind].title, LIMIT_IAM_ATTACHED);
	struct directory_entity draft = directory_draft(entity);
	struct str attached[LIMIT_IAM_ATTACHED];
	if (draft.attached_count > 0)
		memcpy(attached, draft.attached, draft.attached_count * sizeof(*attached));
	attached[draft.attached_count++] = policy->arn;
	draft.attached = attached;
	return iam_store_put(call->core, &draft);
}

static enum err detach(struct call *call, enum directory_kind kind, struct str name, struct str arn)
{
	const struct directory_entity *entity;

	enum err err = open(call, kind, name, arn, &entity);
	if (!err)
		err = iam_check_arn(call, DIRECTORY_POLICY, arn);
	if (err)
		return err;
	if (!iam_is_attached(entity, arn))
		return fail(call, &IAM_NO_SUCH_ENTITY, "Policy %.*s was not found.", STR_ARG(arn));
	struct directory_entity draft = directory_draft(entity);
	struct str *attached = arena_array(call->arena, struct str, draft.attached_count);
	size_t kept = 0;
	for (size_t i = 0; i < draft.attached_count; i++)
		if (!str_equal(draft.attached[i], arn))
			attached[kept++] = draft.attached[i];
	draft.attached = attached;
	draft.attached_count = kept;
	return iam_store_put(call->core, &draft);
}

/* Splits a policy's ARN into its path and its name. */
static void split_arn(struct str arn, struct str *out_path, struct str *out_name)
{
	size_t from = str_find(arn, STR(":policy/"), 0) + strlen(":policy");
	size_t end = arn.size;

	while (end > from && arn.data[end - 1] != '/')
		end--;
	*out_path = str_slice(arn, from, end - from);
	*out_name = str_slice(arn, end, SIZE_MAX);
}

static struct str policy_arn_at(const void *policies, size_t index)
{
	return ((const struct iam_attached_policy *)policies)[index].policy_arn;
}

static enum err list(struct call *call, enum directory_kind kind, struct str name,
		     struct str prefix, struct iam_page *page,
		     struct iam_attached_policy **out_items, size_t *out_count)
{
	const struct directory_entity *entity;
	size_t count = 0;

	enum err err = iam_open(call, kind, name, &entity);
	if (err)
		return err;
	struct iam_attached_policy *items =
		iam_array(call, struct iam_attached_policy, entity->attached_count);
	for (size_t i = 0; i < entity->attached_count; i++) {
		struct str path, policy_name;
		split_arn(entity->attached[i], &path, &policy_name);
		if (str_starts(path, prefix))
			items[count++] = (struct iam_attached_policy){
				.policy_name = policy_name, .policy_arn = entity->attached[i]};
	}
	*out_count = iam_page_cut(page, items, count, policy_arn_at);
	*out_items = items + page->from;
	return ERR_OK;
}

/* ---- users ---- */

enum err iam_attach_user_policy(struct call *call, const struct iam_attach_user_policy_in *in,
				struct iam_attach_user_policy_out *out)
{
	(void)out;
	return attach(call, DIRECTORY_USER, in->user_name, in->policy_arn);
}

enum err iam_detach_user_policy(struct call *call, const struct iam_detach_user_policy_in *in,
				struct iam_detach_user_policy_out *out)
{
	(void)out;
	return detach(call, DIRECTORY_USER, in->user_name, in->policy_arn);
}

enum err iam_list_attached_user_policies(struct call *call,
					 const struct iam_list_attached_user_policies_in *in,
					 struct iam_list_attached_user_policies_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = list(call, DIRECTORY_USER, in->user_name, in->path_prefix, &page,
			   &out->attached_policies, &out->attached_policies_count);
	if (!err)
		iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return err;
}

/* ---- groups ---- */

enum err iam_attach_group_policy(struct call *call, const struct iam_attach_group_policy_in *in,
				 struct iam_attach_group_policy_out *out)
{
	(void)out;
	return attach(call, DIRECTORY_GROUP, in->group_name, in->policy_arn);
}

enum err iam_detach_group_policy(struct call *call, const struct iam_detach_group_policy_in *in,
				 struct iam_detach_group_policy_out *out)
{
	(void)out;
	return detach(call, DIRECTORY_GROUP, in->group_name, in->policy_arn);
}

enum err iam_list_attached_group_policies(struct call *call,
					  const struct iam_list_attached_group_policies_in *in,
					  struct iam_list_attached_group_policies_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = list(call, DIRECTORY_GROUP, in->group_name, in->path_prefix, &page,
			   &out->attached_policies, &out->attached_policies_count);
	if (!err)
		iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return err;
}

/* ---- roles ---- */

enum err iam_attach_role_policy(struct call *call, const struct iam_attach_role_policy_in *in,
				struct iam_attach_role_policy_out *out)
{
	(void)out;
	return attach(call, DIRECTORY_ROLE, in->role_name, in->policy_arn);
}

enum err iam_detach_role_policy(struct call *call, const struct iam_detach_role_policy_in *in,
				struct iam_detach_role_policy_out *out)
{
	(void)out;
	return detach(call, DIRECTORY_ROLE, in->role_name, in->policy_arn);
}

enum err iam_list_attached_role_policies(struct call *call,
					 const struct iam_list_attached_role_policies_in *in,
					 struct iam_list_attached_role_policies_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = list(call, DIRECTORY_ROLE, in->role_name, in->path_prefix, &page,
			   &out->attached_policies, &out->attached_policies_count);
	if (!err)
		iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return err;
}

/* ---- boundaries ---- */

/* `arn` data NULL: removes the boundary. */
static enum err bound(struct call *call, enum directory_kind kind, struct str name, struct str arn)
{
	const struct directory_entity *entity, *policy;

	if (arn.data)
		iam_add_key(call, STR("iam:PermissionsBoundary"), arn);
	enum err err = iam_open_to_change(call, kind, name, &entity);
	if (!err && arn.data)
		err = iam_find_boundary(call, arn, &policy);
	if (err)
		return err;
	if (!arn.data && entity->boundary.size == 0)
		return fail(call, &IAM_NO_SUCH_ENTITY,
			    "%s %.*s does not have a permissions boundary.", iam_kinds[kind].title,
			    STR_ARG(name));
	struct directory_entity draft = directory_draft(entity);
	draft.boundary = arn;
	return iam_store_put(call->core, &draft);
}

enum err iam_put_user_permissions_boundary(struct call *call,
					   const struct iam_put_user_permissions_boundary_in *in,
					   struct iam_put_user_permissions_boundary_out *out)
{
	(void)out;
	return bound(call, DIRECTORY_USER, in->user_name, in->permissions_boundary);
}

enum err
iam_delete_user_permissions_boundary(struct call *call,
				     const struct iam_delete_user_permissions_boundary_in *in,
				     struct iam_delete_user_permissions_boundary_out *out)
{
	(void)out;
	return bound(call, DIRECTORY_USER, in->user_name, (struct str){0});
}

enum err iam_put_role_permissions_boundary(struct call *call,
					   const struct iam_put_role_permissions_boundary_in *in,
					   struct iam_put_role_permissions_boundary_out *out)
{
	(void)out;
	return bound(call, DIRECTORY_ROLE, in->role_name, in->permissions_boundary);
}

enum err
iam_delete_role_permissions_boundary(struct call *call,
				     const struct iam_delete_role_permissions_boundary_in *in,
				     struct iam_delete_role_permissions_boundary_out *out)
{
	(void)out;
	return bound(call, DIRECTORY_ROLE, in->role_name, (struct str){0});
}

/* ---- entities of a policy ---- */

static bool has_policy(const struct directory_entity *entity,
		       const struct iam_list_entities_for_policy_in *in)
{
	bool is_attached = iam_is_attached(entity, in->policy_arn);
	bool is_bound = str_equal(entity->boundary, in->policy_arn);

	if (str_equal(in->policy_usage_filter, STR("PermissionsPolicy")))
		return is_attached;
	if (str_equal(in->policy_usage_filter, STR("PermissionsBoundary")))
		return is_bound;
	return is_attached || is_bound;
}

static void add_entity(struct iam_list_entities_for_policy_out *out,
		       const struct directory_entity *entity)
{
	switch (entity->kind) {
	case DIRECTORY_USER:
		out->policy_users[out->policy_users_count++] =
			(struct iam_policy_user){.user_name = entity->name, .user_id = entity->id};
		break;
	case DIRECTORY_GROUP:
		out->policy_groups[out->policy_groups_count++] = (struct iam_policy_group){
			.group_name = entity->name, .group_id = entity->id};
		break;
	default:
		out->policy_roles[out->policy_roles_count++] =
			(struct iam_policy_role){.role_name = entity->name, .role_id = entity->id};
	}
}

enum err iam_list_entities_for_policy(struct call *call,
				      const struct iam_list_entities_for_policy_in *in,
				      struct iam_list_entities_for_policy_out *out)
{
	static const struct {
		struct str filter;
		enum directory_kind kind;
	} kinds[] = {{STR_INIT("User"), DIRECTORY_USER},
		     {STR_INIT("Group"), DIRECTORY_GROUP},
		     {STR_INIT("Role"), DIRECTORY_ROLE}};
	const struct directory_entity *policy;
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = iam_open_policy(call, in->policy_arn, &policy);
	if (err)
		return err;
	out->policy_users = iam_array(call, struct iam_policy_user, page.most);
	out->policy_groups = iam_array(call, struct iam_policy_group, page.most);
	out->policy_roles = iam_array(call, struct iam_policy_role, page.most);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct str after, filter = kinds[k].filter;
		if (in->entity_filter.data && !str_equal(in->entity_filter, filter))
			continue;
		if (!iam_page_enters(&page, filter, &after))
			continue;
		struct iam_list *list = iam_list(call, kinds[k].kind, call->account, after,
						 in->path_prefix, SIZE_MAX);
		for (size_t i = 0; i < list->count; i++)
			if (has_policy(list->items[i], in) &&
			    iam_page_takes(&page, filter, list->items[i]->name))
				add_entity(out, list->items[i]);
	}
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}
