/* SPDX-License-Identifier: MIT */
/* user: users of an account, through IAM's API. */
#include "commands.h"

#include "api/iam.h"
#include "key.h"
#include "output.h"
#include "owner.h"
#include "secret.h"

/* ---- create ---- */

struct create_values {
	struct str path, boundary, profile;
	struct option_list tags;
	bool wants_key;
};

static const struct option create_options[] = {
	{"key", OPTION_FLAG, offsetof(struct create_values, wants_key), NULL,
	 "also make an access key and print it, once", 0, 0},
	{"write-profile", OPTION_TEXT, offsetof(struct create_values, profile), "PROFILE",
	 SECRET_PROFILE_HELP, 0, 0},
	{"path", OPTION_TEXT, offsetof(struct create_values, path), "PATH",
	 "folder of the user: /teams/orders/", 0, 0},
	{"boundary", OPTION_TEXT, offsetof(struct create_values, boundary), "ARN",
	 "permissions boundary: a managed policy", 0, 0},
	{"tag", OPTION_LIST, offsetof(struct create_values, tags), "KEY=VALUE",
	 "tag; may be repeated", 0, 0},
};

static enum cli_exit create_run(struct cli *cli, const void *values_given)
{
	const struct create_values *values = values_given;
	struct str name = cli->arguments.items[0], unused;
	struct iam_tag *tags = arena_array(&cli->arena, struct iam_tag, values->tags.count);
	const struct iam_create_user_in in = {
		.user_name = name,
		.path = values->path,
		.permissions_boundary = values->boundary,
		.tags = tags,
		.tags_count = values->tags.count,
	};
	struct iam_create_user_out out;

	for (size_t i = 0; i < values->tags.count; i++)
		if (!cli_split(cli, "tag", values->tags.items[i], &tags[i].key, &tags[i].value))
			return CLI_USAGE;
	enum cli_exit code = cli_call(cli, &iam_operations[IAM_CREATE_USER], &in, &out);
	if (code)
		return code;
	if (!out.user)
		return cli_fail(cli, CLI_FAILED, "the answer does not say whom was made");
	output_text(cli, "Arn", out.user->arn);
	if (values->wants_key || values->profile.data)
		code = key_create(cli, name, values->profile, &unused);
	return code;
}

static const struct command create_command = {
	.name = "create",
	.arguments = "NAME",
	.summary = "make a user and print its ARN",
	.details = "A new user may do nothing: give it a policy with tern user policy put.\n"
		   "\n"
		   "  tern user create ci --write-profile ci\n"
		   "  tern user policy put ci send --allow sqs:SendMessage,sqs:GetQueueUrl",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = create_run,
	CLI_OPTIONS(create_options, struct create_values),
};

/* ---- ls ---- */

static void add_users(struct cli *cli, struct table *table, const void *page)
{
	const struct iam_list_users_out *out = page;

	for (size_t i = 0; i < out->users_count; i++) {
		const struct iam_user *user = &out->users[i];
		const struct str cells[] = {user->user_name, user->arn, user->user_id,
					    output_time(&cli->arena, user->create_date)};
		table_add(table, cells);
	}
}

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	static const struct column columns[] = {
		{"NAME", "UserName", false},
		{"ARN", "Arn", false},
		{"ID", "UserId", false},
		{"CREATED (UTC)", "CreateDate", false},
	};
	const struct iam_list_users_in in = {.path_prefix = owner_path(cli)};
	struct iam_list_users_out out;

	(void)values; /* it has no options */
	return owner_list(cli, columns, sizeof(columns) / sizeof(columns[0]), IAM_LIST_USERS, &in,
			  &out, add_users);
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[PATH]",
	.summary = "list users, of a path if one is given",
	.arguments_max = 1,
	.run = ls_run,
};

/* ---- rm ---- */

struct rm_values {
	bool forces;
};

static const struct option rm_options[] = {
	{"force", OPTION_FLAG, offsetof(struct rm_values, forces), NULL,
	 "delete its keys and policies too, and take it out of its groups", 0, 0},
};

static enum cli_exit leave_groups(struct cli *cli, struct str name)
{
	const struct iam_list_groups_for_user_in in = {.user_name = name};
	struct iam_list_groups_for_user_out out;
	enum cli_exit code = CLI_OK;

	/* Page by page from the start, since each page is of groups that are left. */
	do {
		code = cli_call(cli, &iam_operations[IAM_LIST_GROUPS_FOR_USER], &in, &out);
		size_t count = code ? 0 : out.groups_count;
		struct str *groups = arena_array(&cli->arena, struct str, count);
		if (count == 0)
			return code;
		for (size_t i = 0; i < count; i++)
			groups[i] = arena_copy(&cli->arena, out.groups[i].group_name);
		for (size_t i = 0; i < count && code == CLI_OK; i++) {
			const struct iam_remove_user_from_group_in leave = {.group_name = groups[i],
									    .user_name = name};
			struct iam_remove_user_from_group_out left;
			code = cli_call(cli, &iam_operations[IAM_REMOVE_USER_FROM_GROUP], &leave,
					&left);
		}
	} while (code == CLI_OK);
	return code;
}

static enum cli_exit strip(struct cli *cli, struct str name)
{
	struct key_rows keys;

	enum cli_exit code = key_list(cli, name, &keys);
	for (size_t i = 0; code == CLI_OK && i < keys.count; i++)
		code = key_delete(cli, name, keys.rows[i].id);
	if (code == CLI_OK)
		code = owner_strip(cli, name);
	return code ? code : leave_groups(cli, name);
}

static enum cli_exit rm_run(struct cli *cli, const void *values_given)
{
	const struct rm_values *values = values_given;
	enum cli_exit code = CLI_OK;

	for (size_t i = 0; i < cli->arguments.count && code == CLI_OK; i++) {
		const struct iam_delete_user_in in = {.user_name = cli->arguments.items[i]};
		struct iam_delete_user_out out;
		if (values->forces)
			code = strip(cli, in.user_name);
		if (code == CLI_OK)
			code = cli_call(cli, &iam_operations[IAM_DELETE_USER], &in, &out);
	}
	return code;
}

static const struct command rm_command = {
	.name = "rm",
	.arguments = "NAME...",
	.summary = "delete users, without asking",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = rm_run,
	CLI_OPTIONS(rm_options, struct rm_values),
};

static const struct command *const children[] = {&create_command, &ls_command, &rm_command,
						 &owner_policy_command};

const struct command user_command = {
	.name = "user",
	.summary = "make, list and delete users, and say what they may do",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
