/* SPDX-License-Identifier: MIT */
/* One table of options: name, value, help text and where the value goes. */
#include "bench_options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum kind {
	KIND_FLAG,
	KIND_TEXT,
	KIND_COUNT32,
	KIND_COUNT64,
	KIND_SECONDS,
	KIND_RATE,
	KIND_PIDS,
	KIND_SIGN_ONCE,
	KIND_UNSIGNED,
	KIND_OUTPUT,
};

struct option_row {
	const char *name;
	const char *value; /* its name in the help; NULL: takes none */
	enum kind kind;
	size_t offset;
	uint64_t min, max;
	const char *help;
};

#define AT(member) offsetof(struct bench_options, member)
static const struct option_row rows[] = {
	{"endpoint-url", "URL", KIND_TEXT, AT(endpoint_url), 0, 0,
	 "server (AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL, http://127.0.0.1:4566)"},
	{"queue", "NAME", KIND_TEXT, AT(queue_name), 0, 0,
	 "made before and deleted after (tern-bench-PID)"},
	{"keep-queue", NULL, KIND_FLAG, AT(keeps_queue), 0, 0, "do not delete the queue"},
	{"fifo", NULL, KIND_FLAG, AT(is_fifo), 0, 0, "a FIFO queue; a message group each request"},
	{"sse", "none|sqs|KEY", KIND_TEXT, AT(sse), 0, 0,
	 "the queue's encryption at rest: none, SSE-SQS, or SSE-KMS with that key (the server's "
	 "own default)"},
	{"attributes", NULL, KIND_FLAG, AT(has_attributes), 0, 0,
	 "three message attributes on each message"},
	{"batch", "N", KIND_COUNT32, AT(batch), 1, BENCH_BATCH_MAX, "messages a request (1)"},
	{"size", "BYTES", KIND_COUNT32, AT(body_size), BENCH_STAMP_SIZE, BENCH_BODY_SIZE_MAX,
	 "of each message body (1024)"},
	{"connections", "N", KIND_COUNT32, AT(connections), 1, BENCH_CONNECTIONS_MAX,
	 "keep-alive connections, one request at a time on each (64)"},
	{"producers", "N", KIND_COUNT32, AT(producers), 1, BENCH_CONNECTIONS_MAX,
	 "cycle: connections that only send (half of them)"},
	{"consumers", "N", KIND_COUNT32, AT(consumers), 1, BENCH_CONNECTIONS_MAX,
	 "cycle: connections that receive and delete (0: each connection does all in turn)"},
	{"wait", "SECONDS", KIND_COUNT32, AT(wait_seconds), 0, 20,
	 "WaitTimeSeconds of a receive (0; with --consumers 20)"},
	{"duration", "SECONDS", KIND_SECONDS, AT(duration_ns), 0, 86400, "measured time (5)"},
	{"count", "N", KIND_COUNT64, AT(message_count), 1, UINT64_C(1) << 40,
	 "stop after N messages, in whole batches, instead of after a time"},
	{"warmup", "SECONDS", KIND_SECONDS, AT(warmup_ns), 0, 3600,
	 "load before the measuring starts (0)"},
	{"rate", "N", KIND_RATE, AT(rate), 0, 0,
	 "send N messages a second whatever the answers do; times from the intended moment"},
	{"backlog", "N", KIND_COUNT64, AT(backlog), 1, 1000000,
	 "messages put in the queue for receive and delete (50000)"},
	{"query", NULL, KIND_FLAG, AT(is_query), 0, 0, "the Query protocol instead of JSON 1.0"},
	{"request", "FILE", KIND_TEXT, AT(request_file), 0, 0,
	 "raw: the body of each request, for operations of other services"},
	{"content-type", "TEXT", KIND_TEXT, AT(content_type), 0, 0,
	 "of the requests (application/x-amz-json-1.0, with --query that of a form)"},
	{"target", "TEXT", KIND_TEXT, AT(target), 0, 0, "X-Amz-Target (AmazonSQS.OPERATION)"},
	{"service", "NAME", KIND_TEXT, AT(service), 0, 0, "that requests are signed for (sqs)"},
	{"sign-once", NULL, KIND_SIGN_ONCE, 0, 0, 0,
	 "sign the first request only: the same bytes on the wire, valid only where nobody checks"},
	{"unsigned", NULL, KIND_UNSIGNED, 0, 0, 0,
	 "no Authorization header, so about 300 bytes less a request"},
	{"region", "NAME", KIND_TEXT, AT(region), 0, 0,
	 "AWS_REGION, AWS_DEFAULT_REGION (us-east-1)"},
	{"server-pid", "PID[,PID...]", KIND_PIDS, 0, 0, 0,
	 "report CPU and memory of these processes"},
	{"output", "json|table", KIND_OUTPUT, 0, 0, 0, "form of the report (table)"},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static const char *const mode_names[] = {
	[BENCH_MODE_SEND] = "send",	[BENCH_MODE_RECEIVE] = "receive",
	[BENCH_MODE_DELETE] = "delete", [BENCH_MODE_CYCLE] = "cycle",
	[BENCH_MODE_RAW] = "raw",
};

const char *bench_mode_text(enum bench_mode mode)
{
	return mode_names[mode];
}

static void print_help(FILE *file)
{
	fputs("usage: tern bench send|receive|delete|cycle|raw [OPTION...]\n\n"
	      "  send     SendMessage, or SendMessageBatch with --batch\n"
	      "  receive  ReceiveMessage of a queue filled before\n"
	      "  delete   DeleteMessage or DeleteMessageBatch of messages received before\n"
	      "  cycle    send, receive, delete\n"
	      "  raw      the request of send to any HTTP server; 200 is success\n\n",
	      file);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		char left[40];
		snprintf(left, sizeof(left), "--%s %s", rows[i].name,
			 rows[i].value ? rows[i].value : "");
		fprintf(file, "  %-28s %s\n", left, rows[i].help);
	}
}

