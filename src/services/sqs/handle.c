/* SPDX-License-Identifier: MIT */
/* handle: base64 of a version, a tag and the sealed content: queue, seq, receive and time. */
#include "services/sqs/handle.h"

#include "base/siv.h"

enum {
	VERSION = 3,
	CONTENT_SIZE = 28,
	CONTENT_AT = 1 + SIV_TAG_SIZE,
	SEALED_SIZE = CONTENT_AT + CONTENT_SIZE,
};

static void put(uint8_t *out, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *in, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)in[i] << (8 * i);
	return value;
}

struct str sqs_handle_seal(const struct core *core, struct arena *arena,
			   const struct queue_handle *handle)
{
	uint8_t bytes[SEALED_SIZE];
	uint8_t *content = bytes + CONTENT_AT;
	size_t size = base64_size(SEALED_SIZE);
	char *text = arena_bytes(arena, size);

	bytes[0] = VERSION;
	put(content, handle->queue, 8);
	put(content + 8, handle->seq, 8);
	put(content + 16, handle->receive, 4);
	put(content + 20, (uint64_t)handle->received_ms, 8);
	siv_seal(core->handle_key, content, CONTENT_SIZE, bytes + 1);
	base64_format(str_of(bytes, SEALED_SIZE), text);
	return str_of(text, size);
}

bool sqs_handle_open(const struct core *core, struct str text, uint64_t queue,
		     struct queue_handle *out_handle)
{
	uint8_t bytes[SEALED_SIZE + 3];
	uint8_t *content = bytes + CONTENT_AT;
	size_t size;

	if (text.size != base64_size(SEALED_SIZE) || !base64_parse(text, bytes, &size) ||
	    size != SEALED_SIZE || bytes[0] != VERSION)
		return false;
	if (!siv_open(core->handle_key, content, CONTENT_SIZE, bytes + 1))
		return false;
	out_handle->queue = get(content, 8);
	out_handle->seq = get(content + 8, 8);
	out_handle->receive = (uint32_t)get(content + 16, 4);
	out_handle->received_ms = (int64_t)get(content + 20, 8);
	return out_handle->queue == queue;
}
