/* SPDX-License-Identifier: MIT */
/*
 * A time in 8 bytes and a schedule expression: it is refused, or its occurrences ascend, and the
 * search for one may begin anywhere between the occurrence before it and itself.
 */
#include "fuzz.h"
#include "schedule/schedule.h"

static const char *const zones[] = {"UTC", "America/New_York", "Australia/Lord_Howe"};

static void walk(const struct schedule *schedule, const struct zone *zone, int64_t after)
{
	int64_t next = 0, again = 0;

	for (int i = 0; i < 4 && schedule_next(schedule, zone, 0, after, &next); i++) {
		check(next > after);
		check(schedule_next(schedule, zone, 0, after + (next - after) / 2, &again));
		check(again == next);
		check(schedule_next(schedule, zone, 0, next - 1, &again) && again == next);
		after = next;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schedule schedule;
	int64_t after;

	if (size < sizeof(after))
		return 0;
	memcpy(&after, data, sizeof(after));
	after %= INT64_C(7500000000000); /* a few years longer than AWS's calendar, both ways */
	struct str text = str_of(data + sizeof(after), size - sizeof(after));
	for (int dialect = SCHEDULE_RULES; dialect <= SCHEDULE_SCHEDULER; dialect++) {
		if (schedule_parse(text, (enum schedule_dialect)dialect, &schedule) != ERR_OK)
			continue;
		for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
			struct zone *zone;

			if (zone_load(str_from(zones[i]), &zone) != ERR_OK)
				continue; /* a machine without the tz database */
			walk(&schedule, zone, after);
			zone_free(&zone);
		}
	}
	return 0;
}
