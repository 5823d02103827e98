/* SPDX-License-Identifier: MIT */
/* aliases: names of keys that can be moved from one to another. They are members of the key, so
 * that conditions on kms:ResourceAliases need no look-up. */
#include <stdlib.h>
#include <string.h>

#include "core/limit/quota.h"
#include "core/page.h"
#include "services/kms/change.h"
#include "services/kms/list.h"
#include "services/kms/use.h"

static struct str arn_of(struct call *call, struct str name)
{
	return arn_make(call->arena, STR("kms"), call->region, call->account, name);
}

static enum err check_name(struct call *call, struct str name)
{
	if (str_starts(name, STR("alias/")))
		return ERR_OK;
	return fail(call, &KMS_VALIDATION,
		    "Alias must start with the prefix \"alias/\". Please see "
		    "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html");
}

/* Refuses names that are reserved for AWS. */
static enum err check_reserved(struct call *call, struct str name)
{
	if (str_starts(name, STR("alias/aws/")))
		return fail(call, &KMS_NOT_AUTHORIZED, "%s", "");
	if (str_find_char(name, ':', 0) != SIZE_MAX)
		return fail(call, &KMS_VALIDATION, "%.*s contains invalid characters for an alias",
			    STR_ARG(name));
	if (name.size == 6)
		return fail(call, &KMS_INVALID_ALIAS_NAME, "Invalid alias name %.*s",
			    STR_ARG(name));
	return ERR_OK;
}

/* An alias has no policy of its own: the caller's policies decide. */
static enum err ask_about_alias(struct call *call, struct str action, struct str arn)
{
	struct resource resource = {.arn = arn, .account = call->account};

	return call_authorize(call, action, &resource);
}

static size_t place_of(const struct kms_key *key, struct str name)
{
	size_t place = 0;

	while (place < key->alias_count && str_compare(key->aliases[place].name, name) < 0)
		place++;
	return place;
}

static void add(struct call *call, struct kms_key *draft, const struct kms_alias *alias)
{
	struct kms_alias *aliases =
		arena_array(call->arena, struct kms_alias, draft->alias_count + 1);
	size_t place = place_of(draft, alias->name);

	for (size_t i = 0; i < draft->alias_count; i++)
		aliases[i < place ? i : i + 1] = draft->aliases[i];
	aliases[place] = *alias;
	draft->aliases = aliases;
	draft->alias_count++;
}

static void remove_alias(struct call *call, struct kms_key *draft, size_t place)
{
	struct kms_alias *aliases = arena_array(call->arena, struct kms_alias, draft->alias_count);

	for (size_t i = 0; i < draft->alias_count; i++)
		if (i != place)
			aliases[i < place ? i : i - 1] = draft->aliases[i];
	draft->aliases = aliases;
	draft->alias_count--;
}

/* A key that an alias is to name. */
static enum err find_target(struct call *call, struct str key_id, struct str action,
			    const struct kms_key **out_key)
{
	struct kms_target target;

	if (str_starts(key_id, STR("alias/")) ||
	    (str_starts(key_id, STR("arn:")) && str_find(key_id, STR(":alias/"), 0) != SIZE_MAX))
		return fail(call, &KMS_VALIDATION, "Aliases must refer to keys. Not aliases");
	enum err err = kms_target_of_call(call, key_id, false, action, &target);
	if (!err && !str_equal(target.key->account, call->account))
		err = kms_deny_foreign(call, action, key_id);
	if (!err)
		err = kms_ask(call, &(struct kms_question){.action = action, .target = &target});
	if (!err)
		err = kms_check_own(call, target.key, action);
	if (!err)
		err = kms_check_not_deleted(call, target.key);
	int64_t most = quota_most(call->core->quotas, QUOTA_KMS_ALIASES);
	if (!err && (int64_t)target.key->alias_count >= most)
		err = fail(call, &KMS_LIMIT_EXCEEDED, "A key may have at most %lld aliases.",
			   (long long)most);
	if (!err)
		*out_key = target.key;
	return err;
}

enum err kms_create_alias(struct call *call, const struct kms_create_alias_in *in,
			  struct kms_create_alias_out *out)
{
	struct str action = STR("kms:CreateAlias");
	const struct kms_key *key;

	(void)out;
	enum err err = check_name(call, in->alias_name);
	if (!err)
		err = check_reserved(call, in->alias_name);
	if (err)
		return err;
	struct kms_alias alias = {
		.name = in->alias_name,
		.arn = arn_of(call, in->alias_name),
		.created_ms = call->now_ms,
		.updated_ms = call->now_ms,
	};
	err = ask_about_alias(call, action, alias.arn);
	if (!err)
		err = find_target(call, in->target_key_id, action, &key);
	if (err)
		return err;
	const struct kms_key *holder =
		kms_registry_find_alias(kms_of(call->core)->registry, alias.arn);
	if (holder) {
		kms_key_release(holder);
		return fail(call, &KMS_ALREADY_EXISTS, "An alias with the name %.*s already exists",
			    STR_ARG(alias.arn));
	}
	struct kms_key draft = kms_key_draft(key);
	add(call, &draft, &alias);
	return kms_key_change(call->core, &draft);
}

