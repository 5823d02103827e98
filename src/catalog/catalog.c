/* SPDX-License-Identifier: MIT */
/*
 * catalog: one LMDB environment, one named database a table.
 *
 * The map is address space, not memory or disk: it is made large once, so it never has to grow
 * while transactions are open.
 */
#include "catalog/catalog.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <sys/stat.h>

enum { CATALOG_VERSION = 1, FILE_MODE = 0600 };
static const size_t map_size = (size_t)8 << 30;

static const char *const table_names[CATALOG_TABLES] = {
	[CATALOG_META] = "meta",
	[CATALOG_SQS_QUEUES] = "sqs-queues",
	[CATALOG_SQS_TASKS] = "sqs-tasks",
	[CATALOG_ACCESS_KEYS] = "access-keys",
};

struct catalog {
	MDB_env *environment;
	MDB_txn *transaction;
	MDB_dbi tables[CATALOG_TABLES];
};

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

static enum err check_version(struct catalog *catalog)
{
	struct str value;
	uint64_t version;

	enum err err = catalog_get(catalog, CATALOG_META, STR("version"), &value);
	if (err == ERR_NOTFOUND) {
		char text[16];
		int size = snprintf(text, sizeof(text), "%d", CATALOG_VERSION);
		return catalog_put(catalog, CATALOG_META, STR("version"),
				   str_of(text, (size_t)size));
	}
	if (err)
		return err;
	if (!str_to_u64(value, &version))
		return ERR_DAMAGED;
	return version > CATALOG_VERSION ? ERR_VERSION : ERR_OK;
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

enum err catalog_open(const char *path, bool is_durable, struct catalog **out_catalog)
{
	struct catalog *catalog = heap_alloc(sizeof(*catalog));
	unsigned flags = MDB_NOTLS | (is_durable ? 0u : MDB_NOSYNC);

	if (mkdir(path, 0700) != 0 && errno != EEXIST) {
		heap_free(catalog);
		return ERR_IO;
	}
	enum err err = from_lmdb(mdb_env_create(&catalog->environment));
	if (!err)
		err = from_lmdb(mdb_env_set_maxdbs(catalog->environment, CATALOG_TABLES));
	if (!err)
		err = from_lmdb(mdb_env_set_mapsize(catalog->environment, map_size));
	if (!err)
		err = from_lmdb(mdb_env_open(catalog->environment, path, flags, FILE_MODE));
	if (!err)
		err = open_tables(catalog);
	if (err) {
		catalog_free(&catalog);
		return err;
	}
	*out_catalog = catalog;
	return ERR_OK;
}

void catalog_free(struct catalog **catalog)
{
	if (!*catalog)
		return;
	catalog_abort(*catalog);
	mdb_env_close((*catalog)->environment);
	heap_free(*catalog);
	*catalog = NULL;
}

enum err catalog_begin(struct catalog *catalog, bool writes)
{
	check(catalog->transaction == NULL);
	return from_lmdb(mdb_txn_begin(catalog->environment, NULL, writes ? 0 : MDB_RDONLY,
				       &catalog->transaction));
}

enum err catalog_commit(struct catalog *catalog)
{
	MDB_txn *transaction = catalog->transaction;

	check(transaction != NULL);
	catalog->transaction = NULL;
	return from_lmdb(mdb_txn_commit(transaction));
}

void catalog_abort(struct catalog *catalog)
{
	if (catalog->transaction)
		mdb_txn_abort(catalog->transaction);
	catalog->transaction = NULL;
}

static MDB_val to_value(struct str s)
{
	/* LMDB's structs are not const; it does not write to what we pass. */
	return (MDB_val){s.size, (void *)(uintptr_t)s.data};
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

	return from_lmdb(mdb_put(catalog->transaction, catalog->tables[table], &name, &content, 0));
}

enum err catalog_delete(struct catalog *catalog, enum catalog_table table, struct str key)
{
	MDB_val name = to_value(key);

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
