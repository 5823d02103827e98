/* SPDX-License-Identifier: MIT */
/*
 * direct: the checks are those of a request, in a call of which only the fault's text is used: the
 * request that follows a refusal gives the fault itself.
 */
#include "services/sqs/direct.h"

#include <string.h>

#include "core/limit/throttle.h"
#include "core/metering.h"
#include "services/sqs/batch.h"
#include "services/sqs/digest.h"
#include "services/sqs/measure.h"
#include "services/sqs/seat.h"
#include "services/sqs/validate.h"

/* ---- queues of a fan-out ---- */

struct sqs_numbers sqs_numbers_new(struct arena *arena, size_t room)
{
	size_t capacity = 16;

	while (capacity < room * 2)
		capacity *= 2;
	return (struct sqs_numbers){arena_array(arena, uint64_t, capacity), capacity - 1};
}

bool sqs_numbers_add(struct sqs_numbers *numbers, uint64_t number)
{
	size_t place = (size_t)(number * 0x9e3779b97f4a7c15u >> 32) & numbers->mask;

	while (numbers->slots[place] != 0) {
		if (numbers->slots[place] == number)
			return false;
		place = (place + 1) & numbers->mask;
	}
	numbers->slots[place] = number;
	return true;
}

/* ---- messages ---- */

struct sqs_message_attribute_value_entry *
sqs_direct_attributes(struct arena *arena, const struct target_payload *payload)
{
	struct sqs_message_attribute_value_entry *entries = arena_array(
		arena, struct sqs_message_attribute_value_entry, payload->attribute_count);

	for (size_t i = 0; i < payload->attribute_count; i++) {
		const struct target_attribute *attribute = &payload->attributes[i];
		struct sqs_message_attribute_value *value = &entries[i].value;
		entries[i].key = attribute->name;
		value->data_type = attribute->type;
		if (str_starts(attribute->type, STR("Binary")))
			value->binary_value = attribute->value;
		else
			value->string_value = attribute->value;
	}
	return entries;
}

static bool has_valid_trace(struct call *call, struct str trace)
{
	const struct sqs_message_system_attribute_value_entry entry = {
		.key = STR("AWSTraceHeader"),
		.value = {.data_type = STR("String"), .string_value = trace}};
	struct str unused;

	return !trace.data || sqs_check_system_attributes(call, &entry, 1, &unused) == ERR_OK;
}

static bool is_valid(const struct sqs_direct *direct, const struct sqs_direct_message *mine)
{
	struct call call = {.arena = direct->arena};
	const struct target_payload *payload = mine->payload;
	const struct sqs_stored_message *message = &mine->message;

	if (mine->is_fifo && !payload->group.data)
		return false;
	if (payload->group.data && sqs_check_id(&call, "MessageGroupId", payload->group) != ERR_OK)
		return false;
	if (mine->is_fifo && payload->dedup.data &&
	    sqs_check_id(&call, "MessageDeduplicationId", payload->dedup) != ERR_OK)
		return false;
	return sqs_check_body(&call, message->body) == ERR_OK &&
	       sqs_check_attributes(&call, message->attributes, message->attribute_count) ==
		       ERR_OK &&
	       has_valid_trace(&call, payload->trace);
}

static void set_dedup(const struct sqs_direct *direct, struct sqs_direct_message *mine)
{
	struct str dedup = mine->payload->dedup;

	if (!dedup.data)
		dedup = sqs_content_dedup(direct->arena, mine->payload->body);
	mine->message.dedup = dedup;
	siphash128(direct->core->hash_key, dedup, mine->dedup);
}

static struct sqs_direct_message *message_new(struct sqs_direct *direct,
					      const struct internal_caller *caller,
					      const struct target_payload *payload,
					      const struct sqs_seat *seat)
{
	struct sqs_direct_message *mine = arena_new(direct->arena, struct sqs_direct_message);
	struct str header = caller->trace_header;

	mine->payload = payload;
	mine->service = caller->service;
	mine->trace_header = header;
	mine->is_fifo = seat->is_fifo;
	mine->has_sqs_managed_sse = seat->has_sqs_managed_sse;
	mine->subject = seat->number;
	mine->message = (struct sqs_stored_message){
		.body = payload->body,
		.sender = caller->service,
		.group = payload->group,
		.trace = payload->trace,
		.attributes = sqs_direct_attributes(direct->arena, payload),
		.attribute_count = payload->attribute_count,
	};
	mine->size = sqs_message_size(&mine->message);
	mine->is_valid = is_valid(direct, mine);
	if (!mine->is_valid)
		return mine;
	if (!payload->trace.data && header.size > 0 && sqs_is_message_text(header))
		mine->message.trace = header;
	if (payload->group.data)
		mine->group = sqs_group_hash(direct->core, payload->group);
	if (mine->is_fifo)
		set_dedup(direct, mine);
	mine->next = direct->messages;
	direct->messages = mine;
	direct->message_count++;
	return mine;
}

