/* SPDX-License-Identifier: MIT */
/*
 * call: the request is encoded before the memory of the last answer is given up, so a request may
 * be made of what the last answer said. wire/client knows the protocols.
 */
#include "client/call.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "api/sts.h"
#include "base/sleep.h"
#include "client/credentials.h"
#include "client/session_private.h"
#include "client/transport.h"
#include "wire/client.h"
#include "wire/rest.h"
#include "wire/sigv4.h"

enum { SKEW_MS_LEAST = 240000 /* AWS allows five minutes */ };

struct tern_call {
	struct tern_session *session;
	struct transport *transport;
	struct arena arena;   /* of one attempt: its answer and its fault */
	struct arena request; /* of one call: the headers of its request */
	struct buf body;      /* of the request */
	struct tern_fault fault;
	int64_t skew_ms; /* what must be added to our clock to have the service's */
	struct prng prng;
	/* The key of `date` and `service`. */
	char date[8];
	const struct service *service;
	struct sigv4_signer signer;
	const struct tern_credentials *credentials; /* the signer's */
};

/* A request, the same in every attempt. */
struct order {
	const struct service *service;
	struct str method;
	const struct http_header *headers; /* without Host and what signs */
	size_t header_count;
	struct str host_prefix; /* before AWS's own host */
	struct str path;	/* with the query, behind the endpoint's own */
	struct str body;
	bool is_once; /* never tried again */
};

/* ---- credentials ---- */

static enum err assume_role(struct tern_session *source, const struct assumed_role *role,
			    struct arena *arena, struct tern_credentials *out,
			    int64_t *out_expires_ms, char *problem)
{
	const struct sts_assume_role_in in = {
		.role_arn = role->arn,
		.role_session_name = role->session_name,
		.external_id = role->external_id.size > 0 ? role->external_id : (struct str){0},
		.duration_seconds = role->duration_s,
		.has_duration_seconds = role->duration_s > 0,
	};
	struct tern_call *call = tern_call_new(source);
	struct sts_assume_role_out answer;

	enum err err = tern_call_run(call, &sts_operations[STS_ASSUME_ROLE], &in, &answer);
	if (!err && answer.credentials) {
		*out = (struct tern_credentials){
			arena_copy(arena, answer.credentials->access_key_id),
			arena_copy(arena, answer.credentials->secret_access_key),
			arena_copy(arena, answer.credentials->session_token)};
		*out_expires_ms = answer.credentials->expiration;
	} else {
		err = session_refuse(problem, err == ERR_CLOSED ? ERR_CLOSED : ERR_INVALID,
				     "the role %.*s cannot be assumed: %.*s", STR_ARG(role->arn),
				     STR_ARG(tern_call_fault(call)->message));
	}
	tern_call_free(&call);
	return err;
}

enum err tern_session_credentials(struct tern_session *session,
				  const struct tern_credentials **out_credentials, char *problem)
{
	return credentials_get(session, assume_role, out_credentials, problem);
}

/* ---- calls ---- */

struct tern_call *tern_call_new(struct tern_session *session)
{
	struct tern_call *call = heap_alloc(sizeof(*call));
	uint64_t seed;

	random_bytes(&seed, sizeof(seed));
	prng_init(&call->prng, seed);
	call->session = session;
	call->transport = transport_new(session);
	arena_init(&call->arena);
	arena_init(&call->request);
	return call;
}

void tern_call_free(struct tern_call **call)
{
	if (!*call)
		return;
	transport_free(&(*call)->transport);
	arena_done(&(*call)->arena);
	arena_done(&(*call)->request);
	buf_done(&(*call)->body);
	heap_free(*call);
	*call = NULL;
}

const struct tern_fault *tern_call_fault(const struct tern_call *call)
{
	return &call->fault;
}

/* ---- one attempt ---- */

