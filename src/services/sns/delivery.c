/* SPDX-License-Identifier: MIT */
/* delivery: texts with a byte before them that says whether they are there; see base/bytes.h. */
#include "services/sns/delivery.h"

#include "base/bytes.h"
#include "services/sns/encrypt.h"
#include "services/sns/state.h"
#include "services/sns/status.h"

enum { VERSION = 1 };
enum { CONTROL_SUBSCRIBE = 1, CONTROL_UNSUBSCRIBE = 2, NOTIFICATION = 3, REPLAYED = 4, PHONE = 5 };

#define WEBHOOK_ENDPOINT STR("sms-webhook")

/* ---- writing ---- */

static void write_optional(struct buf *out, struct str text)
{
	bytes_append_u8(out, text.data != NULL);
	if (text.data)
		bytes_append_str(out, text);
}

static struct str finish(struct arena *arena, struct buf *out)
{
	struct str bytes = arena_copy(arena, buf_str(out));

	buf_done(out);
	return bytes;
}

struct str sns_owed_message(struct arena *arena, const struct sns_message *message, struct str body,
			    const struct sns_signature *signature)
{
	struct buf out = {0};

	bytes_append_u8(&out, VERSION);
	bytes_append_u8(&out, message->is_replayed);
	bytes_append_u64(&out, (uint64_t)message->timestamp_ms);
	bytes_append_str(&out, message->id);
	bytes_append_str(&out, body);
	write_optional(&out, message->subject);
	write_optional(&out, message->group);
	write_optional(&out, message->dedup);
	write_optional(&out, message->sequence);
	write_optional(&out, message->trace);
	write_optional(&out, signature->version);
	write_optional(&out, signature->text);
	write_optional(&out, signature->certificate_url);
	bytes_append_u32(&out, (uint32_t)message->attribute_count);
	for (size_t i = 0; i < message->attribute_count; i++) {
		bytes_append_str(&out, message->attributes[i].name);
		bytes_append_str(&out, message->attributes[i].type);
		bytes_append_str(&out, message->attributes[i].value);
	}
	return finish(arena, &out);
}

/* "https://host:port" of a URL. Operators see it, so a user and a password are left out. */
static struct str origin_of(struct arena *arena, struct str url)
{
	size_t begin = str_find(url, STR("://"), 0);
	size_t end = begin == SIZE_MAX ? SIZE_MAX : begin + 3;

	while (end < url.size && !memchr("/?#", url.data[end], 3))
		end++;
	struct str origin = str_slice(url, 0, end);
	size_t at = str_find_char(origin, '@', 0);
	if (begin == SIZE_MAX || at == SIZE_MAX)
		return origin;
	return arena_join(
		arena,
		(struct str[]){str_slice(url, 0, begin + 3), str_slice(origin, at + 1, SIZE_MAX)},
		2);
}

static enum obligation_number kind_of(enum sns_protocol protocol)
{
	switch (protocol) {
	case SNS_PROTOCOL_HTTP:
	case SNS_PROTOCOL_HTTPS:
		return OBLIGATION_SNS_HTTP;
	case SNS_PROTOCOL_EMAIL:
	case SNS_PROTOCOL_EMAIL_JSON:
		return OBLIGATION_SNS_MAIL;
	case SNS_PROTOCOL_SMS:
	case SNS_PROTOCOL_APPLICATION:
		return OBLIGATION_SNS_WEBHOOK;
	default:
		return OBLIGATION_SNS_TARGET;
	}
}

static struct str endpoint_of(struct arena *arena, const struct subscription *subscription)
{
	switch (kind_of(subscription->protocol)) {
	case OBLIGATION_SNS_HTTP:
		return origin_of(arena, subscription->endpoint);
	case OBLIGATION_SNS_MAIL:
		return STR("smtp-relay");
	case OBLIGATION_SNS_WEBHOOK:
		return WEBHOOK_ENDPOINT;
	default:
		return subscription->endpoint;
	}
}

static void fill(struct arena *arena, const struct subscription *subscription, struct buf *bytes,
		 struct obligation *out)
{
	*out = (struct obligation){
		.kind = kind_of(subscription->protocol),
		.account = subscription->account,
		.source = subscription->arn,
		.endpoint = endpoint_of(arena, subscription),
		.bytes = finish(arena, bytes),
	};
}

