/* SPDX-License-Identifier: MIT */
/*
 * registry: two snapshot tables, of buses and of rules, ordered by account, region and names.
 *
 * Changes of matchers wait in a list until the tables publish: the list joins the staging that is
 * open, or is applied at once. Each entry holds its rules and the life of their bus.
 */
#include "services/events/registry.h"

#include <string.h>

#include "base/pack.h"
#include "base/snapshot.h"
#include "base/staging.h"
#include "core/target.h"

struct change {
	struct events_bus_life *life;
	const struct events_bus_rule *before, *after; /* NULL: none */
};

struct events_registry {
	struct snapshot_table *buses, *rules;
	struct staging_member member;
	struct {
		struct change *items;
		size_t count, capacity;
	} changes;
};

/* ---- snapshots of buses ---- */

static struct events_bus_life *life_hold(struct events_bus_life *life)
{
	atomic_fetch_add_explicit(&life->references, 1, memory_order_relaxed);
	return life;
}

static void life_release(struct events_bus_life *life)
{
	if (atomic_fetch_sub(&life->references, 1) != 1)
		return;
	shared_matcher_free(&life->matcher);
	heap_free(life);
}

static struct events_bus_life *life_new(void)
{
	struct events_bus_life *life = heap_alloc(sizeof(*life));

	atomic_store(&life->references, 1);
	life->matcher = shared_matcher_new();
	return life;
}

static void for_pairs(const struct shape_pair *pairs, size_t count, pack_visit_fn visit,
		      void *context)
{
	for (size_t i = 0; i < count; i++) {
		visit(context, (struct str *)&pairs[i].key);
		visit(context, (struct str *)&pairs[i].value);
	}
}

/* The texts of a snapshot, one after another, so that sizing and copying cannot disagree. */
static void for_bus_texts(struct events_bus *bus, pack_visit_fn visit, void *context)
{
	struct str *texts[] = {&bus->account,
			       &bus->region,
			       &bus->name,
			       &bus->arn,
			       &bus->description,
			       &bus->kms_key,
			       &bus->dead_letter_arn,
			       &bus->log_detail,
			       &bus->log_level};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		visit(context, texts[i]);
	for_pairs(bus->tags, bus->tag_count, visit, context);
}

/* All but the references, which other threads count while this one copies. */
struct events_bus events_bus_draft(const struct events_bus *bus)
{
	static const size_t from = offsetof(struct events_bus, life);
	struct events_bus draft = {0};

	memcpy((char *)&draft + from, (const char *)bus + from, sizeof(draft) - from);
	return draft;
}

const struct events_bus *events_bus_new(const struct events_bus *draft)
{
	struct events_bus view = events_bus_draft(draft);
	size_t size = sizeof(view) + draft->tag_count * sizeof(*draft->tags);

	for_bus_texts(&view, pack_size, &size);
	struct events_bus *bus = heap_alloc(size);
	*bus = view;
	char *end = (char *)(bus + 1);
	bus->tags = pack_array(&end, bus->tags, bus->tag_count * sizeof(*bus->tags));
	for_bus_texts(bus, pack_text, &end);
	if (bus->policy)
		policy_hold(bus->policy);
	bus->life = bus->life ? life_hold(bus->life) : life_new();
	atomic_store(&bus->references, 1);
	return bus;
}

const struct events_bus *events_bus_hold(const struct events_bus *bus)
{
	atomic_fetch_add_explicit(&((struct events_bus *)bus)->references, 1, memory_order_relaxed);
	return bus;
}

void events_bus_release(const struct events_bus *bus)
{
	struct events_bus *mine = (struct events_bus *)bus;

	if (!mine || atomic_fetch_sub(&mine->references, 1) != 1)
		return;
	policy_release(mine->policy);
	life_release(mine->life);
	heap_free(mine);
}

/* ---- snapshots of rules ---- */

