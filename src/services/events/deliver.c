/* SPDX-License-Identifier: MIT */
/* deliver: see deliver.h. */
#include "services/events/deliver.h"

#include "api/events_records.h"
#include "format/json_text.h"
#include "match/template.h"
#include "services/events/bus_log.h"
#include "services/events/log_target.h"
#include "services/events/rule_metrics.h"
#include "services/events/transform.h"

enum {
	RETRY_MS = 1000, /* the first wait, which doubles */
	RETRY_MS_MAX = 480000,
	LATER_MS = 60000,
};

enum events_target_kind events_target_kind(struct str text)
{
	struct arn arn;

	if (!arn_parse(text, &arn))
		return EVENTS_TARGET_LATER;
	if (str_equal(arn.service, STR("sqs")))
		return EVENTS_TARGET_QUEUE;
	if (str_equal(arn.service, STR("sns")))
		return EVENTS_TARGET_TOPIC;
	if (str_equal(arn.service, STR("logs")))
		return EVENTS_TARGET_LOGS;
	if (!str_equal(arn.service, STR("events")))
		return EVENTS_TARGET_LATER;
	return str_starts(arn.resource, STR("api-destination/")) ? EVENTS_TARGET_API
								 : EVENTS_TARGET_BUS;
}

/* ---- payloads ---- */

struct str events_target_body(struct arena *arena, const struct events_bus_rule *rule,
			      const struct events_target_settings *target, struct str event,
			      int64_t ingestion_ms)
{
	struct transform_context context = {
		.event = event,
		.rule_arn = rule->arn,
		.rule_name = rule->name,
		.ingestion_ms = ingestion_ms,
	};

	/* A bus gets events only. */
	if (events_target_kind(target->arn) == EVENTS_TARGET_BUS)
		return event;
	if (target->input.data)
		return target->input;
	if (target->input_path.data) {
		struct str part = template_path(event, target->input_path);
		return part.data ? part : STR("\"\"");
	}
	if (!target->input_template.data)
		return event;
	return transform_template(arena, target->input_template, target->paths, target->path_count,
				  &context);
}

/* The same for each attempt of a target, and another for each target. */
static struct str dedup_id(struct arena *arena, const struct events_bus_rule *rule,
			   const struct events_target_settings *target, struct str event_id)
{
	char *text = arena_bytes(arena, 64);
	uint8_t digest[32];

	sha256(arena_format(arena, "%.*s %.*s %.*s", STR_ARG(event_id), STR_ARG(rule->arn),
			    STR_ARG(target->id)),
	       digest);
	hex_format(str_of(digest, sizeof(digest)), text);
	return str_of(text, 64);
}

struct target_payload events_target_payload(struct arena *arena, const struct events_bus_rule *rule,
					    const struct events_target_settings *target,
					    struct str event, struct str event_id,
					    int64_t ingestion_ms)
{
	struct target_payload payload = {
		.body = events_target_body(arena, rule, target, event, ingestion_ms),
		.group = target->group,
	};

	if (target->group.data)
		payload.dedup = dedup_id(arena, rule, target, event_id);
	if (events_target_kind(target->arn) == EVENTS_TARGET_LOGS)
		events_log_target_fill(arena, event, target->input_template.data != NULL, &payload);
	return payload;
}

struct internal_caller events_target_caller(const struct events_bus_rule *rule,
					    const struct events_target_settings *target)
{
	return (struct internal_caller){
		.identity = target->role_arn.data ? INTERNAL_AS_ROLE : INTERNAL_AS_SERVICE,
		.service = STR("events.amazonaws.com"),
		.source_arn = rule->arn,
		.source_account = rule->account,
		.role = target->role_arn,
		.region = rule->region,
	};
}

/* ---- obligations ---- */

