/* SPDX-License-Identifier: MIT */
/*
 * dispatch: a call begins on its connection's net thread and is answered there. park.c runs it in
 * between, on other threads.
 */
#include "core/dispatch.h"

#include <string.h>

#include "core/admit.h"
#include "core/browser.h"
#include "core/identify.h"
#include "core/metering.h"
#include "core/partition.h"
#include "core/request_context.h"
#include "core/service.h"
#include "http/coding.h"
#include "http/url.h"
#include "wire/dialect.h"
#include "wire/faults.h"

/* ---- answering ---- */

static struct wire_message answer_begin(struct request_context *context, struct buf *body)
{
	struct call *call = &context->call;
	struct wire_message answer = {
		.arena = call->arena,
		.body = body,
		.request_id = str_of(call->request_id, UUID_TEXT_SIZE),
	};

	wire_message_header(&answer, STR("x-amzn-RequestId"), answer.request_id);
	return answer;
}

static void respond(struct request_context *context, struct wire_message *answer)
{
	const struct core *core = context->call.core;
	struct http_header headers[BROWSER_HEADERS];

	if (context->allow.data)
		wire_message_header(answer, STR("Allow"), context->allow);
	size_t count = core->browsers
			       ? browser_headers(core->browsers, &context->request->http, headers)
			       : 0;
	for (size_t i = 0; i < count; i++)
		wire_message_header(answer, headers[i].name, headers[i].value);
	net_respond(context->request, answer->status, answer->headers, answer->header_count,
		    buf_str(answer->body));
}

static void answer_http(struct request_context *context, enum err result)
{
	struct buf *body = &context->thread->body;
	struct call *call = &context->call;

	buf_reset(body);
	struct wire_message answer = answer_begin(context, body);
	if (result == ERR_OK)
		call->dialect->encode(&answer, call->operation, call->out);
	else
		call->dialect->encode_fault(&answer, context->service, call->fault,
					    call->fault_text);
	call_end(call);
	respond(context, &answer);
	if (body->capacity > 1 << 20)
		buf_done(body);
}

/* ---- beginning ---- */

static bool is_host(struct str host)
{
	if (host.size == 0 || host.size > 255)
		return false;
	for (size_t i = 0; i < host.size; i++) {
		char c = host.data[i];
		bool is_word =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!is_word && !memchr(".-_:[]", c, 6))
			return false;
	}
	return true;
}

/* "Host" of a request as a URL; the settings' if it has none. In the request's arena. */
static struct str base_url_of(const struct core *core, struct net_request *request)
{
	struct str host = request->http.fields[HTTP_FIELD_HOST];
	struct str proto = request->http.fields[HTTP_FIELD_X_FORWARDED_PROTO];

	if (!is_host(host))
		return core->base_url;
	bool is_secure = request->is_tls || str_equal(proto, STR("https"));
	struct str scheme = is_secure ? STR("https://") : STR("http://");
	char *url = arena_bytes(&request->arena, scheme.size + host.size);
	memcpy(url, scheme.data, scheme.size);
	memcpy(url + scheme.size, host.data, host.size);
	return str_of(url, scheme.size + host.size);
}

static enum err decode(struct request_context *context, const struct route *route)
{
	struct call *call = &context->call;
	void *in = arena_alloc(call->arena, route->operation->in->size);
	struct str problem = {0};

	enum err err =
		route->dialect->decode(call->arena, &context->request->http, route, in, &problem);
	if (err == ERR_NOTFOUND) {
		call->unknown_parameter = problem;
		err = ERR_OK;
	}
	if (err && problem.size == 0)
		problem = STR("The request cannot be decoded.");
	if (err)
		return fail(call, &common_faults[FAULT_SERIALIZATION], "%.*s", STR_ARG(problem));
	call->in = in;
	call->out = arena_alloc(call->arena, route->operation->out->size);
	partition_enter(call);
	return ERR_OK;
}

static void route_to_fault(struct route *route, enum common_fault fault, struct str problem)
{
	route->operation = NULL;
	route->is_bare = false;
	route->fault = &common_faults[fault];
	route->problem = problem;
}

/* Decodes Content-Encoding, then selects the operation; a body that cannot be read still has a
 * dialect. */
static void route(struct request_context *context, struct route *out_route)
{
	const struct route_table *all = &context->thread->dispatch->routes;
	struct http_request *http = &context->request->http;
	const struct service *only;
	struct str body = {0};

	enum err err = http_body_decode(context->call.arena, http, &body);
	http->body = body;
	if (context->call.endpoint) {
		only = route_service(all, context->call.endpoint->service);
		const struct route_table table = {&only, only ? 1 : 0, NULL};
		route_request(&table, context->call.arena, http, out_route);
	} else {
		route_request(all, context->call.arena, http, out_route);
	}
	if (err == ERR_NOTFOUND)
		route_to_fault(out_route, FAULT_UNKNOWN_CODING,
			       STR("The only Content-Encoding that is understood is gzip."));
	else if (err == ERR_TOOLARGE)
		route_to_fault(out_route, FAULT_TOO_LARGE,
			       STR("The decompressed request body is too large."));
	else if (err)
		route_to_fault(out_route, FAULT_MALFORMED_HTTP,
			       STR("The request body is not what its Content-Encoding says."));
}

static void respond_bare(struct request_context *context)
{
	struct buf *body = &context->thread->body;

	buf_reset(body);
	struct wire_message answer = answer_begin(context, body);
	wire_message_header(&answer, STR("Content-Type"), STR("text/xml"));
	answer.status = 404;
	buf_append(body, STR("<UnknownOperationException/>"));
	call_end(&context->call);
	respond(context, &answer);
}

