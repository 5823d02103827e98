/* SPDX-License-Identifier: MIT */
/*
 * route: a target header selects AWS JSON, whatever the path, and its prefix the service; without
 * one an Action, in the query string or in a form, selects Query.
 */
#include "wire/route.h"

#include "http/url.h"
#include "wire/credential.h"
#include "wire/faults.h"
#include "wire/path.h"

static void refuse(struct route *route, enum common_fault fault, struct str problem)
{
	route->fault = &common_faults[fault];
	route->problem = problem;
}

const struct operation *route_operation(const struct service *service, struct str name)
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

static bool has_key(const struct service *service, enum route_key kind, struct str text)
{
	switch (kind) {
	case ROUTE_NAME:
		return str_equal(service_signing_name(service), text);
	case ROUTE_TARGET:
		return str_equal(service->json_target, text);
	case ROUTE_CBOR:
		return str_equal(service->cbor_name, text);
	default:
		return service->query_version.size > 0 && route_operation(service, text);
	}
}

/* NULL: no service has the key, or the text is empty. */
static const struct service *find_key(const struct route_table *table, enum route_key kind,
				      struct str text)
{
	if (table->index)
		return route_index_find(table->index, kind, text);
	for (size_t i = 0; i < table->service_count && text.size > 0; i++)
		if (has_key(table->services[i], kind, text))
			return table->services[i];
	return NULL;
}

static bool refuse_method(struct arena *arena, const struct http_request *request,
			  struct route *route, struct str allow, const char *advice)
{
	route->allow = allow;
	refuse(route, FAULT_METHOD,
	       arena_format(arena, "%.*s requests run no operation; send %s.",
			    STR_ARG(request->method_text), advice));
	return false;
}

/*
 * Only POST runs an operation in JSON, and only GET and POST one in Query, as AWS documents:
 * requests with other methods (preflights of browsers, link checkers) must change nothing.
 */
void route_target(const struct route_table *table, struct arena *arena,
		  const struct http_request *request, struct route *route)
{
	struct str target = request->fields[HTTP_FIELD_X_AMZ_TARGET], name = target;

	(void)table; /* the caller has chosen the service */
	(void)str_cut(&name, '.');
	if (request->method != HTTP_METHOD_POST) {
		refuse_method(arena, request, route, STR("POST"), "POST");
		return;
	}
	if (route->service)
		route->operation = route_operation(route->service, name);
	if (route->operation)
		return;
	if (!str_is_utf8(target))
		target = STR("(not text)");
	refuse(route, FAULT_UNKNOWN_OPERATION,
	       arena_format(arena, "The operation %.*s is not served here.", STR_ARG(target)));
}

static bool is_account(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	return text.size == 12;
}

/* "{account}" takes 12 digits, "{name}" one segment, "{name+}" the rest of the path. */
static bool is_at(struct str path_template, struct str path)
{
	(void)str_cut(&path_template, '/');
	(void)str_cut(&path, '/');
	while (path_template.size > 0) {
		struct str wanted = str_cut(&path_template, '/');
		if (str_ends(wanted, STR("+}")))
			return path.size > 0;
		struct str segment = str_cut(&path, '/');
		bool is_right = str_equal(wanted, STR("{account}")) ? is_account(segment)
				: str_starts(wanted, STR("{"))	    ? segment.size > 0
								    : str_equal(wanted, segment);
		if (!is_right)
			return false;
	}
	return path.size == 0;
}

/* True if the path is that of a resource: only some operations may be sent there. */
static bool is_resource_path(const struct route_table *table, struct str path)
{
	for (size_t i = 0; i < table->service_count; i++) {
		struct str at = table->services[i]->resource_path;
		if (at.size > 0 && is_at(at, path))
			return true;
	}
	return false;
}

