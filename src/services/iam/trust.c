/* SPDX-License-Identifier: MIT */
/*
 * trust: whom roles trust, as users and roles are renamed and deleted.
 *
 * A trust policy means whoever had the name when it was set. So a new name takes the old one's
 * place in it, and what is deleted leaves its id there, which nobody has again: somebody new of the
 * same name is not trusted. Those who change the directory are one thread, so nothing is missed.
 */
#include <stdlib.h>

#include "format/json.h"
#include "services/iam/store.h"
#include "services/iam/view.h"

/* With each text written in one way, as "\/" and "\u0061" are ways to write the same. */
static struct str without_escapes(struct call *call, struct str text)
{
	yyjson_val *root;
	size_t size;

	if (str_find_char(text, '\\', 0) == SIZE_MAX ||
	    json_parse(call->arena, text, &root) != ERR_OK)
		return text;
	char *written = yyjson_val_write(root, YYJSON_WRITE_PRETTY, &size);
	check(written != NULL);
	struct str copy = arena_copy(call->arena, str_of(written, size));
	free(written);
	return copy;
}

/* `text` with each "old" between quotes replaced; data NULL: there is none. */
static struct str replace(struct call *call, struct str text, struct str old, struct str new)
{
	struct str quoted = arena_format(call->arena, "\"%.*s\"", STR_ARG(old));
	size_t from = 0, place = str_find(text, quoted, 0);
	struct buf changed = {0};

	if (place == SIZE_MAX)
		return (struct str){0};
	for (; place != SIZE_MAX; place = str_find(text, quoted, from)) {
		buf_append(&changed, str_slice(text, from, place - from));
		buf_format(&changed, "\"%.*s\"", STR_ARG(new));
		from = place + quoted.size;
	}
	buf_append(&changed, str_slice(text, from, SIZE_MAX));
	struct str copy = arena_copy(call->arena, buf_str(&changed));
	buf_done(&changed);
	return copy;
}

enum err iam_retrust(struct call *call, struct str arn, struct str successor)
{
	struct iam_list *roles =
		iam_list(call, DIRECTORY_ROLE, (struct str){0}, STR(""), STR(""), SIZE_MAX);

	for (size_t i = 0; i < roles->count; i++) {
		const struct directory_entity *role = roles->items[i];
		struct str written = without_escapes(call, policy_text(role->trust));
		struct str text = replace(call, written, arn, successor);
		if (!text.data)
			continue;
		struct directory_entity draft = directory_draft(role);
		enum err err = iam_compile(call, text, POLICY_TRUST, &draft.trust);
		if (!err)
			err = iam_store_put(call->core, &draft);
		if (err)
			return err;
	}
	return ERR_OK;
}
