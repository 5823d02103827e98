/* SPDX-License-Identifier: MIT */
/* archive: CreateArchive, UpdateArchive, DescribeArchive, ListArchives, DeleteArchive. */
#include "services/events/archive.h"

#include "api/events.h"
#include "base/arn.h"
#include "core/authorize.h"
#include "match/event_pattern.h"
#include "services/events/archive_queue.h"
#include "services/events/change.h"
#include "services/events/encrypt.h"
#include "services/events/item_call.h"
#include "services/events/place.h"

#define REPLAY_EXCLUDED "\"replay-name\":[{\"exists\":false}]"

static enum err decode(struct arena *arena, const struct events_item *item,
		       struct events_archive_record *out)
{
	return events_archive_record_decode(arena, arena_copy(arena, item->record), out);
}

enum err events_archive_find(const struct core *core, struct arena *arena, struct str account,
			     struct str region, struct str name,
			     struct events_archive_record *out_archive)
{
	const struct events_item *item =
		events_items_find(events_of(core)->items, EVENTS_ARCHIVE, account, region, name);

	if (!item)
		return ERR_NOTFOUND;
	enum err err = decode(arena, item, out_archive);
	events_item_release(item);
	return err;
}

/* ---- the managed rule ---- */

/* The archive's pattern, without events of replays. */
static struct str rule_pattern(struct arena *arena, struct str pattern)
{
	struct str text = str_trim(pattern);

	if (text.size == 0)
		return STR("{" REPLAY_EXCLUDED "}");
	return arena_format(arena, "{" REPLAY_EXCLUDED ",%.*s", (int)(text.size - 1),
			    text.data + 1);
}

static enum err put_rule(struct call *call, const struct events_archive_record *record)
{
	const struct events_place place = {
		.account = record->account, .region = record->region, .name = record->bus};
	struct str name = events_archive_rule(call->arena, record->name);
	const struct events_bus_rule draft = {
		.account = record->account,
		.region = record->region,
		.bus = record->bus,
		.name = name,
		.arn = events_rule_arn(call->arena, &place, name),
		.pattern = rule_pattern(call->arena, record->pattern),
		.state = STR("ENABLED"),
		.managed_by = EVENTS_MANAGED_BY,
		.created_by = record->account,
		.created_ms = record->created_ms,
		.archive_queue = record->queue,
		.archive_key = record->kms_key.size > 0 ? record->kms_key : (struct str){0},
	};

	return events_rule_change(call->core, &draft, call->now_ms);
}

static enum err check_pattern(struct call *call, struct str pattern)
{
	struct event_pattern parsed;
	struct str problem;

	if (!pattern.data)
		return ERR_OK;
	enum err err = event_pattern_parse(call->arena, PATTERN_EVENTS, pattern, &parsed, &problem);
	if (err == ERR_INVALID)
		return fail(call, &EVENTS_INVALID_EVENT_PATTERN,
			    "Event pattern is not valid. Reason: %.*s", STR_ARG(problem));
	return err;
}

/* ---- records ---- */

static enum err open_archive(struct call *call, struct str action, struct str name,
			     struct events_archive_record *out)
{
	const struct events_item *item;

	enum err err = events_item_open(call, EVENTS_ARCHIVE, action, name, &item);
	if (err)
		return err;
	err = decode(call->arena, item, out);
	events_item_release(item);
	return err;
}

static enum err write(struct core *core, const struct events_archive_record *record)
{
	struct buf bytes = {0};

	events_archive_record_encode(&bytes, record);
	return events_item_save(core, EVENTS_ARCHIVE, record->account, record->region, record->name,
				&bytes);
}

/* The bus is one of the account and region; a forced DeleteRule lets it go before the archive. */
static enum err check_bus(struct call *call, struct str arn, struct events_place *out_place)
{
	enum err err = events_place_of_call(call, arn, out_place);
	if (err)
		return err;
	if (out_place->bus && str_equal(out_place->account, call->account) &&
	    str_equal(out_place->region, call->region))
		return ERR_OK;
	return fail(call, &EVENTS_RESOURCE_NOT_FOUND, "Event bus %.*s does not exist.",
		    STR_ARG(out_place->name));
}

