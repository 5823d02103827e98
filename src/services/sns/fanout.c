/* SPDX-License-Identifier: MIT */
/*
 * fanout: select the subscriptions, make a payload for each, deliver, then the dead letters.
 *
 * Each message is a `sending` with steps of its own; those of a FIFO topic follow each other, those
 * of a standard topic run at the same time. The call goes on after the last one. The snapshot of
 * the topic's subscriptions is kept until the call ends, so subscriptions need no references.
 */
#include "services/sns/fanout.h"

#include <stdlib.h>
#include <string.h>

#include "api/sns.h"
#include "core/request_context.h"
#include "core/target.h"
#include "services/sns/archive.h"
#include "services/sns/delivery.h"
#include "services/sns/encrypt.h"
#include "services/sns/envelope.h"
#include "services/sns/filter.h"
#include "services/sns/gate.h"
#include "services/sns/metrics.h"
#include "services/sns/replay.h"
#include "services/sns/state.h"
#include "services/sns/status.h"

#define FANOUT_MAGIC 0x464e5353u
enum { ROOM_AT_FIRST = 8 };

struct payloads;
struct sending {
	struct fanout *fanout;
	/* Of a FIFO topic. */
	struct queue_gate gate;
	struct sns_replay_wait wait;
	struct queue_target archive; /* the message for the topic's archive */
	bool is_archived;
	enum queue_result gated;
	uint8_t id[16]; /* of the message */
	struct sns_publication *publication;
	const struct subscription **queues; /* subscriptions of queues */
	size_t count, room;
	struct arena arena;		    /* of one part: deliveries and letters */
	struct target_delivery *deliveries; /* of the part, in the order of `queues` */
	struct obligation *obligations;	    /* of other protocols; with the first part */
	size_t obligation_count, obligation_room;
	struct payloads *payloads;
	bool has_begun;			 /* the first part was sent */
	size_t part, part_count;	 /* that are being delivered */
	struct target_delivery *letters; /* to dead-letter queues */
	const struct subscription **letter_owners;
	size_t letter_count;
	struct target_send send;
};

struct fanout {
	uint32_t magic;
	struct call *call;
	const struct topic *topic;
	struct internal_caller caller;
	struct net_thread *home;
	struct sns_subscriptions subscriptions; /* keeps their snapshot */
	struct sending sendings[LIMIT_BATCH_ENTRIES];
	size_t count;
	size_t next;	   /* that has not begun */
	size_t unanswered; /* that have begun, and one while they begin */
};

static struct sns_counters *counters_of(const struct fanout *fanout)
{
	return &fanout->topic->life->counters;
}

/* ---- selection ---- */

static int compare_addresses(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) * (const struct subscription *const *)a;
	uintptr_t y = (uintptr_t) * (const struct subscription *const *)b;

	return x < y ? -1 : x > y;
}

/* The subscriptions whose filter policies the message fulfils, as addresses only: some may belong
 * to another snapshot of the table than the fan-out's, and be freed. */
struct matched {
	const struct subscription **subscriptions; /* by address */
	size_t count;
	struct sns_filter_result result; /* why others do not match */
};

static struct matched match(struct fanout *fanout, const struct sns_message *message)
{
	struct sns_filters *filters =
		atomic_load_explicit(&fanout->topic->life->filters, memory_order_acquire);
	struct sns_filter_result result;
	struct matched matched = {0};

	if (!filters)
		return matched;
	sns_filters_begin(filters, fanout->call->arena, message, &result);
	sns_filters_end(filters);
	if (result.count > 0)
		qsort(result.subscriptions, result.count, sizeof(*result.subscriptions),
		      compare_addresses);
	matched.subscriptions = result.subscriptions;
	matched.count = result.count;
	matched.result = result;
	return matched;
}

static bool is_wanted(const struct subscription *subscription, const struct matched *matched)
{
	return !subscription->has_filter ||
	       (matched->count > 0 && bsearch(&subscription, matched->subscriptions, matched->count,
					      sizeof(*matched->subscriptions), compare_addresses));
}

/* ---- payloads ---- */

/* Payloads that subscriptions share. */
struct payloads {
	const struct sns_message *message;
	const struct sns_signature *signatures; /* by protocol */
	struct data_key *key;
	struct arena *arena;
	struct str base_url;
	bool is_fifo;
	struct target_attribute *attributes; /* of raw deliveries; NULL: not made yet */
	struct target_payload *raw[2];	     /* without and with ids; NULL: not made yet */
	bool has_envelope;
	struct sns_envelope envelope;
	struct str owed[SNS_PROTOCOLS]; /* the message as obligations share it */
};

