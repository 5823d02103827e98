/* SPDX-License-Identifier: MIT */
/* drive: turns until the command is answered. */
#include "queue/sim/drive.h"

#include <stdio.h>
#include <stdlib.h>

void drive_turn(struct engine *engine, int64_t base_ms, int64_t now_ms)
{
	engine_step(engine, base_ms, now_ms);
	for (int lane = 0; lane < 2; lane++) {
		struct journal_work *work = engine_work_begin(engine, (enum journal_lane)lane);
		if (!work)
			continue;
		journal_work_run(work);
		engine_work_end(engine, work);
	}
}

static void answered(struct queue_command *command)
{
	bool *is_answered = command->context;

	if (command->result != QUEUE_OK) {
		fprintf(stderr, "drive: a command failed\n");
		exit(1);
	}
	*is_answered = true;
}

void drive_command(struct engine *engine, struct queue_command *command, int64_t base_ms,
		   int64_t now_ms)
{
	bool is_answered = false;

	command->done = answered;
	command->context = &is_answered;
	command->now_ms = now_ms;
	queue_submit(engine, command);
	/* Every command is answered: the programs send none that waits. */
	while (!is_answered)
		drive_turn(engine, base_ms, now_ms);
}
