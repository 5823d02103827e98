/* SPDX-License-Identifier: MIT */
/*
 * send: one message by SendMessage, many by SendMessageBatch.
 *
 * Messages wait in a batch until it has ten or would grow over 1 MiB; that keeps their order.
 * Entries of a batch that failed on the service's side are sent again, but not from a FIFO queue's
 * batch, where later messages must not overtake it.
 */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/sqs.h"
#include "output.h"
#include "wire/json.h"

enum { RESENDS_MAX = 3, RESEND_MS = 200 };

struct send_values {
	struct str file, group, dedup_id;
	struct option_number delay;
	struct option_list attributes;
	bool has_lines, has_dedup_each;
};

#define AT(member) offsetof(struct send_values, member)
static const struct option send_options[] = {
	{"file", OPTION_TEXT, AT(file), "FILE", "read the message from FILE; - is standard input",
	 0, 0},
	{"lines", OPTION_FLAG, AT(has_lines), NULL,
	 "each line of the file or of standard input is a message; empty lines are skipped", 0, 0},
	{"delay", OPTION_NUMBER, AT(delay), "SECONDS", "how long the messages are hidden at first",
	 0, LIMIT_DELAY_S},
	{"attribute", OPTION_LIST, AT(attributes), "NAME=VALUE[:TYPE]",
	 "message attribute; TYPE is String (if it is left out), Number or Binary (VALUE is base64 "
	 "then), with a label if wanted: Number.int; may be repeated",
	 0, 0},
	{"group", OPTION_TEXT, AT(group), "ID", "MessageGroupId", 0, 0},
	{"dedup-id", OPTION_TEXT, AT(dedup_id), "ID", "MessageDeduplicationId of a single message",
	 0, 0},
	{"dedup-each", OPTION_FLAG, AT(has_dedup_each), NULL,
	 "a new MessageDeduplicationId for each message: none is taken for another's duplicate", 0,
	 0},
};

/* Messages that were read and not sent yet. */
struct batch {
	struct cli *cli;
	const struct send_values *values;
	struct str queue_url;
	bool is_fifo;
	struct sqs_message_attribute_value_entry *attributes;
	size_t attribute_count, attribute_size;
	struct arena arena; /* of the entries' texts */
	struct sqs_send_message_batch_request_entry entries[LIMIT_BATCH_ENTRIES];
	size_t count, size;		       /* bytes as the service counts them */
	uint64_t numbers[LIMIT_BATCH_ENTRIES]; /* which message of all it is, from 1 */
	uint64_t read_count, sent_count, failed_count;
	struct str failed_code; /* of the messages that failed last, one after the other */
	uint64_t alike_count;	/* how many those are */
};

/* So many failures of one kind without a success among them are no accident of one message. */
enum { FAILED_ALIKE_MAX = 10 };

/* ---- attributes ---- */

static bool is_type(struct str text)
{
	static const char *const types[] = {"String", "Number", "Binary"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct str type = str_from(types[i]);
		if (str_starts(text, type) &&
		    (text.size == type.size || text.data[type.size] == '.'))
			return true;
	}
	return false;
}

static enum cli_exit parse_attribute(struct batch *batch, struct str text,
				     struct sqs_message_attribute_value_entry *out)
{
	struct cli *cli = batch->cli;
	struct str value;

	if (!cli_split(cli, "attribute", text, &out->key, &value))
		return CLI_USAGE;
	out->value.data_type = STR("String");
	for (size_t i = value.size; i > 0; i--) {
		struct str behind = str_slice(value, i, value.size);
		if (value.data[i - 1] != ':' || !is_type(behind))
			continue;
		out->value.data_type = behind;
		value = str_slice(value, 0, i - 1);
		break;
	}
	batch->attribute_size += out->key.size + out->value.data_type.size + value.size;
	if (!str_starts(out->value.data_type, STR("Binary"))) {
		out->value.string_value = value;
		return CLI_OK;
	}
	char *bytes = arena_bytes(&cli->arena, value.size / 4 * 3 + 1);
	size_t size;
	if (!base64_parse(value, (uint8_t *)bytes, &size))
		return cli_fail(cli, CLI_USAGE, "the Binary attribute %.*s is not base64",
				STR_ARG(out->key));
	out->value.binary_value = str_of(bytes, size);
	return CLI_OK;
}

static enum cli_exit parse_attributes(struct batch *batch)
{
	const struct option_list *texts = &batch->values->attributes;
	enum cli_exit code = CLI_OK;

