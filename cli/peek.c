/* SPDX-License-Identifier: MIT */
/*
 * peek: Tern shows messages at a path of its own. Elsewhere they must be received: with a
 * visibility timeout of 0 they stay where they are, but their receive count grows.
 */
#include "peek.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/sqs.h"
#include "message.h"
#include "output.h"
#include "wire/json.h"

enum { PAGE_SIZE = 100, BODY_WIDTH = 60, EMPTY_LOOKS_MAX = 3 };

struct peek_values {
	struct option_number max;
	bool is_full, has_body_only;
};

static const struct option peek_options[] = {
	{"max", OPTION_NUMBER, offsetof(struct peek_values, max), "N",
	 "show at most N messages; without it 10", 1, INT32_MAX},
	{"full", OPTION_FLAG, offsetof(struct peek_values, is_full), NULL,
	 "whole messages with their attributes, as receive prints them", 0, 0},
	{"body", OPTION_FLAG, offsetof(struct peek_values, has_body_only), NULL,
	 "print bodies only, each with a newline", 0, 0},
};

static const struct column columns[] = {
	{"SENT (UTC)", "", false}, {"RECEIVES", "", true}, {"FROM", "", false},
	{"MESSAGE ID", "", false}, {"BODY", "", false},
};

struct peek {
	struct cli *cli;
	const struct peek_values *values;
	struct str queue_url;
	int64_t left;
	struct table table;
	int64_t sealed_count; /* that the server could not open */
	struct str sealed;    /* why, of the last one */
	struct buf seen;      /* ids, of UUID_TEXT_SIZE or any other size, each behind its length */
};

/* `sealed` is the reason why the message has no body; else its data is NULL. */
static void show(struct peek *peek, const struct sqs_message *message, struct str sealed)
{
	struct arena *arena = &peek->cli->arena;
	struct str source = message_attribute(message, STR("DeadLetterQueueSourceArn"));
	struct str sent = message_attribute(message, STR("SentTimestamp"));
	int64_t sent_ms;

	peek->left--;
	if (sealed.data) {
		peek->sealed_count++;
		peek->sealed = arena_copy(arena, sealed);
		if (peek->values->has_body_only)
			return;
	}
	if (peek->cli->is_json || peek->values->is_full || peek->values->has_body_only) {
		message_print(peek->cli, message, peek->values->has_body_only);
		return;
	}
	const struct str cells[] = {
		str_to_i64(sent, &sent_ms) ? output_time(arena, sent_ms) : (struct str){0},
		message_attribute(message, STR("ApproximateReceiveCount")),
		source.data ? cli_queue_name(source) : (struct str){0},
		message->message_id,
		sealed.data ? arena_format(arena, "[%.*s]", STR_ARG(sealed))
			    : output_shorten(arena, message->body, BODY_WIDTH),
	};
	table_add(&peek->table, cells);
}

/* ---- Tern's own way ---- */

/* A "message" of the page, which has the members of ReceiveMessage's. */
static bool decode(struct peek *peek, yyjson_val *value, struct sqs_message *out_message)
{
	const struct operation *receive = &sqs_operations[SQS_RECEIVE_MESSAGE];
	struct str unused;
	size_t size;
	char *text = yyjson_val_write(value, 0, &size);

	if (!text)
		return false;
	struct str kept = arena_copy(&peek->cli->arena, str_of(text, size));
	free(text); /* yyjson's, not the arena's */
	*out_message = (struct sqs_message){0};
	return wire_json_decode(&peek->cli->arena, kept, receive->out->members[0].shape,
				out_message, &unused) == ERR_OK;
}

/* Shows a page; *out_next is where the next one begins, or 0 at the end. */
static bool show_page(struct peek *peek, struct str body, int64_t *out_next)
{
	struct sqs_message message;
	size_t index, count;
	yyjson_val *root, *item;

	if (json_parse(&peek->cli->arena, body, &root) || !json_member(root, "messages"))
		return false;
	yyjson_arr_foreach(json_member(root, "messages"), index, count, item) {
		yyjson_val *sealed = json_member(item, "sealed");
		if (peek->left > 0 && decode(peek, json_member(item, "message"), &message))
			show(peek, &message,
			     sealed ? json_text(json_member(sealed, "code")) : (struct str){0});
	}
	yyjson_val *next = json_member(root, "next");
	*out_next = yyjson_is_int(next) ? yyjson_get_sint(next) : 0;
	return true;
}

