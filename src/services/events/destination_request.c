/* SPDX-License-Identifier: MIT */
/*
 * destination_request: lists of pairs, to which a later pair of the same name is not added but put
 * in the place of the earlier one.
 */
#include "services/events/destination_request.h"

#include <string.h>

#include "format/form.h"
#include "format/json.h"

enum { TOKEN_SECONDS = 3600, TOKEN_SECONDS_MAX = 86400, DEFAULTS = 5 };

struct pairs {
	struct shape_pair *items;
	size_t count;
	bool ignores_case;
};

static void put(struct pairs *pairs, struct str key, struct str value)
{
	for (size_t i = 0; i < pairs->count; i++) {
		struct str other = pairs->items[i].key;

		if (pairs->ignores_case ? str_equal_nocase(other, key) : str_equal(other, key)) {
			pairs->items[i].value = value;
			return;
		}
	}
	pairs->items[pairs->count++] = (struct shape_pair){key, value};
}

static struct str finish(struct arena *arena, struct buf *buf)
{
	struct str text = arena_copy(arena, buf_str(buf));

	buf_done(buf);
	return text;
}

static struct str form_of(struct arena *arena, const struct pairs *pairs)
{
	struct buf out = {0};

	for (size_t i = 0; i < pairs->count; i++) {
		if (i > 0)
			buf_append(&out, STR("&"));
		form_encode(&out, pairs->items[i].key, false);
		buf_append(&out, STR("="));
		form_encode(&out, pairs->items[i].value, false);
	}
	return finish(arena, &out);
}

/* ---- URLs ---- */

/* Each '*' is replaced by the next value; without a value it is empty. */
static struct str fill_path(struct arena *arena, struct str endpoint,
			    const struct events_http_parameters *parameters)
{
	size_t count = parameters ? parameters->path_parameter_values_count : 0, used = 0;
	struct buf out = {0};

	for (size_t i = 0; i < endpoint.size; i++) {
		if (endpoint.data[i] != '*')
			buf_append(&out, str_slice(endpoint, i, 1));
		else if (used < count)
			form_encode(&out, parameters->path_parameter_values[used++], false);
	}
	return finish(arena, &out);
}

static struct str add_query(struct arena *arena, struct str url, const struct pairs *query)
{
	bool has_query = str_find_char(url, '?', 0) != SIZE_MAX;

	if (query->count == 0)
		return url;
	struct str form = form_of(arena, query);
	return arena_format(arena, "%.*s%c%.*s", STR_ARG(url), has_query ? '&' : '?',
			    STR_ARG(form));
}

static struct pairs query_of(struct arena *arena, const struct events_http_parameters *parameters,
			     const struct events_connection_http_parameters *http)
{
	size_t most = (parameters ? parameters->query_string_parameters_count : 0) +
		      (http ? http->query_string_parameters_count : 0);
	struct pairs query = {.items = arena_array(arena, struct shape_pair, most)};

	for (size_t i = 0; parameters && i < parameters->query_string_parameters_count; i++)
		put(&query, parameters->query_string_parameters[i].key,
		    parameters->query_string_parameters[i].value);
	for (size_t i = 0; http && i < http->query_string_parameters_count; i++)
		put(&query, http->query_string_parameters[i].key,
		    http->query_string_parameters[i].value);
	return query;
}

/* ---- headers ---- */

static struct str basic(struct arena *arena, struct str user, struct str password)
{
	struct str plain = arena_format(arena, "%.*s:%.*s", STR_ARG(user), STR_ARG(password));
	char *text = arena_bytes(arena, base64_size(plain.size));

	base64_format(plain, text);
	return arena_format(arena, "Basic %.*s", (int)base64_size(plain.size), text);
}

static void put_authorization(struct arena *arena, struct pairs *headers,
			      const struct events_create_connection_auth_request_parameters *auth,
			      struct str token)
{
	if (auth->basic_auth_parameters)
		put(headers, STR("Authorization"),
		    basic(arena, auth->basic_auth_parameters->username,
			  auth->basic_auth_parameters->password));
	if (auth->api_key_auth_parameters)
		put(headers, auth->api_key_auth_parameters->api_key_name,
		    auth->api_key_auth_parameters->api_key_value);
	if (auth->o_auth_parameters)
		put(headers, STR("Authorization"),
		    arena_format(arena, "Bearer %.*s", STR_ARG(token)));
}

