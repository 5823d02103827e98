/* SPDX-License-Identifier: MIT */
/*
 * identity: which catalog/ and which log/ belong together.
 *
 * Both carry the identity of their data directory, drawn when it was made, and the generation that
 * the last start drew. A part of another directory, or of a backup, shows by them: with it, queues
 * would lose messages and settings that were acknowledged. Main thread.
 */
#ifndef TERN_SERVER_IDENTITY_H
#define TERN_SERVER_IDENTITY_H

#include "catalog/catalog.h"
#include "journal/disk.h"
#include "server/settings.h"

enum { IDENTITY_SIZE = 16 };

struct generation {
	uint64_t number; /* of the start, counting from 1; 0: none */
	uint64_t random; /* tells starts of the same number apart */
	int64_t started_ms;
};

struct identity {
	uint8_t id[IDENTITY_SIZE];
	struct generation current;
	struct generation next; /* of the log: what the catalog may have already */
};

/* The parts that exist before anything is made. */
struct parts {
	bool has_log;	  /* log/ holds segments or a complete identity */
	bool has_catalog; /* catalog/data.mdb has bytes */
	bool has_identity;
	struct identity identity; /* of the log; without `current` a first start did not end */
};

/*
 * Reads log/ through `disk` and looks at the file of the catalog. ERR_DAMAGED: the log's identity
 * cannot be read, and *out_parts has none. ERR_VERSION, ERR_IO.
 */
must_check enum err parts_survey(struct disk *disk, const char *catalog_file,
				 struct parts *out_parts);
static inline bool parts_are_new(const struct parts *parts)
{
	return !parts->has_log && (!parts->has_catalog || parts->has_identity);
}
/* True if nothing is missing; otherwise a sentence that says what to do in `problem`. */
bool parts_are_complete(const struct settings *settings, const struct parts *parts, char *problem,
			size_t size);
/* True if the log's identity is the catalog's, which is open and without a transaction. */
bool parts_agree(const struct settings *settings, const struct parts *parts,
		 struct catalog *catalog, char *problem, size_t size);

/* Draws an identity for parts that are new, before the catalog is made: so a first start that ends
 * early is told from a catalog whose log is lost. ERR_IO, ERR_FULL. */
must_check enum err identity_begin(struct disk *disk, struct parts *parts);
/*
 * Gives both a new generation. A crash at any moment, and a disk that is full, leave two parts that
 * agree. ERR_IO, ERR_FULL.
 */
must_check enum err identity_advance(struct disk *disk, struct catalog *catalog,
				     const struct identity *identity);
/* Gives both a new identity, whatever they have now. A crash leaves two parts that do not agree. */
must_check enum err identity_join(struct disk *disk, struct catalog *catalog);

#endif
