/* SPDX-License-Identifier: MIT */
/*
 * staging: changes of several tables by one thread, which other threads see all at once or never.
 *
 * Between staging_open and staging_end a thread sees its own changes and no other thread does. A
 * table joins with its first change. Without a staging, each table publishes at its own commit.
 *
 * Threads: one staging is open in a process at a time, by the thread that owns the tables; only
 * that thread calls these functions, except for staging_is_open.
 */
#ifndef TERN_BASE_STAGING_H
#define TERN_BASE_STAGING_H

#include <stdbool.h>

#include "base/list.h"

/* A table's part; zeroed but for `end` at the beginning. */
struct staging_member {
	struct list link; /* of the staging, while is_joined */
	bool is_joined;
	/* Publishes the changes, or drops them. is_joined is false already. */
	void (*end)(struct staging_member *member, bool is_kept);
};

void staging_open(void);
/* Ends all members in the order in which they joined. */
void staging_end(bool is_kept);
/* Any thread: this thread has opened a staging and not ended it. */
bool staging_is_open(void);
/* A table has joined the staging that is open here. */
bool staging_has_members(void);
/* False if no staging is open here; joining again changes nothing. */
bool staging_join(struct staging_member *member);

#endif
