/* SPDX-License-Identifier: MIT */
/*
 * kms_key: making, listing, disabling and deleting keys. A key may be given by id, ARN, alias or
 * the alias's name without "alias/".
 */
#include "kms_key.h"

#include "api/kms.h"
#include "output.h"

enum { PAGE_SIZE = 1000 };

/* "alias/orders" for "orders"; ids, ARNs and aliases stay. */
static struct str key_id(struct cli *cli, struct str given)
{
	uint8_t id[16];
	char digits[32];
	size_t size = 0;

	if (str_find_char(given, ':', 0) != SIZE_MAX || str_starts(given, STR("alias/")) ||
	    str_starts(given, STR("mrk-")))
		return given;
	for (size_t i = 0; i < given.size && size < sizeof(digits); i++)
		if (given.data[i] != '-')
			digits[size++] = given.data[i];
	if (given.size == UUID_TEXT_SIZE && size == sizeof(digits) &&
	    hex_parse(str_of(digits, size), id))
		return given;
	return arena_format(&cli->arena, "alias/%.*s", STR_ARG(given));
}

/* Most operations take no alias: DescribeKey says whose it is. */
static enum cli_exit find_key(struct cli *cli, struct str given, struct str *out_id)
{
	struct kms_describe_key_in in = {.key_id = key_id(cli, given)};
	struct kms_describe_key_out out;

	*out_id = in.key_id;
	if (str_find(in.key_id, STR("alias/"), 0) == SIZE_MAX)
		return CLI_OK;
	enum cli_exit code = cli_call(cli, &kms_operations[KMS_DESCRIBE_KEY], &in, &out);
	if (code == CLI_OK && out.key_metadata)
		*out_id = arena_copy(&cli->arena, out.key_metadata->arn);
	return code;
}

/* ---- create ---- */

struct create_values {
	struct str alias, description, spec, usage;
	bool rotates;
};

static const struct option create_options[] = {
	{"alias", OPTION_TEXT, offsetof(struct create_values, alias), "NAME",
	 "a name for the key: alias/NAME", 0, 0},
	{"description", OPTION_TEXT, offsetof(struct create_values, description), "TEXT",
	 "what it is for", 0, 0},
	{"spec", OPTION_TEXT, offsetof(struct create_values, spec), "SPEC",
	 "KeySpec; without it SYMMETRIC_DEFAULT, which queues want", 0, 0},
	{"usage", OPTION_TEXT, offsetof(struct create_values, usage), "USAGE",
	 "KeyUsage: SIGN_VERIFY, GENERATE_VERIFY_MAC; without it ENCRYPT_DECRYPT", 0, 0},
	{"rotate", OPTION_FLAG, offsetof(struct create_values, rotates), NULL,
	 "new material each year", 0, 0},
};

static enum cli_exit finish_key(struct cli *cli, const struct create_values *values, struct str id)
{
	const struct kms_enable_key_rotation_in rotation = {.key_id = id};
	struct kms_create_alias_in alias = {.target_key_id = id};
	struct kms_enable_key_rotation_out rotation_out;
	struct kms_create_alias_out alias_out;
	enum cli_exit code = CLI_OK;

	if (values->alias.size > 0) {
		alias.alias_name = key_id(cli, values->alias);
		code = cli_call(cli, &kms_operations[KMS_CREATE_ALIAS], &alias, &alias_out);
	}
	if (code == CLI_OK && values->rotates)
		code = cli_call(cli, &kms_operations[KMS_ENABLE_KEY_ROTATION], &rotation,
				&rotation_out);
	return code;
}

static enum cli_exit create_run(struct cli *cli, const void *values_given)
{
	const struct create_values *values = values_given;
	const struct kms_create_key_in in = {
		.description = values->description,
		.key_spec = values->spec,
		.key_usage = values->usage,
	};
	struct kms_create_key_out out;

