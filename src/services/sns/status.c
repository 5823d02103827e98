/* SPDX-License-Identifier: MIT */
/* status: the form of events is that of SNS's own logs. */
#include "services/sns/status.h"

#include "base/crypto.h"
#include "core/log_sink.h"
#include "format/json.h"

bool sns_status_is_wanted(const struct topic *topic, enum sns_protocol protocol, bool is_delivered)
{
	const struct sns_feedback *feedback = &topic->feedback_of[sns_feedback_find(protocol)];
	uint32_t chance;

	if (!is_delivered)
		return feedback->logs_failures;
	if (feedback->success_rate == 0 || feedback->success_rate >= 100)
		return feedback->success_rate > 0;
	random_bytes(&chance, sizeof(chance));
	return chance % 100 < feedback->success_rate;
}

/* "2026-11-30 18:00:00.000" */
static struct str time_text(struct arena *arena, int64_t time_ms)
{
	char *text = arena_bytes(arena, CLOCK_TEXT_MAX);
	enum { T_AT = 10 };

	int size = clock_format_iso(time_ms, text);
	text[T_AT] = ' ';
	return str_of(text, (size_t)size - 1); /* without Z */
}

static void member(struct json_writer *json, const char *name, struct str value)
{
	json_key(json, str_from(name));
	json_str(json, value);
}

static void member_number(struct json_writer *json, const char *name, int64_t value)
{
	json_key(json, str_from(name));
	json_i64(json, value);
}

static struct str finish(struct arena *arena, struct buf *out)
{
	struct str text = arena_copy(arena, buf_str(out));

	buf_done(out);
	return text;
}

int sns_status_code_of(struct str code)
{
	return str_equal(code, STR("AccessDenied")) ? 403 : 400;
}

struct str sns_status_of_queue(struct arena *arena, struct str message_id, struct str code,
			       struct str text)
{
	struct json_writer json;
	struct buf out = {0};

	json_begin(&json, &out);
	json_open_object(&json);
	if (code.size > 0) {
		member(&json, "ErrorCode", code);
		member(&json, "ErrorMessage", text);
		member(&json, "sqsRequestId", STR("Unrecoverable"));
	} else {
		member(&json, "sqsRequestId", uuid_make(arena));
		member(&json, "sqsMessageId", message_id);
	}
	json_close_object(&json);
	return finish(arena, &out);
}

struct str sns_status_text(struct arena *arena, const struct sns_delivery_status *status,
			   struct str delivery_id)
{
	char digest[32];
	uint8_t sum[16];
	struct json_writer json;
	struct buf out = {0};

	md5(status->body, sum);
	hex_format(str_of(sum, sizeof(sum)), digest);
	json_begin(&json, &out);
	json_open_object(&json);
	json_key(&json, STR("notification"));
	json_open_object(&json);
	member(&json, "messageMD5Sum", str_of(digest, sizeof(digest)));
	member(&json, "messageId", status->message->id);
	member(&json, "topicArn", status->topic->arn);
	member(&json, "timestamp", time_text(arena, status->message->timestamp_ms));
	json_close_object(&json);
	json_key(&json, STR("delivery"));
	json_open_object(&json);
	member(&json, "deliveryId", delivery_id);
	member(&json, "destination", status->destination);
	member(&json, "providerResponse", status->response);
	member_number(&json, "dwellTimeMs", status->dwell_ms);
	if (!status->is_delivered)
		member_number(&json, "attempts", status->attempts);
	member_number(&json, "statusCode", status->status_code);
	json_close_object(&json);
	member(&json, "status", status->is_delivered ? STR("SUCCESS") : STR("FAILURE"));
	json_close_object(&json);
	return finish(arena, &out);
}

void sns_status_log(struct core *core, const struct sns_delivery_status *status)
{
	const struct topic *topic = status->topic;
	struct arena arena;

	arena_init(&arena);
	struct str group = arena_format(&arena, "sns/%.*s/%.*s/%.*s%s", STR_ARG(topic->region),
					STR_ARG(topic->account), STR_ARG(topic->name),
					status->is_delivered ? "" : "/Failure");
	(void)log_sink_put(core, topic->account, topic->region, group,
			   str_of(sns_of(core)->log_stream, UUID_TEXT_SIZE), clock_now_ms(),
			   sns_status_text(&arena, status, uuid_make(&arena)));
	arena_done(&arena);
}

void sns_status_log_queue(struct core *core, const struct topic *topic,
			  const struct subscription *subscription,
			  const struct sns_message *message, const struct target_result *result)
{
	bool is_delivered = result->outcome == TARGET_DELIVERED;
	struct arena arena;

	if (!sns_status_is_wanted(topic, SNS_PROTOCOL_SQS, is_delivered))
		return;
	arena_init(&arena);
	struct str code = is_delivered ? STR("") : result->code;
	struct str id = is_delivered ? target_result_id(&arena, result) : STR("");
	struct sns_delivery_status status = {
		.topic = topic,
		.message = message,
		.body = sns_message_body(message, SNS_PROTOCOL_SQS),
		.protocol = SNS_PROTOCOL_SQS,
		.destination = subscription->endpoint,
		.is_delivered = is_delivered,
		.status_code = is_delivered ? 200 : sns_status_code_of(code),
		.response = sns_status_of_queue(&arena, id, code, result->text),
		.attempts = 1,
		.dwell_ms = clock_now_ms() - message->timestamp_ms,
	};
	sns_status_log(core, &status);
	arena_done(&arena);
}
