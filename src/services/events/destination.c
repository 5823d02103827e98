/* SPDX-License-Identifier: MIT */
/*
 * destination: CreateApiDestination, UpdateApiDestination, DescribeApiDestination,
 * ListApiDestinations, DeleteApiDestination. A destination is ACTIVE while its connection is
 * authorized; so its state is never stored.
 */
#include "services/events/destination.h"

#include "api/events.h"
#include "base/arn.h"
#include "core/authorize.h"
#include "services/events/connection.h"
#include "services/events/item_call.h"
#include "services/events/state.h"

struct str events_destination_arn(struct arena *arena,
				  const struct events_destination_record *destination)
{
	return arn_make(arena, STR("events"), destination->region, destination->account,
			arena_format(arena, "api-destination/%.*s/%.*s", STR_ARG(destination->name),
				     STR_ARG(destination->id)));
}

static enum err decode(struct arena *arena, const struct events_item *item,
		       struct events_destination_record *out)
{
	return events_destination_record_decode(arena, arena_copy(arena, item->record), out);
}

enum err events_destination_find(const struct core *core, struct arena *arena, struct str text,
				 struct events_destination_record *out_destination)
{
	struct events_destination_record record = {0};
	const struct events_item *item =
		events_items_find_arn(events_of(core)->items, EVENTS_DESTINATION, text);

	if (!item)
		return ERR_NOTFOUND;
	enum err err = decode(arena, item, &record);
	events_item_release(item);
	if (err)
		return err;
	if (!str_equal(events_destination_arn(arena, &record), text))
		return ERR_NOTFOUND;
	*out_destination = record;
	return ERR_OK;
}

static struct str state_of(struct call *call, const struct events_destination_record *record)
{
	struct events_connection_record connection;

	enum err err = events_connection_find(call->core, call->arena, record->connection_arn,
					      &connection);
	return !err && events_connection_is_ready(&connection) ? STR("ACTIVE") : STR("INACTIVE");
}

static enum err write(struct call *call, const struct events_destination_record *record)
{
	struct buf bytes = {0};

	events_destination_record_encode(&bytes, record);
	return events_item_save(call->core, EVENTS_DESTINATION, record->account, record->region,
				record->name, &bytes);
}

static enum err open_destination(struct call *call, struct str action, struct str name,
				 struct events_destination_record *out)
{
	const struct events_item *item;

	enum err err = events_item_open(call, EVENTS_DESTINATION, action, name, &item);
	if (err)
		return err;
	err = decode(call->arena, item, out);
	events_item_release(item);
	return err;
}

/* ---- checking ---- */

static enum err check_endpoint(struct call *call, struct str endpoint)
{
	if (str_starts(endpoint, STR("https://")) || str_starts(endpoint, STR("http://")))
		return ERR_OK;
	return fail(call, &EVENTS_VALIDATION,
		    "Parameter InvocationEndpoint is not valid. Reason: it must begin with "
		    "https://.");
}

static enum err check_connection(struct call *call, struct str arn)
{
	struct events_connection_record connection;

	enum err err = events_connection_find(call->core, call->arena, arn, &connection);
	if (!err && str_equal(connection.account, call->account))
		return ERR_OK;
	if (err && err != ERR_NOTFOUND)
		return err;
	return fail(call, &EVENTS_RESOURCE_NOT_FOUND, "Connection '%.*s' does not exist.",
		    STR_ARG(arn));
}

/* ---- operations ---- */

enum err events_create_api_destination(struct call *call,
				       const struct events_create_api_destination_in *in,
				       struct events_create_api_destination_out *out)
{
	struct events_destination_record record = {
		.account = call->account,
		.region = call->region,
		.name = in->name,
		.description = in->description,
		.connection_arn = in->connection_arn,
		.endpoint = in->invocation_endpoint,
		.method = in->http_method,
		.rate = in->has_invocation_rate_limit_per_second
				? in->invocation_rate_limit_per_second
				: EVENTS_RATE_DEFAULT,
		.created_ms = call->now_ms,
		.modified_ms = call->now_ms,
	};
	uint8_t id[16];

	enum err err = events_item_authorize(call, EVENTS_DESTINATION,
					     STR("events:CreateApiDestination"), in->name);
	if (!err)
		err = check_endpoint(call, in->invocation_endpoint);
	if (!err)
		err = check_connection(call, in->connection_arn);
	if (!err)
		err = events_item_check_absent(call, EVENTS_DESTINATION, in->name);
	if (!err)
		err = events_item_check_quota(call, EVENTS_DESTINATION, QUOTA_EVENTS_DESTINATIONS);
	if (err)
		return err;
	uuid_new(id);
	char *text = arena_bytes(call->arena, UUID_TEXT_SIZE);
	uuid_format(id, text);
	record.id = str_of(text, UUID_TEXT_SIZE);
	out->api_destination_arn = events_destination_arn(call->arena, &record);
	out->api_destination_state = state_of(call, &record);
	out->has_creation_time = out->has_last_modified_time = true;
	out->creation_time = out->last_modified_time = call->now_ms;
	return write(call, &record);
}

