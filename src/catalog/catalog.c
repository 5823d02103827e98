/* SPDX-License-Identifier: MIT */
/*
 * catalog: one LMDB environment, one named database a table.
 *
 * The map is address space, not memory or disk: it is made large once, so it never has to grow
 * while transactions are open.
 *
 * LMDB has no checksums and does not verify its pages. So the pages are inspected before it opens
 * the file, and each transaction keeps, in the meta table, the number of records of each table and
 * the sum of their CRC-32Cs: opening counts and adds them up again.
 */
#include "catalog/catalog.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/owner.h"
#include "catalog/inspect.h"
#include "catalog/reserve.h"

enum { CATALOG_VERSION = 5, CATALOG_OLDEST = 3, FILE_MODE = 0600, PATH_SIZE = 4096 };
static const size_t map_size = (size_t)8 << 30;

static const char *const table_names[CATALOG_TABLES] = {
	[CATALOG_META] = "meta",
	[CATALOG_SQS_QUEUES] = "sqs-queues",
	[CATALOG_SQS_TASKS] = "sqs-tasks",
	[CATALOG_IAM] = "iam",
	[CATALOG_KMS_KEYS] = "kms_keys",
	[CATALOG_EC2_ENDPOINTS] = "ec2-endpoints",
	[CATALOG_SQS_DROPS] = "sqs-drops",
	[CATALOG_DUE] = "due",
	[CATALOG_SNS_TOPICS] = "sns-topics",
	[CATALOG_SNS_SUBSCRIPTIONS] = "sns-subscriptions",
	[CATALOG_EVENTS_BUSES] = "events-buses",
	[CATALOG_EVENTS_RULES] = "events-rules",
	[CATALOG_SCHEDULER] = "scheduler",
	[CATALOG_EVENTS_ITEMS] = "events-items",
	[CATALOG_LOGS] = "logs",
	[CATALOG_CLOUDWATCH_ALARMS] = "cloudwatch-alarms",
	[CATALOG_CLOUDWATCH_HISTORY] = "cloudwatch-history",
	[CATALOG_CLOUDWATCH_DASHBOARDS] = "cloudwatch-dashboards",
	[CATALOG_PIPES] = "pipes",
};

/* Of the records of a table; the record of these sums itself is in none. */
struct table_sum {
	uint64_t count, sum;
};

struct catalog {
	char path[PATH_SIZE];
	unsigned flags;	      /* of the environment */
	MDB_env *environment; /* NULL: it could not be opened */
	MDB_txn *transaction;
	MDB_txn *group; /* the parent of its transactions; NULL: no writes in it so far */
	bool is_grouping, has_group_changes;
	int64_t group_growth;
	MDB_dbi tables[CATALOG_TABLES];
	struct table_sum sums[CATALOG_TABLES];	    /* with the open transaction */
	struct table_sum before[CATALOG_TABLES];    /* without it */
	struct table_sum committed[CATALOG_TABLES]; /* without the open group as well */
	bool is_changed;			    /* by the open transaction */
	int64_t growth; /* bytes of records that the open transaction adds */
	uint64_t reserved;
	bool is_rewrite_wanted; /* a hint; WANTED in the meta table decides */
	_Atomic bool has_failed;
};

/* A key of the meta table. A rewrite never copies its record, so it is absent once the rewrite is
 * complete. */
#define WANTED STR("rewrite-wanted")
#define VERSION_TEXT STR("5")
static_assert(CATALOG_VERSION == 5, "VERSION_TEXT is the same");
/* A key of the meta table: the sums, in the order of the tables. */
#define SUMS STR("sums")

static enum err from_lmdb(int code)
{
	switch (code) {
	case 0:
		return ERR_OK;
	case MDB_NOTFOUND:
		return ERR_NOTFOUND;
	case MDB_MAP_FULL:
	case ENOSPC:
		return ERR_FULL;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
		return ERR_DAMAGED;
	case MDB_VERSION_MISMATCH:
		return ERR_VERSION;
	default:
		return ERR_IO;
	}
}

/* ---- sums ---- */

