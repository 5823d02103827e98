/* SPDX-License-Identifier: MIT */
/*
 * backlog: measures the engine on a real directory, empty and behind a deep backlog.
 *
 *   backlog --data DIR [--messages 20000000] [--size 256] [--fifo GROUPS]
 *
 * DIR must be empty; its files stay. One thread does all the work, syncs included, as
 * with one core; CPU is that of the whole process. A cycle sends, receives, reads
 * and deletes the same number of messages, in batches of ten, sixteen batches a turn.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"
#include "queue/sim/drive.h"

enum {
	FILL_BATCHES = 128,
	BATCHES = 16,
	TURN_MESSAGES = BATCHES * LIMIT_BATCH_ENTRIES,
	CYCLES = 1500,
	WARM_UP = 300
};
enum { DEEP_QUEUE = 1, EMPTY_QUEUE = 2 };
enum { SPARE_SEGMENTS = 4, HOT_MESSAGES = 262144, WINDOW = 512, DAY_MS = 24 * 3600 * 1000 };

struct numbers {
	uint64_t messages;
	int64_t send_ns, receive_ns, read_ns, delete_ns; /* CPU */
};

struct bench {
	struct disk *disk;
	struct engine *engine;
	struct queue_counters counters[2];
	uint64_t queue; /* that commands go to */
	const char *directory;
	uint64_t total, groups;
	size_t size;
	char *payload;
	uint64_t next_id, next_group;
	struct queue_command commands[FILL_BATCHES];
	struct queue_send sends[FILL_BATCHES][LIMIT_BATCH_ENTRIES];
	struct queue_change changes[BATCHES][LIMIT_BATCH_ENTRIES];
	struct queue_delivery deliveries[BATCHES][LIMIT_RECEIVE_MESSAGES];
	size_t received[BATCHES];
	size_t unanswered;
	struct buf buffer;
};

static void give_up(const char *what)
{
	fprintf(stderr, "backlog: %s\n", what);
	exit(1);
}

static void answered(struct queue_command *command)
{
	size_t *unanswered = command->context;

	if (command->result != QUEUE_OK)
		give_up("a command failed");
	--*unanswered;
}

static void turn(struct bench *b)
{
	drive_turn(b->engine, clock_base_ms(), clock_now_ms());
	engine_step(b->engine, clock_base_ms(), clock_now_ms());
}

/* Runs the first `count` commands to their end; gives the CPU that took. */
static int64_t run(struct bench *b, size_t count)
{
	int64_t before = clock_cpu_ns();

	b->unanswered = count;
	for (size_t i = 0; i < count; i++) {
		b->commands[i].queue = b->queue;
		b->commands[i].now_ms = clock_now_ms();
		b->commands[i].done = answered;
		b->commands[i].context = &b->unanswered;
		queue_submit(b->engine, &b->commands[i]);
	}
	while (b->unanswered > 0)
		turn(b);
	return clock_cpu_ns() - before;
}

static int64_t send_turn(struct bench *b, size_t batches)
{
	for (size_t i = 0; i < batches; i++) {
		for (size_t k = 0; k < LIMIT_BATCH_ENTRIES; k++) {
			struct queue_send *send = &b->sends[i][k];
			*send = (struct queue_send){.payload = str_of(b->payload, b->size)};
			memcpy(send->id, &b->next_id, sizeof b->next_id);
			b->next_id++;
			send->group = b->groups ? 1 + b->next_group++ % b->groups : 0;
		}
		b->commands[i] = (struct queue_command){.type = QUEUE_SEND};
		b->commands[i].send.messages = b->sends[i];
		b->commands[i].send.count = LIMIT_BATCH_ENTRIES;
	}
	return run(b, batches);
}

static int64_t receive_turn(struct bench *b)
{
	for (size_t i = 0; i < BATCHES; i++) {
		b->commands[i] = (struct queue_command){.type = QUEUE_RECEIVE};
		b->commands[i].receive.max = LIMIT_RECEIVE_MESSAGES;
		b->commands[i].receive.deliveries = b->deliveries[i];
	}
	int64_t cpu_ns = run(b, BATCHES);
	for (size_t i = 0; i < BATCHES; i++)
		b->received[i] = b->commands[i].receive.count;
	return cpu_ns;
}

