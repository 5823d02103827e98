/* SPDX-License-Identifier: MIT */
/*
 * backlog: brings what lies in extents into memory, a window at a time.
 *
 * What is in memory need not be the same after a replay: a record may name a message that lies in
 * an extent then, and backlog_fetch loads the group up to it. A replay always has as much in
 * extents as was there before, never something in memory behind something in an extent.
 */
#ifndef TERN_QUEUE_BACKLOG_H
#define TERN_QUEUE_BACKLOG_H

#include "queue/state.h"

/* Loads from the group's extents if it has little left to give. If the disk refuses they stay, and
 * the next receive tries again. */
void backlog_refill(struct engine *engine, struct group *group);
/* At replay: finds a message, and brings it into memory if it lies in an extent. */
struct message *backlog_fetch(struct engine *engine, uint64_t queue, uint64_t group, uint64_t seq);
/* The message is deleted, expired or moved away: frees it, and refills its group. */
void backlog_remove(struct engine *engine, struct message *message);

#endif
