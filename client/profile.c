/* SPDX-License-Identifier: MIT */
/*
 * profile: one pass over the lines. A first count of lines bounds the table, so it is allocated
 * once.
 */
#include "client/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reader {
	struct arena *arena;
	struct profile_file *file;
	struct profile_setting section; /* of the lines that follow */
	bool has_section;
	struct str parent; /* the last key that had no value */
	bool is_credentials;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Without a comment: '#' or ';' behind a blank begins one. */
static struct str cut_comment(struct str text)
{
	for (size_t i = 1; i < text.size; i++)
		if ((text.data[i] == '#' || text.data[i] == ';') && is_blank(text.data[i - 1]))
			return str_slice(text, 0, i);
	return text;
}

static struct str without_quotes(struct str text)
{
	if (text.size >= 2 && (text.data[0] == '"' || text.data[0] == '\'') &&
	    text.data[text.size - 1] == text.data[0])
		return str_slice(text, 1, text.size - 2);
	return text;
}

static struct str lower_copy(struct arena *arena, struct str text)
{
	struct str copy = arena_copy(arena, text);
	char *bytes = (char *)(uintptr_t)copy.data; /* ours: just made */

	for (size_t i = 0; i < copy.size; i++)
		if (bytes[i] >= 'A' && bytes[i] <= 'Z')
			bytes[i] = (char)(bytes[i] - 'A' + 'a');
	return copy;
}

static void add(struct reader *reader, struct str parent, struct str key, struct str value)
{
	struct profile_setting *setting = &reader->file->settings[reader->file->setting_count++];

	*setting = reader->section;
	setting->parent = parent;
	setting->key = key;
	setting->value = value;
}

/* "[profile x]", "[services x]", "[default]"; in the credentials file "[x]" is a profile. */
static void read_section(struct reader *reader, struct str line)
{
	size_t end = str_find_char(line, ']', 0);

	reader->has_section = false;
	reader->parent = (struct str){0};
	if (end == SIZE_MAX)
		return;
	struct str rest = str_trim(str_slice(line, 1, end - 1));
	size_t blank = 0;
	while (blank < rest.size && !is_blank(rest.data[blank]))
		blank++;
	struct str first = str_slice(rest, 0, blank);
	struct str second = without_quotes(str_trim(str_slice(rest, blank, rest.size)));

	reader->section = (struct profile_setting){0};
	if (reader->is_credentials) {
		reader->section.kind = STR("profile");
		reader->section.name = without_quotes(rest);
	} else if (second.size > 0) {
		reader->section.kind = first;
		reader->section.name = second;
		reader->section.has_prefix = true;
	} else if (str_equal(first, STR("default"))) {
		reader->section.kind = STR("profile");
		reader->section.name = first;
	} else {
		return; /* the config file wants a word before a name */
	}
	reader->has_section = reader->section.name.size > 0;
	if (reader->has_section)
		add(reader, (struct str){0}, (struct str){0}, (struct str){0});
}

static void read_line(struct reader *reader, struct str line)
{
	bool is_indented = line.size > 0 && is_blank(line.data[0]);
	struct str text = str_trim(line);

	if (text.size == 0 || text.data[0] == '#' || text.data[0] == ';')
		return;
	if (text.data[0] == '[' && !is_indented) {
		read_section(reader, text);
		return;
	}
	if (!reader->has_section || str_find_char(text, '=', 0) == SIZE_MAX)
		return;
	struct str value = text;
	struct str key = lower_copy(reader->arena, str_trim(str_cut(&value, '=')));
	value = str_trim(cut_comment(value));
	if (is_indented) {
		/* Under a key with a value it would be that value's next line: not supported. */
		if (reader->parent.size > 0)
			add(reader, reader->parent, key, value);
		return;
	}
	reader->parent = value.size == 0 ? key : (struct str){0};
	add(reader, (struct str){0}, key, value);
}

void profile_parse(struct arena *arena, struct str text, bool is_credentials,
		   struct profile_file *out_file)
{
	struct reader reader = {.arena = arena, .file = out_file, .is_credentials = is_credentials};
	size_t line_count = 1;

	for (size_t i = 0; i < text.size; i++)
		line_count += text.data[i] == '\n';
	*out_file = (struct profile_file){
		.settings = arena_array(arena, struct profile_setting, line_count)};
	while (text.size > 0) {
		struct str line = str_cut(&text, '\n');
		if (str_ends(line, STR("\r")))
			line.size--;
		read_line(&reader, line);
	}
}

static enum err read_all(int descriptor, struct arena *arena, struct str *out_text)
{
	struct stat status;

	if (fstat(descriptor, &status) < 0)
		return ERR_IO;
	if (status.st_size > PROFILE_FILE_SIZE_MAX)
		return ERR_TOOLARGE;
	char *bytes = arena_bytes(arena, (size_t)status.st_size + 1);
	size_t size = 0;
	while (size < (size_t)status.st_size) {
		ssize_t got = read(descriptor, bytes + size, (size_t)status.st_size - size);
		if (got < 0 && errno != EINTR)
			return ERR_IO;
		if (got == 0)
			break;
		if (got > 0)
			size += (size_t)got;
	}
	*out_text = str_of(bytes, size);
	return ERR_OK;
}

enum err profile_load(struct arena *arena, const char *path, bool is_credentials,
		      struct profile_file *out_file)
{
	struct str text;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);

	if (descriptor < 0 && errno != ENOENT && errno != ENOTDIR)
		return ERR_IO;
	if (descriptor < 0) {
		*out_file = (struct profile_file){0};
		return ERR_OK;
	}
	enum err err = read_all(descriptor, arena, &text);
	int saved = errno;
	close(descriptor);
	errno = saved;
	if (err)
		return err;
	profile_parse(arena, text, is_credentials, out_file);
	return ERR_OK;
}

static bool is_in(const struct profile_setting *setting, struct str kind, struct str name)
{
	return str_equal(setting->kind, kind) && str_equal(setting->name, name);
}

bool profile_exists(const struct profile_file *file, struct str kind, struct str name)
{
	for (size_t i = 0; i < file->setting_count; i++)
		if (is_in(&file->settings[i], kind, name))
			return true;
	return false;
}

bool profile_find(const struct profile_file *file, struct str kind, struct str name,
		  struct str parent, struct str key, struct str *out_value)
{
	const struct profile_setting *found = NULL;

	for (size_t i = 0; i < file->setting_count; i++) {
		const struct profile_setting *setting = &file->settings[i];
		if (is_in(setting, kind, name) && str_equal(setting->parent, parent) &&
		    str_equal(setting->key, key) &&
		    (!found || setting->has_prefix || !found->has_prefix))
			found = setting;
	}
	if (found)
		*out_value = found->value;
	return found != NULL;
}
