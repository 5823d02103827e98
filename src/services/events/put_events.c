/* SPDX-License-Identifier: MIT */
/*
 * put_events: PutEvents. All entries are authorized before one is put. The call is parked until
 * what each entry owes is durable; an entry for which that failed has an error of its own.
 */
#include "core/billing.h"
#include "core/limit/usage.h"
#include "core/request_context.h"
#include "format/json.h"
#include "services/events/place.h"
#include "services/events/put.h"
#include "services/events/put_metrics.h"

enum { TIME_SIZE = 14 }; /* that the Time of an entry counts as */

struct entry {
	struct put_call *put_call;
	const struct events_put_events_request_entry *in;
	struct events_put_events_result_entry *out;
	struct events_place place;
	struct events_event event;
	struct events_put put;
	bool is_valid;
};

struct put_call {
	struct call *call;
	struct entry *entries;
	size_t count, size;
	size_t unanswered; /* entries, and one for the handler */
	bool is_parked;
	struct events_put_events_out *out;
};

/* ---- checks ---- */

static size_t entry_size(const struct events_put_events_request_entry *in)
{
	size_t size = (in->has_time ? TIME_SIZE : 0) + in->source.size + in->detail_type.size +
		      in->detail.size;

	for (size_t i = 0; i < in->resources_count; i++)
		size += in->resources[i].size;
	return size;
}

static size_t size_of(const struct events_put_events_in *in)
{
	size_t size = 0;

	for (size_t i = 0; i < in->entries_count; i++)
		size += entry_size(&in->entries[i]);
	return size;
}

static enum err check_size(struct call *call, size_t size)
{
	if (size <= LIMIT_EVENTS_ENTRIES_SIZE)
		return ERR_OK;
	return fail(call, &EVENTS_VALIDATION,
		    "Total size of the entries in the request is over the limit.");
}

static void refuse(struct entry *entry, struct str code, struct str text)
{
	entry->out->error_code = code;
	entry->out->error_message = text;
	entry->is_valid = false;
}

static bool is_object(struct call *call, struct str text)
{
	yyjson_val *value;

	return json_parse(call->arena, text, &value) == ERR_OK && yyjson_is_obj(value);
}

static void check_entry(struct call *call, struct entry *entry)
{
	const struct events_put_events_request_entry *in = entry->in;
	const struct {
		const char *name;
		struct str value;
	} required[] = {
		{"Source", in->source}, {"DetailType", in->detail_type}, {"Detail", in->detail}};

	entry->is_valid = true;
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		if (required[i].value.size > 0)
			continue;
		refuse(entry, STR("InvalidArgument"),
		       arena_format(call->arena,
				    "Parameter %s is not valid. Reason: %s is a required argument.",
				    required[i].name, required[i].name));
		return;
	}
	if (str_starts(in->source, STR("aws.")))
		refuse(entry, STR("NotAuthorizedForSourceException"),
		       STR("Not authorized for the source."));
	else if (!is_object(call, in->detail))
		refuse(entry, STR("MalformedDetail"), STR("Detail is malformed."));
}

static void add_key(struct call *call, struct str name, const struct str *value)
{
	if (value->data)
		call_add_key(call, name, value, 1);
}

/* The keys of one entry must not be seen with another. */
static enum err authorize_entry(struct call *call, struct entry *entry)
{
	size_t keys = call->key_count;

	enum err err = events_place_of_call(call, entry->in->event_bus_name, &entry->place);
	if (err)
		return err;
	add_key(call, STR("events:source"), &entry->in->source);
	add_key(call, STR("events:detail-type"), &entry->in->detail_type);
	err = events_authorize_put(call, &entry->place);
	call->key_count = keys;
	return err;
}

/* ---- putting ---- */

static enum err finish(struct call *call)
{
	struct put_call *put_call = call_state(call, struct put_call);
	struct events *events = events_of(call->core);
	struct events_put_events_out *out = put_call->out;

	out->has_failed_entry_count = true;
	for (size_t i = 0; i < put_call->count; i++)
		out->failed_entry_count += out->entries[i].error_code.data != NULL;
	call->sender_failures = (uint32_t)out->failed_entry_count;
	events_count(events, EVENTS_COUNT_ENTRIES, put_call->count);
	events_count(events, EVENTS_COUNT_FAILED_ENTRIES, (uint64_t)out->failed_entry_count);
	const struct events_put_figures figures = {
		.entries = put_call->count,
		.failed_entries = (size_t)out->failed_entry_count,
		.size = put_call->size,
	};
	events_measure_put(call, put_call->entries[0].place.bus, &figures);
	return ERR_OK;
}

