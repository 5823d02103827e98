/* SPDX-License-Identifier: MIT */
/* policies: managed policies and their versions. */
#include <string.h>

#include "services/iam/store.h"
#include "services/iam/view.h"

static enum err compile(struct call *call, struct str document, const struct policy **out_policy)
{
	if (iam_document_size(document) > LIMIT_IAM_POLICY_SIZE)
		return fail(call, &IAM_LIMIT_EXCEEDED, "Cannot exceed quota for PolicySize: %d",
			    LIMIT_IAM_POLICY_SIZE);
	return iam_compile(call, document, POLICY_MANAGED, out_policy);
}

enum err iam_create_policy(struct call *call, const struct iam_create_policy_in *in,
			   struct iam_create_policy_out *out)
{
	struct directory_version version = {.id = STR("v1"), .created_ms = call->now_ms};
	struct directory_entity draft;

	enum err err = iam_draft_new(call, DIRECTORY_POLICY, in->path, in->policy_name, in->tags,
				     in->tags_count, &draft);
	if (!err)
		err = compile(call, in->policy_document, &version.policy);
	if (err)
		return err;
	draft.description = in->description;
	draft.versions = &version;
	draft.version_count = 1;
	draft.version_default = 1;
	draft.version_next = 2;
	err = iam_store_put(call->core, &draft);
	if (err)
		return err;
	out->policy = arena_new(call->arena, struct iam_policy);
	*out->policy = iam_show_policy(call, &draft, (struct iam_uses){0});
	out->policy->description = (struct str){0}; /* only GetPolicy shows it */
	return ERR_OK;
}

enum err iam_get_policy(struct call *call, const struct iam_get_policy_in *in,
			struct iam_get_policy_out *out)
{
	const struct directory_entity *policy;

	enum err err = iam_open_policy(call, in->policy_arn, &policy);
	if (err)
		return err;
	out->policy = arena_new(call->arena, struct iam_policy);
	*out->policy = iam_show_policy(call, policy, iam_count_uses(call, policy->arn));
	if (!out->policy->tags) /* an empty list, which other answers leave out */
		out->policy->tags = iam_array(call, struct iam_tag, 0);
	return ERR_OK;
}

enum err iam_delete_policy(struct call *call, const struct iam_delete_policy_in *in,
			   struct iam_delete_policy_out *out)
{
	const struct directory_entity *policy;

	(void)out;
	enum err err = iam_open_policy_to_change(call, in->policy_arn, &policy);
	if (err)
		return err;
	struct iam_uses uses = iam_count_uses(call, policy->arn);
	if (uses.attached + uses.bounding > 0)
		return fail(call, &IAM_DELETE_CONFLICT,
			    "Cannot delete a policy attached to entities.");
	if (policy->version_count > 1)
		return fail(call, &IAM_DELETE_CONFLICT,
			    "This policy has more than one version. Before you delete a policy, "
			    "you must delete the policy's versions. The default version is deleted "
			    "with the policy.");
	return iam_store_remove(call->core, policy->id);
}

/* ---- listing ---- */

static bool is_wanted(const struct iam_list_policies_in *in, struct iam_uses uses)
{
	if (in->only_attached && uses.attached + uses.bounding == 0)
		return false;
	if (str_equal(in->policy_usage_filter, STR("PermissionsPolicy")))
		return uses.attached > 0;
	if (str_equal(in->policy_usage_filter, STR("PermissionsBoundary")))
		return uses.bounding > 0;
	return true;
}

