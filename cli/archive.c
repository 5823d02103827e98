/* SPDX-License-Identifier: MIT */
/* archive: archives of event buses, and their replay with a progress bar. */
#include "commands.h"

#include <stdio.h>

#include "api/events.h"
#include "base/clock.h"
#include "document.h"
#include "name.h"
#include "output.h"
#include "view.h"

/* ---- archives ---- */

struct create_values {
	struct str pattern, description;
	struct option_number days;
};

static const struct option create_options[] = {
	{"pattern", OPTION_TEXT, offsetof(struct create_values, pattern), "JSON|FILE",
	 "only events that match it", 0, 0},
	{"days", OPTION_NUMBER, offsetof(struct create_values, days), "N",
	 "how long events are kept; without it for ever", 1, INT32_MAX},
	{"description", OPTION_TEXT, offsetof(struct create_values, description), "TEXT",
	 "what it is for", 0, 0},
};

static enum cli_exit create_run(struct cli *cli, const void *values_given)
{
	const struct create_values *values = values_given;
	struct events_create_archive_in in = {
		.archive_name = cli->arguments.items[0],
		.description = values->description,
		.retention_days = values->days.value,
		.has_retention_days = values->days.is_given,
	};
	struct events_create_archive_out out;
	struct str bus = cli->arguments.count > 1 ? cli->arguments.items[1] : STR("default");

	enum cli_exit code = name_arn(cli, "events", "event-bus/", bus, &in.event_source_arn);
	if (code == CLI_OK && values->pattern.data)
		code = document_read_json(cli, values->pattern, &in.event_pattern);
	if (code == CLI_OK)
		code = cli_call(cli, &events_operations[EVENTS_CREATE_ARCHIVE], &in, &out);
	if (code == CLI_OK)
		output_text(cli, "ArchiveArn", out.archive_arn);
	return code;
}

static const struct command create_command = {
	.name = "create",
	.arguments = "NAME [BUS]",
	.summary = "keep the events of a bus, and print the archive's ARN",
	.arguments_min = 1,
	.arguments_max = 2,
	.run = create_run,
	CLI_OPTIONS(create_options, struct create_values),
};

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	static const struct view_column columns[] = {
		{"NAME", "ArchiveName"}, {"STATE", "State"},	    {"EVENTS", "EventCount"},
		{"BYTES", "SizeBytes"},	 {"DAYS", "RetentionDays"}, {"BUS", "EventSourceArn"},
	};
	const struct view_list view = {&events_operations[EVENTS_LIST_ARCHIVES], "Archives",
				       VIEW_COLUMNS(columns)};
	const struct events_list_archives_in in = {.name_prefix = cli->arguments.count > 0
									  ? cli->arguments.items[0]
									  : (struct str){0}};

	(void)values; /* it has no options */
	return view_list(cli, &view, &in, "No archives. Make one with: tern archive create NAME");
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[PREFIX]",
	.summary = "list archives whose names begin with PREFIX",
	.arguments_max = 1,
	.run = ls_run,
};

static enum cli_exit show_run(struct cli *cli, const void *values)
{
	const struct events_describe_archive_in in = {.archive_name = cli->arguments.items[0]};

	(void)values; /* it has no options */
	return view_run(cli, &events_operations[EVENTS_DESCRIBE_ARCHIVE], &in);
}

static const struct command show_command = {
	.name = "show",
	.arguments = "NAME",
	.summary = "print an archive",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = show_run,
};

static enum cli_exit rm_run(struct cli *cli, const void *values)
{
	struct events_delete_archive_out out;
	enum cli_exit code = CLI_OK;

	(void)values; /* it has no options */
	for (size_t i = 0; i < cli->arguments.count && code == CLI_OK; i++) {
		const struct events_delete_archive_in in = {.archive_name =
								    cli->arguments.items[i]};
		code = cli_call(cli, &events_operations[EVENTS_DELETE_ARCHIVE], &in, &out);
	}
	return code;
}

static const struct command rm_command = {
	.name = "rm",
	.arguments = "NAME...",
	.summary = "delete archives with their events, without asking",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = rm_run,
};

static const struct command *const archive_children[] = {
	&create_command,
	&ls_command,
	&show_command,
	&rm_command,
};

const struct command archive_command = {
	.name = "archive",
	.summary = "keep the events of a bus",
	.children = archive_children,
	.child_count = sizeof(archive_children) / sizeof(archive_children[0]),
	.arguments_max = ARGUMENTS_ANY,
};

