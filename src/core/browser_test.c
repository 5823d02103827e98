/* SPDX-License-Identifier: MIT */
/* Admission of requests of web pages, and the CORS headers of answers. */
#include "core/browser.h"

#include "base/fixture.h"

static const struct str names[] = {STR_INIT("tern.example.com"), STR_INIT("*.apps.example.com")};
static const struct str pages[] = {STR_INIT("https://app.example.com")};
static const struct str all[] = {STR_INIT("*")};
static const struct service sqs = {.name = STR_INIT("sqs"),
				   .xml_namespace = STR_INIT("http://queue.amazonaws.com/doc/")};
static const struct service *const services[] = {&sqs};
static const struct route_table routes = {services, 1, NULL};
static const struct browser_rules of_aws = {.services = &routes};
static const struct browser_rules bare;
static const struct browser_rules set = {names, 2, NULL, pages, 1};
static const struct browser_rules open = {all, 1, NULL, all, 1};

static struct http_request request_with(const char *host, const char *origin, const char *site,
					const char *referer)
{
	struct http_request request = {.method = HTTP_METHOD_POST};

	request.fields[HTTP_FIELD_HOST] = str_from(host);
	request.fields[HTTP_FIELD_ORIGIN] = str_from(origin);
	request.fields[HTTP_FIELD_SEC_FETCH_SITE] = str_from(site);
	request.fields[HTTP_FIELD_REFERER] = str_from(referer);
	return request;
}

static bool is_welcome(const struct browser_rules *rules, struct http_request request)
{
	struct str problem = {0};

	bool is = browser_is_welcome(rules, &arena, &request, false, &problem);
	assert_true(is == (problem.size == 0));
	return is;
}

static bool host_passes(const struct browser_rules *rules, const char *host)
{
	return is_welcome(rules, request_with(host, NULL, NULL, NULL));
}

