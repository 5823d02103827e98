/* SPDX-License-Identifier: MIT */
/*
 * cbor_io: CBOR (RFC 8949) item by item, on libcbor's stateless decoder and encoder.
 *
 * The reader goes over text that it borrows and allocates nothing but what joins byte or text
 * strings that were sent in pieces. It holds LIMIT_CBOR_DEPTH and LIMIT_CBOR_ITEMS. The writer
 * appends to a buf and cannot fail; it writes definite lengths and the shortest integers.
 * Pure, any thread.
 */
#ifndef TERN_FORMAT_CBOR_IO_H
#define TERN_FORMAT_CBOR_IO_H

#include "base/base.h"

enum cbor_kind {
	CBOR_UINT,   /* number */
	CBOR_NINT,   /* -1 - number */
	CBOR_BYTES,  /* text */
	CBOR_TEXT,   /* text; checked to be UTF-8 */
	CBOR_ARRAY,  /* number items follow; with is_indefinite, those up to CBOR_BREAK */
	CBOR_MAP,    /* the same, of pairs */
	CBOR_TAG,    /* number; the tagged item follows */
	CBOR_DOUBLE, /* real; of any width */
	CBOR_BOOL,   /* boolean */
	CBOR_NULL,   /* null or undefined */
	CBOR_BREAK,  /* the end of an indefinite array or map */
};

struct cbor_item {
	enum cbor_kind kind;
	bool is_indefinite;
	bool boolean;
	uint64_t number;
	double real;
	struct str text;
};

struct cbor_reader {
	struct arena *arena;
	struct str rest; /* not read yet */
	size_t item_count;
	size_t depth; /* of what cbor_enter has entered */
};
void cbor_reader_init(struct cbor_reader *reader, struct arena *arena, struct str text);

/* ERR_INVALID: not well-formed, cut off, or a kind that is not known here; ERR_TOOLARGE. */
must_check enum err cbor_read(struct cbor_reader *reader, struct cbor_item *out_item);
/* Reads over what is left of an item that cbor_read gave: its items, or what it tags. */
must_check enum err cbor_skip(struct cbor_reader *reader, const struct cbor_item *item);
/*
 * Between the items of an array or map: cbor_enter, then cbor_next until it says that there is no
 * further item, which is when the array or map has ended. ERR_TOOLARGE: too deep.
 */
struct cbor_walk {
	uint64_t left;
	bool is_indefinite;
};
must_check enum err cbor_enter(struct cbor_reader *reader, const struct cbor_item *item,
			       struct cbor_walk *out_walk);
/* Reads the next item (of a map: the next key). *out_has false: there is none. */
must_check enum err cbor_next(struct cbor_reader *reader, struct cbor_walk *walk, bool *out_has,
			      struct cbor_item *out_item);

void cbor_write_int(struct buf *out, int64_t value);
void cbor_write_bytes(struct buf *out, struct str bytes);
/* Text that is not UTF-8 is written with U+FFFD in place of bad bytes. */
void cbor_write_text(struct buf *out, struct str text);
void cbor_write_array(struct buf *out, size_t count);
void cbor_write_map(struct buf *out, size_t count);
void cbor_write_tag(struct buf *out, uint64_t tag);
/* In four bytes where that loses nothing, else in eight. */
void cbor_write_double(struct buf *out, double value);
void cbor_write_bool(struct buf *out, bool value);

#endif