/* ---- replays ---- */

struct start_values {
	struct str name, from, to;
	struct option_list rules;
	bool is_detached;
};

static const struct option start_options[] = {
	{"name", OPTION_TEXT, offsetof(struct start_values, name), "NAME",
	 "of the replay; without it from the archive's name and the time", 0, 0},
	{"from", OPTION_TEXT, offsetof(struct start_values, from), "TIME",
	 "events since this time: 2026-11-24T12:00:00Z; without it all", 0, 0},
	{"to", OPTION_TEXT, offsetof(struct start_values, to), "TIME",
	 "events before this time; without it until now", 0, 0},
	{"rule", OPTION_LIST, offsetof(struct start_values, rules), "NAME",
	 "only for this rule of the bus; may be repeated", 0, 0},
	{"detach", OPTION_FLAG, offsetof(struct start_values, is_detached), NULL,
	 "do not wait for the end", 0, 0},
};

enum { POLL_MS = 200, BAR_WIDTH = 30 };

static enum cli_exit read_time(struct cli *cli, const char *option, struct str text,
			       int64_t otherwise, int64_t *out_ms)
{
	*out_ms = otherwise;
	if (!text.data || clock_parse_iso(text, out_ms))
		return CLI_OK;
	return cli_fail(cli, CLI_USAGE, "--%s is no time such as 2026-11-24T12:00:00Z", option);
}

static bool is_running(struct str state)
{
	return str_equal(state, STR("STARTING")) || str_equal(state, STR("RUNNING")) ||
	       str_equal(state, STR("CANCELLING"));
}

static void show_progress(const struct cli *cli, const struct events_describe_replay_out *replay)
{
	int64_t span = replay->event_end_time - replay->event_start_time;
	int64_t done = replay->has_event_last_replayed_time
			       ? replay->event_last_replayed_time - replay->event_start_time
			       : 0;

	if (!cli->is_error_terminal || span <= 0)
		return;
	if (str_equal(replay->state, STR("COMPLETED")))
		done = span; /* the last event was before the end */
	done = done < 0 ? 0 : done > span ? span : done;
	int filled = (int)(done * BAR_WIDTH / span);
	fprintf(stderr, "\r[%.*s%*s] %3d %% %.*s ", filled, "##############################",
		BAR_WIDTH - filled, "", (int)(done * 100 / span), STR_ARG(replay->state));
}

/* Ctrl-C ends the waiting, not the replay. */
static enum cli_exit wait_for_end(struct cli *cli, struct str name)
{
	const struct events_describe_replay_in in = {.replay_name = name};
	struct events_describe_replay_out out;

	for (;;) {
		enum cli_exit code =
			cli_call(cli, &events_operations[EVENTS_DESCRIBE_REPLAY], &in, &out);
		if (code)
			return code;
		show_progress(cli, &out);
		if (!is_running(out.state) || cli_is_interrupted())
			break;
		cli_sleep_ms(POLL_MS);
	}
	if (cli->is_error_terminal)
		fputc('\n', stderr);
	if (str_equal(out.state, STR("COMPLETED")))
		return CLI_OK;
	if (is_running(out.state))
		return CLI_INTERRUPTED;
	return cli_fail(cli, CLI_FAILED, "the replay ended as %.*s%s%.*s", STR_ARG(out.state),
			out.state_reason.size > 0 ? ": " : "", STR_ARG(out.state_reason));
}

static enum cli_exit find_rules(struct cli *cli, struct str bus, const struct option_list *names,
				struct events_replay_destination *destination)
{
	struct str *arns = arena_array(&cli->arena, struct str, names->count);

	for (size_t i = 0; i < names->count; i++) {
		const struct events_describe_rule_in in = {.name = names->items[i],
							   .event_bus_name = bus};
		struct events_describe_rule_out out;
		enum cli_exit code =
			cli_call(cli, &events_operations[EVENTS_DESCRIBE_RULE], &in, &out);
		if (code)
			return code;
		arns[i] = arena_copy(&cli->arena, out.arn);
	}
	destination->filter_arns = arns;
	destination->filter_arns_count = names->count;
	return CLI_OK;
}

static enum cli_exit find_archive(struct cli *cli, struct str name,
				  struct events_start_replay_in *in, int64_t *out_created_ms)
{
	const struct events_describe_archive_in describe = {.archive_name = name};
	struct events_describe_archive_out archive;

