/* SPDX-License-Identifier: MIT */
/* A file of the tz database: it is refused, or local times lead to moments that show them. */
#include "fuzz.h"
#include "schedule/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zone *zone;
	int64_t utc;

	if (zone_decode(str_of(data, size), &zone) != ERR_OK)
		return 0;
	for (int64_t at = -86400; at < INT64_C(7258118400); at += INT64_C(86400) * 97 + 1234)
		if (zone_utc(zone, at, &utc))
			check(utc + zone_offset(zone, utc) == at);
	zone_free(&zone);
	return 0;
}
