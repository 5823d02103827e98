/* SPDX-License-Identifier: MIT */
/*
 * file: frames; the index, sealed like a frame; and a footer of FOOTER_SIZE bytes: the index's
 * offset and size, the step, the span, the version, and a CRC-32C of the footer. A frame is pairs
 * of a series' number as a difference and a block with its size.
 */
#include "metric/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "metric/block.h"

enum { FRAME_SIZE = 16384, FOOTER_SIZE = 36, VERSION = 1, WRITE_SIZE = 262144 };

struct frame {
	uint32_t series; /* its first */
	uint32_t size;	 /* sealed */
	uint64_t offset;
};

struct metric_file {
	_Atomic uint32_t references;
	struct metric_file_name name;
	struct metric_seal seal;
	int descriptor;
	uint64_t size;
	struct frame *frames;
	size_t frame_count;
};

struct metric_file_writer {
	struct metric_file *file;
	const char *directory;
	struct buf frame, out; /* the open frame; sealed bytes that are not written yet */
	uint32_t first, last;  /* series of the open frame */
	struct {
		struct frame *items;
		size_t count, capacity;
	} frames;
	uint64_t offset; /* of the next frame */
	enum err err;
};

int64_t metric_span_of(uint32_t step_s)
{
	switch (step_s) {
	case 1:
		return 14400;
	case 60:
		return 86400;
	case 300:
		return INT64_C(7) * 86400;
	default:
		check(step_s == 3600);
		return INT64_C(28) * 86400;
	}
}

void metric_file_format(const struct metric_file_name *name, char *out)
{
	snprintf(out, METRIC_FILE_NAME_SIZE, "%u-%lld-%llu.points", name->step_s,
		 (long long)name->span_s, (unsigned long long)name->sequence);
}

static int open_in(const char *directory, const struct metric_file_name *name, int flags)
{
	char text[METRIC_FILE_NAME_SIZE];

	metric_file_format(name, text);
	if (!directory)
		return memfd_create(text, MFD_CLOEXEC);
	int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -1;
	int descriptor = openat(folder, text, flags | O_CLOEXEC, 0600);
	int error = errno;
	(void)close(folder);
	errno = error;
	return descriptor;
}

static enum err io_error(void)
{
	return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
}

static struct str seal_bytes(const struct metric_seal *seal, struct arena *arena, struct str plain)
{
	return seal->close ? seal->close(seal->context, arena, plain) : plain;
}

static enum err open_bytes(const struct metric_seal *seal, struct buf *bytes, struct str *out_plain)
{
	*out_plain = buf_str(bytes);
	return seal->open ? seal->open(seal->context, bytes->data, bytes->size, out_plain) : ERR_OK;
}

/* ---- writing ---- */

static struct metric_file *file_new(const struct metric_seal *seal, struct metric_file_name name,
				    int descriptor)
{
	struct metric_file *file = heap_alloc(sizeof(*file));

	atomic_init(&file->references, 1);
	file->name = name;
	file->seal = *seal;
	file->descriptor = descriptor;
	return file;
}

enum err metric_file_create(const char *directory, const struct metric_seal *seal,
			    struct metric_file_name name, struct metric_file_writer **out_writer)
{
	int descriptor = open_in(directory, &name, O_RDWR | O_CREAT | O_TRUNC);

	if (descriptor < 0)
		return io_error();
	struct metric_file_writer *writer = heap_alloc(sizeof(*writer));
	writer->file = file_new(seal, name, descriptor);
	writer->directory = directory;
	*out_writer = writer;
	return ERR_OK;
}

static void write_out(struct metric_file_writer *writer)
{
	size_t done = 0;

	while (!writer->err && done < writer->out.size) {
		ssize_t count = write(writer->file->descriptor, writer->out.data + done,
				      writer->out.size - done);
		if (count > 0)
			done += (size_t)count;
		else if (count == 0 || errno != EINTR)
			writer->err = io_error();
	}
	buf_reset(&writer->out);
}

static void append_sealed(struct metric_file_writer *writer, struct str plain, uint32_t *out_size)
{
	struct arena arena;

	arena_init(&arena);
	struct str sealed = seal_bytes(&writer->file->seal, &arena, plain);
	buf_append(&writer->out, sealed);
	writer->offset += sealed.size;
	*out_size = (uint32_t)sealed.size;
	arena_done(&arena);
	if (writer->out.size >= WRITE_SIZE)
		write_out(writer);
}

static void end_frame(struct metric_file_writer *writer)
{
	struct frame frame = {.series = writer->first, .offset = writer->offset};

	if (writer->frame.size == 0)
		return;
	append_sealed(writer, buf_str(&writer->frame), &frame.size);
	vec_push(&writer->frames, frame);
	buf_reset(&writer->frame);
}

