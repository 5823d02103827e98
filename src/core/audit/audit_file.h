/* SPDX-License-Identifier: MIT */
/*
 * audit_file: appends lines to a file on a thread of its own, with rotation.
 *
 * The caller hands over a copy of a line and never waits for the disk. Unwritten bytes are bounded;
 * beyond that, lines are dropped and counted. When a write fails, the thread keeps the unwritten
 * lines and tries again each second. It does not read the lines.
 */
#ifndef TERN_CORE_AUDIT_AUDIT_FILE_H
#define TERN_CORE_AUDIT_AUDIT_FILE_H

#include "base/base.h"

struct audit_file_options {
	const char *path;   /* ends with NUL; copied */
	int64_t size_max;   /* bytes; a longer file is rotated */
	int64_t age_max_ms; /* an older one too */
	size_t kept_max;    /* rotated files that stay; older ones are removed */
	size_t waiting_max; /* bytes of lines that are not written yet */
	bool syncs;	    /* to disk, at most once a second and at the end */
};

struct audit_file_stats {
	uint64_t written, dropped; /* lines */
	bool is_failing;	   /* the last write failed, or there is no room for lines */
};

struct audit_file;

/*
 * Opens or makes the file, mode 0600, and starts the thread. Rotated files are beside it, named
 * PATH.<time of the rotation>, so names sort by time. ERR_IO with errno; ERR_INVALID: the path is
 * too long.
 */
must_check enum err audit_file_open(const struct audit_file_options *options,
				    struct audit_file **out_file);
/* Writes the waiting lines, as far as the disk accepts them, syncs and frees. Accepts NULL, leaves
 * NULL. */
void audit_file_close(struct audit_file **file);

/* Any thread: appends the line and a line's end, or drops it. */
void audit_file_append(struct audit_file *file, struct str line);
/* Any thread: the next line goes to a newly opened file, for tools that moved the previous one. */
void audit_file_reopen(struct audit_file *file);
const char *audit_file_path(const struct audit_file *file);
struct audit_file_stats audit_file_stats(const struct audit_file *file); /* any thread */

#endif