void sns_owed_replay(struct arena *arena, const struct subscription *subscription,
		     struct str shared, struct str group, int64_t began_ms, struct obligation *out)
{
	struct buf bytes = {0};

	bytes_append_u8(&bytes, VERSION);
	bytes_append_u8(&bytes, began_ms > 0 ? REPLAYED : NOTIFICATION);
	bytes_append_str(&bytes, subscription->arn);
	bytes_append_str(&bytes, subscription->topic_arn);
	if (began_ms > 0)
		bytes_append_u64(&bytes, (uint64_t)began_ms);
	fill(arena, subscription, &bytes, out);
	out->shared = shared;
	if (str_ends(subscription->endpoint, STR(".fifo")))
		out->order = (str_hash(group) ^ subscription->arn_hash) | 1;
}

void sns_owed_notification(struct arena *arena, const struct subscription *subscription,
			   struct str shared, struct str group, struct obligation *out)
{
	sns_owed_replay(arena, subscription, shared, group, 0, out);
}

void sns_mark_replayed(struct arena *arena, struct sns_message *message, int64_t began_ms)
{
	message->is_replayed = true;
	message->dedup = arena_format(arena, "%.*s-%llx", STR_ARG(message->id),
				      (unsigned long long)began_ms);
}

void sns_owed_phone(struct arena *arena, struct str account, struct str source, struct str number,
		    struct str shared, struct obligation *out)
{
	struct buf bytes = {0};

	bytes_append_u8(&bytes, VERSION);
	bytes_append_u8(&bytes, PHONE);
	bytes_append_str(&bytes, number);
	*out = (struct obligation){
		.kind = OBLIGATION_SNS_WEBHOOK,
		.account = account,
		.source = source,
		.endpoint = WEBHOOK_ENDPOINT,
		.bytes = finish(arena, &bytes),
		.shared = shared,
	};
}

void sns_owed_control(struct arena *arena, const struct subscription *subscription,
		      const struct sns_control *control, struct str document,
		      struct obligation *out)
{
	struct buf bytes = {0};

	bytes_append_u8(&bytes, VERSION);
	bytes_append_u8(&bytes, control->is_unsubscribe ? CONTROL_UNSUBSCRIBE : CONTROL_SUBSCRIBE);
	bytes_append_str(&bytes, subscription->arn);
	bytes_append_str(&bytes, subscription->topic_arn);
	bytes_append_str(&bytes, control->id);
	bytes_append_str(&bytes, document);
	bytes_append_u8(&bytes, (uint8_t)subscription->protocol);
	bytes_append_str(&bytes, subscription->endpoint);
	fill(arena, subscription, &bytes, out);
}

/* ---- reading ---- */

static struct str read_optional(struct byte_reader *reader)
{
	return byte_reader_u8(reader) ? byte_reader_str(reader) : (struct str){0};
}

static bool read_attributes(struct byte_reader *reader, struct arena *arena,
			    struct sns_message *message)
{
	uint32_t count = byte_reader_u32(reader);
	struct sns_attribute *attributes;

	if (count > reader->rest.size)
		return false;
	attributes = arena_array(arena, struct sns_attribute, count);
	for (uint32_t i = 0; i < count; i++) {
		attributes[i].name = byte_reader_str(reader);
		attributes[i].type = byte_reader_str(reader);
		attributes[i].value = byte_reader_str(reader);
	}
	message->attributes = attributes;
	message->attribute_count = count;
	return true;
}

bool sns_owed_message_read(struct str shared, struct arena *arena, struct str topic_arn,
			   struct sns_message *message, struct sns_signature *signature)
{
	struct byte_reader reader = byte_reader_of(shared);

