/* SPDX-License-Identifier: MIT */
/*
 * hour: measures what an archive costs the journal during a synthetic hour.
 *
 *   hour [--keep N] [--rate N]
 *
 * A second has `rate` messages of 1 KB (200), which are received and deleted in the next one; one
 * of `keep` (10) goes to an archive, too. On a disk in memory with segments of 1 MiB, with a clock
 * of its own.
 */
#include <stdio.h>
#include <string.h>

#include "journal/disk_memory.h"
#include "queue/sim/drive.h"

enum { PAYLOAD_SIZE = 1024, SECONDS = 3600, DAY_MS = 24 * 3600 * 1000, QUEUE = 1, TURNS = 3 };
#define ARCHIVE (queue_number(QUEUE_KIND_BUS_ARCHIVES, 1))

struct bench {
	struct engine *engine;
	struct queue_counters counters[2];
	char payload[PAYLOAD_SIZE];
	int64_t now_ms;
	uint64_t rate, keep, sent, kept, pages;
};

static void run(struct bench *b, struct queue_command *command)
{
	drive_command(b->engine, command, b->now_ms, b->now_ms);
}

static void define(struct bench *b, uint64_t queue, struct queue_counters *counters)
{
	struct queue_command command = {.type = QUEUE_DEFINE, .queue = queue};

	command.define.settings =
		(struct queue_settings){.visibility_ms = 30000, .retention_ms = DAY_MS};
	command.define.counters = counters;
	run(b, &command);
}

static void publish(struct bench *b)
{
	struct queue_target targets[] = {{.queue = QUEUE}, {.queue = ARCHIVE}};
	struct queue_command command = {.type = QUEUE_FANOUT};
	bool is_kept = b->sent++ % b->keep == 0;

	memcpy(command.fanout.id, &b->sent, sizeof b->sent);
	command.fanout.shared = str_of(b->payload, sizeof(b->payload));
	command.fanout.targets = targets;
	command.fanout.count = 1u + is_kept;
	b->kept += is_kept;
	run(b, &command);
}

static void consume(struct bench *b)
{
	struct queue_delivery deliveries[LIMIT_RECEIVE_MESSAGES];

	for (;;) {
		struct queue_change changes[LIMIT_RECEIVE_MESSAGES] = {0};
		struct queue_command receive = {.type = QUEUE_RECEIVE, .queue = QUEUE};
		struct queue_command delete = {.type = QUEUE_DELETE, .queue = QUEUE};
		receive.receive.max = LIMIT_RECEIVE_MESSAGES;
		receive.receive.deliveries = deliveries;
		run(b, &receive);
		if (receive.receive.count == 0)
			return;
		for (size_t i = 0; i < receive.receive.count; i++) {
			changes[i].handle = deliveries[i].handle;
			queue_delivery_done(b->engine, &deliveries[i]);
		}
		delete.change.changes = changes;
		delete.change.count = receive.receive.count;
		run(b, &delete);
	}
}

/* Messages of the archive from that time on. */
static uint64_t replay(struct bench *b, int64_t from_ms)
{
	struct queue_delivery deliveries[100];
	uint64_t from_seq = 0, count = 0;

	do {
		struct queue_command browse = {.type = QUEUE_BROWSE, .queue = ARCHIVE};
		browse.browse.from_seq = from_seq;
		browse.browse.from_ms = count ? 0 : from_ms;
		browse.browse.max = 100;
		browse.browse.deliveries = deliveries;
		run(b, &browse);
		for (size_t i = 0; i < browse.browse.count; i++)
			queue_delivery_done(b->engine, &deliveries[i]);
		count += browse.browse.count;
		b->pages++;
		from_seq = browse.browse.has_more ? browse.browse.last_seq : 0;
	} while (from_seq);
	return count;
}

static void show(struct bench *b, int64_t start_ms, int64_t cpu_ns)
{
	struct journal_stats stats = engine_journal_stats(b->engine);
	double inflow = (double)b->sent * PAYLOAD_SIZE;

	printf("%llu messages, %llu of them archived; %.2f bytes written a byte of payload, "
	       "%.2f us CPU a message\n",
	       (unsigned long long)b->sent, (unsigned long long)b->kept,
	       (double)stats.bytes / inflow, (double)cpu_ns / 1000 / (double)b->sent);
	printf("log %.1f MB, live %.1f MB, archive %.1f MB; %llu segments compacted, %llu "
	       "recycled; %llu messages in memory, %llu extents\n",
	       (double)stats.log_bytes / 1e6, (double)stats.live_bytes / 1e6,
	       (double)b->counters[1].kept_bytes / 1e6,
	       (unsigned long long)stats.compacted_segments,
	       (unsigned long long)stats.recycled_segments,
	       (unsigned long long)engine_stats_read(b->engine).messages_in_memory,
	       (unsigned long long)engine_stats_read(b->engine).extents);
	int64_t before_ns = clock_cpu_ns();
	uint64_t half = replay(b, start_ms + SECONDS * 500), all = replay(b, 0);
	printf("browsed %llu from the middle and %llu from the start, %.1f us CPU a page\n",
	       (unsigned long long)half, (unsigned long long)all,
	       (double)(clock_cpu_ns() - before_ns) / 1000 / (double)b->pages);
}

int main(int argc, char **argv)
{
	struct engine_options options = {
		.journal = {.segment_size = 1 << 20, .spare_segments = 2},
		.hot_messages_max = 262144,
		.window = 512,
	};
	struct bench *b = heap_alloc(sizeof(*b));
	struct journal_report report;

	b->rate = 200;
	b->keep = 10;
	b->now_ms = 1000000;
	for (int i = 1; i + 1 < argc; i += 2)
		if (!str_to_u64(str_from(argv[i + 1]),
				strcmp(argv[i], "--keep") ? &b->rate : &b->keep))
			return 2;
	base_init();
	struct disk *disk = disk_memory_new_plain();
	if (b->keep == 0 || engine_open(disk, &options, &b->engine, &report))
		return 1;
	define(b, QUEUE, &b->counters[0]);
	define(b, ARCHIVE, &b->counters[1]);
	int64_t start_ms = b->now_ms, cpu_ns = clock_cpu_ns();
	for (int second = 0; second < SECONDS; second++) {
		for (uint64_t i = 0; i < b->rate; i++)
			publish(b);
		b->now_ms += 1000;
		consume(b);
		for (int i = 0; i < TURNS; i++)
			drive_turn(b->engine, b->now_ms, b->now_ms);
	}
	show(b, start_ms, clock_cpu_ns() - cpu_ns);
	engine_free(&b->engine);
	disk->ops->free(disk);
	heap_free(b);
	return 0;
}
