/* SPDX-License-Identifier: MIT */
/*
 * read: reads messages from the journal.
 *
 * Any thread; the segment is pinned or known to be live, which keeps a shared payload too.
 */
#ifndef TERN_QUEUE_READ_H
#define TERN_QUEUE_READ_H

#include "journal/journal.h"
#include "queue/record.h"

/*
 * Reads the message at `location` into `out` (appended; head and payload point into it).
 * ERR_DAMAGED, ERR_IO, ERR_NOTFOUND; ERR_BUSY if `is_cached` and the disk would have to be waited
 * for.
 */
must_check enum err read_message(struct journal *journal, struct journal_location location,
				 bool is_cached, struct buf *out, struct record_head *out_head,
				 struct str *out_payload);
/* The same for the shared payload of a reference in that segment. */
must_check enum err read_shared(struct journal *journal, uint32_t segment,
				const struct record_reference *reference, bool is_cached,
				struct buf *out, struct record_head *out_head,
				struct str *out_payload);
/* Parses a RECORD_SHARED. False: it is too short. *out_share: the live bytes that each of its
 * references counts for. */
bool read_shared_decode(const struct journal_record *record, struct record_head *out_head,
			struct str *out_payload, uint32_t *out_share);

#endif
