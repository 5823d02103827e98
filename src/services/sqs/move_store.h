/* SPDX-License-Identifier: MIT */
/*
 * move_store: message move tasks, in memory and in the catalog.
 *
 * Control thread, or main at start-up and end.
 */
#ifndef TERN_SERVICES_SQS_MOVE_STORE_H
#define TERN_SERVICES_SQS_MOVE_STORE_H

#include "services/sqs/state.h"

enum sqs_move_status { MOVE_RUNNING, MOVE_COMPLETED, MOVE_CANCELLING, MOVE_CANCELLED, MOVE_FAILED };

struct sqs_move {
	struct list link; /* in moves->tasks, newest first */
	struct core_task task;
	bool is_posted; /* the control thread has `task` */
	bool is_forgotten;
	char id[UUID_TEXT_SIZE];
	struct str account, source, destination, failure; /* on the heap */
	enum sqs_move_status status;
	int64_t rate; /* messages a second; 0: as fast as it goes */
	int64_t started_ms, moved, to_move;
	int64_t base_ms;	       /* when it began by the time base: orders tasks */
	int64_t paced_ms, paced_moved; /* where pacing began in this process, by the time base */
};

struct sqs_moves {
	struct list tasks;
};

#define FOR_MOVES(core, link)                                                                      \
	for (struct list *link = sqs_moves_of(core)->tasks.next;                                   \
	     link != &sqs_moves_of(core)->tasks; link = link->next)

struct sqs_moves *sqs_moves_of(const struct core *core);
bool sqs_move_is_active(const struct sqs_move *move);
void sqs_move_free(struct sqs_move *move);
/* Adds the task's record to the changes. */
void sqs_move_add_record(struct catalog_changes *changes, const struct sqs_move *move);
must_check enum err sqs_move_save(struct core *core, const struct sqs_move *move);
/* Takes the task off the list; it is freed once the control thread has released it. */
void sqs_move_forget(struct sqs_move *move);
/* Fills the list, newest first. */
must_check enum err sqs_move_store_load(struct core *core);
/* Adds the deletion of the tasks whose source is that queue to the changes. */
void sqs_moves_erase(struct core *core, struct str arn, struct catalog_changes *changes);
/* Forgets them, after those changes were made. */
void sqs_moves_forget(struct core *core, struct str arn);

#endif
