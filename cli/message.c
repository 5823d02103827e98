/* SPDX-License-Identifier: MIT */
/* message: what strangers wrote is cleaned of control characters before a terminal sees it. */
#include "message.h"

#include <stdio.h>

#include "output.h"
#include "wire/json.h"

struct str message_attribute(const struct sqs_message *message, struct str name)
{
	for (size_t i = 0; i < message->attributes_count; i++)
		if (str_equal(message->attributes[i].key, name))
			return message->attributes[i].value;
	return (struct str){0};
}

static struct str clean(const struct cli *cli, struct arena *arena, struct str text)
{
	return cli->is_terminal ? output_printable(arena, text, true) : text;
}

static void print_facts(const struct cli *cli, struct arena *arena,
			const struct sqs_message *message)
{
	static const struct {
		const char *label;
		struct str name;
	} facts[] = {
		{"group", STR_INIT("MessageGroupId")},
		{"sequence", STR_INIT("SequenceNumber")},
		{"dead letter of", STR_INIT("DeadLetterQueueSourceArn")},
	};
	struct str count = message_attribute(message, STR("ApproximateReceiveCount"));
	struct str sent = message_attribute(message, STR("SentTimestamp"));
	int64_t sent_ms;

	printf("%s%.*s", output_color(cli->has_color, COLOR_DIM), STR_ARG(message->message_id));
	if (str_to_i64(sent, &sent_ms))
		printf("  sent %.*s UTC", STR_ARG(output_time(arena, sent_ms)));
	if (count.size > 0)
		printf("  receive %.*s", STR_ARG(count));
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		struct str value = message_attribute(message, facts[i].name);
		if (value.size > 0)
			printf("  %s %.*s", facts[i].label, STR_ARG(clean(cli, arena, value)));
	}
	printf("%s\n", output_color(cli->has_color, COLOR_NONE));
}

static void print_attribute(const struct cli *cli, struct arena *arena,
			    const struct sqs_message_attribute_value_entry *entry)
{
	struct str value = entry->value.string_value;
	struct str type = entry->value.data_type;

	if (entry->value.binary_value.data) {
		size_t size = base64_size(entry->value.binary_value.size);
		char *text = arena_bytes(arena, size);
		base64_format(entry->value.binary_value, text);
		value = str_of(text, size);
	}
	printf("%s%.*s=%.*s", output_color(cli->has_color, COLOR_DIM),
	       STR_ARG(clean(cli, arena, entry->key)), STR_ARG(clean(cli, arena, value)));
	if (!str_equal(type, STR("String")))
		printf(":%.*s", STR_ARG(type));
	printf("%s\n", output_color(cli->has_color, COLOR_NONE));
}

static void print_json(const struct sqs_message *message)
{
	const struct operation *receive = &sqs_operations[SQS_RECEIVE_MESSAGE];
	struct buf out = {0};

	wire_json_encode(&out, receive->out->members[0].shape, message);
	output_json_line(&out);
	buf_done(&out);
}

void message_print(struct cli *cli, const struct sqs_message *message, bool has_body_only)
{
	struct arena arena;

	if (cli->is_json) {
		print_json(message);
		return;
	}
	arena_init(&arena);
	if (!has_body_only) {
		print_facts(cli, &arena, message);
		for (size_t i = 0; i < message->message_attributes_count; i++)
			print_attribute(cli, &arena, &message->message_attributes[i]);
	}
	struct str body = clean(cli, &arena, message->body);
	fwrite(body.data, 1, body.size, stdout);
	fputs(has_body_only ? "\n" : "\n\n", stdout);
	arena_done(&arena);
}
