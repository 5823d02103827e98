/* SPDX-License-Identifier: MIT */
/*
 * redrive: a message move task is started and watched until it ends. It is the service that moves;
 * leaving with Ctrl-C does not stop it.
 */
#include "redrive.h"

#include <stdio.h>

#include "api/sqs.h"
#include "attributes.h"
#include "output.h"

enum { BAR_WIDTH = 30, POLL_MS_LEAST = 100, POLL_MS_MOST = 1000 };

struct redrive_values {
	struct str to;
	struct option_number rate;
	bool leaves, cancels, shows;
};

#define AT(member) offsetof(struct redrive_values, member)
static const struct option redrive_options[] = {
	{"to", OPTION_TEXT, AT(to), "QUEUE",
	 "move all to this queue; without it each message goes where it came from", 0, 0},
	{"rate", OPTION_NUMBER, AT(rate), "N", "at most N messages per second", 1, LIMIT_MOVE_RATE},
	{"no-wait", OPTION_FLAG, AT(leaves), NULL, "start the task and do not wait for its end", 0,
	 0},
	{"status", OPTION_FLAG, AT(shows), NULL, "print the last tasks and start none", 0, 0},
	{"cancel", OPTION_FLAG, AT(cancels), NULL, "stop the running task", 0, 0},
};

static enum cli_exit queue_arn(struct cli *cli, struct str given, struct str *out_arn)
{
	struct str url;

	if (str_starts(given, STR("arn:"))) {
		*out_arn = given;
		return CLI_OK;
	}
	enum cli_exit code = cli_queue_url(cli, given, &url);
	if (code)
		return code;
	return attributes_get(cli, url, STR("QueueArn"), out_arn);
}

/* The last tasks of the queue, newest first; they belong to the call. */
static enum cli_exit list_tasks(struct cli *cli, struct str arn, int64_t most,
				struct sqs_list_message_move_tasks_out *out)
{
	const struct sqs_list_message_move_tasks_in in = {
		.source_arn = arn, .max_results = most, .has_max_results = true};

	return cli_run(cli, SQS_LIST_MESSAGE_MOVE_TASKS, &in, out);
}

/* ---- progress ---- */

static void draw(const struct cli *cli, const struct sqs_list_message_move_tasks_result_entry *task)
{
	int64_t moved = task->approximate_number_of_messages_moved;
	int64_t total = task->approximate_number_of_messages_to_move;
	int filled = BAR_WIDTH;

	if (!cli->is_error_terminal)
		return;
	if (total > 0 && moved < total)
		filled = (int)(moved * BAR_WIDTH / total);
	fprintf(stderr, "\r%s[", output_color(cli->has_error_color, COLOR_GREEN));
	for (int i = 0; i < BAR_WIDTH; i++)
		fputc(i < filled ? '#' : '.', stderr);
	fprintf(stderr, "]%s %lld of %lld ", output_color(cli->has_error_color, COLOR_NONE),
		(long long)moved, (long long)(total > moved ? total : moved));
	fflush(stderr);
}

static bool is_over(const struct sqs_list_message_move_tasks_result_entry *task)
{
	return !str_equal(task->status, STR("RUNNING")) &&
	       !str_equal(task->status, STR("CANCELLING"));
}

static const struct column columns[] = {
	{"STARTED (UTC)", NULL, false},
	{"STATUS", "Status", false},
	{"MOVED", "ApproximateNumberOfMessagesMoved", true},
	{"OF", "ApproximateNumberOfMessagesToMove", true},
	{"TO", NULL, false},
	{"REASON", "FailureReason", false},
	{NULL, "SourceArn", false},
	{NULL, "DestinationArn", false},
	{NULL, "StartedTimestamp", true},
	{NULL, "TaskHandle", false},
};

static void add_task(struct cli *cli, struct table *table,
		     const struct sqs_list_message_move_tasks_result_entry *task)
{
	struct arena *arena = &cli->arena;
	const struct str cells[] = {
		output_time(arena, task->started_timestamp),
		task->status,
		output_number(arena, task->approximate_number_of_messages_moved),
		task->has_approximate_number_of_messages_to_move
			? output_number(arena, task->approximate_number_of_messages_to_move)
			: (struct str){0},
		task->destination_arn.data ? cli_queue_name(task->destination_arn)
					   : STR("their sources"),
		task->failure_reason,
		task->source_arn,
		task->destination_arn,
		output_number(arena, task->started_timestamp),
		task->task_handle,
	};

	table_add(table, cells);
}

static enum cli_exit report(struct cli *cli,
			    const struct sqs_list_message_move_tasks_result_entry *task)
{
	struct table table;

	if (cli->is_error_terminal)
		fputc('\n', stderr);
	if (cli->is_json) {
		table_init(&table, cli, columns, sizeof(columns) / sizeof(columns[0]));
		add_task(cli, &table, task);
		table_done(&table);
	}
	if (!str_equal(task->status, STR("COMPLETED")))
		return cli_fail(cli, CLI_FAILED, "the task is %.*s after %lld messages%s%.*s",
				STR_ARG(task->status),
				(long long)task->approximate_number_of_messages_moved,
				task->failure_reason.size > 0 ? ": " : "",
				STR_ARG(task->failure_reason));
	if (!cli->is_json)
		printf("%lld messages moved\n",
		       (long long)task->approximate_number_of_messages_moved);
	return CLI_OK;
}

