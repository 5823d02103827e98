/* SPDX-License-Identifier: MIT */
/*
 * connection: CreateConnection, UpdateConnection, DescribeConnection, ListConnections,
 * DeauthorizeConnection, DeleteConnection.
 *
 * The parameters are kept twice: as an answer shows them, and complete in a seal that names the
 * connection, so that it cannot be moved to another record. With a KMS key the seal is an envelope.
 */
#include "services/events/connection.h"

#include <string.h>

#include "base/arn.h"
#include "core/authorize.h"
#include "core/message.h"
#include "services/events/encrypt.h"
#include "services/events/item_call.h"
#include "services/events/state.h"

static const struct shape *auth_shape(void)
{
	return message_member(events_service.operations[EVENTS_CREATE_CONNECTION].in,
			      STR("AuthParameters"));
}

static const struct shape *shown_shape(void)
{
	return message_member(events_service.operations[EVENTS_DESCRIBE_CONNECTION].out,
			      STR("AuthParameters"));
}

struct str events_connection_arn(struct arena *arena,
				 const struct events_connection_record *connection)
{
	return arn_make(arena, STR("events"), connection->region, connection->account,
			arena_format(arena, "connection/%.*s/%.*s", STR_ARG(connection->name),
				     STR_ARG(connection->id)));
}

/* ---- secrets ---- */

static struct str seal_head(struct arena *arena, const struct events_connection_record *connection)
{
	struct str arn = events_connection_arn(arena, connection);

	return arena_format(arena, "events connection %.*s ", STR_ARG(arn));
}

static struct str secret_arn(struct arena *arena, const struct events_connection_record *connection)
{
	struct str name = arena_format(arena, "secret:events!connection/%.*s/%.*s-%.*s",
				       STR_ARG(connection->name), STR_ARG(connection->id), 6,
				       connection->id.data);

	return arn_make(arena, STR("secretsmanager"), connection->region, connection->account,
			name);
}

/* Under the connection's KMS key, if it has one, by the caller's permission for it. */
static enum err seal(struct call *call, struct events_connection_record *record, struct str plain)
{
	struct envelope_use use = events_key_use(call, &events_key_of_secret);
	struct data_key *key;
	struct str text = {0};

	if (record->kms_key.size == 0) {
		record->sealed = seal_close(call->core->seal, call->arena, 0, plain);
		return ERR_OK;
	}
	enum kms_problem problem = data_key_hold(&use, record->account, record->kms_key,
						 secret_arn(call->arena, record), &key, &text);
	if (problem)
		return events_key_refuse(call, record->kms_key, STR("kms:GenerateDataKey"), problem,
					 text);
	record->sealed = envelope_close(key, call->arena, plain);
	data_key_release(key);
	return ERR_OK;
}

static enum err
set_parameters(struct call *call, struct events_connection_record *record,
	       const struct events_create_connection_auth_request_parameters *parameters)
{
	struct str parts[] = {seal_head(call->arena, record),
			      message_encode(call->arena, auth_shape(), parameters)};
	struct str plain = arena_join(call->arena, parts, 2);

	enum err err = seal(call, record, plain);
	explicit_bzero((char *)(uintptr_t)plain.data, plain.size);
	explicit_bzero((char *)(uintptr_t)parts[1].data, parts[1].size);
	return err;
}

enum err events_connection_open(const struct core *core, struct arena *arena,
				const struct events_connection_record *connection,
				struct str sealed,
				const struct events_create_connection_auth_request_parameters **out)
{
	struct events_create_connection_auth_request_parameters *parameters =
		arena_new(arena, struct events_create_connection_auth_request_parameters);
	struct str head = seal_head(arena, connection);
	struct str plain = arena_copy(arena, sealed), problem;
	enum err err = ERR_OK;

	if (!envelope_is_one(connection->sealed))
		err = seal_open(core->seal, (char *)(uintptr_t)plain.data, plain.size, &plain);
	if (!err && !str_starts(plain, head))
		err = ERR_DAMAGED;
	if (!err && message_decode(arena, str_slice(plain, head.size, SIZE_MAX), auth_shape(),
				   parameters, &problem) != ERR_OK)
		err = ERR_DAMAGED;
	if (!err)
		*out = parameters;
	return err;
}

