/* SPDX-License-Identifier: MIT */
/* frame: all numbers but the fixed part's are varints, times relative to the frame's or stream's
 * first one. */
#include "logstore/frame.h"

#include <zlib.h>

#define MAGIC 0x31464c54u /* "TLF1" */
enum { CRC_AT = 4, HEAD_SIZE_AT = 8, BODY_SIZE_AT = 12, BODY_CRC_AT = 16, LEVEL = 6 };

int log_key_compare(struct log_key a, struct log_key b)
{
	if (a.time_ms != b.time_ms)
		return a.time_ms < b.time_ms ? -1 : 1;
	if (a.sequence != b.sequence)
		return a.sequence < b.sequence ? -1 : 1;
	return 0;
}

/* ---- writing ---- */

static void set_ranges(const struct log_record *records, size_t count, struct frame *frame)
{
	*frame = (struct frame){
		.sequence = records[0].key.sequence,
		.first_ms = records[0].key.time_ms,
		.last_ms = records[0].key.time_ms,
		.ingested_ms = records[0].ingested_ms,
		.count = count,
	};
	for (size_t i = 0; i < count; i++) {
		const struct log_record *record = &records[i];
		if (record->key.sequence < frame->sequence)
			frame->sequence = record->key.sequence;
		if (record->key.time_ms < frame->first_ms)
			frame->first_ms = record->key.time_ms;
		if (record->key.time_ms > frame->last_ms)
			frame->last_ms = record->key.time_ms;
		if (record->ingested_ms < frame->ingested_ms)
			frame->ingested_ms = record->ingested_ms;
		frame->text_size += record->text.size + FRAME_TEXT_OVERHEAD;
	}
}

static size_t count_streams(const struct log_record *records, size_t count)
{
	size_t streams = 1;

	for (size_t i = 1; i < count; i++)
		streams += records[i].stream != records[i - 1].stream;
	return streams;
}

static void pack_record(struct buf *out, const struct frame *frame, int64_t previous_ms,
			const struct log_record *record)
{
	bytes_append_varint(out, (uint64_t)(record->key.time_ms - previous_ms));
	bytes_append_varint(out, record->key.sequence - frame->sequence);
	bytes_append_varint(out, (uint64_t)(record->ingested_ms - frame->ingested_ms));
	bytes_append_varint(out, record->text.size);
	buf_append(out, record->text);
}

void frame_pack(struct arena *arena, const struct log_record *records, size_t count,
		struct buf *out, struct frame *out_frame)
{
	struct frame_stream *streams =
		arena_array(arena, struct frame_stream, count_streams(records, count));
	struct frame_stream *stream = NULL;
	size_t before = out->size;

	check(count > 0);
	set_ranges(records, count, out_frame);
	for (size_t i = 0; i < count; i++) {
		const struct log_record *record = &records[i];
		if (!stream || stream->number != record->stream) {
			check(!stream || stream->number < record->stream);
			stream = &streams[out_frame->stream_count++];
			*stream = (struct frame_stream){.number = record->stream,
							.first_ms = record->key.time_ms,
							.last_ms = record->key.time_ms};
		}
		check(record->key.time_ms >= stream->last_ms);
		pack_record(out, out_frame, stream->last_ms, record);
		stream->last_ms = record->key.time_ms;
		stream->count++;
	}
	out_frame->streams = streams;
	out_frame->plain_size = out->size - before;
}

static void append_head(struct buf *out, const struct frame *frame)
{
	uint64_t previous = 0;

	bytes_append_varint(out, frame->flags);
	bytes_append_varint(out, frame->group);
	if (frame->flags & FRAME_IS_MARK) {
		bytes_append_varint(out, frame->wal);
		return;
	}
	bytes_append_varint(out, frame->sequence);
	bytes_append_varint(out, (uint64_t)frame->first_ms);
	bytes_append_varint(out, (uint64_t)(frame->last_ms - frame->first_ms));
	bytes_append_varint(out, (uint64_t)frame->ingested_ms);
	bytes_append_varint(out, frame->plain_size);
	bytes_append_varint(out, frame->text_size);
	bytes_append_varint(out, frame->count);
	bytes_append_varint(out, frame->stream_count);
	for (size_t i = 0; i < frame->stream_count; i++) {
		const struct frame_stream *stream = &frame->streams[i];
		bytes_append_varint(out, stream->number - previous);
		bytes_append_varint(out, stream->count);
		bytes_append_varint(out, (uint64_t)(stream->first_ms - frame->first_ms));
		bytes_append_varint(out, (uint64_t)(stream->last_ms - stream->first_ms));
		previous = stream->number;
	}
}