static void for_rule_texts(struct events_bus_rule *rule, pack_visit_fn visit, void *context)
{
	struct str *texts[] = {&rule->account,	  &rule->region,      &rule->bus,
			       &rule->name,	  &rule->arn,	      &rule->pattern,
			       &rule->schedule,	  &rule->description, &rule->role_arn,
			       &rule->managed_by, &rule->created_by,  &rule->state,
			       &rule->archive_key};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		visit(context, texts[i]);
	for_pairs(rule->tags, rule->tag_count, visit, context);
	for (size_t i = 0; i < rule->target_count; i++) {
		struct events_target_settings *target =
			(struct events_target_settings *)&rule->targets[i];
		struct str *parts[] = {
			&target->json,		 &target->id,	 &target->arn,
			&target->role_arn,	 &target->input, &target->input_path,
			&target->input_template, &target->group, &target->dead_letter_arn};
		for (size_t j = 0; j < sizeof(parts) / sizeof(parts[0]); j++)
			visit(context, parts[j]);
		for_pairs(target->paths, target->path_count, visit, context);
	}
}

struct events_bus_rule events_rule_draft(const struct events_bus_rule *rule)
{
	static const size_t from = offsetof(struct events_bus_rule, account);
	struct events_bus_rule draft = {0};

	memcpy((char *)&draft + from, (const char *)rule + from, sizeof(draft) - from);
	draft.compiled = NULL;
	return draft;
}

static size_t rule_arrays_size(const struct events_bus_rule *draft)
{
	size_t size = draft->tag_count * sizeof(*draft->tags) +
		      draft->target_count * sizeof(*draft->targets);

	for (size_t i = 0; i < draft->target_count; i++)
		size += draft->targets[i].path_count * sizeof(struct shape_pair);
	return size;
}

const struct events_bus_rule *events_rule_new(const struct events_bus_rule *draft)
{
	struct events_bus_rule view = events_rule_draft(draft);
	size_t size = sizeof(view) + rule_arrays_size(draft);

	for_rule_texts(&view, pack_size, &size);
	struct events_bus_rule *rule = heap_alloc(size);
	*rule = view;
	char *end = (char *)(rule + 1);
	rule->tags = pack_array(&end, rule->tags, rule->tag_count * sizeof(*rule->tags));
	rule->targets =
		pack_array(&end, rule->targets, rule->target_count * sizeof(*rule->targets));
	for (size_t i = 0; i < rule->target_count; i++) {
		struct events_target_settings *target =
			(struct events_target_settings *)&rule->targets[i];
		target->paths = pack_array(&end, target->paths,
					   target->path_count * sizeof(*target->paths));
		target->seat = target_seat_new();
	}
	for_rule_texts(rule, pack_text, &end);
	atomic_store(&rule->references, 1);
	return rule;
}

const struct events_bus_rule *events_rule_hold(const struct events_bus_rule *rule)
{
	atomic_fetch_add_explicit(&((struct events_bus_rule *)rule)->references, 1,
				  memory_order_relaxed);
	return rule;
}

void events_rule_release(const struct events_bus_rule *rule)
{
	struct events_bus_rule *mine = (struct events_bus_rule *)rule;

	if (!mine || atomic_fetch_sub(&mine->references, 1) != 1)
		return;
	check(mine->compiled == NULL);
	heap_free(mine);
}

/* ---- orders ---- */

static void hold_bus(const void *bus)
{
	events_bus_hold(bus);
}

static void release_bus(const void *bus)
{
	events_bus_release(bus);
}

static void hold_rule(const void *rule)
{
	events_rule_hold(rule);
}

static void release_rule(const void *rule)
{
	events_rule_release(rule);
}

/* The parts of a key; a part whose data is NULL ends it: all values with the parts before match. */
enum { PARTS = 4 };

static int compare_parts(const struct str *key, const struct str *value, size_t count)
{
	for (size_t i = 0; i < count && key[i].data; i++) {
		int order = str_compare(key[i], value[i]);
		if (order != 0)
			return order;
	}
	return 0;
}

static int compare_bus_key(const void *key, const void *value)
{
	const struct events_bus *bus = value;
	const struct str parts[] = {bus->account, bus->region, bus->name};

	return compare_parts(key, parts, 3);
}

static int compare_buses(const void *key, const void *value)
{
	const struct events_bus *bus = key;
	const struct str parts[] = {bus->account, bus->region, bus->name};

	return compare_bus_key(parts, value);
}

static int compare_rule_key(const void *key, const void *value)
{
	const struct events_bus_rule *rule = value;
	const struct str parts[] = {rule->account, rule->region, rule->bus, rule->name};

	return compare_parts(key, parts, PARTS);
}

