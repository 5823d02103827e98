/* SPDX-License-Identifier: MIT */
/*
 * Replay: reads the batches of one segment and applies their records.
 *
 * A batch is good if its header and all its records check, and it names this very segment and
 * offset. At an offset without a good batch, there are three cases:
 *   - end: the next segment continues with the expected LSN, or there is no next segment;
 *   - torn tail: no good batch with a higher LSN follows, so no record of the tail was
 *     acknowledged; it is cut, and the next opening writes into a new segment;
 *   - damage: a good batch with a higher LSN follows. The report has the offset where the last
 *     good batch ended, and replay continues with the good batches.
 * After a batch with a valid header the search skips to its end, so that bytes of a client are
 * read as batches only if the header itself is damaged.
 */
#include "journal/replay.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "journal/record.h"
#include "journal/segment.h"
#include "journal/state.h"

enum { WINDOW_SIZE = 1 << 20 };

enum verdict {
	BATCH_NONE, /* no header of ours */
	BATCH_BAD,  /* a header whose records are invalid */
	BATCH_GOOD,
};

struct batch_view {
	uint64_t first_lsn;
	uint32_t version, epoch, record_count, content_crc;
	uint32_t header_size, size, stored_size; /* size: header and records */
	const char *bytes;			 /* in the window */
};

void report_damage(struct journal_report *report, const char *format, ...)
{
	va_list arguments;

	if (report->damage_count++ > 0)
		return;
	va_start(arguments, format);
	(void)vsnprintf(report->damage, sizeof report->damage, format, arguments);
	va_end(arguments);
}

/* Makes [offset, offset + size) of the segment readable in memory; it lies within the file. */
static enum err window_get(struct replay *replay, struct segment *segment, uint64_t offset,
			   size_t size, const char **out_bytes)
{
	struct disk *disk = replay->journal->disk;
	struct buf *window = &replay->window;

	if (offset < replay->window_offset ||
	    offset + size > replay->window_offset + window->size) {
		size_t wanted = size > WINDOW_SIZE ? size : WINDOW_SIZE;
		if (wanted > segment->size - offset)
			wanted = (size_t)(segment->size - offset);
		buf_reset(window);
		char *at = buf_extend(window, wanted);
		enum err err =
			disk->ops->read(disk, atomic_load(&segment->file), offset, at, wanted);
		if (err) {
			buf_reset(window);
			return err;
		}
		replay->window_offset = offset;
	}
	*out_bytes = window->data + (offset - replay->window_offset);
	return ERR_OK;
}

/* Since version 5, LSN and epoch follow from the batch's header. */
static bool parse_record(const struct batch_view *view, uint32_t segment, struct str bytes,
			 uint32_t index, struct journal_record *out_record)
{
	if (!record_parse(bytes, segment, out_record))
		return false;
	if (view->version < 5)
		return true;
	out_record->lsn = view->first_lsn + index;
	out_record->epoch = view->epoch;
	return true;
}

static bool records_are_good(const struct batch_view *view, uint32_t segment)
{
	struct str rest = str_of(view->bytes + view->header_size, view->size - view->header_size);
	uint32_t content_crc = 0;

	for (uint32_t i = 0; i < view->record_count; i++) {
		struct journal_record record;
		size_t size = record_size(rest, view->version);
		if (size == 0 || !parse_record(view, segment, str_of(rest.data, size), i, &record))
			return false;
		if (record.lsn != view->first_lsn + i || record.epoch != view->epoch)
			return false;
		content_crc = crc32c(content_crc, str_of(rest.data + RECORD_CRC, 4));
		rest = str_slice(rest, size, rest.size);
	}
	return rest.size == 0 && content_crc == view->content_crc;
}

/* The checksum is the last field of a header of either version. */
static bool header_is_whole(const char *at, uint32_t header_size)
{
	return header_size >= BATCH_HEADER_SIZE_3 &&
	       (header_size == BATCH_HEADER_SIZE_3 || header_size == BATCH_HEADER_SIZE) &&
	       crc32c(0, str_of(at, header_size - 4)) == get_u32(at + header_size - 4);
}

/* False if the fields do not fit each other or the `rest` of the segment. */
static bool parse_header(const char *at, uint32_t header_size, uint32_t rest,
			 struct batch_view *view)
{
	uint32_t size = get_u32(at + BATCH_SIZE);
	uint32_t stored_size =
		header_size == BATCH_HEADER_SIZE ? get_u32(at + BATCH_STORED_SIZE) : size;

	view->first_lsn = get_u64(at + BATCH_FIRST_LSN);
	view->epoch = get_u32(at + BATCH_EPOCH);
	view->record_count = get_u32(at + BATCH_RECORD_COUNT);
	view->content_crc = get_u32(at + BATCH_CONTENT_CRC);
	if (size < header_size || stored_size < size || stored_size > rest ||
	    stored_size - size >= DISK_BLOCK_SIZE || view->record_count == 0 ||
	    view->first_lsn == 0 || view->first_lsn > UINT64_MAX / 2)
		return false;
	view->version = get_u32(at + BATCH_VERSION);
	view->header_size = header_size;
	view->size = size;
	view->stored_size = stored_size;
	return true;
}

