/* SPDX-License-Identifier: MIT */
/*
 * send: SendMessage and SendMessageBatch.
 *
 * One path for both: an entry is checked and becomes a queue_send; all of a request go to the
 * engine in one command, or in that of the delivery that the request is a part of (fanout.h). On a
 * standard queue a bad entry of a batch fails alone. On a FIFO queue it fails the whole batch,
 * which keeps the order.
 */
#include <string.h>

#include "api/sqs.h"
#include "core/digest.h"
#include "services/sqs/batch.h"
#include "services/sqs/digest.h"
#include "services/sqs/encrypt.h"
#include "services/sqs/fanout.h"
#include "services/sqs/locate.h"
#include "services/sqs/measure.h"
#include "services/sqs/message.h"
#include "services/sqs/state.h"
#include "services/sqs/validate.h"

/* A message to be sent, however it came. */
struct entry {
	struct str id; /* in the batch; data NULL: a single message */
	struct str body;
	bool has_delay;
	int64_t delay_seconds;
	struct sqs_message_attribute_value_entry *attributes;
	size_t attribute_count;
	const struct sqs_message_system_attribute_value_entry *system;
	size_t system_count;
	struct str dedup, group;

	struct str trace;
	struct str body_md5; /* as text */
	size_t size;	     /* as it counts against limits */
};

/* State of a call while the engine works. */
struct sending {
	struct queue_command command;
	struct entry *entries[LIMIT_BATCH_ENTRIES]; /* of command.send.messages */
	struct sqs_send_message_batch_result_entry *sent;
	struct sqs_batch_result_error_entry *failed;
	size_t failed_count;
	struct data_key *key; /* of sqs_seal */

	const struct sqs_queue *queue;
	struct entry *given; /* of the request */
	size_t given_count;
	uint8_t (*digests)[16];		    /* of their bodies */
	struct sqs_fanout_message *joining; /* those of command.send.messages; NULL: no fan-out */
};

/* ---- checks ---- */

static enum err check_delay(struct call *call, const struct sqs_queue *queue,
			    const struct entry *entry)
{
	if (!entry->has_delay)
		return ERR_OK;
	if (entry->delay_seconds < 0 || entry->delay_seconds > LIMIT_DELAY_S)
		return fail(
			call, &SQS_INVALID_PARAMETER_VALUE,
			"Value %lld for parameter DelaySeconds is invalid. Reason: DelaySeconds "
			"must be >= 0 and <= %d.",
			(long long)entry->delay_seconds, LIMIT_DELAY_S);
	if (queue->is_fifo && entry->delay_seconds > 0)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Value %lld for parameter DelaySeconds is invalid. Reason: The request "
			    "include parameter that is not valid for this queue type.",
			    (long long)entry->delay_seconds);
	return ERR_OK;
}

static enum err missing_group(struct call *call, bool is_batch)
{
	return fail(call, is_batch ? &SQS_INVALID_PARAMETER_VALUE : &SQS_MISSING_PARAMETER,
		    "The request must contain the parameter MessageGroupId.");
}

static enum err missing_dedup(struct call *call)
{
	return fail(call, &SQS_INVALID_PARAMETER_VALUE,
		    "The queue should either have ContentBasedDeduplication enabled or "
		    "MessageDeduplicationId provided explicitly");
}

static enum err check_ids(struct call *call, const struct sqs_queue *queue,
			  const struct entry *entry)
{
	bool is_batch = entry->id.data != NULL;
	bool lacks_dedup = queue->is_fifo && !entry->dedup.data && !queue->has_content_dedup;

	if (lacks_dedup && is_batch)
		return missing_dedup(call);
	if (queue->is_fifo && !entry->group.data)
		return missing_group(call, is_batch);
	if (lacks_dedup)
		return missing_dedup(call);
	if (!queue->is_fifo && entry->dedup.data)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Value %.*s for parameter MessageDeduplicationId is invalid. Reason: "
			    "The request includes a parameter that is not valid for this queue "
			    "type.",
			    STR_ARG(entry->dedup));
	if (entry->group.data) {
		enum err err = sqs_check_id(call, "MessageGroupId", entry->group);
		if (err)
			return err;
	}
	if (entry->dedup.data)
		return sqs_check_id(call, "MessageDeduplicationId", entry->dedup);
	return ERR_OK;
}

static enum err check_size(struct call *call, const struct sqs_queue *queue, struct entry *entry)
{
	bool is_batch = entry->id.data != NULL;
	struct sqs_stored_message message = {.body = entry->body,
					     .attributes = entry->attributes,
					     .attribute_count = entry->attribute_count};