static enum err refresh_key(struct tern_call *call, const struct service *service,
			    const char *amz_date, struct str *out_problem)
{
	char *problem = arena_bytes(&call->arena, TERN_PROBLEM_SIZE);
	const struct tern_credentials *credentials;

	enum err err = tern_session_credentials(call->session, &credentials, problem);
	if (err) {
		*out_problem = str_from(problem);
		return err;
	}
	if (call->service == service && call->credentials == credentials &&
	    memcmp(call->date, amz_date, sizeof(call->date)) == 0)
		return ERR_OK;
	memcpy(call->date, amz_date, sizeof(call->date));
	call->service = service;
	call->credentials = credentials;
	call->signer.access_key = credentials->access_key_id;
	call->signer.scope = (struct sigv4_scope){str_of(call->date, sizeof(call->date)),
						  session_region_of(call->session, service),
						  service_signing_name(service)};
	sigv4_key_derive(credentials->secret_access_key, &call->signer.scope, &call->signer.key);
	return ERR_OK;
}

/* "http://host:80/base" in pieces. */
struct endpoint {
	struct str url, host, path;
};

static struct endpoint split_endpoint(struct str url)
{
	struct endpoint endpoint = {.url = url};
	size_t start = str_find(url, STR("://"), 0);

	endpoint.host = start == SIZE_MAX ? url : str_slice(url, start + 3, url.size);
	size_t slash = str_find_char(endpoint.host, '/', 0);
	if (slash != SIZE_MAX) {
		endpoint.path = str_slice(endpoint.host, slash, url.size);
		endpoint.host = str_slice(endpoint.host, 0, slash);
	}
	return endpoint;
}

/* S3 has the hash of the body in a header, and its paths are signed as they are sent. */
static bool is_s3(const struct order *order)
{
	return order->service->rest == REST_XML_BARE;
}

struct header_list {
	struct http_header *items;
	size_t count;
};

static void add_header(struct header_list *list, struct str name, struct str value)
{
	list->items[list->count++] = (struct http_header){name, value};
}

enum { OWN_HEADERS = 6 }; /* that an attempt adds to those of its order */

/* The headers that are signed. */
static void list_headers(const struct tern_call *call, const struct order *order, struct str host,
			 struct str amz_date, struct str hash, struct header_list *list)
{
	struct str token = call->credentials->session_token;

	add_header(list, STR("Host"), host);
	add_header(list, STR("X-Amz-Date"), amz_date);
	if (token.size > 0)
		add_header(list, STR("X-Amz-Security-Token"), token);
	if (is_s3(order))
		add_header(list, STR("X-Amz-Content-Sha256"), hash);
	for (size_t i = 0; i < order->header_count; i++)
		add_header(list, order->headers[i].name, order->headers[i].value);
}

static struct str authorize(struct tern_call *call, struct arena *arena, const struct order *order,
			    struct str path, struct str amz_date, struct str hash,
			    const struct header_list *list)
{
	struct sigv4_header *headers = arena_array(arena, struct sigv4_header, list->count);
	struct str query = path;

	for (size_t i = 0; i < list->count; i++)
		headers[i] = (struct sigv4_header){list->items[i].name, list->items[i].value};
	path = str_cut(&query, '?');
	const struct sigv4_request request = {
		.method = order->method,
		.path = path,
		.query = query,
		.headers = headers,
		.header_count = list->count,
		.payload_hash = hash,
		.is_path_literal = is_s3(order),
	};
	return sigv4_authorization(arena, &call->signer, amz_date, &request);
}

/* AWS's own hosts have the prefix; an endpoint that somebody set is taken as it is. */
static struct endpoint find_endpoint(struct tern_call *call, struct arena *arena,
				     const struct order *order)
{
	char made_up[TERN_ENDPOINT_SIZE];
	struct str url = tern_session_endpoint(call->session, order->service, made_up);

	if (url.data != made_up)
		return split_endpoint(url);
	struct str host = str_slice(url, strlen("https://"), url.size);
	return split_endpoint(arena_format(arena, "https://%.*s%.*s", STR_ARG(order->host_prefix),
					   STR_ARG(host)));
}

static enum err attempt(struct tern_call *call, struct arena *arena, const struct order *order,
			struct transport_answer *out_answer, struct str *out_problem)
{
	char amz_date[CLOCK_TEXT_MAX], hash_text[SIGV4_SIGNATURE_SIZE];
	struct endpoint endpoint = find_endpoint(call, arena, order);
	struct str path =
		arena_format(arena, "%.*s%.*s", STR_ARG(endpoint.path), STR_ARG(order->path));
	struct str origin = str_slice(endpoint.url, 0, endpoint.url.size - endpoint.path.size);
	struct header_list list = {
		.items = arena_array(arena, struct http_header, order->header_count + OWN_HEADERS)};

