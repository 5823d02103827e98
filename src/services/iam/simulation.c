/* SPDX-License-Identifier: MIT */
/*
 * simulation: the decision is access/decide's. Which statements led to it is found by asking each
 * of them alone, as a policy of one statement.
 *
 * A context key that nobody gave is absent, also where a real request would have it: only what the
 * caller's ARN says of the caller is known.
 */
#include "services/iam/simulation.h"

#include <string.h>

#include "access/decide.h"
#include "base/arn.h"

/* ---- reading policies ---- */

static void release_policy(void *subject)
{
	policy_release(subject);
}

static const struct policy *compile(struct call *call, struct str text, enum policy_kind kind,
				    struct str *out_problem)
{
	const struct policy *policy;

	if (policy_compile(call->arena, text, kind, &policy, out_problem) != ERR_OK)
		return NULL;
	call_on_end(call, release_policy, (void *)policy);
	return policy;
}

/* A statement whose text cannot stand alone matches nothing. */
static const struct policy **compile_statements(struct call *call, const struct outline *outline,
						enum policy_kind kind)
{
	const struct policy **policies =
		arena_array(call->arena, const struct policy *, outline->statement_count);
	struct str version = outline->version.size > 0 ? outline->version : STR("2008-10-17");
	struct str problem;

	for (size_t i = 0; i < outline->statement_count; i++) {
		struct str text =
			arena_format(call->arena, "{\"Version\":\"%.*s\",\"Statement\":%.*s}",
				     STR_ARG(version), STR_ARG(outline->statements[i].text));
		policies[i] = compile(call, text, kind, &problem);
	}
	return policies;
}

static enum err fill_source(struct simulation *simulation, struct str text, enum policy_kind kind,
			    struct simulation_source *source)
{
	struct call *call = simulation->call;
	struct str problem = {0};

	source->policy = compile(call, text, kind, &problem);
	if (!source->policy)
		return fail(call, &IAM_INVALID_INPUT, "%.*s: %.*s", STR_ARG(source->id),
			    STR_ARG(problem));
	enum err err = outline_read(call->arena, text, &source->outline);
	if (err)
		return err;
	source->statements = compile_statements(call, &source->outline, kind);
	return ERR_OK;
}

enum err simulation_add_identity(struct simulation *simulation, struct str text, struct str id,
				 const char *type)
{
	struct simulation_source source = {.id = id, .type = type};

	enum err err = fill_source(simulation, text, POLICY_IDENTITY, &source);
	if (err)
		return err;
	if (simulation->identity_count == simulation->identity_room) {
		size_t room = simulation->identity_room > 0 ? 2 * simulation->identity_room : 8;
		struct simulation_source *items =
			arena_array(simulation->call->arena, struct simulation_source, room);
		if (simulation->identity_count > 0)
			memcpy(items, simulation->identity,
			       simulation->identity_count * sizeof(*items));
		simulation->identity = items;
		simulation->identity_room = room;
	}
	simulation->identity[simulation->identity_count++] = source;
	return ERR_OK;
}

enum err simulation_read(struct simulation *simulation, struct str text, enum policy_kind kind,
			 struct str id, const char *type,
			 const struct simulation_source **out_source)
{
	struct simulation_source *source =
		arena_new(simulation->call->arena, struct simulation_source);

	source->id = id;
	source->type = type;
	enum err err = fill_source(simulation, text, kind, source);
	if (!err)
		*out_source = source;
	return err;
}

/* ---- the caller and the context ---- */

enum err simulation_set_caller(struct simulation *simulation, struct str arn)
{
	struct call *call = simulation->call;
	struct principal *caller = &simulation->caller;
	size_t start = str_find(arn, STR(":iam::"), 0);
	struct str rest = start == SIZE_MAX ? (struct str){0} : str_slice(arn, start + 6, SIZE_MAX);
	struct str account = str_cut(&rest, ':');
	struct str kind = str_cut(&rest, '/');
	bool is_role = str_equal(kind, STR("role"));
	bool is_user = str_equal(kind, STR("user"));

