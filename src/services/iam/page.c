/* SPDX-License-Identifier: MIT */
/*
 * page: lists that are shown a page at a time.
 *
 * A marker is opaque to clients: base64 of "n<account>/<name>", the entity that was shown last, so
 * that what is deleted between two pages moves nothing; or of "i<number>", a place in a list that
 * belongs to one entity.
 */
#include <string.h>

#include "services/iam/common.h"

enum { PAGE_DEFAULT = 100 };

static enum err fail_marker(struct call *call)
{
	return fail(call, &IAM_VALIDATION_ERROR, "Invalid Marker.");
}

enum err iam_page_open(struct call *call, struct str marker, bool has_most, int64_t most,
		       struct iam_page *out_page)
{
	struct iam_page page = {.call = call, .most = has_most ? (size_t)most : PAGE_DEFAULT};
	uint64_t from;
	size_t size;

	page.account = page.after = STR("");
	if (marker.data) {
		char *bytes = arena_bytes(call->arena, marker.size + 1);
		if (!base64_parse(marker, (uint8_t *)bytes, &size) || size == 0)
			return fail_marker(call);
		struct str text = str_of(bytes + 1, size - 1);
		if (bytes[0] == 'n') {
			page.account = str_cut(&text, '/');
			page.after = text;
		} else if (bytes[0] == 'i' && str_to_u64(text, &from)) {
			page.from = from;
		} else {
			return fail_marker(call);
		}
	}
	*out_page = page;
	return ERR_OK;
}

static void set_marker(struct iam_page *page, struct str text)
{
	char *marker = arena_bytes(page->call->arena, base64_size(text.size));

	base64_format(text, marker);
	page->marker = str_of(marker, base64_size(text.size));
}

size_t iam_page_cut(struct iam_page *page, size_t count)
{
	if (page->from > count)
		page->from = count;
	size_t left = count - page->from;
	if (left <= page->most)
		return left;
	set_marker(page, arena_format(page->call->arena, "i%zu", page->from + page->most));
	return page->most;
}

size_t iam_page_cut_entities(struct iam_page *page, const struct directory_entity *const *entities,
			     size_t count)
{
	if (count <= page->most)
		return count;
	const struct directory_entity *last = entities[page->most - 1];
	set_marker(page, arena_format(page->call->arena, "n%.*s/%.*s", STR_ARG(last->account),
				      STR_ARG(last->name)));
	return page->most;
}

void iam_page_close(const struct iam_page *page, bool *out_has_truncated, bool *out_truncated,
		    struct str *out_marker)
{
	*out_has_truncated = true;
	*out_truncated = page->marker.data != NULL;
	*out_marker = page->marker;
}

/* ---- entities ---- */

struct listing {
	struct iam_list *list;
	struct str prefix;
	size_t most;
};

void iam_list_add(struct iam_list *list, const struct directory_entity *entity)
{
	vec_push(list, directory_hold(entity));
}

static bool add_entity(void *context, const struct directory_entity *entity)
{
	struct listing *listing = context;

	if (str_starts(entity->path, listing->prefix))
		iam_list_add(listing->list, entity);
	return listing->list->count <= listing->most;
}

static void release_list(void *subject)
{
	struct iam_list *list = subject;

	for (size_t i = 0; i < list->count; i++)
		directory_release(list->items[i]);
	vec_done(list);
}

struct iam_list *iam_list_new(struct call *call)
{
	struct iam_list *list = arena_new(call->arena, struct iam_list);

	call_on_end(call, release_list, list);
	return list;
}

struct iam_list *iam_list(struct call *call, enum directory_kind kind, struct str account,
			  struct str after, struct str prefix, size_t most)
{
	struct listing listing = {iam_list_new(call), prefix, most};

	directory_each(call->core->directory, kind, account, after, add_entity, &listing);
	return listing.list;
}
