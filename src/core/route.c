/* SPDX-License-Identifier: MIT */
/*
 * route: a target header means JSON, whatever the path, and its prefix the service; otherwise an
 * Action, in the query string or in a form, means Query.
 */
#include "core/route.h"

#include "core/faults.h"
#include "http/url.h"
#include "wire/credential.h"

static void refuse(struct route *route, enum common_fault fault, struct str problem)
{
	route->fault = &common_faults[fault];
	route->problem = problem;
}

static const struct operation *find_operation(const struct service *service, struct str name)
{
	size_t low = 0;
	size_t high = service->operation_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = str_compare(name, service->operations[middle].name);
		if (order == 0)
			return &service->operations[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static const struct service *find_target(const struct route_table *table, struct str prefix)
{
	for (size_t i = 0; i < table->service_count && prefix.size > 0; i++)
		if (str_equal(table->services[i]->json_target, prefix))
			return table->services[i];
	return NULL;
}

static void route_target(const struct route_table *table, struct arena *arena, struct str target,
			 struct route *route)
{
	struct str name = target;

	route->dialect = DIALECT_JSON;
	route->service = find_target(table, str_cut(&name, '.'));
	if (route->service)
		route->operation = find_operation(route->service, name);
	if (route->operation)
		return;
	if (!str_is_utf8(target))
		target = STR("(not text)");
	refuse(route, FAULT_UNKNOWN_OPERATION,
	       arena_format(arena, "The operation %.*s is not served here.", STR_ARG(target)));
}

/*
 * Only GET and POST run an operation, and only POST one in JSON, as AWS documents: whatever sends
 * other methods (preflights of browsers, link checkers) must change nothing.
 */
static bool check_method(const struct route_table *table, struct arena *arena,
			 const struct http_request *request, struct route *route)
{
	bool is_json = request->fields[HTTP_FIELD_X_AMZ_TARGET].data != NULL;

	if (request->method == HTTP_METHOD_POST || (request->method == HTTP_METHOD_GET && !is_json))
		return true;
	if (is_json)
		route->dialect = DIALECT_JSON;
	route->service = route_guess(table, request);
	route->allow = is_json ? STR("POST") : STR("GET, POST");
	refuse(route, FAULT_METHOD,
	       arena_format(arena, "%.*s requests run no operation; send %s.",
			    STR_ARG(request->method_text), is_json ? "POST" : "GET or POST"));
	return false;
}

/* "/<12 digits>/<name>": only some actions may be asked of a queue. */
static bool is_queue_path(struct str path)
{
	struct str rest = str_slice(path, 1, SIZE_MAX);
	struct str account = str_cut(&rest, '/');

	if (account.size != 12 || rest.size == 0)
		return false;
	for (size_t i = 0; i < account.size; i++)
		if (account.data[i] < '0' || account.data[i] > '9')
			return false;
	return true;
}

static bool wants_json(const struct http_request *request)
{
	struct str accept = request->fields[HTTP_FIELD_ACCEPT];

	return str_find(accept, STR("application/json"), 0) != SIZE_MAX;
}

static struct str scope_service(const struct http_request *request, const struct form *form)
{
	struct str authorization = request->fields[HTTP_FIELD_AUTHORIZATION];
	struct credential credential = {0};
	struct str scope;

	if (authorization.data)
		(void)credential_parse_header(authorization, &credential); /* absent is fine too */
	else if (form_find(form, STR("X-Amz-Credential"), &scope))
		(void)credential_parse_scope(scope, &credential);
	return credential.service;
}

/* The first service that speaks Query and fits; NULL: none does. */
static const struct service *find_service(const struct route_table *table, struct str version,
					  struct str name, struct str action)
{
	for (size_t i = 0; i < table->service_count; i++) {
		const struct service *service = table->services[i];
		if (service->query_version.size == 0)
			continue;
		if ((!version.data || str_equal(service->query_version, version)) &&
		    (!name.data || str_equal(service->name, name)) &&
		    (!action.data || find_operation(service, action)))
			return service;
	}
	return NULL;
}

/*
 * Whom a form means: its Version says, two services of one Version are told apart by the
 * credential's scope; then the scope alone, as SQS has served several versions; then the action,
 * for those who send neither.
 */
static const struct service *choose_service(const struct route_table *table,
					    const struct http_request *request,
					    const struct form *form, struct str action)
{
	struct str version = {0}, name = scope_service(request, form), none = {0};
	const struct service *service = NULL;

	if (form_find(form, STR("Version"), &version) && version.data) {
		if (name.data)
			service = find_service(table, version, name, none);
		if (!service)
			service = find_service(table, version, none, action);
		if (!service)
			service = find_service(table, version, none, none);
	}
	if (!service && name.data)
		service = find_service(table, none, name, none);
	if (!service)
		service = find_service(table, none, none, action);
	return service;
}

const struct service *route_service(const struct route_table *table, struct str name)
{
	for (size_t i = 0; i < table->service_count; i++)
		if (str_equal(table->services[i]->name, name))
			return table->services[i];
	return NULL;
}

const struct service *route_guess(const struct route_table *table,
				  const struct http_request *request)
{
	static const struct form nothing;
	struct str target = request->fields[HTTP_FIELD_X_AMZ_TARGET], none = {0};
	struct str scope = scope_service(request, &nothing);

	if (target.data)
		return find_target(table, str_cut(&target, '.'));
	return scope.data ? find_service(table, none, scope, none) : NULL;
}

static struct str unknown_action(struct arena *arena, const struct service *service,
				 struct str action)
{
	if (!str_is_utf8(action))
		action = STR("(not text)");
	if (!service || service->query_style == QUERY_STYLE_FLATTENED)
		return arena_format(arena, "The action %.*s is not valid for this endpoint.",
				    STR_ARG(action));
	if (service->query_style == QUERY_STYLE_EC2)
		return arena_format(arena, "The action %.*s is not valid for this web service.",
				    STR_ARG(action));
	return arena_format(arena, "Could not find operation %.*s for version %.*s",
			    STR_ARG(action), STR_ARG(service->query_version));
}

static void route_action(const struct route_table *table, struct arena *arena,
			 const struct http_request *request, struct str action, struct route *route)
{
	route->service = choose_service(table, request, &route->form, action);
	if (route->service && route->service->query_style == QUERY_STYLE_EC2)
		route->dialect = DIALECT_QUERY; /* EC2 does not look at Accept */
	if (route->service)
		route->operation = find_operation(route->service, action);
	if (route->operation && (route->operation->is_on_queue || !is_queue_path(route->path)))
		return;
	route->operation = NULL;
	refuse(route, FAULT_UNKNOWN_OPERATION, unknown_action(arena, route->service, action));
}

bool route_is_form(const struct http_request *request)
{
	struct str type = request->fields[HTTP_FIELD_CONTENT_TYPE];
	struct str kind = str_trim(str_cut(&type, ';'));

	return str_equal_nocase(kind, STR("application/x-www-form-urlencoded"));
}

static void route_without_action(struct arena *arena, const struct http_request *request,
				 struct route *route)
{
	if (route_is_form(request) && request->body.size > 0) {
		refuse(route, FAULT_MISSING_ACTION,
		       STR("The request must contain the parameter Action."));
		return;
	}
	if (request->method == HTTP_METHOD_POST && request->body.size > 0) {
		route->dialect = DIALECT_JSON;
		refuse(route, FAULT_UNKNOWN_OPERATION,
		       STR("The request names no operation: it has neither an X-Amz-Target header "
			   "nor an Action."));
		return;
	}
	route->is_bare = is_queue_path(route->path) || str_equal(route->path, STR("/"));
	if (route->is_bare) /* AWS answers this one in XML, whatever is accepted */
		route->dialect = DIALECT_QUERY;
	refuse(route, FAULT_UNKNOWN_OPERATION,
	       arena_format(arena, "%.*s %.*s is not served here.", STR_ARG(request->method_text),
			    STR_ARG(route->path)));
}

void route_request(const struct route_table *table, struct arena *arena,
		   const struct http_request *request, struct route *out_route)
{
	struct http_url url = http_url_split(request->target);
	struct str action;

	*out_route =
		(struct route){.dialect = wants_json(request) ? DIALECT_QUERY_JSON : DIALECT_QUERY};
	if (http_url_decode(arena, url.path, &out_route->path) != ERR_OK ||
	    !str_is_utf8(out_route->path)) {
		out_route->path = STR("/");
		refuse(out_route, FAULT_MALFORMED_QUERY, STR("The path cannot be decoded."));
		return;
	}
	if (!check_method(table, arena, request, out_route))
		return;
	if (request->fields[HTTP_FIELD_X_AMZ_TARGET].data) {
		route_target(table, arena, request->fields[HTTP_FIELD_X_AMZ_TARGET], out_route);
		return;
	}
	if (form_parse(arena, url.query, &out_route->form) != ERR_OK ||
	    (route_is_form(request) &&
	     form_add(arena, request->body, &out_route->form) != ERR_OK)) {
		refuse(out_route, FAULT_MALFORMED_QUERY,
		       STR("The query string or form cannot be decoded."));
		return;
	}
	if (form_find(&out_route->form, STR("Action"), &action))
		route_action(table, arena, request, action, out_route);
	else
		route_without_action(arena, request, out_route);
}
