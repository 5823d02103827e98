/* SPDX-License-Identifier: MIT */
/* root_key: text of 64 hex digits, so that it survives being copied by people. */
#include "server/root_key.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_SIZE (2 * SEAL_KEY_SIZE)
#define PATH_SIZE 4096

struct source {
	const struct settings *settings;
	char path[PATH_SIZE];
	char *problem;
	size_t problem_size;
};

static bool parse(struct source *source, const char *text, size_t size, const char *what,
		  uint8_t *out_key)
{
	struct str digits = str_of(text, size);

	while (digits.size > 0 && strchr("\r\n ", digits.data[digits.size - 1]))
		digits.size--;
	if (digits.size == TEXT_SIZE && hex_parse(digits, out_key))
		return true;
	snprintf(source->problem, source->problem_size,
		 "the root key of %s is not what it must be: %d hex digits", what, TEXT_SIZE);
	return false;
}

/* One byte more than a key and a line's end, so that what is too long is noticed. */
static bool read_stream(struct source *source, FILE *stream, const char *what, uint8_t *out_key)
{
	char text[TEXT_SIZE + 4];
	size_t size = fread(text, 1, sizeof(text), stream);
	bool is_read = parse(source, text, size, what, out_key);

	explicit_bzero(text, sizeof(text));
	return is_read;
}

/* Starts it with its output in *out_stream. Returns 0 or an errno. */
static int start_command(const char *command, pid_t *out_pid, FILE **out_stream)
{
	char *const arguments[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)(uintptr_t)command,
				   NULL};
	posix_spawn_file_actions_t actions;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	int error = posix_spawn(out_pid, "/bin/sh", &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (error)
		close(ends[0]);
	else
		*out_stream = fdopen(ends[0], "r");
	return error;
}

static bool run_command(struct source *source, uint8_t *out_key)
{
	const char *command = source->settings->root_key_command.data;
	FILE *stream = NULL;
	int status;
	pid_t pid;

	int error = start_command(command, &pid, &stream);
	if (error) {
		snprintf(source->problem, source->problem_size,
			 "--root-key-command cannot be run: %s", strerror(error));
		return false;
	}
	bool is_read = read_stream(source, stream, "--root-key-command", out_key);
	fclose(stream);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return is_read;
	snprintf(source->problem, source->problem_size,
		 "--root-key-command ended with status %d: %s",
		 WIFEXITED(status) ? WEXITSTATUS(status) : -1, command);
	return false;
}

static bool make_file(struct source *source, uint8_t *out_key)
{
	char text[TEXT_SIZE + 1];

	random_bytes(out_key, SEAL_KEY_SIZE);
	hex_format(str_of(out_key, SEAL_KEY_SIZE), text);
	text[TEXT_SIZE] = '\n';
	int descriptor = open(source->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool is_written = descriptor >= 0 &&
			  write(descriptor, text, sizeof(text)) == (ssize_t)sizeof(text) &&
			  fsync(descriptor) == 0;
	if (!is_written)
		snprintf(source->problem, source->problem_size,
			 "the root key file %s cannot be made: %s", source->path, strerror(errno));
	if (descriptor >= 0)
		close(descriptor);
	explicit_bzero(text, sizeof(text));
	return is_written;
}

static bool read_file(struct source *source, FILE *file, uint8_t *out_key)
{
	struct stat status;

	if (fstat(fileno(file), &status) == 0 && (status.st_mode & 077) == 0)
		return read_stream(source, file, source->path, out_key);
	snprintf(source->problem, source->problem_size,
		 "the root key file %s can be read by others: chmod 600 it, and think of what they "
		 "may have read",
		 source->path);
	return false;
}

static bool open_file(struct source *source, bool may_make, uint8_t *out_key)
{
	FILE *file = fopen(source->path, "re");

	if (!file && errno == ENOENT && may_make)
		return make_file(source, out_key);
	if (!file && errno == ENOENT) {
		snprintf(source->problem, source->problem_size,
			 "the root key file %s is missing, and nothing in %.*s can be read without "
			 "it: bring it back, or say where it is with --root-key-file",
			 source->path, STR_ARG(source->settings->data));
		return false;
	}
	if (!file) {
		snprintf(source->problem, source->problem_size,
			 "the root key file %s cannot be read: %s", source->path, strerror(errno));
		return false;
	}
	bool is_read = read_file(source, file, out_key);
	fclose(file);
	return is_read;
}

bool root_key_load(const struct settings *settings, bool may_make, uint8_t out_key[SEAL_KEY_SIZE],
		   char *problem, size_t size)
{
	struct source source = {.settings = settings, .problem = problem, .problem_size = size};

	if (settings->durability == DURABILITY_MEMORY) {
		random_bytes(out_key, SEAL_KEY_SIZE);
		return true;
	}
	if (settings->root_key_command.size > 0)
		return run_command(&source, out_key);
	if (settings->root_key_file.size > 0)
		snprintf(source.path, PATH_SIZE, "%.*s", STR_ARG(settings->root_key_file));
	else
		snprintf(source.path, PATH_SIZE, "%.*s/root.key", STR_ARG(settings->data));
	return open_file(&source, may_make, out_key);
}
