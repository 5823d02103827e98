/* SPDX-License-Identifier: MIT */
/* change: writes groups, streams and policies to the catalog, and then to the registry. Control
 * thread, or main at start-up. Errors are the catalog's and the store's. */
#ifndef TERN_SERVICES_LOGS_CHANGE_H
#define TERN_SERVICES_LOGS_CHANGE_H

#include "core/due.h"
#include "services/logs/logs.h"

/* Numbers the group, and makes it. */
must_check enum err logs_group_create(struct core *core, struct logs_group *draft);
/* A new state of a group that exists. */
must_check enum err logs_group_change(struct core *core, const struct logs_group *draft);
/* With its streams and events. */
must_check enum err logs_group_delete(struct core *core, const struct logs_group *group);
must_check enum err logs_stream_create(struct core *core, uint64_t group, struct str name,
				       int64_t now_ms);
/* Its events are no longer readable; their space is freed with the retention of the group. */
must_check enum err logs_stream_delete(struct core *core, const struct logs_stream *stream);
must_check enum err logs_policy_change(struct core *core, const struct logs_policy *draft);
must_check enum err logs_policy_delete(struct core *core, const struct logs_policy *policy);
/* Main at start-up: joins the account's policies for authorization. */
void logs_policies_join(struct core *core, struct str account, struct str region);
/* The joined policy of an account in a region; NULL: none. Release it. Any thread. */
const struct policy *logs_policy_of(const struct core *core, struct str account, struct str region);

/* Figures of flushed streams; then the write-ahead log may be deleted. */
void logs_flushed(void *core, uint64_t wal, const struct logstore_touched *touched, size_t count);
must_check enum err logs_expire(struct core *core, struct str key); /* due_fn */
struct due_time logs_due_of(const struct logs_group *group, int64_t now_ms);

#endif
