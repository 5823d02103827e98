/* SPDX-License-Identifier: MIT */
/* archive_name: see archive_name.h. */
#include "services/events/archive_name.h"

#include "base/arn.h"

#define RULE_PREFIX "Events-Archive-"

struct str events_archive_arn(struct arena *arena, struct str account, struct str region,
			      struct str name)
{
	return arn_make(arena, STR("events"), region, account,
			arena_format(arena, "archive/%.*s", STR_ARG(name)));
}

struct str events_archive_rule(struct arena *arena, struct str name)
{
	return arena_format(arena, RULE_PREFIX "%.*s", STR_ARG(name));
}

struct str events_archive_of_rule(struct str rule)
{
	return str_slice(rule, sizeof(RULE_PREFIX) - 1, SIZE_MAX);
}
