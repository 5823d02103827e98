/* SPDX-License-Identifier: MIT */
/*
 * Random cron expressions against an evaluator that looks at every minute with the C library's
 * clocks.
 */
#include "schedule/schedule.h"

#include <stdlib.h>
#include <time.h>

#include "base/fixture.h"
#include "schedule/calendar.h"

static uint64_t seed;
static int found; /* rounds with an occurrence */

static unsigned draw(unsigned count)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % count;
}

/* One field as it was drawn: up to three items of first, last and step. */
struct naive_item {
	unsigned first, last, step;
};
struct naive_field {
	size_t count;
	struct naive_item items[3];
};
struct naive {
	struct naive_field minute, hour, month, days;
	char days_kind; /* m: days of the month; w: of the week; L, l (weekday), W, V (LW), # */
	unsigned number, weekday;
};

static void draw_item(struct naive_item *item, unsigned min, unsigned max, struct buf *text)
{
	unsigned form = draw(5);

	*item = (struct naive_item){min + draw(max - min + 1), 0, 1};
	item->last = item->first;
	if (form == 0) {
		*item = (struct naive_item){min, max, draw(max) + 1};
		buf_format(text, "*/%u", item->step);
	} else if (form == 1) {
		item->last = max;
		item->step = draw(max) + 1;
		buf_format(text, "%u/%u", item->first, item->step);
	} else if (form == 2) {
		item->last += draw(max - item->first + 1);
		item->step = draw(4) + 1;
		buf_format(text, "%u-%u/%u", item->first, item->last, item->step);
	} else if (form == 3) {
		item->last += draw(max - item->first + 1);
		buf_format(text, "%u-%u", item->first, item->last);
	} else {
		buf_format(text, "%u", item->first);
	}
}

static struct str draw_field(struct naive_field *field, unsigned min, unsigned max)
{
	struct buf text = {0};

	field->count = draw(3) + 1;
	for (size_t i = 0; i < field->count; i++) {
		if (i > 0)
			buf_append(&text, STR(","));
		draw_item(&field->items[i], min, max, &text);
	}
	struct str result = arena_copy(&arena, buf_str(&text));
	buf_done(&text);
	return result;
}

static bool naive_has(const struct naive_field *field, unsigned value)
{
	for (size_t i = 0; i < field->count; i++) {
		const struct naive_item *item = &field->items[i];

		if (value >= item->first && value <= item->last &&
		    (value - item->first) % item->step == 0)
			return true;
	}
	return false;
}

static struct str draw_days(struct naive *naive)
{
	naive->days_kind = "mmwwLlWV#"[draw(9)];
	naive->weekday = draw(7) + 1;
	naive->number = draw(naive->days_kind == '#' ? 5 : 31) + 1;
	switch (naive->days_kind) {
	case 'm':
		return draw_field(&naive->days, 1, 31);
	case 'w':
		return draw_field(&naive->days, 1, 7);
	case 'L':
		return STR("L");
	case 'l':
		return arena_format(&arena, "%uL", naive->weekday);
	case 'W':
		return arena_format(&arena, "%uW", naive->number);
	case 'V':
		return STR("LW");
	default:
		return arena_format(&arena, "%u#%u", naive->weekday, naive->number);
	}
}

static struct str draw_naive(struct naive *naive)
{
	struct str minute = draw_field(&naive->minute, 0, 59);
	struct str hour = draw_field(&naive->hour, 0, 23), month = STR("*");

	naive->month = (struct naive_field){1, {{1, 12, 1}}};
	if (draw(3) == 0)
		month = draw_field(&naive->month, 1, 12);
	struct str days = draw_days(naive);
	bool is_weekly = strchr("wl#", naive->days_kind);
	return arena_format(&arena, "cron(%.*s %.*s %.*s %.*s %.*s *)", STR_ARG(minute),
			    STR_ARG(hour), STR_ARG(is_weekly ? STR("?") : days), STR_ARG(month),
			    STR_ARG(is_weekly ? days : STR("?")));
}

