/* SPDX-License-Identifier: MIT */
/* reserve: allocates blocks behind the end of the file; the file's size stays as LMDB set it. */
#include "catalog/reserve.h"

#include <errno.h>
#include <fcntl.h>

enum { RESERVE_SIZE = 1 << 20 };

enum err catalog_reserve(MDB_env *environment, uint64_t more, uint64_t *reserved)
{
	MDB_envinfo info;
	MDB_stat main_table;
	mdb_filehandle_t file;
	int result;

	if (mdb_env_info(environment, &info) || mdb_env_stat(environment, &main_table) ||
	    mdb_env_get_fd(environment, &file))
		return ERR_IO;
	uint64_t used = (uint64_t)(info.me_last_pgno + 1) * main_table.ms_psize + more;
	if (used + RESERVE_SIZE <= *reserved)
		return ERR_OK;
	do {
		result = fallocate(file, FALLOC_FL_KEEP_SIZE, (off_t)used, RESERVE_SIZE);
	} while (result < 0 && errno == EINTR);
	if (result < 0 && (errno == ENOSPC || errno == EDQUOT))
		return ERR_FULL;
	/* An operation that the file system does not support is not tried again. */
	*reserved = result < 0 ? UINT64_MAX : used + RESERVE_SIZE;
	return ERR_OK;
}
