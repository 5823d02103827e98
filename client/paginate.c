/* SPDX-License-Identifier: MIT */
/* paginate: the token's members are found by name in the operation's shapes. */
#include "client/paginate.h"

#include <string.h>

#include "base/base.h"
#include "wire/member.h"

/* SQS and EC2 say NextToken; IAM says Marker, KMS too, but NextMarker in its answers. */
static const struct shape_member *token_member(const struct shape *shape)
{
	static const struct str names[] = {STR_INIT("NextToken"), STR_INIT("NextMarker"),
					   STR_INIT("Marker")};

	for (size_t name = 0; name < sizeof(names) / sizeof(names[0]); name++)
		for (uint32_t i = 0; i < shape->member_count; i++)
			if (str_equal_nocase(shape->members[i].name, names[name]))
				return &shape->members[i];
	return NULL;
}

void tern_pager_init(struct tern_pager *pager, struct tern_call *call,
		     const struct operation *operation, const void *in)
{
	check(token_member(operation->in) != NULL);
	check(token_member(operation->out) != NULL);
	*pager = (struct tern_pager){.call = call, .operation = operation};
	pager->in = heap_alloc(operation->in->size);
	memcpy(pager->in, in, operation->in->size);
}

void tern_pager_done(struct tern_pager *pager)
{
	heap_free(pager->in);
	heap_free(pager->token);
	*pager = (struct tern_pager){0};
}

/* The answer's memory goes away with the next call, so the token is copied. */
static enum err keep_token(struct tern_pager *pager, struct str token)
{
	if (pager->token && str_equal(token, str_of(pager->token, pager->token_size)))
		return ERR_INVALID;
	pager->token = heap_resize(pager->token, token.size);
	memcpy(pager->token, token.data, token.size);
	pager->token_size = token.size;
	const struct shape_member *member = token_member(pager->operation->in);
	*(struct str *)member_at(pager->in, member->offset) =
		str_of(pager->token, pager->token_size);
	return ERR_OK;
}

enum err tern_pager_next(struct tern_pager *pager, void *out)
{
	if (pager->is_at_end)
		return ERR_NOTFOUND;
	enum err err = tern_call_run(pager->call, pager->operation, pager->in, out);
	if (err)
		return err;
	struct str token = member_str(out, token_member(pager->operation->out)->offset);
	if (token.size > 0)
		return keep_token(pager, token);
	pager->is_at_end = true;
	return ERR_OK;
}
