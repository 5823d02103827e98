/* SPDX-License-Identifier: MIT */
/* wire/client: a row of functions for each protocol. */
#include "wire/client.h"

#include <string.h>

#include "format/json.h"
#include "wire/cbor.h"
#include "wire/json.h"
#include "wire/member.h"
#include "wire/query_client.h"
#include "wire/rest.h"

struct protocol {
	void (*encode)(struct wire_request *request, const struct operation *operation,
		       const void *value);
	enum err (*decode)(struct arena *arena, const struct operation *operation,
			   const struct wire_answer *answer, void *out);
};

static void set_type(struct wire_request *request, struct str type)
{
	wire_message_header(&request->message, STR("Content-Type"), type);
}

/* ---- AWS JSON ---- */

static void encode_json(struct wire_request *request, const struct operation *operation,
			const void *value)
{
	const struct service *service = operation->service;
	struct wire_message *message = &request->message;

	buf_append_char(&request->target, '/');
	set_type(request, str_equal(service->json_version, STR("1.0"))
				  ? STR("application/x-amz-json-1.0")
				  : STR("application/x-amz-json-1.1"));
	wire_message_header(message, STR("X-Amz-Target"),
			    arena_format(message->arena, "%.*s.%.*s", STR_ARG(service->json_target),
					 STR_ARG(operation->name)));
	if (service->is_query_compatible)
		wire_message_header(message, STR("X-Amzn-Query-Mode"), STR("true"));
	wire_json_encode(message->body, operation->in, value);
}

static enum err decode_json(struct arena *arena, const struct operation *operation,
			    const struct wire_answer *answer, void *out)
{
	struct str unused;

	return wire_json_decode(arena, answer->body, operation->out, out, &unused);
}

/* ---- Query ---- */

static void encode_query(struct wire_request *request, const struct operation *operation,
			 const void *value)
{
	buf_append_char(&request->target, '/');
	set_type(request, STR("application/x-www-form-urlencoded; charset=utf-8"));
	wire_query_encode_request(request->message.body, operation, value);
}

static enum err decode_query(struct arena *arena, const struct operation *operation,
			     const struct wire_answer *answer, void *out)
{
	return wire_query_decode_answer(arena, answer->body, operation, out);
}

/* ---- RPC v2 CBOR ---- */

static void encode_cbor(struct wire_request *request, const struct operation *operation,
			const void *value)
{
	struct wire_message *message = &request->message;

	buf_format(&request->target, "/service/%.*s/operation/%.*s",
		   STR_ARG(operation->service->cbor_name), STR_ARG(operation->name));
	wire_message_header(message, STR("smithy-protocol"), STR("rpc-v2-cbor"));
	wire_message_header(message, STR("Accept"), STR("application/cbor"));
	if (operation->in->member_count == 0)
		return;
	set_type(request, STR("application/cbor"));
	wire_cbor_encode(message->body, operation->in, value);
}

static enum err decode_cbor(struct arena *arena, const struct operation *operation,
			    const struct wire_answer *answer, void *out)
{
	struct str unused;

	return wire_cbor_decode(arena, answer->body, operation->out, SIZE_MAX, out, &unused);
}

/* ---- REST ---- */

static void encode_rest(struct wire_request *request, const struct operation *operation,
			const void *value)
{
	request->method = operation->http_method;
	wire_rest_encode_request(&request->message, &request->target, operation, value);
}

static enum err decode_rest(struct arena *arena, const struct operation *operation,
			    const struct wire_answer *answer, void *out)
{
	const struct rest_source source = {
		.headers = answer->headers,
		.header_count = answer->header_count,
		.body = answer->body,
		.status = answer->status,
		.items_max = SIZE_MAX,
	};
	struct str unused;

	return wire_rest_decode_answer(arena, operation, &source, out, &unused);
}

/* ---- all ---- */

static const struct protocol *protocol_of(const struct service *service)
{
	static const struct protocol json = {encode_json, decode_json};
	static const struct protocol query = {encode_query, decode_query};
	static const struct protocol cbor = {encode_cbor, decode_cbor};
	static const struct protocol rest = {encode_rest, decode_rest};

	if (service->rest)
		return &rest;
	if (service->cbor_name.size > 0)
		return &cbor;
	return service->json_target.size > 0 ? &json : &query;
}

/* The value, or a copy of it with new tokens. */
static const void *set_tokens(struct arena *arena, const struct shape *shape, const void *value)
{
	void *copy = NULL;

	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		uint8_t uuid[16];
		if (!member->is_token || !member_is_absent(value, member))
			continue;
		if (!copy) {
			copy = arena_alloc(arena, shape->size);
			memcpy(copy, value, shape->size);
		}
		char *text = arena_bytes(arena, UUID_TEXT_SIZE);
		uuid_new(uuid);
		uuid_format(uuid, text);
		*(struct str *)member_at(copy, member->offset) = str_of(text, UUID_TEXT_SIZE);
	}
	return copy ? copy : value;
}

