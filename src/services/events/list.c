/* SPDX-License-Identifier: MIT */
/* list: see list.h. */
#include "services/events/list.h"

#include "api/events.h"
#include "core/page.h"

enum { PAGE_SIZE = 100 };

enum err events_page_begin(struct call *call, bool has_limit, int64_t limit, struct str token,
			   struct str prefix, struct events_page *out_page)
{
	struct events_page page = {
		.call = call,
		.prefix = prefix,
		.most = has_limit ? (size_t)limit : PAGE_SIZE,
	};

	if (token.data && page_token_open(call, token, LIMIT_PAGE_TOKEN_MS, &page.after) != ERR_OK)
		return fail(call, &EVENTS_VALIDATION, "Parameter NextToken is not valid.");
	*out_page = page;
	return ERR_OK;
}

struct str events_page_from(const struct events_page *page)
{
	bool is_behind = str_compare(page->after, page->prefix) > 0;
	struct str from = is_behind ? page->after : page->prefix;

	return from.data ? from : STR("");
}

enum events_page_step events_page_step(struct events_page *page, struct str name)
{
	if (page->after.size > 0 && str_compare(name, page->after) <= 0)
		return EVENTS_PAGE_SKIP;
	if (!str_starts(name, page->prefix))
		return EVENTS_PAGE_STOP; /* names are sorted, and begin with the prefix */
	if (page->count == page->most) {
		page->has_more = true;
		return EVENTS_PAGE_STOP;
	}
	page->count++;
	page->last = arena_copy(page->call->arena, name);
	return EVENTS_PAGE_TAKE;
}

struct str events_page_token(const struct events_page *page)
{
	return page->has_more ? page_token_make(page->call, page->last) : (struct str){0};
}
