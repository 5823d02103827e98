/* SPDX-License-Identifier: MIT */
/* folder: a walk with an explicit path, a few levels deep. */
#include "server/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

enum { DEPTH_MAX = 4 };

struct walk {
	const char *setting;
	struct str directory;
	folder_visit_fn visit;
	void *context;
	char *problem;
	size_t problem_size;
	size_t file_count;
};

static bool complain(struct walk *walk, struct str path, const char *text)
{
	snprintf(walk->problem, walk->problem_size, "%s: %.*s: %s", walk->setting, STR_ARG(path),
		 text);
	return false;
}

/* All of a file of LIMIT_FOLDER_FILE_SIZE bytes at most. */
static bool read_whole(struct walk *walk, struct str path, struct buf *out)
{
	char chunk[16384];
	ssize_t count;
	struct buf name = {0};

	buf_append(&name, path);
	buf_append_char(&name, '\0');
	int file = open(name.data, O_RDONLY | O_CLOEXEC);
	buf_done(&name);
	if (file < 0)
		return complain(walk, path, strerror(errno));
	while ((count = read(file, chunk, sizeof(chunk))) > 0 &&
	       out->size <= LIMIT_FOLDER_FILE_SIZE)
		buf_append(out, str_of(chunk, (size_t)count));
	int error = errno;
	close(file);
	if (count < 0)
		return complain(walk, path, strerror(error));
	return out->size <= LIMIT_FOLDER_FILE_SIZE || complain(walk, path, "the file is too large");
}

static bool visit_file(struct walk *walk, struct str path)
{
	struct str name = str_slice(path, walk->directory.size + 1, SIZE_MAX);
	struct str wrong = STR("");
	struct buf text = {0};
	struct arena arena;

	if (walk->file_count++ >= LIMIT_FOLDER_FILES)
		return complain(walk, path, "the directory has too many files");
	arena_init(&arena);
	bool is_good = read_whole(walk, path, &text);
	if (is_good && !walk->visit(walk->context, &arena, str_slice(name, 0, name.size - 5),
				    arena_copy(&arena, buf_str(&text)), &wrong))
		is_good = complain(walk, path, arena_cstr(&arena, wrong));
	arena_done(&arena);
	buf_done(&text);
	return is_good;
}

static bool walk_directory(struct walk *walk, struct str path, int depth);

static bool visit_entry(struct walk *walk, struct str path, int depth)
{
	struct stat status;
	struct buf name = {0};

	buf_append(&name, path);
	buf_append_char(&name, '\0');
	int outcome = stat(name.data, &status);
	int error = errno;
	buf_done(&name);
	if (outcome != 0)
		return complain(walk, path, strerror(error));
	if (S_ISDIR(status.st_mode))
		return walk_directory(walk, path, depth + 1);
	return !S_ISREG(status.st_mode) || !str_ends(path, STR(".json")) || visit_file(walk, path);
}

static bool walk_directory(struct walk *walk, struct str path, int depth)
{
	struct dirent **entries;
	struct buf name = {0};
	bool is_good = true;

	if (depth > DEPTH_MAX)
		return complain(walk, path, "directories are too deep");
	buf_append(&name, path);
	buf_append_char(&name, '\0');
	int count = scandir(name.data, &entries, NULL, alphasort);
	buf_done(&name);
	if (count < 0)
		return complain(walk, path, strerror(errno));
	for (int i = 0; i < count; i++) {
		struct buf below = {0};
		buf_format(&below, "%.*s/%s", STR_ARG(path), entries[i]->d_name);
		if (is_good && entries[i]->d_name[0] != '.')
			is_good = visit_entry(walk, buf_str(&below), depth);
		buf_done(&below);
		free(entries[i]);
	}
	free(entries);
	return is_good;
}

bool folder_each(const char *setting, struct str directory, folder_visit_fn visit, void *context,
		 char *problem, size_t size)
{
	struct walk walk = {.setting = setting,
			    .directory = directory,
			    .visit = visit,
			    .context = context,
			    .problem = problem,
			    .problem_size = size};

	return walk_directory(&walk, directory, 1);
}
