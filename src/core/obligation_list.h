/* SPDX-License-Identifier: MIT */
/*
 * obligation_list: shows the obligations that wait, and lets them be attempted at once. For the
 * server's administrator, who sees all accounts. Control thread.
 */
#ifndef TERN_CORE_OBLIGATION_LIST_H
#define TERN_CORE_OBLIGATION_LIST_H

#include "core/obligation.h"

enum { OBLIGATION_PAGE_MAX = 100 };

/*
 * Main, between obligations_open and obligations_start: attempts that the end of the last process
 * interrupted do not count and may be made again at once, as far as they are among the first
 * LIMIT_DELIVER_RECLAIM obligations; the others wait for their visibility timeout. ERR_IO.
 */
must_check enum err obligations_reclaim(struct core *core);

enum obligation_state {
	OBLIGATION_IS_DUE,
	OBLIGATION_IS_ATTEMPTED, /* now, or it waits in memory for its endpoint */
	OBLIGATION_IS_WAITING,	 /* until next_ms */
};

struct obligation_view {
	struct queue_handle handle;
	enum obligation_state state;
	int64_t next_ms;   /* wall time of the next attempt */
	uint32_t attempts; /* made so far */
	const char *kind;  /* its name; "unknown" */
	struct obligation_record record;
};

/* A place in the list. Zero: the beginning. */
struct obligation_place {
	uint32_t queue; /* of obligation_queue_at */
	uint64_t seq;
};

struct obligation_page {
	struct obligation_view *items; /* in the arena, as their texts */
	size_t count;
	bool has_more;
	struct obligation_place next;
};

/* The obligations behind `after`, whose queue exists, `most` of them at most (OBLIGATION_PAGE_MAX).
 * ERR_IO. */
must_check enum err obligations_read(struct core *core, struct arena *arena,
				     struct obligation_place after, uint32_t most,
				     struct obligation_page *out_page);
/*
 * The next attempt is made now. False: it is under way, or has ended. See obligations_forgive
 * (core/obligation.h) for the circuit of its endpoint.
 */
bool obligations_retry(struct core *core, struct arena *arena, const struct obligation_view *view);
#endif
