/* SPDX-License-Identifier: MIT */
/* buf: doubles when it is full, so that n appends cost O(n). */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"

enum { CAPACITY_MIN = 256, DECIMAL_MAX = 20 };

void buf_reset(struct buf *buf)
{
	buf->size = 0;
}

void buf_done(struct buf *buf)
{
	heap_free(buf->data);
	*buf = (struct buf){0};
}

void buf_reserve(struct buf *buf, size_t more)
{
	check(more <= SIZE_MAX / 2 - buf->size);
	size_t needed = buf->size + more;
	if (needed <= buf->capacity && buf->data)
		return;

	size_t capacity = buf->capacity ? buf->capacity : CAPACITY_MIN;
	while (capacity < needed)
		capacity *= 2;
	buf->data = heap_resize(buf->data, capacity);
	buf->capacity = capacity;
}

void buf_append_u64(struct buf *buf, uint64_t value)
{
	char digits[DECIMAL_MAX];
	size_t start = sizeof(digits);

	do {
		digits[--start] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buf_append(buf, str_of(digits + start, sizeof(digits) - start));
}

void buf_append_i64(struct buf *buf, int64_t value)
{
	if (value < 0) {
		buf_append_char(buf, '-');
		buf_append_u64(buf, 0 - (uint64_t)value);
		return;
	}
	buf_append_u64(buf, (uint64_t)value);
}

void buf_format(struct buf *buf, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	size_t size = str_format_size(format, arguments);
	buf_reserve(buf, size + 1);
	vsnprintf(buf->data + buf->size, size + 1, format, arguments);
	va_end(arguments);
	buf->size += size;
}
