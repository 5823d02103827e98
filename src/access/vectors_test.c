/* SPDX-License-Identifier: MIT */
/*
 * Requests that AWS publishes with their signatures, verified. They are those of the Signature
 * Version 4 test suite: key AKIDEXAMPLE, 2015-08-30 12:36:00 UTC, us-east-1, "service"; paths are
 * normalised. A header with continuation lines appears as several headers, which have the same
 * signature.
 */
#include <string.h>

#include "access/signature.h"
#include "base/fixture.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define SCOPE "20150830/us-east-1/service/aws4_request"
#define NOW_MS INT64_C(1440938160000)

enum { HEADERS_MAX = 8 };

struct vector {
	const char *name;
	const char *method; /* NULL: GET */
	const char *target;
	const char *headers;	    /* "Name:value|Name:value", beside Host and X-Amz-Date */
	const char *signed_headers; /* NULL: host and, in a header, x-amz-date */
	const char *signature;
	const char *body;
};

static const struct vector in_header[] = {
	{
		.name = "get-vanilla",
		.target = "/",
		.signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	},
	{
		.name = "get-header-key-duplicate",
		.target = "/",
		.headers = "My-Header1:value2|My-Header1:value2|My-Header1:value1",
		.signed_headers = "host;my-header1;x-amz-date",
		.signature = "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
	},
	{
		.name = "get-header-value-multiline",
		.target = "/",
		.headers = "My-Header1:value1|My-Header1:value2|My-Header1:value3",
		.signed_headers = "host;my-header1;x-amz-date",
		.signature = "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790",
	},
	{
		.name = "get-header-value-order",
		.target = "/",
		.headers =
			"My-Header1:value4|My-Header1:value1|My-Header1:value3|My-Header1:value2",
		.signed_headers = "host;my-header1;x-amz-date",
		.signature = "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
	},
	{
		.name = "get-header-value-trim",
		.target = "/",
		.headers = "My-Header1: value1|My-Header2: \"a   b   c\"",
		.signed_headers = "host;my-header1;my-header2;x-amz-date",
		.signature = "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
	},
	{
		.name = "get-relative",
		.target = "/example/..",
		.signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	},
	{
		.name = "get-relative-relative",
		.target = "/example1/example2/../..",
		.signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	},
	{
		.name = "get-slash-dot-slash",
		.target = "/./",
		.signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	},
	{
		.name = "get-slash",
		.target = "//",
		.signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	},
	{
		.name = "get-slash-pointless-dot",
		.target = "/./example",
		.signature = "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
	},
	{
		.name = "get-slashes",
		.target = "//example//",
		.signature = "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
	},
	{
		.name = "get-space",
		.target = "/example space/",
		.signature = "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
	},
	{
		.name = "get-unreserved",
		.target = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
		.signature = "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
	},
	{
		.name = "get-utf8",
		.target = "/\xe1\x88\xb4",
		.signature = "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
	},
	{
		.name = "get-vanilla-empty-query-key",
		.target = "/?Param1=value1",
		.signature = "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
	},
	{
		.name = "get-vanilla-query-order-encoded",
		.target = "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
		.signature = "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
	},
	{
		.name = "get-vanilla-query-order-key-case",
		.target = "/?Param2=value2&Param1=value1",
		.signature = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
	},
	{
		.name = "get-vanilla-query-order-key",
		.target = "/?Param1=value2&Param1=Value1",
		.signature = "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
	},
	{
		.name = "get-vanilla-query-order-value",
		.target = "/?Param1=value2&Param1=value1",
		.signature = "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
	},
	{
		.name = "get-vanilla-query-unreserved",
		.target = "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._"
			  "~01234"
			  "56789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
		.signature = "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
	},
	{
		.name = "get-vanilla-utf8-query",
		.target = "/?\xe1\x88\xb4"
			  "=bar",
		.signature = "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
	},
	{
		.name = "get-vanilla-with-session-token",
		.target = "/",
		.headers = "X-Amz-Security-Token:"
			   "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73eb"
			   "f194267",
		.signed_headers = "host;x-amz-date;x-amz-security-token",
		.signature = "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
	},
	{
		.name = "post-vanilla",
		.method = "POST",
		.target = "/",
		.signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	},
	{
		.name = "post-vanilla-query",
		.method = "POST",
		.target = "/?Param1=value1",
		.signature = "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
	},
	{
		.name = "post-header-key-sort",
		.method = "POST",
		.target = "/",
		.headers = "My-Header1:value1",
		.signed_headers = "host;my-header1;x-amz-date",
		.signature = "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
	},
	{
		.name = "post-header-value-case",
		.method = "POST",
		.target = "/",
		.headers = "My-Header1:VALUE1",
		.signed_headers = "host;my-header1;x-amz-date",
		.signature = "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
	},
	{
		.name = "post-sts-header-before",
		.method = "POST",
		.target = "/",
		.headers = "X-Amz-Security-Token:AQoDYXdzEPT//////////"
			   "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ"
			   "8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/"
			   "qkPpKPi/kMcGdQ"
			   "rmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvl"
			   "Rd8Tx6q"
			   "6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+"
			   "scqKmlzm8FDrypNC9Yjc8f"
			   "POLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==",
		.signed_headers = "host;x-amz-date;x-amz-security-token",
		.signature = "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
	},
	{
		.name = "post-x-www-form-urlencoded",
		.method = "POST",
		.target = "/",
		.headers =
			"Content-Type:application/"
			"x-www-form-urlencoded|Content-Length:13|x-amz-content"
			"-sha256:9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
		.signed_headers =
			"content-length;content-type;host;x-amz-content-sha256;x-amz-date",
		.signature = "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
		.body = "Param1=value1",
	},
	{
		.name = "post-x-www-form-urlencoded-parameters",
		.method = "POST",
		.target = "/",
		.headers = "Content-Type:application/x-www-form-urlencoded; "
			   "charset=utf-8|Content-Length:1"
			   "3|x-amz-content-sha256:"
			   "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c"
			   "7b24d0b6e",
		.signed_headers =
			"content-length;content-type;host;x-amz-content-sha256;x-amz-date",
		.signature = "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
		.body = "Param1=value1",
	},
	{
		.name = "post-sts-header-after",
		.method = "POST",
		.target = "/",
		.headers = "X-Amz-Security-Token:added/later==",
		.signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	},
};

