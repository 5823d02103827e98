/* SPDX-License-Identifier: MIT */
/*
 * Responses of any bytes, given in two pieces: the cut between the pieces does not matter for the
 * outcome, a refusal has a reason, and a body stays within its bound.
 */
#include "fuzz.h"
#include "http/reply.h"

enum { BODY_SIZE_MAX = 64 };

static enum http_progress feed(struct http_reply *reply, struct str text, size_t cut)
{
	size_t taken = 0;

	http_reply_init(reply, BODY_SIZE_MAX, false);
	enum http_progress progress = http_reply_feed(reply, str_slice(text, 0, cut), &taken);
	check(taken <= cut);
	if (progress == HTTP_MORE)
		progress = http_reply_feed(reply, str_slice(text, cut, SIZE_MAX), &taken);
	if (progress == HTTP_MORE)
		progress = http_reply_end(reply);
	check(progress != HTTP_MORE);
	check(reply->body.size <= BODY_SIZE_MAX);
	if (progress == HTTP_REFUSED)
		check(reply->reason != NULL);
	else
		check(reply->status >= 200);
	return progress;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_reply whole, parts;
	struct str value;

	if (size < 2)
		return 0;
	struct str text = str_of((const char *)data + 1, size - 1);
	enum http_progress first = feed(&whole, text, text.size);
	enum http_progress second = feed(&parts, text, data[0] * text.size / 256);
	check(first == second);
	check(whole.status == parts.status);
	check(str_equal(buf_str(&whole.body), buf_str(&parts.body)));
	if (http_reply_find(&whole, STR("a"), &value))
		check(value.size < LIMIT_HTTP_HEAD_SIZE);
	http_reply_done(&whole);
	http_reply_done(&parts);
	return 0;
}
