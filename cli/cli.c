/* SPDX-License-Identifier: MIT */
/* cli: messages that say what to do next, Ctrl-C, and the names of queues. */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/sqs.h"
#include "base/sleep.h"
#include "base/suggest.h"
#include "format/json.h"
#include "output.h"

/* ---- messages ---- */

enum cli_exit cli_fail(struct cli *cli, enum cli_exit code, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%stern: ", output_color(cli->has_error_color, COLOR_RED));
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s\n", output_color(cli->has_error_color, COLOR_NONE));
	return code;
}

void cli_note(const struct cli *cli, const char *format, ...)
{
	va_list arguments;

	fputs(output_color(cli->has_error_color, COLOR_DIM), stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s\n", output_color(cli->has_error_color, COLOR_NONE));
}

struct hint {
	struct str code;
	const char *text;
};

/* Advice for a fault, by its Query code or its shape. */
static const struct hint hints[] = {
	{STR_INIT("AWS.SimpleQueueService.NonExistentQueue"),
	 "See what is there with: tern queue ls. Make one with: tern queue create NAME"},
	{STR_INIT("QueueAlreadyExists"),
	 "Change the one that exists with: tern queue set NAME --attribute NAME=VALUE"},
	{STR_INIT("AWS.SimpleQueueService.QueueDeletedRecently"), "Try again in a minute."},
	{STR_INIT("AWS.SimpleQueueService.PurgeQueueInProgress"), "Try again in a minute."},
	{STR_INIT("ReceiptHandleIsInvalid"), "Receive the message again to get a new handle."},
	{STR_INIT("OverLimit"), "Delete or release messages that are in flight first."},
	{STR_INIT("InvalidAttributeName"), "See the names with: tern queue show QUEUE"},
	{STR_INIT("UnrecognizedClientException"),
	 "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile."},
	{STR_INIT("InvalidClientTokenId"),
	 "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile."},
	{STR_INIT("InvalidSignatureException"),
	 "Check AWS_SECRET_ACCESS_KEY, the region and this machine's clock."},
	{STR_INIT("SignatureDoesNotMatch"),
	 "Check AWS_SECRET_ACCESS_KEY, the region and this machine's clock."},
	{STR_INIT("ExpiredToken"), "Get new temporary credentials."},
	{STR_INIT("ExpiredTokenException"), "Get new temporary credentials."},
	{STR_INIT("UnknownOperationException"), "Does an SQS endpoint listen there?"},
};

static const char *find_hint(const struct tern_fault *fault)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (str_equal(hints[i].code, fault->code) || str_equal(hints[i].code, fault->shape))
			return hints[i].text;
	return NULL;
}

enum cli_exit cli_explain(struct cli *cli, enum err err)
{
	const struct tern_fault *fault = tern_call_fault(cli->call);

	if (cli_is_interrupted())
		return CLI_INTERRUPTED;
	if (err == ERR_CLOSED) {
		cli_fail(cli, CLI_UNREACHABLE, "%.*s", STR_ARG(fault->message));
		cli_note(cli, "Is a server running there? Start one with: ternd. Or name another "
			      "with --endpoint-url or AWS_ENDPOINT_URL.");
		return CLI_UNREACHABLE;
	}
	struct str message = output_printable(&cli->arena, fault->message, false);
	if (message.size == 0)
		message = err_text(err);
	if (fault->code.size == 0)
		return cli_fail(cli, CLI_FAILED, "%.*s", STR_ARG(message));
	cli_fail(cli, CLI_FAILED, "%.*s (%.*s)", STR_ARG(message), STR_ARG(fault->code));
	const char *hint = find_hint(fault);
	if (hint)
		cli_note(cli, "%s", hint);
	return CLI_FAILED;
}

bool cli_flush(struct cli *cli)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	if (errno != EPIPE) /* the reader has had enough: nothing to tell it */
		cli_fail(cli, CLI_FAILED, "cannot write to standard output: %s", strerror(errno));
	return false;
}

