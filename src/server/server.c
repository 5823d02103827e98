/* SPDX-License-Identifier: MIT */
/*
 * server: the order of things.
 *
 * Up: store, engine, services, sockets, threads. Down: first deliveries end, while the threads that
 * they need still run; then the net threads, which answers all requests; then what the control
 * thread has begun; then the engine, once all of it is durable.
 */
#include "server/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "access/issuers.h"
#include "base/rotated.h"
#include "core/audit/audit.h"
#include "core/consumer.h"
#include "core/control.h"
#include "core/data_keys.h"
#include "core/digest.h"
#include "core/due.h"
#include "core/internal.h"
#include "core/limit/penalty.h"
#include "core/metering.h"
#include "core/metric.h"
#include "core/obligation.h"
#include "core/obligation_list.h"
#include "core/runner.h"
#include "core/seal/session_store.h"
#include "core/worker.h"
#include "journal/journal.h"
#include "net/tls.h"
#include "server/address.h"
#include "server/admin.h"
#include "server/audit_setup.h"
#include "server/browsers.h"
#include "server/deliveries.h"
#include "server/endpoints.h"
#include "server/iam_files.h"
#include "server/mail.h"
#include "server/services.h"
#include "server/throttling.h"
#include "server/upgrade.h"

#define GRACE_MS 10000
#define PATH_SIZE 4096
#define WORK_GRACE_MS 1000 /* an RSA key that begins then is made before GRACE_MS is over */
enum { SPARE_SEGMENTS = 3, HOT_MESSAGES = 262144, WINDOW = 512 };

/* ---- net threads ---- */

static void *thread_init(struct net_thread *thread, void *context)
{
	struct server *server = context;
	uint32_t index = net_thread_index(thread);

	server->threads[index].dispatch = &server->dispatch;
	server->threads[index].core = &server->core;
	server->threads[index].meter = metering_thread(&server->core, index);
	if (server->is_attached && index == 0)
		runner_attach(server->core.runners[0], thread);
	return &server->threads[index];
}

/* Only the first partition's may be attached. NULL: it is not. */
static struct runner *attached_runner(struct net_thread *thread)
{
	struct dispatch_thread *mine = net_thread_context(thread);
	struct runner *runner = mine->dispatch->core->runners[0];

	return runner_net_thread(runner) == thread ? runner : NULL;
}

static void thread_done(struct net_thread *thread)
{
	struct runner *runner = attached_runner(thread);

	if (runner)
		runner_detach(runner);
}

static void on_turn(struct net_thread *thread)
{
	struct runner *runner = attached_runner(thread);
	struct dispatch_thread *mine = net_thread_context(thread);

	digest_turn(mine);
	if (runner)
		runner_turn(runner);
	/* An answer of the engine may have gone on to a message that waits for its digest. */
	if (mine->digests)
		net_thread_wake(thread);
}

static void on_drain(struct net_thread *thread)
{
	struct dispatch_thread *mine = net_thread_context(thread);

	runners_each(mine->dispatch->core, runner_stop_engine);
}

/* ---- up ---- */

static void log_recovery(uint32_t place, const struct journal_report *report)
{
	log_event(LOG_INFO, "log recovered", log_i64("partition", place),
		  log_i64("records", (int64_t)report->records),
		  log_i64("torn_bytes", (int64_t)report->torn_bytes));
	if (report->damage_count > 0)
		log_event(LOG_ERROR, "the log is damaged; the rest of it is served",
			  log_i64("partition", place), log_i64("places", report->damage_count),
			  log_str("first", str_from(report->damage)));
}

/* The partitions share what memory a server gives to messages. */
static bool open_engine(struct server *server, uint32_t place, char *problem, size_t size)
{
	const struct settings *settings = server->settings;
	uint32_t count = server->store.parts.log_count;
	struct journal_report report = {0};
	struct runner_options options = {
		.disk = server->store.disks[place],
		.blocks_commits = settings->durability == DURABILITY_FSYNC,
		.engine.journal =
			{
				.durability = settings->durability == DURABILITY_FSYNC
						      ? JOURNAL_FSYNC
						      : JOURNAL_OS,
				.segment_size = (uint32_t)settings->segment_mib << 20,
				.spare_segments = SPARE_SEGMENTS,
				.pads_batches = settings->durability == DURABILITY_FSYNC,
				.recent_size = settings->durability == DURABILITY_MEMORY
						       ? 0
						       : LIMIT_JOURNAL_RECENT_SIZE / count,
			},
		.engine.hot_messages_max = HOT_MESSAGES / count,
		.engine.window = WINDOW,
	};

	enum err err = runner_new(&server->core, &options, &report);
	if (err) {
		if (report.damage_count > 0)
			log_event(LOG_ERROR, "the log is damaged", log_i64("partition", place),
				  log_str("first", str_from(report.damage)));
		store_explain(settings, err, problem, size);
		return false;
	}
	log_recovery(place, &report);
	return true;
}

