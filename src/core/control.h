/* SPDX-License-Identifier: MIT */
/*
 * control: the one thread that may touch the catalog, and so may block. Runs tasks in order of
 * arrival, and later ones when their time has come.
 */
#ifndef TERN_CORE_CONTROL_H
#define TERN_CORE_CONTROL_H

#include "core/core.h"

/* Sets core->control: tasks may be posted from now on. */
void control_new(struct core *core);
/* Starts the thread; once the engine is stepped by somebody else than the caller. */
void control_start(struct core *core);
/* Runs what was posted, drops what waits for its time, ends the thread if it was started, and
 * frees. */
void control_stop(struct core *core);
/* Any thread: looks anew which tasks are due, after the clock was shifted. */
void control_wake(struct core *core);

#endif