/* For a change: the caller needs kms:Decrypt, if there is a key. */
static enum err open_for_call(struct call *call, const struct events_connection_record *record,
			      const struct events_create_connection_auth_request_parameters **out)
{
	struct envelope_reader reader = {.use = events_key_use(call, &events_key_of_secret)};
	struct str sealed = arena_copy(call->arena, record->sealed);

	if (envelope_is_one(sealed)) {
		enum kms_problem problem = envelope_open(&reader, (char *)(uintptr_t)sealed.data,
							 sealed.size, &sealed);
		struct str text = arena_copy(call->arena, reader.text);

		envelope_reader_done(&reader);
		if (problem == KMS_PROBLEM_DAMAGED)
			return ERR_DAMAGED;
		if (problem)
			return events_key_refuse(call, record->kms_key, STR("kms:Decrypt"), problem,
						 text);
	}
	return events_connection_open(call->core, call->arena, record, sealed, out);
}

/* Values of secret parameters are not shown. */
static struct events_connection_http_parameters *
show_http(struct arena *arena, const struct events_connection_http_parameters *from)
{
	struct events_connection_http_parameters *to;

	if (!from)
		return NULL;
	to = arena_new(arena, struct events_connection_http_parameters);
	*to = *from;
	to->header_parameters = arena_array(arena, struct events_connection_header_parameter,
					    from->header_parameters_count);
	to->query_string_parameters =
		arena_array(arena, struct events_connection_query_string_parameter,
			    from->query_string_parameters_count);
	to->body_parameters = arena_array(arena, struct events_connection_body_parameter,
					  from->body_parameters_count);
	for (size_t i = 0; i < from->header_parameters_count; i++) {
		to->header_parameters[i] = from->header_parameters[i];
		if (from->header_parameters[i].is_value_secret)
			to->header_parameters[i].value = (struct str){0};
	}
	for (size_t i = 0; i < from->query_string_parameters_count; i++) {
		to->query_string_parameters[i] = from->query_string_parameters[i];
		if (from->query_string_parameters[i].is_value_secret)
			to->query_string_parameters[i].value = (struct str){0};
	}
	for (size_t i = 0; i < from->body_parameters_count; i++) {
		to->body_parameters[i] = from->body_parameters[i];
		if (from->body_parameters[i].is_value_secret)
			to->body_parameters[i].value = (struct str){0};
	}
	return to;
}

static struct events_connection_o_auth_response_parameters *
show_oauth(struct arena *arena,
	   const struct events_create_connection_o_auth_request_parameters *from)
{
	struct events_connection_o_auth_response_parameters *to;

	if (!from)
		return NULL;
	to = arena_new(arena, struct events_connection_o_auth_response_parameters);
	to->client_parameters =
		arena_new(arena, struct events_connection_o_auth_client_response_parameters);
	to->client_parameters->client_id = from->client_parameters->client_id;
	to->authorization_endpoint = from->authorization_endpoint;
	to->http_method = from->http_method;
	to->o_auth_http_parameters = show_http(arena, from->o_auth_http_parameters);
	return to;
}

static struct str show(struct arena *arena,
		       const struct events_create_connection_auth_request_parameters *from)
{
	struct events_connection_auth_response_parameters to = {
		.o_auth_parameters = show_oauth(arena, from->o_auth_parameters),
		.invocation_http_parameters = show_http(arena, from->invocation_http_parameters),
	};
	struct events_connection_basic_auth_response_parameters basic;
	struct events_connection_api_key_auth_response_parameters key;

	if (from->basic_auth_parameters) {
		basic.username = from->basic_auth_parameters->username;
		to.basic_auth_parameters = &basic;
	}
	if (from->api_key_auth_parameters) {
		key.api_key_name = from->api_key_auth_parameters->api_key_name;
		to.api_key_auth_parameters = &key;
	}
	return message_encode(arena, shown_shape(), &to);
}

/* ---- records ---- */

static enum err decode(struct arena *arena, const struct events_item *item,
		       struct events_connection_record *out)
{
	return events_connection_record_decode(arena, arena_copy(arena, item->record), out);
}

enum err events_connection_find(const struct core *core, struct arena *arena, struct str text,
				struct events_connection_record *out_connection)
{
	struct events_connection_record record = {0};
	const struct events_item *item =
		events_items_find_arn(events_of(core)->items, EVENTS_CONNECTION, text);

	if (!item)
		return ERR_NOTFOUND;
	enum err err = decode(arena, item, &record);
	events_item_release(item);
	if (err)
		return err;
	if (!str_equal(events_connection_arn(arena, &record), text))
		return ERR_NOTFOUND;
	*out_connection = record;
	return ERR_OK;
}

static enum err write(struct call *call, const struct events_connection_record *record)
{
	struct buf bytes = {0};

	events_connection_record_encode(&bytes, record);
	return events_item_save(call->core, EVENTS_CONNECTION, record->account, record->region,
				record->name, &bytes);
}

