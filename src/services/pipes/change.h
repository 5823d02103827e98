/* SPDX-License-Identifier: MIT */
/*
 * change: pipes in the catalog, then in the registry, and once that is durable their consumers.
 * Control thread, or main at start-up. Errors as the catalog's.
 */
#ifndef TERN_SERVICES_PIPES_CHANGE_H
#define TERN_SERVICES_PIPES_CHANGE_H

#include "services/pipes/pipes.h"

must_check enum err pipe_change(struct core *core, const struct pipe *draft);
/* The same for a change that its consumer does not need to know. */
must_check enum err pipe_change_tags(struct core *core, const struct pipe *draft);
must_check enum err pipes_delete(struct core *core, const struct pipe *const *pipes, size_t count);
/* Starts, replaces or stops the pipe's consumer, by its desired state. */
void pipe_apply(struct core *core, const struct pipe *pipe, bool is_deleted);

#endif