static int compare_rules(const void *key, const void *value)
{
	const struct events_bus_rule *rule = key;
	const struct str parts[] = {rule->account, rule->region, rule->bus, rule->name};

	return compare_rule_key(parts, value);
}

static const struct snapshot_kind bus_kind = {
	.hold = hold_bus,
	.release = release_bus,
	.order_count = 1,
	.orders = {{.compare = compare_buses}},
};

static const struct snapshot_kind rule_kind = {
	.hold = hold_rule,
	.release = release_rule,
	.order_count = 1,
	.orders = {{.compare = compare_rules}},
};

/* ---- the matchers ---- */

static bool is_matching(const struct events_bus_rule *rule)
{
	return rule && rule->pattern.data && events_rule_is_enabled(rule);
}

static void apply(const struct change *change)
{
	struct events_bus_rule *before = (struct events_bus_rule *)change->before;
	struct events_bus_rule *after = (struct events_bus_rule *)change->after;

	if (is_matching(after)) {
		struct event_pattern pattern;
		struct str problem;
		struct arena arena;
		arena_init(&arena);
		enum err err = event_pattern_parse(&arena, PATTERN_EVENTS, after->pattern, &pattern,
						   &problem);
		/* It was parsed before it was stored. A later version that refuses it must not
		 * deliver what the rule's owner did not mean. */
		if (err)
			log_event(LOG_ERROR,
				  "the pattern of a rule is not valid; the rule matches "
				  "no event",
				  log_str("rule", after->arn), log_str("reason", problem));
		else
			after->compiled =
				shared_matcher_add(change->life->matcher, &pattern, after);
		arena_done(&arena);
	}
	if (before && before->compiled) {
		shared_matcher_remove(change->life->matcher, before->compiled);
		before->compiled = NULL;
	}
}

static void end_changes(struct staging_member *member, bool is_kept)
{
	struct events_registry *registry = container_of(member, struct events_registry, member);

	for (size_t i = 0; i < registry->changes.count; i++) {
		struct change *change = &registry->changes.items[i];
		if (is_kept)
			apply(change);
		events_rule_release(change->before);
		events_rule_release(change->after);
		life_release(change->life);
	}
	registry->changes.count = 0;
}

/* Before the table changes: a rule takes the place of `before`. */
static void note_change(struct events_registry *registry, const struct events_bus_rule *before,
			const struct events_bus_rule *after)
{
	const struct events_bus_rule *rule = after ? after : before;
	const struct events_bus *bus =
		events_registry_find_bus(registry, rule->account, rule->region, rule->bus);

	check(bus != NULL);
	vec_push(&registry->changes, (struct change){
					     .life = life_hold(bus->life),
					     .before = before ? events_rule_hold(before) : NULL,
					     .after = after ? events_rule_hold(after) : NULL,
				     });
	events_bus_release(bus);
	registry->member.end = end_changes;
	if (!staging_join(&registry->member))
		end_changes(&registry->member, true);
}

/* ---- finding ---- */

struct events_registry *events_registry_new(void)
{
	struct events_registry *registry = heap_alloc(sizeof(*registry));

	registry->buses = snapshot_table_new(&bus_kind);
	registry->rules = snapshot_table_new(&rule_kind);
	return registry;
}

static bool uncompile(void *context, const struct events_bus_rule *rule)
{
	struct events_bus_rule *mine = (struct events_bus_rule *)rule;
	struct events_registry *registry = context;

	if (!mine->compiled)
		return true;
	const struct events_bus *bus =
		events_registry_find_bus(registry, rule->account, rule->region, rule->bus);
	shared_matcher_remove(bus->life->matcher, mine->compiled);
	mine->compiled = NULL;
	events_bus_release(bus);
	return true;
}

void events_registry_free(struct events_registry **registry)
{
	struct events_registry *old = *registry;
	const struct str all = {0};

	if (!old)
		return;
	check(old->changes.count == 0);
	events_registry_each_rule(old, all, all, all, all, uncompile, old);
	snapshot_table_free(&old->rules);
	snapshot_table_free(&old->buses);
	vec_done(&old->changes);
	heap_free(old);
	*registry = NULL;
}

const struct events_bus *events_registry_find_bus(struct events_registry *registry,
						  struct str account, struct str region,
						  struct str name)
{
	const struct str parts[] = {account, region, name};
	struct snapshot_key key = {0, compare_bus_key, parts};

