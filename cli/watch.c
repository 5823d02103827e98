/* SPDX-License-Identifier: MIT */
/*
 * watch: a sample of all queues every few seconds; rates come from the difference of two.
 *
 * Tern tells all numbers of all queues at a path of its own. Elsewhere each queue's attributes are
 * asked for, and neither rates nor ages are known. Two views take turns, so that the memory of the
 * sample before the last is used again.
 */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "api/sqs.h"
#include "attributes.h"
#include "output.h"

struct watch_values {
	struct option_number interval, count;
};

static const struct option watch_options[] = {
	{"interval", OPTION_NUMBER, offsetof(struct watch_values, interval), "SECONDS",
	 "time between two looks; without it 2", 1, 86400},
	{"count", OPTION_NUMBER, offsetof(struct watch_values, count), "N",
	 "stop after N looks; without it at Ctrl-C", 1, INT32_MAX},
};

struct queue_sample {
	struct str account, region, name;
	int64_t visible, in_flight, delayed;
	int64_t sent, received, deleted; /* since the server began to count */
	int64_t oldest_age_ms;
};

struct view {
	struct cli cli; /* as the command's, with an arena of its own */
	struct queue_sample *samples;
	size_t count;
	int64_t taken_ns;
};

struct watch {
	struct cli *cli;
	struct str prefix;
	bool is_tern; /* as far as is known */
	struct view views[2];
};

/* ---- samples ---- */

static int compare_samples(const void *left, const void *right)
{
	const struct queue_sample *a = left, *b = right;
	int order = str_compare(a->name, b->name);

	if (order == 0)
		order = str_compare(a->account, b->account);
	return order ? order : str_compare(a->region, b->region);
}

static int64_t number_of(yyjson_val *object, const char *name)
{
	yyjson_val *value = json_member(object, name);

	return yyjson_is_int(value) ? yyjson_get_sint(value) : 0;
}

static void read_queues(const struct watch *watch, struct view *view, yyjson_val *queues)
{
	size_t index, count;
	yyjson_val *item;

	view->samples = arena_array(&view->cli.arena, struct queue_sample, yyjson_arr_size(queues));
	yyjson_arr_foreach(queues, index, count, item) {
		struct str name = json_text(json_member(item, "name"));
		if (!str_starts(name, watch->prefix))
			continue;
		view->samples[view->count++] = (struct queue_sample){
			.account = json_text(json_member(item, "account")),
			.region = json_text(json_member(item, "region")),
			.name = name,
			.visible = number_of(item, "visible"),
			.in_flight = number_of(item, "in_flight"),
			.delayed = number_of(item, "delayed"),
			.sent = number_of(item, "sent"),
			.received = number_of(item, "received"),
			.deleted = number_of(item, "deleted"),
			.oldest_age_ms = number_of(item, "oldest_age_ms"),
		};
	}
}

/* False if the endpoint has no such path. */
static bool sample_tern(const struct watch *watch, struct view *view, enum cli_exit *out_code)
{
	struct arena *arena = &view->cli.arena;
	yyjson_val *root;
	struct str body;
	int status;

	*out_code = CLI_OK;
	enum err err = tern_call_fetch(watch->cli->call, &sqs_client_service, STR("/_tern/queues"),
				       &status, &body);
	if (err) {
		*out_code = cli_explain(watch->cli, err);
		return true;
	}
	if (status != 200 || json_parse(arena, arena_copy(arena, body), &root) ||
	    !yyjson_is_arr(json_member(root, "queues")))
		return false;
	read_queues(watch, view, json_member(root, "queues"));
	return true;
}

static enum cli_exit sample_attributes(struct view *view, struct str url)
{
	struct queue_sample sample = {.account = cli_queue_account(url),
				      .name = cli_queue_name(url)};
	int64_t *const places[] = {&sample.visible, &sample.in_flight, &sample.delayed};
	struct str counts[ATTRIBUTE_COUNTS];

	enum cli_exit code = attributes_get_counts(&view->cli, url, counts);
	if (code)
		return code;
	for (size_t i = 0; i < ATTRIBUTE_COUNTS; i++)
		(void)str_to_i64(counts[i], places[i]); /* or 0 */
	view->samples[view->count++] = sample;
	return CLI_OK;
}

static enum cli_exit sample_others(const struct watch *watch, struct view *view)
{
	struct queue_list queues;

	enum cli_exit code = cli_queue_list(&view->cli, watch->prefix, &queues);
	if (code)
		return code;
	view->samples = arena_array(&view->cli.arena, struct queue_sample, queues.count);
	for (size_t i = 0; i < queues.count && code == CLI_OK; i++)
		code = sample_attributes(view, queues.urls[i]);
	return code;
}

static enum cli_exit take_sample(struct watch *watch, struct view *view)
{
	enum cli_exit code = CLI_OK;

	arena_reset(&view->cli.arena);
	view->count = 0;
	view->taken_ns = clock_steady_ns();
	if (watch->is_tern)
		watch->is_tern = sample_tern(watch, view, &code);
	if (!watch->is_tern)
		code = sample_others(watch, view);
	if (code == CLI_OK && view->count > 0)
		qsort(view->samples, view->count, sizeof(*view->samples), compare_samples);
	return code;
}

/* ---- the table ---- */

