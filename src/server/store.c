/* SPDX-License-Identifier: MIT */
/*
 * store: the first log's lock is taken first, so that whoever holds it owns the other parts too.
 * Then all parts must fit together, before anything is made or changed.
 */
#include "server/store.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/owner.h"
#include "journal/disk_memory.h"
#include "server/master_keys.h"

#define PATH_SIZE 4096

static const char *explanation(enum err err)
{
	switch (err) {
	case ERR_BUSY:
		return "is in use by another ternd; stop that one, or give this one another --data";
	case ERR_VERSION:
		return "was written by another version of Tern; run that version, or give another "
		       "--data";
	case ERR_DAMAGED:
		return "is damaged and cannot be opened; see the log lines above for the file, and "
		       "restore it from a backup";
	case ERR_FULL:
		return "is on a disk that is full; make room and start again";
	case ERR_INVALID:
		return "has a path that is too long";
	default:
		return "cannot be opened; see the log lines above, and check that it may be "
		       "written";
	}
}

void store_explain(const struct settings *settings, enum err err, char *problem, size_t size)
{
	snprintf(problem, size, "the data directory %.*s %s", STR_ARG(settings->data),
		 explanation(err));
}

/* Most of what goes wrong with the catalog goes wrong with the log, too. */
static void explain_catalog(const struct settings *settings, enum err err, char *problem,
			    size_t size)
{
	if (err == ERR_DAMAGED)
		snprintf(
			problem, size,
			"the catalog is damaged: see the log lines above, and restore %.*s/catalog "
			"from a backup; without it no queue, user or key is known",
			STR_ARG(settings->data));
	else
		store_explain(settings, err, problem, size);
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *place)
{
	(void)status;
	(void)flag;
	(void)place;
	return remove(path);
}

/* A catalog without a name: its files are unlinked while it is open. */
static enum err open_nameless_catalog(struct catalog **out_catalog)
{
	const char *parent = getenv("TMPDIR");
	char path[PATH_SIZE];

	int length = snprintf(path, sizeof(path), "%s/ternd-XXXXXX", parent ? parent : "/tmp");
	if (length < 0 || (size_t)length >= sizeof(path))
		return ERR_INVALID;
	if (!mkdtemp(path)) {
		log_event(LOG_ERROR, "temporary directory cannot be made",
			  log_str("path", str_from(path)),
			  log_str("error", str_from(strerror(errno))));
		return ERR_IO;
	}
	enum err err = catalog_open(path, false, out_catalog);
	(void)nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS); /* a leftover is harmless */
	return err;
}

static bool make_directory(const char *path)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return true;
	log_event(LOG_ERROR, "directory cannot be made", log_str("path", str_from(path)),
		  log_str("error", str_from(strerror(errno))));
	return false;
}

/* The directory and those above it. */
static bool make_directories(const char *path)
{
	char part[PATH_SIZE];

	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (!make_directory(part))
			return false;
	}
	return make_directory(path);
}

/* Its files are its owner's; but a user who may write there may put other files in their place. */
static void warn_of_writers(const char *path)
{
	struct stat is;

	if (stat(path, &is) == 0 && (is.st_mode & (S_IWGRP | S_IWOTH)))
		log_event(LOG_WARN,
			  "others may write to the data directory; chmod go-w forbids that",
			  log_str("path", str_from(path)));
}

enum purpose { TO_SERVE, TO_CHANGE, TO_JOIN };

static bool exists(const struct settings *settings, const char *name)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%.*s/%s", STR_ARG(settings->data), name);
	return access(path, F_OK) == 0;
}

/* A data directory that is made by mistake hides the one that was meant. */
static bool may_make(const struct settings *settings, enum purpose purpose, char *problem,
		     size_t size)
{
	if (purpose == TO_SERVE && !settings->data_must_exist)
		return true;
	snprintf(problem, size,
		 "%.*s holds no data of Tern: is its file system mounted, and is --data right?%s",
		 STR_ARG(settings->data),
		 purpose == TO_SERVE ? " To make a new data directory there, start once without "
				       "--data-must-exist"
				     : "");
	return false;
}

