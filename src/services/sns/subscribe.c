/* SPDX-License-Identifier: MIT */
/*
 * subscribe: Subscribe and Unsubscribe.
 *
 * A subscription to an endpoint of the subscriber's own account is confirmed at once; others wait
 * for a token that the endpoint gets (confirm.h).
 * https://docs.aws.amazon.com/sns/latest/dg/SendMessageToSQS.cross.account.html
 */
#include "api/sns.h"
#include "core/authorize.h"
#include "core/mail.h"
#include "services/sns/change.h"
#include "services/sns/check.h"
#include "services/sns/confirm.h"
#include "services/sns/replay.h"
#include "services/sns/subscription.h"

/* ---- endpoints ---- */

static bool is_arn_of(struct str endpoint, struct str service)
{
	struct arn parts;

	return arn_parse(endpoint, &parts) && str_equal(parts.service, service) &&
	       arn_is_account(parts.account);
}

static bool is_url(struct str text, struct str scheme)
{
	if (!str_starts(text, scheme) || text.size == scheme.size)
		return false;
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.data[i] <= ' ')
			return false;
	return true;
}

static enum err check_queue(struct call *call, const struct topic *topic, struct str endpoint)
{
	if (!is_arn_of(endpoint, STR("sqs")))
		return sns_invalid(call, "SQS endpoint ARN");
	if (!topic->is_fifo && str_ends(endpoint, STR(".fifo")))
		return sns_invalid(call,
				   "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be "
				   "subscribed to standard SNS topics");
	return ERR_OK;
}

static enum err check_endpoint(struct call *call, const struct topic *topic,
			       enum sns_protocol protocol, struct str endpoint)
{
	bool is_good = true;

	if (endpoint.size == 0)
		return sns_invalid(call, "Endpoint Reason: no value for required parameter");
	if (endpoint.size > LIMIT_SNS_ENDPOINT_SIZE)
		return sns_invalid(call, "Endpoint");
	if (topic->is_fifo && protocol != SNS_PROTOCOL_SQS)
		return sns_invalid(call, "Invalid protocol type: %.*s",
				   STR_ARG(sns_protocols[protocol]));
	switch (protocol) {
	case SNS_PROTOCOL_SQS:
		return check_queue(call, topic, endpoint);
	case SNS_PROTOCOL_HTTP:
		is_good = is_url(endpoint, STR("http://"));
		break;
	case SNS_PROTOCOL_HTTPS:
		is_good = is_url(endpoint, STR("https://"));
		break;
	case SNS_PROTOCOL_EMAIL:
	case SNS_PROTOCOL_EMAIL_JSON:
		return mail_is_address(endpoint) ? ERR_OK : sns_invalid(call, "Email address");
	case SNS_PROTOCOL_SMS:
		if (sns_is_phone_number(endpoint))
			return ERR_OK;
		return sns_invalid(call, "Invalid SMS endpoint: %.*s", STR_ARG(endpoint));
	case SNS_PROTOCOL_LAMBDA:
		return is_arn_of(endpoint, STR("lambda"))
			       ? ERR_OK
			       : sns_invalid(call, "Lambda endpoint ARN");
	default:
		return is_arn_of(endpoint, STR("sns"))
			       ? ERR_OK
			       : sns_invalid(call, "Application endpoint arn invalid:%.*s",
					     STR_ARG(endpoint));
	}
	if (!is_good)
		return sns_invalid(call, "Endpoint must match the specified protocol");
	return ERR_OK;
}

/* ---- Subscribe ---- */

/* An anonymous caller has the default account, but owns nothing there. */
static bool is_anonymous(const struct call *call)
{
	return call->principal->type == PRINCIPAL_ANONYMOUS;
}

static bool is_pending_at_first(const struct call *call, enum sns_protocol protocol,
				struct str endpoint)
{
	if (sns_protocol_is_confirmed_by_link(protocol))
		return true;
	return protocol != SNS_PROTOCOL_SMS &&
	       (is_anonymous(call) || !str_equal(arn_account(endpoint), call->account));
}

static enum err set_attributes(struct call *call, const struct sns_subscribe_in *in,
			       struct subscription *draft)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < in->attributes_count && !err; i++)
		err = sns_subscription_set(call, draft, in->attributes[i].key,
					   in->attributes[i].value, true);
	return err ? err : sns_subscription_check_filter(call, draft, true);
}

/* The attributes of the request are those that the subscription has. */
static enum err compare(struct call *call, const struct subscription *subscription,
			const struct sns_subscribe_in *in)
{
	struct str ours;

	for (size_t i = 0; i < in->attributes_count; i++) {
		struct shape_pair given = in->attributes[i];
		if (!sns_subscription_get(subscription, given.key, &ours))
			return sns_invalid(call, "AttributeName");
		if (!str_equal(ours, given.value))
			return sns_invalid(call,
					   "Attributes Reason: Subscription already exists with "
					   "different attributes");
	}
	return ERR_OK;
}

