/* SPDX-License-Identifier: MIT */
/*
 * webhook: SMS and push messages, as JSON by POST to the URL of the setting sms-webhook: an
 * operator connects his own gateway. Without that setting they wait, and the list of deliveries
 * says why.
 */
#include "format/json.h"
#include "services/sns/delivery.h"
#include "services/sns/encrypt.h"

enum { ANSWER_MS = 15000, CONNECT_MS = 5000, HOLD_MS = 60 * 1000 };

/* Sender, price and type of an SMS are such attributes: AWS.SNS.SMS.SenderID. */
static void write_attributes(struct json_writer *json, const struct sns_message *message)
{
	json_key(json, STR("MessageAttributes"));
	json_open_object(json);
	for (size_t i = 0; i < message->attribute_count; i++) {
		const struct sns_attribute *attribute = &message->attributes[i];
		json_key(json, attribute->name);
		json_open_object(json);
		json_key(json, STR("Type"));
		json_str(json, attribute->type);
		json_key(json, STR("Value"));
		if (str_starts(attribute->type, STR("Binary")))
			json_base64(json, attribute->value);
		else
			json_str(json, attribute->value);
		json_close_object(json);
	}
	json_close_object(json);
}

static struct str write_body(struct arena *arena, const struct sns_delivery *delivery)
{
	const struct sns_message *message = &delivery->message;
	struct json_writer json;
	struct buf out = {0};

	json_begin(&json, &out);
	json_open_object(&json);
	json_key(&json, STR("Protocol"));
	json_str(&json, sns_protocols[delivery->protocol]);
	json_key(&json, STR("Endpoint"));
	json_str(&json, delivery->endpoint);
	json_key(&json, STR("MessageId"));
	json_str(&json, message->id);
	if (!delivery->is_phone) {
		json_key(&json, STR("TopicArn"));
		json_str(&json, message->topic_arn);
		json_key(&json, STR("SubscriptionArn"));
		json_str(&json, delivery->subscription_arn);
	}
	if (message->subject.data) {
		json_key(&json, STR("Subject"));
		json_str(&json, message->subject);
	}
	json_key(&json, STR("Message"));
	json_str(&json, message->body);
	if (message->attribute_count > 0)
		write_attributes(&json, message);
	json_close_object(&json);
	struct str text = arena_copy(arena, buf_str(&out));
	buf_done(&out);
	return text;
}

static enum obligation_step prepare_opened(struct obligation_attempt *attempt)
{
	static const struct http_header headers[] = {
		{STR_INIT("Content-Type"), STR_INIT("application/json")}};
	struct sns_delivery *delivery;

	enum obligation_step step = sns_delivery_open(attempt, &delivery);
	if (step != OBLIGATION_READY)
		return step;
	if (attempt->core->webhook_url.size == 0) {
		attempt->failure.code = STR("NotConfigured");
		attempt->failure.text = STR("no gateway is configured (--sms-webhook)");
		attempt->hold_ms = HOLD_MS;
		return OBLIGATION_HOLD;
	}
	attempt->http = (struct obligation_http){
		.url = attempt->core->webhook_url,
		.method = STR("POST"),
		.headers = headers,
		.header_count = 1,
		.body = write_body(attempt->arena, delivery),
		.connect_ms = CONNECT_MS,
		.answer_ms = ANSWER_MS,
	};
	return OBLIGATION_READY;
}

static enum obligation_step prepare(struct obligation_attempt *attempt)
{
	return sns_open_shared(attempt, prepare_opened);
}

const struct obligation_kind sns_webhook_kind = {
	.number = OBLIGATION_SNS_WEBHOOK,
	.name = "sns-webhook",
	.prepare = prepare,
	.retry_ms = sns_delivery_retry_customer,
	.dead_letter = sns_delivery_dead_letter,
	.ended = sns_delivery_ended,
};
