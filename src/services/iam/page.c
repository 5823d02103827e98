/* SPDX-License-Identifier: MIT */
/*
 * page: lists that are shown a page at a time. The key of a marker (core/page.h) is
 * "n<scope>/<name>" of a sorted list, or "p" and a place.
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
	struct str key;

	page.scope = page.after = STR("");
	if (marker.data) {
		if (page_token_open(call, marker, 0, &key) != ERR_OK || key.size == 0)
			return fail_marker(call);
		struct str rest = str_slice(key, 1, SIZE_MAX);
		if (key.data[0] == 'n') {
			page.scope = str_cut(&rest, '/');
			page.after = rest;
		} else {
			page.place = rest;
		}
	}
	page.is_entered = page.scope.size == 0;
	*out_page = page;
	return ERR_OK;
}

size_t iam_page_cut(struct iam_page *page, const void *list, size_t count, page_text_fn text_of)
{
	struct arena *arena = page->call->arena;

	page->from = 0;
	if (page->place.size > 0) {
		enum err err = page_place_find(page->place, list, count, text_of, &page->from);
		check(err == ERR_OK); /* this operation made the marker */
	}
	size_t left = count - page->from;
	if (left <= page->most)
		return left;
	size_t last = page->from + page->most - 1;
	struct str place = page_place_key(arena, last, text_of ? text_of(list, last) : STR(""));
	page->marker =
		page_token_make(page->call, arena_join(arena, (struct str[]){STR("p"), place}, 2));
	return page->most;
}

struct str iam_arn_at(const void *entities, size_t index)
{
	return ((const struct directory_entity *const *)entities)[index]->arn;
}

struct str iam_text_at(const void *texts, size_t index)
{
	return ((const struct str *)texts)[index];
}

static void set_marker(struct iam_page *page, struct str scope, struct str name)
{
	page->marker = page_token_make(page->call, arena_format(page->call->arena, "n%.*s/%.*s",
								STR_ARG(scope), STR_ARG(name)));
}

size_t iam_page_cut_entities(struct iam_page *page, const struct directory_entity *const *entities,
			     size_t count)
{
	if (count <= page->most)
		return count;
	set_marker(page, entities[page->most - 1]->account, entities[page->most - 1]->name);
	return page->most;
}

bool iam_page_enters(struct iam_page *page, struct str scope, struct str *out_after)
{
	*out_after = STR("");
	if (!page->is_entered && str_equal(scope, page->scope)) {
		page->is_entered = true;
		*out_after = page->after;
	}
	return page->is_entered;
}

bool iam_page_takes(struct iam_page *page, struct str scope, struct str name)
{
	if (page->count == page->most) {
		if (!page->marker.data)
			set_marker(page, page->last_scope, page->last_name);
		return false;
	}
	page->count++;
	page->last_scope = scope;
	page->last_name = name;
	return true;
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
