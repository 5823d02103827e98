/* SPDX-License-Identifier: MIT */
/* details: GetAccountAuthorizationDetails, all of an account a page at a time, kind after kind. */
#include "services/iam/view.h"

static struct iam_policy_detail *
show_inlines(struct call *call, const struct directory_entity *entity, size_t *out_count)
{
	struct iam_policy_detail *items =
		iam_array(call, struct iam_policy_detail, entity->inline_count);

	for (size_t i = 0; i < entity->inline_count; i++)
		items[i] = (struct iam_policy_detail){
			.policy_name = entity->inlines[i].name,
			.policy_document = iam_show_document(call, entity->inlines[i].policy)};
	*out_count = entity->inline_count;
	return items;
}

static struct iam_attached_policy *
show_attached(struct call *call, const struct directory_entity *entity, size_t *out_count)
{
	struct iam_attached_policy *items =
		iam_array(call, struct iam_attached_policy, entity->attached_count);

	for (size_t i = 0; i < entity->attached_count; i++) {
		struct str name = entity->attached[i];
		for (struct str rest = name; rest.data;)
			name = str_cut(&rest, '/');
		items[i] = (struct iam_attached_policy){.policy_name = name,
							.policy_arn = entity->attached[i]};
	}
	*out_count = entity->attached_count;
	return items;
}

static struct iam_user_detail show_user(struct call *call, const struct directory_entity *user)
{
	struct iam_user_detail detail = {
		.path = user->path,
		.user_name = user->name,
		.user_id = user->id,
		.arn = user->arn,
		.create_date = user->created_ms,
		.has_create_date = true,
		.permissions_boundary = iam_show_boundary(call, user),
		.group_list = iam_array(call, struct str, user->group_count),
	};

	for (size_t i = 0; i < user->group_count; i++) {
		const struct directory_entity *group = iam_get(call, user->groups[i]);
		if (group)
			detail.group_list[detail.group_list_count++] = group->name;
	}
	detail.tags = iam_show_tags(call, user, &detail.tags_count);
	detail.user_policy_list = show_inlines(call, user, &detail.user_policy_list_count);
	detail.attached_managed_policies =
		show_attached(call, user, &detail.attached_managed_policies_count);
	return detail;
}

static struct iam_group_detail show_group(struct call *call, const struct directory_entity *group)
{
	struct iam_group_detail detail = {
		.path = group->path,
		.group_name = group->name,
		.group_id = group->id,
		.arn = group->arn,
		.create_date = group->created_ms,
		.has_create_date = true,
	};

	detail.group_policy_list = show_inlines(call, group, &detail.group_policy_list_count);
	detail.attached_managed_policies =
		show_attached(call, group, &detail.attached_managed_policies_count);
	return detail;
}

static struct iam_role_detail show_role(struct call *call, const struct directory_entity *role)
{
	struct iam_role_detail detail = {
		.path = role->path,
		.role_name = role->name,
		.role_id = role->id,
		.arn = role->arn,
		.create_date = role->created_ms,
		.has_create_date = true,
		.assume_role_policy_document = iam_show_document(call, role->trust),
		.permissions_boundary = iam_show_boundary(call, role),
		.role_last_used = arena_new(call->arena, struct iam_role_last_used),
	};

	const struct iam_list *profiles = iam_instance_profiles_of(call, role);
	detail.instance_profile_list =
		iam_show_instance_profiles(call, profiles->items, profiles->count);
	detail.instance_profile_list_count = profiles->count;
	detail.tags = iam_show_tags(call, role, &detail.tags_count);
	detail.role_policy_list = show_inlines(call, role, &detail.role_policy_list_count);
	detail.attached_managed_policies =
		show_attached(call, role, &detail.attached_managed_policies_count);
	return detail;
}

