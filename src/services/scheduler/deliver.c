/* SPDX-License-Identifier: MIT */
/*
 * deliver: one attempt of an occurrence. The schedule is looked up at each attempt, so its current
 * target and role count, and deleting it ends its deliveries.
 *
 * Queues and topics are targets (core/target.h). PutEvents and universal targets are internal
 * requests of the execution role, which the attempt waits for. The trust policy of the role sees
 * the group as aws:SourceArn.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
 */
#include "services/scheduler/deliver.h"

#include "api/events.h"
#include "base/arn.h"
#include "core/inner_call.h"
#include "core/message.h"
#include "core/obligation.h"
#include "services/scheduler/change.h"
#include "services/scheduler/check.h"
#include "services/scheduler/encrypt.h"
#include "services/scheduler/fire.h"
#include "services/scheduler/measure.h"
#include "services/scheduler/store.h"
#include "services/scheduler/target.h"

enum {
	BACKOFF_FIRST_MS = 1000,
	BACKOFF_MOST_MS = 600000,
	HOLD_MS = 300000,   /* for a service that does not exist */
	KEY_HOLD_MS = 5000, /* for a KMS key that cannot be used */
	ATTRIBUTES = 9,	    /* of a dead letter */
};

struct state {
	struct scheduler_occurrence occurrence;
	struct scheduler_get_schedule_out shown;
	struct scheduler_invocation invocation;
	struct scheduler_target_kind kind;
	struct internal_caller caller;
	struct str sealed; /* the target's input; data NULL: not sealed, or opened */
	struct str input;  /* as the target gets it; not yet, if it is sealed */
	enum kms_problem problem;
	struct str exhausted; /* the part of RetryPolicy that ended the attempts; data NULL: none */
};

/* ---- the schedule of an attempt ---- */

/* False: the schedule is gone, or another one has its name. Its texts are copied. */
static bool find_schedule(struct obligation_attempt *attempt, struct state *state)
{
	struct scheduler_schedule names;
	struct str problem;
	bool is_found = false;

	if (scheduler_occurrence_decode(attempt->bytes, &state->occurrence) != ERR_OK ||
	    !scheduler_key_parse(state->occurrence.key, &names))
		return false;
	const struct scheduler_schedule *schedule =
		scheduler_registry_find(scheduler_of(attempt->core)->registry, names.account,
					names.region, names.group, names.name);
	if (schedule && schedule->created_ms == state->occurrence.created_ms) {
		if (schedule->sealed_input.size > 0)
			state->sealed = arena_copy(attempt->arena, schedule->sealed_input);
		is_found =
			message_decode(attempt->arena, arena_copy(attempt->arena, schedule->shown),
				       scheduler_service.operations[SCHEDULER_GET_SCHEDULE].out,
				       &state->shown, &problem) == ERR_OK;
	}
	scheduler_schedule_release(schedule);
	if (is_found)
		state->caller = (struct internal_caller){
			.identity = INTERNAL_AS_ROLE,
			.service = SCHEDULER_SERVICE,
			.source_arn = scheduler_arn(attempt->arena, names.account, names.region,
						    names.group, STR("")),
			.source_account = names.account,
			.role = state->shown.target->role_arn,
			.region = names.region,
		};
	return is_found;
}

static struct state *open_state(struct obligation_attempt *attempt)
{
	struct state *state = attempt->state;

	if (state)
		return state;
	state = arena_new(attempt->arena, struct state);
	if (!find_schedule(attempt, state))
		return NULL;
	char *id = arena_bytes(attempt->arena, UUID_TEXT_SIZE);
	uuid_format(state->occurrence.execution_id, id);
	state->invocation = (struct scheduler_invocation){
		.schedule_arn = state->shown.arn,
		.scheduled_ms = state->occurrence.scheduled_ms,
		.execution_id = str_of(id, UUID_TEXT_SIZE),
		.attempt = attempt->attempts,
	};
	state->input = scheduler_input(attempt->arena, state->shown.target, &state->invocation);
	attempt->state = state;
	return state;
}

static int64_t age_max_ms(const struct state *state)
{
	return state->shown.target->retry_policy->maximum_event_age_in_seconds * 1000;
}

/* ---- internal requests ---- */

static enum target_outcome outcome_of(const struct internal_answer *answer)
{
	if (answer->result == ERR_OK)
		return TARGET_DELIVERED;
	if (answer->error || answer->fault->is_receiver || answer->fault->status == 429 ||
	    str_find(answer->fault->shape, STR("Throttl"), 0) != SIZE_MAX)
		return TARGET_RETRY;
	return TARGET_FAILED;
}

