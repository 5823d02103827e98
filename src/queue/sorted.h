/* SPDX-License-Identifier: MIT */
/*
 * sorted: the extents of an archive by seq.
 *
 * All messages of an archive are in extents of its plain group, so seq and age ascend from one
 * extent to the next: the place of a message is found by bisection.
 */
#ifndef TERN_QUEUE_SORTED_H
#define TERN_QUEUE_SORTED_H

#include "queue/state.h"

/* An extent was made in front of `next`, or behind all others if that is NULL. */
void sorted_enter(struct engine_queue *queue, struct extent *extent, const struct extent *next);
void sorted_leave(struct engine_queue *queue, const struct extent *extent);
size_t sorted_count(const struct engine_queue *queue);
struct extent *sorted_extent(const struct engine_queue *queue, size_t index); /* oldest first */
/* The first extent that may have messages with a higher seq; the count, if there is none. */
size_t sorted_seek(const struct engine_queue *queue, uint64_t seq);
/* The first extent that may have messages that are not older; the last, if there is none. */
size_t sorted_seek_age(const struct engine_queue *queue, int64_t since_ms);

#endif
