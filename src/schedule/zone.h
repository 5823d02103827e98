/* SPDX-License-Identifier: MIT */
/*
 * zone: a time zone of the system's tz database, and the local time in it.
 *
 * A zone is immutable. It knows the transitions of its file (RFC 8536) and, behind the last, the
 * rule of the file's footer, for any year. Local times are seconds since 1970-01-01 00:00 on the
 * zone's clocks. Any thread; zone_load reads a file, so it blocks.
 */
#ifndef TERN_SCHEDULE_ZONE_H
#define TERN_SCHEDULE_ZONE_H

#include "base/base.h"

struct zone;

enum { ZONE_NAME_MAX = 50, ZONE_FILE_MAX = 256 * 1024 };

/* ERR_INVALID: the bytes are no TZif file. */
must_check enum err zone_decode(struct str bytes, struct zone **out_zone);
/*
 * From the directory TZDIR of the environment, or /usr/share/zoneinfo. "UTC" needs no file.
 * ERR_NOTFOUND: the database has no such zone, or the name is none.
 */
must_check enum err zone_load(struct str name, struct zone **out_zone);
void zone_free(struct zone **zone);

/* Seconds that local time is ahead of UTC. */
int32_t zone_offset(const struct zone *zone, int64_t utc_s);
/*
 * The moment of a local time. If clocks show it twice, it is the first; false: clocks skip it, and
 * *out_utc_s is the moment of the transition.
 */
bool zone_utc(const struct zone *zone, int64_t local_s, int64_t *out_utc_s);

#endif
