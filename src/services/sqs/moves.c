/* SPDX-License-Identifier: MIT */
/*
 * moves: a running task has a turn every TURN_MS; with a rate it moves what has come due since it
 * began, without one as much as a command takes, and then at once again.
 *
 * The catalog holds a task as JSON. Its count of moved messages is written when the status changes:
 * after a crash a running task goes on and counts from there.
 */
#include "services/sqs/moves.h"

#include <string.h>

#include "api/sqs.h"
#include "core/group.h"
#include "format/json.h"
#include "services/sqs/authorize.h"
#include "services/sqs/locate.h"

#define TURN_MS 100
#define COMMAND_MESSAGES 500
#define KEPT_PER_SOURCE 10

enum status { MOVE_RUNNING, MOVE_COMPLETED, MOVE_CANCELLING, MOVE_CANCELLED, MOVE_FAILED };
static const struct str status_texts[] = {STR_INIT("RUNNING"), STR_INIT("COMPLETED"),
					  STR_INIT("CANCELLING"), STR_INIT("CANCELLED"),
					  STR_INIT("FAILED")};

struct move {
	struct list link; /* in moves->tasks, newest first */
	struct core_task task;
	bool is_posted; /* the control thread has `task` */
	bool is_forgotten;
	char id[UUID_TEXT_SIZE];
	struct str account, source, destination, failure; /* on the heap */
	enum status status;
	int64_t rate; /* messages a second; 0: as fast as it goes */
	int64_t started_ms, moved, to_move;
	int64_t base_ms;	       /* when it began by the time base: orders tasks */
	int64_t paced_ms, paced_moved; /* where pacing began in this process, by the time base */
};

struct sqs_moves {
	struct list tasks;
};

static struct sqs_moves *moves_of(const struct core *core)
{
	return sqs_of(core)->moves;
}

static bool is_active(const struct move *move)
{
	return move->status == MOVE_RUNNING || move->status == MOVE_CANCELLING;
}

static void move_free(struct move *move)
{
	heap_free((void *)move->account.data);
	heap_free((void *)move->source.data);
	heap_free((void *)move->destination.data);
	heap_free((void *)move->failure.data);
	heap_free(move);
}

#define FOR_MOVES(core, link)                                                                      \
	for (struct list *link = moves_of(core)->tasks.next; link != &moves_of(core)->tasks;       \
	     link = link->next)

/* ---- the catalog ---- */

/* Adds the task's record to the changes. */
static void add_record(struct catalog_changes *changes, const struct move *move)
{
	struct json_writer writer;
	struct buf record = {0};

	json_begin(&writer, &record);
	json_open_object(&writer);
	json_key(&writer, STR("account"));
	json_str(&writer, move->account);
	json_key(&writer, STR("source"));
	json_str(&writer, move->source);
	json_key(&writer, STR("destination"));
	json_str(&writer, move->destination);
	json_key(&writer, STR("failure"));
	json_str(&writer, move->failure);
	json_key(&writer, STR("status"));
	json_i64(&writer, move->status);
	json_key(&writer, STR("rate"));
	json_i64(&writer, move->rate);
	json_key(&writer, STR("startedMs"));
	json_i64(&writer, move->started_ms);
	json_key(&writer, STR("startedBaseMs"));
	json_i64(&writer, move->base_ms);
	json_key(&writer, STR("moved"));
	json_i64(&writer, move->moved);
	json_key(&writer, STR("toMove"));
	json_i64(&writer, move->to_move);
	json_close_object(&writer);
	catalog_changes_put(changes, CATALOG_SQS_TASKS, str_of(move->id, UUID_TEXT_SIZE),
			    buf_str(&record));
	buf_done(&record);
}

static enum err save(struct core *core, const struct move *move)
{
	struct catalog_changes changes = {0};

	add_record(&changes, move);
	return catalog_write(core->catalog, &changes);
}