/* True if the body is declared as a form, as that of Query is. */
static bool is_form(const struct http_request *request)
{
	struct str type = request->fields[HTTP_FIELD_CONTENT_TYPE];
	struct str kind = str_trim(str_cut(&type, ';'));

	return str_equal_nocase(kind, STR("application/x-www-form-urlencoded"));
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

/* The service that speaks Query and has that name; NULL: none does. */
static const struct service *find_named(const struct route_table *table, struct str name)
{
	const struct service *service = find_key(table, ROUTE_NAME, name);

	return service && service->query_version.size > 0 ? service : NULL;
}

/* The first service of that version; with the action, if its data is not NULL. */
static const struct service *find_version(const struct route_table *table, struct str version,
					  struct str action)
{
	for (size_t i = 0; i < table->service_count; i++) {
		const struct service *service = table->services[i];
		if (service->query_version.size > 0 && str_equal(service->query_version, version) &&
		    (!action.data || route_operation(service, action)))
			return service;
	}
	return NULL;
}

/*
 * The service of a form: its Version names it, and the credential's scope distinguishes two
 * services of one Version; then the scope alone, as SQS has served several versions; then the
 * action, for requests that have neither.
 */
static const struct service *choose_service(const struct route_table *table,
					    const struct http_request *request,
					    const struct form *form, struct str action)
{
	struct str version = {0}, name = scope_service(request, form), none = {0};
	const struct service *named = find_named(table, name), *service = NULL;

	if (form_find(form, STR("Version"), &version) && version.data) {
		if (named && str_equal(named->query_version, version))
			return named;
		service = find_version(table, version, action);
		if (!service)
			service = find_version(table, version, none);
	}
	if (!service)
		service = named ? named : find_key(table, ROUTE_ACTION, action);
	return service;
}

const struct service *route_service(const struct route_table *table, struct str name)
{
	return find_key(table, ROUTE_NAME, name);
}

uint32_t route_operation_number(const struct route_table *table, const struct operation *operation)
{
	uint32_t number = operation->index;

	for (size_t i = 0; i < table->service_count; i++) {
		if (table->services[i] == operation->service)
			return number;
		number += table->services[i]->operation_count;
	}
	check(false); /* the table has all services */
	return 0;
}

const struct operation *route_operation_at(const struct route_table *table, uint32_t number)
{
	for (size_t i = 0; i < table->service_count; i++) {
		if (number < table->services[i]->operation_count)
			return &table->services[i]->operations[number];
		number -= table->services[i]->operation_count;
	}
	check(false); /* the table has all services */
	return NULL;
}

static const struct dialect *dialect_of(const struct service *service)
{
	return service && service->query_style == QUERY_STYLE_EC2 ? &dialect_ec2 : &dialect_query;
}

static const struct dialect *rest_dialect_of(const struct service *service)
{
	return service->rest == REST_JSON ? &dialect_rest_json : &dialect_rest_xml;
}

/* Of "/prefix/service/<name>/operation/<name>"; false: the path has not this form. */
static bool split_cbor_path(struct str path, struct str *out_service, struct str *out_operation)
{
	struct str segments[4];

	for (size_t i = 4; i-- > 0;) {
		size_t slash = path.size;
		while (slash > 0 && path.data[slash - 1] != '/')
			slash--;
		if (slash == 0)
			return false;
		segments[i] = str_slice(path, slash, SIZE_MAX);
		path = str_slice(path, 0, slash - 1);
	}
	*out_service = segments[1];
	*out_operation = segments[3];
	return str_equal(segments[0], STR("service")) && str_equal(segments[2], STR("operation"));
}

/* By the shape's name, with or without its namespace. */
static const struct service *find_cbor_service(const struct route_table *table, struct str name)
{
	while (str_find_char(name, '.', 0) != SIZE_MAX)
		(void)str_cut(&name, '.');
	return find_key(table, ROUTE_CBOR, name);
}

static bool is_cbor(const struct http_request *request)
{
	return str_equal(request->fields[HTTP_FIELD_SMITHY_PROTOCOL], STR("rpc-v2-cbor"));
}

const struct dialect *route_guess(const struct route_table *table,
				  const struct http_request *request,
				  const struct service **out_service)
{
	static const struct form nothing;
	struct str target = request->fields[HTTP_FIELD_X_AMZ_TARGET];

	*out_service = NULL;
	if (is_cbor(request)) {
		struct str name, operation;
		if (split_cbor_path(http_url_split(request->target).path, &name, &operation))
			*out_service = find_cbor_service(table, name);
		return &dialect_cbor;
	}
	if (target.data) {
		*out_service = find_key(table, ROUTE_TARGET, str_cut(&target, '.'));
		return &dialect_json;
	}
	struct str scope = scope_service(request, &nothing);
	const struct service *named = scope.data ? route_service(table, scope) : NULL;
	if (named && named->rest) {
		*out_service = named;
		return rest_dialect_of(named);
	}
	if (scope.data)
		*out_service = find_named(table, scope);
	return is_form(request) ? dialect_of(*out_service) : NULL;
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
	if (route->service && !route->service->accepts_json)
		route->dialect = dialect_of(route->service);
	if (route->service)
		route->operation = route_operation(route->service, action);
	if (route->operation &&
	    (route->operation->is_at_resource || !is_resource_path(table, route->path)))
		return;
	route->operation = NULL;
	refuse(route, FAULT_UNKNOWN_OPERATION, unknown_action(arena, route->service, action));
}

static void route_without_action(const struct route_table *table, struct arena *arena,
				 const struct http_request *request, struct route *route)
{
	if (is_form(request) && request->body.size > 0) {
		refuse(route, FAULT_MISSING_ACTION,
		       STR("The request must contain the parameter Action."));
		return;
	}
	if (request->method == HTTP_METHOD_POST && request->body.size > 0) {
		route->dialect = &dialect_json;
		refuse(route, FAULT_UNKNOWN_OPERATION,
		       STR("The request names no operation: it has neither an X-Amz-Target header "
			   "nor an Action."));
		return;
	}
	route->is_bare = is_resource_path(table, route->path) || str_equal(route->path, STR("/"));
	if (route->is_bare) /* AWS answers this one in XML, whatever is accepted */
		route->dialect = &dialect_query;
	refuse(route, FAULT_UNKNOWN_OPERATION,
	       arena_format(arena, "%.*s %.*s is not served here.", STR_ARG(request->method_text),
			    STR_ARG(route->path)));
}

void route_path(const struct route_table *table, struct arena *arena,
		const struct http_request *request, struct route *route)
{
	struct http_url url = http_url_split(request->target);
	struct str allow = {0};

	(void)table; /* the caller has chosen the service */
	check(route->service);
	if (form_parse(arena, url.query, &route->form) != ERR_OK) {
		refuse(route, FAULT_MALFORMED_QUERY, STR("The query string cannot be decoded."));
		return;
	}
	route->operation = path_find(arena, route->service, request->method_text, url.path,
				     &route->form, &allow);
	if (route->operation)
		return;
	if (allow.data) {
		route->allow = allow;
		refuse(route, FAULT_METHOD,
		       STR("The specified method is not allowed against this resource."));
		return;
	}
	refuse(route, FAULT_UNKNOWN_OPERATION,
	       arena_format(arena, "%.*s %.*s is not served here.", STR_ARG(request->method_text),
			    STR_ARG(route->path)));
}

void route_cbor(const struct route_table *table, struct arena *arena,
		const struct http_request *request, struct route *route)
{
	struct str service, operation;

	(void)table; /* the caller has chosen the service */
	if (request->method != HTTP_METHOD_POST) {
		refuse_method(arena, request, route, STR("POST"), "POST");
		return;
	}
	/* Smithy: servers refuse what could be taken for another protocol. */
	bool is_target = request->fields[HTTP_FIELD_X_AMZ_TARGET].data != NULL;
	if (route->service && !is_target &&
	    split_cbor_path(http_url_split(request->target).path, &service, &operation))
		route->operation = route_operation(route->service, operation);
	if (!route->operation)
		refuse(route, FAULT_UNKNOWN_OPERATION,
		       is_target ? STR("A request of RPC v2 CBOR must have no X-Amz-Target header.")
				 : arena_format(arena, "The operation %.*s is not served here.",
						STR_ARG(route->path)));
}

/* The service of an unsigned REST request: the first whose paths have this one. */
static const struct service *find_by_path(const struct route_table *table, struct arena *arena,
					  const struct http_request *request)
{
	static const struct form nothing;
	struct http_url url = http_url_split(request->target);
	struct str allow;

	for (size_t i = 0; i < table->service_count; i++) {
		const struct service *service = table->services[i];
		if (service->rest &&
		    (path_find(arena, service, request->method_text, url.path, &nothing, &allow) ||
		     allow.data))
			return service;
	}
	return NULL;
}

/*
 * The credential names the service of a signed request. Without one, a path of REST counts unless
 * the request is one of Query or sent to a resource's URL.
 */
static const struct dialect *choose_dialect(const struct route_table *table, struct arena *arena,
					    const struct http_request *request,
					    const struct service **out_service)
{
	const struct dialect *dialect = route_guess(table, request, out_service);
	struct http_url url = http_url_split(request->target);

	if (dialect && !dialect->is_query)
		return dialect;
	if (!dialect && !*out_service && !is_resource_path(table, url.path) &&
	    !str_starts(url.query, STR("Action=")) &&
	    str_find(url.query, STR("&Action="), 0) == SIZE_MAX) {
		*out_service = find_by_path(table, arena, request);
		if (*out_service)
			return rest_dialect_of(*out_service);
	}
	return wants_json(request) ? &dialect_query_json : &dialect_query;
}

void route_query(const struct route_table *table, struct arena *arena,
		 const struct http_request *request, struct route *route)
{
	struct str action;

	if (request->method != HTTP_METHOD_POST && request->method != HTTP_METHOD_GET) {
		(void)route_guess(table, request, &route->service);
		refuse_method(arena, request, route, STR("GET, POST"), "GET or POST");
		return;
	}
	if (form_parse(arena, http_url_split(request->target).query, &route->form) != ERR_OK ||
	    (is_form(request) && form_add(arena, request->body, &route->form) != ERR_OK)) {
		refuse(route, FAULT_MALFORMED_QUERY,
		       STR("The query string or form cannot be decoded."));
		return;
	}
	if (form_find(&route->form, STR("Action"), &action))
		route_action(table, arena, request, action, route);
	else
		route_without_action(table, arena, request, route);
}

void route_request(const struct route_table *table, struct arena *arena,
		   const struct http_request *request, struct route *out_route)
{
	const struct service *service;
	const struct dialect *dialect = choose_dialect(table, arena, request, &service);
	struct str path = http_url_split(request->target).path;

	*out_route = (struct route){.dialect = dialect, .service = service};
	if (dialect->is_query)
		out_route->service = NULL; /* the form says more than the headers */
	if (http_url_decode(arena, path, &out_route->path) != ERR_OK ||
	    !str_is_utf8(out_route->path)) {
		out_route->path = STR("/");
		refuse(out_route, FAULT_MALFORMED_QUERY, STR("The path cannot be decoded."));
		return;
	}
	dialect->route(table, arena, request, out_route);
}
