/* SPDX-License-Identifier: MIT */
/* encrypt: opening is an internal request, since KMS authorizes and counts calls. */
#include "services/sns/encrypt.h"

#include "api/sns.h"
#include "core/authorize.h"
#include "core/data_keys.h"
#include "services/sns/state.h"

enum { REUSE_MS = 300 * 1000, HOLD_MS = 5000 };

static const struct fault_type *fault_of(enum kms_problem problem)
{
	switch (problem) {
	case KMS_PROBLEM_NOT_FOUND:
		return &SNS_KMS_NOT_FOUND;
	case KMS_PROBLEM_DISABLED:
		return &SNS_KMS_DISABLED;
	case KMS_PROBLEM_STATE:
	case KMS_PROBLEM_USAGE:
		return &SNS_KMS_INVALID_STATE;
	default:
		return &SNS_KMS_ACCESS_DENIED;
	}
}

static struct envelope_use use_of(struct call *call)
{
	return call_envelope_use(call, STR("sns"), STR("aws:sns:topicArn"), REUSE_MS);
}

static void release(void *key)
{
	data_key_release(key);
}

enum err sns_sealer_begin(struct call *call, const struct topic *topic, struct data_key **out_key)
{
	struct envelope_use use = use_of(call);
	struct str text = {0};

	*out_key = NULL;
	if (topic->kms_key.size == 0)
		return ERR_OK;
	enum kms_problem problem =
		data_key_hold(&use, topic->account, topic->kms_key, topic->arn, out_key, &text);
	if (problem)
		return fail(call, fault_of(problem), "%.*s", STR_ARG(text));
	call_on_end(call, release, *out_key);
	return ERR_OK;
}

struct str sns_seal(struct arena *arena, struct data_key *key, struct str bytes)
{
	return key ? envelope_close(key, arena, bytes) : bytes;
}

/* ---- opening ---- */

struct opening {
	sns_opened_fn next;
	struct obligation_attempt *attempt;
	enum kms_problem problem;
};

static enum err run_open(struct call *call, const void *in, void *out)
{
	struct opening *opening = *(struct opening *const *)in;
	struct obligation_attempt *attempt = opening->attempt;
	struct resource resource = {.arn = attempt->source, .account = call->account};
	struct envelope_reader reader = {.use = use_of(call)};

	(void)out;
	enum err err = call_authorize(call, STR("sns:Publish"), &resource);
	if (err)
		return err;
	char *copy = arena_cstr(attempt->arena, attempt->shared);
	struct str plain = {0};
	opening->problem = envelope_open(&reader, copy, attempt->shared.size, &plain);
	if (opening->problem == KMS_PROBLEM_NONE)
		attempt->shared = plain;
	else
		attempt->failure.text = arena_copy(attempt->arena, reader.text);
	envelope_reader_done(&reader);
	return ERR_OK;
}

static const struct shape nothing;
static const struct operation_facts facts = {.event = EVENT_DATA};
static const struct operation open_operation = {
	.name = STR_INIT("OpenDelivery"),
	.action = STR_INIT("sns:Publish"),
	.service = &sns_service,
	.in = &nothing,
	.out = &nothing,
	.run = run_open,
	.place = OPERATION_ON_NET,
	.facts = &facts,
	.is_read_only = true,
	.index = OPERATION_UNNUMBERED,
};

static enum obligation_step hold(struct obligation_attempt *attempt, struct str code)
{
	attempt->failure.code = code;
	attempt->hold_ms = HOLD_MS;
	return OBLIGATION_HOLD;
}

static void on_opened(void *context, const struct internal_answer *answer)
{
	struct opening *opening = context;
	struct obligation_attempt *attempt = opening->attempt;

	attempt->state = NULL;
	if (answer->result != ERR_OK) {
		attempt->failure.text = STR("the message could not be opened now");
		obligation_continue(attempt, hold(attempt, STR("InternalError")));
	} else if (opening->problem == KMS_PROBLEM_DAMAGED) {
		attempt->failure.code = STR("InvalidCiphertext");
		obligation_continue(attempt, OBLIGATION_FAIL);
	} else if (opening->problem != KMS_PROBLEM_NONE) {
		obligation_continue(attempt, hold(attempt, fault_of(opening->problem)->query_code));
	} else {
		obligation_continue(attempt, opening->next(attempt));
	}
}

static void open_at_home(struct obligation_attempt *attempt)
{
	struct opening *opening = attempt->state;
	const struct internal_caller caller = {
		.identity = INTERNAL_AS_SERVER,
		.account = arn_account(attempt->source), /* of the topic */
		.region = arn_region(attempt->source),
	};
	struct internal_request *request =
		internal_new(attempt->core, obligation_home(attempt), &caller);
	struct opening **in = arena_new(internal_arena(request), struct opening *);

	*in = opening;
	if (internal_submit(request, &open_operation, in, on_opened, opening))
		return;
	attempt->state = NULL;
	attempt->failure.text = STR("too many requests are in flight");
	obligation_continue(attempt, hold(attempt, STR("Throttling")));
}

enum obligation_step sns_open_shared(struct obligation_attempt *attempt, sns_opened_fn next)
{
	struct opening *opening;

	if (!envelope_is_one(attempt->shared))
		return next(attempt);
	opening = arena_new(attempt->arena, struct opening);
	opening->next = next;
	opening->attempt = attempt;
	attempt->state = opening;
	obligation_on_home(attempt, open_at_home);
	return OBLIGATION_PARKED;
}
