/* SPDX-License-Identifier: MIT */
/*
 * destination_deliver: an attempt sends the event or, if an OAuth connection has no token yet, gets
 * a token and is repeated at once. Tokens are kept in memory, by the connection and its last
 * authorization, until they expire or an endpoint refuses them.
 *
 * Before, it opens the event and the connection's secrets, if they are sealed under KMS keys, and
 * authorizes the role of the target: steps that may each go on at the attempt's home.
 */
#include "services/events/destination_deliver.h"

#include <string.h>

#include "base/vec.h"
#include "core/inner_call.h"
#include "core/message.h"
#include "services/events/connection.h"
#include "services/events/deliver.h"
#include "services/events/destination.h"
#include "services/events/destination_invoke.h"
#include "services/events/destination_request.h"

enum { TOKENS_MAX = 1024, TOKEN_MARGIN_MS = 30000, ANSWER_MS = 5000, TOKEN_SIZE_MAX = 16384 };

struct token {
	struct str connection_arn, text;
	int64_t authorized_ms, expires_ms;
};

struct events_tokens {
	struct token *items;
	size_t count, capacity;
};

/* The first member is what the functions of deliver.h expect. */
struct state {
	struct events_debt debt;
	const struct events_invoking *invoking; /* of a call; NULL: a rule's delivery */
	struct events_destination_record destination;
	struct events_connection_record connection;
	struct str sealed; /* of the connection, or what it opens to */
	struct str connection_arn;
	int64_t authorized_ms;
	bool is_oauth, is_token; /* the attempt gets a token */
	bool has_token;		 /* it has got one */
};

/* ---- tokens ---- */

/* Under the lock, as the functions below. */
static struct events_tokens *tokens_of(struct events *events)
{
	if (!events->tokens)
		events->tokens = heap_alloc(sizeof(*events->tokens));
	return events->tokens;
}

static void token_done(struct token *token)
{
	heap_free((void *)(uintptr_t)token->connection_arn.data);
	explicit_bzero((void *)(uintptr_t)token->text.data, token->text.size);
	heap_free((void *)(uintptr_t)token->text.data);
}

static void remove_token(struct events_tokens *tokens, size_t place)
{
	token_done(&tokens->items[place]);
	tokens->items[place] = tokens->items[--tokens->count];
}

static size_t find_token(const struct events_tokens *tokens, struct str connection_arn)
{
	size_t place = 0;

	while (place < tokens->count &&
	       !str_equal(tokens->items[place].connection_arn, connection_arn))
		place++;
	return place;
}

static void remove_token_of(struct events_tokens *tokens, struct str connection_arn)
{
	size_t place = find_token(tokens, connection_arn);

	if (place < tokens->count)
		remove_token(tokens, place);
}

static void forget_token(const struct core *core, struct str connection_arn)
{
	struct events *events = events_of(core);

	pthread_mutex_lock(&events->tokens_lock);
	remove_token_of(tokens_of(events), connection_arn);
	pthread_mutex_unlock(&events->tokens_lock);
}

/* In the arena; data NULL: there is none, or it has expired. */
static struct str token_of(const struct obligation_attempt *attempt, const struct state *state)
{
	struct events *events = events_of(attempt->core);
	struct str text = {0};

	pthread_mutex_lock(&events->tokens_lock);
	const struct events_tokens *tokens = tokens_of(events);
	size_t place = find_token(tokens, state->connection_arn);
	if (place < tokens->count && tokens->items[place].authorized_ms == state->authorized_ms &&
	    tokens->items[place].expires_ms > attempt->now_ms)
		text = arena_copy(attempt->arena, tokens->items[place].text);
	pthread_mutex_unlock(&events->tokens_lock);
	return text;
}

static void keep_token(const struct core *core, const struct state *state, struct str text,
		       int64_t expires_ms)
{
	struct events *events = events_of(core);

	pthread_mutex_lock(&events->tokens_lock);
	struct events_tokens *tokens = tokens_of(events);
	remove_token_of(tokens, state->connection_arn);
	if (tokens->count == TOKENS_MAX)
		remove_token(tokens, 0);
	vec_push(tokens, (struct token){.connection_arn = heap_copy(state->connection_arn),
					.text = heap_copy(text),
					.authorized_ms = state->authorized_ms,
					.expires_ms = expires_ms});
	pthread_mutex_unlock(&events->tokens_lock);
}

void events_tokens_free(struct events_tokens **tokens)
{
	if (!*tokens)
		return;
	while ((*tokens)->count > 0)
		remove_token(*tokens, 0);
	vec_done(*tokens);
	heap_free(*tokens);
	*tokens = NULL;
}

/* ---- the kind ---- */

static enum obligation_step refuse(struct obligation_attempt *attempt, struct str text)
{
	attempt->failure.code = STR("NO_RESOURCE");
	attempt->failure.text = text;
	return OBLIGATION_FAIL;
}

