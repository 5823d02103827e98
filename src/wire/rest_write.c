/* SPDX-License-Identifier: MIT */
/*
 * rest_write: REST's messages. Headers are copied into the arena, since they are sent after the
 * call has given up what the value borrows from.
 */
#include "wire/header_value.h"
#include "wire/json.h"
#include "wire/member.h"
#include "wire/rest.h"
#include "wire/scalar.h"
#include "wire/xml.h"

struct encoder {
	struct wire_message *message;
	struct buf *target; /* of a request; NULL: an answer is written */
	size_t query_at;    /* where the query string begins; 0: there is none yet */
	struct str literal; /* the parameter that the path itself has */
	const struct shape *shape;
	struct buf text;
	bool has_content_type;
};

static bool is_xml(const struct service *service)
{
	return service->rest != REST_JSON;
}

static bool has_form_of_date(const struct shape_member *member, enum shape_kind kind)
{
	return kind == SHAPE_TIMESTAMP &&
	       (member->time == SHAPE_TIME_DEFAULT || member->time == SHAPE_TIME_HTTP);
}

/* The text of a value, until the next one. */
static struct str format(struct encoder *encoder, const struct shape_member *member,
			 enum shape_kind kind, enum shape_time time, const void *place)
{
	const int64_t *ms = place;

	buf_reset(&encoder->text);
	scalar_format(&encoder->text, kind, member->time ? member->time : time, place,
		      kind == SHAPE_TIMESTAMP && *ms % 1000 != 0);
	return buf_str(&encoder->text);
}

/* ---- headers ---- */

static bool is_token(struct str name)
{
	for (size_t i = 0; i < name.size; i++) {
		unsigned char c = (unsigned char)name.data[i];
		if (c <= ' ' || c >= 0x7f ||
		    str_find_char(STR("\"(),/:;<=>?@[\\]{}"), (char)c, 0) != SIZE_MAX)
			return false;
	}
	return name.size > 0;
}

/* Neither a name nor a value of a service may end a header. An empty value is left out. */
static void add_header(struct encoder *encoder, struct str name, struct str value)
{
	struct arena *arena = encoder->message->arena;
	struct str clean = header_value_clean(arena, value);

	if (clean.size == 0 || !is_token(name))
		return;
	encoder->has_content_type |= str_equal_nocase(name, STR("Content-Type"));
	wire_message_header(encoder->message, arena_copy(arena, name), clean);
}

static void encode_header_list(struct encoder *encoder, const struct shape_member *member,
			       const void *value)
{
	bool is_date = has_form_of_date(member, member->item_kind);
	const char *item = member_items(value, member);
	struct buf list = {0};

	for (size_t i = 0; i < member_count(value, member); i++, item += member->item_size)
		header_value_append(
			&list, format(encoder, member, member->item_kind, SHAPE_TIME_HTTP, item),
			is_date || member->item_kind != SHAPE_STRING);
	add_header(encoder, member->http_name, buf_str(&list));
	buf_done(&list);
}

static void encode_header(struct encoder *encoder, const struct shape_member *member,
			  const void *value)
{
	if (member->kind == SHAPE_LIST)
		encode_header_list(encoder, member, value);
	else
		add_header(encoder, member->http_name,
			   format(encoder, member, member->kind, SHAPE_TIME_HTTP,
				  member_in(value, member->offset)));
}

static void encode_headers(struct encoder *encoder, const struct shape_member *member,
			   const void *value)
{
	const struct shape_pair *pairs = (const void *)member_items(value, member);

	for (size_t i = 0; i < member_count(value, member); i++) {
		buf_reset(&encoder->text);
		buf_append(&encoder->text, member->http_name);
		buf_append(&encoder->text, pairs[i].key);
		add_header(encoder, buf_str(&encoder->text), pairs[i].value);
	}
}

/* ---- path and query string ---- */

static void add_parameter(struct encoder *encoder, struct str name, struct str value)
{
	buf_append_char(encoder->target, encoder->query_at ? '&' : '?');
	if (!encoder->query_at)
		encoder->query_at = encoder->target->size;
	form_encode(encoder->target, name, false);
	buf_append_char(encoder->target, '=');
	form_encode(encoder->target, value, false);
}

