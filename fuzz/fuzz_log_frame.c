/* SPDX-License-Identifier: MIT */
/* Frames of log events: any bytes as a frame, then with the right checks, so that the head and the
 * events are reached. Events that were read are written again and are the same. */
#include "fuzz.h"
#include "logstore/frame.h"

struct records {
	struct arena *arena;
	struct log_record *items;
	size_t count, room;
};

static bool take(void *context, const struct log_record *record)
{
	struct records *records = context;

	if (records->count == records->room)
		return false;
	records->items[records->count++] = *record;
	return true;
}

static bool is_sorted(const struct records *records)
{
	for (size_t i = 1; i < records->count; i++) {
		const struct log_record *a = &records->items[i - 1], *b = &records->items[i];
		if (a->stream > b->stream ||
		    (a->stream == b->stream && log_key_compare(a->key, b->key) >= 0))
			return false;
	}
	return true;
}

static void write_again(const struct records *records)
{
	struct records copies = {.arena = records->arena, .room = records->count};
	struct buf plain = {0};
	struct frame frame;

	frame_pack(records->arena, records->items, records->count, &plain, &frame);
	copies.items = arena_array(records->arena, struct log_record, records->count + 1);
	check(frame_each(&frame, buf_str(&plain), take, &copies) == ERR_OK);
	check(copies.count == records->count);
	for (size_t i = 0; i < copies.count; i++) {
		check(log_key_compare(copies.items[i].key, records->items[i].key) == 0);
		check(copies.items[i].stream == records->items[i].stream);
		check(str_equal(copies.items[i].text, records->items[i].text));
	}
	buf_done(&plain);
}

static void read_frame(struct arena *arena, struct str bytes)
{
	struct records records = {.arena = arena, .room = 4096};
	struct frame frame;
	struct str body, plain;

	if (frame_parse(arena, bytes, &frame) != ERR_OK ||
	    frame_body(&frame, bytes, &body) != ERR_OK)
		return;
	plain = body;
	if (frame.flags & FRAME_IS_COMPRESSED &&
	    (frame.plain_size > 65536 ||
	     frame_decompress(arena, body, frame.plain_size, &plain) != ERR_OK))
		return;
	records.items = arena_array(arena, struct log_record, records.room);
	if (frame_each(&frame, plain, take, &records) == ERR_OK && records.count > 0 &&
	    is_sorted(&records))
		write_again(&records);
}

/* The bytes with magic, sizes and checks of a frame in front. */
static struct str repair(struct arena *arena, struct str data)
{
	size_t head_size = data.size > 0 ? (uint8_t)data.data[0] : 0;
	struct str rest = str_slice(data, 1, SIZE_MAX);
	char *bytes = arena_bytes(arena, FRAME_FIXED_SIZE + rest.size);

	if (head_size > rest.size)
		head_size = rest.size;
	memcpy(bytes, "TLF1", 4);
	put_u32(bytes + 8, (uint32_t)head_size);
	put_u32(bytes + 12, (uint32_t)(rest.size - head_size));
	put_u32(bytes + 16, crc32c(0, str_slice(rest, head_size, SIZE_MAX)));
	memcpy(bytes + FRAME_FIXED_SIZE, rest.data, rest.size);
	put_u32(bytes + 4, crc32c(0, str_of(bytes + 8, FRAME_FIXED_SIZE - 8 + head_size)));
	return str_of(bytes, FRAME_FIXED_SIZE + rest.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str data = str_of(bytes, size);
	struct arena arena;

	arena_init(&arena);
	read_frame(&arena, data);
	if (data.size > 1)
		read_frame(&arena, repair(&arena, data));
	arena_done(&arena);
	return 0;
}
