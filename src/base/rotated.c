/* SPDX-License-Identifier: MIT */
/* rotated: the inode number tells a file under its new name. */
#include "base/rotated.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

void rotated_format(int64_t now_ms, char out[ROTATED_STAMP_SIZE + 1])
{
	char text[CLOCK_TEXT_MAX];

	/* "2026-11-24T00:00:00.000Z" without hyphens and colons. */
	clock_format_iso(now_ms, text);
	for (const char *c = text; *c; c++)
		if (*c != '-' && *c != ':')
			*out++ = *c;
	*out = '\0';
}

static bool is_stamp(struct str text)
{
	static const char pattern[] = "00000000T000000.000Z";

	static_assert(sizeof(pattern) == ROTATED_STAMP_SIZE + 1, "a stamp's form has its size");
	if (text.size != ROTATED_STAMP_SIZE)
		return false;
	for (size_t i = 0; i < ROTATED_STAMP_SIZE; i++) {
		bool is_digit = text.data[i] >= '0' && text.data[i] <= '9';
		if (pattern[i] == '0' ? !is_digit : text.data[i] != pattern[i])
			return false;
	}
	return true;
}

/* False if it is gone by now. */
static bool describe(struct arena *arena, struct str path, struct str stamp,
		     struct rotated_file *out)
{
	struct stat status;

	out->path = arena_cstr(arena, path);
	out->stamp = arena_copy(arena, stamp);
	if (stat(out->path, &status) != 0)
		return false;
	out->id = status.st_ino;
	out->size = status.st_size;
	return true;
}

static int compare(const void *left, const void *right)
{
	const struct rotated_file *a = left, *b = right;

	return str_compare(a->stamp, b->stamp);
}

static void append(struct arena *arena, struct buf *files, struct str path, struct str stamp)
{
	struct rotated_file file;

	if (describe(arena, path, stamp, &file))
		buf_append(files, str_of(&file, sizeof(file)));
}

static void find(struct arena *arena, DIR *stream, struct str path, struct str base,
		 struct buf *files)
{
	struct dirent *entry;

	while ((entry = readdir(stream))) {
		struct str name = str_from(entry->d_name);
		struct str stamp = str_slice(name, base.size + 1, SIZE_MAX);
		if (str_starts(name, base) && name.size > base.size &&
		    name.data[base.size] == '.' && is_stamp(stamp))
			append(arena, files,
			       arena_format(arena, "%.*s.%.*s", STR_ARG(path), STR_ARG(stamp)),
			       stamp);
	}
}

/* A function of its own, so that server/tsan.c can name it. */
__attribute__((noinline)) static void close_directory(DIR *stream)
{
	closedir(stream);
}

enum err rotated_list(struct arena *arena, const char *path, struct rotated_file **out_files,
		      size_t *out_count)
{
	const char *slash = strrchr(path, '/');
	struct str whole = str_from(path), base = str_from(slash ? slash + 1 : path);
	struct str directory = slash ? str_slice(whole, 0, (size_t)(slash - path) + 1) : STR(".");
	struct buf files = {0};

	DIR *stream = opendir(arena_cstr(arena, directory));
	if (!stream)
		return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
	find(arena, stream, whole, base, &files);
	close_directory(stream);
	size_t count = files.size / sizeof(struct rotated_file);
	if (count > 0)
		qsort(files.data, count, sizeof(struct rotated_file), compare);
	append(arena, &files, whole, (struct str){0});
	*out_count = files.size / sizeof(struct rotated_file);
	*out_files = arena_array(arena, struct rotated_file, *out_count);
	if (files.size > 0)
		memcpy(*out_files, files.data, files.size);
	buf_done(&files);
	return *out_count > 0 ? ERR_OK : ERR_NOTFOUND;
}

enum err rotated_read(const char *path, int64_t offset, char *out, size_t size, size_t *out_size)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	ssize_t got = 1;

	if (descriptor < 0)
		return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
	while (done < size && got > 0) {
		got = pread(descriptor, out + done, size - done, offset + (int64_t)done);
		if (got > 0)
			done += (size_t)got;
	}
	int error = errno;
	close(descriptor);
	errno = error;
	if (got < 0)
		return ERR_IO;
	*out_size = done;
	return ERR_OK;
}
