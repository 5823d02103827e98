/* SPDX-License-Identifier: MIT */
/* case_fixture: reads the tables of cases/, for tests alone: columns between '|'. */
#ifndef TERN_ALARM_CASE_FIXTURE_H
#define TERN_ALARM_CASE_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/fixture.h"

/* Runs `check_line` for each line of the file but comments; returns how many. */
static size_t each_line(const char *name, void (*check_line)(struct str line))
{
	char path[1024], *line = NULL;
	size_t count = 0, room = 0;

	snprintf(path, sizeof(path), "%s/%s", CASES, name);
	FILE *file = fopen(path, "re");
	if (!file)
		fail_msg("cannot read %s", path);
	for (ssize_t size; (size = getline(&line, &room, file)) > 0;) {
		if (line[0] == '#')
			continue;
		check_line(arena_copy(&arena, str_of(line, (size_t)size - 1)));
		count++;
	}
	free(line);
	fclose(file);
	return count;
}

#endif
