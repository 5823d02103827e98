/* SPDX-License-Identifier: MIT */
/*
 * put: matches the event, holds the data keys of its bus and archives if they have KMS keys, then
 * makes one delivery or obligation a target. A struct sending has its own arena and holds its rules
 * until target_deliver has ended.
 *
 * An event that cannot be encrypted goes to the dead-letter queue of the bus, as a delivery of the
 * same command, or is dropped and counted. It never becomes an obligation, which would be on disk
 * under another key: while that queue is busy, the event is not stored.
 */
#include "services/events/put.h"

#include "services/events/archive_message.h"
#include "services/events/archive_name.h"
#include "services/events/bus_log.h"

#include <pthread.h>

#include "core/obligation_record.h"
#include "core/target.h"
#include "format/json_text.h"
#include "services/events/deliver.h"
#include "services/events/rule_metrics.h"

struct sending {
	struct arena arena;
	struct core *core;
	struct net_thread *home;
	const struct events_put *put;
	const struct events_bus
		*bus; /* held; NULL: of events_put_to_rule, of a bus without record */
	bool is_aws;  /* AWS's own event, which the key of the bus does not seal */
	struct str json, event_id;
	struct str kept; /* the event in obligations: sealed, if the bus has a key */
	/* Of the bus, if it has one, then of rules that fill archives, in the order of `rules`. */
	struct events_keys keys;
	struct str problem; /* the event has no place on the bus; data NULL: it has */
	struct {
		const struct events_bus_rule **items; /* held */
		size_t count, capacity;
	} rules;
	struct owed *owed; /* of deliveries, in their order */
	struct target_delivery *deliveries;
	struct obligation *obligations;
	size_t delivery_count, obligation_count;
	struct events_log_invocation *started; /* of obligations, for the log of the bus */
	size_t started_count;
	struct queue_target *archives;
	size_t archive_count;
	bool is_archived;
	struct target_send send;
	events_done_fn done;
	void *context;
};

/* A target that is a queue, or the dead-letter queue of the bus. */
struct owed {
	const struct events_bus_rule *rule; /* NULL: the latter */
	const struct events_target_settings *target;
	struct target_payload payload;
	struct target_result result;
	struct internal_caller caller;
};

/* ---- scratches of the matcher ---- */

static struct match_scratch *take_scratch(struct events *events)
{
	struct match_scratch *scratch = NULL;

	pthread_mutex_lock(&events->scratch_lock);
	if (events->scratches.count > 0)
		scratch = events->scratches.items[--events->scratches.count];
	pthread_mutex_unlock(&events->scratch_lock);
	return scratch ? scratch : match_scratch_new();
}

static void give_scratch(struct events *events, struct match_scratch *scratch)
{
	pthread_mutex_lock(&events->scratch_lock);
	vec_push(&events->scratches, scratch);
	pthread_mutex_unlock(&events->scratch_lock);
}

/* ---- matching ---- */

static bool is_chosen(const struct sending *sending, const struct events_bus_rule *rule)
{
	const struct events_put *put = sending->put;

	for (size_t i = 0; i < put->rule_count; i++)
		if (str_equal(put->rule_arns[i], rule->arn))
			return true;
	return put->rule_count == 0;
}

static enum err match(struct sending *sending, const struct events_bus *bus)
{
	struct events *events = events_of(sending->core);
	struct match_scratch *scratch = take_scratch(events);
	const struct matcher *side = shared_matcher_enter(bus->life->matcher);
	void *const *users;
	size_t count = 0;

	enum err err = matcher_match_text(side, scratch, sending->json, &users, &count);
	for (size_t i = 0; i < count; i++)
		if (is_chosen(sending, users[i]))
			vec_push(&sending->rules, events_rule_hold(users[i]));
	shared_matcher_leave(bus->life->matcher, side);
	give_scratch(events, scratch);
	return err;
}

static bool uses_bus_key(const struct sending *sending)
{
	return sending->bus && sending->bus->kms_key.data && !sending->is_aws;
}

/* ---- what is owed ---- */

static size_t count_targets(const struct sending *sending)
{
	size_t count = 0;

	for (size_t i = 0; i < sending->rules.count; i++)
		count += sending->rules.items[i]->target_count;
	return count;
}

