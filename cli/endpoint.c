/* SPDX-License-Identifier: MIT */
/* endpoint: private endpoints (EC2's interface endpoints), through EC2's API. */
#include "commands.h"

#include <stdio.h>

#include "api/ec2.h"
#include "document.h"
#include "output.h"

/* ---- create ---- */

struct create_values {
	struct str vpc, policy;
	struct option_list subnets, groups, tags;
};

static const struct option create_options[] = {
	{"vpc", OPTION_TEXT, offsetof(struct create_values, vpc), "ID",
	 "network it is for; without it the only one there is", 0, 0},
	{"subnet", OPTION_LIST, offsetof(struct create_values, subnets), "ID",
	 "subnet; may be repeated", 0, 0},
	{"security-group", OPTION_LIST, offsetof(struct create_values, groups), "ID",
	 "security group; may be repeated", 0, 0},
	{"policy", OPTION_TEXT, offsetof(struct create_values, policy), "FILE",
	 "endpoint policy; without it everything may pass that other policies allow", 0, 0},
	{"tag", OPTION_LIST, offsetof(struct create_values, tags), "KEY=VALUE",
	 "tag; may be repeated", 0, 0},
};

/* "com.amazonaws.us-east-1.sqs" for "sqs". */
static struct str service_name(struct cli *cli, struct str given)
{
	struct str region = tern_session_region(cli->session);

	if (str_find_char(given, '.', 0) != SIZE_MAX)
		return given;
	return arena_format(&cli->arena, "com.amazonaws.%.*s.%.*s", STR_ARG(region),
			    STR_ARG(given));
}

static enum cli_exit resolve_vpc(struct cli *cli, const struct create_values *values,
				 struct str *out_vpc)
{
	const struct ec2_describe_vpcs_in in = {0};
	struct ec2_describe_vpcs_out out;

	*out_vpc = values->vpc;
	if (values->vpc.size > 0)
		return CLI_OK;
	enum cli_exit code = cli_call(cli, &ec2_operations[EC2_DESCRIBE_VPCS], &in, &out);
	if (code)
		return code;
	if (out.vpcs_count == 0)
		return cli_fail(cli, CLI_USAGE,
				"say for which network; none is declared, so any id will do: "
				"--vpc vpc-12345678");
	if (out.vpcs_count > 1)
		return cli_fail(cli, CLI_USAGE,
				"say for which network with --vpc ID: %zu are declared",
				out.vpcs_count);
	*out_vpc = arena_copy(&cli->arena, out.vpcs[0].vpc_id);
	return CLI_OK;
}

static bool read_tags(struct cli *cli, const struct option_list *texts,
		      struct ec2_tag_specification *out_tags)
{
	struct ec2_tag *tags = arena_array(&cli->arena, struct ec2_tag, texts->count);

	for (size_t i = 0; i < texts->count; i++)
		if (!cli_split(cli, "tag", texts->items[i], &tags[i].key, &tags[i].value))
			return false;
	*out_tags = (struct ec2_tag_specification){
		.resource_type = STR("vpc-endpoint"), .tags = tags, .tags_count = texts->count};
	return true;
}

static const struct column columns[] = {
	{"ENDPOINT", "VpcEndpointId", false},
	{"SERVICE", "ServiceName", false},
	{"VPC", "VpcId", false},
	{"STATE", "State", false},
	{"ADDRESS", "DnsName", false},
	{NULL, "OwnerId", false},
};

static void add_row(struct table *table, const struct ec2_vpc_endpoint *endpoint)
{
	const struct str cells[] = {
		endpoint->vpc_endpoint_id,
		endpoint->service_name,
		endpoint->vpc_id,
		endpoint->state,
		endpoint->dns_entries_count > 0 ? endpoint->dns_entries[0].dns_name
						: (struct str){0},
		endpoint->owner_id,
	};

	table_add(table, cells);
}

