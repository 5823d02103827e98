/* SPDX-License-Identifier: MIT */
/*
 * alarm_action: an obligation has all that its attempt needs, as the texts are about the moment of
 * the transition. The result of an action becomes an item of the alarm's history.
 */
#include "services/cloudwatch/alarm_action.h"

#include <stdlib.h>

#include "api/sns.h"
#include "base/arn.h"
#include "base/bytes.h"
#include "base/vec.h"
#include "core/engines.h"
#include "core/message.h"
#include "core/obligation.h"
#include "services/cloudwatch/alarm_state.h"
#include "services/cloudwatch/alarm_store.h"

enum {
	COMMAND_TARGETS = 256, /* obligations of one command */
	BACKOFF_FIRST_MS = 1000,
	BACKOFF_MOST_MS = 600000,
	AGE_MAX_MS = 86400000,
	HOLD_MS = 300000, /* for a service that does not exist */
};

struct action {
	struct str key; /* of the alarm */
	struct str arn; /* of the action, or of the bus */
	struct str subject, body;
	bool is_composite, is_event;
};

/* ---- storing ---- */

static struct str encode(struct arena *arena, const struct action *action)
{
	struct buf bytes = {0};

	buf_append_char(&bytes, (char)(action->is_composite | action->is_event << 1));
	bytes_append_str(&bytes, action->key);
	bytes_append_str(&bytes, action->arn);
	bytes_append_str(&bytes, action->subject);
	bytes_append_str(&bytes, action->body);
	struct str copy = arena_copy(arena, buf_str(&bytes));
	buf_done(&bytes);
	return copy;
}

static enum err decode(struct str bytes, struct action *out_action)
{
	struct byte_reader reader = byte_reader_of(bytes);
	struct str flags = byte_reader_take(&reader, 1);
	struct action action = {0};

	action.key = byte_reader_str(&reader);
	action.arn = byte_reader_str(&reader);
	action.subject = byte_reader_str(&reader);
	action.body = byte_reader_str(&reader);
	if (!byte_reader_is_done(&reader) || flags.size != 1)
		return ERR_DAMAGED;
	action.is_composite = flags.data[0] & 1;
	action.is_event = flags.data[0] & 2;
	*out_action = action;
	return ERR_OK;
}

static void add(struct core *core, struct cloudwatch_actions *actions,
		const struct cloudwatch_alarm *alarm, struct action action)
{
	struct arena *arena = &actions->arena;

	action.key = cloudwatch_alarm_key(arena, alarm);
	action.is_composite = alarm->is_composite;
	const struct obligation obligation = {
		.kind = OBLIGATION_CLOUDWATCH_ALARM,
		.account = alarm->account,
		.source = cloudwatch_alarm_arn(arena, alarm),
		.endpoint = action.arn,
		.bytes = encode(arena, &action),
	};
	struct obligation_record record = obligation_record_of(&obligation, clock_now_ms());
	vec_push(actions, obligation_record_target(core, arena,
						   engines_place_of_account(core, alarm->account),
						   &record, 0));
}

const struct str *cloudwatch_actions_of(const struct cloudwatch_transition *transition,
					enum alarm_state state, size_t *out_count)
{
	const struct cloudwatch_metric_alarm *metric = transition->metric;
	const struct cloudwatch_composite_alarm *composite = transition->composite;

	switch (state) {
	case ALARM_OK:
		*out_count = metric ? metric->ok_actions_count : composite->ok_actions_count;
		return metric ? metric->ok_actions : composite->ok_actions;
	case ALARM_ALARM:
		*out_count = metric ? metric->alarm_actions_count : composite->alarm_actions_count;
		return metric ? metric->alarm_actions : composite->alarm_actions;
	case ALARM_INSUFFICIENT_DATA:
		break;
	}
	*out_count = metric ? metric->insufficient_data_actions_count
			    : composite->insufficient_data_actions_count;
	return metric ? metric->insufficient_data_actions : composite->insufficient_data_actions;
}

void cloudwatch_actions_add_event(struct core *core, struct cloudwatch_actions *actions,
				  const struct cloudwatch_alarm *alarm, struct str event)
{
	struct str bus = arn_make(&actions->arena, STR("events"), alarm->region, alarm->account,
				  STR("event-bus/default"));

	add(core, actions, alarm, (struct action){.arn = bus, .body = event, .is_event = true});
}

void cloudwatch_actions_add(struct core *core, struct cloudwatch_actions *actions,
			    const struct cloudwatch_transition *transition, bool runs_actions)
{
	const struct cloudwatch_alarm *now = transition->now;
	struct arena *arena = &actions->arena;
	size_t count = 0;
	const struct str *arns = cloudwatch_actions_of(transition, now->state, &count);

	if (transition->before->state != now->state)
		cloudwatch_actions_add_event(core, actions, now,
					     cloudwatch_alarm_event(arena, transition));
	if (!runs_actions || now->has_disabled_actions || count == 0)
		return;
	struct str subject = cloudwatch_alarm_subject(arena, transition);
	struct str notification = cloudwatch_alarm_notification(arena, transition);
	struct str invocation = cloudwatch_alarm_invocation(arena, transition);
	for (size_t i = 0; i < count; i++) {
		struct arn arn;
		bool is_topic = arn_parse(arns[i], &arn) && str_equal(arn.service, STR("sns"));

		add(core, actions, now,
		    (struct action){.arn = arns[i],
				    .subject = subject,
				    .body = is_topic ? notification : invocation});
	}
}