static bool open_log(const struct settings *settings, enum purpose purpose, struct store *store,
		     uint32_t place, char *problem, size_t size)
{
	struct log_part *part = &store->parts.logs[place];
	char path[PATH_SIZE], name[LOG_NAME_SIZE];

	log_name(place, name);
	snprintf(path, sizeof(path), "%.*s/%s", STR_ARG(settings->data), name);
	enum err err = disk_file_open(path, &store->disks[place]);
	if (!err) {
		part->disk = store->disks[place];
		err = log_part_survey(part);
	}
	if (err == ERR_DAMAGED && purpose == TO_JOIN)
		return true; /* the new identity takes its place */
	if (err == ERR_DAMAGED)
		snprintf(problem, size,
			 "%.*s/%s/identity is damaged, so nothing tells whether catalog/ and %s/ "
			 "belong together. If they do, run ternd --data %.*s --repair join",
			 STR_ARG(settings->data), name, name, STR_ARG(settings->data));
	else if (err)
		store_explain(settings, err, problem, size);
	return !err;
}

static void look_for_catalog(const struct settings *settings, struct store *store)
{
	char path[PATH_SIZE];
	struct stat is;

	snprintf(path, sizeof(path), "%.*s/catalog/data.mdb", STR_ARG(settings->data));
	store->parts.has_catalog = stat(path, &is) == 0 && is.st_size > 0;
}

/* The first log's identity has the count of logs; the settings have it if there is none yet. */
static bool count_logs(const struct settings *settings, struct store *store, char *problem,
		       size_t size)
{
	const struct log_part *first = &store->parts.logs[0];
	uint32_t wanted = (uint32_t)settings->partitions;

	store->parts.log_count = first->has_identity ? first->identity.log_count
				 : wanted	     ? wanted
						     : 1;
	if (wanted == 0 || wanted == store->parts.log_count)
		return true;
	snprintf(
		problem, size,
		"--partitions %u, but the data directory %.*s was made with %u: leave --partitions "
		"out, or make a new data directory with %u and move the messages there",
		wanted, STR_ARG(settings->data), store->parts.log_count, wanted);
	return false;
}

static bool open_other_logs(const struct settings *settings, enum purpose purpose,
			    struct store *store, char *problem, size_t size)
{
	for (uint32_t i = 1; i < store->parts.log_count; i++)
		if (!open_log(settings, purpose, store, i, problem, size))
			return false;
	return true;
}

/* True if the parts that were found may be opened, or made. */
static bool check_parts(const struct settings *settings, enum purpose purpose, struct store *store,
			char *problem, size_t size)
{
	if (!parts_are_complete(settings, &store->parts, problem, size))
		return false;
	if (!parts_are_new(&store->parts))
		return true;
	if (!may_make(settings, purpose, problem, size))
		return false;
	enum err err = identity_begin(&store->parts);
	if (err)
		store_explain(settings, err, problem, size);
	return !err;
}

static bool open_catalog(const struct settings *settings, enum purpose purpose, struct store *store,
			 char *problem, size_t size)
{
	bool is_durable = purpose != TO_SERVE || settings->durability == DURABILITY_FSYNC;
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%.*s/catalog", STR_ARG(settings->data));
	enum err err = catalog_open(path, is_durable, &store->catalog);
	if (err) {
		explain_catalog(settings, err, problem, size);
		return false;
	}
	return true;
}

/* The logs that the catalog knows, whatever they have now. */
static bool open_to_join(const struct settings *settings, struct store *store, char *problem,
			 size_t size)
{
	store->parts.log_count = 1;
	if (!store->parts.has_catalog)
		return check_parts(settings, TO_JOIN, store, problem, size);
	if (!open_catalog(settings, TO_JOIN, store, problem, size))
		return false;
	enum err err = identity_log_count(store->catalog, &store->parts.log_count);
	if (err) {
		explain_catalog(settings, err, problem, size);
		return false;
	}
	return open_other_logs(settings, TO_JOIN, store, problem, size);
}

static bool open_directory(const struct settings *settings, enum purpose purpose,
			   struct store *store, char *problem, size_t size)
{
	char path[PATH_SIZE];

	int length = snprintf(path, sizeof(path), "%.*s/catalog/data.mdb", STR_ARG(settings->data));
	if (length < 0 || (size_t)length >= sizeof(path) || settings->data.size == 0) {
		store_explain(settings, ERR_INVALID, problem, size);
		return false;
	}
	path[settings->data.size] = '\0';
	if (!exists(settings, "catalog/data.mdb") && !exists(settings, "log") &&
	    !may_make(settings, purpose, problem, size))
		return false;
	if (!make_directories(path)) {
		store_explain(settings, ERR_IO, problem, size);
		return false;
	}
	warn_of_writers(path);
	look_for_catalog(settings, store);
	if (!open_log(settings, purpose, store, 0, problem, size))
		return false;
	if (purpose == TO_JOIN)
		return open_to_join(settings, store, problem, size);
	return count_logs(settings, store, problem, size) &&
	       open_other_logs(settings, purpose, store, problem, size) &&
	       check_parts(settings, purpose, store, problem, size) &&
	       open_catalog(settings, purpose, store, problem, size) &&
	       parts_agree(settings, &store->parts, store->catalog, problem, size);
}

