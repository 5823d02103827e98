/* SPDX-License-Identifier: MIT */
/*
 * policy_compile: compiles a checked document into statements whose texts are ready for comparison.
 *
 * The same functions run twice over the document: see store.h. Texts of resources and actions with
 * more wildcards or variables than there may be are still refused here, the first time.
 */
#include <string.h>

#include "access/policy_check.h"
#include "access/policy_private.h"

struct compiler {
	struct arena *arena;
	struct store store;
	enum policy_kind kind;
	struct policy_names names; /* in the policy's memory */
	bool has_variables;
	bool is_refused;
};

static void compile_actions(struct compiler *compiler, yyjson_val *value,
			    struct statement *statement)
{
	struct pattern_syntax syntax = {.has_wildcards = true};

	statement->action_count = policy_item_count(value);
	statement->actions = store_array(&compiler->store, struct pattern, statement->action_count);
	for (size_t i = 0; i < statement->action_count; i++) {
		struct str text = policy_lower(compiler->arena, json_text(policy_item(value, i)));
		compiler->is_refused |=
			!pattern_compile(&compiler->store, text, syntax, &statement->actions[i]);
	}
}

static void compile_resources(struct compiler *compiler, yyjson_val *value,
			      struct statement *statement)
{
	statement->resource_count = policy_item_count(value);
	statement->resources =
		store_array(&compiler->store, struct arn_pattern, statement->resource_count);
	for (size_t i = 0; i < statement->resource_count; i++)
		compiler->is_refused |=
			!arn_pattern_compile(&compiler->store, json_text(policy_item(value, i)),
					     compiler->has_variables, &statement->resources[i]);
}

static struct str id_of(struct policy_names names, struct str arn)
{
	for (size_t i = 0; i < names.count; i++)
		if (str_equal(names.items[i].key, arn))
			return names.items[i].value;
	return (struct str){0};
}

static struct policy_names store_names(struct store *store, struct policy_names names)
{
	struct shape_pair *items = store_array(store, struct shape_pair, names.count);

	for (size_t i = 0; i < names.count; i++) {
		items[i].key = store_text(store, names.items[i].key);
		items[i].value = store_text(store, names.items[i].value);
	}
	return (struct policy_names){items, names.count};
}

static void compile_principal(struct compiler *compiler, struct str type, struct str text,
			      struct policy_principal *out)
{
	if (str_equal(type, STR("AWS"))) {
		/* Checked before. */
		(void)policy_principal_parse(text, out);
	} else {
		out->form = str_equal(type, STR("Service"))	? PRINCIPAL_OF_SERVICE
			    : str_equal(type, STR("Federated")) ? PRINCIPAL_FEDERATED
								: PRINCIPAL_CANONICAL_USER;
		out->text = text;
	}
	out->text = store_text(&compiler->store, out->text);
	if (out->form == PRINCIPAL_BY_ARN)
		out->id = id_of(compiler->names, out->text);
}

static void compile_principals(struct compiler *compiler, yyjson_val *value,
			       struct statement *statement)
{
	yyjson_val *type, *texts;
	size_t i, count, total = 0, place = 0;

	if (!value)
		return;
	if (yyjson_is_str(value)) {
		statement->principal_count = 1;
		statement->principals = store_array(&compiler->store, struct policy_principal, 1);
		statement->principals[0].form = PRINCIPAL_EVERYBODY;
		return;
	}
	yyjson_obj_foreach(value, i, count, type, texts)
		total += policy_item_count(texts);
	statement->principal_count = total;
	statement->principals = store_array(&compiler->store, struct policy_principal, total);
	yyjson_obj_foreach(value, i, count, type, texts)
		for (size_t j = 0; j < policy_item_count(texts); j++)
			compile_principal(compiler, json_text(type),
					  json_text(policy_item(texts, j)),
					  &statement->principals[place++]);
}

static void compile_condition(struct compiler *compiler,
			      const struct condition_operator *comparison, struct str key,
			      yyjson_val *values, struct condition *out)
{
	size_t count = policy_item_count(values);
	union condition_value *compiled =
		store_array(&compiler->store, union condition_value, count);

	out->comparison = *comparison;
	out->name = context_name_of(store_text(&compiler->store, key));
	for (size_t i = 0; i < count; i++)
		compiler->is_refused |= !condition_value_compile(
			&compiler->store, comparison,
			policy_value_text(compiler->arena, policy_item(values, i)),
			compiler->has_variables, &compiled[i]);
	out->values = compiled;
	out->value_count = count;
}

