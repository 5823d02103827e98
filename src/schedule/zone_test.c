/* SPDX-License-Identifier: MIT */
#include "schedule/zone.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fixture.h"
#include "schedule/calendar.h"

static const char *const names[] = {
	"UTC",
	"Europe/Berlin",
	"Europe/Dublin",
	"America/New_York",
	"America/Nuuk",
	"America/Asuncion",
	"Asia/Kolkata",
	"Asia/Gaza",
	"Africa/Casablanca",
	"Pacific/Apia",
	"Australia/Lord_Howe",
	"Antarctica/Troll",
	"America/Santiago",
	"Etc/GMT+12",
	"EST5EDT",
	"Asia/Jerusalem",
};

static struct zone *zone_of(const char *name)
{
	struct zone *zone = NULL;

	if (zone_load(str_from(name), &zone) != ERR_OK)
		fail_msg("no zone: %s", name);
	return zone;
}

static void test_offsets_agree_with_the_c_library(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct zone *zone = zone_of(names[i]);

		assert_int_equal(setenv("TZ", names[i], 1), 0);
		tzset();
		/* 1970 to 2199, in steps that drift through the hours of the day */
		for (time_t at = 0; at < INT64_C(7258118400); at += 11 * 3600 + 1800) {
			struct tm local;

			assert_non_null(localtime_r(&at, &local));
			if (zone_offset(zone, at) != local.tm_gmtoff)
				fail_msg("%s at %lld: %d, not %ld", names[i], (long long)at,
					 zone_offset(zone, at), local.tm_gmtoff);
		}
		zone_free(&zone);
	}
}

/* Around every transition from 2020 to 2060: the first of the moments that show a local time. */
static void test_local_times_lead_to_their_first_moment(void **unused)
{
	int skipped = 0, repeated = 0;

	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct zone *zone = zone_of(names[i]);

		for (int64_t at = INT64_C(1577836800); at < INT64_C(2840140800); at += 3600) {
			int32_t before = zone_offset(zone, at),
				after = zone_offset(zone, at + 3600);
			int64_t utc;

			if (before == after)
				continue;
			for (int64_t local = at + before - 7200; local < at + before + 10800;
			     local += 900) {
				int64_t first = INT64_MAX;

				for (int64_t now = at - 14400; now < at + 18000; now += 900)
					if (now + zone_offset(zone, now) == local && now < first)
						first = now;
				bool exists = zone_utc(zone, local, &utc);
				assert_int_equal(exists, first != INT64_MAX);
				if (exists)
					assert_int_equal(utc, first);
				else
					assert_int_not_equal(zone_offset(zone, utc),
							     zone_offset(zone, utc - 1));
				skipped += !exists;
				repeated += exists &&
					    utc + 3600 + zone_offset(zone, utc + 3600) == local;
			}
		}
		zone_free(&zone);
	}
	assert_true(skipped > 100);
	assert_true(repeated > 100);
}

static void test_names_that_are_no_zones_are_not_found(void **unused)
{
	static const char *const bad[] = {
		"",	    "Mars/Phobos", "../zoneinfo/UTC", "/etc/passwd",	 "Europe",
		"zone.tab", "tzdata.zi",   "Europe/Berlin/",  "Europe/Berlin\n", "a b"};
	struct zone *zone;

	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(zone_load(str_from(bad[i]), &zone), ERR_NOTFOUND);
}

/* A file of version 2 without transitions, and with this footer. */
static struct str file_with(const char *footer)
{
	struct buf buf = {0};

	for (int i = 0; i < 2; i++) {
		buf_append(&buf, STR("TZif2"));
		for (int j = 0; j < 15; j++)
			bytes_append_u8(&buf, 0);
		for (size_t j = 0; j < 6; j++) {
			char number[4];

			put_u32_be(number, j == 4 ? 1 : j == 5 ? 4 : 0);
			buf_append(&buf, str_of(number, 4));
		}
		buf_append(&buf, STR("\0\0\0\0\0\0UTC\0"));
	}
	buf_append(&buf, str_from(footer));
	struct str file = arena_copy(&arena, buf_str(&buf));
	buf_done(&buf);
	return file;
}

static void test_footers_of_posix_give_rules(void **unused)
{
	static const struct {
		const char *footer;
		int64_t at;
		int32_t offset;
	} cases[] = {
		{"\n\n", 0, 0},
		{"\nUTC0\n", 0, 0},
		{"\n<+0330>-3:30\n", 0, 12600},
		{"\nEST5EDT,M3.2.0,M11.1.0\n", 1772953199, -18000}, /* 2026-03-08T06:59:59Z */
		{"\nEST5EDT,M3.2.0,M11.1.0\n", 1772953200, -14400},
		{"\nEST5EDT,M3.2.0,M11.1.0\n", 1793512799, -14400}, /* 2026-11-01T05:59:59Z */
		{"\nEST5EDT,M3.2.0,M11.1.0\n", 1793512800, -18000},
		{"\n<-03>3<-02>,M3.5.0/-1,M10.5.0/-1\n", 1774749599, -10800},
		{"\n<-03>3<-02>,M3.5.0/-1,M10.5.0/-1\n", 1774749600, -7200},
		{"\nAAA0BBB-2,J60,J300\n", 1772323200 - 1 + 7200, 0}, /* 2026-03-01 is J60 */
		{"\nAAA0BBB-2,J60,J300\n", 1772323200 + 7200, 7200},
		{"\nAAA0BBB,59/0,300/0\n", 1772323200, 3600},
		{"\nNZST-12NZDT,M9.5.0,M4.1.0/3\n", 1767225600, 46800}, /* in January */
	};
	static const char *const bad[] = {
		"",
		"\n",
		"UTC0\n",
		"\nUT0\n",
		"\nUTC\n",
		"\nUTC99999\n",
		"\nUTC0EDT\n",
		"\nUTC0EDT,M3.2.0\n",
		"\nUTC27\n",
		"\n<UTC0\n",
		"\nUTC0EDT,M13.2.0,M11.1.0\n",
		"\nUTC0x\n",
		"\nUTC0EDT,M3.6.0,M11.1.0\n",
		"\nUTC0EDT,J0,J366\n",
		"\nUTC0:60\n",
	};
	struct zone *zone;

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(zone_decode(file_with(cases[i].footer), &zone), ERR_OK);
		if (zone_offset(zone, cases[i].at) != cases[i].offset)
			fail_msg("%s at %lld: %d", cases[i].footer, (long long)cases[i].at,
				 zone_offset(zone, cases[i].at));
		zone_free(&zone);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (zone_decode(file_with(bad[i]), &zone) != ERR_INVALID)
			fail_msg("%s is accepted", bad[i]);
}

static void test_cut_files_are_refused(void **unused)
{
	struct zone *zone;
	char *bytes = arena_bytes(&arena, ZONE_FILE_MAX);

	(void)unused;
	int file = open("/usr/share/zoneinfo/Europe/Berlin", O_RDONLY | O_CLOEXEC);
	assert_true(file >= 0);
	ssize_t size = read(file, bytes, ZONE_FILE_MAX);
	(void)close(file); /* read only */
	assert_true(size > 100);
	assert_int_equal(zone_decode(str_of(bytes, (size_t)size), &zone), ERR_OK);
	zone_free(&zone);
	for (size_t i = 0; i + 2 < (size_t)size; i++) {
		struct str cut = heap_copy(str_of(bytes, i)); /* sanitizers know its end */

		if (zone_decode(cut, &zone) == ERR_OK)
			zone_free(&zone); /* a footer that is cut may still be one */
		heap_free((void *)(uintptr_t)cut.data);
	}
}
