/* SPDX-License-Identifier: MIT */
/*
 * keys: the access keys that this server knows, in memory.
 *
 * Filled at start-up; any thread looks keys up. What is found stays valid until keys_free: a key is
 * never taken out while the server runs.
 */
#ifndef TERN_ACCESS_KEYS_H
#define TERN_ACCESS_KEYS_H

#include "access/signer.h"
#include "base/base.h"

struct access_key {
	struct str id;	    /* "AKIA" and 16 capitals and digits */
	struct str secret;  /* 40 characters */
	struct str account; /* 12 digits */
};

struct keys;
struct keys *keys_new(void);
void keys_free(struct keys **keys); /* wipes the secrets */

/* Main thread, before others look keys up. Copies. False if there is a key of that id. */
bool keys_add(struct keys *keys, const struct access_key *key);
/* Any thread. NULL if there is none. */
const struct access_key *keys_find(const struct keys *keys, struct str id);
/* Each key signs as the root user of its account. `keys` outlives the source. */
struct signer_source keys_signers(struct keys *keys);
size_t keys_count(const struct keys *keys);

#define ACCESS_KEY_ID_SIZE 20
#define ACCESS_KEY_SECRET_SIZE 40
/* A new key's id and secret, unpredictable. */
void keys_generate(char out_id[ACCESS_KEY_ID_SIZE], char out_secret[ACCESS_KEY_SECRET_SIZE]);

#endif