static void fill(struct obligation_attempt *attempt, const struct events_http_request *request)
{
	struct http_header *headers =
		arena_array(attempt->arena, struct http_header, request->header_count);

	for (size_t i = 0; i < request->header_count; i++)
		headers[i] = (struct http_header){.name = request->headers[i].key,
						  .value = request->headers[i].value};
	attempt->http = (struct obligation_http){
		.url = request->url,
		.method = request->method,
		.headers = headers,
		.header_count = request->header_count,
		.body = request->body,
		.connect_ms = ANSWER_MS,
		.answer_ms = ANSWER_MS,
		.answer_size = attempt->once ? LIMIT_DELIVER_ANSWER_SIZE : TOKEN_SIZE_MAX,
	};
}

/* HttpParameters of the target; NULL: none. */
static const struct events_http_parameters *parameters_of(struct obligation_attempt *attempt,
							  const struct state *state)
{
	const struct shape *shape =
		message_member(events_service.operations[EVENTS_PUT_TARGETS].in, STR("Targets"));
	struct events_target *target = arena_new(attempt->arena, struct events_target);
	struct str problem;

	if (state->invoking)
		return state->invoking->parameters;
	if (message_decode(attempt->arena, arena_copy(attempt->arena, state->debt.target->json),
			   shape, target, &problem) != ERR_OK)
		return NULL;
	return target->http_parameters;
}

static struct state *open_state(struct obligation_attempt *attempt)
{
	struct state *state = attempt->state;

	if (state)
		return state;
	state = arena_new(attempt->arena, struct state);
	if (!events_debt_read(attempt->core, attempt->arena, attempt->bytes, &state->debt))
		return NULL;
	attempt->state = state;
	return state;
}

static struct str body_of(struct obligation_attempt *attempt, const struct state *state)
{
	if (state->invoking)
		return state->invoking->body;
	return events_target_body(attempt->arena, state->debt.rule, state->debt.target,
				  attempt->shared, state->debt.attempt.ingestion_ms);
}

/* All is opened and authorized. */
static enum obligation_step prepare_request(struct obligation_attempt *attempt)
{
	const struct events_create_connection_auth_request_parameters *auth;
	struct state *state = attempt->state;
	const struct events_destination_record *destination = &state->destination;
	struct arena *arena = attempt->arena;
	struct events_http_request request;
	struct str token = {0};

	if (events_connection_open(attempt->core, arena, &state->connection, state->sealed, &auth))
		return refuse(attempt, STR("The connection is not authorized."));
	state->connection_arn = destination->connection_arn;
	state->authorized_ms = state->connection.authorized_ms;
	state->is_oauth = auth->o_auth_parameters != NULL;
	if (state->is_oauth)
		token = token_of(attempt, state);
	state->is_token = state->is_oauth && !token.data;
	if (state->is_token)
		request = events_token_request(arena, auth->o_auth_parameters);
	else
		request = events_destination_request(arena, destination, auth,
						     parameters_of(attempt, state), token,
						     body_of(attempt, state));
	fill(attempt, &request);
	attempt->rate_milli =
		(uint32_t)(destination->rate < 1000000 ? destination->rate * 1000 : 1000000000);
	return OBLIGATION_READY;
}

static enum obligation_step open_secrets(struct obligation_attempt *attempt)
{
	struct state *state = attempt->state;
	const struct events_sealed sealed = {
		.bytes = &state->sealed,
		.purpose = &events_key_of_secret,
		.account = state->connection.account,
		.region = state->connection.region,
	};

	return events_open_bytes(attempt, &sealed, prepare_request);
}

/* ---- the role ---- */

static const struct operation invoke_operation =
	INNER_CALL_OPERATION(events_service, "InvokeApiDestination", "events:InvokeApiDestination");

static void on_authorized(void *context, const struct internal_answer *answer)
{
	struct obligation_attempt *attempt = context;
	enum obligation_step step;

	if (answer->result == ERR_OK) {
		step = open_secrets(attempt);
	} else if (answer->fault == &events_service.denied) {
		attempt->failure.code = STR("NO_PERMISSIONS");
		attempt->failure.text = arena_copy(attempt->arena, answer->fault_text);
		step = OBLIGATION_FAIL;
	} else {
		step = events_attempt_hold(attempt, STR("THROTTLING"),
					   STR("The role cannot be assumed now."));
	}
	if (step != OBLIGATION_PARKED)
		obligation_continue(attempt, step);
}

static void authorize_at_home(struct obligation_attempt *attempt)
{
	struct state *state = attempt->state;
	const struct inner_call inner = {
		.operation = &invoke_operation,
		.caller = events_target_caller(state->debt.rule, state->debt.target),
		.arn = state->debt.target->arn,
		.done = on_authorized,
		.context = attempt,
	};

	if (!inner_call_submit(attempt->core, obligation_home(attempt), &inner))
		obligation_continue(attempt,
				    events_attempt_hold(attempt, STR("THROTTLING"),
							STR("Too many requests are in flight.")));
}

