/* SPDX-License-Identifier: MIT */
/* batch: messages from arguments, a file or standard input, in batches. */
#include "batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

enum { RESENDS_MAX = 3, RESEND_MS = 200 };

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

static enum cli_exit read_attribute(struct batch *batch, struct str text,
				    struct batch_attribute *out)
{
	struct cli *cli = batch->cli;

	if (!cli_split(cli, "attribute", text, &out->name, &out->value))
		return CLI_USAGE;
	out->type = STR("String");
	for (size_t i = out->value.size; i > 0; i--) {
		struct str behind = str_slice(out->value, i, out->value.size);
		if (out->value.data[i - 1] != ':' || !is_type(behind))
			continue;
		out->type = behind;
		out->value = str_slice(out->value, 0, i - 1);
		break;
	}
	batch->attribute_size += out->name.size + out->type.size + out->value.size;
	out->is_binary = str_starts(out->type, STR("Binary"));
	if (!out->is_binary)
		return CLI_OK;
	char *bytes = arena_bytes(&cli->arena, out->value.size / 4 * 3 + 1);
	size_t size;
	if (!base64_parse(out->value, (uint8_t *)bytes, &size))
		return cli_fail(cli, CLI_USAGE, "the Binary attribute %.*s is not base64",
				STR_ARG(out->name));
	out->value = str_of(bytes, size);
	return CLI_OK;
}

enum cli_exit batch_read_attributes(struct batch *batch, const struct option_list *texts,
				    struct batch_attribute **out_attributes)
{
	enum cli_exit code = CLI_OK;

	*out_attributes = arena_array(&batch->cli->arena, struct batch_attribute, texts->count);
	for (size_t i = 0; i < texts->count && code == CLI_OK; i++)
		code = read_attribute(batch, texts->items[i], &(*out_attributes)[i]);
	return code;
}

/* ---- messages ---- */

static struct str dedup_id(const struct batch *batch, struct arena *arena)
{
	uint8_t uuid[16];

	if (!batch->input.has_dedup_each)
		return batch->input.dedup_id;
	uuid_new(uuid);
	char *text = arena_bytes(arena, UUID_TEXT_SIZE);
	uuid_format(uuid, text);
	return str_of(text, UUID_TEXT_SIZE);
}

/* Other bytes would arrive changed: messages travel as text. */
static enum cli_exit check_body(struct batch *batch, struct str body)
{
	const struct batch_service *service = batch->service;
	unsigned long long number = batch->read_count + 1;

	if (body.size > service->size_max)
		return cli_fail(batch->cli, CLI_FAILED, "%s %llu is longer than one may be, %s%s",
				service->noun, number, service->size_text,
				batch->input.has_lines ? "" : "; is each line one? Add --lines");
	if (!str_is_utf8(body))
		return cli_fail(batch->cli, CLI_FAILED,
				"%s %llu is not UTF-8 text; encode it, for example with base64",
				service->noun, number);
	return CLI_OK;
}

static struct batch_entry next_entry(struct batch *batch, struct str body)
{
	return (struct batch_entry){
		.id = arena_format(&batch->arena, "%zu", batch->count),
		.body = body,
		.dedup_id = dedup_id(batch, &batch->arena),
		.number = ++batch->read_count,
	};
}

static enum cli_exit send_one(struct batch *batch, struct str body)
{
	enum cli_exit code = check_body(batch, body);
	if (code)
		return code;
	const struct batch_entry entry = next_entry(batch, body);
	return batch->service->send_one(batch, &entry);
}

/* ---- batches ---- */

void batch_sent(struct batch *batch)
{
	batch->sent_count++;
	batch->alike_count = 0;
}

void batch_print_sent(struct batch *batch, struct str message_id, struct str md5,
		      struct str sequence_number)
{
	static const struct column columns[] = {{NULL, "MessageId", false},
						{NULL, "MD5OfMessageBody", false},
						{NULL, "SequenceNumber", false}};
	struct table table;

	batch_sent(batch);
	if (!batch->cli->is_json) {
		if (!batch->input.has_lines)
			printf("%.*s\n", STR_ARG(message_id));
		return;
	}
	table_init(&table, batch->cli, columns, 3);
	table_add(&table, (const struct str[]){message_id, md5, sequence_number});
	table_done(&table);
}

static void note_failed(struct batch *batch, struct str code)
{
	if (!str_equal(batch->failed_code, code)) {
		batch->failed_code = arena_copy(&batch->cli->arena, code);
		batch->alike_count = 0;
	}
	batch->alike_count++;
}

void batch_failed(struct batch *batch, struct str id, struct str code, struct str message,
		  bool is_senders_fault)
{
	size_t index = 0;

	while (index < batch->count && !str_equal(batch->entries[index].id, id))
		index++;
	if (index == batch->count)
		return;
	if (batch->may_resend && !is_senders_fault) {
		batch->is_failed[index] = true;
		return;
	}
	batch->failed_count++;
	note_failed(batch, code);
	cli_fail(batch->cli, CLI_FAILED, "%s %llu was not sent: %.*s (%.*s)", batch->service->noun,
		 (unsigned long long)batch->entries[index].number,
		 STR_ARG(message.size > 0 ? message : code), STR_ARG(code));
}

/* Sends what waits, and keeps for another attempt what failed on the service's side. */
static enum cli_exit send_waiting(struct batch *batch, bool may_resend)
{
	size_t kept = 0;

