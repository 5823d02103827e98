/* SPDX-License-Identifier: MIT */
/*
 * catalog: one LMDB environment, one named database a table.
 *
 * The map is address space, not memory or disk: it is made large once, so it never has to grow
 * while transactions are open.
 */
#include "catalog/catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CATALOG_VERSION = 1, FILE_MODE = 0600, PATH_SIZE = 4096 };
static const size_t map_size = (size_t)8 << 30;

static const char *const table_names[CATALOG_TABLES] = {
	[CATALOG_META] = "meta",
	[CATALOG_SQS_QUEUES] = "sqs-queues",
	[CATALOG_SQS_TASKS] = "sqs-tasks",
	[CATALOG_ACCESS_KEYS] = "access-keys",
	[CATALOG_IAM] = "iam",
	[CATALOG_KMS_KEYS] = "kms_keys",
	[CATALOG_EC2_ENDPOINTS] = "ec2-endpoints",
};

struct catalog {
	char path[PATH_SIZE];
	unsigned flags;	      /* of the environment */
	MDB_env *environment; /* NULL: it could not be opened */
	MDB_txn *transaction;
	MDB_dbi tables[CATALOG_TABLES];
	bool is_rewrite_wanted; /* perhaps; WANTED in the meta table tells */
};

/* A key of the meta table that no copy takes along: it is gone with what is to be gone. */
#define WANTED STR("rewrite-wanted")

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

static bool join_path(char *out, const char *directory, const char *name)
{
	int length = snprintf(out, PATH_SIZE, "%s/%s", directory, name);

	return length > 0 && length < PATH_SIZE;
}

/*
 * What root made in the directory of another user is given to that user, whose server opens it
 * next: a root key is changed by root. What has a second name elsewhere was put there by somebody.
 */
static void give_to_owner(const char *directory, const char *name)
{
	char path[PATH_SIZE];
	struct stat above, is;

	if (geteuid() != 0 || !join_path(path, directory, name) || stat(directory, &above) != 0 ||
	    above.st_uid == 0)
		return;
	int descriptor = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (descriptor < 0)
		return;
	bool is_roots = fstat(descriptor, &is) == 0 && is.st_uid == 0 &&
			(S_ISDIR(is.st_mode) || (S_ISREG(is.st_mode) && is.st_nlink == 1));
	if (is_roots && fchownat(descriptor, "", above.st_uid, above.st_gid,
				 AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0)
		log_event(LOG_WARN, "a file stays root's", log_str("path", str_from(path)),
			  log_str("error", str_from(strerror(errno))));
	close(descriptor);
}

/* Opens the environment of catalog->path; on an error there is none. */
static enum err open_environment(struct catalog *catalog)
{
	enum err err = from_lmdb(mdb_env_create(&catalog->environment));
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
		give_to_owner(catalog->path, "data.mdb");
		give_to_owner(catalog->path, "lock.mdb");
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

/* False: it is too long. */
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

	/* Of a rewriting that was stopped before it took the place of the file. */
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
	if ((*catalog)->environment)
		mdb_env_close((*catalog)->environment);
	heap_free(*catalog);
	*catalog = NULL;
}

enum err catalog_begin(struct catalog *catalog, bool writes)
{
	check(catalog->transaction == NULL);
	if (!catalog->environment)
		return ERR_IO;
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

/* ---- rewriting ---- */

static enum err copy_table(struct catalog *from, struct catalog *to, enum catalog_table table)
{
	MDB_cursor *cursor;
	MDB_val key, value;

	enum err err = from_lmdb(mdb_cursor_open(from->transaction, from->tables[table], &cursor));
	if (err)
		return err;
	int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	while (code == 0) {
		bool is_taken = !str_equal(str_of(key.mv_data, key.mv_size), WANTED);
		if (is_taken)
			code = mdb_put(to->transaction, to->tables[table], &key, &value, 0);
		if (code == 0)
			code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return code == MDB_NOTFOUND ? ERR_OK : from_lmdb(code);
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
	for (int i = 0; i < CATALOG_TABLES && !err; i++)
		err = copy_table(from, to, (enum catalog_table)i);
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
	/* A catalog without a name leaves nothing behind anyway. */
	if (access(catalog->path, F_OK) != 0 && errno == ENOENT)
		return ERR_OK;
	remove_copy(directory);
	if (mkdir(directory, 0700) == 0)
		give_to_owner(catalog->path, "rewrite");
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