/* Reads the header at `offset`. ERR_VERSION if another version of Tern wrote it. */
static enum err look(struct replay *replay, struct segment *segment, uint32_t offset,
		     struct batch_view *view, enum verdict *out_verdict)
{
	const char *at;

	uint32_t rest = offset < segment->size ? segment->size - offset : 0;
	uint32_t header_size = rest < BATCH_HEADER_SIZE ? rest : BATCH_HEADER_SIZE;

	*out_verdict = BATCH_NONE;
	view->size = view->stored_size = 0;
	if (header_size < BATCH_HEADER_SIZE_3)
		return ERR_OK;
	enum err err = window_get(replay, segment, offset, header_size, &at);
	if (err)
		return err;
	if (get_u32(at + BATCH_MAGIC) != MAGIC_BATCH ||
	    get_u32(at + BATCH_SEGMENT) != segment->number || get_u32(at + BATCH_OFFSET) != offset)
		return ERR_OK;
	/* At least this much was begun here. */
	view->size = view->stored_size = header_size;
	if (get_u32(at + BATCH_VERSION) == 3)
		header_size = BATCH_HEADER_SIZE_3;
	if (!header_is_whole(at, header_size))
		return ERR_OK;
	if (!format_is_known(get_u32(at + BATCH_VERSION)))
		return ERR_VERSION;
	if (!parse_header(at, header_size, rest, view))
		return ERR_OK;
	*out_verdict = BATCH_BAD;
	err = window_get(replay, segment, offset, view->size, &view->bytes);
	if (err)
		return err;
	if (records_are_good(view, segment->number))
		*out_verdict = BATCH_GOOD;
	return ERR_OK;
}

must_check enum err replay_first_lsn(struct replay *replay, struct segment *segment,
				     uint64_t *out_lsn)
{
	struct batch_view view;
	enum verdict verdict;

	buf_reset(&replay->window);
	enum err err = look(replay, segment, 0, &view, &verdict);
	buf_reset(&replay->window);
	if (err)
		return err;
	bool is_valid = verdict == BATCH_GOOD && view.epoch >= replay->epoch;
	*out_lsn = is_valid ? view.first_lsn : 0;
	return ERR_OK;
}

/* Looks for a good batch with an LSN not replayed yet, from `from` on; SIZE_MAX: there is none. */
static enum err search(struct replay *replay, struct segment *segment, uint64_t from,
		       uint64_t *out_offset)
{
	static const char magic[4] = {'T', 'n', 'B', '1'};

	*out_offset = UINT64_MAX;
	while (from + BATCH_HEADER_SIZE_3 <= segment->size) {
		const char *bytes;
		enum err err = window_get(replay, segment, from, BATCH_HEADER_SIZE_3, &bytes);
		if (err)
			return err;
		size_t size = (size_t)(replay->window_offset + replay->window.size - from);
		const char *found = memmem(bytes, size, magic, sizeof magic);
		if (!found) {
			from += size - (sizeof magic - 1);
			continue;
		}
		from += (uint64_t)(found - bytes);
		struct batch_view view;
		enum verdict verdict;
		err = look(replay, segment, (uint32_t)from, &view, &verdict);
		if (err)
			return err;
		if (verdict == BATCH_GOOD && view.first_lsn >= replay->next_lsn &&
		    view.epoch >= replay->epoch) {
			*out_offset = from;
			return ERR_OK;
		}
		from += verdict == BATCH_NONE ? 1 : view.stored_size;
	}
	return ERR_OK;
}

/* Hands on the records of a good batch that were not replayed yet. */
static enum err apply_batch(struct replay *replay, struct segment *segment, uint32_t offset,
			    const struct batch_view *view)
{
	uint32_t at = view->header_size;

	for (uint32_t i = 0; i < view->record_count; i++) {
		struct journal_record record;
		struct str rest = str_of(view->bytes + at, view->size - at);
		uint32_t size = (uint32_t)record_size(rest, view->version);
		/* It was checked a moment ago; this takes it apart. */
		check(parse_record(view, segment->number, str_of(rest.data, size), i, &record));
		record.location = (struct journal_location){segment->number, offset + at, size};
		at += size;
		if (record.lsn < replay->next_lsn)
			continue;
		enum err err = replay->apply(replay->context, &record);
		if (err)
			return err;
		replay->next_lsn = record.lsn + 1;
		replay->report->records++;
	}
	return ERR_OK;
}

