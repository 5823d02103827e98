/* SPDX-License-Identifier: MIT */
/*
 * owner: IAM has each operation twice, for users and for roles, with members that differ in a name
 * only. The structs have the same layout, which is asserted, so one struct serves both.
 */
#include "owner.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/iam.h"
#include "document.h"
#include "output.h"

struct policy_in {
	struct str owner, policy, document;
};
#define SAME(type, owner_name, member, ours)                                                       \
	static_assert(offsetof(struct type, owner_name) == offsetof(struct policy_in, owner),      \
		      "owners are the first member");                                              \
	static_assert(offsetof(struct type, member) == offsetof(struct policy_in, ours),           \
		      "policies are the second member")
SAME(iam_put_user_policy_in, user_name, policy_name, policy);
SAME(iam_put_role_policy_in, role_name, policy_name, policy);
SAME(iam_put_user_policy_in, user_name, policy_document, document);
SAME(iam_put_role_policy_in, role_name, policy_document, document);
SAME(iam_get_user_policy_out, user_name, policy_document, document);
SAME(iam_get_role_policy_out, role_name, policy_document, document);
SAME(iam_delete_user_policy_in, user_name, policy_name, policy);
SAME(iam_delete_role_policy_in, role_name, policy_name, policy);
SAME(iam_attach_user_policy_in, user_name, policy_arn, policy);
SAME(iam_attach_role_policy_in, role_name, policy_arn, policy);
SAME(iam_detach_user_policy_in, user_name, policy_arn, policy);
SAME(iam_detach_role_policy_in, role_name, policy_arn, policy);
#undef SAME

static bool is_role(const struct cli *cli)
{
	return str_starts(str_from(cli->path), STR("tern role"));
}

static const struct operation *choose(const struct cli *cli, uint32_t of_user, uint32_t of_role)
{
	return &iam_operations[is_role(cli) ? of_role : of_user];
}

/* For operations that answer nothing. */
static enum cli_exit change(struct cli *cli, const struct operation *operation, struct str owner,
			    struct str policy, struct str document)
{
	const struct policy_in in = {owner, policy, document};
	char nothing[8];

	check(operation->in->size <= sizeof(in));
	check(operation->out->size <= sizeof(nothing));
	return cli_call(cli, operation, &in, nothing);
}

static bool is_arn(struct str policy)
{
	return str_starts(policy, STR("arn:"));
}

/* ---- listing ---- */

static void keep(struct cli *cli, struct buf *list, struct str name, struct str arn)
{
	const struct owned_policy policy = {arena_copy(&cli->arena, name),
					    arn.size > 0 ? arena_copy(&cli->arena, arn)
							 : (struct str){0}};

	buf_append(list, str_of(&policy, sizeof(policy)));
}

static enum err list_inline(struct cli *cli, struct str owner, struct buf *list)
{
	const struct iam_list_user_policies_in of_user = {.user_name = owner};
	const struct iam_list_role_policies_in of_role = {.role_name = owner};
	const void *in = is_role(cli) ? (const void *)&of_role : (const void *)&of_user;
	union {
		struct iam_list_user_policies_out user;
		struct iam_list_role_policies_out role;
	} out;
	struct tern_pager pager;
	enum err err;

	tern_pager_init(&pager, cli->call,
			choose(cli, IAM_LIST_USER_POLICIES, IAM_LIST_ROLE_POLICIES), in);
	while (!(err = tern_pager_next(&pager, &out))) {
		const struct str *names =
			is_role(cli) ? out.role.policy_names : out.user.policy_names;
		size_t count =
			is_role(cli) ? out.role.policy_names_count : out.user.policy_names_count;
		for (size_t i = 0; i < count; i++)
			keep(cli, list, names[i], (struct str){0});
	}
	tern_pager_done(&pager);
	return err;
}

static enum err list_attached(struct cli *cli, struct str owner, struct buf *list)
{
	const struct iam_list_attached_user_policies_in of_user = {.user_name = owner};
	const struct iam_list_attached_role_policies_in of_role = {.role_name = owner};
	const void *in = is_role(cli) ? (const void *)&of_role : (const void *)&of_user;
	union {
		struct iam_list_attached_user_policies_out user;
		struct iam_list_attached_role_policies_out role;
	} out;
	struct tern_pager pager;
	enum err err;

