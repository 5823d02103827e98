/* SPDX-License-Identifier: MIT */
/*
 * identity: which catalog/ and which logs belong together.
 *
 * All carry the identity of their data directory, drawn when it was made, and the generation that
 * the last start drew. A part of another directory, or of a backup, shows by them: with it, queues
 * would lose messages and settings that were acknowledged. They also carry the count of logs, one
 * for each partition of the queue engine: log/, log-1/, log-2/. Main thread.
 */
#ifndef TERN_SERVER_IDENTITY_H
#define TERN_SERVER_IDENTITY_H

#include "catalog/catalog.h"
#include "journal/disk.h"
#include "server/settings.h"

enum { IDENTITY_SIZE = 16, LOG_NAME_SIZE = 16 };

struct generation {
	uint64_t number; /* of the start, counting from 1; 0: none */
	uint64_t random; /* tells starts of the same number apart */
	int64_t started_ms;
};

struct identity {
	uint8_t id[IDENTITY_SIZE];
	struct generation current;
	struct generation next; /* of a log: what the catalog may have already */
	uint32_t log_count;	/* of the data directory */
	uint32_t place;		/* of this log among them */
};

/* A log as it was found, before anything is made. */
struct log_part {
	struct disk *disk;
	bool has_log; /* it holds segments or a complete identity */
	bool has_identity;
	struct identity identity; /* without `current` a first start did not end */
};

/* The parts of the data directory; the first log knows how many there are. */
struct parts {
	bool has_catalog; /* catalog/data.mdb has bytes */
	uint32_t log_count;
	struct log_part logs[LIMIT_PARTITIONS];
};

/* The name of a log's directory: "log", "log-1". */
void log_name(uint32_t place, char out[LOG_NAME_SIZE]);

/* Reads a log through its disk. ERR_DAMAGED: its identity cannot be read, and the part has none.
 * ERR_VERSION, ERR_IO. */
must_check enum err log_part_survey(struct log_part *part);
static inline bool parts_are_new(const struct parts *parts)
{
	return !parts->logs[0].has_log && (!parts->has_catalog || parts->logs[0].has_identity);
}
/* True if nothing is missing; otherwise a sentence that says what to do in `problem`. */
bool parts_are_complete(const struct settings *settings, const struct parts *parts, char *problem,
			size_t size);
/* True if the logs' identity is the catalog's, which is open and without a transaction. */
bool parts_agree(const struct settings *settings, const struct parts *parts,
		 struct catalog *catalog, char *problem, size_t size);

/* Draws an identity for parts that are new, before the catalog is made: so a first start that ends
 * early is told from a catalog whose log is lost. ERR_IO, ERR_FULL. */
must_check enum err identity_begin(struct parts *parts);
/*
 * Gives all a new generation. A crash at any moment, and a disk that is full, leave parts that
 * agree. ERR_IO, ERR_FULL.
 */
must_check enum err identity_advance(const struct parts *parts, struct catalog *catalog);
/* The count of logs that the catalog has; 1 if it does not say. ERR_IO, ERR_DAMAGED. */
must_check enum err identity_log_count(struct catalog *catalog, uint32_t *out_count);
/* Gives all a new identity, whatever they have now. A crash leaves parts that do not agree. */
must_check enum err identity_join(const struct parts *parts, struct catalog *catalog);

#endif
