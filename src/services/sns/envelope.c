/* SPDX-License-Identifier: MIT */
/* envelope: AWS writes notifications with a blank around each colon, and one member a line. */
#include "services/sns/envelope.h"

#include "base/clock.h"
#include "format/json.h"

/* Notification documents write "UnsubscribeURL", events of functions "UnsubscribeUrl". */
struct style {
	struct str before_name, colon, certificate, unsubscribe;
};
static const struct style pretty = {STR_INIT(",\n  "), STR_INIT(" : "), STR_INIT("SigningCertURL"),
				    STR_INIT("UnsubscribeURL")};
static const struct style compact = {STR_INIT(","), STR_INIT(":"), STR_INIT("SigningCertUrl"),
				     STR_INIT("UnsubscribeUrl")};

static struct str iso_time(struct arena *arena, int64_t time_ms)
{
	char text[CLOCK_TEXT_MAX];

	return arena_copy(arena, str_of(text, (size_t)clock_format_iso(time_ms, text)));
}

static struct str finish(struct arena *arena, struct buf *out)
{
	struct str text = arena_copy(arena, buf_str(out));

	buf_done(out);
	return text;
}

static void write_string(struct buf *out, struct str text)
{
	struct json_writer json;

	json_begin(&json, out);
	json_str(&json, text);
}

static void write_name(struct buf *out, const struct style *style, struct str name)
{
	buf_append(out, style->before_name);
	buf_append_char(out, '"');
	buf_append(out, name);
	buf_append_char(out, '"');
	buf_append(out, style->colon);
}

static void write_member(struct buf *out, const struct style *style, struct str name,
			 struct str value)
{
	write_name(out, style, name);
	write_string(out, value);
}

/* ---- notifications ---- */

static void write_value(struct buf *out, const struct sns_attribute *attribute)
{
	struct json_writer json;

	json_begin(&json, out);
	json_open_object(&json);
	json_key(&json, STR("Type"));
	json_str(&json, attribute->type);
	json_key(&json, STR("Value"));
	if (str_starts(attribute->type, STR("Binary")))
		json_base64(&json, attribute->value);
	else
		json_str(&json, attribute->value);
	json_close_object(&json);
}

static void write_attributes(struct buf *out, const struct sns_message *message, bool is_pretty)
{
	buf_append_char(out, '{');
	for (size_t i = 0; i < message->attribute_count; i++) {
		buf_append(out, i > 0 ? STR(",") : STR(""));
		buf_append(out, is_pretty ? STR("\n    ") : STR(""));
		write_string(out, message->attributes[i].name);
		buf_append(out, is_pretty ? STR(" : ") : STR(":"));
		write_value(out, &message->attributes[i]);
	}
	buf_append(out, is_pretty ? STR("\n  }") : STR("}"));
}

/* Up to the subscription's id. */
static void write_head(struct buf *out, struct arena *arena, const struct style *style,
		       const struct sns_message *message, struct str body,
		       const struct sns_signature *signature, struct str base_url)
{
	bool is_pretty = style == &pretty;

	buf_append(out, is_pretty ? STR("{\n  \"Type\" : \"Notification\"")
				  : STR("{\"Type\":\"Notification\""));
	write_member(out, style, STR("MessageId"), message->id);
	if (message->sequence.data)
		write_member(out, style, STR("SequenceNumber"), message->sequence);
	write_member(out, style, STR("TopicArn"), message->topic_arn);
	if (message->subject.data)
		write_member(out, style, STR("Subject"), message->subject);
	else if (!is_pretty)
		buf_append(out, STR(",\"Subject\":null"));
	write_member(out, style, STR("Message"), body);
	write_member(out, style, STR("Timestamp"), iso_time(arena, message->timestamp_ms));
	if (signature->text.data) {
		write_member(out, style, STR("SignatureVersion"), signature->version);
		write_member(out, style, STR("Signature"), signature->text);
		write_member(out, style, style->certificate, signature->certificate_url);
	}
	write_name(out, style, style->unsubscribe);
	buf_append_char(out, '"');
	buf_append(out, base_url);
	buf_append(out, STR("/?Action=Unsubscribe&SubscriptionArn="));
	buf_append(out, message->topic_arn);
	buf_append_char(out, ':');
}

/* From behind the subscription's id. */
static void write_tail(struct buf *out, const struct style *style,
		       const struct sns_message *message)
{
	bool is_pretty = style == &pretty;

	buf_append_char(out, '"');
	if (message->attribute_count > 0 || !is_pretty) {
		write_name(out, style, STR("MessageAttributes"));
		write_attributes(out, message, is_pretty);
	}
	if (message->is_replayed) {
		write_name(out, style, STR("Replayed"));
		buf_append(out, STR("true"));
	}
	buf_append(out, is_pretty ? STR("\n}") : STR("}"));
}

struct sns_envelope sns_envelope_new(struct arena *arena, const struct sns_message *message,
				     struct str body, const struct sns_signature *signature,
				     struct str base_url)
{
	struct sns_envelope envelope;
	struct buf out = {0};

	write_head(&out, arena, &pretty, message, body, signature, base_url);
	envelope.head = arena_copy(arena, buf_str(&out));
	buf_reset(&out);
	write_tail(&out, &pretty, message);
	envelope.tail = finish(arena, &out);
	return envelope;
}