	enum cli_exit code = cli_call(cli, &kms_operations[KMS_CREATE_KEY], &in, &out);
	if (code)
		return code;
	if (!out.key_metadata)
		return cli_fail(cli, CLI_FAILED, "the answer does not say which key was made");
	struct str id = arena_copy(&cli->arena, out.key_metadata->key_id);
	struct str arn = arena_copy(&cli->arena, out.key_metadata->arn);
	/* The key is there whatever comes behind. */
	output_text(cli, "Arn", arn);
	return finish_key(cli, values, id);
}

const struct command kms_create_command = {
	.name = "create",
	.summary = "make a key and print its ARN",
	.details = "  tern kms create --alias orders\n"
		   "  tern queue create orders --kms-key alias/orders",
	.run = create_run,
	CLI_OPTIONS(create_options, struct create_values),
};

/* ---- ls ---- */

static const struct column ls_columns[] = {
	{"KEY", "KeyId", false},
	{"ALIASES", "Aliases", false},
	{"STATE", "KeyState", false},
	{"SPEC", "KeySpec", false},
	{"MANAGER", "KeyManager", false},
	{"DESCRIPTION", "Description", false},
	{NULL, "Arn", false},
};

struct key_list {
	struct str *ids;
	size_t count;
};

static enum cli_exit list_keys(struct cli *cli, struct key_list *out_list)
{
	const struct kms_list_keys_in in = {.limit = PAGE_SIZE, .has_limit = true};
	struct kms_list_keys_out out;
	struct tern_pager pager;
	struct buf ids = {0};
	enum err err;

	tern_pager_init(&pager, cli->call, &kms_operations[KMS_LIST_KEYS], &in);
	while (!(err = tern_pager_next(&pager, &out))) {
		for (size_t i = 0; i < out.keys_count; i++) {
			struct str id = arena_copy(&cli->arena, out.keys[i].key_id);
			buf_append(&ids, str_of(&id, sizeof(id)));
		}
	}
	tern_pager_done(&pager);
	out_list->count = ids.size / sizeof(struct str);
	out_list->ids = arena_array(&cli->arena, struct str, out_list->count);
	if (ids.size > 0)
		memcpy(out_list->ids, ids.data, ids.size);
	buf_done(&ids);
	return err == ERR_NOTFOUND ? CLI_OK : cli_explain(cli, err);
}

static enum cli_exit aliases_of(struct cli *cli, struct str id, struct str *out_text)
{
	const struct kms_list_aliases_in in = {.key_id = id};
	struct kms_list_aliases_out out;
	struct buf text = {0};

	enum cli_exit code = cli_call(cli, &kms_operations[KMS_LIST_ALIASES], &in, &out);
	if (code)
		return code;
	for (size_t i = 0; i < out.aliases_count; i++) {
		buf_append(&text, i > 0 ? STR(", ") : STR(""));
		buf_append(&text, out.aliases[i].alias_name);
	}
	*out_text = text.size > 0 ? arena_copy(&cli->arena, buf_str(&text)) : (struct str){0};
	buf_done(&text);
	return CLI_OK;
}

static enum cli_exit add_row(struct cli *cli, struct table *table, struct str id)
{
	const struct kms_describe_key_in in = {.key_id = id};
	struct kms_describe_key_out out;
	struct str aliases;

	enum cli_exit code = aliases_of(cli, id, &aliases);
	if (code == CLI_OK)
		code = cli_call(cli, &kms_operations[KMS_DESCRIBE_KEY], &in, &out);
	if (code || !out.key_metadata)
		return code;
	const struct kms_key_metadata *key = out.key_metadata;
	const struct str cells[] = {
		key->key_id,
		aliases,
		key->key_state,
		key->key_spec,
		key->key_manager,
		key->description.size > 0 ? output_printable(&cli->arena, key->description, false)
					  : (struct str){0},
		key->arn,
	};
	table_add(table, cells);
	return CLI_OK;
}

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	struct key_list keys;
	struct table table;

	(void)values; /* it has no options */
	enum cli_exit code = list_keys(cli, &keys);
	if (code)
		return code;
	table_init(&table, cli, ls_columns, sizeof(ls_columns) / sizeof(ls_columns[0]));
	for (size_t i = 0; i < keys.count && code == CLI_OK; i++)
		code = add_row(cli, &table, keys.ids[i]);
	table_done(&table);
	return code;
}