	if (byte_reader_u8(&reader) != VERSION)
		return false;
	*message = (struct sns_message){.topic_arn = topic_arn};
	message->is_replayed = byte_reader_u8(&reader);
	message->timestamp_ms = (int64_t)byte_reader_u64(&reader);
	message->id = byte_reader_str(&reader);
	message->body = byte_reader_str(&reader);
	message->subject = read_optional(&reader);
	message->group = read_optional(&reader);
	message->dedup = read_optional(&reader);
	message->sequence = read_optional(&reader);
	message->trace = read_optional(&reader);
	signature->version = read_optional(&reader);
	signature->text = read_optional(&reader);
	signature->certificate_url = read_optional(&reader);
	return read_attributes(&reader, arena, message) && byte_reader_is_done(&reader);
}

static bool read_bytes(struct str bytes, struct sns_delivery *delivery)
{
	struct byte_reader reader = byte_reader_of(bytes);

	if (byte_reader_u8(&reader) != VERSION)
		return false;
	unsigned type = byte_reader_u8(&reader);
	delivery->is_phone = type == PHONE;
	if (delivery->is_phone) {
		delivery->protocol = SNS_PROTOCOL_SMS;
		delivery->endpoint = byte_reader_str(&reader);
		return byte_reader_is_done(&reader);
	}
	delivery->subscription_arn = byte_reader_str(&reader);
	delivery->topic_arn = byte_reader_str(&reader);
	if (type == REPLAYED)
		delivery->replay_began_ms = (int64_t)byte_reader_u64(&reader);
	delivery->is_control = type != NOTIFICATION && type != REPLAYED;
	delivery->is_unsubscribe = type == CONTROL_UNSUBSCRIBE;
	if (delivery->is_control) {
		delivery->id = byte_reader_str(&reader);
		delivery->document = byte_reader_str(&reader);
		delivery->protocol = (enum sns_protocol)byte_reader_u8(&reader);
		delivery->endpoint = byte_reader_str(&reader);
	}
	return byte_reader_is_done(&reader) && delivery->protocol < SNS_PROTOCOLS;
}

/* A deleted subscription gets no notification, but the confirmation of its end. */
static bool read_registry(struct obligation_attempt *attempt, struct sns_delivery *delivery)
{
	struct sns_registry *registry = sns_of(attempt->core)->registry;
	const struct topic *topic = sns_registry_find_topic(registry, delivery->topic_arn);
	const struct subscription *subscription =
		sns_registry_find_subscription(registry, delivery->subscription_arn);
	bool is_owed = delivery->is_unsubscribe || subscription;

	if (topic && is_owed) {
		delivery->topic_account = arena_copy(attempt->arena, topic->account);
		delivery->region = arena_copy(attempt->arena, topic->region);
		delivery->rules = sns_delivery_rules_of(
			topic->delivery, subscription ? subscription->delivery : NULL,
			subscription && subscription->is_raw && !delivery->is_control);
	}
	if (subscription && !delivery->is_control) {
		delivery->protocol = subscription->protocol;
		delivery->is_raw = subscription->is_raw;
		delivery->endpoint = arena_copy(attempt->arena, subscription->endpoint);
		delivery->dead_letter_arn =
			arena_copy(attempt->arena, subscription->dead_letter_arn);
	}
	if (delivery->is_control)
		delivery->rules.content_type = STR("text/plain; charset=UTF-8");
	is_owed = is_owed && topic;
	sns_subscription_release(subscription);
	sns_topic_release(topic);
	return is_owed;
}

static enum obligation_step refuse(struct obligation_attempt *attempt)
{
	attempt->failure.code = STR("InternalError");
	attempt->failure.text = STR("the stored delivery cannot be read");
	return OBLIGATION_FAIL;
}

enum obligation_step sns_delivery_open(struct obligation_attempt *attempt,
				       struct sns_delivery **out_delivery)
{
	struct sns_delivery *delivery = arena_new(attempt->arena, struct sns_delivery);

	attempt->state = delivery;
	if (!read_bytes(attempt->bytes, delivery))
		return refuse(attempt);
	if (!delivery->is_phone && !read_registry(attempt, delivery))
		return OBLIGATION_DROP;
	if (!delivery->is_control) {
		if (!sns_owed_message_read(attempt->shared, attempt->arena, delivery->topic_arn,
					   &delivery->message, &delivery->signature))
			return refuse(attempt);
		delivery->id = delivery->message.id;
		if (delivery->replay_began_ms > 0)
			sns_mark_replayed(attempt->arena, &delivery->message,
					  delivery->replay_began_ms);
	}
	attempt->rate_milli = delivery->rules.receives_per_second * 1000;
	*out_delivery = delivery;
	return OBLIGATION_READY;
}