static bool is_of(const struct sqs_direct_message *message, const struct internal_caller *caller,
		  const struct target_payload *payload)
{
	return message && message->payload == payload &&
	       message->trace_header.data == caller->trace_header.data &&
	       str_equal(message->service, caller->service);
}

static struct sqs_direct_message *message_of(struct sqs_direct *direct,
					     const struct internal_caller *caller,
					     const struct target_payload *payload,
					     const struct sqs_seat *seat)
{
	struct sqs_direct_message **latest =
		&direct->latest[(size_t)seat->is_fifo * 2 + seat->has_sqs_managed_sse];

	if (!is_of(*latest, caller, payload))
		*latest = message_new(direct, caller, payload, seat);
	return *latest;
}

/* ---- joining ---- */

struct sqs_direct *sqs_direct_new(struct core *core, struct net_thread *home, struct arena *arena,
				  size_t room)
{
	struct sqs_direct *direct = arena_new(arena, struct sqs_direct);
	_Atomic uint64_t *count = &sqs_of(core)->direct_count;

	direct->core = core;
	direct->home = home;
	direct->arena = arena;
	direct->begin_ns = clock_steady_ns();
	direct->base_ms = clock_base_ms();
	direct->now_ms = clock_now_ms();
	if (atomic_fetch_add(count, room) + room > LIMIT_DIRECT_DELIVERIES) {
		atomic_fetch_sub(count, room);
		return direct;
	}
	direct->room = room;
	direct->entries = arena_array(arena, struct sqs_direct_entry, room);
	return direct;
}

/* Takes a token of the account and one of the queue. */
static bool is_admitted(const struct sqs_direct *direct, const struct internal_caller *caller,
			const struct target_delivery *delivery, const struct sqs_seat *seat)
{
	const struct throttle *throttle = direct->core->throttle;
	const struct throttle_request request = {
		.operation = &sqs_service.operations[SQS_SEND_MESSAGE_BATCH],
		.account = caller->source_account,
		.base_ms = direct->base_ms,
	};

	return !throttle ||
	       (throttle_admits(throttle, &request) &&
		throttle_admits_resource(throttle, &request, delivery->arn, seat->has_quota));
}

bool sqs_direct_admit(struct sqs_direct *direct, const struct internal_caller *caller,
		      const struct target_delivery *delivery, struct sqs_numbers *numbers,
		      struct queue_target *out_target)
{
	struct sqs *sqs = sqs_of(direct->core);

	if (direct->count == direct->room || delivery->count != 1)
		return false;
	const struct sqs_seat *seat = sqs_seats_find(sqs->seats, sqs->registry, direct->home,
						     delivery->seat, delivery->arn);
	if (!seat)
		return false;
	struct sqs_direct_message *message = message_of(direct, caller, delivery->payloads, seat);
	bool has_dedup =
		!seat->is_fifo || seat->has_content_dedup || delivery->payloads->dedup.data;
	if (!message->is_valid || !has_dedup || message->size > seat->message_size_max)
		return false;
	if (!is_admitted(direct, caller, delivery, seat) || !sqs_numbers_add(numbers, seat->number))
		return false;
	message->count++;
	out_target->queue = seat->number;
	out_target->group = message->group;
	out_target->has_dedup = seat->is_fifo;
	if (seat->is_fifo)
		memcpy(out_target->dedup, message->dedup, sizeof(out_target->dedup));
	direct->entries[direct->count++] = (struct sqs_direct_entry){delivery, caller, message};
	return true;
}

/* ---- bytes ---- */

static void take_digests(struct digest_wait *wait)
{
	struct sqs_direct *direct = container_of(wait, struct sqs_direct, wait);
	struct sqs_direct_message *message = direct->messages;

	for (size_t i = 0; message; message = message->next, i++)
		memcpy(message->message.body_md5, wait->out[i], sizeof(wait->out[i]));
	direct->digested(direct->digested_context);
}

void sqs_direct_digest(struct sqs_direct *direct, void (*done)(void *context), void *context)
{
	struct str *bodies = arena_array(direct->arena, struct str, direct->message_count);
	struct sqs_direct_message *message = direct->messages;

	for (size_t i = 0; message; message = message->next, i++)
		bodies[i] = message->message.body;
	direct->digested = done;
	direct->digested_context = context;
	direct->wait = (struct digest_wait){
		.texts = bodies,
		.count = direct->message_count,
		.out = arena_alloc(direct->arena, direct->message_count * 16),
		.done = take_digests,
	};
	digest_wait(direct->home, &direct->wait);
}

