/* SPDX-License-Identifier: MIT */
/*
 * store: groups, streams and policies as records of the catalog (api/logs_records.h). Keys:
 * "g/<number>", "s/<number>", "p/account/region/name"; "n": the next number of a group or stream;
 * "r": the number of the last start. Pure.
 */
#ifndef TERN_SERVICES_LOGS_STORE_H
#define TERN_SERVICES_LOGS_STORE_H

#include "services/logs/registry.h"

#define LOGS_NEXT_NUMBER STR("n")
#define LOGS_RUN STR("r")

struct str logs_group_key(struct arena *arena, const struct logs_group *group);
struct str logs_stream_key(struct arena *arena, const struct logs_stream *stream);
struct str logs_policy_key(struct arena *arena, const struct logs_policy *policy);

void logs_group_encode(struct buf *out, const struct logs_group *group);
void logs_stream_encode(struct buf *out, const struct logs_stream *stream);
void logs_policy_encode(struct buf *out, const struct logs_policy *policy);
/* Drafts, borrowed from the record and the arena. ERR_DAMAGED, ERR_VERSION. */
must_check enum err logs_group_decode(struct arena *arena, struct str record,
				      struct logs_group *out_draft);
/* Makes the figures. */
must_check enum err logs_stream_decode(struct arena *arena, struct str record,
				       const struct logs_stream **out_stream);
/* Compiles the policy; one reference is the caller's. */
must_check enum err logs_policy_decode(struct arena *arena, struct str record,
				       struct logs_policy *out_draft);

#endif
