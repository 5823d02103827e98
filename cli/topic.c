/* SPDX-License-Identifier: MIT */
/* topic: making, listing, showing, changing and removing topics of SNS. */
#include "commands.h"

#include "api/sns.h"
#include "attributes.h"
#include "document.h"
#include "name.h"
#include "output.h"
#include "view.h"

/* ---- attributes ---- */

struct topic_values {
	struct str display_name, kms_key, policy;
	struct option_number archive_days;
	struct option_list attributes, tags;
};

/* clang-format off */
#define TOPIC_OPTIONS(type, member) \
	{"display-name", OPTION_TEXT, offsetof(type, member.display_name), "TEXT", \
	 "DisplayName: the sender of e-mails", \
	 0, 0}, \
	{"kms-key", OPTION_TEXT, offsetof(type, member.kms_key), "KEY", \
	 "KmsMasterKeyId: id, ARN or alias of the KMS key that messages are encrypted under", \
	 0, 0}, \
	{"archive-days", OPTION_NUMBER, offsetof(type, member.archive_days), "N", \
	 "ArchivePolicy of a FIFO topic: days that messages can be replayed; 0 ends the archive", \
	 0, LIMIT_ARCHIVE_DAYS}, \
	{"policy", OPTION_TEXT, offsetof(type, member.policy), "FILE", \
	 "file with the topic's policy, - for standard input; it is checked before it is sent", \
	 0, 0}, \
	{"attribute", OPTION_LIST, offsetof(type, member.attributes), "NAME=VALUE", \
	 "any other attribute by AWS's name; may be repeated", \
	 0, 0}, \
	{"tag", OPTION_LIST, offsetof(type, member.tags), "KEY=VALUE", \
	 "tag; may be repeated", \
	 0, 0}
/* clang-format on */
enum { OWN_NAMES = 4 };

static enum cli_exit collect(struct cli *cli, const struct topic_values *values, size_t extra,
			     struct attribute_list *out_list)
{
	struct str policy;

	if (!attributes_split(cli, "attribute", &values->attributes, OWN_NAMES + extra, out_list))
		return CLI_USAGE;
	if (values->display_name.data)
		attributes_append(out_list, STR("DisplayName"), values->display_name);
	if (values->kms_key.data)
		attributes_append(out_list, STR("KmsMasterKeyId"), values->kms_key);
	if (values->archive_days.is_given)
		attributes_append(out_list, STR("ArchivePolicy"),
				  values->archive_days.value == 0
					  ? STR("{}")
					  : arena_format(&cli->arena,
							 "{\"MessageRetentionPeriod\":\"%lld\"}",
							 (long long)values->archive_days.value));
	if (!values->policy.data)
		return CLI_OK;
	enum cli_exit code = document_read_policy(cli, values->policy, POLICY_RESOURCE, &policy);
	if (code == CLI_OK)
		attributes_append(out_list, STR("Policy"), policy);
	return code;
}

static bool read_tags(struct cli *cli, const struct option_list *texts, struct sns_tag **out_tags)
{
	*out_tags = arena_array(&cli->arena, struct sns_tag, texts->count);
	for (size_t i = 0; i < texts->count; i++)
		if (!cli_split(cli, "tag", texts->items[i], &(*out_tags)[i].key,
			       &(*out_tags)[i].value))
			return false;
	return true;
}

/* ---- create ---- */

struct create_values {
	struct topic_values topic;
	bool has_content_dedup;
};

static const struct option create_options[] = {
	{"content-dedup", OPTION_FLAG, offsetof(struct create_values, has_content_dedup), NULL,
	 "FIFO: messages with the same body are duplicates (ContentBasedDeduplication)", 0, 0},
	TOPIC_OPTIONS(struct create_values, topic),
};

static enum cli_exit create_run(struct cli *cli, const void *values_given)
{
	const struct create_values *values = values_given;
	struct sns_create_topic_in in = {.name = cli->arguments.items[0]};
	struct sns_create_topic_out out;
	struct attribute_list attributes;

	if (!read_tags(cli, &values->topic.tags, &in.tags))
		return CLI_USAGE;
	in.tags_count = values->topic.tags.count;
	enum cli_exit code = collect(cli, &values->topic, 2, &attributes);
	if (code)
		return code;
	if (str_ends(in.name, STR(".fifo")))
		attributes_append(&attributes, STR("FifoTopic"), STR("true"));
	if (values->has_content_dedup)
		attributes_append(&attributes, STR("ContentBasedDeduplication"), STR("true"));
	in.attributes = attributes.pairs;
	in.attributes_count = attributes.count;
	code = cli_call(cli, &sns_operations[SNS_CREATE_TOPIC], &in, &out);
	if (code == CLI_OK)
		output_text(cli, "TopicArn", out.topic_arn);
	return code;
}

static const struct command create_command = {
	.name = "create",
	.arguments = "NAME",
	.summary = "make a topic and print its ARN",
	.details = "Making a topic again that exists with the same attributes is no error. A name "
		   "that ends with .fifo makes a FIFO topic.\n"
		   "\n"
		   "  tern topic create orders\n"
		   "  tern topic create steps.fifo --content-dedup",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = create_run,
	CLI_OPTIONS(create_options, struct create_values),
};

