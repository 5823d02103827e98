/* SPDX-License-Identifier: MIT */
/* input: shapes have few members, so they are looked through. */
#include "core/input.h"

#include "wire/member.h"

static const struct shape_member *find(const struct call *call, struct str name)
{
	const struct shape *shape = call->operation->in;

	for (uint32_t i = 0; i < shape->member_count; i++)
		if (str_equal(shape->members[i].name, name))
			return &shape->members[i];
	return NULL;
}

struct str call_input_text(const struct call *call, struct str name)
{
	const struct shape_member *member = find(call, name);

	if (!member)
		return (struct str){0};
	check(member->kind == SHAPE_STRING || member->kind == SHAPE_BLOB);
	return member_str(call->in, member->offset);
}

bool call_input_flag(const struct call *call, struct str name)
{
	const struct shape_member *member = find(call, name);

	if (!member)
		return false;
	check(member->kind == SHAPE_BOOLEAN);
	return *(const bool *)member_in(call->in, member->offset);
}

const void *call_input_items(const struct call *call, struct str name, size_t *out_count)
{
	const struct shape_member *member = find(call, name);

	*out_count = 0;
	if (!member)
		return NULL;
	check(member->kind == SHAPE_LIST || member->kind == SHAPE_MAP);
	*out_count = member_count(call->in, member);
	return member_items(call->in, member);
}