static void add_owed(struct sending *sending, struct str arn, const struct owed *owed)
{
	struct owed *kept = &sending->owed[sending->delivery_count];

	*kept = *owed;
	kept->payload.trace = sending->put->trace;
	sending->deliveries[sending->delivery_count++] = (struct target_delivery){
		.arn = arn,
		.payloads = &kept->payload,
		.count = 1,
		.results = &kept->result,
		.caller = &kept->caller,
		.seat = owed->target ? owed->target->seat : 0,
	};
}

static void add_delivery(struct sending *sending, const struct events_bus_rule *rule,
			 const struct events_target_settings *target)
{
	const struct owed owed = {
		.rule = rule,
		.target = target,
		.payload = events_target_payload(&sending->arena, rule, target, sending->json,
						 sending->event_id, sending->put->now_ms),
		.caller = events_target_caller(rule, target),
	};

	add_owed(sending, target->arn, &owed);
}

/* ---- what cannot be encrypted ---- */

enum { DEAD_LETTER_ATTRIBUTES = 4 };

static void add_attribute(struct target_payload *payload, struct target_attribute *attributes,
			  struct str name, struct str value)
{
	if (value.size > 0)
		attributes[payload->attribute_count++] =
			(struct target_attribute){name, STR("String"), value};
}

/* `rule` fills an archive; NULL: the event has no place on the bus. */
static void add_bus_dead_letter(struct sending *sending, const struct events_bus_rule *rule,
				const struct events_key *key)
{
	struct target_attribute *attributes =
		arena_array(&sending->arena, struct target_attribute, DEAD_LETTER_ATTRIBUTES);
	const struct events_bus *bus = sending->bus;
	struct owed owed = {
		.payload = {.body = sending->json, .attributes = attributes},
		.caller =
			{
				.identity = INTERNAL_AS_SERVICE,
				.service = STR("events.amazonaws.com"),
				.source_arn = bus->arn,
				.source_account = bus->account,
				.region = bus->region,
			},
	};

	if (!bus->dead_letter_arn.data) {
		events_count(events_of(sending->core), EVENTS_COUNT_FAILED, 1);
		return;
	}
	if (rule) {
		struct str name = events_archive_of_rule(rule->name);

		add_attribute(&owed.payload, attributes, STR("RULE_ARN"), rule->arn);
		add_attribute(
			&owed.payload, attributes, STR("TARGET_ARN"),
			events_archive_arn(&sending->arena, rule->account, rule->region, name));
	}
	add_attribute(&owed.payload, attributes, STR("ERROR_CODE"), events_key_code(key->problem));
	add_attribute(&owed.payload, attributes, STR("ERROR_MESSAGE"), key->text);
	add_owed(sending, bus->dead_letter_arn, &owed);
}

/* ---- all of it ---- */

static void add_archive(struct sending *sending, const struct events_bus_rule *rule,
			const struct events_key *key)
{
	if (key && key->problem)
		add_bus_dead_letter(sending, rule, key);
	else
		sending->archives[sending->archive_count++] = events_archive_target(
			sending->core, &sending->arena, (uint64_t)rule->archive_queue,
			sending->json, key ? key->key : NULL);
}

static void add_targets(struct sending *sending, const struct events_bus_rule *rule)
{
	for (size_t i = 0; i < rule->target_count; i++) {
		const struct events_target_settings *target = &rule->targets[i];
		enum events_target_kind kind = events_target_kind(target->arn);
		if (kind == EVENTS_TARGET_BUS && sending->put->is_forwarded) {
			events_measure_rule(sending->core, rule, EVENTS_METRIC_LOOPS, 1, 1);
			continue;
		}
		/* Obligations deliver to queues beyond the limit of one command. */
		if (kind == EVENTS_TARGET_QUEUE &&
		    sending->delivery_count < TARGET_DELIVERIES_MAX) {
			add_delivery(sending, rule, target);
			continue;
		}
		sending->obligations[sending->obligation_count++] = events_target_owed(
			&sending->arena, rule, target,
			&(struct events_attempt){.ingestion_ms = sending->put->now_ms},
			sending->kept);
		sending->started[sending->started_count++] = (struct events_log_invocation){
			.rule = rule,
			.target = target,
			.ingestion_ms = sending->put->now_ms,
		};
	}
}