	int size = clock_format_amz(clock_now_ms() + call->skew_ms, amz_date);
	struct str date = str_of(amz_date, (size_t)size);
	enum err err = refresh_key(call, order->service, amz_date, out_problem);
	if (err)
		return err;
	sigv4_payload_hash(order->body, hash_text);
	struct str hash = str_of(hash_text, sizeof(hash_text));
	list_headers(call, order, endpoint.host, date, hash, &list);
	struct str authorization = authorize(call, arena, order, path, date, hash, &list);
	add_header(&list, STR("Authorization"), authorization);
	add_header(&list, STR("User-Agent"), call->session->user_agent);
	const struct transport_request request = {
		.method = order->method,
		.url = arena_format(arena, "%.*s%.*s", STR_ARG(origin), STR_ARG(path)),
		.headers = list.items,
		.header_count = list.count,
		.body = order->body,
	};
	return transport_exchange(call->transport, &request, out_answer, out_problem);
}

/* ---- faults ---- */

static struct wire_answer answer_of(const struct transport_answer *answer)
{
	return (struct wire_answer){answer->status, answer->headers, answer->header_count,
				    answer->body};
}

static void read_fault(struct tern_call *call, const struct transport_answer *answer)
{
	const struct wire_answer told = answer_of(answer);
	struct tern_fault *fault = &call->fault;
	struct wire_told_fault read;

	wire_client_decode_fault(&call->arena, &told, &read);
	fault->status = answer->status;
	fault->shape = read.shape;
	fault->code = read.code;
	fault->request_id = read.request_id;
	fault->message = read.message.size > 0 ? read.message : read.code;
	if (fault->message.size == 0)
		fault->message =
			arena_format(&call->arena,
				     "the endpoint answered HTTP %d without a fault of the service",
				     answer->status);
}

static enum err fail(struct tern_call *call, enum err err, struct str problem)
{
	call->fault.message = arena_copy(&call->arena, problem);
	return err;
}

/* ---- attempts ---- */

/* True if the service's clock is so far from ours that it explains a refused signature. */
static bool resync(struct tern_call *call, const struct transport_answer *answer)
{
	const struct wire_answer told = answer_of(answer);
	struct str text = wire_answer_header(&told, STR("Date"));
	time_t date = text.size > 0 ? curl_getdate(arena_cstr(&call->arena, text), NULL) : -1;

	if (date < 0)
		return false;

	int64_t skew_ms = (int64_t)date * 1000 - clock_now_ms();
	int64_t change_ms = skew_ms - call->skew_ms;
	if (change_ms > -SKEW_MS_LEAST && change_ms < SKEW_MS_LEAST)
		return false;
	call->skew_ms = skew_ms;
	return true;
}

static bool is_stopped(const void *session)
{
	return tern_session_is_stopped(session);
}

/* One attempt and what it came to: ERR_OK has a 2xx answer, or any answer if the caller wants it.
 */
static enum err try_once(struct tern_call *call, const struct order *order,
			 struct transport_answer *answer, enum tern_retry *out_kind)
{
	struct str problem;

	arena_reset(&call->arena);
	*out_kind = TERN_RETRY_NEVER;
	call->fault = (struct tern_fault){.attempts = call->fault.attempts + 1};
	*answer = (struct transport_answer){0};
	enum err err = attempt(call, &call->arena, order, answer, &problem);
	if (err) {
		if (err == ERR_CLOSED)
			*out_kind = tern_retry_classify(0, STR(""));
		return fail(call, err, problem);
	}
	if (answer->status >= 200 && answer->status < 300)
		return ERR_OK;
	read_fault(call, answer);
	*out_kind = tern_retry_classify(answer->status, call->fault.code);
	if (*out_kind == TERN_RETRY_NEVER)
		*out_kind = tern_retry_classify(answer->status, call->fault.shape);
	if (*out_kind == TERN_RETRY_SKEWED && !resync(call, answer))
		*out_kind = TERN_RETRY_NEVER;
	return ERR_FAULT;
}

