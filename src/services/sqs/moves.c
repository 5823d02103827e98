/* SPDX-License-Identifier: MIT */
/* moves: message move tasks, from a dead-letter queue back to the sources of its messages or to a
 * given queue. */
#include "api/sqs.h"
#include "core/group.h"
#include "format/json.h"
#include "services/sqs/authorize.h"
#include "services/sqs/locate.h"
#include "services/sqs/move_scheduler.h"

#define KEPT_PER_SOURCE 10

static const struct str status_texts[] = {STR_INIT("RUNNING"), STR_INIT("COMPLETED"),
					  STR_INIT("CANCELLING"), STR_INIT("CANCELLED"),
					  STR_INIT("FAILED")};

static bool is_queue_arn(struct str text)
{
	struct arn arn;

	return arn_parse(text, &arn) && arn.region.size > 0 && arn.account.size > 0;
}

static enum err no_resource(struct call *call, const char *parameter)
{
	return fail(call, &SQS_RESOURCE_NOT_FOUND,
		    "The resource that you specified for the %s parameter doesn't exist.",
		    parameter);
}

/* True if it is of another account than the caller's; an unsigned request has no account to
 * compare. */
static bool is_foreign(const struct call *call, struct str arn)
{
	return call->principal && call->principal->type != PRINCIPAL_ANONYMOUS &&
	       !str_equal(arn_account(arn), call->account);
}

/* Finds a queue of the caller's own by ARN and authorizes all `operations` on it. */
static enum err find_by_arn(struct call *call, const char *parameter, struct str arn,
			    const uint32_t *operations, size_t operation_count,
			    const struct sqs_queue **out_queue)
{
	if (!is_queue_arn(arn))
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "You must use this format to specify the %s: "
			    "arn:<partition>:<service>:<region>:<account-id>:<resource-id>",
			    parameter);
	const struct sqs_queue *queue = NULL;
	if (str_equal(arn_region(arn), call->region))
		queue = sqs_registry_find_arn(sqs_of(call->core)->registry, arn);
	sqs_keep_queue(call, queue);
	for (size_t i = 0; i < operation_count; i++) {
		enum err err = sqs_authorize(call, operations[i], arn, arn_account(arn), queue);
		if (err)
			return err;
	}
	if (!queue || !str_equal(queue->account, call->account))
		return no_resource(call, parameter);
	*out_queue = queue;
	return ERR_OK;
}

static enum err check_source(struct call *call, const struct sqs_queue *source)
{
	int active = 0;

	if (!sqs_registry_has_sources(sqs_of(call->core)->registry, source->arn))
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Source queue must be configured as a Dead Letter Queue.");
	FOR_MOVES(call->core, link)
	{
		const struct sqs_move *move = container_of(link, struct sqs_move, link);
		if (!sqs_move_is_active(move) || !str_equal(move->account, source->account))
			continue;
		active++;
		if (str_equal(move->source, source->arn))
			return fail(call, &SQS_INVALID_PARAMETER_VALUE,
				    "There is already a task running. Only one active task is "
				    "allowed for a source queue arn at a given time.");
	}
	if (active >= LIMIT_MOVE_TASKS)
		return fail(call, &SQS_OVER_LIMIT, "At most %d message move tasks may be active.",
			    LIMIT_MOVE_TASKS);
	return ERR_OK;
}

struct return_question {
	struct call *call;
	enum err err;
};

static bool may_return(void *context, const struct sqs_queue *queue)
{
	struct return_question *question = context;

	question->err =
		sqs_authorize(question->call, SQS_SEND_MESSAGE, queue->arn, queue->account, queue);
	return !question->err;
}

/* Without a destination, messages go back to their sources: the caller needs permission to send
 * there. */
static enum err check_return(struct call *call, const struct sqs_queue *source)
{
	struct return_question question = {.call = call};

	sqs_registry_each_source(sqs_of(call->core)->registry, source->arn, STR(""), may_return,
				 &question);
	return question.err;
}