	tern_pager_init(
		&pager, cli->call,
		choose(cli, IAM_LIST_ATTACHED_USER_POLICIES, IAM_LIST_ATTACHED_ROLE_POLICIES), in);
	while (!(err = tern_pager_next(&pager, &out))) {
		const struct iam_attached_policy *policies =
			is_role(cli) ? out.role.attached_policies : out.user.attached_policies;
		size_t count = is_role(cli) ? out.role.attached_policies_count
					    : out.user.attached_policies_count;
		for (size_t i = 0; i < count; i++)
			keep(cli, list, policies[i].policy_name, policies[i].policy_arn);
	}
	tern_pager_done(&pager);
	return err;
}

struct str owner_path(const struct cli *cli)
{
	return cli->arguments.count > 0 ? cli->arguments.items[0] : (struct str){0};
}

enum cli_exit owner_list(struct cli *cli, const struct column *columns, size_t column_count,
			 size_t operation, const void *in, void *out, owner_rows_fn add)
{
	struct tern_pager pager;
	struct table table;
	enum err err;

	table_init(&table, cli, columns, column_count);
	tern_pager_init(&pager, cli->call, &iam_operations[operation], in);
	while (!(err = tern_pager_next(&pager, out)))
		add(cli, &table, out);
	tern_pager_done(&pager);
	table_done(&table);
	return err == ERR_NOTFOUND ? CLI_OK : cli_explain(cli, err);
}

enum cli_exit owner_policies(struct cli *cli, struct str owner, struct owned_policies *out_policies)
{
	struct buf list = {0};

	enum err err = list_inline(cli, owner, &list);
	if (err == ERR_NOTFOUND)
		err = list_attached(cli, owner, &list);
	out_policies->count = list.size / sizeof(struct owned_policy);
	out_policies->items = arena_array(&cli->arena, struct owned_policy, out_policies->count);
	if (list.size > 0)
		memcpy(out_policies->items, list.data, list.size);
	buf_done(&list);
	return err == ERR_NOTFOUND ? CLI_OK : cli_explain(cli, err);
}

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	static const struct column columns[] = {{"POLICY", "PolicyName", false},
						{"KIND", "Kind", false},
						{"ARN", "PolicyArn", false}};
	struct owned_policies policies;
	struct table table;

	(void)values; /* it has no options */
	enum cli_exit code = owner_policies(cli, cli->arguments.items[0], &policies);
	if (code)
		return code;
	table_init(&table, cli, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < policies.count; i++) {
		const struct owned_policy *policy = &policies.items[i];
		const struct str cells[] = {policy->name,
					    policy->arn.data ? STR("attached") : STR("inline"),
					    policy->arn};
		table_add(&table, cells);
	}
	table_done(&table);
	return CLI_OK;
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "NAME",
	.summary = "list policies, inline and attached",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = ls_run,
};

/* ---- show ---- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* IAM answers documents percent-encoded. */
static struct str decode_document(struct cli *cli, struct str text)
{
	char *out = arena_bytes(&cli->arena, text.size + 1);
	size_t size = 0;

	for (size_t i = 0; i < text.size; i++) {
		bool is_coded = text.data[i] == '%' && i + 2 < text.size &&
				hex_value(text.data[i + 1]) >= 0 &&
				hex_value(text.data[i + 2]) >= 0;
		if (!is_coded) {
			out[size++] = text.data[i];
			continue;
		}
		out[size++] =
			(char)(hex_value(text.data[i + 1]) * 16 + hex_value(text.data[i + 2]));
		i += 2;
	}
	return str_of(out, size);
}

static enum cli_exit get_managed(struct cli *cli, struct str arn, struct str *out_document)
{
	const struct iam_get_policy_in policy_in = {.policy_arn = arn};
	struct iam_get_policy_version_in version_in = {.policy_arn = arn};
	struct iam_get_policy_version_out version_out;
	struct iam_get_policy_out policy_out;

	enum cli_exit code =
		cli_call(cli, &iam_operations[IAM_GET_POLICY], &policy_in, &policy_out);
	if (code || !policy_out.policy)
		return code;
	version_in.version_id = arena_copy(&cli->arena, policy_out.policy->default_version_id);
	code = cli_call(cli, &iam_operations[IAM_GET_POLICY_VERSION], &version_in, &version_out);
	if (code == CLI_OK && version_out.policy_version)
		*out_document = version_out.policy_version->document;
	return code;
}

static enum cli_exit get_inline(struct cli *cli, struct str owner, struct str policy,
				struct str *out_document)
{
	const struct policy_in in = {.owner = owner, .policy = policy};
	struct policy_in out;

	enum cli_exit code =
		cli_call(cli, choose(cli, IAM_GET_USER_POLICY, IAM_GET_ROLE_POLICY), &in, &out);
	if (code == CLI_OK)
		*out_document = out.document;
	return code;
}

