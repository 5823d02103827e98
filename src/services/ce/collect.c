/* SPDX-License-Identifier: MIT */
/*
 * collect: rows are texts (cost/ledger.h) in a log store of their own, which compresses, seals and
 * recovers them: one record an hour or more, of many lines.
 *
 * Requests of SNS and EventBridge to queues are metered with the topic's or rule's ARN; AWS does
 * not bill them.
 */
#include "services/ce/collect.h"

#include "api/ce.h"
#include "core/billing.h"
#include "core/metering.h"
#include "logstore/read.h"

enum {
	GROUP = 1,
	STREAM = 1,
	RECORD_SIZE = 262144,
	MINUTE_MS = 60000,
	WAL_SIZE = 1 << 20,
	SEGMENT_SIZE = 4 << 20,
	HOURS_MOST = 744, /* of a month */
};
#define SEGMENT_AGE_MS (INT64_C(31) * 86400000)

/* ---- usage types ---- */

static bool is_one_of(struct str name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(name, str_from(names[i])))
			return true;
	return false;
}

/* AWS bills these at the rate of FIFO, and others at that of standard queues. */
static bool is_fifo_operation(struct str name)
{
	static const char *const names[] = {
		"SendMessage",
		"SendMessageBatch",
		"ReceiveMessage",
		"DeleteMessage",
		"DeleteMessageBatch",
		"ChangeMessageVisibility",
		"ChangeMessageVisibilityBatch",
	};

	return is_one_of(name, names, sizeof(names) / sizeof(names[0]));
}

static bool is_publish(struct str name)
{
	return str_equal(name, STR("Publish")) || str_equal(name, STR("PublishBatch"));
}

/* Empty: AWS does not bill it. *out_units is what counts. */
static struct str usage_of(const struct operation *operation, const struct usage_key *key,
			   const struct usage_values *values, uint64_t *out_units)
{
	struct str service = operation->service->name;
	bool is_fifo = str_ends(key->resource, STR(".fifo"));

	*out_units = values->chunks;
	if (key->account.size == 0 || !operation->facts ||
	    str_equal(operation->facts->price, STR("none")))
		return (struct str){0};
	if (str_equal(service, STR("sqs"))) {
		if (key->resource.size > 0 && str_find(key->resource, STR(":sqs:"), 0) == SIZE_MAX)
			return (struct str){0};
		return is_fifo && is_fifo_operation(operation->name) ? STR("Requests-FIFO-RBP")
								     : STR("Requests-RBP");
	}
	if (str_equal(service, STR("sns")))
		return is_fifo && is_publish(operation->name) ? STR("Requests-FIFO-Publish")
							      : STR("Requests-Tier1");
	*out_units = values->requests;
	if (str_equal(service, STR("kms")))
		return str_equal(operation->facts->price, STR("key-pair"))
			       ? STR("KMS-Requests-GenerateDatakeyPair-RSA")
			       : STR("KMS-Requests");
	if (str_equal(service, STR("cloudwatch")))
		return STR("CW:Requests");
	return (struct str){0};
}

struct collection {
	struct core *core;
	struct ce *ce;
	uint32_t hour;
	int64_t hours; /* for which what services keep is billed */
};

static void add(struct collection *collection, const struct ledger_series *key, int64_t micro)
{
	ledger_add(collection->ce->fresh, collection->hour, key, micro);
	ledger_add(collection->ce->ledger, collection->hour, key, micro);
}

static void take_usage(void *context, const struct usage_key *key,
		       const struct usage_values *values)
{
	struct collection *collection = context;
	const struct operation *operation =
		route_operation_at(&collection->core->routes, key->operation);
	uint64_t units;

	/* AWS does not bill throttled requests and failures of its own. */
	if (key->outcome == METER_THROTTLED || key->outcome == METER_RECEIVER_FAULT)
		return;
	struct ledger_series series = {
		.account = key->account,
		.region = key->region,
		.usage = usage_of(operation, key, values, &units),
		.operation = operation->name,
		.resource = key->resource,
	};
	if (series.usage.size > 0)
		add(collection, &series, (int64_t)units * PRICE_MICRO);
	if (str_equal(series.usage, STR("Requests-FIFO-Publish"))) {
		series.usage = STR("Bytes-FIFO-Publish");
		add(collection, &series, (int64_t)values->bytes * PRICE_MICRO);
	}
}

