/* SPDX-License-Identifier: MIT */
/*
 * logs: log groups and streams, a search, and following a group live.
 *
 * `tail` asks again each second for the events of the last WINDOW_MS, since an event may arrive
 * later than another one with a later time. Ids of printed events are kept for two windows.
 */
#include "commands.h"

#include <stdio.h>

#include "api/logs.h"
#include "audit_filter.h"
#include "base/vec.h"
#include "client/paginate.h"
#include "output.h"

enum { WINDOW_MS = 10000, POLL_MS = 1000, TAIL_MS = 600000 };

/* ---- ls ---- */

static const struct column group_columns[] = {
	{"GROUP", "logGroupName", false},  {"BYTES", "storedBytes", true},
	{"DAYS", "retentionInDays", true}, {"CREATED", "creationTime", false},
	{NULL, "kmsKeyId", false},
};
enum { GROUP_COLUMNS = sizeof(group_columns) / sizeof(group_columns[0]) };

static const struct column stream_columns[] = {
	{"STREAM", "logStreamName", false},
	{"FIRST EVENT", "firstEventTimestamp", false},
	{"LAST EVENT", "lastEventTimestamp", false},
};
enum { STREAM_COLUMNS = sizeof(stream_columns) / sizeof(stream_columns[0]) };

static struct str time_of(struct arena *arena, bool has_time, int64_t time_ms)
{
	return has_time ? output_time(arena, time_ms) : (struct str){0};
}

static void add_group(struct table *table, struct arena *arena, const struct logs_log_group *group)
{
	const struct str cells[GROUP_COLUMNS] = {
		group->log_group_name,
		output_number(arena, group->stored_bytes),
		group->has_retention_in_days ? output_number(arena, group->retention_in_days)
					     : (struct str){0},
		time_of(arena, group->has_creation_time, group->creation_time),
		group->kms_key_id,
	};

	table_add(table, cells);
}

static void add_stream(struct table *table, struct arena *arena,
		       const struct logs_log_stream *stream)
{
	const struct str cells[STREAM_COLUMNS] = {
		stream->log_stream_name,
		time_of(arena, stream->has_first_event_timestamp, stream->first_event_timestamp),
		time_of(arena, stream->has_last_event_timestamp, stream->last_event_timestamp),
	};

	table_add(table, cells);
}

static enum err list_groups(struct cli *cli, struct table *table)
{
	const struct logs_describe_log_groups_in in = {0};
	struct logs_describe_log_groups_out out;
	struct tern_pager pager;
	enum err err;

