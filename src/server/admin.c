/* SPDX-License-Identifier: MIT */
/* admin: a table of routes; the longest path that fits is taken. */
#include "server/admin.h"

#include <stdarg.h>
#include <stdio.h>

#include "access/decide.h"
#include "core/audit/audit.h"
#include "core/control.h"
#include "core/engines.h"
#include "core/identify.h"
#include "core/metric.h"
#include "format/json.h"
#include "http/url.h"
#include "server/version.h"
#include "services/sqs/state.h"

#define CLOCK_ADVANCE_MS_MAX INT64_C(3155760000000) /* a hundred years */

struct admin_route {
	struct str path;
	bool takes_more; /* a longer path is this route's too */
	bool is_inline;	 /* answered on the net thread */
	bool is_public;	 /* needs no signature */
	void (*on_get)(struct admin_call *call);
	void (*on_post)(struct admin_call *call);
};

void admin_refuse(struct admin_call *call, int status, const char *format, ...)
{
	struct json_writer json;
	va_list arguments;
	char text[512];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	call->status = status;
	buf_reset(&call->body);
	json_begin(&json, &call->body);
	json_open_object(&json);
	json_key(&json, STR("error"));
	json_str(&json, str_from(text));
	json_close_object(&json);
}

bool admin_number(struct admin_call *call, struct str name, int64_t least, int64_t most,
		  int64_t otherwise, int64_t *out_number)
{
	struct str text;

	*out_number = otherwise;
	if (!form_find(&call->query, name, &text))
		return true;
	if (str_to_i64(text, out_number) && *out_number >= least && *out_number <= most)
		return true;
	admin_refuse(call, 400, "%.*s must be a number from %lld to %lld", STR_ARG(name),
		     (long long)least, (long long)most);
	return false;
}

/* ---- health ---- */

static void health(struct admin_call *call)
{
	static const char *const durabilities[] = {"fsync", "os", "memory"};
	struct server *server = call->server;
	struct journal_stats stats = engines_journal_stats(&server->core);
	bool has_failed = stats.has_failed || catalog_has_failed(server->core.catalog);
	struct json_writer json;

	call->status = has_failed ? 503 : 200;
	json_begin(&json, &call->body);
	json_open_object(&json);
	json_key(&json, STR("status"));
	json_str(&json, has_failed ? STR("failed") : stats.is_full ? STR("disk-full") : STR("ok"));
	json_key(&json, STR("version"));
	json_str(&json, STR(TERN_VERSION));
	json_key(&json, STR("durability"));
	json_str(&json, str_from(durabilities[server->settings->durability]));
	json_key(&json, STR("started_ms"));
	json_i64(&json, server->started_ms);
	json_key(&json, STR("partitions"));
	json_i64(&json, server->core.engine_count);
	json_close_object(&json);
}

/* ---- clock ---- */

static void write_time(struct admin_call *call)
{
	struct json_writer json;

	json_begin(&json, &call->body);
	json_open_object(&json);
	json_key(&json, STR("now_ms"));
	json_i64(&json, clock_now_ms());
	json_close_object(&json);
}

static bool read_advance(struct admin_call *call, int64_t *out_ms, bool *out_is_wall)
{
	yyjson_val *root, *advance, *set, *wall;

	if (json_parse(call->arena, call->request->http.body, &root) != ERR_OK)
		root = NULL;
	advance = json_member(root, "advance_ms");
	set = json_member(root, "set_ms");
	wall = json_member(root, "wall_ms");
	*out_is_wall = yyjson_is_int(wall);
	if (*out_is_wall)
		*out_ms = yyjson_get_sint(wall);
	else if (yyjson_is_int(advance))
		*out_ms = yyjson_get_sint(advance);
	else if (yyjson_is_int(set))
		*out_ms = yyjson_get_sint(set) - clock_now_ms();
	else
		return false;
	return *out_ms >= (*out_is_wall ? -CLOCK_ADVANCE_MS_MAX : 0) &&
	       *out_ms <= CLOCK_ADVANCE_MS_MAX;
}

static void tick_engines(struct core *core)
{
	for (uint32_t place = 0; place < core->engine_count; place++) {
		struct queue_command tick = {
			.type = QUEUE_TICK, .queue = place, .now_ms = clock_now_ms()};
		core_submit_and_wait(core, &tick);
	}
}

/* Answered once all that has become due is done, so a test sees it at once. */
static void advance_clock(struct admin_call *call)
{
	struct core *core = &call->server->core;
	int64_t advance_ms;
	bool is_wall;

	if (!call->server->settings->has_test_clock) {
		admin_refuse(call, 403,
			     "the clock can be set only if ternd runs with --test-clock");
		return;
	}
	if (!read_advance(call, &advance_ms, &is_wall)) {
		admin_refuse(
			call, 400,
			"send {\"advance_ms\": N} or {\"set_ms\": N}, in milliseconds; time "
			"does not go back. {\"wall_ms\": N} moves wall time alone, back if N is "
			"negative, as if somebody set the machine's clock");
		return;
	}
	if (is_wall)
		clock_set_wall(advance_ms);
	else
		clock_shift(advance_ms);
	control_wake(core);
	tick_engines(core);
	metrics_tick(core);
	write_time(call);
}