static enum cli_exit watch_task(struct cli *cli, struct str arn)
{
	struct sqs_list_message_move_tasks_out tasks;
	int64_t pause_ms = POLL_MS_LEAST;

	for (;;) {
		enum cli_exit code = list_tasks(cli, arn, 1, &tasks);
		if (code == CLI_OK && tasks.results_count == 0)
			code = cli_fail(cli, CLI_FAILED, "the service forgot the task");
		if (code == CLI_OK) {
			draw(cli, &tasks.results[0]);
			if (is_over(&tasks.results[0]))
				return report(cli, &tasks.results[0]);
			cli_sleep_ms(pause_ms);
			if (pause_ms < POLL_MS_MOST)
				pause_ms *= 2;
		}
		if (cli_is_interrupted()) {
			cli_note(cli,
				 "\nThe task goes on. Stop it with: tern dlq redrive %.*s --cancel",
				 STR_ARG(cli_queue_name(arn)));
			return CLI_INTERRUPTED;
		}
		if (code)
			return code;
	}
}

/* ---- command ---- */

static enum cli_exit start(struct cli *cli, const struct redrive_values *values, struct str arn)
{
	struct sqs_start_message_move_task_in in = {
		.source_arn = arn,
		.max_number_of_messages_per_second = values->rate.value,
		.has_max_number_of_messages_per_second = values->rate.is_given,
	};
	struct sqs_start_message_move_task_out out;
	enum cli_exit code = CLI_OK;

	if (values->to.data)
		code = queue_arn(cli, values->to, &in.destination_arn);
	if (code == CLI_OK)
		code = cli_run(cli, SQS_START_MESSAGE_MOVE_TASK, &in, &out);
	if (code)
		return code;
	if (!values->leaves)
		return watch_task(cli, arn);
	if (!cli->is_json)
		printf("started; see it with: tern dlq redrive %.*s --status\n",
		       STR_ARG(cli_queue_name(arn)));
	else
		printf("{\"TaskHandle\":\"%.*s\"}\n", STR_ARG(out.task_handle));
	return CLI_OK;
}

static enum cli_exit cancel(struct cli *cli, struct str arn)
{
	struct sqs_list_message_move_tasks_out tasks;
	struct sqs_cancel_message_move_task_in in = {0};
	struct sqs_cancel_message_move_task_out out;

	enum cli_exit code = list_tasks(cli, arn, 1, &tasks);
	if (code)
		return code;
	if (tasks.results_count == 0 || is_over(&tasks.results[0]))
		return cli_fail(cli, CLI_FAILED, "no task is running for %.*s",
				STR_ARG(cli_queue_name(arn)));
	in.task_handle = tasks.results[0].task_handle;
	code = cli_run(cli, SQS_CANCEL_MESSAGE_MOVE_TASK, &in, &out);
	if (code)
		return code;
	if (cli->is_json)
		printf("{\"ApproximateNumberOfMessagesMoved\":%lld}\n",
		       (long long)out.approximate_number_of_messages_moved);
	else
		printf("cancelled after %lld messages\n",
		       (long long)out.approximate_number_of_messages_moved);
	return CLI_OK;
}

static enum cli_exit show_tasks(struct cli *cli, struct str arn)
{
	struct sqs_list_message_move_tasks_out tasks;
	struct table table;

	enum cli_exit code = list_tasks(cli, arn, LIMIT_MOVE_RESULTS, &tasks);
	if (code)
		return code;
	table_init(&table, cli, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < tasks.results_count; i++)
		add_task(cli, &table, &tasks.results[i]);
	table_done(&table);
	return CLI_OK;
}

static enum cli_exit redrive_run(struct cli *cli, const void *values_given)
{
	const struct redrive_values *values = values_given;
	struct str arn;

	if (values->shows + values->cancels > 1 ||
	    ((values->shows || values->cancels) &&
	     (values->to.data || values->rate.is_given || values->leaves)))
		return cli_fail(cli, CLI_USAGE, "--status and --cancel stand alone");
	enum cli_exit code = queue_arn(cli, cli->arguments.items[0], &arn);
	if (code)
		return code;
	if (values->shows)
		return show_tasks(cli, arn);
	return values->cancels ? cancel(cli, arn) : start(cli, values, arn);
}

const struct command redrive_command = {
	.name = "redrive",
	.arguments = "QUEUE",
	.summary = "move a dead-letter queue's messages back to where they came from",
	.details =
		"Waits for the end of the task and shows how far it is. One task a queue runs at "
		"a time.\n"
		"\n"
		"  tern dlq redrive orders-failed\n"
		"  tern dlq redrive orders-failed --to orders-slow --rate 10",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = redrive_run,
	CLI_OPTIONS(redrive_options, struct redrive_values),
};
