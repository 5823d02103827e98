/* SPDX-License-Identifier: MIT */
/* item_call: a table has the words of each kind, in ARNs and in AWS's messages. */
#include "services/events/item_call.h"

#include "api/events.h"
#include "base/arn.h"
#include "core/authorize.h"
#include "services/events/state.h"

struct words {
	enum events_item_kind kind;
	const char *type; /* of resources, in ARNs */
	/* Of messages, before and after the name. */
	const char *missing[2], *existing[2];
};

static const struct words *words_of(enum events_item_kind kind)
{
	static const struct words rows[] = {
		{.kind = EVENTS_CONNECTION,
		 .type = "connection",
		 .missing = {"Failed to describe the connection(s). Connection '",
			     "' does not exist."},
		 .existing = {"Connection ", " already exists."}},
		{.kind = EVENTS_DESTINATION,
		 .type = "api-destination",
		 .missing = {"Failed to describe the api-destination(s). An api-destination '",
			     "' does not exist."},
		 .existing = {"An api-destination '", "' already exists."}},
		{.kind = EVENTS_ARCHIVE,
		 .type = "archive",
		 .missing = {"Archive ", " does not exist."},
		 .existing = {"Archive ", " already exists."}},
		{.kind = EVENTS_REPLAY,
		 .type = "replay",
		 .missing = {"Replay ", " does not exist."},
		 .existing = {"Replay ", " already exists."}},
	};
	const struct words *words = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].kind == kind)
			words = &rows[i];
	check(words);
	return words;
}

enum err events_item_authorize(struct call *call, enum events_item_kind kind, struct str action,
			       struct str name)
{
	struct str path = arena_format(call->arena, "%s/%.*s", words_of(kind)->type, STR_ARG(name));
	const struct resource resource = {
		.arn = arn_make(call->arena, STR("events"), call->region, call->account, path),
		.account = call->account,
	};

	return call_authorize(call, action, &resource);
}

enum err events_item_open(struct call *call, enum events_item_kind kind, struct str action,
			  struct str name, const struct events_item **out_item)
{
	const struct words *words = words_of(kind);

	enum err err = events_item_authorize(call, kind, action, name);
	if (err)
		return err;
	const struct events_item *item = events_items_find(events_of(call->core)->items, kind,
							   call->account, call->region, name);
	if (!item)
		return fail(call, &EVENTS_RESOURCE_NOT_FOUND, "%s%.*s%s", words->missing[0],
			    STR_ARG(name), words->missing[1]);
	*out_item = item;
	return ERR_OK;
}

enum err events_item_check_absent(struct call *call, enum events_item_kind kind, struct str name)
{
	const struct words *words = words_of(kind);
	const struct events_item *item = events_items_find(events_of(call->core)->items, kind,
							   call->account, call->region, name);

	if (!item)
		return ERR_OK;
	events_item_release(item);
	return fail(call, &EVENTS_RESOURCE_ALREADY_EXISTS, "%s%.*s%s", words->existing[0],
		    STR_ARG(name), words->existing[1]);
}

enum err events_item_check_quota(struct call *call, enum events_item_kind kind, enum quota quota)
{
	int64_t most = quota_most(call->core->quotas, quota);

	if ((int64_t)events_items_count(events_of(call->core)->items, kind, call->account,
					call->region) < most)
		return ERR_OK;
	return fail(call, &EVENTS_LIMIT_EXCEEDED,
		    "The requested resource exceeds the maximum number allowed.");
}

struct str events_item_list(const struct events_page *page, enum events_item_kind kind,
			    events_item_visit_fn visit, void *context)
{
	struct call *call = page->call;

	events_items_each(events_of(call->core)->items, kind, call->account, call->region,
			  events_page_from(page), visit, context);
	return events_page_token(page);
}
