/* SPDX-License-Identifier: MIT */
/*
 * alarm_store: alarms and their history as records of the catalog (api/cloudwatch_records.h).
 *
 * Keys: "account/region/name" of alarms; "account/region/name/<time and number>" of history items,
 * so an alarm's items stand in order of time. Names may have slashes, so a key is parsed from both
 * ends. Control thread, or main at start-up.
 */
#ifndef TERN_SERVICES_CLOUDWATCH_ALARM_STORE_H
#define TERN_SERVICES_CLOUDWATCH_ALARM_STORE_H

#include "services/cloudwatch/alarm.h"

struct str cloudwatch_alarm_key(struct arena *arena, const struct cloudwatch_alarm *alarm);
/* False: it is none. Views. */
bool cloudwatch_alarm_key_parse(struct str key, struct cloudwatch_alarm *out_names);
void cloudwatch_alarm_encode(struct buf *out, const struct cloudwatch_alarm *alarm);
/* A draft, borrowed from the record and the arena. ERR_DAMAGED, ERR_VERSION. */
must_check enum err cloudwatch_alarm_decode(struct arena *arena, struct str record,
					    struct cloudwatch_alarm *out_draft);

struct cloudwatch_history {
	struct str account, region, name;
	bool is_composite;
	int64_t time_ms;
	struct str type; /* "ConfigurationUpdate", "StateUpdate", "Action" */
	struct str summary, data;
};
/* Adds it to the changes; texts are cut to AWS's lengths. */
void cloudwatch_history_add(struct cloudwatch_alarms *alarms, struct catalog_changes *changes,
			    const struct cloudwatch_history *item);
must_check enum err cloudwatch_history_decode(struct arena *arena, struct str record,
					      struct cloudwatch_history *out_item);

#endif