	batch->attribute_count = texts->count;
	batch->attributes = arena_array(&batch->cli->arena,
					struct sqs_message_attribute_value_entry, texts->count);
	for (size_t i = 0; i < texts->count && code == CLI_OK; i++)
		code = parse_attribute(batch, texts->items[i], &batch->attributes[i]);
	return code;
}

static struct str dedup_id(const struct batch *batch, struct arena *arena)
{
	uint8_t uuid[16];

	if (!batch->values->has_dedup_each)
		return batch->values->dedup_id;
	uuid_new(uuid);
	char *text = arena_bytes(arena, UUID_TEXT_SIZE);
	uuid_format(uuid, text);
	return str_of(text, UUID_TEXT_SIZE);
}

/* ---- one message ---- */

static void print_sent(const struct batch *batch, struct str message_id, struct str md5,
		       struct str sequence_number)
{
	struct json_writer json;
	struct buf out = {0};

	if (!batch->cli->is_json) {
		if (!batch->values->has_lines)
			printf("%.*s\n", STR_ARG(message_id));
		return;
	}
	json_begin(&json, &out);
	json_open_object(&json);
	json_key(&json, STR("MessageId"));
	json_str(&json, message_id);
	json_key(&json, STR("MD5OfMessageBody"));
	json_str(&json, md5);
	if (sequence_number.data) {
		json_key(&json, STR("SequenceNumber"));
		json_str(&json, sequence_number);
	}
	json_close_object(&json);
	output_json_line(&out);
	buf_done(&out);
}

/* Other bytes would arrive changed: JSON, in which a message travels, is text. */
static enum cli_exit check_body(struct batch *batch, struct str body)
{
	unsigned long long number = batch->read_count + 1;

	if (body.size > LIMIT_MESSAGE_SIZE)
		return cli_fail(batch->cli, CLI_FAILED,
				"message %llu is longer than a message may be, 1 MiB%s", number,
				batch->values->has_lines ? ""
							 : "; is each line a message? Add --lines");
	if (!str_is_utf8(body))
		return cli_fail(
			batch->cli, CLI_FAILED,
			"message %llu is not UTF-8 text, as messages must be; encode it, for "
			"example with base64",
			number);
	return CLI_OK;
}

static enum cli_exit send_one(struct batch *batch, struct str body)
{
	struct sqs_send_message_out out;
	enum cli_exit code = check_body(batch, body);
	if (code)
		return code;

	const struct sqs_send_message_in in = {
		.queue_url = batch->queue_url,
		.message_body = body,
		.delay_seconds = batch->values->delay.value,
		.has_delay_seconds = batch->values->delay.is_given,
		.message_attributes = batch->attributes,
		.message_attributes_count = batch->attribute_count,
		.message_group_id = batch->values->group,
		.message_deduplication_id = dedup_id(batch, &batch->arena),
	};

	code = cli_run(batch->cli, SQS_SEND_MESSAGE, &in, &out);
	if (code)
		return code;
	batch->sent_count++;
	print_sent(batch, out.message_id, out.md5_of_message_body, out.sequence_number);
	return CLI_OK;
}

/* ---- batches ---- */

static size_t entry_index(const struct batch *batch, struct str id)
{
	for (size_t i = 0; i < batch->count; i++)
		if (str_equal(batch->entries[i].id, id))
			return i;
	return SIZE_MAX;
}

static void report_failed(struct batch *batch, size_t index,
			  const struct sqs_batch_result_error_entry *failed)
{
	batch->failed_count++;
	cli_fail(batch->cli, CLI_FAILED, "message %llu was not sent: %.*s (%.*s)",
		 (unsigned long long)batch->numbers[index],
		 STR_ARG(failed->message.size > 0 ? failed->message : failed->code),
		 STR_ARG(failed->code));
}

static void note_failed(struct batch *batch, struct str code)
{
	if (!str_equal(batch->failed_code, code)) {
		batch->failed_code = arena_copy(&batch->cli->arena, code);
		batch->alike_count = 0;
	}
	batch->alike_count++;
}