static MDB_val to_value(struct str s)
{
	/* LMDB's structs are not const; it does not write to its inputs. */
	return (MDB_val){s.size, (void *)(uintptr_t)s.data};
}

static uint32_t hash_record(struct str key, struct str value)
{
	uint32_t size = (uint32_t)key.size;

	return crc32c(crc32c(crc32c(0, str_of((const char *)&size, sizeof(size))), key), value);
}

static void add_record(struct table_sum *sum, struct str key, struct str value)
{
	sum->count++;
	sum->sum += hash_record(key, value);
}

static void remove_record(struct table_sum *sum, struct str key, struct str value)
{
	sum->count--;
	sum->sum -= hash_record(key, value);
}

/* Subtracts the record of that key from the sums. ERR_NOTFOUND. */
static enum err remove_old(struct catalog *catalog, enum catalog_table table, struct str key)
{
	struct str value;

	enum err err = catalog_get(catalog, table, key, &value);
	if (err)
		return err;
	remove_record(&catalog->sums[table], key, value);
	catalog->growth -= (int64_t)(key.size + value.size);
	return ERR_OK;
}

static enum err save_sums(struct catalog *catalog, MDB_txn *transaction)
{
	MDB_val name = to_value(SUMS);
	MDB_val content = {sizeof(catalog->sums), catalog->sums};

	return from_lmdb(mdb_put(transaction, catalog->tables[CATALOG_META], &name, &content, 0));
}

static enum err add_to_sum(void *context, struct str key, struct str value)
{
	struct table_sum *sum = context;

	if (!str_equal(key, SUMS))
		add_record(sum, key, value);
	return ERR_OK;
}

static enum err check_sum(struct catalog *catalog, enum catalog_table table)
{
	const struct table_sum *expected = &catalog->committed[table];
	struct table_sum found = {0};

	enum err err = catalog_each(catalog, table, add_to_sum, &found);
	if (err || (found.count == expected->count && found.sum == expected->sum))
		return err;
	log_event(LOG_ERROR, "the catalog is damaged", log_str("file", str_from(catalog->path)),
		  log_str("table", str_from(table_names[table])),
		  log_i64("records", (int64_t)found.count),
		  log_i64("expected", (int64_t)expected->count),
		  log_str("problem", str_from(found.count == expected->count
						      ? "the content of records has changed"
						      : "records are missing or too many")));
	return ERR_DAMAGED;
}

/* Within a transaction. Tables that are newer than the sums have none, and are empty. */
static enum err check_sums(struct catalog *catalog)
{
	struct str value;

	enum err err = catalog_get(catalog, CATALOG_META, SUMS, &value);
	if (err || value.size > sizeof(catalog->committed) ||
	    value.size % sizeof(catalog->committed[0]) != 0) {
		log_event(LOG_ERROR, "the catalog is damaged",
			  log_str("file", str_from(catalog->path)),
			  log_str("problem", STR("its checksums are missing")));
		return err && err != ERR_NOTFOUND ? err : ERR_DAMAGED;
	}
	memcpy(catalog->committed, value.data, value.size);
	for (int i = 0; i < CATALOG_TABLES && !err; i++)
		err = check_sum(catalog, (enum catalog_table)i);
	memcpy(catalog->sums, catalog->committed, sizeof(catalog->sums));
	memcpy(catalog->before, catalog->committed, sizeof(catalog->before));
	return err;
}

/* ---- opening ---- */

/* A catalog without a version is new, so it is empty. */
static enum err begin_new(struct catalog *catalog)
{
	MDB_stat table;

	for (int i = 0; i < CATALOG_TABLES; i++) {
		enum err err =
			from_lmdb(mdb_stat(catalog->transaction, catalog->tables[i], &table));
		if (err)
			return err;
		if (table.ms_entries > 0)
			return ERR_DAMAGED;
	}
	return catalog_put(catalog, CATALOG_META, STR("version"), VERSION_TEXT);
}

