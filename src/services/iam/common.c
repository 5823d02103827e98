/* SPDX-License-Identifier: MIT */
/* common: see common.h. */
#include "services/iam/common.h"

#include <string.h>

#include "base/arn.h"
#include "core/keep.h"
#include "core/policies.h"
#include "format/form.h"

#define SERVICE_ROLE_PATH STR("/aws-service-role/")

const struct iam_kind iam_kinds[] = {
	[DIRECTORY_ACCOUNT] = {.word = "account", .title = "Account", .id = "", .count_max = 1},
	[DIRECTORY_USER] = {.word = "user",
			    .title = "User",
			    .id = "AIDA",
			    .tag_action = "iam:TagUser",
			    .quota = "UsersPerAccount",
			    .has_quota = true,
			    .count_quota = QUOTA_IAM_USERS,
			    .inline_size_max = LIMIT_IAM_USER_POLICY_SIZE,
			    .missing = {"The user with name ", " cannot be found."},
			    .taken = {"User with name ", " already exists."}},
	[DIRECTORY_GROUP] = {.word = "group",
			     .title = "Group",
			     .id = "AGPA",
			     .quota = "GroupsPerAccount",
			     .has_quota = true,
			     .count_quota = QUOTA_IAM_GROUPS,
			     .inline_size_max = LIMIT_IAM_GROUP_POLICY_SIZE,
			     .missing = {"The group with name ", " cannot be found."},
			     .taken = {"Group with name ", " already exists."}},
	[DIRECTORY_ROLE] = {.word = "role",
			    .title = "Role",
			    .id = "AROA",
			    .tag_action = "iam:TagRole",
			    .quota = "RolesPerAccount",
			    .has_quota = true,
			    .count_quota = QUOTA_IAM_ROLES,
			    .inline_size_max = LIMIT_IAM_ROLE_POLICY_SIZE,
			    .missing = {"The role with name ", " cannot be found."},
			    .taken = {"Role with name ", " already exists."}},
	[DIRECTORY_POLICY] = {.word = "policy",
			      .title = "Policy",
			      .id = "ANPA",
			      .tag_action = "iam:TagPolicy",
			      .quota = "PolicyPerAccount",
			      .has_quota = true,
			      .count_quota = QUOTA_IAM_POLICIES,
			      .missing = {"Policy ", " was not found."},
			      .taken = {"A policy called ",
					" already exists. Duplicate names are not allowed."}},
	[DIRECTORY_INSTANCE_PROFILE] = {.word = "instance-profile",
					.title = "InstanceProfile",
					.id = "AIPA",
					.tag_action = "iam:TagInstanceProfile",
					.quota = "InstanceProfilesPerAccount",
					.has_quota = true,
					.count_quota = QUOTA_IAM_INSTANCE_PROFILES,
					.missing = {"Instance Profile ", " cannot be found."},
					.taken = {"Instance Profile ", " already exists."}},
	[DIRECTORY_OIDC_PROVIDER] = {.word = "oidc-provider",
				     .title = "OpenIdConnectProvider",
				     .id = "OIDC", /* shown nowhere */
				     .tag_action = "iam:TagOpenIDConnectProvider",
				     .quota = "OpenIdConnectProvidersPerAccount",
				     .has_quota = true,
				     .count_quota = QUOTA_IAM_OIDC_PROVIDERS,
				     .missing = {"OpenIDConnect Provider not found for arn ", ""},
				     .taken = {"Provider with url https://", " already exists."}},
	[DIRECTORY_MFA_DEVICE] = {.word = "mfa",
				  .title = "MFADevice",
				  .id = "MFAD", /* shown nowhere */
				  .tag_action = "iam:TagMFADevice",
				  .quota = "MFADevicesPerAccount",
				  .count_max = LIMIT_IAM_MFA_DEVICES,
				  .missing = {"MFA Device with serial number ", " does not exist."},
				  .taken = {"MFA device already exists.", NULL}},
};

int64_t iam_quota(const struct call *call, enum directory_kind kind)
{
	const struct iam_kind *words = &iam_kinds[kind];

	return words->has_quota ? quota_most(call->core->quotas, words->count_quota)
				: words->count_max;
}

/* ---- opening ---- */

enum err iam_fail_missing(struct call *call, enum directory_kind kind, struct str name)
{
	const char *const *text = iam_kinds[kind].missing;

	return fail(call, &IAM_NO_SUCH_ENTITY, "%s%.*s%s", text[0], STR_ARG(name), text[1]);
}

