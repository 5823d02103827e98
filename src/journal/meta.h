/* SPDX-License-Identifier: MIT */
/* meta: the file journal.meta. */
#ifndef TERN_JOURNAL_META_H
#define TERN_JOURNAL_META_H

#include "journal/state.h"

/* Opens the file and reads it. ERR_NOTFOUND, ERR_DAMAGED, ERR_VERSION, ERR_IO. */
must_check enum err meta_load(struct disk *disk, struct meta *out_meta);
/* Writes it, durably if `syncs`. ERR_FULL: it has no file and the disk has no room. */
must_check enum err meta_save(struct disk *disk, struct meta *meta, bool syncs);
void meta_close(struct disk *disk, struct meta *meta);

#endif
