/* SPDX-License-Identifier: MIT */
/* publish: one message by Publish, many by PublishBatch. */
#include "commands.h"

#include "api/sns.h"
#include "batch.h"
#include "name.h"

struct publish_values {
	struct batch_values batch;
	struct str subject, structure;
};

#define AT(member) offsetof(struct publish_values, member)
static const struct option publish_options[] = {
	BATCH_OPTIONS(struct publish_values, batch),
	{"subject", OPTION_TEXT, AT(subject), "TEXT", "Subject, which e-mails show", 0, 0},
	{"structure", OPTION_TEXT, AT(structure), "json",
	 "MessageStructure: with json the message is an object with a text for each protocol", 0,
	 0},
};

struct publisher {
	const struct publish_values *values;
	struct str topic_arn;
	struct sns_message_attribute_value_entry *attributes;
	size_t attribute_count;
};

static enum cli_exit publish_one(struct batch *batch, const struct batch_entry *entry)
{
	const struct publisher *publisher = batch->context;
	const struct sns_publish_in in = {
		.topic_arn = publisher->topic_arn,
		.message = entry->body,
		.subject = publisher->values->subject,
		.message_structure = publisher->values->structure,
		.message_attributes = publisher->attributes,
		.message_attributes_count = publisher->attribute_count,
		.message_group_id = publisher->values->batch.group,
		.message_deduplication_id = entry->dedup_id,
	};
	struct sns_publish_out out;

	enum cli_exit code = cli_call(batch->cli, &sns_operations[SNS_PUBLISH], &in, &out);
	if (code == CLI_OK)
		batch_print_sent(batch, out.message_id, (struct str){0}, out.sequence_number);
	return code;
}

static enum cli_exit publish_all(struct batch *batch)
{
	const struct publisher *publisher = batch->context;
	struct sns_publish_batch_request_entry entries[LIMIT_BATCH_ENTRIES];
	const struct sns_publish_batch_in in = {.topic_arn = publisher->topic_arn,
						.publish_batch_request_entries = entries,
						.publish_batch_request_entries_count =
							batch->count};
	struct sns_publish_batch_out out;

	for (size_t i = 0; i < batch->count; i++)
		entries[i] = (struct sns_publish_batch_request_entry){
			.id = batch->entries[i].id,
			.message = batch->entries[i].body,
			.subject = publisher->values->subject,
			.message_structure = publisher->values->structure,
			.message_attributes = publisher->attributes,
			.message_attributes_count = publisher->attribute_count,
			.message_group_id = publisher->values->batch.group,
			.message_deduplication_id = batch->entries[i].dedup_id,
		};
	enum cli_exit code = cli_call(batch->cli, &sns_operations[SNS_PUBLISH_BATCH], &in, &out);
	if (code)
		return code;
	for (size_t i = 0; i < out.successful_count; i++)
		batch_print_sent(batch, out.successful[i].message_id, (struct str){0},
				 out.successful[i].sequence_number);
	for (size_t i = 0; i < out.failed_count; i++)
		batch_failed(batch, out.failed[i].id, out.failed[i].code, out.failed[i].message,
			     out.failed[i].sender_fault);
	return CLI_OK;
}

static const struct batch_service service = {
	.noun = "message",
	.size_max = LIMIT_PUBLISH_SIZE,
	.size_text = "256 KiB",
	.send_one = publish_one,
	.send_all = publish_all,
};

static enum cli_exit read_attributes(struct batch *batch, struct publisher *publisher)
{
	const struct option_list *texts = &publisher->values->batch.attributes;
	struct batch_attribute *read;

	enum cli_exit code = batch_read_attributes(batch, texts, &read);
	if (code)
		return code;
	publisher->attribute_count = texts->count;
	publisher->attributes = arena_array(&batch->cli->arena,
					    struct sns_message_attribute_value_entry, texts->count);
	for (size_t i = 0; i < texts->count; i++) {
		struct sns_message_attribute_value_entry *entry = &publisher->attributes[i];
		entry->key = read[i].name;
		entry->value.data_type = read[i].type;
		*(read[i].is_binary ? &entry->value.binary_value : &entry->value.string_value) =
			read[i].value;
	}
	return CLI_OK;
}

static enum cli_exit publish_run(struct cli *cli, const void *values_given)
{
	const struct publish_values *values = values_given;
	struct publisher publisher = {.values = values};
	struct batch *batch = arena_new(&cli->arena, struct batch);

	batch->cli = cli;
	batch->service = &service;
	batch->context = &publisher;
	batch->input = values->batch;
	enum cli_exit code = read_attributes(batch, &publisher);
	if (code == CLI_OK)
		code = name_arn(cli, "sns", "", cli->arguments.items[0], &publisher.topic_arn);
	if (code)
		return code;
	batch->is_ordered = str_ends(publisher.topic_arn, STR(".fifo"));
	return batch_run(batch, cli->arguments.items + 1, cli->arguments.count - 1);
}

const struct command publish_command = {
	.name = "publish",
	.arguments = "TOPIC [BODY...]",
	.summary = "publish messages to a topic",
	.details = "Without BODY and --file the message is read from standard input. Prints the "
		   "ids of the messages, with --lines their number. Many messages go in batches of "
		   "ten.\n"
		   "\n"
		   "  tern publish orders '{\"id\": 1}' --attribute kind=new\n"
		   "  tern publish orders --lines < orders.jsonl",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = publish_run,
	CLI_OPTIONS(publish_options, struct publish_values),
};