/* An answer of PutEvents may say that its only entry failed. */
static void read_entry(struct obligation_attempt *attempt, const struct events_put_events_out *out)
{
	struct target_result *result = &attempt->answer.target;

	if (out->entries_count == 0 || !out->entries[0].error_code.data)
		return;
	result->code = arena_copy(attempt->arena, out->entries[0].error_code);
	result->text = arena_copy(attempt->arena, out->entries[0].error_message);
	result->outcome = str_equal(result->code, STR("InternalFailure")) ||
					  str_equal(result->code, STR("ThrottlingException"))
				  ? TARGET_RETRY
				  : TARGET_FAILED;
}

static void answered(void *context, const struct internal_answer *answer)
{
	struct obligation_attempt *attempt = context;
	struct target_result *result = &attempt->answer.target;

	result->outcome = outcome_of(answer);
	if (answer->result != ERR_OK) {
		result->code = arena_copy(attempt->arena, answer->fault->shape);
		result->text = arena_copy(attempt->arena, answer->fault_text);
	} else if (((const struct state *)attempt->state)->kind.way == SCHEDULER_BUS) {
		read_entry(attempt, answer->out);
	}
	obligation_answered(attempt);
}

static void end_with(struct obligation_attempt *attempt, enum target_outcome outcome,
		     struct str code, struct str text)
{
	attempt->answer.target =
		(struct target_result){.outcome = outcome, .code = code, .text = text};
	obligation_answered(attempt);
}

/* On a thread for internal requests. */
static void request(struct obligation_attempt *attempt)
{
	const struct state *state = attempt->state;
	const struct scheduler_target *target = state->shown.target;
	const struct operation *operation = state->kind.operation;
	struct internal_request *request =
		internal_new(attempt->core, obligation_home(attempt), &state->caller);
	struct arena *arena = internal_arena(request);
	void *in = arena_alloc(arena, operation->in->size);
	struct str text = arena_copy(arena, target->input.data ? state->input : STR("{}"));
	struct str problem;

	if (state->kind.way == SCHEDULER_BUS)
		text = scheduler_bus_entry(arena, target, state->input);
	if (message_decode(arena, text, operation->in, in, &problem) != ERR_OK) {
		problem = arena_copy(attempt->arena, problem);
		internal_drop(request);
		end_with(attempt, TARGET_FAILED, STR("INVALID_PARAMETER"), problem);
		return;
	}
	if (!internal_submit(request, operation, in, answered, attempt))
		end_with(attempt, TARGET_RETRY, STR("THROTTLING"),
			 STR("Too many internal requests are in progress."));
}

static void start(struct obligation_attempt *attempt)
{
	obligation_on_home(attempt, request);
}

/* ---- the kind ---- */

static enum obligation_step refuse(struct obligation_attempt *attempt, struct str code,
				   struct str text)
{
	attempt->failure.code = code;
	attempt->failure.text = text;
	return OBLIGATION_FAIL;
}

static void fill_target(struct obligation_attempt *attempt, const struct state *state)
{
	const struct scheduler_target *target = state->shown.target;

	attempt->is_to_target = true;
	attempt->target = (struct obligation_target){
		.arn = target->arn, .caller = state->caller, .payload = {.body = state->input}};
	attempt->target.caller.region = arn_region(target->arn);
	if (target->sqs_parameters && target->sqs_parameters->message_group_id.data) {
		attempt->target.payload.group = target->sqs_parameters->message_group_id;
		attempt->target.payload.dedup = state->invocation.execution_id;
	}
}

static enum obligation_step prepare_opened(struct obligation_attempt *attempt)
{
	struct state *state = attempt->state;
	struct str problem;

	if (scheduler_target_kind_of(attempt->core, attempt->arena, state->shown.target->arn,
				     &state->kind, &problem) != ERR_OK)
		return refuse(attempt, STR("INVALID_PARAMETER"), problem);
	switch (state->kind.way) {
	case SCHEDULER_QUEUE:
	case SCHEDULER_TOPIC:
		fill_target(attempt, state);
		return OBLIGATION_READY;
	case SCHEDULER_BUS:
		state->kind.operation =
			message_operation(attempt->core, STR("events"), STR("PutEvents"));
		state->caller.region = arn_region(state->shown.target->arn);
		break;
	case SCHEDULER_OPERATION:
		break;
	case SCHEDULER_ABSENT:
		state->kind.operation = NULL;
	}
	attempt->is_own = state->kind.operation != NULL;
	if (attempt->is_own)
		return OBLIGATION_READY;
	if (attempt->now_ms - attempt->since_ms > age_max_ms(state))
		return refuse(attempt, STR("NO_RESOURCE"), STR("The target is not served."));
	attempt->hold_ms = HOLD_MS;
	attempt->failure.code = STR("NOT_SERVED");
	attempt->failure.text = arena_format(attempt->arena, "%.*s are not served yet",
					     STR_ARG(state->kind.absent));
	return OBLIGATION_HOLD;
}

