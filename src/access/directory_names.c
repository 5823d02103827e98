/* SPDX-License-Identifier: MIT */
/*
 * directory_names: binds the principals that policies and grants name to their ids.
 *
 * A policy is bound once, when it is set. Renames and deletions change no policy: the current name
 * of a bound ARN is looked up when the policy is returned.
 */
#include "access/directory_private.h"

#include <stdlib.h>

#include "format/json.h"

/* ---- one principal ---- */

static bool is_principal(const struct directory_slot *slot)
{
	return slot && (directory_entity_of(slot)->kind == DIRECTORY_ACCOUNT ||
			directory_entity_of(slot)->kind == DIRECTORY_USER ||
			directory_entity_of(slot)->kind == DIRECTORY_ROLE);
}

/* The key of a slot: an id, an ARN. */
typedef struct directory_slot *(*slot_fn)(const struct directory *directory, struct str text);

/* Under --auth open policies may name users and roles that do not exist. */
static bool bind_entity(struct directory *directory, struct arena *arena, slot_fn find,
			struct str text, struct str *out_id)
{
	pthread_rwlock_rdlock(&directory->lock);
	const struct directory_slot *slot = find(directory, text);
	bool exists = is_principal(slot);
	if (exists)
		*out_id = arena_copy(arena, directory_entity_of(slot)->id);
	pthread_rwlock_unlock(&directory->lock);
	return exists || directory->is_open;
}

static bool bind_role_session(struct directory *directory, struct arena *arena,
			      const struct arn *arn, struct str *out_id)
{
	struct str rest = arn->resource;

	(void)str_cut(&rest, '/');
	pthread_rwlock_rdlock(&directory->lock);
	const struct directory_slot *slot = directory_slot_of_name(
		directory, DIRECTORY_ROLE, arn->account, str_cut(&rest, '/'));
	if (slot)
		*out_id = arena_copy(arena, directory_entity_of(slot)->id);
	pthread_rwlock_unlock(&directory->lock);
	return slot || directory->is_open;
}

static bool bind_arn(struct directory *directory, struct arena *arena, struct str partition,
		     struct str text, struct str *out_id)
{
	struct arn arn;

	if (!arn_parse(text, &arn) || !arn_is_account(arn.account) ||
	    !str_equal(arn.partition, partition))
		return false;
	if (str_equal(arn.service, STR("sts"))) {
		if (str_starts(arn.resource, STR("assumed-role/")))
			return bind_role_session(directory, arena, &arn, out_id);
		return str_starts(arn.resource, STR("federated-user/")) &&
		       directory_has_account(directory, arn.account);
	}
	if (!str_equal(arn.service, STR("iam")))
		return false;
	if (str_equal(arn.resource, STR("root")))
		return directory_has_account(directory, arn.account);
	if (!str_starts(arn.resource, STR("user/")) && !str_starts(arn.resource, STR("role/")))
		return false;
	text = arn_move(arena, text, partition, STR("aws"));
	return bind_entity(directory, arena, directory_slot_of_arn, text, out_id);
}

bool directory_bind(struct directory *directory, struct arena *arena, struct str partition,
		    struct str principal, struct str *out_id)
{
	struct str ignored;

	*out_id = (struct str){0};
	if (str_equal(principal, STR("*")))
		return true;
	if (str_starts(principal, STR("arn:")))
		return bind_arn(directory, arena, partition, principal, out_id);
	if (arn_is_account(principal))
		return directory_has_account(directory, principal);
	return bind_entity(directory, arena, directory_slot_of_id, principal, &ignored);
}

struct str directory_name_of(struct directory *directory, struct arena *arena, struct str arn,
			     struct str id)
{
	struct str name = id;
	struct arn parts;

	if (id.size == 0 || !arn_parse(arn, &parts) ||
	    str_find(arn, STR(":assumed-role/"), 0) != SIZE_MAX)
		return arn;
	pthread_rwlock_rdlock(&directory->lock);
	const struct directory_slot *slot = directory_slot_of_id(directory, id);
	if (slot)
		name = arn_move(arena, arena_copy(arena, directory_entity_of(slot)->arn),
				STR("aws"), parts.partition);
	pthread_rwlock_unlock(&directory->lock);
	return name;
}

