/* SPDX-License-Identifier: MIT */
/*
 * catalog: small durable tables of bytes, on LMDB.
 *
 * It holds settings, never messages. One transaction at a time; the results of catalog_get and of a
 * cursor belong to the catalog and are valid until the transaction ends. Commit is durable
 * (synced). Knows nothing of AWS. One thread: the control thread, or main at start-up. Calls block.
 */
#ifndef TERN_CATALOG_CATALOG_H
#define TERN_CATALOG_CATALOG_H

#include "base/base.h"

struct catalog;

/* One row a table: its number is its place in the store. Add at the end. */
enum catalog_table {
	CATALOG_META,	       /* format version, keys, counters */
	CATALOG_SQS_QUEUES,    /* queue number (8 bytes, big endian) -> settings */
	CATALOG_SQS_TASKS,     /* task id -> message move task */
	CATALOG_IAM,	       /* id of an account, user, group, role or policy -> sealed record */
	CATALOG_KMS_KEYS,      /* key id -> key, its material sealed */
	CATALOG_EC2_ENDPOINTS, /* id of a private endpoint -> its settings */
	CATALOG_SQS_DROPS,     /* number of a deleted queue that the engine may still have -> "1" */
	CATALOG_DUE,	       /* time, kind and key of what is due -> time of the time base */
	CATALOG_SNS_TOPICS,    /* ARN -> topic */
	CATALOG_SNS_SUBSCRIPTIONS, /* ARN -> subscription */
	CATALOG_EVENTS_BUSES,	   /* account/region/name -> event bus */
	CATALOG_EVENTS_RULES,	   /* account/region/bus/name -> rule with its targets */
	CATALOG_SCHEDULER,	   /* schedules and their groups; services/scheduler/store.h */
	/* kind, account, region and name -> connection, API destination, archive, replay */
	CATALOG_EVENTS_ITEMS,
	CATALOG_LOGS,		       /* log groups, streams, policies; services/logs/store.h */
	CATALOG_CLOUDWATCH_ALARMS,     /* account/region/name -> alarm with its state */
	CATALOG_CLOUDWATCH_HISTORY,    /* account/region/name/time -> item of an alarm's history */
	CATALOG_CLOUDWATCH_DASHBOARDS, /* account/name -> dashboard */
	CATALOG_PIPES, /* account, region and name -> pipe; services/pipes/store.h */
	CATALOG_TABLES,
};

/* A record of CATALOG_META: the catalog was of format 3 or 4, and records of other tables may still
 * be text. The conversion deletes it. */
#define CATALOG_HAS_TEXT_RECORDS STR("text-records")

/*
 * Opens or makes it in directory `path`; is_durable false skips syncs. Reads all of it: the pages
 * must be in order, and each table must have the records that it had at the last commit.
 * ERR_VERSION, ERR_DAMAGED, ERR_IO, ERR_FULL; the problem is logged.
 */
must_check enum err catalog_open(const char *path, bool is_durable, struct catalog **out_catalog);
void catalog_free(struct catalog **catalog);

/* ERR_IO for a writing transaction after a commit has failed permanently. */
must_check enum err catalog_begin(struct catalog *catalog, bool writes);
must_check enum err catalog_commit(struct catalog *catalog); /* ends the transaction in any case */
/* Makes all that was committed durable, where commits are not; outside of a transaction. ERR_IO,
 * ERR_FULL. */
must_check enum err catalog_sync(struct catalog *catalog);
/* Any thread. True after a write or sync has failed other than for a full disk: no more writes
 * succeed until the process starts again. */
bool catalog_has_failed(const struct catalog *catalog);
void catalog_abort(struct catalog *catalog); /* fine without a transaction */

must_check enum err catalog_get(struct catalog *catalog, enum catalog_table table, struct str key,
				struct str *out_value); /* ERR_NOTFOUND */
must_check enum err catalog_put(struct catalog *catalog, enum catalog_table table, struct str key,
				struct str value);
must_check enum err catalog_delete(struct catalog *catalog, enum catalog_table table,
				   struct str key); /* ERR_NOTFOUND */
/*
 * Changes that are made at once. Keys and values are copied. Zero-initialised is empty; ends with
 * catalog_write or catalog_changes_done.
 */
struct catalog_changes {
	struct catalog_change *items;
	size_t count, capacity;
	struct buf bytes;
};
void catalog_changes_put(struct catalog_changes *changes, enum catalog_table table, struct str key,
			 struct str value);
void catalog_changes_delete(struct catalog_changes *changes, enum catalog_table table,
			    struct str key);
/* As catalog_changes_delete, but the record need not be there. */
void catalog_changes_drop(struct catalog_changes *changes, enum catalog_table table,
			  struct str key);
void catalog_changes_done(struct catalog_changes *changes);
/*
 * One transaction of its own with all of them, in their order; empties `changes` in any case. On an
 * error none is made. ERR_NOTFOUND: a record to delete is not there.
 */
must_check enum err catalog_write(struct catalog *catalog, struct catalog_changes *changes);

/* Visits all in key order; an error of `visit` ends the walk and is returned. */
typedef enum err (*catalog_visit_fn)(void *context, struct str key, struct str value);
must_check enum err catalog_each(struct catalog *catalog, enum catalog_table table,
				 catalog_visit_fn visit, void *context);

/*
 * A group: until catalog_group_end all that is committed becomes durable with one sync, or not at
 * all. Within the group commits cost no I/O, later transactions see earlier ones, and catalog_abort
 * undoes its own transaction only. Outside a transaction.
 */
void catalog_group_begin(struct catalog *catalog);
/* Something was committed in the open group. */
bool catalog_group_has_changes(const struct catalog *catalog);
/* Bytes by which the group makes the catalog grow; a caller ends the group before it is large. */
int64_t catalog_group_growth(const struct catalog *catalog);
/* ERR_OK without changes. On an error no change of the group is made: ERR_FULL; ERR_IO is final. */
must_check enum err catalog_group_end(struct catalog *catalog);

/*
 * Writes all tables into a new file that takes the old one's place, so that no bytes of deleted or
 * replaced records remain: the old file keeps such bytes in free pages. Outside a transaction; time
 * and space grow with the catalog's size. A crash leaves one of the two files. After an error other
 * than ERR_FULL and ERR_IO the catalog must not be used.
 */
must_check enum err catalog_rewrite(struct catalog *catalog);
/*
 * Within a writing transaction: requests a rewrite, which erases the bytes of records that this
 * transaction, or a later one before the rewrite, deletes or replaces. catalog_rewrite_wanted runs
 * it outside a group; after a crash the next catalog_open does.
 */
must_check enum err catalog_want_rewrite(struct catalog *catalog);
must_check enum err catalog_rewrite_wanted(struct catalog *catalog);

#endif
