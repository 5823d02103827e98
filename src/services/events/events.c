/* SPDX-License-Identifier: MIT */
/* events: the service's beginning and end. */
#include "services/events/state.h"

#include "api/events.h"
#include "api/handlers.h"
#include "core/metrics.h"
#include "services/events/archive.h"
#include "services/events/bus_target.h"
#include "services/events/change.h"
#include "services/events/deliver.h"
#include "services/events/destination_deliver.h"
#include "services/events/destination_invoke.h"
#include "services/events/item.h"
#include "services/events/replay.h"
#include "services/events/schedule.h"
#include "services/events/store.h"

/* Each row has the key of what it holds. */
static enum err load_bus(void *context, struct str key, struct str record)
{
	struct core *core = context;
	const struct events_bus *bus = NULL;
	struct arena arena;

	arena_init(&arena);
	enum err err = events_bus_decode(&arena, record, &bus);
	if (!err && !str_equal(events_bus_key(&arena, bus), key)) {
		events_bus_release(bus);
		err = ERR_DAMAGED;
	}
	if (!err)
		events_registry_put_bus(events_of(core)->registry, bus);
	arena_done(&arena);
	return err;
}

static enum err put_rule(struct core *core, const struct events_bus_rule *rule)
{
	struct events_registry *registry = events_of(core)->registry;
	const struct events_bus *bus =
		events_registry_find_bus(registry, rule->account, rule->region, rule->bus);

	if (!bus) {
		events_rule_release(rule);
		return ERR_DAMAGED; /* the two are written together */
	}
	events_bus_release(bus);
	events_registry_put_rule(registry, rule);
	return ERR_OK;
}

static enum err load_rule(void *context, struct str key, struct str record)
{
	struct core *core = context;
	const struct events_bus_rule *rule = NULL;
	struct arena arena;

	arena_init(&arena);
	enum err err = events_rule_decode(&arena, record, &rule);
	if (!err && !str_equal(events_rule_key(&arena, rule), key)) {
		events_rule_release(rule);
		err = ERR_DAMAGED;
	}
	if (!err)
		err = put_rule(core, rule);
	arena_done(&arena);
	return err;
}

static enum err start(struct core *core, const struct service_start *start, struct str *out_problem)
{
	(void)start;
	(void)out_problem; /* the configuration has no event buses */
	pthread_mutex_init(&events_of(core)->scratch_lock, NULL);
	pthread_mutex_init(&events_of(core)->tokens_lock, NULL);
	events_of(core)->registry = events_registry_new();
	events_of(core)->items = events_items_new();
	enum err err = catalog_begin(core->catalog, false);
	if (!err)
		err = catalog_each(core->catalog, CATALOG_EVENTS_BUSES, load_bus, core);
	if (!err)
		err = catalog_each(core->catalog, CATALOG_EVENTS_RULES, load_rule, core);
	catalog_abort(core->catalog);
	if (!err)
		err = events_items_load(core, events_of(core)->items);
	if (!err)
		err = events_archives_open(core);
	if (err)
		return err;
	events_schedule_register(core);
	events_replays_open(core);
	return ERR_OK;
}

static void stop(struct core *core)
{
	struct events *events = events_of(core);

	if (!events->registry)
		return; /* the start did not come to it */
	for (size_t i = 0; i < events->scratches.count; i++)
		match_scratch_free(&events->scratches.items[i]);
	vec_done(&events->scratches);
	events_replays_close(core);
	events_archives_close(core);
	events_tokens_free(&events->tokens);
	events_registry_free(&events->registry);
	events_items_free(&events->items);
	pthread_mutex_destroy(&events->scratch_lock);
	pthread_mutex_destroy(&events->tokens_lock);
}

