/* SPDX-License-Identifier: MIT */
/*
 * http/request: llhttp sees each byte of a head once and its callbacks remember places.
 *
 * A body with a length is not shown to llhttp at all: it is counted. A chunked one is, and what
 * it gives is moved down over the framing, so that head and body always lie together. Strict
 * llhttp refuses bare line feeds, folded lines, blanks before colons and two conflicting lengths;
 * what it leaves to us are limits, versions, codings other than chunked, and fields that must be
 * single.
 */
#include "http/request.h"

#include <string.h>

#include "base/list.h"

static const struct str field_names[HTTP_FIELD_COUNT] = {
#define HTTP_FIELD_TEXT(name, text) STR_INIT(text),
	HTTP_FIELDS(HTTP_FIELD_TEXT)
#undef HTTP_FIELD_TEXT
};

static struct http_parser *parser_of(llhttp_t *reader)
{
	return container_of(reader, struct http_parser, reader);
}

static int refuse(struct http_parser *parser, int status, const char *reason)
{
	if (parser->status == 0) {
		parser->status = status;
		parser->reason = reason;
	}
	return HPE_USER;
}

static uint16_t place_of(const struct http_parser *parser, const char *data)
{
	return (uint16_t)(data - parser->base);
}

static int on_method(llhttp_t *reader, const char *data, size_t size)
{
	struct http_parser *parser = parser_of(reader);

	if (parser->method_size == 0)
		parser->method_text = place_of(parser, data);
	parser->method_size = (uint16_t)(parser->method_size + size);
	return 0;
}

static int on_url(llhttp_t *reader, const char *data, size_t size)
{
	struct http_parser *parser = parser_of(reader);

	if (parser->target_size + size > LIMIT_HTTP_TARGET_SIZE)
		return refuse(parser, 414, "The request target is too long.");
	if (parser->target_size == 0)
		parser->target = place_of(parser, data);
	parser->target_size = (uint16_t)(parser->target_size + size);
	return 0;
}

static int on_header_field(llhttp_t *reader, const char *data, size_t size)
{
	struct http_parser *parser = parser_of(reader);

	if (parser->span_count == LIMIT_HTTP_HEADERS)
		return refuse(parser, 431, "The request has too many headers.");
	struct http_span *span = &parser->spans[parser->span_count];
	if (span->name_size == 0)
		span->name = place_of(parser, data);
	span->name_size = (uint16_t)(span->name_size + size);
	return 0;
}

static int on_header_value(llhttp_t *reader, const char *data, size_t size)
{
	struct http_parser *parser = parser_of(reader);
	struct http_span *span = &parser->spans[parser->span_count];

	if (span->value_size == 0)
		span->value = place_of(parser, data);
	span->value_size = (uint16_t)(span->value_size + size);
	return 0;
}

enum { FIELD_SIZE_MAX = 20, FIELDS_A_SIZE = 4 };

/* The known fields by the size of their name, each plus 1; a test looks all of them up. */
static const uint8_t fields_by_size[FIELD_SIZE_MAX + 1][FIELDS_A_SIZE] = {
	[3] = {HTTP_FIELD_VIA + 1},
	[4] = {HTTP_FIELD_HOST + 1},
	[6] = {HTTP_FIELD_ACCEPT + 1, HTTP_FIELD_EXPECT + 1, HTTP_FIELD_ORIGIN + 1},
	[7] = {HTTP_FIELD_REFERER + 1},
	[9] = {HTTP_FIELD_X_REAL_IP + 1, HTTP_FIELD_FORWARDED + 1},
	[10] = {HTTP_FIELD_USER_AGENT + 1, HTTP_FIELD_X_AMZ_DATE + 1, HTTP_FIELD_CONNECTION + 1},
	[12] = {HTTP_FIELD_CONTENT_TYPE + 1, HTTP_FIELD_X_AMZ_TARGET + 1},
	[13] = {HTTP_FIELD_AUTHORIZATION + 1},
	[14] = {HTTP_FIELD_CONTENT_LENGTH + 1, HTTP_FIELD_SEC_FETCH_SITE + 1},
	[15] = {HTTP_FIELD_X_AMZN_TRACE_ID + 1, HTTP_FIELD_X_FORWARDED_FOR + 1,
		HTTP_FIELD_SMITHY_PROTOCOL + 1},
	[16] = {HTTP_FIELD_CONTENT_ENCODING + 1},
	[17] = {HTTP_FIELD_X_AMZN_QUERY_MODE + 1, HTTP_FIELD_X_FORWARDED_PROTO + 1,
		HTTP_FIELD_TRANSFER_ENCODING + 1},
	[20] = {HTTP_FIELD_X_AMZ_CONTENT_SHA256 + 1, HTTP_FIELD_X_AMZ_SECURITY_TOKEN + 1},
};