/* ---- reset ---- */

static void write_count(void *context, const char *name, uint64_t count)
{
	struct json_writer *json = context;

	json_key(json, str_from(name));
	json_i64(json, (int64_t)count);
}

static void reset(struct admin_call *call)
{
	struct server *server = call->server;
	struct str account = server->settings->account;
	struct json_writer json;
	yyjson_val *root;

	if (!server->settings->allows_reset) {
		admin_refuse(call, 403,
			     "an account can be emptied only if ternd runs with --allow-reset");
		return;
	}
	if (json_parse(call->arena, call->request->http.body, &root) == ERR_OK &&
	    yyjson_is_str(json_member(root, "account")))
		account = json_text(json_member(root, "account"));
	json_begin(&json, &call->body);
	json_open_object(&json);
	json_key(&json, STR("account"));
	json_str(&json, account);
	if (services_reset(&server->core, account, write_count, &json) != ERR_OK) {
		buf_reset(&call->body);
		admin_refuse(call, 500, "the catalog cannot be written; see ternd's log");
		return;
	}
	json_close_object(&json);
}

/* ---- routes ---- */

static const struct admin_route routes[] = {
	{.path = STR_INIT("/_tern/health"), .is_inline = true, .is_public = true, .on_get = health},
	{.path = STR_INIT("/_tern/metrics"), .on_get = admin_metrics},
	{.path = STR_INIT("/_tern/clock"), .on_get = write_time, .on_post = advance_clock},
	{.path = STR_INIT("/_tern/reset"), .on_post = reset},
	{.path = STR_INIT("/_tern/accounts"),
	 .takes_more = true,
	 .on_get = admin_accounts,
	 .on_post = admin_accounts},
	{.path = STR_INIT("/_tern/deliveries"),
	 .takes_more = true,
	 .on_get = admin_deliveries,
	 .on_post = admin_deliveries},
	{.path = STR_INIT("/_tern/kms/doctor"), .on_get = admin_doctor},
	{.path = STR_INIT("/_tern/audit"), .takes_more = true, .on_get = admin_audit},
	{.path = STR_INIT("/_tern/queues"), .takes_more = true, .on_get = admin_queues},
	{.path = STR_INIT("/_aws/sqs/messages"),
	 .takes_more = true,
	 .on_get = admin_aws_messages,
	 .on_post = admin_aws_messages},
};

bool admin_is_vital(const struct http_request *request)
{
	/* A body would take memory that nobody bounds. */
	return request->body.size == 0 &&
	       str_equal(http_url_split(request->target).path, STR("/_tern/health"));
}

static const struct admin_route *find_route(struct str path, struct str *out_rest)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct admin_route *route = &routes[i];
		if (!str_starts(path, route->path))
			continue;
		struct str rest = str_slice(path, route->path.size, SIZE_MAX);
		if (rest.size == 0 || (route->takes_more && rest.data[0] == '/')) {
			*out_rest = str_slice(rest, 1, SIZE_MAX);
			return route;
		}
	}
	return NULL;
}

/*
 * Changes and refusals; reading metrics is not worth a record, and failures
 * of a source that is slowed down are only counted.
 */
static void record(struct admin_call *call)
{
	const struct core *core = &call->server->core;
	bool is_change = call->request->http.method == HTTP_METHOD_POST;

	if (!core->audit || !call->route || (!is_change && call->status < 400) ||
	    net_request_is_held(call->request))
		return;
	if (!call->principal && core->signers.find && call->status >= 400 &&
	    !audit_wants_unauthenticated(core->audit, core->default_account, core->default_region))
		return;
	struct audit_event event = {
		.now_ms = clock_now_ms(),
		.source = STR("tern"),
		.name = arena_format(call->arena, "%.*s %.*s",
				     STR_ARG(call->request->http.method_text),
				     STR_ARG(call->route->path)),
		.region = core->default_region,
		.account = core->default_account,
		.principal = call->principal,
		.access_key = call->access_key_id,
		.is_read_only = !is_change,
	};
	if (call->status >= 400) {
		event.error_code = call->status == 403 ? STR("AccessDenied") : STR("Refused");
		event.error_message = buf_str(&call->body);
	}
	audit_describe_request(&event, call->request);
	audit_record(core->audit, &event);
}

static void respond(struct admin_call *call)
{
	struct http_header headers[2 + BROWSER_HEADERS] = {{STR("Content-Type"), call->type}};
	size_t header_count = 1;
	struct buf body = call->body;

	if (call->allow.data)
		headers[header_count++] = (struct http_header){STR("Allow"), call->allow};
	header_count += browser_headers(&call->server->browsers, &call->request->http,
					headers + header_count);

	record(call);
	principal_release(call->principal);
	/* The call is gone with its request. */
	net_respond(call->request, call->status, headers, header_count, buf_str(&body));
	buf_done(&body);
}

static void respond_here(struct dispatch_message *message)
{
	respond(container_of(message, struct admin_call, message));
}