static void take_item(void *context, const struct billing_item *item)
{
	const struct ledger_series series = {
		.account = item->account,
		.region = item->region,
		.usage = item->usage,
		.operation = item->operation,
		.resource = item->resource,
	};

	add(context, &series, item->micro);
}

static void take_kept(void *context, const struct billing_item *item)
{
	struct collection *collection = context;
	struct billing_item all = *item;

	all.micro *= collection->hours;
	take_item(context, &all);
}

/* Each hour once; after a pause of the process or a jump of its clock, the hours between too. */
static void bill_kept(struct collection *collection)
{
	struct ce *ce = collection->ce;

	if (collection->hour <= ce->billed_hour)
		return;
	collection->hours = ce->billed_hour > 0 ? collection->hour - ce->billed_hour : 1;
	if (collection->hours > HOURS_MOST)
		collection->hours = HOURS_MOST;
	services_bill(collection->core, take_kept, collection);
	ce->billed_hour = collection->hour;
}

/* ---- the store ---- */

static void on_flushed(void *context, uint64_t wal, const struct logstore_touched *touched,
		       size_t count)
{
	struct ce *ce = context;

	(void)touched;
	(void)count;
	if (ce->store)
		logstore_flushed(ce->store, wal);
}

struct record {
	struct logstore_append append;
	struct buf frame;
};

static void on_written(struct logstore_append *append)
{
	struct record *record = container_of(append, struct record, append);

	if (append->result)
		log_event(LOG_ERROR, "usage for the bill could not be stored and is lost",
			  log_str("error", err_text(append->result)));
	buf_done(&record->frame);
	heap_free(record);
}

static void store_text(struct ce *ce, uint32_t hour, struct str text)
{
	struct record *record = heap_alloc(sizeof(*record));
	struct log_record row = {
		.key = {hour * LEDGER_HOUR_MS, ce->run << 32 | ce->events++},
		.stream = STREAM,
		.ingested_ms = hour * LEDGER_HOUR_MS,
		.text = text,
	};
	struct arena arena;

	arena_init(&arena);
	logstore_pack(ce->store, &arena, GROUP, &row, 1, NULL, NULL, &record->frame,
		      &record->append);
	arena_done(&arena);
	record->append.syncs = true;
	record->append.done = on_written;
	logstore_write(ce->store, &record->append);
}

struct writing {
	struct ce *ce;
	uint32_t hour;
	struct buf text;
};

static void write_row(void *context, uint32_t hour, const struct ledger_series *series,
		      int64_t micro)
{
	struct writing *writing = context;

	ledger_write(&writing->text, hour, series, micro);
	buf_append_char(&writing->text, '\n');
	if (writing->text.size < RECORD_SIZE)
		return;
	store_text(writing->ce, hour, buf_str(&writing->text));
	buf_reset(&writing->text);
}

/* The fresh usage is stored, and a new hour begins. */
static void store_fresh(struct ce *ce)
{
	struct writing writing = {.ce = ce, .hour = ce->hour};

	ledger_each_row(ce->fresh, write_row, &writing);
	if (writing.text.size > 0)
		store_text(ce, ce->hour, buf_str(&writing.text));
	buf_done(&writing.text);
	ledger_free(&ce->fresh);
	ce->fresh = ledger_new(ce->prices);
}

static enum err load_text(struct ce *ce, struct str text)
{
	while (text.size > 0) {
		enum err err = ledger_read(ce->ledger, str_cut(&text, '\n'));
		if (err)
			return err;
	}
	return ERR_OK;
}

static enum err load_rows(struct ce *ce)
{
	struct logstore_query query = {
		.group = GROUP,
		.from_ms = clock_now_ms() - CE_KEPT_DAYS * INT64_C(86400000),
		.to_ms = INT64_MAX,
		.count_max = 64,
		.size_max = SIZE_MAX,
		.scan_max = UINT64_MAX,
	};
	uint32_t hour = 0, now = (uint32_t)(clock_now_ms() / LEDGER_HOUR_MS);
	struct logstore_page page;
	struct arena arena;
	enum err err;

