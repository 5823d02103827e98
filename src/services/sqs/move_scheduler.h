/* SPDX-License-Identifier: MIT */
/*
 * move_scheduler: schedules the turns of message move tasks.
 *
 * A task is a record of the catalog, so it continues after a restart. It runs on the control
 * thread: a turn moves at most what the rate allows with one QUEUE_REDRIVE. All functions: control
 * thread, or main at start-up and end.
 */
#ifndef TERN_SERVICES_SQS_MOVE_SCHEDULER_H
#define TERN_SERVICES_SQS_MOVE_SCHEDULER_H

#include "services/sqs/move_store.h"

/* Loads the tasks and posts the turns of those that run; needs the registry filled. */
must_check enum err sqs_moves_start(struct core *core);
void sqs_moves_stop(struct core *core);
void sqs_move_begin(struct core *core, struct sqs_move *move);

#endif