static enum err take_batch(struct replay *replay, struct segment *segment, uint32_t offset,
			   const struct batch_view *view)
{
	if (view->epoch > replay->epoch_max)
		replay->epoch_max = view->epoch;
	/* A lower epoch than one seen before is a stale owner's: void. */
	if (view->epoch < replay->epoch)
		return ERR_OK;
	if (view->first_lsn > replay->next_lsn) {
		char name[JOURNAL_NAME_SIZE];
		segment_name(replay->end_segment, name);
		report_damage(replay->report,
			      "%s: offset %" PRIu32 ": records %" PRIu64 " to %" PRIu64
			      " are missing or fail their check",
			      name, replay->end_offset, replay->next_lsn, view->first_lsn - 1);
		replay->next_lsn = view->first_lsn;
	}
	replay->epoch = view->epoch;
	enum err err = apply_batch(replay, segment, offset, view);
	if (err)
		return err;
	if (offset == 0)
		segment->first_lsn = view->first_lsn;
	check(offset + view->stored_size <= segment->size);
	replay->end_segment = segment->number;
	replay->end_offset = offset + view->stored_size;
	replay->journal->appended_since_checkpoint += view->stored_size;
	return ERR_OK;
}

/* Where no good batch stands: sets *offset to where to go on, or *out_ends. */
static enum err pass_bad_place(struct replay *replay, struct segment *segment, struct segment *next,
			       const struct batch_view *view, enum verdict verdict,
			       uint32_t *offset, bool *out_ends)
{
	uint64_t next_lsn = 0;
	uint64_t found;

	*out_ends = true;
	if (next) {
		enum err err = replay_first_lsn(replay, next, &next_lsn);
		if (err)
			return err;
		if (next_lsn == replay->next_lsn)
			return ERR_OK;
	}
	uint64_t from = (uint64_t)*offset + (verdict == BATCH_BAD ? view->stored_size : 1);
	enum err err = search(replay, segment, from, &found);
	if (err)
		return err;
	if (found == UINT64_MAX) {
		/* With a later segment it is not the tail; the gap is reported there. */
		if (next_lsn == 0)
			replay->report->torn_bytes += view->size;
		return ERR_OK;
	}
	struct batch_view after;
	err = look(replay, segment, (uint32_t)found, &after, &verdict);
	if (err)
		return err;
	if (after.first_lsn == replay->next_lsn) {
		char name[JOURNAL_NAME_SIZE];
		segment_name(segment->number, name);
		report_damage(replay->report,
			      "%s: offset %" PRIu32 ": %" PRIu64 " bytes are no batch", name,
			      *offset, found - *offset);
	}
	*offset = (uint32_t)found;
	*out_ends = false;
	return ERR_OK;
}

/*
 * Reads the batch at *offset or, if there is none, at the next block: the first opening that pads
 * its batches continues there. Bytes of a client in the middle of a torn batch have no higher epoch
 * than that batch.
 */
static enum err look_further(struct replay *replay, struct segment *segment, uint32_t *offset,
			     struct batch_view *view, enum verdict *out_verdict)
{
	struct batch_view further;
	enum verdict verdict;

	enum err err = look(replay, segment, *offset, view, out_verdict);
	if (err || *out_verdict != BATCH_NONE || view->size > 0 || *offset % DISK_BLOCK_SIZE == 0)
		return err;
	uint32_t block = *offset + DISK_BLOCK_SIZE - *offset % DISK_BLOCK_SIZE;
	err = look(replay, segment, block, &further, &verdict);
	if (!err && verdict == BATCH_GOOD && further.epoch > replay->epoch &&
	    further.first_lsn == replay->next_lsn) {
		*offset = block;
		*view = further;
		*out_verdict = verdict;
	}
	return err;
}

must_check enum err replay_segment(struct replay *replay, struct segment *segment, uint32_t offset,
				   struct segment *next)
{
	bool ends = false;

	buf_reset(&replay->window);
	while (!ends) {
		struct batch_view view;
		enum verdict verdict;
		enum err err = look_further(replay, segment, &offset, &view, &verdict);
		if (err)
			return err;
		if (verdict == BATCH_GOOD) {
			err = take_batch(replay, segment, offset, &view);
			offset += view.stored_size;
		} else {
			err = pass_bad_place(replay, segment, next, &view, verdict, &offset, &ends);
		}
		if (err)
			return err;
	}
	segment->last_lsn = replay->next_lsn - 1;
	return ERR_OK;
}

must_check enum err journal_scan(struct journal *journal, uint32_t number, journal_record_fn fn,
				 void *context)
{
	struct segment *segment = segment_of(journal, number);
	struct journal_report report = {0};
	struct replay replay = {.journal = journal,
				.report = &report,
				.apply = fn,
				.context = context,
				.next_lsn = 1};

	if (!segment || !atomic_load(&segment->file))
		return ERR_NOTFOUND;
	uint64_t last_lsn = segment->last_lsn;
	uint64_t appended = journal->appended_since_checkpoint;
	enum err err = replay_segment(&replay, segment, 0, NULL);
	segment->last_lsn = last_lsn;
	journal->appended_since_checkpoint = appended;
	buf_done(&replay.window);
	return err;
}
