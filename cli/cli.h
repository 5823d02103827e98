/* SPDX-License-Identifier: MIT */
/*
 * cli: what every command of `tern` shares: the table of commands, the run's context, messages,
 * exit codes.
 *
 * A command is a row: from it come parsing, help, completion and the manual page. One thread, one
 * context a process.
 */
#ifndef TERN_CLI_CLI_H
#define TERN_CLI_CLI_H

#include "base/base.h"
#include "client/tern.h"
#include "option.h"

#define CLI_ENDPOINT "http://127.0.0.1:4566" /* if nothing names another */

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,	     /* the service answered with a fault, or not all could be done */
	CLI_USAGE = 2,	     /* the command line, a file or a profile is wrong */
	CLI_UNREACHABLE = 3, /* no answer from the endpoint */
	CLI_INTERRUPTED = 130,
};

struct cli;
struct command {
	const char *name;
	const char *arguments; /* as usage shows them: "QUEUE [BODY...]"; NULL: none */
	const char *summary;   /* one line, no full stop */
	const char *details;   /* paragraphs below the options; NULL: none */
	size_t arguments_min, arguments_max;
	const struct option *options;
	size_t option_count;
	size_t values_size; /* of the struct that the options fill */
	enum cli_exit (*run)(struct cli *cli, const void *values);
	int (*main)(int argc, char **argv); /* instead of run: reads its own command line */
	const struct command *const *children;
	size_t child_count;
	bool is_offline; /* needs no session */
};
#define ARGUMENTS_ANY SIZE_MAX
#define CLI_OPTIONS(table, type)                                                                   \
	.options = (table), .option_count = sizeof(table) / sizeof((table)[0]),                    \
	.values_size = sizeof(type)

/* The options that every command has. */
struct cli_globals {
	struct str endpoint_url, region, profile;
	bool wants_aws, wants_help, wants_version;
	size_t output; /* "table|json" */
};
extern const struct option cli_global_options[];
extern const size_t cli_global_option_count;
extern const struct command cli_root;

struct cli {
	struct arena arena; /* lives as long as the process */
	const struct command *command;
	const char *path; /* "tern queue ls" */
	struct cli_globals globals;
	struct arguments arguments;
	struct tern_session *session;
	struct tern_call *call;
	bool is_json;
	bool is_terminal, has_color; /* of standard output */
	bool is_error_terminal, has_error_color;
};

/* Ctrl-C was pressed: stop at the next good moment. */
bool cli_is_interrupted(void);
/* While shielded, calls work and Ctrl-C waits, so that what was begun can be finished. */
void cli_shield(struct cli *cli, bool shields);
/* From now on Ctrl-C ends the session's calls; a second one ends the process. */
void cli_catch_interrupt(struct cli *cli);

/* For commands that are offline unless they are told otherwise: cli->session and cli->call. */
must_check enum cli_exit cli_open_session(struct cli *cli);
/* Runs an operation of SQS; on a failure prints it with what to do next. */
must_check enum cli_exit cli_run(struct cli *cli, uint32_t operation, const void *in, void *out);
/* The same of any service. */
must_check enum cli_exit cli_call(struct cli *cli, const struct operation *operation,
				  const void *in, void *out);
/* Prints why the last call of cli->call failed, and gives the exit code. */
enum cli_exit cli_explain(struct cli *cli, enum err err);
/* "tern: ..." on standard error; returns `code`. */
enum cli_exit cli_fail(struct cli *cli, enum cli_exit code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same without "tern: ": an advice, or progress that only people want. */
void cli_note(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * A path of ternd's own: GET, or POST of `body`. The answer's body, which is borrowed until the
 * next call; any status but 200 is a failure and is explained.
 */
must_check enum cli_exit cli_fetch(struct cli *cli, struct str path, struct str *out_body);
must_check enum cli_exit cli_post(struct cli *cli, struct str path, struct str body,
				  struct str *out_body);

/* Sleeps unless Ctrl-C is or was pressed. */
void cli_sleep_ms(int64_t ms);
/* Writes out what was printed. False, with a message, if standard output does not take it. */
bool cli_flush(struct cli *cli);

/*
 * The URL of a queue that the user gave by name, URL or ARN, in the arena. Asks the service for a
 * name's.
 */
must_check enum cli_exit cli_queue_url(struct cli *cli, struct str given, struct str *out_url);
/* All queues whose names begin with `prefix`, in the arena. */
struct queue_list {
	struct str *urls;
	size_t count;
};
must_check enum cli_exit cli_queue_list(struct cli *cli, struct str prefix,
					struct queue_list *out_list);
/* The last part of a queue's URL or ARN: its name. Borrowed. */
struct str cli_queue_name(struct str url);
/* The part of a queue's URL before its name: the account. Borrowed; empty if there is none. */
struct str cli_queue_account(struct str url);
/* Splits "NAME=VALUE"; false, with a message, if it has no '=' or no name. */
bool cli_split(struct cli *cli, const char *option, struct str text, struct str *out_name,
	       struct str *out_value);

/* The child of that name, or NULL. */
const struct command *command_find(const struct command *command, struct str name);

#endif