enum err iam_fail_taken(struct call *call, enum directory_kind kind, struct str name)
{
	const char *const *text = iam_kinds[kind].taken;

	if (!text[1])
		return fail(call, &IAM_ENTITY_ALREADY_EXISTS, "%s", text[0]);
	return fail(call, &IAM_ENTITY_ALREADY_EXISTS, "%s%.*s%s", text[0], STR_ARG(name), text[1]);
}

struct str iam_arn(struct call *call, enum directory_kind kind, struct str path, struct str name)
{
	return arn_make(call->arena, STR("iam"), STR(""), call->account,
			arena_format(call->arena, "%s%.*s%.*s", iam_kinds[kind].word, STR_ARG(path),
				     STR_ARG(name)));
}

void iam_add_key(struct call *call, struct str name, struct str value)
{
	struct str *values = arena_array(call->arena, struct str, 1);

	values[0] = value;
	call_add_key(call, name, values, 1);
}

static bool has_key(const struct call *call, struct str name)
{
	for (size_t i = 0; i < call->key_count; i++)
		if (str_equal(call->keys[i].name, name))
			return true;
	return false;
}

static void add_entity_keys(struct call *call, const struct directory_entity *entity)
{
	for (size_t i = 0; i < entity->tag_count; i++)
		iam_add_key(call,
			    arena_format(call->arena, "iam:ResourceTag/%.*s",
					 STR_ARG(entity->tags[i].key)),
			    entity->tags[i].value);
	if (entity->boundary.size > 0 && !has_key(call, STR("iam:PermissionsBoundary")))
		iam_add_key(call, STR("iam:PermissionsBoundary"), entity->boundary);
}

enum err iam_ask(struct call *call, struct str action, const struct resource *resource,
		 const struct directory_entity *entity)
{
	struct resource asked = *resource;
	size_t key_count = call->key_count;

	if (entity) {
		asked.tags = entity->tags;
		asked.tag_count = entity->tag_count;
		add_entity_keys(call, entity);
	}
	enum err err = call_authorize(call, action, &asked);
	call->key_count = key_count; /* another question may be about another entity */
	return err;
}

/* Authorizes the call's action on that entity; NULL: the entity does not exist. */
static enum err ask(struct call *call, struct str arn, struct str account,
		    const struct directory_entity *entity)
{
	const struct resource resource = {.arn = arn, .account = account};

	return iam_ask(call, call->operation->action, &resource, entity);
}

enum err iam_open(struct call *call, enum directory_kind kind, struct str name,
		  const struct directory_entity **out_entity)
{
	const struct directory_entity *entity = call_keep_entity(
		call, directory_find(call->core->directory, kind, call->account, name));
	struct str arn = entity ? entity->arn : iam_arn(call, kind, STR("/"), name);

	enum err err = ask(call, arn, call->account, entity);
	if (err)
		return err;
	if (!entity)
		return iam_fail_missing(call, kind, name);
	*out_entity = entity;
	return ERR_OK;
}

enum err iam_find(struct call *call, enum directory_kind kind, struct str name,
		  const struct directory_entity **out_entity)
{
	const struct directory_entity *entity = call_keep_entity(
		call, directory_find(call->core->directory, kind, call->account, name));

	if (!entity)
		return iam_fail_missing(call, kind, name);
	*out_entity = entity;
	return ERR_OK;
}

const struct directory_entity *iam_get(struct call *call, struct str id)
{
	return call_keep_entity(call, directory_find_id(call->core->directory, id));
}

enum err iam_check_modifiable(struct call *call, const struct directory_entity *entity)
{
	if (entity->kind != DIRECTORY_ROLE || !str_starts(entity->path, SERVICE_ROLE_PATH))
		return ERR_OK;
	return fail(call, &IAM_UNMODIFIABLE_ENTITY,
		    "Cannot perform the operation on the protected role '%.*s' - this role is only "
		    "modifiable by AWS",
		    STR_ARG(entity->name));
}

enum err iam_open_to_change(struct call *call, enum directory_kind kind, struct str name,
			    const struct directory_entity **out_entity)
{
	const struct directory_entity *entity;

	enum err err = iam_open(call, kind, name, &entity);
	if (err)
		return err;
	err = iam_check_modifiable(call, entity);
	if (!err)
		*out_entity = entity;
	return err;
}

static void free_draft(void *subject)
{
	heap_free(subject);
}