static enum err check_limits(struct call *call, const struct topic *topic,
			     const struct subscription *draft)
{
	struct sns_registry *registry = sns_of(call->core)->registry;
	size_t count = sns_registry_count_of_topic(registry, topic->arn, false) +
		       sns_registry_count_of_topic(registry, topic->arn, true);
	size_t most = topic->is_fifo ? LIMIT_FIFO_TOPIC_SUBSCRIPTIONS : LIMIT_TOPIC_SUBSCRIPTIONS;

	if (count >= most)
		return fail(call, &SNS_SUBSCRIPTION_LIMIT_EXCEEDED,
			    "The topic has reached its limit of %zu subscriptions.", most);
	return draft->filter_policy.data ? sns_subscription_check_filter_count(call, draft)
					 : ERR_OK;
}

static void make_draft(struct call *call, const struct topic *topic, enum sns_protocol protocol,
		       struct str endpoint, struct subscription *out)
{
	bool is_pending = is_pending_at_first(call, protocol, endpoint);
	*out = (struct subscription){
		.id = uuid_make(call->arena),
		.topic_arn = topic->arn,
		.account = is_anonymous(call) ? topic->account : call->account,
		.region = topic->region,
		.endpoint = endpoint,
		.protocol = protocol,
		.principal = call->principal->arn,
		.created_ms = call->now_ms,
		.is_pending = is_pending,
		.is_authenticated = !is_pending,
	};
	out->arn = arena_format(call->arena, "%.*s:%.*s", STR_ARG(topic->arn), STR_ARG(out->id));
}

static enum err subscribe(struct call *call, const struct topic *topic, enum sns_protocol protocol,
			  const struct sns_subscribe_in *in, struct sns_subscribe_out *out)
{
	struct sns_registry *registry = sns_of(call->core)->registry;
	const struct subscription *subscription = sns_keep_subscription(
		call, sns_registry_find_endpoint(registry, topic->arn, protocol, in->endpoint));
	struct subscription draft;
	enum err err;

	if (subscription) {
		err = compare(call, subscription, in);
		draft = sns_subscription_draft(subscription);
	} else {
		make_draft(call, topic, protocol, in->endpoint, &draft);
		err = set_attributes(call, in, &draft);
		if (!err)
			err = check_limits(call, topic, &draft);
		if (!err)
			err = sns_subscription_put(call->core, &draft);
		if (!err)
			sns_replay_go_on(call->core, &draft);
	}
	if (!err)
		err = sns_confirm_start(call, topic, &draft);
	if (err)
		return err;
	bool is_shown = !draft.is_pending || in->return_subscription_arn;
	out->subscription_arn =
		is_shown ? arena_copy(call->arena, draft.arn) : STR("pending confirmation");
	return ERR_OK;
}

enum err sns_subscribe(struct call *call, const struct sns_subscribe_in *in,
		       struct sns_subscribe_out *out)
{
	enum sns_protocol protocol = sns_protocol_find(in->protocol);
	const struct topic *topic;

	call_add_key(call, STR("sns:Protocol"), &in->protocol, 1);
	call_add_key(call, STR("sns:Endpoint"), &in->endpoint, 1);
	enum err err = sns_topic_of_call(call, "TopicArn", in->topic_arn, &topic);
	if (err)
		return err;
	if (protocol == SNS_PROTOCOLS || protocol == SNS_PROTOCOL_FIREHOSE)
		return sns_invalid(call, "Amazon SNS does not support this protocol string: %.*s",
				   STR_ARG(in->protocol));
	err = check_endpoint(call, topic, protocol, in->endpoint);
	return err ? err : subscribe(call, topic, protocol, in, out);
}

/* ---- Unsubscribe ---- */

static bool is_id(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-'))
			return false;
	}
	return text.size == UUID_TEXT_SIZE;
}

enum err sns_unsubscribe(struct call *call, const struct sns_unsubscribe_in *in,
			 struct sns_unsubscribe_out *out)
{
	const struct subscription *subscription;
	struct arn parts;

	(void)out;
	enum err err = sns_check_arn(call, "SubscriptionArn", in->subscription_arn, &parts);
	if (err)
		return err;
	size_t colon = str_find_char(parts.resource, ':', 0);
	if (colon == SIZE_MAX || !is_id(str_slice(parts.resource, colon + 1, SIZE_MAX)))
		return sns_invalid(call, "SubscriptionId");
	err = sns_subscription_find(call, in->subscription_arn, &subscription);
	if (err || !subscription)
		return err;
	err = sns_subscription_delete(call->core, subscription);
	return err ? err : sns_confirm_unsubscribed(call, subscription);
}