static bool open_engines(struct server *server, char *problem, size_t size)
{
	for (uint32_t i = 0; i < server->store.parts.log_count; i++)
		if (!open_engine(server, i, problem, size))
			return false;
	return true;
}

static bool start_services(struct server *server, enum service_stage stage, char *problem,
			   size_t size)
{
	const struct settings *settings = server->settings;
	const struct service_module *failed;
	struct str text = STR("the catalog cannot be read or written");
	struct arena arena;
	struct service_start start = {
		.arena = &arena,
		.config = settings->config_text,
		.is_open = settings->auth == AUTH_OPEN,
		.data = settings->durability == DURABILITY_MEMORY ? (struct str){0}
								  : settings->data,
		.is_durable = settings->durability == DURABILITY_FSYNC,
	};

	arena_init(&arena);
	enum err err = services_start(&server->core, stage, &start, &text, &failed);
	server->is_misconfigured = err == ERR_FAULT;
	if (err == ERR_FAULT)
		snprintf(problem, size, "the configuration %.*s: %.*s", STR_ARG(settings->config),
			 STR_ARG(text));
	else if (err)
		store_explain(settings, err, problem, size);
	arena_done(&arena);
	return !err;
}

/* Authentication of callers. The first start with --auth required makes a credential. */
static bool open_accounts(struct server *server, char *problem, size_t size)
{
	bool is_open = server->settings->auth == AUTH_OPEN;
	struct core *core = &server->core;

	enum err err = ERR_OK;
	if (!is_open && iam_is_locked_out(core, core->default_account)) {
		err = iam_root_key_create(core, core->default_account, &server->root);
		server->has_new_root = !err;
	}
	if (err) {
		store_explain(server->settings, err, problem, size);
		return false;
	}
	core->issuers = issuers_new();
	if (!iam_files_read_policies(core, server->settings, problem, size) ||
	    !iam_files_read_keys(core, server->settings, problem, size))
		return false;
	core->sessions = session_store_new(core->seal, core->directory);
	if (!is_open) {
		core->signers = session_store_signers(core->sessions);
		core->is_enforcing = true;
	}
	return true;
}

static bool parse_sources(struct server *server, const char *setting, struct str text,
			  struct source_list *out_list, char *problem, size_t size)
{
	struct str part;

	if (source_list_parse(&server->arena, text, out_list, &part))
		return true;
	snprintf(problem, size,
		 "%s: \"%.*s\" is neither an address nor a network such as 192.0.2.0/24, nor unix",
		 setting, STR_ARG(part));
	return false;
}

/* Sets the trusted proxies, and the delays of failed authentication. */
static bool open_sources(struct server *server, char *problem, size_t size)
{
	const struct settings *settings = server->settings;

	if (!parse_sources(server, "--trusted-proxies", settings->trusted_proxies, &server->proxies,
			   problem, size) ||
	    !parse_sources(server, "--metrics-from", settings->metrics_from,
			   &server->metrics_readers, problem, size))
		return false;
	server->core.proxies = &server->proxies;
	server->browsers = browsers_rules(settings, &server->arena);
	server->browsers.services = &server->core.routes;
	server->core.browsers = &server->browsers;
	if (settings->auth == AUTH_REQUIRED)
		server->core.penalty = penalty_new();
	return true;
}

static bool open_throttle(struct server *server, char *problem, size_t size)
{
	const struct route_table *routes = &server->dispatch.routes;

	if (!throttling_open(server->settings, routes->services, routes->service_count,
			     &server->throttle, problem, size))
		return false;
	server->core.throttle = server->throttle;
	return true;
}

static const char *listen_problem(enum err err, struct str address)
{
	switch (err) {
	case ERR_BUSY:
		return "somebody listens there already; stop that server, or choose another with "
		       "--listen";
	case ERR_INVALID:
		return "not an address; write ADDR:PORT, [ADDR6]:PORT or unix:PATH";
	default:
		break;
	}
	if (errno == EADDRNOTAVAIL)
		return "this machine has no such address; name one that it has";
	if (errno == EACCES && !str_starts(address, STR("unix:")))
		return "ports below 1024 are root's; choose another, or start as root with --user";
	return strerror(errno);
}

