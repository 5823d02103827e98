/* SPDX-License-Identifier: MIT */
/* roles: the roles of an account; service_roles.c has those of services. */
#include <string.h>

#include "services/iam/store.h"
#include "services/iam/view.h"

/* The principals of a trust policy must exist. */
static enum err compile_trust(struct call *call, struct str document,
			      const struct policy **out_policy)
{
	if (iam_document_size(document) > LIMIT_IAM_TRUST_SIZE)
		return fail(call, &IAM_LIMIT_EXCEEDED, "Cannot exceed quota for ACLSizePerRole: %d",
			    LIMIT_IAM_TRUST_SIZE);
	return iam_compile(call, document, POLICY_TRUST, out_policy);
}

enum err iam_create_role(struct call *call, const struct iam_create_role_in *in,
			 struct iam_create_role_out *out)
{
	const struct directory_entity *boundary;
	struct directory_entity draft;

	if (in->permissions_boundary.data)
		iam_add_key(call, STR("iam:PermissionsBoundary"), in->permissions_boundary);
	enum err err = iam_draft_new(call, DIRECTORY_ROLE, in->path, in->role_name, in->tags,
				     in->tags_count, &draft);
	if (!err && in->permissions_boundary.data) {
		err = iam_find_boundary(call, in->permissions_boundary, &boundary);
		draft.boundary = in->permissions_boundary;
	}
	if (!err)
		err = compile_trust(call, in->assume_role_policy_document, &draft.trust);
	if (err)
		return err;
	draft.description = in->description;
	draft.session_seconds_max =
		in->has_max_session_duration ? in->max_session_duration : IAM_SESSION_SECONDS;
	err = iam_store_put(call->core, &draft);
	if (err)
		return err;
	out->role = arena_new(call->arena, struct iam_role);
	*out->role = in->has_max_session_duration ? iam_show_role(call, &draft)
						  : iam_show_role_shortly(call, &draft);
	return ERR_OK;
}

enum err iam_get_role(struct call *call, const struct iam_get_role_in *in,
		      struct iam_get_role_out *out)
{
	const struct directory_entity *role;

	enum err err = iam_open(call, DIRECTORY_ROLE, in->role_name, &role);
	if (err)
		return err;
	out->role = arena_new(call->arena, struct iam_role);
	*out->role = iam_show_role(call, role);
	out->role->role_last_used = arena_new(call->arena, struct iam_role_last_used);
	return ERR_OK;
}

enum err iam_update_role(struct call *call, const struct iam_update_role_in *in,
			 struct iam_update_role_out *out)
{
	const struct directory_entity *role;

	(void)out;
	enum err err = iam_open_to_change(call, DIRECTORY_ROLE, in->role_name, &role);
	if (err)
		return err;
	struct directory_entity draft = directory_draft(role);
	if (in->description.data)
		draft.description = in->description;
	if (in->has_max_session_duration)
		draft.session_seconds_max = in->max_session_duration;
	return iam_store_put(call->core, &draft);
}

enum err iam_update_role_description(struct call *call,
				     const struct iam_update_role_description_in *in,
				     struct iam_update_role_description_out *out)
{
	const struct directory_entity *role;

	enum err err = iam_open_to_change(call, DIRECTORY_ROLE, in->role_name, &role);
	if (err)
		return err;
	struct directory_entity *draft = arena_new(call->arena, struct directory_entity);
	*draft = directory_draft(role);
	draft->description = in->description;
	err = iam_store_put(call->core, draft);
	if (err)
		return err;
	out->role = arena_new(call->arena, struct iam_role);
	*out->role = iam_show_role_shortly(call, draft);
	return ERR_OK;
}

enum err iam_update_assume_role_policy(struct call *call,
				       const struct iam_update_assume_role_policy_in *in,
				       struct iam_update_assume_role_policy_out *out)
{
	const struct directory_entity *role;
	const struct policy *trust;

	(void)out;
	enum err err = iam_open_to_change(call, DIRECTORY_ROLE, in->role_name, &role);
	if (!err)
		err = compile_trust(call, in->policy_document, &trust);
	if (err)
		return err;
	struct directory_entity draft = directory_draft(role);
	draft.trust = trust;
	return iam_store_put(call->core, &draft);
}

static enum err delete_role(struct call *call, const struct directory_entity *role)
{
	const char *rest = role->attached_count > 0 ? "detach all policies"
			   : role->inline_count > 0 ? "delete policies"
			   : iam_instance_profiles_of(call, role)->count > 0
				   ? "remove roles from instance profile"
				   : NULL;

	if (rest)
		return fail(call, &IAM_DELETE_CONFLICT, "Cannot delete entity, must %s first.",
			    rest);
	return iam_store_remove(call->core, role->id);
}

enum err iam_delete_role(struct call *call, const struct iam_delete_role_in *in,
			 struct iam_delete_role_out *out)
{
	const struct directory_entity *role;

	(void)out;
	enum err err = iam_open_to_change(call, DIRECTORY_ROLE, in->role_name, &role);
	return err ? err : delete_role(call, role);
}

enum err iam_list_roles(struct call *call, const struct iam_list_roles_in *in,
			struct iam_list_roles_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = iam_may_list(call, DIRECTORY_ROLE, in->path_prefix);
	if (err)
		return err;
	struct iam_list *list = iam_list(call, DIRECTORY_ROLE, call->account, page.after,
					 in->path_prefix, page.most);
	out->roles_count = iam_page_cut_entities(&page, list->items, list->count);
	out->roles = iam_array(call, struct iam_role, out->roles_count);
	for (size_t i = 0; i < out->roles_count; i++) {
		out->roles[i] = iam_show_role(call, list->items[i]);
		out->roles[i].tags = NULL;
		out->roles[i].tags_count = 0;
		out->roles[i].permissions_boundary = NULL;
	}
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}
