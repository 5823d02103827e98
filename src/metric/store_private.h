/* SPDX-License-Identifier: MIT */
/* store_private: what the files of the store share. Under the store's lock, unless said
 * otherwise. */
#ifndef TERN_METRIC_STORE_PRIVATE_H
#define TERN_METRIC_STORE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/snapshot.h"
#include "metric/file.h"
#include "metric/journal.h"
#include "metric/pending.h"
#include "metric/rows.h"
#include "metric/store.h"

enum {
	METRIC_FLUSH_S = 14400,	     /* points are sealed at its multiples */
	METRIC_OPEN_SIZE = 24 << 20, /* bytes of rows after which they are sealed earlier */
	METRIC_NUMBER_MAX = 1 << 26, /* of a series */
};

struct metric_rows {
	struct buf bytes;
	struct metric_row_state state;
};

/* Points of a series that are not in a file, by step: 60 and 1 s. */
struct metric_open {
	struct metric_rows minutes;
	struct metric_rows *seconds; /* NULL: none */
};
void metric_open_done(struct metric_open *open);

struct metric_series {
	_Atomic uint32_t references; /* of the store, and of snapshots of the table */
	uint32_t number;
	bool is_removed;
	bool is_saved;		      /* its key is in the series' file */
	const struct metric_key *key; /* constant */
	uint64_t hash;
	_Atomic int64_t last_s;
	struct metric_pending pending;
	struct metric_open open;
};

/* The files of one moment, counted by reference; constant once they are in the store. */
struct metric_files {
	_Atomic uint32_t references;
	/* Points before it are in files of 300 and 3600 s, too; a multiple of a day. */
	int64_t rolled_s;
	size_t count;
	struct metric_file *items[];
};
struct metric_files *metric_files_new(size_t room, int64_t rolled_s);
void metric_files_release(struct metric_files *files); /* accepts NULL */

/* Rows that are being sealed, in order of the series' numbers. */
struct metric_frozen_series {
	uint32_t series;
	struct metric_open open;
};
struct metric_frozen {
	struct metric_frozen_series *items;
	size_t count;
	uint64_t journal; /* the first one without these rows */
};

struct metric_manifest {
	uint64_t next_sequence, first_journal, series_number, series_size;
	const struct metric_files *files;
};

struct metric_numbers {
	uint32_t *items;
	size_t count, capacity;
};
struct metric_series_list {
	struct metric_series **items;
	size_t count, capacity;
};

struct metric_store {
	struct metric_store_options options;
	pthread_mutex_t mutex;
	struct map by_key;
	struct snapshot_table *table;	 /* in order of their keys */
	struct metric_series_list all;	 /* by number - 1; NULL: there is none */
	struct metric_series_list dirty; /* with pending points */
	struct metric_series_list fresh; /* that no journal has */
	struct metric_numbers dropped;	 /* removed series that no journal has */
	struct metric_numbers removed;	 /* that the series' file has not as removed */
	uint64_t series_count, dropped_series, open_size;
	struct metric_files *files;
	struct metric_frozen *frozen; /* NULL: none */
	int64_t frozen_s;	      /* when rows were frozen the last time */

	pthread_mutex_t disk; /* is locked before `mutex`; for what follows */
	struct metric_journal journal;
	uint64_t journal_number;
	struct metric_manifest manifest; /* its files are those above */
};

/* NULL: there is none, or it was removed. */
struct metric_series *metric_series_find(struct metric_store *store, uint32_t number);
/* At the start: the series of a file. */
void metric_series_load(struct metric_store *store, uint32_t number, const struct metric_key *key,
			bool is_saved);
void metric_series_drop(struct metric_store *store, uint32_t number);
void metric_series_append(struct metric_series *series, const struct metric_pending_point *pending);

/* ---- the directory: under the disk lock, or at the start ---- */

/* A record of the journal or of the series' file. */
struct metric_seen {
	uint32_t series;
	int64_t last_s;
};
struct metric_record {
	struct metric_series *const *series; /* new ones, with their keys */
	size_t series_count;
	const uint32_t *removed;
	size_t removed_count;
	const struct metric_seen *seen; /* in order of the series */
	size_t seen_count;
	struct str rows; /* for each series: its number, its rows of minutes and of seconds */
};
void metric_record_append(struct buf *out, const struct metric_record *record);

/* Reads what is there. Errors as metric_store_open. */
must_check enum err metric_disk_open(struct metric_store *store);
/* Appends a record to the journal and makes it durable. */
must_check enum err metric_disk_append(struct metric_store *store, struct str record);
/* Later records go to a new journal. */
void metric_disk_rotate(struct metric_store *store);
/* Appends to the series' file, whose new size goes to the manifest. */
must_check enum err metric_disk_save_series(struct metric_store *store,
					    struct metric_manifest *manifest,
					    const struct metric_record *record);
must_check enum err metric_manifest_write(const struct metric_store *store,
					  const struct metric_manifest *manifest);
void metric_disk_remove_journals(const struct metric_store *store, uint64_t from, uint64_t until);

void metric_frozen_free(struct metric_frozen **frozen); /* accepts NULL */

/* ---- reading: any thread ---- */

/* Collects points and adds up those of the same step. */
struct metric_gather {
	struct arena *arena;
	int64_t start_s, end_s;
	uint32_t period_s;
	struct metric_point *items;
	size_t count, capacity;
	bool is_unordered;
};
void metric_gather_add(struct metric_gather *gather, const struct metric_point *point);
/* Orders the points; items move to the arena. */
void metric_gather_end(struct metric_gather *gather);
/* ERR_DAMAGED */
must_check enum err metric_gather_rows(struct metric_gather *gather, struct str rows,
				       uint32_t step_s);

#endif
