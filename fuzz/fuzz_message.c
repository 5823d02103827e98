/* SPDX-License-Identifier: MIT */
/* A stored message: what can be decoded lies within the bytes and encodes to the same again. */
#include "fuzz.h"
#include "services/sqs/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str payload = str_of(data, size);
	struct sqs_stored_message message;
	struct arena arena;

	arena_init(&arena);
	enum err err = sqs_message_decode(&arena, payload, &message);
	check(err == ERR_OK || err == ERR_DAMAGED);
	if (!err) {
		check_within(message.body, payload);
		check(sqs_message_size(&message) <= size);
		check(str_equal(sqs_message_encode(&arena, &message), payload));
	}
	arena_done(&arena);
	return 0;
}
