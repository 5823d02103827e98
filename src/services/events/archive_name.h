/* SPDX-License-Identifier: MIT */
/* archive_name: ARNs of archives, and the names of the managed rules that fill them. Pure. */
#ifndef TERN_SERVICES_EVENTS_ARCHIVE_NAME_H
#define TERN_SERVICES_EVENTS_ARCHIVE_NAME_H

#include "base/base.h"

/* "arn:aws:events:us-east-1:111122223333:archive/name" */
struct str events_archive_arn(struct arena *arena, struct str account, struct str region,
			      struct str name);
/* "Events-Archive-name" */
struct str events_archive_rule(struct arena *arena, struct str name);
/* The name of the archive that a rule of that name fills; a view. */
struct str events_archive_of_rule(struct str rule);

#endif