	entry->size = sqs_message_size(&message);
	if (entry->size <= (size_t)queue->message_size_max)
		return ERR_OK;
	return fail(call, &SQS_INVALID_PARAMETER_VALUE,
		    "One or more parameters %s. Reason: Message must be shorter than %lld bytes.",
		    is_batch ? "cannot be validated" : "are invalid",
		    (long long)queue->message_size_max);
}

static enum err check_entry(struct call *call, const struct sqs_queue *queue, struct entry *entry)
{
	enum err err = sqs_check_body(call, entry->body);

	if (!err)
		err = check_size(call, queue, entry);
	if (!err)
		err = check_ids(call, queue, entry);
	if (!err)
		err = check_delay(call, queue, entry);
	if (!err)
		err = sqs_check_attributes(call, entry->attributes, entry->attribute_count);
	if (!err)
		err = sqs_check_system_attributes(call, entry->system, entry->system_count,
						  &entry->trace);
	if (!err && !entry->trace.data && call->trace_header.size > 0 &&
	    sqs_is_message_text(call->trace_header))
		entry->trace = call->trace_header;
	return err;
}

/* ---- making commands ---- */

static void hash_dedup(struct call *call, struct entry *entry, uint8_t out[16])
{
	if (!entry->dedup.data)
		entry->dedup = sqs_content_dedup(call->arena, entry->body);
	siphash128(call->core->hash_key, entry->dedup, out);
}

/* All of the command but the payload, which is *out_message, encoded and sealed. */
static void make_send(struct call *call, const struct sqs_queue *queue, const uint8_t digest[16],
		      struct entry *entry, struct queue_send *out,
		      struct sqs_stored_message *out_message)
{
	struct sqs_stored_message message = {
		.body = entry->body,
		.sender = call->sender,
		.group = entry->group,
		.trace = entry->trace,
		.attributes = entry->attributes,
		.attribute_count = entry->attribute_count,
	};

	memcpy(message.body_md5, digest, sizeof(message.body_md5));
	entry->body_md5 = sqs_md5_text(call->arena, message.body_md5);
	uuid_new(out->id);
	if (entry->group.data)
		out->group = sqs_group_hash(call->core, entry->group);
	if (queue->is_fifo) {
		out->has_dedup = true;
		hash_dedup(call, entry, out->dedup);
		message.dedup = entry->dedup;
	} else if (entry->has_delay) {
		out->has_delay = true;
		out->delay_ms = entry->delay_seconds * 1000;
	}
	*out_message = message;
}

/* ---- answers ---- */

/* A trace from the header is not a system attribute, so it has no digest. */
static struct str system_md5(struct arena *arena, const struct entry *entry)
{
	struct sqs_message_attribute_value_entry copy = {
		.key = STR("AWSTraceHeader"),
		.value = {.string_value = entry->trace, .data_type = STR("String")},
	};

	return entry->system_count > 0 ? sqs_attributes_md5(arena, &copy, 1) : (struct str){0};
}

static void describe(struct call *call, const struct entry *entry, const struct queue_send *send,
		     struct sqs_send_message_batch_result_entry *out)
{
	out->id = entry->id;
	out->message_id = uuid_text(call->arena, send->id);
	out->md5_of_message_body = entry->body_md5;
	out->md5_of_message_attributes =
		sqs_attributes_md5(call->arena, entry->attributes, entry->attribute_count);
	out->md5_of_message_system_attributes = system_md5(call->arena, entry);
	if (send->has_dedup)
		out->sequence_number =
			arena_format(call->arena, "%020llu", (unsigned long long)send->seq);
}

static void measure(struct call *call, const struct sending *sending, size_t index)
{
	if (!sending->command.send.messages[index].is_duplicate)
		sqs_measure_sent(call->core, sending->queue, sending->entries[index]->size);
}

static enum err send_answered(struct call *call)
{
	struct sending *sending = call_state(call, struct sending);
	const struct queue_send *send = &sending->command.send.messages[0];
	struct sqs_send_message_out *out = call->out;
	struct sqs_send_message_batch_result_entry result = {0};

	if (sending->command.result != QUEUE_OK)
		return sqs_fail_result(call, sending->command.result);
	if (send->result != QUEUE_OK)
		return sqs_fail_result(call, send->result);
	describe(call, sending->entries[0], send, &result);
	measure(call, sending, 0);
	out->message_id = result.message_id;
	out->md5_of_message_body = result.md5_of_message_body;
	out->md5_of_message_attributes = result.md5_of_message_attributes;
	out->md5_of_message_system_attributes = result.md5_of_message_system_attributes;
	out->sequence_number = result.sequence_number;
	return ERR_OK;
}