/* The connection of the call's account and region; ERR_FAULT if there is none. */
static enum err open_connection(struct call *call, struct str action, struct str name,
				struct events_connection_record *out)
{
	const struct events_item *item;

	enum err err = events_item_open(call, EVENTS_CONNECTION, action, name, &item);
	if (err)
		return err;
	err = decode(call->arena, item, out);
	events_item_release(item);
	return err;
}

/* ---- checking ---- */

static enum err
check_type(struct call *call, struct str type,
	   const struct events_create_connection_auth_request_parameters *parameters)
{
	const struct {
		struct str type;
		const char *member;
		bool is_there;
	} rows[] = {
		{STR("BASIC"), "BasicAuthParameters", parameters->basic_auth_parameters != NULL},
		{STR("API_KEY"), "ApiKeyAuthParameters",
		 parameters->api_key_auth_parameters != NULL},
		{STR("OAUTH_CLIENT_CREDENTIALS"), "OAuthParameters",
		 parameters->o_auth_parameters != NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].is_there == str_equal(type, rows[i].type))
			continue;
		return fail(call, &EVENTS_VALIDATION,
			    "Parameter %s is not valid. Reason: it must be provided with the "
			    "authorization type %.*s, and only then.",
			    rows[i].member, STR_ARG(rows[i].type));
	}
	return ERR_OK;
}

/* ---- operations ---- */

enum err events_create_connection(struct call *call, const struct events_create_connection_in *in,
				  struct events_create_connection_out *out)
{
	struct events_connection_record record = {
		.account = call->account,
		.region = call->region,
		.name = in->name,
		.description = in->description,
		.authorization_type = in->authorization_type,
		.state = STR("AUTHORIZED"),
		.kms_key = in->kms_key_identifier,
		.created_ms = call->now_ms,
		.modified_ms = call->now_ms,
		.authorized_ms = call->now_ms,
	};
	uint8_t id[16];

	enum err err = events_item_authorize(call, EVENTS_CONNECTION,
					     STR("events:CreateConnection"), in->name);
	if (err)
		return err;
	err = events_item_check_absent(call, EVENTS_CONNECTION, in->name);
	if (err)
		return err;
	if (in->invocation_connectivity_parameters || in->auth_parameters->connectivity_parameters)
		return fail(call, &EVENTS_VALIDATION,
			    "Connections to private APIs are not supported.");
	err = check_type(call, in->authorization_type, in->auth_parameters);
	if (!err)
		err = events_key_check(call, in->kms_key_identifier);
	if (!err)
		err = events_item_check_quota(call, EVENTS_CONNECTION, QUOTA_EVENTS_CONNECTIONS);
	if (err)
		return err;
	uuid_new(id);
	char *text = arena_bytes(call->arena, UUID_TEXT_SIZE);
	uuid_format(id, text);
	record.id = str_of(text, UUID_TEXT_SIZE);
	record.shown = show(call->arena, in->auth_parameters);
	err = set_parameters(call, &record, in->auth_parameters);
	if (err)
		return err;
	out->connection_arn = events_connection_arn(call->arena, &record);
	out->connection_state = record.state;
	out->has_creation_time = out->has_last_modified_time = true;
	out->creation_time = out->last_modified_time = call->now_ms;
	return write(call, &record);
}

static struct str or_old(struct str text, struct str old)
{
	return text.data ? text : old;
}

/* Members that the update leaves out stay as they were, within the same kind of authorization. */
static void merge(struct arena *arena,
		  const struct events_update_connection_auth_request_parameters *update,
		  struct events_create_connection_auth_request_parameters *parameters)
{
	if (update->basic_auth_parameters) {
		struct events_create_connection_basic_auth_request_parameters *basic = arena_new(
			arena, struct events_create_connection_basic_auth_request_parameters);

		if (parameters->basic_auth_parameters)
			*basic = *parameters->basic_auth_parameters;
		basic->username = or_old(update->basic_auth_parameters->username, basic->username);
		basic->password = or_old(update->basic_auth_parameters->password, basic->password);
		parameters->basic_auth_parameters = basic;
	}
	if (update->api_key_auth_parameters) {
		struct events_create_connection_api_key_auth_request_parameters *key = arena_new(
			arena, struct events_create_connection_api_key_auth_request_parameters);

		if (parameters->api_key_auth_parameters)
			*key = *parameters->api_key_auth_parameters;
		key->api_key_name =
			or_old(update->api_key_auth_parameters->api_key_name, key->api_key_name);
		key->api_key_value =
			or_old(update->api_key_auth_parameters->api_key_value, key->api_key_value);
		parameters->api_key_auth_parameters = key;
	}
	if (update->invocation_http_parameters)
		parameters->invocation_http_parameters = update->invocation_http_parameters;
}

