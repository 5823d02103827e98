/* SPDX-License-Identifier: MIT */
/*
 * Tests of SigV4. get-vanilla is from the test suite that AWS publishes; the other expectations
 * were computed with botocore 1.43 for the same requests.
 */
#include "base/fixture.h"
#include "wire/sigv4.h"

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

static const struct str amz_date = STR_INIT("20150830T123600Z");

static struct sigv4_signer signer_for(struct str region, struct str service)
{
	struct sigv4_signer signer = {.access_key = STR("AKIDEXAMPLE"),
				      .scope = {STR("20150830"), region, service}};

	sigv4_key_derive(STR(SECRET), &signer.scope, &signer.key);
	return signer;
}

static const struct sigv4_header vanilla_headers[] = {
	{STR_INIT("X-Amz-Date"), STR_INIT("20150830T123600Z")},
	{STR_INIT("Host"), STR_INIT("example.amazonaws.com")},
};

static struct sigv4_request vanilla(struct str path, struct str query)
{
	return (struct sigv4_request){.method = STR("GET"),
				      .path = path,
				      .query = query,
				      .headers = vanilla_headers,
				      .header_count = 2,
				      .payload_hash = STR(EMPTY_HASH)};
}

static void test_sigv4_signs_get_vanilla_as_published(void **state)
{
	(void)state;
	struct sigv4_signer signer = signer_for(STR("us-east-1"), STR("service"));
	struct sigv4_request request = vanilla(STR("/"), STR(""));

	struct str canonical = sigv4_canonical_request(&arena, &request);
	assert_str(canonical,
		   "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
		   "host;x-amz-date\n" EMPTY_HASH);
	assert_str(sigv4_string_to_sign(&arena, amz_date, &signer.scope, canonical),
		   "AWS4-HMAC-SHA256\n20150830T123600Z\n"
		   "20150830/us-east-1/service/aws4_request\n"
		   "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
	assert_str(sigv4_authorization(&arena, &signer, amz_date, &request),
		   "AWS4-HMAC-SHA256 "
		   "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
		   "SignedHeaders=host;x-amz-date, Signature="
		   "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

static void test_sigv4_signs_a_json_call_as_botocore(void **state)
{
	(void)state;
	static const struct sigv4_header headers[] = {
		{STR_INIT("Host"), STR_INIT("127.0.0.1:4566")},
		{STR_INIT("Content-Type"), STR_INIT("application/x-amz-json-1.0")},
		{STR_INIT("X-Amz-Date"), STR_INIT("20150830T123600Z")},
		{STR_INIT("X-Amz-Target"), STR_INIT("AmazonSQS.SendMessage")},
		{STR_INIT("x-amzn-query-mode"), STR_INIT("true")},
		{STR_INIT("X-Amz-Security-Token"), STR_INIT("a/token==")},
	};
	struct sigv4_signer signer = signer_for(STR("eu-central-1"), STR("sqs"));
	char hash[SIGV4_SIGNATURE_SIZE];

	sigv4_payload_hash(STR("{\"QueueUrl\":\"q\",\"MessageBody\":\"hi\"}"), hash);
	struct sigv4_request request = {.method = STR("POST"),
					.path = STR("/"),
					.headers = headers,
					.header_count = 6,
					.payload_hash = str_of(hash, sizeof(hash))};
	assert_str(sigv4_authorization(&arena, &signer, amz_date, &request),
		   "AWS4-HMAC-SHA256 "
		   "Credential=AKIDEXAMPLE/20150830/eu-central-1/sqs/aws4_request, "
		   "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target;"
		   "x-amzn-query-mode, Signature="
		   "d5cac8203c17acc2030de02a3711ad479ae41ad3993076eff8ef128b55904707");
}

static struct str canonical_line(const struct sigv4_request *request, int line)
{
	struct str rest = sigv4_canonical_request(&arena, request);
	struct str text = str_cut(&rest, '\n');

	while (line-- > 0)
		text = str_cut(&rest, '\n');
	return text;
}

static void test_sigv4_normalises_the_path_and_encodes_it_again(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"", "/"},
		{"/", "/"},
		{"//", "/"},
		{"/./", "/"},
		{"/a/../", "/"},
		{"/a/../..", "/"},
		{"/../../a", "/a"},
		{"/./a", "/a"},
		{"/a/b/../c", "/a/c"},
		{"/a/b/../../c/", "/c/"},
		{"/a//b/", "/a/b/"},
		{"/a/.", "/a"},
		{"/a/./", "/a/"},
		{"/a/b/..", "/a"},
		{"/a%20b", "/a%2520b"},
		{"/a/%c3%a9", "/a/%25c3%25a9"},
		{"/123456789012/my-queue.fifo", "/123456789012/my-queue.fifo"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sigv4_request request = vanilla(str_from(cases[i][0]), STR(""));
		assert_str(canonical_line(&request, 1), cases[i][1]);
	}
}

static void test_sigv4_keeps_a_literal_path(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"/a//b/../c", "/a//b/../c"},
		{"/a%20b(1)", "/a%20b%281%29"},
		{"/a%2fb", "/a%2Fb"},
		{"/100%", "/100%25"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sigv4_request request = vanilla(str_from(cases[i][0]), STR(""));
		request.is_path_literal = true;
		assert_str(canonical_line(&request, 1), cases[i][1]);
	}
}

static void test_sigv4_sorts_and_encodes_the_query(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"b=2&a=z&a=%C3%A9&a-b=1&empty=", "a=%C3%A9&a=z&a-b=1&b=2&empty="},
		{"flag", "flag="},
		{"a=x+y&b=x%20y", "a=x%20y&b=x%20y"},
		{"a=1=2", "a=1%3D2"},
		{"&a=1&&", "a=1"},
		{"a=%7e%2d", "a=~-"},
		{"X-Amz-Date=d&X-Amz-Signature=abc&X-Amz-Expires=5",
		 "X-Amz-Date=d&X-Amz-Expires=5"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sigv4_request request = vanilla(STR("/"), str_from(cases[i][0]));
		assert_str(canonical_line(&request, 2), cases[i][1]);
	}
}