	batch->may_resend = may_resend;
	memset(batch->is_failed, 0, sizeof(batch->is_failed));
	enum cli_exit code = batch->service->send_all(batch);
	if (code)
		return code;
	for (size_t i = 0; i < batch->count; i++)
		if (batch->is_failed[i])
			batch->entries[kept++] = batch->entries[i];
	batch->count = kept;
	return CLI_OK;
}

static void show_progress(const struct batch *batch)
{
	if (batch->input.has_lines && batch->cli->is_error_terminal)
		fprintf(stderr, "\r%llu sent ", (unsigned long long)batch->sent_count);
}

static enum cli_exit flush(struct batch *batch)
{
	enum cli_exit code = CLI_OK;

	for (int resends = 0; batch->count > 0 && code == CLI_OK; resends++) {
		if (resends > 0)
			cli_sleep_ms(RESEND_MS << resends);
		code = send_waiting(batch, resends < RESENDS_MAX && !batch->is_ordered);
		if (cli_is_interrupted())
			code = CLI_INTERRUPTED;
	}
	batch->count = batch->size = 0;
	arena_reset(&batch->arena);
	show_progress(batch);
	if (code == CLI_OK && batch->is_ordered && batch->failed_count > 0)
		code = CLI_FAILED;
	if (code == CLI_OK && batch->alike_count >= FAILED_ALIKE_MAX)
		code = cli_fail(batch->cli, CLI_FAILED,
				"stopped: the last %llu %ss failed alike (%.*s); of the first %llu "
				"%llu were sent",
				(unsigned long long)batch->alike_count, batch->service->noun,
				STR_ARG(batch->failed_code),
				(unsigned long long)(batch->sent_count + batch->failed_count),
				(unsigned long long)batch->sent_count);
	return code;
}

static enum cli_exit add(struct batch *batch, struct str body)
{
	size_t size = body.size + batch->attribute_size;

	if (batch->count == LIMIT_BATCH_ENTRIES ||
	    (batch->count > 0 && batch->size + size > batch->service->size_max)) {
		enum cli_exit code = flush(batch);
		if (code)
			return code;
	}
	batch->entries[batch->count] = next_entry(batch, arena_copy(&batch->arena, body));
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
			code = add(batch, body);
		if (cli_is_interrupted())
			code = CLI_INTERRUPTED;
	}
	free(line); /* getline's, not the arena's */
	if (code == CLI_OK && ferror(file))
		code = cli_fail(batch->cli, CLI_USAGE, "cannot read: %s", strerror(errno));
	if (code == CLI_OK)
		code = flush(batch);
	if (batch->cli->is_error_terminal)
		fputc('\r', stderr);
	if (!batch->cli->is_json)
		printf("%llu %ss sent\n", (unsigned long long)batch->sent_count,
		       batch->service->noun);
	return code == CLI_OK && is_bad ? CLI_FAILED : code;
}

/* The whole file is one message; a newline at its end belongs to the file, not to the message. */
static enum cli_exit send_file(struct batch *batch, FILE *file)
{
	struct buf body = {0};
	enum cli_exit code;
	char piece[65536];
	size_t got;

	while (body.size <= batch->service->size_max + 1 &&
	       (got = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_append(&body, str_of(piece, got));
	if (body.size > 0 && body.data[body.size - 1] == '\n')
		body.size--;
	if (ferror(file))
		code = cli_fail(batch->cli, CLI_USAGE, "cannot read: %s", strerror(errno));
	else if (body.size == 0)
		code = cli_fail(batch->cli, CLI_USAGE, "the %s is empty", batch->service->noun);
	else
		code = send_one(batch, buf_str(&body));
	buf_done(&body);
	return code;
}

static enum cli_exit send_input(struct batch *batch)
{
	struct cli *cli = batch->cli;
	struct str name = batch->input.file;
	bool is_stdin = !name.data || str_equal(name, STR("-"));
	FILE *file = is_stdin ? stdin : fopen(arena_cstr(&cli->arena, name), "re");

	if (is_stdin && isatty(STDIN_FILENO))
		cli_note(cli, "Type the %s%s; Ctrl-D ends it.", batch->service->noun,
			 batch->input.has_lines ? "s, one a line" : "");
	if (!file)
		return cli_fail(cli, CLI_USAGE, "cannot open %.*s: %s", STR_ARG(name),
				strerror(errno));
	enum cli_exit code =
		batch->input.has_lines ? send_lines(batch, file) : send_file(batch, file);
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
			code = add(batch, bodies[i]);
	}
	return code == CLI_OK ? flush(batch) : code;
}

static enum cli_exit check_values(const struct batch *batch, size_t count)
{
	if (count > 0 && (batch->input.file.data || batch->input.has_lines))
		return cli_fail(batch->cli, CLI_USAGE,
				"give the %s as an argument or by --file and --lines, not both",
				batch->service->noun);
	if (batch->input.dedup_id.data && (batch->input.has_lines || count > 1))
		return cli_fail(batch->cli, CLI_USAGE,
				"with one --dedup-id for all only the first %s would be kept; "
				"--dedup-each gives each its own",
				batch->service->noun);
	if (batch->input.dedup_id.data && batch->input.has_dedup_each)
		return cli_fail(batch->cli, CLI_USAGE,
				"--dedup-id and --dedup-each exclude each other");
	return CLI_OK;
}

enum cli_exit batch_run(struct batch *batch, const struct str *bodies, size_t count)
{
	enum cli_exit code = check_values(batch, count);

	if (code)
		return code;
	arena_init(&batch->arena);
	code = count > 0 ? send_arguments(batch, bodies, count) : send_input(batch);
	arena_done(&batch->arena);
	return code == CLI_OK && batch->failed_count > 0 ? CLI_FAILED : code;
}
