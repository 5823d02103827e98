/* SPDX-License-Identifier: MIT */
/*
 * fanout: measures the cost of each further queue of a fan-out, in journal bytes and CPU.
 *
 * On a disk in memory, so that CPU is the engine's and the journal's alone. Messages are purged
 * between rounds, outside of the measurement.
 */
#include <stdio.h>

#include "journal/disk_memory.h"
#include "queue/sim/drive.h"

enum { ROUNDS = 20, PAYLOAD_SIZE = 1024, DAY_MS = 24 * 3600 * 1000 };

struct bench {
	struct engine *engine;
	struct queue_counters counters;
	struct queue_target targets[LIMIT_FANOUT_TARGETS];
	char payload[PAYLOAD_SIZE];
};

static void run(struct bench *b, struct queue_command *command)
{
	drive_command(b->engine, command, clock_base_ms(), clock_now_ms());
}

static void define(struct bench *b, uint64_t queue)
{
	struct queue_command command = {.type = QUEUE_DEFINE, .queue = queue};

	command.define.settings =
		(struct queue_settings){.visibility_ms = 30000, .retention_ms = DAY_MS};
	command.define.counters = &b->counters;
	run(b, &command);
}

static void measure(struct bench *b, size_t count, double *out_us, double *out_bytes)
{
	uint64_t bytes = 0;
	int64_t cpu_ns = 0;

	for (size_t round = 0; round < ROUNDS; round++) {
		struct queue_command command = {.type = QUEUE_FANOUT};
		command.fanout.shared = str_of(b->payload, sizeof(b->payload));
		command.fanout.targets = b->targets;
		command.fanout.count = count;
		uint64_t bytes_before = engine_journal_stats(b->engine).bytes;
		int64_t cpu_before = clock_cpu_ns();
		run(b, &command);
		cpu_ns += clock_cpu_ns() - cpu_before;
		bytes += engine_journal_stats(b->engine).bytes - bytes_before;
		for (size_t i = 0; i < count; i++) {
			struct queue_command purge = {.type = QUEUE_PURGE, .queue = i + 1};
			run(b, &purge);
		}
	}
	*out_us = (double)cpu_ns / 1000 / ROUNDS;
	*out_bytes = (double)bytes / ROUNDS;
}

int main(void)
{
	static const size_t counts[] = {1, 10, 100, 1000, LIMIT_FANOUT_TARGETS};
	struct engine_options options = {
		.journal = {.segment_size = JOURNAL_SEGMENT_SIZE_DEFAULT, .spare_segments = 2},
		.hot_messages_max = 262144,
		.window = 512,
	};
	struct bench *b = heap_alloc(sizeof(*b));
	struct journal_report report;
	double first_us = 0, first_bytes = 0;

	base_init();
	struct disk *disk = disk_memory_new_plain();
	if (engine_open(disk, &options, &b->engine, &report))
		return 1;
	for (size_t i = 0; i < LIMIT_FANOUT_TARGETS; i++) {
		b->targets[i].queue = i + 1;
		define(b, i + 1);
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		double us, bytes;
		measure(b, counts[i], &us, &bytes);
		first_us = i ? first_us : us;
		first_bytes = i ? first_bytes : bytes;
		double further = (double)(counts[i] - 1);
		printf("%5zu queues: %8.1f us CPU, %8.0f bytes", counts[i], us, bytes);
		if (i)
			printf("; each further queue %.2f us, %.1f bytes",
			       (us - first_us) / further, (bytes - first_bytes) / further);
		printf("\n");
	}
	engine_free(&b->engine);
	disk->ops->free(disk);
	heap_free(b);
	return 0;
}