static struct iam_managed_policy_detail
show_policy(struct call *call, const struct directory_entity *entity, struct iam_uses uses)
{
	struct iam_policy shown = iam_show_policy(call, entity, uses);
	struct iam_managed_policy_detail detail = {
		.policy_name = shown.policy_name,
		.policy_id = shown.policy_id,
		.arn = shown.arn,
		.path = shown.path,
		.default_version_id = shown.default_version_id,
		.attachment_count = shown.attachment_count,
		.has_attachment_count = true,
		.permissions_boundary_usage_count = shown.permissions_boundary_usage_count,
		.has_permissions_boundary_usage_count = true,
		.is_attachable = true,
		.has_is_attachable = true,
		.description = shown.description,
		.create_date = shown.create_date,
		.has_create_date = true,
		.update_date = shown.update_date,
		.has_update_date = true,
		.policy_version_list =
			iam_array(call, struct iam_policy_version, entity->version_count),
		.policy_version_list_count = entity->version_count,
	};

	for (size_t i = 0; i < entity->version_count; i++) {
		const struct directory_version *version =
			&entity->versions[entity->version_count - 1 - i];
		detail.policy_version_list[i] = iam_show_version(entity, version);
		detail.policy_version_list[i].document = iam_show_document(call, version->policy);
	}
	return detail;
}

static void add(struct call *call, struct iam_get_account_authorization_details_out *out,
		const struct directory_entity *entity, const struct iam_use_table *table)
{
	switch (entity->kind) {
	case DIRECTORY_USER:
		out->user_detail_list[out->user_detail_list_count++] = show_user(call, entity);
		break;
	case DIRECTORY_GROUP:
		out->group_detail_list[out->group_detail_list_count++] = show_group(call, entity);
		break;
	case DIRECTORY_ROLE:
		out->role_detail_list[out->role_detail_list_count++] = show_role(call, entity);
		break;
	default:
		out->policies[out->policies_count++] =
			show_policy(call, entity, iam_uses_of(table, entity->arn));
	}
}

static bool is_asked_for(const struct iam_get_account_authorization_details_in *in,
			 struct str filter)
{
	for (size_t i = 0; i < in->filter_count; i++)
		if (str_equal(in->filter[i], filter))
			return true;
	return in->filter_count == 0;
}

/* AWS's managed policies are shown if the account uses them. */
static bool is_shown(const struct iam_use_table *table, const struct directory_entity *entity)
{
	struct iam_uses uses = iam_uses_of(table, entity->arn);

	if (!str_equal(entity->account, DIRECTORY_AWS))
		return true;
	return uses.attached + uses.bounding > 0;
}

enum err
iam_get_account_authorization_details(struct call *call,
				      const struct iam_get_account_authorization_details_in *in,
				      struct iam_get_account_authorization_details_out *out)
{
	const struct {
		struct str filter;
		enum directory_kind kind;
		struct str account;
	} kinds[] = {{STR("User"), DIRECTORY_USER, call->account},
		     {STR("Group"), DIRECTORY_GROUP, call->account},
		     {STR("Role"), DIRECTORY_ROLE, call->account},
		     {STR("LocalManagedPolicy"), DIRECTORY_POLICY, call->account},
		     {STR("AWSManagedPolicy"), DIRECTORY_POLICY, DIRECTORY_AWS}};
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = call_authorize_any(call, call->operation->action);
	if (err)
		return err;
	struct iam_use_table *table = iam_count_all_uses(call);
	out->user_detail_list = iam_array(call, struct iam_user_detail, page.most);
	out->group_detail_list = iam_array(call, struct iam_group_detail, page.most);
	out->role_detail_list = iam_array(call, struct iam_role_detail, page.most);
	out->policies = iam_array(call, struct iam_managed_policy_detail, page.most);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct str after, filter = kinds[k].filter;
		if (!is_asked_for(in, filter) || !iam_page_enters(&page, filter, &after))
			continue;
		struct iam_list *list =
			iam_list(call, kinds[k].kind, kinds[k].account, after, STR(""), SIZE_MAX);
		for (size_t i = 0; i < list->count; i++)
			if (is_shown(table, list->items[i]) &&
			    iam_page_takes(&page, filter, list->items[i]->name))
				add(call, out, list->items[i], table);
	}
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}
