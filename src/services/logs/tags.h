/* SPDX-License-Identifier: MIT */
/* tags: the tags of log groups. */
#ifndef TERN_SERVICES_LOGS_TAGS_H
#define TERN_SERVICES_LOGS_TAGS_H

#include "core/call.h"
#include "services/logs/registry.h"

/* Adds tags to the draft, in the call's arena; a fault beyond LIMIT_LOG_TAGS. */
must_check enum err logs_merge_tags(struct call *call, struct logs_group *draft,
				    const struct shape_pair *tags, size_t count);

#endif
