/* SPDX-License-Identifier: MIT */
/* replay: StartReplay, CancelReplay, DescribeReplay, ListReplays. */
#include "services/events/replay.h"

#include "api/events.h"
#include "base/arn.h"
#include "core/authorize.h"
#include "services/events/archive.h"
#include "services/events/item_call.h"
#include "services/events/state.h"

static struct str arn_of(struct arena *arena, struct str account, struct str region,
			 struct str name)
{
	return arn_make(arena, STR("events"), region, account,
			arena_format(arena, "replay/%.*s", STR_ARG(name)));
}

enum err events_replay_decode(struct arena *arena, const struct events_item *item,
			      struct events_replay_record *out_replay)
{
	return events_replay_record_decode(arena, arena_copy(arena, item->record), out_replay);
}

enum err events_replay_write(struct core *core, const struct events_replay_record *record)
{
	struct buf bytes = {0};

	events_replay_record_encode(&bytes, record);
	return events_item_save(core, EVENTS_REPLAY, record->account, record->region, record->name,
				&bytes);
}

static enum err open_replay(struct call *call, struct str action, struct str name,
			    struct events_replay_record *out)
{
	const struct events_item *item;

	enum err err = events_item_open(call, EVENTS_REPLAY, action, name, &item);
	if (err)
		return err;
	err = events_replay_decode(call->arena, item, out);
	events_item_release(item);
	return err;
}

/* ---- StartReplay ---- */

struct counting {
	struct arena *arena;
	size_t active;
};

static bool count_active(void *context, const struct events_item *item)
{
	struct counting *counting = context;
	struct events_replay_record record;

	if (events_replay_decode(counting->arena, item, &record) == ERR_OK &&
	    events_replay_is_active(&record))
		counting->active++;
	return true;
}

static enum err check_new(struct call *call, struct str name)
{
	struct counting counting = {.arena = call->arena};

	enum err err = events_item_check_absent(call, EVENTS_REPLAY, name);
	if (err)
		return err;
	events_items_each(events_of(call->core)->items, EVENTS_REPLAY, call->account, call->region,
			  (struct str){0}, count_active, &counting);
	if (counting.active >= LIMIT_REPLAYS)
		return fail(call, &EVENTS_LIMIT_EXCEEDED,
			    "The requested resource exceeds the maximum number allowed.");
	return ERR_OK;
}

static enum err check_archive(struct call *call, const struct events_start_replay_in *in,
			      struct events_archive_record *out_archive)
{
	enum err err = ERR_NOTFOUND;
	struct arn arn;
	struct str name = in->event_source_arn;

	if (arn_parse(in->event_source_arn, &arn)) {
		name = arn.resource;
		(void)str_cut(&name, '/'); /* archive */
		if (str_equal(arn.account, call->account) && str_equal(arn.region, call->region))
			err = events_archive_find(call->core, call->arena, call->account,
						  call->region, name, out_archive);
	}
	if (err == ERR_NOTFOUND)
		return fail(call, &EVENTS_VALIDATION,
			    "Parameter EventSourceArn is not valid. Reason: Archive %.*s does not "
			    "exist.",
			    STR_ARG(name));
	if (err)
		return err;
	if (!str_equal(in->destination->arn, out_archive->event_source_arn))
		return fail(call, &EVENTS_VALIDATION,
			    "Parameter Destination.Arn is not valid. Reason: Cross event bus "
			    "replay is not permitted.");
	if (in->event_start_time >= in->event_end_time)
		return fail(call, &EVENTS_VALIDATION,
			    "Parameter EventEndTime is not valid. Reason: EventStartTime must be "
			    "before EventEndTime.");
	return ERR_OK;
}

enum err events_start_replay(struct call *call, const struct events_start_replay_in *in,
			     struct events_start_replay_out *out)
{
	struct events_archive_record archive;

	enum err err = events_item_authorize(call, EVENTS_REPLAY, STR("events:StartReplay"),
					     in->replay_name);
	if (!err)
		err = check_archive(call, in, &archive);
	if (!err)
		err = check_new(call, in->replay_name);
	if (err)
		return err;
	const struct events_replay_record record = {
		.account = call->account,
		.region = call->region,
		.name = in->replay_name,
		.archive = archive.name,
		.bus = archive.bus,
		.description = in->description,
		.bus_arn = in->destination->arn,
		.filter_arns = in->destination->filter_arns,
		.filter_arns_count = in->destination->filter_arns_count,
		.start_ms = in->event_start_time,
		.end_ms = in->event_end_time,
		.state = STR("STARTING"),
		.began_ms = call->now_ms,
	};
	const struct events_item item = {
		.account = call->account, .region = call->region, .name = in->replay_name};
	err = events_replay_write(call->core, &record);
	if (err)
		return err;
	events_replay_go_on(call->core, &item);
	out->replay_arn = arn_of(call->arena, call->account, call->region, in->replay_name);
	out->state = record.state;
	out->has_replay_start_time = true;
	out->replay_start_time = call->now_ms;
	return ERR_OK;
}