/* A command and what it waits for. */
struct sending {
	struct queue_command command;
	struct core_wait *wait;
};

static int compare_queues(const void *left, const void *right)
{
	const struct queue_target *a = left, *b = right;

	return a->queue < b->queue ? -1 : a->queue > b->queue;
}

/* The targets from `first` on that one command may have: those of one queue. */
static size_t command_size(const struct cloudwatch_actions *actions, size_t first)
{
	size_t count = 1;

	while (first + count < actions->count && count < COMMAND_TARGETS &&
	       actions->items[first + count].queue == actions->items[first].queue)
		count++;
	return count;
}

static void submit(struct core *core, struct sending *sending, struct queue_target *targets,
		   size_t count)
{
	sending->command = (struct queue_command){
		.type = QUEUE_FANOUT,
		.queue = targets[0].queue,
		.now_ms = clock_now_ms(),
		.fanout = {.targets = targets, .count = count},
	};
	uuid_new(sending->command.fanout.id);
	sending->wait = core_submit(core, &sending->command);
}

enum err cloudwatch_actions_send(struct core *core, struct cloudwatch_actions *actions)
{
	struct sending *sendings = arena_array(&actions->arena, struct sending, actions->count);
	size_t sent = 0, failed = 0;

	if (actions->count > 1)
		qsort(actions->items, actions->count, sizeof(*actions->items), compare_queues);
	for (size_t first = 0; first < actions->count; sent++) {
		size_t count = command_size(actions, first);

		submit(core, &sendings[sent], actions->items + first, count);
		first += count;
	}
	for (size_t i = 0; i < sent; i++)
		core_wait_for(core, sendings[i].wait);
	for (size_t i = 0; i < sent; i++)
		failed += sendings[i].command.result != QUEUE_OK;
	for (size_t i = 0; i < actions->count; i++)
		failed += actions->items[i].result != QUEUE_OK;
	vec_done(actions);
	arena_reset(&actions->arena);
	if (failed == 0)
		return ERR_OK;
	log_event(LOG_WARN, "actions of alarms could not be stored; they are tried again",
		  log_i64("failed", (int64_t)failed));
	return ERR_BUSY;
}

/* ---- an attempt ---- */

static struct action *open_action(struct obligation_attempt *attempt)
{
	if (!attempt->state) {
		struct action *action = arena_new(attempt->arena, struct action);

		if (decode(attempt->bytes, action) != ERR_OK)
			return NULL;
		attempt->state = action;
	}
	return attempt->state;
}

static struct internal_caller caller_of(const struct obligation_attempt *attempt,
					const struct action *action, const struct arn *arn)
{
	bool is_function = str_equal(arn->service, STR("lambda"));

	return (struct internal_caller){
		.identity = INTERNAL_AS_SERVICE,
		.service = is_function ? STR("lambda.alarms.cloudwatch.amazonaws.com")
				       : STR("cloudwatch.amazonaws.com"),
		.source_arn = attempt->source,
		.source_account = attempt->account,
		.region = arn_region(action->arn),
	};
}

static void end_with(struct obligation_attempt *attempt, enum target_outcome outcome,
		     struct str code, struct str text)
{
	attempt->answer.target =
		(struct target_result){.outcome = outcome, .code = code, .text = text};
	obligation_answered(attempt);
}

static void published(void *context, const struct internal_answer *answer)
{
	struct obligation_attempt *attempt = context;

	if (answer->result == ERR_OK) {
		end_with(attempt, TARGET_DELIVERED, (struct str){0}, (struct str){0});
		return;
	}
	bool may_retry = answer->error || answer->fault->is_receiver ||
			 answer->fault->status == 429 ||
			 str_find(answer->fault->shape, STR("Throttl"), 0) != SIZE_MAX;
	end_with(attempt, may_retry ? TARGET_RETRY : TARGET_FAILED,
		 arena_copy(attempt->arena, answer->fault->shape),
		 arena_copy(attempt->arena, answer->fault_text));
}

/* On a thread for internal requests. */
static void publish(struct obligation_attempt *attempt)
{
	const struct action *action = attempt->state;
	const struct operation *operation =
		message_operation(attempt->core, STR("sns"), STR("Publish"));
	struct arn arn;

	check(operation != NULL);
	(void)arn_parse(action->arn, &arn); /* prepare has done it */
	struct internal_caller caller = caller_of(attempt, action, &arn);
	struct internal_request *request =
		internal_new(attempt->core, obligation_home(attempt), &caller);
	struct sns_publish_in *in = arena_new(internal_arena(request), struct sns_publish_in);
	in->topic_arn = action->arn;
	in->subject = action->subject;
	in->message = action->body;
	if (!internal_submit(request, operation, in, published, attempt))
		end_with(attempt, TARGET_RETRY, STR("Throttling"),
			 STR("Too many internal requests are in progress."));
}

