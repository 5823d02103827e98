/* SPDX-License-Identifier: MIT */
/*
 * put: PutLogEvents. The frame is made on the net thread; for a key of KMS it is compressed, which
 * takes a worker if it is large. The answer leaves when the store's writer has synced it.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
 */
#include "services/logs/put.h"

#include <stdlib.h>

#include "core/billing.h"
#include "core/seal/envelope.h"
#include "services/logs/check.h"
#include "services/logs/logs.h"

enum {
	BATCH_SIZE = 1048576,
	BATCH_SPAN_MS = 24 * 3600000,
	FUTURE_MS = 2 * 3600000,
	PAST_MS = 14 * 86400000,
	DAY_MS = 86400000,
	/* Bytes that are compressed on the net thread itself, in well under a millisecond. */
	WORK_SIZE = 32768,
};

struct put {
	struct call *call;
	struct logstore_append append;
	const struct logs_group *group;
	const struct logs_stream *stream;
	struct data_key *key; /* NULL: sealed by the server */
	struct log_record *records;
	size_t count;
	struct buf frame;
	resume_fn resume;
};

static void free_put(void *subject)
{
	struct put *put = subject;

	buf_done(&put->frame);
}

/* ---- the frame ---- */

static struct str seal_envelope(void *context, struct arena *arena, struct str plain)
{
	struct put *put = context;

	return envelope_close(put->key, arena, plain);
}

static enum err make_frame(struct call *call)
{
	struct put *put = call_state(call, struct put);

	logstore_pack(logs_of(call->core)->store, call->arena, put->group->number, put->records,
		      put->count, put->key ? seal_envelope : NULL, put, &put->frame, &put->append);
	return ERR_OK;
}

static void bill(struct call *call, const struct put *put)
{
	const struct billing_item item = {
		.account = call->account,
		.region = call->region,
		.usage = STR("DataProcessing-Bytes"),
		.operation = STR("PutLogEvents"),
		.resource = logs_arn(call->arena, call->region, call->account, put->group->name,
				     (struct str){0}),
		.micro = (int64_t)put->append.text_size * BILLING_MICRO,
	};

	billing_add(call->core, &item);
}

static enum err answer(struct call *call)
{
	struct put *put = call_state(call, struct put);

	switch (put->append.result) {
	case ERR_OK:
		logs_figures_add(put->stream->figures, put->append.first_ms, put->append.last_ms,
				 call->now_ms);
		bill(call, put);
		return put->resume(call);
	case ERR_NOTFOUND:
		return fail(call, &LOGS_RESOURCE_NOT_FOUND,
			    "The specified log group does not exist.");
	case ERR_FULL:
		return fail(
			call, &LOGS_SERVICE_UNAVAILABLE,
			"The disk is full. Until there is some room, no log events are stored.");
	default:
		return fail(call, &LOGS_SERVICE_UNAVAILABLE, "The log events could not be stored.");
	}
}

/* The writer's thread. */
static void on_written(struct logstore_append *append)
{
	struct put *put = container_of(append, struct put, append);

	call_go_on(put->call);
}

static enum err write_frame(struct call *call)
{
	struct put *put = call_state(call, struct put);

	put->append.syncs = true;
	put->append.done = on_written;
	enum err err = call_wait(call, answer);
	logstore_write(logs_of(call->core)->store, &put->append);
	return err;
}

static int by_time(const void *left, const void *right)
{
	const struct log_record *a = left, *b = right;

	return log_key_compare(a->key, b->key);
}

enum err logs_put_records(struct call *call, const struct logs_group *group,
			  const struct logs_stream *stream, struct log_record *records,
			  size_t count, resume_fn resume)
{
	struct put *put = arena_new(call->arena, struct put);
	uint64_t sequence = logs_take_sequence(logs_of(call->core), count);
	size_t size = 0;

	put->call = call;
	put->group = group;
	put->stream = stream;
	put->records = records;
	put->count = count;
	put->resume = resume;
	for (size_t i = 0; i < count; i++) {
		records[i].stream = stream->number;
		records[i].key.sequence = sequence + i;
		records[i].ingested_ms = call->now_ms;
		size += records[i].text.size;
	}
	qsort(records, count, sizeof(*records), by_time);
	enum err err = logs_key_of_call(call, group, &put->key);
	if (err)
		return err;
	call_set_state(call, struct put, put);
	call_on_end(call, free_put, put);
	if (put->key && size > WORK_SIZE)
		return call_work(call, size, make_frame, write_frame);
	err = make_frame(call);
	return err ? err : write_frame(call);
}

/* ---- PutLogEvents ---- */

