/* SPDX-License-Identifier: MIT */
/*
 * A local time belongs to a moment if the offset there leads back to it. Offsets are less than
 * 26 hours (RFC 8536 3.2), so the candidates are found by the offsets that apply within that
 * distance on both sides, and the transition that skips a time lies between them.
 */
#include "schedule/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "schedule/calendar.h"

enum {
	HEADER_SIZE = 44,
	OFFSET_MAX_S = 26 * 3600, /* RFC 8536 3.2: the values that a file should have */
	TRANSITIONS_MAX = 4096,
	TYPES_MAX = 256,
	RULE_HOURS_MAX = 167, /* RFC 8536 3.3.1 */
};

enum rule_kind {
	RULE_MONTH,  /* Mm.w.d */
	RULE_JULIAN, /* Jn: 1 to 365, without leap days */
	RULE_DAY,    /* n: 0 to 365 */
};
struct rule_date {
	enum rule_kind kind;
	int month, week, day;
	int32_t time_s;
};
struct rule {
	bool is_set, has_summer;
	int32_t offset_s, summer_offset_s;
	struct rule_date start, end;
};

struct zone {
	struct rule rule;
	size_t count;
	int64_t *moments; /* ascending */
	int32_t *offsets; /* from each moment on */
	int32_t first_offset;
};

/* ---- the footer: a TZ string of POSIX ---- */

struct reader {
	struct str rest;
	bool is_bad;
};

static int peek(const struct reader *reader)
{
	return reader->rest.size > 0 ? (unsigned char)reader->rest.data[0] : -1;
}

static bool take(struct reader *reader, char c)
{
	if (peek(reader) != c)
		return false;
	reader->rest = str_slice(reader->rest, 1, SIZE_MAX);
	return true;
}

static int read_number(struct reader *reader, int min, int max)
{
	int value = 0, digits = 0;

	while (digits < 4 && peek(reader) >= '0' && peek(reader) <= '9') {
		value = value * 10 + peek(reader) - '0';
		reader->rest = str_slice(reader->rest, 1, SIZE_MAX);
		digits++;
	}
	if (digits == 0 || value < min || value > max)
		reader->is_bad = true;
	return value;
}