static const struct vector in_query[] = {
	{
		.name = "get-vanilla",
		.target = "/",
		.signature = "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d",
	},
	{
		.name = "get-header-key-duplicate",
		.target = "/",
		.headers = "My-Header1:value2|My-Header1:value2|My-Header1:value1",
		.signed_headers = "host%3Bmy-header1",
		.signature = "3349ee0b81b4b589da0ff28a395c3591e04de515651dd74f298fa992d1507a97",
	},
	{
		.name = "get-header-value-trim",
		.target = "/",
		.headers = "My-Header1: value1|My-Header2: \"a   b   c\"",
		.signed_headers = "host%3Bmy-header1%3Bmy-header2",
		.signature = "e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4",
	},
	{
		.name = "get-relative",
		.target = "/example/..",
		.signature = "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d",
	},
	{
		.name = "get-space",
		.target = "/example space/",
		.signature = "7a1f416954786484c9824d93c1f26ef64acb9b1b6c9154d08c9f07d0e394abf6",
	},
	{
		.name = "get-utf8",
		.target = "/\xe1\x88\xb4",
		.signature = "10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44",
	},
	{
		.name = "get-vanilla-empty-query-key",
		.target = "/?Param1=value1",
		.signature = "49096700cbbaa5753443850f40df10f904fc2fdb544dc9512203cc77c471a9de",
	},
	{
		.name = "get-vanilla-query-order-encoded",
		.target = "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
		.signature = "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787",
	},
	{
		.name = "get-vanilla-utf8-query",
		.target = "/?\xe1\x88\xb4"
			  "=bar",
		.signature = "0bdd809b1519ac4f0c1dc3540e2cc46bd0c7f778eda408b2ebf3b913d21ff600",
	},
	{
		.name = "post-sts-header-before",
		.method = "POST",
		.target = "/",
		.headers = "X-Amz-Security-Token:AQoDYXdzEPT//////////"
			   "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ"
			   "8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/"
			   "qkPpKPi/kMcGdQ"
			   "rmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvl"
			   "Rd8Tx6q"
			   "6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+"
			   "scqKmlzm8FDrypNC9Yjc8f"
			   "POLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==",
		.signed_headers = "host%3Bx-amz-security-token",
		.signature = "aca67b49ed321f377645504bccbd5a65f9085c536ff1961bc49c835d30827b16",
	},
	{
		.name = "get-vanilla-with-session-token",
		.target = "/?X-Amz-Security-Token="
			  "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
		.signature = "7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c",
	},
	{
		.name = "get-vanilla, and a token that was added later",
		.target = "/?X-Amz-Security-Token=added/later==",
		.signature = "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d",
	},
};

