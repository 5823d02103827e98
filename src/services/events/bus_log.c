/* SPDX-License-Identifier: MIT */
/* bus_log: a table has the names and levels of the steps. */
#include "services/events/bus_log.h"

#include "base/clock.h"
#include "core/log_sink.h"
#include "format/json.h"
#include "format/json_text.h"

enum level { LEVEL_OFF, LEVEL_ERROR, LEVEL_INFO, LEVEL_TRACE, LEVELS };

static const struct str level_names[LEVELS] = {
	[LEVEL_OFF] = STR_INIT("OFF"),
	[LEVEL_ERROR] = STR_INIT("ERROR"),
	[LEVEL_INFO] = STR_INIT("INFO"),
	[LEVEL_TRACE] = STR_INIT("TRACE"),
};

static const struct {
	struct str name;
	enum level level;
} steps[EVENTS_STEPS] = {
	[EVENTS_STEP_RECEIPT] = {STR_INIT("EVENT_RECEIPT"), LEVEL_TRACE},
	[EVENTS_STEP_INGEST_SUCCESS] = {STR_INIT("EVENT_INGEST_SUCCESS"), LEVEL_INFO},
	[EVENTS_STEP_INGEST_FAILURE] = {STR_INIT("EVENT_INGEST_FAILURE"), LEVEL_ERROR},
	[EVENTS_STEP_MATCH_START] = {STR_INIT("RULE_MATCH_START"), LEVEL_TRACE},
	[EVENTS_STEP_MATCH] = {STR_INIT("RULE_MATCH"), LEVEL_INFO},
	[EVENTS_STEP_NO_MATCH] = {STR_INIT("NO_STANDARD_RULES_MATCHED"), LEVEL_INFO},
	[EVENTS_STEP_START] = {STR_INIT("INVOCATION_START"), LEVEL_INFO},
	[EVENTS_STEP_ATTEMPT_START] = {STR_INIT("INVOCATION_ATTEMPT_START"), LEVEL_TRACE},
	[EVENTS_STEP_ATTEMPT_SUCCESS] = {STR_INIT("INVOCATION_ATTEMPT_SUCCESS"), LEVEL_TRACE},
	[EVENTS_STEP_ATTEMPT_RETRYABLE] = {STR_INIT("INVOCATION_ATTEMPT_RETRYABLE_FAILURE"),
					   LEVEL_ERROR},
	[EVENTS_STEP_ATTEMPT_PERMANENT] = {STR_INIT("INVOCATION_ATTEMPT_PERMANENT_FAILURE"),
					   LEVEL_ERROR},
	[EVENTS_STEP_SUCCESS] = {STR_INIT("INVOCATION_SUCCESS"), LEVEL_INFO},
	[EVENTS_STEP_FAILURE] = {STR_INIT("INVOCATION_FAILURE"), LEVEL_ERROR},
	[EVENTS_STEP_DLQ] = {STR_INIT("INVOCATION_DLQ"), LEVEL_ERROR},
};

/* Without a level the bus logs nothing. */
static enum level level_of(const struct events_bus *bus)
{
	enum level level = LEVEL_TRACE;

	if (!bus || bus->log_level.size == 0)
		return LEVEL_OFF;
	while (level > LEVEL_OFF && !str_equal(bus->log_level, level_names[level]))
		level--;
	return level;
}

bool events_logs_step(const struct events_bus *bus, enum events_step step)
{
	return level_of(bus) >= steps[step].level;
}

static bool has_detail(const struct events_bus *bus)
{
	return str_equal(bus->log_detail, STR("FULL")) && !bus->kms_key.data;
}

/* ---- writing ---- */

struct record {
	const struct events_bus_log *log;
	struct json_writer writer;
	struct buf out;
	int64_t now_ms;
};

static void write_text(struct record *record, const char *name, struct str text)
{
	if (!text.data)
		return;
	json_key(&record->writer, str_from(name));
	json_str(&record->writer, text);
}

static void write_number(struct record *record, const char *name, int64_t number)
{
	json_key(&record->writer, str_from(name));
	json_i64(&record->writer, number);
}

