/* SPDX-License-Identifier: MIT */
/*
 * envelope: the documents that SNS delivers, with the members in AWS's order and its white space.
 *
 * Of a notification only the UnsubscribeURL differs between subscribers, so the text before and
 * behind the subscription's id is written once. Texts are the arena's. Pure, any thread.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
 */
#ifndef TERN_SERVICES_SNS_ENVELOPE_H
#define TERN_SERVICES_SNS_ENVELOPE_H

#include "services/sns/message.h"

struct sns_signature {
	struct str version;	    /* "1" or "2" */
	struct str text;	    /* base64; data NULL: the document has no signature */
	struct str certificate_url; /* of it */
};

/* ---- notifications ---- */

/* The bytes that a notification's signature covers; `body` as delivered. */
struct str sns_signed_notification(struct arena *arena, const struct sns_message *message,
				   struct str body);

/* The notification of one body of a message. */
struct sns_envelope {
	struct str head, tail; /* around the subscription's id */
};
struct sns_envelope sns_envelope_new(struct arena *arena, const struct sns_message *message,
				     struct str body, const struct sns_signature *signature,
				     struct str base_url);
/* The document for a subscription: for http, https, sqs and email-json. */
struct str sns_envelope_for(struct arena *arena, const struct sns_envelope *envelope,
			    struct str subscription_id);
/* The event that a function gets. */
struct str sns_envelope_lambda(struct arena *arena, const struct sns_message *message,
			       struct str body, const struct sns_signature *signature,
			       struct str base_url, struct str subscription_arn);
/* The body of an e-mail: the message and how to unsubscribe. */
struct str sns_envelope_email(struct arena *arena, struct str body, struct str base_url,
			      struct str subscription_arn);

/* ---- SubscriptionConfirmation and UnsubscribeConfirmation ---- */

struct sns_control {
	bool is_unsubscribe;
	struct str id; /* MessageId */
	struct str topic_arn, subscription_arn;
	struct str token;
	struct str base_url;
	int64_t timestamp_ms;
};
struct str sns_signed_control(struct arena *arena, const struct sns_control *control);
struct str sns_envelope_control(struct arena *arena, const struct sns_control *control,
				const struct sns_signature *signature);
/* The URL that confirms, and the same as a text for people. */
struct str sns_subscribe_url(struct arena *arena, const struct sns_control *control);

#endif
