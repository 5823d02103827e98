/* SPDX-License-Identifier: MIT */
/*
 * rotate: each step is durable before the next one begins.
 *
 *   1. the new key, in a file beside the old one
 *   2. the master keys, sealed under both root keys
 *   3. the new file takes the old one's place, by one rename
 *   4. the master keys, sealed under the new root key only
 *
 * A root key that is not in a file of ours cannot be put in its place here: steps 1 and 2 are done,
 * the key is moved by whoever keeps it, and the next start does step 4.
 */
#include "server/rotate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/master_keys.h"
#include "server/store.h"

struct rotation {
	const struct settings *settings;
	struct store store;
	struct root_key old;
	uint8_t key[SEAL_KEY_SIZE];	   /* the new one */
	char path[ROOT_KEY_PATH_SIZE];	   /* of the old one, when it is a file of ours */
	char new_path[ROOT_KEY_PATH_SIZE]; /* of the new one */
	char *problem;
	size_t size;
};

static bool explain(struct rotation *rotation, enum err err)
{
	if (err)
		store_explain(rotation->settings, err, rotation->problem, rotation->size);
	return !err;
}

static bool complain(struct rotation *rotation, const char *what, const char *path)
{
	snprintf(rotation->problem, rotation->size, "%s %s: %s", what, path, strerror(errno));
	return false;
}

static bool is_ours(const struct rotation *rotation)
{
	return (rotation->old.kind == ROOT_KEY_IN_DATA || rotation->old.kind == ROOT_KEY_FILE) &&
	       rotation->settings->new_root_key_file.size == 0;
}

/* ---- the new key ---- */

/* As root one may change the key of a server that runs as another user. */
static bool give_to_owner(struct rotation *rotation)
{
	struct stat status;

	if (geteuid() != 0)
		return true;
	if (stat(rotation->path, &status) == 0 &&
	    chown(rotation->new_path, status.st_uid, status.st_gid) == 0)
		return true;
	return complain(rotation, "cannot give the owner of the old key", rotation->new_path);
}

/* Beside the old one; through symbolic links, so that a link stays one. */
static bool make_beside(struct rotation *rotation)
{
	char *resolved = realpath(rotation->old.path, NULL);
	if (!resolved)
		return complain(rotation, "cannot find", rotation->old.path);
	snprintf(rotation->path, sizeof(rotation->path), "%s", resolved);
	int length = snprintf(rotation->new_path, sizeof(rotation->new_path), "%s.new", resolved);
	free(resolved); /* libc's */
	if (length < 0 || (size_t)length >= sizeof(rotation->new_path)) {
		errno = ENAMETOOLONG;
		return complain(rotation, "cannot make a file beside", rotation->path);
	}
	/* Of a change that was stopped before its step 3: the old key is still in place. */
	if (unlink(rotation->new_path) != 0 && errno != ENOENT)
		return complain(rotation, "cannot remove", rotation->new_path);
	return root_key_make_file(rotation->new_path, rotation->key, rotation->problem,
				  rotation->size) &&
	       give_to_owner(rotation);
}

static bool take_given(struct rotation *rotation)
{
	struct str given = rotation->settings->new_root_key_file;

	if (given.size == 0) {
		snprintf(rotation->problem, rotation->size,
			 "the root key is not in a file that ternd may replace: name a file for "
			 "the new one with --new-root-key-file");
		return false;
	}
	snprintf(rotation->new_path, sizeof(rotation->new_path), "%.*s", STR_ARG(given));
	if (access(rotation->new_path, F_OK) != 0 && errno == ENOENT)
		return root_key_make_file(rotation->new_path, rotation->key, rotation->problem,
					  rotation->size);
	return root_key_read_file(rotation->new_path, rotation->key, rotation->problem,
				  rotation->size);
}

/* ---- steps ---- */

static bool load_old(struct rotation *rotation)
{
	struct catalog *catalog = rotation->store.catalog;

	enum err err = catalog_begin(catalog, false);
	if (!err)
		err = master_keys_exist(catalog);
	catalog_abort(catalog);
	if (err == ERR_NOTFOUND) {
		snprintf(rotation->problem, rotation->size,
			 "nothing in %.*s hangs on a root key yet",
			 STR_ARG(rotation->settings->data));
		return false;
	}
	return explain(rotation, err) && root_key_load(rotation->settings, false, &rotation->old,
						       rotation->problem, rotation->size);
}

static bool offer(struct rotation *rotation)
{
	struct catalog *catalog = rotation->store.catalog;

	enum err err = catalog_begin(catalog, true);
	if (!err)
		err = master_keys_offer(catalog, rotation->old.key, rotation->key);
	if (err == ERR_DAMAGED) {
		catalog_abort(catalog);
		snprintf(rotation->problem, rotation->size,
			 "the root key is not the one that %.*s was made with",
			 STR_ARG(rotation->settings->data));
		return false;
	}
	if (!err)
		err = catalog_commit(catalog);
	else
		catalog_abort(catalog);
	return explain(rotation, err);
}

static bool replace(struct rotation *rotation)
{
	if (rename(rotation->new_path, rotation->path) != 0)
		return complain(rotation, "cannot replace", rotation->path);
	errno = root_key_sync_directory(rotation->path);
	return errno == 0 || complain(rotation, "cannot sync the directory of", rotation->path);
}

static bool accept(struct rotation *rotation)
{
	struct catalog *catalog = rotation->store.catalog;
	struct master_keys keys;

	enum err err = catalog_begin(catalog, true);
	if (!err)
		err = master_keys_load(catalog, rotation->key, &keys);
	explicit_bzero(&keys, sizeof(keys));
	if (!err)
		err = catalog_commit(catalog);
	else
		catalog_abort(catalog);
	/* The old record must not be found in pages that are free now. */
	if (!err)
		err = catalog_rewrite(catalog);
	return explain(rotation, err);
}

static bool rotate(struct rotation *rotation)
{
	if (!load_old(rotation))
		return false;
	bool replaces = is_ours(rotation);
	if (!(replaces ? make_beside(rotation) : take_given(rotation)) || !offer(rotation))
		return false;
	if (!replaces) {
		printf("%.*s opens with the old root key and with that of %s.\n"
		       "Put the new one where ternd reads its root key; the first start with it "
		       "makes the old one useless.\n",
		       STR_ARG(rotation->settings->data), rotation->new_path);
		return true;
	}
	if (!replace(rotation) || !accept(rotation))
		return false;
	printf("%s is the new root key of %.*s. Copy it to where the old one was kept.\n"
	       "Backups made before still need the old one.\n",
	       rotation->path, STR_ARG(rotation->settings->data));
	return true;
}

bool rotate_root_key(const struct settings *settings, char *problem, size_t size)
{
	struct rotation rotation = {.settings = settings, .problem = problem, .size = size};

	if (settings->durability == DURABILITY_MEMORY) {
		snprintf(problem, size, "with --durability memory there is no root key to change");
		return false;
	}
	if (access(settings->data.data, F_OK) != 0) {
		snprintf(problem, size, "the data directory %.*s does not exist",
			 STR_ARG(settings->data));
		return false;
	}
	bool is_done =
		store_open_plain(settings, &rotation.store, problem, size) && rotate(&rotation);
	explicit_bzero(rotation.key, sizeof(rotation.key));
	explicit_bzero(rotation.old.key, sizeof(rotation.old.key));
	store_close(&rotation.store);
	fflush(stdout);
	return is_done;
}