struct str sns_delivery_body(struct obligation_attempt *attempt,
			     const struct sns_delivery *delivery)
{
	const struct sns_message *message = &delivery->message;

	if (delivery->is_control)
		return delivery->document;
	if (delivery->is_raw)
		return message->body;
	struct sns_envelope envelope =
		sns_envelope_new(attempt->arena, message, message->body, &delivery->signature,
				 attempt->core->base_url);
	return sns_envelope_for(
		attempt->arena, &envelope,
		str_slice(delivery->subscription_arn, delivery->topic_arn.size + 1, SIZE_MAX));
}

/* ---- retries and dead letters ---- */

static int64_t at_least_one(int64_t delay_ms)
{
	return delay_ms == 0 ? 1 : delay_ms;
}

int64_t sns_delivery_retry_http(struct obligation_attempt *attempt)
{
	const struct sns_delivery *delivery = attempt->state;

	return at_least_one(sns_retry_ms(&delivery->rules.retries, attempt->attempts));
}

int64_t sns_delivery_retry_customer(struct obligation_attempt *attempt)
{
	return at_least_one(sns_retry_ms(&sns_retries_customer, attempt->attempts));
}

static int64_t retry_managed(struct obligation_attempt *attempt)
{
	return at_least_one(sns_retry_ms(&sns_retries_managed, attempt->attempts));
}

/* The attributes of a raw message, if `is_native`, and why it was not delivered. */
static void add_attributes(struct obligation_attempt *attempt, const struct sns_message *message,
			   bool is_native, bool has_failed, struct target_payload *payload)
{
	size_t count = 0, native = is_native ? message->attribute_count : 0;
	struct target_attribute *out =
		arena_array(attempt->arena, struct target_attribute, native + 3);
	const struct target_attribute reasons[] = {
		{STR("ErrorCode"), STR("String"), attempt->failure.code},
		{STR("ErrorMessage"), STR("String"), attempt->failure.text},
		{STR("RequestID"), STR("String"), message->id},
	};

	for (; count < native; count++)
		out[count] = (struct target_attribute){message->attributes[count].name,
						       message->attributes[count].type,
						       message->attributes[count].value};
	for (size_t i = 0; i < 3 && has_failed; i++)
		if (reasons[i].value.size > 0 && count < LIMIT_MESSAGE_ATTRIBUTES)
			out[count++] = reasons[i];
	payload->attributes = out;
	payload->attribute_count = count;
}

static void fill_target(struct obligation_attempt *attempt, const struct sns_delivery *delivery,
			struct str arn, bool has_failed, struct obligation_target *out)
{
	const struct sns_message *message = &delivery->message;

	*out = (struct obligation_target){
		.arn = arn,
		.caller = {.identity = INTERNAL_AS_SERVICE,
			   .service = STR("sns.amazonaws.com"),
			   .source_arn = delivery->topic_arn,
			   .source_account = delivery->topic_account,
			   .region = delivery->region,
			   .trace_header = message->trace},
		.payload = {.body = sns_delivery_body(attempt, delivery), .trace = message->trace},
	};
	if (str_ends(arn, STR(".fifo"))) {
		out->payload.group = message->group.data ? message->group : delivery->id;
		out->payload.dedup = message->dedup.data ? message->dedup : delivery->id;
	}
	add_attributes(attempt, message, delivery->is_raw, has_failed, &out->payload);
}

bool sns_delivery_dead_letter(struct obligation_attempt *attempt, struct obligation_target *out)
{
	const struct sns_delivery *delivery = attempt->state;

	if (!delivery || delivery->is_control || delivery->dead_letter_arn.size == 0)
		return false;
	fill_target(attempt, delivery, delivery->dead_letter_arn, true, out);
	return true;
}

