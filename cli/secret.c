/* SPDX-License-Identifier: MIT */
/*
 * secret: the credentials file is written anew beside the old one and put in its place, so that no
 * moment is without it. What it says besides, comments too, stays as it is.
 */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rotated.h"
#include "output.h"

enum { TEXT_SIZE_MAX = 1 << 20 };

/* ---- printing ---- */

static void write_member(struct json_writer *json, const char *name, struct str text)
{
	if (text.size == 0)
		return;
	json_key(json, str_from(name));
	json_str(json, text);
}

static void print_json(const struct secret *secret)
{
	struct json_writer json;
	struct buf out = {0};

	json_begin(&json, &out);
	json_open_object(&json);
	write_member(&json, "Arn", secret->arn);
	write_member(&json, "AccessKeyId", secret->access_key_id);
	write_member(&json, "SecretAccessKey", secret->secret_access_key);
	write_member(&json, "SessionToken", secret->session_token);
	json_close_object(&json);
	output_json_line(&out);
	buf_done(&out);
}

static void print(const struct cli *cli, const struct secret *secret)
{
	if (cli->is_json) {
		print_json(secret);
		return;
	}
	cli_note(cli, "The secret is shown this once%s%.*s:", secret->arn.size > 0 ? ", of " : "",
		 STR_ARG(secret->arn));
	printf("export AWS_ACCESS_KEY_ID=%.*s\nexport AWS_SECRET_ACCESS_KEY=%.*s\n",
	       STR_ARG(secret->access_key_id), STR_ARG(secret->secret_access_key));
	if (secret->session_token.size > 0)
		printf("export AWS_SESSION_TOKEN=%.*s\n", STR_ARG(secret->session_token));
}

/* ---- the profile ---- */

static const char *file_path(struct arena *arena)
{
	const char *path = getenv("AWS_SHARED_CREDENTIALS_FILE"), *home = getenv("HOME");

	if (path && strncmp(path, "~/", 2) == 0)
		return arena_format(arena, "%s/%s", home ? home : "", path + 2).data;
	if (path && *path)
		return path;
	const char *directory = arena_format(arena, "%s/.aws", home ? home : "").data;
	(void)mkdir(directory, 0700); /* opening the file says what is wrong */
	return arena_format(arena, "%s/credentials", directory).data;
}

static bool is_header(struct str line, struct str profile)
{
	struct str text = str_trim(line);

	return text.size > 2 && text.data[0] == '[' && text.data[text.size - 1] == ']' &&
	       str_equal(str_trim(str_slice(text, 1, text.size - 2)), profile);
}

static bool is_ours(struct str line)
{
	struct str rest = line;
	struct str key = str_trim(str_cut(&rest, '='));

	return rest.data && (str_equal_nocase(key, STR("aws_access_key_id")) ||
			     str_equal_nocase(key, STR("aws_secret_access_key")) ||
			     str_equal_nocase(key, STR("aws_session_token")));
}

static void write_keys(struct buf *out, const struct secret *secret)
{
	buf_format(out, "aws_access_key_id = %.*s\naws_secret_access_key = %.*s\n",
		   STR_ARG(secret->access_key_id), STR_ARG(secret->secret_access_key));
	if (secret->session_token.size > 0)
		buf_format(out, "aws_session_token = %.*s\n", STR_ARG(secret->session_token));
}

/* The text with the profile's keys replaced, or the profile added. */
static void edit(struct str text, struct str profile, const struct secret *secret, struct buf *out)
{
	bool is_inside = false, is_written = false;

	while (text.size > 0) {
		struct str line = str_cut(&text, '\n');
		bool is_section = str_starts(str_trim(line), STR("["));
		if (is_section)
			is_inside = is_header(line, profile);
		if (is_inside && is_ours(line))
			continue;
		buf_append(out, line);
		buf_append_char(out, '\n');
		if (is_section && is_inside && !is_written) {
			write_keys(out, secret);
			is_written = true;
		}
	}
	if (is_written)
		return;
	buf_format(out, "%s[%.*s]\n", out->size > 0 ? "\n" : "", STR_ARG(profile));
	write_keys(out, secret);
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
	(void)unlink(temporary); /* half of it helps nobody */
	errno = error;
	return false;
}

static bool is_profile(struct str name)
{
	for (size_t i = 0; i < name.size; i++)
		if ((unsigned char)name.data[i] <= ' ' || name.data[i] == ']' ||
		    name.data[i] == '[')
			return false;
	return name.size > 0;
}

enum cli_exit secret_tell(struct cli *cli, const struct secret *secret, struct str profile)
{
	struct buf out = {0};
	struct str text;

	if (!profile.data) {
		print(cli, secret);
		return CLI_OK;
	}
	const char *path = file_path(&cli->arena);
	bool is_done = is_profile(profile) && read_text(&cli->arena, path, &text);
	if (is_done) {
		edit(text, profile, secret, &out);
		is_done = replace(path, buf_str(&out));
		explicit_bzero(out.data, out.size);
	}
	buf_done(&out);
	if (!is_done) {
		print(cli, secret);
		return cli_fail(cli, CLI_FAILED, "%s cannot be written: %s", path,
				is_profile(profile) ? strerror(errno) : "no such profile can be");
	}
	struct secret told = *secret;
	told.secret_access_key = told.session_token = (struct str){0};
	if (cli->is_json)
		print_json(&told);
	else
		printf("%.*s is in profile %.*s of %s\n", STR_ARG(secret->access_key_id),
		       STR_ARG(profile), path);
	return CLI_OK;
}
