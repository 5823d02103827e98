/* SPDX-License-Identifier: MIT */
/* principal: one block of memory: the struct, its arrays, its texts. */
#include "access/principal.h"

#include <string.h>

#include "access/policy.h"

const struct principal principal_anonymous = {
	.type = PRINCIPAL_ANONYMOUS,
	.arn = STR_INIT("anonymous"),
	.entity_arn = STR_INIT("anonymous"),
	.id = STR_INIT("anonymous"),
};

/* Texts are put behind the arrays one after the other; in the first round only counted. */
struct packing {
	char *place; /* NULL while counting */
	size_t size;
};

static void pack(struct packing *packing, struct str *text)
{
	if (packing->place && text->data) {
		char *copy = packing->place + packing->size;
		memcpy(copy, text->data, text->size);
		*text = str_of(copy, text->size);
	}
	packing->size += text->size;
}

static void pack_texts(struct packing *packing, struct principal *principal,
		       struct shape_pair *tags)
{
	pack(packing, &principal->account);
	pack(packing, &principal->arn);
	pack(packing, &principal->entity_arn);
	pack(packing, &principal->id);
	pack(packing, &principal->entity_id);
	pack(packing, &principal->name);
	pack(packing, &principal->source_identity);
	for (size_t i = 0; i < principal->tag_count; i++) {
		pack(packing, &tags[i].key);
		pack(packing, &tags[i].value);
	}
}

static void hold_all(const struct policy **out, const struct policy *const *policies, size_t count)
{
	for (size_t i = 0; i < count; i++)
		out[i] = policy_hold(policies[i]);
}

const struct principal *principal_new(const struct principal *draft)
{
	size_t policy_count = draft->identity_count + draft->session_count;
	size_t fixed = sizeof(*draft) + policy_count * sizeof(struct policy *) +
		       draft->tag_count * sizeof(struct shape_pair);
	struct packing packing = {0};
	struct principal counted = *draft;

	pack_texts(&packing, &counted, (struct shape_pair *)draft->tags);
	struct principal *principal = heap_alloc(fixed + packing.size);
	*principal = *draft;
	principal->references = 1;
	const struct policy **policies = (const struct policy **)(principal + 1);
	struct shape_pair *tags = (struct shape_pair *)(policies + policy_count);
	hold_all(policies, draft->identity, draft->identity_count);
	hold_all(policies + draft->identity_count, draft->session, draft->session_count);
	principal->identity = policies;
	principal->session = policies + draft->identity_count;
	if (draft->boundary)
		principal->boundary = policy_hold(draft->boundary);
	if (draft->tag_count > 0)
		memcpy(tags, draft->tags, draft->tag_count * sizeof(*tags));
	principal->tags = tags;
	packing = (struct packing){.place = (char *)(tags + draft->tag_count)};
	pack_texts(&packing, principal, tags);
	return principal;
}

const struct principal *principal_root(struct str account)
{
	struct buf arn = {0};

	buf_append(&arn, STR("arn:aws:iam::"));
	buf_append(&arn, account);
	buf_append(&arn, STR(":root"));
	struct principal draft = {
		.type = PRINCIPAL_ROOT,
		.account = account,
		.arn = buf_str(&arn),
		.entity_arn = buf_str(&arn),
		.id = account,
		.entity_id = account,
	};
	const struct principal *principal = principal_new(&draft);
	buf_done(&arn);
	return principal;
}

const struct principal *principal_hold(const struct principal *principal)
{
	if (principal != &principal_anonymous)
		((struct principal *)principal)->references++;
	return principal;
}

void principal_release(const struct principal *principal)
{
	struct principal *mine = (struct principal *)principal;

	if (!mine || principal == &principal_anonymous || --mine->references > 0)
		return;
	for (size_t i = 0; i < mine->identity_count; i++)
		policy_release(mine->identity[i]);
	for (size_t i = 0; i < mine->session_count; i++)
		policy_release(mine->session[i]);
	policy_release(mine->boundary);
	heap_free(mine);
}