/* A path with an empty label would be that of another operation. */
static enum err check_labels(struct arena *arena, const struct shape *shape, const void *value,
			     struct str *out_problem)
{
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		if (member->place != SHAPE_IN_LABEL)
			continue;
		bool is_empty =
			member->kind == SHAPE_STRING && member_str(value, member->offset).size == 0;
		if (!is_empty && !member_is_absent(value, member))
			continue;
		*out_problem = arena_format(arena, "%.*s is required", STR_ARG(member->name));
		return ERR_INVALID;
	}
	return ERR_OK;
}

enum err wire_client_encode(struct wire_request *request, const struct operation *operation,
			    const void *value, struct str *out_problem)
{
	struct arena *arena = request->message.arena;

	enum err err = check_labels(arena, operation->in, value, out_problem);
	if (err)
		return err;
	request->method = STR("POST");
	protocol_of(operation->service)
		->encode(request, operation, set_tokens(arena, operation->in, value));
	return ERR_OK;
}

enum err wire_client_decode(struct arena *arena, const struct operation *operation,
			    const struct wire_answer *answer, void *out)
{
	return protocol_of(operation->service)->decode(arena, operation, answer, out);
}

struct str wire_answer_header(const struct wire_answer *answer, struct str name)
{
	for (size_t i = answer->header_count; i > 0; i--)
		if (str_equal_nocase(answer->headers[i - 1].name, name))
			return answer->headers[i - 1].value;
	return (struct str){0};
}

/* ---- faults ---- */

/* "QueueDoesNotExist" of "com.amazonaws.sqs#QueueDoesNotExist:http://..." */
static struct str shape_name(struct str text)
{
	size_t hash = str_find_char(text, '#', 0);

	if (hash != SIZE_MAX)
		text = str_slice(text, hash + 1, text.size);
	return str_cut(&text, ':');
}

static struct str first_text(yyjson_val *root, const char *name, const char *other)
{
	struct str text = json_text(json_member(root, name));

	return text.size > 0 ? text : json_text(json_member(root, other));
}

static void read_json(yyjson_val *root, struct wire_told_fault *fault)
{
	struct str type = json_text(json_member(root, "__type"));

	if (type.size == 0)
		type = first_text(root, "code", "Code");
	if (fault->shape.size == 0)
		fault->shape = shape_name(type);
	fault->message = first_text(root, "message", "Message");
}

static void read_xml(const struct wire_query_fault *told, struct wire_told_fault *fault)
{
	fault->shape = told->code;
	fault->message = told->message;
	if (told->request_id.size > 0)
		fault->request_id = told->request_id;
}

static bool is_cbor(const struct wire_answer *answer)
{
	return str_starts(wire_answer_header(answer, STR("Content-Type")), STR("application/cbor"));
}

static void read_body(struct arena *arena, const struct wire_answer *answer,
		      struct wire_told_fault *fault)
{
	struct str text = arena_copy(arena, answer->body), type = {0};
	struct wire_query_fault told;
	yyjson_val *root;

	if (is_cbor(answer)) {
		if (wire_cbor_decode_fault(arena, text, &type, &fault->message) == ERR_OK)
			fault->shape = shape_name(type);
	} else if (json_parse(arena, text, &root) == ERR_OK) {
		read_json(root, fault);
	} else if (wire_query_decode_fault(arena, text, &told) == ERR_OK) {
		read_xml(&told, fault);
	}
}

void wire_client_decode_fault(struct arena *arena, const struct wire_answer *answer,
			      struct wire_told_fault *out_fault)
{
	struct str query_error = wire_answer_header(answer, STR("x-amzn-query-error"));
	struct str type = wire_answer_header(answer, STR("x-amzn-ErrorType"));
	struct wire_told_fault *fault = out_fault;

	fault->shape = arena_copy(arena, shape_name(type));
	fault->message = STR("");
	fault->request_id = wire_answer_header(answer, STR("x-amzn-RequestId"));
	if (fault->request_id.size == 0)
		fault->request_id = wire_answer_header(answer, STR("x-amz-request-id"));
	fault->request_id = arena_copy(arena, fault->request_id);
	read_body(arena, answer, fault);
	fault->code = arena_copy(arena, str_cut(&query_error, ';'));
	if (fault->code.size == 0)
		fault->code = fault->shape;
}
