/* SPDX-License-Identifier: MIT */
/* send: one message by SendMessage, many by SendMessageBatch. */
#include "commands.h"

#include "api/sqs.h"
#include "batch.h"

struct send_values {
	struct batch_values batch;
	struct option_number delay;
};

static const struct option send_options[] = {
	{"delay", OPTION_NUMBER, offsetof(struct send_values, delay), "SECONDS",
	 "how long the messages are hidden at first", 0, LIMIT_DELAY_S},
	BATCH_OPTIONS(struct send_values, batch),
};

struct sender {
	const struct send_values *values;
	struct str queue_url;
	struct sqs_message_attribute_value_entry *attributes;
	size_t attribute_count;
};

static enum cli_exit send_one(struct batch *batch, const struct batch_entry *entry)
{
	const struct sender *sender = batch->context;
	const struct sqs_send_message_in in = {
		.queue_url = sender->queue_url,
		.message_body = entry->body,
		.delay_seconds = sender->values->delay.value,
		.has_delay_seconds = sender->values->delay.is_given,
		.message_attributes = sender->attributes,
		.message_attributes_count = sender->attribute_count,
		.message_group_id = sender->values->batch.group,
		.message_deduplication_id = entry->dedup_id,
	};
	struct sqs_send_message_out out;

	enum cli_exit code = cli_run(batch->cli, SQS_SEND_MESSAGE, &in, &out);
	if (code == CLI_OK)
		batch_print_sent(batch, out.message_id, out.md5_of_message_body,
				 out.sequence_number);
	return code;
}

static enum cli_exit send_all(struct batch *batch)
{
	const struct sender *sender = batch->context;
	struct sqs_send_message_batch_request_entry entries[LIMIT_BATCH_ENTRIES];
	const struct sqs_send_message_batch_in in = {
		.queue_url = sender->queue_url, .entries = entries, .entries_count = batch->count};
	struct sqs_send_message_batch_out out;

	for (size_t i = 0; i < batch->count; i++)
		entries[i] = (struct sqs_send_message_batch_request_entry){
			.id = batch->entries[i].id,
			.message_body = batch->entries[i].body,
			.delay_seconds = sender->values->delay.value,
			.has_delay_seconds = sender->values->delay.is_given,
			.message_attributes = sender->attributes,
			.message_attributes_count = sender->attribute_count,
			.message_group_id = sender->values->batch.group,
			.message_deduplication_id = batch->entries[i].dedup_id,
		};
	enum cli_exit code = cli_run(batch->cli, SQS_SEND_MESSAGE_BATCH, &in, &out);
	if (code)
		return code;
	for (size_t i = 0; i < out.successful_count; i++)
		batch_print_sent(batch, out.successful[i].message_id,
				 out.successful[i].md5_of_message_body,
				 out.successful[i].sequence_number);
	for (size_t i = 0; i < out.failed_count; i++)
		batch_failed(batch, out.failed[i].id, out.failed[i].code, out.failed[i].message,
			     out.failed[i].sender_fault);
	return CLI_OK;
}

static const struct batch_service service = {
	.noun = "message",
	.size_max = LIMIT_MESSAGE_SIZE,
	.size_text = "1 MiB",
	.send_one = send_one,
	.send_all = send_all,
};

static enum cli_exit read_attributes(struct batch *batch, struct sender *sender)
{
	const struct option_list *texts = &sender->values->batch.attributes;
	struct batch_attribute *read;

	enum cli_exit code = batch_read_attributes(batch, texts, &read);
	if (code)
		return code;
	sender->attribute_count = texts->count;
	sender->attributes = arena_array(&batch->cli->arena,
					 struct sqs_message_attribute_value_entry, texts->count);
	for (size_t i = 0; i < texts->count; i++) {
		struct sqs_message_attribute_value_entry *entry = &sender->attributes[i];
		entry->key = read[i].name;
		entry->value.data_type = read[i].type;
		if (read[i].is_binary)
			entry->value.binary_value = read[i].value;
		else
			entry->value.string_value = read[i].value;
	}
	return CLI_OK;
}

static enum cli_exit send_run(struct cli *cli, const void *values_given)
{
	const struct send_values *values = values_given;
	struct sender sender = {.values = values};
	struct batch *batch = arena_new(&cli->arena, struct batch);

	batch->cli = cli;
	batch->service = &service;
	batch->context = &sender;
	batch->input = values->batch;
	enum cli_exit code = read_attributes(batch, &sender);
	if (code == CLI_OK)
		code = cli_queue_url(cli, cli->arguments.items[0], &sender.queue_url);
	if (code)
		return code;
	batch->is_ordered = str_ends(sender.queue_url, STR(".fifo"));
	return batch_run(batch, cli->arguments.items + 1, cli->arguments.count - 1);
}

const struct command send_command = {
	.name = "send",
	.arguments = "QUEUE [BODY...]",
	.summary = "send messages",
	.details =
		"Without BODY and --file the message is read from standard input. Prints the ids "
		"of "
		"the messages, with --lines their number. Many messages go in batches of ten.\n"
		"\n"
		"  tern send orders '{\"id\": 1}' --attribute kind=new --attribute size=3:Number\n"
		"  tern send orders --lines < orders.jsonl\n"
		"  tern send steps.fifo --group 42 --dedup-id a7 'step one'",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = send_run,
	CLI_OPTIONS(send_options, struct send_values),
};
