/* SPDX-License-Identifier: MIT */
/*
 * audit: searches the audit log, of a server or in its files.
 *
 * A file is known by its id, since its name changes when it is rotated: what was read of it is not
 * read again under its new name.
 */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_filter.h"
#include "base/rotated.h"
#include "output.h"

enum { PIECE_SIZE = 1 << 20, POLL_MS = 500, LAST_OF_FOLLOW = 10, SHORT_STAMP_SIZE = 15 };

struct audit_values {
	struct str file, data;
	struct str user, event, source, error, account, resource, since, until;
	struct option_number last;
	bool follows;
};

#define AT(member) offsetof(struct audit_values, member)
static const struct option audit_options[] = {
	{"user", OPTION_TEXT, AT(user), "WHO", "by a user or role name, an ARN, an access key", 0,
	 0},
	{"event", OPTION_TEXT, AT(event), "NAME", "calls of an operation: CreateQueue", 0, 0},
	{"source", OPTION_TEXT, AT(source), "SERVICE", "calls of a service: sqs, iam, kms", 0, 0},
	{"error", OPTION_TEXT, AT(error), "CODE", "that ended so: AccessDenied; '*': that failed",
	 0, 0},
	{"account", OPTION_TEXT, AT(account), "ID", "by an account, or about what is its own", 0,
	 0},
	{"resource", OPTION_TEXT, AT(resource), "NAME", "about a queue, a key, a user; or an ARN",
	 0, 0},
	{"since", OPTION_TEXT, AT(since), "TIME", "not older than 15m, 2h, 3d, or a date in UTC", 0,
	 0},
	{"until", OPTION_TEXT, AT(until), "TIME", "not newer", 0, 0},
	{"last", OPTION_NUMBER, AT(last), "N", "the last N only; with --follow 10", 0, 1000000},
	{"follow", OPTION_FLAG, AT(follows), NULL, "go on with what comes, until Ctrl-C", 0, 0},
	{"data", OPTION_TEXT, AT(data), "DIR",
	 "read the files of a data directory, in place of asking the server", 0, 0},
	{"file", OPTION_TEXT, AT(file), "FILE", "read this file and those rotated from it", 0, 0},
};
#undef AT

