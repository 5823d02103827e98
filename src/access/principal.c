/* SPDX-License-Identifier: MIT */
/* principal: one block of memory: the struct, its arrays, its texts. */
#include "access/principal.h"

#include <string.h>

#include "access/policy.h"
#include "base/arn.h"

const struct principal principal_anonymous = {
	.type = PRINCIPAL_ANONYMOUS,
	.arn = STR_INIT("anonymous"),
	.entity_arn = STR_INIT("anonymous"),
	.id = STR_INIT("anonymous"),
};

/* All but the references, which other threads count while this one copies. */
struct principal principal_draft(const struct principal *principal)
{
	static const size_t from = offsetof(struct principal, type);
	struct principal draft = {0};

	memcpy((char *)&draft + from, (const char *)principal + from, sizeof(draft) - from);
	return draft;
}

static void for_texts(struct principal *principal, pack_visit_fn visit, void *context)
{
	struct str *texts[] = {&principal->account,	    &principal->arn,
			       &principal->entity_arn,	    &principal->id,
			       &principal->entity_id,	    &principal->name,
			       &principal->source_identity, &principal->provider};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		visit(context, texts[i]);
	for (size_t i = 0; i < principal->tag_count; i++) {
		visit(context, (struct str *)&principal->tags[i].key);
		visit(context, (struct str *)&principal->tags[i].value);
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
	size_t tags_size = draft->tag_count * sizeof(*draft->tags);
	size_t size = sizeof(*draft) + policy_count * sizeof(struct policy *) + tags_size;
	struct principal view = principal_draft(draft);

	for_texts(&view, pack_size, &size);
	struct principal *principal = heap_alloc(size);
	const struct policy **policies = (const struct policy **)(principal + 1);
	char *end = (char *)(policies + policy_count);
	*principal = view;
	principal->references = 1;
	hold_all(policies, draft->identity, draft->identity_count);
	hold_all(policies + draft->identity_count, draft->session, draft->session_count);
	principal->identity = policies;
	principal->session = policies + draft->identity_count;
	if (draft->boundary)
		principal->boundary = policy_hold(draft->boundary);
	principal->tags = pack_array(&end, draft->tags, tags_size);
	for_texts(principal, pack_text, &end);
	return principal;
}

const struct principal *principal_root(struct str account)
{
	char text[ARN_SIZE_MAX];
	struct str arn = arn_format(STR("iam"), STR(""), account, STR("root"), text);

	struct principal draft = {
		.type = PRINCIPAL_ROOT,
		.account = account,
		.arn = arn,
		.entity_arn = arn,
		.id = account,
		.entity_id = account,
	};
	return principal_new(&draft);
}

const struct principal *principal_service(struct str name)
{
	struct principal draft = {
		.type = PRINCIPAL_SERVICE,
		.arn = name,
		.entity_arn = name,
		.id = name,
		.entity_id = name,
	};

	check(name.size > 0);
	return principal_new(&draft);
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
