/* SPDX-License-Identifier: MIT */
/*
 * change: DeleteMessage, ChangeMessageVisibility and their batches.
 *
 * One path for all four: entries with a receipt handle become queue_changes of one command.
 */
#include "api/sqs.h"
#include "services/sqs/batch.h"
#include "services/sqs/handle.h"
#include "services/sqs/locate.h"
#include "services/sqs/state.h"

struct entry {
	struct str id; /* in the batch; data NULL: single */
	struct str receipt_handle;
	bool has_visibility;
	int64_t visibility_seconds;
};

struct changing {
	struct queue_command command;
	struct entry *entries; /* all that were sent */
	size_t entry_count;
	struct entry *changed[LIMIT_BATCH_ENTRIES]; /* of command.change.changes */
	struct sqs_batch_result_error_entry *failed;
	size_t failed_count;
};

static enum err bad_handle(struct call *call, struct str handle, const char *reason)
{
	return fail(call, &SQS_INVALID_PARAMETER_VALUE,
		    "Value %.*s for parameter ReceiptHandle is invalid. Reason: %s",
		    STR_ARG(handle), reason);
}

/* Maps the engine's result of one entry to a fault. */
static enum err judge(struct call *call, const struct entry *entry,
		      const struct queue_change *change)
{
	bool is_delete = call->operation->index == SQS_DELETE_MESSAGE ||
			 call->operation->index == SQS_DELETE_MESSAGE_BATCH;

	switch (change->result) {
	case QUEUE_OK:
		return ERR_OK;
	case QUEUE_MESSAGE_GONE:
		if (is_delete)
			return ERR_OK;
		return bad_handle(call, entry->receipt_handle,
				  "Message does not exist or is not available for visibility "
				  "timeout change.");
	case QUEUE_HANDLE_EXPIRED:
		return bad_handle(call, entry->receipt_handle, "The receipt handle has expired.");
	case QUEUE_VISIBILITY_LIMIT:
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Value %lld for parameter VisibilityTimeout is invalid. Reason: Total "
			    "VisibilityTimeout for the message is beyond the limit [%d seconds]",
			    (long long)entry->visibility_seconds, LIMIT_VISIBILITY_S);
	default:
		return sqs_fail_result(call, change->result);
	}
}

static enum err check_visibility(struct call *call, const struct entry *entry, size_t place)
{
	if (!entry->has_visibility && entry->id.data)
		return fail(call, &SQS_MISSING_PARAMETER,
			    "The request must contain the parameter "
			    "ChangeMessageVisibilityBatchRequestEntry.%zu.VisibilityTimeout.",
			    place + 1);
	if (!entry->has_visibility)
		return fail(call, &SQS_MISSING_PARAMETER,
			    "The request must contain the parameter VisibilityTimeout.");
	if (entry->visibility_seconds < 0 || entry->visibility_seconds > LIMIT_VISIBILITY_S)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Value %lld for parameter VisibilityTimeout is invalid. Reason: %s %d.",
			    (long long)entry->visibility_seconds,
			    entry->id.data ? "VisibilityTimeout must be an integer between 0 and"
					   : "Must be between 0 and",
			    LIMIT_VISIBILITY_S);
	return ERR_OK;
}

static enum err open_handle(struct call *call, const struct sqs_queue *queue,
			    const struct entry *entry, struct queue_handle *out_handle)
{
	if (entry->receipt_handle.size == 0)
		return fail(call, &SQS_MISSING_PARAMETER,
			    "The request must contain the parameter ReceiptHandle.");
	if (!sqs_handle_open(call->core, entry->receipt_handle, queue->number, out_handle))
		return fail(
			call, &SQS_RECEIPT_HANDLE_IS_INVALID,
			"The input receipt handle \"%.*s\" is not a valid receipt handle.",
			STR_ARG(str_slice(entry->receipt_handle, 0, LIMIT_RECEIPT_HANDLE_SIZE)));
	return ERR_OK;
}

static enum err add_change(struct call *call, const struct sqs_queue *queue,
			   struct changing *changing, size_t place)
{
	struct entry *entry = &changing->entries[place];
	bool is_visibility = changing->command.type == QUEUE_VISIBILITY;
	struct queue_change *change =
		&changing->command.change.changes[changing->command.change.count];

	enum err err = open_handle(call, queue, entry, &change->handle);
	if (!err && is_visibility)
		err = check_visibility(call, entry, place);
	if (err)
		return err;
	change->visibility_ms = entry->visibility_seconds * 1000;
	changing->changed[changing->command.change.count++] = entry;
	return ERR_OK;
}

static struct changing *changing_new(struct call *call, enum queue_command_type type, size_t count)
{
	struct changing *changing = arena_new(call->arena, struct changing);

	changing->command.type = type;
	changing->command.change.changes = arena_array(call->arena, struct queue_change, count);
	changing->entries = arena_array(call->arena, struct entry, count);
	changing->entry_count = count;
	call_set_state(call, struct changing, changing);
	return changing;
}

/* ---- single ---- */

static enum err single_answered(struct call *call)
{
	struct changing *changing = call_state(call, struct changing);

	if (changing->command.result != QUEUE_OK)
		return sqs_fail_result(call, changing->command.result);
	return judge(call, changing->changed[0], &changing->command.change.changes[0]);
}

static enum err change_one(struct call *call, struct str queue_url, struct changing *changing)
{
	const struct sqs_queue *queue;

	enum err err = sqs_queue_of_call(call, queue_url, &queue);
	if (err)
		return err;
	changing->command.queue = queue->number;
	err = add_change(call, queue, changing, 0);
	if (err)
		return err;
	return call_submit(call, &changing->command, single_answered);
}