static void merge_oauth(struct arena *arena,
			const struct events_update_connection_o_auth_request_parameters *update,
			struct events_create_connection_auth_request_parameters *parameters)
{
	struct events_create_connection_o_auth_request_parameters *oauth =
		arena_new(arena, struct events_create_connection_o_auth_request_parameters);
	struct events_create_connection_o_auth_client_request_parameters *client =
		arena_new(arena, struct events_create_connection_o_auth_client_request_parameters);

	if (parameters->o_auth_parameters) {
		*oauth = *parameters->o_auth_parameters;
		*client = *oauth->client_parameters;
	}
	if (update->client_parameters) {
		client->client_id = or_old(update->client_parameters->client_id, client->client_id);
		client->client_secret =
			or_old(update->client_parameters->client_secret, client->client_secret);
	}
	oauth->client_parameters = client;
	oauth->authorization_endpoint =
		or_old(update->authorization_endpoint, oauth->authorization_endpoint);
	oauth->http_method = or_old(update->http_method, oauth->http_method);
	if (update->o_auth_http_parameters)
		oauth->o_auth_http_parameters = update->o_auth_http_parameters;
	parameters->o_auth_parameters = oauth;
}

/* Members that the kind of authorization needs may be missing after a change of the kind. */
static enum err check_complete(struct call *call,
			       const struct events_create_connection_auth_request_parameters *it)
{
	bool is_complete = true;

	if (it->basic_auth_parameters)
		is_complete = it->basic_auth_parameters->username.data &&
			      it->basic_auth_parameters->password.data;
	if (it->api_key_auth_parameters)
		is_complete = it->api_key_auth_parameters->api_key_name.data &&
			      it->api_key_auth_parameters->api_key_value.data;
	if (it->o_auth_parameters)
		is_complete = it->o_auth_parameters->client_parameters->client_id.data &&
			      it->o_auth_parameters->client_parameters->client_secret.data &&
			      it->o_auth_parameters->authorization_endpoint.data &&
			      it->o_auth_parameters->http_method.data;
	if (is_complete)
		return ERR_OK;
	return fail(call, &EVENTS_VALIDATION,
		    "Parameter AuthParameters is not valid. Reason: the authorization type needs "
		    "more members.");
}

static enum err apply_update(struct call *call, const struct events_update_connection_in *in,
			     struct events_connection_record *record)
{
	const struct events_create_connection_auth_request_parameters *old = NULL;
	struct events_create_connection_auth_request_parameters parameters = {0};
	struct str type = or_old(in->authorization_type, record->authorization_type);

	/* A connection that was deauthorized has no secrets. */
	if (record->sealed.size > 0) {
		enum err err = open_for_call(call, record, &old);
		if (err)
			return err;
		parameters = *old;
	}
	if (!str_equal(type, record->authorization_type)) {
		parameters.basic_auth_parameters = NULL;
		parameters.api_key_auth_parameters = NULL;
		parameters.o_auth_parameters = NULL;
	}
	if (in->auth_parameters) {
		merge(call->arena, in->auth_parameters, &parameters);
		if (in->auth_parameters->o_auth_parameters)
			merge_oauth(call->arena, in->auth_parameters->o_auth_parameters,
				    &parameters);
	}
	enum err err = check_type(call, type, &parameters);
	if (!err)
		err = check_complete(call, &parameters);
	if (err)
		return err;
	record->authorization_type = type;
	record->description = or_old(in->description, record->description);
	record->kms_key = or_old(in->kms_key_identifier, record->kms_key);
	record->shown = show(call->arena, &parameters);
	return set_parameters(call, record, &parameters);
}

enum err events_update_connection(struct call *call, const struct events_update_connection_in *in,
				  struct events_update_connection_out *out)
{
	struct events_connection_record record;

	enum err err = open_connection(call, STR("events:UpdateConnection"), in->name, &record);
	if (!err)
		err = events_key_check(call, in->kms_key_identifier);
	if (!err)
		err = apply_update(call, in, &record);
	if (err)
		return err;
	record.state = STR("AUTHORIZED");
	record.modified_ms = record.authorized_ms = call->now_ms;
	out->connection_arn = events_connection_arn(call->arena, &record);
	out->connection_state = record.state;
	out->has_creation_time = out->has_last_modified_time = out->has_last_authorized_time = true;
	out->creation_time = record.created_ms;
	out->last_modified_time = out->last_authorized_time = call->now_ms;
	return write(call, &record);
}

