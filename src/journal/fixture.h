/* SPDX-License-Identifier: MIT */
/*
 * fixture: a small owner of a journal, for tests.
 *
 * Its state is a chain over all records, and the locations of the last FIXTURE_LIVE ones, which
 * count as live; older ones are dead. A record's bytes follow from its LSN and size, so every read
 * can be checked. One thread; works run at once.
 */
#ifndef TERN_JOURNAL_FIXTURE_H
#define TERN_JOURNAL_FIXTURE_H

#include <string.h>

#include "base/fixture.h"
#include "journal/disk_memory.h"
#include "journal/state.h"

enum { FIXTURE_LIVE = 16, FIXTURE_SEGMENT_SIZE = 64 << 10 };
/* Headers of records below 128 bytes and of records of 16 KiB and more, of the first 42 records. */
enum { FIXTURE_SMALL_HEADER_SIZE = 7, FIXTURE_LARGE_HEADER_SIZE = 9 };

struct fixture {
	struct disk *disk;
	struct journal *journal;
	struct journal_options options;
	struct journal_report report;
	uint64_t tail, chain;
	struct journal_location live[FIXTURE_LIVE]; /* of LSN n at n % FIXTURE_LIVE */
	uint64_t gaps;				    /* LSNs that replay left out */
};

static inline void fixture_fill(uint64_t lsn, char *out, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[i] = (char)((lsn * 31 + i * 7) ^ (i >> 8));
}

static inline void fixture_note(struct fixture *f, uint64_t lsn, struct journal_location location)
{
	struct journal_location *slot = &f->live[lsn % FIXTURE_LIVE];

	f->gaps += lsn - f->tail - 1;
	if (slot->segment)
		journal_live_add(f->journal, slot->segment, -1, -(int64_t)slot->size);
	*slot = location;
	journal_live_add(f->journal, location.segment, 1, location.size);
	f->tail = lsn;
	f->chain = (f->chain ^ lsn) * 0x9e3779b97f4a7c15u + location.size;
}

static inline void fixture_check(const struct journal_record *record)
{
	char *expected = heap_alloc(record->data.size);

	fixture_fill(record->lsn, expected, record->data.size);
	assert_int_equal(record->type, 1 + record->lsn % 255);
	assert_int_equal(record->queue, record->lsn * 3);
	assert_true(str_equal(record->data, str_of(expected, record->data.size)));
	heap_free(expected);
}

static inline void fixture_append(struct fixture *f, size_t size)
{
	uint64_t lsn = journal_tail_lsn(f->journal) + 1;
	char *data = heap_alloc(size);
	struct journal_location location;

	fixture_fill(lsn, data, size);
	struct str parts[3] = {
		str_of(data, size / 3), {0}, str_of(data + size / 3, size - size / 3)};
	assert_int_equal(lsn, journal_append(f->journal, (uint8_t)(1 + lsn % 255), lsn * 3, parts,
					     3, &location));
	heap_free(data);
	fixture_note(f, lsn, location);
}

/* Runs the work, or starts it if the disk supports that and polls until it has ended. */
static inline void fixture_run(struct journal_work *work)
{
	if (!journal_work_start(work))
		journal_work_run(work);
	else
		while (!journal_work_has_ended(work))
			;
}

static inline bool fixture_work(struct fixture *f, enum journal_lane lane)
{
	struct journal_work *work = journal_work_begin(f->journal, lane);

	if (!work)
		return false;
	fixture_run(work);
	journal_work_end(f->journal, work);
	return true;
}

/* Bounded: a journal that always finds work would be a mistake. */
static inline void fixture_drain(struct fixture *f)
{
	for (int i = 0; i < 1000; i++) {
		bool has_worked = fixture_work(f, JOURNAL_COMMIT);
		if (!fixture_work(f, JOURNAL_HOUSEKEEPING) && !has_worked)
			return;
	}
	fail_msg("there is always work");
}

static inline enum err fixture_load(void *context, struct str state)
{
	struct fixture *f = context;
	size_t at = 0;

	assert_int_equal(state.size, sizeof f->tail + sizeof f->chain + sizeof f->live);
	memcpy(&f->tail, state.data, sizeof f->tail);
	at += sizeof f->tail;
	memcpy(&f->chain, state.data + at, sizeof f->chain);
	at += sizeof f->chain;
	memcpy(f->live, state.data + at, sizeof f->live);
	for (size_t i = 0; i < FIXTURE_LIVE; i++)
		journal_live_add(f->journal, f->live[i].segment, 1, f->live[i].size);
	return ERR_OK;
}

static inline enum err fixture_apply(void *context, const struct journal_record *record)
{
	fixture_check(record);
	fixture_note(context, record->lsn, record->location);
	return ERR_OK;
}

static inline void fixture_checkpoint(struct fixture *f)
{
	struct buf state = {0};

	buf_append(&state, str_of(&f->tail, sizeof f->tail));
	buf_append(&state, str_of(&f->chain, sizeof f->chain));
	buf_append(&state, str_of(f->live, sizeof f->live));
	assert_int_equal(journal_checkpoint_begin(f->journal), ERR_OK);
	journal_checkpoint_end(f->journal, &state);
	assert_null(state.data);
}

static inline enum err fixture_open(struct fixture *f)
{
	f->tail = f->chain = f->gaps = 0;
	memset(f->live, 0, sizeof f->live);
	return journal_open(f->disk, &f->options, fixture_load, fixture_apply, f, &f->journal,
			    &f->report);
}

/* Ways to commit and to read, each of which must recover alike. */
enum { FIXTURE_PLAIN, FIXTURE_PADS, FIXTURE_RECENT, FIXTURE_STARTS, FIXTURE_VARIANTS };

static inline void fixture_init_as(struct fixture *f, int variant)
{
	*f = (struct fixture){
		.disk = disk_memory_new(),
		.options = {.durability = JOURNAL_FSYNC,
			    .segment_size = FIXTURE_SEGMENT_SIZE,
			    .spare_segments = 3,
			    .pads_batches = variant != FIXTURE_PLAIN,
			    .recent_size = variant == FIXTURE_RECENT ? 20000 : 0},
	};
	if (variant == FIXTURE_STARTS)
		disk_memory_start_commits(f->disk);
	assert_int_equal(fixture_open(f), ERR_OK);
}

static inline void fixture_init(struct fixture *f)
{
	fixture_init_as(f, FIXTURE_PLAIN);
}

/* As after a clean stop, or after a kill if something was not drained. */
static inline void fixture_reopen(struct fixture *f)
{
	journal_free(&f->journal);
	assert_int_equal(fixture_open(f), ERR_OK);
}

/* Every live record reads back right. */
static inline void fixture_check_live(struct fixture *f)
{
	struct buf out = {0};

	for (size_t i = 0; i < FIXTURE_LIVE; i++) {
		struct journal_record record;
		if (!f->live[i].segment)
			continue;
		assert_int_equal(journal_read(f->journal, f->live[i], &out, &record), ERR_OK);
		record.lsn = record.queue / 3;
		assert_int_equal(record.lsn % FIXTURE_LIVE, i);
		fixture_check(&record);
	}
	buf_done(&out);
}

static inline void fixture_done(struct fixture *f)
{
	journal_free(&f->journal);
	f->disk->ops->free(f->disk);
}

#endif