/* Keeps for another attempt what failed on the service's side; tells of the rest. */
static void sort_failed(struct batch *batch, const struct sqs_send_message_batch_out *out,
			bool may_resend)
{
	bool is_kept[LIMIT_BATCH_ENTRIES] = {false};
	size_t kept = 0;

	for (size_t i = 0; i < out->failed_count; i++) {
		size_t index = entry_index(batch, out->failed[i].id);
		if (index == SIZE_MAX)
			continue;
		if (may_resend && !out->failed[i].sender_fault) {
			is_kept[index] = true;
			continue;
		}
		report_failed(batch, index, &out->failed[i]);
		note_failed(batch, out->failed[i].code);
	}
	for (size_t i = 0; i < batch->count; i++) {
		if (!is_kept[i])
			continue;
		batch->entries[kept] = batch->entries[i];
		batch->numbers[kept++] = batch->numbers[i];
	}
	batch->count = kept;
}

static enum cli_exit send_batch_once(struct batch *batch, bool may_resend)
{
	const struct sqs_send_message_batch_in in = {.queue_url = batch->queue_url,
						     .entries = batch->entries,
						     .entries_count = batch->count};
	struct sqs_send_message_batch_out out;

	enum cli_exit code = cli_run(batch->cli, SQS_SEND_MESSAGE_BATCH, &in, &out);
	if (code)
		return code;
	for (size_t i = 0; i < out.successful_count; i++)
		print_sent(batch, out.successful[i].message_id,
			   out.successful[i].md5_of_message_body,
			   out.successful[i].sequence_number);
	batch->sent_count += out.successful_count;
	if (out.successful_count > 0)
		batch->alike_count = 0;
	sort_failed(batch, &out, may_resend);
	return CLI_OK;
}

static void show_progress(const struct batch *batch)
{
	if (batch->values->has_lines && batch->cli->is_error_terminal)
		fprintf(stderr, "\r%llu sent ", (unsigned long long)batch->sent_count);
}

static enum cli_exit batch_flush(struct batch *batch)
{
	enum cli_exit code = CLI_OK;

	for (int resends = 0; batch->count > 0 && code == CLI_OK; resends++) {
		if (resends > 0)
			cli_sleep_ms(RESEND_MS << resends);
		code = send_batch_once(batch, resends < RESENDS_MAX && !batch->is_fifo);
		if (cli_is_interrupted())
			code = CLI_INTERRUPTED;
	}
	batch->count = batch->size = 0;
	arena_reset(&batch->arena);
	show_progress(batch);
	if (code == CLI_OK && batch->is_fifo && batch->failed_count > 0)
		code = CLI_FAILED;
	if (code == CLI_OK && batch->alike_count >= FAILED_ALIKE_MAX)
		code = cli_fail(
			batch->cli, CLI_FAILED,
			"stopped: the last %llu messages failed alike (%.*s); of the first %llu "
			"%llu were sent",
			(unsigned long long)batch->alike_count, STR_ARG(batch->failed_code),
			(unsigned long long)(batch->sent_count + batch->failed_count),
			(unsigned long long)batch->sent_count);
	return code;
}

static enum cli_exit batch_add(struct batch *batch, struct str body)
{
	size_t size = body.size + batch->attribute_size;

	batch->read_count++;
	if (batch->count == LIMIT_BATCH_ENTRIES ||
	    (batch->count > 0 && batch->size + size > LIMIT_MESSAGE_SIZE)) {
		enum cli_exit code = batch_flush(batch);
		if (code)
			return code;
	}
	batch->numbers[batch->count] = batch->read_count;
	batch->entries[batch->count] = (struct sqs_send_message_batch_request_entry){
		.id = arena_format(&batch->arena, "%zu", batch->count),
		.message_body = arena_copy(&batch->arena, body),
		.delay_seconds = batch->values->delay.value,
		.has_delay_seconds = batch->values->delay.is_given,
		.message_attributes = batch->attributes,
		.message_attributes_count = batch->attribute_count,
		.message_group_id = batch->values->group,
		.message_deduplication_id = dedup_id(batch, &batch->arena),
	};
	batch->count++;
	batch->size += size;
	return CLI_OK;
}

/* ---- input ---- */

static enum cli_exit send_lines(struct batch *batch, FILE *file)
{
	enum cli_exit code = CLI_OK;
	size_t capacity = 0;
	char *line = NULL;
	bool is_bad = false;
	ssize_t size;