/* AWS's come behind the account's own. */
static size_t collect(struct call *call, const struct iam_list_policies_in *in,
		      const struct iam_page *page, const struct iam_use_table *table,
		      const struct directory_entity **out_items, size_t room)
{
	const struct str scopes[] = {call->account, DIRECTORY_AWS};
	bool skips_own = str_equal(in->scope, STR("AWS")) || str_equal(page->scope, DIRECTORY_AWS);
	bool skips_aws = str_equal(in->scope, STR("Local"));
	size_t count = 0;

	for (size_t s = skips_own; s < 2 - (size_t)skips_aws; s++) {
		bool goes_on = str_equal(page->scope, scopes[s]);
		struct iam_list *list =
			iam_list(call, DIRECTORY_POLICY, scopes[s], goes_on ? page->after : STR(""),
				 in->path_prefix, SIZE_MAX);
		for (size_t i = 0; i < list->count && count < room; i++)
			if (is_wanted(in, iam_uses_of(table, list->items[i]->arn)))
				out_items[count++] = list->items[i];
	}
	return count;
}

enum err iam_list_policies(struct call *call, const struct iam_list_policies_in *in,
			   struct iam_list_policies_out *out)
{
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = iam_may_list(call, DIRECTORY_POLICY, in->path_prefix);
	if (err)
		return err;
	struct iam_use_table *table = iam_count_all_uses(call);
	const struct directory_entity **items =
		arena_array(call->arena, const struct directory_entity *, page.most + 1);
	size_t count = collect(call, in, &page, table, items, page.most + 1);
	out->policies_count = iam_page_cut_entities(&page, items, count);
	out->policies = iam_array(call, struct iam_policy, out->policies_count);
	for (size_t i = 0; i < out->policies_count; i++) {
		out->policies[i] =
			iam_show_policy(call, items[i], iam_uses_of(table, items[i]->arn));
		out->policies[i].tags = NULL;
		out->policies[i].tags_count = 0;
		out->policies[i].description = (struct str){0};
	}
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}

/* ---- versions ---- */

typedef enum err (*open_policy_fn)(struct call *call, struct str arn,
				   const struct directory_entity **out_policy);

/* A policy and the place of one of its versions; AWS's fault is the same without the policy. */
static enum err open_version(struct call *call, open_policy_fn open, struct str arn, struct str id,
			     const struct directory_entity **out_policy, size_t *out_place)
{
	const struct directory_entity *policy;

	enum err err = open(call, arn, &policy);
	if (err && call->fault != &IAM_NO_SUCH_ENTITY)
		return err;
	for (size_t i = 0; !err && i < policy->version_count; i++) {
		if (str_equal(policy->versions[i].id, id)) {
			*out_policy = policy;
			*out_place = i;
			return ERR_OK;
		}
	}
	return fail(call, &IAM_NO_SUCH_ENTITY,
		    "Policy %.*s version %.*s does not exist or is not attachable.", STR_ARG(arn),
		    STR_ARG(id));
}

static int64_t number_of(const struct directory_version *version)
{
	int64_t number = 0;

	check(str_to_i64(str_slice(version->id, 1, SIZE_MAX), &number));
	return number;
}

enum err iam_create_policy_version(struct call *call, const struct iam_create_policy_version_in *in,
				   struct iam_create_policy_version_out *out)
{
	const struct directory_entity *policy;
	const struct policy *document;

	enum err err = iam_open_policy_to_change(call, in->policy_arn, &policy);
	if (!err)
		err = compile(call, in->policy_document, &document);
	if (err)
		return err;
	if (policy->version_count >= LIMIT_IAM_VERSIONS)
		return fail(call, &IAM_LIMIT_EXCEEDED,
			    "A managed policy can have up to %d versions. Before you create a new "
			    "version, you must delete an existing version.",
			    LIMIT_IAM_VERSIONS);
	struct directory_entity draft = directory_draft(policy);
	struct directory_version versions[LIMIT_IAM_VERSIONS];
	struct directory_version *made = &versions[draft.version_count];
	memcpy(versions, draft.versions, draft.version_count * sizeof(*versions));
	*made = (struct directory_version){
		.id = arena_format(call->arena, "v%lld", (long long)draft.version_next),
		.policy = document,
		.created_ms = call->now_ms,
	};
	draft.versions = versions;
	draft.version_count++;
	if (in->set_as_default)
		draft.version_default = draft.version_next;
	draft.version_next++;
	draft.updated_ms = call->now_ms;
	err = iam_store_put(call->core, &draft);
	if (err)
		return err;
	out->policy_version = arena_new(call->arena, struct iam_policy_version);
	*out->policy_version = iam_show_version(&draft, made);
	return ERR_OK;
}

