/* SPDX-License-Identifier: MIT */
/*
 * The canonical request of a template is computed once with stand-ins for date and payload hash;
 * their places are found again by searching. So a fresh signature costs the hash of the body, two
 * short hashes and one HMAC, and no sorting or escaping.
 */
#include "bench_request.h"

#include <string.h>

#define DATE_SIZE 16	   /* 20261124T000000Z */
#define SCOPE_DATE_SIZE 8  /* 20261124 */
#define INVOCATION_SIZE 12 /* the last group of a UUID */

static const char stand_in_date[] = "99991231T235959Z";
static const char stand_in_hash[] =
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static const char *const action_names[] = {
	[BENCH_SEND] = "send",
	[BENCH_RECEIVE] = "receive",
	[BENCH_DELETE] = "delete",
	[BENCH_CREATE_QUEUE] = "create_queue",
	[BENCH_DELETE_QUEUE] = "delete_queue",
};

const char *bench_action_text(enum bench_action action)
{
	return action_names[action];
}

/* Headers of boto3 1.42, as botocore sends and signs them. */
static size_t signed_headers(const struct bench_options *options, struct str target,
			     struct sigv4_header *out)
{
	size_t count = 0;

	out[count++] = (struct sigv4_header){STR("Host"), str_from(options->endpoint.authority)};
	if (options->is_query) {
		out[count++] = (struct sigv4_header){
			STR("Content-Type"),
			options->content_type
				? str_from(options->content_type)
				: STR("application/x-www-form-urlencoded; charset=utf-8")};
	} else {
		out[count++] = (struct sigv4_header){STR("X-Amz-Target"), target};
		out[count++] = (struct sigv4_header){
			STR("Content-Type"),
			str_from(options->content_type ? options->content_type
						       : "application/x-amz-json-1.0")};
		out[count++] = (struct sigv4_header){STR("x-amzn-query-mode"), STR("true")};
	}
	if (options->signing == BENCH_SIGN_NONE)
		return count;
	out[count++] = (struct sigv4_header){STR("X-Amz-Date"), STR(stand_in_date)};
	if (options->session_token)
		out[count++] = (struct sigv4_header){STR("X-Amz-Security-Token"),
						     str_from(options->session_token)};
	return count;
}

static void authorization_add(struct bench_head *head, const struct bench_options *options,
			      struct arena *arena, const struct sigv4_request *request)
{
	struct str canonical = sigv4_canonical_request(arena, request);

	buf_append(&head->canonical, canonical);
	head->canonical_date_at = str_find(canonical, STR(stand_in_date), 0);
	head->canonical_hash_at = str_find(canonical, STR(stand_in_hash), 0);
	check(head->canonical_date_at != SIZE_MAX);
	check(head->canonical_hash_at != SIZE_MAX);
	buf_format(&head->bytes, "Authorization: AWS4-HMAC-SHA256 Credential=%s/",
		   options->access_key);
	head->scope_date_at = head->bytes.size;
	struct str names = sigv4_signed_headers(arena, request);
	buf_format(&head->bytes,
		   "%.8s/%s/%s/aws4_request, SignedHeaders=%.*s, Signature=", stand_in_date,
		   options->region, options->service, STR_ARG(names));
	head->signature_at = head->bytes.size;
	buf_format(&head->bytes, "%s\r\n", stand_in_hash);
}

void bench_head_init(struct bench_head *head, const struct bench_options *options,
		     struct str operation, struct str path)
{
	struct arena arena;
	struct sigv4_header headers[8];

	*head = (struct bench_head){0};
	arena_init(&arena);
	struct str target = options->target
				    ? str_from(options->target)
				    : arena_format(&arena, "AmazonSQS.%.*s", STR_ARG(operation));
	const struct sigv4_request request = {
		.method = STR("POST"),
		.path = path,
		.headers = headers,
		.header_count = signed_headers(options, target, headers),
		.payload_hash = STR(stand_in_hash),
	};
	buf_format(&head->bytes, "POST %.*s HTTP/1.1\r\n", STR_ARG(path));
	for (size_t i = 0; i < request.header_count; i++) {
		buf_format(&head->bytes, "%.*s: ", STR_ARG(headers[i].name));
		if (str_equal(headers[i].name, STR("X-Amz-Date")))
			head->date_at = head->bytes.size;
		buf_format(&head->bytes, "%.*s\r\n", STR_ARG(headers[i].value));
	}
	buf_append(&head->bytes,
		   STR("Accept-Encoding: identity\r\n"
		       "User-Agent: Boto3/1.42.0 md/Botocore#1.42.0 ua/2.1 os/linux#6.1 "
		       "md/arch#x86_64 lang/python#3.11.2 md/pyimpl#CPython m/Z,b "
		       "cfg/retry-mode#standard Botocore/1.42.0\r\n"));
	if (options->signing != BENCH_SIGN_NONE)
		authorization_add(head, options, &arena, &request);
	buf_append(&head->bytes, STR("amz-sdk-invocation-id: 7c9d2a10-5b1e-4c57-9d0c-"));
	head->invocation_at = head->bytes.size;
	buf_append(&head->bytes, STR("000000000000\r\n"
				     "amz-sdk-request: attempt=1\r\n"
				     "Content-Length: "));
	arena_done(&arena);
}

