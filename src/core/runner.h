/* SPDX-License-Identifier: MIT */
/*
 * runner: gives the queue engine its turns, and threads to its blocking work.
 *
 * The engine is stepped either within a net thread's turns (few cores: a turn is a batch), or by a
 * thread of its own. Until one of them is chosen, and after the end of the chosen one, the thread
 * that made the runner steps it, with runner_turn or by waiting in core_submit_and_wait.
 */
#ifndef TERN_CORE_RUNNER_H
#define TERN_CORE_RUNNER_H

#include "core/core.h"

struct net_thread;

struct runner_options {
	struct engine_options engine; /* its wake is set by the runner */
	struct disk *disk;	      /* borrowed */
	bool blocks_commits; /* false: commits never sync, so they always run within the turn */
};

/*
 * Opens an engine, which becomes the next partition of core. No command is submitted before all are
 * open. Errors as engine_open.
 */
must_check enum err runner_new(struct core *core, const struct runner_options *options,
			       struct journal_report *out_report);
/* Frees those of all partitions. The engines must be idle. */
void runners_free(struct core *core);
/* The runner of the queue's engine. */
struct runner *runner_of(const struct core *core, uint64_t queue);

/* The engine's turns are those of this net thread from now on; called on that thread. */
void runner_attach(struct runner *runner, struct net_thread *thread);
/* On the attached thread, at each of its turns and timers. */
void runner_turn(struct runner *runner);
/* On the attached thread, at its end: main continues. */
void runner_detach(struct runner *runner);
/* Starts and ends a thread of the runner's own. */
void runner_start_thread(struct runner *runner);
void runner_stop_thread(struct runner *runner);

/* Main, while it steps: waits for the lanes' work. Until the next step no thread changes files. */
void runner_rest(struct runner *runner);

/* Any thread: answers waiting receives and refuses later commands. */
void runner_stop_engine(struct runner *runner);
/* Main, when no other thread steps: steps until all commands are answered and durable. */
void runner_drain(struct runner *runner);
/* Runs `run` for each partition's runner, in their order. */
void runners_each(struct core *core, void (*run)(struct runner *runner));
/* The net thread that the runner is attached to, or NULL; stable while requests run. */
struct net_thread *runner_net_thread(const struct runner *runner);

#endif