enum err iam_get_policy_version(struct call *call, const struct iam_get_policy_version_in *in,
				struct iam_get_policy_version_out *out)
{
	const struct directory_entity *policy;
	size_t place = 0;

	enum err err = open_version(call, iam_open_policy, in->policy_arn, in->version_id, &policy,
				    &place);
	if (err)
		return err;
	out->policy_version = arena_new(call->arena, struct iam_policy_version);
	*out->policy_version = iam_show_version(policy, &policy->versions[place]);
	out->policy_version->document = iam_show_document(call, policy->versions[place].policy);
	return ERR_OK;
}

static struct str version_id_at(const void *versions, size_t index)
{
	return ((const struct directory_version *const *)versions)[index]->id;
}

/* The newest first. */
enum err iam_list_policy_versions(struct call *call, const struct iam_list_policy_versions_in *in,
				  struct iam_list_policy_versions_out *out)
{
	const struct directory_entity *policy;
	struct iam_page page;

	enum err err = iam_page_open(call, in->marker, in->has_max_items, in->max_items, &page);
	if (!err)
		err = iam_open_policy(call, in->policy_arn, &policy);
	if (err)
		return err;
	const struct directory_version **versions =
		arena_array(call->arena, const struct directory_version *, policy->version_count);
	for (size_t i = 0; i < policy->version_count; i++)
		versions[i] = &policy->versions[policy->version_count - 1 - i];
	out->versions_count = iam_page_cut(&page, versions, policy->version_count, version_id_at);
	out->versions = iam_array(call, struct iam_policy_version, out->versions_count);
	for (size_t i = 0; i < out->versions_count; i++)
		out->versions[i] = iam_show_version(policy, versions[page.from + i]);
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}

struct version_change {
	struct directory_entity draft;
	size_t place;
	int64_t number;
};

static enum err open_version_to_change(struct call *call, struct str arn, struct str id,
				       struct version_change *out)
{
	const struct directory_entity *policy;

	enum err err = open_version(call, iam_open_policy_to_change, arn, id, &policy, &out->place);
	if (err)
		return err;
	out->draft = directory_draft(policy);
	out->number = number_of(&policy->versions[out->place]);
	return ERR_OK;
}

enum err iam_set_default_policy_version(struct call *call,
					const struct iam_set_default_policy_version_in *in,
					struct iam_set_default_policy_version_out *out)
{
	struct version_change change;

	(void)out;
	enum err err = open_version_to_change(call, in->policy_arn, in->version_id, &change);
	if (err)
		return err;
	change.draft.version_default = change.number;
	change.draft.updated_ms = call->now_ms;
	return iam_store_put(call->core, &change.draft);
}

enum err iam_delete_policy_version(struct call *call, const struct iam_delete_policy_version_in *in,
				   struct iam_delete_policy_version_out *out)
{
	struct directory_version versions[LIMIT_IAM_VERSIONS];
	struct version_change change;

	(void)out;
	enum err err = open_version_to_change(call, in->policy_arn, in->version_id, &change);
	if (err)
		return err;
	struct directory_entity *draft = &change.draft;
	if (change.number == draft->version_default)
		return fail(call, &IAM_DELETE_CONFLICT,
			    "Cannot delete the default version of a policy.");
	memcpy(versions, draft->versions, draft->version_count * sizeof(*versions));
	draft->version_count--;
	memmove(&versions[change.place], &versions[change.place + 1],
		(draft->version_count - change.place) * sizeof(*versions));
	draft->versions = versions;
	return iam_store_put(call->core, draft);
}