static void read_name(struct reader *reader)
{
	bool is_quoted = take(reader, '<');
	size_t size = 0;

	while (size < reader->rest.size) {
		char c = reader->rest.data[size];
		bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		if (!is_letter && !(is_quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-')))
			break;
		size++;
	}
	if (size < 3)
		reader->is_bad = true;
	reader->rest = str_slice(reader->rest, size, SIZE_MAX);
	if (is_quoted && !take(reader, '>'))
		reader->is_bad = true;
}

/* "[+-]h[h[h]][:mm[:ss]]" */
static int32_t read_time(struct reader *reader)
{
	bool is_negative = take(reader, '-');
	int32_t seconds;

	if (!is_negative)
		(void)take(reader, '+'); /* optional */
	seconds = read_number(reader, 0, RULE_HOURS_MAX) * 3600;
	if (take(reader, ':')) {
		seconds += read_number(reader, 0, 59) * 60;
		if (take(reader, ':'))
			seconds += read_number(reader, 0, 59);
	}
	return is_negative ? -seconds : seconds;
}

static struct rule_date read_date(struct reader *reader)
{
	struct rule_date date = {.time_s = 2 * 3600};

	if (!take(reader, ','))
		reader->is_bad = true;
	if (take(reader, 'M')) {
		date.kind = RULE_MONTH;
		date.month = read_number(reader, 1, 12);
		if (!take(reader, '.'))
			reader->is_bad = true;
		date.week = read_number(reader, 1, 5);
		if (!take(reader, '.'))
			reader->is_bad = true;
		date.day = read_number(reader, 0, 6);
	} else if (take(reader, 'J')) {
		date.kind = RULE_JULIAN;
		date.day = read_number(reader, 1, 365);
	} else {
		date.kind = RULE_DAY;
		date.day = read_number(reader, 0, 365);
	}
	if (take(reader, '/'))
		date.time_s = read_time(reader);
	return date;
}

static bool rule_parse(struct str text, struct rule *rule)
{
	struct reader reader = {.rest = text};

	if (text.size == 0)
		return true;
	read_name(&reader);
	rule->offset_s = -read_time(&reader);
	if (reader.rest.size > 0 && !reader.is_bad) {
		rule->has_summer = true;
		read_name(&reader);
		rule->summer_offset_s =
			peek(&reader) == ',' ? rule->offset_s + 3600 : -read_time(&reader);
		rule->start = read_date(&reader);
		rule->end = read_date(&reader);
	}
	rule->is_set = true;
	return !reader.is_bad && reader.rest.size == 0 && abs(rule->offset_s) < OFFSET_MAX_S &&
	       abs(rule->summer_offset_s) < OFFSET_MAX_S;
}

/* ---- offsets ---- */

/* The moment of a rule's date in local time as it is before the change. */
static int64_t rule_moment(const struct rule_date *date, int year, int32_t offset_s)
{
	int64_t day;

	if (date->kind == RULE_MONTH) {
		day = calendar_day(year, date->month, 1);
		day += (date->day - calendar_weekday(day) + 7) % 7 + (date->week - 1) * 7;
		if (day > calendar_day(year, date->month, 1) +
				  calendar_month_length(year, date->month) - 1)
			day -= 7;
	} else {
		day = calendar_day(year, 1, 1) + date->day;
		if (date->kind == RULE_JULIAN)
			day += calendar_is_leap(year) && date->day >= 60 ? 0 : -1;
	}
	return day * CALENDAR_DAY_S + date->time_s - offset_s;
}

static int32_t rule_offset(const struct rule *rule, int64_t utc_s)
{
	if (!rule->has_summer)
		return rule->offset_s;
	int64_t day = calendar_floor(utc_s + rule->offset_s, CALENDAR_DAY_S);
	int year = calendar_date_of(day).year;
	int64_t start = rule_moment(&rule->start, year, rule->offset_s);
	int64_t end = rule_moment(&rule->end, year, rule->summer_offset_s);
	bool is_summer =
		start < end ? utc_s >= start && utc_s < end : utc_s >= start || utc_s < end;

	return is_summer ? rule->summer_offset_s : rule->offset_s;
}

int32_t zone_offset(const struct zone *zone, int64_t utc_s)
{
	size_t low = 0, high = zone->count;

	if (zone->rule.is_set && (zone->count == 0 || utc_s >= zone->moments[zone->count - 1]))
		return rule_offset(&zone->rule, utc_s);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (zone->moments[middle] <= utc_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? zone->first_offset : zone->offsets[low - 1];
}

/* The first moment after `low`, at most `high`, from which on the offset is another than at low. */
static int64_t find_transition(const struct zone *zone, int64_t low, int64_t high)
{
	int32_t before = zone_offset(zone, low);

	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (zone_offset(zone, middle) == before)
			low = middle;
		else
			high = middle;
	}
	return high;
}

bool zone_utc(const struct zone *zone, int64_t local_s, int64_t *out_utc_s)
{
	/* Files have transitions a few hours apart, but then they lead the same way. */
	int32_t before = zone_offset(zone, local_s - OFFSET_MAX_S);
	int32_t after = zone_offset(zone, local_s + OFFSET_MAX_S);

	if (zone_offset(zone, local_s - before) == before) {
		*out_utc_s = local_s - before;
		return true;
	}
	if (zone_offset(zone, local_s - after) == after) {
		*out_utc_s = local_s - after;
		return true;
	}
	*out_utc_s = find_transition(zone, local_s - OFFSET_MAX_S, local_s + OFFSET_MAX_S);
	return false;
}

/* ---- files ---- */

struct header {
	uint8_t version;
	size_t isut, isstd, leap, transitions, types, characters;
};

static bool header_decode(struct str bytes, struct header *header)
{
	if (bytes.size < HEADER_SIZE || !str_starts(bytes, STR("TZif")))
		return false;
	const uint8_t *at = (const uint8_t *)bytes.data;
	*header = (struct header){
		.version = at[4],
		.isut = get_u32_be(at + 20),
		.isstd = get_u32_be(at + 24),
		.leap = get_u32_be(at + 28),
		.transitions = get_u32_be(at + 32),
		.types = get_u32_be(at + 36),
		.characters = get_u32_be(at + 40),
	};
	return header->transitions <= TRANSITIONS_MAX && header->types >= 1 &&
	       header->types <= TYPES_MAX && header->isut <= TYPES_MAX &&
	       header->isstd <= TYPES_MAX && header->leap <= TRANSITIONS_MAX &&
	       header->characters <= ZONE_FILE_MAX;
}

static size_t body_size(const struct header *header, size_t time_size)
{
	return header->transitions * (time_size + 1) + header->types * 6 + header->characters +
	       header->leap * (time_size + 4) + header->isstd + header->isut;
}

static bool body_decode(struct zone *zone, const struct header *header, size_t time_size,
			const uint8_t *at)
{
	const uint8_t *indexes = at + header->transitions * time_size;
	const uint8_t *types = indexes + header->transitions;
	int32_t offsets[TYPES_MAX];

	for (size_t i = 0; i < header->types; i++) {
		offsets[i] = (int32_t)get_u32_be(types + i * 6);
		if (offsets[i] <= -OFFSET_MAX_S || offsets[i] >= OFFSET_MAX_S)
			return false;
	}
	zone->first_offset = offsets[0];
	zone->count = header->transitions;
	zone->moments = heap_alloc((zone->count + 1) * sizeof(*zone->moments));
	zone->offsets = heap_alloc((zone->count + 1) * sizeof(*zone->offsets));
	for (size_t i = 0; i < zone->count; i++) {
		const uint8_t *time = at + i * time_size;

		zone->moments[i] =
			time_size == 8 ? (int64_t)get_u64_be(time) : (int32_t)get_u32_be(time);
		if (indexes[i] >= header->types ||
		    (i > 0 && zone->moments[i] <= zone->moments[i - 1]))
			return false;
		zone->offsets[i] = offsets[indexes[i]];
	}
	return true;
}

static bool footer_decode(struct zone *zone, struct str bytes)
{
	if (bytes.size < 2 || bytes.data[0] != '\n')
		return false;
	bytes = str_slice(bytes, 1, SIZE_MAX);
	return rule_parse(str_cut(&bytes, '\n'), &zone->rule);
}

enum err zone_decode(struct str bytes, struct zone **out_zone)
{
	struct header header;
	size_t time_size = 4;

	if (!header_decode(bytes, &header))
		return ERR_INVALID;
	if (header.version >= '2') {
		bytes = str_slice(bytes, HEADER_SIZE + body_size(&header, 4), SIZE_MAX);
		time_size = 8;
		if (!header_decode(bytes, &header))
			return ERR_INVALID;
	}
	size_t size = HEADER_SIZE + body_size(&header, time_size);
	if (bytes.size < size)
		return ERR_INVALID;
	struct zone *zone = heap_alloc(sizeof(*zone));
	if (!body_decode(zone, &header, time_size, (const uint8_t *)bytes.data + HEADER_SIZE) ||
	    (time_size == 8 && !footer_decode(zone, str_slice(bytes, size, SIZE_MAX)))) {
		zone_free(&zone);
		return ERR_INVALID;
	}
	*out_zone = zone;
	return ERR_OK;
}

static bool is_name(struct str name)
{
	if (name.size == 0 || name.size > ZONE_NAME_MAX || name.data[0] == '/')
		return false;
	for (size_t i = 0; i < name.size; i++) {
		char c = name.data[i];
		bool is_alphanumeric =
			(c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (!is_alphanumeric && c != '_' && c != '-' && c != '+' && c != '/')
			return false; /* a point above all: no way up */
	}
	return true;
}

static enum err read_file(const char *path, char *bytes, size_t *out_size)
{
	struct stat status;
	ssize_t got;

	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? ERR_NOTFOUND
									      : ERR_IO;
	if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
		(void)close(file); /* read only */
		return ERR_NOTFOUND;
	}
	got = read(file, bytes, ZONE_FILE_MAX);
	(void)close(file); /* read only */
	if (got < 0)
		return ERR_IO;
	*out_size = (size_t)got;
	return ERR_OK;
}

enum err zone_load(struct str name, struct zone **out_zone)
{
	const char *folder = getenv("TZDIR");
	char path[4096];
	size_t size = 0;

	if (str_equal(name, STR("UTC"))) {
		*out_zone = heap_alloc(sizeof(**out_zone));
		(*out_zone)->rule.is_set = true;
		return ERR_OK;
	}
	if (!is_name(name))
		return ERR_NOTFOUND;
	int length = snprintf(path, sizeof(path), "%s/%.*s",
			      folder ? folder : "/usr/share/zoneinfo", STR_ARG(name));
	if (length < 0 || (size_t)length >= sizeof(path))
		return ERR_NOTFOUND;
	char *bytes = heap_alloc(ZONE_FILE_MAX);
	enum err err = read_file(path, bytes, &size);
	if (!err && zone_decode(str_of(bytes, size), out_zone) != ERR_OK)
		err = ERR_NOTFOUND; /* other files of the directory are no zones */
	heap_free(bytes);
	return err;
}

void zone_free(struct zone **zone)
{
	if (!*zone)
		return;
	heap_free((*zone)->moments);
	heap_free((*zone)->offsets);
	heap_free(*zone);
	*zone = NULL;
}
