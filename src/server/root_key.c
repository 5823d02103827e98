/* SPDX-License-Identifier: MIT */
/* root_key: text of 64 hex digits, so that it survives being copied by people. */
#include "server/root_key.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/command.h"

#define TEXT_SIZE (2 * SEAL_KEY_SIZE)

/* Where a sentence goes. */
struct sentence {
	char *text;
	size_t size;
};

static bool parse(struct sentence *sentence, const char *text, size_t size, const char *what,
		  uint8_t *out_key)
{
	struct str digits = str_of(text, size);

	while (digits.size > 0 && strchr("\r\n ", digits.data[digits.size - 1]))
		digits.size--;
	if (digits.size == TEXT_SIZE && hex_parse(digits, out_key))
		return true;
	snprintf(sentence->text, sentence->size,
		 "the root key of %s is not what it must be: %d hex digits", what, TEXT_SIZE);
	return false;
}

/* One byte more than a key and a line's end, so that what is too long is noticed. */
static bool read_stream(struct sentence *sentence, FILE *stream, const char *what, uint8_t *out_key)
{
	char text[TEXT_SIZE + 4];

	/* The stream's own buffer would be left behind with the key in it. */
	setvbuf(stream, NULL, _IONBF, 0);
	size_t size = fread(text, 1, sizeof(text), stream);
	bool is_read = parse(sentence, text, size, what, out_key);
	explicit_bzero(text, sizeof(text));
	return is_read;
}

/* ---- commands ---- */

static bool run_command(struct sentence *sentence, const char *command, uint8_t *out_key)
{
	FILE *stream = NULL;
	pid_t pid;

	int error = command_start(command, &pid, &stream);
	if (error) {
		snprintf(sentence->text, sentence->size, "--root-key-command cannot be run: %s",
			 strerror(error));
		return false;
	}
	bool is_read = read_stream(sentence, stream, "--root-key-command", out_key);
	fclose(stream);
	int status = command_wait(pid);
	if (status == 0)
		return is_read;
	snprintf(sentence->text, sentence->size, "--root-key-command ended with status %d: %s",
		 status, command);
	return false;
}

/* ---- files ---- */

int root_key_sync_directory(const char *path)
{
	char copy[ROOT_KEY_PATH_SIZE];

	snprintf(copy, sizeof(copy), "%s", path);
	int descriptor = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor < 0)
		return errno;
	int error = fsync(descriptor) == 0 ? 0 : errno;
	close(descriptor);
	return error;
}

bool root_key_make_file(const char *path, uint8_t out_key[SEAL_KEY_SIZE], char *problem,
			size_t size)
{
	char text[TEXT_SIZE + 1];

	random_bytes(out_key, SEAL_KEY_SIZE);
	hex_format(str_of(out_key, SEAL_KEY_SIZE), text);
	text[TEXT_SIZE] = '\n';
	int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool is_written = descriptor >= 0 &&
			  write(descriptor, text, sizeof(text)) == (ssize_t)sizeof(text) &&
			  fsync(descriptor) == 0;
	int error = is_written ? root_key_sync_directory(path) : errno;
	if (error)
		snprintf(problem, size, "the root key file %s cannot be made: %s", path,
			 strerror(error));
	if (descriptor >= 0)
		close(descriptor);
	explicit_bzero(text, sizeof(text));
	return error == 0;
}

static bool read_file(struct sentence *sentence, FILE *file, const char *path, bool is_private,
		      uint8_t *out_key)
{
	struct stat status;

	if (is_private || (fstat(fileno(file), &status) == 0 && (status.st_mode & 077) == 0))
		return read_stream(sentence, file, path, out_key);
	snprintf(sentence->text, sentence->size,
		 "the root key file %s can be read by others: run chmod 600 %s, and if others may "
		 "have read it, ternd --rotate-root-key",
		 path, path);
	return false;
}

/* A credential that systemd passes is private to the service, but may have an access list, which
 * looks like a mode for a group. */
static bool open_file(struct sentence *sentence, const char *path, bool is_private,
		      uint8_t *out_key)
{
	FILE *file = fopen(path, "re");

	if (!file) {
		snprintf(sentence->text, sentence->size, "the root key file %s cannot be read: %s",
			 path, strerror(errno));
		return false;
	}
	bool is_read = read_file(sentence, file, path, is_private, out_key);
	fclose(file);
	return is_read;
}

bool root_key_read_file(const char *path, uint8_t out_key[SEAL_KEY_SIZE], char *problem,
			size_t size)
{
	struct sentence sentence = {problem, size};

	return open_file(&sentence, path, false, out_key);
}

