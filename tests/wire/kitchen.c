/* SPDX-License-Identifier: MIT */
/* kitchen: a table of services, and the copying of members by name. */
#include "kitchen.h"

#include <string.h>

#include "wire/member.h"

/* Generated; this folder's headers of them are not in the tree. */
extern const struct service json10_client_service, json11_client_service, query_client_service,
	ec2_client_service, restjson_client_service, restxml_client_service, barexml_client_service,
	cbor_client_service;
extern const struct fault_type JSON10_KITCHEN_CLOSED, JSON10_KITCHEN_FIRE;

static const struct service *const services[] = {
	&json10_client_service,	 &json11_client_service,   &query_client_service,
	&ec2_client_service,	 &restjson_client_service, &restxml_client_service,
	&barexml_client_service, &cbor_client_service,
};

const struct route_table kitchen_table = {services, sizeof(services) / sizeof(services[0]), NULL};

const struct operation *kitchen_operation(const char *service, const char *operation)
{
	return route_operation(route_service(&kitchen_table, str_from(service)),
			       str_from(operation));
}

const struct operation *kitchen_plain(const struct operation *operation)
{
	return route_operation(&json11_client_service, operation->name);
}

static size_t size_of(const struct shape_member *member)
{
	switch (member->kind) {
	case SHAPE_STRING:
	case SHAPE_BLOB:
		return sizeof(struct str);
	case SHAPE_BOOLEAN:
		return sizeof(bool);
	default:
		return sizeof(int64_t); /* a double or a pointer is as large */
	}
}

static const struct shape_member *find(const struct shape *shape, struct str name)
{
	for (uint32_t i = 0; i < shape->member_count; i++)
		if (str_equal(shape->members[i].name, name))
			return &shape->members[i];
	return NULL;
}

void kitchen_echo(const struct operation *operation, const void *in, void *out)
{
	for (uint32_t i = 0; i < operation->out->member_count; i++) {
		const struct shape_member *to = &operation->out->members[i];
		const struct shape_member *from = find(operation->in, to->name);
		if (!from || from->kind != to->kind)
			continue;
		bool is_container = to->kind == SHAPE_LIST || to->kind == SHAPE_MAP;
		memcpy(member_at(out, to->offset), member_in(in, from->offset), size_of(from));
		if (from->extra_offset)
			memcpy(member_at(out, to->extra_offset), member_in(in, from->extra_offset),
			       is_container ? sizeof(size_t) : sizeof(bool));
	}
}

const struct fault_type *kitchen_fault(struct str why)
{
	return str_equal(why, STR("closed")) ? &JSON10_KITCHEN_CLOSED : &JSON10_KITCHEN_FIRE;
}
