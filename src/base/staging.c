/* SPDX-License-Identifier: MIT */
/* staging: a thread-local list of members; NULL links mean that none is open. */
#include "base/staging.h"

#include <stddef.h>

#include "base/base.h"

static _Thread_local struct list members;

bool staging_is_open(void)
{
	return members.next != NULL;
}

bool staging_has_members(void)
{
	return staging_is_open() && !list_is_empty(&members);
}

void staging_open(void)
{
	check(!staging_is_open());
	list_init(&members);
}

bool staging_join(struct staging_member *member)
{
	check(member->end != NULL);
	if (!staging_is_open())
		return false;
	if (!member->is_joined)
		list_push_back(&members, &member->link);
	member->is_joined = true;
	return true;
}

void staging_end(bool is_kept)
{
	check(staging_is_open());
	while (!list_is_empty(&members)) {
		struct staging_member *member =
			container_of(members.next, struct staging_member, link);
		list_remove(&member->link);
		member->is_joined = false;
		member->end(member, is_kept);
	}
	members = (struct list){0};
}
