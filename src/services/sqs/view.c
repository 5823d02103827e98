/* SPDX-License-Identifier: MIT */
/* view: the digest of attributes covers the returned ones, as AWS's does. */
#include "services/sqs/view.h"

#include "services/sqs/digest.h"
#include "services/sqs/message.h"

/* clang-format off */
#define SYSTEM_ATTRIBUTES(X) \
	X(SENDER, "SenderId") \
	X(RECEIVE_COUNT, "ApproximateReceiveCount") \
	X(FIRST_RECEIVE, "ApproximateFirstReceiveTimestamp") \
	X(SENT, "SentTimestamp") \
	X(SEQUENCE, "SequenceNumber") \
	X(DEDUP, "MessageDeduplicationId") \
	X(GROUP, "MessageGroupId") \
	X(TRACE, "AWSTraceHeader") \
	X(SOURCE, "DeadLetterQueueSourceArn")
/* clang-format on */

enum system_attribute {
#define SYSTEM_CONSTANT(name, text) SYSTEM_##name,
	SYSTEM_ATTRIBUTES(SYSTEM_CONSTANT)
#undef SYSTEM_CONSTANT
		SYSTEM_COUNT,
};

static const struct str system_names[SYSTEM_COUNT] = {
#define SYSTEM_TEXT(name, text) STR_INIT(text),
	SYSTEM_ATTRIBUTES(SYSTEM_TEXT)
#undef SYSTEM_TEXT
};

bool sqs_view_want(struct str name, uint32_t *wanted)
{
	if (str_equal(name, STR("All"))) {
		*wanted = (1U << SYSTEM_COUNT) - 1;
		return true;
	}
	for (int i = 0; i < SYSTEM_COUNT; i++) {
		if (str_equal(name, system_names[i])) {
			*wanted |= 1U << i;
			return true;
		}
	}
	return false;
}

static bool is_selected(const struct sqs_view *view, struct str name)
{
	for (size_t i = 0; i < view->pattern_count; i++) {
		struct str pattern = view->patterns[i];
		if (str_equal(pattern, STR("All")) || str_equal(pattern, STR("*")) ||
		    str_equal(pattern, name))
			return true;
		if (str_ends(pattern, STR(".*")) &&
		    str_starts(name, str_slice(pattern, 0, pattern.size - 2)))
			return true;
	}
	return false;
}

static struct str number_text(struct arena *arena, int64_t number)
{
	return arena_format(arena, "%lld", (long long)number);
}

struct subject {
	const struct queue_delivery *delivery;
	struct str id; /* the message's, as text */
	struct queue_message message;
	struct sqs_stored_message stored;
};

static struct str system_text(struct arena *arena, const struct sqs_view *view,
			      enum system_attribute attribute, const struct subject *subject)
{
	switch (attribute) {
	case SYSTEM_SENDER:
		return subject->stored.sender;
	case SYSTEM_RECEIVE_COUNT:
		return number_text(arena, subject->delivery->receive_count);
	case SYSTEM_FIRST_RECEIVE:
		return number_text(arena, subject->delivery->first_receive_ms);
	case SYSTEM_SENT:
		return number_text(arena, subject->message.sent_ms);
	case SYSTEM_SEQUENCE:
		if (!view->is_fifo)
			return (struct str){0};
		return arena_format(arena, "%020llu", (unsigned long long)subject->message.seq);
	case SYSTEM_DEDUP:
		/* A moved message is identified by its message id, so that messages of two sources
		 * never look like duplicates. */
		if (view->is_fifo && subject->message.origin.size > 0)
			return subject->id;
		return subject->stored.dedup;
	case SYSTEM_GROUP:
		return subject->stored.group;
	case SYSTEM_TRACE:
		return subject->stored.trace;
	case SYSTEM_SOURCE:
		return subject->message.origin.size > 0 ? subject->message.origin : (struct str){0};
	default:
		return (struct str){0};
	}
}