const struct command kms_ls_command = {
	.name = "ls",
	.summary = "list keys with their aliases and states",
	.run = ls_run,
};

/* ---- enable, disable, rotate ---- */

static enum cli_exit enable_run(struct cli *cli, const void *values)
{
	struct kms_enable_key_in in = {0};
	struct kms_enable_key_out out;

	(void)values; /* it has no options */
	enum cli_exit code = find_key(cli, cli->arguments.items[0], &in.key_id);
	return code ? code : cli_call(cli, &kms_operations[KMS_ENABLE_KEY], &in, &out);
}

const struct command kms_enable_command = {
	.name = "enable",
	.arguments = "KEY",
	.summary = "let a key be used again",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = enable_run,
};

static enum cli_exit disable_run(struct cli *cli, const void *values)
{
	struct kms_disable_key_in in = {0};
	struct kms_disable_key_out out;

	(void)values; /* it has no options */
	enum cli_exit code = find_key(cli, cli->arguments.items[0], &in.key_id);
	return code ? code : cli_call(cli, &kms_operations[KMS_DISABLE_KEY], &in, &out);
}

const struct command kms_disable_command = {
	.name = "disable",
	.arguments = "KEY",
	.summary = "let a key be used by nobody until it is enabled",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = disable_run,
};

static enum cli_exit rotate_run(struct cli *cli, const void *values)
{
	struct kms_rotate_key_on_demand_in in = {0};
	struct kms_rotate_key_on_demand_out out;

	(void)values; /* it has no options */
	enum cli_exit code = find_key(cli, cli->arguments.items[0], &in.key_id);
	return code ? code : cli_call(cli, &kms_operations[KMS_ROTATE_KEY_ON_DEMAND], &in, &out);
}

const struct command kms_rotate_command = {
	.name = "rotate",
	.arguments = "KEY",
	.summary = "give a key new material now; the old one stays for what it encrypted",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = rotate_run,
};

/* ---- rm, restore ---- */

struct rm_values {
	struct option_number days;
};

static const struct option rm_options[] = {
	{"days", OPTION_NUMBER, offsetof(struct rm_values, days), "DAYS",
	 "how long it can be brought back; without it 30", 7, 30},
};

static enum cli_exit rm_run(struct cli *cli, const void *values_given)
{
	const struct rm_values *values = values_given;
	struct kms_schedule_key_deletion_in in = {
		.pending_window_in_days = values->days.value,
		.has_pending_window_in_days = values->days.is_given,
	};
	struct kms_schedule_key_deletion_out out;

	enum cli_exit code = find_key(cli, cli->arguments.items[0], &in.key_id);
	if (code == CLI_OK)
		code = cli_call(cli, &kms_operations[KMS_SCHEDULE_KEY_DELETION], &in, &out);
	if (code)
		return code;
	struct str date = output_time(&cli->arena, out.deletion_date);
	cli_note(cli,
		 "It cannot be used from now on, and is destroyed with all it encrypted on %.*s "
		 "UTC. "
		 "Until then: tern kms restore %.*s",
		 STR_ARG(date), STR_ARG(cli->arguments.items[0]));
	return CLI_OK;
}

const struct command kms_rm_command = {
	.name = "rm",
	.arguments = "KEY",
	.summary = "destroy a key, and so all it encrypted, after some days",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = rm_run,
	CLI_OPTIONS(rm_options, struct rm_values),
};

static enum cli_exit restore_run(struct cli *cli, const void *values)
{
	struct kms_cancel_key_deletion_in in = {0};
	struct kms_cancel_key_deletion_out out;

	enum cli_exit code = find_key(cli, cli->arguments.items[0], &in.key_id);
	if (code == CLI_OK)
		code = cli_call(cli, &kms_operations[KMS_CANCEL_KEY_DELETION], &in, &out);
	/* AWS leaves it disabled. */
	return code ? code : enable_run(cli, values);
}

const struct command kms_restore_command = {
	.name = "restore",
	.arguments = "KEY",
	.summary = "bring back a key whose days are not over, and enable it",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = restore_run,
};
