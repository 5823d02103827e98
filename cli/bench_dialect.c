/* SPDX-License-Identifier: MIT */
/*
 * Bodies are written member by member through `member`, which knows both dialects: in JSON an
 * entry is an object, in Query a prefix of the names. Values are plain text that needs no escaping
 * in JSON; in Query they are percent-encoded.
 */
#include "bench_dialect.h"

#include "format/form.h"
#include "format/json.h"
#include <stdio.h>
#include <string.h>

#define FILLER "The-quick-brown-fox-jumps-over-the-lazy-dog.0123456789_"
#define VISIBILITY_TIMEOUT "600"

struct str bench_operation(const struct bench_options *options, enum bench_action action)
{
	switch (action) {
	case BENCH_SEND:
		return options->batch > 1 ? STR("SendMessageBatch") : STR("SendMessage");
	case BENCH_RECEIVE:
		return STR("ReceiveMessage");
	case BENCH_DELETE:
		return options->batch > 1 ? STR("DeleteMessageBatch") : STR("DeleteMessage");
	case BENCH_CREATE_QUEUE:
		return STR("CreateQueue");
	case BENCH_DELETE_QUEUE:
	case BENCH_ACTION_COUNT:
		break;
	}
	return STR("DeleteQueue");
}

static void body_begin(const struct bench_options *options, enum bench_action action,
		       struct str queue_url, struct bench_body *out)
{
	buf_reset(&out->bytes);
	out->slot_count = 0;
	if (options->is_query) {
		buf_format(&out->bytes, "Action=%.*s&Version=2012-11-05",
			   STR_ARG(bench_operation(options, action)));
		if (queue_url.size > 0) {
			buf_append(&out->bytes, STR("&QueueUrl="));
			form_encode(&out->bytes, queue_url, false);
		}
		return;
	}
	buf_append_char(&out->bytes, '{');
	if (queue_url.size > 0)
		buf_format(&out->bytes, "\"QueueUrl\": \"%.*s\"", STR_ARG(queue_url));
}

static void body_end(const struct bench_options *options, struct bench_body *out)
{
	if (!options->is_query)
		buf_append_char(&out->bytes, '}');
}

static void json_comma(struct buf *out)
{
	char last = out->data[out->size - 1];

	if (last != '{' && last != '[')
		buf_append(out, STR(", "));
}

/* A name with its separator; what follows is the value. In Query the name gets the prefix. */
static void name_add(const struct bench_options *options, const char *prefix, const char *name,
		     struct buf *out)
{
	if (options->is_query) {
		buf_format(out, "&%s%s=", prefix, name);
		return;
	}
	json_comma(out);
	buf_format(out, "\"%s\": ", name);
}

static void text_add(const struct bench_options *options, const char *prefix, const char *name,
		     struct str value, struct buf *out)
{
	name_add(options, prefix, name, out);
	if (options->is_query) {
		form_encode(out, value, false);
		return;
	}
	buf_append_char(out, '"');
	buf_append(out, value);
	buf_append_char(out, '"');
}

static void number_add(const struct bench_options *options, const char *name, uint64_t value,
		       struct buf *out)
{
	name_add(options, "", name, out);
	buf_append_u64(out, value);
}

static void slot_add(const struct bench_options *options, const char *prefix, const char *name,
		     enum bench_slot_kind kind, struct bench_body *out)
{
	name_add(options, prefix, name, &out->bytes);
	if (!options->is_query)
		buf_append_char(&out->bytes, '"');
	bench_body_slot(out, kind);
	if (!options->is_query)
		buf_append_char(&out->bytes, '"');
}

static void queue_attribute_add(const struct bench_options *options, const char *name,
				const char *value, int *number, struct buf *out)
{
	*number += 1;
	if (options->is_query)
		buf_format(out, "&Attribute.%d.Name=%s&Attribute.%d.Value=%s", *number, name,
			   *number, value);
	else
		buf_format(out, "%s\"%s\": \"%s\"", *number > 1 ? ", " : "", name, value);
}

static void encryption_add(const struct bench_options *options, int *number, struct buf *out)
{
	if (!options->sse)
		return;
	if (str_equal(str_from(options->sse), STR("none")))
		queue_attribute_add(options, "SqsManagedSseEnabled", "false", number, out);
	else if (str_equal(str_from(options->sse), STR("sqs")))
		queue_attribute_add(options, "SqsManagedSseEnabled", "true", number, out);
	else
		queue_attribute_add(options, "KmsMasterKeyId", options->sse, number, out);
}