/* ---- all of a policy ---- */

/* Returns false to stop. */
typedef bool (*visit_fn)(void *context, yyjson_val *text);

static bool visit_texts(yyjson_val *value, visit_fn visit, void *context)
{
	yyjson_val *item;
	size_t i, count;

	if (yyjson_is_str(value))
		return visit(context, value);
	yyjson_arr_foreach(value, i, count, item) {
		if (!visit(context, item))
			return false;
	}
	return true;
}

static bool visit_statement(yyjson_val *statement, visit_fn visit, void *context)
{
	static const char *const elements[] = {"Principal", "NotPrincipal"};

	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
		yyjson_val *aws = json_member(json_member(statement, elements[i]), "AWS");
		if (!visit_texts(aws, visit, context))
			return false;
	}
	return true;
}

/* The AWS principals of all statements. */
static bool visit_principals(yyjson_val *root, visit_fn visit, void *context)
{
	yyjson_val *statements = json_member(root, "Statement"), *item;
	size_t i, count;

	if (yyjson_is_obj(statements))
		return visit_statement(statements, visit, context);
	yyjson_arr_foreach(statements, i, count, item) {
		if (!visit_statement(item, visit, context))
			return false;
	}
	return true;
}

struct binding {
	struct directory *directory;
	struct arena *arena;
	struct str partition;
	struct shape_pair *items;
	size_t count, room;
	struct str unknown;
};

static bool count_text(void *context, yyjson_val *text)
{
	(void)text;
	((struct binding *)context)->room++;
	return true;
}

static bool bind_text(void *context, yyjson_val *value)
{
	struct binding *binding = context;
	struct str text = json_text(value), id;

	if (!directory_bind(binding->directory, binding->arena, binding->partition, text, &id)) {
		binding->unknown = text;
		return false;
	}
	if (id.size > 0)
		binding->items[binding->count++] = (struct shape_pair){text, id};
	return true;
}

bool directory_bind_policy(struct directory *directory, struct arena *arena, struct str partition,
			   struct str document, struct policy_names *out_names,
			   struct str *out_unknown)
{
	struct binding binding = {.directory = directory, .arena = arena, .partition = partition};
	yyjson_val *root;

	*out_names = (struct policy_names){0};
	if (json_parse(arena, document, &root) != ERR_OK)
		return true;
	visit_principals(root, count_text, &binding);
	binding.items = arena_array(arena, struct shape_pair, binding.room);
	bool is_bound = visit_principals(root, bind_text, &binding);
	if (is_bound)
		*out_names = (struct policy_names){binding.items, binding.count};
	else
		*out_unknown = binding.unknown;
	return is_bound;
}

/* ---- showing ---- */

static bool rename_text(void *context, yyjson_val *value)
{
	const struct policy_names *now = context;
	struct str text = json_text(value);

	for (size_t i = 0; i < now->count; i++)
		if (str_equal(now->items[i].key, text))
			yyjson_set_strn(value, now->items[i].value.data, now->items[i].value.size);
	return true;
}

struct str directory_show_policy(struct directory *directory, struct arena *arena,
				 struct str document, struct policy_names names)
{
	struct shape_pair *items = arena_array(arena, struct shape_pair, names.count);
	struct policy_names now = {items, names.count};
	bool is_changed = false;
	yyjson_val *root;
	size_t size;

	for (size_t i = 0; i < names.count; i++) {
		items[i].key = names.items[i].key;
		items[i].value = directory_name_of(directory, arena, names.items[i].key,
						   names.items[i].value);
		is_changed |= !str_equal(items[i].key, items[i].value);
	}
	if (!is_changed || json_parse(arena, document, &root) != ERR_OK)
		return document;
	visit_principals(root, rename_text, &now);
	char *written = yyjson_val_write(root, 0, &size);
	check(written != NULL);
	struct str text = arena_copy(arena, str_of(written, size));
	free(written); /* yyjson's, from malloc */
	return text;
}