static void forget(struct move *move)
{
	list_remove(&move->link);
	if (move->is_posted)
		move->is_forgotten = true;
	else
		move_free(move);
}

/* ---- turns ---- */

static uint64_t find_label(void *context, struct str label)
{
	const struct core *core = context;
	const struct sqs_queue *queue = sqs_registry_find_arn(sqs_of(core)->registry, label);
	uint64_t number = queue ? queue->number : 0;

	sqs_queue_release(queue);
	return number;
}

static void finish(struct core *core, struct move *move, enum status status, struct str failure)
{
	move->status = status;
	if (failure.size > 0)
		move->failure = heap_copy(failure);
	enum err err = save(core, move);
	if (err)
		log_event(LOG_ERROR, "message move task cannot be saved",
			  log_str("source", move->source), log_str("error", err_text(err)));
}

/* How many may be moved now. */
static int64_t allowance(const struct move *move)
{
	if (move->rate == 0)
		return COMMAND_MESSAGES;
	int64_t due = (clock_base_ms() - move->paced_ms) * move->rate / 1000 - move->paced_moved;
	if (due < 0)
		return 0;
	return due < COMMAND_MESSAGES ? due : COMMAND_MESSAGES;
}

static void move_some(struct core *core, struct move *move, int64_t most)
{
	uint64_t source = find_label(core, move->source);
	uint64_t to = move->destination.size > 0 ? find_label(core, move->destination) : 0;
	struct queue_command command = {.type = QUEUE_REDRIVE, .queue = source};

	if (source == 0 || (to == 0 && move->destination.size > 0)) {
		finish(core, move, MOVE_FAILED, STR("AWS.SimpleQueueService.NonExistentQueue"));
		return;
	}
	command.now_ms = clock_now_ms();
	command.redrive.to = to;
	command.redrive.max = (uint32_t)most;
	command.redrive.find_label = find_label;
	command.redrive.find_context = core;
	random_bytes(&command.redrive.random, sizeof(command.redrive.random));
	core_submit_and_wait(core, &command);
	move->moved += command.redrive.moved;
	move->paced_moved += command.redrive.moved;
	if (command.result == QUEUE_STOPPING || command.result == QUEUE_DISK_FULL)
		return; /* goes on at the next turn, or after the restart */
	if (command.result == QUEUE_NOT_FOUND)
		finish(core, move, MOVE_FAILED, STR("AWS.SimpleQueueService.NonExistentQueue"));
	else if (command.result != QUEUE_OK)
		finish(core, move, MOVE_FAILED, STR("InternalFailure"));
	else if (command.redrive.is_unknown_source)
		finish(core, move, MOVE_FAILED, STR("CouldNotDetermineMessageSource"));
	else if (command.redrive.is_empty)
		finish(core, move, MOVE_COMPLETED, STR(""));
}

static void post_turn(struct core *core, struct move *move, int64_t delay_ms)
{
	move->is_posted = true;
	core_post_control_at(core, &move->task, clock_base_ms() + delay_ms);
}

static void take_turn(struct core *core, struct core_task *task)
{
	struct move *move = container_of(task, struct move, task);

	move->is_posted = false;
	if (move->is_forgotten) {
		move_free(move);
		return;
	}
	if (move->status == MOVE_CANCELLING) {
		finish(core, move, MOVE_CANCELLED, STR(""));
		return;
	}
	int64_t most = allowance(move);
	int64_t moved = move->moved;
	if (most > 0)
		move_some(core, move, most);
	if (is_active(move))
		post_turn(core, move, move->rate > 0 || move->moved == moved ? TURN_MS : 0);
}

static void begin_turns(struct core *core, struct move *move)
{
	move->task.run = take_turn;
	core_task_assign(&move->task, CORE_BACKGROUND, move->account);
	move->paced_ms = clock_base_ms();
	move->paced_moved = 0;
	post_turn(core, move, 0);
}

