/* SPDX-License-Identifier: MIT */
/* change: schedules and groups, in the catalog with their due entries, then in the registry.
 * Control thread, or main at start-up. Errors as the catalog's. */
#ifndef TERN_SERVICES_SCHEDULER_CHANGE_H
#define TERN_SERVICES_SCHEDULER_CHANGE_H

#include "services/scheduler/scheduler.h"

must_check enum err scheduler_change(struct core *core, const struct scheduler_schedule *draft);
/* The same for a schedule whose due entry has ended, as its firing failed: it is due again then. */
must_check enum err scheduler_delay(struct core *core, const struct scheduler_schedule *schedule,
				    int64_t until_ms);
must_check enum err scheduler_delete(struct core *core,
				     const struct scheduler_schedule *const *schedules,
				     size_t count);
must_check enum err scheduler_group_change(struct core *core, const struct scheduler_group *draft);
/*
 * Deletes some of the group's schedules, and if none is left the group; else it is marked and due,
 * and goes on then.
 */
must_check enum err scheduler_group_delete(struct core *core, const struct scheduler_group *group);

#endif