static void show_system(struct arena *arena, const struct sqs_view *view,
			const struct subject *subject, struct sqs_message *out)
{
	if (view->wanted == 0)
		return;
	out->attributes = arena_array(arena, struct shape_pair, SYSTEM_COUNT);
	for (int i = 0; i < SYSTEM_COUNT; i++) {
		if (!(view->wanted & (1U << i)))
			continue;
		struct str text = system_text(arena, view, (enum system_attribute)i, subject);
		if (text.data)
			out->attributes[out->attributes_count++] =
				(struct shape_pair){system_names[i], text};
	}
}

static void show_attributes(struct arena *arena, const struct sqs_view *view,
			    const struct sqs_stored_message *stored, struct sqs_message *out)
{
	if (stored->attribute_count == 0 || view->pattern_count == 0)
		return;
	out->message_attributes = arena_array(arena, struct sqs_message_attribute_value_entry,
					      stored->attribute_count);
	for (size_t i = 0; i < stored->attribute_count; i++)
		if (is_selected(view, stored->attributes[i].key))
			out->message_attributes[out->message_attributes_count++] =
				stored->attributes[i];
	out->md5_of_message_attributes =
		sqs_attributes_md5(arena, out->message_attributes, out->message_attributes_count);
}

/*
 * Opens the message by the method that it was sealed with: the message may be older than the
 * queue's settings, or come from another queue.
 */
static enum err open_payload(struct core *core, const struct sqs_view *view, char *bytes,
			     size_t size, struct str *out_payload)
{
	struct str payload = str_of(bytes, size);

	if (envelope_is_one(payload)) {
		enum kms_problem problem = envelope_open(view->reader, bytes, size, out_payload);
		return problem == KMS_PROBLEM_NONE	? ERR_OK
		       : problem == KMS_PROBLEM_DAMAGED ? ERR_DAMAGED
							: ERR_FAULT;
	}
	if (seal_is_sealed(payload))
		return seal_open(core->seal, bytes, size, out_payload);
	*out_payload = payload;
	return ERR_OK;
}

static enum err read_into(struct engine *engine, const struct sqs_view *view,
			  const struct queue_delivery *delivery, struct buf *bytes,
			  struct queue_message *out)
{
	return view->may_wait ? queue_read_message(engine, delivery->location, bytes, out)
			      : queue_read_cached_message(engine, delivery->location, bytes, out);
}

/* A message in a shared extent may need more room than `bytes` has. */
static enum err read_stored(struct core *core, struct arena *arena, const struct sqs_view *view,
			    const struct queue_delivery *delivery, struct buf *bytes,
			    struct queue_message *out)
{
	struct engine *engine = engine_of(core, delivery->handle.queue);
	struct buf whole = {0};

	if (!delivery->is_shared)
		return read_into(engine, view, delivery, bytes, out);
	enum err err = read_into(engine, view, delivery, &whole, out);
	if (!err) {
		out->payload = arena_copy(arena, out->payload);
		out->origin = arena_copy(arena, out->origin);
	}
	buf_done(&whole);
	return err;
}

enum err sqs_view_read(struct core *core, struct arena *arena, const struct sqs_view *view,
		       const struct queue_delivery *delivery, struct buf *bytes,
		       struct sqs_message *out)
{
	struct subject subject = {.delivery = delivery};

	enum err err = read_stored(core, arena, view, delivery, bytes, &subject.message);
	if (err)
		return err;
	/* The bytes are the call's own, so sealed ones are opened in place. */
	struct str payload = subject.message.payload;
	err = open_payload(core, view, (char *)(uintptr_t)payload.data, payload.size, &payload);
	if (err && err != ERR_FAULT)
		return err;
	char *id = arena_bytes(arena, UUID_TEXT_SIZE);
	uuid_format(subject.message.id, id);
	subject.id = str_of(id, UUID_TEXT_SIZE);
	out->message_id = subject.id;
	if (err) {
		show_system(arena, view, &subject, out);
		return err;
	}
	err = sqs_message_decode(arena, payload, &subject.stored);
	if (err)
		return err;
	out->body = subject.stored.body;
	out->md5_of_body = sqs_md5_text(arena, subject.stored.body_md5);
	show_system(arena, view, &subject, out);
	show_attributes(arena, view, &subject.stored, out);
	return ERR_OK;
}
