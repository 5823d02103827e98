/* SPDX-License-Identifier: MIT */
/*
 * handle: base64 of a version, a synthetic nonce and the encrypted content: queue, seq, receive and
 * time.
 *
 * Encryption is deterministic and authenticated (Rogaway and Shrimpton, "Deterministic
 * Authenticated-Encryption", 2006, the SIV construction; the pseudorandom function is HMAC-SHA256).
 * The nonce is half an HMAC over the content, and authenticates it; the keystream is an HMAC over
 * the nonce. The first byte of what is hashed keeps the two uses of the key apart.
 */
#include "services/sqs/handle.h"

#include <assert.h>
#include <string.h>

enum {
	VERSION = 2,
	NONCE_SIZE = 16,
	CONTENT_SIZE = 28,
	CONTENT_AT = 1 + NONCE_SIZE,
	SEALED_SIZE = CONTENT_AT + CONTENT_SIZE,
	HASH_SIZE = 32,
};
static_assert((int)CONTENT_SIZE <= (int)HASH_SIZE, "one hash is the whole keystream");

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

enum purpose { FOR_NONCE = 'n', FOR_STREAM = 's' };

static void hash(const struct core *core, enum purpose purpose, const uint8_t *data, size_t size,
		 uint8_t out[HASH_SIZE])
{
	uint8_t bytes[1 + CONTENT_SIZE];

	bytes[0] = (uint8_t)purpose;
	memcpy(bytes + 1, data, size);
	hmac_sha256(str_of(core->handle_key, sizeof(core->handle_key)), str_of(bytes, 1 + size),
		    out);
}

/* Encrypts and decrypts: `content` ^= keystream of the nonce. */
static void apply_stream(const struct core *core, const uint8_t *nonce, uint8_t *content)
{
	uint8_t stream[HASH_SIZE];

	hash(core, FOR_STREAM, nonce, NONCE_SIZE, stream);
	for (size_t i = 0; i < CONTENT_SIZE; i++)
		content[i] ^= stream[i];
}

struct str sqs_handle_seal(const struct core *core, struct arena *arena,
			   const struct queue_handle *handle)
{
	uint8_t bytes[SEALED_SIZE], nonce[HASH_SIZE];
	uint8_t *content = bytes + CONTENT_AT;
	size_t size = base64_size(SEALED_SIZE);
	char *text = arena_bytes(arena, size);

	bytes[0] = VERSION;
	put(content, handle->queue, 8);
	put(content + 8, handle->seq, 8);
	put(content + 16, handle->receive, 4);
	put(content + 20, (uint64_t)handle->received_ms, 8);
	hash(core, FOR_NONCE, content, CONTENT_SIZE, nonce);
	memcpy(bytes + 1, nonce, NONCE_SIZE);
	apply_stream(core, nonce, content);
	base64_format(str_of(bytes, SEALED_SIZE), text);
	return str_of(text, size);
}

bool sqs_handle_open(const struct core *core, struct str text, uint64_t queue,
		     struct queue_handle *out_handle)
{
	uint8_t bytes[SEALED_SIZE + 3], nonce[HASH_SIZE];
	uint8_t *content = bytes + CONTENT_AT;
	size_t size;

	if (text.size != base64_size(SEALED_SIZE) || !base64_parse(text, bytes, &size) ||
	    size != SEALED_SIZE || bytes[0] != VERSION)
		return false;
	apply_stream(core, bytes + 1, content);
	hash(core, FOR_NONCE, content, CONTENT_SIZE, nonce);
	if (!str_equal_secret(str_of(nonce, NONCE_SIZE), str_of(bytes + 1, NONCE_SIZE)))
		return false;
	out_handle->queue = get(content, 8);
	out_handle->seq = get(content + 8, 8);
	out_handle->receive = (uint32_t)get(content + 16, 4);
	out_handle->received_ms = (int64_t)get(content + 20, 8);
	return out_handle->queue == queue;
}
