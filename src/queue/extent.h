/* SPDX-License-Identifier: MIT */
/*
 * extent: messages of one group in one segment that have no entry in memory.
 *
 * Once a group has enough messages in memory, new ones go to its last extent: 32 bytes a message,
 * in memory only until the segment is sealed and its index durable. A group is always its messages
 * in memory, then its extents, by seq; extents are loaded from the front (backlog.h) before memory
 * runs dry. So a group's order is kept by construction.
 */
#ifndef TERN_QUEUE_EXTENT_H
#define TERN_QUEUE_EXTENT_H

#include "queue/state.h"

/* True if the group's next message goes to an extent instead of memory. */
bool extent_takes(const struct engine *engine, const struct engine_queue *queue,
		  const struct group *group);
void extent_append(struct engine *engine, struct engine_queue *queue, struct group *group,
		   const struct record_head *head, struct journal_location location);
struct extent *extent_first(const struct group *group);
struct extent *extent_find(const struct engine_queue *queue, const struct group *group,
			   uint64_t seq); /* that may hold it */
/* The extent of that link in the segment; NULL: it is the head. */
struct extent *extent_in(const struct segment_messages *segment, const struct list *link);
/* Copies up to `count` encoded entries from the extent's `from`-th on. False: the disk refuses. */
bool extent_read(struct engine *engine, struct extent *extent, size_t from, size_t count, char *out,
		 size_t *out_count);
int64_t extent_entry_live_size(const struct extent_entry *entry);
struct extent_entry extent_entry_decode(const char *in, uint32_t segment);
/* Copies entries, from the extent's `from`-th on; returns their number, at most EXTENT_PEEK_MAX. */
size_t extent_peek(struct engine *engine, struct extent *extent, size_t from,
		   struct extent_entry *out_entries, size_t count);
/* The first entry behind seq. */
size_t extent_seek(struct engine *engine, struct extent *extent, uint64_t seq);
/* Archive: the first entry that is not older. */
size_t extent_seek_age(struct engine *engine, struct extent *extent, int64_t since_ms);
/* The first `count` entries, of `bytes`, are in memory now; `last` is the last of them. May free
 * the extent. */
void extent_take(struct engine *engine, struct extent *extent, size_t count, int64_t bytes,
		 const struct extent_entry *last);
/* Moves the extent's first entry, which is this one, to its new location. May free the extent. */
void extent_relocate_first(struct engine *engine, struct extent *extent,
			   const struct extent_entry *entry, struct journal_location location,
			   uint32_t shared_size);
void extent_drop(struct engine *engine, struct extent *extent); /* with the messages in it */

/* Size of an encoded extent (image.h); 0: it is not one. */
size_t extent_encoded_size(struct str bytes);
uint64_t extent_encoded_group(const uint8_t *bytes);
uint64_t extent_encoded_first_seq(const uint8_t *bytes);
void extent_decode(struct engine *engine, struct engine_queue *queue, const uint8_t *bytes);
void extent_loaded(struct engine *engine); /* after the last extent_decode */

#endif