/* An empty invocation id is none. */
static void begin(struct record *record, const struct events_bus_log *log, enum events_step step,
		  struct str invocation_id)
{
	const struct events_bus *bus = log->bus;

	*record = (struct record){.log = log, .now_ms = clock_now_ms()};
	json_begin(&record->writer, &record->out);
	json_open_object(&record->writer);
	write_text(record, "resource_arn", bus->arn);
	write_number(record, "message_timestamp_ms", record->now_ms);
	write_text(record, "event_bus_name", bus->name);
	write_text(record, "request_id", log->request_id);
	write_text(record, "event_id", log->event_id);
	if (invocation_id.size > 0)
		write_text(record, "invocation_id", invocation_id);
	write_text(record, "message_type", steps[step].name);
	write_text(record, "log_level", level_names[steps[step].level]);
	json_key(&record->writer, STR("details"));
	json_open_object(&record->writer);
}

static void write_error(struct record *record, struct str text, struct str service, int status)
{
	json_key(&record->writer, STR("error"));
	json_open_object(&record->writer);
	if (status > 0)
		write_number(record, "http_status_code", status);
	write_text(record, "error_message", text);
	write_text(record, "aws_service", service);
	json_close_object(&record->writer);
}

static void send(struct record *record)
{
	const struct events_bus *bus = record->log->bus;
	struct arena arena;

	arena_init(&arena);
	json_close_object(&record->writer);
	/* The sink counts what it drops. */
	(void)log_sink_put(
		record->log->core, bus->account, bus->region,
		arena_format(&arena, "/aws/vendedlogs/events/event-bus/%.*s", STR_ARG(bus->name)),
		STR("EventBridgeEventBusLogs"), record->now_ms, buf_str(&record->out));
	arena_done(&arena);
	buf_done(&record->out);
}

/* ---- events ---- */

/* A member of the event as text; data NULL: it has none. */
static struct str member_text(struct arena *arena, struct str event, const char *name)
{
	struct str value = json_text_member(event, str_from(name));

	return str_starts(value, STR("\"")) ? json_text_decode(arena, value) : (struct str){0};
}

static void write_event(struct record *record)
{
	const struct events_bus_log *log = record->log;
	struct str resources = json_text_member(log->event, STR("resources"));
	struct arena arena;
	int64_t time_ms;

	arena_init(&arena);
	write_text(record, "caller_account_id", member_text(&arena, log->event, "account"));
	if (clock_parse_iso(member_text(&arena, log->event, "time"), &time_ms))
		write_number(record, "source_time_ms", time_ms);
	write_text(record, "source", member_text(&arena, log->event, "source"));
	write_text(record, "detail_type", member_text(&arena, log->event, "detail-type"));
	json_key(&record->writer, STR("resources"));
	json_open_array(&record->writer);
	for (size_t i = 0;; i++) {
		struct str resource = json_text_item(resources, i);
		if (!resource.data)
			break;
		json_str(&record->writer, json_text_decode(&arena, resource));
	}
	json_close_array(&record->writer);
	if (has_detail(log->bus))
		write_text(record, "event_detail", json_text_member(log->event, STR("detail")));
	arena_done(&arena);
}

void events_log_event(const struct events_bus_log *log, enum events_step step, struct str error)
{
	struct record record;

	if (!events_logs_step(log->bus, step))
		return;
	begin(&record, log, step, STR(""));
	if (step != EVENTS_STEP_NO_MATCH)
		write_event(&record);
	json_close_object(&record.writer);
	if (error.data)
		write_error(&record, error, STR("events"), 0);
	send(&record);
}

/* ---- invocations ---- */

/* The same at each step of an event's delivery to a target. */
static void format_invocation_id(const struct events_bus_log *log,
				 const struct events_bus_rule *rule,
				 const struct events_target_settings *target,
				 char out_text[UUID_TEXT_SIZE])
{
	struct arena arena;
	uint8_t digest[32];

	arena_init(&arena);
	sha256(arena_format(&arena, "%.*s %.*s %.*s", STR_ARG(log->event_id), STR_ARG(rule->arn),
			    STR_ARG(target->id)),
	       digest);
	uuid_format(digest, out_text);
	arena_done(&arena);
}

