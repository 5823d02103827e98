/* SPDX-License-Identifier: MIT */
/*
 * obligation_list: browses the internal queues. An obligation that waits for its retry is in flight
 * for the queue engine, as one that is attempted; the latter becomes visible again exactly one
 * visibility timeout after its receive.
 */
#include "core/obligation_list.h"

#include "core/engines.h"
#include "deliver/deliver.h"

enum { ROUNDING_MS = 2000 };

static enum err read_record(struct core *core, struct arena *arena,
			    const struct queue_delivery *delivery, struct obligation_record *out)
{
	struct engine *engine = engine_of(core, delivery->handle.queue);
	struct queue_message message;
	struct buf buffer = {0};
	struct str plain;

	enum err err = queue_read_message(engine, delivery->location, &buffer, &message);
	struct str sealed = err ? (struct str){0} : arena_copy(arena, message.payload);
	buf_done(&buffer);
	queue_delivery_done(engine, delivery);
	if (!err)
		err = seal_open(core->seal, (char *)(uintptr_t)sealed.data, sealed.size, &plain);
	return err ? err : obligation_record_decode(plain, out);
}

static enum obligation_state state_of(const struct queue_delivery *delivery)
{
	int64_t lease_ms = deliver_queue_settings(false).visibility_ms;
	int64_t received_ms = delivery->handle.received_ms + clock_now_ms() - clock_base_ms();
	int64_t difference_ms = delivery->visible_at_ms - received_ms - lease_ms;

	if (delivery->state == QUEUE_IS_VISIBLE)
		return OBLIGATION_IS_DUE;
	if (delivery->state == QUEUE_IS_IN_FLIGHT && difference_ms > -ROUNDING_MS &&
	    difference_ms < ROUNDING_MS)
		return OBLIGATION_IS_ATTEMPTED;
	return OBLIGATION_IS_WAITING;
}

static void add_item(struct core *core, struct arena *arena, const struct queue_delivery *delivery,
		     struct obligation_page *page)
{
	struct obligation_view *view = &page->items[page->count];

	if (read_record(core, arena, delivery, &view->record) != ERR_OK)
		return; /* deliver drops and logs it */
	uint32_t receives = view->record.is_dead_letter ? 0 : delivery->receive_count;
	view->handle = delivery->handle;
	view->state = state_of(delivery);
	view->next_ms = view->state == OBLIGATION_IS_WAITING ? delivery->visible_at_ms : 0;
	view->attempts = view->record.attempts + receives;
	view->kind = obligations_kind_name(core, view->record.kind);
	page->count++;
}

static enum err browse(struct core *core, struct arena *arena, uint64_t number, uint64_t after,
		       uint32_t most, struct obligation_page *page)
{
	struct queue_delivery deliveries[OBLIGATION_PAGE_MAX];
	struct queue_command command = {
		.type = QUEUE_BROWSE,
		.queue = number,
		.now_ms = clock_now_ms(),
		.browse = {.from_seq = after, .max = most, .deliveries = deliveries},
	};

	core_submit_and_wait(core, &command);
	if (command.result != QUEUE_OK)
		return ERR_IO;
	for (size_t i = 0; i < command.browse.count; i++)
		add_item(core, arena, &deliveries[i], page);
	page->has_more = command.browse.has_more;
	page->next.seq = command.browse.last_seq;
	return ERR_OK;
}

enum err obligations_read(struct core *core, struct arena *arena, struct obligation_place after,
			  uint32_t most, struct obligation_page *out_page)
{
	struct obligation_page page = {
		.items = arena_array(arena, struct obligation_view, OBLIGATION_PAGE_MAX),
		.next = {.queue = after.queue},
	};

	check(most > 0);
	check(most <= OBLIGATION_PAGE_MAX);
	check(after.queue < obligation_queue_count(core));
	enum err err =
		browse(core, arena, obligation_queue_at(core, after.queue), after.seq, most, &page);
	while (!err && !page.has_more && page.next.queue + 1 < obligation_queue_count(core)) {
		page.next = (struct obligation_place){.queue = page.next.queue + 1};
		if (page.count > 0) {
			page.has_more = true;
			break;
		}
		err = browse(core, arena, obligation_queue_at(core, page.next.queue), 0, most,
			     &page);
	}
	if (!err)
		*out_page = page;
	return err;
}

