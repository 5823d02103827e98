/* SPDX-License-Identifier: MIT */
/*
 * The fields become sets of bits. The days of one month are a set too, computed from its first
 * weekday and its length, so a search goes from month to month, and within a month from bit to bit.
 */
#include "schedule/cron.h"

#include "schedule/calendar.h"

enum { MINUTES_OF_DAY = 1440, FIELDS = 6 };

struct range {
	unsigned first, last;
	const char *names; /* of `first` and the following values, three letters each; NULL: none */
};

static const struct range minute_range = {0, 59, NULL};
static const struct range hour_range = {0, 23, NULL};
static const struct range day_range = {1, 31, NULL};
static const struct range month_range = {1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"};
static const struct range weekday_range = {1, 7, "SUNMONTUEWEDTHUFRISAT"};
static const struct range year_range = {CRON_YEAR_MIN, CRON_YEAR_MAX, NULL};

static bool number_parse(struct str text, unsigned *out_number)
{
	uint64_t number;

	if (text.size == 0 || text.size > 4 || !str_to_u64(text, &number))
		return false;
	*out_number = (unsigned)number;
	return true;
}

static bool value_parse(struct str text, const struct range *range, unsigned *out_value)
{
	if (range->names && text.size == 3)
		for (unsigned i = 0; range->first + i <= range->last; i++)
			if (str_equal_nocase(text, str_of(range->names + (size_t)i * 3, 3))) {
				*out_value = range->first + i;
				return true;
			}
	return number_parse(text, out_value) && *out_value >= range->first &&
	       *out_value <= range->last;
}

/* Sets the bits of "a", "a-b", "*", and these with "/n"; bit 0 is `base`. */
static bool item_parse(struct str item, const struct range *range, unsigned base, uint64_t *bits)
{
	struct str span = str_cut(&item, '/'), end = span, start;
	unsigned first, last, step = 1;
	bool has_step = item.data;

	if (has_step && (!number_parse(item, &step) || step == 0))
		return false;
	start = str_cut(&end, '-');
	if (str_equal(span, STR("*"))) {
		first = range->first;
		last = range->last;
	} else if (!value_parse(start, range, &first)) {
		return false;
	} else if (end.data) {
		if (!value_parse(end, range, &last) || last < first)
			return false;
	} else {
		last = has_step ? range->last : first;
	}
	for (unsigned value = first; value <= last; value += step)
		bits[(value - base) / 64] |= UINT64_C(1) << ((value - base) % 64);
	return true;
}

static bool list_parse(struct str text, const struct range *range, unsigned base, uint64_t *bits)
{
	do
		if (!item_parse(str_cut(&text, ','), range, base, bits))
			return false;
	while (text.data);
	return true;
}

static bool days_parse(struct str text, struct cron *cron)
{
	uint64_t bits = 0;
	unsigned number;

	if (str_equal(text, STR("L"))) {
		cron->kind = CRON_LAST_DAY;
		return true;
	}
	if (str_equal(text, STR("LW"))) {
		cron->kind = CRON_LAST_WORKING;
		return true;
	}
	if (str_ends(text, STR("W"))) {
		cron->kind = CRON_NEAREST;
		if (!value_parse(str_slice(text, 0, text.size - 1), &day_range, &number))
			return false;
		cron->number = (uint8_t)number;
		return true;
	}
	cron->kind = CRON_DAYS_OF_MONTH;
	if (!list_parse(text, &day_range, 0, &bits))
		return false;
	cron->days = (uint32_t)bits;
	return true;
}

static bool weekdays_parse(struct str text, struct cron *cron)
{
	struct str number = text, weekday;
	unsigned value, count;
	uint64_t bits = 0;

	if (str_equal(text, STR("L")))
		text = STR("7");
	cron->kind = CRON_DAYS_OF_WEEK;
	if (str_find_char(text, '#', 0) != SIZE_MAX) {
		weekday = str_cut(&number, '#');
		if (!value_parse(weekday, &weekday_range, &value) ||
		    !number_parse(number, &count) || count < 1 || count > 5)
			return false;
		cron->kind = CRON_NUMBERED_WEEKDAY;
		cron->number = (uint8_t)count;
		bits = UINT64_C(1) << value;
	} else if (str_ends(text, STR("L"))) {
		if (!value_parse(str_slice(text, 0, text.size - 1), &weekday_range, &value))
			return false;
		cron->kind = CRON_LAST_WEEKDAY;
		bits = UINT64_C(1) << value;
	} else if (!list_parse(text, &weekday_range, 0, &bits)) {
		return false;
	}
	cron->weekdays = (uint8_t)bits;
	return true;
}

/* The fields between blanks. False: there are more or less than six. */
static bool fields_split(struct str text, struct str *fields)
{
	size_t count = 0;

	text = str_trim(text);
	while (text.size > 0) {
		struct str field = str_cut(&text, ' ');

		if (field.size == 0)
			continue;
		if (count == FIELDS)
			return false;
		fields[count++] = field;
	}
	return count == FIELDS;
}

enum err cron_parse(struct str text, struct cron *out_cron)
{
	struct str fields[FIELDS];
	struct cron cron = {0};
	uint64_t hours = 0, months = 0;

	if (!fields_split(text, fields) ||
	    !list_parse(fields[0], &minute_range, 0, &cron.minutes) ||
	    !list_parse(fields[1], &hour_range, 0, &hours) ||
	    !list_parse(fields[3], &month_range, 0, &months) ||
	    !list_parse(fields[5], &year_range, CRON_YEAR_MIN, cron.years))
		return ERR_INVALID;
	bool is_weekly = str_equal(fields[2], STR("?"));
	if (is_weekly == str_equal(fields[4], STR("?")))
		return ERR_INVALID;
	if (is_weekly ? !weekdays_parse(fields[4], &cron) : !days_parse(fields[2], &cron))
		return ERR_INVALID;
	cron.hours = (uint32_t)hours;
	cron.months = (uint16_t)months;
	*out_cron = cron;
	return ERR_OK;
}

/* ---- searching ---- */

static int working_day(int day, int length, int first_weekday)
{
	int weekday = (first_weekday + day - 1) % 7;

	if (weekday == 6)
		return day > 1 ? day - 1 : day + 2;
	if (weekday == 0)
		return day < length ? day + 1 : day - 2;
	return day;
}

/* Bits 1 to 31: the days of the month that fit. */
static uint32_t month_days(const struct cron *cron, int year, int month)
{
	int length = calendar_month_length(year, month);
	int first_weekday = calendar_weekday(calendar_day(year, month, 1)); /* 0: Sunday */
	uint32_t all = (uint32_t)((UINT64_C(1) << (length + 1)) - 2), days = 0;

	switch (cron->kind) {
	case CRON_DAYS_OF_MONTH:
		return cron->days & all;
	case CRON_LAST_DAY:
		return UINT32_C(1) << length;
	case CRON_LAST_WORKING:
		return UINT32_C(1) << working_day(length, length, first_weekday);
	case CRON_NEAREST:
		if (cron->number > length)
			return 0;
		return UINT32_C(1) << working_day(cron->number, length, first_weekday);
	case CRON_DAYS_OF_WEEK:
	case CRON_LAST_WEEKDAY:
	case CRON_NUMBERED_WEEKDAY:
		break;
	}
	for (int day = 1; day <= length; day++) {
		if (!(cron->weekdays >> ((first_weekday + day - 1) % 7 + 1) & 1))
			continue;
		if (cron->kind == CRON_LAST_WEEKDAY && day + 7 <= length)
			continue;
		if (cron->kind == CRON_NUMBERED_WEEKDAY && (day - 1) / 7 + 1 != cron->number)
			continue;
		days |= UINT32_C(1) << day;
	}
	return days;
}

/* The lowest bit at or above `from`; -1: none. */
static int bit_from(uint64_t bits, int from)
{
	bits = from < 64 ? bits & (UINT64_MAX << from) : 0;
	return bits ? __builtin_ctzll(bits) : -1;
}

/* The first minute of a day at or after `minute`, 0 to 1439; -1: none. */
static int day_next(const struct cron *cron, int minute)
{
	int hour = bit_from(cron->hours, minute / 60);

	if (hour == minute / 60) {
		int same_hour = bit_from(cron->minutes, minute % 60);

		if (same_hour >= 0)
			return hour * 60 + same_hour;
		hour = bit_from(cron->hours, hour + 1);
	}
	return hour < 0 ? -1 : hour * 60 + bit_from(cron->minutes, 0);
}

static bool has_year(const struct cron *cron, int year)
{
	unsigned bit = (unsigned)(year - CRON_YEAR_MIN);

	return cron->years[bit / 64] >> (bit % 64) & 1;
}

static bool has_date(const struct cron *cron, struct calendar_date date)
{
	return has_year(cron, date.year) && cron->months >> date.month & 1 &&
	       month_days(cron, date.year, date.month) >> date.day & 1;
}

bool cron_next(const struct cron *cron, int64_t minute, int64_t *out_minute)
{
	int64_t day = minute < 0 ? 0 : minute / MINUTES_OF_DAY;

	if (day > calendar_day(CRON_YEAR_MAX, 12, 31))
		return false;
	struct calendar_date date = calendar_date_of(day);
	int first = day_next(cron, minute < 0 ? 0 : (int)(minute % MINUTES_OF_DAY));
	if (first >= 0 && has_date(cron, date)) {
		*out_minute = day * MINUTES_OF_DAY + first;
		return true;
	}
	int from = date.day + 1;
	for (int year = date.year, month = date.month; year <= CRON_YEAR_MAX; year++, month = 1) {
		for (; has_year(cron, year) && month <= 12; month++, from = 1) {
			if (!(cron->months >> month & 1))
				continue;
			int found = bit_from(month_days(cron, year, month), from);
			if (found < 0)
				continue;
			*out_minute = calendar_day(year, month, found) * MINUTES_OF_DAY +
				      day_next(cron, 0);
			return true;
		}
		from = 1;
	}
	return false;
}