static const struct column columns[] = {
	{"TIME (UTC)", "", false}, {"WHO", "", false},	{"EVENT", "", false},
	{"ON", "", false},	   {"FROM", "", false}, {"RESULT", "", false},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

struct search {
	struct cli *cli;
	struct audit_filter filter;
	const char *path; /* NULL: ask the server */
	uint64_t id;	  /* of the file that is being read */
	int64_t offset;
	bool has_begun, is_live; /* printing as records come */
	struct table table;
	struct str *kept; /* the last lines; a ring */
	size_t kept_max, kept_count;
	struct arena arena; /* of one record */
	uint64_t shown;
};

/* ---- records ---- */

static struct str text_of(yyjson_val *object, const char *name)
{
	yyjson_val *value = json_member(object, name);

	return yyjson_is_str(value) ? json_text(value) : (struct str){0};
}

static struct str who(struct arena *arena, yyjson_val *record)
{
	yyjson_val *identity = json_member(record, "userIdentity");
	struct str type = text_of(identity, "type"), arn = text_of(identity, "arn");

	struct str account = text_of(identity, "accountId");

	if (str_equal(type, STR("Root")))
		return arena_format(arena, "root of %.*s", STR_ARG(account));
	if (str_equal(type, STR("IAMUser")))
		return text_of(identity, "userName");
	if (str_equal(type, STR("AWSService")))
		return text_of(identity, "invokedBy");
	if (str_equal(type, STR("Unknown"))) {
		struct str key = text_of(identity, "accessKeyId");
		return key.size > 0 ? arena_format(arena, "unknown %.*s", STR_ARG(key))
				    : STR("unknown");
	}
	if (arn.size == 0)
		return STR("anonymous");
	(void)str_cut(&arn, '/'); /* leaves "role/session" */
	return arn;
}

static struct str event_of(struct arena *arena, yyjson_val *record)
{
	struct str rest = text_of(record, "eventSource"), name = text_of(record, "eventName");
	struct str source = str_cut(&rest, '.');

	return arena_format(arena, "%.*s:%.*s", STR_ARG(source), STR_ARG(name));
}

static struct str resource_of(yyjson_val *record)
{
	yyjson_val *resources = json_member(record, "resources");
	struct str arn = yyjson_is_arr(resources) ? text_of(yyjson_arr_get_first(resources), "ARN")
						  : (struct str){0};

	for (int colons = 0; colons < 5 && arn.size > 0; colons++)
		(void)str_cut(&arn, ':'); /* up to the account */
	return arn.size > 0 ? arn : (struct str){0};
}

static void print_cells(const struct str cells[COLUMNS])
{
	static const int widths[COLUMNS] = {19, 24, 28, 24, 15, 0};

	for (size_t i = 0; i < COLUMNS; i++) {
		struct str cell = cells[i].data ? cells[i] : STR("-");
		printf("%s%.*s%*s", i > 0 ? "  " : "", STR_ARG(cell),
		       (int)cell.size < widths[i] ? widths[i] - (int)cell.size : 0, "");
	}
	putchar('\n');
}

static void show(struct search *search, struct str line, yyjson_val *record)
{
	struct arena *arena = &search->arena;
	struct str time = text_of(record, "eventTime"), error = text_of(record, "errorCode");

	search->shown++;
	if (search->cli->is_json) {
		printf("%.*s\n", STR_ARG(line));
		return;
	}
	char readable[] = "0000-00-00 00:00:00";
	if (time.size == AUDIT_TIME_SIZE) {
		memcpy(readable, time.data, sizeof(readable) - 1);
		readable[10] = ' ';
	}
	struct str cells[COLUMNS] = {
		str_from(readable),
		who(arena, record),
		event_of(arena, record),
		resource_of(record),
		text_of(record, "sourceIPAddress"),
		error.size > 0 ? error : STR("ok"),
	};
	for (size_t i = 0; i < COLUMNS; i++)
		if (cells[i].data)
			cells[i] = output_printable(arena, cells[i], false);
	if (search->is_live)
		print_cells(cells);
	else
		table_add(&search->table, cells);
}

static void keep(struct search *search, struct str line)
{
	struct str *place = &search->kept[search->kept_count++ % search->kept_max];

	heap_free((void *)(uintptr_t)place->data);
	*place = heap_copy(line);
}

static void take_line(struct search *search, struct str line)
{
	yyjson_val *record;

	arena_reset(&search->arena);
	/* Half a line of a crash is passed over. */
	if (json_parse(&search->arena, line, &record) != ERR_OK ||
	    !audit_filter_wants(&search->filter, record))
		return;
	if (search->kept_max > 0 && !search->has_begun)
		keep(search, line);
	else
		show(search, line, record);
}

static void show_kept(struct search *search)
{
	size_t count =
		search->kept_count < search->kept_max ? search->kept_count : search->kept_max;

	search->has_begun = true;
	for (size_t i = search->kept_count - count; i < search->kept_count; i++) {
		struct str *line = &search->kept[i % search->kept_max];
		take_line(search, *line);
		heap_free((void *)(uintptr_t)line->data);
		*line = (struct str){0};
	}
}

/* ---- files ---- */

static void read_files(struct arena *arena, yyjson_val *list, struct rotated_file **out_files,
		       size_t *out_count)
{
	yyjson_val *item;
	size_t i, count;

	*out_files = arena_array(arena, struct rotated_file, yyjson_arr_size(list));
	*out_count = 0;
	yyjson_arr_foreach(list, i, count, item) {
		(*out_files)[(*out_count)++] = (struct rotated_file){
			.stamp = text_of(item, "rotated"),
			.id = (uint64_t)yyjson_get_sint(json_member(item, "id")),
			.size = yyjson_get_sint(json_member(item, "size")),
		};
	}
}

static enum cli_exit list_files(struct search *search, struct arena *arena,
				struct rotated_file **out_files, size_t *out_count)
{
	struct str body;
	yyjson_val *root;

	if (search->path) {
		enum err err = rotated_list(arena, search->path, out_files, out_count);
		if (!err)
			return CLI_OK;
		return cli_fail(search->cli, CLI_USAGE, "%s cannot be read: %s", search->path,
				err == ERR_NOTFOUND ? "there is no such file" : strerror(errno));
	}
	enum cli_exit code = cli_fetch(search->cli, STR("/_tern/audit"), &body);
	if (code)
		return code;
	if (json_parse(arena, body, &root) != ERR_OK)
		return cli_fail(search->cli, CLI_FAILED, "the answer is no JSON; is it ternd?");
	read_files(arena, json_member(root, "files"), out_files, out_count);
	return CLI_OK;
}

/* Whole lines at the search's offset; none at the end. */
static enum cli_exit read_piece(struct search *search, const struct rotated_file *file, char *bytes,
				struct str *out_lines)
{
	size_t size;

	if (!search->path) {
		char path[96];
		int length = snprintf(path, sizeof(path), "/_tern/audit/%lld?offset=%lld",
				      (long long)file->id, (long long)search->offset);
		return cli_fetch(search->cli, str_of(path, (size_t)length), out_lines);
	}
	if (rotated_read(file->path, search->offset, bytes, PIECE_SIZE, &size) != ERR_OK)
		return cli_fail(search->cli, CLI_USAGE, "%s cannot be read: %s", file->path,
				strerror(errno));
	while (size > 0 && bytes[size - 1] != '\n')
		size--;
	*out_lines = str_of(bytes, size);
	return CLI_OK;
}

static enum cli_exit read_file(struct search *search, const struct rotated_file *file, char *bytes)
{
	struct str lines;

	while (search->offset < file->size && !cli_is_interrupted()) {
		enum cli_exit code = read_piece(search, file, bytes, &lines);
		if (code || lines.size == 0)
			return code;
		search->offset += (int64_t)lines.size;
		while (lines.size > 0)
			take_line(search, str_cut(&lines, '\n'));
	}
	return CLI_OK;
}

/* Rotated before the time that is asked for: "20261124T000000" against "2026-11-24T00:00:00Z". */
static bool is_too_old(const struct search *search, const struct rotated_file *file)
{
	char since[SHORT_STAMP_SIZE + 1];
	size_t size = 0;

	if (file->stamp.size == 0 || search->filter.since.size == 0)
		return false;
	for (size_t i = 0; i < search->filter.since.size && size < SHORT_STAMP_SIZE; i++) {
		char c = search->filter.since.data[i];
		if (c != '-' && c != ':')
			since[size++] = c;
	}
	return str_compare(str_slice(file->stamp, 0, SHORT_STAMP_SIZE), str_of(since, size)) < 0;
}

/* Reads on from where it stopped, through the files that came since. */
static enum cli_exit scan(struct search *search, char *bytes)
{
	struct rotated_file *files = NULL;
	size_t count = 0, first = 0;
	struct arena arena;

	arena_init(&arena);
	enum cli_exit code = list_files(search, &arena, &files, &count);
	for (size_t i = 0; i < count; i++)
		if (files[i].id == search->id)
			first = i;
	for (size_t i = first; i < count && code == CLI_OK; i++) {
		if (files[i].id != search->id)
			search->offset = 0;
		search->id = files[i].id;
		if (!is_too_old(search, &files[i]))
			code = read_file(search, &files[i], bytes);
	}
	arena_done(&arena);
	return code;
}

/* ---- the command ---- */

static enum cli_exit read_times(struct cli *cli, const struct audit_values *values,
				struct audit_filter *filter)
{
	int64_t now_ms = clock_now_ms();

	if ((values->since.size == 0 ||
	     audit_filter_parse_time(&cli->arena, values->since, now_ms, false, &filter->since)) &&
	    (values->until.size == 0 ||
	     audit_filter_parse_time(&cli->arena, values->until, now_ms, true, &filter->until)))
		return CLI_OK;
	return cli_fail(cli, CLI_USAGE,
			"a time is 15m, 2h, 3d or 1w before now, or a date such as 2026-11-24 or "
			"2026-11-24T10:00:00");
}

static enum cli_exit resolve_place(struct cli *cli, const struct audit_values *values,
				   struct search *search)
{
	if (values->file.size > 0 && values->data.size > 0)
		return cli_fail(cli, CLI_USAGE, "--file and --data exclude each other");
	if (values->file.size > 0)
		search->path = arena_cstr(&cli->arena, values->file);
	else if (values->data.size > 0)
		search->path =
			arena_format(&cli->arena, "%.*s/audit/audit.jsonl", STR_ARG(values->data))
				.data;
	return search->path ? CLI_OK : cli_open_session(cli);
}

static enum cli_exit follow(struct search *search, char *bytes)
{
	enum cli_exit code = CLI_OK;

	search->is_live = true;
	while (code == CLI_OK && !cli_is_interrupted()) {
		if (!cli_flush(search->cli))
			return CLI_FAILED;
		cli_sleep_ms(POLL_MS);
		if (!cli_is_interrupted())
			code = scan(search, bytes);
	}
	return cli_is_interrupted() ? CLI_OK : code;
}

static enum cli_exit run_search(struct search *search, bool follows)
{
	struct cli *cli = search->cli;
	char *bytes = heap_alloc(PIECE_SIZE);

	table_init(&search->table, cli, columns, COLUMNS);
	enum cli_exit code = scan(search, bytes);
	if (search->kept_max > 0)
		show_kept(search);
	search->has_begun = true;
	if (search->shown > 0 || follows || cli->is_json)
		table_done(&search->table);
	if (code == CLI_OK && follows)
		code = follow(search, bytes);
	else if (search->shown == 0 && code == CLI_OK)
		cli_note(cli, "No record of the audit log is like that.");
	heap_free(bytes);
	return code;
}

static enum cli_exit audit_run(struct cli *cli, const void *values_given)
{
	const struct audit_values *values = values_given;
	struct search search = {
		.cli = cli,
		.filter = {.user = values->user,
			   .event = values->event,
			   .source = values->source,
			   .error = values->error,
			   .account = values->account,
			   .resource = values->resource},
		.kept_max = values->last.is_given ? (size_t)values->last.value
			    : values->follows	  ? LAST_OF_FOLLOW
						  : 0,
	};

	enum cli_exit code = read_times(cli, values, &search.filter);
	if (code == CLI_OK)
		code = resolve_place(cli, values, &search);
	if (code)
		return code;
	if (search.kept_max > 0)
		search.kept = arena_array(&cli->arena, struct str, search.kept_max);
	arena_init(&search.arena);
	code = run_search(&search, values->follows);
	arena_done(&search.arena);
	return code;
}

const struct command audit_command = {
	.name = "audit",
	.summary = "search the audit log: who did what",
	.details =
		"Without --data or --file the server is asked, which wants an administrator of "
		"its own account. NAMEs may hold *, and capitals do not matter. With --output "
		"json records are printed as they are in the log, in CloudTrail's form.\n"
		"\n"
		"  tern audit --since 1h --error '*'\n"
		"  tern audit --user ci --event 'Delete*' --since 2026-11-01 --until 2026-11-07\n"
		"  tern audit --source kms --resource 'key/*' --output json\n"
		"  tern audit --data /var/lib/tern --follow",
	.run = audit_run,
	.is_offline = true,
	CLI_OPTIONS(audit_options, struct audit_values),
};
