/* SPDX-License-Identifier: MIT */
/*
 * receive: ReceiveMessage.
 *
 * The engine leases messages and returns their locations. Once the leases are durable, the messages
 * are read from the journal here: cached ones on the call's own thread, the others on a worker.
 */
#include <string.h>

#include "api/sqs.h"
#include "services/sqs/attributes.h"
#include "services/sqs/batch.h"
#include "services/sqs/encrypt.h"
#include "services/sqs/handle.h"
#include "services/sqs/locate.h"
#include "services/sqs/state.h"
#include "services/sqs/validate.h"
#include "services/sqs/view.h"

/* Messages that the call returns to the queue unreceived. */
struct giving_back {
	struct queue_command command;
	struct queue_change changes[LIMIT_RECEIVE_MESSAGES];
};

struct receiving {
	struct queue_command command;
	struct engine *engine;
	const struct sqs_queue *queue;
	uint32_t wanted; /* of sqs_view */
	struct queue_delivery deliveries[LIMIT_RECEIVE_MESSAGES];
	struct buf bytes; /* of the messages, until the answer is encoded */
	struct envelope_reader reader;
	size_t size;				  /* of all messages, as they are stored */
	size_t next;				  /* delivery to read */
	bool may_wait;				  /* for the disk: on a worker */
	enum err refusal;			  /* of KMS, for the last message that it refused */
	struct giving_back *back;		  /* NULL: nothing to give back */
	bool is_withheld[LIMIT_RECEIVE_MESSAGES]; /* by delivery: given back, or not readable */
};

/* ---- the request ---- */

/* Names of queue attributes are accepted and ignored: the API's type allows them. */
static enum err add_wanted(struct call *call, const struct str *names, size_t count,
			   uint32_t *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (!sqs_view_want(names[i], wanted) &&
		    sqs_attribute_find(names[i]) == SQS_ATTRIBUTE_COUNT)
			return fail(call, &SQS_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %.*s.",
				    STR_ARG(names[i]));
	return ERR_OK;
}

/* ---- answers ---- */

static enum err show(struct call *call, const struct queue_delivery *delivery,
		     struct sqs_message *out)
{
	const struct sqs_receive_message_in *in = call->in;
	struct receiving *receiving = call_state(call, struct receiving);
	const struct sqs_view view = {
		.is_fifo = receiving->queue->is_fifo,
		.wanted = receiving->wanted,
		.patterns = in->message_attribute_names,
		.pattern_count = in->message_attribute_names_count,
		.may_wait = receiving->may_wait,
		.reader = &receiving->reader,
	};

	enum err err =
		sqs_view_read(call->core, call->arena, &view, delivery, &receiving->bytes, out);
	if (!err)
		out->receipt_handle = sqs_handle_seal(call->core, call->arena, &delivery->handle);
	return err;
}

static void release(void *subject)
{
	struct receiving *receiving = subject;

	for (size_t i = 0; i < receiving->command.receive.count; i++)
		queue_delivery_done(receiving->engine, &receiving->deliveries[i]);
	envelope_reader_done(&receiving->reader);
	buf_done(&receiving->bytes);
}

static void log_unreadable(const struct receiving *receiving, const struct queue_delivery *delivery,
			   enum err err)
{
	log_event(LOG_ERROR, "message cannot be read", log_str("queue", receiving->queue->arn),
		  log_i64("segment", delivery->location.segment),
		  log_i64("offset", delivery->location.offset), log_str("error", err_text(err)));
}

static void give_back(struct call *call, size_t index)
{
	struct receiving *receiving = call_state(call, struct receiving);

	if (!receiving->back)
		receiving->back = arena_new(call->arena, struct giving_back);
	receiving->is_withheld[index] = true;
	struct giving_back *back = receiving->back;
	back->changes[back->command.change.count++].handle = receiving->deliveries[index].handle;
}

/* True if an earlier message of the same FIFO group is withheld: later ones must wait for it. */
static bool is_behind_withheld(const struct receiving *receiving, size_t index)
{
	for (size_t i = 0; i < index && receiving->queue->is_fifo; i++)
		if (receiving->is_withheld[i] &&
		    receiving->deliveries[i].group == receiving->deliveries[index].group)
			return true;
	return false;
}

/*
 * Reads the messages that can be shown. Messages that KMS refuses are given back, as no client
 * received them. Messages that the disk fails to read stay in flight until their visibility
 * timeout, so that they do not return at once, again and again. ERR_BUSY: the next message is not
 * in memory.
 */
static enum err read_messages(struct call *call)
{
	struct receiving *receiving = call_state(call, struct receiving);
	struct sqs_receive_message_out *out = call->out;