static struct pairs headers_of(struct arena *arena,
			       const struct events_create_connection_auth_request_parameters *auth,
			       const struct events_http_parameters *parameters, struct str token)
{
	const struct events_connection_http_parameters *http = auth->invocation_http_parameters;
	size_t most = DEFAULTS + (parameters ? parameters->header_parameters_count : 0) +
		      (http ? http->header_parameters_count : 0);
	struct pairs headers = {.items = arena_array(arena, struct shape_pair, most),
				.ignores_case = true};

	put(&headers, STR("User-Agent"), STR("Amazon/EventBridge/ApiDestinations"));
	put(&headers, STR("Content-Type"), STR("application/json; charset=utf-8"));
	put(&headers, STR("Range"), STR("bytes=0-1048575"));
	for (size_t i = 0; parameters && i < parameters->header_parameters_count; i++)
		put(&headers, parameters->header_parameters[i].key,
		    parameters->header_parameters[i].value);
	for (size_t i = 0; http && i < http->header_parameters_count; i++)
		put(&headers, http->header_parameters[i].key, http->header_parameters[i].value);
	put_authorization(arena, &headers, auth, token);
	return headers;
}

/* ---- bodies ---- */

/* Nesting is limited by the parser. */
static void write_value(struct json_writer *writer, yyjson_val *value)
{
	yyjson_val *key, *item;
	size_t i, most;

	if (yyjson_is_obj(value)) {
		json_open_object(writer);
		yyjson_obj_foreach(value, i, most, key, item) {
			json_key(writer, json_text(key));
			write_value(writer, item);
		}
		json_close_object(writer);
	} else if (yyjson_is_arr(value)) {
		json_open_array(writer);
		yyjson_arr_foreach(value, i, most, item)
			write_value(writer, item);
		json_close_array(writer);
	} else if (yyjson_is_str(value)) {
		json_str(writer, json_text(value));
	} else if (yyjson_is_bool(value)) {
		json_bool(writer, yyjson_get_bool(value));
	} else if (yyjson_is_sint(value) ||
		   (yyjson_is_uint(value) && yyjson_get_uint(value) <= INT64_MAX)) {
		json_i64(writer, yyjson_get_sint(value));
	} else if (yyjson_is_num(value)) {
		json_double(writer, yyjson_get_num(value));
	} else {
		json_null(writer);
	}
}

static bool has_parameter(const struct events_connection_http_parameters *http, struct str key)
{
	for (size_t i = 0; i < http->body_parameters_count; i++)
		if (str_equal(http->body_parameters[i].key, key))
			return true;
	return false;
}

/* The members of the object, without those that the parameters replace, and the parameters. */
static struct str merge_body(struct arena *arena, struct str body,
			     const struct events_connection_http_parameters *http)
{
	yyjson_val *root, *key, *value;
	struct json_writer writer;
	struct buf out = {0};
	size_t i, most;

	if (!http || http->body_parameters_count == 0 ||
	    json_parse_limited(arena, body, LIMIT_JSON_VALUES, &root) != ERR_OK ||
	    !yyjson_is_obj(root))
		return body;
	json_begin(&writer, &out);
	json_open_object(&writer);
	yyjson_obj_foreach(root, i, most, key, value) {
		if (has_parameter(http, json_text(key)))
			continue;
		json_key(&writer, json_text(key));
		write_value(&writer, value);
	}
	for (i = 0; i < http->body_parameters_count; i++) {
		json_key(&writer, http->body_parameters[i].key);
		json_str(&writer, http->body_parameters[i].value);
	}
	json_close_object(&writer);
	return finish(arena, &out);
}

static bool has_body(struct str method)
{
	return !str_equal(method, STR("GET")) && !str_equal(method, STR("HEAD")) &&
	       !str_equal(method, STR("OPTIONS"));
}

