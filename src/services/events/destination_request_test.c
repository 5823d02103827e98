/* SPDX-License-Identifier: MIT */
#include "services/events/destination_request.h"

#include "base/fixture.h"

static struct events_connection_header_parameter connection_headers[] = {
	{.key = STR_INIT("X-Shared"), .value = STR_INIT("connection")},
	{.key = STR_INIT("content-type"), .value = STR_INIT("application/x-own")},
};
static struct events_connection_query_string_parameter connection_query[] = {
	{.key = STR_INIT("b c"), .value = STR_INIT("&=")},
};
static struct events_connection_body_parameter connection_body[] = {
	{.key = STR_INIT("token"), .value = STR_INIT("t\"1"), .is_value_secret = true},
};
static struct events_connection_http_parameters http = {
	.header_parameters = connection_headers,
	.header_parameters_count = 2,
	.query_string_parameters = connection_query,
	.query_string_parameters_count = 1,
	.body_parameters = connection_body,
	.body_parameters_count = 1,
};
static struct str path_values[] = {STR_INIT("a/b"), STR_INIT("c d")};
static struct shape_pair target_headers[] = {{STR_INIT("X-Shared"), STR_INIT("target")},
					     {STR_INIT("X-Own"), STR_INIT("1")}};
static struct shape_pair target_query[] = {{STR_INIT("a"), STR_INIT("1")},
					   {STR_INIT("b c"), STR_INIT("old")}};
static const struct events_http_parameters parameters = {
	.path_parameter_values = path_values,
	.path_parameter_values_count = 2,
	.header_parameters = target_headers,
	.header_parameters_count = 2,
	.query_string_parameters = target_query,
	.query_string_parameters_count = 2,
};

static struct str header(const struct events_http_request *request, const char *name)
{
	struct str found = {0};

	for (size_t i = 0; i < request->header_count; i++)
		if (str_equal_nocase(request->headers[i].key, str_from(name))) {
			assert_null(found.data); /* each once */
			found = request->headers[i].value;
		}
	return found;
}

static struct events_destination_record destination_of(const char *endpoint, const char *method)
{
	return (struct events_destination_record){.endpoint = str_from(endpoint),
						  .method = str_from(method)};
}

static void test_a_request_is_made_of_target_and_connection(void **unused)
{
	struct events_create_connection_basic_auth_request_parameters basic = {
		.username = STR("user"), .password = STR("pass:word")};
	const struct events_create_connection_auth_request_parameters auth = {
		.basic_auth_parameters = &basic, .invocation_http_parameters = &http};
	struct events_destination_record destination =
		destination_of("https://example.com/x/*/y/*/z*?q=1", "POST");

	(void)unused;
	struct events_http_request request = events_destination_request(
		&arena, &destination, &auth, &parameters, (struct str){0},
		STR("{\"id\":1,\"token\":\"mine\",\"deep\":{\"a\":[true,null,1.5,\"x\"]}}"));
	assert_str(request.url, "https://example.com/x/a%2Fb/y/c%20d/z?q=1&a=1&b%20c=%26%3D");
	assert_str(request.method, "POST");
	assert_str(header(&request, "authorization"), "Basic dXNlcjpwYXNzOndvcmQ=");
	assert_str(header(&request, "x-shared"), "connection");
	assert_str(header(&request, "x-own"), "1");
	assert_str(header(&request, "content-type"), "application/x-own");
	assert_str(header(&request, "user-agent"), "Amazon/EventBridge/ApiDestinations");
	assert_str(header(&request, "range"), "bytes=0-1048575");
	assert_str(request.body,
		   "{\"id\":1,\"deep\":{\"a\":[true,null,1.5,\"x\"]},\"token\":\"t\\\"1\"}");
}

static void test_methods_without_a_body_send_none(void **unused)
{
	struct events_create_connection_api_key_auth_request_parameters key = {
		.api_key_name = STR("X-Key"), .api_key_value = STR("secret")};
	const struct events_create_connection_auth_request_parameters auth = {
		.api_key_auth_parameters = &key};
	static const char *const methods[] = {"GET", "HEAD", "OPTIONS"};

	(void)unused;
	for (size_t i = 0; i < 3; i++) {
		struct events_destination_record destination =
			destination_of("https://example.com/", methods[i]);
		struct events_http_request request = events_destination_request(
			&arena, &destination, &auth, NULL, (struct str){0}, STR("{}"));

		assert_int_equal(request.body.size, 0);
		assert_str(header(&request, "x-key"), "secret");
		assert_str(request.url, "https://example.com/");
	}
}

static void test_a_body_that_is_no_object_stays_as_it_is(void **unused)
{
	const struct events_create_connection_auth_request_parameters auth = {
		.invocation_http_parameters = &http};
	struct events_destination_record destination = destination_of("https://a/", "PUT");

	(void)unused;
	assert_str(events_destination_request(&arena, &destination, &auth, NULL, (struct str){0},
					      STR("\"text\""))
			   .body,
		   "\"text\"");
}

static void test_tokens_are_requested_with_client_credentials(void **unused)
{
	struct events_create_connection_o_auth_client_request_parameters client = {
		.client_id = STR("id"), .client_secret = STR("s&cret")};
	struct events_create_connection_o_auth_request_parameters oauth = {
		.client_parameters = &client,
		.authorization_endpoint = STR("https://auth.example.com/token"),
		.http_method = STR("POST"),
		.o_auth_http_parameters = &http,
	};
	const struct events_create_connection_auth_request_parameters auth = {.o_auth_parameters =
										      &oauth};
	struct events_destination_record destination = destination_of("https://a/", "POST");

	(void)unused;
	struct events_http_request request = events_token_request(&arena, &oauth);
	assert_str(request.url, "https://auth.example.com/token?b%20c=%26%3D");
	assert_str(request.body, "grant_type=client_credentials&client_id=id&client_secret="
				 "s%26cret&token=t%221");
	assert_str(header(&request, "x-shared"), "connection");
	oauth.http_method = STR("GET");
	oauth.o_auth_http_parameters = NULL;
	request = events_token_request(&arena, &oauth);
	assert_str(request.url, "https://auth.example.com/token?grant_type=client_credentials&"
				"client_id=id&client_secret=s%26cret");
	assert_int_equal(request.body.size, 0);
	request = events_destination_request(&arena, &destination, &auth, NULL, STR("abc"),
					     STR("{}"));
	assert_str(header(&request, "authorization"), "Bearer abc");
}

static void test_tokens_are_read_from_answers(void **unused)
{
	static const struct {
		const char *answer, *token;
		int64_t seconds;
	} cases[] = {
		{"{\"access_token\":\"a\",\"expires_in\":60}", "a", 60},
		{"{\"access_token\":\"a\",\"expires_in\":\"61\"}", "a", 61},
		{"{\"access_token\":\"a\"}", "a", 3600},
		{"{\"access_token\":\"a\",\"expires_in\":-5}", "a", 0},
		{"{\"access_token\":\"a\",\"expires_in\":1e18}", "a", 86400},
		{"{\"access_token\":\"\"}", NULL, 0},
		{"{\"access_token\":5}", NULL, 0},
		{"[]", NULL, 0},
		{"no", NULL, 0},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str token = {0};
		int64_t seconds = 0;

		enum err err =
			events_token_read(&arena, str_from(cases[i].answer), &token, &seconds);
		assert_int_equal(err, cases[i].token ? ERR_OK : ERR_INVALID);
		if (cases[i].token)
			assert_str(token, cases[i].token);
		assert_int_equal(seconds, cases[i].seconds);
	}
}
