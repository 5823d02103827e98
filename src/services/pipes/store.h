/* SPDX-License-Identifier: MIT */
/* store: pipes as records of the catalog (api/pipes_records.h). Key: "account/region/name". Pure.
 */
#ifndef TERN_SERVICES_PIPES_STORE_H
#define TERN_SERVICES_PIPES_STORE_H

#include "services/pipes/registry.h"

struct str pipe_key(struct arena *arena, const struct pipe *pipe);
void pipe_encode(struct buf *out, const struct pipe *pipe);
/* A draft without status, borrowed from the record and the arena. ERR_DAMAGED, ERR_VERSION. */
must_check enum err pipe_decode(struct arena *arena, struct str record, struct pipe *out_draft);

#endif