/* Targets that earlier versions stored may have no role. */
static enum obligation_step authorize(struct obligation_attempt *attempt)
{
	struct state *state = attempt->state;

	if (!state->debt.target->role_arn.data)
		return open_secrets(attempt);
	obligation_on_home(attempt, authorize_at_home);
	return OBLIGATION_PARKED;
}

static enum obligation_step prepare_opened(struct obligation_attempt *attempt)
{
	struct state *state = attempt->state;
	struct arena *arena = attempt->arena;
	enum obligation_step step = events_debt_step(attempt);

	if (step != OBLIGATION_READY)
		return step;
	/* The secrets of a connection serve the rules of its own account only. */
	if (events_destination_find(attempt->core, arena, state->debt.target->arn,
				    &state->destination) ||
	    !str_equal(state->destination.account, state->debt.rule->account))
		return refuse(attempt, STR("The API destination was deleted."));
	if (events_connection_find(attempt->core, arena, state->destination.connection_arn,
				   &state->connection) ||
	    !events_connection_is_ready(&state->connection))
		return refuse(attempt, STR("The connection is not authorized."));
	state->sealed = state->connection.sealed;
	return authorize(attempt);
}

static enum obligation_step prepare(struct obligation_attempt *attempt)
{
	return open_state(attempt) ? events_open_event(attempt, prepare_opened) : OBLIGATION_DROP;
}

static enum obligation_result take_token(struct obligation_attempt *attempt, struct state *state)
{
	int64_t seconds;
	struct str token;

	if (attempt->answer.status / 100 == 2 &&
	    events_token_read(attempt->arena, attempt->answer.body, &token, &seconds) == ERR_OK) {
		/* Short tokens serve the next attempt at least. */
		int64_t life_ms = seconds * 1000 - TOKEN_MARGIN_MS;

		keep_token(attempt->core, state, token,
			   attempt->now_ms +
				   (life_ms > TOKEN_MARGIN_MS ? life_ms : TOKEN_MARGIN_MS));
		state->has_token = true;
	}
	return OBLIGATION_RETRY;
}

/* https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html */
static enum obligation_result classify(struct obligation_attempt *attempt)
{
	struct state *state = attempt->state;
	int status = attempt->answer.status;

	if (state->is_token)
		return take_token(attempt, state);
	if (attempt->answer.outcome != OUTBOUND_ANSWERED)
		return OBLIGATION_RETRY;
	if (status / 100 == 2)
		return OBLIGATION_DONE;
	if (status == 401 || status == 407)
		forget_token(attempt->core, state->connection_arn);
	return status == 401 || status == 407 || status == 409 || status == 429 || status >= 500
		       ? OBLIGATION_RETRY
		       : OBLIGATION_REFUSED;
}

static int64_t retry_ms(struct obligation_attempt *attempt)
{
	const struct state *state = attempt->state;

	return state->has_token ? 1 : events_retry_ms(attempt);
}

/* ---- calls ---- */

/* The handler of the call has authorized it. */
static enum obligation_step prepare_call(struct obligation_attempt *attempt)
{
	const struct events_invoking *invoking = attempt->once;
	struct state *state = attempt->state;

	/* There is no stored obligation of this kind. */
	if (!invoking)
		return OBLIGATION_DROP;
	if (!state)
		state = attempt->state = arena_new(attempt->arena, struct state);
	state->invoking = invoking;
	if (events_destination_find(attempt->core, attempt->arena, invoking->arn,
				    &state->destination) ||
	    !str_equal(state->destination.account, invoking->account))
		return refuse(attempt, STR("The API destination does not exist."));
	if (events_connection_find(attempt->core, attempt->arena, state->destination.connection_arn,
				   &state->connection) ||
	    !events_connection_is_ready(&state->connection))
		return refuse(attempt, STR("The connection is not authorized."));
	state->sealed = state->connection.sealed;
	return open_secrets(attempt);
}

/* Only a token makes another attempt. */
static int64_t retry_call_ms(struct obligation_attempt *attempt)
{
	const struct state *state = attempt->state;

	return state->has_token ? 1 : -1;
}

const struct obligation_kind events_invoke_obligation = {
	.number = OBLIGATION_EVENTS_INVOKE,
	.name = "events-invoke",
	.prepare = prepare_call,
	.classify = classify,
	.retry_ms = retry_call_ms,
};

/* Getting a token is no attempt to deliver. */
static void ended(struct obligation_attempt *attempt, enum obligation_end end)
{
	const struct state *state = attempt->state;

	if (end != OBLIGATION_END_RETRIED || !state || !state->is_token)
		events_attempt_ended(attempt, end);
}

const struct obligation_kind events_destination_obligation = {
	.number = OBLIGATION_EVENTS_API,
	.name = "events-api",
	.prepare = prepare,
	.classify = classify,
	.retry_ms = retry_ms,
	.dead_letter = events_dead_letter,
	.ended = ended,
	.release = events_attempt_release,
};