enum err events_update_api_destination(struct call *call,
				       const struct events_update_api_destination_in *in,
				       struct events_update_api_destination_out *out)
{
	struct events_destination_record record;

	enum err err =
		open_destination(call, STR("events:UpdateApiDestination"), in->name, &record);
	if (!err && in->invocation_endpoint.data)
		err = check_endpoint(call, in->invocation_endpoint);
	if (!err && in->connection_arn.data)
		err = check_connection(call, in->connection_arn);
	if (err)
		return err;
	if (in->description.data)
		record.description = in->description;
	if (in->connection_arn.data)
		record.connection_arn = in->connection_arn;
	if (in->invocation_endpoint.data)
		record.endpoint = in->invocation_endpoint;
	if (in->http_method.data)
		record.method = in->http_method;
	if (in->has_invocation_rate_limit_per_second)
		record.rate = in->invocation_rate_limit_per_second;
	record.modified_ms = call->now_ms;
	out->api_destination_arn = events_destination_arn(call->arena, &record);
	out->api_destination_state = state_of(call, &record);
	out->has_creation_time = out->has_last_modified_time = true;
	out->creation_time = record.created_ms;
	out->last_modified_time = record.modified_ms;
	return write(call, &record);
}

enum err events_describe_api_destination(struct call *call,
					 const struct events_describe_api_destination_in *in,
					 struct events_describe_api_destination_out *out)
{
	struct events_destination_record record;

	enum err err =
		open_destination(call, STR("events:DescribeApiDestination"), in->name, &record);
	if (err)
		return err;
	out->api_destination_arn = events_destination_arn(call->arena, &record);
	out->name = record.name;
	out->description = record.description;
	out->api_destination_state = state_of(call, &record);
	out->connection_arn = record.connection_arn;
	out->invocation_endpoint = record.endpoint;
	out->http_method = record.method;
	out->has_invocation_rate_limit_per_second = true;
	out->invocation_rate_limit_per_second = record.rate;
	out->has_creation_time = out->has_last_modified_time = true;
	out->creation_time = record.created_ms;
	out->last_modified_time = record.modified_ms;
	return ERR_OK;
}

enum err events_delete_api_destination(struct call *call,
				       const struct events_delete_api_destination_in *in,
				       struct events_delete_api_destination_out *out)
{
	struct events_destination_record record;

	(void)out;
	enum err err =
		open_destination(call, STR("events:DeleteApiDestination"), in->name, &record);
	if (err)
		return err;
	const struct events_item item = {.kind = EVENTS_DESTINATION,
					 .account = record.account,
					 .region = record.region,
					 .name = record.name};
	return events_item_remove(call->core, &item, DUE_NEVER);
}

struct destination_list {
	struct events_page page;
	struct str connection_arn; /* data NULL: any */
	struct events_list_api_destinations_out *out;
	enum err err;
};

static bool add(void *context, const struct events_item *item)
{
	struct destination_list *list = context;
	struct call *call = list->page.call;
	struct events_destination_record record;

	list->err = decode(call->arena, item, &record);
	if (list->err)
		return false;
	if (list->connection_arn.data && !str_equal(list->connection_arn, record.connection_arn))
		return true;
	enum events_page_step step = events_page_step(&list->page, record.name);
	if (step == EVENTS_PAGE_TAKE)
		list->out->api_destinations[list->out->api_destinations_count++] =
			(struct events_api_destination){
				.api_destination_arn = events_destination_arn(call->arena, &record),
				.name = record.name,
				.api_destination_state = state_of(call, &record),
				.connection_arn = record.connection_arn,
				.invocation_endpoint = record.endpoint,
				.http_method = record.method,
				.has_invocation_rate_limit_per_second = true,
				.invocation_rate_limit_per_second = record.rate,
				.has_creation_time = true,
				.creation_time = record.created_ms,
				.has_last_modified_time = true,
				.last_modified_time = record.modified_ms,
			};
	return step != EVENTS_PAGE_STOP;
}

enum err events_list_api_destinations(struct call *call,
				      const struct events_list_api_destinations_in *in,
				      struct events_list_api_destinations_out *out)
{
	struct destination_list list = {.connection_arn = in->connection_arn, .out = out};

	enum err err = call_authorize_any(call, STR("events:ListApiDestinations"));
	if (!err)
		err = events_page_begin(call, in->has_limit, in->limit, in->next_token,
					in->name_prefix, &list.page);
	if (err)
		return err;
	out->api_destinations =
		arena_array(call->arena, struct events_api_destination, list.page.most);
	out->next_token = events_item_list(&list.page, EVENTS_DESTINATION, add, &list);
	return list.err;
}
