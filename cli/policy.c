/* SPDX-License-Identifier: MIT */
/*
 * policy: may somebody do something? Asked of IAM's simulator, with the queue's own policy where
 * the resource is a queue.
 */
#include "commands.h"

#include <stdio.h>

#include "api/iam.h"
#include "api/sqs.h"
#include "base/arn.h"
#include "document.h"
#include "output.h"

struct check_values {
	struct option_list context;
	struct str resource_policy;
};

static const struct option check_options[] = {
	{"context", OPTION_LIST, offsetof(struct check_values, context), "KEY=VALUE",
	 "condition key of the request: aws:SourceIp=10.0.0.7; may be repeated", 0, 0},
	{"resource-policy", OPTION_TEXT, offsetof(struct check_values, resource_policy), "FILE",
	 "policy of the resource, in place of the one it has", 0, 0},
};

/* The ARN of "user/NAME", "role/NAME", or of NAME, a user. */
static enum cli_exit find_principal(struct cli *cli, struct str given, struct str *out_arn)
{
	struct iam_get_user_in user = {.user_name = given};
	struct iam_get_role_in role = {0};
	struct iam_get_user_out user_out;
	struct iam_get_role_out role_out;
	enum cli_exit code;

	*out_arn = given;
	if (str_starts(given, STR("arn:")))
		return CLI_OK;
	if (str_starts(given, STR("role/"))) {
		role.role_name = str_slice(given, 5, given.size);
		code = cli_call(cli, &iam_operations[IAM_GET_ROLE], &role, &role_out);
		if (code == CLI_OK && role_out.role)
			*out_arn = arena_copy(&cli->arena, role_out.role->arn);
		return code;
	}
	if (str_starts(given, STR("user/")))
		user.user_name = str_slice(given, 5, given.size);
	code = cli_call(cli, &iam_operations[IAM_GET_USER], &user, &user_out);
	if (code == CLI_OK && user_out.user)
		*out_arn = arena_copy(&cli->arena, user_out.user->arn);
	return code;
}

/* An ARN may be that of a queue that is not there yet, or of another account. */
static bool can_see(struct cli *cli, struct str arn)
{
	const struct sqs_get_queue_url_in in = {.queue_name = cli_queue_name(arn),
						.queue_owner_aws_account_id =
							cli_queue_account(arn)};
	struct sqs_get_queue_url_out out;

	if (tern_call_run(cli->call, &sqs_operations[SQS_GET_QUEUE_URL], &in, &out) == ERR_OK)
		return true;
	cli_note(cli, "The queue cannot be seen, so its policy is not asked.");
	return false;
}

/* A queue may be given as everywhere; its policy decides along. */
static enum cli_exit find_queue(struct cli *cli, struct iam_simulate_principal_policy_in *in,
				struct str *resource)
{
	struct str names[] = {STR("QueueArn"), STR("Policy")};
	struct sqs_get_queue_attributes_in ask = {.attribute_names = names,
						  .attribute_names_count = 2};
	struct sqs_get_queue_attributes_out out;

	if (str_starts(*resource, STR("arn:")) && !can_see(cli, *resource))
		return CLI_OK;
	enum cli_exit code = cli_queue_url(cli, *resource, &ask.queue_url);
	if (code == CLI_OK)
		code = cli_run(cli, SQS_GET_QUEUE_ATTRIBUTES, &ask, &out);
	for (size_t i = 0; code == CLI_OK && i < out.attributes_count; i++) {
		struct str value = arena_copy(&cli->arena, out.attributes[i].value);
		if (str_equal(out.attributes[i].key, STR("QueueArn")))
			*resource = value;
		else if (!in->resource_policy.data && value.size > 0)
			in->resource_policy = value;
	}
	return code;
}

static bool is_queue(const struct cli *cli, struct str resource)
{
	bool is_sqs = str_starts(cli->arguments.items[1], STR("sqs:"));
	bool is_pattern = str_find_char(resource, '*', 0) != SIZE_MAX;
	struct arn arn;

	return is_sqs && !is_pattern &&
	       ((arn_parse(resource, &arn) && str_equal(arn.service, STR("sqs"))) ||
		str_find_char(resource, ':', 0) == SIZE_MAX || str_starts(resource, STR("http")));
}