static const struct target_attribute *native_attributes(struct payloads *payloads)
{
	const struct sns_message *message = payloads->message;

	if (payloads->attributes)
		return payloads->attributes;
	payloads->attributes =
		arena_array(payloads->arena, struct target_attribute, message->attribute_count + 1);
	for (size_t i = 0; i < message->attribute_count; i++)
		payloads->attributes[i] = (struct target_attribute){
			.name = message->attributes[i].name,
			.type = message->attributes[i].type,
			.value = message->attributes[i].value,
		};
	return payloads->attributes;
}

static struct str enveloped(struct arena *arena, struct payloads *payloads,
			    const struct subscription *subscription)
{
	if (!payloads->has_envelope)
		payloads->envelope = sns_envelope_new(
			payloads->arena, payloads->message,
			sns_message_body(payloads->message, SNS_PROTOCOL_SQS),
			&payloads->signatures[SNS_PROTOCOL_SQS], payloads->base_url);
	payloads->has_envelope = true;
	return sns_envelope_for(arena, &payloads->envelope, subscription->id);
}

/* Group and deduplication id of a FIFO topic are passed on; to queues that are not FIFO they mean
 * nothing. */
static struct target_payload *payload_new(struct arena *arena, const struct payloads *payloads,
					  bool has_ids)
{
	const struct sns_message *message = payloads->message;
	struct target_payload *payload = arena_new(arena, struct target_payload);

	payload->trace = message->trace;
	if (has_ids) {
		payload->group = message->group;
		payload->dedup = message->dedup;
	}
	return payload;
}

/* Raw deliveries have the same payload, which their queues prepare once (core/target.h). */
static const struct target_payload *payload_of(struct arena *arena, struct payloads *payloads,
					       const struct subscription *subscription)
{
	const struct sns_message *message = payloads->message;
	bool has_ids = !payloads->is_fifo || str_ends(subscription->endpoint, STR(".fifo"));
	struct target_payload *payload;

	if (!subscription->is_raw) {
		payload = payload_new(arena, payloads, has_ids);
		payload->body = enveloped(arena, payloads, subscription);
		return payload;
	}
	if (payloads->raw[has_ids])
		return payloads->raw[has_ids];
	payload = payload_new(payloads->arena, payloads, has_ids);
	payload->body = sns_message_body(message, SNS_PROTOCOL_SQS);
	payload->attributes = native_attributes(payloads);
	payload->attribute_count = message->attribute_count;
	payloads->raw[has_ids] = payload;
	return payload;
}

/* Protocols with the same body share the bytes. */
static struct str owed_message(struct payloads *payloads, enum sns_protocol protocol)
{
	const struct sns_message *message = payloads->message;
	struct str body = sns_message_body(message, protocol);

	for (size_t i = 0; i < SNS_PROTOCOLS; i++)
		if (payloads->owed[i].data &&
		    sns_message_body(message, (enum sns_protocol)i).data == body.data)
			return payloads->owed[i];
	payloads->owed[protocol] = sns_seal(
		payloads->arena, payloads->key,
		sns_owed_message(payloads->arena, message, body, &payloads->signatures[protocol]));
	return payloads->owed[protocol];
}

/* The array with room for another item. */
static void *grown(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;
	*room = *room > 0 ? *room * 2 : ROOM_AT_FIRST;
	void *more = arena_alloc(arena, *room * size);
	if (count > 0)
		memcpy(more, items, count * size);
	return more;
}

static void add_obligation(struct sending *sending, struct payloads *payloads,
			   const struct subscription *subscription)
{
	sending->obligations =
		grown(payloads->arena, sending->obligations, sending->obligation_count,
		      &sending->obligation_room, sizeof(*sending->obligations));
	struct obligation *obligation = &sending->obligations[sending->obligation_count++];

	*obligation = (struct obligation){0};
	sns_owed_notification(payloads->arena, subscription,
			      owed_message(payloads, subscription->protocol),
			      payloads->message->group, obligation);
}

static void add_queue(struct sending *sending, struct payloads *payloads,
		      const struct subscription *subscription)
{
	sending->queues = grown(payloads->arena, sending->queues, sending->count, &sending->room,
				sizeof(const struct subscription *));
	sending->queues[sending->count++] = subscription;
}

