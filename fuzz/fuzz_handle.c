/* SPDX-License-Identifier: MIT */
/*
 * Receipt handles: a text that was made up is not opened; a sealed one is, for its queue only, and
 * not with any of its bytes changed.
 */
#include "fuzz.h"
#include "services/sqs/handle.h"

static uint64_t number_at(const uint8_t *data, size_t size, size_t place)
{
	uint64_t number = 0;

	for (size_t i = place; i < size && i < place + 8; i++)
		number = number << 8 | data[i];
	return number;
}

static void check_sealed(const struct core *core, struct arena *arena, const uint8_t *data,
			 size_t size)
{
	struct queue_handle handle = {.queue = number_at(data, size, 0),
				      .seq = number_at(data, size, 8),
				      .receive = (uint32_t)number_at(data, size, 16),
				      .received_ms = (int64_t)number_at(data, size, 24)};
	struct queue_handle opened;

	struct str text = sqs_handle_seal(core, arena, &handle);
	check(sqs_handle_open(core, text, handle.queue, &opened));
	check(opened.queue == handle.queue && opened.seq == handle.seq &&
	      opened.receive == handle.receive && opened.received_ms == handle.received_ms);
	check(!sqs_handle_open(core, text, handle.queue + 1, &opened));
	char *changed = arena_cstr(arena, text);
	size_t place = number_at(data, size, 32) % text.size;
	changed[place] = changed[place] == 'A' ? 'B' : 'A';
	check(!sqs_handle_open(core, str_of(changed, text.size), handle.queue, &opened));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct core core = {.handle_key = {1, 2, 3}};
	struct queue_handle handle;
	struct arena arena;

	arena_init(&arena);
	/* Only who has the key could seal, and the fuzzer's inputs do not come from sealing. */
	check(!sqs_handle_open(&core, str_of(data, size), 1, &handle));
	check_sealed(&core, &arena, data, size);
	arena_done(&arena);
	return 0;
}
