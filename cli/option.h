/* SPDX-License-Identifier: MIT */
/*
 * option: what a command can be told, as a table of rows, from which parsing, help, completion
 * and the manual page come.
 *
 * Values go into a struct of the command's own, at the row's offset. Options may stand anywhere
 * among the arguments until "--"; "--name=value" and "--name value" are the same. Main thread.
 */
#ifndef TERN_CLI_OPTION_H
#define TERN_CLI_OPTION_H

#include "base/base.h"

enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_TEXT,   /* struct str; data is NULL if it was not given */
	OPTION_NUMBER, /* struct option_number, from `least` to `most` */
	OPTION_LIST,   /* struct option_list; may be repeated */
	OPTION_CHOICE, /* size_t: the place of the value in `value`, "a|b|c"; 0 if not given */
};

struct option_number {
	int64_t value;
	bool is_given;
};

struct option_list {
	struct str *items;
	size_t count;
};

struct option {
	const char *name; /* without the dashes */
	enum option_kind kind;
	size_t offset;
	const char *value; /* what help calls the value: "SECONDS"; NULL for a flag */
	const char *help;  /* one line, no full stop */
	int64_t least, most;
};

/* Several tables, looked through in order. */
struct option_set {
	const struct option *options;
	size_t option_count;
	void *values;
};

struct arguments {
	struct str *items;
	size_t count;
};

#define OPTION_PROBLEM_SIZE 256
/*
 * Reads argv[0] to argv[argc - 1]; texts are borrowed from argv. Arguments that are no options are
 * put into out_arguments. False with a sentence in `problem` (OPTION_PROBLEM_SIZE bytes, ends with
 * NUL).
 */
bool option_parse(struct arena *arena, const struct option_set *sets, size_t set_count, int argc,
		  char **argv, struct arguments *out_arguments, char *problem);

#endif
