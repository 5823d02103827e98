/* SPDX-License-Identifier: MIT */
/* facts: an ARN has the type whose template has its service and begins as its resource does. */
#include "wire/facts.h"

const struct str access_levels[ACCESS_LEVELS] = {
	[ACCESS_LIST] = STR_INIT("List"),
	[ACCESS_READ] = STR_INIT("Read"),
	[ACCESS_WRITE] = STR_INIT("Write"),
	[ACCESS_TAGGING] = STR_INIT("Tagging"),
	[ACCESS_PERMISSIONS] = STR_INIT("Permissions management"),
};

bool operation_is_data(const struct operation *operation)
{
	return operation->facts && operation->facts->event == EVENT_DATA;
}

/* The part of an ARN behind its fifth colon; *out_service is the third part. */
static struct str resource_of(struct str arn, struct str *out_service)
{
	for (int part = 0; part < 5; part++) {
		struct str text = str_cut(&arn, ':');
		if (part == 2)
			*out_service = text;
	}
	return arn;
}

const struct resource_type *resource_type_find(const struct service *service, struct str arn)
{
	struct str name = {0}, known = {0};
	struct str resource = resource_of(arn, &name);

	for (uint32_t i = 0; i < service->resource_type_count; i++) {
		const struct resource_type *type = &service->resource_types[i];
		struct str head = resource_of(type->arn, &known);
		head = str_slice(head, 0, str_find(head, STR("${"), 0));
		if (str_equal(name, known) && str_starts(resource, head))
			return type;
	}
	return NULL;
}