void bench_head_done(struct bench_head *head)
{
	buf_done(&head->bytes);
	buf_done(&head->canonical);
}

void bench_signer_init(struct bench_signer *signer, const struct bench_options *options)
{
	*signer = (struct bench_signer){.options = options};
	arena_init(&signer->arena);
}

void bench_signer_done(struct bench_signer *signer)
{
	arena_done(&signer->arena);
}

void bench_body_slot(struct bench_body *body, enum bench_slot_kind kind)
{
	check(body->slot_count < BENCH_SLOTS_MAX);
	body->slots[body->slot_count++] = (struct bench_slot){body->bytes.size, kind};
	buf_append(&body->bytes, STR("0000000000000000"));
}

void bench_body_done(struct bench_body *body)
{
	buf_done(&body->bytes);
}

static void hex_write(char *out, size_t digits, uint64_t value)
{
	for (size_t i = digits; i > 0; i--) {
		out[i - 1] = "0123456789abcdef"[value & 15];
		value >>= 4;
	}
}

static struct sigv4_scope signer_scope(const struct bench_signer *signer)
{
	return (struct sigv4_scope){
		.date = str_of(signer->amz_date, SCOPE_DATE_SIZE),
		.region = str_from(signer->options->region),
		.service = str_from(signer->options->service),
	};
}

/* The text of the date changes once a second, the key once a day. */
static void signer_refresh(struct bench_signer *signer)
{
	int64_t now_ms = clock_now_ms();

	if (now_ms / 1000 == signer->second)
		return;
	signer->second = now_ms / 1000;
	check(clock_format_amz(now_ms, signer->amz_date) == DATE_SIZE);
	if (memcmp(signer->key_date, signer->amz_date, SCOPE_DATE_SIZE) == 0)
		return;
	memcpy(signer->key_date, signer->amz_date, SCOPE_DATE_SIZE);
	struct sigv4_scope scope = signer_scope(signer);
	sigv4_key_derive(str_from(signer->options->secret_key), &scope, &signer->key);
}

/* `bytes` is the head in place, `body` what follows it. */
static void request_sign(struct bench_signer *signer, const struct bench_head *head, char *bytes,
			 struct str body)
{
	if (signer->options->signing == BENCH_SIGN_EACH || !signer->has_signed) {
		signer_refresh(signer);
		memcpy(head->canonical.data + head->canonical_date_at, signer->amz_date, DATE_SIZE);
		sigv4_payload_hash(body, head->canonical.data + head->canonical_hash_at);
		struct sigv4_scope scope = signer_scope(signer);
		struct str text =
			sigv4_string_to_sign(&signer->arena, str_of(signer->amz_date, DATE_SIZE),
					     &scope, buf_str(&head->canonical));
		sigv4_sign(&signer->key, text, signer->signature);
		arena_reset(&signer->arena);
		signer->has_signed = true;
	}
	memcpy(bytes + head->date_at, signer->amz_date, DATE_SIZE);
	memcpy(bytes + head->scope_date_at, signer->amz_date, SCOPE_DATE_SIZE);
	memcpy(bytes + head->signature_at, signer->signature, SIGV4_SIGNATURE_SIZE);
}

void bench_request_write(struct bench_signer *signer, const struct bench_head *head,
			 const struct bench_body *body, uint64_t first_sequence, int64_t now_ns,
			 struct buf *out)
{
	size_t head_at = out->size;
	uint64_t sequence = first_sequence;

	buf_append(out, buf_str(&head->bytes));
	buf_append_u64(out, body->bytes.size);
	buf_append(out, STR("\r\n\r\n"));
	size_t body_at = out->size;
	buf_append(out, buf_str(&body->bytes));
	for (size_t i = 0; i < body->slot_count; i++) {
		uint64_t value = (uint64_t)now_ns;
		if (body->slots[i].kind == BENCH_SLOT_SEQUENCE)
			value = sequence++;
		else if (body->slots[i].kind == BENCH_SLOT_GROUP)
			value = first_sequence / signer->options->batch % BENCH_GROUPS;
		hex_write(out->data + body_at + body->slots[i].at, BENCH_STAMP_SIZE, value);
	}
	hex_write(out->data + head_at + head->invocation_at, INVOCATION_SIZE,
		  signer->invocations++);
	if (signer->options->signing != BENCH_SIGN_NONE)
		request_sign(signer, head, out->data + head_at,
			     str_of(out->data + body_at, body->bytes.size));
}