/* A start without a new generation still agrees, so a full disk does not keep it from serving. */
static bool advance(const struct settings *settings, struct store *store, char *problem,
		    size_t size)
{
	enum err err = identity_advance(&store->parts, store->catalog);

	if (err == ERR_FULL && !parts_are_new(&store->parts)) {
		log_event(LOG_WARN,
			  "the disk is full: this start is not recorded in the data "
			  "directory",
			  log_str("data", settings->data));
		err = ERR_OK;
	}
	if (err)
		store_explain(settings, err, problem, size);
	else if (parts_are_new(&store->parts))
		log_event(LOG_INFO, "new data directory", log_str("data", settings->data),
			  log_i64("partitions", store->parts.log_count));
	return !err;
}

/* ---- keys ---- */

/* The secret of that name, made at the first start and sealed. Needs a writing transaction. */
static enum err load_secret(struct catalog *catalog, struct seal *seal, struct str name,
			    uint8_t *out, size_t size)
{
	struct arena arena;
	struct str value, plain;

	arena_init(&arena);
	enum err err = catalog_get(catalog, CATALOG_META, name, &value);
	if (err == ERR_NOTFOUND) {
		random_bytes(out, size);
		err = catalog_put(catalog, CATALOG_META, name,
				  seal_close(seal, &arena, 0, str_of(out, size)));
	} else if (!err) {
		char *copy = arena_cstr(&arena, value);
		err = seal_open(seal, copy, value.size, &plain);
		if (!err && plain.size != size)
			err = ERR_DAMAGED;
		if (!err)
			memcpy(out, plain.data, size);
		explicit_bzero(copy, value.size);
	}
	arena_done(&arena);
	return err;
}

static enum err load_secrets(struct core *core)
{
	struct catalog *catalog = core->catalog;

	enum err err = load_secret(catalog, core->seal, STR("handle-key"), core->handle_key,
				   sizeof(core->handle_key));
	if (!err)
		err = load_secret(catalog, core->seal, STR("hash-key"), core->hash_key,
				  sizeof(core->hash_key));
	return err;
}

/* The root key opens the master keys, and those the others: so the root key can be changed. */
static bool open_masters(const struct settings *settings, struct core *core, struct store *store,
			 char *problem, size_t size)
{
	struct master_keys masters;

	enum err err = master_keys_load(core->catalog, store->root.key, &masters);
	if (err == ERR_DAMAGED)
		snprintf(problem, size,
			 "the root key is not the one that %.*s was made with: give that one with "
			 "--root-key-file or --root-key-command",
			 STR_ARG(settings->data));
	else if (err)
		store_explain(settings, err, problem, size);
	if (err)
		return false;
	core->seal = master_keys_seal(&masters);
	store->master_key_count = masters.count;
	store->is_root_offered = masters.is_offered;
	if (masters.is_changed)
		log_event(LOG_INFO, "the root key was changed; the old one opens nothing more",
			  log_i64("master_keys", (int64_t)masters.count));
	explicit_bzero(&masters, sizeof(masters));
	return true;
}

/* Within a transaction. */
static bool read_keys(const struct settings *settings, struct core *core, struct store *store,
		      char *problem, size_t size)
{
	enum err err = master_keys_exist(core->catalog);
	if (err && err != ERR_NOTFOUND) {
		store_explain(settings, err, problem, size);
		return false;
	}
	if (!root_key_load(settings, err == ERR_NOTFOUND, &store->root, problem, size))
		return false;
	bool is_open = open_masters(settings, core, store, problem, size);
	explicit_bzero(store->root.key, sizeof(store->root.key));
	if (!is_open)
		return false;
	err = load_secrets(core);
	if (err)
		store_explain(settings, err, problem, size);
	return !err;
}

static bool open_keys(const struct settings *settings, struct core *core, struct store *store,
		      char *problem, size_t size)
{
	enum err err = catalog_begin(core->catalog, true);

	if (!err && !read_keys(settings, core, store, problem, size)) {
		catalog_abort(core->catalog);
		return false;
	}
	if (!err)
		err = catalog_commit(core->catalog);
	if (err)
		store_explain(settings, err, problem, size);
	return !err;
}

