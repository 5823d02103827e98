/* SPDX-License-Identifier: MIT */
/*
 * http/reply: llhttp keeps the state between two pieces; its callbacks append to two bufs.
 *
 * A header field and its value may each come in pieces: a span grows until the other one begins.
 */
#include "http/reply.h"

#include <string.h>

#include "base/list.h"

static struct http_reply *reply_of(llhttp_t *reader)
{
	return container_of(reader, struct http_reply, reader);
}

static int refuse(struct http_reply *reply, const char *reason)
{
	if (!reply->reason)
		reply->reason = reason;
	return HPE_USER;
}

/* Appends to the head; false if that would make it too large. */
static bool keep(struct http_reply *reply, const char *data, size_t size)
{
	if (size > LIMIT_HTTP_HEAD_SIZE - 1 - reply->head.size)
		return false;
	buf_append(&reply->head, str_of(data, size));
	return true;
}

/* Trailers are read and dropped: nothing that is of use here comes that way. */
static int drop_trailer(struct http_reply *reply, size_t size)
{
	reply->trailer_size += size;
	if (reply->trailer_size > LIMIT_HTTP_HEAD_SIZE)
		return refuse(reply, "The response's trailers are too large.");
	return 0;
}

static int on_header_field(llhttp_t *reader, const char *data, size_t size)
{
	struct http_reply *reply = reply_of(reader);

	if (reply->has_head)
		return drop_trailer(reply, size);
	if (reply->span_count == LIMIT_HTTP_HEADERS)
		return refuse(reply, "The response has too many headers.");
	struct http_span *span = &reply->spans[reply->span_count];
	if (span->name_size == 0)
		span->name = (uint16_t)reply->head.size;
	if (!keep(reply, data, size))
		return refuse(reply, "The response's headers are too large.");
	span->name_size = (uint16_t)(span->name_size + size);
	return 0;
}

static int on_header_value(llhttp_t *reader, const char *data, size_t size)
{
	struct http_reply *reply = reply_of(reader);
	struct http_span *span = &reply->spans[reply->span_count];

	if (reply->has_head)
		return drop_trailer(reply, size);
	if (span->value_size == 0)
		span->value = (uint16_t)reply->head.size;
	if (!keep(reply, data, size))
		return refuse(reply, "The response's headers are too large.");
	span->value_size = (uint16_t)(span->value_size + size);
	return 0;
}

static int on_header_value_complete(llhttp_t *reader)
{
	struct http_reply *reply = reply_of(reader);

	if (reply->has_head)
		return 0;
	reply->span_count++;
	if (reply->span_count < LIMIT_HTTP_HEADERS)
		reply->spans[reply->span_count] = (struct http_span){0};
	return 0;
}

/* Returns 1 where no body follows whatever the headers say. */
static int on_headers_complete(llhttp_t *reader)
{
	struct http_reply *reply = reply_of(reader);
	struct str coding;

	if (reader->http_major != 1 || reader->http_minor > 1)
		return refuse(reply, "The response is not in HTTP/1.0 or HTTP/1.1.");
	if (reader->status_code == 101)
		return refuse(reply, "The response changes the protocol.");
	if (reader->status_code < 100 || reader->status_code > 599)
		return refuse(reply, "The response has no status from 100 to 599.");
	if (reader->status_code < 200)
		return 1;
	if ((reader->flags & F_TRANSFER_ENCODING) &&
	    (!http_reply_find(reply, STR("transfer-encoding"), &coding) ||
	     !str_equal_nocase(coding, STR("chunked"))))
		return refuse(reply, "The response has another transfer coding than chunked.");
	reply->status = reader->status_code;
	reply->has_head = true;
	reply->is_keep_alive = llhttp_should_keep_alive(reader) != 0;
	return reply->has_no_body ? 1 : 0;
}

static int on_body(llhttp_t *reader, const char *data, size_t size)
{
	struct http_reply *reply = reply_of(reader);
	size_t room = reply->body_size_max - reply->body.size;

	buf_append(&reply->body, str_of(data, size < room ? size : room));
	if (size <= room)
		return 0;
	reply->is_cut = true;
	return HPE_PAUSED;
}

static int on_message_complete(llhttp_t *reader)
{
	struct http_reply *reply = reply_of(reader);

	if (reply->has_head) {
		reply->is_done = true;
		return HPE_PAUSED;
	}
	/* The final response follows one of class 1xx. */
	buf_reset(&reply->head);
	reply->span_count = 0;
	reply->spans[0] = (struct http_span){0};
	return 0;
}

static const llhttp_settings_t *settings(void)
{
	static _Thread_local llhttp_settings_t settings;

	if (!settings.on_body) {
		llhttp_settings_init(&settings);
		settings.on_header_field = on_header_field;
		settings.on_header_value = on_header_value;
		settings.on_header_value_complete = on_header_value_complete;
		settings.on_headers_complete = on_headers_complete;
		settings.on_body = on_body;
		settings.on_message_complete = on_message_complete;
	}
	return &settings;
}

void http_reply_init(struct http_reply *reply, size_t body_size_max, bool is_head)
{
	*reply = (struct http_reply){.body_size_max = body_size_max, .has_no_body = is_head};
	/* llhttp only reads the settings, its interface does not say so. */
	llhttp_init(&reply->reader, HTTP_RESPONSE, (llhttp_settings_t *)(uintptr_t)settings());
}

void http_reply_done(struct http_reply *reply)
{
	buf_done(&reply->head);
	buf_done(&reply->body);
}

enum http_progress http_reply_feed(struct http_reply *reply, struct str bytes, size_t *out_taken)
{
	if (bytes.size == 0)
		return HTTP_MORE;
	enum llhttp_errno code = llhttp_execute(&reply->reader, bytes.data, bytes.size);
	if (reply->is_cut) {
		reply->is_keep_alive = false;
		*out_taken = bytes.size;
		return HTTP_COMPLETE;
	}
	if (reply->is_done) {
		*out_taken = (size_t)(llhttp_get_error_pos(&reply->reader) - bytes.data);
		return HTTP_COMPLETE;
	}
	if (code == HPE_OK)
		return HTTP_MORE;
	refuse(reply, "The response does not follow HTTP/1.1.");
	return HTTP_REFUSED;
}

enum http_progress http_reply_end(struct http_reply *reply)
{
	if (reply->has_head && llhttp_finish(&reply->reader) == HPE_PAUSED && reply->is_done) {
		reply->is_keep_alive = false;
		return HTTP_COMPLETE;
	}
	refuse(reply, reply->head.size > 0 || reply->has_head ? "The response is not complete."
							      : "No response came.");
	return HTTP_REFUSED;
}

bool http_reply_find(const struct http_reply *reply, struct str name, struct str *out_value)
{
	for (size_t i = 0; i < reply->span_count; i++) {
		const struct http_span *span = &reply->spans[i];
		if (!str_equal_nocase(str_of(reply->head.data + span->name, span->name_size), name))
			continue;
		*out_value = str_trim(str_of(reply->head.data + span->value, span->value_size));
		return true;
	}
	return false;
}
