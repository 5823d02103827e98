/* SPDX-License-Identifier: MIT */
/* Requests whole and in pieces, refused shapes, targets and answers. */
#include <ctype.h>
#include <string.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/fixture.h"
#include "http/coding.h"
#include "http/request.h"
#include "http/response.h"
#include "http/url.h"

static struct http_parser parser;
static struct http_header headers[LIMIT_HTTP_HEADERS];
static struct http_request request;

static const struct str post =
	STR_INIT("POST /1/q?a=b HTTP/1.1\r\nHost: h:1\r\nX-Amz-Target:  AmazonSQS.X \r\n"
		 "Content-Length: 4\r\n\r\nbody");
static const struct str chunked =
	STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "2\r\nbo\r\n2;x=y\r\ndy\r\n0\r\nTrailer: gone\r\n\r\n");

static enum http_progress feed(struct buf *bytes)
{
	return http_parser_feed(&parser, bytes->data, &bytes->size);
}

static void check_post(const struct buf *bytes)
{
	http_request_bind(&parser, bytes->data, headers, &request);
	assert_int_equal(request.method, HTTP_METHOD_POST);
	assert_str(request.method_text, "POST");
	assert_true(request.is_keep_alive);
	assert_str(request.target, "/1/q?a=b");
	assert_str(request.fields[HTTP_FIELD_HOST], "h:1");
	assert_str(request.fields[HTTP_FIELD_X_AMZ_TARGET], "AmazonSQS.X");
	assert_null(request.fields[HTTP_FIELD_ACCEPT].data);
	assert_int_equal(request.header_count, 3);
	assert_int_equal(parser.message_size, post.size);
	assert_int_equal(request.head.size, post.size - 4);
	assert_str(request.body, "body");
}

static const struct str names[HTTP_FIELD_COUNT] = {
#define FIELD_TEXT(name, text) STR_INIT(text),
	HTTP_FIELDS(FIELD_TEXT)
#undef FIELD_TEXT
};

/* A value that the parser takes for the field. */
static const char *value_of(enum http_field field)
{
	switch (field) {
	case HTTP_FIELD_CONTENT_LENGTH:
		return "0";
	case HTTP_FIELD_TRANSFER_ENCODING:
		return "chunked";
	case HTTP_FIELD_EXPECT:
		return "100-continue";
	default:
		return "value";
	}
}

static void test_every_known_field_is_found_in_any_case(void **state)
{
	(void)state;
	for (enum http_field field = 0; field < HTTP_FIELD_COUNT; field++) {
		struct buf bytes = {0};
		buf_append(&bytes, STR("POST / HTTP/1.1\r\n"));
		if (field != HTTP_FIELD_HOST)
			buf_append(&bytes, STR("Host: h\r\n"));
		for (size_t i = 0; i < names[field].size; i++)
			buf_append_char(&bytes, i % 2 ? names[field].data[i]
						      : (char)toupper(names[field].data[i]));
		buf_format(&bytes, ": %s\r\n\r\n", value_of(field));
		http_parser_init(&parser);
		(void)feed(&bytes); /* a chunked body is missing */
		assert_true(parser.has_head);
		http_request_bind(&parser, bytes.data, headers, &request);
		assert_str(request.fields[field], value_of(field));
		buf_done(&bytes);
	}
}

static void test_a_name_of_a_known_fields_size_and_end_is_another_field(void **state)
{
	struct buf bytes = {0};

	(void)state;
	buf_append(&bytes, STR("GET / HTTP/1.1\r\nHost: h\r\nx-amz-tarpet: v\r\nxost: v\r\n"
			       "x-amz-security-token-and-more: v\r\n\r\n"));
	http_parser_init(&parser);
	assert_int_equal(feed(&bytes), HTTP_COMPLETE);
	http_request_bind(&parser, bytes.data, headers, &request);
	for (enum http_field field = 0; field < HTTP_FIELD_COUNT; field++)
		assert_true((request.fields[field].data != NULL) == (field == HTTP_FIELD_HOST));
	buf_done(&bytes);
}

