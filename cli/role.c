/* SPDX-License-Identifier: MIT */
/* role: roles of an account, through IAM's API, and their credentials, through STS's. */
#include "commands.h"

#include <stdio.h>

#include "api/iam.h"
#include "api/sts.h"
#include "document.h"
#include "output.h"
#include "owner.h"
#include "secret.h"

/* ---- create ---- */

struct create_values {
	struct option_list principals, tags;
	struct str trust_file, external_id, description, path, boundary;
	struct option_number session;
};

static const struct option create_options[] = {
	{"trust", OPTION_LIST, offsetof(struct create_values, principals), "PRINCIPAL",
	 "who may assume it: an account, an ARN, a service; may be repeated", 0, 0},
	{"external-id", OPTION_TEXT, offsetof(struct create_values, external_id), "ID",
	 "with --trust: only those who name this id", 0, 0},
	{"trust-policy", OPTION_TEXT, offsetof(struct create_values, trust_file), "FILE",
	 "the whole trust policy, in place of --trust", 0, 0},
	{"max-session", OPTION_NUMBER, offsetof(struct create_values, session), "SECONDS",
	 "MaxSessionDuration; without it 3600", 3600, 43200},
	{"description", OPTION_TEXT, offsetof(struct create_values, description), "TEXT",
	 "what it is for", 0, 0},
	{"path", OPTION_TEXT, offsetof(struct create_values, path), "PATH",
	 "folder of the role: /teams/orders/", 0, 0},
	{"boundary", OPTION_TEXT, offsetof(struct create_values, boundary), "ARN",
	 "permissions boundary: a managed policy", 0, 0},
	{"tag", OPTION_LIST, offsetof(struct create_values, tags), "KEY=VALUE",
	 "tag; may be repeated", 0, 0},
};

static enum cli_exit read_trust(struct cli *cli, const struct create_values *values,
				struct str *out_document)
{
	if ((values->principals.count > 0) == (values->trust_file.size > 0))
		return cli_fail(
			cli, CLI_USAGE,
			"say who may assume the role: --trust ACCOUNT, or --trust-policy FILE");
	if (values->trust_file.size > 0)
		return document_read_policy(cli, values->trust_file, POLICY_TRUST, out_document);
	*out_document = document_trust(cli, &values->principals, values->external_id);
	return CLI_OK;
}

static enum cli_exit create_run(struct cli *cli, const void *values_given)
{
	const struct create_values *values = values_given;
	struct iam_tag *tags = arena_array(&cli->arena, struct iam_tag, values->tags.count);
	struct iam_create_role_in in = {
		.role_name = cli->arguments.items[0],
		.path = values->path,
		.description = values->description,
		.permissions_boundary = values->boundary,
		.max_session_duration = values->session.value,
		.has_max_session_duration = values->session.is_given,
		.tags = tags,
		.tags_count = values->tags.count,
	};
	struct iam_create_role_out out;

	for (size_t i = 0; i < values->tags.count; i++)
		if (!cli_split(cli, "tag", values->tags.items[i], &tags[i].key, &tags[i].value))
			return CLI_USAGE;
	enum cli_exit code = read_trust(cli, values, &in.assume_role_policy_document);
	if (code == CLI_OK)
		code = cli_call(cli, &iam_operations[IAM_CREATE_ROLE], &in, &out);
	if (code)
		return code;
	static const struct column columns[] = {{"ARN", "Arn", false}, {NULL, "RoleId", false}};
	struct table table;
	if (!out.role)
		return cli_fail(cli, CLI_FAILED, "the answer does not say what was made");
	if (!cli->is_json) {
		printf("%.*s\n", STR_ARG(out.role->arn));
		return CLI_OK;
	}
	table_init(&table, cli, columns, 2);
	table_add(&table, (const struct str[]){out.role->arn, out.role->role_id});
	table_done(&table);
	return CLI_OK;
}

static const struct command create_command = {
	.name = "create",
	.arguments = "NAME",
	.summary = "make a role and print its ARN",
	.details =
		"  tern role create worker --trust 444455556666 --external-id orders\n"
		"  tern role policy put worker read --allow sqs:ReceiveMessage,sqs:DeleteMessage",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = create_run,
	CLI_OPTIONS(create_options, struct create_values),
};

/* ---- ls, rm ---- */