/* The record, its rule, and the queue with its retention. */
static enum err save(struct call *call, const struct events_archive_record *record)
{
	enum err err = write(call->core, record);
	if (!err)
		err = put_rule(call, record);
	return err ? err
		   : events_archive_queue_later(call->core, (uint64_t)record->queue,
						record->retention_days, false);
}

/* ---- operations ---- */

enum err events_create_archive(struct call *call, const struct events_create_archive_in *in,
			       struct events_create_archive_out *out)
{
	struct events_archive_record record = {
		.account = call->account,
		.region = call->region,
		.name = in->archive_name,
		.event_source_arn = in->event_source_arn,
		.description = in->description,
		.pattern = in->event_pattern,
		.retention_days = in->retention_days,
		.kms_key = in->kms_key_identifier,
		.created_ms = call->now_ms,
	};
	struct events_place place;
	uint64_t queue;

	enum err err = events_item_authorize(call, EVENTS_ARCHIVE, STR("events:CreateArchive"),
					     in->archive_name);
	if (!err)
		err = check_bus(call, in->event_source_arn, &place);
	if (!err)
		err = check_pattern(call, in->event_pattern);
	if (!err)
		err = events_item_check_absent(call, EVENTS_ARCHIVE, in->archive_name);
	if (!err)
		err = events_item_check_quota(call, EVENTS_ARCHIVE, QUOTA_EVENTS_ARCHIVES);
	if (!err)
		err = events_key_check(call, in->kms_key_identifier);
	if (!err)
		err = events_archive_queue_allocate(call->core, call->account, &queue);
	if (err)
		return err;
	record.bus = place.name;
	record.queue = (int64_t)queue;
	out->archive_arn =
		events_archive_arn(call->arena, call->account, call->region, in->archive_name);
	out->state = STR("ENABLED");
	out->has_creation_time = true;
	out->creation_time = call->now_ms;
	return save(call, &record);
}

enum err events_update_archive(struct call *call, const struct events_update_archive_in *in,
			       struct events_update_archive_out *out)
{
	struct events_archive_record record;
	struct events_place place;

	enum err err = open_archive(call, STR("events:UpdateArchive"), in->archive_name, &record);
	if (!err)
		err = check_bus(call, record.event_source_arn, &place);
	if (!err && !in->description.data && !in->event_pattern.data && !in->has_retention_days &&
	    !in->kms_key_identifier.data)
		err = fail(call, &EVENTS_VALIDATION,
			   "At least one of EventPattern, RetentionDays or Description must be "
			   "provided.");
	if (!err)
		err = check_pattern(call, in->event_pattern);
	if (!err)
		err = events_key_check(call, in->kms_key_identifier);
	if (err)
		return err;
	if (in->description.data)
		record.description = in->description;
	if (in->event_pattern.data)
		record.pattern = in->event_pattern;
	if (in->has_retention_days)
		record.retention_days = in->retention_days;
	if (in->kms_key_identifier.data)
		record.kms_key = in->kms_key_identifier;
	out->archive_arn =
		events_archive_arn(call->arena, call->account, call->region, in->archive_name);
	out->state = STR("ENABLED");
	out->has_creation_time = true;
	out->creation_time = record.created_ms;
	return save(call, &record);
}

enum err events_describe_archive(struct call *call, const struct events_describe_archive_in *in,
				 struct events_describe_archive_out *out)
{
	struct events_archive_record record;

	enum err err = open_archive(call, STR("events:DescribeArchive"), in->archive_name, &record);
	if (err)
		return err;
	struct events_archive_counts counts =
		events_archive_queue_counts(call->core, (uint64_t)record.queue);
	out->archive_arn =
		events_archive_arn(call->arena, call->account, call->region, in->archive_name);
	out->archive_name = record.name;
	out->event_source_arn = record.event_source_arn;
	out->description = record.description;
	out->event_pattern = record.pattern;
	out->state = STR("ENABLED");
	out->kms_key_identifier = record.kms_key;
	out->has_retention_days = out->has_size_bytes = out->has_event_count = true;
	out->retention_days = record.retention_days;
	out->size_bytes = counts.size;
	out->event_count = counts.events;
	out->has_creation_time = true;
	out->creation_time = record.created_ms;
	return ERR_OK;
}