static const struct column columns[] = {
	{"QUEUE", "name", false},
	{"VISIBLE", "visible", true},
	{"IN FLIGHT", "in_flight", true},
	{"DELAYED", "delayed", true},
	{"SENT/S", "sent_per_second", true},
	{"RECEIVED/S", "received_per_second", true},
	{"DELETED/S", "deleted_per_second", true},
	{"OLDEST", NULL, true},
	{NULL, "oldest_age_ms", true},
	{NULL, "account", false},
	{NULL, "region", false},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static struct str rate(struct arena *arena, int64_t before, int64_t now, int64_t elapsed_ns)
{
	if (elapsed_ns <= 0 || now < before)
		return (struct str){0};
	return output_number(arena,
			     (int64_t)((double)(now - before) * 1e9 / (double)elapsed_ns + 0.5));
}

static void add_row(const struct watch *watch, struct view *view, struct table *table,
		    const struct queue_sample *sample, const struct queue_sample *before,
		    int64_t elapsed_ns)
{
	struct arena *arena = &view->cli.arena;
	struct str cells[COLUMNS] = {
		sample->name,
		output_number(arena, sample->visible),
		output_number(arena, sample->in_flight),
		output_number(arena, sample->delayed),
	};

	if (before) {
		cells[4] = rate(arena, before->sent, sample->sent, elapsed_ns);
		cells[5] = rate(arena, before->received, sample->received, elapsed_ns);
		cells[6] = rate(arena, before->deleted, sample->deleted, elapsed_ns);
	}
	if (watch->is_tern) {
		cells[7] = output_age(arena, sample->oldest_age_ms);
		cells[8] = output_number(arena, sample->oldest_age_ms);
		cells[10] = sample->region;
	}
	cells[9] = sample->account;
	table_add(table, cells);
}

static size_t rows_of_terminal(const struct cli *cli)
{
	struct winsize size;

	if (!cli->is_terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 8)
		return SIZE_MAX;
	return (size_t)size.ws_row - 4u;
}

/* Both samples are sorted: one walk finds each queue's earlier numbers. */
static void show(const struct watch *watch, struct view *view, const struct view *before)
{
	size_t most = watch->cli->is_json ? SIZE_MAX : rows_of_terminal(watch->cli);
	int64_t elapsed_ns = view->taken_ns - before->taken_ns;
	struct table table;

	table_init(&table, &view->cli, columns, COLUMNS);
	for (size_t i = 0, j = 0; i < view->count && i < most; i++) {
		const struct queue_sample *sample = &view->samples[i];
		while (j < before->count && compare_samples(&before->samples[j], sample) < 0)
			j++;
		bool is_known = watch->is_tern && j < before->count &&
				compare_samples(&before->samples[j], sample) == 0;
		add_row(watch, view, &table, sample, is_known ? &before->samples[j] : NULL,
			elapsed_ns);
	}
	if (watch->cli->is_terminal && !watch->cli->is_json)
		fputs("\033[H\033[J", stdout);
	table_done(&table);
	if (watch->cli->is_json)
		return;
	if (view->count > most)
		printf("and %zu more: name a PREFIX\n", view->count - most);
	if (view->count == 0)
		puts("no queues");
	if (!watch->cli->is_terminal)
		putchar('\n');
}

/* A PREFIX without queues is probably misspelt: at the first look it is refused. */
static enum cli_exit check_prefix(struct watch *watch)
{
	struct view *view = &watch->views[0];

	enum cli_exit code = take_sample(watch, view);
	if (code == CLI_OK && view->count == 0)
		code = cli_fail(watch->cli, CLI_FAILED,
				"no queue's name begins with '%.*s'; 'tern queue ls' lists all",
				STR_ARG(watch->prefix));
	return code;
}

static enum cli_exit watch_run(struct cli *cli, const void *values_given)
{
	const struct watch_values *values = values_given;
	int64_t left = values->count.is_given ? values->count.value : INT64_MAX;
	int64_t interval_ms = (values->interval.is_given ? values->interval.value : 2) * 1000;
	struct watch watch = {.cli = cli, .is_tern = true};
	enum cli_exit code = CLI_OK;

	if (cli->arguments.count > 0)
		watch.prefix = cli->arguments.items[0];
	for (int i = 0; i < 2; i++) {
		watch.views[i].cli = *cli;
		arena_init(&watch.views[i].cli.arena);
	}
	if (watch.prefix.size > 0)
		code = check_prefix(&watch);
	for (int turn = 0; code == CLI_OK && left > 0 && !cli_is_interrupted();
	     turn = !turn, left--) {
		code = take_sample(&watch, &watch.views[turn]);
		if (code)
			break;
		show(&watch, &watch.views[turn], &watch.views[!turn]);
		if (!cli_flush(cli)) {
			code = CLI_FAILED;
			break;
		}
		if (left > 1)
			cli_sleep_ms(interval_ms);
	}
	for (int i = 0; i < 2; i++)
		arena_done(&watch.views[i].cli.arena);
	return cli_is_interrupted() ? CLI_OK : code;
}

const struct command watch_command = {
	.name = "watch",
	.arguments = "[PREFIX]",
	.summary = "a live table of queues: depth, in flight, rates, age",
	.details = "On Tern the queues of all accounts and regions are shown. Rates and ages are "
		   "known "
		   "on Tern only. With --output json each look prints one object a queue.",
	.arguments_max = 1,
	.run = watch_run,
	CLI_OPTIONS(watch_options, struct watch_values),
};