static struct request_context *context_new(struct net_request *request)
{
	struct dispatch_thread *thread = net_thread_context(request->thread);
	struct request_context *context = arena_new(&request->arena, struct request_context);

	request_context_init(context, thread->dispatch->core, &request->arena);
	context->answer = answer_http;
	context->home = request->thread;
	context->request = request;
	context->thread = thread;
	context->call.dialect = &dialect_query;
	context->meter = thread->meter;
	request->user = context;
	return context;
}

void dispatch_abort(struct net_request *request)
{
	struct request_context *context = request->user;

	if (context)
		call_abort(context);
}

bool dispatch_is_welcome(const struct core *core, struct net_request *request,
			 struct str *out_problem)
{
	return !core->browsers ||
	       browser_is_welcome(core->browsers, &request->arena, &request->http,
				  net_request_is_unix(request), out_problem);
}

/* A signed request is accepted: a page cannot sign unless it was given a key. */
static bool may_come(const struct core *core, struct net_request *request, struct str *out_problem)
{
	return core->signers.find || dispatch_is_welcome(core, request, out_problem);
}

/* Answers a preflight request of a browser; false: it is another request. */
static bool answer_preflight(const struct core *core, struct net_request *request)
{
	struct http_header headers[BROWSER_PREFLIGHT_HEADERS];
	struct str problem;
	size_t count;

	if (!core->browsers ||
	    !browser_is_preflight(core->browsers, &request->http, headers, &count) ||
	    !may_come(core, request, &problem))
		return false;
	net_respond(request, 204, headers, count, STR(""));
	return true;
}

/*
 * True if the request is a link that a message contains: its recipient may read it on any page, and
 * what the link says authorizes the operation.
 */
static bool is_link(struct request_context *context)
{
	const struct http_request *http = &context->request->http;
	struct route route;

	if (http->method != HTTP_METHOD_GET || context->call.endpoint)
		return false;
	route_request(&context->thread->dispatch->routes, context->call.arena, http, &route);
	return route.operation && route.operation->is_link;
}

static enum err check_page(struct request_context *context)
{
	struct call *call = &context->call;
	struct str problem;

	if (may_come(call->core, context->request, &problem) || is_link(context))
		return ERR_OK;
	identify_dialect(context);
	return fail(call, &common_faults[FAULT_FOREIGN], "%.*s", STR_ARG(problem));
}

/* Identifies the caller and the operation; sets call->principal. */
static enum err receive(struct request_context *context, struct route *out_route)
{
	struct call *call = &context->call;
	struct str body = context->request->http.body;

	enum err err = identify_coded(context);
	if (!err) {
		route(context, out_route);
		call->dialect = out_route->dialect;
		call->path = out_route->path;
		call->operation = out_route->operation;
		context->service = out_route->service;
		err = identify(context, body, &out_route->form);
	}
	if (err)
		identify_slow_down(call->core, context->request);
	return err;
}

/* Answers a GET of a service's page; false: it is another request. */
static bool answer_page(const struct core *core, struct net_request *request, struct str path)
{
	struct service_page page;

	if (request->http.method != HTTP_METHOD_GET || path.size < 2 ||
	    !services_find_page(core, path, &page))
		return false;
	const struct http_header header = {STR("Content-Type"), page.content_type};
	net_respond(request, 200, &header, 1, page.body);
	return true;
}

static void answer_unrouted(struct request_context *context, const struct route *place)
{
	context->thread->meter->operations->unrouted++;
	context->allow = place->allow;
	context->call.fault = place->fault;
	context->call.fault_text = place->problem;
	if (place->is_bare)
		respond_bare(context);
	else
		call_finish(context, ERR_FAULT);
}

void dispatch_request(struct net_request *request)
{
	struct dispatch_thread *thread = net_thread_context(request->thread);
	struct dispatch *dispatch = thread->dispatch;
	struct str path = http_url_split(request->http.target).path;
	const struct endpoint *endpoint;
	struct route place;

	if (answer_preflight(dispatch->core, request))
		return;
	if (!identify_endpoint(dispatch->core, request, &endpoint)) {
		net_request_end(request);
		return;
	}
	if (!endpoint && dispatch->on_other && str_starts(path, STR("/_"))) {
		dispatch->on_other(dispatch, request);
		return;
	}
	if (!endpoint && answer_page(dispatch->core, request, path))
		return;
	struct request_context *context = context_new(request);
	identify_origin(context, endpoint);
	enum err err = check_page(context);
	if (!err)
		err = receive(context, &place);
	if (err) {
		call_finish(context, err);
		return;
	}
	if (!place.operation) {
		answer_unrouted(context, &place);
		return;
	}
	context->call.base_url = base_url_of(dispatch->core, request);
	context->call.trace_header = request->http.fields[HTTP_FIELD_X_AMZN_TRACE_ID];
	context->size = request->http.body.size;
	err = call_admit(&context->call);
	if (!err)
		err = decode(context, &place);
	if (err)
		call_finish(context, err);
	else
		call_begin(context);
}

void dispatch_message(struct net_thread *thread, struct mailbox_message *message)
{
	struct dispatch_message *mine = container_of(message, struct dispatch_message, message);

	(void)thread;
	mine->run(mine);
}

void dispatch_thread_done(struct dispatch_thread *thread)
{
	buf_done(&thread->body);
	arena_done(&thread->refusal);
	principal_release(thread->root);
}