static enum cli_exit read_context(struct cli *cli, const struct option_list *texts,
				  struct iam_simulate_principal_policy_in *in)
{
	struct iam_context_entry *entries =
		arena_array(&cli->arena, struct iam_context_entry, texts->count);

	for (size_t i = 0; i < texts->count; i++) {
		struct str *value = arena_new(&cli->arena, struct str);
		if (!cli_split(cli, "context", texts->items[i], &entries[i].context_key_name,
			       value))
			return CLI_USAGE;
		entries[i].context_key_values = value;
		entries[i].context_key_values_count = 1;
		entries[i].context_key_type = STR("string");
	}
	in->context_entries = entries;
	in->context_entries_count = texts->count;
	return CLI_OK;
}

static enum cli_exit show(struct cli *cli, const struct iam_simulate_principal_policy_out *out)
{
	static const struct column columns[] = {
		{"ACTION", "EvalActionName", false},
		{"RESOURCE", "EvalResourceName", false},
		{"DECISION", "EvalDecision", false},
		{"BY", "SourcePolicyId", false},
	};
	enum cli_exit code = out->evaluation_results_count > 0 ? CLI_OK : CLI_FAILED;
	struct table table;

	table_init(&table, cli, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < out->evaluation_results_count; i++) {
		const struct iam_evaluation_result *result = &out->evaluation_results[i];
		struct str by = result->matched_statements_count > 0
					? result->matched_statements[0].source_policy_id
					: (struct str){0};
		const struct str cells[] = {result->eval_action_name, result->eval_resource_name,
					    result->eval_decision, by};
		if (!str_equal(result->eval_decision, STR("allowed")))
			code = CLI_FAILED;
		table_add(&table, cells);
	}
	table_done(&table);
	return code;
}

static enum cli_exit check_run(struct cli *cli, const void *values_given)
{
	const struct check_values *values = values_given;
	struct str *words = cli->arguments.items;
	struct str resource = cli->arguments.count > 2 ? words[2] : STR("*");
	struct iam_simulate_principal_policy_in in = {
		.action_names = &words[1],
		.action_names_count = 1,
		.resource_arns = &resource,
		.resource_arns_count = 1,
	};
	struct iam_simulate_principal_policy_out out;

	enum cli_exit code = read_context(cli, &values->context, &in);
	if (code == CLI_OK && values->resource_policy.size > 0)
		code = document_read_policy(cli, values->resource_policy, POLICY_RESOURCE,
					    &in.resource_policy);
	if (code == CLI_OK)
		code = find_principal(cli, words[0], &in.policy_source_arn);
	if (code == CLI_OK && is_queue(cli, resource))
		code = find_queue(cli, &in, &resource);
	if (in.resource_policy.data)
		in.caller_arn = in.policy_source_arn;
	if (code == CLI_OK)
		code = cli_call(cli, &iam_operations[IAM_SIMULATE_PRINCIPAL_POLICY], &in, &out);
	return code ? code : show(cli, &out);
}

static const struct command check_command = {
	.name = "check",
	.arguments = "PRINCIPAL ACTION [RESOURCE]",
	.summary = "may PRINCIPAL do ACTION on RESOURCE? Exit status 1: no",
	.details =
		"PRINCIPAL is a user's name, role/NAME or an ARN; RESOURCE an ARN, or for sqs: a "
		"queue as everywhere, whose policy is asked too. Nothing is done.\n"
		"\n"
		"  tern policy check ci sqs:SendMessage orders\n"
		"  tern policy check role/worker kms:Decrypt 'arn:aws:kms:*:*:key/*'",
	.arguments_min = 2,
	.arguments_max = 3,
	.run = check_run,
	CLI_OPTIONS(check_options, struct check_values),
};

static const struct command *const children[] = {&check_command};

const struct command policy_command = {
	.name = "policy",
	.summary = "try what policies allow",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
