/* SPDX-License-Identifier: MIT */
/*
 * backlog: loads messages from extents into memory, a window at a time.
 *
 * A replay may leave other messages in memory than the previous run had. A record may name a
 * message that then lies in an extent; backlog_fetch loads the group up to it. A replay never has a
 * message in memory behind one in an extent of the same group.
 */
#ifndef TERN_QUEUE_BACKLOG_H
#define TERN_QUEUE_BACKLOG_H

#include "queue/state.h"

/* Loads from the group's extents if the group has few messages in memory. If the disk refuses, they
 * stay, and the next receive tries again. */
void backlog_refill(struct engine *engine, struct group *group);
/* At replay: finds a message, and loads it if it lies in an extent. */
struct message *backlog_fetch(struct engine *engine, uint64_t queue, uint64_t group, uint64_t seq);
/* The message was deleted, expired or moved: frees it, and refills its group. */
void backlog_remove(struct engine *engine, struct message *message);

#endif
