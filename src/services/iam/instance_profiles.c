/* SPDX-License-Identifier: MIT */
/*
 * instance_profiles: containers of a role for EC2 instances. Tern starts no instances; it keeps the
 * profiles for the stacks that create them.
 */
#include "services/iam/store.h"
#include "services/iam/view.h"

enum { ROLES_MAX = 1 }; /* AWS's quota, which cannot be raised */

static struct directory_texts roles_of(const struct directory_entity *profile)
{
	return profile->lists[DIRECTORY_ROLES];
}

static bool has_role(const struct directory_entity *profile, struct str role_id)
{
	struct directory_texts roles = roles_of(profile);

	for (size_t i = 0; i < roles.count; i++)
		if (str_equal(roles.items[i], role_id))
			return true;
	return false;
}

struct iam_instance_profile iam_show_instance_profile(struct call *call,
						      const struct directory_entity *profile)
{
	struct directory_texts roles = roles_of(profile);
	struct iam_instance_profile shown = {
		.path = profile->path,
		.instance_profile_name = profile->name,
		.instance_profile_id = profile->id,
		.arn = profile->arn,
		.create_date = profile->created_ms,
		.has_create_date = true,
		.roles = iam_array(call, struct iam_role, roles.count),
	};

	for (size_t i = 0; i < roles.count; i++) {
		const struct directory_entity *role = iam_get(call, roles.items[i]);
		if (!role)
			continue;
		struct iam_role *item = &shown.roles[shown.roles_count++];
		*item = iam_show_role_shortly(call, role);
		item->tags = NULL;
		item->tags_count = 0;
		item->permissions_boundary = NULL;
	}
	shown.tags = iam_show_tags(call, profile, &shown.tags_count);
	return shown;
}

/* ---- the profiles of a role ---- */

struct search {
	struct call *call;
	struct str role_id;
	struct iam_list *found;
};

static bool add_if_of_role(void *context, const struct directory_entity *profile)
{
	struct search *search = context;

	if (has_role(profile, search->role_id))
		iam_list_add(search->found, profile);
	return true;
}

struct iam_list *iam_instance_profiles_of(struct call *call, const struct directory_entity *role)
{
	struct search search = {call, role->id, iam_list_new(call)};

	directory_each(call->core->directory, DIRECTORY_INSTANCE_PROFILE, role->account, STR(""),
		       add_if_of_role, &search);
	return search.found;
}

struct iam_instance_profile *iam_show_instance_profiles(struct call *call,
							const struct directory_entity *const *items,
							size_t count)
{
	struct iam_instance_profile *shown = iam_array(call, struct iam_instance_profile, count);

	for (size_t i = 0; i < count; i++) {
		shown[i] = iam_show_instance_profile(call, items[i]);
		shown[i].tags = NULL;
		shown[i].tags_count = 0;
	}
	return shown;
}

enum err
iam_list_instance_profiles_for_role(struct call *call,
				    const struct iam_list_instance_profiles_for_role_in *in,
				    struct iam_list_instance_profiles_for_role_out *out)
{
	const struct directory_entity *role;
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = iam_open(call, DIRECTORY_ROLE, in->role_name, &role);
	if (err)
		return err;
	struct iam_list *list = iam_instance_profiles_of(call, role);
	out->instance_profiles_count = iam_page_cut(&page, list->items, list->count, iam_arn_at);
	out->instance_profiles = iam_show_instance_profiles(call, list->items + page.from,
							    out->instance_profiles_count);
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}

/* ---- operations ---- */

enum err iam_create_instance_profile(struct call *call,
				     const struct iam_create_instance_profile_in *in,
				     struct iam_create_instance_profile_out *out)
{
	struct directory_entity draft;

	enum err err = iam_draft_new(call, DIRECTORY_INSTANCE_PROFILE, in->path,
				     in->instance_profile_name, in->tags, in->tags_count, &draft);
	if (!err)
		err = iam_store_put(call->core, &draft);
	if (err)
		return err;
	out->instance_profile = arena_new(call->arena, struct iam_instance_profile);
	*out->instance_profile = iam_show_instance_profile(call, &draft);
	return ERR_OK;
}

enum err iam_get_instance_profile(struct call *call, const struct iam_get_instance_profile_in *in,
				  struct iam_get_instance_profile_out *out)
{
	const struct directory_entity *profile;