/* A queue did not take its message: it is tried again, or its dead letter is owed. */
static bool instead(void *context, const struct target_delivery *delivery, size_t index,
		    struct arena *arena, struct obligation *out_obligation)
{
	struct sending *sending = context;
	const struct owed *owed = &sending->owed[delivery - sending->deliveries];
	const struct target_result *result = &delivery->results[index];
	bool is_refused = result->outcome == TARGET_FAILED;

	if (!owed->rule || (is_refused && !owed->target->dead_letter_arn.data))
		return false;
	*out_obligation = events_target_owed(arena, owed->rule, owed->target,
					     &(struct events_attempt){
						     .ingestion_ms = sending->put->now_ms,
						     .attempts = 1,
						     .is_refused = is_refused,
						     .code = result->code,
						     .text = result->text,
					     },
					     sending->kept);
	return true;
}

/* ---- the log of the bus ---- */

static void log_owed(const struct events_bus_log *log, const struct sending *sending,
		     const struct owed *owed)
{
	const struct target_result *result = &owed->result;
	struct events_log_invocation it = {
		.rule = owed->rule,
		.target = owed->target,
		.input = owed->payload.body,
		.attempts = 1,
		.ingestion_ms = sending->put->now_ms,
	};

	if (!owed->rule)
		return; /* a dead letter of the bus */
	events_log_invocation(log, EVENTS_STEP_START, &it);
	events_log_invocation(log, EVENTS_STEP_ATTEMPT_START, &it);
	it.code = result->code;
	it.text = result->text;
	if (result->outcome == TARGET_DELIVERED) {
		it.code = (struct str){0};
		events_log_invocation(log, EVENTS_STEP_ATTEMPT_SUCCESS, &it);
		events_log_invocation(log, EVENTS_STEP_SUCCESS, &it);
		return;
	}
	events_log_invocation(log,
			      result->outcome == TARGET_RETRY ? EVENTS_STEP_ATTEMPT_RETRYABLE
							      : EVENTS_STEP_ATTEMPT_PERMANENT,
			      &it);
	if (result->outcome == TARGET_FAILED && !result->is_owed)
		events_log_invocation(log, EVENTS_STEP_FAILURE, &it);
}

/* Rules that services manage, such as those of archives, are not logged. */
static size_t log_rules(const struct events_bus_log *log, const struct sending *sending)
{
	size_t count = 0;

	for (size_t i = 0; i < sending->rules.count; i++) {
		const struct events_bus_rule *rule = sending->rules.items[i];

		if (rule->managed_by.data)
			continue;
		events_log_match(log, rule);
		count++;
	}
	return count;
}

/* In the order in which AWS takes the steps. */
static void log_steps(const struct sending *sending, bool is_stored)
{
	const struct events_bus_log log = {
		.core = sending->core,
		.bus = sending->bus,
		.event = sending->json,
		.event_id = sending->event_id,
		.request_id = sending->put->request_id,
	};
	struct str problem = is_stored ? sending->problem : STR("The event could not be stored.");

	if (!events_logs_step(sending->bus, EVENTS_STEP_INGEST_FAILURE))
		return; /* nor anything else */
	events_log_event(&log, EVENTS_STEP_RECEIPT, (struct str){0});
	if (problem.data) {
		events_log_event(&log, EVENTS_STEP_INGEST_FAILURE, problem);
		return;
	}
	events_log_event(&log, EVENTS_STEP_INGEST_SUCCESS, (struct str){0});
	events_log_event(&log, EVENTS_STEP_MATCH_START, (struct str){0});
	if (log_rules(&log, sending) == 0)
		events_log_event(&log, EVENTS_STEP_NO_MATCH, (struct str){0});
	for (size_t i = 0; i < sending->delivery_count; i++)
		log_owed(&log, sending, &sending->owed[i]);
	for (size_t i = 0; i < sending->started_count; i++)
		events_log_invocation(&log, EVENTS_STEP_START, &sending->started[i]);
}

/* ---- sending ---- */

