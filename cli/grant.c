/* SPDX-License-Identifier: MIT */
/* grant: what other accounts may do with a queue, as statements of its policy with labels. */
#include "grant.h"

#include <stdlib.h>

#include "api/sqs.h"
#include "attributes.h"
#include "format/json.h"
#include "output.h"

struct grant_values {
	struct option_list accounts, actions;
	struct str label;
};

static const struct option grant_options[] = {
	{"account", OPTION_LIST, offsetof(struct grant_values, accounts), "ID",
	 "account that may; may be repeated", 0, 0},
	{"action", OPTION_LIST, offsetof(struct grant_values, actions), "ACTION,...",
	 "what it may: SendMessage, ReceiveMessage, DeleteMessage and so on, or *", 0, 0},
	{"label", OPTION_TEXT, offsetof(struct grant_values, label), "LABEL",
	 "name of the grant, to revoke it by; without it made from account and action", 0, 0},
};

/* Texts of a repeatable option that may hold commas too, without "sqs:". */
static struct option_list split(struct cli *cli, const struct option_list *texts)
{
	struct option_list list = {0};
	size_t room = 0;

	for (size_t i = 0; i < texts->count; i++)
		room += texts->items[i].size + 1;
	list.items = arena_array(&cli->arena, struct str, room);
	for (size_t i = 0; i < texts->count; i++) {
		struct str rest = texts->items[i];
		while (rest.size > 0) {
			struct str item = str_trim(str_cut(&rest, ','));
			if (str_starts(item, STR("sqs:")))
				item = str_slice(item, 4, item.size);
			if (item.size > 0)
				list.items[list.count++] = item;
		}
	}
	return list;
}

static struct str make_label(struct cli *cli, struct str account, struct str action)
{
	if (str_equal(action, STR("*")))
		action = STR("all");
	return arena_format(&cli->arena, "%.*s-%.*s", STR_ARG(account), STR_ARG(action));
}

static enum cli_exit grant_run(struct cli *cli, const void *values_given)
{
	const struct grant_values *values = values_given;
	struct option_list accounts = split(cli, &values->accounts);
	struct option_list actions = split(cli, &values->actions);
	struct sqs_add_permission_in in = {0};
	struct sqs_add_permission_out out;

	if (accounts.count == 0 || actions.count == 0)
		return cli_fail(cli, CLI_USAGE,
				"say who may do what: --account ID --action SendMessage");
	in.label = values->label.size > 0 ? values->label
					  : make_label(cli, accounts.items[0], actions.items[0]);
	in.aws_account_ids = accounts.items;
	in.aws_account_ids_count = accounts.count;
	in.actions = actions.items;
	in.actions_count = actions.count;
	enum cli_exit code = cli_queue_url(cli, cli->arguments.items[0], &in.queue_url);
	if (code == CLI_OK)
		code = cli_run(cli, SQS_ADD_PERMISSION, &in, &out);
	if (code)
		return code;
	output_text(cli, "Label", in.label);
	cli_note(cli,
		 "Users and roles there also need a policy of their own account that allows it.");
	return CLI_OK;
}

const struct command grant_command = {
	.name = "grant",
	.arguments = "QUEUE",
	.summary = "let another account use a queue, and print the grant's label",
	.details = "The queue's policy gets a statement (AddPermission).\n"
		   "\n"
		   "  tern queue grant orders --account 444455556666 --action SendMessage",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = grant_run,
	CLI_OPTIONS(grant_options, struct grant_values),
};

static enum cli_exit revoke_run(struct cli *cli, const void *values)
{
	struct sqs_remove_permission_in in = {.label = cli->arguments.items[1]};
	struct sqs_remove_permission_out out;

	(void)values; /* it has no options */
	enum cli_exit code = cli_queue_url(cli, cli->arguments.items[0], &in.queue_url);
	return code ? code : cli_run(cli, SQS_REMOVE_PERMISSION, &in, &out);
}