static enum err batch_answered(struct call *call)
{
	struct sending *sending = call_state(call, struct sending);
	struct sqs_send_message_batch_out *out = call->out;

	if (sending->command.result != QUEUE_OK)
		return sqs_fail_result(call, sending->command.result);
	for (size_t i = 0; i < sending->command.send.count; i++) {
		const struct queue_send *send = &sending->command.send.messages[i];
		if (send->result == QUEUE_OK) {
			describe(call, sending->entries[i], send,
				 &sending->sent[out->successful_count++]);
			measure(call, sending, i);
			continue;
		}
		enum err err = sqs_fail_result(call, send->result);
		(void)err; /* becomes the entry's */
		sqs_batch_fail(call, sending->entries[i]->id,
			       &sending->failed[sending->failed_count++]);
	}
	out->successful = sending->sent;
	out->failed = sending->failed;
	out->failed_count = sending->failed_count;
	return ERR_OK;
}

/* A request calls KMS once. */
static enum err begin(struct call *call, const struct sqs_queue *queue, struct entry *entries,
		      size_t count, struct sending **out_sending)
{
	struct sending *sending = arena_new(call->arena, struct sending);

	enum err err = sqs_sealer_begin(call, queue, &sending->key);
	if (err)
		return err;
	sending->queue = queue;
	sending->given = entries;
	sending->given_count = count;
	sending->command.type = QUEUE_SEND;
	sending->command.queue = queue->number;
	sending->command.send.messages = arena_array(call->arena, struct queue_send, count);
	if (call->member)
		sending->joining = arena_array(call->arena, struct sqs_fanout_message, count);
	call_set_state(call, struct sending, sending);
	*out_sending = sending;
	return ERR_OK;
}

/* Continues once the digests of all bodies are computed. */
static enum err digest_bodies(struct call *call, struct sending *sending, resume_fn resume)
{
	size_t count = sending->given_count;
	struct str *bodies = arena_array(call->arena, struct str, count);

	sending->digests = arena_alloc(call->arena, count * sizeof(*sending->digests));
	for (size_t i = 0; i < count; i++)
		bodies[i] = sending->given[i].body;
	return call_digest(call, bodies, count, sending->digests, resume);
}

/* The entry of the request at `index` becomes a message of the command. */
static void add_entry(struct call *call, struct sending *sending, size_t index)
{
	size_t place = sending->command.send.count++;
	struct queue_send *send = &sending->command.send.messages[place];
	struct sqs_stored_message message;

	make_send(call, sending->queue, sending->digests[index], &sending->given[index], send,
		  &message);
	sending->entries[place] = &sending->given[index];
	/* A delivery has no body of a request that could be metered. */
	if (call->member)
		call->payload_size += sending->given[index].size;
	if (sending->joining)
		sending->joining[place] = (struct sqs_fanout_message){index, send, message};
	else
		send->payload = sqs_seal(call, sending->queue, sending->key,
					 sqs_message_encode(call->arena, &message));
}

/* A request that may not join its fan-out sends its messages alone. */
static enum err submit(struct call *call, struct sending *sending, resume_fn resume)
{
	size_t count = sending->command.send.count;

	if (!sending->joining)
		return call_submit(call, &sending->command, resume);
	if (sqs_fanout_may_join(call, sending->queue))
		return sqs_fanout_join(call, sending->queue, sending->key, sending->joining, count,
				       resume);
	for (size_t i = 0; i < count; i++)
		sending->joining[i].send->payload =
			sqs_seal(call, sending->queue, sending->key,
				 sqs_message_encode(call->arena, &sending->joining[i].message));
	return call_submit(call, &sending->command, resume);
}

/* ---- operations ---- */

static enum err send_digested(struct call *call)
{
	struct sending *sending = call_state(call, struct sending);

	add_entry(call, sending, 0);
	return submit(call, sending, send_answered);
}

enum err sqs_send_message(struct call *call, const struct sqs_send_message_in *in,
			  struct sqs_send_message_out *out)
{
	const struct sqs_queue *queue;
	struct sending *sending;
	struct entry *entry = arena_new(call->arena, struct entry);