static void refuse_method(struct admin_call *call)
{
	const struct admin_route *route = call->route;

	call->allow = !route->on_get	? STR("POST")
		      : !route->on_post ? STR("GET, HEAD")
					: STR("GET, HEAD, POST");
	admin_refuse(call, 405, "%.*s takes %.*s only", STR_ARG(route->path), STR_ARG(call->allow));
}

static void run(struct admin_call *call)
{
	enum http_method method = call->request->http.method;
	bool is_get = method == HTTP_METHOD_GET || method == HTTP_METHOD_HEAD;

	if (is_get && call->route->on_get)
		call->route->on_get(call);
	else if (method == HTTP_METHOD_POST && call->route->on_post)
		call->route->on_post(call);
	else
		refuse_method(call);
}

static void run_on_control(struct core *core, struct core_task *task)
{
	struct admin_call *call = container_of(task, struct admin_call, task);

	(void)core;
	run(call);
	call->message.run = respond_here;
	net_thread_post(call->request->thread, &call->message.message);
}

/* The server's own account decides with its identity policies who administers the server. */
static bool is_administrator(struct admin_call *call, const struct principal *principal)
{
	const struct core *core = &call->server->core;
	const struct http_request *http = &call->request->http;
	struct source source = source_of(call->request, core->proxies);
	struct decide_request question = {.request = {
						  .principal = principal,
						  .action = STR("tern:Administer"),
						  .resource = STR("*"),
						  .resource_account = core->default_account,
						  .region = core->default_region,
						  .source_ip = source.ip,
						  .is_secure = source.is_secure,
						  .user_agent = http->fields[HTTP_FIELD_USER_AGENT],
						  .referer = http->fields[HTTP_FIELD_REFERER],
						  .now_ms = clock_now_ms(),
					  }};
	struct decision decision = decide(&question);

	if (decision.is_allowed && str_equal(principal->account, core->default_account))
		return true;
	struct str text =
		decide_explain(call->arena, &question, &decision, question.request.action);
	admin_refuse(call, 403, "%.*s", STR_ARG(text));
	return false;
}

/* Metrics name accounts and queues: a source that --metrics-from does not list must sign. */
static bool is_near(const struct admin_call *call)
{
	const struct server *server = call->server;

	return call->route->on_get == admin_metrics &&
	       source_list_has(&server->metrics_readers,
			       source_of(call->request, server->core.proxies));
}

/* The request is unsigned, so a web page may have sent it. */
static bool is_welcome(struct admin_call *call)
{
	struct str problem;

	if (dispatch_is_welcome(&call->server->core, call->request, &problem))
		return true;
	admin_refuse(call, 403, "%.*s", STR_ARG(problem));
	return false;
}

/* With --auth required, the same signatures as AWS's APIs; any service in the scope will do. */
static bool may_run(struct admin_call *call)
{
	struct net_request *request = call->request;
	const struct fault_type *fault;
	struct signature signature;
	struct str problem;

	if (!call->server->core.signers.find)
		return is_welcome(call);
	if (call->route->is_public ||
	    (is_near(call) && dispatch_is_welcome(&call->server->core, request, &problem)))
		return true;
	enum err err =
		identify_verify(net_thread_context(request->thread), request, request->http.body,
				(struct str){0}, &signature, &fault, &problem);
	if (err) {
		identify_slow_down(&call->server->core, request);
		admin_refuse(call, fault->status, "%.*s", STR_ARG(problem));
		return false;
	}
	call->principal = signature.principal;
	call->access_key_id = signature.key_id;
	return is_administrator(call, signature.principal);
}

/* If the audit log must be complete, a change needs a record. */
static bool may_change(struct admin_call *call)
{
	if (call->request->http.method != HTTP_METHOD_POST ||
	    !str_starts(call->route->path, STR("/_tern/")) ||
	    !audit_refuses(call->server->core.audit, false))
		return true;
	admin_refuse(call, 503, "the audit log is full");
	return false;
}

void admin_request(struct dispatch *dispatch, struct net_request *request)
{
	struct admin_call *call = arena_new(&request->arena, struct admin_call);
	struct http_url url = http_url_split(request->http.target);
	struct str path;

	call->server = dispatch->other;
	call->request = request;
	call->arena = &request->arena;
	call->status = 200;
	call->type = STR("application/json");
	if (http_url_decode(call->arena, url.path, &path) != ERR_OK ||
	    form_parse(call->arena, url.query, &call->query) != ERR_OK)
		admin_refuse(call, 400, "the path or the query string cannot be decoded");
	else if (!(call->route = find_route(path, &call->path)))
		admin_refuse(call, 404, "nothing is served at this path");
	bool is_refused = !call->route || !may_run(call) || !may_change(call);
	if (!is_refused && call->route->is_inline)
		run(call);
	if (is_refused || call->route->is_inline) {
		respond(call);
		return;
	}
	call->task.run = run_on_control;
	core_task_assign(&call->task, CORE_ADMIN, STR(""));
	core_post_control(&call->server->core, &call->task);
}