void metric_file_add(struct metric_file_writer *writer, uint32_t series,
		     const struct metric_point *points, size_t count)
{
	struct buf block = {0};

	if (writer->frame.size == 0)
		writer->first = writer->last = series;
	check(series >= writer->last);
	metric_block_append(&block, writer->file->name.step_s, writer->file->name.span_s, points,
			    count);
	bytes_append_varint(&writer->frame, series - writer->last);
	bytes_append_varint(&writer->frame, block.size);
	buf_append(&writer->frame, buf_str(&block));
	buf_done(&block);
	writer->last = series;
	if (writer->frame.size >= FRAME_SIZE)
		end_frame(writer);
}

static void append_end(struct metric_file_writer *writer)
{
	const struct metric_file_name *name = &writer->file->name;
	uint64_t index_offset = writer->offset;
	struct buf index = {0};
	uint32_t series = 0, index_size;
	char footer[FOOTER_SIZE];

	bytes_append_varint(&index, writer->frames.count);
	for (size_t i = 0; i < writer->frames.count; i++) {
		bytes_append_varint(&index, writer->frames.items[i].series - series);
		bytes_append_varint(&index, writer->frames.items[i].size);
		series = writer->frames.items[i].series;
	}
	append_sealed(writer, buf_str(&index), &index_size);
	buf_done(&index);
	put_u64(footer, index_offset);
	put_u32(footer + 8, index_size);
	put_u32(footer + 12, name->step_s);
	put_u64(footer + 16, (uint64_t)name->span_s);
	put_u32(footer + 24, VERSION);
	put_u32(footer + 28, 0);
	put_u32(footer + 32, crc32c(0, str_of(footer, FOOTER_SIZE - 4)));
	buf_append(&writer->out, str_of(footer, sizeof(footer)));
	writer->offset += FOOTER_SIZE;
	write_out(writer);
}

static void writer_free(struct metric_file_writer *writer)
{
	buf_done(&writer->frame);
	buf_done(&writer->out);
	vec_done(&writer->frames);
	heap_free(writer);
}

void metric_file_cancel(struct metric_file_writer *writer)
{
	if (!writer)
		return;
	metric_file_remove(writer->file, writer->directory);
	writer_free(writer);
}

enum err metric_file_finish(struct metric_file_writer *writer, struct metric_file **out_file)
{
	end_frame(writer);
	if (writer->frames.count == 0 && !writer->err) {
		metric_file_cancel(writer);
		*out_file = NULL;
		return ERR_OK;
	}
	append_end(writer);
	if (!writer->err && writer->directory && fsync(writer->file->descriptor) != 0)
		writer->err = io_error();
	enum err err = writer->err;
	if (err) {
		metric_file_cancel(writer);
		return err;
	}
	writer->file->size = writer->offset;
	writer->file->frames = writer->frames.items;
	writer->file->frame_count = writer->frames.count;
	writer->frames.items = NULL;
	*out_file = writer->file;
	writer_free(writer);
	return ERR_OK;
}

/* ---- reading ---- */

static enum err read_at(const struct metric_file *file, uint64_t offset, size_t size,
			struct buf *out)
{
	size_t done = 0;

	buf_reset(out);
	char *place = buf_extend(out, size);
	while (done < size) {
		ssize_t count =
			pread(file->descriptor, place + done, size - done, (off_t)(offset + done));
		if (count == 0)
			return ERR_DAMAGED;
		if (count > 0)
			done += (size_t)count;
		else if (errno != EINTR)
			return ERR_IO;
	}
	return ERR_OK;
}

static enum err read_frame(const struct metric_file *file, size_t index, struct buf *bytes,
			   struct str *out_plain)
{
	const struct frame *frame = &file->frames[index];

	enum err err = read_at(file, frame->offset, frame->size, bytes);
	return err ? err : open_bytes(&file->seal, bytes, out_plain);
}

static enum err parse_index(struct metric_file *file, struct str plain, uint64_t end)
{
	struct byte_reader reader = byte_reader_of(plain);
	uint64_t count = byte_reader_varint(&reader), offset = 0;
	uint32_t series = 0;

	if (reader.is_short || count > plain.size)
		return ERR_DAMAGED;
	file->frames = heap_alloc((count + 1) * sizeof(*file->frames));
	for (size_t i = 0; i < count; i++) {
		series += (uint32_t)byte_reader_varint(&reader);
		uint64_t size = byte_reader_varint(&reader);
		if (size > end - offset)
			return ERR_DAMAGED;
		file->frames[i] = (struct frame){series, (uint32_t)size, offset};
		offset += size;
	}
	file->frame_count = count;
	return byte_reader_is_done(&reader) && offset == end ? ERR_OK : ERR_DAMAGED;
}

static enum err read_index(struct metric_file *file)
{
	off_t size = lseek(file->descriptor, 0, SEEK_END);
	struct buf bytes = {0};
	struct str plain;

