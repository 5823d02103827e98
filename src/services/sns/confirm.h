/* SPDX-License-Identifier: MIT */
/*
 * confirm: the confirmation of subscriptions to http, https and e-mail endpoints, and the message
 * that tells such an endpoint that its subscription was deleted. Control thread.
 *
 * The message is sent once the change is durable. If the server ends in between, it is not sent:
 * the subscriber calls Subscribe again, as with a message that the endpoint lost.
 */
#ifndef TERN_SERVICES_SNS_CONFIRM_H
#define TERN_SERVICES_SNS_CONFIRM_H

#include "core/call.h"
#include "services/sns/registry.h"

/* Sends a SubscriptionConfirmation, if the subscription is pending and its protocol has one. */
must_check enum err sns_confirm_start(struct call *call, const struct topic *topic,
				      const struct subscription *subscription);
/* Sends an UnsubscribeConfirmation for a deleted subscription, if its protocol has one and its
 * endpoint may unsubscribe by itself. */
must_check enum err sns_confirm_unsubscribed(struct call *call,
					     const struct subscription *subscription);

#endif