struct obligation events_target_owed(struct arena *arena, const struct events_bus_rule *rule,
				     const struct events_target_settings *target,
				     const struct events_attempt *attempt, struct str event)
{
	struct events_debt_record record = {
		.account = rule->account,
		.region = rule->region,
		.bus = rule->bus,
		.rule = rule->name,
		.target = target->id,
		.ingestion_ms = attempt->ingestion_ms,
		.attempts = attempt->attempts,
		.is_refused = attempt->is_refused,
		.code = attempt->code,
		.text = attempt->text,
	};
	bool is_api = events_target_kind(target->arn) == EVENTS_TARGET_API;
	struct buf bytes = {0};

	events_debt_record_encode(&bytes, &record);
	struct obligation obligation = {
		.kind = is_api ? OBLIGATION_EVENTS_API : OBLIGATION_EVENTS_TARGET,
		.account = rule->account,
		.source = is_api ? target->arn : rule->arn,
		.endpoint = target->arn,
		.bytes = arena_copy(arena, buf_str(&bytes)),
		.shared = event,
		.delay_ms = attempt->attempts > 0 && !attempt->is_refused ? RETRY_MS : 0,
	};
	buf_done(&bytes);
	return obligation;
}

static const struct events_target_settings *find_target(const struct events_bus_rule *rule,
							struct str id)
{
	for (size_t i = 0; i < rule->target_count; i++)
		if (str_equal(rule->targets[i].id, id))
			return &rule->targets[i];
	return NULL;
}

bool events_debt_read(struct core *core, struct arena *arena, struct str bytes,
		      struct events_debt *out_debt)
{
	struct events_debt_record record;

	if (events_debt_record_decode(arena, bytes, &record) != ERR_OK)
		return false;
	const struct events_bus_rule *rule = events_registry_find_rule(
		events_of(core)->registry, record.account, record.region, record.bus, record.rule);
	const struct events_target_settings *target =
		rule ? find_target(rule, record.target) : NULL;
	if (!target) {
		events_rule_release(rule);
		return false;
	}
	*out_debt = (struct events_debt){
		.rule = rule,
		.target = target,
		.bus_arn = arn_make(arena, STR("events"), rule->region, rule->account,
				    arena_format(arena, "event-bus/%.*s", STR_ARG(rule->bus))),
		.attempt =
			{
				.ingestion_ms = record.ingestion_ms,
				.attempts = record.attempts,
				.is_refused = record.is_refused,
				.code = record.code,
				.text = record.text,
			},
	};
	return true;
}

/* The rule is held until the attempt is released: its texts are used until then. */
static struct events_debt *debt_of(struct obligation_attempt *attempt)
{
	struct events_debt *debt = attempt->state;

	if (debt)
		return debt;
	debt = arena_new(attempt->arena, struct events_debt);
	if (!events_debt_read(attempt->core, attempt->arena, attempt->bytes, debt))
		return NULL;
	attempt->state = debt;
	return debt;
}

enum obligation_step events_open_event(struct obligation_attempt *attempt, events_opened_fn next)
{
	const struct events_debt *debt = debt_of(attempt);
	const struct events_bus_rule *rule = debt->rule;

	const struct events_sealed sealed = {
		.bytes = &attempt->shared,
		.purpose = &events_key_of_bus,
		.account = rule->account,
		.region = rule->region,
		.bus_arn = debt->bus_arn,
	};

	return events_open_bytes(attempt, &sealed, next);
}

static struct str event_id_of(struct arena *arena, struct str event)
{
	return json_text_decode(arena, json_text_member(event, STR("id")));
}

static int64_t attempts_of(const struct obligation_attempt *attempt, const struct events_debt *debt)
{
	return debt->attempt.attempts + attempt->attempts;
}

/* Whether the policy allows no attempt after so many, at that time; sets debt->exhausted. */
static bool is_exhausted(struct events_debt *debt, int64_t attempts, int64_t now_ms)
{
	if (attempts > debt->target->attempts_max)
		debt->exhausted = STR("MaximumRetryAttempts");
	else if (now_ms - debt->attempt.ingestion_ms > debt->target->age_max_seconds * 1000)
		debt->exhausted = STR("MaximumEventAgeInSeconds");
	return debt->exhausted.data != NULL;
}

enum obligation_step events_debt_step(struct obligation_attempt *attempt)
{
	struct events_debt *debt = debt_of(attempt);