void bench_body_create(const struct bench_options *options, struct bench_body *out)
{
	struct buf *bytes = &out->bytes;
	int number = 0;

	body_begin(options, BENCH_CREATE_QUEUE, STR(""), out);
	text_add(options, "", "QueueName", str_from(options->queue_name), bytes);
	if (!options->is_query)
		buf_append(bytes, STR(", \"Attributes\": {"));
	queue_attribute_add(options, "VisibilityTimeout", VISIBILITY_TIMEOUT, &number, bytes);
	if (options->is_fifo)
		queue_attribute_add(options, "FifoQueue", "true", &number, bytes);
	encryption_add(options, &number, bytes);
	if (!options->is_query)
		buf_append_char(bytes, '}');
	body_end(options, out);
}

void bench_body_drop(const struct bench_options *options, struct str queue_url,
		     struct bench_body *out)
{
	body_begin(options, BENCH_DELETE_QUEUE, queue_url, out);
	body_end(options, out);
}

static void attribute_add(const struct bench_options *options, const char *prefix, int number,
			  const char *name, const char *type, const char *value, struct buf *out)
{
	char place[96];

	if (!options->is_query) {
		json_comma(out);
		buf_format(out, "\"%s\": {\"DataType\": \"%s\", \"StringValue\": \"%s\"}", name,
			   type, value);
		return;
	}
	snprintf(place, sizeof(place), "%sMessageAttribute.%d.", prefix, number);
	text_add(options, place, "Name", str_from(name), out);
	text_add(options, place, "Value.DataType", str_from(type), out);
	text_add(options, place, "Value.StringValue", str_from(value), out);
}

static void message_add(const struct bench_options *options, const char *prefix,
			struct bench_body *out)
{
	struct buf *bytes = &out->bytes;

	name_add(options, prefix, "MessageBody", bytes);
	if (!options->is_query)
		buf_append_char(bytes, '"');
	bench_body_slot(out, BENCH_SLOT_TIME);
	for (size_t left = options->body_size - BENCH_STAMP_SIZE; left > 0;) {
		struct str filler = str_slice(STR(FILLER), 0, left);
		buf_append(bytes, filler);
		left -= filler.size;
	}
	if (!options->is_query)
		buf_append_char(bytes, '"');
	if (options->has_attributes) {
		if (!options->is_query)
			buf_append(bytes, STR(", \"MessageAttributes\": {"));
		attribute_add(options, prefix, 1, "content-type", "String", "application/json",
			      bytes);
		attribute_add(options, prefix, 2, "attempt", "Number", "1", bytes);
		attribute_add(options, prefix, 3, "trace", "String",
			      "Root=1-67891233-abcdef012345678912345678", bytes);
		if (!options->is_query)
			buf_append_char(bytes, '}');
	}
	if (options->is_fifo) {
		slot_add(options, prefix, "MessageGroupId", BENCH_SLOT_GROUP, out);
		slot_add(options, prefix, "MessageDeduplicationId", BENCH_SLOT_SEQUENCE, out);
	}
}

/* Opens entry `index` of a batch; `prefix` gets what its Query names begin with. */
static void entry_open(const struct bench_options *options, const char *query_list, size_t index,
		       char *prefix, size_t prefix_size, struct buf *out)
{
	snprintf(prefix, prefix_size, "%s.%zu.", query_list, index + 1);
	if (!options->is_query) {
		json_comma(out);
		buf_append_char(out, '{');
	}
	char id[24];
	snprintf(id, sizeof(id), "%zu", index);
	text_add(options, prefix, "Id", str_from(id), out);
}

static void entry_close(const struct bench_options *options, struct buf *out)
{
	if (!options->is_query)
		buf_append_char(out, '}');
}

static void entries_open(const struct bench_options *options, struct buf *out)
{
	if (!options->is_query)
		buf_append(out, STR(", \"Entries\": ["));
}

static void entries_close(const struct bench_options *options, struct buf *out)
{
	if (!options->is_query)
		buf_append_char(out, ']');
}

void bench_body_send(const struct bench_options *options, struct str queue_url,
		     struct bench_body *out)
{
	char prefix[64];