/* A queue's message has ten attributes at most, so a raw delivery of more is discarded. */
static bool is_deliverable(const struct sns_message *message,
			   const struct subscription *subscription)
{
	return subscription->protocol != SNS_PROTOCOL_SQS || !subscription->is_raw ||
	       message->attribute_count <= LIMIT_MESSAGE_ATTRIBUTES;
}

/* The subscription gets the message from the topic's archive, or it is paused. */
static bool is_left_to_replay(const struct fanout *fanout, const struct subscription *subscription)
{
	return subscription->replay_state == SNS_REPLAY_PAUSED ||
	       (subscription->replay_state != SNS_REPLAY_NONE && fanout->topic->archive_days > 0);
}

static void select_subscriptions(struct fanout *fanout, struct sending *sending)
{
	const struct sns_message *message = &sending->publication->message;
	struct matched matched = match(fanout, message);
	struct payloads *payloads = arena_new(fanout->call->arena, struct payloads);
	struct sns_subscriptions walk = fanout->subscriptions;
	const struct subscription *subscription;

	*payloads = (struct payloads){
		.message = message,
		.signatures = sending->publication->signatures,
		.key = sending->publication->key,
		.arena = fanout->call->arena,
		.base_url = fanout->call->core->base_url,
		.is_fifo = fanout->topic->is_fifo,
	};
	sending->payloads = payloads;
	sending->obligation_count = sending->count = 0;
	while ((subscription = sns_subscriptions_next(&walk)) && !subscription->is_pending) {
		if (is_left_to_replay(fanout, subscription))
			continue;
		if (!is_wanted(subscription, &matched))
			sns_filters_count_refused(counters_of(fanout), subscription, message,
						  &matched.result);
		else if (!is_deliverable(message, subscription))
			sns_count(counters_of(fanout), SNS_COUNT_FAILED, 1);
		else if (subscription->protocol == SNS_PROTOCOL_SQS)
			add_queue(sending, payloads, subscription);
		else
			add_obligation(sending, payloads, subscription);
	}
}

/* ---- numbers of FIFO topics ---- */

static uint64_t hash_group(const struct call *call, struct str group)
{
	uint8_t hash[16];
	uint64_t number;

	siphash128(call->core->hash_key, group, hash);
	memcpy(&number, hash, sizeof(number));
	return number ? number : 1;
}

/* ---- delivery ---- */

static void begin_next(struct fanout *fanout);
static void deliver_part(struct sending *sending);

static void end_one(struct fanout *fanout)
{
	check(fanout->magic == FANOUT_MAGIC);
	check(fanout->unanswered > 0);
	if (--fanout->unanswered == 0)
		call_go_on(fanout->call);
}

static void end_sending(struct sending *sending)
{
	struct fanout *fanout = sending->fanout;

	if (!sending->publication->error) {
		sns_count(counters_of(fanout), SNS_COUNT_PUBLISHED, 1);
		sns_count(counters_of(fanout), SNS_COUNT_PUBLISHED_BYTES,
			  sending->publication->size);
		sns_metrics_add_size(fanout->call->core, fanout->topic, sending->publication->size);
	}
	if (fanout->topic->is_fifo)
		begin_next(fanout);
	end_one(fanout);
}

/* Later messages of a FIFO topic fail with it, which keeps the order. */
static void fail_sending(struct sending *sending)
{
	struct fanout *fanout = sending->fanout;

	sending->publication->error = ERR_FULL;
	for (; fanout->topic->is_fifo && fanout->next < fanout->count; fanout->next++)
		fanout->sendings[fanout->next].publication->error = ERR_FULL;
	end_sending(sending);
}

static void on_letters(void *context)
{
	struct sending *sending = context;
	struct sns_counters *counters = counters_of(sending->fanout);

	for (size_t i = 0; i < sending->letter_count; i++) {
		const struct target_result *result = &sending->letters[i].results[0];
		if (result->outcome == TARGET_DELIVERED)
			sns_count(counters, SNS_COUNT_REDRIVEN, 1);
		else if (!result->is_owed)
			sns_count(counters, SNS_COUNT_FAILED_TO_REDRIVE, 1);
	}
	sending->letter_count = 0;
	sending->part += sending->part_count;
	deliver_part(sending);
}