/* ---- a sealed input ---- */

/* Waits, uncounted, until the retry policy ends it. */
static enum obligation_step hold_sealed(struct obligation_attempt *attempt, struct str code,
					struct str text)
{
	struct state *state = attempt->state;

	if (attempt->now_ms - attempt->since_ms > age_max_ms(state)) {
		state->exhausted = STR("MaximumEventAgeInSeconds");
		return refuse(attempt, code, text);
	}
	attempt->failure.code = code;
	attempt->failure.text = text;
	attempt->hold_ms = KEY_HOLD_MS;
	return OBLIGATION_HOLD;
}

static void run_open(struct call *call, void *context)
{
	struct obligation_attempt *attempt = context;
	struct state *state = attempt->state;

	state->problem = scheduler_open_bytes(call, attempt->arena, state->sealed,
					      &state->shown.target->input, &attempt->failure.text);
}

static enum obligation_step step_after(struct obligation_attempt *attempt)
{
	struct state *state = attempt->state;

	if (state->problem == KMS_PROBLEM_DAMAGED)
		return refuse(attempt, STR("INTERNAL_ERROR"),
			      STR("The stored input cannot be opened."));
	if (state->problem)
		return hold_sealed(attempt, STR("KMS_ERROR"), attempt->failure.text);
	state->sealed = (struct str){0};
	state->input = scheduler_input(attempt->arena, state->shown.target, &state->invocation);
	return prepare_opened(attempt);
}

static void on_opened(void *context, const struct internal_answer *answer)
{
	struct obligation_attempt *attempt = context;
	enum obligation_step step;

	if (answer->result == ERR_OK)
		step = step_after(attempt);
	else
		step = hold_sealed(attempt, arena_copy(attempt->arena, answer->fault->shape),
				   arena_copy(attempt->arena, answer->fault_text));
	obligation_continue(attempt, step);
}

static const struct operation open_operation =
	INNER_CALL_OPERATION(scheduler_service, "OpenInput", "scheduler:GetSchedule");

/* As the execution role. */
static void open_at_home(struct obligation_attempt *attempt)
{
	const struct state *state = attempt->state;
	const struct inner_call inner = {
		.operation = &open_operation,
		.caller = state->caller,
		.run = run_open,
		.done = on_opened,
		.context = attempt,
	};

	if (!inner_call_submit(attempt->core, obligation_home(attempt), &inner))
		obligation_continue(attempt, hold_sealed(attempt, STR("THROTTLING"),
							 STR("Too many internal requests are in "
							     "progress.")));
}

static enum obligation_step prepare(struct obligation_attempt *attempt)
{
	struct state *state = open_state(attempt);

	if (!state)
		return OBLIGATION_DROP;
	attempt->age_ms_max = age_max_ms(state);
	if (!state->sealed.data)
		return prepare_opened(attempt);
	obligation_on_home(attempt, open_at_home);
	return OBLIGATION_PARKED;
}

/* The limit that allows no attempt after wait_ms; data NULL: none. */
static struct str limit_of(const struct obligation_attempt *attempt, const struct state *state,
			   int64_t wait_ms)
{
	if (attempt->attempts > state->shown.target->retry_policy->maximum_retry_attempts)
		return STR("MaximumRetryAttempts");
	if (attempt->now_ms + wait_ms - attempt->since_ms > age_max_ms(state))
		return STR("MaximumEventAgeInSeconds");
	return (struct str){0};
}

/* Doubles from a second to ten minutes, and ends by the schedule's RetryPolicy. */
static int64_t retry_ms(struct obligation_attempt *attempt)
{
	struct state *state = attempt->state;
	uint32_t attempts = attempt->attempts > 0 ? attempt->attempts : 1;
	int64_t wait_ms = attempts > 10 ? BACKOFF_MOST_MS : BACKOFF_FIRST_MS << (attempts - 1);

	if (wait_ms > BACKOFF_MOST_MS)
		wait_ms = BACKOFF_MOST_MS;
	state->exhausted = limit_of(attempt, state, wait_ms);
	return state->exhausted.data ? -1 : wait_ms;
}

static void add(struct target_payload *payload, struct target_attribute *attributes,
		const char *name, struct str value)
{
	attributes[payload->attribute_count++] =
		(struct target_attribute){str_from(name), STR("String"), value};
}