static void start(struct obligation_attempt *attempt)
{
	obligation_on_home(attempt, publish);
}

/* ---- the kind ---- */

static enum obligation_step hold(struct obligation_attempt *attempt, struct str service)
{
	bool is_function = str_equal(service, STR("lambda"));

	attempt->hold_ms = HOLD_MS;
	attempt->failure.code = STR("NOT_SERVED");
	attempt->failure.text =
		is_function ? STR("functions are not served yet")
			    : arena_format(attempt->arena, "actions of %.*s are not served yet",
					   STR_ARG(service));
	return OBLIGATION_HOLD;
}

static enum obligation_step prepare(struct obligation_attempt *attempt)
{
	const struct action *action = open_action(attempt);
	struct target_description target;
	struct arn arn;

	if (!action)
		return OBLIGATION_DROP;
	attempt->age_ms_max = AGE_MAX_MS;
	if (!arn_parse(action->arn, &arn)) {
		attempt->failure.code = STR("InvalidParameter");
		attempt->failure.text = STR("The action is no ARN.");
		return OBLIGATION_FAIL;
	}
	if (str_equal(arn.service, STR("sns"))) {
		attempt->is_own = true;
		return OBLIGATION_READY;
	}
	if (!action->is_event) {
		if (target_resolve(attempt->core, action->arn, &target) != ERR_OK)
			return hold(attempt, arn.service);
		policy_release(target.policy);
	}
	attempt->is_to_target = true;
	attempt->target = (struct obligation_target){
		.arn = action->arn,
		.caller = caller_of(attempt, action, &arn),
		.payload = {.body = action->body},
	};
	return OBLIGATION_READY;
}

static int64_t retry_ms(struct obligation_attempt *attempt)
{
	uint32_t attempts = attempt->attempts > 0 ? attempt->attempts : 1;
	int64_t wait_ms = attempts > 10 ? BACKOFF_MOST_MS : BACKOFF_FIRST_MS << (attempts - 1);

	if (wait_ms > BACKOFF_MOST_MS)
		wait_ms = BACKOFF_MOST_MS;
	return attempt->now_ms + wait_ms - attempt->since_ms > AGE_MAX_MS ? -1 : wait_ms;
}

/* ---- its history ---- */

struct report {
	struct core_task task;
	struct arena arena;
	struct action action;
	bool is_done;
	struct str problem;
	int64_t time_ms;
};

static void write_report(struct core *core, struct core_task *task)
{
	struct report *report = container_of(task, struct report, task);
	struct catalog_changes changes = {0};
	struct cloudwatch_alarm names;

	if (cloudwatch_of(core) && cloudwatch_alarm_key_parse(report->action.key, &names)) {
		struct arena *arena = &report->arena;
		struct str summary = arena_format(
			arena,
			report->is_done ? "Successfully executed action %.*s"
					: "Failed to execute action %.*s. Received error: "
					  "\"%.*s\"",
			STR_ARG(report->action.arn), STR_ARG(report->problem));

		cloudwatch_history_add(
			cloudwatch_alarms_of(core), &changes,
			&(struct cloudwatch_history){
				.account = names.account,
				.region = names.region,
				.name = names.name,
				.is_composite = report->action.is_composite,
				.time_ms = report->time_ms,
				.type = STR("Action"),
				.summary = summary,
				.data = report->is_done ? report->action.body : report->problem,
			});
		if (catalog_write(core->catalog, &changes) != ERR_OK)
			log_event(LOG_WARN, "an action is missing in the history of its alarm",
				  log_str("alarm", names.name));
	}
	arena_done(&report->arena);
	heap_free(report);
}

static void ended(struct obligation_attempt *attempt, enum obligation_end end)
{
	const struct action *action = open_action(attempt);

	if (!action || action->is_event ||
	    (end != OBLIGATION_END_DELIVERED && end != OBLIGATION_END_GIVEN_UP))
		return;
	struct report *report = heap_alloc(sizeof(*report));
	struct arena *arena = &report->arena;

	arena_init(arena);
	report->task.run = write_report;
	report->action = *action;
	report->action.key = arena_copy(arena, action->key);
	report->action.arn = arena_copy(arena, action->arn);
	report->action.body = arena_copy(arena, action->body);
	report->is_done = end == OBLIGATION_END_DELIVERED;
	report->problem = arena_copy(arena, attempt->failure.text);
	report->time_ms = clock_now_ms();
	core_post_control(attempt->core, &report->task);
}

const struct obligation_kind cloudwatch_alarm_obligation = {
	.number = OBLIGATION_CLOUDWATCH_ALARM,
	.name = "cloudwatch-alarm",
	.prepare = prepare,
	.start = start,
	.retry_ms = retry_ms,
	.ended = ended,
};