static void test_sigv4_trims_values_and_joins_headers_of_one_name(void **state)
{
	(void)state;
	static const struct sigv4_header headers[] = {
		{STR_INIT("zeta"), STR_INIT("last")},
		{STR_INIT("My-Header"), STR_INIT("  a   b \t c  ")},
		{STR_INIT("my-header"), STR_INIT("d")},
		{STR_INIT("Host"), STR_INIT("h")},
		{STR_INIT("empty"), STR_INIT("  ")},
	};
	struct sigv4_request request = {.method = STR("GET"),
					.headers = headers,
					.header_count = 5,
					.payload_hash = STR("UNSIGNED-PAYLOAD")};

	assert_str(sigv4_canonical_request(&arena, &request),
		   "GET\n/\n\nempty:\nhost:h\nmy-header:a b c,d\nzeta:last\n\n"
		   "empty;host;my-header;zeta\nUNSIGNED-PAYLOAD");
	assert_str(sigv4_signed_headers(&arena, &request), "empty;host;my-header;zeta");
}

static void test_sigv4_key_depends_on_every_part_of_the_scope(void **state)
{
	(void)state;
	const struct sigv4_scope scopes[] = {
		{STR("20150830"), STR("us-east-1"), STR("sqs")},
		{STR("20150831"), STR("us-east-1"), STR("sqs")},
		{STR("20150830"), STR("us-east-2"), STR("sqs")},
		{STR("20150830"), STR("us-east-1"), STR("sns")},
	};
	struct sigv4_key first, other;

	sigv4_key_derive(STR(SECRET), &scopes[0], &first);
	for (size_t i = 1; i < 4; i++) {
		sigv4_key_derive(STR(SECRET), &scopes[i], &other);
		assert_memory_not_equal(&first, &other, sizeof(first));
	}
	sigv4_key_derive(STR("another"), &scopes[0], &other);
	assert_memory_not_equal(&first, &other, sizeof(first));
}