static bool open_or_make(const struct settings *settings, bool may_make, struct root_key *root,
			 struct sentence *sentence)
{
	if (access(root->path, F_OK) == 0 || errno != ENOENT)
		return open_file(sentence, root->path, false, root->key);
	if (may_make)
		return root_key_make_file(root->path, root->key, sentence->text, sentence->size);
	snprintf(sentence->text, sentence->size,
		 "the root key file %s is missing, and nothing in %.*s can be read without it: "
		 "bring it back, or say where it is with --root-key-file",
		 root->path, STR_ARG(settings->data));
	return false;
}

/* ---- which source ---- */

/*
 * The text of the environment variable, copied; the original is wiped where it stands, since
 * /proc/PID/environ shows it to the end of the process otherwise, and children would inherit it.
 * Too long a text is cut at a length that is no key's.
 */
static bool take_variable(char out_text[TEXT_SIZE + 2])
{
	char *value = getenv(ROOT_KEY_VARIABLE);

	if (!value)
		return false;
	snprintf(out_text, TEXT_SIZE + 2, "%s", value);
	explicit_bzero(value, strlen(value));
	unsetenv(ROOT_KEY_VARIABLE);
	return true;
}

static bool find_credential(char *path)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");

	snprintf(path, ROOT_KEY_PATH_SIZE, "%s/" ROOT_KEY_CREDENTIAL, directory ? directory : "");
	return directory && access(path, F_OK) == 0;
}

/* Settles kind and path. Two sources would mean that one is ignored in silence. */
static bool choose(const struct settings *settings, bool has_variable, struct root_key *out,
		   struct sentence *sentence)
{
	char credential[ROOT_KEY_PATH_SIZE];
	bool has_credential = find_credential(credential);
	bool has_file = settings->root_key_file.size > 0;
	bool has_command = settings->root_key_command.size > 0;

	*out = (struct root_key){.kind = ROOT_KEY_IN_DATA};
	if (has_file + has_command + has_credential + has_variable > 1) {
		snprintf(sentence->text, sentence->size,
			 "the root key is given in more than one way:%s%s%s%s; leave one",
			 has_command ? " --root-key-command" : "",
			 has_file ? " --root-key-file" : "",
			 has_credential ? " the credential " ROOT_KEY_CREDENTIAL : "",
			 has_variable ? " the variable " ROOT_KEY_VARIABLE : "");
		return false;
	}
	if (has_command) {
		out->kind = ROOT_KEY_COMMAND;
	} else if (has_variable) {
		out->kind = ROOT_KEY_OF_ENVIRONMENT;
	} else if (has_credential) {
		out->kind = ROOT_KEY_OF_SYSTEMD;
		snprintf(out->path, sizeof(out->path), "%s", credential);
	} else if (has_file) {
		out->kind = ROOT_KEY_FILE;
		snprintf(out->path, sizeof(out->path), "%.*s", STR_ARG(settings->root_key_file));
	} else {
		snprintf(out->path, sizeof(out->path), "%.*s/root.key", STR_ARG(settings->data));
	}
	return true;
}

static bool load(const struct settings *settings, bool may_make, const char *variable,
		 struct root_key *root, struct sentence *sentence)
{
	switch (root->kind) {
	case ROOT_KEY_COMMAND:
		return run_command(sentence, settings->root_key_command.data, root->key);
	case ROOT_KEY_OF_ENVIRONMENT:
		return parse(sentence, variable, strlen(variable), ROOT_KEY_VARIABLE, root->key);
	case ROOT_KEY_OF_SYSTEMD:
		return open_file(sentence, root->path, true, root->key);
	default:
		return open_or_make(settings, may_make, root, sentence);
	}
}

bool root_key_load(const struct settings *settings, bool may_make, struct root_key *out_key,
		   char *problem, size_t size)
{
	struct sentence sentence = {problem, size};
	char variable[TEXT_SIZE + 2] = "";
	bool has_variable = take_variable(variable);
	bool is_loaded = true;

	if (settings->durability == DURABILITY_MEMORY) {
		*out_key = (struct root_key){.kind = ROOT_KEY_OF_RUN};
		random_bytes(out_key->key, SEAL_KEY_SIZE);
	} else {
		is_loaded = choose(settings, has_variable, out_key, &sentence) &&
			    load(settings, may_make, variable, out_key, &sentence);
	}
	explicit_bzero(variable, sizeof(variable));
	return is_loaded;
}