static void test_loopback_names_and_addresses_pass(void **state)
{
	(void)state;
	static const char *const hosts[] = {
		NULL,
		"",
		"localhost",
		"LocalHost:4566",
		"localhost.:4566",
		"127.0.0.1",
		"127.8.9.1:80",
		"[::1]:4566",
		"[::1]",
		"10.1.2.3:4566",
		"192.0.2.7",
		"[2001:db8::1]",
		"tern.localhost:1",
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (!host_passes(&bare, hosts[i]))
			fail_msg("%s is refused", hosts[i]);
}

static void test_names_of_aws_pass(void **state)
{
	(void)state;
	assert_true(host_passes(&of_aws, "sqs.eu-west-1.amazonaws.com"));
	assert_true(host_passes(&of_aws, "queue.amazonaws.com:443"));
	assert_true(host_passes(&of_aws, "us-east-1.queue.amazonaws.com"));
	assert_true(host_passes(&of_aws, "vpce-1-2.sqs.us-east-1.vpce.amazonaws.com"));
	assert_true(host_passes(&of_aws, "sqs.cn-north-1.amazonaws.com.cn"));
	assert_false(host_passes(&of_aws, "ec2-192-0-2-1.compute-1.amazonaws.com"));
	assert_false(host_passes(&of_aws, "sqs.amazonaws.com.evil.example"));
	assert_false(host_passes(&of_aws, "sqs-amazonaws.com"));
	assert_false(host_passes(&of_aws, "kms.eu-west-1.amazonaws.com"));
	assert_false(host_passes(&bare, "sqs.eu-west-1.amazonaws.com"));
}

static void test_other_names_pass_if_they_are_configured(void **state)
{
	(void)state;
	static const char *const foreign[] = {"evil.example",		"localhost.evil.example",
					      "127.0.0.1.evil.example", "tern:4566",
					      "notlocalhost",		"[::1",
					      "127.0.0.1@evil",		"x",
					      "tern.example.com",	"a.apps.example.com"};

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (host_passes(&bare, foreign[i]) && !str_equal(str_from(foreign[i]), STR("[::1")))
			fail_msg("%s passes", foreign[i]);
	assert_true(host_passes(&set, "Tern.Example.com:4566"));
	assert_true(host_passes(&set, "a.apps.example.com"));
	assert_false(host_passes(&set, "apps.example.com"));
	assert_false(host_passes(&set, "evil.example"));
	assert_true(host_passes(&open, "evil.example"));
}

static void test_the_setting_is_named(void **state)
{
	(void)state;
	struct http_request request = request_with("tern:4566", NULL, NULL, NULL);
	struct str problem;

	assert_false(browser_is_welcome(&bare, &arena, &request, false, &problem));
	assert_true(str_find(problem, STR("--host-name tern "), 0) != SIZE_MAX);
	assert_true(browser_is_welcome(&bare, &arena, &request, true, &problem));
	request = request_with("localhost", "https://evil.example", NULL, NULL);
	assert_false(browser_is_welcome(&bare, &arena, &request, true, &problem));
	assert_true(str_find(problem, STR("--allow-origin"), 0) != SIZE_MAX);
	request = request_with("\xff", "\xff", NULL, NULL);
	assert_false(browser_is_welcome(&bare, &arena, &request, false, &problem));
	assert_true(str_is_utf8(problem));
}

static bool page_passes(const struct browser_rules *rules, const char *origin, const char *site,
			const char *referer)
{
	return is_welcome(rules, request_with("localhost:4566", origin, site, referer));
}

static void test_pages_of_other_machines_are_refused(void **state)
{
	(void)state;
	assert_false(page_passes(&set, "https://evil.example", NULL, NULL));
	assert_false(page_passes(&set, "https://evil.example", "same-origin", NULL));
	assert_false(page_passes(&set, "null", NULL, NULL));
	assert_false(page_passes(&set, "", NULL, NULL));
	assert_false(page_passes(&set, "http://192.0.2.1:4566", NULL, NULL));
	assert_false(page_passes(&set, "https://app.example.com:8443", NULL, NULL));
	assert_false(page_passes(&set, NULL, "cross-site", NULL));
	assert_false(page_passes(&set, NULL, "nonsense", NULL));
	assert_false(page_passes(&set, NULL, NULL, "https://evil.example/page"));
	assert_false(page_passes(&set, "https://localhost@evil.example", NULL, NULL));
	assert_false(page_passes(&set, "https://localhost:x@evil.example", NULL, NULL));
	assert_false(page_passes(&set, "https://[::1]@evil.example", NULL, NULL));
	assert_false(page_passes(&set, "https://localhost.evil.example", NULL, NULL));
}

static void test_own_and_allowed_pages_pass(void **state)
{
	(void)state;
	assert_true(page_passes(&bare, NULL, NULL, NULL));
	assert_true(page_passes(&bare, "http://localhost:4566", "same-origin", NULL));
	assert_true(page_passes(&bare, "http://127.0.0.1:3000", "cross-site", NULL));
	assert_true(page_passes(&bare, NULL, "none", NULL));
	assert_true(page_passes(&bare, NULL, "same-origin", NULL));
	assert_true(page_passes(&bare, NULL, "same-site", NULL));
	assert_true(page_passes(&bare, NULL, NULL, "http://localhost:3000/page"));
	assert_true(page_passes(&set, "https://app.example.com", "cross-site", NULL));
	assert_true(page_passes(&set, "https://tern.example.com", "same-origin", NULL));
	assert_true(page_passes(&open, "https://evil.example", NULL, NULL));
	assert_true(page_passes(&open, NULL, "cross-site", NULL));
	/* In a shared domain, a page of the same site may belong to another owner. */
	assert_false(is_welcome(&set, request_with("tern.example.com", NULL, "same-site", NULL)));
}

/* <img src="http://192.0.2.7:4566/?Action=..." referrerpolicy="no-referrer"> of an http: page. */
static void test_a_browser_request_without_a_page_changes_nothing(void **state)
{
	(void)state;
	struct http_request request = request_with("192.0.2.7:4566", NULL, NULL, NULL);

	request.method = HTTP_METHOD_GET;
	request.fields[HTTP_FIELD_USER_AGENT] = STR("Mozilla/5.0 (X11; Linux x86_64)");
	request.target = STR("/?Action=DeleteQueue&QueueUrl=q");
	assert_false(is_welcome(&set, request));
	assert_true(is_welcome(&open, request));
	request.method = HTTP_METHOD_POST;
	request.target = STR("/");
	assert_false(is_welcome(&set, request));
	request.method = HTTP_METHOD_GET; /* typed, of a machine of the network */
	request.target = STR("/_tern/health");
	assert_true(is_welcome(&set, request));
	request.target = STR("/?Action=ListQueues");
	request.fields[HTTP_FIELD_SEC_FETCH_SITE] = STR("none");
	assert_true(is_welcome(&set, request));
	request.fields[HTTP_FIELD_SEC_FETCH_SITE] = (struct str){0};
	request.fields[HTTP_FIELD_USER_AGENT] = STR("curl/8.0");
	assert_true(is_welcome(&set, request));
}

static struct str find(const struct http_header *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(headers[i].name, str_from(name)))
			return headers[i].value;
	return (struct str){0};
}