struct str sns_envelope_for(struct arena *arena, const struct sns_envelope *envelope,
			    struct str subscription_id)
{
	return arena_join(arena, (struct str[]){envelope->head, subscription_id, envelope->tail},
			  3);
}

struct str sns_envelope_lambda(struct arena *arena, const struct sns_message *message,
			       struct str body, const struct sns_signature *signature,
			       struct str base_url, struct str subscription_arn)
{
	struct buf out = {0};

	buf_append(&out, STR("{\"Records\":[{\"EventSource\":\"aws:sns\",\"EventVersion\":\"1.0\","
			     "\"EventSubscriptionArn\":"));
	write_string(&out, subscription_arn);
	buf_append(&out, STR(",\"Sns\":"));
	write_head(&out, arena, &compact, message, body, signature, base_url);
	buf_append(&out, str_slice(subscription_arn, message->topic_arn.size + 1, SIZE_MAX));
	write_tail(&out, &compact, message);
	buf_append(&out, STR("}]}"));
	return finish(arena, &out);
}

struct str sns_envelope_email(struct arena *arena, struct str body, struct str base_url,
			      struct str subscription_arn)
{
	return arena_format(arena,
			    "%.*s\n\n--\nTo stop these notifications, open this link:\n"
			    "%.*s/?Action=Unsubscribe&SubscriptionArn=%.*s\n",
			    STR_ARG(body), STR_ARG(base_url), STR_ARG(subscription_arn));
}

/* ---- control messages ---- */

struct str sns_subscribe_url(struct arena *arena, const struct sns_control *control)
{
	return arena_format(arena, "%.*s/?Action=ConfirmSubscription&TopicArn=%.*s&Token=%.*s",
			    STR_ARG(control->base_url), STR_ARG(control->topic_arn),
			    STR_ARG(control->token));
}

static struct str control_type(const struct sns_control *control)
{
	return control->is_unsubscribe ? STR("UnsubscribeConfirmation")
				       : STR("SubscriptionConfirmation");
}

static struct str control_text(struct arena *arena, const struct sns_control *control)
{
	if (control->is_unsubscribe)
		return arena_format(arena,
				    "You have chosen to deactivate subscription %.*s.\nTo cancel "
				    "this operation and restore the subscription, visit the "
				    "SubscribeURL included in this message.",
				    STR_ARG(control->subscription_arn));
	return arena_format(arena,
			    "You have chosen to subscribe to the topic %.*s.\nTo confirm the "
			    "subscription, visit the SubscribeURL included in this message.",
			    STR_ARG(control->topic_arn));
}

struct str sns_envelope_control(struct arena *arena, const struct sns_control *control,
				const struct sns_signature *signature)
{
	struct buf out = {0};

	buf_append(&out, STR("{\n  \"Type\" : "));
	write_string(&out, control_type(control));
	write_member(&out, &pretty, STR("MessageId"), control->id);
	write_member(&out, &pretty, STR("Token"), control->token);
	write_member(&out, &pretty, STR("TopicArn"), control->topic_arn);
	write_member(&out, &pretty, STR("Message"), control_text(arena, control));
	write_member(&out, &pretty, STR("SubscribeURL"), sns_subscribe_url(arena, control));
	write_member(&out, &pretty, STR("Timestamp"), iso_time(arena, control->timestamp_ms));
	if (signature->text.data) {
		write_member(&out, &pretty, STR("SignatureVersion"), signature->version);
		write_member(&out, &pretty, STR("Signature"), signature->text);
		write_member(&out, &pretty, STR("SigningCertURL"), signature->certificate_url);
	}
	buf_append(&out, STR("\n}"));
	return finish(arena, &out);
}

/* ---- what is signed ---- */

/* Names in byte order;
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
static void write_signed(struct buf *out, struct str name, struct str value)
{
	buf_append(out, name);
	buf_append_char(out, '\n');
	buf_append(out, value);
	buf_append_char(out, '\n');
}

struct str sns_signed_notification(struct arena *arena, const struct sns_message *message,
				   struct str body)
{
	struct buf out = {0};

	write_signed(&out, STR("Message"), body);
	write_signed(&out, STR("MessageId"), message->id);
	if (message->subject.data)
		write_signed(&out, STR("Subject"), message->subject);
	write_signed(&out, STR("Timestamp"), iso_time(arena, message->timestamp_ms));
	write_signed(&out, STR("TopicArn"), message->topic_arn);
	write_signed(&out, STR("Type"), STR("Notification"));
	return finish(arena, &out);
}

struct str sns_signed_control(struct arena *arena, const struct sns_control *control)
{
	struct buf out = {0};

	write_signed(&out, STR("Message"), control_text(arena, control));
	write_signed(&out, STR("MessageId"), control->id);
	write_signed(&out, STR("SubscribeURL"), sns_subscribe_url(arena, control));
	write_signed(&out, STR("Timestamp"), iso_time(arena, control->timestamp_ms));
	write_signed(&out, STR("Token"), control->token);
	write_signed(&out, STR("TopicArn"), control->topic_arn);
	write_signed(&out, STR("Type"), control_type(control));
	return finish(arena, &out);
}
