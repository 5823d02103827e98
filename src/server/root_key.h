/* SPDX-License-Identifier: MIT */
/*
 * root_key: the key that opens the keys of the catalog, and where it comes from: a command, a file,
 * a credential of systemd, an environment variable, or root.key in the data directory.
 *
 * Main thread, at start-up.
 */
#ifndef TERN_SERVER_ROOT_KEY_H
#define TERN_SERVER_ROOT_KEY_H

#include "core/seal/seal.h"
#include "server/settings.h"

#define ROOT_KEY_PATH_SIZE 4096
#define ROOT_KEY_VARIABLE "TERN_ROOT_KEY"
#define ROOT_KEY_CREDENTIAL "tern-root-key"

enum root_key_kind {
	ROOT_KEY_IN_DATA, /* root.key in --data */
	ROOT_KEY_FILE,	  /* --root-key-file */
	ROOT_KEY_COMMAND,
	ROOT_KEY_OF_SYSTEMD, /* $CREDENTIALS_DIRECTORY/tern-root-key */
	ROOT_KEY_OF_ENVIRONMENT,
	ROOT_KEY_OF_RUN, /* --durability memory: a new one each time */
};

struct root_key {
	enum root_key_kind kind;
	char path[ROOT_KEY_PATH_SIZE]; /* of the kinds that are files; else empty */
	uint8_t key[SEAL_KEY_SIZE];    /* wipe it once it was used */
};

/*
 * Reads it. If `may_make` is true (nothing hangs on a key yet) and it is to be a file that is
 * missing, it is made. An environment variable is wiped and taken from the environment. False with
 * a sentence that says what to do in `problem` (`size` bytes, ends with NUL).
 */
bool root_key_load(const struct settings *settings, bool may_make, struct root_key *out_key,
		   char *problem, size_t size);

/* A file of a key: mode 0600 or stricter. The sentences are as above. */
bool root_key_read_file(const char *path, uint8_t out_key[SEAL_KEY_SIZE], char *problem,
			size_t size);
/* Makes a file with a new key, durable once it returns; it must not exist. */
bool root_key_make_file(const char *path, uint8_t out_key[SEAL_KEY_SIZE], char *problem,
			size_t size);
/* Makes the names in a file's directory durable. Returns 0 or an errno. */
int root_key_sync_directory(const char *path);

#endif
