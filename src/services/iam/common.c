/* SPDX-License-Identifier: MIT */
/* common: see common.h. */
#include "services/iam/common.h"

#include <string.h>

#include "core/policies.h"
#include "format/form.h"

#define SERVICE_ROLE_PATH STR("/aws-service-role/")

const struct iam_kind iam_kinds[] = {
	[DIRECTORY_ACCOUNT] = {"account", "Account", "", 1, 0},
	[DIRECTORY_USER] = {"user", "User", "AIDA", LIMIT_IAM_USERS, LIMIT_IAM_USER_POLICY_SIZE},
	[DIRECTORY_GROUP] = {"group", "Group", "AGPA", LIMIT_IAM_GROUPS,
			     LIMIT_IAM_GROUP_POLICY_SIZE},
	[DIRECTORY_ROLE] = {"role", "Role", "AROA", LIMIT_IAM_ROLES, LIMIT_IAM_ROLE_POLICY_SIZE},
	[DIRECTORY_POLICY] = {"policy", "Policy", "ANPA", LIMIT_IAM_POLICIES, 0},
};

/* ---- opening ---- */

/* NoSuchEntity: "The user with name x cannot be found." */
static enum err fail_missing(struct call *call, const char *what, struct str name)
{
	return fail(call, &IAM_NO_SUCH_ENTITY, "The %s with name %.*s cannot be found.", what,
		    STR_ARG(name));
}

struct str iam_arn(struct call *call, enum directory_kind kind, struct str path, struct str name)
{
	return arena_format(call->arena, "arn:aws:iam::%.*s:%s%.*s%.*s", STR_ARG(call->account),
			    iam_kinds[kind].word, STR_ARG(path), STR_ARG(name));
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

static void release_entity(void *subject)
{
	directory_release(subject);
}

static const struct directory_entity *keep(struct call *call, const struct directory_entity *entity)
{
	if (entity)
		call_on_end(call, release_entity, (void *)entity);
	return entity;
}

/* May the caller do what it asks to that entity; data NULL: it is not there. */
static enum err ask(struct call *call, struct str arn, struct str account,
		    const struct directory_entity *entity)
{
	struct resource resource = {.arn = arn, .account = account};

	if (entity) {
		resource.tags = entity->tags;
		resource.tag_count = entity->tag_count;
		for (size_t i = 0; i < entity->tag_count; i++)
			iam_add_key(call,
				    arena_format(call->arena, "iam:ResourceTag/%.*s",
						 STR_ARG(entity->tags[i].key)),
				    entity->tags[i].value);
		if (entity->boundary.size > 0 && !has_key(call, STR("iam:PermissionsBoundary")))
			iam_add_key(call, STR("iam:PermissionsBoundary"), entity->boundary);
	}
	return call_authorize(call, call->operation->action, &resource);
}

enum err iam_open(struct call *call, enum directory_kind kind, struct str name,
		  const struct directory_entity **out_entity)
{
	const struct directory_entity *entity =
		keep(call, directory_find(call->core->directory, kind, call->account, name));
	struct str arn = entity ? entity->arn : iam_arn(call, kind, STR("/"), name);

	enum err err = ask(call, arn, call->account, entity);
	if (err)
		return err;
	if (!entity)
		return fail_missing(call, iam_kinds[kind].word, name);
	*out_entity = entity;
	return ERR_OK;
}

enum err iam_find(struct call *call, enum directory_kind kind, struct str name,
		  const struct directory_entity **out_entity)
{
	const struct directory_entity *entity =
		keep(call, directory_find(call->core->directory, kind, call->account, name));

	if (!entity)
		return fail_missing(call, iam_kinds[kind].word, name);
	*out_entity = entity;
	return ERR_OK;
}

const struct directory_entity *iam_get(struct call *call, struct str id)
{
	return keep(call, directory_find_id(call->core->directory, id));
}

enum err iam_open_to_change(struct call *call, enum directory_kind kind, struct str name,
			    const struct directory_entity **out_entity)
{
	const struct directory_entity *entity;

	enum err err = iam_open(call, kind, name, &entity);
	if (err)
		return err;
	if (kind == DIRECTORY_ROLE && str_starts(entity->path, SERVICE_ROLE_PATH))
		return fail(call, &IAM_UNMODIFIABLE_ENTITY,
			    "Cannot perform the operation on the protected role '%.*s' - this "
			    "role is only modifiable by AWS",
			    STR_ARG(name));
	*out_entity = entity;
	return ERR_OK;
}

static void free_draft(void *subject)
{
	heap_free(subject);
}

const struct directory_entity *iam_account(struct call *call)
{
	const struct directory_entity *account =
		keep(call, directory_find_id(call->core->directory, call->account));

	if (account)
		return account;
	struct directory_entity *draft = heap_alloc(sizeof(*draft));
	call_on_end(call, free_draft, draft);
	draft->kind = DIRECTORY_ACCOUNT;
	draft->account = draft->name = draft->id = call->account;
	draft->arn = arena_format(call->arena, "arn:aws:iam::%.*s:root", STR_ARG(call->account));
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
		entity = keep(call, directory_find_id(call->core->directory, caller->entity_id));
	else
		return fail(call, &IAM_VALIDATION_ERROR,
			    "Must specify userName when calling with non-User credentials");
	if (!entity)
		return fail_missing(call, "user", caller->name);
	enum err err = ask(call, entity->arn, call->account, entity);
	if (!err)
		*out_entity = entity;
	return err;
}

/* The account that an ARN names; AWS's own things count as the caller's. */
static struct str account_of(const struct call *call, struct str arn)
{
	struct str account = {0};