	enum err err =
		iam_open(call, DIRECTORY_INSTANCE_PROFILE, in->instance_profile_name, &profile);
	if (err)
		return err;
	out->instance_profile = arena_new(call->arena, struct iam_instance_profile);
	*out->instance_profile = iam_show_instance_profile(call, profile);
	if (!out->instance_profile->tags) /* an empty list, which other answers leave out */
		out->instance_profile->tags = iam_array(call, struct iam_tag, 0);
	return ERR_OK;
}

enum err iam_list_instance_profiles(struct call *call,
				    const struct iam_list_instance_profiles_in *in,
				    struct iam_list_instance_profiles_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = iam_may_list(call, DIRECTORY_INSTANCE_PROFILE, in->path_prefix);
	if (err)
		return err;
	struct iam_list *list = iam_list(call, DIRECTORY_INSTANCE_PROFILE, call->account,
					 page.after, in->path_prefix, page.most);
	out->instance_profiles_count = iam_page_cut_entities(&page, list->items, list->count);
	out->instance_profiles =
		iam_show_instance_profiles(call, list->items, out->instance_profiles_count);
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}

enum err iam_delete_instance_profile(struct call *call,
				     const struct iam_delete_instance_profile_in *in,
				     struct iam_delete_instance_profile_out *out)
{
	const struct directory_entity *profile;

	(void)out;
	enum err err =
		iam_open(call, DIRECTORY_INSTANCE_PROFILE, in->instance_profile_name, &profile);
	if (err)
		return err;
	if (roles_of(profile).count > 0)
		return fail(call, &IAM_DELETE_CONFLICT,
			    "Cannot delete entity, must remove roles from instance profile first.");
	return iam_store_remove(call->core, profile->id);
}

/* Instances would act with the role, so the caller must be allowed to pass it to EC2. */
static enum err authorize_pass(struct call *call, const struct directory_entity *role)
{
	const struct resource resource = {.arn = role->arn, .account = role->account};

	iam_add_key(call, STR("iam:PassedToService"), STR("ec2.amazonaws.com"));
	return iam_ask(call, STR("iam:PassRole"), &resource, role);
}

static enum err open_with_role(struct call *call, struct str name, struct str role_name,
			       const struct directory_entity **out_profile,
			       const struct directory_entity **out_role)
{
	enum err err = iam_open(call, DIRECTORY_INSTANCE_PROFILE, name, out_profile);
	return err ? err : iam_find(call, DIRECTORY_ROLE, role_name, out_role);
}

enum err iam_add_role_to_instance_profile(struct call *call,
					  const struct iam_add_role_to_instance_profile_in *in,
					  struct iam_add_role_to_instance_profile_out *out)
{
	const struct directory_entity *profile, *role;

	(void)out;
	enum err err =
		open_with_role(call, in->instance_profile_name, in->role_name, &profile, &role);
	if (!err)
		err = authorize_pass(call, role);
	if (!err)
		err = iam_check_modifiable(call, role);
	if (err)
		return err;
	if (roles_of(profile).count >= ROLES_MAX)
		return fail(call, &IAM_LIMIT_EXCEEDED,
			    "Cannot exceed quota for InstanceSessionsPerInstanceProfile: %d",
			    ROLES_MAX);
	struct directory_entity draft = directory_draft(profile);
	draft.lists[DIRECTORY_ROLES] = (struct directory_texts){&role->id, 1};
	return iam_store_put(call->core, &draft);
}

enum err
iam_remove_role_from_instance_profile(struct call *call,
				      const struct iam_remove_role_from_instance_profile_in *in,
				      struct iam_remove_role_from_instance_profile_out *out)
{
	const struct directory_entity *profile, *role;

	(void)out;
	enum err err =
		open_with_role(call, in->instance_profile_name, in->role_name, &profile, &role);
	if (err)
		return err;
	if (!has_role(profile, role->id))
		return fail(call, &IAM_NO_SUCH_ENTITY,
			    "Role %.*s in Instance Profile %.*s cannot be found.",
			    STR_ARG(role->name), STR_ARG(profile->name));
	struct directory_entity draft = directory_draft(profile);
	draft.lists[DIRECTORY_ROLES] = (struct directory_texts){0};
	return iam_store_put(call->core, &draft);
}
