/* SPDX-License-Identifier: MIT */
/*
 * run: a pipe that runs: its filter, enrichment and target, for each batch of its source.
 *
 * A message is deleted from the source once the target has it. If source and target are queues,
 * that is one command of the engine: each message arrives exactly once. Other targets get messages
 * at least once. A message that the target or the enrichment does not take stays in the source, and
 * is received again after its visibility timeout. Messages of a FIFO source are delivered one after
 * the other; behind one that failed, those of its group stay, too.
 */
#ifndef TERN_SERVICES_PIPES_RUN_H
#define TERN_SERVICES_PIPES_RUN_H

#include "services/pipes/pipes.h"

/* Control thread: the consumer of a pipe. NULL: the pipe cannot run, and its status says why. */
struct consumer *pipes_run_new(struct core *core, const struct pipe *pipe);

#endif
