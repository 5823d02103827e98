/* SPDX-License-Identifier: MIT */
/*
 * event: putting events on a bus, trying patterns, and watching a bus live.
 *
 * `tail` makes a queue and a rule of its own, and removes both at its end.
 */
#include "commands.h"

#include <stdio.h>

#include "api/events.h"
#include "api/sqs.h"
#include "attributes.h"
#include "batch.h"
#include "document.h"
#include "format/json.h"
#include "grant.h"
#include "name.h"
#include "output.h"

/* ---- put ---- */

struct put_values {
	struct str bus, source, type, file;
	struct option_list resources;
	bool has_lines;
};

#define AT(member) offsetof(struct put_values, member)
static const struct option put_options[] = {
	{"source", OPTION_TEXT, AT(source), "NAME", "Source: what the events come from", 0, 0},
	{"type", OPTION_TEXT, AT(type), "TEXT", "DetailType: what has happened", 0, 0},
	{"bus", OPTION_TEXT, AT(bus), "BUS", "name or ARN of the event bus; without it default", 0,
	 0},
	{"resource", OPTION_LIST, AT(resources), "ARN", "a resource concerned; may be repeated", 0,
	 0},
	{"file", OPTION_TEXT, AT(file), "FILE", "read the detail from FILE; - is standard input", 0,
	 0},
	{"lines", OPTION_FLAG, AT(has_lines), NULL,
	 "each line of the file or of standard input is the detail of an event", 0, 0},
};
#undef AT

static void put_entry(const struct batch *batch, struct str body,
		      struct events_put_events_request_entry *out)
{
	const struct put_values *values = batch->context;

	*out = (struct events_put_events_request_entry){
		.source = values->source,
		.detail_type = values->type,
		.event_bus_name = values->bus,
		.resources = values->resources.items,
		.resources_count = values->resources.count,
		.detail = body,
	};
}

/* Entries of the answer have the order of the request's. */
static enum cli_exit put_entries(struct batch *batch, const struct batch_entry *sent, size_t count)
{
	struct events_put_events_request_entry entries[LIMIT_BATCH_ENTRIES];
	const struct events_put_events_in in = {.entries = entries, .entries_count = count};
	struct events_put_events_out out;

	for (size_t i = 0; i < count; i++)
		put_entry(batch, sent[i].body, &entries[i]);
	enum cli_exit code = cli_call(batch->cli, &events_operations[EVENTS_PUT_EVENTS], &in, &out);
	if (code)
		return code;
	for (size_t i = 0; i < out.entries_count && i < count; i++) {
		const struct events_put_events_result_entry *entry = &out.entries[i];
		if (entry->error_code.size > 0) {
			batch_failed(
				batch, sent[i].id, entry->error_code, entry->error_message,
				!str_equal(entry->error_code, STR("InternalFailure")) &&
					!str_equal(entry->error_code, STR("ThrottlingException")));
			continue;
		}
		batch_sent(batch);
		if (batch->cli->is_json || !batch->input.has_lines)
			output_text(batch->cli, "EventId", entry->event_id);
	}
	return CLI_OK;
}

static enum cli_exit put_one(struct batch *batch, const struct batch_entry *entry)
{
	batch->entries[0] = *entry;
	batch->count = 1;
	enum cli_exit code = put_entries(batch, entry, 1);
	batch->count = 0;
	return code;
}

static enum cli_exit put_all(struct batch *batch)
{
	return put_entries(batch, batch->entries, batch->count);
}

static const struct batch_service put_service = {
	.noun = "event",
	.size_max = LIMIT_EVENTS_ENTRIES_SIZE,
	.size_text = "1 MiB",
	.send_one = put_one,
	.send_all = put_all,
};

static enum cli_exit put_run(struct cli *cli, const void *values_given)
{
	const struct put_values *values = values_given;
	struct batch *batch = arena_new(&cli->arena, struct batch);

	if (values->source.size == 0 || values->type.size == 0)
		return cli_fail(cli, CLI_USAGE, "give the event's --source and --type");
	batch->cli = cli;
	batch->service = &put_service;
	batch->context = values;
	batch->input.file = values->file;
	batch->input.has_lines = values->has_lines;
	batch->attribute_size = values->source.size + values->type.size;
	for (size_t i = 0; i < values->resources.count; i++)
		batch->attribute_size += values->resources.items[i].size;
	return batch_run(batch, cli->arguments.items, cli->arguments.count);
}

