/* SPDX-License-Identifier: MIT */
/* encrypt: a use of keys is one inner call, since KMS authorizes the principals of calls. */
#include "services/events/encrypt.h"

#include "api/events.h"
#include "base/arn.h"

static const struct operation use_operation =
	INNER_CALL_OPERATION(events_service, "UseKmsKey", "events:PutEvents");

const struct events_key_purpose events_key_of_bus = {STR_INIT("events"),
						     STR_INIT("aws:events:event-bus:arn")};
/* As Secrets Manager has it, which keeps the secrets of connections at AWS. */
const struct events_key_purpose events_key_of_secret = {STR_INIT("secretsmanager"),
							STR_INIT("SecretARN")};

/* ---- keys that callers name ---- */

/* Keys of other accounts have one answer, whether they exist or not. */
enum err events_key_refuse(struct call *call, struct str key_id, struct str action,
			   enum kms_problem problem, struct str text)
{
	bool is_foreign =
		str_starts(key_id, STR("arn:")) && !str_equal(arn_account(key_id), call->account);

	if (is_foreign && (problem == KMS_PROBLEM_NOT_FOUND || problem == KMS_PROBLEM_DENIED))
		return fail(call, &call->operation->service->denied,
			    "User: %.*s is not authorized to perform: %.*s on resource: %.*s "
			    "because the resource does not exist in this Region, no resource-based "
			    "policies allow access, or a resource-based policy explicitly denies "
			    "access",
			    STR_ARG(call->principal->arn), STR_ARG(action), STR_ARG(key_id));
	if (problem == KMS_PROBLEM_DENIED)
		return fail(call, &call->operation->service->denied, "%.*s", STR_ARG(text));
	if (problem == KMS_PROBLEM_NOT_FOUND)
		return fail(call, &EVENTS_RESOURCE_NOT_FOUND, "%.*s", STR_ARG(text));
	return fail(call, &EVENTS_INVALID_STATE, "%.*s", STR_ARG(text));
}

enum err events_key_check(struct call *call, struct str key_id)
{
	const struct kms_use use = {.call = call, .via_service = STR("events")};
	struct str action = STR("kms:DescribeKey"), text = {0};

	if (key_id.size == 0)
		return ERR_OK;
	enum kms_problem problem =
		(call->core->kms->check)(&use, call->account, key_id, action, &text);
	return problem ? events_key_refuse(call, key_id, action, problem, text) : ERR_OK;
}

/* ---- keys of buses ---- */

static void hold_keys(struct call *call, struct events_keys *keys)
{
	struct envelope_use use = events_key_use(call, keys->purpose);

	for (size_t i = 0; i < keys->key_count; i++) {
		struct events_key *one = &keys->keys[i];
		struct str text = {0};

		*one = (struct events_key){0};
		one->problem = data_key_hold(&use, keys->account, keys->ids[i], keys->bus_arn,
					     &one->key, &text);
		if (one->problem)
			one->text = arena_copy(keys->arena, text);
	}
}

static void open_texts(struct call *call, struct events_keys *keys)
{
	struct envelope_reader reader = {.use = events_key_use(call, keys->purpose)};

	for (size_t i = 0; i < keys->sealed_count && !keys->problem; i++) {
		struct str *text = keys->sealed[i], plain;
		char *copy = arena_cstr(keys->arena, *text);

		keys->problem = envelope_open(&reader, copy, text->size, &plain);
		if (!keys->problem)
			*text = plain;
		else
			keys->text = arena_copy(keys->arena, reader.text);
	}
	envelope_reader_done(&reader);
}

static void run_use(struct call *call, void *context)
{
	struct events_keys *keys = context;

	hold_keys(call, keys);
	open_texts(call, keys);
}

static void on_used(void *context, const struct internal_answer *answer)
{
	struct events_keys *keys = context;

	keys->done(keys->context, answer->result == ERR_OK);
}

