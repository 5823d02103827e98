/* SPDX-License-Identifier: MIT */
/*
 * Looks at each answer from its first byte whenever more came: answers are short and mostly whole
 * after one read. Interim answers (100 Continue) are malformed here, since nobody asks for one.
 */
#include "bench_response.h"

#include "base/base.h"
#include <string.h>

#define BODY_SIZE_MAX ((uint64_t)64 << 20)
#define CHUNK_DIGITS_MAX 8

struct framing {
	bool has_length, is_chunked, is_keep_alive;
	uint64_t length;
};

static bool header_read(struct str line, struct framing *framing)
{
	struct str value = line;
	struct str name = str_cut(&value, ':');

	if (!value.data)
		return false;
	value = str_trim(value);
	if (str_equal_nocase(name, STR("content-length"))) {
		framing->has_length = true;
		return str_to_u64(value, &framing->length) && framing->length <= BODY_SIZE_MAX;
	}
	if (str_equal_nocase(name, STR("transfer-encoding"))) {
		framing->is_chunked = true;
		return str_equal_nocase(value, STR("chunked"));
	}
	if (str_equal_nocase(name, STR("connection"))) {
		if (str_equal_nocase(value, STR("close")))
			framing->is_keep_alive = false;
		else if (str_equal_nocase(value, STR("keep-alive")))
			framing->is_keep_alive = true;
	}
	return true;
}

/* "HTTP/1.1 200 OK" */
static bool status_line_read(struct str line, int *out_status, struct framing *framing)
{
	uint64_t status;

	if (line.size < 12 || !str_starts(line, STR("HTTP/1.")) || line.data[8] != ' ' ||
	    !str_to_u64(str_slice(line, 9, 3), &status) || status < 200)
		return false;
	framing->is_keep_alive = line.data[7] == '1';
	*out_status = (int)status;
	return true;
}

/* Size of the chunk whose line starts at `at`; moves *at behind the line. */
static enum bench_progress chunk_line_read(struct str all, size_t *at, size_t *out_size)
{
	size_t end = str_find(all, STR("\r\n"), *at);

	if (end == SIZE_MAX)
		return all.size - *at > 1024 ? BENCH_MALFORMED : BENCH_MORE;
	size_t size = 0, digits = 0;
	for (size_t i = *at; i < end && all.data[i] != ';'; i++, digits++) {
		const char *found = memchr("0123456789abcdefABCDEF", all.data[i], 22);
		if (!found || digits == CHUNK_DIGITS_MAX)
			return BENCH_MALFORMED;
		char c = *found;
		size = size * 16 +
		       (size_t)(c <= '9' ? c - '0' : (c >= 'a' ? c - 'a' : c - 'A') + 10);
	}
	if (digits == 0)
		return BENCH_MALFORMED;
	*at = end + 2;
	*out_size = size;
	return BENCH_COMPLETE;
}

/* Two passes: nothing is moved before the last chunk is there. */
static enum bench_progress chunked_walk(char *data, size_t size, size_t head_size, bool moves,
					struct bench_response *out)
{
	size_t at = head_size, filled = head_size, chunk;

	do {
		enum bench_progress progress = chunk_line_read(str_of(data, size), &at, &chunk);
		if (progress != BENCH_COMPLETE)
			return progress;
		if (size - at < chunk + 2)
			return BENCH_MORE;
		if (memcmp(data + at + chunk, "\r\n", 2) != 0)
			return BENCH_MALFORMED; /* also trailers, which nobody sends here */
		if (moves)
			memmove(data + filled, data + at, chunk);
		filled += chunk;
		at += chunk + 2;
	} while (chunk > 0);
	out->message_size = at;
	out->body = str_of(data + head_size, filled - head_size);
	return BENCH_COMPLETE;
}

static enum bench_progress body_read(char *data, size_t size, size_t head_size, bool at_end,
				     const struct framing *framing, struct bench_response *out)
{
	if (framing->is_chunked) {
		enum bench_progress progress = chunked_walk(data, size, head_size, false, out);
		if (progress == BENCH_COMPLETE)
			progress = chunked_walk(data, size, head_size, true, out);
		return progress;
	}
	size_t body_size = size - head_size;
	if (framing->has_length) {
		if (body_size < framing->length)
			return BENCH_MORE;
		body_size = framing->length;
	} else if (out->status != 204 && out->status != 304) {
		if (!at_end)
			return BENCH_MORE;
		out->is_keep_alive = false;
	} else {
		body_size = 0;
	}
	out->message_size = head_size + body_size;
	out->body = str_of(data + head_size, body_size);
	return BENCH_COMPLETE;
}

enum bench_progress bench_response_parse(char *data, size_t size, bool at_end,
					 struct bench_response *out)
{
	struct str all = str_of(data, size);
	struct bench_response response = {0};
	struct framing framing = {0};
	size_t head_end = str_find(all, STR("\r\n\r\n"), 0);

	if (head_end == SIZE_MAX)
		return size > 65536 ? BENCH_MALFORMED : BENCH_MORE;
	size_t line_end = str_find(all, STR("\r\n"), 0);
	if (!status_line_read(str_slice(all, 0, line_end), &response.status, &framing))
		return BENCH_MALFORMED;
	for (size_t at = line_end + 2; at < head_end;) {
		line_end = str_find(all, STR("\r\n"), at);
		if (!header_read(str_slice(all, at, line_end - at), &framing))
			return BENCH_MALFORMED;
		at = line_end + 2;
	}
	response.is_keep_alive = framing.is_keep_alive;
	enum bench_progress progress =
		body_read(data, size, head_end + 4, at_end, &framing, &response);
	if (progress == BENCH_COMPLETE)
		*out = response;
	return progress;
}