static const struct command put_command = {
	.name = "put",
	.arguments = "[DETAIL...]",
	.summary = "put events on a bus",
	.details = "DETAIL is a JSON object. Without it and --file it is read from standard input. "
		   "Prints the ids of the events, with --lines their number. Many events go in "
		   "batches of ten.\n"
		   "\n"
		   "  tern event put --source shop --type ordered '{\"id\": 1}'\n"
		   "  tern event put --source github --type issues --lines < issues.jsonl",
	.arguments_max = ARGUMENTS_ANY,
	.run = put_run,
	CLI_OPTIONS(put_options, struct put_values),
};

/* ---- test-pattern ---- */

static enum cli_exit test_run(struct cli *cli, const void *values)
{
	struct events_test_event_pattern_in in;
	struct events_test_event_pattern_out out;

	(void)values; /* it has no options */
	enum cli_exit code = document_read_json(cli, cli->arguments.items[0], &in.event_pattern);
	if (code == CLI_OK)
		code = document_read_json(cli, cli->arguments.items[1], &in.event);
	if (code == CLI_OK)
		code = cli_call(cli, &events_operations[EVENTS_TEST_EVENT_PATTERN], &in, &out);
	if (code)
		return code;
	output_text(cli, "Result", out.result ? STR("true") : STR("false"));
	return out.result ? CLI_OK : CLI_FAILED;
}

static const struct command test_command = {
	.name = "test-pattern",
	.arguments = "PATTERN EVENT",
	.summary = "say whether an event matches a pattern",
	.details = "Both are JSON or files. The event has all members of an envelope: id, account, "
		   "source, time, region, resources, detail-type and detail. Exit status: 0 it "
		   "matches, 1 it does not.",
	.arguments_min = 2,
	.arguments_max = 2,
	.run = test_run,
};

/* ---- tail ---- */

struct tail_values {
	struct str bus, pattern;
	struct option_number count;
};

static const struct option tail_options[] = {
	{"bus", OPTION_TEXT, offsetof(struct tail_values, bus), "BUS",
	 "name or ARN of the event bus; without it default", 0, 0},
	{"pattern", OPTION_TEXT, offsetof(struct tail_values, pattern), "JSON|FILE",
	 "only events that match it", 0, 0},
	{"count", OPTION_NUMBER, offsetof(struct tail_values, count), "N",
	 "stop after N events; without it at Ctrl-C", 1, INT32_MAX},
};

struct tail {
	struct cli *cli;
	const struct tail_values *values;
	struct str name; /* of queue and rule */
	struct str queue_url;
	bool has_rule, has_target;
	int64_t shown;
};

static enum cli_exit make_queue(struct tail *tail)
{
	struct shape_pair retention = {STR("MessageRetentionPeriod"), STR("300")};
	const struct sqs_create_queue_in in = {
		.queue_name = tail->name, .attributes = &retention, .attributes_count = 1};
	struct sqs_create_queue_out out;

	enum cli_exit code = cli_run(tail->cli, SQS_CREATE_QUEUE, &in, &out);
	if (code == CLI_OK)
		tail->queue_url = arena_copy(&tail->cli->arena, out.queue_url);
	return code;
}

static enum cli_exit make_rule(struct tail *tail, struct str pattern)
{
	const struct events_put_rule_in rule = {
		.name = tail->name,
		.event_bus_name = tail->values->bus,
		.event_pattern = pattern,
		.description = STR("tern event tail: it removes this rule at its end")};
	struct events_target target = {.id = STR("tail")};
	const struct events_put_targets_in targets = {.rule = tail->name,
						      .event_bus_name = tail->values->bus,
						      .targets = &target,
						      .targets_count = 1};
	struct events_put_rule_out rule_out;
	struct events_put_targets_out targets_out;
	struct cli *cli = tail->cli;

	enum cli_exit code = cli_call(cli, &events_operations[EVENTS_PUT_RULE], &rule, &rule_out);
	if (code)
		return code;
	tail->has_rule = true;
	struct str arn = arena_copy(&cli->arena, rule_out.rule_arn);
	code = grant_service(cli, tail->queue_url, "events.amazonaws.com", arn);
	if (code == CLI_OK)
		code = name_queue_arn(cli, tail->queue_url, &target.arn);
	if (code == CLI_OK)
		code = cli_call(cli, &events_operations[EVENTS_PUT_TARGETS], &targets,
				&targets_out);
	if (code)
		return code;
	tail->has_target = targets_out.failed_entry_count == 0;
	return tail->has_target ? CLI_OK
				: cli_fail(cli, CLI_FAILED, "the queue of tail is refused: %.*s",
					   STR_ARG(targets_out.failed_entries[0].error_message));
}

/* One line for each event, as it came: it is JSON for programs and readable for people. */
static void show(struct tail *tail, const struct sqs_message *message)
{
	struct str body = output_printable(&tail->cli->arena, message->body, false);

	printf("%.*s\n", STR_ARG(body));
	tail->shown++;
}