static struct signature_cache cache;

static int setup(void **state)
{
	(void)state;
	memset(&cache, 0, sizeof(cache));
	return 0;
}

/* Accepts the key with any token: verifying the token is not part of the signature. */
static enum signer_outcome find_signer(void *context, struct str key_id, struct str token,
				       int64_t now_ms, struct signer *out_signer)
{
	(void)context;
	(void)token;
	(void)now_ms;
	if (!str_equal(key_id, STR("AKIDEXAMPLE")))
		return SIGNER_UNKNOWN;
	memcpy(out_signer->secret, SECRET, sizeof(SECRET) - 1);
	out_signer->secret_size = sizeof(SECRET) - 1;
	out_signer->principal = principal_root(STR("111122223333"));
	return SIGNER_FOUND;
}

struct request {
	struct http_request http;
	struct http_header headers[HEADERS_MAX];
	struct str body;
};

static void add_header(struct request *request, struct str name, struct str value)
{
	assert_true(request->http.header_count < HEADERS_MAX);
	request->headers[request->http.header_count++] =
		(struct http_header){name, str_trim(value)};
	if (str_equal_nocase(name, STR("Authorization")))
		request->http.fields[HTTP_FIELD_AUTHORIZATION] = value;
}

static void make(const struct vector *vector, struct request *request)
{
	struct str rest = str_from(vector->headers);

	*request = (struct request){.body = str_from(vector->body)};
	request->http.headers = request->headers;
	request->http.method_text = str_from(vector->method ? vector->method : "GET");
	request->http.target = str_from(vector->target);
	add_header(request, STR("Host"), STR("example.amazonaws.com"));
	while (rest.size > 0) {
		struct str value = str_cut(&rest, '|');
		struct str name = str_cut(&value, ':');
		add_header(request, name, value);
	}
}

static void make_signed_in_header(const struct vector *vector, struct request *request)
{
	make(vector, request);
	add_header(request, STR("X-Amz-Date"), STR("20150830T123600Z"));
	add_header(request, STR("Authorization"),
		   arena_format(&arena,
				"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" SCOPE
				", SignedHeaders=%s, Signature=%s",
				vector->signed_headers ? vector->signed_headers : "host;x-amz-date",
				vector->signature));
}

static void make_signed_in_query(const struct vector *vector, struct request *request)
{
	make(vector, request);
	request->http.target = arena_format(
		&arena,
		"%s%sX-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%%2F20150830%%2F"
		"us-east-1%%2Fservice%%2Faws4_request&X-Amz-Date=20150830T123600Z&"
		"X-Amz-SignedHeaders=%s&X-Amz-Expires=3600&X-Amz-Signature=%s",
		vector->target, strchr(vector->target, '?') ? "&" : "?",
		vector->signed_headers ? vector->signed_headers : "host", vector->signature);
}

static enum err verify(const struct request *request, struct str *out_problem)
{
	struct signature_request question = {.http = &request->http,
					     .body = request->body,
					     .service = STR("service"),
					     .now_ms = NOW_MS};
	struct signer_source signers = {find_signer, NULL};
	const struct fault_type *fault;
	struct signature signature;