static bool load_tls(struct server *server, char *problem, size_t size)
{
	const struct settings *settings = server->settings;
	struct tls_files files = {
		.certificate = settings->tls_certificate.data,
		.key = settings->tls_key.data,
		.client_ca = settings->tls_client_ca.size > 0 ? settings->tls_client_ca.data : NULL,
	};
	struct tls_context *context;

	if (tls_context_new(&files, &context, problem, size) != ERR_OK)
		return false;
	net_server_set_tls(server->net, context);
	return true;
}

static bool has_tls(const struct settings *settings)
{
	if (address_is_tls(settings->endpoint_listen))
		return true;
	for (size_t i = 0; i < settings->listen.count; i++)
		if (address_is_tls(settings->listen.items[i]))
			return true;
	return false;
}

/* A certificate is read even if no address uses it, so that a mistake shows at once. */
static bool open_tls(struct server *server, char *problem, size_t size)
{
	const struct settings *settings = server->settings;
	bool has_certificate = settings->tls_certificate.size > 0;
	bool has_key = settings->tls_key.size > 0;

	if (!has_certificate && !has_key && !has_tls(settings))
		return true;
	if (!has_certificate || !has_key) {
		snprintf(problem, size,
			 "TLS needs a certificate and its key: give --tls-cert and --tls-key; "
			 "tern cert create makes both");
		return false;
	}
	return load_tls(server, problem, size);
}

void server_reload(struct server *server)
{
	const struct settings *settings = server->settings;
	char problem[1024];

	if (server->core.audit)
		audit_reopen(server->core.audit);
	if (settings->oidc_keys.size > 0 &&
	    !iam_files_read_keys(&server->core, settings, problem, sizeof(problem)))
		log_event(LOG_ERROR, "the old keys of OpenID Connect issuers stay in use",
			  log_str("error", str_from(problem)));
	if (settings->tls_certificate.size == 0)
		log_event(LOG_INFO, "no certificate to read again",
			  log_str("certificate", STR("none")));
	else if (load_tls(server, problem, sizeof(problem)))
		log_event(LOG_INFO, "certificate read",
			  log_str("certificate", settings->tls_certificate));
	else
		log_event(LOG_ERROR, "the old certificate stays in use",
			  log_str("error", str_from(problem)));
}

static bool listen_on(struct server *server, struct str address, struct net_listening *out,
		      char *problem, size_t size)
{
	enum err err = net_listen(server->net, address, out);
	if (err) {
		server->is_misconfigured = err == ERR_INVALID || errno == EADDRNOTAVAIL;
		snprintf(problem, size, "cannot listen on %.*s: %s", STR_ARG(address),
			 listen_problem(err, address));
		return false;
	}
	if (address_may_listen(server->settings, address, problem, size))
		return true;
	server->is_misconfigured = true;
	net_unlisten(server->net, out->listener);
	return false;
}

/* Opens and closes the addresses as a test: until the data directory is read, clients must be
 * refused, not wait. */
static bool try_listeners(struct server *server, char *problem, size_t size)
{
	const struct settings_list *listen = &server->settings->listen;
	struct net_listening listening;

	for (size_t i = 0; i < listen->count; i++) {
		if (!listen_on(server, listen->items[i], &listening, problem, size))
			return false;
		net_unlisten(server->net, listening.listener);
	}
	return true;
}

/* Bound; nothing is taken from them before server_start. */
static bool open_listeners(struct server *server, char *problem, size_t size)
{
	const struct settings_list *listen = &server->settings->listen;

	for (size_t i = 0; i < listen->count; i++) {
		struct net_listening listening;
		if (!listen_on(server, listen->items[i], &listening, problem, size))
			return false;
		if (i == 0)
			server->port = listening.port;
		server->core.first_endpoint = listening.listener + 1;
		log_event(LOG_INFO, "listening", log_str("address", listen->items[i]),
			  log_i64("port", listening.port));
	}
	return true;
}

static void set_base_url(struct server *server)
{
	const struct settings *settings = server->settings;

	snprintf(server->base_url, sizeof(server->base_url), "%s://localhost:%u",
		 address_is_tls(settings->listen.items[0]) ? "https" : "http",
		 (unsigned)server->port);
	server->core.base_url =
		settings->public_url.size > 0 ? settings->public_url : str_from(server->base_url);
}

