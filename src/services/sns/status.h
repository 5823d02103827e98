/* SPDX-License-Identifier: MIT */
/*
 * status: delivery status logs of topics: an event for each delivery to an endpoint that a topic
 * attribute wants (<Protocol>SuccessFeedbackRoleArn, <Protocol>FailureFeedbackRoleArn). Any thread.
 *
 * Log groups are sns/<region>/<account>/<topic>, and the same with /Failure.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html
 */
#ifndef TERN_SERVICES_SNS_STATUS_H
#define TERN_SERVICES_SNS_STATUS_H

#include "core/target.h"
#include "services/sns/message.h"
#include "services/sns/state.h"

struct sns_delivery_status {
	const struct topic *topic;
	const struct sns_message *message;
	struct str body; /* of the message, for the protocol */
	enum sns_protocol protocol;
	struct str destination; /* the endpoint */
	bool is_delivered;
	int status_code;
	struct str response; /* providerResponse */
	uint32_t attempts;
	int64_t dwell_ms; /* from the publish to the attempt */
};

/* The topic logs deliveries of this protocol with this result. Successes are a random sample. */
bool sns_status_is_wanted(const struct topic *topic, enum sns_protocol protocol, bool is_delivered);
void sns_status_log(struct core *core, const struct sns_delivery_status *status);
/* The same for a message that a queue has taken or refused, if the topic wants it. */
void sns_status_log_queue(struct core *core, const struct topic *topic,
			  const struct subscription *subscription,
			  const struct sns_message *message, const struct target_result *result);
/* providerResponse of a queue; in the arena. `code` and `text`: of a refusal, or empty. */
struct str sns_status_of_queue(struct arena *arena, struct str message_id, struct str code,
			       struct str text);
/* The status that AWS shows for such a refusal. */
int sns_status_code_of(struct str code);
/* The event; pure. `delivery_id` is a UUID. In the arena. */
struct str sns_status_text(struct arena *arena, const struct sns_delivery_status *status,
			   struct str delivery_id);

#endif