/* ---- attempts that were interrupted ---- */

static enum err give_back(struct core *core, uint64_t number, struct queue_change *changes,
			  size_t count)
{
	struct queue_command command = {
		.type = QUEUE_GIVE_BACK,
		.queue = number,
		.now_ms = clock_now_ms(),
		.change = {.changes = changes, .count = count},
	};

	if (count == 0)
		return ERR_OK;
	core_submit_and_wait(core, &command);
	return command.result == QUEUE_OK ? ERR_OK : ERR_IO;
}

static enum err reclaim_page(struct core *core, uint64_t number, uint64_t *after, bool *has_more)
{
	struct queue_delivery deliveries[LIMIT_RECEIVE_MESSAGES];
	struct queue_change changes[LIMIT_RECEIVE_MESSAGES];
	struct queue_command command = {
		.type = QUEUE_BROWSE,
		.queue = number,
		.now_ms = clock_now_ms(),
		.browse = {.from_seq = *after,
			   .max = LIMIT_RECEIVE_MESSAGES,
			   .deliveries = deliveries},
	};
	size_t count = 0;

	core_submit_and_wait(core, &command);
	if (command.result != QUEUE_OK)
		return ERR_IO;
	for (size_t i = 0; i < command.browse.count; i++) {
		if (state_of(&deliveries[i]) == OBLIGATION_IS_ATTEMPTED)
			changes[count++] = (struct queue_change){.handle = deliveries[i].handle};
		queue_delivery_done(engine_of(core, number), &deliveries[i]);
	}
	*has_more = command.browse.has_more;
	*after = command.browse.last_seq;
	return give_back(core, number, changes, count);
}

enum err obligations_reclaim(struct core *core)
{
	for (uint32_t i = 0; i < obligation_queue_count(core); i++) {
		uint64_t number = obligation_queue_at(core, i);
		uint64_t after = 0;
		bool has_more = true;
		for (int seen = 0; has_more && seen < LIMIT_DELIVER_RECLAIM;
		     seen += LIMIT_RECEIVE_MESSAGES) {
			enum err err = reclaim_page(core, number, &after, &has_more);
			if (err)
				return err;
		}
	}
	return ERR_OK;
}

/* ---- retries ---- */

static bool make_visible(struct core *core, const struct obligation_view *view)
{
	struct queue_change change = {.handle = view->handle};
	struct queue_command command = {
		.type = QUEUE_VISIBILITY,
		.queue = view->handle.queue,
		.now_ms = clock_now_ms(),
		.change = {.changes = &change, .count = 1},
	};

	core_submit_and_wait(core, &command);
	return command.result == QUEUE_OK && change.result == QUEUE_OK;
}

/* A delay cannot be ended: a copy without delay takes its place. */
static bool replace(struct core *core, struct arena *arena, const struct obligation_view *view)
{
	struct queue_target target = obligation_record_target(
		core, arena, engines_place(core, view->handle.queue), &view->record, 0);
	struct queue_handle handle = view->handle;
	struct queue_command command = {
		.type = QUEUE_FANOUT,
		.queue = handle.queue,
		.now_ms = clock_now_ms(),
		.fanout = {.targets = &target, .count = 1, .deletes = &handle, .delete_count = 1},
	};

	uuid_new(command.fanout.id);
	core_submit_and_wait(core, &command);
	return command.result == QUEUE_OK;
}

bool obligations_retry(struct core *core, struct arena *arena, const struct obligation_view *view)
{
	if (view->state == OBLIGATION_IS_ATTEMPTED)
		return false;
	if (view->state == OBLIGATION_IS_DUE)
		return true;
	return view->handle.receive > 0 ? make_visible(core, view) : replace(core, arena, view);
}
