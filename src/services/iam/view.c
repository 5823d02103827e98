/* SPDX-License-Identifier: MIT */
/* view: see view.h. */
#include "services/iam/view.h"

struct iam_attached_permissions_boundary *iam_show_boundary(struct call *call,
							    const struct directory_entity *entity)
{
	if (entity->boundary.size == 0)
		return NULL;
	struct iam_attached_permissions_boundary *boundary =
		arena_new(call->arena, struct iam_attached_permissions_boundary);
	boundary->permissions_boundary_type = STR("Policy");
	boundary->permissions_boundary_arn = entity->boundary;
	return boundary;
}

struct iam_user iam_show_user(struct call *call, const struct directory_entity *entity)
{
	bool is_root = entity->kind == DIRECTORY_ACCOUNT;
	struct iam_user user = {
		.path = is_root ? (struct str){0} : entity->path,
		.user_name = is_root ? (struct str){0} : entity->name,
		.user_id = entity->id,
		.arn = entity->arn,
		.create_date = entity->created_ms,
		.has_create_date = true,
		.permissions_boundary = iam_show_boundary(call, entity),
	};

	user.tags = iam_show_tags(call, entity, &user.tags_count);
	return user;
}

struct iam_group iam_show_group(const struct directory_entity *entity)
{
	return (struct iam_group){
		.path = entity->path,
		.group_name = entity->name,
		.group_id = entity->id,
		.arn = entity->arn,
		.create_date = entity->created_ms,
		.has_create_date = true,
	};
}

struct iam_role iam_show_role(struct call *call, const struct directory_entity *entity)
{
	struct iam_role role = {
		.path = entity->path,
		.role_name = entity->name,
		.role_id = entity->id,
		.arn = entity->arn,
		.create_date = entity->created_ms,
		.has_create_date = true,
		.assume_role_policy_document = iam_show_document(call, entity->trust),
		.max_session_duration = entity->session_seconds_max,
		.has_max_session_duration = true,
		.permissions_boundary = iam_show_boundary(call, entity),
	};

	if (entity->description.size > 0)
		role.description = entity->description;
	role.tags = iam_show_tags(call, entity, &role.tags_count);
	return role;
}

struct iam_role iam_show_role_shortly(struct call *call, const struct directory_entity *entity)
{
	struct iam_role role = iam_show_role(call, entity);

	role.has_max_session_duration = false;
	return role;
}

/* ---- managed policies ---- */

static const enum directory_kind users_of_policies[] = {DIRECTORY_USER, DIRECTORY_GROUP,
							DIRECTORY_ROLE};

struct counting {
	struct str arn;
	struct iam_uses uses;
};

bool iam_is_attached(const struct directory_entity *entity, struct str arn)
{
	for (size_t i = 0; i < entity->attached_count; i++)
		if (str_equal(entity->attached[i], arn))
			return true;
	return false;
}

static bool count_use(void *context, const struct directory_entity *entity)
{
	struct counting *counting = context;

	counting->uses.attached += iam_is_attached(entity, counting->arn);
	counting->uses.bounding += str_equal(entity->boundary, counting->arn);
	return true;
}

struct iam_uses iam_count_uses(struct call *call, struct str arn)
{
	struct counting counting = {.arn = arn};

	for (size_t i = 0; i < sizeof(users_of_policies) / sizeof(users_of_policies[0]); i++)
		directory_each(call->core->directory, users_of_policies[i], call->account, STR(""),
			       count_use, &counting);
	return counting.uses;
}

struct iam_use {
	struct str arn;
	struct iam_uses uses;
};

struct iam_use_table {
	struct arena *arena;
	struct map by_arn;
};

static bool has_arn(const void *value, const void *key)
{
	return str_equal(((const struct iam_use *)value)->arn, *(const struct str *)key);
}

static struct iam_uses *use_of(struct iam_use_table *table, struct str arn)
{
	struct iam_use *use = map_find(&table->by_arn, str_hash(arn), has_arn, &arn);

	if (!use) {
		use = arena_new(table->arena, struct iam_use);
		use->arn = arena_copy(table->arena, arn);
		map_insert(&table->by_arn, str_hash(arn), use);
	}
	return &use->uses;
}

static bool count_all(void *context, const struct directory_entity *entity)
{
	for (size_t i = 0; i < entity->attached_count; i++)
		use_of(context, entity->attached[i])->attached++;
	if (entity->boundary.size > 0)
		use_of(context, entity->boundary)->bounding++;
	return true;
}

static void release_table(void *subject)
{
	map_done(&((struct iam_use_table *)subject)->by_arn);
}

struct iam_use_table *iam_count_all_uses(struct call *call)
{
	struct iam_use_table *table = arena_new(call->arena, struct iam_use_table);

	table->arena = call->arena;
	call_on_end(call, release_table, table);
	for (size_t i = 0; i < sizeof(users_of_policies) / sizeof(users_of_policies[0]); i++)
		directory_each(call->core->directory, users_of_policies[i], call->account, STR(""),
			       count_all, table);
	return table;
}

struct iam_uses iam_uses_of(const struct iam_use_table *table, struct str arn)
{
	const struct iam_use *use = map_find(&table->by_arn, str_hash(arn), has_arn, &arn);

	return use ? use->uses : (struct iam_uses){0};
}

struct iam_policy iam_show_policy(struct call *call, const struct directory_entity *entity,
				  struct iam_uses uses)
{
	struct iam_policy policy = {
		.policy_name = entity->name,
		.policy_id = entity->id,
		.arn = entity->arn,
		.path = entity->path,
		.default_version_id = directory_default(entity)->id,
		.attachment_count = uses.attached,
		.has_attachment_count = true,
		.permissions_boundary_usage_count = uses.bounding,
		.has_permissions_boundary_usage_count = true,
		.is_attachable = true,
		.has_is_attachable = true,
		.create_date = entity->created_ms,
		.has_create_date = true,
		.update_date = entity->updated_ms,
		.has_update_date = true,
	};

	if (entity->description.size > 0)
		policy.description = entity->description;
	policy.tags = iam_show_tags(call, entity, &policy.tags_count);
	return policy;
}

struct iam_policy_version iam_show_version(const struct directory_entity *entity,
					   const struct directory_version *version)
{
	return (struct iam_policy_version){
		.version_id = version->id,
		.is_default_version = version == directory_default(entity),
		.has_is_default_version = true,
		.create_date = version->created_ms,
		.has_create_date = true,
	};
}
