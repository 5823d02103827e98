/* SPDX-License-Identifier: MIT */
/*
 * move_scheduler: a running task has a turn every TURN_MS. With a rate, a turn moves the messages
 * that have become due since the task began. Without a rate, it moves as many as a command takes,
 * and the next turn follows at once.
 */
#include "services/sqs/move_scheduler.h"

#include <string.h>

#define TURN_MS 100
#define COMMAND_MESSAGES 500

static uint64_t find_label(void *context, struct str label)
{
	const struct core *core = context;
	const struct sqs_queue *queue = sqs_registry_find_arn(sqs_of(core)->registry, label);
	uint64_t number = queue ? queue->number : 0;

	sqs_queue_release(queue);
	return number;
}

static void finish(struct core *core, struct sqs_move *move, enum sqs_move_status status,
		   struct str failure)
{
	move->status = status;
	if (failure.size > 0)
		move->failure = heap_copy(failure);
	enum err err = sqs_move_save(core, move);
	if (err)
		log_event(LOG_ERROR, "message move task cannot be saved",
			  log_str("source", move->source), log_str("error", err_text(err)));
}

/* Number of messages that may be moved now. */
static int64_t allowance(const struct sqs_move *move)
{
	if (move->rate == 0)
		return COMMAND_MESSAGES;
	int64_t due = (clock_base_ms() - move->paced_ms) * move->rate / 1000 - move->paced_moved;
	if (due < 0)
		return 0;
	return due < COMMAND_MESSAGES ? due : COMMAND_MESSAGES;
}

static void move_some(struct core *core, struct sqs_move *move, int64_t most)
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
		return; /* continues at the next turn, or after the restart */
	if (command.result == QUEUE_NOT_FOUND)
		finish(core, move, MOVE_FAILED, STR("AWS.SimpleQueueService.NonExistentQueue"));
	else if (command.result != QUEUE_OK)
		finish(core, move, MOVE_FAILED, STR("InternalFailure"));
	else if (command.redrive.is_unknown_source)
		finish(core, move, MOVE_FAILED, STR("CouldNotDetermineMessageSource"));
	else if (command.redrive.is_empty)
		finish(core, move, MOVE_COMPLETED, STR(""));
}

static void post_turn(struct core *core, struct sqs_move *move, int64_t delay_ms)
{
	move->is_posted = true;
	core_post_control_at(core, &move->task, clock_base_ms() + delay_ms);
}

static void take_turn(struct core *core, struct core_task *task)
{
	struct sqs_move *move = container_of(task, struct sqs_move, task);

	move->is_posted = false;
	if (move->is_forgotten) {
		sqs_move_free(move);
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
	if (sqs_move_is_active(move))
		post_turn(core, move, move->rate > 0 || move->moved == moved ? TURN_MS : 0);
}

void sqs_move_begin(struct core *core, struct sqs_move *move)
{
	move->task.run = take_turn;
	core_task_assign(&move->task, CORE_BACKGROUND, move->account);
	move->paced_ms = clock_base_ms();
	move->paced_moved = 0;
	post_turn(core, move, 0);
}

enum err sqs_moves_start(struct core *core)
{
	enum err err = sqs_move_store_load(core);
	if (err)
		return err;
	FOR_MOVES(core, link)
	{
		struct sqs_move *move = container_of(link, struct sqs_move, link);
		if (sqs_move_is_active(move))
			sqs_move_begin(core, move);
	}
	return ERR_OK;
}

void sqs_moves_stop(struct core *core)
{
	struct sqs_moves *moves = sqs_moves_of(core);

	if (!moves)
		return;
	while (!list_is_empty(&moves->tasks)) {
		struct list *link = moves->tasks.next;
		list_remove(link);
		sqs_move_free(container_of(link, struct sqs_move, link));
	}
	heap_free(moves);
	sqs_of(core)->moves = NULL;
}