static int64_t read_turn(struct bench *b)
{
	int64_t before = clock_cpu_ns();

	for (size_t i = 0; i < BATCHES; i++) {
		for (size_t k = 0; k < b->received[i]; k++) {
			struct queue_message message;
			buf_reset(&b->buffer);
			if (queue_read_message(b->engine, b->deliveries[i][k].location, &b->buffer,
					       &message))
				give_up("a message cannot be read");
			queue_delivery_done(b->engine, &b->deliveries[i][k]);
		}
	}
	return clock_cpu_ns() - before;
}

static int64_t delete_turn(struct bench *b)
{
	size_t count = 0;

	for (size_t i = 0; i < BATCHES; i++) {
		if (b->received[i] == 0)
			continue;
		for (size_t k = 0; k < b->received[i]; k++)
			b->changes[i][k] =
				(struct queue_change){.handle = b->deliveries[i][k].handle};
		b->commands[count] = (struct queue_command){.type = QUEUE_DELETE};
		b->commands[count].change.changes = b->changes[i];
		b->commands[count++].change.count = b->received[i];
	}
	return run(b, count);
}

static void cycle(struct bench *b, struct numbers *numbers)
{
	numbers->send_ns += send_turn(b, BATCHES);
	numbers->receive_ns += receive_turn(b);
	numbers->read_ns += read_turn(b);
	numbers->delete_ns += delete_turn(b);
	numbers->messages += TURN_MESSAGES;
}

static double show_numbers(const char *name, const char *queue, const struct numbers *numbers)
{
	double count = (double)numbers->messages * 1000;
	double sum = (double)(numbers->send_ns + numbers->receive_ns + numbers->read_ns +
			      numbers->delete_ns) /
		     count;

	printf("%-20s %-8s send %.2f  receive %.2f  read %.2f  delete %.2f  all %.2f us CPU a "
	       "message\n",
	       name, queue, (double)numbers->send_ns / count, (double)numbers->receive_ns / count,
	       (double)numbers->read_ns / count, (double)numbers->delete_ns / count, sum);
	return sum;
}

/* In turns with the empty queue, so that both meet the same machine. */
static void show_cycles(struct bench *b, const char *name)
{
	struct numbers deep = {0}, empty = {0}, warm_up = {0};

	for (size_t i = 0; i < CYCLES + WARM_UP; i++) {
		b->queue = EMPTY_QUEUE;
		cycle(b, i < WARM_UP ? &warm_up : &empty);
		b->queue = DEEP_QUEUE;
		cycle(b, i < WARM_UP ? &warm_up : &deep);
	}
	double of_empty = show_numbers(name, "empty", &empty);
	double of_deep = show_numbers(name, "deep", &deep);
	printf("%-20s %-8s %.2f times the empty queue's\n", name, "deep", of_deep / of_empty);
	fflush(stdout);
}

/* A number of /proc/self/status (kB) or /proc/self/io (bytes). */
static double proc_number(const char *path, const char *name)
{
	char line[256];
	double value = 0;
	FILE *file = fopen(path, "re");

	while (file && fgets(line, sizeof line, file))
		if (!strncmp(line, name, strlen(name)))
			value = strtod(line + strlen(name), NULL);
	if (file)
		(void)fclose(file);
	return value;
}

static void show_memory(const struct bench *b, const char *name)
{
	struct engine_stats stats = engine_stats_read(b->engine);

	printf("%-20s %.1f MB resident (peak %.1f), %llu messages, %llu extents\n", name,
	       proc_number("/proc/self/status", "VmRSS:") / 1024,
	       proc_number("/proc/self/status", "VmHWM:") / 1024,
	       (unsigned long long)stats.messages_in_memory, (unsigned long long)stats.extents);
	fflush(stdout);
}