	/* Of a target without retries, the attempt before it was stored was the only one. */
	if (debt->attempt.is_refused ||
	    is_exhausted(debt, debt->attempt.attempts, debt->attempt.ingestion_ms)) {
		attempt->failure.code = debt->attempt.code;
		attempt->failure.text = debt->attempt.text;
		return OBLIGATION_FAIL;
	}
	/* It was held until it was too old. */
	return attempt->failure.code.size > 0 && is_exhausted(debt, 0, attempt->now_ms)
		       ? OBLIGATION_FAIL
		       : OBLIGATION_READY;
}

static enum obligation_step prepare_opened(struct obligation_attempt *attempt)
{
	struct events_debt *debt = debt_of(attempt);
	enum obligation_step step = events_debt_step(attempt);

	if (step != OBLIGATION_READY)
		return step;
	if (events_target_kind(debt->target->arn) == EVENTS_TARGET_LATER) {
		attempt->failure.code = STR("SERVICE_UNAVAILABLE");
		attempt->failure.text =
			arena_format(attempt->arena, "Targets like %.*s are not served yet.",
				     STR_ARG(debt->target->arn));
		attempt->hold_ms = LATER_MS;
		return OBLIGATION_HOLD;
	}
	attempt->is_to_target = true;
	attempt->target = (struct obligation_target){
		.arn = debt->target->arn,
		.caller = events_target_caller(debt->rule, debt->target),
		.payload = events_target_payload(
			attempt->arena, debt->rule, debt->target, attempt->shared,
			event_id_of(attempt->arena, attempt->shared), debt->attempt.ingestion_ms),
	};
	return OBLIGATION_READY;
}

static enum obligation_step prepare(struct obligation_attempt *attempt)
{
	return debt_of(attempt) ? events_open_event(attempt, prepare_opened) : OBLIGATION_DROP;
}

int64_t events_retry_ms(struct obligation_attempt *attempt)
{
	struct events_debt *debt = debt_of(attempt);

	if (!debt)
		return -1;
	int64_t wait_ms = RETRY_MS, random = 0;
	for (int64_t i = 1; i < attempts_of(attempt, debt) && wait_ms < RETRY_MS_MAX; i++)
		wait_ms *= 2;
	random_bytes(&random, 4);
	wait_ms = wait_ms / 2 + random % wait_ms; /* half to one and a half of it */
	int64_t then_ms = attempt->now_ms + wait_ms;
	return is_exhausted(debt, attempts_of(attempt, debt), then_ms) ? -1 : wait_ms;
}

/* ---- dead letters ---- */

/* AWS's codes: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html */
static struct str error_code(struct str code, struct str text)
{
	static const struct {
		const char *part;
		struct str code;
	} codes[] = {
		{"assume the role", STR_INIT("FAILED_ASSUME_ROLE")},
		{"sts:AssumeRole", STR_INIT("FAILED_ASSUME_ROLE")},
		{"NO_PERMISSIONS", STR_INIT("NO_PERMISSIONS")},
		{"AccessDenied", STR_INIT("NO_PERMISSIONS")},
		{"AuthorizationError", STR_INIT("NO_PERMISSIONS")},
		{"NonExistentQueue", STR_INIT("NO_RESOURCE")},
		{"QueueDoesNotExist", STR_INIT("NO_RESOURCE")},
		{"NotFound", STR_INIT("NO_RESOURCE")},
		{"Thrott", STR_INIT("THROTTLING")},
		{"InvalidParameter", STR_INIT("INVALID_PARAMETER")},
		{"InvalidTarget", STR_INIT("NO_RESOURCE")},
		{"NO_RESOURCE", STR_INIT("NO_RESOURCE")},
		{"SERVICE_UNAVAILABLE", STR_INIT("SERVICE_UNAVAILABLE")},
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct str part = str_from(codes[i].part);
		if (str_find(code, part, 0) != SIZE_MAX || str_find(text, part, 0) != SIZE_MAX)
			return codes[i].code;
	}
	return STR("SDK_CLIENT_ERROR");
}

enum { DEAD_LETTER_ATTRIBUTES = 6 };

static void add_attribute(struct target_attribute *attributes, size_t *count, struct str name,
			  struct str value)
{
	if (value.size > 0)
		attributes[(*count)++] = (struct target_attribute){name, STR("String"), value};
}