void events_log_match(const struct events_bus_log *log, const struct events_bus_rule *rule)
{
	char id[UUID_TEXT_SIZE];
	struct record record;

	if (!events_logs_step(log->bus, EVENTS_STEP_MATCH))
		return;
	begin(&record, log, EVENTS_STEP_MATCH, STR(""));
	write_text(&record, "rule_arn", rule->arn);
	json_key(&record.writer, STR("target_arns"));
	json_open_array(&record.writer);
	for (size_t i = 0; i < rule->target_count; i++)
		json_str(&record.writer, rule->targets[i].arn);
	json_close_array(&record.writer);
	json_key(&record.writer, STR("invocation_ids"));
	json_open_array(&record.writer);
	for (size_t i = 0; i < rule->target_count; i++) {
		format_invocation_id(log, rule, &rule->targets[i], id);
		json_str(&record.writer, str_of(id, UUID_TEXT_SIZE));
	}
	json_close_array(&record.writer);
	json_close_object(&record.writer);
	send(&record);
}

/* The parameters of the target's kind, as text of JSON. */
static void write_properties(struct record *record, const struct events_target_settings *target)
{
	static const struct str names[] = {STR_INIT("SqsParameters"), STR_INIT("HttpParameters"),
					   STR_INIT("EcsParameters")};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str value = json_text_member(target->json, names[i]);
		if (value.data)
			write_text(record, "target_properties", value);
	}
}

static void write_result(struct record *record, enum events_step step,
			 const struct events_log_invocation *it)
{
	struct str status = it->code.size > 0 ? it->code : STR("SUCCESS");
	int64_t age_ms = record->now_ms - it->ingestion_ms;

	if (step >= EVENTS_STEP_SUCCESS) {
		write_number(record, "total_attempts", it->attempts);
		write_text(record, "final_invocation_status", status);
		if (it->attempts <= 1) {
			write_number(record, "ingestion_to_start_latency_ms",
				     age_ms - it->duration_ms);
			write_number(record, "ingestion_to_complete_latency_ms", age_ms);
		}
		if (step == EVENTS_STEP_SUCCESS)
			write_number(record, "ingestion_to_success_latency_ms", age_ms);
	} else {
		write_text(record, "attempt_type", it->attempts <= 1 ? STR("FIRST") : STR("RETRY"));
		write_number(record, "attempt_count", it->attempts);
		write_text(record, "invocation_status", status);
	}
	write_number(record, "target_duration_ms", it->duration_ms);
	if (has_detail(record->log->bus))
		write_text(record, "target_response_body", it->response_body);
}

void events_log_invocation(const struct events_bus_log *log, enum events_step step,
			   const struct events_log_invocation *it)
{
	bool is_start = step == EVENTS_STEP_START || step == EVENTS_STEP_ATTEMPT_START;
	bool is_attempt = step > EVENTS_STEP_ATTEMPT_START && step < EVENTS_STEP_SUCCESS;
	char id[UUID_TEXT_SIZE];
	struct record record;
	struct arn arn;

	if (!events_logs_step(log->bus, step))
		return;
	format_invocation_id(log, it->rule, it->target, id);
	begin(&record, log, step, str_of(id, UUID_TEXT_SIZE));
	write_text(&record, "rule_arn", it->rule->arn);
	write_text(&record, "role_arn", it->target->role_arn);
	write_text(&record, "target_arn", it->target->arn);
	if (is_start)
		write_number(&record, "attempt_count", it->attempts);
	if (!is_attempt && has_detail(log->bus)) {
		write_text(&record, "target_input", it->input);
		write_properties(&record, it->target);
	}
	if (!is_start)
		write_result(&record, step, it);
	json_close_object(&record.writer);
	if (it->code.size > 0 && !is_start)
		write_error(&record, it->text,
			    arn_parse(it->target->arn, &arn) ? arn.service : STR("events"),
			    it->http_status);
	send(&record);
}
