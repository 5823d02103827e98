/* SPDX-License-Identifier: MIT */
/*
 * move_scheduler: gives message move tasks their turns.
 *
 * A task lives in the catalog, so it goes on after a restart. The control thread drives it: a turn
 * moves at most what the rate allows with one QUEUE_REDRIVE. All functions: control thread, or main
 * at start-up and end.
 */
#ifndef TERN_SERVICES_SQS_MOVE_SCHEDULER_H
#define TERN_SERVICES_SQS_MOVE_SCHEDULER_H

#include "services/sqs/move_store.h"

/* Loads the tasks and posts the turns of those that run; needs the registry filled. */
must_check enum err sqs_moves_start(struct core *core);
void sqs_moves_stop(struct core *core);
void sqs_move_begin(struct core *core, struct sqs_move *move);

#endif
