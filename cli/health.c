/* SPDX-License-Identifier: MIT */
/* health: whether ternd serves, for people, health checks of containers and scripts. */
#include "commands.h"

#include <stdio.h>

#include "api/sqs.h"
#include "format/json.h"
#include "output.h"

static enum cli_exit print_health(struct cli *cli, yyjson_val *root)
{
	static const struct column columns[] = {{"STATUS", "status", false},
						{"VERSION", "version", false},
						{"DURABILITY", "durability", false}};
	struct str status = json_text(json_member(root, "status"));
	struct table table;

	table_init(&table, cli, columns, sizeof(columns) / sizeof(columns[0]));
	table_add(&table, (const struct str[]){status, json_text(json_member(root, "version")),
					       json_text(json_member(root, "durability"))});
	table_done(&table);
	if (str_equal(status, STR("ok")))
		return CLI_OK;
	if (str_equal(status, STR("disk-full")))
		cli_note(cli, "New messages are refused until there is room; receives and deletes "
			      "go on.");
	else
		cli_note(cli, "Nothing is acknowledged any more; the server's log says why.");
	return CLI_FAILED;
}

static enum cli_exit health_run(struct cli *cli, const void *values)
{
	yyjson_val *root;
	struct str body;
	int http_status;

	(void)values; /* it has no options */
	enum err err = tern_call_fetch(cli->call, &sqs_client_service, STR("/_tern/health"),
				       &http_status, &body);
	if (err)
		return cli_explain(cli, err);
	if (json_parse(&cli->arena, arena_copy(&cli->arena, body), &root) ||
	    json_text(json_member(root, "status")).size == 0)
		return cli_fail(cli, CLI_FAILED, "the endpoint is no ternd (HTTP %d)", http_status);
	return print_health(cli, root);
}

const struct command health_command = {
	.name = "health",
	.summary = "print whether ternd serves. Exit status 1: not all of it",
	.details = "Needs no credentials. For health checks of containers and load balancers:\n"
		   "\n"
		   "  tern health --endpoint-url http://127.0.0.1:4566",
	.run = health_run,
};
