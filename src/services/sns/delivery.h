/* SPDX-License-Identifier: MIT */
/*
 * delivery: what a publish owes to subscribers other than local queues, as obligations
 * (core/obligation.h), and the parts that all their kinds share.
 *
 * An obligation's `shared` is the message with its signature; its `bytes` name the subscription, or
 * hold a whole document (SubscriptionConfirmation, UnsubscribeConfirmation). Endpoint, policy and
 * dead-letter queue are read at each attempt, so a deleted subscription ends its deliveries.
 */
#ifndef TERN_SERVICES_SNS_DELIVERY_H
#define TERN_SERVICES_SNS_DELIVERY_H

#include "core/obligation.h"
#include "services/sns/delivery_policy.h"
#include "services/sns/envelope.h"

/* ---- writing; any thread ---- */

/* The `shared` bytes of a message with one of its bodies, in the arena. */
struct str sns_owed_message(struct arena *arena, const struct sns_message *message, struct str body,
			    const struct sns_signature *signature);
/* Reads such bytes; texts are views, the array is the arena's. False: they are damaged. */
must_check bool sns_owed_message_read(struct str shared, struct arena *arena, struct str topic_arn,
				      struct sns_message *out_message,
				      struct sns_signature *out_signature);
/* Fills the obligation of a notification; also in place of a delivery to a queue. Texts are
 * borrowed from the subscription and `shared`, or in the arena. */
void sns_owed_notification(struct arena *arena, const struct subscription *subscription,
			   struct str shared, struct str group, struct obligation *out);
/*
 * The same for a message of an archive; `began_ms` is that of the replay, if the message is to be
 * marked as replayed, and 0 if not.
 */
void sns_owed_replay(struct arena *arena, const struct subscription *subscription,
		     struct str shared, struct str group, int64_t began_ms, struct obligation *out);
/* Marks a message as replayed; another deduplication id lets a FIFO queue take it that had it
 * within five minutes. */
void sns_mark_replayed(struct arena *arena, struct sns_message *message, int64_t began_ms);
/* Fills the obligation of a message to a telephone number. `source`: an ARN, for people. */
void sns_owed_phone(struct arena *arena, struct str account, struct str source, struct str number,
		    struct str shared, struct obligation *out);
/* Fills the obligation of a document of sns_envelope_control, for http, https and email-json, or of
 * a text for email. */
void sns_owed_control(struct arena *arena, const struct subscription *subscription,
		      const struct sns_control *control, struct str document,
		      struct obligation *out);

/* ---- one attempt; deliver's thread, or where a parked attempt goes on ---- */

struct sns_delivery {
	/* Of the stored bytes. */
	bool is_control, is_unsubscribe;
	bool is_phone;		 /* to a telephone number: it has no topic and no subscription */
	int64_t replay_began_ms; /* the message is marked as replayed; 0: it is not */
	struct str subscription_arn, topic_arn;
	struct str id;	     /* MessageId */
	struct str document; /* of is_control */
	struct sns_message message;
	struct sns_signature signature;
	/* Of the registry now; copies. */
	enum sns_protocol protocol;
	bool is_raw;
	struct str endpoint, dead_letter_arn;
	struct str topic_account, region;
	struct sns_delivery_rules rules;
};

/*
 * Reads the attempt's bytes and the registry into attempt->state. OBLIGATION_READY: *out_delivery
 * is filled; otherwise the step to return.
 */
enum obligation_step sns_delivery_open(struct obligation_attempt *attempt,
				       struct sns_delivery **out_delivery);
/* The body that the endpoint gets: the document, the raw message or its envelope. */
struct str sns_delivery_body(struct obligation_attempt *attempt,
			     const struct sns_delivery *delivery);
/* For tables of kinds. */
int64_t sns_delivery_retry_http(struct obligation_attempt *attempt);
int64_t sns_delivery_retry_customer(struct obligation_attempt *attempt);
bool sns_delivery_dead_letter(struct obligation_attempt *attempt, struct obligation_target *out);
void sns_delivery_ended(struct obligation_attempt *attempt, enum obligation_end end);

extern const struct obligation_kind sns_http_kind, sns_mail_kind, sns_webhook_kind, sns_target_kind;

#endif
