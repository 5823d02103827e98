/* SPDX-License-Identifier: MIT */
/*
 * receive: ReceiveMessage.
 *
 * The engine leases and says where the messages lie; once that is durable they are read from the
 * journal here, on the caller's own thread.
 */
#include <string.h>

#include "api/sqs.h"
#include "services/sqs/attributes.h"
#include "services/sqs/batch.h"
#include "services/sqs/digest.h"
#include "services/sqs/handle.h"
#include "services/sqs/message.h"
#include "services/sqs/sqs.h"
#include "services/sqs/validate.h"

/* clang-format off */
#define SYSTEM_ATTRIBUTES(X) \
	X(SENDER, "SenderId") \
	X(RECEIVE_COUNT, "ApproximateReceiveCount") \
	X(FIRST_RECEIVE, "ApproximateFirstReceiveTimestamp") \
	X(SENT, "SentTimestamp") \
	X(SEQUENCE, "SequenceNumber") \
	X(DEDUP, "MessageDeduplicationId") \
	X(GROUP, "MessageGroupId") \
	X(TRACE, "AWSTraceHeader") \
	X(SOURCE, "DeadLetterQueueSourceArn")
/* clang-format on */

enum system_attribute {
#define SYSTEM_CONSTANT(name, text) SYSTEM_##name,
	SYSTEM_ATTRIBUTES(SYSTEM_CONSTANT)
#undef SYSTEM_CONSTANT
	SYSTEM_COUNT,
};

static const struct str system_names[SYSTEM_COUNT] = {
#define SYSTEM_TEXT(name, text) STR_INIT(text),
	SYSTEM_ATTRIBUTES(SYSTEM_TEXT)
#undef SYSTEM_TEXT
};

struct receiving {
	struct queue_command command;
	const struct sqs_queue *queue;
	uint32_t wanted; /* bit per system attribute */
	struct queue_delivery deliveries[LIMIT_RECEIVE_MESSAGES];
	struct buf bytes; /* of the messages, until the answer is encoded */
};

/* ---- what is asked for ---- */

static enum err check_range(struct call *call, const char *name, int64_t value, int64_t least,
			    int64_t most, const char *rule)
{
	if (value >= least && value <= most)
		return ERR_OK;
	return fail(call, &SQS_INVALID_PARAMETER_VALUE,
		    "Value %lld for parameter %s is invalid. Reason: Must be %s, if provided.",
		    (long long)value, name, rule);
}

static enum err check_numbers(struct call *call, const struct sqs_receive_message_in *in)
{
	enum err err = ERR_OK;

	if (in->has_max_number_of_messages)
		err = check_range(call, "MaxNumberOfMessages", in->max_number_of_messages, 1,
				  LIMIT_RECEIVE_MESSAGES, "between 1 and 10");
	if (!err && in->has_wait_time_seconds)
		err = check_range(call, "WaitTimeSeconds", in->wait_time_seconds, 0, LIMIT_WAIT_S,
				  ">= 0 and <= 20");
	if (!err && in->has_visibility_timeout)
		err = check_range(call, "VisibilityTimeout", in->visibility_timeout, 0,
				  LIMIT_VISIBILITY_S, ">= 0 and <= 43200");
	return err;
}

/* Names of queue attributes are accepted and mean nothing here: the API's type allows them. */
static enum err add_wanted(struct call *call, const struct str *names, size_t count,
			   uint32_t *wanted)
{
	for (size_t i = 0; i < count; i++) {
		int number = 0;
		while (number < SYSTEM_COUNT && !str_equal(names[i], system_names[number]))
			number++;
		if (str_equal(names[i], STR("All")))
			*wanted = (1U << SYSTEM_COUNT) - 1;
		else if (number < SYSTEM_COUNT)
			*wanted |= 1U << number;
		else if (sqs_attribute_find(names[i]) == SQS_ATTRIBUTE_COUNT)
			return fail(call, &SQS_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %.*s.",
				    STR_ARG(names[i]));
	}
	return ERR_OK;
}

static bool is_selected(struct str name, const struct str *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct str pattern = patterns[i];
		if (str_equal(pattern, STR("All")) || str_equal(pattern, STR("*")) ||
		    str_equal(pattern, name))
			return true;
		if (str_ends(pattern, STR(".*")) &&
		    str_starts(name, str_slice(pattern, 0, pattern.size - 2)))
			return true;
	}
	return false;
}

/* ---- answers ---- */

static struct str number_text(struct arena *arena, int64_t number)
{
	return arena_format(arena, "%lld", (long long)number);
}

static struct str system_text(struct call *call, enum system_attribute attribute,
			      const struct queue_delivery *delivery,
			      const struct queue_message *message,
			      const struct sqs_stored_message *stored)
{
	const struct receiving *receiving = call->state;

	switch (attribute) {
	case SYSTEM_SENDER:
		return stored->sender;
	case SYSTEM_RECEIVE_COUNT:
		return number_text(call->arena, delivery->receive_count);
	case SYSTEM_FIRST_RECEIVE:
		return number_text(call->arena, delivery->first_receive_ms);
	case SYSTEM_SENT:
		return number_text(call->arena, message->sent_ms);
	case SYSTEM_SEQUENCE:
		if (!receiving->queue->is_fifo)
			return (struct str){0};
		return arena_format(call->arena, "%020llu", (unsigned long long)message->seq);
	case SYSTEM_DEDUP:
		return stored->dedup;
	case SYSTEM_GROUP:
		return stored->group;
	case SYSTEM_TRACE:
		return stored->trace;
	case SYSTEM_SOURCE:
		return message->origin.size > 0 ? message->origin : (struct str){0};
	default:
		return (struct str){0};
	}
}

