/* SPDX-License-Identifier: MIT */
/*
 * deliver_http: notifications and confirmations to http and https endpoints.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html#http-header
 */
#include "services/sns/delivery.h"
#include "services/sns/encrypt.h"

enum { ANSWER_MS = 15000, CONNECT_MS = 5000, HEADERS_MAX = 9, STATUS_TOO_MANY = 429 };

static struct str message_type(const struct sns_delivery *delivery)
{
	if (!delivery->is_control)
		return STR("Notification");
	return delivery->is_unsubscribe ? STR("UnsubscribeConfirmation")
					: STR("SubscriptionConfirmation");
}

static void add_headers(struct obligation_attempt *attempt, const struct sns_delivery *delivery)
{
	struct http_header *headers = arena_array(attempt->arena, struct http_header, HEADERS_MAX);
	size_t count = 0;

	headers[count++] =
		(struct http_header){STR("x-amz-sns-message-type"), message_type(delivery)};
	headers[count++] = (struct http_header){STR("x-amz-sns-message-id"), delivery->id};
	headers[count++] = (struct http_header){STR("x-amz-sns-topic-arn"), delivery->topic_arn};
	if (!delivery->is_control || delivery->is_unsubscribe)
		headers[count++] = (struct http_header){STR("x-amz-sns-subscription-arn"),
							delivery->subscription_arn};
	if (delivery->is_raw)
		headers[count++] = (struct http_header){STR("x-amz-sns-rawdelivery"), STR("true")};
	headers[count++] = (struct http_header){STR("Content-Type"), delivery->rules.content_type};
	headers[count++] = (struct http_header){STR("User-Agent"),
						STR("Amazon Simple Notification Service Agent")};
	headers[count++] = (struct http_header){STR("Accept-Encoding"), STR("gzip,deflate")};
	check(count <= HEADERS_MAX);
	attempt->http.headers = headers;
	attempt->http.header_count = count;
}

static enum obligation_step prepare_opened(struct obligation_attempt *attempt)
{
	struct sns_delivery *delivery;

	enum obligation_step step = sns_delivery_open(attempt, &delivery);
	if (step != OBLIGATION_READY)
		return step;
	attempt->http.url = delivery->endpoint;
	attempt->http.method = STR("POST");
	attempt->http.body = sns_delivery_body(attempt, delivery);
	attempt->http.connect_ms = CONNECT_MS;
	attempt->http.answer_ms = ANSWER_MS;
	add_headers(attempt, delivery);
	return OBLIGATION_READY;
}

static enum obligation_step prepare(struct obligation_attempt *attempt)
{
	return sns_open_shared(attempt, prepare_opened);
}

/* Failures of the endpoint's host and server may pass; all others are permanent. */
static enum obligation_result classify(struct obligation_attempt *attempt)
{
	const struct obligation_answer *answer = &attempt->answer;

	switch (answer->outcome) {
	case OUTBOUND_ANSWERED:
		if (answer->status >= 200 && answer->status < 300)
			return OBLIGATION_DONE;
		return answer->status >= 500 || answer->status == STATUS_TOO_MANY
			       ? OBLIGATION_RETRY
			       : OBLIGATION_REFUSED;
	case OUTBOUND_BAD_URL:
	case OUTBOUND_FORBIDDEN:
		return OBLIGATION_REFUSED;
	default:
		return OBLIGATION_RETRY;
	}
}

const struct obligation_kind sns_http_kind = {
	.number = OBLIGATION_SNS_HTTP,
	.name = "sns-http",
	.prepare = prepare,
	.classify = classify,
	.retry_ms = sns_delivery_retry_http,
	.dead_letter = sns_delivery_dead_letter,
	.ended = sns_delivery_ended,
};
