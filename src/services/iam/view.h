/* SPDX-License-Identifier: MIT */
/* view: entities as answers show them; texts are borrowed from the entity or in the arena. */
#ifndef TERN_SERVICES_IAM_VIEW_H
#define TERN_SERVICES_IAM_VIEW_H

#include "services/iam/common.h"

struct iam_user iam_show_user(struct call *call, const struct directory_entity *entity);
struct iam_group iam_show_group(const struct directory_entity *entity);
struct iam_role iam_show_role(struct call *call, const struct directory_entity *entity);
/* As CreateRole, UpdateRoleDescription and instance profiles show it: without its duration. */
struct iam_role iam_show_role_shortly(struct call *call, const struct directory_entity *entity);
struct iam_policy_version iam_show_version(const struct directory_entity *entity,
					   const struct directory_version *version);
struct iam_instance_profile iam_show_instance_profile(struct call *call,
						      const struct directory_entity *profile);
/* As lists show them: without tags. */
struct iam_instance_profile *iam_show_instance_profiles(struct call *call,
							const struct directory_entity *const *items,
							size_t count);
/* Instance profiles that hold the role; released when the call ends. */
struct iam_list *iam_instance_profiles_of(struct call *call, const struct directory_entity *role);
/* The MFA devices of a user; released when the call ends. */
struct iam_list *iam_mfa_devices_of(struct call *call, const struct directory_entity *user);
/* NULL without one. */
struct iam_attached_permissions_boundary *iam_show_boundary(struct call *call,
							    const struct directory_entity *entity);

/* Number of the account's users, groups and roles that have a managed policy. */
struct iam_uses {
	int64_t attached, bounding;
};
struct iam_uses iam_count_uses(struct call *call, struct str arn);
/* Counts the uses of all policies in one pass, as a list of policies needs each. Released when the
 * call ends. */
struct iam_use_table;
struct iam_use_table *iam_count_all_uses(struct call *call);
struct iam_uses iam_uses_of(const struct iam_use_table *table, struct str arn);
struct iam_policy iam_show_policy(struct call *call, const struct directory_entity *entity,
				  struct iam_uses uses);
bool iam_is_attached(const struct directory_entity *entity, struct str arn);

#endif
