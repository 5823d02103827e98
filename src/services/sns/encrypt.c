/* SPDX-License-Identifier: MIT */
/* encrypt: opening is an internal request, since KMS authorizes and counts calls. */
#include "services/sns/encrypt.h"

#include "api/sns.h"
#include "core/authorize.h"
#include "core/data_keys.h"
#include "services/sns/state.h"

enum { REUSE_MS = 300 * 1000 };

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

static enum err run_open(struct call *call, const void *in, void *out)
{
	struct sns_opening *opening = *(struct sns_opening *const *)in;
	struct resource resource = {.arn = opening->topic_arn, .account = call->account};
	struct envelope_reader reader = {.use = use_of(call)};

	(void)out;
	enum err err = call_authorize(call, STR("sns:Publish"), &resource);
	if (err)
		return err;
	for (size_t i = 0; i < opening->count && !opening->problem; i++) {
		struct str *text = &opening->texts[i];
		if (!envelope_is_one(*text))
			continue;
		char *copy = arena_cstr(opening->arena, *text);
		opening->problem = envelope_open(&reader, copy, text->size, text);
	}
	if (opening->problem)
		opening->text = arena_copy(opening->arena, reader.text);
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

static void on_run(void *context, const struct internal_answer *answer)
{
	struct sns_opening *opening = context;

	if (answer->result != ERR_OK) {
		opening->result = SNS_OPEN_LATER;
		opening->code = STR("InternalError");
		opening->text = STR("the message could not be opened now");
	} else if (opening->problem == KMS_PROBLEM_DAMAGED) {
		opening->result = SNS_OPEN_DAMAGED;
		opening->code = STR("InvalidCiphertext");
	} else if (opening->problem != KMS_PROBLEM_NONE) {
		opening->result = SNS_OPEN_LATER;
		opening->code = fault_of(opening->problem)->query_code;
	}
	opening->done(opening);
}

void sns_open(struct core *core, struct net_thread *home, struct sns_opening *opening)
{
	const struct internal_caller caller = {
		.identity = INTERNAL_AS_SERVER,
		.account = arn_account(opening->topic_arn),
		.region = arn_region(opening->topic_arn),
	};
	struct internal_request *request = internal_new(core, home, &caller);
	struct sns_opening **in = arena_new(internal_arena(request), struct sns_opening *);

	*in = opening;
	opening->result = SNS_OPENED;
	opening->problem = KMS_PROBLEM_NONE;
	if (internal_submit(request, &open_operation, in, on_run, opening))
		return;
	opening->result = SNS_OPEN_LATER;
	opening->code = STR("Throttling");
	opening->text = STR("too many requests are in flight");
	opening->done(opening);
}

/* ---- opening the message of an attempt ---- */

struct opening {
	struct sns_opening opening;
	sns_opened_fn next;
	struct obligation_attempt *attempt;
};

static void on_opened(struct sns_opening *opened)
{
	struct opening *opening = container_of(opened, struct opening, opening);
	struct obligation_attempt *attempt = opening->attempt;

	attempt->state = NULL;
	attempt->failure.code = opened->code;
	attempt->failure.text = opened->text;
	attempt->hold_ms = SNS_OPEN_LATER_MS;
	if (opened->result == SNS_OPENED)
		obligation_continue(attempt, opening->next(attempt));
	else
		obligation_continue(attempt, opened->result == SNS_OPEN_DAMAGED ? OBLIGATION_FAIL
										: OBLIGATION_HOLD);
}

static void open_at_home(struct obligation_attempt *attempt)
{
	struct opening *opening = attempt->state;

	sns_open(attempt->core, obligation_home(attempt), &opening->opening);
}

enum obligation_step sns_open_shared(struct obligation_attempt *attempt, sns_opened_fn next)
{
	struct opening *opening;

	if (!envelope_is_one(attempt->shared))
		return next(attempt);
	opening = arena_new(attempt->arena, struct opening);
	opening->opening = (struct sns_opening){
		.topic_arn = attempt->source,
		.texts = &attempt->shared,
		.count = 1,
		.arena = attempt->arena,
		.done = on_opened,
	};
	opening->next = next;
	opening->attempt = attempt;
	attempt->state = opening;
	obligation_on_home(attempt, open_at_home);
	return OBLIGATION_PARKED;
}