/* The end of the attempts: the topic's delivery status log wants it. */
static void log_status(struct obligation_attempt *attempt, const struct sns_delivery *delivery,
		       const struct topic *topic, bool is_delivered)
{
	bool is_queue = delivery->protocol == SNS_PROTOCOL_SQS;
	struct sns_delivery_status status = {
		.topic = topic,
		.message = &delivery->message,
		.body = delivery->message.body,
		.protocol = delivery->protocol,
		.destination = delivery->endpoint,
		.is_delivered = is_delivered,
		.attempts = attempt->attempts,
		.dwell_ms = attempt->now_ms - delivery->message.timestamp_ms,
	};

	if (!sns_status_is_wanted(topic, delivery->protocol, is_delivered))
		return;
	if (is_delivered) {
		status.status_code = attempt->is_to_target ? 200 : attempt->answer.status;
		status.response =
			is_queue ? sns_status_of_queue(attempt->arena, attempt->answer.target.id,
						       STR(""), STR(""))
				 : attempt->answer.body;
	} else {
		struct str code = attempt->failure.code;
		status.status_code = attempt->failure.status ? attempt->failure.status
				     : is_queue		     ? sns_status_code_of(code)
							     : 0;
		status.response = is_queue ? sns_status_of_queue(attempt->arena, STR(""), code,
								 attempt->failure.text)
					   : attempt->failure.text;
	}
	sns_status_log(attempt->core, &status);
}

/* Of http and https each failed attempt counts, of others only the last. */
void sns_delivery_ended(struct obligation_attempt *attempt, enum obligation_end end)
{
	const struct sns_delivery *delivery = attempt->state;
	bool is_last = end == OBLIGATION_END_GIVEN_UP || end == OBLIGATION_END_DEAD_LETTER;
	bool is_failed = is_last || (end == OBLIGATION_END_RETRIED &&
				     attempt->kind->number == OBLIGATION_SNS_HTTP);
	bool is_delivered = end == OBLIGATION_END_DELIVERED;

	if (!delivery || delivery->is_control || delivery->is_phone)
		return;
	const struct topic *topic =
		sns_registry_find_topic(sns_of(attempt->core)->registry, delivery->topic_arn);
	if (!topic)
		return;
	if (is_delivered)
		sns_count(&topic->life->counters, SNS_COUNT_DELIVERED, 1);
	if (is_failed)
		sns_count(&topic->life->counters, SNS_COUNT_FAILED, 1);
	if (end == OBLIGATION_END_DEAD_LETTER)
		sns_count(&topic->life->counters, SNS_COUNT_REDRIVEN, 1);
	if (is_last || is_delivered)
		log_status(attempt, delivery, topic, is_delivered);
	sns_topic_release(topic);
}

/* ---- queues that could not take a message at once, and functions ---- */

enum { FUNCTIONS_HOLD_MS = 10 * 60 * 1000 };

static enum obligation_step prepare_opened(struct obligation_attempt *attempt)
{
	struct sns_delivery *delivery;
	struct target_description description;

	enum obligation_step step = sns_delivery_open(attempt, &delivery);
	if (step != OBLIGATION_READY)
		return step;
	if (delivery->protocol == SNS_PROTOCOL_LAMBDA &&
	    target_resolve(attempt->core, delivery->endpoint, &description) != ERR_OK) {
		attempt->failure.code = STR("NotServed");
		attempt->failure.text = STR("functions are not served yet");
		attempt->hold_ms = FUNCTIONS_HOLD_MS;
		return OBLIGATION_HOLD;
	}
	fill_target(attempt, delivery, delivery->endpoint, false, &attempt->target);
	if (delivery->protocol == SNS_PROTOCOL_LAMBDA)
		attempt->target.payload.body = sns_envelope_lambda(
			attempt->arena, &delivery->message, delivery->message.body,
			&delivery->signature, attempt->core->base_url, delivery->subscription_arn);
	attempt->is_to_target = true;
	return OBLIGATION_READY;
}

static enum obligation_step prepare_target(struct obligation_attempt *attempt)
{
	return sns_open_shared(attempt, prepare_opened);
}

const struct obligation_kind sns_target_kind = {
	.number = OBLIGATION_SNS_TARGET,
	.name = "sns-target",
	.prepare = prepare_target,
	.retry_ms = retry_managed,
	.dead_letter = sns_delivery_dead_letter,
	.ended = sns_delivery_ended,
};
