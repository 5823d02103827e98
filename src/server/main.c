/* SPDX-License-Identifier: MIT */
/*
 * main: settings, then a server, until SIGTERM or SIGINT.
 *
 * Exit status: 0 after a clean stop, 1 if the server cannot run, 2 for wrong settings.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/help.h"
#include "server/process.h"
#include "server/rotate.h"
#include "server/server.h"
#include "server/version.h"

#define PROBLEM_SIZE 1024

/* Written beside it and renamed, so that whoever waits for the file never reads half of it. */
static bool write_port_file(const struct server *server, char *problem, size_t size)
{
	struct str path = server->settings->port_file;
	char temporary[4096];

	if (path.size == 0)
		return true;
	int length = snprintf(temporary, sizeof(temporary), "%.*s.new", STR_ARG(path));
	if (length < 0 || (size_t)length >= sizeof(temporary)) {
		snprintf(problem, size, "the path of --port-file is too long");
		return false;
	}
	/* A new file, as somebody else may have put a link there. */
	(void)unlink(temporary);
	FILE *file = fopen(temporary, "wxe");
	/* The port is not secret, and processes of other users may wait for the file. */
	bool is_written =
		file && fchmod(fileno(file), 0644) == 0 && fprintf(file, "%u\n", server->port) > 0;
	if (file)
		is_written = fclose(file) == 0 && is_written;
	is_written = is_written && rename(temporary, path.data) == 0;
	if (!is_written)
		snprintf(problem, size, "cannot write the port file %.*s: %s", STR_ARG(path),
			 strerror(errno));
	return is_written;
}

static void greet(const struct server *server)
{
	const struct settings *settings = server->settings;
	bool is_memory = settings->durability == DURABILITY_MEMORY;
	bool is_tls = str_starts(settings->listen.items[0], STR("tls:"));
	char endpoint[64];

	if (!settings->greets)
		return;
	if (server->port == 0) {
		printf("Tern serves SQS at %.*s\n", STR_ARG(settings->listen.items[0]));
		fflush(stdout);
		return;
	}
	snprintf(endpoint, sizeof(endpoint), "%s://127.0.0.1:%u", is_tls ? "https" : "http",
		 server->port);
	if (settings->auth == AUTH_REQUIRED) {
		printf("\nTern serves SQS at %s, to those who sign.\n\n", endpoint);
		fflush(stdout);
		return;
	}
	printf("\nTern serves SQS at %s, data in %.*s. Paste one of:\n\n"
	       "  AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=%.*s "
	       "aws sqs list-queues --endpoint-url %s\n"
	       "  boto3.client(\"sqs\", endpoint_url=\"%s\", region_name=\"%.*s\", "
	       "aws_access_key_id=\"test\", aws_secret_access_key=\"test\")\n"
	       "  build/tern queue ls --endpoint-url %s\n\n",
	       endpoint, STR_ARG(is_memory ? STR("memory") : settings->data),
	       STR_ARG(settings->region), endpoint, endpoint, STR_ARG(settings->region), endpoint);
	fflush(stdout);
}

/* The only time that the secret leaves the catalog. */
static void show_root(const struct server *server)
{
	const struct iam_new_key *root = &server->root;

	if (!server->has_new_root)
		return;
	printf("\nThe root credential of account %.*s, shown this once:\n\n"
	       "  export AWS_ACCESS_KEY_ID=%.*s\n"
	       "  export AWS_SECRET_ACCESS_KEY=%.*s\n\n"
	       "Export both, then tern key rotate --yes --write-profile admin makes another one "
	       "and disables this.\n\n",
	       STR_ARG(server->settings->account), ACCESS_KEY_ID_SIZE, root->id,
	       ACCESS_KEY_SECRET_SIZE, root->secret);
	fflush(stdout);
}

/* A connection and a segment take a descriptor each; the soft limit of a shell is often 1024. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* the lower one serves fewer clients */
	}
}

/* Returns the signal that ends the server. */
static int wait_for_end(struct server *server, const sigset_t *signals)
{
	int signal = 0;

	for (;;) {
		if (sigwait(signals, &signal) != 0)
			continue;
		if (signal != SIGHUP)
			return signal;
		server_reload(server);
	}
}

static int complain(const char *problem, int status)
{
	fprintf(stderr, "ternd: %s\n", problem);
	return status;
}

static bool repair(const struct settings *settings, char *problem, size_t size)
{
	if (settings->durability == DURABILITY_MEMORY) {
		snprintf(problem, size, "with --durability memory there is nothing to repair");
		return false;
	}
	if (!store_join(settings, problem, size))
		return false;
	printf("catalog/ and log/ of %.*s belong together from now on. The next start says if the "
	       "log has\nmessages of queues that the catalog does not know.\n",
	       STR_ARG(settings->data));
	fflush(stdout);
	return true;
}

static int serve(const struct settings *settings)
{
	char problem[PROBLEM_SIZE];
	struct server server;
	sigset_t signals;

	/* Blocked before any thread is made, so that only sigwait sees them. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	bool is_open = server_open(&server, settings, problem, sizeof(problem)) &&
		       process_confine(settings, server.store.has_ring, problem, sizeof(problem));
	if (is_open) {
		server_start(&server);
		log_event(LOG_INFO, "serving", log_str("data", settings->data));
		if (!write_port_file(&server, problem, sizeof(problem))) {
			is_open = false;
		} else {
			show_root(&server);
			greet(&server);
			log_event(LOG_INFO, "stopping",
				  log_i64("signal", wait_for_end(&server, &signals)));
		}
		server_stop(&server);
	}
	server_close(&server);
	if (!is_open)
		return complain(problem, server.is_misconfigured ? 2 : 1);
	log_event(LOG_INFO, "stopped", log_i64("pid", getpid()));
	return 0;
}

int main(int argc, char **argv)
{
	char problem[PROBLEM_SIZE];
	struct settings settings;
	int status = 0;

	base_init();
	raise_descriptor_limit();
	if (!settings_load(argc, argv, &settings, problem, sizeof(problem)) ||
	    !process_check_user(&settings, problem, sizeof(problem))) {
		status = complain(problem, 2);
	} else if (settings.wants_help) {
		help_print();
	} else if (settings.wants_manual) {
		help_print_manual();
	} else if (settings.wants_version) {
		printf("ternd %s\n", TERN_VERSION);
	} else {
		log_setup((enum log_level)settings.log_level, (enum log_format)settings.log_format);
		settings_warn_of_unknown();
		bool is_done = process_begin(&settings, problem, sizeof(problem));
		if (is_done && settings.rotates_root_key)
			is_done = rotate_root_key(&settings, problem, sizeof(problem));
		else if (is_done && settings.repair == REPAIR_JOIN)
			is_done = repair(&settings, problem, sizeof(problem));
		else if (is_done)
			status = serve(&settings);
		if (!is_done)
			status = complain(problem, 1);
	}
	settings_done(&settings);
	return status;
}