void frame_append(struct buf *out, const struct frame *frame, struct str body)
{
	size_t at = out->size;

	check(body.size <= FRAME_BODY_MAX);
	buf_extend(out, FRAME_FIXED_SIZE);
	append_head(out, frame);
	size_t head_size = out->size - at - FRAME_FIXED_SIZE;
	check(head_size <= FRAME_HEAD_MAX);
	char *fixed = out->data + at;
	put_u32(fixed, MAGIC);
	put_u32(fixed + HEAD_SIZE_AT, (uint32_t)head_size);
	put_u32(fixed + BODY_SIZE_AT, (uint32_t)body.size);
	put_u32(fixed + BODY_CRC_AT, crc32c(0, body));
	put_u32(fixed + CRC_AT, crc32c(0, str_of(fixed + HEAD_SIZE_AT,
						 FRAME_FIXED_SIZE - HEAD_SIZE_AT + head_size)));
	buf_append(out, body);
}

void frame_append_mark(struct buf *out, uint64_t group, uint64_t wal)
{
	const struct frame mark = {.flags = FRAME_IS_MARK, .group = group, .wal = wal};

	frame_append(out, &mark, (struct str){0});
}

/* ---- reading ---- */

/* A time that is `more` after `from`; false: it is no time of wall clocks. */
static bool add_time(int64_t from, uint64_t more, int64_t *out)
{
	if (more > INT64_MAX / 2)
		return false;
	*out = from + (int64_t)more;
	return *out >= 0 && *out < INT64_MAX / 2;
}

static bool parse_streams(struct arena *arena, struct byte_reader *reader, struct frame *frame)
{
	struct frame_stream *streams;
	uint64_t previous = 0, events = 0;

	/* A stream takes four bytes at least, so the memory is bounded by the head's size. */
	if (frame->stream_count == 0 || frame->stream_count > reader->rest.size / 4)
		return false;
	streams = arena_array(arena, struct frame_stream, frame->stream_count);
	for (size_t i = 0; i < frame->stream_count; i++) {
		struct frame_stream *stream = &streams[i];
		uint64_t step = byte_reader_varint(reader);
		if (i > 0 && step == 0)
			return false;
		stream->number = previous + step;
		if (stream->number < previous)
			return false;
		previous = stream->number;
		stream->count = byte_reader_varint(reader);
		if (stream->count == 0 || stream->count > frame->count - events)
			return false;
		events += stream->count;
		if (!add_time(frame->first_ms, byte_reader_varint(reader), &stream->first_ms) ||
		    !add_time(stream->first_ms, byte_reader_varint(reader), &stream->last_ms) ||
		    stream->last_ms > frame->last_ms)
			return false;
	}
	frame->streams = streams;
	return events == frame->count;
}

static bool parse_head(struct arena *arena, struct byte_reader *reader, struct frame *frame)
{
	frame->flags = byte_reader_varint(reader);
	frame->group = byte_reader_varint(reader);
	if (frame->flags & FRAME_IS_MARK) {
		frame->wal = byte_reader_varint(reader);
		return byte_reader_is_done(reader) && frame->body_size == 0;
	}
	frame->sequence = byte_reader_varint(reader);
	if (!add_time(0, byte_reader_varint(reader), &frame->first_ms) ||
	    !add_time(frame->first_ms, byte_reader_varint(reader), &frame->last_ms) ||
	    !add_time(0, byte_reader_varint(reader), &frame->ingested_ms))
		return false;
	frame->plain_size = byte_reader_varint(reader);
	frame->text_size = byte_reader_varint(reader);
	frame->count = byte_reader_varint(reader);
	frame->stream_count = byte_reader_varint(reader);
	return !reader->is_short && frame->plain_size <= FRAME_PLAIN_MAX &&
	       frame->count <= frame->plain_size && parse_streams(arena, reader, frame) &&
	       byte_reader_is_done(reader);
}