/* The age also ends attempts without retry_ms; a refusal has no condition. data NULL: none. */
static struct str condition_of(const struct obligation_attempt *attempt, const struct state *state)
{
	bool is_refused = attempt->answer.target.outcome == TARGET_FAILED;
	int64_t retries_max = state->shown.target->retry_policy->maximum_retry_attempts;

	/* A dead letter that waited for its queue does not know the last answer. */
	if (!state->exhausted.data && !is_refused && retries_max > 0 &&
	    attempt->attempts > retries_max)
		return STR("MaximumRetryAttempts");
	if (state->exhausted.data || is_refused ||
	    attempt->now_ms - attempt->since_ms < age_max_ms(state))
		return state->exhausted;
	return STR("MaximumEventAgeInSeconds");
}

/* https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html */
static bool dead_letter(struct obligation_attempt *attempt, struct obligation_target *out)
{
	struct state *state = open_state(attempt);
	struct arena *arena = attempt->arena;

	if (!state || !state->shown.target->dead_letter_config ||
	    !state->shown.target->dead_letter_config->arn.data)
		return false;
	struct target_attribute *attributes =
		arena_array(arena, struct target_attribute, ATTRIBUTES);
	*out = (struct obligation_target){
		.arn = state->shown.target->dead_letter_config->arn,
		.caller = state->caller,
		/* An input that could not be opened is left out. */
		.payload = {.body = state->sealed.data ? STR("{}") : state->input,
			    .attributes = attributes},
	};
	out->caller.region = arn_region(out->arn);
	struct target_payload *payload = &out->payload;
	struct str text = attempt->failure.text;
	uint32_t retries = attempt->attempts > 0 ? attempt->attempts - 1 : 0;

	add(payload, attributes, "ERROR_CODE",
	    attempt->failure.code.size > 0 ? attempt->failure.code : STR("UNKNOWN"));
	add(payload, attributes, "ERROR_MESSAGE", text.size > 0 ? text : STR("-"));
	add(payload, attributes, "EXECUTION_ID", state->invocation.execution_id);
	add(payload, attributes, "IS_PAYLOAD_TRUNCATED",
	    state->sealed.data ? STR("true") : STR("false"));
	add(payload, attributes, "RETRY_ATTEMPTS", arena_format(arena, "%u", retries));
	add(payload, attributes, "SCHEDULED_TIME",
	    scheduler_time(arena, state->invocation.scheduled_ms));
	add(payload, attributes, "SCHEDULE_ARN", state->invocation.schedule_arn);
	add(payload, attributes, "TARGET_ARN", state->shown.target->arn);
	struct str condition = condition_of(attempt, state);
	if (condition.data)
		add(payload, attributes, "EXHAUSTED_RETRY_CONDITION", condition);
	return true;
}

/* ---- ActionAfterCompletion ---- */

struct completion {
	struct core_task task;
	struct str key;
	int64_t created_ms;
};

static void complete(struct core *core, struct core_task *task)
{
	struct completion *completion = container_of(task, struct completion, task);
	struct scheduler_schedule names;

	if (scheduler_of(core) && scheduler_key_parse(completion->key, &names)) {
		const struct scheduler_schedule *schedule =
			scheduler_registry_find(scheduler_of(core)->registry, names.account,
						names.region, names.group, names.name);

		if (schedule && schedule->created_ms == completion->created_ms &&
		    schedule->ended_ms > 0 && scheduler_delete(core, &schedule, 1) != ERR_OK)
			log_event(LOG_WARN, "a schedule that has ended is deleted later",
				  log_str("schedule", schedule->name)); /* by core/due.h */
		scheduler_schedule_release(schedule);
	}
	heap_free((void *)(uintptr_t)completion->key.data);
	heap_free(completion);
}

/* A schedule that deletes itself goes when its last delivery has ended. */
static void ended(struct obligation_attempt *attempt, enum obligation_end end)
{
	struct state *state = open_state(attempt);

	if (state)
		scheduler_measure(attempt, end, arn_region(state->shown.arn),
				  state->shown.group_name);
	if (end == OBLIGATION_END_RETRIED || !state ||
	    !str_equal(state->shown.action_after_completion, STR("DELETE")))
		return;
	struct completion *completion = heap_alloc(sizeof(*completion));
	completion->task.run = complete;
	completion->key = heap_copy(state->occurrence.key);
	completion->created_ms = state->occurrence.created_ms;
	core_post_control(attempt->core, &completion->task);
}

const struct obligation_kind scheduler_obligation = {
	.number = OBLIGATION_SCHEDULER_TARGET,
	.name = "scheduler",
	.prepare = prepare,
	.start = start,
	.retry_ms = retry_ms,
	.dead_letter = dead_letter,
	.ended = ended,
};
