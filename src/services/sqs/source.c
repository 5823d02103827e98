/* SPDX-License-Identifier: MIT */
/*
 * source: ReceiveMessage and DeleteMessageBatch, and an operation of no client that opens receipt
 * handles under the permission to delete. Ids of entries are their places.
 *
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html
 */
#include "services/sqs/source.h"

#include "api/sqs.h"
#include "base/arn.h"
#include "core/source.h"
#include "services/sqs/handle.h"
#include "services/sqs/locate.h"
#include "services/sqs/state.h"

static enum err resolve(struct core *core, struct str arn, struct source_description *out)
{
	const struct sqs_queue *queue = sqs_registry_find_arn(sqs_of(core)->registry, arn);

	if (!queue)
		return ERR_NOTFOUND;
	out->is_fifo = queue->is_fifo;
	sqs_queue_release(queue);
	return ERR_OK;
}

/* ---- receiving ---- */

static const struct operation *receive(struct core *core, struct arena *arena,
				       const struct source_receive *receive, const void **out_in)
{
	struct sqs_receive_message_in *in = arena_new(arena, struct sqs_receive_message_in);
	struct str *all = arena_new(arena, struct str);

	(void)core;
	*all = STR("All");
	in->queue_url = arena_copy(arena, receive->arn);
	in->has_max_number_of_messages = in->has_wait_time_seconds = true;
	in->max_number_of_messages = receive->max;
	in->wait_time_seconds = receive->wait_seconds;
	in->message_system_attribute_names = in->message_attribute_names = all;
	in->message_system_attribute_names_count = in->message_attribute_names_count = 1;
	*out_in = in;
	return &sqs_service.operations[SQS_RECEIVE_MESSAGE];
}

static struct str copy_text(struct arena *arena, struct str text)
{
	return text.data ? arena_copy(arena, text) : text;
}

static void copy_attributes(struct arena *arena, const struct sqs_message *from,
			    struct source_message *to)
{
	struct target_attribute *attributes =
		arena_array(arena, struct target_attribute, from->message_attributes_count);

	for (size_t i = 0; i < from->message_attributes_count; i++) {
		const struct sqs_message_attribute_value_entry *entry =
			&from->message_attributes[i];
		attributes[i] = (struct target_attribute){
			.name = arena_copy(arena, entry->key),
			.type = arena_copy(arena, entry->value.data_type),
			.value = arena_copy(arena, entry->value.binary_value.data
							   ? entry->value.binary_value
							   : entry->value.string_value),
		};
	}
	to->attributes = attributes;
	to->attribute_count = from->message_attributes_count;
}

static void copy_message(struct arena *arena, const struct sqs_message *from,
			 struct source_message *to)
{
	struct shape_pair *system = arena_array(arena, struct shape_pair, from->attributes_count);

	for (size_t i = 0; i < from->attributes_count; i++)
		system[i] = (struct shape_pair){arena_copy(arena, from->attributes[i].key),
						arena_copy(arena, from->attributes[i].value)};
	*to = (struct source_message){
		.id = arena_copy(arena, from->message_id),
		.receipt = arena_copy(arena, from->receipt_handle),
		.body = arena_copy(arena, from->body),
		.md5 = arena_copy(arena, from->md5_of_body),
		.md5_of_attributes = copy_text(arena, from->md5_of_message_attributes),
		.system = system,
		.system_count = from->attributes_count,
	};
	copy_attributes(arena, from, to);
}

static size_t read_messages(struct arena *arena, const void *answer,
			    struct source_message *messages, size_t max)
{
	const struct sqs_receive_message_out *out = answer;

	check(out->messages_count <= max);
	for (size_t i = 0; i < out->messages_count; i++)
		copy_message(arena, &out->messages[i], &messages[i]);
	return out->messages_count;
}

/* ---- deleting ---- */

static const struct operation *remove_messages(struct core *core, struct arena *arena,
					       const struct source_receipts *receipts,
					       const void **out_in)
{
	struct sqs_delete_message_batch_in *in =
		arena_new(arena, struct sqs_delete_message_batch_in);

	(void)core;
	in->queue_url = arena_copy(arena, receipts->arn);
	in->entries_count = receipts->count;
	in->entries =
		arena_array(arena, struct sqs_delete_message_batch_request_entry, receipts->count);
	for (size_t i = 0; i < receipts->count; i++) {
		in->entries[i].id = arena_format(arena, "%zu", i);
		in->entries[i].receipt_handle = arena_copy(arena, receipts->receipts[i]);
	}
	*out_in = in;
	return &sqs_service.operations[SQS_DELETE_MESSAGE_BATCH];
}

static void read_removed(const void *answer, const struct source_receipts *receipts)
{
	const struct sqs_delete_message_batch_out *out = answer;

	for (size_t i = 0; i < receipts->count; i++)
		receipts->is_done[i] = false;
	for (size_t i = 0; i < out->successful_count; i++) {
		int64_t place = -1;

		check(str_to_i64(out->successful[i].id, &place));
		check((size_t)place < receipts->count);
		receipts->is_done[place] = true;
	}
}

/* ---- opening handles ---- */

static enum err run_open(struct call *call, const void *in, void *out)
{
	const struct source_receipts *receipts = in;
	const struct sqs_queue *queue;

	(void)out;
	enum err err = sqs_queue_of_call(call, receipts->arn, &queue);
	if (err)
		return err;
	for (size_t i = 0; i < receipts->count; i++)
		receipts->is_done[i] = sqs_handle_open(call->core, receipts->receipts[i],
						       queue->number, &receipts->handles[i]);
	return ERR_OK;
}

static const struct shape nothing;

/* The index says which action is authorized. */
static const struct operation *open_handles(struct core *core, struct arena *arena,
					    const struct source_receipts *receipts,
					    const void **out_in)
{
	struct operation *operation = arena_new(arena, struct operation);

	(void)core;
	*operation = sqs_service.operations[SQS_DELETE_MESSAGE_BATCH];
	operation->in = operation->out = &nothing;
	operation->run = run_open;
	*out_in = receipts;
	return operation;
}

const struct source_provider sqs_source_provider = {
	.resolve = resolve,
	.receive = receive,
	.remove = remove_messages,
	.open = open_handles,
	.read = read_messages,
	.read_removed = read_removed,
};
