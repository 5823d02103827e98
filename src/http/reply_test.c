/* SPDX-License-Identifier: MIT */
/* Responses whole and in pieces, and what is refused. */
#include "http/reply.h"

#include <stdio.h>
#include <string.h>

#include "base/fixture.h"

static struct http_reply reply;

static int setup(void **state)
{
	(void)state;
	http_reply_init(&reply, 100, false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_reply_done(&reply);
	return 0;
}

static enum http_progress feed(const char *text, size_t *out_taken)
{
	*out_taken = 0;
	return http_reply_feed(&reply, str_from(text), out_taken);
}

static void assert_refused(const char *text, const char *reason)
{
	size_t taken;

	http_reply_done(&reply);
	http_reply_init(&reply, 100, false);
	assert_int_equal(feed(text, &taken), HTTP_REFUSED);
	assert_non_null(strstr(reply.reason, reason));
}

static void test_reply_with_a_length_leaves_what_follows(void **state)
{
	struct str value;
	size_t taken;

	(void)state;
	static const char text[] =
		"HTTP/1.1 201 Made\r\nX-Some:  thing \r\nContent-Length: 4\r\n\r\nbody";
	assert_int_equal(
		feed("HTTP/1.1 201 Made\r\nX-Some:  thing \r\nContent-Length: 4\r\n\r\nbodyHTTP",
		     &taken),
		HTTP_COMPLETE);
	assert_int_equal(taken, sizeof(text) - 1);
	assert_int_equal(reply.status, 201);
	assert_str(buf_str(&reply.body), "body");
	assert_true(reply.is_keep_alive);
	assert_true(http_reply_find(&reply, STR("x-some"), &value));
	assert_str(value, "thing");
	assert_false(http_reply_find(&reply, STR("x-other"), &value));
}

static void test_reply_may_come_byte_by_byte(void **state)
{
	static const char text[] =
		"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n"
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nLong-Name: v w\r\n\r\n"
		"2\r\nbo\r\n2;x=y\r\ndy\r\n0\r\nTrailer: dropped\r\n\r\n";
	enum http_progress progress = HTTP_MORE;
	struct str value;
	size_t taken;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(progress, HTTP_MORE);
		progress = http_reply_feed(&reply, str_of(text + i, 1), &taken);
	}
	assert_int_equal(progress, HTTP_COMPLETE);
	assert_int_equal(reply.status, 200);
	assert_str(buf_str(&reply.body), "body");
	assert_true(http_reply_find(&reply, STR("long-name"), &value));
	assert_str(value, "v w");
	assert_false(http_reply_find(&reply, STR("trailer"), &value));
	assert_false(http_reply_find(&reply, STR("a"), &value));
}

static void test_reply_may_last_until_the_peer_closes(void **state)
{
	size_t taken;

	(void)state;
	assert_int_equal(feed("HTTP/1.0 200 OK\r\n\r\nto the", &taken), HTTP_MORE);
	assert_int_equal(feed(" end", &taken), HTTP_MORE);
	assert_int_equal(http_reply_end(&reply), HTTP_COMPLETE);
	assert_str(buf_str(&reply.body), "to the end");
	assert_false(reply.is_keep_alive);
}

static void test_reply_that_ends_early_is_refused(void **state)
{
	size_t taken;

	(void)state;
	assert_int_equal(http_reply_end(&reply), HTTP_REFUSED);
	assert_int_equal(feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", &taken),
			 HTTP_MORE);
	assert_int_equal(http_reply_end(&reply), HTTP_REFUSED);
	http_reply_done(&reply);
	http_reply_init(&reply, 100, false);
	assert_int_equal(feed("HTTP/1.1 200 O", &taken), HTTP_MORE);
	assert_int_equal(http_reply_end(&reply), HTTP_REFUSED);
}

static void test_reply_without_a_body_is_complete_at_its_head(void **state)
{
	size_t taken;

	(void)state;
	assert_int_equal(feed("HTTP/1.1 204 None\r\n\r\n", &taken), HTTP_COMPLETE);
	http_reply_done(&reply);
	http_reply_init(&reply, 100, true);
	assert_int_equal(feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", &taken),
			 HTTP_COMPLETE);
	assert_int_equal(reply.body.size, 0);
}

static void test_reply_body_is_cut_beyond_its_bound(void **state)
{
	char text[300];
	size_t taken;

	(void)state;
	for (size_t size = 100; size <= 101; size++) {
		http_reply_done(&reply);
		http_reply_init(&reply, 100, false);
		snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%0*d",
			 size, (int)size, 7);
		assert_int_equal(feed(text, &taken), HTTP_COMPLETE);
		assert_int_equal(reply.body.size, 100);
		assert_int_equal(reply.is_cut, size > 100);
		assert_int_equal(reply.is_keep_alive, size == 100);
	}
}

static void test_reply_refuses_what_can_be_read_in_two_ways(void **state)
{
	(void)state;
	assert_refused("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		       "HTTP/1.1");
	assert_refused("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		       "HTTP/1.1");
	assert_refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "coding");
	assert_refused("HTTP/1.1 200 OK\nA: b\n\n", "HTTP/1.1");
	assert_refused("HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.");
	assert_refused("HTTP/1.1 101 Switch\r\n\r\n", "protocol");
	assert_refused("HTTP/1.1 600 More\r\n\r\n", "status");
	assert_refused("SSH-2.0-x\r\n\r\n", "HTTP/1.1");
}

static void test_reply_head_has_limits(void **state)
{
	struct buf text = {0};

	(void)state;
	buf_append(&text, STR("HTTP/1.1 200 OK\r\n"));
	for (int i = 0; i <= LIMIT_HTTP_HEADERS; i++)
		buf_append(&text, STR("A: b\r\n"));
	buf_append(&text, STR("\r\n\0"));
	assert_refused(text.data, "too many headers");
	buf_reset(&text);
	buf_append(&text, STR("HTTP/1.1 200 OK\r\nA: "));
	memset(buf_extend(&text, LIMIT_HTTP_HEAD_SIZE), 'x', LIMIT_HTTP_HEAD_SIZE);
	buf_append(&text, STR("\r\n\r\n\0"));
	assert_refused(text.data, "too large");
	buf_done(&text);
}
