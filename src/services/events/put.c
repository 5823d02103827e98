/* SPDX-License-Identifier: MIT */
/*
 * put: matches the event, then makes one delivery or obligation a target. A struct sending has its
 * own arena and holds its rules until target_deliver has ended.
 */
#include "services/events/put.h"
#include "services/events/archive_message.h"

#include <pthread.h>

#include "core/obligation_record.h"
#include "core/target.h"
#include "format/json_text.h"
#include "services/events/deliver.h"

struct sending {
	struct arena arena;
	struct core *core;
	const struct events_put *put;
	struct str json, event_id;
	struct {
		const struct events_bus_rule **items; /* held */
		size_t count, capacity;
	} rules;
	struct owed *owed; /* of deliveries, in their order */
	struct target_delivery *deliveries;
	struct obligation *obligations;
	size_t delivery_count, obligation_count;
	struct queue_target *archives;
	size_t archive_count;
	bool is_archived;
	struct target_send send;
	events_done_fn done;
	void *context;
};

/* A target that is a queue. */
struct owed {
	const struct events_bus_rule *rule;
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

/* ---- what is owed ---- */

static size_t count_targets(const struct sending *sending)
{
	size_t count = 0;

	for (size_t i = 0; i < sending->rules.count; i++)
		count += sending->rules.items[i]->target_count;
	return count;
}

static void add_delivery(struct sending *sending, const struct events_bus_rule *rule,
			 const struct events_target_settings *target)
{
	struct owed *owed = &sending->owed[sending->delivery_count];

	*owed = (struct owed){
		.rule = rule,
		.target = target,
		.payload = events_target_payload(&sending->arena, rule, target, sending->json,
						 sending->event_id, sending->put->now_ms),
		.caller = events_target_caller(rule, target),
	};
	owed->payload.trace = sending->put->trace;
	sending->deliveries[sending->delivery_count++] = (struct target_delivery){
		.arn = target->arn,
		.payloads = &owed->payload,
		.count = 1,
		.results = &owed->result,
		.caller = &owed->caller,
		.seat = target->seat,
	};
}

static void add_targets(struct sending *sending, const struct events_bus_rule *rule)
{
	if (rule->archive_queue != 0)
		sending->archives[sending->archive_count++] =
			events_archive_target(sending->core, &sending->arena,
					      (uint64_t)rule->archive_queue, sending->json);
	for (size_t i = 0; i < rule->target_count; i++) {
		const struct events_target_settings *target = &rule->targets[i];
		enum events_target_kind kind = events_target_kind(target->arn);
		if (kind == EVENTS_TARGET_BUS && sending->put->is_forwarded)
			continue;
		/* Obligations deliver to queues beyond the limit of one command. */
		if (kind == EVENTS_TARGET_QUEUE && sending->delivery_count < TARGET_DELIVERIES_MAX)
			add_delivery(sending, rule, target);
		else
			sending->obligations[sending->obligation_count++] = events_target_owed(
				&sending->arena, rule, target,
				&(struct events_attempt){.ingestion_ms = sending->put->now_ms},
				sending->json);
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

	if (is_refused && !owed->target->dead_letter_arn.data)
		return false;
	*out_obligation = events_target_owed(arena, owed->rule, owed->target,
					     &(struct events_attempt){
						     .ingestion_ms = sending->put->now_ms,
						     .attempts = 1,
						     .is_refused = is_refused,
						     .code = result->code,
						     .text = result->text,
					     },
					     sending->json);
	return true;
}

static void sending_end(struct sending *sending, bool is_stored)
{
	events_done_fn done = sending->done;
	void *context = sending->context;

	for (size_t i = 0; i < sending->rules.count; i++)
		events_rule_release(sending->rules.items[i]);
	vec_done(&sending->rules);
	arena_done(&sending->arena);
	heap_free(sending);
	done(context, is_stored);
}

static void on_sent(void *context)
{
	struct sending *sending = context;
	struct events *events = events_of(sending->core);
	bool is_stored = true;

	for (size_t i = 0; i < sending->delivery_count; i++) {
		const struct target_result *result = &sending->owed[i].result;
		if (result->outcome == TARGET_DELIVERED)
			events_count(events, EVENTS_COUNT_INVOCATIONS, 1);
		else if (result->outcome == TARGET_FAILED && !result->is_owed)
			events_count(events, EVENTS_COUNT_FAILED, 1);
		else
			is_stored = is_stored && result->is_owed;
	}
	for (size_t i = 0; i < sending->obligation_count; i++)
		is_stored = is_stored && sending->obligations[i].is_stored;
	is_stored = is_stored && sending->is_archived;
	sending_end(sending, is_stored);
}

static void send(struct sending *sending, struct net_thread *home)
{
	size_t most = count_targets(sending);
	struct arena *arena = &sending->arena;

	sending->owed = arena_array(arena, struct owed, most);
	sending->deliveries = arena_array(arena, struct target_delivery, most);
	sending->obligations = arena_array(arena, struct obligation, most);
	sending->archives = arena_array(arena, struct queue_target, sending->rules.count);
	for (size_t i = 0; i < sending->rules.count; i++)
		add_targets(sending, sending->rules.items[i]);
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
	target_deliver(sending->core, home, &sending->send, on_sent, sending);
}

static struct str id_of(struct sending *sending)
{
	return json_text_decode(&sending->arena, json_text_member(sending->json, STR("id")));
}

static struct sending *sending_new(struct core *core, const struct events_put *put,
				   events_done_fn done, void *context)
{
	struct sending *sending = heap_alloc(sizeof(*sending));

	arena_init(&sending->arena);
	sending->core = core;
	sending->put = put;
	sending->done = done;
	sending->context = context;
	sending->json = put->event ? events_envelope(&sending->arena, put->event) : put->json;
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
	struct sending *sending = sending_new(core, put, done, context);
	sending->event_id = put->event ? put->event->id : id_of(sending);
	enum err err = match(sending, bus);
	events_bus_release(bus);
	if (err)
		sending_end(sending, false);
	else
		send(sending, home);
}

void events_put_to_rule(struct core *core, struct net_thread *home,
			const struct events_bus_rule *rule, const struct events_event *event,
			events_done_fn done, void *context)
{
	struct events_put put = {.event = event, .now_ms = event->time_ms};
	struct sending *sending = sending_new(core, &put, done, context);
	struct events_put *kept = arena_new(&sending->arena, struct events_put);

	*kept = put;
	sending->put = kept;
	sending->event_id = event->id;
	vec_push(&sending->rules, events_rule_hold(rule));
	send(sending, home);
}