	body_begin(options, BENCH_SEND, queue_url, out);
	if (options->batch == 1) {
		message_add(options, "", out);
	} else {
		entries_open(options, &out->bytes);
		for (size_t i = 0; i < options->batch; i++) {
			entry_open(options, "SendMessageBatchRequestEntry", i, prefix,
				   sizeof(prefix), &out->bytes);
			message_add(options, prefix, out);
			entry_close(options, &out->bytes);
		}
		entries_close(options, &out->bytes);
	}
	body_end(options, out);
}

void bench_body_receive(const struct bench_options *options, struct str queue_url,
			uint32_t wait_seconds, struct bench_body *out)
{
	body_begin(options, BENCH_RECEIVE, queue_url, out);
	number_add(options, "MaxNumberOfMessages", options->batch, &out->bytes);
	number_add(options, "WaitTimeSeconds", wait_seconds, &out->bytes);
	body_end(options, out);
}

void bench_body_delete(const struct bench_options *options, struct str queue_url,
		       const struct str *handles, size_t handle_count, struct bench_body *out)
{
	char prefix[64];

	body_begin(options, BENCH_DELETE, queue_url, out);
	if (options->batch == 1) {
		check(handle_count == 1);
		text_add(options, "", "ReceiptHandle", handles[0], &out->bytes);
	} else {
		entries_open(options, &out->bytes);
		for (size_t i = 0; i < handle_count; i++) {
			entry_open(options, "DeleteMessageBatchRequestEntry", i, prefix,
				   sizeof(prefix), &out->bytes);
			text_add(options, prefix, "ReceiptHandle", handles[i], &out->bytes);
			entry_close(options, &out->bytes);
		}
		entries_close(options, &out->bytes);
	}
	body_end(options, out);
}

/*
 * The text of the next member or element of that name, at or behind *position, which moves behind
 * it. In JSON a string without its quotes, escapes kept.
 */
static bool value_find(const struct bench_options *options, struct str answer, const char *name,
		       size_t *position, struct str *out_value)
{
	char opening[64];
	int size = snprintf(opening, sizeof(opening), options->is_query ? "<%s>" : "\"%s\"", name);
	size_t at = str_find(answer, str_of(opening, (size_t)size), *position);

	if (at == SIZE_MAX)
		return false;
	at += (size_t)size;
	size_t end;
	if (options->is_query) {
		end = str_find_char(answer, '<', at);
	} else {
		at = str_find_char(answer, '"', at);
		if (at == SIZE_MAX)
			return false;
		end = str_find_char(answer, '"', ++at);
		while (end != SIZE_MAX && answer.data[end - 1] == '\\')
			end = str_find_char(answer, '"', end + 1);
	}
	if (end == SIZE_MAX)
		return false;
	*out_value = str_slice(answer, at, end - at);
	*position = end + 1;
	return true;
}

struct str bench_answer_queue_url(const struct bench_options *options, struct arena *arena,
				  struct str answer)
{
	size_t position = 0;
	struct str value;

	if (options->is_query) {
		if (!value_find(options, answer, "QueueUrl", &position, &value))
			return STR("");
		return arena_copy(arena, value);
	}
	yyjson_val *root;
	if (json_parse(arena, answer, &root))
		return STR("");
	return json_text(json_member(root, "QueueUrl"));
}

static uint64_t stamp_read(struct str body)
{
	uint64_t value = 0;

	if (body.size < BENCH_STAMP_SIZE)
		return 0;
	for (size_t i = 0; i < BENCH_STAMP_SIZE; i++) {
		char c = body.data[i];
		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return 0;
	}
	return value;
}

/* The order of a message's members differs from server to server, so each is sought on its own. */
bool bench_answer_message(const struct bench_options *options, struct str answer, size_t *position,
			  struct bench_message *out_message)
{
	size_t at_handle = *position, at_body = *position;
	struct str handle, body;

	if (!value_find(options, answer, "ReceiptHandle", &at_handle, &handle))
		return false;
	if (!value_find(options, answer, "Body", &at_body, &body))
		body = STR("");
	*out_message = (struct bench_message){handle, stamp_read(body)};
	*position = at_handle > at_body ? at_handle : at_body;
	return true;
}

size_t bench_answer_failed(const struct bench_options *options, struct str answer)
{
	size_t count = 0, at = 0;
	struct str mark =
		options->is_query ? STR("<BatchResultErrorEntry>") : STR("\"SenderFault\"");

	while ((at = str_find(answer, mark, at)) != SIZE_MAX) {
		at += mark.size;
		count++;
	}
	return count;
}
