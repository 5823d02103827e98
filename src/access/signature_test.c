/* SPDX-License-Identifier: MIT */
/* Requests are signed with wire/sigv4, changed in one place, and verified. */
#include <string.h>

#include "access/directory.h"
#include "access/keys.h"
#include "access/signature.h"
#include "base/fixture.h"

#define KEY_ID "AKIATERNTERNTERNTERN"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define DATE "20261125T120000Z"
#define NOW_MS INT64_C(1795608000000) /* DATE */

enum { HEADERS = 5, AUTHORIZATION = 4 };

struct fixture {
	struct directory *directory;
	struct signature_cache cache;
	struct http_header headers[HEADERS];
	struct http_request http;
	struct str body;
	struct str service;
	int64_t now_ms;
	/* out */
	struct signature signature;
	const struct fault_type *fault;
	struct str problem;
};

static void set_authorization(struct fixture *f, struct str value)
{
	f->headers[AUTHORIZATION] = (struct http_header){STR("Authorization"), value};
	f->http.fields[HTTP_FIELD_AUTHORIZATION] = value;
}

/* Signs what the fixture holds: all headers before Authorization. */
static struct str authorization(struct fixture *f, const char *secret, struct sigv4_scope scope)
{
	struct sigv4_header headers[AUTHORIZATION];
	struct sigv4_signer signer = {.access_key = STR(KEY_ID), .scope = scope};
	char hash[SIGV4_SIGNATURE_SIZE];

	for (int i = 0; i < AUTHORIZATION; i++)
		headers[i] = (struct sigv4_header){f->headers[i].name, f->headers[i].value};
	sigv4_payload_hash(f->body, hash);
	sigv4_key_derive(str_from(secret), &scope, &signer.key);
	struct sigv4_request request = {.method = f->http.method_text,
					.path = STR("/"),
					.query = STR("a=b"),
					.headers = headers,
					.header_count = AUTHORIZATION,
					.payload_hash = str_of(hash, sizeof(hash))};
	return sigv4_authorization(&arena, &signer, STR(DATE), &request);
}

static const struct sigv4_scope scope = {STR_INIT("20261125"), STR_INIT("eu-west-1"),
					 STR_INIT("sqs")};

static void init(struct fixture *f)
{
	static const struct directory_key key = {
		.id = STR_INIT(KEY_ID), .secret = STR_INIT(SECRET), .is_active = true};
	static const struct directory_entity account = {.kind = DIRECTORY_ACCOUNT,
							.account = STR_INIT("111122223333"),
							.name = STR_INIT("111122223333"),
							.id = STR_INIT("111122223333"),
							.keys = &key,
							.key_count = 1};

	memset(f, 0, sizeof(*f));
	f->directory = directory_new(false);
	directory_put(f->directory, &account);
	f->headers[0] = (struct http_header){STR("Host"), STR("127.0.0.1:4566")};
	f->headers[1] = (struct http_header){STR("X-Amz-Date"), STR(DATE)};
	f->headers[2] = (struct http_header){STR("X-Amz-Target"), STR("AmazonSQS.ListQueues")};
	f->headers[3] =
		(struct http_header){STR("Content-Type"), STR("application/x-amz-json-1.0")};
	f->http.method_text = STR("POST");
	f->http.target = STR("/?a=b");
	f->http.headers = f->headers;
	f->http.header_count = HEADERS;
	f->body = STR("{}");
	f->service = STR("sqs");
	f->now_ms = NOW_MS;
	set_authorization(f, authorization(f, SECRET, scope));
}

static void done(struct fixture *f)
{
	principal_release(f->signature.principal);
	directory_free(&f->directory);
}

static enum err verify(struct fixture *f)
{
	struct signature_request request = {
		.http = &f->http, .body = f->body, .service = f->service, .now_ms = f->now_ms};

	struct signer_source signers = directory_signers(f->directory);

	principal_release(f->signature.principal);
	f->signature.principal = NULL;
	return signature_verify(&arena, &signers, &f->cache, &request, &f->signature, &f->fault,
				&f->problem);
}

static void assert_refused(struct fixture *f, enum access_fault fault, const char *text)
{
	assert_int_equal(verify(f), ERR_FAULT);
	assert_ptr_equal(f->fault, &access_faults[fault]);
	if (str_find(f->problem, str_from(text), 0) == SIZE_MAX)
		fail_msg("\"%.*s\" does not hold \"%s\"", STR_ARG(f->problem), text);
}

