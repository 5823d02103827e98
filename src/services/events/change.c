/* SPDX-License-Identifier: MIT */
/* change: one row a bus and one a rule; the registry follows the catalog's commit. */
#include "services/events/change.h"

#include "services/events/schedule.h"
#include "services/events/store.h"

static struct events_registry *registry_of(struct core *core)
{
	return events_of(core)->registry;
}

static void add_bus(struct catalog_changes *changes, struct arena *arena,
		    const struct events_bus *bus)
{
	struct buf record = {0};

	events_bus_encode(&record, bus);
	catalog_changes_put(changes, CATALOG_EVENTS_BUSES, events_bus_key(arena, bus),
			    buf_str(&record));
	buf_done(&record);
}

enum err events_bus_change(struct core *core, const struct events_bus *draft)
{
	const struct events_bus *bus = events_bus_new(draft);
	struct catalog_changes changes = {0};
	struct arena arena;

	arena_init(&arena);
	add_bus(&changes, &arena, bus);
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	if (err)
		events_bus_release(bus);
	else
		events_registry_put_bus(registry_of(core), bus);
	return err;
}

enum err events_bus_delete(struct core *core, const struct events_bus *bus)
{
	struct catalog_changes changes = {0};
	struct arena arena;

	arena_init(&arena);
	catalog_changes_delete(&changes, CATALOG_EVENTS_BUSES, events_bus_key(&arena, bus));
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	if (!err)
		events_registry_remove_bus(registry_of(core), bus);
	return err;
}

struct events_bus events_default_bus(struct arena *arena, struct str account, struct str region)
{
	return (struct events_bus){
		.account = account,
		.region = region,
		.name = STR("default"),
		.arn = arn_make(arena, STR("events"), region, account, STR("event-bus/default")),
	};
}

/* NULL: the bus has a record already. */
static const struct events_bus *make_default(struct core *core, struct arena *arena,
					     const struct events_bus_rule *draft, int64_t now_ms)
{
	const struct events_bus *bus = events_registry_find_bus(registry_of(core), draft->account,
								draft->region, draft->bus);

	if (bus) {
		events_bus_release(bus);
		return NULL;
	}
	check(str_equal(draft->bus, STR("default")));
	struct events_bus first = events_default_bus(arena, draft->account, draft->region);
	first.created_ms = now_ms;
	first.modified_ms = now_ms;
	return events_bus_new(&first);
}

enum err events_rule_change(struct core *core, const struct events_bus_rule *draft, int64_t now_ms)
{
	const struct events_bus_rule *rule = events_rule_new(draft);
	struct catalog_changes changes = {0};
	struct buf record = {0};
	struct arena arena;

	arena_init(&arena);
	const struct events_bus *bus = make_default(core, &arena, draft, now_ms);
	if (bus)
		add_bus(&changes, &arena, bus);
	events_rule_encode(&record, rule);
	catalog_changes_put(&changes, CATALOG_EVENTS_RULES, events_rule_key(&arena, rule),
			    buf_str(&record));
	buf_done(&record);
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	if (err) {
		events_bus_release(bus);
		events_rule_release(rule);
		return err;
	}
	if (bus)
		events_registry_put_bus(registry_of(core), bus);
	const struct events_bus_rule *old = events_registry_find_rule(
		registry_of(core), rule->account, rule->region, rule->bus, rule->name);
	err = events_schedule_change(core, old, rule);
	events_rule_release(old);
	events_registry_put_rule(registry_of(core), rule);
	return err;
}

enum err events_rule_delete(struct core *core, const struct events_bus_rule *rule)
{
	struct catalog_changes changes = {0};
	struct arena arena;

	arena_init(&arena);
	catalog_changes_delete(&changes, CATALOG_EVENTS_RULES, events_rule_key(&arena, rule));
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	if (!err)
		err = events_schedule_change(core, rule, NULL);
	if (!err)
		events_registry_remove_rule(registry_of(core), rule);
	return err;
}

/* ---- reset ---- */

struct found {
	struct {
		const struct events_bus **items;
		size_t count, capacity;
	} buses;
	struct {
		const struct events_bus_rule **items;
		size_t count, capacity;
	} rules;
};

static bool find_bus(void *context, const struct events_bus *bus)
{
	struct found *found = context;

	vec_push(&found->buses, events_bus_hold(bus));
	return true;
}

static bool find_rule(void *context, const struct events_bus_rule *rule)
{
	struct found *found = context;

	vec_push(&found->rules, events_rule_hold(rule));
	return true;
}

enum err events_account_reset(struct core *core, struct str account, uint64_t *count)
{
	const struct str all = {0};
	struct catalog_changes changes = {0};
	struct found found = {0};
	struct arena arena;

	arena_init(&arena);
	events_registry_each_rule(registry_of(core), account, all, all, all, find_rule, &found);
	events_registry_each_bus(registry_of(core), account, all, all, find_bus, &found);
	for (size_t i = 0; i < found.rules.count; i++)
		catalog_changes_delete(&changes, CATALOG_EVENTS_RULES,
				       events_rule_key(&arena, found.rules.items[i]));
	for (size_t i = 0; i < found.buses.count; i++)
		catalog_changes_delete(&changes, CATALOG_EVENTS_BUSES,
				       events_bus_key(&arena, found.buses.items[i]));
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	for (size_t i = 0; i < found.rules.count; i++) {
		if (!err)
			events_registry_remove_rule(registry_of(core), found.rules.items[i]);
		events_rule_release(found.rules.items[i]);
	}
	for (size_t i = 0; i < found.buses.count; i++) {
		if (!err)
			events_registry_remove_bus(registry_of(core), found.buses.items[i]);
		events_bus_release(found.buses.items[i]);
	}
	if (!err)
		*count += found.rules.count + found.buses.count;
	vec_done(&found.rules);
	vec_done(&found.buses);
	return err;
}
