/* SPDX-License-Identifier: MIT */
/* queue: making, listing, showing, changing, emptying and removing queues. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/sqs.h"
#include "api/sts.h"
#include "attributes.h"
#include "grant.h"
#include "output.h"

/* ---- create ---- */

struct create_values {
	bool is_fifo;
	struct attribute_values attributes;
};

static const struct option create_options[] = {
	{"fifo", OPTION_FLAG, offsetof(struct create_values, is_fifo), NULL,
	 "a FIFO queue; also without this option if NAME ends with .fifo", 0, 0},
	ATTRIBUTE_OPTIONS(struct create_values, attributes),
};

static enum cli_exit create_run(struct cli *cli, const void *values_given)
{
	const struct create_values *values = values_given;
	struct str name = cli->arguments.items[0];
	bool is_fifo = str_ends(name, STR(".fifo"));
	struct attribute_list attributes, tags;
	struct sqs_create_queue_out out;

	if (values->is_fifo && !is_fifo)
		return cli_fail(cli, CLI_USAGE, "a FIFO queue's name ends with .fifo: %.*s.fifo",
				STR_ARG(name));
	if (!attributes_split(cli, "tag", &values->attributes.tags, 0, &tags))
		return CLI_USAGE;
	enum cli_exit code = attributes_collect(cli, &values->attributes, 1, &attributes);
	if (code)
		return code;
	if (is_fifo)
		attributes_append(&attributes, STR("FifoQueue"), STR("true"));
	const struct sqs_create_queue_in in = {.queue_name = name,
					       .attributes = attributes.pairs,
					       .attributes_count = attributes.count,
					       .tags = tags.pairs,
					       .tags_count = tags.count};
	code = cli_run(cli, SQS_CREATE_QUEUE, &in, &out);
	if (code == CLI_OK)
		output_text(cli, "QueueUrl", out.queue_url);
	return code;
}

static const struct command create_command = {
	.name = "create",
	.arguments = "NAME",
	.summary = "make a queue and print its URL",
	.details = "Making a queue again that exists with the same attributes is no error.\n"
		   "\n"
		   "  tern queue create orders-failed\n"
		   "  tern queue create orders --dlq orders-failed --receives 5\n"
		   "  tern queue create steps.fifo --attribute ContentBasedDeduplication=true",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = create_run,
	CLI_OPTIONS(create_options, struct create_values),
};

/* ---- ls ---- */

struct ls_values {
	bool has_counts, has_names_only;
};

static const struct option ls_options[] = {
	{"counts", OPTION_FLAG, offsetof(struct ls_values, has_counts), NULL,
	 "messages available, in flight and delayed, by one more request a queue", 0, 0},
	{"names", OPTION_FLAG, offsetof(struct ls_values, has_names_only), NULL,
	 "names only, one a line", 0, 0},
};

static const struct column ls_columns[] = {
	{"NAME", "QueueName", false},
	{"URL", "QueueUrl", false},
};

static const struct column count_columns[] = {
	{"NAME", "QueueName", false},
	{"AVAILABLE", "ApproximateNumberOfMessages", true},
	{"IN FLIGHT", "ApproximateNumberOfMessagesNotVisible", true},
	{"DELAYED", "ApproximateNumberOfMessagesDelayed", true},
	{NULL, "QueueUrl", false},
};

static enum cli_exit add_counts(struct cli *cli, struct table *table, struct str url)
{
	struct str counts[ATTRIBUTE_COUNTS];

	enum cli_exit code = attributes_get_counts(cli, url, counts);
	if (code)
		return code;
	const struct str cells[] = {cli_queue_name(url), counts[0], counts[1], counts[2], url};
	table_add(table, cells);
	return CLI_OK;
}

static enum cli_exit list_row(struct cli *cli, const struct ls_values *values, struct table *table,
			      struct str url)
{
	const struct str cells[] = {cli_queue_name(url), url};

