/* SPDX-License-Identifier: MIT */
/*
 * item_call: the steps that operations on connections, API destinations, archives and replays
 * share. The items are those of the call's account and region. The call's thread.
 */
#ifndef TERN_SERVICES_EVENTS_ITEM_CALL_H
#define TERN_SERVICES_EVENTS_ITEM_CALL_H

#include "core/call.h"
#include "core/limit/quota.h"
#include "services/events/item.h"
#include "services/events/list.h"

must_check enum err events_item_authorize(struct call *call, enum events_item_kind kind,
					  struct str action, struct str name);
/* Authorizes the call and finds the item, which the caller releases; ERR_FAULT: there is none. */
must_check enum err events_item_open(struct call *call, enum events_item_kind kind,
				     struct str action, struct str name,
				     const struct events_item **out_item);
/* ERR_FAULT: there is an item of that name. */
must_check enum err events_item_check_absent(struct call *call, enum events_item_kind kind,
					     struct str name);
/* ERR_FAULT: the account has as many items of the kind in the region as the quota permits. */
must_check enum err events_item_check_quota(struct call *call, enum events_item_kind kind,
					    enum quota quota);
/*
 * Visits the items from the page's first name on, until `visit`, which calls events_page_step,
 * returns false. The result is the page's token; data NULL: the page is the last.
 */
struct str events_item_list(const struct events_page *page, enum events_item_kind kind,
			    events_item_visit_fn visit, void *context);

#endif