static enum http_field field_of(struct str name)
{
	size_t size = name.size;

	if (size == 0 || size > FIELD_SIZE_MAX)
		return HTTP_FIELD_COUNT;
	for (size_t i = 0; i < FIELDS_A_SIZE && fields_by_size[size][i]; i++) {
		enum http_field field = fields_by_size[size][i] - 1;
		/* Most names of a size differ in the last letter, which costs no call. */
		if (field_names[field].data[size - 1] == (name.data[size - 1] | 0x20) &&
		    str_equal_nocase(name, field_names[field]))
			return field;
	}
	return HTTP_FIELD_COUNT;
}

/* Fields of which two would let two readers see two different requests. */
static bool is_single(enum http_field field)
{
	return field == HTTP_FIELD_HOST || field == HTTP_FIELD_X_AMZ_TARGET ||
	       field == HTTP_FIELD_AUTHORIZATION || field == HTTP_FIELD_CONTENT_LENGTH ||
	       field == HTTP_FIELD_TRANSFER_ENCODING || field == HTTP_FIELD_CONTENT_TYPE;
}

static int on_header_value_complete(llhttp_t *reader)
{
	struct http_parser *parser = parser_of(reader);
	const struct http_span *span = &parser->spans[parser->span_count];
	enum http_field field = field_of(str_of(parser->base + span->name, span->name_size));

	parser->span_count++;
	if (parser->span_count < LIMIT_HTTP_HEADERS)
		parser->spans[parser->span_count] = (struct http_span){0};
	if (field == HTTP_FIELD_COUNT)
		return 0;
	if (parser->known[field] && is_single(field))
		return refuse(parser, 400, "A header that must be single was sent twice.");
	if (!parser->known[field])
		parser->known[field] = (uint8_t)parser->span_count;
	return 0;
}

static struct str field_value(const struct http_parser *parser, enum http_field field)
{
	if (!parser->known[field])
		return (struct str){0};
	const struct http_span *span = &parser->spans[parser->known[field] - 1];
	return str_trim(str_of(parser->base + span->value, span->value_size));
}