	while (code == CLI_OK && !is_bad && (size = getline(&line, &capacity, file)) >= 0) {
		struct str body = str_of(line, (size_t)size);
		while (str_ends(body, STR("\n")) || str_ends(body, STR("\r")))
			body.size--;
		is_bad = body.size > 0 && check_body(batch, body) != CLI_OK;
		if (body.size > 0 && !is_bad)
			code = batch_add(batch, body);
		if (cli_is_interrupted())
			code = CLI_INTERRUPTED;
	}
	free(line); /* getline's, not the arena's */
	if (code == CLI_OK && ferror(file))
		code = cli_fail(batch->cli, CLI_USAGE, "cannot read: %s", strerror(errno));
	if (code == CLI_OK)
		code = batch_flush(batch);
	if (batch->cli->is_error_terminal)
		fputc('\r', stderr);
	if (!batch->cli->is_json)
		printf("%llu messages sent\n", (unsigned long long)batch->sent_count);
	return code == CLI_OK && is_bad ? CLI_FAILED : code;
}

/* The whole file is one message; a newline at its end belongs to the file, not to the message. */
static enum cli_exit send_file(struct batch *batch, FILE *file)
{
	struct buf body = {0};
	enum cli_exit code;
	char piece[65536];
	size_t got;

	while (body.size <= LIMIT_MESSAGE_SIZE + 1 &&
	       (got = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_append(&body, str_of(piece, got));
	if (body.size > 0 && body.data[body.size - 1] == '\n')
		body.size--;
	if (ferror(file))
		code = cli_fail(batch->cli, CLI_USAGE, "cannot read: %s", strerror(errno));
	else if (body.size == 0)
		code = cli_fail(batch->cli, CLI_USAGE, "the message is empty");
	else
		code = send_one(batch, buf_str(&body));
	buf_done(&body);
	return code;
}

static enum cli_exit send_input(struct batch *batch)
{
	struct cli *cli = batch->cli;
	struct str name = batch->values->file;
	bool is_stdin = !name.data || str_equal(name, STR("-"));
	FILE *file = is_stdin ? stdin : fopen(arena_cstr(&cli->arena, name), "re");

	if (is_stdin && isatty(STDIN_FILENO))
		cli_note(cli, "Type the message%s; Ctrl-D ends it.",
			 batch->values->has_lines ? "s, one a line" : "");
	if (!file)
		return cli_fail(cli, CLI_USAGE, "cannot open %.*s: %s", STR_ARG(name),
				strerror(errno));
	enum cli_exit code =
		batch->values->has_lines ? send_lines(batch, file) : send_file(batch, file);
	if (!is_stdin)
		fclose(file);
	return code;
}

static enum cli_exit send_arguments(struct batch *batch, const struct str *bodies, size_t count)
{
	enum cli_exit code = CLI_OK;

	if (count == 1)
		return send_one(batch, bodies[0]);
	for (size_t i = 0; i < count && code == CLI_OK; i++) {
		code = check_body(batch, bodies[i]);
		if (code == CLI_OK)
			code = batch_add(batch, bodies[i]);
	}
	return code == CLI_OK ? batch_flush(batch) : code;
}

/* ---- command ---- */

static enum cli_exit check_values(struct cli *cli, const struct send_values *values)
{
	size_t bodies = cli->arguments.count - 1;

	if (bodies > 0 && (values->file.data || values->has_lines))
		return cli_fail(
			cli, CLI_USAGE,
			"give the message as an argument or by --file and --lines, not both");
	if (values->dedup_id.data && (values->has_lines || bodies > 1))
		return cli_fail(cli, CLI_USAGE,
				"with one --dedup-id for all only the first message would be kept; "
				"--dedup-each gives each its own");
	if (values->dedup_id.data && values->has_dedup_each)
		return cli_fail(cli, CLI_USAGE, "--dedup-id and --dedup-each exclude each other");
	return CLI_OK;
}

static enum cli_exit send_run(struct cli *cli, const void *values)
{
	struct batch *batch = arena_new(&cli->arena, struct batch);
	size_t bodies = cli->arguments.count - 1;

	batch->cli = cli;
	batch->values = values;
	enum cli_exit code = check_values(cli, values);
	if (code)
		return code;
	code = parse_attributes(batch);
	if (code)
		return code;
	code = cli_queue_url(cli, cli->arguments.items[0], &batch->queue_url);
	if (code)
		return code;
	batch->is_fifo = str_ends(batch->queue_url, STR(".fifo"));
	arena_init(&batch->arena);
	code = bodies > 0 ? send_arguments(batch, cli->arguments.items + 1, bodies)
			  : send_input(batch);
	arena_done(&batch->arena);
	return code == CLI_OK && batch->failed_count > 0 ? CLI_FAILED : code;
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