static void sending_end(struct sending *sending, bool is_stored)
{
	events_done_fn done = sending->done;
	void *context = sending->context;

	log_steps(sending, is_stored);

	for (size_t i = 0; i < sending->rules.count; i++)
		events_rule_release(sending->rules.items[i]);
	vec_done(&sending->rules);
	for (size_t i = 0; i < sending->keys.key_count; i++)
		data_key_release(sending->keys.keys[i].key);
	events_bus_release(sending->bus);
	arena_done(&sending->arena);
	heap_free(sending);
	done(context, is_stored);
}

/* Counts the result; false: the payload is neither delivered nor owed, but may be later. */
static bool take_result(struct events *events, const struct owed *owed)
{
	const struct target_result *result = &owed->result;
	bool is_dead_letter = !owed->rule;

	if (result->outcome == TARGET_DELIVERED)
		events_count(events,
			     is_dead_letter ? EVENTS_COUNT_DEAD_LETTERS : EVENTS_COUNT_INVOCATIONS,
			     1);
	else if (result->outcome == TARGET_FAILED && !result->is_owed)
		events_count(events, EVENTS_COUNT_FAILED, 1);
	else
		return result->is_owed;
	return true;
}

/* The deliveries of a rule follow one another. */
static void measure_owed(const struct sending *sending)
{
	struct events_tally tally = {0};

	for (size_t i = 0; i < sending->delivery_count; i++) {
		const struct owed *owed = &sending->owed[i];
		enum target_outcome outcome = owed->result.outcome;

		if (owed->rule != tally.rule) {
			events_measure_tally(sending->core, &tally);
			tally = (struct events_tally){
				.rule = owed->rule,
				.ingestion_ms = sending->put->now_ms,
				.now_ms = clock_now_ms(),
			};
		}
		tally.delivered += outcome == TARGET_DELIVERED;
		tally.retried += outcome == TARGET_RETRY;
		/* The obligation of a dead letter counts it, and its end. */
		tally.failed += outcome == TARGET_FAILED && !owed->result.is_owed;
	}
	events_measure_tally(sending->core, &tally);
}

static void measure_rules(const struct sending *sending)
{
	for (size_t i = 0; i < sending->rules.count; i++) {
		const struct events_bus_rule *rule = sending->rules.items[i];

		events_measure_rule(sending->core, rule, EVENTS_METRIC_MATCHED, 1, 1);
		events_measure_rule(sending->core, rule, EVENTS_METRIC_TRIGGERED, 1, 1);
	}
}

static void on_sent(void *context)
{
	struct sending *sending = context;
	bool is_stored = true;

	measure_owed(sending);
	for (size_t i = 0; i < sending->delivery_count; i++)
		is_stored &= take_result(events_of(sending->core), &sending->owed[i]);
	for (size_t i = 0; i < sending->obligation_count; i++)
		is_stored = is_stored && sending->obligations[i].is_stored;
	is_stored = is_stored && sending->is_archived;
	sending_end(sending, is_stored);
}

/* Fills the deliveries, archives and obligations. */
static void add_all(struct sending *sending)
{
	size_t targets = count_targets(sending), rules = sending->rules.count;
	struct arena *arena = &sending->arena;
	const struct events_key *keys = sending->keys.keys;
	size_t next = 0;

	/* Each archive may have a dead letter, and the event one. */
	sending->owed = arena_array(arena, struct owed, targets + rules + 1);
	sending->deliveries = arena_array(arena, struct target_delivery, targets + rules + 1);
	sending->obligations = arena_array(arena, struct obligation, targets);
	sending->started = arena_array(arena, struct events_log_invocation, targets);
	sending->archives = arena_array(arena, struct queue_target, rules);
	if (uses_bus_key(sending)) {
		const struct events_key *key = &keys[next++];

		if (key->problem) {
			sending->problem = key->text;
			add_bus_dead_letter(sending, NULL, key);
			return;
		}
		sending->kept = envelope_close(key->key, arena, sending->json);
	}
	for (size_t i = 0; i < rules; i++) {
		const struct events_bus_rule *rule = sending->rules.items[i];

		if (rule->archive_queue != 0)
			add_archive(sending, rule, rule->archive_key.data ? &keys[next++] : NULL);
	}
	for (size_t i = 0; i < rules; i++)
		add_targets(sending, sending->rules.items[i]);
}