/* From now on an earlier server refuses the catalog, which may get records that it cannot read. */
static enum err begin_upgrade(struct catalog *catalog)
{
	enum err err = catalog_put(catalog, CATALOG_META, CATALOG_HAS_TEXT_RECORDS, STR("1"));

	return err ? err : catalog_put(catalog, CATALOG_META, STR("version"), VERSION_TEXT);
}

static enum err check_version(struct catalog *catalog)
{
	struct str value;
	uint64_t version;

	enum err err = catalog_get(catalog, CATALOG_META, STR("version"), &value);
	if (err == ERR_NOTFOUND)
		return begin_new(catalog);
	if (err)
		return err;
	if (!str_to_u64(value, &version))
		return ERR_DAMAGED;
	if (version >= CATALOG_OLDEST && version <= CATALOG_VERSION) {
		err = check_sums(catalog);
		return err || version == CATALOG_VERSION ? err : begin_upgrade(catalog);
	}
	log_event(LOG_ERROR, "the catalog has another format",
		  log_str("path", str_from(catalog->path)), log_i64("format", (int64_t)version),
		  log_i64("expected", CATALOG_VERSION));
	return ERR_VERSION;
}

static enum err open_tables(struct catalog *catalog)
{
	enum err err = catalog_begin(catalog, true);
	if (err)
		return err;
	for (size_t i = 0; i < CATALOG_TABLES && !err; i++)
		err = from_lmdb(mdb_dbi_open(catalog->transaction, table_names[i], MDB_CREATE,
					     &catalog->tables[i]));
	if (!err)
		err = check_version(catalog);
	if (err) {
		catalog_abort(catalog);
		return err;
	}
	return catalog_commit(catalog);
}

static bool join_path(char *out, const char *directory, const char *name)
{
	int length = snprintf(out, PATH_SIZE, "%s/%s", directory, name);

	return length > 0 && length < PATH_SIZE;
}

/* LMDB found an invalid page, and ends the process. */
static void on_assertion(MDB_env *environment, const char *problem)
{
	const char *path = "";

	(void)mdb_env_get_path(environment, &path);
	log_event(LOG_ERROR,
		  "the catalog is damaged and the process ends; the next start says what to do",
		  log_str("path", str_from(path)), log_str("problem", str_from(problem)));
}

/* Opens the environment of catalog->path; on an error there is none. */
static enum err open_environment(struct catalog *catalog)
{
	char file[PATH_SIZE];

	if (!join_path(file, catalog->path, "data.mdb"))
		return ERR_INVALID;
	enum err err = catalog_inspect(file);
	if (err)
		return err;
	catalog->reserved = 0;
	err = from_lmdb(mdb_env_create(&catalog->environment));
	if (!err)
		err = from_lmdb(mdb_env_set_assert(catalog->environment, on_assertion));
	if (!err)
		err = from_lmdb(mdb_env_set_maxdbs(catalog->environment, CATALOG_TABLES));
	if (!err)
		err = from_lmdb(mdb_env_set_mapsize(catalog->environment, map_size));
	if (!err) {
		int code = mdb_env_open(catalog->environment, catalog->path, catalog->flags,
					FILE_MODE);
		if (code != 0)
			log_event(LOG_ERROR, "the catalog cannot be opened",
				  log_str("path", str_from(catalog->path)),
				  log_str("error", str_from(mdb_strerror(code))));
		err = from_lmdb(code);
	}
	if (!err) {
		owner_give(catalog->path, "data.mdb");
		owner_give(catalog->path, "lock.mdb");
		err = open_tables(catalog);
	}
	if (err) {
		catalog_abort(catalog);
		mdb_env_close(catalog->environment);
		catalog->environment = NULL;
	}
	return err;
}

static enum err open_at(const char *path, unsigned flags, struct catalog **out_catalog)
{
	struct catalog *catalog = heap_alloc(sizeof(*catalog));

	snprintf(catalog->path, sizeof(catalog->path), "%s", path);
	catalog->flags = flags;
	enum err err =
		mkdir(path, 0700) == 0 || errno == EEXIST ? open_environment(catalog) : ERR_IO;
	if (err) {
		catalog_free(&catalog);
		return err;
	}
	*out_catalog = catalog;
	return ERR_OK;
}

