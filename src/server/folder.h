/* SPDX-License-Identifier: MIT */
/* folder: the JSON files that an operator gives in a directory. Main only; blocks. */
#ifndef TERN_SERVER_FOLDER_H
#define TERN_SERVER_FOLDER_H

#include "base/base.h"

/*
 * Visits a file: its path below the directory without ".json", and its text, both the arena's,
 * which is emptied after each file. False with what is wrong in *out_problem ends the walk.
 */
typedef bool (*folder_visit_fn)(void *context, struct arena *arena, struct str name,
				struct str text, struct str *out_problem);

/*
 * Visits every *.json file of the directory and of those in it, in order of their names. False with
 * one sentence in `problem` that begins with the setting.
 */
bool folder_each(const char *setting, struct str directory, folder_visit_fn visit, void *context,
		 char *problem, size_t size);

#endif
