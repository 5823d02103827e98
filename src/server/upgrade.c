/* SPDX-License-Identifier: MIT */
/*
 * upgrade: each text record is decoded and encoded again by its shape, whatever the service makes
 * of it. Transactions have bounded sizes, so a large table takes several walks.
 *
 * When the catalog's format 4 is no longer read, delete this module, CATALOG_HAS_TEXT_RECORDS and
 * the reading of JSON in wire/record.c.
 */
#include "server/upgrade.h"

#include <string.h>

#include "api/ec2_records.h"
#include "api/events_records.h"
#include "api/iam_records.h"
#include "api/kms_records.h"
#include "api/sns_records.h"
#include "api/sqs_records.h"

enum { CHANGES_MAX = 65536, SEAL_SUBJECT = 0 };

static const struct table {
	enum catalog_table table;
	const struct shape *shape;
	bool is_sealed; /* the whole record */
} tables[] = {
	{CATALOG_SQS_QUEUES, &sqs_queue_record_shape, false},
	{CATALOG_SQS_TASKS, &sqs_move_task_record_shape, false},
	{CATALOG_IAM, &iam_entity_record_shape, true},
	{CATALOG_KMS_KEYS, &kms_key_record_shape, false},
	{CATALOG_EC2_ENDPOINTS, &ec2_endpoint_record_shape, false},
	{CATALOG_SNS_TOPICS, &sns_topic_record_shape, false},
	{CATALOG_SNS_SUBSCRIPTIONS, &sns_subscription_record_shape, false},
	{CATALOG_EVENTS_BUSES, &events_bus_record_shape, false},
	{CATALOG_EVENTS_RULES, &events_rule_record_shape, false},
};

struct conversion {
	struct core *core;
	const struct table *table;
	struct catalog_changes changes;
	struct arena arena;
};

static enum err convert_text(struct conversion *conversion, struct str key, struct str text)
{
	const struct table *table = conversion->table;
	void *record = arena_alloc(&conversion->arena, table->shape->size);
	struct buf bytes = {0};

	enum err err = record_decode(&conversion->arena, text, table->shape, record);
	if (err) {
		log_event(LOG_ERROR, "a text record of the catalog cannot be read",
			  log_str("record", table->shape->name), log_str("id", key));
		return err;
	}
	record_encode(&bytes, table->shape, record);
	struct str value = buf_str(&bytes);
	if (table->is_sealed)
		value = seal_close(conversion->core->seal, &conversion->arena, SEAL_SUBJECT, value);
	catalog_changes_put(&conversion->changes, table->table, key, value);
	explicit_bzero(bytes.data, bytes.size);
	buf_done(&bytes);
	return ERR_OK;
}

/* ERR_CLOSED ends the walk: enough for one transaction. */
static enum err convert(void *context, struct str key, struct str value)
{
	struct conversion *conversion = context;
	struct str row = value;
	char *copy = NULL;
	enum err err = ERR_OK;

	if (conversion->changes.count == CHANGES_MAX)
		return ERR_CLOSED;
	arena_reset(&conversion->arena);
	if (conversion->table->is_sealed) {
		copy = arena_bytes(&conversion->arena, value.size);
		memcpy(copy, value.data, value.size);
		err = seal_open(conversion->core->seal, copy, value.size, &row);
	}
	if (!err && str_starts(row, STR("{")))
		err = convert_text(conversion, key, row);
	if (copy)
		explicit_bzero(copy, value.size);
	return err;
}

/* Converts records of a table; *out_is_done is false if there may be more. */
static enum err convert_some(struct conversion *conversion, bool *out_is_done)
{
	struct catalog *catalog = conversion->core->catalog;

	enum err err = catalog_begin(catalog, false);
	if (err)
		return err;
	err = catalog_each(catalog, conversion->table->table, convert, conversion);
	catalog_abort(catalog);
	*out_is_done = err != ERR_CLOSED;
	if (err && err != ERR_CLOSED)
		return err;
	if (conversion->changes.count > 0)
		log_event(LOG_INFO, "text records of the catalog are converted",
			  log_str("record", conversion->table->shape->name),
			  log_i64("count", (int64_t)conversion->changes.count));
	return catalog_write(catalog, &conversion->changes);
}

static enum err convert_tables(struct core *core)
{
	struct conversion conversion = {.core = core};
	enum err err = ERR_OK;

	arena_init(&conversion.arena);
	for (size_t i = 0; !err && i < sizeof(tables) / sizeof(tables[0]); i++) {
		bool is_done = false;
		conversion.table = &tables[i];
		while (!err && !is_done)
			err = convert_some(&conversion, &is_done);
	}
	catalog_changes_done(&conversion.changes);
	arena_done(&conversion.arena);
	return err;
}

enum err upgrade_records(struct core *core)
{
	struct catalog_changes changes = {0};
	struct str value;

	enum err err = catalog_begin(core->catalog, false);
	if (err)
		return err;
	err = catalog_get(core->catalog, CATALOG_META, CATALOG_HAS_TEXT_RECORDS, &value);
	catalog_abort(core->catalog);
	if (err)
		return err == ERR_NOTFOUND ? ERR_OK : err;
	err = convert_tables(core);
	if (err)
		return err;
	catalog_changes_delete(&changes, CATALOG_META, CATALOG_HAS_TEXT_RECORDS);
	return catalog_write(core->catalog, &changes);
}
