/* SPDX-License-Identifier: MIT */
/* handle: base64 of version, queue, seq, receive, time and the first half of an HMAC-SHA256 over
 * them. */
#include "services/sqs/handle.h"

#include <string.h>

#define VERSION 1
#define PLAIN_SIZE 29
#define SEAL_SIZE 16
#define SEALED_SIZE (PLAIN_SIZE + SEAL_SIZE)

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

static void seal(const struct core *core, const uint8_t *plain, uint8_t out[32])
{
	hmac_sha256(str_of(core->handle_key, sizeof(core->handle_key)), str_of(plain, PLAIN_SIZE),
		    out);
}

struct str sqs_handle_seal(const struct core *core, struct arena *arena,
			   const struct queue_handle *handle)
{
	uint8_t bytes[PLAIN_SIZE + 32];
	size_t size = base64_size(SEALED_SIZE);
	char *text = arena_bytes(arena, size);

	bytes[0] = VERSION;
	put(bytes + 1, handle->queue, 8);
	put(bytes + 9, handle->seq, 8);
	put(bytes + 17, handle->receive, 4);
	put(bytes + 21, (uint64_t)handle->received_ms, 8);
	seal(core, bytes, bytes + PLAIN_SIZE);
	base64_format(str_of(bytes, SEALED_SIZE), text);
	return str_of(text, size);
}

bool sqs_handle_open(const struct core *core, struct str text, uint64_t queue,
		     struct queue_handle *out_handle)
{
	uint8_t bytes[SEALED_SIZE + 3], expected[32];
	size_t size;

	if (text.size != base64_size(SEALED_SIZE) || !base64_parse(text, bytes, &size) ||
	    size != SEALED_SIZE || bytes[0] != VERSION)
		return false;
	seal(core, bytes, expected);
	if (!str_equal_secret(str_of(expected, SEAL_SIZE), str_of(bytes + PLAIN_SIZE, SEAL_SIZE)))
		return false;
	out_handle->queue = get(bytes + 1, 8);
	out_handle->seq = get(bytes + 9, 8);
	out_handle->receive = (uint32_t)get(bytes + 17, 4);
	out_handle->received_ms = (int64_t)get(bytes + 21, 8);
	return out_handle->queue == queue;
}