	/* Texts point into the buffer: it must not move from here on. */
	if (receiving->bytes.capacity == 0)
		buf_reserve(&receiving->bytes, receiving->size);
	for (; receiving->next < receiving->command.receive.count; receiving->next++) {
		const struct queue_delivery *delivery = &receiving->deliveries[receiving->next];
		if (is_behind_withheld(receiving, receiving->next)) {
			give_back(call, receiving->next);
			continue;
		}
		enum err err = show(call, delivery, &out->messages[out->messages_count]);
		if (err == ERR_BUSY)
			return err;
		if (!err)
			out->messages_count++;
		else if (err == ERR_FAULT)
			receiving->refusal = sqs_fail_kms(call, receiving->reader.problem,
							  receiving->reader.text);
		else
			log_unreadable(receiving, delivery, err);
		receiving->is_withheld[receiving->next] = err != ERR_OK;
		if (err == ERR_FAULT)
			give_back(call, receiving->next);
	}
	return ERR_OK;
}

static enum err conclude(struct call *call)
{
	struct receiving *receiving = call_state(call, struct receiving);
	struct sqs_receive_message_out *out = call->out;

	if (out->messages_count == 0)
		return receiving->refusal;
	for (size_t i = 0; i < out->messages_count; i++)
		call->payload_size += out->messages[i].body.size;
	call->fault = NULL;
	return ERR_OK;
}

/* If the engine does not take messages back, they stay in flight until their timeout. */
static enum err finish(struct call *call)
{
	struct receiving *receiving = call_state(call, struct receiving);
	const struct queue_command *receive = &receiving->command;

	for (; receiving->next < receive->receive.count; receiving->next++)
		give_back(call, receiving->next);
	if (!receiving->back)
		return conclude(call);
	struct queue_command *command = &receiving->back->command;
	command->type = QUEUE_GIVE_BACK;
	command->queue = receive->queue;
	command->change.changes = receiving->back->changes;
	command->change.has_attempt = receive->receive.has_attempt;
	memcpy(command->change.attempt, receive->receive.attempt, sizeof(command->change.attempt));
	return call_submit(call, command, conclude);
}

/* Answers with the messages read so far and gives the rest back. */
static enum err give_back_unread(struct call *call)
{
	struct receiving *receiving = call_state(call, struct receiving);

	receiving->refusal = ERR_FAULT;
	return finish(call);
}

/* The workers may be too busy, or the client may leave while it waits for one. */
static enum err read_on_worker(struct call *call)
{
	struct receiving *receiving = call_state(call, struct receiving);

	receiving->may_wait = true;
	call_on_undone(call, give_back_unread);
	enum err err = call_work(call, receiving->bytes.capacity, read_messages, finish);
	return err == ERR_FAULT ? give_back_unread(call) : err;
}

/* AWS's words, small r included. */
static enum err attempt_over(struct call *call)
{
	const struct sqs_receive_message_in *in = call->in;

	return fail(call, &SQS_INVALID_PARAMETER_VALUE,
		    "Value %.*s for parameter ReceiveRequestAttemptId is invalid. Reason: The "
		    "receiveRequestAttemptId is not valid anymore since the receive call is not "
		    "retryable.",
		    STR_ARG(in->receive_request_attempt_id));
}

static enum err answered(struct call *call)
{
	struct receiving *receiving = call_state(call, struct receiving);
	const struct queue_command *command = &receiving->command;
	struct sqs_receive_message_out *out = call->out;

	if (command->result == QUEUE_ATTEMPT_OVER)
		return attempt_over(call);
	if (command->result != QUEUE_OK)
		return sqs_fail_result(call, command->result);
	if (command->receive.count == 0)
		return ERR_OK;
	for (size_t i = 0; i < command->receive.count; i++)
		receiving->size += receiving->deliveries[i].location.size;
	out->messages = arena_array(call->arena, struct sqs_message, command->receive.count);
	sqs_reader_begin(call, receiving->queue, &receiving->reader);
	call_on_end(call, release, receiving);
	if (receiving->size > LIMIT_NET_READ_SIZE)
		return read_on_worker(call);
	enum err err = read_messages(call);
	if (err == ERR_BUSY)
		return read_on_worker(call);
	return err ? err : finish(call);
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
		err = add_wanted(call, in->attribute_names, in->attribute_names_count, &wanted);
	if (!err)
		err = add_wanted(call, in->message_system_attribute_names,
				 in->message_system_attribute_names_count, &wanted);
	if (!err && in->receive_request_attempt_id.data && queue->is_fifo)
		err = sqs_check_id(call, "ReceiveRequestAttemptId", in->receive_request_attempt_id);
	if (!err)
		err = sqs_may_open(call, queue);
	if (err)
		return err;
	receiving = arena_new(call->arena, struct receiving);
	receiving->engine = engine_of(call->core, queue->number);
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
	call_set_state(call, struct receiving, receiving);
	return call_submit(call, &receiving->command, answered);
}
