/* SPDX-License-Identifier: MIT */
/*
 * read: a page of a group's events in order of time, from write-ahead logs and segments.
 *
 * A page has the events that are next in the chosen direction. Memory is bounded by the page, one
 * frame and the heads of the segments that overlap it. If many events are searched in vain, the
 * page ends early with the place where the search continues. Worker threads: calls block.
 */
#ifndef TERN_LOGSTORE_READ_H
#define TERN_LOGSTORE_READ_H

#include "logstore/logstore.h"

struct logstore_query {
	uint64_t group;
	const uint64_t *streams; /* sorted; NULL: all */
	size_t stream_count;
	int64_t from_ms, to_ms; /* from <= time < to */
	bool has_after;
	struct log_key after; /* events that the direction meets after this one */
	bool is_backward;     /* the page has the latest events; it is in ascending order, too */
	size_t count_max, size_max; /* of the page; one event at least */
	uint64_t scan_max;	    /* bytes of events that are looked at, about */
	/* NULL: all. */
	bool (*matches)(void *context, const struct log_record *record);
	/* Opens an envelope in place. An error ends the query. */
	enum err (*open)(void *context, char *sealed, size_t size, struct str *out_plain);
	void *context;
};

struct logstore_page {
	struct log_record *records; /* in the arena, with their texts; ascending */
	size_t count;
	/* The search ended early: continue behind this place. Otherwise, if the page is not full,
	 * there are no more events. */
	bool is_partial;
	struct log_key resume;
	bool has_more; /* the page is full, and another event follows */
};

/* ERR_NOTFOUND: no such group; ERR_IO; errors of `open`. Damaged frames are logged and skipped. */
must_check enum err logstore_read(struct logstore *store, struct arena *arena,
				  const struct logstore_query *query,
				  struct logstore_page *out_page);

#endif