__attribute__((format(printf, 1, 2))) static bool complain(const char *format, ...)
{
	va_list arguments;

	fputs("tern bench: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputs("; --help lists the options\n", stderr);
	return false;
}

static bool pids_parse(const char *value, struct bench_options *options)
{
	struct str rest = str_from(value);

	while (rest.data) {
		uint64_t pid;
		if (!str_to_u64(str_cut(&rest, ','), &pid) || pid == 0 || pid > INT32_MAX ||
		    options->server_pid_count == BENCH_SERVER_PIDS_MAX)
			return complain("--server-pid takes up to %d process ids, not '%s'",
					BENCH_SERVER_PIDS_MAX, value);
		options->server_pids[options->server_pid_count++] = (pid_t)pid;
	}
	return true;
}

static bool decimal_parse(const struct option_row *row, const char *value, double *out)
{
	char *end;
	double number = strtod(value, &end);

	if (end == value || *end != '\0' || !(number >= 0))
		return complain("--%s takes a number, not '%s'", row->name, value);
	*out = number;
	return true;
}

static bool whole_parse(const struct option_row *row, const char *value, uint64_t *out)
{
	if (!str_to_u64(str_from(value), out) || *out < row->min || *out > row->max)
		return complain("--%s takes a number from %llu to %llu, not '%s'", row->name,
				(unsigned long long)row->min, (unsigned long long)row->max, value);
	return true;
}

static bool option_set(const struct option_row *row, const char *value,
		       struct bench_options *options)
{
	void *target = (char *)options + row->offset;
	uint64_t whole;
	double decimal = 0;

	switch (row->kind) {
	case KIND_FLAG:
		*(bool *)target = true;
		return true;
	case KIND_TEXT:
		*(const char **)target = value;
		return true;
	case KIND_COUNT32:
		if (!whole_parse(row, value, &whole))
			return false;
		*(uint32_t *)target = (uint32_t)whole;
		return true;
	case KIND_COUNT64:
		return whole_parse(row, value, (uint64_t *)target);
	case KIND_SECONDS:
		if (!decimal_parse(row, value, &decimal))
			return false;
		if (decimal > (double)row->max)
			return complain("--%s is at most %llu", row->name,
					(unsigned long long)row->max);
		*(int64_t *)target = (int64_t)(decimal * 1e9);
		return true;
	case KIND_RATE:
		return decimal_parse(row, value, (double *)target);
	case KIND_PIDS:
		return pids_parse(value, options);
	case KIND_SIGN_ONCE:
		options->signing = BENCH_SIGN_ONCE;
		return true;
	case KIND_UNSIGNED:
		options->signing = BENCH_SIGN_NONE;
		return true;
	case KIND_OUTPUT:
		options->is_json_output = strcmp(value, "json") == 0;
		if (!options->is_json_output && strcmp(value, "table") != 0)
			return complain("--output takes json or table, not '%s'", value);
		return true;
	}
	return false;
}

static const struct option_row *row_find(struct str name)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (str_equal(str_from(rows[i].name), name))
			return &rows[i];
	return NULL;
}