	for (int part = 0; part < 5 && arn.data; part++)
		account = str_cut(&arn, ':');
	return str_equal(account, DIRECTORY_AWS) ? call->account : account;
}

enum err iam_check_policy_arn(struct call *call, struct str arn)
{
	struct str rest = arn;

	for (int part = 0; part < 5 && rest.data; part++)
		(void)str_cut(&rest, ':');
	if (str_starts(arn, STR("arn:")) && str_starts(rest, STR("policy/")))
		return ERR_OK;
	if (!rest.data || !str_starts(arn, STR("arn:")))
		return fail(call, &IAM_VALIDATION_ERROR, "Invalid ARN:  Could not be parsed!");
	return fail(call, &IAM_INVALID_INPUT, "ARN %.*s is not valid.", STR_ARG(arn));
}

static const struct directory_entity *policy_of(struct call *call, struct str arn)
{
	const struct directory_entity *entity =
		keep(call, directory_find_arn(call->core->directory, arn));

	return entity && entity->kind == DIRECTORY_POLICY ? entity : NULL;
}

enum err iam_open_policy(struct call *call, struct str arn,
			 const struct directory_entity **out_entity)
{
	enum err err = iam_check_policy_arn(call, arn);

	if (err)
		return err;
	const struct directory_entity *entity = policy_of(call, arn);
	err = ask(call, arn, account_of(call, arn), entity);
	if (err)
		return err;
	if (!entity)
		return fail(call, &IAM_NO_SUCH_ENTITY, "Policy %.*s was not found.", STR_ARG(arn));
	*out_entity = entity;
	return ERR_OK;
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
	enum err err = iam_check_policy_arn(call, arn);

	if (err)
		return err;
	const struct directory_entity *entity = policy_of(call, arn);
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
	if (taken && kind == DIRECTORY_POLICY)
		return fail(call, &IAM_ENTITY_ALREADY_EXISTS,
			    "A policy called %.*s already exists. Duplicate names are not "
			    "allowed.",
			    STR_ARG(name));
	if (taken)
		return fail(call, &IAM_ENTITY_ALREADY_EXISTS, "%s with name %.*s already exists.",
			    words->title, STR_ARG(name));
	directory_each(call->core->directory, kind, call->account, STR(""), count_entity, &count);
	if (directory_count(call->core->directory) >= LIMIT_IAM_ENTITIES)
		return fail(call, &IAM_LIMIT_EXCEEDED,
			    "Cannot exceed quota for entities of this server: %d",
			    LIMIT_IAM_ENTITIES);
	if (count >= words->count_max)
		return fail(call, &IAM_LIMIT_EXCEEDED,
			    "Cannot exceed quota for %s%sPerAccount: %lld", words->title,
			    kind == DIRECTORY_POLICY ? "" : "s", (long long)words->count_max);
	return ERR_OK;
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

static void release_policy(void *subject)
{
	policy_release(subject);
}

enum err iam_compile(struct call *call, struct str document, enum policy_kind kind,
		     const struct policy **out_policy)
{
	const struct policy *policy;
	struct str problem;

	enum err err = call_compile_policy(call, document, kind, &policy, &problem);
	if (err == ERR_INVALID)
		return fail(call, &IAM_MALFORMED_POLICY_DOCUMENT, "%.*s", STR_ARG(problem));
	if (err)
		return err;
	call_on_end(call, release_policy, (void *)policy);
	*out_policy = policy;
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

	form_encode(&encoded, policy_text(policy), false);
	struct str text = arena_copy(call->arena, buf_str(&encoded));
	buf_done(&encoded);
	return text;
}