enum err events_archive_delete(struct core *core, const struct events_item *item)
{
	struct events_archive_record record;
	const struct events_bus_rule *rule;
	struct arena arena;

	arena_init(&arena);
	enum err err = decode(&arena, item, &record);
	if (!err) {
		rule = events_registry_find_rule(events_of(core)->registry, record.account,
						 record.region, record.bus,
						 events_archive_rule(&arena, record.name));
		if (rule)
			err = events_rule_delete(core, rule);
		events_rule_release(rule);
	}
	if (!err)
		err = events_item_remove(core, item, DUE_NEVER);
	if (!err)
		err = events_archive_queue_later(core, (uint64_t)record.queue, 0, true);
	arena_done(&arena);
	return err;
}

enum err events_delete_archive(struct call *call, const struct events_delete_archive_in *in,
			       struct events_delete_archive_out *out)
{
	struct events_archive_record record;

	(void)out;
	enum err err = open_archive(call, STR("events:DeleteArchive"), in->archive_name, &record);
	if (err)
		return err;
	const struct events_item *item =
		events_items_find(events_of(call->core)->items, EVENTS_ARCHIVE, call->account,
				  call->region, in->archive_name);
	err = events_archive_delete(call->core, item);
	events_item_release(item);
	return err;
}

struct archive_list {
	struct events_page page;
	const struct events_list_archives_in *in;
	struct events_list_archives_out *out;
	enum err err;
};

static bool add(void *context, const struct events_item *item)
{
	struct archive_list *list = context;
	struct call *call = list->page.call;
	struct events_archive_record record;

	list->err = decode(call->arena, item, &record);
	if (list->err)
		return false;
	if ((list->in->event_source_arn.data &&
	     !str_equal(list->in->event_source_arn, record.event_source_arn)) ||
	    (list->in->state.data && !str_equal(list->in->state, STR("ENABLED"))))
		return true;
	enum events_page_step step = events_page_step(&list->page, record.name);
	if (step != EVENTS_PAGE_TAKE)
		return step != EVENTS_PAGE_STOP;
	struct events_archive_counts counts =
		events_archive_queue_counts(call->core, (uint64_t)record.queue);
	list->out->archives[list->out->archives_count++] = (struct events_archive){
		.archive_name = record.name,
		.event_source_arn = record.event_source_arn,
		.state = STR("ENABLED"),
		.has_retention_days = true,
		.retention_days = record.retention_days,
		.has_size_bytes = true,
		.size_bytes = counts.size,
		.has_event_count = true,
		.event_count = counts.events,
		.has_creation_time = true,
		.creation_time = record.created_ms,
	};
	return true;
}

enum err events_list_archives(struct call *call, const struct events_list_archives_in *in,
			      struct events_list_archives_out *out)
{
	struct archive_list list = {.in = in, .out = out};

	enum err err = call_authorize_any(call, STR("events:ListArchives"));
	if (!err)
		err = events_page_begin(call, in->has_limit, in->limit, in->next_token,
					in->name_prefix, &list.page);
	if (err)
		return err;
	out->archives = arena_array(call->arena, struct events_archive, list.page.most);
	out->next_token = events_item_list(&list.page, EVENTS_ARCHIVE, add, &list);
	return list.err;
}

/* ---- start and stop ---- */

struct opening {
	struct core *core;
	enum err err;
};

static bool define(void *context, const struct events_item *item)
{
	struct opening *opening = context;
	struct events_archive_record record;
	struct arena arena;

	arena_init(&arena);
	opening->err = decode(&arena, item, &record);
	if (!opening->err)
		opening->err = events_archive_queue_define(opening->core, (uint64_t)record.queue,
							   record.retention_days);
	arena_done(&arena);
	return !opening->err;
}

enum err events_archives_open(struct core *core)
{
	struct opening opening = {.core = core};
	struct str all = {0};

	events_of(core)->archive_queues = events_archive_queues_new();
	events_items_each(events_of(core)->items, EVENTS_ARCHIVE, all, all, all, define, &opening);
	return opening.err ? opening.err : events_archive_queues_resolve(core);
}

void events_archives_close(struct core *core)
{
	events_archive_queues_free(&events_of(core)->archive_queues);
}
