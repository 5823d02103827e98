/* SPDX-License-Identifier: MIT */
/* answer: answers that depend on a record wait in engine->pending, in the order of their LSNs. */
#include "queue/answer.h"

#include "queue/state.h"

void answer_now(struct queue_command *command, enum queue_result result)
{
	command->result = result;
	command->done(command);
}

void answer_command(struct engine *engine, struct queue_command *command, enum queue_result result)
{
	check(!list_is_linked(&command->link));
	command->result = result;
	command->after_lsn = journal_tail_lsn(engine->journal);
	list_push_back(&engine->pending, &command->link);
}

struct engine_queue *answer_queue(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = queue_find(engine, command->queue);

	if (queue && queue->is_defined)
		return queue;
	answer_command(engine, command, QUEUE_NOT_FOUND);
	return NULL;
}
