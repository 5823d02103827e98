/* SPDX-License-Identifier: MIT */
/* signing: protocols whose bodies are the same bytes share a signature. */
#include "services/sns/signing.h"

#include "services/sns/sign.h"
#include "services/sns/state.h"

/* The protocols of the topic's subscriptions that want a signature; false: none. */
static bool find_wanted(const struct core *core, const struct topic *topic, bool stops_at_first,
			bool wanted[SNS_PROTOCOLS])
{
	struct sns_subscriptions walk;
	const struct subscription *subscription;
	bool is_any = false;

	if (topic->is_fifo)
		return false;
	sns_subscriptions_open(sns_of(core)->registry, topic->arn,
			       (struct sns_subscription_place){0}, &walk);
	while ((subscription = sns_subscriptions_next(&walk)) && !subscription->is_pending) {
		if (!sns_signs(core, topic, subscription))
			continue;
		wanted[subscription->protocol] = is_any = true;
		if (stops_at_first)
			break;
	}
	sns_subscriptions_close(&walk);
	return is_any;
}

bool sns_signing_is_wanted(const struct core *core, const struct topic *topic)
{
	bool wanted[SNS_PROTOCOLS] = {0};

	return find_wanted(core, topic, true, wanted);
}

/* Queues get no signature that is there only for http, so that all their envelopes are alike. */
static void set_all(const struct core *core, struct sns_publication *publication, struct str body,
		    struct sns_signature signature)
{
	for (int i = 0; i < SNS_PROTOCOLS; i++) {
		enum sns_protocol protocol = (enum sns_protocol)i;
		bool is_same = sns_message_body(&publication->message, protocol).data == body.data;
		if (is_same && !(protocol == SNS_PROTOCOL_SQS && core->signs_http_only))
			publication->signatures[i] = signature;
	}
}

static void sign_one(struct call *call, const struct topic *topic, const bool *wanted,
		     struct sns_publication *publication)
{
	const struct sns_message *message = &publication->message;

	for (int i = 0; i < SNS_PROTOCOLS; i++) {
		struct str body = sns_message_body(message, (enum sns_protocol)i);
		if (!wanted[i] || publication->signatures[i].text.data)
			continue;
		set_all(call->core, publication, body,
			sns_sign(call->core, call->arena, topic->signature_version,
				 sns_signed_notification(call->arena, message, body)));
	}
}

void sns_signing_run(struct call *call, const struct topic *topic,
		     struct sns_publication *publications, size_t count)
{
	bool wanted[SNS_PROTOCOLS] = {0};

	if (!find_wanted(call->core, topic, false, wanted))
		return;
	for (size_t i = 0; i < count; i++)
		sign_one(call, topic, wanted, &publications[i]);
}
