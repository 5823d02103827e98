/* SPDX-License-Identifier: MIT */
/*
 * rotated: a file that grows by lines, and the older ones beside it.
 *
 * A file that was rotated away is named PATH.<stamp>; a stamp is the time of the rotation in UTC,
 * "20261124T000000.000Z", so that names in order are files in order. Any thread.
 */
#ifndef TERN_BASE_ROTATED_H
#define TERN_BASE_ROTATED_H

#include "base/arena.h"
#include "base/err.h"

#define ROTATED_STAMP_SIZE 20

struct rotated_file {
	const char *path; /* ends with NUL */
	struct str stamp; /* empty: the file that still grows */
	uint64_t id;	  /* stays when the file is rotated */
	int64_t size;	  /* bytes */
};

/* ROTATED_STAMP_SIZE bytes, and a NUL. */
void rotated_format(int64_t now_ms, char out[ROTATED_STAMP_SIZE + 1]);
/*
 * The files of `path` that are there, oldest first, in the arena; the one that still grows is the
 * last. ERR_NOTFOUND if there is none; ERR_IO with errno.
 */
must_check enum err rotated_list(struct arena *arena, const char *path,
				 struct rotated_file **out_files, size_t *out_count);

/*
 * Reads at most `size` bytes at `offset`; *out_size is less only at the file's end. ERR_NOTFOUND,
 * ERR_IO with errno.
 */
must_check enum err rotated_read(const char *path, int64_t offset, char *out, size_t size,
				 size_t *out_size);

#endif