static void test_a_signed_request_tells_who_signed(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	for (int i = 0; i < 2; i++) { /* the second time from the cache */
		assert_int_equal(verify(&f), ERR_OK);
		assert_true(str_equal(f.signature.principal->account, STR("111122223333")));
		assert_true(str_equal(f.signature.region, STR("eu-west-1")));
	}
	f.service = (struct str){0};
	assert_int_equal(verify(&f), ERR_OK);
	done(&f);
}

static void test_whatever_is_changed_on_the_way_is_noticed(void **state)
{
	static const char mismatch[] = "does not match the signature you provided";
	struct fixture f;

	(void)state;
	init(&f);
	f.body = STR("{ }");
	assert_refused(&f, ACCESS_WRONG_SIGNATURE, mismatch);
	f.body = STR("{}");
	f.headers[2].value = STR("AmazonSQS.PurgeQueue");
	assert_refused(&f, ACCESS_WRONG_SIGNATURE, mismatch);
	f.headers[2].value = STR("AmazonSQS.ListQueues");
	f.http.target = STR("/?a=c");
	assert_refused(&f, ACCESS_WRONG_SIGNATURE, mismatch);
	f.http.target = STR("/x?a=b");
	assert_refused(&f, ACCESS_WRONG_SIGNATURE, mismatch);
	f.http.target = STR("/?a=b");
	f.http.method_text = STR("PUT");
	assert_refused(&f, ACCESS_WRONG_SIGNATURE, mismatch);
	f.http.method_text = STR("POST");
	assert_int_equal(verify(&f), ERR_OK);
	done(&f);
}

static void test_another_secret_is_refused_beside_a_cached_key(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	assert_int_equal(verify(&f), ERR_OK);
	set_authorization(&f, authorization(&f, "another", scope));
	assert_refused(&f, ACCESS_WRONG_SIGNATURE, "does not match");
	done(&f);
}

static void test_an_unknown_key_or_a_session_token_is_refused(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	f.headers[3] = (struct http_header){STR("X-Amz-Security-Token"), STR("token")};
	assert_refused(&f, ACCESS_UNKNOWN_KEY, "security token included in the request is invalid");
	directory_remove(f.directory, STR("111122223333"));
	assert_refused(&f, ACCESS_UNKNOWN_KEY, "security token included in the request is invalid");
	done(&f);
}

static void test_time_may_differ_by_five_minutes(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	f.now_ms = NOW_MS + 300000;
	assert_int_equal(verify(&f), ERR_OK);
	f.now_ms = NOW_MS - 300000;
	assert_int_equal(verify(&f), ERR_OK);
	f.now_ms = NOW_MS + 300001;
	assert_refused(&f, ACCESS_WRONG_SIGNATURE,
		       "Signature expired: 20261125T120000Z is now earlier than "
		       "20261125T120000Z (20261125T120500Z - 5 min.)");
	f.now_ms = NOW_MS - 301000;
	assert_refused(&f, ACCESS_WRONG_SIGNATURE,
		       "Signature not yet current: 20261125T120000Z is still later than "
		       "20261125T115959Z (20261125T115459Z + 5 min.)");
	done(&f);
}

static void test_the_scope_must_be_right(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	f.service = STR("sns");
	assert_refused(&f, ACCESS_WRONG_SIGNATURE, "scoped to correct service: 'sns'.");
	f.service = STR("sqs");
	struct sigv4_scope other = scope;
	other.date = STR("20261124");
	set_authorization(&f, authorization(&f, SECRET, other));
	assert_refused(&f, ACCESS_WRONG_SIGNATURE, "'20261124' != '20261125'");
	other = scope;
	other.region = STR("");
	set_authorization(&f, authorization(&f, SECRET, other));
	assert_refused(&f, ACCESS_WRONG_SIGNATURE, "scoped to a valid region");
	done(&f);
}

static void test_host_and_amz_headers_must_be_signed(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	f.headers[3].name = STR("X-Amz-Extra");
	assert_refused(&f, ACCESS_WRONG_SIGNATURE, "not signed: X-Amz-Extra");
	f.headers[3].name = STR("Content-Type");
	set_authorization(&f, STR("AWS4-HMAC-SHA256 Credential=" KEY_ID
				  "/20261125/eu-west-1/sqs/aws4_request, "
				  "SignedHeaders=x-amz-date;x-amz-target, Signature=00"));
	assert_refused(&f, ACCESS_WRONG_SIGNATURE, "'Host' must be a 'SignedHeader'");
	done(&f);
}