static bool is_done(const struct tail *tail)
{
	return cli_is_interrupted() ||
	       (tail->values->count.is_given && tail->shown >= tail->values->count.value);
}

static enum cli_exit follow(struct tail *tail)
{
	const struct sqs_receive_message_in in = {.queue_url = tail->queue_url,
						  .max_number_of_messages = 10,
						  .has_max_number_of_messages = true,
						  .wait_time_seconds = LIMIT_WAIT_S,
						  .has_wait_time_seconds = true};
	struct sqs_receive_message_out out;
	enum cli_exit code = CLI_OK;

	while (code == CLI_OK && !is_done(tail)) {
		struct sqs_delete_message_batch_request_entry entries[LIMIT_BATCH_ENTRIES];
		struct sqs_delete_message_batch_in remove = {.queue_url = tail->queue_url,
							     .entries = entries};
		struct sqs_delete_message_batch_out removed;
		code = cli_run(tail->cli, SQS_RECEIVE_MESSAGE, &in, &out);
		for (size_t i = 0; code == CLI_OK && i < out.messages_count; i++) {
			if (!is_done(tail))
				show(tail, &out.messages[i]);
			entries[remove.entries_count++] =
				(struct sqs_delete_message_batch_request_entry){
					.id = arena_format(&tail->cli->arena, "%zu", i),
					.receipt_handle = arena_copy(
						&tail->cli->arena, out.messages[i].receipt_handle)};
		}
		fflush(stdout);
		if (code == CLI_OK && remove.entries_count > 0)
			code = cli_run(tail->cli, SQS_DELETE_MESSAGE_BATCH, &remove, &removed);
	}
	return cli_is_interrupted() ? CLI_OK : code;
}

/* Removes queue and rule, also after a failure or Ctrl-C. */
static void clean_up(struct tail *tail)
{
	struct str id = STR("tail");
	const struct events_remove_targets_in targets = {.rule = tail->name,
							 .event_bus_name = tail->values->bus,
							 .ids = &id,
							 .ids_count = 1};
	const struct events_delete_rule_in rule = {.name = tail->name,
						   .event_bus_name = tail->values->bus};
	const struct sqs_delete_queue_in queue = {.queue_url = tail->queue_url};
	struct events_remove_targets_out targets_out;
	struct events_delete_rule_out rule_out;
	struct sqs_delete_queue_out queue_out;
	enum cli_exit code = CLI_OK;

	cli_shield(tail->cli, true);
	if (tail->has_target)
		code = cli_call(tail->cli, &events_operations[EVENTS_REMOVE_TARGETS], &targets,
				&targets_out);
	if (code == CLI_OK && tail->has_rule)
		code = cli_call(tail->cli, &events_operations[EVENTS_DELETE_RULE], &rule,
				&rule_out);
	if (tail->queue_url.data && cli_run(tail->cli, SQS_DELETE_QUEUE, &queue, &queue_out))
		code = CLI_FAILED;
	if (code)
		cli_note(tail->cli, "Remove the rule and the queue %.*s yourself.",
			 STR_ARG(tail->name));
	cli_shield(tail->cli, false);
}

static enum cli_exit tail_run(struct cli *cli, const void *values_given)
{
	struct tail tail = {.cli = cli, .values = values_given};
	struct str pattern = STR("{\"source\":[{\"prefix\":\"\"}]}");
	char uuid_text[UUID_TEXT_SIZE];
	uint8_t uuid[16];
	enum cli_exit code = CLI_OK;

	uuid_new(uuid);
	uuid_format(uuid, uuid_text);
	tail.name = arena_format(&cli->arena, "tern-tail-%.*s", UUID_TEXT_SIZE, uuid_text);
	if (tail.values->pattern.data)
		code = document_read_json(cli, tail.values->pattern, &pattern);
	if (code)
		return code;
	cli_catch_interrupt(cli);
	code = make_queue(&tail);
	if (code == CLI_OK)
		code = make_rule(&tail, pattern);
	if (code == CLI_OK) {
		cli_note(cli, "Watching; Ctrl-C ends it.");
		code = follow(&tail);
	}
	clean_up(&tail);
	return code;
}

static const struct command tail_command = {
	.name = "tail",
	.summary = "print events of a bus as they come",
	.details = "A rule and a queue of its own get the events; both are removed at the end. "
		   "Each event is a line of JSON.\n"
		   "\n"
		   "  tern event tail --pattern '{\"detail-type\": [\"issues\"]}'",
	.run = tail_run,
	CLI_OPTIONS(tail_options, struct tail_values),
};

static const struct command *const children[] = {&put_command, &test_command, &tail_command};

const struct command event_command = {
	.name = "event",
	.summary = "put events, test patterns, watch a bus",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
