/* SPDX-License-Identifier: MIT */
/*
 * frame: some log events of a group in one piece of a file, with what a reader needs to skip it.
 *
 * The head is in clear: the numbers of the group and of the streams, and ranges of time. The body
 * has the events, perhaps compressed, and always sealed by the caller. Little endian:
 *
 *   magic 4 | CRC of all that follows but the body 4 | head size 4 | body size 4 | body CRC 4 |
 *   head | body
 *
 * A mark is a frame without a body: it says which write-ahead log is in the file up to it.
 * Pure functions; any thread. Decoding accepts any bytes.
 */
#ifndef TERN_LOGSTORE_FRAME_H
#define TERN_LOGSTORE_FRAME_H

#include "base/base.h"

enum {
	FRAME_FIXED_SIZE = 20,
	FRAME_PLAIN_MAX = 4 << 20, /* bytes of the events of one frame */
	FRAME_BODY_MAX = 5 << 20,  /* the same when sealed */
	FRAME_HEAD_MAX = 1 << 20,
	FRAME_TEXT_OVERHEAD = 26, /* bytes that AWS adds to each event's text */
};

enum frame_flag {
	FRAME_IS_COMPRESSED = 1, /* zlib, below the seal */
	FRAME_IS_ENVELOPE = 2,	 /* sealed under a key of KMS: only its owner can open it */
	FRAME_IS_MARK = 4,
};

/* Events are in order of time and sequence; of two events, one is before the other. */
struct log_key {
	int64_t time_ms;
	uint64_t sequence;
};
int log_key_compare(struct log_key a, struct log_key b);

struct log_record {
	struct log_key key;
	uint64_t stream; /* its number */
	int64_t ingested_ms;
	struct str text;
};

struct frame_stream {
	uint64_t number;
	uint64_t count; /* events */
	int64_t first_ms, last_ms;
};

struct frame {
	uint64_t flags; /* enum frame_flag */
	uint64_t group;
	uint64_t wal;	   /* of a mark: the number of the log */
	uint64_t sequence; /* of the event with the smallest one */
	int64_t first_ms, last_ms;
	int64_t ingested_ms; /* of the event that arrived first */
	uint64_t plain_size; /* bytes of the events before compression */
	uint64_t text_size;  /* as AWS counts: texts, and FRAME_TEXT_OVERHEAD each */
	uint64_t count;
	const struct frame_stream *streams; /* sorted by number */
	size_t stream_count;
	size_t head_size, body_size;
	uint32_t body_crc;
};
static inline size_t frame_size(const struct frame *frame)
{
	return FRAME_FIXED_SIZE + frame->head_size + frame->body_size;
}

/*
 * The events, which are sorted by stream, then by key, as bytes. Fills all of *out_frame but flags,
 * group and what follows from the body; the streams are in the arena. At least one record.
 */
void frame_pack(struct arena *arena, const struct log_record *records, size_t count,
		struct buf *out, struct frame *out_frame);
/* Appends the frame; its sizes and body_crc are computed. */
void frame_append(struct buf *out, const struct frame *frame, struct str body);
void frame_append_mark(struct buf *out, uint64_t group, uint64_t wal);

/*
 * Reads fixed part and head. ERR_TOOLARGE: more bytes are needed, *out_frame->head_size says how
 * many the head has, if bytes has FRAME_FIXED_SIZE. ERR_DAMAGED.
 */
must_check enum err frame_parse(struct arena *arena, struct str bytes, struct frame *out_frame);
/* The body of a frame that is there as a whole. ERR_DAMAGED: it fails its check. */
must_check enum err frame_body(const struct frame *frame, struct str bytes, struct str *out_body);
/* Visits the events of the unsealed body, decompressed, in their order; texts are views of it.
 * ERR_DAMAGED, perhaps after some. `visit` returns false to end. */
typedef bool (*frame_visit_fn)(void *context, const struct log_record *record);
must_check enum err frame_each(const struct frame *frame, struct str plain, frame_visit_fn visit,
			       void *context);

/* The bytes compressed, in the arena. */
struct str frame_compress(struct arena *arena, struct str plain);
/* ERR_DAMAGED: they do not give `size` bytes. */
must_check enum err frame_decompress(struct arena *arena, struct str bytes, size_t size,
				     struct str *out_plain);

#endif