	tern_pager_init(&pager, cli->call, &logs_operations[LOGS_DESCRIBE_LOG_GROUPS], &in);
	while ((err = tern_pager_next(&pager, &out)) == ERR_OK)
		for (size_t i = 0; i < out.log_groups_count; i++)
			add_group(table, &cli->arena, &out.log_groups[i]);
	tern_pager_done(&pager);
	return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err list_streams(struct cli *cli, struct str group, struct table *table)
{
	const struct logs_describe_log_streams_in in = {.log_group_name = group};
	struct logs_describe_log_streams_out out;
	struct tern_pager pager;
	enum err err;

	tern_pager_init(&pager, cli->call, &logs_operations[LOGS_DESCRIBE_LOG_STREAMS], &in);
	while ((err = tern_pager_next(&pager, &out)) == ERR_OK)
		for (size_t i = 0; i < out.log_streams_count; i++)
			add_stream(table, &cli->arena, &out.log_streams[i]);
	tern_pager_done(&pager);
	return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	bool has_group = cli->arguments.count > 0;
	struct table table;

	(void)values;
	table_init(&table, cli, has_group ? stream_columns : group_columns,
		   has_group ? STREAM_COLUMNS : GROUP_COLUMNS);
	enum err err = has_group ? list_streams(cli, cli->arguments.items[0], &table)
				 : list_groups(cli, &table);
	table_done(&table);
	return err ? cli_explain(cli, err) : CLI_OK;
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[GROUP]",
	.summary = "list log groups, or the streams of one",
	.arguments_max = 1,
	.run = ls_run,
};

/* ---- events ---- */

struct event_values {
	struct str filter, stream, since, until;
	struct option_number count;
	bool is_plain;
};

struct search {
	struct cli *cli;
	const struct event_values *values;
	struct logs_filter_log_events_in in;
	int64_t shown;
	/* Ids of the events of this window and of the one before; NULL: all are shown. */
	struct map *seen;
	struct arena scratch;
};

static bool is_id(const void *value, const void *key)
{
	return str_equal(str_from(value), *(const struct str *)key);
}

/* True for the first time. */
static bool remember(struct search *search, struct str id)
{
	uint64_t hash = str_hash(id);
	char *copy;

	if (map_find(&search->seen[0], hash, is_id, &id) ||
	    map_find(&search->seen[1], hash, is_id, &id))
		return false;
	copy = heap_alloc(id.size + 1);
	memcpy(copy, id.data, id.size);
	map_insert(&search->seen[0], hash, copy);
	return true;
}

static void forget(struct map *seen)
{
	size_t cursor = 0;
	void *value;

	while ((value = map_next(seen, &cursor)) != NULL)
		heap_free(value);
	map_done(seen);
}

static void show_json(const struct logs_filtered_log_event *event)
{
	struct json_writer writer;
	struct buf line = {0};

	json_begin(&writer, &line);
	json_open_object(&writer);
	json_key(&writer, STR("timestamp"));
	json_i64(&writer, event->timestamp);
	json_key(&writer, STR("logStreamName"));
	json_str(&writer, event->log_stream_name);
	json_key(&writer, STR("message"));
	json_str(&writer, event->message);
	json_key(&writer, STR("eventId"));
	json_str(&writer, event->event_id);
	json_close_object(&writer);
	output_json_line(&line);
	buf_done(&line);
}

static void show(struct search *search, const struct logs_filtered_log_event *event)
{
	struct cli *cli = search->cli;
	char time[CLOCK_TEXT_MAX];

	search->shown++;
	if (cli->is_json) {
		show_json(event);
		return;
	}
	arena_reset(&search->scratch);
	struct str text = output_printable(&search->scratch, event->message, false);
	if (!search->values->is_plain) {
		int size = clock_format_iso(event->timestamp, time);
		printf("%s%.*s%s %s%.*s%s ", output_color(cli->has_color, COLOR_DIM), size, time,
		       output_color(cli->has_color, COLOR_NONE),
		       output_color(cli->has_color, COLOR_GREEN),
		       STR_ARG(output_printable(&search->scratch, event->log_stream_name, false)),
		       output_color(cli->has_color, COLOR_NONE));
	}
	printf("%.*s\n", STR_ARG(text));
}

static bool is_done(const struct search *search)
{
	const struct option_number *count = &search->values->count;

	return cli_is_interrupted() || (count->is_given && search->shown >= count->value);
}

/* All pages of the search. */
static enum cli_exit run_search(struct search *search)
{
	struct logs_filter_log_events_out out;
	struct tern_pager pager;
	enum err err = ERR_OK;

	tern_pager_init(&pager, search->cli->call, &logs_operations[LOGS_FILTER_LOG_EVENTS],
			&search->in);
	while (!is_done(search) && (err = tern_pager_next(&pager, &out)) == ERR_OK) {
		for (size_t i = 0; i < out.events_count && !is_done(search); i++)
			if (!search->seen || remember(search, out.events[i].event_id))
				show(search, &out.events[i]);
		fflush(stdout);
	}
	tern_pager_done(&pager);
	return err == ERR_OK || err == ERR_NOTFOUND || cli_is_interrupted()
		       ? CLI_OK
		       : cli_explain(search->cli, err);
}

static enum cli_exit parse_time(struct cli *cli, struct str text, bool is_end, int64_t *out_ms)
{
	struct str iso;

	if (audit_filter_parse_time(&cli->arena, text, clock_now_ms(), is_end, &iso) &&
	    clock_parse_iso(iso, out_ms))
		return CLI_OK;
	return cli_fail(cli, CLI_USAGE,
			"'%.*s' is no time; write 15m, 2h, 3d, or a date such as 2026-11-30",
			STR_ARG(text));
}

static enum cli_exit begin(struct search *search)
{
	const struct event_values *values = search->values;
	struct logs_filter_log_events_in *in = &search->in;
	struct cli *cli = search->cli;
	enum cli_exit code = CLI_OK;

