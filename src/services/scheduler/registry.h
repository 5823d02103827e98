/* SPDX-License-Identifier: MIT */
/*
 * registry: the schedules and groups of all accounts and regions, for every thread.
 *
 * A snapshot never changes; a change puts a new one in its place. Readers hold a reference. Only
 * the control thread (or main at start-up) changes the registry; any thread reads it without
 * waiting (base/snapshot.h). The group "default" exists without a record until it is changed.
 */
#ifndef TERN_SERVICES_SCHEDULER_REGISTRY_H
#define TERN_SERVICES_SCHEDULER_REGISTRY_H

#include "api/scheduler.h"
#include "base/base.h"

/* In one block of memory with its texts. */
struct scheduler_schedule {
	_Atomic uint32_t references;
	struct str account, region, group, name;
	struct str shown;	 /* the answer of GetSchedule, JSON */
	struct str sealed_input; /* of its target; data NULL: not sealed (encrypt.h) */
	struct str client_token; /* of its creation; data NULL: none */
	bool is_enabled;
	bool deletes_itself; /* ActionAfterCompletion DELETE */
	int64_t created_ms;
	int64_t anchor_ms; /* the first occurrence of a rate */
	int64_t next_ms;   /* the next occurrence, ScheduledTime; 0: there is none */
	int64_t fire_ms;   /* when that is due, within its time window */
	int64_t ended_ms;  /* the last occurrence was fired: the schedule deletes itself; 0: no */
};

struct scheduler_group {
	_Atomic uint32_t references;
	struct str account, region, name;
	bool is_deleting;
	int64_t created_ms, modified_ms;
	const struct shape_pair *tags; /* sorted by key */
	size_t tag_count;
};
#define SCHEDULER_DEFAULT_GROUP STR("default")

/* A copy of a snapshot to change; its texts are borrowed from the snapshot. */
struct scheduler_schedule scheduler_schedule_draft(const struct scheduler_schedule *schedule);
/* A deep copy of a draft, with one reference. */
const struct scheduler_schedule *scheduler_schedule_new(const struct scheduler_schedule *draft);
void scheduler_schedule_hold(const struct scheduler_schedule *schedule);
void scheduler_schedule_release(const struct scheduler_schedule *schedule); /* accepts NULL */
struct scheduler_group scheduler_group_draft(const struct scheduler_group *group);
const struct scheduler_group *scheduler_group_new(const struct scheduler_group *draft);
void scheduler_group_hold(const struct scheduler_group *group);
void scheduler_group_release(const struct scheduler_group *group); /* accepts NULL */

struct scheduler_registry;
struct scheduler_registry *scheduler_registry_new(void);
void scheduler_registry_free(struct scheduler_registry **registry); /* accepts NULL, leaves NULL */

/* Any thread. NULL if there is none; release the result. */
const struct scheduler_schedule *scheduler_registry_find(struct scheduler_registry *registry,
							 struct str account, struct str region,
							 struct str group, struct str name);
const struct scheduler_group *scheduler_registry_find_group(struct scheduler_registry *registry,
							    struct str account, struct str region,
							    struct str name);
size_t scheduler_registry_count(struct scheduler_registry *registry);
size_t scheduler_registry_count_account(struct scheduler_registry *registry, struct str account,
					struct str region);
size_t scheduler_registry_count_groups(struct scheduler_registry *registry, struct str account,
				       struct str region);

/*
 * Any thread: visits schedules in order of account, region, group and name, as they are when it
 * begins, from the place of `from` on: data NULL in its region, group or name: from the first. The
 * visitor returns false to stop, and ends at the end of the account itself.
 */
typedef bool (*scheduler_visit_fn)(void *context, const struct scheduler_schedule *schedule);
void scheduler_registry_each(struct scheduler_registry *registry,
			     const struct scheduler_schedule *from, scheduler_visit_fn visit,
			     void *context);
typedef bool (*scheduler_group_visit_fn)(void *context, const struct scheduler_group *group);
void scheduler_registry_each_group(struct scheduler_registry *registry,
				   const struct scheduler_group *from,
				   scheduler_group_visit_fn visit, void *context);

/* Control thread. `put` takes over the caller's reference. */
void scheduler_registry_put(struct scheduler_registry *registry,
			    const struct scheduler_schedule *schedule);
void scheduler_registry_remove(struct scheduler_registry *registry,
			       const struct scheduler_schedule *schedule);
void scheduler_registry_put_group(struct scheduler_registry *registry,
				  const struct scheduler_group *group);
void scheduler_registry_remove_group(struct scheduler_registry *registry,
				     const struct scheduler_group *group);

#endif
