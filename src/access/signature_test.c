/* SPDX-License-Identifier: MIT */
/* Requests are signed with wire/sigv4, changed in one place, and verified. */
#include <stdio.h>
#include <string.h>
#include <time.h>

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

/* Signs the fixture's request: all headers before Authorization. */
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

static void test_a_signed_request_identifies_its_principal(void **state)
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

static void test_missing_parameters_are_named(void **state)
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

static void test_an_invalid_date_is_refused(void **state)
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

static void test_a_presigned_request_is_valid_until_it_expires(void **state)
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

static void test_the_expiry_of_a_presigned_request_is_bounded(void **state)
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

/* ---- cost of an unsigned request ---- */

enum { MANY = 90, NAME_SIZE = 150 };

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The least of several measurements, since others use the processor too. */
static int64_t cost_of(struct fixture *f)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < 9; i++) {
		int64_t begin_ns = cpu_ns();
		assert_int_equal(verify(f), ERR_FAULT);
		int64_t took_ns = cpu_ns() - begin_ns;
		least = took_ns < least ? took_ns : least;
	}
	return least;
}

static struct str claim_of(struct str names)
{
	return arena_format(
		&arena,
		"AWS4-HMAC-SHA256 Credential=" KEY_ID
		"/20261125/eu-west-1/sqs/aws4_request, SignedHeaders=%.*s, "
		"Signature=0000000000000000000000000000000000000000000000000000000000000000",
		STR_ARG(names));
}

/* Adds headers whose long names differ at the end only, in the wrong order, all of them signed. */
static struct str add_long_names(struct fixture *f)
{
	struct http_header *headers = arena_array(&arena, struct http_header, HEADERS + MANY);
	struct buf names = {0};
	char text[NAME_SIZE + 1];

	memcpy(headers, f->headers, sizeof(f->headers));
	buf_append(&names, STR("host;x-amz-date;x-amz-target"));
	memset(text, 'x', NAME_SIZE);
	for (int i = 0; i < MANY; i++) {
		snprintf(text + NAME_SIZE - 2, 3, "%02d", MANY - 1 - i);
		headers[HEADERS + i] =
			(struct http_header){arena_copy(&arena, str_of(text, NAME_SIZE)), STR("v")};
		buf_append_char(&names, ';');
		buf_append(&names, str_of(text, NAME_SIZE));
	}
	f->http.headers = headers;
	f->http.header_count = HEADERS + MANY;
	struct str copy = arena_copy(&arena, buf_str(&names));
	buf_done(&names);
	return copy;
}

/* Of a request with as many bytes, in one value. */
static int64_t usual_cost(struct fixture *f)
{
	struct str before = f->headers[3].value;
	char *value = arena_bytes(&arena, 28000);

	memset(value, 'v', 28000);
	f->headers[3].value = str_of(value, 28000);
	set_authorization(f, claim_of(STR("host;x-amz-date;x-amz-target;content-type")));
	int64_t cost_ns = cost_of(f);
	assert_ptr_equal(f->fault, &access_faults[ACCESS_WRONG_SIGNATURE]);
	f->headers[3].value = before;
	return cost_ns;
}

static void test_wrong_signatures_are_cheap(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	int64_t usual_ns = usual_cost(&f);
	set_authorization(&f, claim_of(add_long_names(&f)));
	int64_t long_ns = cost_of(&f);
	assert_refused(&f, ACCESS_WRONG_SIGNATURE, "does not match");
	/* Thousands of names, each searched for in all headers. */
	struct buf names = {0};
	buf_append(&names, STR("host;x-amz-date;x-amz-target"));
	while (names.size < 14000)
		buf_append(&names, STR(";a"));
	for (size_t i = HEADERS; i < f.http.header_count; i++)
		((struct http_header *)(uintptr_t)f.http.headers)[i].name = STR("b");
	set_authorization(&f, claim_of(buf_str(&names)));
	int64_t many_ns = cost_of(&f);
	buf_done(&names);
	assert_true(long_ns < 10 * usual_ns);
	assert_true(many_ns < 10 * usual_ns);
	done(&f);
}

static void test_more_signed_names_than_headers_are_refused(void **state)
{
	struct buf names = {0};
	struct fixture f;

	(void)state;
	init(&f);
	buf_append(&names, STR("host;x-amz-date;x-amz-target"));
	for (int i = 3; i < LIMIT_HTTP_HEADERS; i++)
		buf_append(&names, STR(";a"));
	set_authorization(&f, claim_of(buf_str(&names)));
	assert_refused(&f, ACCESS_WRONG_SIGNATURE, "does not match");
	buf_append(&names, STR(";a"));
	set_authorization(&f, claim_of(buf_str(&names)));
	assert_refused(&f, ACCESS_INCOMPLETE_SIGNATURE, "SignedHeaders names more than 100");
	buf_done(&names);
	done(&f);
}