	return snapshot_table_find(registry->buses, 0, key);
}

const struct events_bus_rule *events_registry_find_rule(struct events_registry *registry,
							struct str account, struct str region,
							struct str bus, struct str name)
{
	const struct str parts[PARTS] = {account, region, bus, name};
	struct snapshot_key key = {0, compare_rule_key, parts};

	return snapshot_table_find(registry->rules, 0, key);
}

static size_t count_range(struct snapshot_table *table, struct snapshot_key key)
{
	const struct snapshot *snapshot = snapshot_take(table);
	size_t count = snapshot_count_range(snapshot, 0, key);

	snapshot_release(snapshot);
	return count;
}

size_t events_registry_count_rules(struct events_registry *registry, struct str account,
				   struct str region, struct str bus)
{
	const struct str parts[PARTS] = {account, region, bus};

	return count_range(registry->rules, (struct snapshot_key){0, compare_rule_key, parts});
}

size_t events_registry_count_buses(struct events_registry *registry, struct str account,
				   struct str region)
{
	const struct str parts[3] = {account, region};

	return count_range(registry->buses, (struct snapshot_key){0, compare_bus_key, parts});
}

size_t events_registry_bus_total(struct events_registry *registry)
{
	return snapshot_table_count(registry->buses, 0);
}

size_t events_registry_rule_total(struct events_registry *registry)
{
	return snapshot_table_count(registry->rules, 0);
}

void events_registry_each_bus(struct events_registry *registry, struct str account,
			      struct str region, struct str from, events_bus_visit_fn visit,
			      void *context)
{
	const struct str first[] = {account, region, from};
	const struct str range[3] = {account, region};
	const struct snapshot *snapshot = snapshot_take(registry->buses);
	struct snapshot_cursor cursor;
	const struct events_bus *bus;

	snapshot_seek(snapshot, 0, (struct snapshot_key){0, compare_bus_key, first}, &cursor);
	while ((bus = snapshot_next(&cursor)))
		if (compare_bus_key(range, bus) != 0 || !visit(context, bus))
			break;
	snapshot_release(snapshot);
}

void events_registry_each_rule(struct events_registry *registry, struct str account,
			       struct str region, struct str bus, struct str from,
			       events_rule_visit_fn visit, void *context)
{
	const struct str first[PARTS] = {account, region, bus, from};
	const struct str range[PARTS] = {account, region, bus};
	const struct snapshot *snapshot = snapshot_take(registry->rules);
	struct snapshot_cursor cursor;
	const struct events_bus_rule *rule;

	snapshot_seek(snapshot, 0, (struct snapshot_key){0, compare_rule_key, first}, &cursor);
	while ((rule = snapshot_next(&cursor)))
		if (compare_rule_key(range, rule) != 0 || !visit(context, rule))
			break;
	snapshot_release(snapshot);
}

/* ---- changing ---- */

void events_registry_put_bus(struct events_registry *registry, const struct events_bus *bus)
{
	snapshot_table_begin(registry->buses);
	snapshot_table_put(registry->buses, bus);
	snapshot_table_commit(registry->buses);
}

void events_registry_remove_bus(struct events_registry *registry, const struct events_bus *bus)
{
	snapshot_table_begin(registry->buses);
	check(snapshot_table_remove(registry->buses, (struct snapshot_key){0, compare_buses, bus}));
	snapshot_table_commit(registry->buses);
}

void events_registry_put_rule(struct events_registry *registry, const struct events_bus_rule *rule)
{
	const struct events_bus_rule *before = events_registry_find_rule(
		registry, rule->account, rule->region, rule->bus, rule->name);

	note_change(registry, before, rule);
	events_rule_release(before);
	snapshot_table_begin(registry->rules);
	snapshot_table_put(registry->rules, rule);
	snapshot_table_commit(registry->rules);
}

void events_registry_remove_rule(struct events_registry *registry,
				 const struct events_bus_rule *rule)
{
	note_change(registry, rule, NULL);
	snapshot_table_begin(registry->rules);
	check(snapshot_table_remove(registry->rules,
				    (struct snapshot_key){0, compare_rules, rule}));
	snapshot_table_commit(registry->rules);
}