const struct directory_entity *iam_account(struct call *call)
{
	const struct directory_entity *account =
		call_keep_entity(call, directory_find_id(call->core->directory, call->account));

	if (account)
		return account;
	struct directory_entity *draft = heap_alloc(sizeof(*draft));
	call_on_end(call, free_draft, draft);
	draft->kind = DIRECTORY_ACCOUNT;
	draft->account = draft->name = draft->id = call->account;
	draft->arn = arn_root(call->arena, STR(""), call->account);
	draft->created_ms = call->now_ms;
	return draft;
}

enum err iam_open_user(struct call *call, struct str name,
		       const struct directory_entity **out_entity)
{
	const struct principal *caller = call->principal;
	const struct directory_entity *entity;

	if (name.data)
		return iam_open(call, DIRECTORY_USER, name, out_entity);
	if (caller->type == PRINCIPAL_ROOT)
		entity = iam_account(call);
	else if (caller->type == PRINCIPAL_USER)
		entity = call_keep_entity(
			call, directory_find_id(call->core->directory, caller->entity_id));
	else
		return fail(call, &IAM_VALIDATION_ERROR,
			    "Must specify userName when calling with non-User credentials");
	if (!entity)
		return iam_fail_missing(call, DIRECTORY_USER, caller->name);
	enum err err = ask(call, entity->arn, call->account, entity);
	if (!err)
		*out_entity = entity;
	return err;
}

/* The account that an ARN names; AWS's own things count as the caller's. */
static struct str account_of(const struct call *call, struct str arn)
{
	struct str account = arn_account(arn);

	return str_equal(account, DIRECTORY_AWS) ? call->account : account;
}

enum err iam_check_arn(struct call *call, enum directory_kind kind, struct str text)
{
	struct str word = str_from(iam_kinds[kind].word);
	struct arn arn;

	if (!arn_parse(text, &arn))
		return fail(call, &IAM_VALIDATION_ERROR, "Invalid ARN:  Could not be parsed!");
	if (str_equal(arn.service, STR("iam")) && str_starts(arn.resource, word) &&
	    str_starts(str_slice(arn.resource, word.size, SIZE_MAX), STR("/")))
		return ERR_OK;
	return fail(call, &IAM_INVALID_INPUT, "ARN %.*s is not valid.", STR_ARG(text));
}

const struct directory_entity *iam_find_arn(struct call *call, enum directory_kind kind,
					    struct str arn)
{
	const struct directory_entity *entity =
		call_keep_entity(call, directory_find_arn(call->core->directory, arn));

	return entity && entity->kind == kind ? entity : NULL;
}

enum err iam_open_arn(struct call *call, enum directory_kind kind, struct str arn,
		      const struct directory_entity **out_entity)
{
	enum err err = iam_check_arn(call, kind, arn);

	if (err)
		return err;
	const struct directory_entity *entity = iam_find_arn(call, kind, arn);
	err = ask(call, arn, account_of(call, arn), entity);
	if (err)
		return err;
	if (!entity)
		return iam_fail_missing(call, kind, arn);
	*out_entity = entity;
	return ERR_OK;
}

enum err iam_open_policy(struct call *call, struct str arn,
			 const struct directory_entity **out_entity)
{
	return iam_open_arn(call, DIRECTORY_POLICY, arn, out_entity);
}

enum err iam_open_policy_to_change(struct call *call, struct str arn,
				   const struct directory_entity **out_entity)
{
	const struct directory_entity *entity;

	enum err err = iam_open_policy(call, arn, &entity);
	if (err)
		return err;
	if (str_equal(entity->account, DIRECTORY_AWS))
		return fail(call, &call->operation->service->denied,
			    "Cannot change the AWS managed policy %.*s.", STR_ARG(arn));
	*out_entity = entity;
	return ERR_OK;
}

/* `what` begins the text of NoSuchEntity. */
static enum err find_policy(struct call *call, const char *what, struct str arn,
			    const struct directory_entity **out_entity)
{
	enum err err = iam_check_arn(call, DIRECTORY_POLICY, arn);

	if (err)
		return err;
	const struct directory_entity *entity = iam_find_arn(call, DIRECTORY_POLICY, arn);
	if (!entity || (!str_equal(entity->account, call->account) &&
			!str_equal(entity->account, DIRECTORY_AWS)))
		return fail(call, &IAM_NO_SUCH_ENTITY,
			    "%s %.*s does not exist or is not attachable.", what, STR_ARG(arn));
	*out_entity = entity;
	return ERR_OK;
}

enum err iam_find_policy(struct call *call, struct str arn,
			 const struct directory_entity **out_entity)
{
	return find_policy(call, "Policy", arn, out_entity);
}

enum err iam_find_boundary(struct call *call, struct str arn,
			   const struct directory_entity **out_entity)
{
	return find_policy(call, "Scope ARN:", arn, out_entity);
}

