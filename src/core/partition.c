/* SPDX-License-Identifier: MIT */
/* partition: strings are found by the shapes of inputs and outputs; policy documents are none. */
#include "core/partition.h"

#include <string.h>

#include "base/arn.h"
#include "wire/member.h"

#define INSIDE STR("aws")

static bool is_inside(const struct call *call)
{
	return str_equal(arn_partition(call->region), INSIDE);
}

struct str partition_arn(const struct call *call, struct str text)
{
	return arn_move(call->arena, text, INSIDE, arn_partition(call->region));
}

const struct principal *partition_principal(const struct call *call,
					    const struct principal *principal)
{
	struct principal draft;

	if (is_inside(call) || principal->type == PRINCIPAL_ANONYMOUS ||
	    principal->type == PRINCIPAL_SERVICE)
		return principal;
	draft = principal_draft(principal);
	draft.arn = partition_arn(call, principal->arn);
	draft.entity_arn = partition_arn(call, principal->entity_arn);
	draft.provider = partition_arn(call, principal->provider);
	const struct principal *moved = principal_new(&draft);
	principal_release(principal);
	return moved;
}

const struct policy_key *partition_keys(const struct call *call, const struct policy_key *keys,
					size_t count)
{
	if (is_inside(call))
		return keys;
	struct policy_key *moved = arena_array(call->arena, struct policy_key, count);
	for (size_t i = 0; i < count; i++) {
		struct str *values = arena_array(call->arena, struct str, keys[i].count);
		for (size_t j = 0; j < keys[i].count; j++)
			values[j] = partition_arn(call, keys[i].values[j]);
		moved[i] = keys[i];
		moved[i].values = values;
	}
	return moved;
}

/* ---- messages ---- */

typedef struct str (*move_fn)(const struct call *call, struct str text);

/* Translates ARNs of this partition to "aws", and back. */
static struct str move_in(const struct call *call, struct str text)
{
	struct str partition = arn_partition(call->region);
	struct str moved = arn_move(call->arena, text, partition, INSIDE);

	return moved.data == text.data ? arn_move(call->arena, text, INSIDE, partition) : moved;
}

static void move_structure(struct call *call, const struct shape *shape, void *value, move_fn move);

/* The array may belong to a snapshot that others read, so it is copied. */
static void move_texts(struct call *call, const struct shape_member *member, void *value,
		       move_fn move)
{
	size_t count = member_count(value, member);
	struct str **place = member_at(value, member->offset);
	struct str *texts = arena_array(call->arena, struct str, count);

	for (size_t i = 0; i < count; i++)
		texts[i] = move(call, (*place)[i]);
	if (count > 0)
		*place = texts;
}

static void move_member(struct call *call, const struct shape_member *member, void *value,
			move_fn move)
{
	void *place = member_at(value, member->offset);

	if (member->kind == SHAPE_STRING) {
		*(struct str *)place = move(call, *(struct str *)place);
	} else if (member->kind == SHAPE_STRUCTURE) {
		if (*(void **)place)
			move_structure(call, member->shape, *(void **)place, move);
	} else if (member->kind == SHAPE_LIST && member->item_kind == SHAPE_STRING) {
		move_texts(call, member, value, move);
	} else if (member->kind == SHAPE_LIST && member->item_kind == SHAPE_STRUCTURE) {
		char *item = *(char **)place;
		for (size_t i = 0; i < member_count(value, member); i++)
			move_structure(call, member->shape, item + i * member->item_size, move);
	}
}

static void move_structure(struct call *call, const struct shape *shape, void *value, move_fn move)
{
	for (uint32_t i = 0; i < shape->member_count; i++)
		move_member(call, &shape->members[i], value, move);
}

static bool is_moved(const struct call *call)
{
	if (!call->operation || is_inside(call))
		return false;
	struct str service = call->operation->service->name;
	return str_equal(service, STR("iam")) || str_equal(service, STR("sts"));
}

void partition_enter(struct call *call)
{
	if (is_moved(call))
		move_structure(call, call->operation->in, (void *)(uintptr_t)call->in, move_in);
}

/* ARNs within a sentence. */
static struct str move_sentence(struct call *call, struct str text)
{
	static const struct str starts[] = {STR_INIT("arn:aws:iam:"), STR_INIT("arn:aws:sts:")};
	struct str partition = arn_partition(call->region);
	struct buf moved = {0};
	size_t from = 0;

	for (size_t i = 0; i < text.size; i++) {
		struct str rest = str_slice(text, i, SIZE_MAX);
		if (!str_starts(rest, starts[0]) && !str_starts(rest, starts[1]))
			continue;
		buf_append(&moved, str_slice(text, from, i - from));
		buf_format(&moved, "arn:%.*s", STR_ARG(partition));
		from = i + sizeof("arn:aws") - 1;
	}
	buf_append(&moved, str_slice(text, from, SIZE_MAX));
	struct str copy = arena_copy(call->arena, buf_str(&moved));
	buf_done(&moved);
	return copy;
}

void partition_leave(struct call *call)
{
	if (!is_moved(call))
		return;
	if (call->in)
		move_structure(call, call->operation->in, (void *)(uintptr_t)call->in,
			       partition_arn);
	if (call->out)
		move_structure(call, call->operation->out, call->out, partition_arn);
	/* The text of this fault quotes a document, which is never translated. */
	bool is_quote =
		call->fault && str_equal(call->fault->query_code, STR("MalformedPolicyDocument"));
	if (call->fault_text.size > 0 && !is_quote)
		call->fault_text = move_sentence(call, call->fault_text);
}
