/* SPDX-License-Identifier: MIT */
/* delivery: what a server owes beyond its queues, why it waits, and attempts without more waiting.
 */
#include "commands.h"

#include "base/clock.h"
#include "output.h"

static const struct column columns[] = {
	{"ID", "Id", false},
	{"KIND", "Kind", false},
	{"ACCOUNT", "Account", false},
	{NULL, "Source", false},
	{"ENDPOINT", "Endpoint", false},
	{"STATE", "State", false},
	{"AGE", NULL, false},
	{NULL, "Since", false},
	{"ATTEMPTS", "Attempts", true},
	{"NEXT", NULL, false},
	{NULL, "Next", false},
	{NULL, "Size", true},
	{NULL, "DeadLetter", false},
	{NULL, "Code", false},
	{"PROBLEM", "Problem", false},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static struct str text_of(struct arena *arena, yyjson_val *delivery, const char *name)
{
	struct str text = json_text(json_member(delivery, name));

	return text.data ? output_printable(arena, text, false) : text;
}

static int64_t number_of(yyjson_val *delivery, const char *name)
{
	return yyjson_get_sint(json_member(delivery, name));
}

static struct str from_now(struct arena *arena, int64_t time_ms)
{
	int64_t left_ms = time_ms - clock_now_ms();

	return time_ms > 0 ? output_age(arena, left_ms > 0 ? left_ms : 0) : (struct str){0};
}

static void add_row(struct table *table, struct arena *arena, yyjson_val *delivery)
{
	int64_t since_ms = number_of(delivery, "since_ms"),
		next_ms = number_of(delivery, "next_ms");
	bool is_dead_letter = yyjson_get_bool(json_member(delivery, "is_dead_letter"));
	const struct str cells[COLUMNS] = {
		text_of(arena, delivery, "id"),
		text_of(arena, delivery, "kind"),
		text_of(arena, delivery, "account"),
		text_of(arena, delivery, "source"),
		text_of(arena, delivery, "endpoint"),
		is_dead_letter ? STR("dead-letter") : text_of(arena, delivery, "state"),
		output_age(arena, clock_now_ms() - since_ms),
		output_time(arena, since_ms),
		output_number(arena, number_of(delivery, "attempts")),
		from_now(arena, next_ms),
		next_ms > 0 ? output_time(arena, next_ms) : (struct str){0},
		output_number(arena, number_of(delivery, "size")),
		is_dead_letter ? STR("true") : STR("false"),
		text_of(arena, delivery, "code"),
		text_of(arena, delivery, "problem"),
	};

	table_add(table, cells);
}

static enum cli_exit fetch(struct cli *cli, struct str path, yyjson_val **out_root)
{
	struct str answer;

	enum cli_exit code = cli_fetch(cli, path, &answer);
	if (code)
		return code;
	if (json_parse(&cli->arena, arena_copy(&cli->arena, answer), out_root) != ERR_OK)
		return cli_fail(cli, CLI_FAILED, "the answer is no JSON; is it ternd?");
	return CLI_OK;
}

/* ---- ls ---- */

struct delivery_values {
	struct str account, endpoint;
};

#define ACCOUNT_OPTION                                                                             \
	{                                                                                          \
		"account", OPTION_TEXT, offsetof(struct delivery_values, account), "ID",           \
			"only those of this account", 0, 0                                         \
	}
#define ENDPOINT_OPTION                                                                            \
	{                                                                                          \
		"endpoint", OPTION_TEXT, offsetof(struct delivery_values, endpoint), "ENDPOINT",   \
			"only those to this endpoint, as ENDPOINT shows it", 0, 0                  \
	}
static const struct option delivery_options[] = {ACCOUNT_OPTION, ENDPOINT_OPTION};

static bool is_listed(const struct delivery_values *values, yyjson_val *delivery)
{
	return (values->account.size == 0 ||
		str_equal(values->account, json_text(json_member(delivery, "account")))) &&
	       (values->endpoint.size == 0 ||
		str_equal(values->endpoint, json_text(json_member(delivery, "endpoint"))));
}

static enum cli_exit list(struct cli *cli, const struct delivery_values *values,
			  struct table *table)
{
	struct str next = {0};
	yyjson_val *root, *delivery;
	size_t i, count;

	do {
		struct str path =
			next.data ? arena_format(&cli->arena, "/_tern/deliveries?after=%.*s",
						 STR_ARG(next))
				  : STR("/_tern/deliveries");
		enum cli_exit code = fetch(cli, path, &root);
		if (code)
			return code;
		yyjson_arr_foreach(json_member(root, "deliveries"), i, count, delivery) {
			if (is_listed(values, delivery))
				add_row(table, &cli->arena, delivery);
		}
		next = json_text(json_member(root, "next"));
	} while (next.data && !cli_is_interrupted());
	return CLI_OK;
}

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	struct table table;

	table_init(&table, cli, columns, COLUMNS);
	enum cli_exit code = list(cli, values, &table);
	table_done(&table);
	return code;
}

