/* SPDX-License-Identifier: MIT */
/*
 * moves: message move tasks, from a dead-letter queue to where its messages came from or to a given
 * queue.
 *
 * A task lives in the catalog, so it goes on after a restart. The control thread drives it: a turn
 * moves at most what the rate allows with one QUEUE_REDRIVE. All functions: control thread, or main
 * at start-up and end.
 */
#ifndef TERN_SERVICES_SQS_MOVES_H
#define TERN_SERVICES_SQS_MOVES_H

#include "services/sqs/sqs.h"

/* Loads the tasks and posts the turns of those that run; needs the registry filled. */
must_check enum err sqs_moves_start(struct core *core);
void sqs_moves_stop(struct core *core);
/* The tasks whose source is that queue: adds their deletion to the changes. */
void sqs_moves_erase(struct core *core, struct str arn, struct catalog_changes *changes);
/* Forgets them, after those changes were made. */
void sqs_moves_forget(struct core *core, struct str arn);

#endif