const struct command revoke_command = {
	.name = "revoke",
	.arguments = "QUEUE LABEL",
	.summary = "take a grant back",
	.details = "LABEL is what grant printed; it is the statement's Sid in the queue's policy, "
		   "which "
		   "tern queue show prints.",
	.arguments_min = 2,
	.arguments_max = 2,
	.run = revoke_run,
};

/* ---- services ---- */

/* {"Effect":"Allow","Principal":{"Service":...},...} */
static struct str make_statement(struct cli *cli, struct str queue, const char *service,
				 struct str source)
{
	struct json_writer json;
	struct buf out = {0};

	json_begin(&json, &out);
	json_open_object(&json);
	json_key(&json, STR("Effect"));
	json_str(&json, STR("Allow"));
	json_key(&json, STR("Principal"));
	json_open_object(&json);
	json_key(&json, STR("Service"));
	json_str(&json, str_from(service));
	json_close_object(&json);
	json_key(&json, STR("Action"));
	json_str(&json, STR("sqs:SendMessage"));
	json_key(&json, STR("Resource"));
	json_str(&json, queue);
	json_key(&json, STR("Condition"));
	json_open_object(&json);
	json_key(&json, STR("ArnEquals"));
	json_open_object(&json);
	json_key(&json, STR("aws:SourceArn"));
	json_str(&json, source);
	json_close_object(&json);
	json_close_object(&json);
	json_close_object(&json);
	struct str text = arena_copy(&cli->arena, buf_str(&out));
	buf_done(&out);
	return text;
}

/* The policy, or a new one, with one statement more, in the arena; data NULL: it is not JSON. */
static struct str extend_policy(struct cli *cli, struct str policy, struct str statement)
{
	yyjson_mut_doc *document = yyjson_mut_doc_new(NULL);
	yyjson_mut_val *root = yyjson_mut_obj(document);
	yyjson_val *added, *given = NULL;
	struct str text = {0};
	size_t size;

	if (policy.size == 0)
		yyjson_mut_obj_add_str(document, root, "Version", "2012-10-17");
	else if (json_parse(&cli->arena, policy, &given) == ERR_OK && yyjson_is_obj(given))
		root = yyjson_val_mut_copy(document, given);
	else
		goto out;
	if (json_parse(&cli->arena, statement, &added))
		goto out;
	yyjson_mut_doc_set_root(document, root);
	yyjson_mut_val *list = yyjson_mut_obj_get(root, "Statement");
	if (!yyjson_mut_is_arr(list)) {
		yyjson_mut_val *only = yyjson_mut_obj_remove_key(root, "Statement");
		list = yyjson_mut_obj_add_arr(document, root, "Statement");
		if (only)
			yyjson_mut_arr_append(list, only);
	}
	yyjson_mut_arr_append(list, yyjson_val_mut_copy(document, added));
	char *written = yyjson_mut_write(document, 0, &size);
	check(written);
	text = arena_copy(&cli->arena, str_of(written, size));
	free(written); /* yyjson's, not the arena's */
out:
	yyjson_mut_doc_free(document);
	return text;
}

enum cli_exit grant_service(struct cli *cli, struct str queue, const char *service,
			    struct str source)
{
	struct shape_pair pair = {.key = STR("Policy")};
	struct sqs_set_queue_attributes_in in = {.attributes = &pair, .attributes_count = 1};
	struct sqs_set_queue_attributes_out out;
	struct str policy;

	enum cli_exit code = cli_queue_url(cli, queue, &in.queue_url);
	if (code == CLI_OK)
		code = attributes_get(cli, in.queue_url, STR("Policy"), &policy);
	if (code)
		return code;
	pair.value = extend_policy(cli, policy, make_statement(cli, queue, service, source));
	if (!pair.value.data)
		return cli_fail(cli, CLI_FAILED,
				"the queue's policy is not a JSON object: set it "
				"with tern queue set --policy FILE");
	return cli_run(cli, SQS_SET_QUEUE_ATTRIBUTES, &in, &out);
}