	if (!str_starts(arn, STR("arn:")) || !arn_is_account(account) || rest.size == 0 ||
	    (!is_role && !is_user && !str_equal(kind, STR("group"))))
		return fail(call, &IAM_INVALID_INPUT,
			    "%.*s is not the ARN of a user, group or role.", STR_ARG(arn));
	while (rest.data)
		caller->name = str_cut(&rest, '/');
	if (!is_user)
		caller->name = (struct str){0};
	caller->type = is_role ? PRINCIPAL_ROLE_SESSION : PRINCIPAL_USER;
	caller->account = account;
	caller->arn = caller->entity_arn = arn;
	caller->is_by_name = true; /* the policies of a simulation are bound to nobody */
	simulation->has_caller = true;
	return ERR_OK;
}

static bool is_type(struct str type)
{
	static const char *const types[] = {"string", "numeric", "boolean", "ip", "binary", "date"};

	if (str_ends(type, STR("List")))
		type = str_slice(type, 0, type.size - 4);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_equal(type, str_from(types[i])))
			return true;
	return false;
}

enum err simulation_set_context(struct simulation *simulation,
				const struct iam_context_entry *entries, size_t count)
{
	struct call *call = simulation->call;
	struct policy_key *keys = arena_array(call->arena, struct policy_key, count);

	for (size_t i = 0; i < count; i++) {
		if (entries[i].context_key_name.size == 0 || !is_type(entries[i].context_key_type))
			return fail(call, &IAM_INVALID_INPUT,
				    "Context entry %zu has no name, or its type %.*s is none.",
				    i + 1, STR_ARG(entries[i].context_key_type));
		keys[i] = (struct policy_key){.name = entries[i].context_key_name,
					      .values = entries[i].context_key_values,
					      .count = entries[i].context_key_values_count};
	}
	simulation->keys = keys;
	simulation->key_count = count;
	return ERR_OK;
}

/* ---- keys ---- */

static bool has_text(const struct str *texts, size_t count, struct str text)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal_nocase(texts[i], text))
			return true;
	return false;
}

static void join_keys(const struct simulation_source *source, struct str *out, size_t *count)
{
	for (size_t i = 0; i < source->outline.key_count; i++)
		if (!has_text(out, *count, source->outline.keys[i]))
			out[(*count)++] = source->outline.keys[i];
}

static size_t key_room(const struct simulation *simulation)
{
	size_t room = 0;

	for (size_t i = 0; i < simulation->identity_count; i++)
		room += simulation->identity[i].outline.key_count;
	if (simulation->boundary)
		room += simulation->boundary->outline.key_count;
	if (simulation->resource)
		room += simulation->resource->outline.key_count;
	return room;
}

struct str *simulation_keys(const struct simulation *simulation, size_t *out_count)
{
	struct str *keys = arena_array(simulation->call->arena, struct str, key_room(simulation));
	size_t count = 0;

	for (size_t i = 0; i < simulation->identity_count; i++)
		join_keys(&simulation->identity[i], keys, &count);
	if (simulation->boundary)
		join_keys(simulation->boundary, keys, &count);
	if (simulation->resource)
		join_keys(simulation->resource, keys, &count);
	*out_count = count;
	return keys;
}

static bool is_of_caller(const struct simulation *simulation, struct str key)
{
	return simulation->has_caller &&
	       (str_equal_nocase(key, STR("aws:username")) ||
		str_equal_nocase(key, STR("aws:userid")) ||
		str_equal_nocase(str_slice(key, 0, 13), STR("aws:Principal")));
}

static bool is_given(const struct simulation *simulation, struct str key)
{
	for (size_t i = 0; i < simulation->key_count; i++)
		if (str_equal_nocase(simulation->keys[i].name, key))
			return true;
	return is_of_caller(simulation, key);
}

/* A key without values is one that the request does not have. */
static void hide_missing(struct simulation *simulation)
{
	size_t count, missing_count = 0;
	struct str *keys = simulation_keys(simulation, &count);
	struct policy_key *all = arena_array(simulation->call->arena, struct policy_key,
					     simulation->key_count + count);

	if (simulation->key_count > 0)
		memcpy(all, simulation->keys, simulation->key_count * sizeof(*all));
	for (size_t i = 0; i < count; i++) {
		if (is_given(simulation, keys[i]))
			continue;
		all[simulation->key_count + missing_count].name = keys[i];
		keys[missing_count++] = keys[i];
	}
	simulation->keys = all;
	simulation->key_count += missing_count;
	simulation->missing = keys;
	simulation->missing_count = missing_count;
}