/* ---- beginning and end ---- */

static enum err load_one(void *context, struct str key, struct str value)
{
	struct core *core = context;
	struct arena arena;
	yyjson_val *root;

	arena_init(&arena);
	if (key.size != UUID_TEXT_SIZE || json_parse(&arena, value, &root) != ERR_OK) {
		arena_done(&arena);
		return ERR_DAMAGED;
	}
	struct move *move = heap_alloc(sizeof(*move));
	memcpy(move->id, key.data, UUID_TEXT_SIZE);
	move->account = heap_copy(json_text(json_member(root, "account")));
	move->source = heap_copy(json_text(json_member(root, "source")));
	move->destination = heap_copy(json_text(json_member(root, "destination")));
	move->failure = heap_copy(json_text(json_member(root, "failure")));
	move->status = (enum status)yyjson_get_sint(json_member(root, "status"));
	move->rate = yyjson_get_sint(json_member(root, "rate"));
	move->started_ms = yyjson_get_sint(json_member(root, "startedMs"));
	move->base_ms = yyjson_get_sint(json_member(root, "startedBaseMs"));
	move->moved = yyjson_get_sint(json_member(root, "moved"));
	move->to_move = yyjson_get_sint(json_member(root, "toMove"));
	arena_done(&arena);
	struct list *place = moves_of(core)->tasks.next;
	while (place != &moves_of(core)->tasks &&
	       container_of(place, struct move, link)->base_ms > move->base_ms)
		place = place->next;
	list_insert_before(place, &move->link);
	return ERR_OK;
}

enum err sqs_moves_start(struct core *core)
{
	struct sqs_moves *moves = heap_alloc(sizeof(*moves));

	list_init(&moves->tasks);
	sqs_of(core)->moves = moves;
	enum err err = catalog_begin(core->catalog, false);
	if (err)
		return err;
	err = catalog_each(core->catalog, CATALOG_SQS_TASKS, load_one, core);
	catalog_abort(core->catalog);
	if (err)
		return err;
	FOR_MOVES(core, link)
	{
		struct move *move = container_of(link, struct move, link);
		if (is_active(move))
			begin_turns(core, move);
	}
	return ERR_OK;
}

void sqs_moves_stop(struct core *core)
{
	struct sqs_moves *moves = moves_of(core);

	if (!moves)
		return;
	while (!list_is_empty(&moves->tasks)) {
		struct list *link = moves->tasks.next;
		list_remove(link);
		move_free(container_of(link, struct move, link));
	}
	heap_free(moves);
	sqs_of(core)->moves = NULL;
}

void sqs_moves_erase(struct core *core, struct str arn, struct catalog_changes *changes)
{
	FOR_MOVES(core, link)
	{
		const struct move *move = container_of(link, struct move, link);
		if (str_equal(move->source, arn))
			catalog_changes_delete(changes, CATALOG_SQS_TASKS,
					       str_of(move->id, UUID_TEXT_SIZE));
	}
}

void sqs_moves_forget(struct core *core, struct str arn)
{
	struct list *next;

	for (struct list *link = moves_of(core)->tasks.next; link != &moves_of(core)->tasks;
	     link = next) {
		struct move *move = container_of(link, struct move, link);
		next = link->next;
		if (str_equal(move->source, arn))
			forget(move);
	}
}

/* ---- operations ---- */

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

/* Of another account than the caller's; an unsigned request has none to compare. */
static bool is_foreign(const struct call *call, struct str arn)
{
	return call->principal && call->principal->type != PRINCIPAL_ANONYMOUS &&
	       !str_equal(arn_account(arn), call->account);
}