struct events_http_request
events_destination_request(struct arena *arena, const struct events_destination_record *destination,
			   const struct events_create_connection_auth_request_parameters *auth,
			   const struct events_http_parameters *parameters, struct str token,
			   struct str body)
{
	struct pairs query = query_of(arena, parameters, auth->invocation_http_parameters);
	struct pairs headers = headers_of(arena, auth, parameters, token);
	struct events_http_request request = {
		.url = add_query(arena, fill_path(arena, destination->endpoint, parameters),
				 &query),
		.method = destination->method,
		.headers = headers.items,
		.header_count = headers.count,
	};

	if (has_body(destination->method))
		request.body = merge_body(arena, body, auth->invocation_http_parameters);
	return request;
}

/* ---- tokens ---- */

static struct pairs
token_form(struct arena *arena,
	   const struct events_create_connection_o_auth_request_parameters *oauth)
{
	const struct events_connection_http_parameters *http = oauth->o_auth_http_parameters;
	struct pairs form = {.items = arena_array(arena, struct shape_pair,
						  3 + (http ? http->body_parameters_count : 0))};

	put(&form, STR("grant_type"), STR("client_credentials"));
	put(&form, STR("client_id"), oauth->client_parameters->client_id);
	put(&form, STR("client_secret"), oauth->client_parameters->client_secret);
	for (size_t i = 0; http && i < http->body_parameters_count; i++)
		put(&form, http->body_parameters[i].key, http->body_parameters[i].value);
	return form;
}

struct events_http_request
events_token_request(struct arena *arena,
		     const struct events_create_connection_o_auth_request_parameters *oauth)
{
	const struct events_connection_http_parameters *http = oauth->o_auth_http_parameters;
	struct pairs query = query_of(arena, NULL, http), form = token_form(arena, oauth);
	struct pairs headers = {
		.items = arena_array(arena, struct shape_pair,
				     DEFAULTS + (http ? http->header_parameters_count : 0)),
		.ignores_case = true,
	};

	put(&headers, STR("User-Agent"), STR("Amazon/EventBridge/ApiDestinations"));
	put(&headers, STR("Accept"), STR("application/json"));
	put(&headers, STR("Content-Type"), STR("application/x-www-form-urlencoded"));
	for (size_t i = 0; http && i < http->header_parameters_count; i++)
		put(&headers, http->header_parameters[i].key, http->header_parameters[i].value);
	if (!has_body(oauth->http_method))
		for (size_t i = 0; i < form.count; i++) {
			struct pairs joined = {
				arena_array(arena, struct shape_pair, query.count + 1), 0, false};
			for (size_t j = 0; j < query.count; j++)
				put(&joined, query.items[j].key, query.items[j].value);
			put(&joined, form.items[i].key, form.items[i].value);
			query = joined;
		}
	return (struct events_http_request){
		.url = add_query(arena, oauth->authorization_endpoint, &query),
		.method = oauth->http_method,
		.body = has_body(oauth->http_method) ? form_of(arena, &form) : STR(""),
		.headers = headers.items,
		.header_count = headers.count,
	};
}

enum err events_token_read(struct arena *arena, struct str answer, struct str *out_token,
			   int64_t *out_seconds)
{
	int64_t seconds = TOKEN_SECONDS;
	yyjson_val *root;

	if (json_parse_limited(arena, answer, LIMIT_JSON_VALUES, &root) != ERR_OK)
		return ERR_INVALID;
	struct str token = json_text(json_member(root, "access_token"));
	yyjson_val *expires = json_member(root, "expires_in");
	if (token.size == 0)
		return ERR_INVALID;
	if (yyjson_is_num(expires))
		seconds = (int64_t)yyjson_get_num(expires);
	else if (yyjson_is_str(expires) && !str_to_i64(json_text(expires), &seconds))
		seconds = TOKEN_SECONDS;
	if (seconds < 0)
		seconds = 0;
	*out_seconds = seconds < TOKEN_SECONDS_MAX ? seconds : TOKEN_SECONDS_MAX;
	*out_token = token;
	return ERR_OK;
}
