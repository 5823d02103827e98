/* SPDX-License-Identifier: MIT */
/*
 * master_keys: what core->seal works with, kept in the catalog, sealed under the root key.
 *
 * There may be several: the last one seals, all of them open. A change of the root key has two
 * steps, each one transaction: master_keys_offer writes them a second time, under the new root key,
 * so that both root keys open them; the first load with the new one removes what the old one opens.
 * So whichever of the two survives a crash, the server starts.
 *
 * Within a writing transaction of the catalog, except where said. Main thread, at start-up.
 */
#ifndef TERN_SERVER_MASTER_KEYS_H
#define TERN_SERVER_MASTER_KEYS_H

#include "catalog/catalog.h"
#include "core/seal/seal.h"

struct master_keys {
	size_t count;
	uint8_t keys[SEAL_MASTERS_MAX][SEAL_KEY_SIZE];
	bool is_offered; /* another root key opens them too */
	bool is_changed; /* this load was the first one with a new root key */
};

/* ERR_NOTFOUND: there are none yet. */
must_check enum err master_keys_exist(struct catalog *catalog);
/* Makes one if there is none. ERR_DAMAGED: that root key opens nothing. */
must_check enum err master_keys_load(struct catalog *catalog, const uint8_t root[SEAL_KEY_SIZE],
				     struct master_keys *out_keys);
/* Adds one to those in the catalog and offers all of them to a new root key. */
must_check enum err master_keys_offer(struct catalog *catalog, const uint8_t root[SEAL_KEY_SIZE],
				      const uint8_t new_root[SEAL_KEY_SIZE]);
/* A seal that works with them. No transaction needed. */
struct seal *master_keys_seal(const struct master_keys *keys);

#endif
