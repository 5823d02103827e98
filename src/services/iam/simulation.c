/* SPDX-License-Identifier: MIT */
/*
 * simulation: access/decide decides. Evaluating each statement alone finds the ones that match.
 *
 * A context key that the request does not give is absent, also where a real request would have it.
 * Only keys that follow from the caller's ARN are set.
 */
#include "services/iam/simulation.h"

#include <string.h>

#include "access/decide.h"
#include "base/arn.h"
#include "core/keep.h"
#include "services/iam/names.h"

/* ---- reading policies ---- */

static const struct policy *compile(struct call *call, struct str text, enum policy_kind kind,
				    struct str *out_problem)
{
	const struct policy *policy;

	if (policy_compile(call->arena, text, kind, &policy, out_problem) != ERR_OK)
		return NULL;
	return call_keep_policy(call, policy);
}

static enum err refuse_size(struct call *call)
{
	return fail(call, &IAM_INVALID_INPUT,
		    "The policies of one simulation may have at most %d bytes together.",
		    LIMIT_SIMULATED_POLICIES_SIZE);
}

static enum err fill_source(struct simulation *simulation, struct str text, enum policy_kind kind,
			    struct simulation_source *source)
{
	struct call *call = simulation->call;
	struct str problem = {0};

	simulation->policy_size += text.size;
	if (simulation->policy_size > LIMIT_SIMULATED_POLICIES_SIZE)
		return refuse_size(call);
	source->policy = compile(call, text, kind, &problem);
	if (!source->policy)
		return fail(call, &IAM_INVALID_INPUT, "%.*s: %.*s", STR_ARG(source->id),
			    STR_ARG(problem));
	enum err err = outline_read(call->arena, text, &source->outline);
	if (err)
		return err;
	check(policy_statement_count(source->policy) == source->outline.statement_count);
	source->joined_for =
		arena_array(call->arena, const struct str *, source->outline.statement_count);
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
			 struct str id, const char *type, struct simulation_source **out_source)
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
	caller->is_by_name = true; /* the principals of simulated policies are matched by name */
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

static void join_keys(const struct simulation_source *source, struct name_set *names,
		      struct str *out, size_t *count)
{
	for (size_t i = 0; i < source->outline.key_count; i++)
		if (name_set_add(names, source->outline.keys[i]))
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
	struct arena *arena = simulation->call->arena;
	struct str *keys = arena_array(arena, struct str, key_room(simulation));
	struct name_set names = {.arena = arena};
	size_t count = 0;

	for (size_t i = 0; i < simulation->identity_count; i++)
		join_keys(&simulation->identity[i], &names, keys, &count);
	if (simulation->boundary)
		join_keys(simulation->boundary, &names, keys, &count);
	if (simulation->resource)
		join_keys(simulation->resource, &names, keys, &count);
	name_set_done(&names);
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

/* A key without values is one that the request does not have. */
static void hide_missing(struct simulation *simulation)
{
	struct arena *arena = simulation->call->arena;
	struct name_set given = {.arena = arena};
	size_t count, missing_count = 0;
	struct str *keys = simulation_keys(simulation, &count);
	struct policy_key *all =
		arena_array(arena, struct policy_key, simulation->key_count + count);

	for (size_t i = 0; i < simulation->key_count; i++) {
		all[i] = simulation->keys[i];
		(void)name_set_add(&given, all[i].name);
	}
	for (size_t i = 0; i < count; i++) {
		if (name_set_has(&given, keys[i]) || is_of_caller(simulation, keys[i]))
			continue;
		all[simulation->key_count + missing_count].name = keys[i];
		keys[missing_count++] = keys[i];
	}
	name_set_done(&given);
	simulation->keys = all;
	simulation->key_count += missing_count;
	simulation->missing = keys;
	simulation->missing_count = missing_count;
}

void simulation_begin(struct simulation *simulation)
{
	struct call *call = simulation->call;
	struct principal draft = simulation->caller;
	const struct policy **policies =
		arena_array(call->arena, const struct policy *, simulation->identity_count);

	simulation->steps = (struct policy_steps){.left = LIMIT_SIMULATED_STEPS};
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
	simulation->principal = call_keep_principal(call, principal_new(&draft));
}

/* ---- evaluation ---- */

/* A statement that led to a decision. */
struct match {
	struct simulation_source *source;
	size_t statement;
};

/* The evaluations of one resource, or of all. */
struct finding {
	struct simulation *simulation;
	struct decision decision;
	bool is_within_boundary;
	struct simulation_source *source; /* source of the statements in evaluation */
	struct match *matches;
	size_t count, room;
};

static bool has_rows(const struct simulation *simulation)
{
	return simulation->row_count <= LIMIT_SIMULATED_ROWS;
}

static struct policy_request question(struct simulation *simulation, struct str action,
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
		.steps = &simulation->steps,
		.keys = simulation->keys,
		.key_count = simulation->key_count,
	};
}

static void add_match(struct finding *finding, struct match match)
{
	struct simulation *simulation = finding->simulation;

	simulation->row_count++;
	if (!has_rows(simulation))
		return;
	if (finding->count == finding->room) {
		size_t room = finding->room > 0 ? 2 * finding->room : 4;
		struct match *matches = arena_array(simulation->call->arena, struct match, room);
		if (finding->count > 0)
			memcpy(matches, finding->matches, finding->count * sizeof(*matches));
		finding->matches = matches;
		finding->room = room;
	}
	finding->matches[finding->count++] = match;
}