static void test_one_byte_at_a_time_is_as_good_as_all_at_once(void **state)
{
	(void)state;
	struct buf bytes = {0};

	buf_append(&bytes, post);
	http_parser_init(&parser);
	assert_int_equal(feed(&bytes), HTTP_COMPLETE);
	check_post(&bytes);
	buf_done(&bytes);
	http_parser_init(&parser);
	for (size_t i = 0; i < post.size; i++) {
		buf_append_char(&bytes, post.data[i]);
		assert_int_equal(feed(&bytes), i + 1 < post.size ? HTTP_MORE : HTTP_COMPLETE);
	}
	check_post(&bytes);
	buf_done(&bytes);
}

static void test_what_follows_a_message_is_left_alone(void **state)
{
	(void)state;
	struct buf bytes = {0};

	buf_append(&bytes, post);
	buf_append(&bytes, STR("GET /next"));
	http_parser_init(&parser);
	assert_int_equal(feed(&bytes), HTTP_COMPLETE);
	check_post(&bytes);
	assert_int_equal(bytes.size, post.size + 9);
	buf_done(&bytes);
}

static void test_chunked_bodies_are_joined_in_place(void **state)
{
	(void)state;
	struct buf bytes = {0};

	buf_append(&bytes, chunked);
	buf_append(&bytes, STR("GET /next"));
	http_parser_init(&parser);
	assert_int_equal(feed(&bytes), HTTP_COMPLETE);
	http_request_bind(&parser, bytes.data, headers, &request);
	assert_str(request.body, "body");
	assert_str(str_slice(buf_str(&bytes), parser.message_size, 100), "GET /next");

	buf_reset(&bytes);
	http_parser_init(&parser);
	for (size_t i = 0; i < chunked.size; i++) {
		buf_append_char(&bytes, chunked.data[i]);
		assert_int_equal(feed(&bytes), i + 1 < chunked.size ? HTTP_MORE : HTTP_COMPLETE);
	}
	http_request_bind(&parser, bytes.data, headers, &request);
	assert_str(request.body, "body");
	assert_int_equal(bytes.size, parser.message_size);
	buf_done(&bytes);
}

static void assert_refused(struct str text, int status)
{
	struct buf bytes = {0};

	buf_append(&bytes, text);
	http_parser_init(&parser);
	assert_int_equal(feed(&bytes), HTTP_REFUSED);
	assert_int_equal(parser.status, status);
	assert_non_null(parser.reason);
	buf_done(&bytes);
}

static void test_smuggling_shapes_are_refused(void **state)
{
	(void)state;

	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
			   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		       400);
	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
			   "Content-Length: 4\r\n\r\n0\r\n\r\n"),
		       400);
	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
			   "Content-Length: 5\r\n\r\n"),
		       400);
	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +4\r\n\r\n"), 400);
	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"), 400);
	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n"), 400);
	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\n"
			   "Content-Length: 99999999999999999999999\r\n\r\n"),
		       400);
	assert_refused(STR("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
	assert_refused(STR("GET / HTTP/1.1\r\nHost : h\r\n\r\n"), 400);
	assert_refused(STR("GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n"), 400);
	assert_refused(STR("GET / HTTP/1.1\nHost: h\n\n"), 400);
	assert_refused(STR("GET / HTTP/1.1\r\nHost: h\0x\r\n\r\n"), 400);
	assert_refused(STR("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
	assert_refused(STR("GET / HTTP/1.1\r\nX: y\r\n\r\n"), 400);
	assert_refused(STR("\x16\x03\x01\x02"), 400);
	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "g\r\n"),
		       400);
	assert_refused(STR("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n"
			   "Content-Length: 1\r\n\r\n"),
		       417);
}

static void test_limits_have_their_own_statuses(void **state)
{
	(void)state;
	struct buf bytes = {0};

	buf_append(&bytes, STR("GET /"));
	memset(buf_extend(&bytes, LIMIT_HTTP_TARGET_SIZE), 'a', LIMIT_HTTP_TARGET_SIZE);
	buf_append(&bytes, STR(" HTTP/1.1\r\nHost: h\r\n\r\n"));
	assert_refused(buf_str(&bytes), 414);

	buf_reset(&bytes);
	buf_append(&bytes, STR("GET / HTTP/1.1\r\nHost: h\r\n"));
	for (int i = 0; i < LIMIT_HTTP_HEADERS; i++)
		buf_append(&bytes, STR("A: b\r\n"));
	buf_append(&bytes, STR("\r\n"));
	assert_refused(buf_str(&bytes), 431);

	buf_reset(&bytes);
	buf_append(&bytes, STR("GET / HTTP/1.1\r\nHost: h\r\nA: "));
	memset(buf_extend(&bytes, LIMIT_HTTP_HEAD_SIZE), 'a', LIMIT_HTTP_HEAD_SIZE);
	assert_refused(buf_str(&bytes), 431);

	buf_reset(&bytes);
	buf_format(&bytes, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n",
		   LIMIT_HTTP_BODY_SIZE + 1);
	assert_refused(buf_str(&bytes), 413);

	buf_reset(&bytes);
	buf_append(&bytes, STR("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
	buf_format(&bytes, "%x\r\n", LIMIT_HTTP_BODY_SIZE + 1);
	memset(buf_extend(&bytes, LIMIT_HTTP_BODY_SIZE + 1), 'a', LIMIT_HTTP_BODY_SIZE + 1);
	assert_refused(buf_str(&bytes), 413);
	buf_done(&bytes);
	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n"), 501);
	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
			   "0\r\n\r\n"),
		       501);
	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n"),
		       501);
	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n"
			   "\r\n0\r\n\r\n"),
		       501);
}