static void release_principal(void *subject)
{
	principal_release(subject);
}

void simulation_begin(struct simulation *simulation)
{
	struct call *call = simulation->call;
	struct principal draft = simulation->caller;
	const struct policy **policies =
		arena_array(call->arena, const struct policy *, simulation->identity_count);

	hide_missing(simulation);
	for (size_t i = 0; i < simulation->identity_count; i++)
		policies[i] = simulation->identity[i].policy;
	if (!simulation->has_caller) {
		draft.type = PRINCIPAL_USER;
		draft.account = simulation->owner.size > 0 ? simulation->owner : call->account;
	}
	draft.identity = policies;
	draft.identity_count = simulation->identity_count;
	if (simulation->boundary)
		draft.boundary = simulation->boundary->policy;
	simulation->principal = principal_new(&draft);
	call_on_end(call, release_principal, (void *)simulation->principal);
}

/* ---- asking ---- */

/* What is collected about one resource, or about all. */
struct finding {
	struct decision decision;
	bool is_within_boundary;
	struct iam_statement *statements;
	size_t statement_count;
};

static struct policy_request question(const struct simulation *simulation, struct str action,
				      struct str resource)
{
	struct str account = arn_account(resource);

	if (account.size == 0)
		account = simulation->owner.size > 0 ? simulation->owner
						     : simulation->principal->account;
	return (struct policy_request){
		.principal = simulation->principal,
		.action = action,
		.resource = resource,
		.resource_account = account,
		.now_ms = simulation->call->now_ms,
		.keys = simulation->keys,
		.key_count = simulation->key_count,
	};
}

static struct iam_position *position(struct arena *arena, struct outline_position place)
{
	struct iam_position *position = arena_new(arena, struct iam_position);

	*position = (struct iam_position){
		.line = place.line, .has_line = true, .column = place.column, .has_column = true};
	return position;
}

static void add_matches(const struct simulation *simulation, const struct simulation_source *source,
			const struct policy_request *request, enum policy_outcome wanted,
			struct finding *finding)
{
	struct arena *arena = simulation->call->arena;

	for (size_t i = 0; source && i < source->outline.statement_count; i++) {
		const struct outline_statement *statement = &source->outline.statements[i];
		if (!source->statements[i] ||
		    policy_evaluate(source->statements[i], request).outcome != wanted)
			continue;
		finding->statements[finding->statement_count++] = (struct iam_statement){
			.source_policy_id = source->id,
			.source_policy_type = str_from(source->type),
			.start_position = position(arena, statement->start),
			.end_position = position(arena, statement->end),
		};
	}
}

static size_t statement_room(const struct simulation *simulation)
{
	size_t room = 0;

	for (size_t i = 0; i < simulation->identity_count; i++)
		room += simulation->identity[i].outline.statement_count;
	if (simulation->boundary)
		room += simulation->boundary->outline.statement_count;
	if (simulation->resource)
		room += simulation->resource->outline.statement_count;
	return room;
}

static void ask_one(const struct simulation *simulation, struct str action, struct str resource,
		    struct finding *out)
{
	struct decide_request request = {
		.request = question(simulation, action, resource),
		.resource_policy = simulation->resource ? simulation->resource->policy : NULL,
	};

	*out = (struct finding){
		.decision = decide(&request),
		.is_within_boundary = true,
		.statements = arena_array(simulation->call->arena, struct iam_statement,
					  statement_room(simulation)),
	};
	if (simulation->boundary)
		out->is_within_boundary =
			policy_evaluate(simulation->boundary->policy, &request.request).outcome ==
			POLICY_ALLOW;
	if (!out->decision.is_allowed && !out->decision.is_explicit)
		return;
	enum policy_outcome wanted = out->decision.is_allowed ? POLICY_ALLOW : POLICY_DENY;
	for (size_t i = 0; i < simulation->identity_count; i++)
		add_matches(simulation, &simulation->identity[i], &request.request, wanted, out);
	add_matches(simulation, simulation->resource, &request.request, wanted, out);
	if (wanted == POLICY_DENY)
		add_matches(simulation, simulation->boundary, &request.request, wanted, out);
}

