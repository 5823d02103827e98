/* SPDX-License-Identifier: MIT */
/*
 * destination: API destinations: HTTP endpoints that rules deliver events to, with the
 * authorization of a connection.
 */
#ifndef TERN_SERVICES_EVENTS_DESTINATION_H
#define TERN_SERVICES_EVENTS_DESTINATION_H

#include "api/events_records.h"
#include "core/core.h"

enum { EVENTS_RATE_DEFAULT = 300 }; /* InvocationRateLimitPerSecond */

/* "arn:aws:events:us-east-1:111122223333:api-destination/name/id" */
struct str events_destination_arn(struct arena *arena,
				  const struct events_destination_record *destination);
/* Any thread: the destination with that ARN, decoded in the arena; ERR_NOTFOUND. */
must_check enum err events_destination_find(const struct core *core, struct arena *arena,
					    struct str arn,
					    struct events_destination_record *out_destination);

#endif