static enum err check_destination(struct call *call, const struct sqs_queue *source, struct str arn)
{
	static const uint32_t operations[] = {SQS_SEND_MESSAGE};
	const struct sqs_queue *destination;

	if (arn.size == 0)
		return check_return(call, source);
	enum err err = find_by_arn(call, "DestinationArn", arn, operations, 1, &destination);
	if (err)
		return err;
	if (str_equal(destination->arn, source->arn))
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Source queue arn and destination queue arn cannot be the same.");
	if (destination->is_fifo != source->is_fifo)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "The source queue and destination queue must be of the same queue "
			    "type.");
	return ERR_OK;
}

static struct str handle_of(struct arena *arena, const struct sqs_move *move)
{
	struct str plain = arena_format(arena, "{\"taskId\":\"%.*s\",\"sourceArn\":\"%.*s\"}",
					UUID_TEXT_SIZE, move->id, STR_ARG(move->source));
	char *text = arena_bytes(arena, base64_size(plain.size));

	base64_format(plain, text);
	return str_of(text, base64_size(plain.size));
}

/* The oldest ended task of the source when there are enough; NULL: another one may be kept. */
static struct sqs_move *find_oldest(struct core *core, struct str source)
{
	struct sqs_move *oldest = NULL;
	int count = 0;

	FOR_MOVES(core, link)
	{
		struct sqs_move *move = container_of(link, struct sqs_move, link);
		if (!str_equal(move->source, source))
			continue;
		count++;
		if (!sqs_move_is_active(move))
			oldest = move;
	}
	return count >= KEPT_PER_SOURCE ? oldest : NULL;
}

/* Adds a new task, which the catalog gets when it loses the oldest one. */
static enum err enter(struct core *core, struct sqs_move *move)
{
	struct catalog_changes changes = {0};

	/* The list of tasks shows changes at once. */
	enum err err = core_leave_group(core);
	if (err)
		return err;
	struct sqs_move *oldest = find_oldest(core, move->source);
	sqs_move_add_record(&changes, move);
	if (oldest)
		catalog_changes_delete(&changes, CATALOG_SQS_TASKS,
				       str_of(oldest->id, UUID_TEXT_SIZE));
	err = catalog_write(core->catalog, &changes);
	if (err)
		return err;
	if (oldest)
		sqs_move_forget(oldest);
	list_push_front(&sqs_moves_of(core)->tasks, &move->link);
	return ERR_OK;
}

enum err sqs_start_message_move_task(struct call *call,
				     const struct sqs_start_message_move_task_in *in,
				     struct sqs_start_message_move_task_out *out)
{
	static const uint32_t operations[] = {SQS_START_MESSAGE_MOVE_TASK, SQS_RECEIVE_MESSAGE,
					      SQS_DELETE_MESSAGE, SQS_GET_QUEUE_ATTRIBUTES};
	const struct sqs_queue *source;
	uint8_t id[16];

	enum err err = find_by_arn(call, "SourceArn", in->source_arn, operations, 4, &source);
	if (!err)
		err = check_destination(call, source, in->destination_arn);
	if (!err)
		err = check_source(call, source);
	if (err)
		return err;
	struct sqs_move *move = heap_alloc(sizeof(*move));
	uuid_new(id);
	uuid_format(id, move->id);
	move->account = heap_copy(source->account);
	move->source = heap_copy(source->arn);
	move->destination = heap_copy(in->destination_arn);
	move->rate = in->max_number_of_messages_per_second;
	move->started_ms = call->now_ms;
	move->base_ms = call->base_ms;
	move->to_move = atomic_load(&source->life->counters.visible);
	err = enter(call->core, move);
	if (err) {
		sqs_move_free(move);
		return err;
	}
	sqs_move_begin(call->core, move);
	out->task_handle = handle_of(call->arena, move);
	return ERR_OK;
}