static struct str decision_text(const struct decision *decision)
{
	if (decision->is_allowed)
		return STR("allowed");
	return decision->is_explicit ? STR("explicitDeny") : STR("implicitDeny");
}

static struct iam_permissions_boundary_decision_detail *
boundary_detail(const struct simulation *simulation, bool is_within)
{
	struct iam_permissions_boundary_decision_detail *detail;

	if (!simulation->boundary)
		return NULL;
	detail =
		arena_new(simulation->call->arena, struct iam_permissions_boundary_decision_detail);
	detail->allowed_by_permissions_boundary = is_within;
	detail->has_allowed_by_permissions_boundary = true;
	return detail;
}

static struct iam_resource_specific_result
specific(const struct simulation *simulation, struct str resource, const struct finding *finding)
{
	return (struct iam_resource_specific_result){
		.eval_resource_name = resource,
		.eval_resource_decision = decision_text(&finding->decision),
		.matched_statements = finding->statements,
		.matched_statements_count = finding->statement_count,
		.missing_context_values = (struct str *)simulation->missing,
		.missing_context_values_count = simulation->missing_count,
		.permissions_boundary_decision_detail =
			boundary_detail(simulation, finding->is_within_boundary),
	};
}

static bool is_same(const struct iam_statement *a, const struct iam_statement *b)
{
	return str_equal(a->source_policy_id, b->source_policy_id) &&
	       a->start_position->line == b->start_position->line &&
	       a->start_position->column == b->start_position->column;
}

static void add_once(struct finding *all, const struct iam_statement *statement)
{
	for (size_t i = 0; i < all->statement_count; i++)
		if (is_same(&all->statements[i], statement))
			return;
	all->statements[all->statement_count++] = *statement;
}

/* The action is allowed if it is on each resource, and denied explicitly if it is on any. */
static void join(struct finding *all, const struct finding *one)
{
	for (size_t i = 0; i < one->statement_count; i++)
		add_once(all, &one->statements[i]);
	all->decision.is_allowed = all->decision.is_allowed && one->decision.is_allowed;
	all->decision.is_explicit = all->decision.is_explicit || one->decision.is_explicit;
	all->is_within_boundary = all->is_within_boundary && one->is_within_boundary;
}

void simulation_ask(const struct simulation *simulation, struct str action,
		    const struct str *resources, size_t resource_count,
		    struct iam_evaluation_result *out_result)
{
	static const struct str any = STR_INIT("*");
	struct arena *arena = simulation->call->arena;
	bool has_resources = resource_count > 0;
	size_t count = has_resources ? resource_count : 1;
	struct iam_resource_specific_result *results =
		arena_array(arena, struct iam_resource_specific_result, count);
	struct finding all = {
		.decision.is_allowed = true,
		.is_within_boundary = true,
		.statements = arena_array(arena, struct iam_statement, statement_room(simulation)),
	};

	for (size_t i = 0; i < count; i++) {
		struct str resource = has_resources ? resources[i] : any;
		struct finding one;
		ask_one(simulation, action, resource, &one);
		results[i] = specific(simulation, resource, &one);
		join(&all, &one);
	}
	*out_result = (struct iam_evaluation_result){
		.eval_action_name = action,
		.eval_resource_name = resource_count == 1 ? resources[0] : any,
		.eval_decision = decision_text(&all.decision),
		.matched_statements = all.statements,
		.matched_statements_count = all.statement_count,
		.missing_context_values = (struct str *)simulation->missing,
		.missing_context_values_count = simulation->missing_count,
		.permissions_boundary_decision_detail =
			boundary_detail(simulation, all.is_within_boundary),
		.resource_specific_results = has_resources ? results : NULL,
		.resource_specific_results_count = has_resources ? count : 0,
	};
}