/* "--name value", "--name=value" or a mode. Moves *index to the last argument used. */
static bool argument_read(int argc, char **argv, int *index, struct bench_options *options,
			  bool *has_mode)
{
	const char *argument = argv[*index];

	if (strncmp(argument, "--", 2) != 0) {
		for (size_t i = 0; i < sizeof(mode_names) / sizeof(mode_names[0]); i++) {
			if (strcmp(argument, mode_names[i]) == 0 && !*has_mode) {
				options->mode = (enum bench_mode)i;
				*has_mode = true;
				return true;
			}
		}
		return complain("'%s' is no operation to measure", argument);
	}
	struct str rest = str_from(argument + 2);
	struct str name = str_cut(&rest, '=');
	const struct option_row *row = row_find(name);
	if (!row)
		return complain("there is no option %s", argument);
	const char *value = rest.data;
	if (!row->value && value)
		return complain("--%s takes no value", row->name);
	if (row->value && !value) {
		if (*index + 1 == argc)
			return complain("--%s needs a value", row->name);
		value = argv[++*index];
	}
	return option_set(row, value, options);
}

static bool text_copy(char *out, size_t out_size, struct str text)
{
	if (text.size == 0 || text.size >= out_size)
		return false;
	memcpy(out, text.data, text.size);
	out[text.size] = '\0';
	return true;
}

/* http://host[:port][/path], with [address] for IPv6. */
static bool endpoint_parse(const char *url, struct bench_endpoint *out)
{
	struct str rest = str_from(url);

	out->is_tls = str_starts(rest, STR("https://"));
	if (!out->is_tls && !str_starts(rest, STR("http://")))
		return complain("the endpoint '%s' is no http:// or https:// address", url);
	rest = str_slice(rest, out->is_tls ? 8 : 7, SIZE_MAX);
	size_t slash = str_find_char(rest, '/', 0);
	struct str authority = str_slice(rest, 0, slash);
	struct str path = slash == SIZE_MAX ? STR("/") : str_slice(rest, slash, SIZE_MAX);
	struct str host = authority;
	struct str port = out->is_tls ? STR("443") : STR("80");
	size_t bracket = str_find_char(authority, ']', 0);
	size_t colon = str_find_char(authority, ':', bracket == SIZE_MAX ? 0 : bracket);
	if (colon != SIZE_MAX) {
		host = str_slice(authority, 0, colon);
		port = str_slice(authority, colon + 1, SIZE_MAX);
	}
	if (str_starts(host, STR("[")) && str_ends(host, STR("]")))
		host = str_slice(host, 1, host.size - 2);
	if (!text_copy(out->host, sizeof(out->host), host) ||
	    !text_copy(out->port, sizeof(out->port), port) ||
	    !text_copy(out->authority, sizeof(out->authority), authority) ||
	    !text_copy(out->path, sizeof(out->path), path))
		return complain("the endpoint '%s' is not scheme://host[:port][/path]", url);
	return true;
}