static const struct {
	const char *name, *text;
} counters[EVENTS_COUNTERS] = {
	[EVENTS_COUNT_CALLS] = {"tern_events_put_calls_total", "Calls of PutEvents."},
	[EVENTS_COUNT_ENTRIES] = {"tern_events_put_entries_total", "Entries of PutEvents."},
	[EVENTS_COUNT_FAILED_ENTRIES] = {"tern_events_put_failed_entries_total",
					 "Entries of PutEvents that failed."},
	[EVENTS_COUNT_MATCHED] = {"tern_events_matched_total", "Events that a rule matched."},
	[EVENTS_COUNT_TRIGGERED] = {"tern_events_triggered_rules_total",
				    "Rules that matched, in sum over all events."},
	[EVENTS_COUNT_INVOCATIONS] = {"tern_events_invocations_total",
				      "Deliveries of events to targets that succeeded."},
	[EVENTS_COUNT_RETRIES] = {"tern_events_retries_total",
				  "Attempts to deliver that failed and are repeated."},
	[EVENTS_COUNT_FAILED] = {"tern_events_failed_invocations_total",
				 "Deliveries that failed for good without a dead-letter queue."},
	[EVENTS_COUNT_DEAD_LETTERS] = {"tern_events_dead_letters_total",
				       "Events that went to a dead-letter queue."},
	[EVENTS_COUNT_DROPPED] = {"tern_events_dropped_total",
				  "Deliveries that ended since their rule or target was removed."},
};

static void metrics(const struct core *core, struct buf *out)
{
	struct events *events = events_of(core);
	struct events_registry *registry = events->registry;

	metrics_family(out, "tern_events_buses", "gauge", "Event buses that have a record.");
	buf_format(out, "tern_events_buses %zu\n", events_registry_bus_total(registry));
	metrics_family(out, "tern_events_rules", "gauge", "Rules of all event buses.");
	buf_format(out, "tern_events_rules %zu\n", events_registry_rule_total(registry));
	for (int i = 0; i < EVENTS_COUNTERS; i++) {
		uint64_t value = atomic_load_explicit(&events->counters[i], memory_order_relaxed);
		metrics_family(out, counters[i].name, "counter", counters[i].text);
		buf_format(out, "%s %llu\n", counters[i].name, (unsigned long long)value);
	}
}

static const struct obligation_kind *const obligations[] = {
	&events_target_obligation,
	&events_destination_obligation,
	&events_invoke_obligation,
};

/* ---- reset ---- */

struct first {
	const struct events_item *item; /* held; NULL: there is none */
};

static bool take_first(void *context, const struct events_item *item)
{
	struct first *first = context;

	events_item_hold(item);
	first->item = item;
	return false;
}

/* Connections and the like; schedules go with their rules. */
static enum err reset_items(struct core *core, struct str account, uint64_t *count)
{
	static const enum events_item_kind kinds[] = {EVENTS_REPLAY, EVENTS_ARCHIVE,
						      EVENTS_DESTINATION, EVENTS_CONNECTION};
	struct str all = {0};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]);) {
		struct first first = {0};

		events_items_each(events_of(core)->items, kinds[i], account, all, all, take_first,
				  &first);
		if (!first.item) {
			i++;
			continue;
		}
		enum err err = kinds[i] == EVENTS_ARCHIVE
				       ? events_archive_delete(core, first.item)
				       : events_item_remove(core, first.item, DUE_NEVER);
		events_item_release(first.item);
		if (err)
			return err;
		(*count)++;
	}
	return ERR_OK;
}

static enum err reset(struct core *core, struct str account, uint64_t *count)
{
	enum err err = reset_items(core, account, count);

	return err ? err : events_account_reset(core, account, count);
}

const struct service_module events_module = {
	.service = &events_service,
	.bind = events_bind_handlers,
	.stage = SERVICE_AFTER_ENGINE,
	.needs = "iam kms",
	.state_magic = 0x544e5645,
	.state_size = sizeof(struct events),
	.start = start,
	.stop = stop,
	.reset = reset,
	.reset_name = "deleted_event_buses_and_rules",
	.metrics = metrics,
	.targets = &events_target_provider,
	.invokes = &events_invoke_provider,
	.obligations = obligations,
	.obligation_count = sizeof(obligations) / sizeof(obligations[0]),
};