/* Removes an unfinished rewrite; a path that is too long has none. */
static void remove_copy(const char *directory)
{
	char path[PATH_SIZE];

	if (join_path(path, directory, "data.mdb"))
		(void)unlink(path); /* usually there is none */
	if (join_path(path, directory, "lock.mdb"))
		(void)unlink(path);
	(void)rmdir(directory);
}

enum err catalog_open(const char *path, bool is_durable, struct catalog **out_catalog)
{
	char directory[PATH_SIZE];

	/* Temporary files of a rewrite that was stopped before the rename. */
	if (join_path(directory, path, "rewrite"))
		remove_copy(directory);
	enum err err = open_at(path, MDB_NOTLS | (is_durable ? 0u : MDB_NOSYNC), out_catalog);
	if (err)
		return err;
	(*out_catalog)->is_rewrite_wanted = true;
	err = catalog_rewrite_wanted(*out_catalog);
	if (err)
		catalog_free(out_catalog);
	return err;
}

void catalog_free(struct catalog **catalog)
{
	if (!*catalog)
		return;
	catalog_abort(*catalog);
	if ((*catalog)->group)
		mdb_txn_abort((*catalog)->group);
	if ((*catalog)->environment)
		mdb_env_close((*catalog)->environment);
	heap_free(*catalog);
	*catalog = NULL;
}

enum err catalog_begin(struct catalog *catalog, bool writes)
{
	unsigned flags = writes || catalog->group ? 0 : MDB_RDONLY;
	enum err err = ERR_OK;

	check(catalog->transaction == NULL);
	if (!catalog->environment || (writes && catalog_has_failed(catalog)))
		return ERR_IO;
	catalog->growth = 0;
	if (catalog->is_grouping && writes && !catalog->group)
		err = from_lmdb(mdb_txn_begin(catalog->environment, NULL, 0, &catalog->group));
	if (err)
		return err;
	return from_lmdb(
		mdb_txn_begin(catalog->environment, catalog->group, flags, &catalog->transaction));
}

/*
 * A failed write or sync is final: the pages that it left in the page cache may be lost although a
 * later sync succeeds. A full disk refuses pages before anything of the transaction counts.
 */
static void fail(struct catalog *catalog, int code)
{
	if (!atomic_exchange(&catalog->has_failed, true))
		log_event(LOG_ERROR,
			  "the catalog cannot be written; no change of settings is accepted until "
			  "the disk is mended and ternd started again",
			  log_str("path", str_from(catalog->path)),
			  log_str("error", str_from(mdb_strerror(code))));
}

bool catalog_has_failed(const struct catalog *catalog)
{
	return atomic_load_explicit(&catalog->has_failed, memory_order_relaxed);
}

/* Ends `transaction` in any case, durably if it has no parent. */
static enum err commit(struct catalog *catalog, MDB_txn *transaction)
{
	int code = mdb_txn_commit(transaction);
	enum err err = from_lmdb(code);

	if (err && err != ERR_FULL)
		fail(catalog, code);
	return err;
}

/* Only transactions that free space may use the reserve. A page or more is written for each
 * record. */
static enum err reserve(struct catalog *catalog)
{
	int64_t pending = catalog->group_growth > 0 ? catalog->group_growth : 0;

	if (!catalog->is_changed || catalog->growth <= 0)
		return ERR_OK;
	return catalog_reserve(catalog->environment, 4 * (uint64_t)pending, &catalog->reserved);
}

/* Within the group only: the sums are saved at its end. */
static enum err commit_in_group(struct catalog *catalog)
{
	enum err err = commit(catalog, catalog->transaction);

	catalog->transaction = NULL;
	if (err) {
		memcpy(catalog->sums, catalog->before, sizeof(catalog->sums));
	} else {
		memcpy(catalog->before, catalog->sums, sizeof(catalog->sums));
		catalog->has_group_changes |= catalog->is_changed;
		catalog->group_growth += catalog->growth;
	}
	catalog->is_changed = false;
	return err;
}

