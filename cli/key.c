/* SPDX-License-Identifier: MIT */
/* key: access keys of users: made, listed, rotated, disabled, deleted; through IAM's API. */
#include "key.h"

#include <stdio.h>
#include <unistd.h>

#include "api/iam.h"
#include "commands.h"
#include "output.h"
#include "secret.h"

static struct str given_user(const struct cli *cli)
{
	return cli->arguments.count > 0 ? cli->arguments.items[0] : (struct str){0};
}

/* ---- create ---- */

struct key_values {
	struct str profile;
	bool agrees;
};

#define PROFILE_OPTION                                                                             \
	{                                                                                          \
		"write-profile", OPTION_TEXT, offsetof(struct key_values, profile), "PROFILE",     \
			SECRET_PROFILE_HELP, 0, 0                                                  \
	}

/* The new key, in the arena. */
static enum cli_exit make(struct cli *cli, struct str user, struct secret *out_secret)
{
	const struct iam_create_access_key_in in = {.user_name = user};
	struct iam_create_access_key_out out;

	enum cli_exit code = cli_call(cli, &iam_operations[IAM_CREATE_ACCESS_KEY], &in, &out);
	if (code)
		return code;
	if (!out.access_key)
		return cli_fail(cli, CLI_FAILED, "the answer has no key");
	out_secret->access_key_id = arena_copy(&cli->arena, out.access_key->access_key_id);
	out_secret->secret_access_key = arena_copy(&cli->arena, out.access_key->secret_access_key);
	return CLI_OK;
}

enum cli_exit key_create(struct cli *cli, struct str user, struct str profile, struct str *out_id)
{
	struct secret secret = {0};

	enum cli_exit code = make(cli, user, &secret);
	if (code)
		return code;
	*out_id = secret.access_key_id;
	return secret_print(cli, &secret, profile);
}

static const struct option create_options[] = {PROFILE_OPTION};

static enum cli_exit create_run(struct cli *cli, const void *values_given)
{
	const struct key_values *values = values_given;
	struct str unused;

	return key_create(cli, given_user(cli), values->profile, &unused);
}

static const struct command create_command = {
	.name = "create",
	.arguments = "[USER]",
	.summary = "make an access key and print it, once",
	.details = "Without USER: of the user that asks, here and below.",
	.arguments_max = 1,
	.run = create_run,
	CLI_OPTIONS(create_options, struct key_values),
};

/* ---- ls ---- */

enum cli_exit key_list(struct cli *cli, struct str user, struct key_rows *out_rows)
{
	const struct iam_list_access_keys_in in = {.user_name = user};
	struct iam_list_access_keys_out out;

	enum cli_exit code = cli_call(cli, &iam_operations[IAM_LIST_ACCESS_KEYS], &in, &out);
	if (code)
		return code;
	out_rows->count = out.access_key_metadata_count;
	out_rows->rows = arena_array(&cli->arena, struct key_row, out_rows->count);
	for (size_t i = 0; i < out_rows->count; i++) {
		const struct iam_access_key_metadata *key = &out.access_key_metadata[i];
		out_rows->rows[i] =
			(struct key_row){arena_copy(&cli->arena, key->access_key_id),
					 arena_copy(&cli->arena, key->status), key->create_date};
	}
	return CLI_OK;
}

static struct str last_used(struct cli *cli, struct str id)
{
	const struct iam_get_access_key_last_used_in in = {.access_key_id = id};
	struct iam_get_access_key_last_used_out out;

	enum err err =
		tern_call_run(cli->call, &iam_operations[IAM_GET_ACCESS_KEY_LAST_USED], &in, &out);
	if (err || !out.access_key_last_used || !out.access_key_last_used->has_last_used_date)
		return (struct str){0};
	return output_time(&cli->arena, out.access_key_last_used->last_used_date);
}

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	static const struct column columns[] = {
		{"KEY", "AccessKeyId", false},
		{"STATUS", "Status", false},
		{"CREATED (UTC)", "CreateDate", false},
		{"LAST USED (UTC)", "LastUsedDate", false},
	};
	struct key_rows keys;
	struct table table;

	(void)values; /* it has no options */
	enum cli_exit code = key_list(cli, given_user(cli), &keys);
	if (code)
		return code;
	table_init(&table, cli, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < keys.count; i++) {
		const struct key_row *row = &keys.rows[i];
		const struct str cells[] = {row->id, row->status,
					    output_time(&cli->arena, row->created_ms),
					    last_used(cli, row->id)};
		table_add(&table, cells);
	}
	table_done(&table);
	return CLI_OK;
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[USER]",
	.summary = "list access keys, and when they were last used",
	.arguments_max = 1,
	.run = ls_run,
};

/* ---- disable, enable, rm ---- */

/* The key's user; empty for the root user's key. */
static enum cli_exit owner_of(struct cli *cli, struct str id, struct str *out_user)
{
	const struct iam_get_access_key_last_used_in in = {.access_key_id = id};
	struct iam_get_access_key_last_used_out out;

	enum cli_exit code =
		cli_call(cli, &iam_operations[IAM_GET_ACCESS_KEY_LAST_USED], &in, &out);
	if (code)
		return code;
	*out_user =
		out.user_name.size > 0 ? arena_copy(&cli->arena, out.user_name) : (struct str){0};
	return CLI_OK;
}