	enum cli_exit code =
		cli_call(cli, &events_operations[EVENTS_DESCRIBE_ARCHIVE], &describe, &archive);
	if (code)
		return code;
	in->event_source_arn = arena_copy(&cli->arena, archive.archive_arn);
	in->destination->arn = arena_copy(&cli->arena, archive.event_source_arn);
	*out_created_ms = archive.creation_time;
	return CLI_OK;
}

static enum cli_exit start_run(struct cli *cli, const void *values_given)
{
	const struct start_values *values = values_given;
	struct str archive = cli->arguments.items[0];
	struct events_replay_destination destination = {0};
	struct events_start_replay_in in = {.replay_name = values->name,
					    .destination = &destination,
					    .has_event_start_time = true,
					    .has_event_end_time = true};
	struct events_start_replay_out out;
	int64_t now_ms = clock_now_ms(), created_ms;

	enum cli_exit code = find_archive(cli, archive, &in, &created_ms);
	if (code == CLI_OK)
		code = read_time(cli, "from", values->from, created_ms, &in.event_start_time);
	if (code == CLI_OK)
		code = read_time(cli, "to", values->to, now_ms, &in.event_end_time);
	if (code == CLI_OK)
		code = find_rules(cli, destination.arn, &values->rules, &destination);
	if (code)
		return code;
	if (!in.replay_name.data)
		in.replay_name = arena_format(&cli->arena, "%.*s-%lld", STR_ARG(archive),
					      (long long)(now_ms / 1000));
	code = cli_call(cli, &events_operations[EVENTS_START_REPLAY], &in, &out);
	if (code)
		return code;
	output_text(cli, "ReplayName", in.replay_name);
	return values->is_detached ? CLI_OK : wait_for_end(cli, in.replay_name);
}

static const struct command start_command = {
	.name = "start",
	.arguments = "ARCHIVE",
	.summary = "put the events of an archive on their bus again",
	.details = "Waits for the end, unless detached; Ctrl-C ends the waiting, not the replay.\n"
		   "\n"
		   "  tern replay start all --from 2026-11-24T12:00:00Z --rule issues",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = start_run,
	CLI_OPTIONS(start_options, struct start_values),
};

static enum cli_exit replay_ls_run(struct cli *cli, const void *values)
{
	static const struct view_column columns[] = {
		{"NAME", "ReplayName"},
		{"STATE", "State"},
		{"ARCHIVE", "EventSourceArn"},
		{"LAST EVENT (UTC)", "EventLastReplayedTime"},
	};
	const struct view_list view = {&events_operations[EVENTS_LIST_REPLAYS], "Replays",
				       VIEW_COLUMNS(columns)};
	const struct events_list_replays_in in = {0};

	(void)values; /* it has no options */
	return view_list(cli, &view, &in, "No replays. Begin one with: tern replay start ARCHIVE");
}

static const struct command replay_ls_command = {
	.name = "ls",
	.summary = "list replays",
	.run = replay_ls_run,
};

static enum cli_exit replay_show_run(struct cli *cli, const void *values)
{
	const struct events_describe_replay_in in = {.replay_name = cli->arguments.items[0]};

	(void)values; /* it has no options */
	return view_run(cli, &events_operations[EVENTS_DESCRIBE_REPLAY], &in);
}

static const struct command replay_show_command = {
	.name = "show",
	.arguments = "NAME",
	.summary = "print a replay",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = replay_show_run,
};

static enum cli_exit cancel_run(struct cli *cli, const void *values)
{
	const struct events_cancel_replay_in in = {.replay_name = cli->arguments.items[0]};
	struct events_cancel_replay_out out;

	(void)values; /* it has no options */
	return cli_call(cli, &events_operations[EVENTS_CANCEL_REPLAY], &in, &out);
}

static const struct command cancel_command = {
	.name = "cancel",
	.arguments = "NAME",
	.summary = "end a replay that runs",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = cancel_run,
};

static const struct command *const replay_children[] = {
	&start_command,
	&replay_ls_command,
	&replay_show_command,
	&cancel_command,
};

const struct command replay_command = {
	.name = "replay",
	.summary = "put archived events on their bus again",
	.children = replay_children,
	.child_count = sizeof(replay_children) / sizeof(replay_children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