static void encode_parameter(struct encoder *encoder, const struct shape_member *member,
			     const void *value)
{
	if (member->kind != SHAPE_LIST) {
		add_parameter(encoder, member->http_name,
			      format(encoder, member, member->kind, SHAPE_TIME_ISO,
				     member_in(value, member->offset)));
		return;
	}
	const char *item = member_items(value, member);
	for (size_t i = 0; i < member_count(value, member); i++, item += member->item_size)
		add_parameter(encoder, member->http_name,
			      format(encoder, member, member->item_kind, SHAPE_TIME_ISO, item));
}

/* A member with a parameter of its own, and the path's, go before an entry of that name. */
static bool is_taken(const struct encoder *encoder, struct str key)
{
	if (str_equal(key, encoder->literal))
		return true;
	for (uint32_t i = 0; i < encoder->shape->member_count; i++)
		if (encoder->shape->members[i].place == SHAPE_IN_QUERY &&
		    str_equal(encoder->shape->members[i].http_name, key))
			return true;
	return false;
}

static void encode_parameters(struct encoder *encoder, const struct shape_member *member,
			      const void *value)
{
	const char *entry = member_items(value, member);

	for (size_t i = 0; i < member_count(value, member); i++, entry += member->item_size) {
		struct str key = *(const struct str *)(const void *)entry;
		const void *inner = entry + member->item_value_offset;
		if (is_taken(encoder, key))
			continue;
		if (!member->item) {
			add_parameter(encoder, key, *(const struct str *)inner);
			continue;
		}
		const struct str *texts = (const void *)member_items(inner, member->item);
		for (size_t j = 0; j < member_count(inner, member->item); j++)
			add_parameter(encoder, key, texts[j]);
	}
}

static const struct shape_member *member_of_label(const struct shape *shape, struct str label)
{
	for (uint32_t i = 0; i < shape->member_count; i++)
		if (str_equal(shape->members[i].name, label))
			return &shape->members[i];
	return NULL;
}

static void encode_segment(struct encoder *encoder, struct str segment, const void *value)
{
	bool is_greedy = str_ends(segment, STR("+}"));

	if (!str_starts(segment, STR("{"))) {
		buf_append(encoder->target, segment);
		return;
	}
	const struct shape_member *member = member_of_label(
		encoder->shape, str_slice(segment, 1, segment.size - 2 - is_greedy));
	check(member);
	if (!member_is_absent(value, member))
		form_encode(encoder->target,
			    format(encoder, member, member->kind, SHAPE_TIME_ISO,
				   member_in(value, member->offset)),
			    is_greedy);
}

static void encode_path(struct encoder *encoder, const struct operation *operation,
			const void *value)
{
	struct str parameter = operation->http_path, path = str_cut(&parameter, '?');

	(void)str_cut(&path, '/');
	do {
		buf_append_char(encoder->target, '/');
		encode_segment(encoder, str_cut(&path, '/'), value);
	} while (path.size > 0);
	if (parameter.size == 0)
		return;
	buf_append_char(encoder->target, '?');
	encoder->query_at = encoder->target->size;
	buf_append(encoder->target, parameter);
	encoder->literal = str_cut(&parameter, '=');
}

/* ---- bodies ---- */

static void set_type(struct encoder *encoder, struct str type)
{
	if (!encoder->has_content_type)
		wire_message_header(encoder->message, STR("Content-Type"), type);
}

static void encode_payload(struct encoder *encoder, const struct service *service,
			   const void *value)
{
	const struct shape_member *member = encoder->shape->payload;
	struct buf *body = encoder->message->body;

	if (member_is_absent(value, member))
		return;
	if (member->kind == SHAPE_STRUCTURE) {
		const void *structure = *(void *const *)member_in(value, member->offset);
		set_type(encoder,
			 is_xml(service) ? STR("application/xml") : STR("application/json"));
		if (is_xml(service))
			wire_xml_encode_element(body, member->xml_name,
						member->xml_namespace.size > 0
							? member->xml_namespace
							: service->xml_namespace,
						member->shape, structure, true);
		else
			wire_json_encode(body, member->shape, structure);
		return;
	}
	set_type(encoder, member->kind == SHAPE_BLOB ? STR("application/octet-stream")
						     : STR("text/plain; charset=utf-8"));
	buf_append(body, member_str(value, member->offset));
}