static void on_statement(void *context, size_t statement)
{
	struct finding *finding = context;

	add_match(finding, (struct match){finding->source, statement});
}

static void add_matches(struct finding *finding, struct simulation_source *source,
			const struct policy_request *request, enum policy_outcome wanted)
{
	if (!source || !has_rows(finding->simulation))
		return;
	finding->source = source;
	policy_find_statements(source->policy, request, wanted, on_statement, finding);
}

static void ask_one(struct simulation *simulation, struct str action, struct str resource,
		    struct finding *out)
{
	struct decide_request request = {
		.request = question(simulation, action, resource),
		.resource_policy = simulation->resource ? simulation->resource->policy : NULL,
	};

	*out = (struct finding){
		.simulation = simulation,
		.decision = decide(&request),
		.is_within_boundary = true,
	};
	if (simulation->boundary)
		out->is_within_boundary =
			policy_evaluate(simulation->boundary->policy, &request.request).outcome ==
			POLICY_ALLOW;
	if (!out->decision.is_allowed && !out->decision.is_explicit)
		return;
	enum policy_outcome wanted = out->decision.is_allowed ? POLICY_ALLOW : POLICY_DENY;
	for (size_t i = 0; i < simulation->identity_count; i++)
		add_matches(out, &simulation->identity[i], &request.request, wanted);
	add_matches(out, simulation->resource, &request.request, wanted);
	if (wanted == POLICY_DENY)
		add_matches(out, simulation->boundary, &request.request, wanted);
}

/* ---- answers ---- */

static struct iam_position *position(struct arena *arena, struct outline_position place)
{
	struct iam_position *position = arena_new(arena, struct iam_position);

	*position = (struct iam_position){
		.line = place.line, .has_line = true, .column = place.column, .has_column = true};
	return position;
}

static struct iam_statement *show_matches(const struct finding *finding)
{
	struct arena *arena = finding->simulation->call->arena;
	struct iam_statement *out = arena_array(arena, struct iam_statement, finding->count);

	for (size_t i = 0; i < finding->count; i++) {
		const struct simulation_source *source = finding->matches[i].source;
		const struct outline_statement *statement =
			&source->outline.statements[finding->matches[i].statement];
		out[i] = (struct iam_statement){
			.source_policy_id = source->id,
			.source_policy_type = str_from(source->type),
			.start_position = position(arena, statement->start),
			.end_position = position(arena, statement->end),
		};
	}
	return out;
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
		.matched_statements = show_matches(finding),
		.matched_statements_count = finding->count,
		.missing_context_values = (struct str *)simulation->missing,
		.missing_context_values_count = simulation->missing_count,
		.permissions_boundary_decision_detail =
			boundary_detail(simulation, finding->is_within_boundary),
	};
}

/*
 * The action is allowed if it is on each resource, and denied explicitly if it is on any. Each
 * statement counts once: joined_for marks counted ones.
 */
static void join(struct finding *all, const struct finding *one, const struct str *action)
{
	for (size_t i = 0; i < one->count; i++) {
		const struct str **joined_for =
			&one->matches[i].source->joined_for[one->matches[i].statement];
		if (*joined_for != action)
			add_match(all, one->matches[i]);
		*joined_for = action;
	}
	all->decision.is_allowed = all->decision.is_allowed && one->decision.is_allowed;
	all->decision.is_explicit = all->decision.is_explicit || one->decision.is_explicit;
	all->is_within_boundary = all->is_within_boundary && one->is_within_boundary;
}

static enum err check_budgets(const struct simulation *simulation)
{
	struct call *call = simulation->call;

	if (simulation->steps.is_exhausted)
		return fail(call, &IAM_INVALID_INPUT,
			    "The simulation takes more than %d steps. Simulate fewer actions and "
			    "resources at once, or fewer policies.",
			    LIMIT_SIMULATED_STEPS);
	if (!has_rows(simulation))
		return fail(call, &IAM_INVALID_INPUT,
			    "The answer has more than %d results, matched statements and missing "
			    "context values. Simulate fewer actions and resources at once.",
			    LIMIT_SIMULATED_ROWS);
	return ERR_OK;
}

enum err simulation_ask(struct simulation *simulation, const struct str *action,
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
		.simulation = simulation, .decision.is_allowed = true, .is_within_boundary = true};

	simulation->row_count += 1 + simulation->missing_count;
	for (size_t i = 0; i < count; i++) {
		struct str resource = has_resources ? resources[i] : any;
		struct finding one;
		simulation->row_count += 1 + simulation->missing_count;
		ask_one(simulation, *action, resource, &one);
		enum err err = check_budgets(simulation);
		if (err)
			return err;
		results[i] = specific(simulation, resource, &one);
		join(&all, &one, action);
	}
	enum err err = check_budgets(simulation);
	if (err)
		return err;
	*out_result = (struct iam_evaluation_result){
		.eval_action_name = *action,
		.eval_resource_name = resource_count == 1 ? resources[0] : any,
		.eval_decision = decision_text(&all.decision),
		.matched_statements = show_matches(&all),
		.matched_statements_count = all.count,
		.missing_context_values = (struct str *)simulation->missing,
		.missing_context_values_count = simulation->missing_count,
		.permissions_boundary_decision_detail =
			boundary_detail(simulation, all.is_within_boundary),
		.resource_specific_results = has_resources ? results : NULL,
		.resource_specific_results_count = has_resources ? count : 0,
	};
	return ERR_OK;
}