static enum err perform(struct tern_call *call, const struct order *order,
			struct transport_answer *out_answer)
{
	struct tern_session *session = call->session;
	enum tern_retry kind, last = TERN_RETRY_NEVER;

	call->fault = (struct tern_fault){0};
	for (int failures = 1;; failures++) {
		enum err err = try_once(call, order, out_answer, &kind);
		if (!err)
			tern_retry_budget_give(&session->budget, last);
		if (!err || kind == TERN_RETRY_NEVER || order->is_once ||
		    failures >= session->policy.attempts_max || tern_session_is_stopped(session) ||
		    !tern_retry_budget_take(&session->budget, kind))
			return err;
		last = kind;
		sleep_unless(tern_retry_delay_ms(&session->policy, kind, failures,
						 prng_next(&call->prng)),
			     is_stopped, session);
		if (tern_session_is_stopped(session))
			return err;
	}
}

/* Fills the order; its texts are in the call's body and request. */
static enum err encode(struct tern_call *call, const struct operation *operation, const void *in,
		       struct wire_request *request, struct order *order, struct str *out_problem)
{
	struct buf prefix = {0};

	enum err err = wire_client_encode(request, operation, in, out_problem);
	if (err)
		return err;
	bool is_host = wire_host_prefix(&prefix, operation, in);
	*order = (struct order){
		.service = operation->service,
		.method = request->method,
		.headers = request->message.headers,
		.header_count = request->message.header_count,
		.host_prefix = arena_copy(&call->request, buf_str(&prefix)),
		.path = buf_str(&request->target),
		.body = buf_str(&call->body),
	};
	buf_done(&prefix);
	if (is_host)
		return ERR_OK;
	*out_problem = arena_format(&call->request, "an input of %.*s is no part of a host's name",
				    STR_ARG(operation->name));
	return ERR_INVALID;
}

static enum err run(struct tern_call *call, const struct operation *operation, const void *in,
		    struct wire_request *request, struct transport_answer *out_answer)
{
	struct str problem;
	struct order order;

	enum err err = encode(call, operation, in, request, &order, &problem);
	if (err) {
		arena_reset(&call->arena);
		call->fault = (struct tern_fault){0};
		return fail(call, err, problem);
	}
	return perform(call, &order, out_answer);
}

enum err tern_call_run(struct tern_call *call, const struct operation *operation, const void *in,
		       void *out)
{
	struct wire_request request = {.message = {.arena = &call->request, .body = &call->body}};
	struct transport_answer answer;

	arena_reset(&call->request);
	buf_reset(&call->body);
	enum err err = run(call, operation, in, &request, &answer);
	buf_done(&request.target);
	if (err)
		return err;
	const struct wire_answer told = answer_of(&answer);
	memset(out, 0, operation->out->size);
	if (wire_client_decode(&call->arena, operation, &told, out))
		return fail(call, ERR_INVALID,
			    arena_format(&call->arena,
					 "the endpoint's answer to %.*s cannot be understood",
					 STR_ARG(operation->name)));
	return ERR_OK;
}

/* Any answer is one; what the order's texts point to is in call->body. */
static enum err exchange(struct tern_call *call, const struct order *order, int *out_status,
			 struct str *out_body)
{
	struct transport_answer answer;

	enum err err = perform(call, order, &answer);
	if (err && err != ERR_FAULT)
		return err;
	*out_status = answer.status;
	*out_body = answer.body;
	return ERR_OK;
}

enum err tern_call_fetch(struct tern_call *call, const struct service *service, struct str path,
			 int *out_status, struct str *out_body)
{
	buf_reset(&call->body);
	buf_append(&call->body, path);
	const struct order order = {
		.service = service, .method = STR("GET"), .path = buf_str(&call->body)};
	return exchange(call, &order, out_status, out_body);
}

enum err tern_call_post(struct tern_call *call, const struct service *service, struct str path,
			struct str body, int *out_status, struct str *out_body)
{
	buf_reset(&call->body);
	buf_append(&call->body, path);
	buf_append(&call->body, body);
	struct str both = buf_str(&call->body);
	const struct order order = {.service = service,
				    .method = STR("POST"),
				    .path = str_slice(both, 0, path.size),
				    .body = str_slice(both, path.size, body.size),
				    .is_once = true};
	return exchange(call, &order, out_status, out_body);
}