static const char *environment(const char *first, const char *second, const char *otherwise)
{
	const char *value = getenv(first);

	if (!value || !*value)
		value = second ? getenv(second) : NULL;
	return value && *value ? value : otherwise;
}

/* The text lives as long as the process, like the others. */
static bool request_read(struct bench_options *options)
{
	static char bytes[BENCH_BODY_SIZE_MAX + 1];
	FILE *file = fopen(options->request_file, "re");

	if (!file)
		return complain("%s cannot be read", options->request_file);
	size_t size = fread(bytes, 1, sizeof(bytes), file);
	bool is_bad = ferror(file) != 0;
	fclose(file);
	if (is_bad || size > BENCH_BODY_SIZE_MAX)
		return complain("%s cannot be read, or is longer than 1 MiB",
				options->request_file);
	options->request = str_of(bytes, size);
	return true;
}

/* Checks that options fit each other. */
static bool options_resolve(struct bench_options *options)
{
	if (!options->queue_name) {
		static char name[80];
		snprintf(name, sizeof(name), "tern-bench-%d%s", (int)getpid(),
			 options->is_fifo ? ".fifo" : "");
		options->queue_name = name;
	}
	if (options->is_fifo && !str_ends(str_from(options->queue_name), STR(".fifo")))
		return complain("the name of a FIFO queue ends in .fifo");
	if (options->mode != BENCH_MODE_CYCLE && (options->consumers || options->producers))
		return complain("--producers and --consumers belong to cycle");
	if (options->consumers && !options->producers)
		options->producers = options->connections / 2 ? options->connections / 2 : 1;
	if (options->producers && !options->consumers)
		return complain("--producers needs --consumers");
	if (options->consumers)
		options->connections = options->producers + options->consumers;
	if (options->wait_seconds == UINT32_MAX)
		options->wait_seconds = options->consumers ? 20 : 0;
	if (options->request_file && options->mode != BENCH_MODE_RAW)
		return complain("--request belongs to raw");
	if (options->request_file && !request_read(options))
		return false;
	if (options->rate > 0 && options->mode != BENCH_MODE_SEND &&
	    options->mode != BENCH_MODE_CYCLE && options->mode != BENCH_MODE_RAW)
		return complain("--rate belongs to what sends");
	uint64_t batch = options->batch;
	options->message_count = (options->message_count + batch - 1) / batch * batch;
	options->backlog = (options->backlog + batch - 1) / batch * batch;
	return endpoint_parse(options->endpoint_url, &options->endpoint);
}

bool bench_options_parse(int argc, char **argv, struct bench_options *out_options, int *out_status)
{
	struct bench_options options = {
		.endpoint_url = environment("AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL",
					    "http://127.0.0.1:4566"),
		.region = environment("AWS_REGION", "AWS_DEFAULT_REGION", "us-east-1"),
		.access_key = environment("AWS_ACCESS_KEY_ID", NULL, "test"),
		.secret_key = environment("AWS_SECRET_ACCESS_KEY", NULL, "test"),
		.session_token = environment("AWS_SESSION_TOKEN", NULL, NULL),
		.service = "sqs",
		.batch = 1,
		.connections = 64,
		.wait_seconds = UINT32_MAX,
		.body_size = 1024,
		.backlog = 50000,
		.duration_ns = INT64_C(5000000000),
	};
	bool has_mode = false;

	*out_status = 2;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			print_help(stdout);
			*out_status = 0;
			return false;
		}
		if (!argument_read(argc, argv, &i, &options, &has_mode))
			return false;
	}
	if (!has_mode) {
		print_help(stderr);
		return false;
	}
	if (!options_resolve(&options))
		return false;
	*out_options = options;
	return true;
}