	if (query.from_ms < 0)
		query.from_ms = 0;
	arena_init(&arena);
	do {
		arena_reset(&arena);
		err = logstore_read(ce->store, &arena, &query, &page);
		for (size_t i = 0; !err && i < page.count; i++) {
			uint64_t run = page.records[i].key.sequence >> 32;
			ce->run = run > ce->run ? run : ce->run;
			hour = (uint32_t)(page.records[i].key.time_ms / LEDGER_HOUR_MS);
			err = load_text(ce, page.records[i].text);
		}
		if (!err && page.count > 0)
			query.after = page.records[page.count - 1].key;
		query.has_after = true;
	} while (!err && page.has_more);
	arena_done(&arena);
	/* The previous run billed this hour. */
	if (hour >= now)
		ce->billed_hour = hour;
	return err;
}

enum err ce_load(struct core *core, struct str directory, bool syncs)
{
	struct ce *ce = ce_of(core);
	const struct logstore_options options = {
		.directory = directory,
		.syncs = syncs,
		.seal = core->seal,
		.wal_size = WAL_SIZE,
		.segment_size = SEGMENT_SIZE,
		.segment_age_ms = SEGMENT_AGE_MS,
		.on_flushed = on_flushed,
		.context = ce,
	};

	ce->ledger = ledger_new(ce->prices);
	ce->fresh = ledger_new(ce->prices);
	enum err err = logstore_open(&options, &ce->store);
	if (!err)
		err = logstore_add(ce->store, GROUP);
	if (!err)
		err = logstore_recover(ce->store);
	if (!err)
		err = load_rows(ce);
	ce->run++;
	if (!err)
		logstore_start(ce->store);
	return err;
}

/* ---- the task ---- */

static void begin_hour(struct ce *ce, uint32_t hour)
{
	if (hour == ce->hour)
		return;
	if (ce->hour > 0)
		store_fresh(ce);
	ce->hour = hour;
	if (hour % 24 != 0)
		return;
	ledger_prune(ce->ledger, hour - CE_KEPT_DAYS * 24);
	logstore_expire(ce->store, GROUP, (hour - (int64_t)CE_KEPT_DAYS * 24) * LEDGER_HOUR_MS);
}

/* The minutes that were merged since, and what was counted beside. */
static void collect(struct core *core)
{
	struct ce *ce = ce_of(core);
	struct usage *usage = metering_usage(core);
	const struct usage_minute *minute;
	struct collection collection = {.core = core, .ce = ce};

	pthread_mutex_lock(&ce->mutex);
	while ((minute = usage_minute_after(usage, ce->sequence)) != NULL) {
		ce->sequence = usage_minute_sequence(minute);
		collection.hour = (uint32_t)(usage_minute_start_ms(minute) / LEDGER_HOUR_MS);
		begin_hour(ce, collection.hour);
		usage_minute_each(minute, take_usage, &collection);
		usage_minute_release(minute);
	}
	/* Counted in this minute, or in the last one. */
	collection.hour = (uint32_t)((clock_now_ms() - 1000) / LEDGER_HOUR_MS);
	begin_hour(ce, collection.hour);
	billing_take(core, take_item, &collection);
	bill_kept(&collection);
	pthread_mutex_unlock(&ce->mutex);
}

static void post(struct core *core)
{
	/* Behind the merge of core/metering.c. */
	int64_t next_ms = (clock_now_ms() / MINUTE_MS + 1) * MINUTE_MS + 100;

	core_post_control_on(core, &ce_of(core)->task, next_ms);
}

static void run_collect(struct core *core, struct core_task *task)
{
	(void)task;
	collect(core);
	post(core);
}

void ce_collect_start(struct core *core)
{
	ce_of(core)->task.run = run_collect;
	post(core);
}

void ce_collect_stop(struct core *core)
{
	struct ce *ce = ce_of(core);

	if (core->metering && core->billing && ce->store) {
		usage_merge(metering_usage(core), clock_now_ms());
		collect(core);
		store_fresh(ce);
	}
	logstore_close(&ce->store);
}