static void test_a_peer_that_waits_for_continue_is_noticed(void **state)
{
	(void)state;
	struct buf bytes = {0};

	buf_append(&bytes, STR("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
			       "Content-Length: 2\r\n\r\n"));
	http_parser_init(&parser);
	assert_int_equal(feed(&bytes), HTTP_MORE);
	assert_true(parser.has_head);
	assert_true(parser.wants_continue);
	assert_int_equal(parser.body_size, 2);
	buf_append(&bytes, STR("ok"));
	assert_int_equal(feed(&bytes), HTTP_COMPLETE);
	buf_done(&bytes);
}

static void test_connection_header_decides_keep_alive(void **state)
{
	(void)state;
	static const struct {
		struct str text;
		bool is_keep_alive;
	} cases[] = {
		{STR_INIT("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), true},
		{STR_INIT("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), false},
		{STR_INIT("GET / HTTP/1.0\r\n\r\n"), false},
		{STR_INIT("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf bytes = {0};
		buf_append(&bytes, cases[i].text);
		http_parser_init(&parser);
		assert_int_equal(feed(&bytes), HTTP_COMPLETE);
		http_request_bind(&parser, bytes.data, headers, &request);
		assert_int_equal(request.is_keep_alive, cases[i].is_keep_alive);
		assert_int_equal(request.method, HTTP_METHOD_GET);
		buf_done(&bytes);
	}
}

static void test_targets_come_apart(void **state)
{
	(void)state;
	struct http_url url = http_url_split(STR("/1/q?a=b#c"));

	assert_str(url.path, "/1/q");
	assert_str(url.query, "a=b");
	url = http_url_split(STR("http://h:1/x"));
	assert_str(url.path, "/x");
	assert_false(url.has_query);
	url = http_url_split(STR("http://h?q"));
	assert_str(url.path, "/");
	assert_str(url.query, "q");
	url = http_url_split(STR("/x?u=http://h/y"));
	assert_str(url.path, "/x");
	assert_str(url.query, "u=http://h/y");
}

static void test_percent_signs_are_decoded_strictly(void **state)
{
	(void)state;
	struct str text;

	assert_int_equal(http_url_decode(&arena, STR("/a%20b+c"), &text), ERR_OK);
	assert_str(text, "/a b+c");
	assert_int_equal(http_url_decode(&arena, STR("%2"), &text), ERR_INVALID);
	assert_int_equal(http_url_decode(&arena, STR("%zz"), &text), ERR_INVALID);
	assert_int_equal(http_url_decode(&arena, STR("a%00"), &text), ERR_INVALID);
}

static void test_the_answer_says_its_length_and_date(void **state)
{
	(void)state;
	struct buf out = {0};
	struct http_date date = {0};
	struct http_header header = {STR("X-A"), STR("b")};

	http_date_update(&date, 784111777000);
	http_response_write(&out,
			    &(struct http_response){.status = 404,
						    .version_minor = 1,
						    .headers = &header,
						    .header_count = 1,
						    .body = STR("no")},
			    &date);
	assert_str(buf_str(&out),
		   "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-A: b\r\n"
		   "Connection: close\r\nContent-Length: 2\r\n\r\nno");
	buf_done(&out);
}

/* ---- codings ---- */

static void compress_into(struct buf *out, struct str text)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)text.data, .avail_in = (uInt)text.size};

	assert_int_equal(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
	uLong most = deflateBound(&stream, text.size);
	stream.next_out = (Bytef *)buf_extend(out, most);
	stream.avail_out = (uInt)most;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	out->size -= stream.avail_out;
	deflateEnd(&stream);
}

static enum err decode_body(struct str coding, struct str body, struct str *out_body)
{
	struct http_request coded = {.body = body};

	coded.fields[HTTP_FIELD_CONTENT_ENCODING] = coding;
	return http_body_decode(&arena, &coded, out_body);
}

static void test_gzip_bodies_are_decompressed(void **state)
{
	(void)state;
	struct buf coded = {0};
	struct str body;

	assert_int_equal(decode_body((struct str){0}, STR("x"), &body), ERR_OK);
	assert_str(body, "x");
	compress_into(&coded, STR("one "));
	compress_into(&coded, STR("two"));
	assert_int_equal(decode_body(STR("gzip"), buf_str(&coded), &body), ERR_OK);
	assert_str(body, "one two");
	coded.size--;
	assert_int_equal(decode_body(STR("gzip"), buf_str(&coded), &body), ERR_INVALID);
	buf_append(&coded, STR("xy"));
	assert_int_equal(decode_body(STR("gzip"), buf_str(&coded), &body), ERR_INVALID);
	assert_int_equal(decode_body(STR("gzip"), STR(""), &body), ERR_INVALID);
	assert_int_equal(decode_body(STR("br"), STR("x"), &body), ERR_NOTFOUND);
	buf_done(&coded);
}

static void test_gzip_bodies_have_the_limit_of_bodies(void **state)
{
	(void)state;
	struct buf plain = {0}, coded = {0};
	struct str body;

	memset(buf_extend(&plain, LIMIT_HTTP_BODY_SIZE + 1), 'a', LIMIT_HTTP_BODY_SIZE + 1);
	compress_into(&coded, str_of(plain.data, LIMIT_HTTP_BODY_SIZE));
	assert_int_equal(decode_body(STR("gzip"), buf_str(&coded), &body), ERR_OK);
	assert_int_equal(body.size, LIMIT_HTTP_BODY_SIZE);
	buf_reset(&coded);
	compress_into(&coded, buf_str(&plain));
	assert_int_equal(decode_body(STR("gzip"), buf_str(&coded), &body), ERR_TOOLARGE);
	buf_done(&plain);
	buf_done(&coded);
}

static void test_endpoints_are_split(void **state)
{
	struct http_endpoint endpoint;

	(void)state;
	assert_int_equal(
		http_endpoint_parse(STR("https://u:p%40@Example.com:8443/a?b=c#d"), &endpoint),
		ERR_OK);
	assert_true(endpoint.is_tls && endpoint.has_user && endpoint.has_port && !endpoint.is_v6);
	assert_str(endpoint.user, "u:p%40");
	assert_str(endpoint.host, "Example.com");
	assert_int_equal(endpoint.port, 8443);
	assert_str(endpoint.target, "/a?b=c");
	assert_int_equal(http_endpoint_parse(STR("HTTP://h"), &endpoint), ERR_OK);
	assert_true(!endpoint.is_tls && !endpoint.has_user && !endpoint.has_port);
	assert_int_equal(endpoint.port, 80);
	assert_int_equal(endpoint.target.size, 0);
	assert_int_equal(http_endpoint_parse(STR("https://[::1]:443?x"), &endpoint), ERR_OK);
	assert_true(endpoint.is_v6 && !endpoint.has_port);
	assert_str(endpoint.host, "::1");
	assert_str(endpoint.target, "?x");
}

static void test_endpoints_that_are_none_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"h",
		"ftp://h",
		"http://",
		"http:///a",
		"http://a b/",
		"http://h\r\nX: y",
		"http://h:0/",
		"http://h:65536",
		"http://h:x",
		"http://[::1",
		"http://[::1]x",
		"http://[g::1]",
		"http://h/\x7f",
		"http://a@b@c/",
		"http://h%00/",
		"http://::1/",
	};
	struct http_endpoint endpoint;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(http_endpoint_parse(str_from(texts[i]), &endpoint), ERR_INVALID);
}
