/* SPDX-License-Identifier: MIT */
/*
 * store: the log's lock is taken first, so that whoever holds it owns the catalog too.
 */
#include "server/store.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/disk_memory.h"

#define PATH_SIZE 4096

void store_explain(const struct settings *settings, enum err err, char *problem, size_t size)
{
	const char *format;

	switch (err) {
	case ERR_BUSY:
		format = "the data directory %.*s is in use by another ternd; stop that one, or "
			 "give "
			 "this one another --data";
		break;
	case ERR_VERSION:
		format =
			"the data directory %.*s was written by a newer Tern; run that version, or "
			"give another --data";
		break;
	case ERR_DAMAGED:
		format = "the data directory %.*s is damaged and cannot be opened; see the log "
			 "lines "
			 "above for the file, and restore it from a backup";
		break;
	case ERR_FULL:
		format = "the disk of the data directory %.*s is full; make room and start again";
		break;
	case ERR_INVALID:
		format = "the data directory %.*s has a path that is too long";
		break;
	default:
		format = "the data directory %.*s cannot be opened; see the log lines above, and "
			 "check "
			 "that it may be written";
		break;
	}
	/* The formats above are the only ones. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(problem, size, format, STR_ARG(settings->data));
#pragma GCC diagnostic pop
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

static enum err open_directory(const struct settings *settings, struct store *store)
{
	bool is_durable = settings->durability == DURABILITY_FSYNC;
	char path[PATH_SIZE];

	int length = snprintf(path, sizeof(path), "%.*s/catalog", STR_ARG(settings->data));
	if (length < 0 || (size_t)length >= sizeof(path) || settings->data.size == 0)
		return ERR_INVALID;
	path[settings->data.size] = '\0';
	if (!make_directories(path))
		return ERR_IO;
	snprintf(path, sizeof(path), "%.*s/log", STR_ARG(settings->data));
	enum err err = disk_file_open(path, &store->disk);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%.*s/catalog", STR_ARG(settings->data));
	return catalog_open(path, is_durable, &store->catalog);
}

/* The key of that name, made at the first start. Needs a writing transaction. */
static enum err load_key(struct catalog *catalog, struct str name, uint8_t *out, size_t size)
{
	struct str value;

	enum err err = catalog_get(catalog, CATALOG_META, name, &value);
	if (err == ERR_NOTFOUND) {
		random_bytes(out, size);
		return catalog_put(catalog, CATALOG_META, name, str_of(out, size));
	}
	if (err)
		return err;
	if (value.size != size)
		return ERR_DAMAGED;
	memcpy(out, value.data, size);
	return ERR_OK;
}

static enum err load_keys(struct core *core)
{
	struct catalog *catalog = core->catalog;

	enum err err = catalog_begin(catalog, true);
	if (err)
		return err;
	err = load_key(catalog, STR("handle-key"), core->handle_key, sizeof(core->handle_key));
	if (!err)
		err = load_key(catalog, STR("hash-key"), core->hash_key, sizeof(core->hash_key));
	if (!err)
		return catalog_commit(catalog);
	catalog_abort(catalog);
	return err;
}

bool store_open(const struct settings *settings, struct core *core, struct store *out_store,
		char *problem, size_t size)
{
	enum err err;

	*out_store = (struct store){0};
	if (settings->durability == DURABILITY_MEMORY) {
		out_store->disk = disk_memory_new_plain();
		err = open_nameless_catalog(&out_store->catalog);
	} else {
		err = open_directory(settings, out_store);
	}
	core->catalog = out_store->catalog;
	if (!err)
		err = load_keys(core);
	if (err)
		store_explain(settings, err, problem, size);
	return !err;
}

void store_close(struct store *store)
{
	catalog_free(&store->catalog);
	if (store->disk)
		store->disk->ops->free(store->disk);
	store->disk = NULL;
}