/* ---- the others ---- */

enum err events_cancel_replay(struct call *call, const struct events_cancel_replay_in *in,
			      struct events_cancel_replay_out *out)
{
	struct events_replay_record record;

	enum err err = open_replay(call, STR("events:CancelReplay"), in->replay_name, &record);
	if (!err && !events_replay_is_active(&record))
		err = fail(call, &EVENTS_ILLEGAL_STATUS,
			   "Replay %.*s is not in a valid state for this operation.",
			   STR_ARG(in->replay_name));
	if (err)
		return err;
	record.state = STR("CANCELLING");
	out->replay_arn = arn_of(call->arena, call->account, call->region, in->replay_name);
	out->state = record.state;
	return events_replay_write(call->core, &record);
}

static int64_t or_none(int64_t ms, bool *out_has)
{
	*out_has = ms > 0;
	return ms;
}

enum err events_describe_replay(struct call *call, const struct events_describe_replay_in *in,
				struct events_describe_replay_out *out)
{
	struct events_replay_record record;

	enum err err = open_replay(call, STR("events:DescribeReplay"), in->replay_name, &record);
	if (err)
		return err;
	out->replay_name = record.name;
	out->replay_arn = arn_of(call->arena, call->account, call->region, record.name);
	out->description = record.description;
	out->state = record.state;
	if (record.reason.size > 0)
		out->state_reason = record.reason;
	out->event_source_arn =
		events_archive_arn(call->arena, call->account, call->region, record.archive);
	out->destination = arena_new(call->arena, struct events_replay_destination);
	out->destination->arn = record.bus_arn;
	out->destination->filter_arns = (struct str *)record.filter_arns;
	out->destination->filter_arns_count = record.filter_arns_count;
	out->has_event_start_time = out->has_event_end_time = true;
	out->event_start_time = record.start_ms;
	out->event_end_time = record.end_ms;
	out->event_last_replayed_time =
		or_none(record.last_replayed_ms, &out->has_event_last_replayed_time);
	out->replay_start_time = or_none(record.began_ms, &out->has_replay_start_time);
	out->replay_end_time = or_none(record.ended_ms, &out->has_replay_end_time);
	return ERR_OK;
}

struct replay_list {
	struct events_page page;
	const struct events_list_replays_in *in;
	struct events_list_replays_out *out;
	enum err err;
};

static bool add(void *context, const struct events_item *item)
{
	struct replay_list *list = context;
	struct call *call = list->page.call;
	struct events_replay_record record;

	list->err = events_replay_decode(call->arena, item, &record);
	if (list->err)
		return false;
	struct str source =
		events_archive_arn(call->arena, call->account, call->region, record.archive);
	if ((list->in->state.data && !str_equal(list->in->state, record.state)) ||
	    (list->in->event_source_arn.data && !str_equal(list->in->event_source_arn, source)))
		return true;
	enum events_page_step step = events_page_step(&list->page, record.name);
	if (step != EVENTS_PAGE_TAKE)
		return step != EVENTS_PAGE_STOP;
	struct events_replay *shown = &list->out->replays[list->out->replays_count++];
	*shown = (struct events_replay){
		.replay_name = record.name,
		.event_source_arn = source,
		.state = record.state,
		.state_reason = record.reason.size > 0 ? record.reason : (struct str){0},
		.has_event_start_time = true,
		.event_start_time = record.start_ms,
		.has_event_end_time = true,
		.event_end_time = record.end_ms,
	};
	shown->event_last_replayed_time =
		or_none(record.last_replayed_ms, &shown->has_event_last_replayed_time);
	shown->replay_start_time = or_none(record.began_ms, &shown->has_replay_start_time);
	shown->replay_end_time = or_none(record.ended_ms, &shown->has_replay_end_time);
	return true;
}

enum err events_list_replays(struct call *call, const struct events_list_replays_in *in,
			     struct events_list_replays_out *out)
{
	struct replay_list list = {.in = in, .out = out};

	enum err err = call_authorize_any(call, STR("events:ListReplays"));
	if (!err)
		err = events_page_begin(call, in->has_limit, in->limit, in->next_token,
					in->name_prefix, &list.page);
	if (err)
		return err;
	out->replays = arena_array(call->arena, struct events_replay, list.page.most);
	out->next_token = events_item_list(&list.page, EVENTS_REPLAY, add, &list);
	return list.err;
}