bool events_dead_letter(struct obligation_attempt *attempt, struct obligation_target *out)
{
	const struct events_debt *debt = debt_of(attempt);
	struct arena *arena = attempt->arena;
	struct target_attribute *attributes =
		arena_array(arena, struct target_attribute, DEAD_LETTER_ATTRIBUTES);
	const struct obligation_failure *failure = &attempt->failure;
	size_t count = 0;

	if (!debt || !debt->target->dead_letter_arn.data)
		return false;
	int64_t retries = attempts_of(attempt, debt) - 1;
	struct str exhausted = debt->exhausted;

	/* The dead letter may have waited for its queue. */
	if (!exhausted.data && retries > 0 && retries >= debt->target->attempts_max)
		exhausted = STR("MaximumRetryAttempts");
	/* An attempt to deliver the dead letter, or to get a token, is no retry. */
	if (retries > debt->target->attempts_max)
		retries = debt->target->attempts_max;
	if (debt->attempt.is_refused)
		retries = 0;
	add_attribute(attributes, &count, STR("RULE_ARN"), debt->rule->arn);
	add_attribute(attributes, &count, STR("TARGET_ARN"), debt->target->arn);
	add_attribute(attributes, &count, STR("ERROR_CODE"),
		      error_code(failure->code, failure->text));
	add_attribute(attributes, &count, STR("ERROR_MESSAGE"), failure->text);
	add_attribute(attributes, &count, STR("EXHAUSTED_RETRY_CONDITION"), exhausted);
	add_attribute(attributes, &count, STR("RETRY_ATTEMPTS"),
		      arena_format(arena, "%lld", (long long)(retries > 0 ? retries : 0)));
	*out = (struct obligation_target){
		.arn = debt->target->dead_letter_arn,
		.caller =
			{
				.identity = INTERNAL_AS_SERVICE,
				.service = STR("events.amazonaws.com"),
				.source_arn = debt->rule->arn,
				.source_account = debt->rule->account,
				.region = debt->rule->region,
			},
		.payload =
			{
				.body = attempt->shared,
				.attributes = attributes,
				.attribute_count = count,
			},
	};
	return true;
}

static bool is_throttling(struct str code)
{
	return str_find(code, STR("Thrott"), 0) != SIZE_MAX || str_equal(code, STR("THROTTLING"));
}

/* The last failed attempt is logged with the end. */
static void log_end(const struct events_bus_log *log, enum obligation_end end, bool is_repeatable,
		    const struct events_log_invocation *it)
{
	switch (end) {
	case OBLIGATION_END_DELIVERED:
		events_log_invocation(log, EVENTS_STEP_ATTEMPT_START, it);
		events_log_invocation(log, EVENTS_STEP_ATTEMPT_SUCCESS, it);
		events_log_invocation(log, EVENTS_STEP_SUCCESS, it);
		return;
	case OBLIGATION_END_RETRIED:
		events_log_invocation(log, EVENTS_STEP_ATTEMPT_START, it);
		events_log_invocation(log, EVENTS_STEP_ATTEMPT_RETRYABLE, it);
		return;
	case OBLIGATION_END_GIVEN_UP:
	case OBLIGATION_END_DEAD_LETTER:
		if (it->attempts > 0)
			events_log_invocation(log,
					      is_repeatable ? EVENTS_STEP_ATTEMPT_RETRYABLE
							    : EVENTS_STEP_ATTEMPT_PERMANENT,
					      it);
		events_log_invocation(log,
				      end == OBLIGATION_END_DEAD_LETTER ? EVENTS_STEP_DLQ
									: EVENTS_STEP_FAILURE,
				      it);
		return;
	default:
		return;
	}
}

/* The input of the target, as the attempt has it. */
static struct str input_of(const struct obligation_attempt *attempt, enum obligation_end end)
{
	if (end == OBLIGATION_END_DEAD_LETTER)
		return (struct str){0};
	return attempt->is_to_target ? attempt->target.payload.body : attempt->http.body;
}

