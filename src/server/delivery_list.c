/* SPDX-License-Identifier: MIT */
/*
 * delivery_list: the deliveries that are owed (core/obligation_list.h), as JSON.
 *
 * GET takes account, endpoint and source as filters, limit and after. An answer may have fewer
 * deliveries than `limit`, even none, and a "next" all the same: a page is filtered after it was
 * read. POST takes {"id": ...}, or {"endpoint": ...} or {"account": ...} for all of these, and
 * answers {"retried": N}; "next" is there if more of them are to be tried: send it as "after".
 */
#include "core/obligation_list.h"
#include "format/json.h"
#include "server/admin.h"

enum { PAGES_MAX = 50 }; /* of one POST */

/* ---- ids: "<queue>-<sequence number>" ---- */

static struct str format_id(struct arena *arena, struct obligation_place place)
{
	return arena_format(arena, "%u-%llu", (unsigned)place.queue, (unsigned long long)place.seq);
}

static bool parse_id(const struct core *core, struct str text, struct obligation_place *out)
{
	struct str queue = str_cut(&text, '-');
	int64_t seq, number;

	if (!text.data || !str_to_i64(text, &seq) || seq < 0 || !str_to_i64(queue, &number) ||
	    number < 0 || number >= obligation_queue_count(core))
		return false;
	*out = (struct obligation_place){(uint32_t)number, (uint64_t)seq};
	return true;
}

static struct str id_of(const struct core *core, struct arena *arena,
			const struct obligation_view *view)
{
	return format_id(arena,
			 (struct obligation_place){obligation_queue_index(core, view->handle.queue),
						   view->handle.seq});
}

/* ---- filters ---- */

struct filter {
	struct str id, account, endpoint, source; /* data NULL: any */
};

static bool is_asked(struct str wanted, struct str found)
{
	return !wanted.data || str_equal(wanted, found);
}

static bool is_listed(const struct core *core, struct arena *arena, const struct filter *filter,
		      const struct obligation_view *view)
{
	return is_asked(filter->account, view->record.account) &&
	       is_asked(filter->endpoint, view->record.endpoint) &&
	       is_asked(filter->source, view->record.source) &&
	       (!filter->id.data || str_equal(filter->id, id_of(core, arena, view)));
}

/* The place in front of a delivery, to read it as the first of a page. */
static struct obligation_place place_before(struct obligation_place place)
{
	place.seq -= place.seq > 0;
	return place;
}

/* ---- showing ---- */

static void write_text(struct json_writer *json, struct str name, struct str text)
{
	json_key(json, name);
	json_str(json, text);
}

static void write_number(struct json_writer *json, struct str name, int64_t number)
{
	json_key(json, name);
	json_i64(json, number);
}

static void write_view(struct json_writer *json, const struct core *core, struct arena *arena,
		       const struct obligation_view *view)
{
	static const char *const states[] = {"due", "attempted", "waiting"};
	const struct obligation_record *record = &view->record;

	json_open_object(json);
	write_text(json, STR("id"), id_of(core, arena, view));
	write_text(json, STR("kind"), str_from(view->kind));
	write_text(json, STR("account"), record->account);
	write_text(json, STR("source"), record->source);
	write_text(json, STR("endpoint"), record->endpoint);
	write_text(json, STR("state"), str_from(states[view->state]));
	json_key(json, STR("is_dead_letter"));
	json_bool(json, record->is_dead_letter);
	write_number(json, STR("since_ms"), record->since_ms);
	write_number(json, STR("attempts"), view->attempts);
	if (view->next_ms > 0)
		write_number(json, STR("next_ms"), view->next_ms);
	write_number(json, STR("size"), (int64_t)(record->bytes.size + record->shared.size));
	if (record->failure.code.data) {
		write_text(json, STR("code"), record->failure.code);
		write_text(json, STR("problem"), record->failure.text);
	}
	if (record->failure.status > 0)
		write_number(json, STR("status"), record->failure.status);
	json_close_object(json);
}

static void write_next(struct json_writer *json, struct arena *arena,
		       const struct obligation_page *page)
{
	if (page->has_more)
		write_text(json, STR("next"), format_id(arena, page->next));
}

static bool read_place(struct admin_call *call, struct str text, struct obligation_place *out)
{
	if (parse_id(&call->server->core, text, out))
		return true;
	admin_refuse(call, 400, "\"%.*s\" is no id of a delivery, such as 0-17", STR_ARG(text));
	return false;
}

static bool read_page(struct admin_call *call, struct arena *arena, struct obligation_place after,
		      uint32_t most, struct obligation_page *out_page)
{
	if (obligations_read(&call->server->core, arena, after, most, out_page) == ERR_OK)
		return true;
	admin_refuse(call, 503, "the deliveries cannot be read now");
	return false;
}