/* True: it was the last. */
static bool end_one(struct put_call *put_call)
{
	return --put_call->unanswered == 0;
}

static void on_put(void *context, bool is_stored)
{
	struct entry *entry = context;

	if (is_stored)
		entry->out->event_id = entry->event.id;
	else
		refuse(entry, STR("InternalFailure"), STR("The event could not be stored."));
	if (end_one(entry->put_call) && entry->put_call->is_parked)
		call_go_on(entry->put_call->call);
}

static struct str new_id(struct arena *arena)
{
	char *text = arena_bytes(arena, UUID_TEXT_SIZE);
	uint8_t bytes[16];

	uuid_new(bytes);
	uuid_format(bytes, text);
	return str_of(text, 36);
}

static void put_entry(struct call *call, struct entry *entry)
{
	const struct events_put_events_request_entry *in = entry->in;
	struct str account = call->principal->account;

	entry->event = (struct events_event){
		.id = new_id(call->arena),
		.source = in->source,
		.detail_type = in->detail_type,
		.account = account.size > 0 ? account : call->account,
		.region = call->region,
		.time_ms = in->has_time ? in->time : call->now_ms,
		.resources = in->resources,
		.resource_count = in->resources_count,
		.detail = in->detail,
	};
	entry->put = (struct events_put){
		.account = entry->place.account,
		.region = entry->place.region,
		.bus = entry->place.name,
		.event = &entry->event,
		.trace = in->trace_header.data ? in->trace_header : call->trace_header,
		.request_id = str_from(call->request_id),
		.now_ms = call->now_ms,
	};
	events_put_event(call->core, request_context_of(call)->home, &entry->put, on_put, entry);
}

/* Each event counts by its own chunks of 64 KiB. https://aws.amazon.com/eventbridge/pricing/ */
static void bill_entry(struct call *call, const struct entry *entry)
{
	size_t chunks = (entry_size(entry->in) + USAGE_CHUNK_SIZE - 1) / USAGE_CHUNK_SIZE;
	const struct billing_item item = {
		.account = call->account,
		.region = call->region,
		.usage = STR("Event-64K-Chunks"),
		.operation = STR("PutEvents"),
		.resource = call->asked.resource,
		.micro = (int64_t)chunks * BILLING_MICRO,
	};

	billing_add(call->core, &item);
}

enum err events_put_events(struct call *call, const struct events_put_events_in *in,
			   struct events_put_events_out *out)
{
	struct put_call *put_call = arena_new(call->arena, struct put_call);
	struct entry *entries = arena_array(call->arena, struct entry, in->entries_count);

	events_count(events_of(call->core), EVENTS_COUNT_CALLS, 1);
	out->entries =
		arena_array(call->arena, struct events_put_events_result_entry, in->entries_count);
	out->entries_count = in->entries_count;
	enum err err = ERR_OK;
	for (size_t i = 0; i < in->entries_count && !err; i++) {
		entries[i] = (struct entry){
			.put_call = put_call, .in = &in->entries[i], .out = &out->entries[i]};
		err = authorize_entry(call, &entries[i]);
	}
	size_t size = size_of(in);
	if (!err)
		err = check_size(call, size);
	if (err) {
		events_measure_put(call, NULL,
				   &(struct events_put_figures){.size = size, .has_failed = true});
		return err;
	}
	*put_call = (struct put_call){
		.call = call,
		.entries = entries,
		.count = in->entries_count,
		.size = size,
		.unanswered = in->entries_count + 1,
		.out = out,
	};
	call_set_state(call, struct put_call, put_call);
	for (size_t i = 0; i < in->entries_count; i++) {
		check_entry(call, &entries[i]);
		if (!entries[i].is_valid) {
			put_call->unanswered--;
			continue;
		}
		bill_entry(call, &entries[i]);
		put_entry(call, &entries[i]);
	}
	if (end_one(put_call))
		return finish(call);
	put_call->is_parked = true;
	return call_wait(call, finish);
}