enum err frame_parse(struct arena *arena, struct str bytes, struct frame *out_frame)
{
	struct frame frame = {0};

	if (bytes.size < FRAME_FIXED_SIZE)
		return ERR_TOOLARGE;
	if (get_u32(bytes.data) != MAGIC)
		return ERR_DAMAGED;
	frame.head_size = get_u32(bytes.data + HEAD_SIZE_AT);
	frame.body_size = get_u32(bytes.data + BODY_SIZE_AT);
	frame.body_crc = get_u32(bytes.data + BODY_CRC_AT);
	if (frame.head_size > FRAME_HEAD_MAX || frame.body_size > FRAME_BODY_MAX)
		return ERR_DAMAGED;
	if (bytes.size < FRAME_FIXED_SIZE + frame.head_size) {
		out_frame->head_size = frame.head_size;
		return ERR_TOOLARGE;
	}
	struct str checked = str_of(bytes.data + HEAD_SIZE_AT,
				    FRAME_FIXED_SIZE - HEAD_SIZE_AT + frame.head_size);
	if (crc32c(0, checked) != get_u32(bytes.data + CRC_AT))
		return ERR_DAMAGED;
	struct byte_reader reader =
		byte_reader_of(str_of(bytes.data + FRAME_FIXED_SIZE, frame.head_size));
	if (!parse_head(arena, &reader, &frame))
		return ERR_DAMAGED;
	*out_frame = frame;
	return ERR_OK;
}

enum err frame_body(const struct frame *frame, struct str bytes, struct str *out_body)
{
	if (bytes.size < frame_size(frame))
		return ERR_DAMAGED;
	struct str body =
		str_of(bytes.data + FRAME_FIXED_SIZE + frame->head_size, frame->body_size);
	if (crc32c(0, body) != frame->body_crc)
		return ERR_DAMAGED;
	*out_body = body;
	return ERR_OK;
}

/* ERR_CLOSED: the visitor ended it. */
static enum err visit_stream(const struct frame *frame, const struct frame_stream *stream,
			     struct byte_reader *reader, frame_visit_fn visit, void *context)
{
	int64_t time_ms = stream->first_ms;

	for (uint64_t i = 0; i < stream->count; i++) {
		struct log_record record = {.stream = stream->number};
		if (!add_time(time_ms, byte_reader_varint(reader), &time_ms))
			return ERR_DAMAGED;
		record.key.time_ms = time_ms;
		record.key.sequence = frame->sequence + byte_reader_varint(reader);
		if (!add_time(frame->ingested_ms, byte_reader_varint(reader), &record.ingested_ms))
			return ERR_DAMAGED;
		record.text = byte_reader_take(reader, byte_reader_varint(reader));
		if (reader->is_short || time_ms > stream->last_ms)
			return ERR_DAMAGED;
		if (!visit(context, &record))
			return ERR_CLOSED;
	}
	return ERR_OK;
}

enum err frame_each(const struct frame *frame, struct str plain, frame_visit_fn visit,
		    void *context)
{
	struct byte_reader reader = byte_reader_of(plain);
	enum err err = ERR_OK;

	for (size_t i = 0; !err && i < frame->stream_count; i++)
		err = visit_stream(frame, &frame->streams[i], &reader, visit, context);
	if (err)
		return err == ERR_CLOSED ? ERR_OK : err;
	return byte_reader_is_done(&reader) ? ERR_OK : ERR_DAMAGED;
}

/* ---- compression ---- */

struct str frame_compress(struct arena *arena, struct str plain)
{
	uLongf size = compressBound(plain.size);
	char *out = arena_bytes(arena, size);

	check(compress2((Bytef *)out, &size, (const Bytef *)plain.data, plain.size, LEVEL) == Z_OK);
	return str_of(out, size);
}

enum err frame_decompress(struct arena *arena, struct str bytes, size_t size, struct str *out_plain)
{
	uLongf got = size;
	char *out;

	if (size > FRAME_PLAIN_MAX)
		return ERR_DAMAGED;
	out = arena_bytes(arena, size + 1);
	if (uncompress((Bytef *)out, &got, (const Bytef *)bytes.data, bytes.size) != Z_OK ||
	    got != size)
		return ERR_DAMAGED;
	*out_plain = str_of(out, size);
	return ERR_OK;
}