	if (values->has_names_only)
		printf("%.*s\n", STR_ARG(cells[0]));
	else if (values->has_counts)
		return add_counts(cli, table, url);
	else
		table_add(table, cells);
	return CLI_OK;
}

/* An empty list names account and region, since one of them is often not the one intended. */
static void note_nothing(struct cli *cli)
{
	const struct sts_get_caller_identity_in in = {0};
	struct sts_get_caller_identity_out out;
	struct str prefix = cli->arguments.count > 0 ? cli->arguments.items[0] : STR("");
	struct str account = STR("of this access key");

	if (tern_call_run(cli->call, &sts_operations[STS_GET_CALLER_IDENTITY], &in, &out) == ERR_OK)
		account = arena_copy(&cli->arena, out.account);
	cli_note(cli,
		 "No queues%s%.*s in account %.*s, region %.*s. Make one with: tern queue create "
		 "NAME",
		 prefix.size > 0 ? " that begin with " : "", STR_ARG(prefix), STR_ARG(account),
		 STR_ARG(tern_session_region(cli->session)));
}

static enum cli_exit ls_run(struct cli *cli, const void *values_given)
{
	const struct ls_values *values = values_given;
	struct queue_list queues;
	struct table table;

	enum cli_exit code = cli_queue_list(
		cli, cli->arguments.count > 0 ? cli->arguments.items[0] : (struct str){0}, &queues);
	if (code)
		return code;
	if (values->has_counts)
		table_init(&table, cli, count_columns, 5);
	else
		table_init(&table, cli, ls_columns, 2);
	for (size_t i = 0; i < queues.count && code == CLI_OK; i++)
		code = list_row(cli, values, &table, queues.urls[i]);
	table_done(&table);
	if (queues.count == 0 && !cli->is_json && !values->has_names_only)
		note_nothing(cli);
	return code;
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[PREFIX]",
	.summary = "list queues whose names begin with PREFIX",
	.arguments_max = 1,
	.run = ls_run,
	CLI_OPTIONS(ls_options, struct ls_values),
};

/* ---- show ---- */

static int compare_pairs(const void *left, const void *right)
{
	return str_compare(((const struct shape_pair *)left)->key,
			   ((const struct shape_pair *)right)->key);
}

static void write_map(struct json_writer *json, struct str key, const struct shape_pair *pairs,
		      size_t count)
{
	json_key(json, key);
	json_open_object(json);
	for (size_t i = 0; i < count; i++) {
		json_key(json, pairs[i].key);
		json_str(json, pairs[i].value);
	}
	json_close_object(json);
}

/* Times are seconds since 1970: a date beside them helps. */
static struct str readable(struct cli *cli, const struct shape_pair *pair)
{
	int64_t seconds;

	if (!str_ends(pair->key, STR("Timestamp")) || !str_to_i64(pair->value, &seconds))
		return pair->value;
	return arena_format(&cli->arena, "%.*s (%.*s UTC)", STR_ARG(pair->value),
			    STR_ARG(output_time(&cli->arena, seconds * 1000)));
}

static void show_json(struct str url, const struct attribute_list *attributes,
		      const struct sqs_list_queue_tags_out *tags)
{
	struct json_writer json;
	struct buf out = {0};

	json_begin(&json, &out);
	json_open_object(&json);
	json_key(&json, STR("QueueUrl"));
	json_str(&json, url);
	write_map(&json, STR("Attributes"), attributes->pairs, attributes->count);
	write_map(&json, STR("Tags"), tags->tags, tags->tags_count);
	json_close_object(&json);
	output_json_line(&out);
	buf_done(&out);
}