static void make_net(struct server *server)
{
	const struct settings *settings = server->settings;
	struct net_options options = {
		.threads = (uint32_t)settings->threads,
		.context = server,
		.thread_init = thread_init,
		.thread_done = thread_done,
		.on_request = dispatch_request,
		.on_abort = dispatch_abort,
		.on_half_close = dispatch_abort,
		.on_refusal = dispatch_refusal,
		.on_message = dispatch_message,
		.on_turn = on_turn,
		.on_timer = on_turn,
		.on_drain = on_drain,
		.connections_max = (uint32_t)settings->connections,
		.head_ms = (uint32_t)settings->head_ms,
		.body_ms = (uint32_t)settings->body_ms,
		.idle_ms = (uint32_t)settings->idle_ms,
		.connections_per_source = (uint32_t)settings->connections_per_source,
		.exempt = server->proxies.networks,
		.exempt_count = server->proxies.count,
		.is_vital = admin_is_vital,
	};

	server->net = net_server_new(&options);
	server->threads = heap_alloc(options.threads * sizeof(*server->threads));
	server->dispatch = (struct dispatch){
		.core = &server->core,
		.routes = server->core.routes,
		.on_other = admin_request,
		.other = server,
	};
}

static uint32_t worker_count(const struct settings *settings)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (settings->workers > 0)
		return (uint32_t)settings->workers;
	return processors < 2 ? 2 : processors > 64 ? 64 : (uint32_t)processors;
}

/* Checks that need no data directory, so that a mistake leaves no new one behind. */
static bool check_settings(struct server *server, char *problem, size_t size)
{
	server->is_misconfigured = true;
	if (!open_sources(server, problem, size))
		return false;
	make_net(server);
	if (!open_throttle(server, problem, size) ||
	    !quotas_parse(server->settings->quotas, &server->quotas, problem, size) ||
	    !open_tls(server, problem, size) || !endpoints_check(server, problem, size) ||
	    !deliveries_open(server->settings, &server->outbound, problem, size) ||
	    !mail_relay_open(server->settings, &server->mail, problem, size))
		return false;
	server->core.mail = server->mail;
	server->is_misconfigured = false;
	return true;
}

static bool open_deliveries(struct server *server, char *problem, size_t size)
{
	enum err err = obligations_open(&server->core);
	if (!err)
		err = obligations_reclaim(&server->core);
	if (err)
		store_explain(server->settings, err, problem, size);
	return !err;
}

/* Converts what an earlier version stored. */
static bool upgrade(struct server *server, char *problem, size_t size)
{
	enum err err = upgrade_records(&server->core);

	if (err)
		store_explain(server->settings, err, problem, size);
	return !err;
}

/* Does what became due while the server was down. */
static bool start_due(struct server *server, char *problem, size_t size)
{
	enum err err = due_start(&server->core);

	if (err)
		store_explain(server->settings, err, problem, size);
	return !err;
}

/* Damaged metrics are no reason not to serve messages: they are put aside. */
static enum err put_aside(const char *path)
{
	char aside[PATH_SIZE], stamp[ROTATED_STAMP_SIZE + 1];

	rotated_format(clock_now_ms(), stamp);
	if (snprintf(aside, sizeof(aside), "%s.damaged-%s", path, stamp) >= (int)sizeof(aside) ||
	    rename(path, aside) != 0)
		return ERR_DAMAGED;
	log_event(LOG_ERROR, "the metrics are damaged and were put aside; new ones begin",
		  log_str("path", str_from(aside)));
	return ERR_OK;
}

static bool open_metrics(struct server *server, char *problem, size_t size)
{
	const struct settings *settings = server->settings;
	char path[PATH_SIZE];
	const struct metrics_options options = {
		.directory = settings->durability == DURABILITY_MEMORY ? NULL : path,
		.collector = metric_usage_collector(&server->metric_usage),
	};

	int length = snprintf(path, sizeof(path), "%.*s/metrics", STR_ARG(settings->data));
	check(length < (int)sizeof(path)); /* the catalog's was longer */
	enum err err = metrics_open(&server->core, &options);
	if (err == ERR_DAMAGED && put_aside(path) == ERR_OK)
		err = metrics_open(&server->core, &options);
	if (err)
		store_explain(server->settings, err, problem, size);
	else
		metrics_start(&server->core);
	return !err;
}