	in->log_group_name = cli->arguments.items[0];
	in->filter_pattern = values->filter;
	in->log_stream_name_prefix = values->stream;
	if (values->since.size > 0) {
		in->has_start_time = true;
		code = parse_time(cli, values->since, false, &in->start_time);
	}
	if (code == CLI_OK && values->until.size > 0) {
		in->has_end_time = true;
		code = parse_time(cli, values->until, true, &in->end_time);
	}
	arena_init(&search->scratch);
	cli_catch_interrupt(cli);
	return code;
}

#define AT(member) offsetof(struct event_values, member)
#define STREAM_OPTION                                                                              \
	{                                                                                          \
		"stream", OPTION_TEXT, AT(stream), "PREFIX", "only streams whose names begin so",  \
			0, 0                                                                       \
	}
#define COUNT_OPTION                                                                               \
	{                                                                                          \
		"count", OPTION_NUMBER, AT(count), "N", "end after N events", 1, INT64_MAX         \
	}
#define PLAIN_OPTION                                                                               \
	{                                                                                          \
		"plain", OPTION_FLAG, AT(is_plain), NULL, "messages without time and stream", 0, 0 \
	}

/* ---- search ---- */

static const struct option search_options[] = {
	{"since", OPTION_TEXT, AT(since), "TIME", "not older than 15m, 2h, 3d, or a date in UTC", 0,
	 0},
	{"until", OPTION_TEXT, AT(until), "TIME", "not newer", 0, 0},
	STREAM_OPTION,
	COUNT_OPTION,
	PLAIN_OPTION,
};

static enum cli_exit search_run(struct cli *cli, const void *values)
{
	struct event_values mine = *(const struct event_values *)values;
	struct search search = {.cli = cli, .values = &mine};

	if (cli->arguments.count > 1)
		mine.filter = cli->arguments.items[1];
	enum cli_exit code = begin(&search);
	if (code == CLI_OK)
		code = run_search(&search);
	arena_done(&search.scratch);
	return code;
}

static const struct command search_command = {
	.name = "search",
	.arguments = "GROUP [PATTERN]",
	.summary = "print the events of a log group that match a filter pattern",
	.details =
		"PATTERN has terms, which must all occur (ERROR \"disk full\" -retry ?WARN), or a "
		"condition about JSON.\n"
		"\n"
		"  tern logs search /shop/api '{ $.status >= 500 }' --since 1h",
	.arguments_min = 1,
	.arguments_max = 2,
	.run = search_run,
	CLI_OPTIONS(search_options, struct event_values),
};

/* ---- tail ---- */

static const struct option tail_options[] = {
	{"filter", OPTION_TEXT, AT(filter), "PATTERN", "only events that match, as in search", 0,
	 0},
	{"since", OPTION_TEXT, AT(since), "TIME",
	 "begin with events that are not older; without it 10m", 0, 0},
	STREAM_OPTION,
	COUNT_OPTION,
	PLAIN_OPTION,
};
#undef AT

static enum cli_exit follow(struct search *search, struct map seen[2])
{
	int64_t rotated_ms = clock_base_ms();
	enum cli_exit code = CLI_OK;

	search->seen = seen;
	while (code == CLI_OK && !is_done(search)) {
		int64_t window_ms = clock_now_ms() - WINDOW_MS;
		code = run_search(search);
		if (window_ms > search->in.start_time)
			search->in.start_time = window_ms;
		if (clock_base_ms() - rotated_ms > 2 * WINDOW_MS) {
			forget(&seen[1]);
			seen[1] = seen[0];
			seen[0] = (struct map){0};
			rotated_ms = clock_base_ms();
		}
		if (!is_done(search))
			cli_sleep_ms(POLL_MS);
	}
	return code;
}

static enum cli_exit tail_run(struct cli *cli, const void *values)
{
	struct search search = {.cli = cli, .values = values};
	struct map seen[2] = {{0}, {0}};

	enum cli_exit code = begin(&search);
	if (!search.in.has_start_time) {
		search.in.has_start_time = true;
		search.in.start_time = clock_now_ms() - TAIL_MS;
	}
	if (code == CLI_OK)
		code = follow(&search, seen);
	forget(&seen[0]);
	forget(&seen[1]);
	arena_done(&search.scratch);
	return code;
}

static const struct command tail_command = {
	.name = "tail",
	.arguments = "GROUP",
	.summary = "print events of a log group as they come, until Ctrl-C",
	.details = "  tern logs tail sns/us-east-1/111122223333/orders --filter FAILURE",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = tail_run,
	CLI_OPTIONS(tail_options, struct event_values),
};

static const struct command *const children[] = {&ls_command, &tail_command, &search_command};

const struct command logs_command = {
	.name = "logs",
	.summary = "log groups, their streams and events",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
