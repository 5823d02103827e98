/* SPDX-License-Identifier: MIT */
/*
 * Measures what a commit of the journal costs: bench_commit DIR. CPU of this process (threads that
 * the kernel runs for io_uring included, its own workers not) and latency, for each way to commit
 * that the machine has, in a new segment and in one that housekeeping zeroed before.
 *
 * DIR is made, and left empty, on the file system to be measured.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "journal/journal.h"

enum { COMMITS = 300, SEGMENT_SIZE = 64 << 20, RECORD_SIZE = 1000, FILL_SIZE = 1 << 20 };

static enum err load(void *context, struct str state)
{
	(void)context, (void)state;
	return ERR_OK;
}

static enum err apply(void *context, const struct journal_record *record)
{
	(void)context, (void)record;
	return ERR_OK;
}

static void append(struct journal *journal, size_t size)
{
	static char bytes[RECORD_SIZE];
	struct journal_location location;

	/* Headers of records and of the batch are about what is left. */
	for (size_t done = 0; done + RECORD_SIZE + 100 <= size; done += RECORD_SIZE + 30) {
		struct str part = str_of(bytes, RECORD_SIZE);
		(void)journal_append(journal, 1, 1, &part, 1, &location);
	}
}

static void commit(struct journal *journal)
{
	struct pollfd ended = {.fd = journal_commit_descriptor(journal), .events = POLLIN};
	struct journal_work *work = journal_work_begin(journal, JOURNAL_COMMIT);

	check(work != NULL);
	if (!journal_work_start(work))
		journal_work_run(work);
	else
		while (!journal_work_has_ended(work))
			(void)poll(&ended, 1, -1);
	journal_work_end(journal, work);
	check(!journal_has_failed(journal));
}

static void keep_house(struct journal *journal)
{
	struct journal_work *work;

	while ((work = journal_work_begin(journal, JOURNAL_HOUSEKEEPING))) {
		journal_work_run(work);
		journal_work_end(journal, work);
	}
}

/* Goes on until the next segment, which was zeroed meanwhile, has begun. */
static void fill_segment(struct journal *journal)
{
	uint32_t segment = journal_open_segment(journal);

	while (journal_open_segment(journal) == segment) {
		append(journal, FILL_SIZE);
		commit(journal);
		keep_house(journal);
	}
}

static int compare(const void *a, const void *b)
{
	int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

	return (one > other) - (one < other);
}

static double us_of(struct timeval time)
{
	return (double)time.tv_sec * 1e6 + (double)time.tv_usec;
}

static void measure(struct journal *journal, const char *way, const char *segment, size_t size)
{
	static int64_t latency_ns[COMMITS];
	struct rusage before, after;

	(void)getrusage(RUSAGE_SELF, &before);
	for (size_t i = 0; i < COMMITS; i++) {
		append(journal, size);
		int64_t begin_ns = clock_steady_ns();
		commit(journal);
		latency_ns[i] = clock_steady_ns() - begin_ns;
	}
	(void)getrusage(RUSAGE_SELF, &after);
	qsort(latency_ns, COMMITS, sizeof latency_ns[0], compare);
	printf("%-9s %-7s %4zu KB  %6.1f us user %6.1f us system  p50 %5.0f us  p99 %6.0f us\n",
	       way, segment, size >> 10, (us_of(after.ru_utime) - us_of(before.ru_utime)) / COMMITS,
	       (us_of(after.ru_stime) - us_of(before.ru_stime)) / COMMITS,
	       (double)latency_ns[COMMITS / 2] / 1e3, (double)latency_ns[COMMITS * 99 / 100] / 1e3);
}

static void remove_file(void *context, const char *name)
{
	struct disk *disk = context;

	check(!disk->ops->unlink(disk, name));
}

/* In a new directory, whose first segment was allocated and never written. */
static void run(const char *path, enum disk_commits commits, const char *way, size_t size,
		bool is_zeroed)
{
	struct journal_options options = {.segment_size = SEGMENT_SIZE,
					  .spare_segments = 2,
					  .pads_batches = true,
					  .recent_size = LIMIT_JOURNAL_RECENT_SIZE};
	struct journal_report report;
	struct journal *journal;
	struct disk *disk;

	check(!disk_file_open(path, &disk));
	if (disk_file_set_commits(disk, commits)) {
		printf("%-9s is not to be had here\n", way);
	} else {
		check(!journal_open(disk, &options, load, apply, NULL, &journal, &report));
		append(journal, size);
		commit(journal);
		if (is_zeroed)
			fill_segment(journal);
		measure(journal, way, is_zeroed ? "zeroed" : "new", size);
		journal_free(&journal);
	}
	check(!disk->ops->list(disk, remove_file, disk));
	disk->ops->free(disk);
}

int main(int argc, char **argv)
{
	static const char *const ways[] = {[DISK_COMMITS_BUFFERED] = "buffered",
					   [DISK_COMMITS_DIRECT] = "direct",
					   [DISK_COMMITS_RING] = "ring"};
	static const size_t sizes[] = {4 << 10, 32 << 10, 128 << 10};

	if (argc != 2) {
		fprintf(stderr, "usage: bench_commit DIR\n");
		return 2;
	}
	base_init();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int is_zeroed = 0; is_zeroed < 2; is_zeroed++)
			for (int way = 0; way < 3; way++)
				run(argv[1], (enum disk_commits)way, ways[way], sizes[i],
				    is_zeroed);
	return 0;
}