static void show_system(struct call *call, const struct queue_delivery *delivery,
			const struct queue_message *message,
			const struct sqs_stored_message *stored, struct sqs_message *out)
{
	const struct receiving *receiving = call->state;

	if (receiving->wanted == 0)
		return;
	out->attributes = arena_array(call->arena, struct shape_pair, SYSTEM_COUNT);
	for (int i = 0; i < SYSTEM_COUNT; i++) {
		if (!(receiving->wanted & (1U << i)))
			continue;
		struct str text = system_text(call, (enum system_attribute)i, delivery, message,
					      stored);
		if (text.data)
			out->attributes[out->attributes_count++] =
				(struct shape_pair){system_names[i], text};
	}
}

static void show_attributes(struct call *call, const struct sqs_stored_message *stored,
			    struct sqs_message *out)
{
	const struct sqs_receive_message_in *in = call->in;

	if (stored->attribute_count == 0 || in->message_attribute_names_count == 0)
		return;
	out->message_attributes = arena_array(
		call->arena, struct sqs_message_attribute_value_entry, stored->attribute_count);
	for (size_t i = 0; i < stored->attribute_count; i++)
		if (is_selected(stored->attributes[i].key, in->message_attribute_names,
				in->message_attribute_names_count))
			out->message_attributes[out->message_attributes_count++] =
				stored->attributes[i];
	out->md5_of_message_attributes = sqs_attributes_md5(
		call->arena, out->message_attributes, out->message_attributes_count);
}

static enum err show(struct call *call, const struct queue_delivery *delivery,
		     struct sqs_message *out)
{
	struct receiving *receiving = call->state;
	struct queue_message message;
	struct sqs_stored_message stored;

	enum err err = queue_read_message(call->core->engine, delivery->location,
					  &receiving->bytes, &message);
	if (err)
		return err;
	err = sqs_message_decode(call->arena, message.payload, &stored);
	if (err)
		return err;
	char *id = arena_bytes(call->arena, UUID_TEXT_SIZE);
	uuid_format(message.id, id);
	out->message_id = str_of(id, UUID_TEXT_SIZE);
	out->receipt_handle = sqs_handle_seal(call->core, call->arena, &delivery->handle);
	out->body = stored.body;
	out->md5_of_body = sqs_md5_text(call->arena, stored.body_md5);
	show_system(call, delivery, &message, &stored, out);
	show_attributes(call, &stored, out);
	return ERR_OK;
}

static void release_bytes(void *subject)
{
	buf_done(subject);
}

static enum err answered(struct call *call)
{
	struct receiving *receiving = call->state;
	const struct queue_command *command = &receiving->command;
	struct sqs_receive_message_out *out = call->out;
	size_t size = 0;

	if (command->result != QUEUE_OK)
		return sqs_fail_result(call, command->result);
	if (command->receive.count == 0)
		return ERR_OK;
	/* Texts point into the buffer: it must not move from here on. */
	for (size_t i = 0; i < command->receive.count; i++)
		size += receiving->deliveries[i].location.size;
	buf_reserve(&receiving->bytes, size);
	call_on_end(call, release_bytes, &receiving->bytes);
	out->messages = arena_array(call->arena, struct sqs_message, command->receive.count);
	for (size_t i = 0; i < command->receive.count; i++) {
		const struct queue_delivery *delivery = &receiving->deliveries[i];
		enum err err = show(call, delivery, &out->messages[out->messages_count]);
		queue_delivery_done(call->core->engine, delivery);
		if (!err)
			out->messages_count++;
		else
			/* The others can still be delivered; this one stays in flight. */
			log_event(LOG_ERROR, "message cannot be read",
				  log_str("queue", receiving->queue->arn),
				  log_i64("segment", delivery->location.segment),
				  log_i64("offset", delivery->location.offset),
				  log_str("error", err_text(err)));
	}
	return ERR_OK;
}

enum err sqs_receive_message(struct call *call, const struct sqs_receive_message_in *in,
			     struct sqs_receive_message_out *out)
{
	struct receiving *receiving;
	const struct sqs_queue *queue;
	uint32_t wanted = 0;

	(void)out;
	enum err err = sqs_queue_of_call(call, in->queue_url, &queue);
	if (!err)
		err = check_numbers(call, in);
	if (!err)
		err = add_wanted(call, in->attribute_names, in->attribute_names_count, &wanted);
	if (!err)
		err = add_wanted(call, in->message_system_attribute_names,
				 in->message_system_attribute_names_count, &wanted);
	if (!err && in->receive_request_attempt_id.data && queue->is_fifo)
		err = sqs_check_id(call, "ReceiveRequestAttemptId", in->receive_request_attempt_id);
	if (err)
		return err;
	receiving = arena_new(call->arena, struct receiving);
	receiving->queue = queue;
	receiving->wanted = wanted;
	receiving->command.type = QUEUE_RECEIVE;
	receiving->command.queue = queue->number;
	receiving->command.receive.max =
		in->has_max_number_of_messages ? (uint32_t)in->max_number_of_messages : 1;
	receiving->command.receive.has_visibility = in->has_visibility_timeout;
	receiving->command.receive.visibility_ms = in->visibility_timeout * 1000;
	receiving->command.receive.wait_ms =
		(in->has_wait_time_seconds ? in->wait_time_seconds : queue->wait_seconds) * 1000;
	receiving->command.receive.deliveries = receiving->deliveries;
	if (queue->is_fifo && in->receive_request_attempt_id.data) {
		receiving->command.receive.has_attempt = true;
		siphash128(call->core->hash_key, in->receive_request_attempt_id,
			   receiving->command.receive.attempt);
	}
	call->state = receiving;
	return call_submit(call, &receiving->command, answered);
}
