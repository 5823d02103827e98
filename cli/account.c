/* SPDX-License-Identifier: MIT */
/* account: the accounts of a server, and who one is. Accounts are ternd's own, not AWS's. */
#include "commands.h"

#include <stdio.h>

#include "api/sts.h"
#include "output.h"
#include "secret.h"

/* ---- create, key ---- */

struct account_values {
	struct str account, profile;
};

static const struct option create_options[] = {
	{"account", OPTION_TEXT, offsetof(struct account_values, account), "ID",
	 "its 12 digits; without it the server makes some", 0, 0},
	{"write-profile", OPTION_TEXT, offsetof(struct account_values, profile), "PROFILE",
	 SECRET_PROFILE_HELP, 0, 0},
};

static const struct option key_options[] = {
	{"write-profile", OPTION_TEXT, offsetof(struct account_values, profile), "PROFILE",
	 SECRET_PROFILE_HELP, 0, 0},
};

static enum cli_exit ask(struct cli *cli, struct str path, struct str body, struct str profile)
{
	struct str answer;
	yyjson_val *root;

	enum cli_exit code = cli_post(cli, path, body, &answer);
	if (code)
		return code;
	if (json_parse(&cli->arena, answer, &root) != ERR_OK)
		return cli_fail(cli, CLI_FAILED, "the answer is no JSON; is it ternd?");
	const struct secret secret = {
		.arn = json_text(json_member(root, "arn")),
		.access_key_id = json_text(json_member(root, "access_key_id")),
		.secret_access_key = json_text(json_member(root, "secret_access_key")),
	};
	return secret_print(cli, &secret, profile);
}

static enum cli_exit create_run(struct cli *cli, const void *values_given)
{
	const struct account_values *values = values_given;
	struct json_writer json;
	struct buf body = {0};

	json_begin(&json, &body);
	json_open_object(&json);
	if (cli->arguments.count > 0) {
		json_key(&json, STR("name"));
		json_str(&json, cli->arguments.items[0]);
	}
	if (values->account.size > 0) {
		json_key(&json, STR("account"));
		json_str(&json, values->account);
	}
	json_close_object(&json);
	enum cli_exit code = ask(cli, STR("/_tern/accounts"), buf_str(&body), values->profile);
	buf_done(&body);
	return code;
}

static const struct command create_command = {
	.name = "create",
	.arguments = "[NAME]",
	.summary = "make an account and print its root credentials, once",
	.details = "  tern account create orders-team --write-profile orders",
	.arguments_max = 1,
	.run = create_run,
	CLI_OPTIONS(create_options, struct account_values),
};

static enum cli_exit key_run(struct cli *cli, const void *values_given)
{
	const struct account_values *values = values_given;
	struct str account = cli->arguments.items[0];

	for (size_t i = 0; i < account.size; i++)
		if (account.data[i] < '0' || account.data[i] > '9')
			return cli_fail(cli, CLI_USAGE, "an account is 12 digits");
	struct str path = arena_format(&cli->arena, "/_tern/accounts/%.*s/keys", STR_ARG(account));
	return ask(cli, path, STR("{}"), values->profile);
}

static const struct command root_key_command = {
	.name = "key",
	.arguments = "ACCOUNT",
	.summary = "make other root credentials of an account that lost its own",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = key_run,
	CLI_OPTIONS(key_options, struct account_values),
};

/* ---- ls ---- */

static const struct column ls_columns[] = {
	{"ACCOUNT", "Account", false},	 {"NAME", "Name", false},
	{"USERS", "Users", true},	 {"ROLES", "Roles", true},
	{"ROOT KEYS", "RootKeys", true}, {"CREATED (UTC)", "Created", false},
};

static void add_row(struct cli *cli, struct table *table, yyjson_val *account)
{
	struct arena *arena = &cli->arena;
	struct str name = json_text(json_member(account, "name"));
	int64_t created_ms = yyjson_get_sint(json_member(account, "created_ms"));
	const struct str cells[] = {
		json_text(json_member(account, "account")),
		name.size > 0 ? output_printable(arena, name, false) : (struct str){0},
		output_number(arena, yyjson_get_sint(json_member(account, "users"))),
		output_number(arena, yyjson_get_sint(json_member(account, "roles"))),
		output_number(arena, (int64_t)yyjson_arr_size(json_member(account, "root_keys"))),
		output_time(arena, created_ms),
	};

	table_add(table, cells);
}

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	yyjson_val *root, *account;
	struct table table;
	struct str answer;
	size_t i, count;

	(void)values; /* it has no options */
	enum cli_exit code = cli_fetch(cli, STR("/_tern/accounts"), &answer);
	if (code)
		return code;
	if (json_parse(&cli->arena, answer, &root) != ERR_OK)
		return cli_fail(cli, CLI_FAILED, "the answer is no JSON; is it ternd?");
	table_init(&table, cli, ls_columns, sizeof(ls_columns) / sizeof(ls_columns[0]));
	yyjson_arr_foreach(json_member(root, "accounts"), i, count, account) {
		add_row(cli, &table, account);
	}
	table_done(&table);
	return CLI_OK;
}

static const struct command ls_command = {
	.name = "ls",
	.summary = "list the accounts of a server",
	.run = ls_run,
};

static const struct command *const children[] = {&create_command, &ls_command, &root_key_command};

const struct command account_command = {
	.name = "account",
	.summary = "make and list accounts of ternd",
	.details = "These commands want an administrator of the server's own account.",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};

/* ---- whoami ---- */

static enum cli_exit whoami_run(struct cli *cli, const void *values)
{
	static const struct column columns[] = {
		{"ACCOUNT", "Account", false}, {"ARN", "Arn", false}, {"USER ID", "UserId", false}};
	const struct sts_get_caller_identity_in in = {0};
	struct sts_get_caller_identity_out out;
	struct table table;

	(void)values; /* it has no options */
	enum cli_exit code = cli_call(cli, &sts_operations[STS_GET_CALLER_IDENTITY], &in, &out);
	if (code)
		return code;
	table_init(&table, cli, columns, sizeof(columns) / sizeof(columns[0]));
	table_add(&table, (const struct str[]){out.account, out.arn, out.user_id});
	table_done(&table);
	return CLI_OK;
}

const struct command whoami_command = {
	.name = "whoami",
	.summary = "print whom the credentials belong to",
	.run = whoami_run,
};