/* ---- Ctrl-C ---- */

static volatile sig_atomic_t is_interrupted;
static struct tern_session *interruptible;

static void on_interrupt(int signal_number)
{
	(void)signal_number;
	is_interrupted = 1;
	tern_session_stop(interruptible);
}

void cli_catch_interrupt(struct cli *cli)
{
	struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};

	interruptible = cli->session;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool cli_is_interrupted(void)
{
	return is_interrupted;
}

void cli_shield(struct cli *cli, bool shields)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	check(sigprocmask(shields ? SIG_BLOCK : SIG_UNBLOCK, &signals, NULL) == 0);
	/* It may have come while the answer did that is now worked on. */
	if (shields)
		tern_session_resume(cli->session);
	else if (is_interrupted)
		tern_session_stop(cli->session);
}

static bool is_over(const void *unused)
{
	(void)unused;
	return is_interrupted;
}

void cli_sleep_ms(int64_t ms)
{
	sleep_unless(ms, is_over, NULL);
}

/* ---- operations and queues ---- */

enum cli_exit cli_call(struct cli *cli, const struct operation *operation, const void *in,
		       void *out)
{
	enum err err = tern_call_run(cli->call, operation, in, out);

	return err ? cli_explain(cli, err) : CLI_OK;
}

enum cli_exit cli_run(struct cli *cli, uint32_t operation, const void *in, void *out)
{
	return cli_call(cli, &sqs_operations[operation], in, out);
}

static struct str last_part(struct str text, char separator)
{
	for (size_t i = text.size; i > 0; i--)
		if (text.data[i - 1] == separator)
			return str_slice(text, i, text.size);
	return text;
}

struct str cli_queue_name(struct str url)
{
	return str_starts(url, STR("arn:")) ? last_part(url, ':') : last_part(url, '/');
}

struct str cli_queue_account(struct str url)
{
	struct str name = cli_queue_name(url);

	if (name.size == url.size)
		return (struct str){0};
	return cli_queue_name(str_slice(url, 0, url.size - name.size - 1));
}

/* The name among the caller's queues that was probably meant; NULL: none, or it may not list them.
 */
static const char *suggest_queue(struct cli *cli, struct str name)
{
	const struct sqs_list_queues_in in = {.max_results = LIMIT_LIST_RESULTS,
					      .has_max_results = true};
	struct sqs_list_queues_out out;

	if (tern_call_run(cli->call, &sqs_operations[SQS_LIST_QUEUES], &in, &out) != ERR_OK)
		return NULL;
	const char **names = arena_array(&cli->arena, const char *, out.queue_urls_count);
	for (size_t i = 0; i < out.queue_urls_count; i++)
		names[i] = arena_cstr(&cli->arena, cli_queue_name(out.queue_urls[i]));
	return suggest_name(name, names, out.queue_urls_count);
}

static enum cli_exit explain_queue(struct cli *cli, struct str given, enum err err)
{
	const struct tern_fault *fault = tern_call_fault(cli->call);

	if (!str_equal(fault->code, STR("AWS.SimpleQueueService.NonExistentQueue")) &&
	    !str_equal(fault->shape, STR("QueueDoesNotExist")))
		return cli_explain(cli, err);
	struct str name = cli_queue_name(given);
	const char *meant = suggest_queue(cli, name);
	if (meant)
		return cli_fail(cli, CLI_FAILED,
				"queue '%.*s' does not exist; did you mean '%s'? 'tern queue ls' "
				"lists all",
				STR_ARG(name), meant);
	return cli_fail(cli, CLI_FAILED,
			"queue '%.*s' does not exist in region %.*s; 'tern queue ls' lists all, "
			"'tern queue create %.*s' makes it",
			STR_ARG(name), STR_ARG(tern_session_region(cli->session)), STR_ARG(name));
}

