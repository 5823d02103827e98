/* SPDX-License-Identifier: MIT */
/* message: names of operations compare without case, as SDKs begin them with a small letter. */
#include "core/message.h"

#include "core/core.h"
#include "wire/json.h"

const struct operation *message_operation(const struct core *core, struct str service,
					  struct str operation)
{
	const struct service *found = route_service(&core->routes, service);

	return found ? route_operation(found, operation) : NULL;
}

const struct operation *message_sdk_operation(const struct core *core, struct str service,
					      struct str operation)
{
	for (size_t i = 0; i < core->routes.service_count; i++) {
		const struct service *one = core->routes.services[i];

		if (!str_equal(one->sdk_id, service))
			continue;
		for (uint32_t j = 0; j < one->operation_count; j++)
			if (str_equal_nocase(one->operations[j].name, operation))
				return &one->operations[j];
	}
	return NULL;
}

const struct shape *message_member(const struct shape *shape, struct str member)
{
	const struct shape *found = NULL;

	for (uint32_t i = 0; i < shape->member_count; i++)
		if (str_equal(shape->members[i].name, member))
			found = shape->members[i].shape;
	check(found != NULL);
	return found;
}

enum err message_decode(struct arena *arena, struct str text, const struct shape *shape, void *out,
			struct str *out_problem)
{
	return wire_json_decode(arena, text, shape, out, out_problem);
}

struct str message_encode(struct arena *arena, const struct shape *shape, const void *value)
{
	struct buf text = {0};

	wire_json_encode(&text, shape, value);
	struct str copy = arena_copy(arena, buf_str(&text));
	buf_done(&text);
	return copy;
}
