/* SPDX-License-Identifier: MIT */
/*
 * store: the data directory: the logs, the catalog, and the keys that are made once and kept in it.
 *
 *   <data>/log/      segments, indexes and checkpoints of the journal; its identity
 *   <data>/log-1/    the same of the second partition, and so on
 *   <data>/catalog/  LMDB: queues, move tasks, keys (sealed)
 *   <data>/root.key  opens the keys, unless it is kept elsewhere
 *
 * With --durability memory nothing of it is left behind. Main thread, at start-up and end.
 */
#ifndef TERN_SERVER_STORE_H
#define TERN_SERVER_STORE_H

#include "core/core.h"
#include "journal/disk.h"
#include "server/identity.h"
#include "server/root_key.h"
#include "server/settings.h"

struct store {
	struct disk *disks[LIMIT_PARTITIONS]; /* of the logs; NULL: not open */
	bool has_ring;			      /* one commits by io_uring */
	struct catalog *catalog;
	struct parts
		parts; /* as they were found; with --durability memory the count of logs alone */
	struct root_key root; /* where it came from; the key itself is wiped */
	size_t master_key_count;
	bool is_root_offered; /* a change of the root key has begun */
};

/*
 * Opens both and sets core->catalog, core->seal and the keys of core; makes them if there are none
 * and the settings allow it. False with a sentence that says what to do in `problem` (`size` bytes,
 * ends with NUL); store_close is fine then too.
 */
bool store_open(const struct settings *settings, struct core *core, struct store *out_store,
		char *problem, size_t size);
/* For changes while no server runs: opens what exists, without keys. */
bool store_open_plain(const struct settings *settings, struct store *out_store, char *problem,
		      size_t size);
/* Declares, on standard output too, that catalog/ and the logs of a data directory belong together.
 */
bool store_join(const struct settings *settings, char *problem, size_t size);
void store_close(struct store *store);

/* A sentence for what engine_open said. */
void store_explain(const struct settings *settings, enum err err, char *problem, size_t size);

#endif