static void send(struct sending *sending)
{
	add_all(sending);
	measure_rules(sending);
	events_count(events_of(sending->core), EVENTS_COUNT_MATCHED, sending->rules.count > 0);
	events_count(events_of(sending->core), EVENTS_COUNT_TRIGGERED, sending->rules.count);
	if (sending->delivery_count + sending->obligation_count + sending->archive_count == 0) {
		sending_end(sending, true);
		return;
	}
	sending->send = (struct target_send){
		.deliveries = sending->deliveries,
		.count = sending->delivery_count,
		.obligations = sending->obligations,
		.obligation_count = sending->obligation_count,
		.archives = sending->archives,
		.archive_count = sending->archive_count,
		.out_archived = &sending->is_archived,
		.instead = instead,
		.instead_context = sending,
	};
	target_deliver(sending->core, sending->home, &sending->send, on_sent, sending);
}

/* ---- keys ---- */

static void on_keys(void *context, bool is_done)
{
	struct sending *sending = context;

	if (is_done)
		send(sending);
	else
		sending_end(sending, false);
}

/* KMS keys of the bus and of archives need data keys first. */
static void begin(struct sending *sending)
{
	const struct events_bus *bus = sending->bus;
	struct arena *arena = &sending->arena;
	struct str *ids = arena_array(arena, struct str, sending->rules.count + 1);
	size_t count = 0;

	if (uses_bus_key(sending))
		ids[count++] = bus->kms_key;
	for (size_t i = 0; i < sending->rules.count; i++)
		if (sending->rules.items[i]->archive_key.data)
			ids[count++] = sending->rules.items[i]->archive_key;
	if (count == 0) {
		send(sending);
		return;
	}
	sending->keys = (struct events_keys){
		.account = bus->account,
		.region = bus->region,
		.bus_arn = bus->arn,
		.arena = arena,
		.purpose = &events_key_of_bus,
		.ids = ids,
		.keys = arena_array(arena, struct events_key, count),
		.key_count = count,
		.done = on_keys,
		.context = sending,
	};
	events_keys_use(sending->core, sending->home, &sending->keys);
}

static struct str id_of(struct sending *sending)
{
	return json_text_decode(&sending->arena, json_text_member(sending->json, STR("id")));
}

static struct sending *sending_new(struct core *core, struct net_thread *home,
				   const struct events_put *put, events_done_fn done, void *context)
{
	struct sending *sending = heap_alloc(sizeof(*sending));

	arena_init(&sending->arena);
	sending->core = core;
	sending->home = home;
	sending->put = put;
	sending->done = done;
	sending->context = context;
	sending->json = put->event ? events_envelope(&sending->arena, put->event) : put->json;
	sending->kept = sending->json;
	return sending;
}

void events_put_event(struct core *core, struct net_thread *home, const struct events_put *put,
		      events_done_fn done, void *context)
{
	const struct events_bus *bus = events_registry_find_bus(
		events_of(core)->registry, put->account, put->region, put->bus);

	if (!bus) {
		done(context, true);
		return;
	}
	struct sending *sending = sending_new(core, home, put, done, context);
	sending->bus = bus;
	sending->event_id = put->event ? put->event->id : id_of(sending);
	enum err err = match(sending, bus);
	if (err)
		sending_end(sending, false);
	else
		begin(sending);
}

void events_put_to_rule(struct core *core, struct net_thread *home,
			const struct events_bus_rule *rule, const struct events_event *event,
			events_done_fn done, void *context)
{
	struct events_put put = {.event = event, .now_ms = event->time_ms};
	struct sending *sending = sending_new(core, home, &put, done, context);
	struct events_put *kept = arena_new(&sending->arena, struct events_put);

	*kept = put;
	sending->put = kept;
	sending->event_id = event->id;
	sending->is_aws = true;
	sending->bus = events_registry_find_bus(events_of(core)->registry, rule->account,
						rule->region, rule->bus);
	vec_push(&sending->rules, events_rule_hold(rule));
	begin(sending);
}
