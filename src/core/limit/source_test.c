/* SPDX-License-Identifier: MIT */
/* In place of net's: the test sets the source of a request. */
#include "base/fixture.h"
#include "core/limit/source.h"

static struct source_list proxies;
static const char *peer;
static struct http_header headers[4];
static size_t header_count;

struct str net_request_peer(struct net_request *request)
{
	(void)request;
	return str_from(peer);
}

static int setup(void **state)
{
	(void)state;
	proxies = (struct source_list){0};
	header_count = 0;
	return 0;
}

static void trust(const char *list)
{
	struct str part;

	assert_true(source_list_parse(&arena, str_from(list), &proxies, &part));
}

static void forwarded(const char *value)
{
	headers[header_count++] = (struct http_header){STR("X-Forwarded-For"), str_from(value)};
}

static struct source source_from(const char *address)
{
	struct net_request request = {.http = {.headers = headers, .header_count = header_count}};

	peer = address;
	request.http.fields[HTTP_FIELD_X_FORWARDED_PROTO] = STR("https");
	if (header_count > 0)
		request.http.fields[HTTP_FIELD_X_FORWARDED_FOR] = headers[0].value;
	return source_of(&request, &proxies);
}

static void assert_from(const char *address, const char *expected)
{
	struct str ip = source_from(address).ip;

	if (!str_equal(ip, str_from(expected)))
		fail_msg("%.*s is not %s", STR_ARG(ip), expected);
}

static void test_a_peer_is_its_address_alone(void **state)
{
	(void)state;
	assert_from("192.0.2.1:80", "192.0.2.1");
	assert_from("[2001:db8::1]:80", "2001:db8::1");
	assert_from("[::ffff:192.0.2.1]:80", "192.0.2.1");
	assert_from("[fe80::1%eth0]:80", "fe80::1");
	assert_null(source_from("unix").ip.data);
	assert_null(source_from("").ip.data);
}

static void test_headers_of_untrusted_peers_are_ignored(void **state)
{
	(void)state;
	forwarded("198.51.100.7");
	assert_from("192.0.2.1:80", "192.0.2.1");
	assert_false(source_from("192.0.2.1:80").is_secure);
	assert_null(source_from("unix").ip.data);
	trust("192.0.2.2,2001:db8::/32");
	assert_from("192.0.2.1:80", "192.0.2.1");
	assert_null(source_from("unix").ip.data);
}

static void test_headers_of_a_trusted_proxy_are_used(void **state)
{
	(void)state;
	trust("192.0.2.0/24, unix");
	forwarded("198.51.100.7");
	assert_from("192.0.2.1:80", "198.51.100.7");
	assert_true(source_from("192.0.2.1:80").is_secure);
	assert_from("unix", "198.51.100.7");
}

static void test_only_the_last_that_is_no_proxy_counts(void **state)
{
	(void)state;
	trust("192.0.2.0/24");
	forwarded("10.0.0.1, 198.51.100.7,192.0.2.9");
	assert_from("192.0.2.1:80", "198.51.100.7");
	forwarded("192.0.2.8");
	assert_from("192.0.2.1:80", "198.51.100.7");
	forwarded("[2001:db8::5]:443 , 192.0.2.7:8080");
	assert_from("192.0.2.1:80", "2001:db8::5");
}

static void test_an_invalid_address_ends_the_search(void **state)
{
	(void)state;
	trust("192.0.2.0/24");
	forwarded("198.51.100.7, unknown, 192.0.2.9");
	assert_from("192.0.2.1:80", "192.0.2.9");
	header_count = 0;
	forwarded("198.51.100.7,");
	assert_from("192.0.2.1:80", "192.0.2.1");
	header_count = 0;
	forwarded("");
	assert_from("192.0.2.1:80", "192.0.2.1");
	header_count = 0;
	assert_from("192.0.2.1:80", "192.0.2.1");
}

static void test_a_list_has_its_sources(void **state)
{
	struct source_list near;
	struct str part;

	(void)state;
	assert_true(source_list_parse(&arena, STR("127.0.0.0/8,unix"), &near, &part));
	assert_true(source_list_has(&near, source_from("127.0.0.9:80")));
	assert_true(source_list_has(&near, source_from("unix")));
	assert_false(source_list_has(&near, source_from("192.0.2.1:80")));
	assert_false(source_list_has(&near, source_from("")));
	assert_false(source_list_has(&proxies, source_from("unix")));
	trust("unix");
	forwarded("192.0.2.1");
	assert_false(source_list_has(&near, source_from("unix")));
}

static void test_wrong_lists_are_refused(void **state)
{
	struct str part;

	(void)state;
	assert_false(source_list_parse(&arena, STR("192.0.2.1,host"), &proxies, &part));
	assert_true(str_equal(part, STR("host")));
	assert_false(source_list_parse(&arena, STR("192.0.2.0/40"), &proxies, &part));
	assert_false(source_list_parse(&arena, STR(",192.0.2.1"), &proxies, &part));
	assert_true(source_list_parse(&arena, STR(""), &proxies, &part));
	assert_int_equal(proxies.count, 0);
}