/* The payload as the endpoint would have got it, with the attributes that say why it did not. */
static void make_letter(struct sending *sending, size_t index)
{
	struct arena *arena = &sending->arena;
	const struct target_delivery *delivery = &sending->deliveries[index];
	const struct target_payload *payload = delivery->payloads;
	struct target_payload *letter = arena_new(arena, struct target_payload);
	struct target_attribute *attributes =
		arena_array(arena, struct target_attribute, payload->attribute_count + 3);
	const struct {
		const char *name;
		struct str value;
	} reasons[] = {
		{"ErrorCode", delivery->results[0].code},
		{"ErrorMessage", delivery->results[0].text},
		{"RequestID", str_from(sending->fanout->call->request_id)},
	};
	size_t count = payload->attribute_count;

	*letter = *payload;
	if (count > 0)
		memcpy(attributes, payload->attributes, count * sizeof(*attributes));
	for (size_t i = 0; i < 3; i++)
		if (reasons[i].value.size > 0 && count < LIMIT_MESSAGE_ATTRIBUTES)
			attributes[count++] = (struct target_attribute){
				.name = str_from(reasons[i].name),
				.type = STR("String"),
				.value = arena_copy(arena, reasons[i].value)};
	letter->attributes = attributes;
	letter->attribute_count = count;
	sending->letter_owners[sending->letter_count] = sending->queues[sending->part + index];
	sending->letters[sending->letter_count++] = (struct target_delivery){
		.arn = sending->queues[sending->part + index]->dead_letter_arn,
		.payloads = letter,
		.count = 1,
		.results = arena_new(arena, struct target_result),
	};
}

static bool owe(struct sending *sending, const struct subscription *subscription,
		const struct target_result *result, struct arena *arena,
		struct obligation *out_obligation)
{
	if (result->outcome != TARGET_RETRY)
		return false;
	sns_owed_notification(arena, subscription,
			      owed_message(sending->payloads, SNS_PROTOCOL_SQS),
			      sending->publication->message.group, out_obligation);
	return true;
}

/* A delivery that may succeed later becomes an obligation. */
static bool owe_instead(void *context, const struct target_delivery *delivery, size_t index,
			struct arena *arena, struct obligation *out_obligation)
{
	struct sending *sending = context;
	size_t place = (size_t)(delivery - sending->deliveries);

	check(place < sending->part_count);
	return owe(sending, sending->queues[sending->part + place], &delivery->results[index],
		   arena, out_obligation);
}

/* If the dead-letter queue may take the message later, the whole delivery is repeated: its queue
 * refuses the message again, and the dead letter has retries of its own. */
static bool owe_letter(void *context, const struct target_delivery *delivery, size_t index,
		       struct arena *arena, struct obligation *out_obligation)
{
	struct sending *sending = context;
	size_t place = (size_t)(delivery - sending->letters);

	check(place < sending->letter_count);
	return owe(sending, sending->letter_owners[place], &delivery->results[index], arena,
		   out_obligation);
}

/* Something could neither be delivered nor stored, so the publish is not acknowledged. */
static bool has_lost(const struct sending *sending)
{
	for (size_t i = 0; i < sending->part_count; i++) {
		const struct target_result *result = &sending->deliveries[i].results[0];
		if (result->outcome == TARGET_RETRY && !result->is_owed)
			return true;
	}
	for (size_t i = 0; i < sending->send.obligation_count; i++)
		if (!sending->obligations[i].is_stored)
			return true;
	return false;
}

static void count_results(const struct sending *sending, size_t *out_failed)
{
	struct sns_counters *counters = counters_of(sending->fanout);
	size_t delivered = 0, failed = 0;

	for (size_t i = 0; i < sending->part_count; i++) {
		delivered += sending->deliveries[i].results->outcome == TARGET_DELIVERED;
		failed += sending->deliveries[i].results->outcome == TARGET_FAILED;
	}
	sns_count(counters, SNS_COUNT_DELIVERED, delivered);
	if (failed > 0)
		sns_count(counters, SNS_COUNT_FAILED, failed);
	*out_failed = failed;
}

static void make_letters(struct sending *sending, size_t failed)
{
	sending->letters = arena_array(&sending->arena, struct target_delivery, failed);
	sending->letter_owners = arena_array(&sending->arena, const struct subscription *, failed);
	for (size_t i = 0; i < sending->part_count; i++)
		if (sending->deliveries[i].results->outcome == TARGET_FAILED &&
		    sending->queues[sending->part + i]->dead_letter_arn.size > 0)
			make_letter(sending, i);
}