static void show_table(struct cli *cli, struct str url, const struct attribute_list *attributes,
		       const struct sqs_list_queue_tags_out *tags)
{
	static const struct column columns[] = {{"ATTRIBUTE", "", false}, {"VALUE", "", false}};
	struct table table;

	table_init(&table, cli, columns, 2);
	table_add(&table, (const struct str[]){STR("QueueUrl"), url});
	for (size_t i = 0; i < attributes->count; i++)
		table_add(&table, (const struct str[]){attributes->pairs[i].key,
						       readable(cli, &attributes->pairs[i])});
	for (size_t i = 0; i < tags->tags_count; i++)
		table_add(&table, (const struct str[]){arena_format(&cli->arena, "tag %.*s",
								    STR_ARG(tags->tags[i].key)),
						       tags->tags[i].value});
	table_done(&table);
}

static enum cli_exit load_attributes(struct cli *cli, struct str url, struct attribute_list *out)
{
	struct str all = STR("All");
	const struct sqs_get_queue_attributes_in in = {
		.queue_url = url, .attribute_names = &all, .attribute_names_count = 1};
	struct sqs_get_queue_attributes_out answer;

	enum cli_exit code = cli_run(cli, SQS_GET_QUEUE_ATTRIBUTES, &in, &answer);
	if (code)
		return code;
	*out = (struct attribute_list){
		arena_array(&cli->arena, struct shape_pair, answer.attributes_count), 0};
	for (size_t i = 0; i < answer.attributes_count; i++)
		attributes_append(out, arena_copy(&cli->arena, answer.attributes[i].key),
				  arena_copy(&cli->arena, answer.attributes[i].value));
	qsort(out->pairs, out->count, sizeof(*out->pairs), compare_pairs);
	return CLI_OK;
}

static enum cli_exit show_run(struct cli *cli, const void *values)
{
	struct attribute_list attributes;
	struct sqs_list_queue_tags_in in = {0};
	struct sqs_list_queue_tags_out tags;

	(void)values; /* it has no options */
	enum cli_exit code = cli_queue_url(cli, cli->arguments.items[0], &in.queue_url);
	if (code)
		return code;
	code = load_attributes(cli, in.queue_url, &attributes);
	if (code)
		return code;
	code = cli_run(cli, SQS_LIST_QUEUE_TAGS, &in, &tags);
	if (code)
		return code;
	qsort(tags.tags, tags.tags_count, sizeof(*tags.tags), compare_pairs);
	if (cli->is_json)
		show_json(in.queue_url, &attributes, &tags);
	else
		show_table(cli, in.queue_url, &attributes, &tags);
	return CLI_OK;
}

static const struct command show_command = {
	.name = "show",
	.arguments = "QUEUE",
	.summary = "print a queue's attributes and tags",
	.details = "QUEUE is a name, a URL or an ARN, here and everywhere.",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = show_run,
};

/* ---- set ---- */

struct set_values {
	struct attribute_values attributes;
	struct option_list untags;
	bool has_no_dlq;
};

static const struct option set_options[] = {
	ATTRIBUTE_OPTIONS(struct set_values, attributes),
	{"untag", OPTION_LIST, offsetof(struct set_values, untags), "KEY",
	 "remove a tag; may be repeated", 0, 0},
	{"no-dlq", OPTION_FLAG, offsetof(struct set_values, has_no_dlq), NULL,
	 "move no more messages to a dead-letter queue", 0, 0},
};

static enum cli_exit set_attributes(struct cli *cli, struct str url,
				    const struct attribute_list *attributes)
{
	const struct sqs_set_queue_attributes_in in = {.queue_url = url,
						       .attributes = attributes->pairs,
						       .attributes_count = attributes->count};
	struct sqs_set_queue_attributes_out out;

	return attributes->count > 0 ? cli_run(cli, SQS_SET_QUEUE_ATTRIBUTES, &in, &out) : CLI_OK;
}