enum err iam_may_list(struct call *call, enum directory_kind kind, struct str prefix)
{
	struct resource all = {.account = call->account};

	all.arn = iam_arn(call, kind, prefix.data ? prefix : STR("/"), STR(""));
	return call_authorize(call, call->operation->action, &all);
}

/* ---- creating ---- */

static void make_id(const char *prefix, char out_id[DIRECTORY_ID_SIZE])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

	random_bytes(out_id, DIRECTORY_ID_SIZE);
	for (size_t i = 4; i < DIRECTORY_ID_SIZE; i++)
		out_id[i] = letters[(uint8_t)out_id[i] & 31];
	memcpy(out_id, prefix, 4);
}

static bool count_entity(void *context, const struct directory_entity *entity)
{
	(void)entity;
	++*(int64_t *)context;
	return true;
}

static enum err check_free(struct call *call, enum directory_kind kind, struct str name)
{
	const struct directory_entity *taken =
		directory_find(call->core->directory, kind, call->account, name);
	const struct iam_kind *words = &iam_kinds[kind];
	int64_t count = 0;

	directory_release(taken);
	if (taken)
		return iam_fail_taken(call, kind, name);
	directory_each(call->core->directory, kind, call->account, STR(""), count_entity, &count);
	bool is_full = directory_count(call->core->directory) >= LIMIT_IAM_ENTITIES;
	if (is_full)
		quota_log_server_limit(STR("entities of IAM"), LIMIT_IAM_ENTITIES);
	if (is_full || count >= iam_quota(call, kind))
		return fail(call, &IAM_LIMIT_EXCEEDED, "Cannot exceed quota for %s: %lld",
			    words->quota, (long long)iam_quota(call, kind));
	return ERR_OK;
}

static enum err ask_to_tag(struct call *call, const struct directory_entity *draft)
{
	const struct resource resource = {.arn = draft->arn, .account = draft->account};
	const char *action = iam_kinds[draft->kind].tag_action;

	check(action != NULL);
	return iam_ask(call, str_from(action), &resource, NULL);
}

enum err iam_draft_new(struct call *call, enum directory_kind kind, struct str path,
		       struct str name, const struct iam_tag *tags, size_t tag_count,
		       struct directory_entity *out_draft)
{
	char *id = arena_bytes(call->arena, DIRECTORY_ID_SIZE);
	struct directory_entity draft = {
		.kind = kind,
		.account = call->account,
		.name = name,
		.path = path.data ? path : STR("/"),
		.id = str_of(id, DIRECTORY_ID_SIZE),
		.created_ms = call->now_ms,
		.updated_ms = call->now_ms,
	};

	draft.arn = iam_arn(call, kind, draft.path, name);
	iam_ask_about_tags(call, tags, tag_count);
	enum err err = ask(call, draft.arn, call->account, NULL);
	if (!err && tag_count > 0)
		err = ask_to_tag(call, &draft);
	if (!err)
		err = check_free(call, kind, name);
	if (!err)
		err = iam_tags_merge(call, &draft, tags, tag_count);
	if (err)
		return err;
	make_id(iam_kinds[kind].id, id);
	*out_draft = draft;
	return ERR_OK;
}

/* ---- policies ---- */

enum err iam_compile(struct call *call, struct str document, enum policy_kind kind,
		     const struct policy **out_policy)
{
	const struct policy *policy;
	struct str problem;

	enum err err = policies_compile(call, document, kind, &policy, &problem);
	if (err == ERR_NOTFOUND)
		return fail(call, &IAM_MALFORMED_POLICY_DOCUMENT,
			    "Invalid principal in policy: \"AWS\":\"%.*s\"", STR_ARG(problem));
	if (err == ERR_INVALID)
		return fail(call, &IAM_MALFORMED_POLICY_DOCUMENT, "%.*s", STR_ARG(problem));
	if (err)
		return err;
	*out_policy = call_keep_policy(call, policy);
	return ERR_OK;
}

size_t iam_document_size(struct str document)
{
	size_t size = 0;

	for (size_t i = 0; i < document.size; i++)
		size += !memchr(" \t\r\n", document.data[i], 4);
	return size;
}

struct str iam_show_document(struct call *call, const struct policy *policy)
{
	struct buf encoded = {0};

	form_encode(&encoded, policies_show(call, policy_text(policy), policy_names(policy)),
		    false);
	struct str text = arena_copy(call->arena, buf_str(&encoded));
	buf_done(&encoded);
	return text;
}
