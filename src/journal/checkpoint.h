/* SPDX-License-Identifier: MIT */
/* checkpoint: files of checkpoints, and the space that is kept for the next one. */
#ifndef TERN_JOURNAL_CHECKPOINT_H
#define TERN_JOURNAL_CHECKPOINT_H

#include "journal/state.h"

void checkpoint_name(uint64_t lsn, char out[JOURNAL_NAME_SIZE]);
/* Writes the checkpoint durably, into the reserved file if there is one; the previous checkpoint
 * becomes the reserved file. */
must_check enum err checkpoint_write(struct journal_work *work);
/* ERR_DAMAGED, ERR_VERSION, ERR_IO. */
must_check enum err checkpoint_load(struct disk *disk, uint64_t lsn,
				    struct checkpoint *out_checkpoint);
uint64_t checkpoint_file_size(const struct checkpoint *checkpoint);
/* Makes that file, or makes it larger. */
must_check enum err checkpoint_make_room(struct journal_work *work);
#define CHECKPOINT_ROOM "checkpoint.room"
/* Becomes the reserved file once the first checkpoint has used that. */
#define CHECKPOINT_SECOND_ROOM "checkpoint.room.2"
/* Size of the reserved file; 0: it does not exist. Uses the second one if the first was lost. */
uint64_t checkpoint_find_room(struct disk *disk);
void checkpoint_done(struct checkpoint *checkpoint);
/* Makes an empty file durably, with `size` bytes allocated, or makes it larger. If that fails, the
 * file stays if `is_kept`. */
must_check enum err file_allocate(struct journal *journal, const char *name, uint64_t size,
				  bool is_kept);
/* Reads the first `size` bytes of a file, and gives the size of all. */
must_check enum err file_read_header(struct disk *disk, struct disk_file *file, char *out,
				     size_t size, uint64_t *out_file_size);
/* Writes a whole small file durably under `name`, through a temporary file. */
must_check enum err file_replace(struct disk *disk, const char *temporary, const char *name,
				 struct str content);

#endif