/* Sets the committed state, or restores the previous one. */
static void conclude(struct catalog *catalog, enum err err)
{
	if (err)
		memcpy(catalog->sums, catalog->committed, sizeof(catalog->sums));
	else
		memcpy(catalog->committed, catalog->sums, sizeof(catalog->sums));
	memcpy(catalog->before, catalog->committed, sizeof(catalog->before));
	catalog->is_changed = false;
}

enum err catalog_commit(struct catalog *catalog)
{
	check(catalog->transaction != NULL);
	enum err err = reserve(catalog);
	if (err) {
		catalog_abort(catalog);
		return err;
	}
	if (catalog->group)
		return commit_in_group(catalog);
	if (catalog->is_changed)
		err = save_sums(catalog, catalog->transaction);
	if (err) {
		catalog_abort(catalog);
		return err;
	}
	err = commit(catalog, catalog->transaction);
	catalog->transaction = NULL;
	conclude(catalog, err);
	return err;
}

/* ---- groups ---- */

void catalog_group_begin(struct catalog *catalog)
{
	check(catalog->transaction == NULL);
	check(!catalog->is_grouping);
	catalog->is_grouping = true;
	catalog->has_group_changes = false;
	catalog->group_growth = 0;
}

bool catalog_group_has_changes(const struct catalog *catalog)
{
	return catalog->is_grouping && catalog->has_group_changes;
}

int64_t catalog_group_growth(const struct catalog *catalog)
{
	return catalog->group_growth;
}

enum err catalog_group_end(struct catalog *catalog)
{
	MDB_txn *group = catalog->group;
	enum err err = ERR_OK;

	check(catalog->is_grouping);
	check(catalog->transaction == NULL);
	catalog->is_grouping = false;
	catalog->group = NULL;
	if (!group)
		return ERR_OK;
	if (catalog->has_group_changes)
		err = save_sums(catalog, group);
	if (err || !catalog->has_group_changes)
		mdb_txn_abort(group);
	else
		err = commit(catalog, group);
	conclude(catalog, err);
	return err;
}

enum err catalog_sync(struct catalog *catalog)
{
	check(catalog->transaction == NULL);
	int code = mdb_env_sync(catalog->environment, 1);
	enum err err = from_lmdb(code);
	if (err && err != ERR_FULL)
		fail(catalog, code);
	return err;
}

void catalog_abort(struct catalog *catalog)
{
	if (catalog->transaction)
		mdb_txn_abort(catalog->transaction);
	catalog->transaction = NULL;
	catalog->is_changed = false;
	memcpy(catalog->sums, catalog->before, sizeof(catalog->sums));
}

enum err catalog_get(struct catalog *catalog, enum catalog_table table, struct str key,
		     struct str *out_value)
{
	MDB_val name = to_value(key), value;

	enum err err =
		from_lmdb(mdb_get(catalog->transaction, catalog->tables[table], &name, &value));
	if (!err)
		*out_value = str_of(value.mv_data, value.mv_size);
	return err;
}

enum err catalog_put(struct catalog *catalog, enum catalog_table table, struct str key,
		     struct str value)
{
	MDB_val name = to_value(key), content = to_value(value);

	catalog->is_changed = true;
	enum err err = remove_old(catalog, table, key);
	if (!err || err == ERR_NOTFOUND)
		err = from_lmdb(
			mdb_put(catalog->transaction, catalog->tables[table], &name, &content, 0));
	if (err)
		return err;
	add_record(&catalog->sums[table], key, value);
	catalog->growth += (int64_t)(key.size + value.size);
	return ERR_OK;
}

enum err catalog_delete(struct catalog *catalog, enum catalog_table table, struct str key)
{
	MDB_val name = to_value(key);

	catalog->is_changed = true;
	enum err err = remove_old(catalog, table, key);
	if (err)
		return err;
	return from_lmdb(mdb_del(catalog->transaction, catalog->tables[table], &name, NULL));
}