	(void)out;
	*entry = (struct entry){
		.body = in->message_body,
		.has_delay = in->has_delay_seconds,
		.delay_seconds = in->delay_seconds,
		.attributes = in->message_attributes,
		.attribute_count = in->message_attributes_count,
		.system = in->message_system_attributes,
		.system_count = in->message_system_attributes_count,
		.dedup = in->message_deduplication_id,
		.group = in->message_group_id,
	};
	enum err err = sqs_queue_of_call(call, in->queue_url, &queue);
	if (!err)
		err = check_entry(call, queue, entry);
	if (!err)
		err = begin(call, queue, entry, 1, &sending);
	if (err)
		return err;
	return digest_bodies(call, sending, send_digested);
}

static enum err name_body(struct call *call, const struct entry *entry, size_t place)
{
	if (entry->body.size > 0)
		return ERR_OK;
	return fail(call, &SQS_MISSING_PARAMETER,
		    "The request must contain the parameter "
		    "SendMessageBatchRequestEntry.%zu.MessageBody.",
		    place + 1);
}

static struct entry *entries_of(struct call *call, const struct sqs_send_message_batch_in *in,
				struct str *ids)
{
	struct entry *entries = arena_array(call->arena, struct entry, in->entries_count);

	for (size_t i = 0; i < in->entries_count; i++) {
		const struct sqs_send_message_batch_request_entry *given = &in->entries[i];
		ids[i] = given->id;
		entries[i] = (struct entry){
			.id = given->id,
			.body = given->message_body,
			.has_delay = given->has_delay_seconds,
			.delay_seconds = given->delay_seconds,
			.attributes = given->message_attributes,
			.attribute_count = given->message_attributes_count,
			.system = given->message_system_attributes,
			.system_count = given->message_system_attributes_count,
			.dedup = given->message_deduplication_id,
			.group = given->message_group_id,
		};
	}
	return entries;
}

static enum err check_sum(struct call *call, const struct entry *entries, size_t count)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		struct sqs_stored_message message = {.body = entries[i].body,
						     .attributes = entries[i].attributes,
						     .attribute_count = entries[i].attribute_count};
		sum += sqs_message_size(&message);
	}
	if (sum > LIMIT_MESSAGE_SIZE)
		return fail(call, &SQS_BATCH_REQUEST_TOO_LONG,
			    "Batch requests cannot be longer than %d bytes. You have sent %zu "
			    "bytes.",
			    LIMIT_MESSAGE_SIZE, sum);
	return ERR_OK;
}

/* Checks that AWS makes on a FIFO batch before the check of its size. */
static enum err check_fifo_ids(struct call *call, const struct sqs_queue *queue,
			       const struct entry *entries, size_t count)
{
	for (size_t i = 0; i < count && queue->is_fifo; i++) {
		enum err err = check_ids(call, queue, &entries[i]);
		if (err)
			return err;
	}
	return ERR_OK;
}

static enum err batch_digested(struct call *call)
{
	struct sending *sending = call_state(call, struct sending);
	struct sqs_send_message_batch_out *out = call->out;
	size_t count = sending->given_count;

	sending->sent = arena_array(call->arena, struct sqs_send_message_batch_result_entry, count);
	sending->failed = arena_array(call->arena, struct sqs_batch_result_error_entry, count);
	for (size_t i = 0; i < count; i++) {
		struct entry *entry = &sending->given[i];
		enum err err = name_body(call, entry, i);
		if (!err)
			err = check_entry(call, sending->queue, entry);
		if (err == ERR_OK)
			add_entry(call, sending, i);
		else if (sending->queue->is_fifo)
			return err;
		else
			sqs_batch_fail(call, entry->id, &sending->failed[sending->failed_count++]);
	}
	if (sending->command.send.count > 0)
		return submit(call, sending, batch_answered);
	out->failed = sending->failed;
	out->failed_count = sending->failed_count;
	return ERR_OK;
}

enum err sqs_send_message_batch(struct call *call, const struct sqs_send_message_batch_in *in,
				struct sqs_send_message_batch_out *out)
{
	const struct sqs_queue *queue;
	struct sending *sending;
	struct str *ids = arena_array(call->arena, struct str, in->entries_count);
	struct entry *entries = entries_of(call, in, ids);
	size_t count = in->entries_count;

	(void)out;
	enum err err = sqs_queue_of_call(call, in->queue_url, &queue);
	if (!err)
		err = sqs_batch_check(call, "SendMessageBatchRequestEntry", in->entries != NULL,
				      ids, count);
	if (!err)
		err = check_fifo_ids(call, queue, entries, count);
	if (!err)
		err = check_sum(call, entries, count);
	if (!err)
		err = begin(call, queue, entries, count, &sending);
	if (err)
		return err;
	return digest_bodies(call, sending, batch_digested);
}
