/* SPDX-License-Identifier: MIT */
/* document: written with the JSON writer, so that no name needs an escape of its own. */
#include "document.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "access/policy_explain.h"
#include "api/sqs.h"
#include "format/json.h"

enum { DOCUMENT_SIZE_MAX = 1 << 20 };

enum cli_exit document_read(struct cli *cli, struct str path, struct str *out_text)
{
	bool is_stdin = str_equal(path, STR("-"));
	FILE *file = is_stdin ? stdin : fopen(arena_cstr(&cli->arena, path), "re");

	if (!file)
		return cli_fail(cli, CLI_USAGE, "%.*s cannot be read: %s", STR_ARG(path),
				strerror(errno));
	char *bytes = arena_bytes(&cli->arena, DOCUMENT_SIZE_MAX);
	size_t size = fread(bytes, 1, DOCUMENT_SIZE_MAX, file);
	bool is_bad = ferror(file) != 0;
	if (!is_stdin)
		fclose(file);
	if (is_bad || size == DOCUMENT_SIZE_MAX)
		return cli_fail(cli, CLI_USAGE, "%.*s cannot be read, or is too large",
				STR_ARG(path));
	*out_text = str_of(bytes, size);
	return CLI_OK;
}

enum cli_exit document_read_json(struct cli *cli, struct str given, struct str *out_text)
{
	*out_text = given;
	return str_starts(given, STR("{")) ? CLI_OK : document_read(cli, given, out_text);
}

/*
 * Of SQS all actions are known. Other services have some that Tern does not serve, and permissions
 * that are no operations.
 */
enum cli_exit document_check_policy(struct cli *cli, struct str text, enum policy_kind kind)
{
	size_t count = sqs_client_service.operation_count;
	const char **actions = arena_array(&cli->arena, const char *, count);

	for (size_t i = 0; i < count; i++)
		actions[i] = arena_cstr(&cli->arena, sqs_operations[i].action);
	struct str problem = policy_explain(&cli->arena, text, kind, actions, count);
	if (problem.data)
		return cli_fail(cli, CLI_USAGE, "the policy is refused: %.*s", STR_ARG(problem));
	return CLI_OK;
}

enum cli_exit document_read_policy(struct cli *cli, struct str path, enum policy_kind kind,
				   struct str *out_text)
{
	enum cli_exit code = document_read(cli, path, out_text);

	return code ? code : document_check_policy(cli, *out_text, kind);
}

static void begin_statement(struct json_writer *json, struct buf *text)
{
	json_begin(json, text);
	json_open_object(json);
	json_key(json, STR("Version"));
	json_str(json, STR("2012-10-17"));
	json_key(json, STR("Statement"));
	json_open_array(json);
	json_open_object(json);
	json_key(json, STR("Effect"));
	json_str(json, STR("Allow"));
}

static struct str end_statement(struct cli *cli, struct json_writer *json, struct buf *text)
{
	json_close_object(json);
	json_close_array(json);
	json_close_object(json);
	struct str copy = arena_copy(&cli->arena, buf_str(text));
	buf_done(text);
	return copy;
}

static void write_list(struct json_writer *json, struct str key, const struct option_list *list)
{
	json_key(json, key);
	json_open_array(json);
	for (size_t i = 0; i < list->count; i++) {
		struct str rest = list->items[i];
		while (rest.size > 0) {
			struct str item = str_trim(str_cut(&rest, ','));
			if (item.size > 0)
				json_str(json, item);
		}
	}
	json_close_array(json);
}

struct str document_allow(struct cli *cli, const struct option_list *actions,
			  const struct option_list *resources)
{
	struct json_writer json;
	struct buf text = {0};

	begin_statement(&json, &text);
	write_list(&json, STR("Action"), actions);
	if (resources->count > 0) {
		write_list(&json, STR("Resource"), resources);
	} else {
		json_key(&json, STR("Resource"));
		json_str(&json, STR("*"));
	}
	return end_statement(cli, &json, &text);
}

static bool is_service(struct str principal)
{
	return str_ends(principal, STR(".amazonaws.com"));
}

static void write_principals(struct json_writer *json, const struct option_list *principals,
			     struct str kind, bool are_services)
{
	bool is_open = false;

	for (size_t i = 0; i < principals->count; i++) {
		if (is_service(principals->items[i]) != are_services)
			continue;
		if (!is_open) {
			json_key(json, kind);
			json_open_array(json);
			is_open = true;
		}
		json_str(json, principals->items[i]);
	}
	if (is_open)
		json_close_array(json);
}

struct str document_trust(struct cli *cli, const struct option_list *principals,
			  struct str external_id)
{
	struct json_writer json;
	struct buf text = {0};

	begin_statement(&json, &text);
	json_key(&json, STR("Action"));
	json_str(&json, STR("sts:AssumeRole"));
	json_key(&json, STR("Principal"));
	json_open_object(&json);
	write_principals(&json, principals, STR("AWS"), false);
	write_principals(&json, principals, STR("Service"), true);
	json_close_object(&json);
	if (external_id.size > 0) {
		json_key(&json, STR("Condition"));
		json_open_object(&json);
		json_key(&json, STR("StringEquals"));
		json_open_object(&json);
		json_key(&json, STR("sts:ExternalId"));
		json_str(&json, external_id);
		json_close_object(&json);
		json_close_object(&json);
	}
	return end_statement(cli, &json, &text);
}