enum err catalog_each(struct catalog *catalog, enum catalog_table table, catalog_visit_fn visit,
		      void *context)
{
	MDB_cursor *cursor;
	MDB_val key, value;

	enum err err =
		from_lmdb(mdb_cursor_open(catalog->transaction, catalog->tables[table], &cursor));
	if (err)
		return err;
	int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	while (code == 0 && !err) {
		err = visit(context, str_of(key.mv_data, key.mv_size),
			    str_of(value.mv_data, value.mv_size));
		if (!err)
			code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return err ? err : code == MDB_NOTFOUND ? ERR_OK : from_lmdb(code);
}

/* ---- rewriting ---- */

struct copying {
	struct catalog *to;
	enum catalog_table table;
};

static enum err copy_record(void *context, struct str key, struct str value)
{
	const struct copying *copying = context;
	bool is_meta = copying->table == CATALOG_META;

	if (is_meta && (str_equal(key, WANTED) || str_equal(key, SUMS)))
		return ERR_OK;
	return catalog_put(copying->to, copying->table, key, value);
}

/*
 * Record by record into fresh memory: LMDB's own compacting copy takes pages as they are, with the
 * bytes that lie between their records.
 */
static enum err copy_tables(struct catalog *from, struct catalog *to)
{
	enum err err = catalog_begin(from, false);
	if (!err)
		err = catalog_begin(to, true);
	for (int i = 0; i < CATALOG_TABLES && !err; i++) {
		struct copying copying = {to, (enum catalog_table)i};
		err = catalog_each(from, copying.table, copy_record, &copying);
	}
	catalog_abort(from);
	if (!err)
		return catalog_commit(to);
	catalog_abort(to);
	return err;
}

static enum err sync_directory(const char *path)
{
	int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor < 0)
		return ERR_IO;
	enum err err = fsync(descriptor) == 0 ? ERR_OK : ERR_IO;
	close(descriptor);
	return err;
}

static enum err take_place(struct catalog *catalog, const char *directory)
{
	char copied[PATH_SIZE], place[PATH_SIZE];

	if (!join_path(copied, directory, "data.mdb") ||
	    !join_path(place, catalog->path, "data.mdb"))
		return ERR_IO;
	mdb_env_close(catalog->environment);
	catalog->environment = NULL;
	bool is_renamed = rename(copied, place) == 0;
	if (is_renamed && sync_directory(catalog->path) != ERR_OK)
		return ERR_DAMAGED;
	if (open_environment(catalog) != ERR_OK)
		return ERR_DAMAGED;
	return is_renamed ? ERR_OK : ERR_IO;
}

enum err catalog_rewrite(struct catalog *catalog)
{
	char directory[PATH_SIZE];
	struct catalog *copy;

	if (!join_path(directory, catalog->path, "rewrite"))
		return ERR_IO;
	/* A catalog without a name has no file that could keep the bytes. */
	if (access(catalog->path, F_OK) != 0 && errno == ENOENT)
		return ERR_OK;
	remove_copy(directory);
	if (mkdir(directory, 0700) == 0)
		owner_give(catalog->path, "rewrite");
	enum err err = open_at(directory, MDB_NOTLS, &copy);
	if (err)
		return err;
	err = copy_tables(catalog, copy);
	catalog_free(&copy);
	if (!err)
		err = take_place(catalog, directory);
	remove_copy(directory);
	return err;
}

enum err catalog_want_rewrite(struct catalog *catalog)
{
	catalog->is_rewrite_wanted = true;
	return catalog_put(catalog, CATALOG_META, WANTED, STR("1"));
}

enum err catalog_rewrite_wanted(struct catalog *catalog)
{
	struct str value;

	if (!catalog->is_rewrite_wanted)
		return ERR_OK;
	enum err err = catalog_begin(catalog, false);
	if (err)
		return err;
	err = catalog_get(catalog, CATALOG_META, WANTED, &value);
	catalog_abort(catalog);
	if (!err)
		err = catalog_rewrite(catalog);
	if (err == ERR_NOTFOUND)
		err = ERR_OK;
	catalog->is_rewrite_wanted = err != ERR_OK;
	return err;
}