static void test_only_allowed_origins_get_cors_headers(void **state)
{
	(void)state;
	struct http_header headers[BROWSER_HEADERS];
	struct http_request request = request_with("h", "https://app.example.com", NULL, NULL);

	assert_int_equal(browser_headers(&bare, &request, headers), 0);
	size_t count = browser_headers(&set, &request, headers);
	assert_true(str_equal(find(headers, count, "Access-Control-Allow-Origin"),
			      STR("https://app.example.com")));
	assert_true(str_equal(find(headers, count, "Vary"), STR("Origin")));
	count = browser_headers(&open, &request, headers);
	assert_true(str_equal(find(headers, count, "Access-Control-Allow-Origin"), STR("*")));
	request = request_with("h", "https://evil.example", NULL, NULL);
	count = browser_headers(&set, &request, headers);
	assert_null(find(headers, count, "Access-Control-Allow-Origin").data);
	assert_true(str_equal(find(headers, count, "Vary"), STR("Origin")));
}

static void test_a_preflight_is_known(void **state)
{
	(void)state;
	struct http_header asked[] = {
		{STR("Access-Control-Request-Method"), STR("POST")},
		{STR("Access-Control-Request-Headers"), STR("content-type,x-amz-target")},
		{STR("Access-Control-Request-Private-Network"), STR("true")},
	};
	struct http_header headers[BROWSER_PREFLIGHT_HEADERS];
	struct http_request request = request_with("h", "https://app.example.com", NULL, NULL);
	size_t count;

	request.headers = asked;
	request.header_count = 3;
	assert_false(browser_is_preflight(&set, &request, headers, &count));
	request.method = HTTP_METHOD_OPTIONS;
	assert_true(browser_is_preflight(&set, &request, headers, &count));
	assert_true(str_equal(find(headers, count, "Access-Control-Allow-Headers"),
			      STR("content-type,x-amz-target")));
	assert_true(str_equal(find(headers, count, "Access-Control-Allow-Private-Network"),
			      STR("true")));
	assert_int_equal(count, BROWSER_PREFLIGHT_HEADERS);
	asked[1].value = STR("content-type: x");
	assert_true(browser_is_preflight(&set, &request, headers, &count));
	assert_null(find(headers, count, "Access-Control-Allow-Headers").data);
	assert_false(browser_is_preflight(&bare, &request, headers, &count));
	request.header_count = 0;
	assert_false(browser_is_preflight(&set, &request, headers, &count));
}