/* A message without members in its body has none in XML, and an empty object in JSON's answers. */
static void encode_members(struct encoder *encoder, const struct service *service, struct str root,
			   const void *value)
{
	struct buf *body = encoder->message->body;
	bool has_members = false;

	for (uint32_t i = 0; i < encoder->shape->member_count; i++)
		has_members |= encoder->shape->members[i].place == SHAPE_IN_BODY;
	if (is_xml(service) && has_members) {
		set_type(encoder, STR("application/xml"));
		wire_xml_encode_element(body, root, service->xml_namespace, encoder->shape, value,
					true);
	}
	if (!is_xml(service) &&
	    (has_members || (!encoder->target && encoder->shape->member_count))) {
		set_type(encoder, STR("application/json"));
		wire_json_encode(body, encoder->shape, value);
	}
}

static void encode_body(struct encoder *encoder, const struct service *service, struct str root,
			const void *value)
{
	int status = encoder->message->status;

	if (status == 204 || status == 304) /* have no body (RFC 9110, 15.3.5 and 15.4.5) */
		return;
	if (encoder->shape->payload)
		encode_payload(encoder, service, value);
	else
		encode_members(encoder, service, root, value);
}

static void encode_places(struct encoder *encoder, const void *value)
{
	for (uint32_t i = 0; i < encoder->shape->member_count; i++) {
		const struct shape_member *member = &encoder->shape->members[i];
		if (member_is_absent(value, member))
			continue;
		switch (member->place) {
		case SHAPE_IN_QUERY:
			encode_parameter(encoder, member, value);
			break;
		case SHAPE_IN_QUERIES:
			encode_parameters(encoder, member, value);
			break;
		case SHAPE_IN_HEADER:
			encode_header(encoder, member, value);
			break;
		case SHAPE_IN_HEADERS:
			encode_headers(encoder, member, value);
			break;
		case SHAPE_IN_STATUS: {
			int64_t status = *(const int64_t *)member_in(value, member->offset);
			if (status >= 200 && status <= 599)
				encoder->message->status = (int)status;
			break;
		}
		case SHAPE_IN_BODY:
		case SHAPE_IN_LABEL:
		case SHAPE_IN_PAYLOAD:
			break;
		}
	}
}

void wire_rest_encode(struct wire_message *message, const struct operation *operation,
		      const void *value)
{
	struct encoder encoder = {.message = message, .shape = operation->out};
	struct str root = operation->xml_root;

	if (root.size == 0)
		root = arena_format(message->arena, "%.*sResponse", STR_ARG(operation->name));
	message->status = operation->http_status;
	encode_places(&encoder, value);
	encode_body(&encoder, operation->service, root, value);
	buf_done(&encoder.text);
}

void wire_rest_encode_request(struct wire_message *message, struct buf *target,
			      const struct operation *operation, const void *value)
{
	struct encoder encoder = {.message = message, .target = target, .shape = operation->in};

	encode_path(&encoder, operation, value);
	encode_places(&encoder, value);
	encode_body(&encoder, operation->service, operation->in->name, value);
	buf_done(&encoder.text);
}

/* ---- hosts ---- */

static bool is_host_label(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-'))
			return false;
	}
	return text.size > 0 && text.size <= 63;
}

bool wire_host_prefix(struct buf *out, const struct operation *operation, const void *value)
{
	struct str rest = operation->host_prefix;

	while (rest.size > 0) {
		struct str literal = str_cut(&rest, '{');
		buf_append(out, literal);
		if (rest.size == 0)
			break;
		const struct shape_member *member =
			member_of_label(operation->in, str_cut(&rest, '}'));
		check(member && member->kind == SHAPE_STRING);
		struct str text = member_str(value, member->offset);
		if (!is_host_label(text))
			return false;
		buf_append(out, text);
	}
	return true;
}
