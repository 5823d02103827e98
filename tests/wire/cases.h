/* SPDX-License-Identifier: MIT */
/*
 * cases: rows of tests of the dialects on the kitchen's services: requests as other clients send
 * them, and answers. Rows name the case of Smithy's protocol tests (smithy-aws-protocol-tests,
 * smithy-protocol-tests) whose feature they check, in a message of our own. For one test program.
 */
#ifndef TERN_TESTS_WIRE_CASES_H
#define TERN_TESTS_WIRE_CASES_H

#include "base/fixture.h"
#include "kitchen.h"
#include "wire/json.h"

/* ---- headers of requests ---- */

#define T10(name) "X-Amz-Target: Json10." name "\nContent-Type: application/x-amz-json-1.0"
#define T11(name) "X-Amz-Target: Json11." name "\nContent-Type: application/x-amz-json-1.1"
#define FORM "Content-Type: application/x-www-form-urlencoded"
#define RJ                                                                                         \
	"Authorization: AWS4-HMAC-SHA256 Credential=1/20260101/us-east-1/restjson/aws4_request, "  \
	"SignedHeaders=host, Signature=0\nContent-Type: application/json"
#define RX                                                                                         \
	"Authorization: AWS4-HMAC-SHA256 Credential=1/20260101/us-east-1/restxml/aws4_request, "   \
	"SignedHeaders=host, Signature=0\nContent-Type: application/xml"
#define C "smithy-protocol: rpc-v2-cbor\nContent-Type: application/cbor\nAccept: application/cbor"
#define AT(name) "POST /service/Kitchen/operation/" name

/* ---- rows ---- */

static struct buf out;

struct request_case {
	const char *ids;     /* of Smithy */
	const char *service; /* of generate.py */
	const char *target;  /* "GET /path" */
	const char *headers; /* "Name: value\n..." */
	const char *body;    /* "hex:..." for bytes */
	const char *json;    /* all members of the input; NULL: the dialect refuses it */
};

struct answer_case {
	const char *ids, *service, *operation;
	const char *json; /* the output */
	int status;
	const char *headers; /* each line must be there */
	const char *body;
};

static inline struct str bytes_of(const char *text)
{
	struct str hex = str_from(text);

	if (!str_starts(hex, STR("hex:")))
		return hex;
	hex = str_slice(hex, 4, SIZE_MAX);
	char *bytes = arena_bytes(&arena, hex.size / 2 + 1);
	check(hex_parse(hex, (uint8_t *)bytes));
	return str_of(bytes, hex.size / 2);
}

static inline struct http_request request_of(const struct request_case *row)
{
	struct str target = str_from(row->target), headers = str_from(row->headers);
	struct http_request request = {.body = bytes_of(row->body), .version_minor = 1};
	struct http_header *all = arena_array(&arena, struct http_header, 32);

	request.method_text = str_cut(&target, ' ');
	request.method = str_equal(request.method_text, STR("POST"))  ? HTTP_METHOD_POST
			 : str_equal(request.method_text, STR("GET")) ? HTTP_METHOD_GET
								      : HTTP_METHOD_PUT;
	request.target = target;
	while (headers.size > 0) {
		struct str value = str_cut(&headers, '\n'), name = str_cut(&value, ':');
		all[request.header_count].name = name;
		all[request.header_count++].value = str_trim(value);
#define FIELD(constant, text)                                                                      \
	if (str_equal_nocase(name, STR(text)))                                                     \
		request.fields[HTTP_FIELD_##constant] = str_trim(value);
		HTTP_FIELDS(FIELD)
#undef FIELD
	}
	request.headers = all;
	return request;
}

static inline bool is_read(const struct request_case *row)
{
	struct http_request request = request_of(row);
	struct str problem = {0};
	struct route route;

	route_request(&kitchen_table, &arena, &request, &route);
	if (!route.operation) {
		if (row->json)
			print_error("%s: %.*s\n", row->ids, STR_ARG(route.problem));
		return !row->json;
	}
	void *in = arena_alloc(&arena, route.operation->in->size);
	enum err err = route.dialect->decode(&arena, &request, &route, in, &problem);
	if (err || !row->json) {
		if (err && row->json)
			print_error("%s: %.*s\n", row->ids, STR_ARG(problem));
		return err && !row->json && problem.size > 0;
	}
	buf_reset(&out);
	wire_json_encode(&out, kitchen_plain(route.operation)->in, in);
	if (str_equal(buf_str(&out), str_from(row->json)))
		return true;
	print_error("%s: %.*s\n", row->ids, STR_ARG(buf_str(&out)));
	return false;
}

static inline bool has_header(const struct wire_message *message, struct str line)
{
	struct str value = line, name = str_cut(&value, ':');

	for (size_t i = 0; i < message->header_count; i++)
		if (str_equal_nocase(message->headers[i].name, name) &&
		    str_equal(message->headers[i].value, str_trim(value)))
			return true;
	return false;
}

static inline const struct dialect *dialect_of(const struct service *service)
{
	if (service->rest)
		return service->rest == REST_JSON ? &dialect_rest_json : &dialect_rest_xml;
	if (service->cbor_name.size > 0)
		return &dialect_cbor;
	if (service->json_target.size > 0)
		return &dialect_json;
	return service->query_style == QUERY_STYLE_EC2 ? &dialect_ec2 : &dialect_query;
}

static inline bool is_written(const struct answer_case *row)
{
	const struct operation *operation = kitchen_operation(row->service, row->operation);
	struct str problem, headers = str_from(row->headers);
	void *value = arena_alloc(&arena, operation->out->size);
	struct wire_message message = {.arena = &arena, .body = &out, .request_id = STR("id")};

	buf_reset(&out);
	check(wire_json_decode(&arena, str_from(row->json), kitchen_plain(operation)->out, value,
			       &problem) == ERR_OK);
	dialect_of(operation->service)->encode(&message, operation, value);
	while (headers.size > 0) {
		struct str line = str_cut(&headers, '\n');
		if (!has_header(&message, line)) {
			print_error("%s lacks %.*s\n", row->ids, STR_ARG(line));
			return false;
		}
	}
	if (message.status == row->status && str_equal(buf_str(&out), bytes_of(row->body)))
		return true;
	print_error("%s: %d %.*s\n", row->ids, message.status, STR_ARG(buf_str(&out)));
	return false;
}

#define CHECK_ALL(rows, is_right)                                                                  \
	for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++)                              \
		assert_true(is_right(&(rows)[i]));

#endif
