/* SPDX-License-Identifier: MIT */
/*
 * page: a token seals the version (1 byte), its time on the time base (8), the first half of the
 * SHA-256 of its request (16), and the key.
 *
 * Token and page size are found by name in the input's shape, as in client/paginate.c; every other
 * member, whatever its kind, belongs to the digest. So an operation cannot forget to bind a filter.
 */
#include "core/page.h"

#include <assert.h>
#include <string.h>

#include "core/core.h"
#include "core/seal/seal.h"
#include "wire/member.h"

enum { VERSION = 1, DIGEST_SIZE = 16, HEAD_SIZE = 1 + 8 + DIGEST_SIZE };
static_assert(PAGE_TOKEN_SIZE(0) >= (SEAL_OVERHEAD + HEAD_SIZE + 2) / 3 * 4, "as the header says");

/* Members that differ from page to page. */
static bool is_of_page(struct str name)
{
	static const struct str names[] = {STR_INIT("NextToken"),  STR_INIT("Marker"),
					   STR_INIT("MaxResults"), STR_INIT("MaxItems"),
					   STR_INIT("MaxRecords"), STR_INIT("Limit")};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_equal_nocase(name, names[i]))
			return true;
	return false;
}

/* ---- the request's digest ---- */

static void add_structure(struct buf *out, const struct shape *shape, const void *value);

static void add_value(struct buf *out, enum shape_kind kind, const struct shape *shape,
		      const void *value)
{
	switch (kind) {
	case SHAPE_STRING:
	case SHAPE_BLOB:
		bytes_append_str(out, *(const struct str *)value);
		return;
	case SHAPE_BOOLEAN:
		bytes_append_u8(out, *(const bool *)value);
		return;
	case SHAPE_STRUCTURE:
		add_structure(out, shape, value);
		return;
	default: /* numbers, all of 64 bits */
		bytes_append_u64(out, get_u64(value));
	}
}

static void add_items(struct buf *out, const struct shape_member *member, const void *structure)
{
	size_t count = member_count(structure, member);
	const char *item = member_items(structure, member);

	bytes_append_u64(out, count);
	for (size_t i = 0; i < count; i++, item += member->item_size) {
		if (member->kind == SHAPE_MAP)
			bytes_append_str(out, *(const struct str *)(const void *)item);
		const void *value = member_item_value(member, item);
		if (member->item)
			add_items(out, member->item, value);
		else
			add_value(out, member->item_kind, member->shape, value);
	}
}

/* Each member that is present, after its index. */
static void add_structure(struct buf *out, const struct shape *shape, const void *value)
{
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		const void *at = member_in(value, member->offset);
		if (member_is_absent(value, member))
			continue;
		bytes_append_u32(out, i);
		if (member->kind == SHAPE_LIST || member->kind == SHAPE_MAP)
			add_items(out, member, value);
		else if (member->kind == SHAPE_STRUCTURE)
			add_structure(out, member->shape, *(void *const *)at);
		else
			add_value(out, member->kind, NULL, at);
	}
	bytes_append_u32(out, UINT32_MAX);
}

static void add_input(struct buf *out, const struct shape *shape, const void *value)
{
	struct shape one = *shape;

	one.member_count = 1;
	for (uint32_t i = 0; i < shape->member_count; i++) {
		one.members = &shape->members[i];
		if (is_of_page(one.members->name))
			continue;
		bytes_append_u32(out, i);
		add_structure(out, &one, value);
	}
}

static void digest(const struct call *call, uint8_t out[32])
{
	const struct operation *operation = call->operation;
	struct buf request = {0};

	bytes_append_str(&request, operation->service->name);
	bytes_append_str(&request, operation->name);
	bytes_append_str(&request, call->account);
	bytes_append_str(&request, call->region);
	bytes_append_str(&request, call->path); /* names the queue in SQS's Query */
	add_input(&request, operation->in, call->in);
	sha256(buf_str(&request), out);
	buf_done(&request);
}

/* ---- tokens ---- */

struct str page_token_make(struct call *call, struct str key)
{
	char *plain = arena_bytes(call->arena, HEAD_SIZE + key.size);
	uint8_t request[32];

	digest(call, request);
	plain[0] = VERSION;
	put_u64(plain + 1, (uint64_t)call->base_ms);
	memcpy(plain + 9, request, DIGEST_SIZE);
	if (key.size > 0)
		memcpy(plain + HEAD_SIZE, key.data, key.size);
	struct str sealed = seal_close(call->core->seal, call->arena, SEAL_SUBJECT_PAGES,
				       str_of(plain, HEAD_SIZE + key.size));
	char *text = arena_bytes(call->arena, base64_size(sealed.size));
	base64_format(sealed, text);
	return str_of(text, base64_size(sealed.size));
}

enum err page_token_open(struct call *call, struct str token, int64_t lifetime_ms,
			 struct str *out_key)
{
	char *sealed = arena_bytes(call->arena, token.size / 4 * 3 + 3);
	uint8_t request[32];
	struct str plain;
	size_t size;

	if (!base64_parse(token, (uint8_t *)sealed, &size) ||
	    !seal_is_of(str_of(sealed, size), SEAL_SUBJECT_PAGES) ||
	    seal_open(call->core->seal, sealed, size, &plain) != ERR_OK)
		return ERR_INVALID;
	if (plain.size < HEAD_SIZE || plain.data[0] != VERSION)
		return ERR_INVALID;
	int64_t made_ms = (int64_t)get_u64(plain.data + 1);
	if (lifetime_ms > 0 && call->base_ms - made_ms > lifetime_ms)
		return ERR_INVALID;
	digest(call, request);
	if (memcmp(plain.data + 9, request, DIGEST_SIZE) != 0)
		return ERR_INVALID;
	*out_key = str_slice(plain, HEAD_SIZE, SIZE_MAX);
	return ERR_OK;
}

/* ---- places ---- */

static void digest_text(struct str text, uint8_t out[DIGEST_SIZE])
{
	uint8_t whole[32];

	sha256(text, whole);
	memcpy(out, whole, DIGEST_SIZE);
}

struct str page_place_key(struct arena *arena, size_t place, struct str text)
{
	char *key = arena_bytes(arena, PAGE_PLACE_SIZE);

	check(place < UINT32_MAX);
	put_u32(key, (uint32_t)place);
	digest_text(text, (uint8_t *)key + 4);
	return str_of(key, PAGE_PLACE_SIZE);
}

enum err page_place_find(struct str key, const void *list, size_t count, page_text_fn text_of,
			 size_t *out_index)
{
	uint8_t found[DIGEST_SIZE];

	if (key.size != PAGE_PLACE_SIZE)
		return ERR_INVALID;
	size_t place = get_u32(key.data);
	/* From its place on, where it is unless an item before it was created or deleted. */
	for (size_t i = 0; i < count && text_of; i++) {
		size_t at = (place + i) % count;
		digest_text(text_of(list, at), found);
		if (memcmp(found, key.data + 4, DIGEST_SIZE) == 0) {
			*out_index = at + 1;
			return ERR_OK;
		}
	}
	place += text_of ? 0 : 1;
	*out_index = place < count ? place : count;
	return ERR_OK;
}
