/* SPDX-License-Identifier: MIT */
/*
 * receive: messages are printed and written out before they are deleted, so that none is lost
 * when the reader of a pipe goes away.
 */
#include "commands.h"

#include <stdio.h>

#include "api/sqs.h"
#include "message.h"
#include "output.h"

struct receive_values {
	struct option_number max, wait, visibility;
	bool deletes, loops, has_body_only;
	struct str attempt_id;
};

#define AT(member) offsetof(struct receive_values, member)
static const struct option receive_options[] = {
	{"max", OPTION_NUMBER, AT(max), "N",
	 "stop after N messages; without it 1, and no end with --loop", 1, INT32_MAX},
	{"wait", OPTION_NUMBER, AT(wait), "SECONDS",
	 "how long to wait for a message; without it as the queue says, with --loop 20", 0,
	 LIMIT_WAIT_S},
	{"loop", OPTION_FLAG, AT(loops), NULL,
	 "go on when the queue is empty, until --max or Ctrl-C", 0, 0},
	{"delete", OPTION_FLAG, AT(deletes), NULL, "delete the messages once they are printed", 0,
	 0},
	{"visibility", OPTION_NUMBER, AT(visibility), "SECONDS",
	 "how long the messages are hidden from others; without it as the queue says", 0,
	 LIMIT_VISIBILITY_S},
	{"body", OPTION_FLAG, AT(has_body_only), NULL, "print bodies only, each with a newline", 0,
	 0},
	{"attempt-id", OPTION_TEXT, AT(attempt_id), "ID",
	 "ReceiveRequestAttemptId, to repeat a lost receive from a FIFO queue", 0, 0},
};

static enum cli_exit delete_messages(struct cli *cli, struct str queue_url,
				     const struct sqs_message *messages, size_t count)
{
	struct sqs_delete_message_batch_request_entry entries[LIMIT_RECEIVE_MESSAGES];
	char ids[LIMIT_RECEIVE_MESSAGES];
	struct sqs_delete_message_batch_out out;

	for (size_t i = 0; i < count; i++) {
		ids[i] = (char)('0' + i);
		entries[i] = (struct sqs_delete_message_batch_request_entry){
			str_of(&ids[i], 1), messages[i].receipt_handle};
	}
	const struct sqs_delete_message_batch_in in = {
		.queue_url = queue_url, .entries = entries, .entries_count = count};
	enum cli_exit code = cli_run(cli, SQS_DELETE_MESSAGE_BATCH, &in, &out);
	for (size_t i = 0; code == CLI_OK && i < out.failed_count; i++)
		cli_fail(cli, CLI_FAILED, "a message was not deleted: %.*s",
			 STR_ARG(out.failed[i].message));
	return code == CLI_OK && out.failed_count > 0 ? CLI_FAILED : code;
}

static enum cli_exit handle(struct cli *cli, const struct receive_values *values,
			    struct str queue_url, const struct sqs_receive_message_out *out)
{
	enum cli_exit code = CLI_OK;

	if (out->messages_count == 0)
		return CLI_OK;
	cli_shield(cli, true);
	for (size_t i = 0; i < out->messages_count; i++)
		message_print(cli, &out->messages[i], values->has_body_only);
	if (!cli_flush(cli))
		code = CLI_FAILED;
	else if (values->deletes)
		code = delete_messages(cli, queue_url, out->messages, out->messages_count);
	cli_shield(cli, false);
	return code;
}

static struct sqs_receive_message_in make_request(const struct receive_values *values,
						  struct str queue_url, struct str *all)
{
	bool waits = values->wait.is_given || values->loops;

	return (struct sqs_receive_message_in){
		.queue_url = queue_url,
		.message_system_attribute_names = all,
		.message_system_attribute_names_count = 1,
		.message_attribute_names = all,
		.message_attribute_names_count = 1,
		.visibility_timeout = values->visibility.value,
		.has_visibility_timeout = values->visibility.is_given,
		.wait_time_seconds = values->wait.is_given ? values->wait.value : LIMIT_WAIT_S,
		.has_wait_time_seconds = waits,
		.receive_request_attempt_id = values->attempt_id,
		.has_max_number_of_messages = true,
	};
}

static enum cli_exit receive_run(struct cli *cli, const void *values_given)
{
	const struct receive_values *values = values_given;
	int64_t left = values->max.is_given ? values->max.value : values->loops ? INT64_MAX : 1;
	struct sqs_receive_message_out out;
	struct str all = STR("All"), queue_url;

	enum cli_exit code = cli_queue_url(cli, cli->arguments.items[0], &queue_url);
	if (code)
		return code;
	struct sqs_receive_message_in in = make_request(values, queue_url, &all);
	while (left > 0 && code == CLI_OK && !cli_is_interrupted()) {
		in.max_number_of_messages =
			left < LIMIT_RECEIVE_MESSAGES ? left : LIMIT_RECEIVE_MESSAGES;
		code = cli_run(cli, SQS_RECEIVE_MESSAGE, &in, &out);
		if (code)
			break;
		code = handle(cli, values, queue_url, &out);
		left -= (int64_t)out.messages_count;
		if (out.messages_count == 0 && !values->loops)
			break;
	}
	if (cli_is_interrupted())
		return values->loops ? CLI_OK : CLI_INTERRUPTED;
	return code;
}

const struct command receive_command = {
	.name = "receive",
	.arguments = "QUEUE",
	.summary = "receive messages and print them",
	.details =
		"A message that is not deleted comes back after its visibility timeout. If there "
		"are no messages, nothing is printed.\n"
		"\n"
		"  tern receive orders --wait 20\n"
		"  tern receive orders --loop --delete --body | consumer\n"
		"  tern receive orders --max 100 --delete --output json > orders.jsonl",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = receive_run,
	CLI_OPTIONS(receive_options, struct receive_values),
};