/* Delivery status logs; most topics have none. */
static void log_results(const struct sending *sending)
{
	const struct fanout *fanout = sending->fanout;
	const struct sns_feedback *feedback = &fanout->topic->feedback_of[SNS_FEEDBACK_SQS];

	if (!feedback->logs_failures && feedback->success_rate == 0)
		return;
	for (size_t i = 0; i < sending->part_count; i++)
		if (sending->deliveries[i].results->outcome != TARGET_RETRY)
			sns_status_log_queue(fanout->call->core, fanout->topic,
					     sending->queues[sending->part + i],
					     &sending->publication->message,
					     sending->deliveries[i].results);
}

static void on_part(void *context)
{
	struct sending *sending = context;
	struct fanout *fanout = sending->fanout;
	size_t end = sending->part + sending->part_count;
	size_t failed;

	if (has_lost(sending)) {
		fail_sending(sending);
		return;
	}
	count_results(sending, &failed);
	log_results(sending);
	if (failed > 0)
		make_letters(sending, failed);
	if (sending->letter_count > 0) {
		sending->send = (struct target_send){.caller = &fanout->caller,
						     .deliveries = sending->letters,
						     .count = sending->letter_count,
						     .instead = owe_letter,
						     .instead_context = sending};
		target_deliver(fanout->call->core, fanout->home, &sending->send, on_letters,
			       sending);
		return;
	}
	sending->part = end;
	deliver_part(sending);
}

/* Adds the delivery to the part; gives the bytes that it takes. */
static size_t add_delivery(struct sending *sending, const struct subscription *subscription,
			   struct target_result *result)
{
	const struct target_payload *payload =
		payload_of(&sending->arena, sending->payloads, subscription);

	sending->deliveries[sending->part_count++] = (struct target_delivery){
		.arn = subscription->endpoint,
		.payloads = payload,
		.count = 1,
		.results = result,
		.seat = subscription->seat,
	};
	return payload->body.size;
}

/* The deliveries of the next part, bounded in number and bytes; obligations go with the first. */
static void make_send(struct sending *sending)
{
	size_t left = sending->count - sending->part;
	size_t most = left < TARGET_DELIVERIES_MAX ? left : TARGET_DELIVERIES_MAX;
	size_t size = 0;

	arena_reset(&sending->arena);
	sending->deliveries = arena_array(&sending->arena, struct target_delivery, most);
	sending->part_count = 0;
	struct target_result *results = arena_array(&sending->arena, struct target_result, most);
	while (sending->part_count < most && size < LIMIT_SNS_PART_SIZE)
		size += add_delivery(sending, sending->queues[sending->part + sending->part_count],
				     &results[sending->part_count]);
	sending->send = (struct target_send){
		.caller = &sending->fanout->caller,
		.deliveries = sending->deliveries,
		.count = sending->part_count,
		.instead = owe_instead,
		.instead_context = sending,
	};
	if (sending->has_begun)
		return;
	sending->send.obligations = sending->obligations;
	sending->send.obligation_count = sending->obligation_count;
	sending->has_begun = true;
}

static void deliver_part(struct sending *sending)
{
	struct fanout *fanout = sending->fanout;
	bool has_obligations = !sending->has_begun && sending->obligation_count > 0;

	if (sending->part == sending->count && !has_obligations) {
		end_sending(sending);
		return;
	}
	make_send(sending);
	target_deliver(fanout->call->core, fanout->home, &sending->send, on_part, sending);
}

/* ---- FIFO topics ---- */

static void deliver_gated(struct sending *sending);

/* A FIFO topic has few subscriptions (LIMIT_FIFO_TOPIC_SUBSCRIPTIONS), so there is one part. */
static void on_gated(void *context)
{
	struct sending *sending = context;
	struct sns_message *message = &sending->publication->message;
	struct fanout *fanout = sending->fanout;
	uint64_t number = sending->gate.number;

	if (sending->gated == QUEUE_OUT_OF_ORDER) {
		/* Another publish was ahead. Each round lets at least one publish through. */
		sns_gate_raise(fanout->topic->life, number);
		deliver_gated(sending);
		return;
	}
	if (sending->gated != QUEUE_OK) {
		fail_sending(sending);
		return;
	}
	message->sequence =
		arena_format(fanout->call->arena, "%020llu", (unsigned long long)number);
	if (sending->gate.is_duplicate) {
		message->id = uuid_text(fanout->call->arena, sending->gate.id);
		end_sending(sending);
		return;
	}
	if (!sending->is_archived) {
		fail_sending(sending);
		return;
	}
	on_part(sending);
}

static void look_again(struct sns_replay_wait *wait)
{
	deliver_gated(container_of(wait, struct sending, wait));
}

/* The subscriptions as they are now. False: a replay to one of them is about to end, and the
 * message waits for it. */