static void show_one(struct admin_call *call)
{
	const struct core *core = &call->server->core;
	const struct filter filter = {.id = call->path};
	struct obligation_place place;
	struct obligation_page page;
	struct json_writer json;

	if (!read_place(call, call->path, &place) ||
	    !read_page(call, call->arena, place_before(place), 1, &page))
		return;
	if (page.count == 0 || !is_listed(core, call->arena, &filter, &page.items[0])) {
		admin_refuse(
			call, 404,
			"delivery %.*s does not wait: it was delivered, given up, or stored anew "
			"under another id",
			STR_ARG(call->path));
		return;
	}
	json_begin(&json, &call->body);
	write_view(&json, core, call->arena, &page.items[0]);
}

static void list(struct admin_call *call)
{
	const struct core *core = &call->server->core;
	struct filter filter = {0};
	struct obligation_place after = {0};
	struct obligation_page page;
	struct json_writer json;
	struct str text;
	int64_t most;

	/* Absent filters match all. */
	(void)form_find(&call->query, STR("account"), &filter.account);
	(void)form_find(&call->query, STR("endpoint"), &filter.endpoint);
	(void)form_find(&call->query, STR("source"), &filter.source);
	if (form_find(&call->query, STR("after"), &text) && !read_place(call, text, &after))
		return;
	if (!admin_number(call, STR("limit"), 1, OBLIGATION_PAGE_MAX, OBLIGATION_PAGE_MAX, &most) ||
	    !read_page(call, call->arena, after, (uint32_t)most, &page))
		return;
	json_begin(&json, &call->body);
	json_open_object(&json);
	json_key(&json, STR("deliveries"));
	json_open_array(&json);
	for (size_t i = 0; i < page.count; i++)
		if (is_listed(core, call->arena, &filter, &page.items[i]))
			write_view(&json, core, call->arena, &page.items[i]);
	json_close_array(&json);
	write_next(&json, call->arena, &page);
	json_close_object(&json);
}

/* ---- retrying ---- */

static int64_t retry_page(struct admin_call *call, struct arena *arena, const struct filter *filter,
			  const struct obligation_page *page)
{
	struct core *core = &call->server->core;
	int64_t retried = 0;

	for (size_t i = 0; i < page->count; i++) {
		const struct obligation_view *view = &page->items[i];
		if (!is_listed(core, arena, filter, view))
			continue;
		obligations_forgive(core, view->record.endpoint);
		retried += obligations_retry(core, arena, view);
	}
	return retried;
}

static bool read_filter(struct admin_call *call, struct filter *out, struct obligation_place *after)
{
	yyjson_val *root;

	if (json_parse(call->arena, call->request->http.body, &root) == ERR_OK) {
		out->id = json_text(json_member(root, "id"));
		out->endpoint = json_text(json_member(root, "endpoint"));
		out->account = json_text(json_member(root, "account"));
		struct str text = json_text(json_member(root, "after"));
		if (text.data && !read_place(call, text, after))
			return false;
	}
	if (out->id.data && !read_place(call, out->id, after))
		return false;
	if (out->id.data)
		*after = place_before(*after);
	if (out->id.data || out->endpoint.data || out->account.data)
		return true;
	admin_refuse(call, 400,
		     "send {\"id\": ...}, or {\"endpoint\": ...} or {\"account\": ...} for all of "
		     "its deliveries");
	return false;
}

/* Pages until there are no more or PAGES_MAX of them are done; their bytes live for one page. */
static bool retry_all(struct admin_call *call, const struct filter *filter,
		      struct obligation_place after, int64_t *retried, struct obligation_page *page)
{
	struct arena arena;
	bool is_read = true;

	*retried = 0;
	for (int pages = 0; pages < PAGES_MAX && is_read; pages++) {
		arena_init(&arena);
		is_read = read_page(call, &arena, after, filter->id.data ? 1 : OBLIGATION_PAGE_MAX,
				    page);
		if (is_read)
			*retried += retry_page(call, &arena, filter, page);
		arena_done(&arena);
		if (is_read && (!page->has_more || filter->id.data))
			break;
		after = page->next;
	}
	return is_read;
}

static void retry(struct admin_call *call)
{
	struct filter filter = {0};
	struct obligation_place after = {0};
	struct obligation_page page = {0};
	struct json_writer json;
	int64_t retried;

	if (!read_filter(call, &filter, &after) ||
	    !retry_all(call, &filter, after, &retried, &page))
		return;
	page.has_more &= !filter.id.data;
	json_begin(&json, &call->body);
	json_open_object(&json);
	write_number(&json, STR("retried"), retried);
	write_next(&json, call->arena, &page);
	json_close_object(&json);
}

void admin_deliveries(struct admin_call *call)
{
	if (call->request->http.method == HTTP_METHOD_POST)
		retry(call);
	else if (call->path.size > 0)
		show_one(call);
	else
		list(call);
}