enum err sqs_delete_message(struct call *call, const struct sqs_delete_message_in *in,
			    struct sqs_delete_message_out *out)
{
	struct changing *changing = changing_new(call, QUEUE_DELETE, 1);

	(void)out;
	changing->entries[0].receipt_handle = in->receipt_handle;
	return change_one(call, in->queue_url, changing);
}

enum err sqs_change_message_visibility(struct call *call,
				       const struct sqs_change_message_visibility_in *in,
				       struct sqs_change_message_visibility_out *out)
{
	struct changing *changing = changing_new(call, QUEUE_VISIBILITY, 1);

	(void)out;
	changing->entries[0] = (struct entry){
		.receipt_handle = in->receipt_handle,
		.has_visibility = in->has_visibility_timeout,
		.visibility_seconds = in->visibility_timeout,
	};
	return change_one(call, in->queue_url, changing);
}

/* ---- batches ---- */

static void fail_entry(struct call *call, struct changing *changing, const struct entry *entry)
{
	sqs_batch_fail(call, entry->id, &changing->failed[changing->failed_count++]);
}

/* Ids of the successful entries, in the order they were sent. */
static struct str *resolve(struct call *call, size_t *out_count)
{
	struct changing *changing = call_state(call, struct changing);
	size_t count = changing->command.change.count;
	struct str *ids = arena_array(call->arena, struct str, count);

	*out_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = changing->changed[i];
		if (judge(call, entry, &changing->command.change.changes[i]) == ERR_OK)
			ids[(*out_count)++] = entry->id;
		else
			fail_entry(call, changing, entry);
	}
	return ids;
}

/* The ids of entries that succeeded, which both batches answer in types of their own, and the
 * failed entries. */
static enum err answered(struct call *call, struct str **out_ids, size_t *out_count,
			 struct sqs_batch_result_error_entry **out_failed, size_t *out_failed_count)
{
	struct changing *changing = call_state(call, struct changing);

	if (changing->command.result != QUEUE_OK)
		return sqs_fail_result(call, changing->command.result);
	*out_ids = resolve(call, out_count);
	*out_failed = changing->failed;
	*out_failed_count = changing->failed_count;
	return ERR_OK;
}

static enum err delete_answered(struct call *call)
{
	struct sqs_delete_message_batch_out *out = call->out;
	struct str *ids = NULL;

	enum err err =
		answered(call, &ids, &out->successful_count, &out->failed, &out->failed_count);
	if (err)
		return err;
	out->successful = arena_array(call->arena, struct sqs_delete_message_batch_result_entry,
				      out->successful_count);
	for (size_t i = 0; i < out->successful_count; i++)
		out->successful[i].id = ids[i];
	return ERR_OK;
}

static enum err visibility_answered(struct call *call)
{
	struct sqs_change_message_visibility_batch_out *out = call->out;
	struct str *ids = NULL;

	enum err err =
		answered(call, &ids, &out->successful_count, &out->failed, &out->failed_count);
	if (err)
		return err;
	out->successful =
		arena_array(call->arena, struct sqs_change_message_visibility_batch_result_entry,
			    out->successful_count);
	for (size_t i = 0; i < out->successful_count; i++)
		out->successful[i].id = ids[i];
	return ERR_OK;
}

static enum err change_batch(struct call *call, struct str queue_url, const char *name,
			     bool has_entries, struct changing *changing, resume_fn answer)
{
	const struct sqs_queue *queue;
	struct str *ids = arena_array(call->arena, struct str, changing->entry_count);

	for (size_t i = 0; i < changing->entry_count; i++)
		ids[i] = changing->entries[i].id;
	enum err err = sqs_queue_of_call(call, queue_url, &queue);
	if (!err)
		err = sqs_batch_check(call, name, has_entries, ids, changing->entry_count);
	if (err)
		return err;
	changing->command.queue = queue->number;
	changing->failed = arena_array(call->arena, struct sqs_batch_result_error_entry,
				       changing->entry_count);
	for (size_t i = 0; i < changing->entry_count; i++)
		if (add_change(call, queue, changing, i) != ERR_OK)
			fail_entry(call, changing, &changing->entries[i]);
	if (changing->command.change.count > 0)
		return call_submit(call, &changing->command, answer);
	return answer(call);
}

enum err sqs_delete_message_batch(struct call *call, const struct sqs_delete_message_batch_in *in,
				  struct sqs_delete_message_batch_out *out)
{
	struct changing *changing = changing_new(call, QUEUE_DELETE, in->entries_count);

	(void)out;
	for (size_t i = 0; i < in->entries_count; i++)
		changing->entries[i] = (struct entry){
			.id = in->entries[i].id, .receipt_handle = in->entries[i].receipt_handle};
	return change_batch(call, in->queue_url, "DeleteMessageBatchRequestEntry",
			    in->entries != NULL, changing, delete_answered);
}

enum err
sqs_change_message_visibility_batch(struct call *call,
				    const struct sqs_change_message_visibility_batch_in *in,
				    struct sqs_change_message_visibility_batch_out *out)
{
	struct changing *changing = changing_new(call, QUEUE_VISIBILITY, in->entries_count);

	(void)out;
	for (size_t i = 0; i < in->entries_count; i++)
		changing->entries[i] = (struct entry){
			.id = in->entries[i].id,
			.receipt_handle = in->entries[i].receipt_handle,
			.has_visibility = in->entries[i].has_visibility_timeout,
			.visibility_seconds = in->entries[i].visibility_timeout,
		};
	return change_batch(call, in->queue_url, "ChangeMessageVisibilityBatchRequestEntry",
			    in->entries != NULL, changing, visibility_answered);
}