static void test_what_is_missing_is_named(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	set_authorization(&f, STR("AWS4-HMAC-SHA256 Signature=00"));
	assert_refused(&f, ACCESS_INCOMPLETE_SIGNATURE, "requires 'Credential' parameter.");
	assert_refused(&f, ACCESS_INCOMPLETE_SIGNATURE, "requires 'SignedHeaders' parameter.");
	set_authorization(&f, STR("AWS4-HMAC-SHA256"));
	assert_refused(&f, ACCESS_INCOMPLETE_SIGNATURE, "requires 'Signature' parameter.");
	set_authorization(&f, STR("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, "
				  "Signature=00"));
	assert_refused(&f, ACCESS_INCOMPLETE_SIGNATURE, "exactly 5 slash-delimited elements");
	set_authorization(&f, STR("Bearer x"));
	assert_refused(&f, ACCESS_INCOMPLETE_SIGNATURE, "Unsupported AWS 'algorithm': 'Bearer'");
	set_authorization(&f, (struct str){0});
	assert_refused(&f, ACCESS_MISSING_TOKEN, "missing Authentication Token");
	set_authorization(&f, authorization(&f, SECRET, scope));
	f.headers[1].name = STR("X-Other");
	assert_refused(&f, ACCESS_INCOMPLETE_SIGNATURE, "'X-Amz-Date' or a 'Date' header");
	done(&f);
}

static void test_a_date_that_is_none_is_refused(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	f.headers[1].value = STR("20261125T126");
	assert_refused(&f, ACCESS_INCOMPLETE_SIGNATURE, "Date must be in ISO-8601");
	done(&f);
}

/* A GET with everything in the query string; `expires` as text. */
static void presign(struct fixture *f, const char *expires)
{
	struct sigv4_header host = {STR("Host"), STR("127.0.0.1:4566")};
	char hash[SIGV4_SIGNATURE_SIZE], signature[SIGV4_SIGNATURE_SIZE];
	struct sigv4_key key;

	f->body = STR("");
	f->http.method_text = STR("GET");
	f->http.header_count = 1;
	set_authorization(f, (struct str){0});
	struct str query = arena_format(
		&arena,
		"Action=ListQueues&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" KEY_ID
		"%%2F20261125%%2Feu-west-1%%2Fsqs%%2Faws4_request&X-Amz-Date=" DATE
		"&X-Amz-Expires=%s&X-Amz-SignedHeaders=host",
		expires);
	sigv4_payload_hash(f->body, hash);
	sigv4_key_derive(STR(SECRET), &scope, &key);
	struct sigv4_request request = {.method = STR("GET"),
					.path = STR("/"),
					.query = query,
					.headers = &host,
					.header_count = 1,
					.payload_hash = str_of(hash, sizeof(hash))};
	sigv4_sign(&key,
		   sigv4_string_to_sign(&arena, STR(DATE), &scope,
					sigv4_canonical_request(&arena, &request)),
		   signature);
	f->http.target = arena_format(&arena, "/?%.*s&X-Amz-Signature=%.*s", STR_ARG(query),
				      SIGV4_SIGNATURE_SIZE, signature);
}

static void test_a_presigned_request_holds_as_long_as_it_says(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	presign(&f, "600");
	assert_int_equal(verify(&f), ERR_OK);
	f.now_ms = NOW_MS + 600000;
	assert_int_equal(verify(&f), ERR_OK);
	f.now_ms = NOW_MS + 600001;
	assert_refused(&f, ACCESS_WRONG_SIGNATURE, "Signature expired");
	done(&f);
}

static void test_a_presigned_request_says_how_long_within_bounds(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	presign(&f, "604800");
	assert_int_equal(verify(&f), ERR_OK);
	for (int i = 0; i < 3; i++) {
		static const char *const wrong[] = {"0", "604801", "x"};
		presign(&f, wrong[i]);
		assert_refused(&f, ACCESS_INCOMPLETE_SIGNATURE, "X-Amz-Expires");
	}
	done(&f);
}

static void test_a_presigned_request_that_lacks_a_part_names_it(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	presign(&f, "600");
	f.http.target = STR("/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x");
	assert_refused(&f, ACCESS_INCOMPLETE_SIGNATURE, "'X-Amz-Signature'");
	f.http.target = STR("/?X-Amz-Algorithm=AWS4-ECDSA");
	assert_refused(&f, ACCESS_INCOMPLETE_SIGNATURE, "'algorithm'");
	done(&f);
}

static void test_made_keys_differ_and_have_their_form(void **state)
{
	char ids[2][ACCESS_KEY_ID_SIZE], secrets[2][ACCESS_KEY_SECRET_SIZE];

	(void)state;
	for (int i = 0; i < 2; i++)
		keys_generate(ids[i], secrets[i]);
	assert_memory_equal(ids[0], "AKIA", 4);
	assert_memory_not_equal(ids[0], ids[1], ACCESS_KEY_ID_SIZE);
	assert_memory_not_equal(secrets[0], secrets[1], ACCESS_KEY_SECRET_SIZE);
}