static enum cli_exit set_status(struct cli *cli, struct str user, struct str id, struct str status)
{
	const struct iam_update_access_key_in in = {
		.user_name = user, .access_key_id = id, .status = status};
	struct iam_update_access_key_out out;

	return cli_call(cli, &iam_operations[IAM_UPDATE_ACCESS_KEY], &in, &out);
}

enum cli_exit key_delete(struct cli *cli, struct str user, struct str id)
{
	const struct iam_delete_access_key_in in = {.user_name = user, .access_key_id = id};
	struct iam_delete_access_key_out out;

	return cli_call(cli, &iam_operations[IAM_DELETE_ACCESS_KEY], &in, &out);
}

static enum cli_exit disable_run(struct cli *cli, const void *values)
{
	struct str user;

	(void)values; /* it has no options */
	enum cli_exit code = owner_of(cli, cli->arguments.items[0], &user);
	return code ? code : set_status(cli, user, cli->arguments.items[0], STR("Inactive"));
}

static enum cli_exit enable_run(struct cli *cli, const void *values)
{
	struct str user;

	(void)values; /* it has no options */
	enum cli_exit code = owner_of(cli, cli->arguments.items[0], &user);
	return code ? code : set_status(cli, user, cli->arguments.items[0], STR("Active"));
}

static enum cli_exit rm_run(struct cli *cli, const void *values)
{
	struct str user;

	(void)values; /* it has no options */
	enum cli_exit code = owner_of(cli, cli->arguments.items[0], &user);
	return code ? code : key_delete(cli, user, cli->arguments.items[0]);
}

static const struct command disable_command = {
	.name = "disable",
	.arguments = "KEY",
	.summary = "refuse what an access key signs, until it is enabled",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = disable_run,
};

static const struct command enable_command = {
	.name = "enable",
	.arguments = "KEY",
	.summary = "accept what an access key signs again",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = enable_run,
};

static const struct command rm_command = {
	.name = "rm",
	.arguments = "KEY",
	.summary = "delete an access key, without asking",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = rm_run,
};

/* ---- rotate ---- */

static const struct option rotate_options[] = {
	PROFILE_OPTION,
	{"yes", OPTION_FLAG, offsetof(struct key_values, agrees), NULL,
	 "disable the old key without asking", 0, 0},
};

/* The one active key, which there must be. */
static enum cli_exit find_old(struct cli *cli, struct str user, struct str *out_id)
{
	struct key_rows keys;
	size_t active = 0;

	enum cli_exit code = key_list(cli, user, &keys);
	if (code)
		return code;
	for (size_t i = 0; i < keys.count; i++) {
		if (!str_equal(keys.rows[i].status, STR("Active")))
			continue;
		*out_id = keys.rows[i].id;
		active++;
	}
	if (active == 0)
		return cli_fail(cli, CLI_FAILED, "there is no active key to rotate");
	if (active == 1 && keys.count == 1)
		return CLI_OK;
	return cli_fail(cli, CLI_FAILED,
			"there are %zu keys, and two are the most: delete the one that is not used "
			"with tern key rm KEY",
			keys.count);
}

static bool is_agreed(const struct cli *cli, const struct key_values *values, struct str old)
{
	char answer[8] = "";

	if (values->agrees)
		return true;
	if (!isatty(STDIN_FILENO) || !cli->is_error_terminal)
		return false;
	fprintf(stderr, "Disable %.*s now? [y/N] ", STR_ARG(old));
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static enum cli_exit rotate_run(struct cli *cli, const void *values_given)
{
	const struct key_values *values = values_given;
	struct str user = given_user(cli), old = {0}, fresh;

	enum cli_exit code = find_old(cli, user, &old);
	if (code == CLI_OK)
		code = key_create(cli, user, values->profile, &fresh);
	if (code)
		return code;
	/* The secret must be seen before the old key goes. */
	if (!cli_flush(cli))
		return CLI_FAILED;
	if (!is_agreed(cli, values, old)) {
		cli_note(cli, "%.*s still works. Once nobody uses it: tern key disable %.*s",
			 STR_ARG(old), STR_ARG(old));
		return CLI_OK;
	}
	code = set_status(cli, user, old, STR("Inactive"));
	if (code == CLI_OK)
		cli_note(cli, "%.*s is disabled. If nothing breaks: tern key rm %.*s", STR_ARG(old),
			 STR_ARG(old));
	return code;
}

static const struct command rotate_command = {
	.name = "rotate",
	.arguments = "[USER]",
	.summary = "make a new access key, and disable the old one once you agree",
	.details =
		"The old key is not deleted: it can be enabled again while something still needs "
		"it. Where nobody can be asked it stays active, unless --yes is given.",
	.arguments_max = 1,
	.run = rotate_run,
	CLI_OPTIONS(rotate_options, struct key_values),
};

static const struct command *const children[] = {
	&create_command,  &ls_command,	   &rotate_command,
	&disable_command, &enable_command, &rm_command,
};

const struct command key_command = {
	.name = "key",
	.summary = "make, list, rotate, disable and delete access keys",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