static void show(struct call *call, const struct sqs_move *move,
		 struct sqs_list_message_move_tasks_result_entry *out)
{
	out->status = status_texts[move->status];
	out->source_arn = arena_copy(call->arena, move->source);
	if (move->status == MOVE_RUNNING)
		out->task_handle = handle_of(call->arena, move);
	if (move->destination.size > 0)
		out->destination_arn = arena_copy(call->arena, move->destination);
	if (move->failure.size > 0)
		out->failure_reason = arena_copy(call->arena, move->failure);
	out->has_max_number_of_messages_per_second = move->rate > 0;
	out->max_number_of_messages_per_second = move->rate;
	out->has_approximate_number_of_messages_moved = true;
	out->approximate_number_of_messages_moved = move->moved;
	out->has_approximate_number_of_messages_to_move = true;
	out->approximate_number_of_messages_to_move = move->to_move;
	out->has_started_timestamp = true;
	out->started_timestamp = move->started_ms;
}

enum err sqs_list_message_move_tasks(struct call *call,
				     const struct sqs_list_message_move_tasks_in *in,
				     struct sqs_list_message_move_tasks_out *out)
{
	static const uint32_t operations[] = {SQS_LIST_MESSAGE_MOVE_TASKS};
	const struct sqs_queue *source;
	size_t most = in->has_max_results ? (size_t)in->max_results : 1;

	enum err err = find_by_arn(call, "SourceArn", in->source_arn, operations, 1, &source);
	if (err)
		return err;
	out->results =
		arena_array(call->arena, struct sqs_list_message_move_tasks_result_entry, most);
	FOR_MOVES(call->core, link)
	{
		const struct sqs_move *move = container_of(link, struct sqs_move, link);
		if (out->results_count < most && str_equal(move->source, source->arn))
			show(call, move, &out->results[out->results_count++]);
	}
	return ERR_OK;
}

static bool parse_handle(struct arena *arena, struct str handle, struct str *out_id,
			 struct str *out_arn)
{
	uint8_t *plain = (uint8_t *)arena_bytes(arena, handle.size + 4);
	yyjson_val *root;
	size_t size;

	if (handle.size > LIMIT_RECEIPT_HANDLE_SIZE || !base64_parse(handle, plain, &size) ||
	    json_parse(arena, str_of(plain, size), &root) != ERR_OK)
		return false;
	*out_id = json_text(json_member(root, "taskId"));
	*out_arn = json_text(json_member(root, "sourceArn"));
	return out_id->size > 0 && is_queue_arn(*out_arn);
}

enum err sqs_cancel_message_move_task(struct call *call,
				      const struct sqs_cancel_message_move_task_in *in,
				      struct sqs_cancel_message_move_task_out *out)
{
	static const uint32_t operations[] = {SQS_CANCEL_MESSAGE_MOVE_TASK};
	const struct sqs_queue *source;
	struct str id, arn;

	if (!parse_handle(call->arena, in->task_handle, &id, &arn))
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Value for parameter TaskHandle is invalid.");
	if (is_foreign(call, arn))
		return no_resource(call, "SourceArn");
	enum err err = find_by_arn(call, "SourceArn", arn, operations, 1, &source);
	if (!err)
		err = core_leave_group(call->core);
	if (err)
		return err;
	FOR_MOVES(call->core, link)
	{
		struct sqs_move *move = container_of(link, struct sqs_move, link);
		if (!str_equal(str_of(move->id, UUID_TEXT_SIZE), id) ||
		    !str_equal(move->account, call->account))
			continue;
		if (!sqs_move_is_active(move))
			return fail(call, &SQS_INVALID_PARAMETER_VALUE,
				    "Value for parameter TaskHandle is invalid. Reason: Only "
				    "active tasks can be cancelled.");
		enum sqs_move_status before = move->status;
		move->status = MOVE_CANCELLING;
		err = sqs_move_save(call->core, move);
		if (err) {
			move->status = before;
			return err;
		}
		out->has_approximate_number_of_messages_moved = true;
		out->approximate_number_of_messages_moved = move->moved;
		return ERR_OK;
	}
	return fail(call, &SQS_RESOURCE_NOT_FOUND, "Task does not exist.");
}
