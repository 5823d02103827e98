/* SPDX-License-Identifier: MIT */
/*
 * buf: bytes that grow at the end, on the heap.
 *
 * Zero-initialised is empty and valid. buf_reset keeps the memory, buf_done frees it. Appending
 * never fails. One owning thread at a time.
 */
#ifndef TERN_BASE_BUF_H
#define TERN_BASE_BUF_H

#include <string.h>

#include "base/str.h"

struct buf {
	char *data;
	size_t size;	 /* bytes in use */
	size_t capacity; /* bytes allocated */
};

void buf_reset(struct buf *buf);
void buf_done(struct buf *buf);
void buf_reserve(struct buf *buf, size_t more); /* room for `more` further bytes */
/* Room for `size` bytes at the end, already counted in buf->size; not zeroed. Valid until the next
 * append. */
static inline char *buf_extend(struct buf *buf, size_t size)
{
	if (size > buf->capacity - buf->size || !buf->data)
		buf_reserve(buf, size);
	char *place = buf->data + buf->size;
	buf->size += size;
	return place;
}
static inline void buf_append(struct buf *buf, struct str s)
{
	if (s.size > 0)
		memcpy(buf_extend(buf, s.size), s.data, s.size);
}
static inline void buf_append_char(struct buf *buf, char c)
{
	*buf_extend(buf, 1) = c;
}
void buf_append_u64(struct buf *buf, uint64_t value); /* decimal */
void buf_append_i64(struct buf *buf, int64_t value);
void buf_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline struct str buf_str(const struct buf *buf)
{
	return str_of(buf->data, buf->size);
}

#endif
