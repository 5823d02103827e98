/* SPDX-License-Identifier: MIT */
/* kms: what the server says of its keys. The keys themselves are kms_key.c's. */
#include "commands.h"

#include <stdio.h>

#include "api/sqs.h"
#include "format/json.h"
#include "kms_key.h"
#include "output.h"

static const struct column columns[] = {
	{"KEY", "", false},
	{"STATE", "", false},
	{"QUEUES", "", true},
	{"MESSAGES", "", true},
};

static void add_row(struct cli *cli, struct table *table, struct str key, struct str state,
		    yyjson_val *numbers, const char *queues)
{
	const struct str cells[] = {
		key,
		state,
		output_number(&cli->arena, yyjson_get_sint(json_member(numbers, queues))),
		output_number(&cli->arena, yyjson_get_sint(json_member(numbers, "messages"))),
	};

	table_add(table, cells);
}

static void print_keys(struct cli *cli, yyjson_val *root)
{
	struct table table;
	size_t index, count;
	yyjson_val *key;

	table_init(&table, cli, columns, sizeof(columns) / sizeof(columns[0]));
	add_row(cli, &table, STR("Tern's own (SSE-SQS)"), (struct str){0},
		json_member(root, "sealed_by_tern"), "queues");
	yyjson_arr_foreach(json_member(root, "kms_keys"), index, count, key) {
		add_row(cli, &table, json_text(json_member(key, "key")),
			json_text(json_member(key, "state")), key, "queue_count");
	}
	add_row(cli, &table, STR("none: not encrypted"), (struct str){0},
		json_member(root, "not_encrypted"), "queues");
	table_done(&table);
}

static void print_findings(struct cli *cli, yyjson_val *root)
{
	size_t index, count;
	yyjson_val *finding;

	yyjson_arr_foreach(json_member(root, "findings"), index, count, finding) {
		struct str text = output_printable(&cli->arena,
						   json_text(json_member(finding, "text")), false);
		bool is_warning =
			str_equal(json_text(json_member(finding, "severity")), STR("warning"));
		printf("\n%s%s:%s %.*s\n",
		       output_color(cli->has_color, is_warning ? COLOR_YELLOW : COLOR_BOLD),
		       is_warning ? "warning" : "note", output_color(cli->has_color, COLOR_NONE),
		       STR_ARG(text));
	}
}

static void print_root(yyjson_val *root)
{
	struct str source = json_text(json_member(root, "source"));
	struct str path = json_text(json_member(root, "path"));
	long long masters = yyjson_get_sint(json_member(root, "master_keys"));

	printf("Root key: %.*s%s%.*s; opens %lld master key%s, which open%s the rest\n\n",
	       STR_ARG(source), path.size > 0 ? ", " : "", STR_ARG(path), masters,
	       masters == 1 ? "" : "s", masters == 1 ? "s" : "");
}

static enum cli_exit doctor_run(struct cli *cli, const void *values)
{
	struct str body;
	yyjson_val *root;
	int status;

	(void)values; /* it has no options */
	enum err err = tern_call_fetch(cli->call, &sqs_client_service, STR("/_tern/kms/doctor"),
				       &status, &body);
	if (err)
		return cli_explain(cli, err);
	if (json_parse(&cli->arena, body, &root) != ERR_OK)
		root = NULL;
	if (status != 200 || !json_member(root, "root_key")) {
		struct str problem = json_text(json_member(root, "error"));
		return cli_fail(cli, CLI_FAILED, "%.*s",
				STR_ARG(problem.size > 0
						? problem
						: STR("this endpoint is no Tern that could tell")));
	}
	if (cli->is_json) {
		printf("%.*s\n", STR_ARG(body));
		return CLI_OK;
	}
	print_root(json_member(root, "root_key"));
	print_keys(cli, root);
	print_findings(cli, root);
	return CLI_OK;
}

static const struct command doctor_command = {
	.name = "doctor",
	.summary = "say which key protects what, what would be lost with it, and what is wrong",
	.details = "A message counts under the key that its queue has now; what was sent before a "
		   "change of the key needs the earlier one.",
	.run = doctor_run,
};

static const struct command *const children[] = {
	&kms_create_command, &kms_ls_command, &kms_enable_command,  &kms_disable_command,
	&kms_rotate_command, &kms_rm_command, &kms_restore_command, &doctor_command,
};

const struct command kms_command = {
	.name = "kms",
	.summary = "make, list, disable, rotate and destroy keys, and look after them",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