static bool open_subscriptions(struct sending *sending)
{
	struct fanout *fanout = sending->fanout;
	struct call *call = fanout->call;
	const struct subscription *subscription;

	sns_subscriptions_close(&fanout->subscriptions);
	sns_subscriptions_open(sns_of(call->core)->registry, fanout->topic->arn,
			       (struct sns_subscription_place){0}, &fanout->subscriptions);
	struct sns_subscriptions walk = fanout->subscriptions;
	while (fanout->topic->archive_days > 0 && (subscription = sns_subscriptions_next(&walk)))
		if (subscription->replay_state == SNS_REPLAY_SWITCHING) {
			sending->wait.run = look_again;
			sns_replay_wait(call->core, fanout->home, fanout->topic->arn,
					&sending->wait);
			return false;
		}
	return true;
}

/* Subscriptions are looked up after the number is taken, each time (replay_run.c). */
static void deliver_gated(struct sending *sending)
{
	struct fanout *fanout = sending->fanout;
	struct sns_message *message = &sending->publication->message;
	struct call *call = fanout->call;

	sending->gate = (struct queue_gate){
		.queue = sns_gate_queue(fanout->topic),
		.group = hash_group(call, message->group),
		.number = sns_gate_next(fanout->topic->life),
	};
	siphash128(call->core->hash_key, message->dedup, sending->gate.dedup);
	message->sequence =
		arena_format(call->arena, "%020llu", (unsigned long long)sending->gate.number);
	sending->count = sending->part = 0;
	if (!open_subscriptions(sending))
		return;
	select_subscriptions(fanout, sending);
	sending->has_begun = false;
	sending->gated = QUEUE_OK;
	sending->is_archived = true;
	make_send(sending);
	sending->send.gate = &sending->gate;
	sending->send.id = sending->id;
	sending->send.out_gated = &sending->gated;
	if (fanout->topic->archive_days > 0) {
		sending->archive = sns_archive_target(call->core, call->arena, fanout->topic,
						      sending->publication->key, message);
		sending->send.archives = &sending->archive;
		sending->send.archive_count = 1;
		sending->send.out_archived = &sending->is_archived;
	}
	target_deliver(call->core, fanout->home, &sending->send, on_gated, sending);
}

static void begin_next(struct fanout *fanout)
{
	struct sending *sending = &fanout->sendings[fanout->next];

	if (fanout->next == fanout->count)
		return;
	fanout->next++;
	fanout->unanswered++;
	if (fanout->topic->is_fifo) {
		deliver_gated(sending);
		return;
	}
	select_subscriptions(fanout, sending);
	deliver_part(sending);
}

/* ---- beginning and end ---- */

static void end_fanout(void *context)
{
	struct fanout *fanout = context;

	check(fanout->magic == FANOUT_MAGIC);
	for (size_t i = 0; i < fanout->count; i++)
		arena_done(&fanout->sendings[i].arena);
	sns_subscriptions_close(&fanout->subscriptions);
}

enum err sns_fanout_fault(struct call *call)
{
	return fail(call, &SNS_INTERNAL_ERROR, DISK_FULL_TEXT);
}

enum err sns_fanout(struct call *call, const struct topic *topic,
		    struct sns_publication *publications, size_t count, resume_fn resume)
{
	struct fanout *fanout = arena_new(call->arena, struct fanout);

	fanout->magic = FANOUT_MAGIC;
	fanout->call = call;
	fanout->topic = topic;
	fanout->caller = (struct internal_caller){
		.identity = INTERNAL_AS_SERVICE,
		.service = STR("sns.amazonaws.com"),
		.source_arn = topic->arn,
		.source_account = topic->account,
		.region = topic->region,
		.trace_header = call->trace_header,
	};
	fanout->home = request_context_of(call)->home;
	fanout->count = count;
	fanout->unanswered = 1;
	sns_subscriptions_open(sns_of(call->core)->registry, topic->arn,
			       (struct sns_subscription_place){0}, &fanout->subscriptions);
	call_on_end(call, end_fanout, fanout);
	for (size_t i = 0; i < count; i++) {
		struct sending *sending = &fanout->sendings[i];
		*sending = (struct sending){.fanout = fanout, .publication = &publications[i]};
		memcpy(sending->id, publications[i].id, sizeof(sending->id));
		arena_init(&sending->arena);
	}
	enum err parked = call_wait(call, resume);
	do {
		begin_next(fanout);
	} while (!topic->is_fifo && fanout->next < count);
	end_one(fanout);
	return parked;
}
