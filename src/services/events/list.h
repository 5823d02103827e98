/* SPDX-License-Identifier: MIT */
/* list: pages of lists by name (core/page.h). The call's thread. */
#ifndef TERN_SERVICES_EVENTS_LIST_H
#define TERN_SERVICES_EVENTS_LIST_H

#include "core/call.h"

struct events_page {
	struct call *call;
	struct str prefix; /* of names */
	struct str after;  /* name; empty: from the beginning */
	size_t count, most;
	struct str last; /* name, in the call's arena */
	bool has_more;
};

/* Limit is 100 if it is absent. ERR_FAULT for a token that is not valid. */
must_check enum err events_page_begin(struct call *call, bool has_limit, int64_t limit,
				      struct str token, struct str prefix,
				      struct events_page *out_page);
/* The name from which names in order are visited. */
struct str events_page_from(const struct events_page *page);

enum events_page_step { EVENTS_PAGE_SKIP, EVENTS_PAGE_TAKE, EVENTS_PAGE_STOP };
/* Whether the page has the item with that name; names come in order. */
enum events_page_step events_page_step(struct events_page *page, struct str name);
/* data NULL: the page is the last. */
struct str events_page_token(const struct events_page *page);

#endif