static const struct command ls_command = {
	.name = "ls",
	.summary = "list the deliveries that are owed, and why they wait",
	.run = ls_run,
	CLI_OPTIONS(delivery_options, struct delivery_values),
};

/* ---- show ---- */

static bool is_id(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if ((text.data[i] < '0' || text.data[i] > '9') && text.data[i] != '-')
			return false;
	return text.size > 0;
}

static enum cli_exit show_run(struct cli *cli, const void *values)
{
	struct str id = cli->arguments.items[0];
	struct table table;
	yyjson_val *root;

	(void)values; /* it has no options */
	if (!is_id(id))
		return cli_fail(
			cli, CLI_USAGE,
			"'%.*s' is no id of a delivery, such as 0-17; 'tern delivery ls' lists all",
			STR_ARG(id));
	enum cli_exit code =
		fetch(cli, arena_format(&cli->arena, "/_tern/deliveries/%.*s", STR_ARG(id)), &root);
	if (code)
		return code;
	table_init(&table, cli, columns, COLUMNS);
	add_row(&table, &cli->arena, root);
	table_done(&table);
	return CLI_OK;
}

static const struct command show_command = {
	.name = "show",
	.arguments = "ID",
	.summary = "show one delivery",
	.details = "With --output json it also names the source, such as the subscription.",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = show_run,
};

/* ---- retry ---- */

static struct str body_of(struct cli *cli, struct str name, struct str value, struct str after)
{
	struct json_writer json;
	struct buf body = {0};

	json_begin(&json, &body);
	json_open_object(&json);
	json_key(&json, name);
	json_str(&json, value);
	if (after.data) {
		json_key(&json, STR("after"));
		json_str(&json, after);
	}
	json_close_object(&json);
	struct str text = arena_copy(&cli->arena, buf_str(&body));
	buf_done(&body);
	return text;
}

static enum cli_exit retry(struct cli *cli, struct str name, struct str value)
{
	static const struct column retried_columns[] = {{"RETRIED", "Retried", true}};
	struct str next = {0}, answer;
	int64_t retried = 0;
	struct table table;
	yyjson_val *root;

	do {
		enum cli_exit code = cli_post(cli, STR("/_tern/deliveries"),
					      body_of(cli, name, value, next), &answer);
		if (code)
			return code;
		if (json_parse(&cli->arena, arena_copy(&cli->arena, answer), &root) != ERR_OK)
			return cli_fail(cli, CLI_FAILED, "the answer is no JSON; is it ternd?");
		retried += number_of(root, "retried");
		next = json_text(json_member(root, "next"));
	} while (next.data && !cli_is_interrupted());
	table_init(&table, cli, retried_columns, 1);
	const struct str cell = output_number(&cli->arena, retried);
	table_add(&table, &cell);
	table_done(&table);
	if (retried > 0)
		return CLI_OK;
	return cli_fail(cli, CLI_FAILED, "no such delivery waits; 'tern delivery ls' lists all");
}

static enum cli_exit retry_run(struct cli *cli, const void *values_given)
{
	const struct delivery_values *values = values_given;
	bool has_id = cli->arguments.count > 0;

	if (has_id + (values->endpoint.size > 0) + (values->account.size > 0) != 1)
		return cli_fail(cli, CLI_USAGE, "give an ID, --endpoint or --account");
	if (has_id)
		return retry(cli, STR("id"), cli->arguments.items[0]);
	if (values->endpoint.size > 0)
		return retry(cli, STR("endpoint"), values->endpoint);
	return retry(cli, STR("account"), values->account);
}

static const struct command retry_command = {
	.name = "retry",
	.arguments = "[ID]",
	.summary = "attempt a delivery now, or all of an endpoint or account",
	.details = "An endpoint that failed lately is tried again, too.",
	.arguments_max = 1,
	.run = retry_run,
	CLI_OPTIONS(delivery_options, struct delivery_values),
};

static const struct command *const children[] = {&ls_command, &show_command, &retry_command};

const struct command delivery_command = {
	.name = "delivery",
	.summary = "show and retry what ternd owes to endpoints and targets",
	.details = "These commands want an administrator of the server's own account.",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