void events_keys_use(struct core *core, struct net_thread *home, struct events_keys *keys)
{
	const struct inner_call inner = {
		.operation = &use_operation,
		.caller =
			{
				.identity = INTERNAL_AS_SERVICE,
				.service = STR("events.amazonaws.com"),
				.source_arn = keys->bus_arn,
				.source_account = keys->account,
				.region = keys->region,
			},
		.run = run_use,
		.done = on_used,
		.context = keys,
	};

	keys->problem = KMS_PROBLEM_NONE;
	if (!inner_call_submit(core, home, &inner))
		keys->done(keys->context, false);
}

struct str events_key_code(enum kms_problem problem)
{
	return problem == KMS_PROBLEM_DENIED ? STR("NO_PERMISSIONS") : STR("SDK_CLIENT_ERROR");
}

/* ---- obligations ---- */

struct events_opening {
	struct obligation_attempt *attempt;
	struct events_keys keys;
	struct str *sealed; /* keys.sealed points to it */
	struct internal_caller caller;
	events_opened_fn next;
};

static const struct operation open_operation =
	INNER_CALL_OPERATION(events_service, "OpenDelivery", "events:PutEvents");

static void run_open(struct call *call, void *context)
{
	struct events_opening *opening = context;

	open_texts(call, &opening->keys);
}

enum obligation_step events_attempt_hold(struct obligation_attempt *attempt, struct str code,
					 struct str text)
{
	attempt->failure.code = code;
	attempt->failure.text = text;
	attempt->hold_ms = EVENTS_KEY_HOLD_MS;
	return OBLIGATION_HOLD;
}

static enum obligation_step step_after(struct events_opening *opening, bool is_answered)
{
	struct obligation_attempt *attempt = opening->attempt;
	const struct events_keys *keys = &opening->keys;

	if (!is_answered)
		return events_attempt_hold(attempt, STR("THROTTLING"),
					   STR("The event cannot be opened now."));
	if (keys->problem == KMS_PROBLEM_DAMAGED) {
		log_event(LOG_ERROR, "a delivery is dropped: it cannot be opened",
			  log_str("source", attempt->source));
		return OBLIGATION_DROP; /* a dead letter would have no event either */
	}
	if (keys->problem)
		return events_attempt_hold(attempt, events_key_code(keys->problem), keys->text);
	return opening->next(attempt);
}

static void on_opened(void *context, const struct internal_answer *answer)
{
	struct events_opening *opening = context;
	struct obligation_attempt *attempt = opening->attempt;
	enum obligation_step step = step_after(opening, answer->result == ERR_OK);

	if (step != OBLIGATION_PARKED) /* `next` may have parked it again */
		obligation_continue(attempt, step);
}

static void open_at_home(struct obligation_attempt *attempt)
{
	struct events_opening *opening = *(struct events_opening **)attempt->state;
	const struct inner_call inner = {
		.operation = &open_operation,
		.caller = opening->caller,
		.run = run_open,
		.done = on_opened,
		.context = opening,
	};

	if (!inner_call_submit(attempt->core, obligation_home(attempt), &inner))
		obligation_continue(attempt, step_after(opening, false));
}

static struct internal_caller caller_of(const struct events_sealed *sealed)
{
	if (!sealed->bus_arn.data)
		return (struct internal_caller){.identity = INTERNAL_AS_SERVER,
						.account = sealed->account,
						.region = sealed->region};
	return (struct internal_caller){
		.identity = INTERNAL_AS_SERVICE,
		.service = STR("events.amazonaws.com"),
		.source_arn = sealed->bus_arn,
		.source_account = sealed->account,
		.region = sealed->region,
	};
}

enum obligation_step events_open_bytes(struct obligation_attempt *attempt,
				       const struct events_sealed *sealed, events_opened_fn next)
{
	if (!envelope_is_one(*sealed->bytes))
		return next(attempt);
	struct events_opening *opening = arena_new(attempt->arena, struct events_opening);

	*opening = (struct events_opening){
		.attempt = attempt,
		.sealed = sealed->bytes,
		.caller = caller_of(sealed),
		.next = next,
		.keys = {.arena = attempt->arena, .purpose = sealed->purpose, .sealed_count = 1},
	};
	opening->keys.sealed = &opening->sealed;
	*(struct events_opening **)attempt->state = opening;
	obligation_on_home(attempt, open_at_home);
	return OBLIGATION_PARKED;
}