static enum cli_exit create_run(struct cli *cli, const void *values_given)
{
	const struct create_values *values = values_given;
	struct ec2_tag_specification tags;
	struct ec2_create_vpc_endpoint_in in = {
		.vpc_endpoint_type = STR("Interface"),
		.service_name = service_name(cli, cli->arguments.items[0]),
		.subnet_ids = values->subnets.items,
		.subnet_ids_count = values->subnets.count,
		.security_group_ids = values->groups.items,
		.security_group_ids_count = values->groups.count,
		.tag_specifications = &tags,
		.tag_specifications_count = values->tags.count > 0,
	};
	struct ec2_create_vpc_endpoint_out out;
	struct table table;

	if (!read_tags(cli, &values->tags, &tags))
		return CLI_USAGE;
	enum cli_exit code = CLI_OK;
	if (values->policy.size > 0)
		code = document_read_policy(cli, values->policy, POLICY_RESOURCE,
					    &in.policy_document);
	if (code == CLI_OK)
		code = resolve_vpc(cli, values, &in.vpc_id);
	if (code == CLI_OK)
		code = cli_call(cli, &ec2_operations[EC2_CREATE_VPC_ENDPOINT], &in, &out);
	if (code)
		return code;
	if (!out.vpc_endpoint)
		return cli_fail(cli, CLI_FAILED, "the answer does not say what was made");
	table_init(&table, cli, columns, sizeof(columns) / sizeof(columns[0]));
	add_row(&table, out.vpc_endpoint);
	table_done(&table);
	return CLI_OK;
}

static const struct command create_command = {
	.name = "create",
	.arguments = "SERVICE",
	.summary = "make a private endpoint for a service, such as sqs",
	.details =
		"What comes through it carries aws:SourceVpce, so that a queue's policy can refuse "
		"everything else. ADDRESS is where it listens.\n"
		"\n"
		"  tern endpoint create sqs --vpc vpc-12345678",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = create_run,
	CLI_OPTIONS(create_options, struct create_values),
};

/* ---- ls, rm ---- */

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	const struct ec2_describe_vpc_endpoints_in in = {0};
	struct ec2_describe_vpc_endpoints_out out;
	struct tern_pager pager;
	struct table table;
	enum err err;

	(void)values; /* it has no options */
	table_init(&table, cli, columns, sizeof(columns) / sizeof(columns[0]));
	tern_pager_init(&pager, cli->call, &ec2_operations[EC2_DESCRIBE_VPC_ENDPOINTS], &in);
	while (!(err = tern_pager_next(&pager, &out)))
		for (size_t i = 0; i < out.vpc_endpoints_count; i++)
			add_row(&table, &out.vpc_endpoints[i]);
	tern_pager_done(&pager);
	table_done(&table);
	return err == ERR_NOTFOUND ? CLI_OK : cli_explain(cli, err);
}

static const struct command ls_command = {
	.name = "ls",
	.summary = "list private endpoints and where they listen",
	.run = ls_run,
};

static enum cli_exit rm_run(struct cli *cli, const void *values)
{
	const struct ec2_delete_vpc_endpoints_in in = {
		.vpc_endpoint_ids = cli->arguments.items,
		.vpc_endpoint_ids_count = cli->arguments.count,
	};
	struct ec2_delete_vpc_endpoints_out out;

	(void)values; /* it has no options */
	enum cli_exit code = cli_call(cli, &ec2_operations[EC2_DELETE_VPC_ENDPOINTS], &in, &out);
	for (size_t i = 0; code == CLI_OK && i < out.unsuccessful_count; i++) {
		const struct ec2_unsuccessful_item *item = &out.unsuccessful[i];
		struct str message = output_printable(
			&cli->arena, item->error ? item->error->message : item->resource_id, false);
		cli_fail(cli, CLI_FAILED, "%.*s", STR_ARG(message));
	}
	return code == CLI_OK && out.unsuccessful_count > 0 ? CLI_FAILED : code;
}

static const struct command rm_command = {
	.name = "rm",
	.arguments = "ID...",
	.summary = "remove private endpoints, without asking",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = rm_run,
};

static const struct command *const children[] = {&create_command, &ls_command, &rm_command};

const struct command endpoint_command = {
	.name = "endpoint",
	.summary = "make, list and remove private endpoints",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
