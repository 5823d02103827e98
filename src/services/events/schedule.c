/* SPDX-License-Identifier: MIT */
/*
 * schedule: while an occurrence is being stored, the item is due again a minute later, so a crash
 * or a failure repeats it.
 */
#include "services/events/schedule.h"

#include "api/events_records.h"
#include "base/arn.h"
#include "schedule/schedule.h"
#include "services/events/item.h"
#include "services/events/put.h"

static const struct zone *utc(void)
{
	static struct zone *zone;

	if (!zone && zone_load(STR("UTC"), &zone) != ERR_OK)
		check(false); /* it needs no file */
	return zone;
}

static struct events_item names_of(const struct events_bus_rule *rule)
{
	return (struct events_item){.kind = EVENTS_SCHEDULE,
				    .account = rule->account,
				    .region = rule->region,
				    .name = rule->name};
}

static struct due_time due_at(int64_t ms)
{
	return ms > 0 ? (struct due_time){.wall_ms = ms} : DUE_NEVER;
}

/* The time at which the rule's item is due; 0: it has none. */
static enum err read_due(struct core *core, const struct events_bus_rule *rule,
			 struct events_schedule_record *out)
{
	const struct events_item *item = events_items_find(events_of(core)->items, EVENTS_SCHEDULE,
							   rule->account, rule->region, rule->name);
	enum err err = ERR_OK;
	struct arena arena;

	*out = (struct events_schedule_record){0};
	if (!item)
		return ERR_NOTFOUND;
	arena_init(&arena);
	err = events_schedule_record_decode(&arena, item->record, out); /* numbers only */
	arena_done(&arena);
	events_item_release(item);
	return err;
}

static enum err write(struct core *core, const struct events_bus_rule *rule,
		      const struct events_schedule_record *old,
		      const struct events_schedule_record *record)
{
	struct events_item draft = names_of(rule);
	struct buf bytes = {0};

	events_schedule_record_encode(&bytes, record);
	draft.record = buf_str(&bytes);
	enum err err = events_item_put(core, &draft, due_at(old->due_ms), due_at(record->due_ms));
	buf_done(&bytes);
	return err;
}

/* Sets next_ms and due_ms to the first occurrence after `after_ms`. */
static void set_next(const struct events_bus_rule *rule, struct events_schedule_record *record,
		     int64_t after_ms)
{
	struct schedule schedule;

	record->next_ms = 0;
	if (schedule_parse(rule->schedule, SCHEDULE_RULES, &schedule) != ERR_OK ||
	    !schedule_next(&schedule, utc(), record->anchor_ms, after_ms, &record->next_ms))
		record->next_ms = 0;
	record->due_ms = record->next_ms;
}

static bool is_scheduled(const struct events_bus_rule *rule)
{
	return rule && rule->schedule.size > 0 && events_rule_is_enabled(rule);
}

enum err events_schedule_change(struct core *core, const struct events_bus_rule *old,
				const struct events_bus_rule *rule)
{
	struct events_schedule_record before, record = {0};
	const struct events_bus_rule *names = rule ? rule : old;

	if (!str_equal(names->bus, STR("default")))
		return ERR_OK;
	enum err err = read_due(core, names, &before);
	bool has_item = err == ERR_OK;
	if (err && err != ERR_NOTFOUND)
		return err;
	if (!is_scheduled(rule)) {
		struct events_item item = names_of(names);

		return has_item ? events_item_remove(core, &item, due_at(before.due_ms)) : ERR_OK;
	}
	if (has_item && is_scheduled(old) && str_equal(old->schedule, rule->schedule))
		return ERR_OK; /* it goes on in its rhythm */
	record.anchor_ms = clock_now_ms();
	set_next(rule, &record, record.anchor_ms);
	return write(core, rule, &before, &record);
}

/* ---- occurrences ---- */

struct occurrence {
	struct core *core;
	const struct events_bus_rule *rule;
	struct events_schedule_record record; /* as it was written when the occurrence began */
	struct arena arena;
};

static void stored(void *context, bool is_stored)
{
	struct occurrence *occurrence = context;
	struct core *core = occurrence->core;
	struct events_schedule_record now, next;

	/* If the rule was changed meanwhile, its item is another. */
	enum err err = read_due(core, occurrence->rule, &now);
	if (!err && is_stored && now.due_ms == occurrence->record.due_ms &&
	    now.anchor_ms == occurrence->record.anchor_ms) {
		int64_t now_ms = clock_now_ms();

		next = now;
		set_next(occurrence->rule, &next, now.next_ms > now_ms ? now.next_ms : now_ms);
		err = write(core, occurrence->rule, &now, &next);
	}
	if ((err && err != ERR_NOTFOUND) || !is_stored)
		log_event(LOG_WARN, "a scheduled rule was not fired; it is tried again",
			  log_str("rule", occurrence->rule->arn));
	events_rule_release(occurrence->rule);
	arena_done(&occurrence->arena);
	heap_free(occurrence);
}

static void begin(struct occurrence *occurrence)
{
	const struct events_bus_rule *rule = occurrence->rule;
	struct arena *arena = &occurrence->arena;
	struct events_event *event = arena_new(arena, struct events_event);
	uint8_t id[16];
	char *text = arena_bytes(arena, UUID_TEXT_SIZE);

	uuid_new(id);
	uuid_format(id, text);
	*event = (struct events_event){
		.id = str_of(text, UUID_TEXT_SIZE),
		.source = STR("aws.events"),
		.detail_type = STR("Scheduled Event"),
		.account = rule->account,
		.region = rule->region,
		.time_ms = occurrence->record.next_ms,
		.resources = &rule->arn,
		.resource_count = 1,
		.detail = STR("{}"),
	};
	events_put_to_rule(occurrence->core, NULL, rule, event, stored, occurrence);
}

static enum err run_item(struct core *core, const struct events_item *item)
{
	const struct events_bus_rule *rule = events_registry_find_rule(
		events_of(core)->registry, item->account, item->region, STR("default"), item->name);
	struct events_schedule_record record, again;

	if (!is_scheduled(rule)) {
		events_rule_release(rule);
		return ERR_OK;
	}
	enum err err = read_due(core, rule, &record);
	again = record;
	again.due_ms = clock_now_ms() + LIMIT_DUE_RETRY_MS;
	if (!err && record.next_ms > 0 && record.due_ms <= clock_now_ms()) {
		err = write(core, rule, &record, &again);
		if (!err) {
			struct occurrence *occurrence = heap_alloc(sizeof(*occurrence));

			arena_init(&occurrence->arena);
			occurrence->core = core;
			occurrence->rule = rule;
			occurrence->record = again;
			begin(occurrence);
			return ERR_OK;
		}
	}
	events_rule_release(rule);
	return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err run(struct core *core, struct str key)
{
	struct events_item names;

	if (!events_item_key_parse(key, &names) || names.kind != EVENTS_SCHEDULE)
		return ERR_OK;
	return run_item(core, &names);
}

void events_schedule_register(struct core *core)
{
	due_register(core, DUE_EVENTS_ITEM, run);
}
