/* SPDX-License-Identifier: MIT */
/* The tables of cases/: AWS's documentation, recorded refusals, and corners of the calendar. */
#include "schedule/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/fixture.h"
#include "schedule/calendar.h"

static int64_t at_ms(struct str text)
{
	int64_t ms;

	struct str full =
		arena_format(&arena, "%.*s%s", STR_ARG(text), text.size == 16 ? ":00Z" : "Z");
	if (!clock_parse_iso(full, &ms))
		fail_msg("no time: %.*s", STR_ARG(text));
	return ms;
}

/* Runs `check_line` for each line of the file; returns how many. */
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

/* "expression | zone | after | first, second, third" */
static void check_occurrences(struct str line)
{
	struct str rest = line, expression = str_trim(str_cut(&rest, '|'));
	struct str zone_name = str_trim(str_cut(&rest, '|'));
	struct schedule schedule;
	struct zone *zone = NULL;
	int64_t after_ms = at_ms(str_trim(str_cut(&rest, '|'))), next_ms = 0;

	if (zone_load(zone_name, &zone) != ERR_OK ||
	    schedule_parse(expression, SCHEDULE_SCHEDULER, &schedule) != ERR_OK)
		fail_msg("refused: %.*s", STR_ARG(line));
	rest = str_trim(rest);
	for (int i = 0; i < 3; i++) {
		struct str expected = str_trim(str_cut(&rest, ','));
		bool has_next = schedule_next(&schedule, zone, at_ms(STR("2026-11-30T12:03")),
					      after_ms, &next_ms);

		if (has_next != (expected.size > 0) || (has_next && next_ms != at_ms(expected)))
			fail_msg("number %d is %lld: %.*s", i, has_next ? (long long)next_ms : -1,
				 STR_ARG(line));
		if (!has_next)
			break;
		after_ms = next_ms;
	}
	zone_free(&zone);
}

static void test_expressions_occur_at_the_times_of_the_table(void **unused)
{
	(void)unused;
	assert_true(each_line("occurrences", check_occurrences) >= 130);
}

/* "text" or rules "text" */
static void check_refused(struct str line)
{
	bool is_of_rules = str_starts(line, STR("rules "));
	struct str text = is_of_rules ? str_slice(line, 6, SIZE_MAX) : line;
	struct schedule schedule;

	text = str_slice(text, 1, text.size - 2);
	if (schedule_parse(text, SCHEDULE_RULES, &schedule) != ERR_INVALID ||
	    (schedule_parse(text, SCHEDULE_SCHEDULER, &schedule) == ERR_OK) != is_of_rules)
		fail_msg("accepted, or refused by both: %.*s", STR_ARG(line));
}

static void test_expressions_of_no_form_are_refused(void **unused)
{
	(void)unused;
	assert_true(each_line("refused", check_refused) >= 100);
}

static void test_dates_of_the_calendar_agree_with_the_c_library(void **unused)
{
	(void)unused;
	for (int64_t day = -200000; day < 200000; day += 7) {
		time_t at = day * CALENDAR_DAY_S;
		struct tm utc;
		struct calendar_date date = calendar_date_of(day);

		assert_non_null(gmtime_r(&at, &utc));
		assert_int_equal(date.year, utc.tm_year + 1900);
		assert_int_equal(date.month, utc.tm_mon + 1);
		assert_int_equal(date.day, utc.tm_mday);
		assert_int_equal(calendar_weekday(day), utc.tm_wday);
		assert_int_equal(calendar_day(date.year, date.month, date.day), day);
	}
}
