/* SPDX-License-Identifier: MIT */
/*
 * locate: the topic or subscription that a request names, authorized for the call's operation.
 *
 * Snapshots live as long as the call. A caller without permission gets the same answer whether the
 * object exists or not.
 */
#ifndef TERN_SERVICES_SNS_LOCATE_H
#define TERN_SERVICES_SNS_LOCATE_H

#include "core/call.h"
#include "services/sns/state.h"

/*
 * Checks an ARN of the call's region. `name` is the parameter's, for the fault's text. *out_parts:
 * views of `text`.
 */
must_check enum err sns_check_arn(struct call *call, const char *name, struct str text,
				  struct arn *out_parts);
/* Authorizes the call's operation on a topic; `topic` NULL: it does not exist. */
must_check enum err sns_authorize(struct call *call, struct str arn, struct str account,
				  const struct topic *topic);
/* *out_topic NULL: the topic does not exist. */
must_check enum err sns_topic_find(struct call *call, const char *name, struct str arn,
				   const struct topic **out_topic);
/* As sns_topic_find; a topic that does not exist is a fault. */
must_check enum err sns_topic_of_call(struct call *call, const char *name, struct str arn,
				      const struct topic **out_topic);

/*
 * *out_subscription NULL: it does not exist. Authorized are its owner and the topic's; a
 * subscription that was confirmed by a link without authentication may be deleted by anybody who
 * knows its ARN.
 */
must_check enum err sns_subscription_find(struct call *call, struct str arn,
					  const struct subscription **out_subscription);
/* As sns_subscription_find; a subscription that does not exist is a fault. */
must_check enum err sns_subscription_of_call(struct call *call, struct str arn,
					     const struct subscription **out_subscription);

/* Invalid parameter: <text> */
must_check enum err sns_invalid(struct call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The key of a page's token (core/page.h); an empty token leaves *out_after. */
must_check enum err sns_page_open(struct call *call, struct str token, struct str *out_after);
/* Creates alias/aws/sns for later publishes, which may not create keys. Control thread. */
must_check enum err sns_key_prepare(struct core *core, const struct topic *draft);
/* "2026-11-24T00:00:00.000Z", in the arena. */
struct str sns_time_text(struct arena *arena, int64_t time_ms);

const struct topic *sns_keep_topic(struct call *call, const struct topic *topic);
const struct subscription *sns_keep_subscription(struct call *call,
						 const struct subscription *subscription);

#endif