enum cli_exit cli_queue_url(struct cli *cli, struct str given, struct str *out_url)
{
	struct sqs_get_queue_url_in in = {.queue_name = given};
	struct sqs_get_queue_url_out out;

	if (str_find(given, STR("://"), 0) != SIZE_MAX) {
		*out_url = given;
		return CLI_OK;
	}
	if (str_starts(given, STR("arn:"))) {
		in.queue_name = cli_queue_name(given);
		in.queue_owner_aws_account_id = cli_queue_account(given);
	}
	enum err err = tern_call_run(cli->call, &sqs_operations[SQS_GET_QUEUE_URL], &in, &out);
	if (err)
		return explain_queue(cli, given, err);
	*out_url = arena_copy(&cli->arena, out.queue_url);
	return CLI_OK;
}

enum cli_exit cli_queue_list(struct cli *cli, struct str prefix, struct queue_list *out_list)
{
	const struct sqs_list_queues_in in = {.queue_name_prefix =
						      prefix.size > 0 ? prefix : (struct str){0},
					      .max_results = LIMIT_LIST_RESULTS,
					      .has_max_results = true};
	struct sqs_list_queues_out out;
	struct tern_pager pager;
	struct buf urls = {0};
	enum err err;

	tern_pager_init(&pager, cli->call, &sqs_operations[SQS_LIST_QUEUES], &in);
	while (!(err = tern_pager_next(&pager, &out))) {
		for (size_t i = 0; i < out.queue_urls_count; i++) {
			struct str url = arena_copy(&cli->arena, out.queue_urls[i]);
			buf_append(&urls, str_of(&url, sizeof(url)));
		}
	}
	tern_pager_done(&pager);
	out_list->count = urls.size / sizeof(struct str);
	out_list->urls = arena_array(&cli->arena, struct str, out_list->count);
	if (urls.size > 0)
		memcpy(out_list->urls, urls.data, urls.size);
	buf_done(&urls);
	return err == ERR_NOTFOUND ? CLI_OK : cli_explain(cli, err);
}

/* ---- ternd's own paths ---- */

static enum cli_exit refuse_answer(struct cli *cli, int status, struct str body)
{
	yyjson_val *root;
	struct str error = {0};

	if (json_parse(&cli->arena, body, &root) == ERR_OK)
		error = json_text(json_member(root, "error"));
	if (error.size == 0)
		error = STR("the endpoint does not know what only ternd has");
	cli_fail(cli, CLI_FAILED, "%.*s (HTTP %d)", STR_ARG(error), status);
	if (status == 403)
		cli_note(cli, "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile: "
			      "what only ternd has is for administrators.");
	return CLI_FAILED;
}

enum cli_exit cli_fetch(struct cli *cli, struct str path, struct str *out_body)
{
	int status;

	enum err err = tern_call_fetch(cli->call, &sqs_client_service, path, &status, out_body);
	if (err)
		return cli_explain(cli, err);
	return status == 200 ? CLI_OK : refuse_answer(cli, status, *out_body);
}

enum cli_exit cli_post(struct cli *cli, struct str path, struct str body, struct str *out_body)
{
	int status;

	enum err err =
		tern_call_post(cli->call, &sqs_client_service, path, body, &status, out_body);
	if (err)
		return cli_explain(cli, err);
	return status == 200 ? CLI_OK : refuse_answer(cli, status, *out_body);
}

bool cli_split(struct cli *cli, const char *option, struct str text, struct str *out_name,
	       struct str *out_value)
{
	struct str value = text;
	struct str name = str_cut(&value, '=');

	if (name.size == 0 || !value.data) {
		cli_fail(cli, CLI_USAGE, "--%s wants NAME=VALUE, not \"%.*s\"", option,
			 STR_ARG(text));
		return false;
	}
	*out_name = name;
	*out_value = value;
	return true;
}