static int on_headers_complete(llhttp_t *reader)
{
	struct http_parser *parser = parser_of(reader);
	struct str expect = field_value(parser, HTTP_FIELD_EXPECT);
	bool has_length = reader->flags & F_CONTENT_LENGTH;

	if (reader->http_major != 1 || reader->http_minor > 1)
		return refuse(parser, 505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
	if ((reader->flags & F_TRANSFER_ENCODING) &&
	    !str_equal_nocase(field_value(parser, HTTP_FIELD_TRANSFER_ENCODING), STR("chunked")))
		return refuse(parser, 501, "Only the transfer coding chunked is understood.");
	if ((reader->flags & F_TRANSFER_ENCODING) && reader->http_minor == 0)
		return refuse(parser, 400, "HTTP/1.0 knows no transfer codings.");
	if (has_length && reader->content_length > parser->body_size_max)
		return refuse(parser, 413, "The request body is too large.");
	if (reader->http_minor == 1 && !parser->known[HTTP_FIELD_HOST])
		return refuse(parser, 400, "HTTP/1.1 requires a Host header.");
	if (reader->method == HTTP_CONNECT)
		return refuse(parser, 501, "CONNECT is not served.");
	if (expect.size > 0 && !str_equal_nocase(expect, STR("100-continue")))
		return refuse(parser, 417, "Only Expect: 100-continue is understood.");

	parser->has_head = true;
	parser->version_minor = reader->http_minor;
	parser->method = reader->method;
	parser->is_keep_alive = llhttp_should_keep_alive(reader);
	parser->is_chunked = reader->flags & F_CHUNKED;
	parser->body_size = has_length ? (size_t)reader->content_length : 0;
	parser->wants_continue = expect.size > 0 && reader->http_minor == 1 &&
				 (parser->is_chunked || parser->body_size > 0);
	return HPE_PAUSED; /* the bytes of the body are ours */
}

static int on_body(llhttp_t *reader, const char *data, size_t size)
{
	struct http_parser *parser = parser_of(reader);

	if (size > parser->body_size_max - parser->body_size)
		return refuse(parser, 413, "The request body is too large.");
	memmove(parser->base + parser->head_size + parser->body_size, data, size);
	parser->body_size += size;
	return 0;
}

/* Trailers of a chunked body are read and forgotten: nothing here may come that way. */
static int on_trailer(llhttp_t *reader, const char *data, size_t size)
{
	struct http_parser *parser = parser_of(reader);

	(void)data;
	parser->chunk_overhead += size;
	if (parser->chunk_overhead > LIMIT_HTTP_HEAD_SIZE)
		return refuse(parser, 431, "The request's trailers are too large.");
	return 0;
}

static int on_message_complete(llhttp_t *reader)
{
	parser_of(reader)->is_done = true;
	return HPE_PAUSED;
}

static const llhttp_settings_t *head_settings(void)
{
	static _Thread_local llhttp_settings_t settings;

	if (!settings.on_url) {
		llhttp_settings_init(&settings);
		settings.on_method = on_method;
		settings.on_url = on_url;
		settings.on_header_field = on_header_field;
		settings.on_header_value = on_header_value;
		settings.on_header_value_complete = on_header_value_complete;
		settings.on_headers_complete = on_headers_complete;
	}
	return &settings;
}

static const llhttp_settings_t *chunk_settings(void)
{
	static _Thread_local llhttp_settings_t settings;

	if (!settings.on_body) {
		llhttp_settings_init(&settings);
		settings.on_body = on_body;
		settings.on_header_field = on_trailer;
		settings.on_header_value = on_trailer;
		settings.on_message_complete = on_message_complete;
	}
	return &settings;
}

void http_parser_init(struct http_parser *parser)
{
	memset(parser, 0, offsetof(struct http_parser, reader));
	parser->body_size_max = LIMIT_HTTP_BODY_SIZE;
	parser->spans[0] = (struct http_span){0};
	/* llhttp only reads the settings, its interface does not say so. */
	llhttp_init(&parser->reader, HTTP_REQUEST, (llhttp_settings_t *)head_settings());
}

static enum http_progress refused(struct http_parser *parser, enum llhttp_errno code)
{
	/* llhttp gives this code for a bare line feed behind a good version too. */
	bool is_version = code == HPE_INVALID_VERSION &&
			  (parser->reader.http_major != 1 || parser->reader.http_minor > 1);

	if (code == HPE_INVALID_TRANSFER_ENCODING && !parser->known[HTTP_FIELD_CONTENT_LENGTH])
		refuse(parser, 501, "Only the transfer coding chunked is understood.");
	else if (is_version || code == HPE_PAUSED_H2_UPGRADE)
		refuse(parser, 505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
	else
		refuse(parser, 400, "The request does not follow HTTP/1.1.");
	return HTTP_REFUSED;
}

/* Gives HTTP_COMPLETE once the head is. */
static enum http_progress feed_head(struct http_parser *parser, const char *data, size_t size)
{
	size_t end = size < LIMIT_HTTP_HEAD_SIZE ? size : LIMIT_HTTP_HEAD_SIZE;
	enum llhttp_errno code =
		llhttp_execute(&parser->reader, data + parser->scanned, end - parser->scanned);

	if (parser->has_head) {
		parser->head_size = (size_t)(llhttp_get_error_pos(&parser->reader) - data);
		return HTTP_COMPLETE;
	}
	if (code != HPE_OK)
		return refused(parser, code);
	parser->scanned = (uint16_t)end;
	if (end == LIMIT_HTTP_HEAD_SIZE) {
		refuse(parser, 431, "The request's headers are too large.");
		return HTTP_REFUSED;
	}
	return HTTP_MORE;
}

static enum http_progress feed_chunks(struct http_parser *parser, char *data, size_t *size)
{
	size_t decoded = parser->head_size + parser->body_size;
	enum llhttp_errno code = llhttp_execute(&parser->reader, data + decoded, *size - decoded);

	if (code == HPE_OK) {
		*size = parser->head_size + parser->body_size;
		return HTTP_MORE;
	}
	if (!parser->is_done)
		return refused(parser, code);
	const char *rest = llhttp_get_error_pos(&parser->reader);
	size_t rest_size = *size - (size_t)(rest - data);

	parser->message_size = parser->head_size + parser->body_size;
	memmove(data + parser->message_size, rest, rest_size);
	*size = parser->message_size + rest_size;
	return HTTP_COMPLETE;
}

enum http_progress http_parser_feed(struct http_parser *parser, char *data, size_t *size)
{
	if (*size == 0)
		return HTTP_MORE;
	parser->base = data;
	if (!parser->has_head) {
		enum http_progress progress = feed_head(parser, data, *size);
		if (progress != HTTP_COMPLETE)
			return progress;
		if (parser->is_chunked) {
			llhttp_resume(&parser->reader);
			parser->reader.settings = (void *)chunk_settings();
		}
	}
	if (parser->is_chunked)
		return feed_chunks(parser, data, size);
	parser->message_size = parser->head_size + parser->body_size;
	return *size >= parser->message_size ? HTTP_COMPLETE : HTTP_MORE;
}

static enum http_method method_of(uint8_t method)
{
	switch (method) {
	case HTTP_GET:
		return HTTP_METHOD_GET;
	case HTTP_HEAD:
		return HTTP_METHOD_HEAD;
	case HTTP_POST:
		return HTTP_METHOD_POST;
	case HTTP_PUT:
		return HTTP_METHOD_PUT;
	case HTTP_DELETE:
		return HTTP_METHOD_DELETE;
	case HTTP_OPTIONS:
		return HTTP_METHOD_OPTIONS;
	case HTTP_PATCH:
		return HTTP_METHOD_PATCH;
	default:
		return HTTP_METHOD_OTHER;
	}
}

void http_request_bind(const struct http_parser *parser, const char *data,
		       struct http_header *headers, struct http_request *out)
{
	for (uint16_t i = 0; i < parser->span_count; i++) {
		const struct http_span *span = &parser->spans[i];
		headers[i].name = str_of(data + span->name, span->name_size);
		headers[i].value = str_trim(str_of(data + span->value, span->value_size));
	}
	for (int field = 0; field < HTTP_FIELD_COUNT; field++)
		out->fields[field] = parser->known[field] ? headers[parser->known[field] - 1].value
							  : (struct str){0};
	out->method = method_of(parser->method);
	out->method_text = str_of(data + parser->method_text, parser->method_size);
	out->target = str_of(data + parser->target, parser->target_size);
	out->version_minor = parser->version_minor;
	out->is_keep_alive = parser->is_keep_alive;
	out->headers = headers;
	out->header_count = parser->span_count;
	out->head = str_of(data, parser->head_size);
	out->body = str_of(data + parser->head_size, parser->body_size);
}

bool http_request_find(const struct http_request *request, struct str name, struct str *out_value)
{
	for (size_t i = 0; i < request->header_count; i++) {
		if (str_equal_nocase(request->headers[i].name, name)) {
			*out_value = request->headers[i].value;
			return true;
		}
	}
	return false;
}
