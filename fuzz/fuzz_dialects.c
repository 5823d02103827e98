/* SPDX-License-Identifier: MIT */
/*
 * REST-JSON, REST-XML and RPC v2 CBOR by every operation of tests/wire/kitchen.ops: the first two
 * bytes choose service and operation, or the input is a whole HTTP request. Decoded input is
 * written again as a client sends it and as a server answers it, and read as the same.
 */
#include "fuzz.h"
#include "request.h"
#include "same.h"
#include "tests/wire/kitchen.h"
#include "wire/cbor.h"
#include "wire/rest.h"

static const char *const services[] = {"restjson", "restxml", "barexml", "cbor"};

struct copy {
	struct str target, body;
	struct http_header *headers;
	size_t header_count;
	int status;
};

static struct copy take(struct arena *arena, struct wire_message *message, struct buf *target)
{
	struct copy copy = {
		.target = arena_copy(arena, buf_str(target)),
		.body = arena_copy(arena, buf_str(message->body)),
		.headers = message->headers,
		.header_count = message->header_count,
		.status = message->status,
	};

	buf_done(message->body);
	buf_done(target);
	return copy;
}

static struct copy write_request(struct arena *arena, const struct operation *operation,
				 const void *value)
{
	struct buf target = {0}, body = {0};
	struct wire_message message = {.arena = arena, .body = &body};

	if (operation->service->rest)
		wire_rest_encode_request(&message, &target, operation, value);
	else
		wire_cbor_encode(&body, operation->in, value);
	return take(arena, &message, &target);
}

static struct copy write_answer(struct arena *arena, const struct operation *operation,
				const void *value)
{
	struct buf target = {0}, body = {0};
	struct wire_message message = {.arena = arena, .body = &body};

	if (operation->service->rest)
		wire_rest_encode(&message, operation, value);
	else
		wire_cbor_encode(&body, operation->out, value);
	return take(arena, &message, &target);
}

static bool read_request(struct arena *arena, const struct operation *operation,
			 const struct copy *copy, void *out)
{
	struct str problem = {0}, query = copy->target, path = str_cut(&query, '?');
	struct rest_source source = {.headers = copy->headers,
				     .header_count = copy->header_count,
				     .body = copy->body,
				     .path = path,
				     .items_max = SIZE_MAX};
	struct form form;

	if (!operation->service->rest)
		return wire_cbor_decode(arena, copy->body, operation->in, SIZE_MAX, out,
					&problem) == ERR_OK;
	if (form_parse(arena, query, &form) != ERR_OK)
		return false;
	source.form = &form;
	return wire_rest_decode(arena, operation, &source, out, &problem) == ERR_OK;
}

static bool read_answer(struct arena *arena, const struct operation *operation,
			const struct copy *copy, void *out)
{
	struct rest_source source = {.headers = copy->headers,
				     .header_count = copy->header_count,
				     .body = copy->body,
				     .status = copy->status,
				     .items_max = SIZE_MAX};
	struct str problem = {0};

	if (!operation->service->rest)
		return wire_cbor_decode(arena, copy->body, operation->out, SIZE_MAX, out,
					&problem) == ERR_OK;
	return wire_rest_decode_answer(arena, operation, &source, out, &problem) == ERR_OK;
}

/*
 * Header values lose blanks, XML control characters, and empty lists and texts their presence;
 * after the first time nothing changes. A label can have become empty: then there is no such
 * request.
 */
static void check_request(struct arena *arena, const struct operation *operation, const void *value)
{
	const struct shape *plain = kitchen_plain(operation)->in;
	const void *before = NULL;

	for (int round = 0; round < 3; round++) {
		struct copy copy = write_request(arena, operation, value);
		void *again = arena_alloc(arena, operation->in->size);
		if (!read_request(arena, operation, &copy, again)) {
			check(operation->service->rest);
			return;
		}
		before = value;
		value = again;
	}
	check_same(plain, before, value);
}

static void check_answer(struct arena *arena, const struct operation *operation, const void *in)
{
	const struct shape *plain = kitchen_plain(operation)->out;
	const void *before = NULL;
	void *value = arena_alloc(arena, operation->out->size);

	kitchen_echo(operation, in, value);
	for (int round = 0; round < 3; round++) {
		struct copy copy = write_answer(arena, operation, value);
		void *again = arena_alloc(arena, operation->out->size);
		if (!read_answer(arena, operation, &copy, again)) {
			/* XML has one level more than the request had. */
			check(operation->service->rest > REST_JSON);
			return;
		}
		before = value;
		value = again;
	}
	check_same(plain, before, value);
}

static void check_decoded(struct arena *arena, const struct http_request *request)
{
	struct str problem = {0};
	struct route route;

	route_request(&kitchen_table, arena, request, &route);
	if (!route.operation) {
		check(route.fault && route.problem.size > 0);
		return;
	}
	void *in = arena_alloc(arena, route.operation->in->size);
	enum err err = route.dialect->decode(arena, request, &route, in, &problem);
	check(err == ERR_OK || problem.size > 0);
	if (err || (!route.operation->service->rest && !route.operation->service->cbor_name.size))
		return;
	check_request(arena, route.operation, in);
	check_answer(arena, route.operation, in);
}

/* A request to the operation that the first bytes choose, with the rest as its body. */
static void check_body(struct arena *arena, struct str input)
{
	const uint8_t *bytes = (const uint8_t *)input.data;

	if (input.size < 2)
		return;
	const struct service *service = route_service(
		&kitchen_table,
		str_from(services[bytes[0] % (sizeof(services) / sizeof(*services))]));
	const struct operation *operation =
		&service->operations[bytes[1] % service->operation_count];
	struct copy copy = {.target = operation->http_path, .body = str_slice(input, 2, SIZE_MAX)};
	void *in = arena_alloc(arena, operation->in->size);
	if (!read_request(arena, operation, &copy, in))
		return;
	check_request(arena, operation, in);
	check_answer(arena, operation, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request request;
	struct buf bytes = {0};
	struct arena arena;

	arena_init(&arena);
	if (read_http(&bytes, str_of(data, size), &request))
		check_decoded(&arena, &request);
	else
		check_body(&arena, str_of(data, size));
	arena_done(&arena);
	buf_done(&bytes);
	return 0;
}