enum err events_describe_connection(struct call *call,
				    const struct events_describe_connection_in *in,
				    struct events_describe_connection_out *out)
{
	struct events_connection_record record;
	struct str problem;

	enum err err = open_connection(call, STR("events:DescribeConnection"), in->name, &record);
	if (err)
		return err;
	out->connection_arn = events_connection_arn(call->arena, &record);
	out->name = record.name;
	out->description = record.description;
	out->connection_state = record.state;
	out->authorization_type = record.authorization_type;
	out->kms_key_identifier = record.kms_key;
	out->secret_arn = secret_arn(call->arena, &record);
	out->has_creation_time = out->has_last_modified_time = out->has_last_authorized_time = true;
	out->creation_time = record.created_ms;
	out->last_modified_time = record.modified_ms;
	out->last_authorized_time = record.authorized_ms;
	out->auth_parameters =
		arena_new(call->arena, struct events_connection_auth_response_parameters);
	err = message_decode(call->arena, record.shown, shown_shape(), out->auth_parameters,
			     &problem);
	return err ? ERR_DAMAGED : ERR_OK;
}

enum err events_deauthorize_connection(struct call *call,
				       const struct events_deauthorize_connection_in *in,
				       struct events_deauthorize_connection_out *out)
{
	struct events_connection_record record;

	enum err err =
		open_connection(call, STR("events:DeauthorizeConnection"), in->name, &record);
	if (err)
		return err;
	record.state = STR("DEAUTHORIZED");
	record.sealed = (struct str){0};
	record.modified_ms = call->now_ms;
	out->connection_arn = events_connection_arn(call->arena, &record);
	out->connection_state = STR("DEAUTHORIZING");
	out->has_creation_time = out->has_last_modified_time = out->has_last_authorized_time = true;
	out->creation_time = record.created_ms;
	out->last_modified_time = record.modified_ms;
	out->last_authorized_time = record.authorized_ms;
	return write(call, &record);
}

enum err events_delete_connection(struct call *call, const struct events_delete_connection_in *in,
				  struct events_delete_connection_out *out)
{
	struct events_connection_record record;

	enum err err = open_connection(call, STR("events:DeleteConnection"), in->name, &record);
	if (err)
		return err;
	out->connection_arn = events_connection_arn(call->arena, &record);
	out->connection_state = STR("DELETING");
	out->has_creation_time = out->has_last_modified_time = out->has_last_authorized_time = true;
	out->creation_time = record.created_ms;
	out->last_modified_time = record.modified_ms;
	out->last_authorized_time = record.authorized_ms;
	const struct events_item item = {.kind = EVENTS_CONNECTION,
					 .account = record.account,
					 .region = record.region,
					 .name = record.name};
	return events_item_remove(call->core, &item, DUE_NEVER);
}

struct connection_list {
	struct events_page page;
	struct str state; /* data NULL: any */
	struct events_list_connections_out *out;
	enum err err;
};

static bool add(void *context, const struct events_item *item)
{
	struct connection_list *list = context;
	struct arena *arena = list->page.call->arena;
	struct events_connection_record record;

	list->err = decode(arena, item, &record);
	if (list->err)
		return false;
	if (list->state.data && !str_equal(list->state, record.state))
		return true;
	enum events_page_step step = events_page_step(&list->page, record.name);
	if (step == EVENTS_PAGE_TAKE)
		list->out->connections[list->out->connections_count++] = (struct events_connection){
			.connection_arn = events_connection_arn(arena, &record),
			.name = record.name,
			.connection_state = record.state,
			.authorization_type = record.authorization_type,
			.has_creation_time = true,
			.creation_time = record.created_ms,
			.has_last_modified_time = true,
			.last_modified_time = record.modified_ms,
			.has_last_authorized_time = true,
			.last_authorized_time = record.authorized_ms,
		};
	return step != EVENTS_PAGE_STOP;
}

enum err events_list_connections(struct call *call, const struct events_list_connections_in *in,
				 struct events_list_connections_out *out)
{
	struct connection_list list = {.state = in->connection_state, .out = out};

	enum err err = call_authorize_any(call, STR("events:ListConnections"));
	if (!err)
		err = events_page_begin(call, in->has_limit, in->limit, in->next_token,
					in->name_prefix, &list.page);
	if (err)
		return err;
	out->connections = arena_array(call->arena, struct events_connection, list.page.most);
	out->next_token = events_item_list(&list.page, EVENTS_CONNECTION, add, &list);
	return list.err;
}