/* ---- ls, show ---- */

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	static const struct view_column columns[] = {{"ARN", "TopicArn"}};
	static const struct view_list view = {&sns_operations[SNS_LIST_TOPICS], "Topics",
					      VIEW_COLUMNS(columns)};
	const struct sns_list_topics_in in = {0};

	(void)values; /* it has no options */
	return view_list(cli, &view, &in, "No topics. Make one with: tern topic create NAME");
}

static const struct command ls_command = {
	.name = "ls",
	.summary = "list topics",
	.run = ls_run,
};

static enum cli_exit show_run(struct cli *cli, const void *values)
{
	struct sns_get_topic_attributes_in in = {0};
	struct sns_list_tags_for_resource_in tags = {0};

	(void)values; /* it has no options */
	enum cli_exit code = name_arn(cli, "sns", "", cli->arguments.items[0], &in.topic_arn);
	if (code == CLI_OK)
		code = view_run(cli, &sns_operations[SNS_GET_TOPIC_ATTRIBUTES], &in);
	if (code)
		return code;
	tags.resource_arn = in.topic_arn;
	return view_run(cli, &sns_operations[SNS_LIST_TAGS_FOR_RESOURCE], &tags);
}

static const struct command show_command = {
	.name = "show",
	.arguments = "TOPIC",
	.summary = "print a topic's attributes and tags",
	.details = "TOPIC is a name or an ARN, here and everywhere.",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = show_run,
};

/* ---- set ---- */

struct set_values {
	struct topic_values topic;
	struct option_list untags;
};

static const struct option set_options[] = {
	TOPIC_OPTIONS(struct set_values, topic),
	{"untag", OPTION_LIST, offsetof(struct set_values, untags), "KEY",
	 "remove a tag; may be repeated", 0, 0},
};

static enum cli_exit set_attributes(struct cli *cli, struct str arn,
				    const struct attribute_list *attributes)
{
	struct sns_set_topic_attributes_out out;
	enum cli_exit code = CLI_OK;

	for (size_t i = 0; i < attributes->count && code == CLI_OK; i++) {
		const struct sns_set_topic_attributes_in in = {
			.topic_arn = arn,
			.attribute_name = attributes->pairs[i].key,
			.attribute_value = attributes->pairs[i].value};
		code = cli_call(cli, &sns_operations[SNS_SET_TOPIC_ATTRIBUTES], &in, &out);
	}
	return code;
}

static enum cli_exit set_tags(struct cli *cli, const struct sns_tag_resource_in *tag,
			      const struct sns_untag_resource_in *untag)
{
	struct sns_tag_resource_out tag_out;
	struct sns_untag_resource_out untag_out;
	enum cli_exit code = CLI_OK;

	if (untag->tag_keys_count > 0)
		code = cli_call(cli, &sns_operations[SNS_UNTAG_RESOURCE], untag, &untag_out);
	if (code == CLI_OK && tag->tags_count > 0)
		code = cli_call(cli, &sns_operations[SNS_TAG_RESOURCE], tag, &tag_out);
	return code;
}

static enum cli_exit set_run(struct cli *cli, const void *values_given)
{
	const struct set_values *values = values_given;
	struct sns_tag_resource_in tag = {.tags_count = values->topic.tags.count};
	struct sns_untag_resource_in untag = {.tag_keys = values->untags.items,
					      .tag_keys_count = values->untags.count};
	struct attribute_list attributes;

	if (!read_tags(cli, &values->topic.tags, &tag.tags))
		return CLI_USAGE;
	enum cli_exit code = collect(cli, &values->topic, 0, &attributes);
	if (code)
		return code;
	if (attributes.count + tag.tags_count + untag.tag_keys_count == 0)
		return cli_fail(cli, CLI_USAGE, "nothing to set: see tern topic set --help");
	code = name_arn(cli, "sns", "", cli->arguments.items[0], &tag.resource_arn);
	if (code == CLI_OK)
		code = set_attributes(cli, tag.resource_arn, &attributes);
	untag.resource_arn = tag.resource_arn;
	return code ? code : set_tags(cli, &tag, &untag);
}

static const struct command set_command = {
	.name = "set",
	.arguments = "TOPIC",
	.summary = "change a topic's attributes and tags",
	.details = "An attribute that is set to nothing (--attribute KmsMasterKeyId=) is removed.",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = set_run,
	CLI_OPTIONS(set_options, struct set_values),
};

/* ---- rm ---- */

static enum cli_exit rm_run(struct cli *cli, const void *values)
{
	enum cli_exit code = CLI_OK;

	(void)values; /* it has no options */
	for (size_t i = 0; i < cli->arguments.count && code == CLI_OK; i++) {
		struct sns_delete_topic_in in = {0};
		struct sns_delete_topic_out out;
		code = name_arn(cli, "sns", "", cli->arguments.items[i], &in.topic_arn);
		if (code == CLI_OK)
			code = cli_call(cli, &sns_operations[SNS_DELETE_TOPIC], &in, &out);
	}
	return code;
}

static const struct command rm_command = {
	.name = "rm",
	.arguments = "TOPIC...",
	.summary = "delete topics with their subscriptions, without asking",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = rm_run,
};

static const struct command *const children[] = {
	&create_command, &ls_command, &show_command, &set_command, &rm_command,
};

const struct command topic_command = {
	.name = "topic",
	.summary = "make, list, show, change and remove topics",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
