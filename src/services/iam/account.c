/* SPDX-License-Identifier: MIT */
/* account: its alias, its numbers, and all of it at once. */
#include <string.h>

#include "services/iam/store.h"
#include "services/iam/view.h"

/* ---- aliases ---- */

struct search {
	struct str alias;
	bool is_taken;
};

static bool find_alias(void *context, const struct directory_entity *account)
{
	struct search *search = context;

	search->is_taken |= str_equal(account->alias, search->alias);
	return !search->is_taken;
}

enum err iam_create_account_alias(struct call *call, const struct iam_create_account_alias_in *in,
				  struct iam_create_account_alias_out *out)
{
	struct search search = {.alias = in->account_alias};

	(void)out;
	enum err err = call_authorize_any(call, call->operation->action);
	if (err)
		return err;
	directory_each(call->core->directory, DIRECTORY_ACCOUNT, (struct str){0}, STR(""),
		       find_alias, &search);
	struct directory_entity draft = directory_draft(iam_account(call));
	if (search.is_taken) /* by this account too */
		return fail(call, &IAM_ENTITY_ALREADY_EXISTS,
			    "The account alias %.*s already exists.", STR_ARG(in->account_alias));
	draft.alias = in->account_alias;
	return iam_store_put(call->core, &draft);
}

enum err iam_delete_account_alias(struct call *call, const struct iam_delete_account_alias_in *in,
				  struct iam_delete_account_alias_out *out)
{
	(void)out;
	enum err err = call_authorize_any(call, call->operation->action);
	if (err)
		return err;
	struct directory_entity draft = directory_draft(iam_account(call));
	if (!str_equal(draft.alias, in->account_alias))
		return fail(call, &IAM_NO_SUCH_ENTITY, "The account alias %.*s cannot be found.",
			    STR_ARG(in->account_alias));
	draft.alias = (struct str){0};
	return iam_store_put(call->core, &draft);
}

enum err iam_list_account_aliases(struct call *call, const struct iam_list_account_aliases_in *in,
				  struct iam_list_account_aliases_out *out)
{
	enum err err = call_authorize_any(call, call->operation->action);

	(void)in;
	if (err)
		return err;
	const struct directory_entity *account = iam_account(call);
	out->account_aliases = iam_array(call, struct str, 1);
	if (account->alias.size > 0)
		out->account_aliases[out->account_aliases_count++] = account->alias;
	out->has_is_truncated = true;
	return ERR_OK;
}

/* ---- numbers ---- */

static bool count_entity(void *context, const struct directory_entity *entity)
{
	(void)entity;
	++*(int64_t *)context;
	return true;
}

static int64_t count(struct call *call, enum directory_kind kind)
{
	int64_t number = 0;

	directory_each(call->core->directory, kind, call->account, STR(""), count_entity, &number);
	return number;
}

struct counts {
	int64_t devices_in_use, versions_in_use;
};

static bool count_device(void *context, const struct directory_entity *device)
{
	((struct counts *)context)->devices_in_use += device->user_id.size > 0;
	return true;
}

static bool count_versions(void *context, const struct directory_entity *policy)
{
	((struct counts *)context)->versions_in_use += (int64_t)policy->version_count;
	return true;
}

enum err iam_get_account_summary(struct call *call, const struct iam_get_account_summary_in *in,
				 struct iam_get_account_summary_out *out)
{
	(void)in;
	enum err err = call_authorize_any(call, call->operation->action);
	if (err)
		return err;
	struct counts counts = {0};
	directory_each(call->core->directory, DIRECTORY_MFA_DEVICE, call->account, STR(""),
		       count_device, &counts);
	directory_each(call->core->directory, DIRECTORY_POLICY, call->account, STR(""),
		       count_versions, &counts);
	const struct {
		const char *name;
		int64_t number;
	} numbers[] = {
		{"Users", count(call, DIRECTORY_USER)},
		{"UsersQuota", iam_quota(call, DIRECTORY_USER)},
		{"Groups", count(call, DIRECTORY_GROUP)},
		{"GroupsQuota", iam_quota(call, DIRECTORY_GROUP)},
		{"Roles", count(call, DIRECTORY_ROLE)},
		{"RolesQuota", iam_quota(call, DIRECTORY_ROLE)},
		{"Policies", count(call, DIRECTORY_POLICY)},
		{"PoliciesQuota", iam_quota(call, DIRECTORY_POLICY)},
		{"InstanceProfiles", count(call, DIRECTORY_INSTANCE_PROFILE)},
		{"InstanceProfilesQuota", iam_quota(call, DIRECTORY_INSTANCE_PROFILE)},
		{"ServerCertificates", 0},
		{"ServerCertificatesQuota", 20},
		{"MFADevices", count(call, DIRECTORY_MFA_DEVICE)},
		{"MFADevicesInUse", counts.devices_in_use},
		{"Providers", count(call, DIRECTORY_OIDC_PROVIDER)},
		{"AccountMFAEnabled", 0},
		{"AccountPasswordPresent", 0},
		{"AccountAccessKeysPresent", iam_account(call)->key_count > 0},
		{"AccountSigningCertificatesPresent", 0},
		{"AccessKeysPerUserQuota", LIMIT_IAM_KEYS},
		{"GroupsPerUserQuota", LIMIT_IAM_USER_GROUPS},
		{"AttachedPoliciesPerUserQuota", LIMIT_IAM_ATTACHED},
		{"AttachedPoliciesPerGroupQuota", LIMIT_IAM_ATTACHED},
		{"AttachedPoliciesPerRoleQuota", LIMIT_IAM_ATTACHED},
		{"UserPolicySizeQuota", LIMIT_IAM_USER_POLICY_SIZE},
		{"GroupPolicySizeQuota", LIMIT_IAM_GROUP_POLICY_SIZE},
		{"RolePolicySizeQuota", LIMIT_IAM_ROLE_POLICY_SIZE},
		{"AssumeRolePolicySizeQuota", LIMIT_IAM_TRUST_SIZE},
		{"PolicySizeQuota", LIMIT_IAM_POLICY_SIZE},
		{"VersionsPerPolicyQuota", LIMIT_IAM_VERSIONS},
		{"PolicyVersionsInUse", counts.versions_in_use},
		{"PolicyVersionsInUseQuota", 10000},
		{"SigningCertificatesPerUserQuota", 2},
		{"GlobalEndpointTokenVersion", 1},
	};
	out->summary_map_count = sizeof(numbers) / sizeof(numbers[0]);
	out->summary_map = arena_array(call->arena, struct shape_pair, out->summary_map_count);
	for (size_t i = 0; i < out->summary_map_count; i++)
		out->summary_map[i] = (struct shape_pair){
			str_from(numbers[i].name),
			arena_format(call->arena, "%lld", (long long)numbers[i].number)};
	return ERR_OK;
}