static void add_roles(struct cli *cli, struct table *table, const void *page)
{
	const struct iam_list_roles_out *out = page;

	for (size_t i = 0; i < out->roles_count; i++) {
		const struct iam_role *role = &out->roles[i];
		const struct str cells[] = {
			role->role_name, role->arn,
			role->description.size > 0
				? output_printable(&cli->arena, role->description, false)
				: (struct str){0},
			output_time(&cli->arena, role->create_date)};
		table_add(table, cells);
	}
}

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	static const struct column columns[] = {
		{"NAME", "RoleName", false},
		{"ARN", "Arn", false},
		{"DESCRIPTION", "Description", false},
		{"CREATED (UTC)", "CreateDate", false},
	};
	const struct iam_list_roles_in in = {.path_prefix = owner_path(cli)};
	struct iam_list_roles_out out;

	(void)values; /* it has no options */
	return owner_list(cli, columns, sizeof(columns) / sizeof(columns[0]), IAM_LIST_ROLES, &in,
			  &out, add_roles);
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[PATH]",
	.summary = "list roles, of a path if one is given",
	.arguments_max = 1,
	.run = ls_run,
};

struct rm_values {
	bool forces;
};

static const struct option rm_options[] = {
	{"force", OPTION_FLAG, offsetof(struct rm_values, forces), NULL,
	 "delete its inline policies and detach the others first", 0, 0},
};

static enum cli_exit rm_run(struct cli *cli, const void *values_given)
{
	const struct rm_values *values = values_given;
	enum cli_exit code = CLI_OK;

	for (size_t i = 0; i < cli->arguments.count && code == CLI_OK; i++) {
		const struct iam_delete_role_in in = {.role_name = cli->arguments.items[i]};
		struct iam_delete_role_out out;
		if (values->forces)
			code = owner_strip(cli, in.role_name);
		if (code == CLI_OK)
			code = cli_call(cli, &iam_operations[IAM_DELETE_ROLE], &in, &out);
	}
	return code;
}

static const struct command rm_command = {
	.name = "rm",
	.arguments = "NAME...",
	.summary = "delete roles, without asking",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = rm_run,
	CLI_OPTIONS(rm_options, struct rm_values),
};

/* ---- assume ---- */

struct assume_values {
	struct str session, external_id, profile;
	struct option_number duration;
};

static const struct option assume_options[] = {
	{"session", OPTION_TEXT, offsetof(struct assume_values, session), "NAME",
	 "RoleSessionName; without it tern", 0, 0},
	{"external-id", OPTION_TEXT, offsetof(struct assume_values, external_id), "ID",
	 "what the role's trust policy asks for", 0, 0},
	{"duration", OPTION_NUMBER, offsetof(struct assume_values, duration), "SECONDS",
	 "how long they hold; without it 3600", 900, 43200},
	{"write-profile", OPTION_TEXT, offsetof(struct assume_values, profile), "PROFILE",
	 SECRET_PROFILE_HELP, 0, 0},
};

/* A role of one's own account may be given by name. */
static enum cli_exit role_arn(struct cli *cli, struct str given, struct str *out_arn)
{
	const struct iam_get_role_in in = {.role_name = given};
	struct iam_get_role_out out;

	*out_arn = given;
	if (str_starts(given, STR("arn:")))
		return CLI_OK;
	enum cli_exit code = cli_call(cli, &iam_operations[IAM_GET_ROLE], &in, &out);
	if (code == CLI_OK && out.role)
		*out_arn = arena_copy(&cli->arena, out.role->arn);
	return code;
}

static enum cli_exit assume_run(struct cli *cli, const void *values_given)
{
	const struct assume_values *values = values_given;
	struct sts_assume_role_in in = {
		.role_session_name = values->session.size > 0 ? values->session : STR("tern"),
		.external_id = values->external_id,
		.duration_seconds = values->duration.value,
		.has_duration_seconds = values->duration.is_given,
	};
	struct sts_assume_role_out out;

	enum cli_exit code = role_arn(cli, cli->arguments.items[0], &in.role_arn);
	if (code == CLI_OK)
		code = cli_call(cli, &sts_operations[STS_ASSUME_ROLE], &in, &out);
	if (code)
		return code;
	if (!out.credentials || !out.assumed_role_user)
		return cli_fail(cli, CLI_FAILED, "the answer has no credentials");
	const struct secret secret = {
		.arn = out.assumed_role_user->arn,
		.access_key_id = out.credentials->access_key_id,
		.secret_access_key = out.credentials->secret_access_key,
		.session_token = out.credentials->session_token,
	};
	return secret_print(cli, &secret, values->profile);
}

static const struct command assume_command = {
	.name = "assume",
	.arguments = "ROLE",
	.summary = "print a role's temporary credentials; ROLE is a name or an ARN",
	.details = "  eval \"$(tern role assume arn:aws:iam::111122223333:role/worker)\"\n"
		   "\n"
		   "A profile with role_arn and source_profile does so by itself whenever it is "
		   "needed.",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = assume_run,
	CLI_OPTIONS(assume_options, struct assume_values),
};

static const struct command *const children[] = {&create_command, &ls_command, &rm_command,
						 &owner_policy_command, &assume_command};

const struct command role_command = {
	.name = "role",
	.summary = "make, list, delete and assume roles, and say what they may do",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
