/* SPDX-License-Identifier: MIT */
/* dlq: which dead-letter queues there are, and what is in them. Moving back is redrive.c's. */
#include "commands.h"

#include <stdio.h>

#include "api/sqs.h"
#include "attributes.h"
#include "format/json.h"
#include "output.h"
#include "peek.h"
#include "redrive.h"

/* ---- ls ---- */

static const struct column ls_columns[] = {
	{"DEAD-LETTER QUEUE", "DeadLetterQueueName", false},
	{"MESSAGES", "ApproximateNumberOfMessages", true},
	{"SOURCE", "SourceQueueName", false},
	{"MAX RECEIVES", "maxReceiveCount", true},
	{NULL, "deadLetterTargetArn", false},
	{NULL, "SourceQueueUrl", false},
};

/* The policy's count may be a number or a text. */
static struct str count_text(struct arena *arena, yyjson_val *value)
{
	return yyjson_is_int(value) ? output_number(arena, yyjson_get_sint(value))
				    : json_text(value);
}

/* How many messages a dead-letter queue has; data is NULL if it is gone. */
static struct str depth_of(struct cli *cli, struct str arn)
{
	const struct sqs_get_queue_url_in in = {.queue_name = cli_queue_name(arn),
						.queue_owner_aws_account_id =
							cli_queue_account(arn)};
	struct sqs_get_queue_url_out out;
	struct str depth = {0};

	if (tern_call_run(cli->call, &sqs_operations[SQS_GET_QUEUE_URL], &in, &out))
		return depth;
	struct str url = arena_copy(&cli->arena, out.queue_url);
	return attributes_get(cli, url, STR("ApproximateNumberOfMessages"), &depth)
		       ? (struct str){0}
		       : depth;
}

static enum cli_exit ls_row(struct cli *cli, struct table *table, struct str url, struct str wanted)
{
	struct str policy;
	yyjson_val *root;

	enum cli_exit code = attributes_get(cli, url, STR("RedrivePolicy"), &policy);
	if (code || !policy.data)
		return code;
	if (json_parse(&cli->arena, policy, &root))
		return CLI_OK;
	struct str arn = json_text(json_member(root, "deadLetterTargetArn"));
	if (arn.size == 0 || (wanted.size > 0 && !str_equal(cli_queue_name(arn), wanted)))
		return CLI_OK;
	const struct str cells[] = {
		cli_queue_name(arn),
		depth_of(cli, arn),
		cli_queue_name(url),
		count_text(&cli->arena, json_member(root, "maxReceiveCount")),
		arn,
		url,
	};
	table_add(table, cells);
	return CLI_OK;
}

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	struct str wanted = {0};
	struct queue_list queues;
	struct table table;

	(void)values; /* it has no options */
	if (cli->arguments.count > 0)
		wanted = cli_queue_name(cli->arguments.items[0]);
	enum cli_exit code = cli_queue_list(cli, (struct str){0}, &queues);
	if (code)
		return code;
	table_init(&table, cli, ls_columns, sizeof(ls_columns) / sizeof(ls_columns[0]));
	for (size_t i = 0; i < queues.count && code == CLI_OK; i++)
		code = ls_row(cli, &table, queues.urls[i], wanted);
	if (code == CLI_OK && table.row_count == 0 && cli->is_error_terminal && !cli->is_json)
		cli_note(cli, "No queue has a dead-letter queue. Give it one with: "
			      "tern queue set QUEUE --dlq DLQ");
	table_done(&table);
	return code;
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[QUEUE]",
	.summary = "list dead-letter queues with their sources and how many messages they hold",
	.arguments_max = 1,
	.run = ls_run,
};

/* ---- the table ---- */

static const struct command *const children[] = {&ls_command, &peek_command, &redrive_command};

const struct command dlq_command = {
	.name = "dlq",
	.summary = "list dead-letter queues, look into them, move messages back",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
