/* SPDX-License-Identifier: MIT */
/* http/response: the Date line is formatted once a second and copied otherwise. */
#include "http/response.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"

struct str http_status_text(int status)
{
	static const struct {
		int status;
		struct str text;
	} texts[] = {
		{200, STR_INIT("OK")},
		{204, STR_INIT("No Content")},
		{400, STR_INIT("Bad Request")},
		{401, STR_INIT("Unauthorized")},
		{403, STR_INIT("Forbidden")},
		{404, STR_INIT("Not Found")},
		{405, STR_INIT("Method Not Allowed")},
		{408, STR_INIT("Request Timeout")},
		{409, STR_INIT("Conflict")},
		{413, STR_INIT("Content Too Large")},
		{414, STR_INIT("URI Too Long")},
		{415, STR_INIT("Unsupported Media Type")},
		{417, STR_INIT("Expectation Failed")},
		{429, STR_INIT("Too Many Requests")},
		{431, STR_INIT("Request Header Fields Too Large")},
		{500, STR_INIT("Internal Server Error")},
		{501, STR_INIT("Not Implemented")},
		{503, STR_INIT("Service Unavailable")},
		{505, STR_INIT("HTTP Version Not Supported")},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].status == status)
			return texts[i].text;
	return STR("Unknown");
}

void http_date_update(struct http_date *date, int64_t now_ms)
{
	char text[CLOCK_TEXT_MAX];

	if (date->size > 0 && date->second == now_ms / 1000)
		return;
	clock_format_http(now_ms, text);
	date->second = now_ms / 1000;
	date->size = (size_t)snprintf(date->line, sizeof(date->line), "Date: %s\r\n", text);
}

static bool is_clean(struct str s)
{
	return !memchr(s.data, '\r', s.size) && !memchr(s.data, '\n', s.size) &&
	       !memchr(s.data, '\0', s.size);
}

void http_response_write(struct buf *out, const struct http_response *response,
			 const struct http_date *date)
{
	buf_reserve(out, 512 + response->body.size);
	if (response->status == 200) {
		buf_append(out, STR("HTTP/1.1 200 OK\r\n"));
	} else {
		buf_append(out, STR("HTTP/1.1 "));
		buf_append_i64(out, response->status);
		buf_append_char(out, ' ');
		buf_append(out, http_status_text(response->status));
		buf_append(out, STR("\r\n"));
	}
	buf_append(out, str_of(date->line, date->size));
	for (size_t i = 0; i < response->header_count; i++) {
		check(is_clean(response->headers[i].name) && is_clean(response->headers[i].value));
		buf_append(out, response->headers[i].name);
		buf_append(out, STR(": "));
		buf_append(out, response->headers[i].value);
		buf_append(out, STR("\r\n"));
	}
	if (!response->is_keep_alive)
		buf_append(out, STR("Connection: close\r\n"));
	else if (response->version_minor == 0)
		buf_append(out, STR("Connection: keep-alive\r\n"));
	buf_append(out, STR("Content-Length: "));
	buf_append_u64(out, response->body.size);
	buf_append(out, STR("\r\n\r\n"));
	if (!response->is_head_only)
		buf_append(out, response->body);
}