struct str sqs_direct_bytes(const struct sqs_direct *direct, struct sqs_direct_message *message)
{
	if (message->bytes.data)
		return message->bytes;
	message->bytes = sqs_message_encode(direct->arena, &message->message);
	if (message->has_sqs_managed_sse)
		message->bytes = seal_close(direct->core->seal, direct->arena, message->subject,
					    message->bytes);
	return message->bytes;
}

/* ---- the end ---- */

static void fail_delivery(const struct sqs_direct *direct, enum queue_result why,
			  struct target_result *out)
{
	struct call call = {.arena = direct->arena, .dialect = &dialect_json};

	enum err err = sqs_fail_result(&call, why);
	(void)err; /* becomes the result */
	*out = (struct target_result){
		.outcome = call.fault->is_receiver ? TARGET_RETRY : TARGET_FAILED,
		.code = call.fault->query_code,
		.text = call.fault_text,
	};
}

static void set_result(const struct sqs_direct *direct, const struct queue_target *target,
		       struct target_result *out)
{
	if (target->result != QUEUE_OK) {
		fail_delivery(direct, target->result, out);
		return;
	}
	out->outcome = TARGET_DELIVERED;
	out->code = out->text = out->id = (struct str){0};
	out->has_raw_id = true;
	out->is_owed = false;
	memcpy(out->raw_id, target->id, sizeof(out->raw_id));
}

static bool is_same_source(const struct sqs_direct_entry *a, const struct sqs_direct_entry *b,
			   struct str place)
{
	return a->caller == b->caller && str_starts(b->delivery->arn, place);
}

static void measure(const struct sqs_direct *direct, const struct sqs_direct_entry *entry,
		    const struct arn *queue)
{
	struct metric_slot *slot =
		sqs_seats_slot(sqs_of(direct->core)->seats, direct->home, entry->delivery->seat);

	sqs_measure_delivered(direct->core, queue, slot, entry->message->size);
}

/* Of the entries from `first` on: the number of those that are metered as one, since they have one
 * caller and queues of one account and region. Each queue gets its SentMessageSize. */
static size_t meter_some(struct sqs_direct *direct, const struct queue_target *targets,
			 size_t first, uint32_t operation)
{
	const struct sqs_direct_entry *entries = direct->entries;
	struct str place = arn_place(entries[first].delivery->arn);
	struct arn queue = {0};
	uint64_t requests = 0, chunks = 0, bytes = 0;
	size_t i = first;
	check(arn_parse(entries[first].delivery->arn, &queue));
	const struct usage_key key = {
		.account = queue.account,
		.region = queue.region,
		.resource = entries[first].caller->source_arn,
		.operation = operation,
		.outcome = METER_OK,
	};

	for (; i < direct->count && is_same_source(&entries[first], &entries[i], place); i++) {
		if (targets[i].result != QUEUE_OK)
			continue;
		queue.resource = str_slice(entries[i].delivery->arn, place.size, SIZE_MAX);
		if (!targets[i].is_duplicate)
			measure(direct, &entries[i], &queue);
		struct usage_values one = usage_values_of(entries[i].message->size);
		requests += one.requests;
		chunks += one.chunks;
		bytes += one.bytes;
	}
	const struct usage_values values = {requests, chunks, bytes};
	if (requests > 0)
		usage_record_many(metering_of(direct->core, direct->home)->usage, &key, &values);
	return i - first;
}

void sqs_direct_end(struct sqs_direct *direct, const struct queue_target *targets)
{
	const struct core *core = direct->core;
	struct meter *meter = metering_of(core, direct->home)->operations;
	uint32_t operation = route_operation_number(
		&core->routes, &sqs_service.operations[SQS_SEND_MESSAGE_BATCH]);
	int64_t nanoseconds = clock_steady_ns() - direct->begin_ns;
	uint64_t counts[METER_THROTTLED + 1] = {0};

	for (size_t i = 0; i < direct->count; i++) {
		struct target_result *result = direct->entries[i].delivery->results;
		set_result(direct, &targets[i], result);
		counts[result->outcome == TARGET_DELIVERED ? METER_OK
		       : result->outcome == TARGET_RETRY   ? METER_RECEIVER_FAULT
							   : METER_SENDER_FAULT]++;
	}
	for (size_t i = 0; i <= METER_THROTTLED; i++)
		if (counts[i] > 0)
			meter_record_many(meter, operation, (enum meter_outcome)i, nanoseconds,
					  counts[i]);
	for (size_t i = 0; i < direct->count;)
		i += meter_some(direct, targets, i, operation);
	atomic_fetch_sub(&sqs_of(direct->core)->direct_count, direct->room);
}