static void compile_conditions(struct compiler *compiler, yyjson_val *value,
			       struct statement *statement)
{
	struct condition_operator comparison;
	yyjson_val *name, *keys, *key, *values;
	size_t i, j, operator_count, key_count, total = 0, place = 0;

	if (!value)
		return;
	yyjson_obj_foreach(value, i, operator_count, name, keys)
		total += yyjson_obj_size(keys);
	statement->condition_count = total;
	statement->conditions = store_array(&compiler->store, struct condition, total);
	yyjson_obj_foreach(value, i, operator_count, name, keys) {
		if (!condition_operator_parse(json_text(name), &comparison))
			continue; /* an empty block */
		yyjson_obj_foreach(keys, j, key_count, key, values)
			compile_condition(compiler, &comparison, json_text(key), values,
					  &statement->conditions[place++]);
	}
}

static void compile_statement(struct compiler *compiler, yyjson_val *object,
			      struct statement *statement)
{
	yyjson_val *not_action = json_member(object, "NotAction");
	yyjson_val *not_resource = json_member(object, "NotResource");
	yyjson_val *not_principal = json_member(object, "NotPrincipal");

	statement->is_deny = str_equal(json_text(json_member(object, "Effect")), STR("Deny"));
	statement->is_not_action = not_action != NULL;
	statement->is_not_resource = not_resource != NULL;
	statement->is_not_principal = not_principal != NULL;
	compile_actions(compiler, not_action ? not_action : json_member(object, "Action"),
			statement);
	compile_resources(compiler, not_resource ? not_resource : json_member(object, "Resource"),
			  statement);
	compile_principals(compiler,
			   not_principal ? not_principal : json_member(object, "Principal"),
			   statement);
	compile_conditions(compiler, json_member(object, "Condition"), statement);
}

static struct policy *compile(struct compiler *compiler, const struct policy_document *document,
			      struct str text, struct policy_names names)
{
	struct policy *policy = store_array(&compiler->store, struct policy, 1);

	policy->references = 1;
	policy->kind = compiler->kind;
	policy->text = store_text(&compiler->store, text);
	policy->names = compiler->names = store_names(&compiler->store, names);
	policy->statement_count = document->statement_count;
	policy->statements =
		store_array(&compiler->store, struct statement, document->statement_count);
	for (size_t i = 0; i < document->statement_count; i++)
		compile_statement(compiler, document->statements[i], &policy->statements[i]);
	return policy;
}

enum err policy_compile(struct arena *arena, struct str text, enum policy_kind kind,
			const struct policy **out_policy, struct str *out_problem)
{
	return policy_compile_bound(arena, text, kind, (struct policy_names){0}, out_policy,
				    out_problem);
}

enum err policy_compile_bound(struct arena *arena, struct str text, enum policy_kind kind,
			      struct policy_names names, const struct policy **out_policy,
			      struct str *out_problem)
{
	struct policy_document document;
	struct compiler compiler = {.arena = arena, .store = {.arena = arena}, .kind = kind};

	enum err err = policy_check(arena, text, kind, &document, out_problem);
	if (err)
		return err;
	compiler.has_variables = document.has_variables;
	(void)compile(&compiler, &document, text, names); /* counts the size */
	if (compiler.is_refused) {
		*out_problem = STR("The policy has too many wildcards or variables in one text.");
		return ERR_INVALID;
	}
	size_t size = compiler.store.size;
	compiler.store = (struct store){.arena = arena, .block = heap_alloc(size)};
	*out_policy = compile(&compiler, &document, text, names);
	check(compiler.store.size == size);
	return ERR_OK;
}

const struct policy *policy_compile_stored(struct str text, struct policy_names names,
					   struct str of)
{
	static const struct str deny_all =
		STR_INIT("{\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\","
			 "\"Resource\":\"*\"}}");
	const struct policy *policy = NULL;
	struct str problem = {0};
	struct arena arena;

	if (text.size == 0)
		return NULL;
	arena_init(&arena);
	if (policy_compile_bound(&arena, text, POLICY_RESOURCE, names, &policy, &problem)) {
		log_event(LOG_ERROR, "a policy cannot be understood; it denies everything",
			  log_str("of", of), log_str("problem", problem));
		check(policy_compile(&arena, deny_all, POLICY_RESOURCE, &policy, &problem) ==
		      ERR_OK);
	}
	arena_done(&arena);
	return policy;
}
