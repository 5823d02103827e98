/* SPDX-License-Identifier: MIT */
/*
 * shared_file: the file is written anew beside the old one and put in its place, so that it is
 * complete at any moment. All other lines, comments too, stay as they are.
 */
#include "shared_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rotated.h"

enum { TEXT_SIZE_MAX = 1 << 20 };

struct str shared_file_path(struct arena *arena, const char *variable, const char *name)
{
	const char *path = getenv(variable), *home = getenv("HOME");

	if (path && strncmp(path, "~/", 2) == 0)
		return arena_format(arena, "%s/%s", home ? home : "", path + 2);
	if (path && *path)
		return str_from(path);
	const char *directory = arena_format(arena, "%s/.aws", home ? home : "").data;
	(void)mkdir(directory, 0700); /* opening the file says what is wrong */
	return arena_format(arena, "%s/%s", directory, name);
}

static bool is_header(struct str line, struct str section)
{
	struct str text = str_trim(line);

	return text.size > 2 && text.data[0] == '[' && text.data[text.size - 1] == ']' &&
	       str_equal(str_trim(str_slice(text, 1, text.size - 2)), section);
}

static bool is_replaced(struct str line, const struct shape_pair *pairs, size_t count)
{
	struct str rest = line;
	struct str key = str_trim(str_cut(&rest, '='));

	for (size_t i = 0; rest.data && i < count; i++)
		if (str_equal_nocase(key, pairs[i].key))
			return true;
	return false;
}

static void write_pairs(struct buf *out, const struct shape_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (pairs[i].value.size > 0)
			buf_format(out, "%.*s = %.*s\n", STR_ARG(pairs[i].key),
				   STR_ARG(pairs[i].value));
}

/* The text with the section's values replaced, or the section added. */
static void edit(struct str text, struct str section, const struct shape_pair *pairs, size_t count,
		 struct buf *out)
{
	bool is_inside = false, is_written = false;

	while (text.size > 0) {
		struct str line = str_cut(&text, '\n');
		bool is_section = str_starts(str_trim(line), STR("["));
		if (is_section)
			is_inside = is_header(line, section);
		if (is_inside && is_replaced(line, pairs, count))
			continue;
		buf_append(out, line);
		buf_append_char(out, '\n');
		if (is_section && is_inside && !is_written) {
			write_pairs(out, pairs, count);
			is_written = true;
		}
	}
	if (is_written)
		return;
	buf_format(out, "%s[%.*s]\n", out->size > 0 ? "\n" : "", STR_ARG(section));
	write_pairs(out, pairs, count);
}

static bool read_text(struct arena *arena, const char *path, struct str *out_text)
{
	char *bytes = arena_bytes(arena, TEXT_SIZE_MAX);
	size_t size = 0;

	enum err err = rotated_read(path, 0, bytes, TEXT_SIZE_MAX, &size);
	*out_text = str_of(bytes, size);
	if (err == ERR_OK && size == TEXT_SIZE_MAX)
		errno = EFBIG;
	return err == ERR_NOTFOUND || (err == ERR_OK && size < TEXT_SIZE_MAX);
}

static bool replace(const char *path, struct str text)
{
	char temporary[PATH_MAX];
	int length = snprintf(temporary, sizeof(temporary), "%s.new", path);

	if (length < 0 || (size_t)length >= sizeof(temporary))
		return false;
	(void)unlink(temporary); /* of a run that was interrupted */
	int descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (descriptor < 0)
		return false;
	bool is_written = write(descriptor, text.data, text.size) == (ssize_t)text.size &&
			  fsync(descriptor) == 0;
	close(descriptor);
	if (is_written && rename(temporary, path) == 0)
		return true;
	int error = errno;
	(void)unlink(temporary); /* an incomplete file is of no use */
	errno = error;
	return false;
}

bool shared_file_write(struct arena *arena, struct str path, struct str section,
		       const struct shape_pair *pairs, size_t count)
{
	const char *name = arena_cstr(arena, path);
	char target[PATH_MAX];
	struct buf out = {0};
	struct str text;

	/* A link to a file that is kept elsewhere stays a link. */
	if (realpath(name, target))
		name = target;
	if (!read_text(arena, name, &text))
		return false;
	edit(text, section, pairs, count, &out);
	bool is_written = replace(name, buf_str(&out));
	int error = errno;
	explicit_bzero(out.data, out.size);
	buf_done(&out);
	errno = error;
	return is_written;
}