static void log_attempt(struct obligation_attempt *attempt, enum obligation_end end)
{
	struct events_debt *debt = debt_of(attempt);
	const struct events_bus *bus =
		debt ? events_registry_find_bus(events_of(attempt->core)->registry,
						debt->rule->account, debt->rule->region,
						debt->rule->bus)
		     : NULL;

	/* An event that was not opened is not logged. */
	if (events_logs_step(bus, EVENTS_STEP_FAILURE) && !envelope_is_one(attempt->shared)) {
		const struct events_bus_log log = {
			.core = attempt->core,
			.bus = bus,
			.event = attempt->shared,
			.event_id = event_id_of(attempt->arena, attempt->shared),
		};
		bool has_failed = end != OBLIGATION_END_DELIVERED;
		const struct obligation_failure *failure = &attempt->failure;
		const struct events_log_invocation it = {
			.rule = debt->rule,
			.target = debt->target,
			.input = input_of(attempt, end),
			.attempts = debt->attempt.is_refused ? 0 : attempts_of(attempt, debt),
			.ingestion_ms = debt->attempt.ingestion_ms,
			.duration_ms = attempt->answer.duration_ms,
			.code = has_failed ? error_code(failure->code, failure->text)
					   : (struct str){0},
			.text = failure->text,
			.http_status = has_failed ? failure->status : attempt->answer.status,
			.response_body = attempt->answer.body,
		};

		log_end(&log, end, debt->exhausted.data != NULL, &it);
	}
	events_bus_release(bus);
}

static void measure(struct obligation_attempt *attempt, enum obligation_end end)
{
	const struct events_debt *debt = debt_of(attempt);

	if (!debt || end == OBLIGATION_END_DROPPED)
		return;
	struct events_tally tally = {
		.rule = debt->rule,
		.delivered = end == OBLIGATION_END_DELIVERED,
		.retried = end == OBLIGATION_END_RETRIED,
		.failed = end == OBLIGATION_END_GIVEN_UP || end == OBLIGATION_END_DEAD_LETTER,
		.ingestion_ms = debt->attempt.ingestion_ms,
		.now_ms = clock_now_ms(),
	};
	events_measure_tally(attempt->core, &tally);
	if (tally.retried && is_throttling(attempt->failure.code))
		events_measure_rule(attempt->core, debt->rule, EVENTS_METRIC_THROTTLED, 1, 1);
	if (end == OBLIGATION_END_DEAD_LETTER)
		events_measure_rule(attempt->core, debt->rule, EVENTS_METRIC_SENT_TO_DLQ, 1, 1);
	else if (end == OBLIGATION_END_GIVEN_UP && debt->target->dead_letter_arn.data)
		events_measure_rule(attempt->core, debt->rule, EVENTS_METRIC_FAILED_TO_DLQ, 1, 1);
	/* The first attempt. */
	if (attempts_of(attempt, debt) <= 1 && !debt->attempt.is_refused)
		events_measure_rule(attempt->core, debt->rule, EVENTS_METRIC_START_LATENCY,
				    (double)(attempt->now_ms - debt->attempt.ingestion_ms), 1);
}

void events_attempt_ended(struct obligation_attempt *attempt, enum obligation_end end)
{
	measure(attempt, end);
	log_attempt(attempt, end);
	static const enum events_counter counters[] = {
		[OBLIGATION_END_DELIVERED] = EVENTS_COUNT_INVOCATIONS,
		[OBLIGATION_END_RETRIED] = EVENTS_COUNT_RETRIES,
		[OBLIGATION_END_GIVEN_UP] = EVENTS_COUNT_FAILED,
		[OBLIGATION_END_DEAD_LETTER] = EVENTS_COUNT_DEAD_LETTERS,
		[OBLIGATION_END_DROPPED] = EVENTS_COUNT_DROPPED,
	};

	events_count(events_of(attempt->core), counters[end], 1);
}

void events_attempt_release(struct obligation_attempt *attempt)
{
	const struct events_debt *debt = attempt->state;

	if (debt)
		events_rule_release(debt->rule);
}

const struct obligation_kind events_target_obligation = {
	.number = OBLIGATION_EVENTS_TARGET,
	.name = "events-target",
	.prepare = prepare,
	.retry_ms = events_retry_ms,
	.dead_letter = events_dead_letter,
	.ended = events_attempt_ended,
	.release = events_attempt_release,
};
