/* SPDX-License-Identifier: MIT */
/*
 * obligation_record: a version byte, then the fields in the order of the struct. The kind and what
 * people read of an obligation are in front, so that a listing can show what it cannot deliver.
 */
#include "core/obligation_record.h"

#include "base/bytes.h"
#include "core/engines.h"
#include "deliver/deliver.h"

enum { VERSION = 1 };
enum { FLAG_DEAD_LETTER = 1, FLAG_FAILURE = 2, FLAGS = 3 };

static_assert(2 * LIMIT_PARTITIONS <= DELIVER_QUEUE_COUNT, "each engine has two of its queues");
static_assert(OBLIGATION_NUMBERS <= UINT8_MAX, "a kind is one byte");

struct obligation_record obligation_record_of(const struct obligation *obligation, int64_t now_ms)
{
	check(obligation->kind > 0);
	check(obligation->kind < OBLIGATION_NUMBERS);
	check(obligation->account.size > 0);
	check(obligation->order == 0 || obligation->delay_ms == 0);
	return (struct obligation_record){
		.kind = (uint8_t)obligation->kind,
		.since_ms = now_ms,
		.order = obligation->order,
		.account = obligation->account,
		.source = obligation->source,
		.endpoint = obligation->endpoint,
		.bytes = obligation->bytes,
		.shared = obligation->shared,
	};
}

struct str obligation_record_encode(struct arena *arena, const struct obligation_record *record)
{
	bool has_failure = record->failure.code.data != NULL;
	struct buf buf = {0};

	bytes_append_u8(&buf, VERSION);
	bytes_append_u8(&buf, record->kind);
	bytes_append_u8(&buf, (uint8_t)((record->is_dead_letter ? FLAG_DEAD_LETTER : 0) |
					(has_failure ? FLAG_FAILURE : 0)));
	bytes_append_u32(&buf, record->attempts);
	bytes_append_u64(&buf, (uint64_t)record->since_ms);
	bytes_append_u64(&buf, record->order);
	bytes_append_str(&buf, record->account);
	bytes_append_str(&buf, record->source);
	bytes_append_str(&buf, record->endpoint);
	if (has_failure) {
		bytes_append_str(&buf, record->failure.code);
		bytes_append_str(&buf, record->failure.text);
		bytes_append_u16(&buf, (uint16_t)record->failure.status);
	}
	bytes_append_str(&buf, record->bytes);
	bytes_append_str(&buf, record->shared);
	struct str encoded = arena_copy(arena, buf_str(&buf));
	buf_done(&buf);
	return encoded;
}

enum err obligation_record_decode(struct str bytes, struct obligation_record *out)
{
	struct byte_reader reader = byte_reader_of(bytes);
	struct obligation_record record = {0};

	if (byte_reader_u8(&reader) != VERSION)
		return ERR_DAMAGED;
	record.kind = byte_reader_u8(&reader);
	uint8_t flags = byte_reader_u8(&reader);
	record.is_dead_letter = flags & FLAG_DEAD_LETTER;
	record.attempts = byte_reader_u32(&reader);
	record.since_ms = (int64_t)byte_reader_u64(&reader);
	record.order = byte_reader_u64(&reader);
	record.account = byte_reader_str(&reader);
	record.source = byte_reader_str(&reader);
	record.endpoint = byte_reader_str(&reader);
	if (flags & FLAG_FAILURE) {
		record.failure.code = byte_reader_str(&reader);
		record.failure.text = byte_reader_str(&reader);
		record.failure.status = byte_reader_u16(&reader);
	}
	record.bytes = byte_reader_str(&reader);
	record.shared = byte_reader_str(&reader);
	if (!byte_reader_is_done(&reader) || flags > FLAGS || record.kind == 0)
		return ERR_DAMAGED;
	*out = record;
	return ERR_OK;
}

/* Queues without order have the first numbers; queues with order follow. */
uint64_t obligation_queue(const struct core *core, uint32_t place, bool is_ordered)
{
	return engines_number(core, place,
			      DELIVER_QUEUE_FIRST + (is_ordered ? core->engine_count : 0));
}

bool obligation_queue_is_ordered(const struct core *core, uint64_t queue)
{
	return queue >= DELIVER_QUEUE_FIRST + core->engine_count;
}

uint32_t obligation_queue_count(const struct core *core)
{
	return 2 * core->engine_count;
}

uint64_t obligation_queue_at(const struct core *core, uint32_t index)
{
	return obligation_queue(core, index / 2, index % 2);
}

uint32_t obligation_queue_index(const struct core *core, uint64_t queue)
{
	return 2 * engines_place(core, queue) + obligation_queue_is_ordered(core, queue);
}

/* Accounts take turns, and within an account its sources: a source is a group of its own. */
static uint64_t group_of(const struct obligation_record *record)
{
	uint64_t hash = str_hash(record->account) * 31 + str_hash(record->source);

	return hash ? hash : 1;
}

struct queue_target obligation_record_target(const struct core *core, struct arena *arena,
					     uint32_t place, const struct obligation_record *record,
					     int64_t delay_ms)
{
	struct queue_target target;
	bool is_ordered = record->order != 0 && !record->is_dead_letter;

	deliver_target(core->seal, arena, obligation_queue(core, place, is_ordered),
		       is_ordered ? record->order : group_of(record),
		       obligation_record_encode(arena, record), &target);
	target.has_delay = !is_ordered && delay_ms > 0;
	target.delay_ms = delay_ms;
	return target;
}
