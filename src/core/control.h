/* SPDX-License-Identifier: MIT */
/*
 * control: the one thread that may touch the catalog, and so may block. Runs one task at a time;
 * kinds of work take turns, and within a kind accounts do. Tasks of one account and kind run in
 * order of arrival, timed ones when they are due. Calls that change settings share a sync of the
 * catalog (core/group.h), and keep the turn until then.
 */
#ifndef TERN_CORE_CONTROL_H
#define TERN_CORE_CONTROL_H

#include "core/core.h"

/* Sets core->control: tasks may be posted from now on. */
void control_new(struct core *core);
/* Starts the thread; call it once another thread steps the engine. */
void control_start(struct core *core);
/* Runs the posted tasks, drops those that wait for their time, and ends the thread, if it was
 * started. */
void control_stop(struct core *core);
/*
 * Main, after control_stop: runs tasks that were posted since, for instance by late answers of the
 * engine. True if there were any.
 */
bool control_drain(struct core *core);
/* After control_stop, when no thread posts. Accepts a core without control. */
void control_free(struct core *core);
/* Any thread: checks again which tasks are due, after the clock was shifted. */
void control_wake(struct core *core);

#endif
