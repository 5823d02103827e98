/* SPDX-License-Identifier: MIT */
/*
 * control: the one thread that may touch the catalog, and so may block. Runs tasks in order of
 * arrival, and later ones when their time has come.
 */
#ifndef TERN_CORE_CONTROL_H
#define TERN_CORE_CONTROL_H

#include "core/core.h"

/* Sets core->control and starts the thread. */
void control_start(struct core *core);
/* Runs what was posted, drops what waits for its time, ends the thread. */
void control_stop(struct core *core);
/* Any thread: looks anew which tasks are due, after the clock was shifted. */
void control_wake(struct core *core);

#endif