/* The working day of the month whose distance to `day` is least. */
static int naive_nearest(int day, int length, int weekday_of_first)
{
	static const int distances[] = {0, -1, 1, -2, 2};

	for (size_t i = 0; i < 5; i++) {
		int other = day + distances[i];
		int weekday = (weekday_of_first + other - 1 + 35) % 7;

		if (other >= 1 && other <= length && weekday >= 1 && weekday <= 5)
			return other;
	}
	return 0;
}

static bool naive_fits(const struct naive *naive, const struct tm *local)
{
	int length = calendar_month_length(local->tm_year + 1900, local->tm_mon + 1);
	int day = local->tm_mday, first = (local->tm_wday - (day - 1) % 7 + 7) % 7;
	bool is_weekday = (unsigned)local->tm_wday + 1 == naive->weekday;

	if (!naive_has(&naive->minute, (unsigned)local->tm_min) ||
	    !naive_has(&naive->hour, (unsigned)local->tm_hour) ||
	    !naive_has(&naive->month, (unsigned)local->tm_mon + 1))
		return false;
	switch (naive->days_kind) {
	case 'm':
		return naive_has(&naive->days, (unsigned)day);
	case 'w':
		return naive_has(&naive->days, (unsigned)local->tm_wday + 1);
	case 'L':
		return day == length;
	case 'l':
		return is_weekday && day > length - 7;
	case 'W':
		return (int)naive->number <= length &&
		       day == naive_nearest((int)naive->number, length, first);
	case 'V':
		return day == naive_nearest(length, length, first);
	default:
		return is_weekday && (day - 1) / 7 == (int)naive->number - 1;
	}
}

/* Each minute from a day before `start` on; times that clocks showed before do not count. */
static int64_t naive_next(const struct naive *naive, time_t start, int minutes)
{
	int64_t latest = INT64_MIN;

	for (time_t now = start - CALENDAR_DAY_S; now <= start + (time_t)minutes * 60; now += 60) {
		struct tm local;

		assert_non_null(localtime_r(&now, &local));
		int64_t shown = now + local.tm_gmtoff;
		if (shown > latest) {
			latest = shown;
			if (now > start && naive_fits(naive, &local))
				return (int64_t)now * 1000;
		}
	}
	return -1;
}

static void check_round(const char *name, struct zone *zone)
{
	enum { MINUTES = 40 * 1440 };
	struct schedule schedule;
	struct naive naive;
	int64_t next_ms = -1;

	struct str expression = draw_naive(&naive);
	assert_int_equal(schedule_parse(expression, SCHEDULE_RULES, &schedule), ERR_OK);
	/* Half of the starts are near changes of the clocks in 2026 and 2027. */
	time_t start = draw(2) ? 1577836800 + (time_t)draw(10 * 365 * 1440) * 60
			       : 1772900040 + (time_t)draw(30 * 1440) * 60 +
					 (time_t)draw(4) * 183 * CALENDAR_DAY_S;
	bool has_next = schedule_next(&schedule, zone, 0, (int64_t)start * 1000, &next_ms);
	if (!has_next || next_ms > ((int64_t)start + MINUTES * 60) * 1000)
		next_ms = -1;
	int64_t expected_ms = naive_next(&naive, start, MINUTES);
	if (next_ms != expected_ms)
		fail_msg("%.*s in %s after %lld: %lld, not %lld", STR_ARG(expression), name,
			 (long long)start, (long long)next_ms, (long long)expected_ms);
	found += next_ms >= 0;
}

static void test_cron_agrees_with_a_search_of_every_minute(void **unused)
{
	static const char *const zones[] = {"UTC",
					    "America/New_York",
					    "Europe/Berlin",
					    "Australia/Lord_Howe",
					    "Asia/Kathmandu",
					    "America/Nuuk",
					    "Africa/Casablanca"};
	enum { ROUNDS = 2500 };

	(void)unused;
	seed = 20261130;
	for (int round = 0; round < ROUNDS; round++) {
		const char *name = zones[draw(7)];
		struct zone *zone = NULL;

		assert_int_equal(setenv("TZ", name, 1), 0);
		tzset();
		assert_int_equal(zone_load(str_from(name), &zone), ERR_OK);
		check_round(name, zone);
		zone_free(&zone);
		arena_reset(&arena);
	}
	assert_true(found > ROUNDS / 2);
}