static enum cli_exit set_tags(struct cli *cli, struct str url, const struct attribute_list *tags,
			      const struct option_list *untags)
{
	const struct sqs_tag_queue_in tag = {
		.queue_url = url, .tags = tags->pairs, .tags_count = tags->count};
	const struct sqs_untag_queue_in untag = {
		.queue_url = url, .tag_keys = untags->items, .tag_keys_count = untags->count};
	struct sqs_tag_queue_out tag_out;
	struct sqs_untag_queue_out untag_out;
	enum cli_exit code = CLI_OK;

	if (untags->count > 0)
		code = cli_run(cli, SQS_UNTAG_QUEUE, &untag, &untag_out);
	if (code == CLI_OK && tags->count > 0)
		code = cli_run(cli, SQS_TAG_QUEUE, &tag, &tag_out);
	return code;
}

static enum cli_exit set_run(struct cli *cli, const void *values_given)
{
	const struct set_values *values = values_given;
	struct attribute_list attributes, tags;
	struct str url;

	if (values->has_no_dlq && values->attributes.dlq.data)
		return cli_fail(cli, CLI_USAGE, "--dlq and --no-dlq exclude each other");
	if (!attributes_split(cli, "tag", &values->attributes.tags, 0, &tags))
		return CLI_USAGE;
	enum cli_exit code = attributes_collect(cli, &values->attributes, 1, &attributes);
	if (code)
		return code;
	if (values->has_no_dlq)
		attributes_append(&attributes, STR("RedrivePolicy"), STR(""));
	if (attributes.count + tags.count + values->untags.count == 0)
		return cli_fail(cli, CLI_USAGE, "nothing to set: see tern queue set --help");
	code = cli_queue_url(cli, cli->arguments.items[0], &url);
	if (code)
		return code;
	code = set_attributes(cli, url, &attributes);
	if (code)
		return code;
	return set_tags(cli, url, &tags, &values->untags);
}

static const struct command set_command = {
	.name = "set",
	.arguments = "QUEUE",
	.summary = "change a queue's attributes and tags",
	.details = "An attribute that is set to nothing (--attribute Policy=) is removed.",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = set_run,
	CLI_OPTIONS(set_options, struct set_values),
};

/* ---- rm, purge, url ---- */

static enum cli_exit rm_run(struct cli *cli, const void *values)
{
	(void)values; /* it has no options */
	for (size_t i = 0; i < cli->arguments.count; i++) {
		struct sqs_delete_queue_in in = {0};
		struct sqs_delete_queue_out out;
		enum cli_exit code = cli_queue_url(cli, cli->arguments.items[i], &in.queue_url);
		if (code == CLI_OK)
			code = cli_run(cli, SQS_DELETE_QUEUE, &in, &out);
		if (code)
			return code;
	}
	return CLI_OK;
}

static const struct command rm_command = {
	.name = "rm",
	.arguments = "QUEUE...",
	.summary = "delete queues with all their messages, without asking",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = rm_run,
};

static enum cli_exit purge_run(struct cli *cli, const void *values)
{
	struct sqs_purge_queue_in in = {0};
	struct sqs_purge_queue_out out;

	(void)values; /* it has no options */
	enum cli_exit code = cli_queue_url(cli, cli->arguments.items[0], &in.queue_url);
	return code ? code : cli_run(cli, SQS_PURGE_QUEUE, &in, &out);
}

static const struct command purge_command = {
	.name = "purge",
	.arguments = "QUEUE",
	.summary = "delete all messages of a queue, without asking",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = purge_run,
};

static enum cli_exit url_run(struct cli *cli, const void *values)
{
	struct str url;

	(void)values; /* it has no options */
	enum cli_exit code = cli_queue_url(cli, cli->arguments.items[0], &url);
	if (code == CLI_OK)
		output_text(cli, "QueueUrl", url);
	return code;
}

static const struct command url_command = {
	.name = "url",
	.arguments = "QUEUE",
	.summary = "print a queue's URL",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = url_run,
};

static const struct command *const children[] = {
	&create_command, &ls_command,  &show_command,  &set_command,	&rm_command,
	&purge_command,	 &url_command, &grant_command, &revoke_command,
};

const struct command queue_command = {
	.name = "queue",
	.summary = "make, list, show, change, empty and remove queues",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
