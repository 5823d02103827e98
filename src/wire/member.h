/* SPDX-License-Identifier: MIT */
/* member: access to a struct's members through the offsets of its shape. Any thread. */
#ifndef TERN_WIRE_MEMBER_H
#define TERN_WIRE_MEMBER_H

#include "wire/shape.h"

static inline void *member_at(void *structure, uint32_t offset)
{
	return (char *)structure + offset;
}
static inline const void *member_in(const void *structure, uint32_t offset)
{
	return (const char *)structure + offset;
}
static inline struct str member_str(const void *structure, uint32_t offset)
{
	return *(const struct str *)member_in(structure, offset);
}
static inline size_t member_count(const void *structure, const struct shape_member *member)
{
	return *(const size_t *)member_in(structure, member->extra_offset);
}
/* First item of a list or map. */
static inline const char *member_items(const void *structure, const struct shape_member *member)
{
	return *(const char *const *)member_in(structure, member->offset);
}
static inline bool member_has(const void *structure, const struct shape_member *member)
{
	return *(const bool *)member_in(structure, member->extra_offset);
}
/* The value in a map's item, or the list's item itself. */
static inline const void *member_item_value(const struct shape_member *member, const char *item)
{
	return member->kind == SHAPE_MAP ? item + member->item_value_offset : item;
}
/* True if an answer leaves this member out. Numbers of records are always there. */
static inline bool member_is_absent(const void *structure, const struct shape_member *member)
{
	switch (member->kind) {
	case SHAPE_STRING:
	case SHAPE_BLOB:
		return !member_str(structure, member->offset).data;
	case SHAPE_LIST:
	case SHAPE_MAP:
		return member_count(structure, member) == 0;
	case SHAPE_STRUCTURE:
		return !*(void *const *)member_in(structure, member->offset);
	default:
		return member->extra_offset && !member_has(structure, member);
	}
}

/* How many members are there: of a union it must be one. An empty list or map counts. */
static inline uint32_t member_count_present(const struct shape *shape, const void *structure)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		bool is_container = member->kind == SHAPE_LIST || member->kind == SHAPE_MAP;
		count += is_container ? *(void *const *)member_in(structure, member->offset) != NULL
				      : !member_is_absent(structure, member);
	}
	return count;
}

/* Does an answer have it? */
static inline bool member_is_shown(const void *structure, const struct shape_member *member)
{
	return !member_is_absent(structure, member) || member->is_always ||
	       (member->is_shown_empty && *(void *const *)member_in(structure, member->offset));
}

#endif