/* A queue of the caller's own, by ARN, to which the caller may do all `operations`. */
static enum err find_by_arn(struct call *call, const char *parameter, struct str arn,
			    const uint32_t *operations, size_t operation_count,
			    const struct sqs_queue **out_queue)
{
	if (arn.size == 0)
		return fail(call, &SQS_MISSING_PARAMETER,
			    "The request must contain the parameter %s.", parameter);
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
		const struct move *move = container_of(link, struct move, link);
		if (!is_active(move) || !str_equal(move->account, source->account))
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

/* Without a destination messages go back to where they come from: the caller may send there. */
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

static struct str handle_of(struct arena *arena, const struct move *move)
{
	struct str plain = arena_format(arena, "{\"taskId\":\"%.*s\",\"sourceArn\":\"%.*s\"}",
					UUID_TEXT_SIZE, move->id, STR_ARG(move->source));
	char *text = arena_bytes(arena, base64_size(plain.size));

	base64_format(plain, text);
	return str_of(text, base64_size(plain.size));
}

/* The oldest ended task of the source when there are enough; NULL: another one may be kept. */
static struct move *find_oldest(struct core *core, struct str source)
{
	struct move *oldest = NULL;
	int count = 0;

	FOR_MOVES(core, link)
	{
		struct move *move = container_of(link, struct move, link);
		if (!str_equal(move->source, source))
			continue;
		count++;
		if (!is_active(move))
			oldest = move;
	}
	return count >= KEPT_PER_SOURCE ? oldest : NULL;
}

/* Enters a new task, which the catalog gets when it loses the oldest one. */
static enum err enter(struct core *core, struct move *move)
{
	struct catalog_changes changes = {0};

	/* The list of tasks shows changes at once. */
	enum err err = core_leave_group(core);
	if (err)
		return err;
	struct move *oldest = find_oldest(core, move->source);
	add_record(&changes, move);
	if (oldest)
		catalog_changes_delete(&changes, CATALOG_SQS_TASKS,
				       str_of(oldest->id, UUID_TEXT_SIZE));
	err = catalog_write(core->catalog, &changes);
	if (err)
		return err;
	if (oldest)
		forget(oldest);
	list_push_front(&moves_of(core)->tasks, &move->link);
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
	if (!err && in->has_max_number_of_messages_per_second &&
	    (in->max_number_of_messages_per_second < 1 ||
	     in->max_number_of_messages_per_second > LIMIT_MOVE_RATE))
		err = fail(call, &SQS_INVALID_PARAMETER_VALUE,
			   "Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: "
			   "You must enter a number that's between 1 and %d.",
			   LIMIT_MOVE_RATE);
	if (!err)
		err = check_source(call, source);
	if (err)
		return err;
	struct move *move = heap_alloc(sizeof(*move));
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
		move_free(move);
		return err;
	}
	begin_turns(call->core, move);
	out->task_handle = handle_of(call->arena, move);
	return ERR_OK;
}

static void show(struct call *call, const struct move *move,
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
	if (in->has_max_results && (in->max_results < 1 || in->max_results > LIMIT_MOVE_RESULTS))
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Value for parameter MaxResults is invalid. Reason: MaxResults must be "
			    "an integer between 1 and %d.",
			    LIMIT_MOVE_RESULTS);
	out->results =
		arena_array(call->arena, struct sqs_list_message_move_tasks_result_entry, most);
	FOR_MOVES(call->core, link)
	{
		const struct move *move = container_of(link, struct move, link);
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

	if (in->task_handle.size == 0)
		return fail(call, &SQS_MISSING_PARAMETER,
			    "The request must contain the parameter TaskHandle.");
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
		struct move *move = container_of(link, struct move, link);
		if (!str_equal(str_of(move->id, UUID_TEXT_SIZE), id) ||
		    !str_equal(move->account, call->account))
			continue;
		if (!is_active(move))
			return fail(call, &SQS_INVALID_PARAMETER_VALUE,
				    "Value for parameter TaskHandle is invalid. Reason: Only "
				    "active tasks can be cancelled.");
		enum status before = move->status;
		move->status = MOVE_CANCELLING;
		err = save(call->core, move);
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