/* AWS checks all of a batch before it rejects single events. */
static enum err check_batch(struct call *call, const struct logs_put_log_events_in *in)
{
	int64_t first_ms = INT64_MAX, last_ms = 0;
	size_t size = 0;

	if (in->log_events_count > LIMIT_LOG_EVENTS)
		return fail(call, &LOGS_INVALID_PARAMETER,
			    "1 validation error detected: Value at 'logEvents' failed to satisfy "
			    "constraint: Member must have length less than or equal to %d",
			    LIMIT_LOG_EVENTS);
	for (size_t i = 0; i < in->log_events_count; i++) {
		const struct logs_input_log_event *event = &in->log_events[i];
		if (i > 0 && event->timestamp < in->log_events[i - 1].timestamp)
			return fail(call, &LOGS_INVALID_PARAMETER,
				    "Log events in a single PutLogEvents request must be in "
				    "chronological order.");
		size += event->message.size + FRAME_TEXT_OVERHEAD;
		if (event->timestamp < first_ms)
			first_ms = event->timestamp;
		if (event->timestamp > last_ms)
			last_ms = event->timestamp;
		if (event->message.size + FRAME_TEXT_OVERHEAD > BATCH_SIZE)
			return fail(call, &LOGS_INVALID_PARAMETER,
				    "Log event too large: %zu bytes exceeds limit of %d",
				    event->message.size + FRAME_TEXT_OVERHEAD, BATCH_SIZE);
	}
	if (size > BATCH_SIZE)
		return fail(call, &LOGS_INVALID_PARAMETER,
			    "Upload too large: %zu bytes exceeds limit of %d", size, BATCH_SIZE);
	if (last_ms - first_ms > BATCH_SPAN_MS)
		return fail(call, &LOGS_INVALID_PARAMETER,
			    "The batch of log events in a single PutLogEvents request cannot span "
			    "more than 24 hours.");
	return ERR_OK;
}

/* The events are in order of time, so those that are refused are at its ends. */
static struct log_record *take_events(struct call *call, const struct logs_group *group,
				      const struct logs_put_log_events_in *in, size_t *out_count,
				      struct logs_rejected_log_events_info **out_rejected)
{
	struct logs_rejected_log_events_info info = {0};
	struct log_record *records =
		arena_array(call->arena, struct log_record, in->log_events_count);
	int64_t kept_ms = group->retention_days > 0
				  ? call->now_ms - group->retention_days * (int64_t)DAY_MS
				  : INT64_MIN;
	size_t count = 0;

	for (size_t i = 0; i < in->log_events_count; i++) {
		const struct logs_input_log_event *event = &in->log_events[i];
		if (event->timestamp < kept_ms) {
			info.has_expired_log_event_end_index = true;
			info.expired_log_event_end_index = (int64_t)i + 1;
		} else if (event->timestamp < call->now_ms - PAST_MS) {
			info.has_too_old_log_event_end_index = true;
			info.too_old_log_event_end_index = (int64_t)i + 1;
		} else if (event->timestamp > call->now_ms + FUTURE_MS) {
			if (!info.has_too_new_log_event_start_index)
				info.too_new_log_event_start_index = (int64_t)i;
			info.has_too_new_log_event_start_index = true;
		} else {
			records[count++] = (struct log_record){.key.time_ms = event->timestamp,
							       .text = event->message};
		}
	}
	if (count < in->log_events_count) {
		*out_rejected = arena_new(call->arena, struct logs_rejected_log_events_info);
		**out_rejected = info;
		atomic_fetch_add_explicit(&logs_of(call->core)->rejected,
					  in->log_events_count - count, memory_order_relaxed);
	}
	*out_count = count;
	return records;
}

static enum err finish(struct call *call)
{
	struct logs_put_log_events_out *out = call->out;

	out->next_sequence_token = LOGS_SEQUENCE_TOKEN;
	return ERR_OK;
}

enum err logs_put_log_events(struct call *call, const struct logs_put_log_events_in *in,
			     struct logs_put_log_events_out *out)
{
	const struct logs_stream *stream;
	const struct logs_group *group;
	size_t count;

	enum err err = logs_authorize(call, STR("logs:PutLogEvents"), in->log_group_name,
				      in->log_stream_name);
	if (!err)
		err = check_batch(call, in);
	if (!err)
		err = logs_group_of_call(call, in->log_group_name, &group);
	if (!err)
		err = logs_stream_of_call(call, group, in->log_stream_name, &stream);
	if (err)
		return err;
	struct log_record *records =
		take_events(call, group, in, &count, &out->rejected_log_events_info);
	if (count == 0)
		return finish(call);
	return logs_put_records(call, group, stream, records, count, finish);
}
