/* SPDX-License-Identifier: MIT */
/* walk: reads the heads of a file's frames through a window, and skips the bodies. */
#include "base/arena.h"
#include "logstore/private.h"

enum { WINDOW = 16384 };

struct window {
	const struct log_file *file;
	uint64_t size; /* of the file's part */
	uint64_t from; /* what is in `bytes` */
	struct buf bytes;
};

/* The bytes at `offset`, at least `size` of them if the file has them. */
static enum err view(struct window *window, uint64_t offset, size_t size, struct str *out)
{
	uint64_t end = window->from + window->bytes.size;
	uint64_t left = window->size - offset;

	if (offset < window->from || offset + (size < left ? size : left) > end) {
		size_t wanted = size > WINDOW ? size : WINDOW;
		if (wanted > left)
			wanted = (size_t)left;
		buf_reset(&window->bytes);
		buf_extend(&window->bytes, wanted);
		enum err err = log_file_read(window->file, offset, window->bytes.data, wanted);
		if (err) {
			buf_reset(&window->bytes);
			return err;
		}
		window->from = offset;
	}
	*out = str_slice(buf_str(&window->bytes), (size_t)(offset - window->from), SIZE_MAX);
	return ERR_OK;
}

static enum err parse_at(struct window *window, struct arena *arena, uint64_t offset,
			 struct frame *out_frame)
{
	size_t needed = FRAME_FIXED_SIZE;
	struct str bytes;

	for (;;) {
		struct frame frame = {0};
		enum err err = view(window, offset, needed, &bytes);
		if (err)
			return err;
		err = frame_parse(arena, bytes, &frame);
		if (err != ERR_TOOLARGE) {
			*out_frame = frame;
			return err;
		}
		if (bytes.size < FRAME_FIXED_SIZE)
			return ERR_DAMAGED; /* the file ends within it */
		needed = FRAME_FIXED_SIZE + frame.head_size;
		if (needed > window->size - offset)
			return ERR_DAMAGED;
	}
}

enum err log_walk(const struct log_file *file, uint64_t size, log_walk_fn visit, void *context,
		  uint64_t *out_end)
{
	struct window window = {.file = file, .size = size};
	struct arena arena;
	uint64_t offset = 0;
	enum err err = ERR_OK;

	arena_init(&arena);
	while (offset < size) {
		struct frame frame;
		arena_reset(&arena);
		err = parse_at(&window, &arena, offset, &frame);
		if (!err && frame_size(&frame) > size - offset)
			err = ERR_DAMAGED;
		if (err || !visit(context, &(struct log_place){offset, &frame}))
			break;
		offset += frame_size(&frame);
	}
	arena_done(&arena);
	buf_done(&window.bytes);
	*out_end = offset;
	return err;
}