static bool open_in_memory(const struct settings *settings, struct store *store, char *problem,
			   size_t size)
{
	store->parts.log_count = settings->partitions > 0 ? (uint32_t)settings->partitions : 1;
	for (uint32_t i = 0; i < store->parts.log_count; i++)
		store->disks[i] = disk_memory_new_plain();
	enum err err = open_nameless_catalog(&store->catalog);
	if (err)
		store_explain(settings, err, problem, size);
	return !err;
}

/* Chooses the first way that is wanted and possible, which is logged at each start. */
static bool choose_commits_of(const struct settings *settings, struct store *store, uint32_t place,
			      char *problem, size_t size)
{
	static const struct {
		enum settings_commits wanted;
		enum disk_commits commits;
		const char *name, *needs;
	} ways[] = {
		{COMMITS_RING, DISK_COMMITS_RING, "ring", "io_uring and O_DIRECT"},
		{COMMITS_DIRECT, DISK_COMMITS_DIRECT, "direct", "O_DIRECT"},
		{COMMITS_BUFFERED, DISK_COMMITS_BUFFERED, "buffered", ""},
	};

	char name[LOG_NAME_SIZE];

	log_name(place, name);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		bool is_forced = settings->commits == (int64_t)ways[i].wanted;
		if (!is_forced && settings->commits != COMMITS_AUTO)
			continue;
		if (!disk_file_set_commits(store->disks[place], ways[i].commits)) {
			store->has_ring |= ways[i].commits == DISK_COMMITS_RING;
			log_event(LOG_INFO, "commits to disk",
				  log_str("way", str_from(ways[i].name)),
				  log_str("log", str_from(name)));
			return true;
		}
		if (is_forced) {
			snprintf(problem, size,
				 "--commits %s needs %s, which the kernel or the file system of "
				 "%.*s/%s refuses: start with --commits auto",
				 ways[i].name, ways[i].needs, STR_ARG(settings->data), name);
			return false;
		}
	}
	return true;
}

static bool choose_commits(const struct settings *settings, struct store *store, char *problem,
			   size_t size)
{
	if (settings->durability != DURABILITY_FSYNC)
		return true;
	for (uint32_t i = 0; i < store->parts.log_count; i++)
		if (!choose_commits_of(settings, store, i, problem, size))
			return false;
	return true;
}

bool store_open(const struct settings *settings, struct core *core, struct store *out_store,
		char *problem, size_t size)
{
	bool is_open;

	*out_store = (struct store){0};
	if (settings->durability == DURABILITY_MEMORY)
		is_open = open_in_memory(settings, out_store, problem, size);
	else
		is_open = open_directory(settings, TO_SERVE, out_store, problem, size) &&
			  advance(settings, out_store, problem, size) &&
			  choose_commits(settings, out_store, problem, size);
	core->catalog = out_store->catalog;
	return is_open && open_keys(settings, core, out_store, problem, size);
}

bool store_open_plain(const struct settings *settings, struct store *out_store, char *problem,
		      size_t size)
{
	*out_store = (struct store){0};
	return open_directory(settings, TO_CHANGE, out_store, problem, size);
}

static void give_log(const struct settings *settings, uint32_t place)
{
	char path[PATH_SIZE], name[LOG_NAME_SIZE];

	log_name(place, name);
	owner_give(settings->data.data, name);
	snprintf(path, sizeof(path), "%.*s/%s", STR_ARG(settings->data), name);
	owner_give(path, "lock");
	owner_give(path, "identity");
}

bool store_join(const struct settings *settings, char *problem, size_t size)
{
	struct store store = {0};

	bool is_done = open_directory(settings, TO_JOIN, &store, problem, size);
	if (is_done) {
		enum err err = identity_join(&store.parts, store.catalog);
		if (err)
			store_explain(settings, err, problem, size);
		is_done = !err;
		for (uint32_t i = 0; i < store.parts.log_count; i++)
			give_log(settings, i);
	}
	store_close(&store);
	return is_done;
}

void store_close(struct store *store)
{
	catalog_free(&store->catalog);
	for (uint32_t i = 0; i < LIMIT_PARTITIONS; i++) {
		if (store->disks[i])
			store->disks[i]->ops->free(store->disks[i]);
		store->disks[i] = NULL;
	}
}
