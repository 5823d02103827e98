/* SPDX-License-Identifier: MIT */
/* alarm_history: DescribeAlarmHistory, and the deletion of old items. Both walk the whole table. */
#include "services/cloudwatch/alarm_history.h"

#include <stdlib.h>

#include "base/vec.h"
#include "core/page.h"
#include "services/cloudwatch/alarm_call.h"
#include "services/cloudwatch/alarm_state.h"

enum { KEPT_DAYS = 30, SWEEP_MS = 3600000, PAGE_MOST = 100, TIME_DIGITS = 20 };

/* ---- the sweep ---- */

struct sweep {
	int64_t before_ms;
	size_t count;
	struct catalog_changes changes;
};

static enum err sweep_row(void *context, struct str key, struct str record)
{
	struct sweep *sweep = context;
	struct cloudwatch_history item;
	struct arena arena;

	arena_init(&arena);
	enum err err = cloudwatch_history_decode(&arena, record, &item);
	sweep->count++;
	if (!err && item.time_ms < sweep->before_ms)
		catalog_changes_drop(&sweep->changes, CATALOG_CLOUDWATCH_HISTORY, key);
	arena_done(&arena);
	return err;
}

void cloudwatch_history_sweep(struct core *core, int64_t now_ms)
{
	struct cloudwatch_alarms *alarms = cloudwatch_alarms_of(core);
	struct sweep sweep = {.before_ms = now_ms - KEPT_DAYS * INT64_C(86400000)};

	if (now_ms - alarms->swept_ms < SWEEP_MS)
		return;
	alarms->swept_ms = now_ms;
	enum err err = catalog_begin(core->catalog, false);
	if (!err)
		err = catalog_each(core->catalog, CATALOG_CLOUDWATCH_HISTORY, sweep_row, &sweep);
	catalog_abort(core->catalog);
	if (!err)
		err = catalog_write(core->catalog, &sweep.changes);
	else
		catalog_changes_done(&sweep.changes);
	if (err)
		log_event(LOG_WARN, "old history of alarms could not be deleted",
			  log_str("error", err_text(err)));
}

/* ---- DescribeAlarmHistory ---- */

struct found {
	struct cloudwatch_history item;
	struct str key; /* of the page: time and number, then the alarm's name */
};
struct search {
	struct call *call;
	const struct cloudwatch_describe_alarm_history_in *in;
	bool is_ascending;
	struct str after; /* the key of the last item of the page before */
	size_t most;
	struct {
		struct found *items;
		size_t count, capacity;
	} found;
};

static bool has_type(const struct search *search, bool is_composite)
{
	const struct cloudwatch_describe_alarm_history_in *in = search->in;
	struct str type = is_composite ? STR("CompositeAlarm") : STR("MetricAlarm");

	if (in->alarm_types_count == 0)
		return !is_composite || in->alarm_name.data; /* AWS: metric alarms by default */
	for (size_t i = 0; i < in->alarm_types_count; i++) {
		if (str_equal(in->alarm_types[i], type))
			return true;
	}
	return false;
}

static bool is_wanted(const struct search *search, const struct cloudwatch_history *item)
{
	const struct cloudwatch_describe_alarm_history_in *in = search->in;

	if (in->alarm_name.data && !str_equal(in->alarm_name, item->name))
		return false;
	if (in->history_item_type.data && !str_equal(in->history_item_type, item->type))
		return false;
	if (in->has_start_date && item->time_ms < in->start_date)
		return false;
	if (in->has_end_date && item->time_ms > in->end_date)
		return false;
	return has_type(search, item->is_composite) && !in->alarm_contributor_id.data;
}

static enum err visit(void *context, struct str key, struct str record)
{
	struct search *search = context;
	struct arena *arena = search->call->arena;
	struct str place = arena_format(arena, "%.*s/%.*s/", STR_ARG(search->call->account),
					STR_ARG(search->call->region));
	struct cloudwatch_history item;

	if (!str_starts(key, place) || key.size < place.size + TIME_DIGITS)
		return ERR_OK;
	enum err err = cloudwatch_history_decode(arena, arena_copy(arena, record), &item);
	if (err || !is_wanted(search, &item))
		return err;
	struct found found = {
		.item = item,
		.key = arena_format(arena, "%.*s%.*s",
				    STR_ARG(str_slice(key, key.size - TIME_DIGITS, TIME_DIGITS)),
				    STR_ARG(item.name)),
	};
	if (search->after.data) {
		int order = str_compare(found.key, search->after);

		if (search->is_ascending ? order <= 0 : order >= 0)
			return ERR_OK;
	}
	vec_push(&search->found, found);
	return ERR_OK;
}

static int compare_ascending(const void *left, const void *right)
{
	return str_compare(((const struct found *)left)->key, ((const struct found *)right)->key);
}

static int compare_descending(const void *left, const void *right)
{
	return -compare_ascending(left, right);
}

static void show(struct search *search, struct cloudwatch_describe_alarm_history_out *out)
{
	struct arena *arena = search->call->arena;
	size_t count = search->found.count < search->most ? search->found.count : search->most;

	if (search->found.count > 0)
		qsort(search->found.items, search->found.count, sizeof(*search->found.items),
		      search->is_ascending ? compare_ascending : compare_descending);
	out->alarm_history_items = arena_array(arena, struct cloudwatch_alarm_history_item, count);
	out->alarm_history_items_count = count;
	for (size_t i = 0; i < count; i++) {
		const struct cloudwatch_history *item = &search->found.items[i].item;

		out->alarm_history_items[i] = (struct cloudwatch_alarm_history_item){
			.alarm_name = item->name,
			.alarm_type =
				item->is_composite ? STR("CompositeAlarm") : STR("MetricAlarm"),
			.timestamp = item->time_ms,
			.has_timestamp = true,
			.history_item_type = item->type,
			.history_summary = item->summary,
			.history_data = item->data,
		};
	}
	if (search->found.count > count)
		out->next_token = page_token_make(search->call, search->found.items[count - 1].key);
}

enum err cloudwatch_describe_alarm_history(struct call *call,
					   const struct cloudwatch_describe_alarm_history_in *in,
					   struct cloudwatch_describe_alarm_history_out *out)
{
	struct search search = {
		.call = call,
		.in = in,
		.is_ascending = str_equal(in->scan_by, STR("TimestampAscending")),
		.most = in->has_max_records ? (size_t)in->max_records : PAGE_MOST,
	};

	enum err err =
		cloudwatch_alarm_authorize(call, STR("cloudwatch:DescribeAlarmHistory"),
					   in->alarm_name.data ? in->alarm_name : STR("*"), NULL);
	if (!err && in->next_token.size > 0 &&
	    page_token_open(call, in->next_token, 0, &search.after) != ERR_OK)
		err = fail(call, &CLOUDWATCH_INVALID_NEXT_TOKEN, "Invalid NextToken");
	if (err)
		return err;
	err = catalog_begin(call->core->catalog, false);
	if (!err)
		err = catalog_each(call->core->catalog, CATALOG_CLOUDWATCH_HISTORY, visit, &search);
	catalog_abort(call->core->catalog);
	if (!err)
		show(&search, out);
	vec_done(&search.found);
	return err;
}
