/* SPDX-License-Identifier: MIT */
/*
 * journal: records of bytes one after another in a file, each with its size, a CRC-32C and a seal.
 * A torn record at the end is what a crash leaves. One thread at a time; calls block.
 */
#ifndef TERN_METRIC_JOURNAL_H
#define TERN_METRIC_JOURNAL_H

#include "metric/sealing.h"

struct metric_journal {
	int descriptor; /* -1: closed */
	uint64_t size;	/* behind the last whole record */
};
#define METRIC_JOURNAL_CLOSED ((struct metric_journal){.descriptor = -1})

/* "PREFIX-NUMBER" in the directory; `out` has METRIC_PATH_SIZE bytes. ERR_TOOLARGE. */
enum { METRIC_PATH_SIZE = 4096 };
must_check enum err metric_path(const char *directory, const char *prefix, uint64_t number,
				char *out);

/* Opens or makes the file, whose records end at `size`; more of it is cut off. ERR_IO with errno,
 * ERR_FULL, ERR_DAMAGED: it is shorter. */
must_check enum err metric_journal_open(const char *path, uint64_t size,
					struct metric_journal *out_journal);
/* Appends a record and makes it durable. If that fails, the file ends as before. */
must_check enum err metric_journal_append(struct metric_journal *journal,
					  const struct metric_seal *seal, struct str plain);
void metric_journal_close(struct metric_journal *journal);

/* Visits the records of a file up to `size` or its end; *out_size is behind the last whole one. A
 * missing file has none. ERR_IO, ERR_DAMAGED: a seal that does not open; errors of the visitor. */
typedef enum err (*metric_journal_fn)(void *context, struct str plain);
must_check enum err metric_journal_read(const char *path, const struct metric_seal *seal,
					uint64_t size, metric_journal_fn visit, void *context,
					uint64_t *out_size);

/* Replaces a file by these bytes, at once and durably. */
must_check enum err metric_replace_file(const char *directory, const char *name, struct str bytes);
/* ERR_NOTFOUND, ERR_IO; at most `size_max` bytes, else ERR_DAMAGED. */
must_check enum err metric_read_file(const char *path, size_t size_max, struct buf *out);

#endif