	enum err err = signature_verify(&arena, &signers, &cache, &question, &signature, &fault,
					out_problem);
	if (!err)
		principal_release(signature.principal);
	return err;
}

typedef void (*make_fn)(const struct vector *vector, struct request *request);

static void verify_all(const struct vector *vectors, size_t count, make_fn make_signed)
{
	struct request request;
	struct str problem;

	for (size_t i = 0; i < count; i++) {
		make_signed(&vectors[i], &request);
		if (verify(&request, &problem) != ERR_OK)
			fail_msg("%s: %.*s", vectors[i].name, STR_ARG(problem));
		/* The signature of one request is invalid for another. */
		request.http.method_text = STR("DELETE");
		assert_int_equal(verify(&request, &problem), ERR_FAULT);
	}
}

static void test_published_signatures_in_headers_are_right(void **state)
{
	(void)state;
	verify_all(in_header, sizeof(in_header) / sizeof(in_header[0]), make_signed_in_header);
}

static void test_published_signatures_in_query_strings_are_right(void **state)
{
	(void)state;
	verify_all(in_query, sizeof(in_query) / sizeof(in_query[0]), make_signed_in_query);
}

/* The suite's first edition (2011) has the date in a Date header in the form of HTTP. */
static void test_a_date_header_in_the_form_of_http_is_right(void **state)
{
	struct request request = {0};
	struct signature_request question = {
		.http = &request.http, .service = STR("host"), .now_ms = INT64_C(1315611360000)};
	struct signer_source signers = {find_signer, NULL};
	const struct fault_type *fault;
	struct signature signature;
	struct str problem;

	(void)state;
	request.http.headers = request.headers;
	request.http.method_text = STR("GET");
	request.http.target = STR("/");
	add_header(&request, STR("Host"), STR("host.foo.com"));
	add_header(&request, STR("Date"), STR("Mon, 09 Sep 2011 23:36:00 GMT"));
	add_header(
		&request, STR("Authorization"),
		STR("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20110909/us-east-1/host/aws4_request, "
		    "SignedHeaders=date;host, Signature="
		    "b27ccfbfa7df52a200ff74193ca6e32d4b48b8856fab7ebf1c595d0670a7e470"));
	assert_int_equal(
		signature_verify(&arena, &signers, &cache, &question, &signature, &fault, &problem),
		ERR_OK);
	principal_release(signature.principal);
}

static void test_bodies_that_are_not_hashed_are_refused(void **state)
{
	static const char *const hashes[] = {
		"UNSIGNED-PAYLOAD",
		"STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
		"STREAMING-UNSIGNED-PAYLOAD-TRAILER",
	};
	struct sigv4_signer signer = {
		.access_key = STR("AKIDEXAMPLE"),
		.scope = {STR("20150830"), STR("us-east-1"), STR("service")},
	};
	struct str problem;

	(void)state;
	sigv4_key_derive(STR(SECRET), &signer.scope, &signer.key);
	for (size_t i = 0; i < 3; i++) {
		struct sigv4_header headers[] = {
			{STR("Host"), STR("example.amazonaws.com")},
			{STR("X-Amz-Date"), STR("20150830T123600Z")},
			{STR("X-Amz-Content-Sha256"), str_from(hashes[i])},
		};
		struct sigv4_request to_sign = {.method = STR("POST"),
						.path = STR("/"),
						.headers = headers,
						.header_count = 3,
						.payload_hash = str_from(hashes[i])};
		struct request request = {.body = STR("Param1=value1")};
		request.http.headers = request.headers;
		request.http.method_text = STR("POST");
		request.http.target = STR("/");
		for (size_t j = 0; j < 3; j++)
			add_header(&request, headers[j].name, headers[j].value);
		add_header(&request, STR("Authorization"),
			   sigv4_authorization(&arena, &signer, STR("20150830T123600Z"), &to_sign));
		assert_int_equal(verify(&request, &problem), ERR_FAULT);
		assert_true(str_starts(problem, STR("The request signature we calculated")));
	}
}