bool server_open(struct server *server, const struct settings *settings, char *problem, size_t size)
{
	*server = (struct server){
		.settings = settings,
		.started_ms = clock_now_ms(),
		.is_attached = settings->threads == 1,
	};
	struct core *core = &server->core;
	arena_init(&server->arena);
	core->default_account = settings->account;
	core->default_region = settings->region;
	core->drops_unknown_queues = settings->drops_unknown_queues;
	core->delays_recreate = settings->delays_recreate;
	core->delays_purge = !settings->allows_quick_purge;
	core->signs_http_only = settings->sns_signatures == SIGNATURES_HTTP;
	core->webhook_url = settings->webhook_url;
	core_data_keys_open(core);
	internals_open(core);
	consumers_open(core);
	core->workers = workers_new(worker_count(settings));
	services_bind(core, service_modules, service_module_count);
	metering_open(core, (uint32_t)settings->threads);
	if (!check_settings(server, problem, size) || !try_listeners(server, problem, size))
		return false;
	core->quotas = &server->quotas;
	if (!store_open(settings, core, &server->store, problem, size) ||
	    !upgrade(server, problem, size))
		return false;
	control_new(core);
	metering_start(core);
	if (!open_metrics(server, problem, size))
		return false;
	due_new(core);
	if (!start_services(server, SERVICE_BEFORE_ENGINE, problem, size) ||
	    !open_accounts(server, problem, size) || !open_engines(server, problem, size) ||
	    !audit_setup(settings, &core->audit, problem, size) ||
	    !start_services(server, SERVICE_AFTER_ENGINE, problem, size) ||
	    !open_deliveries(server, problem, size) || !start_due(server, problem, size) ||
	    !open_listeners(server, problem, size))
		return false;
	endpoints_bind(core);
	if (!start_services(server, SERVICE_AFTER_LISTENERS, problem, size))
		return false;
	set_base_url(server);
	/* The user that the data directory is given to next must own all files in it. */
	runners_each(core, runner_rest);
	return true;
}

void server_start(struct server *server)
{
	struct core *core = &server->core;

	for (uint32_t i = server->is_attached ? 1 : 0; i < core->engine_count; i++)
		runner_start_thread(core->runners[i]);
	control_start(&server->core);
	net_server_start(server->net);
	deliveries_start(&server->core, server->outbound, server->net,
			 (uint32_t)server->settings->threads);
}

/* ---- down ---- */

void server_stop(struct server *server)
{
	struct core *core = &server->core;

	/* Attempts in progress need the net threads to end. */
	deliveries_stop(core, server->outbound);
	workers_stop(core->workers, WORK_GRACE_MS);
	net_server_stop(server->net, GRACE_MS);
	/* Afterwards nothing comes from them to the control thread. */
	workers_join(core->workers);
	/* The control thread may still wait for the engine, which has lost its net thread. */
	if (server->is_attached)
		runner_start_thread(core->runners[0]);
	control_stop(core);
	runners_each(core, runner_stop_thread);
	/* An answer that came after its thread had ended is carried to its end here. */
	do
		runners_each(core, runner_drain);
	while (control_drain(core) || net_server_drain(server->net));
}

void server_close(struct server *server)
{
	struct core *core = &server->core;

	runners_each(core, runner_drain);
	workers_free(&core->workers);
	metrics_stop(core);
	due_free(core);
	control_free(core);
	runners_free(core);
	consumers_close(core);
	obligations_close(core);
	outbound_free(&server->outbound);
	audit_close(&core->audit);
	services_stop(core, SERVICE_AFTER_LISTENERS);
	services_stop(core, SERVICE_AFTER_ENGINE);
	session_store_free(&core->sessions);
	issuers_free(&core->issuers);
	services_stop(core, SERVICE_BEFORE_ENGINE);
	store_close(&server->store);
	mail_relay_close(&server->mail);
	core_data_keys_close(core);
	internals_close(core);
	metering_close(core);
	metrics_close(core);
	seal_free(&core->seal);
	for (int64_t i = 0; server->threads && i < server->settings->threads; i++)
		dispatch_thread_done(&server->threads[i]);
	net_server_free(&server->net);
	throttle_free(&server->throttle);
	penalty_free(&core->penalty);
	services_unbind(core);
	arena_done(&server->arena);
	heap_free(server->threads);
}
