/* SPDX-License-Identifier: MIT */
/*
 * store: schedules and groups as records of the catalog (api/scheduler_records.h). Keys:
 * "s/account/region/group/name" and "g/account/region/name". Pure.
 */
#ifndef TERN_SERVICES_SCHEDULER_STORE_H
#define TERN_SERVICES_SCHEDULER_STORE_H

#include "services/scheduler/registry.h"

struct str scheduler_schedule_key(struct arena *arena, const struct scheduler_schedule *schedule);
struct str scheduler_group_key(struct arena *arena, const struct scheduler_group *group);
/* The account, region, group and name of a schedule's key, as views; false: it is none. */
bool scheduler_key_parse(struct str key, struct scheduler_schedule *out_names);

void scheduler_schedule_encode(struct buf *out, const struct scheduler_schedule *schedule);
void scheduler_group_encode(struct buf *out, const struct scheduler_group *group);
/* Drafts, borrowed from the record and the arena. ERR_DAMAGED, ERR_VERSION. */
must_check enum err scheduler_schedule_decode(struct arena *arena, struct str record,
					      struct scheduler_schedule *out_draft);
must_check enum err scheduler_group_decode(struct arena *arena, struct str record,
					   struct scheduler_group *out_draft);

#endif