/* The key that has the alias now; released when the call ends. */
static enum err find_holder(struct call *call, struct str name, struct str action,
			    const struct kms_key **out_key)
{
	struct str arn = arn_of(call, name);
	struct kms_target target = {0};

	enum err err = ask_about_alias(call, action, arn);
	if (err)
		return err;
	target.key = kms_registry_find_alias(kms_of(call->core)->registry, arn);
	if (!target.key)
		return fail(call, &KMS_NOT_FOUND, "Alias %.*s is not found.", STR_ARG(arn));
	*out_key = kms_keep_key(call, target.key);
	return kms_ask(call, &(struct kms_question){.action = action, .target = &target});
}

enum err kms_update_alias(struct call *call, const struct kms_update_alias_in *in,
			  struct kms_update_alias_out *out)
{
	struct str action = STR("kms:UpdateAlias");
	const struct kms_key *from, *to;
	struct kms_key drafts[2];

	(void)out;
	enum err err = check_name(call, in->alias_name);
	if (!err)
		err = check_reserved(call, in->alias_name);
	if (!err)
		err = find_holder(call, in->alias_name, action, &from);
	if (!err)
		err = find_target(call, in->target_key_id, action, &to);
	if (err)
		return err;
	size_t place = place_of(from, in->alias_name);
	struct kms_alias alias = from->aliases[place];
	if (from->usage != to->usage || kms_specs[from->spec].kind != kms_specs[to->spec].kind)
		return fail(call, &KMS_VALIDATION,
			    "The current and the new key of an alias must be of the same type and "
			    "have the same key usage.");
	alias.updated_ms = call->now_ms;
	drafts[0] = kms_key_draft(from);
	remove_alias(call, &drafts[0], place);
	if (str_equal(from->id, to->id)) {
		add(call, &drafts[0], &alias);
		return kms_key_change(call->core, &drafts[0]);
	}
	drafts[1] = kms_key_draft(to);
	add(call, &drafts[1], &alias);
	return kms_keys_change(call->core, drafts, 2);
}

enum err kms_delete_alias(struct call *call, const struct kms_delete_alias_in *in,
			  struct kms_delete_alias_out *out)
{
	const struct kms_key *key;

	(void)out;
	enum err err = check_name(call, in->alias_name);
	if (!err)
		err = check_reserved(call, in->alias_name);
	if (!err)
		err = find_holder(call, in->alias_name, STR("kms:DeleteAlias"), &key);
	if (err)
		return err;
	struct kms_key draft = kms_key_draft(key);
	remove_alias(call, &draft, place_of(key, in->alias_name));
	return kms_key_change(call->core, &draft);
}

/* ---- ListAliases ---- */

struct alias_list {
	struct arena *arena;
	struct kms_alias_list_entry *entries;
	size_t count, room;
};

static void add_entry(struct alias_list *list, const struct kms_key *key,
		      const struct kms_alias *alias)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct kms_alias_list_entry *entries =
			arena_array(list->arena, struct kms_alias_list_entry, room);
		if (list->count > 0)
			memcpy(entries, list->entries, list->count * sizeof(*entries));
		list->entries = entries;
		list->room = room;
	}
	list->entries[list->count++] = (struct kms_alias_list_entry){
		.alias_name = arena_copy(list->arena, alias->name),
		.alias_arn = arena_copy(list->arena, alias->arn),
		.target_key_id = arena_copy(list->arena, key->id),
		.creation_date = alias->created_ms,
		.has_creation_date = true,
		.last_updated_date = alias->updated_ms,
		.has_last_updated_date = true,
	};
}

static bool add_aliases(void *context, const struct kms_key *key)
{
	for (size_t i = 0; i < key->alias_count; i++)
		add_entry(context, key, &key->aliases[i]);
	return true;
}

static int compare_entries(const void *a, const void *b)
{
	const struct kms_alias_list_entry *first = a, *second = b;

	return str_compare(first->alias_name, second->alias_name);
}

enum err kms_list_aliases(struct call *call, const struct kms_list_aliases_in *in,
			  struct kms_list_aliases_out *out)
{
	struct alias_list list = {.arena = call->arena};
	struct str action = STR("kms:ListAliases");
	struct kms_page page;
	size_t first = 0;

	enum err err = kms_page_begin(call, in->has_limit, in->limit, in->marker, &page);
	if (!err)
		err = call_authorize_any(call, action);
	if (!err && in->key_id.data) {
		struct kms_target target;
		err = kms_target_of_call(call, in->key_id, true, action, &target);
		if (!err && !str_equal(target.key->account, call->account))
			err = kms_deny_foreign(call, action, in->key_id);
		if (!err)
			add_aliases(&list, target.key);
	} else if (!err) {
		kms_registry_each(kms_of(call->core)->registry, call->account, call->region,
				  STR(""), add_aliases, &list);
	}
	if (err)
		return err;
	if (list.count > 1)
		qsort(list.entries, list.count, sizeof(*list.entries), compare_entries);
	while (first < list.count && page.after.size > 0 &&
	       str_compare(list.entries[first].alias_name, page.after) <= 0)
		first++;
	out->aliases = list.entries ? list.entries + first
				    : arena_array(call->arena, struct kms_alias_list_entry, 0);
	out->aliases_count = list.count - first;
	out->has_truncated = true;
	if (out->aliases_count > page.limit) {
		out->aliases_count = page.limit;
		out->truncated = true;
		out->next_marker = page_token_make(call, out->aliases[page.limit - 1].alias_name);
	}
	return ERR_OK;
}