/* False if the endpoint has no such path. */
static bool peek_at_tern(struct peek *peek, enum cli_exit *out_code)
{
	struct str account = cli_queue_account(peek->queue_url);
	struct str name = cli_queue_name(peek->queue_url);
	struct str region = tern_session_region(peek->cli->session);
	int64_t after = 0;

	*out_code = CLI_OK;
	do {
		int64_t most = peek->left < PAGE_SIZE ? peek->left : PAGE_SIZE;
		struct str path = arena_format(
			&peek->cli->arena,
			"/_tern/queues/%.*s/%.*s/messages?region=%.*s&limit=%lld&after=%lld",
			STR_ARG(account), STR_ARG(name), STR_ARG(region), (long long)most,
			(long long)after);
		struct str body;
		int status;
		enum err err =
			tern_call_fetch(peek->cli->call, &sqs_client_service, path, &status, &body);
		if (err) {
			*out_code = cli_explain(peek->cli, err);
			return true;
		}
		if (status != 200 || !show_page(peek, body, &after))
			return false;
	} while (peek->left > 0 && after > 0);
	return true;
}

/* ---- everybody's way ---- */

static bool is_new(struct peek *peek, struct str id)
{
	struct str rest = buf_str(&peek->seen);

	while (rest.size > 0) {
		if (str_equal(str_cut(&rest, '\n'), id))
			return false;
	}
	buf_append(&peek->seen, id);
	buf_append_char(&peek->seen, '\n');
	return true;
}

static enum cli_exit peek_by_receiving(struct peek *peek)
{
	struct str all = STR("All");
	const struct sqs_receive_message_in in = {
		.queue_url = peek->queue_url,
		.message_system_attribute_names = &all,
		.message_system_attribute_names_count = 1,
		.message_attribute_names = &all,
		.message_attribute_names_count = 1,
		.max_number_of_messages = LIMIT_RECEIVE_MESSAGES,
		.has_max_number_of_messages = true,
		.has_visibility_timeout = true,
	};
	struct sqs_receive_message_out out;

	cli_note(peek->cli, "This endpoint cannot show messages without receiving them: their "
			    "receive counts grow by looking.");
	/* The same messages come again and again: looks without a new one end it. */
	for (int empty_looks = 0; peek->left > 0 && empty_looks < EMPTY_LOOKS_MAX;) {
		enum cli_exit code = cli_run(peek->cli, SQS_RECEIVE_MESSAGE, &in, &out);
		if (code)
			return code;
		int64_t before = peek->left;
		for (size_t i = 0; i < out.messages_count && peek->left > 0; i++)
			if (is_new(peek, out.messages[i].message_id))
				show(peek, &out.messages[i], (struct str){0});
		empty_looks = peek->left < before ? 0 : empty_looks + 1;
	}
	return CLI_OK;
}

static enum cli_exit peek_run(struct cli *cli, const void *values)
{
	struct peek peek = {.cli = cli, .values = values};

	enum cli_exit code = cli_queue_url(cli, cli->arguments.items[0], &peek.queue_url);
	if (code)
		return code;
	peek.left = peek.values->max.is_given ? peek.values->max.value : 10;
	table_init(&peek.table, cli, columns, sizeof(columns) / sizeof(columns[0]));
	if (!peek_at_tern(&peek, &code))
		code = peek_by_receiving(&peek);
	table_done(&peek.table);
	if (peek.sealed_count > 0)
		cli_note(cli, "%lld messages cannot be opened: %.*s. See: tern kms doctor",
			 (long long)peek.sealed_count, STR_ARG(peek.sealed));
	buf_done(&peek.seen);
	return code;
}

const struct command peek_command = {
	.name = "peek",
	.arguments = "QUEUE",
	.summary = "look at a queue's messages without consuming them",
	.details =
		"Works for any queue. On Tern nothing changes by looking, and messages in flight "
		"and delayed ones are shown too. On other endpoints messages are received with a "
		"visibility timeout of 0, which counts as a receive.",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = peek_run,
	CLI_OPTIONS(peek_options, struct peek_values),
};