	if (size < FOOTER_SIZE)
		return ERR_DAMAGED;
	file->size = (uint64_t)size;
	enum err err = read_at(file, file->size - FOOTER_SIZE, FOOTER_SIZE, &bytes);
	if (!err && get_u32(bytes.data + 32) != crc32c(0, str_of(bytes.data, FOOTER_SIZE - 4)))
		err = ERR_DAMAGED;
	if (!err && get_u32(bytes.data + 24) != VERSION)
		err = ERR_VERSION;
	uint64_t offset = err ? 0 : get_u64(bytes.data);
	uint32_t index_size = err ? 0 : get_u32(bytes.data + 8);
	if (!err && (get_u32(bytes.data + 12) != file->name.step_s ||
		     (int64_t)get_u64(bytes.data + 16) != file->name.span_s ||
		     offset + index_size + FOOTER_SIZE != file->size))
		err = ERR_DAMAGED;
	if (!err)
		err = read_at(file, offset, index_size, &bytes);
	if (!err)
		err = open_bytes(&file->seal, &bytes, &plain);
	if (!err)
		err = parse_index(file, plain, offset);
	buf_done(&bytes);
	return err;
}

enum err metric_file_open(const char *directory, const struct metric_seal *seal,
			  struct metric_file_name name, struct metric_file **out_file)
{
	int descriptor = open_in(directory, &name, O_RDONLY);

	if (descriptor < 0)
		return ERR_IO;
	struct metric_file *file = file_new(seal, name, descriptor);
	enum err err = read_index(file);
	if (err)
		metric_file_release(file);
	else
		*out_file = file;
	return err;
}

void metric_file_hold(struct metric_file *file)
{
	atomic_fetch_add_explicit(&file->references, 1, memory_order_relaxed);
}

void metric_file_release(struct metric_file *file)
{
	if (atomic_fetch_sub_explicit(&file->references, 1, memory_order_acq_rel) != 1)
		return;
	(void)close(file->descriptor);
	heap_free(file->frames);
	heap_free(file);
}

void metric_file_remove(struct metric_file *file, const char *directory)
{
	char path[4096], name[METRIC_FILE_NAME_SIZE];

	metric_file_format(&file->name, name);
	if (directory && snprintf(path, sizeof(path), "%s/%s", directory, name) < (int)sizeof(path))
		(void)unlink(path); /* readers have it open; a leftover is removed at the start */
	metric_file_release(file);
}

const struct metric_file_name *metric_file_name(const struct metric_file *file)
{
	return &file->name;
}

uint64_t metric_file_size(const struct metric_file *file)
{
	return file->size;
}

/* ---- series ---- */

static bool next_block(struct byte_reader *reader, uint32_t *series, struct str *out_block)
{
	*series += (uint32_t)byte_reader_varint(reader);
	*out_block = byte_reader_take(reader, byte_reader_varint(reader));
	return !reader->is_short;
}

/* The last frame that begins before or with the series; blocks of one series are in one frame. */
static size_t find_frame(const struct metric_file *file, uint32_t series)
{
	size_t low = 0, high = file->frame_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (file->frames[middle].series <= series)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? SIZE_MAX : low - 1;
}

enum err metric_file_read(struct metric_file *file, struct arena *arena, uint32_t series,
			  struct metric_point **out_points, size_t *out_count)
{
	size_t index = find_frame(file, series);
	struct buf bytes = {0};
	struct str plain, block;

	*out_count = 0;
	if (index == SIZE_MAX)
		return ERR_OK;
	enum err err = read_frame(file, index, &bytes, &plain);
	struct byte_reader reader = byte_reader_of(err ? (struct str){0} : plain);
	uint32_t at = file->frames[index].series;
	while (!err && reader.rest.size > 0) {
		if (!next_block(&reader, &at, &block))
			err = ERR_DAMAGED;
		else if (at == series)
			err = metric_block_read(block, file->name.step_s, file->name.span_s, arena,
						out_points, out_count);
		if (at >= series)
			break;
	}
	buf_done(&bytes);
	return err;
}

enum err metric_file_begin(struct metric_file_cursor *cursor, struct metric_file *file)
{
	*cursor = (struct metric_file_cursor){.file = file};
	return metric_file_next(cursor);
}

enum err metric_file_next(struct metric_file_cursor *cursor)
{
	if (cursor->reader.rest.size == 0) {
		struct str plain;
		cursor->series = 0;
		if (cursor->frame == cursor->file->frame_count)
			return ERR_OK;
		enum err err = read_frame(cursor->file, cursor->frame, &cursor->bytes, &plain);
		if (err)
			return err;
		cursor->reader = byte_reader_of(plain);
		cursor->series = cursor->file->frames[cursor->frame++].series;
	}
	return next_block(&cursor->reader, &cursor->series, &cursor->block) ? ERR_OK : ERR_DAMAGED;
}

void metric_file_end(struct metric_file_cursor *cursor)
{
	buf_done(&cursor->bytes);
}