static void open_engine(struct bench *b, const char *name)
{
	struct engine_options options = {
		.journal = {.segment_size = JOURNAL_SEGMENT_SIZE_DEFAULT,
			    .spare_segments = SPARE_SEGMENTS},
		.hot_messages_max = HOT_MESSAGES,
		.window = WINDOW,
	};
	struct journal_report report;
	int64_t start = clock_steady_ns();

	if (disk_file_open(b->directory, &b->disk) ||
	    engine_open(b->disk, &options, &b->engine, &report))
		give_up("the directory cannot be opened");
	for (b->queue = EMPTY_QUEUE; b->queue >= DEEP_QUEUE; b->queue--) {
		b->commands[0] = (struct queue_command){.type = QUEUE_DEFINE};
		b->commands[0].define.settings = (struct queue_settings){
			.is_fifo = b->groups > 0,
			.visibility_ms = DAY_MS,
			.retention_ms = 14 * (int64_t)DAY_MS,
		};
		b->commands[0].define.counters = &b->counters[b->queue - 1];
		(void)run(b, 1);
	}
	b->queue = DEEP_QUEUE;
	printf("%-20s ready in %.3f s, %llu records replayed, %lld messages\n", name,
	       (double)(clock_steady_ns() - start) / 1e9, (unsigned long long)report.records,
	       (long long)b->counters[0].visible);
	fflush(stdout);
}

static void close_engine(struct bench *b)
{
	engine_free(&b->engine);
	b->disk->ops->free(b->disk);
}

static void fill(struct bench *b)
{
	b->queue = DEEP_QUEUE;
	double written = proc_number("/proc/self/io", "write_bytes:");
	int64_t cpu_ns = 0, start = clock_steady_ns();

	for (uint64_t sent = 0; sent < b->total; sent += FILL_BATCHES * LIMIT_BATCH_ENTRIES)
		cpu_ns += send_turn(b, FILL_BATCHES);
	for (int i = 0; i < 100; i++)
		turn(b);
	written = proc_number("/proc/self/io", "write_bytes:") - written;
	printf("%-20s %.2f us CPU a message, %.0f messages/s, %.2f bytes written a byte of "
	       "payload\n",
	       "sent without receiving", (double)cpu_ns / 1000 / (double)b->total,
	       (double)b->total * 1e9 / (double)(clock_steady_ns() - start),
	       written / (double)(b->total * b->size));
}

static void stop(struct bench *b)
{
	int64_t start = clock_steady_ns();

	engine_stop(b->engine);
	while (!engine_is_idle(b->engine))
		turn(b);
	printf("%-20s %.3f s\n", "stopped in", (double)(clock_steady_ns() - start) / 1e9);
	close_engine(b);
}

static void parse(struct bench *b, int argc, char **argv)
{
	bool is_good = argc % 2 == 1;

	for (int i = 1; i + 1 < argc; i += 2) {
		struct str value = str_from(argv[i + 1]);
		uint64_t size = b->size;
		if (!strcmp(argv[i], "--data"))
			b->directory = argv[i + 1];
		else if (!strcmp(argv[i], "--messages"))
			is_good &= str_to_u64(value, &b->total);
		else if (!strcmp(argv[i], "--size"))
			is_good &= str_to_u64(value, &size);
		else if (!strcmp(argv[i], "--fifo"))
			is_good &= str_to_u64(value, &b->groups);
		else
			is_good = false;
		b->size = size;
	}
	if (!is_good || !b->directory || b->total == 0 || b->size > LIMIT_MESSAGE_SIZE) {
		fprintf(stderr,
			"usage: backlog --data DIR [--messages N] [--size N] [--fifo GROUPS]\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct bench *b = heap_alloc(sizeof(*b));

	b->total = 20000000;
	b->size = 256;
	parse(b, argc, argv);
	base_init();
	b->payload = heap_alloc(b->size + 1);
	open_engine(b, "new");
	show_cycles(b, "before");
	show_memory(b, "before");
	fill(b);
	show_memory(b, "full");
	show_cycles(b, "behind the backlog");
	show_memory(b, "behind the backlog");
	close_engine(b);
	open_engine(b, "after a kill");
	stop(b);
	open_engine(b, "after a stop");
	show_memory(b, "after a stop");
	show_cycles(b, "after a restart");
	close_engine(b);
	buf_done(&b->buffer);
	heap_free(b->payload);
	heap_free(b);
	return 0;
}