static enum cli_exit show_run(struct cli *cli, const void *values)
{
	struct str owner = cli->arguments.items[0], policy = cli->arguments.items[1];
	struct str document = {0};

	(void)values; /* it has no options */
	enum cli_exit code = is_arn(policy) ? get_managed(cli, policy, &document)
					    : get_inline(cli, owner, policy, &document);
	if (code)
		return code;
	document = output_printable(&cli->arena, decode_document(cli, document), true);
	printf("%.*s\n", STR_ARG(document));
	return CLI_OK;
}

static const struct command show_command = {
	.name = "show",
	.arguments = "NAME POLICY",
	.summary = "print a policy's document; POLICY is a name, or an attached one's ARN",
	.arguments_min = 2,
	.arguments_max = 2,
	.run = show_run,
};

/* ---- put, attach, rm ---- */

struct put_values {
	struct option_list actions, resources;
};

static const struct option put_options[] = {
	{"allow", OPTION_LIST, offsetof(struct put_values, actions), "ACTION,...",
	 "instead of a file: a policy that allows these actions", 0, 0},
	{"on", OPTION_LIST, offsetof(struct put_values, resources), "ARN,...",
	 "with --allow: on these resources; without it on all", 0, 0},
};

static enum cli_exit put_run(struct cli *cli, const void *values_given)
{
	const struct put_values *values = values_given;
	struct str *words = cli->arguments.items, document;
	bool has_file = cli->arguments.count > 2;
	enum cli_exit code = CLI_OK;

	if (has_file == (values->actions.count > 0))
		return cli_fail(cli, CLI_USAGE, "give a FILE (- is standard input) or --allow");
	if (has_file)
		code = document_read_policy(cli, words[2], POLICY_IDENTITY, &document);
	else
		document = document_allow(cli, &values->actions, &values->resources);
	return code ? code
		    : change(cli, choose(cli, IAM_PUT_USER_POLICY, IAM_PUT_ROLE_POLICY), words[0],
			     words[1], document);
}

static const struct command put_command = {
	.name = "put",
	.arguments = "NAME POLICY [FILE]",
	.summary = "set an inline policy",
	.details = "  tern user policy put ci send --allow sqs:SendMessage --on "
		   "'arn:aws:sqs:*:*:orders'\n"
		   "  tern role policy put worker all policy.json",
	.arguments_min = 2,
	.arguments_max = 3,
	.run = put_run,
	CLI_OPTIONS(put_options, struct put_values),
};

static enum cli_exit attach_run(struct cli *cli, const void *values)
{
	(void)values; /* it has no options */
	return change(cli, choose(cli, IAM_ATTACH_USER_POLICY, IAM_ATTACH_ROLE_POLICY),
		      cli->arguments.items[0], cli->arguments.items[1], (struct str){0});
}

static const struct command attach_command = {
	.name = "attach",
	.arguments = "NAME ARN",
	.summary = "attach a managed policy",
	.arguments_min = 2,
	.arguments_max = 2,
	.run = attach_run,
};

static enum cli_exit remove_policy(struct cli *cli, struct str owner, struct str policy)
{
	const struct operation *operation =
		is_arn(policy) ? choose(cli, IAM_DETACH_USER_POLICY, IAM_DETACH_ROLE_POLICY)
			       : choose(cli, IAM_DELETE_USER_POLICY, IAM_DELETE_ROLE_POLICY);

	return change(cli, operation, owner, policy, (struct str){0});
}

static enum cli_exit rm_run(struct cli *cli, const void *values)
{
	(void)values; /* it has no options */
	return remove_policy(cli, cli->arguments.items[0], cli->arguments.items[1]);
}

static const struct command rm_command = {
	.name = "rm",
	.arguments = "NAME POLICY",
	.summary = "delete an inline policy; an attached one, by ARN, is detached",
	.arguments_min = 2,
	.arguments_max = 2,
	.run = rm_run,
};

enum cli_exit owner_strip(struct cli *cli, struct str owner)
{
	struct owned_policies policies;

	enum cli_exit code = owner_policies(cli, owner, &policies);
	for (size_t i = 0; i < policies.count && code == CLI_OK; i++)
		code = remove_policy(cli, owner,
				     policies.items[i].arn.data ? policies.items[i].arn
								: policies.items[i].name);
	return code;
}

static const struct command *const children[] = {&ls_command, &show_command, &put_command,
						 &attach_command, &rm_command};

const struct command owner_policy_command = {
	.name = "policy",
	.summary = "list, show, set, attach and remove policies",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
