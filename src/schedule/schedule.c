/* SPDX-License-Identifier: MIT */
/*
 * Local times that ascend belong to moments that ascend, apart from the skipped ones. So the search
 * begins at the local time of `after` and takes the first that exists and is later. A transition
 * skips or repeats less than two days of minutes, which bounds the search.
 */
#include "schedule/schedule.h"

#include "schedule/calendar.h"

enum { MINUTE_S = 60, MINUTE_MS = 60000, SEARCH_MAX = 2 * 1440 + 1, AT_SIZE = 19 };

static bool rate_parse(struct str text, enum schedule_dialect dialect, int64_t *out_period_ms)
{
	static const struct {
		struct str name;
		int64_t minutes;
	} units[] = {
		{STR_INIT("minute"), 1},
		{STR_INIT("hour"), 60},
		{STR_INIT("day"), 1440},
	};
	struct str unit = text, number = str_cut(&unit, ' ');
	uint64_t value;

	bool is_plural = str_ends(unit, STR("s"));
	if (!str_to_u64(number, &value) || value < 1 || value > INT32_MAX)
		return false;
	if (dialect == SCHEDULE_RULES && is_plural != (value > 1))
		return false;
	if (is_plural)
		unit = str_slice(unit, 0, unit.size - 1);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!str_equal(unit, units[i].name))
			continue;
		if (value > (uint64_t)(INT32_MAX / units[i].minutes))
			return false;
		*out_period_ms = (int64_t)value * units[i].minutes * MINUTE_MS;
		return true;
	}
	return false;
}

static bool digits_parse(struct str text, size_t from, size_t size, int min, int max, int *out)
{
	uint64_t value;

	if (!str_to_u64(str_slice(text, from, size), &value))
		return false;
	if (value < (uint64_t)min || value > (uint64_t)max)
		return false;
	*out = (int)value;
	return true;
}

/* "yyyy-mm-ddThh:mm:ss" */
static bool at_parse(struct str text, int64_t *out_local_s)
{
	int year, month, day, hour, minute, second;

	if (text.size != AT_SIZE || text.data[4] != '-' || text.data[7] != '-' ||
	    text.data[10] != 'T' || text.data[13] != ':' || text.data[16] != ':')
		return false;
	if (!digits_parse(text, 0, 4, CRON_YEAR_MIN, CRON_YEAR_MAX, &year) ||
	    !digits_parse(text, 5, 2, 1, 12, &month) || !digits_parse(text, 8, 2, 1, 31, &day) ||
	    !digits_parse(text, 11, 2, 0, 23, &hour) ||
	    !digits_parse(text, 14, 2, 0, 59, &minute) ||
	    !digits_parse(text, 17, 2, 0, 59, &second))
		return false;
	if (day > calendar_month_length(year, month))
		return false;
	*out_local_s = calendar_day(year, month, day) * CALENDAR_DAY_S + hour * 3600 +
		       minute * MINUTE_S + second;
	return true;
}

/* The text between `name` with "(" and ")" at its end. */
static bool take_call(struct str text, struct str name, struct str *out_inside)
{
	if (!str_starts(text, name) || !str_ends(text, STR(")")))
		return false;
	*out_inside = str_slice(text, name.size, text.size - name.size - 1);
	return true;
}

enum err schedule_parse(struct str text, enum schedule_dialect dialect,
			struct schedule *out_schedule)
{
	struct schedule schedule = {0};
	struct str inside;
	bool is_valid = false;

	if (take_call(text, STR("rate("), &inside)) {
		schedule.kind = SCHEDULE_RATE;
		is_valid = rate_parse(inside, dialect, &schedule.period_ms);
	} else if (take_call(text, STR("cron("), &inside)) {
		schedule.kind = SCHEDULE_CRON;
		is_valid = cron_parse(inside, &schedule.cron) == ERR_OK;
	} else if (dialect == SCHEDULE_SCHEDULER && take_call(text, STR("at("), &inside)) {
		schedule.kind = SCHEDULE_AT;
		is_valid = at_parse(inside, &schedule.local_s);
	}
	if (!is_valid)
		return ERR_INVALID;
	*out_schedule = schedule;
	return ERR_OK;
}

static bool next_cron(const struct cron *cron, const struct zone *zone, int64_t after_ms,
		      int64_t *out_ms)
{
	int64_t after_s = calendar_floor(after_ms, 1000), moment_s;
	int64_t local_s = after_s + zone_offset(zone, after_s);
	int64_t minute = calendar_floor(local_s, MINUTE_S);

	for (int i = 0; i < SEARCH_MAX; i++) {
		if (!cron_next(cron, minute, &minute))
			return false;
		if (zone_utc(zone, minute * MINUTE_S, &moment_s) && moment_s * 1000 > after_ms) {
			*out_ms = moment_s * 1000;
			return true;
		}
		minute++;
	}
	return false;
}

bool schedule_next(const struct schedule *schedule, const struct zone *zone, int64_t anchor_ms,
		   int64_t after_ms, int64_t *out_ms)
{
	int64_t moment_s;

	switch (schedule->kind) {
	case SCHEDULE_RATE:
		if (after_ms < anchor_ms) {
			*out_ms = anchor_ms;
			return true;
		}
		*out_ms = anchor_ms +
			  ((after_ms - anchor_ms) / schedule->period_ms + 1) * schedule->period_ms;
		return true;
	case SCHEDULE_CRON:
		return next_cron(&schedule->cron, zone, after_ms, out_ms);
	case SCHEDULE_AT:
		(void)zone_utc(zone, schedule->local_s, &moment_s); /* skipped: the transition */
		*out_ms = moment_s * 1000;
		return *out_ms > after_ms;
	}
	return false;
}
