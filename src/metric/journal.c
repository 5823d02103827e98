/* SPDX-License-Identifier: MIT */
/* journal: see journal.h. A record is its sealed size, the CRC-32C of the sealed bytes, and these.
 */
#include "metric/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_SIZE = 8, RECORD_MAX = 1 << 28 };

static enum err io_error(void)
{
	return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
}

enum err metric_path(const char *directory, const char *prefix, uint64_t number, char *out)
{
	int size = snprintf(out, METRIC_PATH_SIZE, "%s/%s-%llu", directory, prefix,
			    (unsigned long long)number);

	return size > 0 && size < METRIC_PATH_SIZE ? ERR_OK : ERR_TOOLARGE;
}

static enum err write_all(int descriptor, struct str bytes)
{
	for (size_t done = 0; done < bytes.size;) {
		ssize_t count = write(descriptor, bytes.data + done, bytes.size - done);
		if (count > 0)
			done += (size_t)count;
		else if (count == 0 || errno != EINTR)
			return io_error();
	}
	return ERR_OK;
}

enum err metric_journal_open(const char *path, uint64_t size, struct metric_journal *out_journal)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (descriptor < 0)
		return io_error();
	off_t end = lseek(descriptor, 0, SEEK_END);
	enum err err = end < 0 ? ERR_IO : (uint64_t)end < size ? ERR_DAMAGED : ERR_OK;
	if (!err && (ftruncate(descriptor, (off_t)size) != 0 ||
		     lseek(descriptor, (off_t)size, SEEK_SET) < 0))
		err = io_error();
	if (err)
		(void)close(descriptor);
	else
		*out_journal = (struct metric_journal){descriptor, size};
	return err;
}

enum err metric_journal_append(struct metric_journal *journal, const struct metric_seal *seal,
			       struct str plain)
{
	struct buf record = {0};
	struct arena arena;

	arena_init(&arena);
	struct str sealed = seal->close ? seal->close(seal->context, &arena, plain) : plain;
	bytes_append_u32(&record, (uint32_t)sealed.size);
	bytes_append_u32(&record, crc32c(0, sealed));
	buf_append(&record, sealed);
	enum err err = write_all(journal->descriptor, buf_str(&record));
	if (!err && fdatasync(journal->descriptor) != 0)
		err = io_error();
	if (!err)
		journal->size += record.size;
	else if (ftruncate(journal->descriptor, (off_t)journal->size) != 0 ||
		 lseek(journal->descriptor, (off_t)journal->size, SEEK_SET) < 0)
		metric_journal_close(journal); /* the next append opens it anew */
	buf_done(&record);
	arena_done(&arena);
	return err;
}

void metric_journal_close(struct metric_journal *journal)
{
	if (journal->descriptor >= 0)
		(void)close(journal->descriptor);
	journal->descriptor = -1;
}

enum err metric_read_file(const char *path, size_t size_max, struct buf *out)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	enum err err = ERR_OK;
	struct stat is;

	if (descriptor < 0)
		return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
	if (fstat(descriptor, &is) != 0)
		err = ERR_IO;
	else if (is.st_size < 0 || (uint64_t)is.st_size > size_max)
		err = ERR_DAMAGED;
	size_t size = err ? 0 : (size_t)is.st_size;
	char *place = buf_extend(out, size);
	for (size_t done = 0; !err && done < size;) {
		ssize_t count = read(descriptor, place + done, size - done);
		if (count > 0)
			done += (size_t)count;
		else if (count == 0 || errno != EINTR)
			err = ERR_IO;
	}
	(void)close(descriptor);
	return err;
}

enum err metric_journal_read(const char *path, const struct metric_seal *seal, uint64_t size,
			     metric_journal_fn visit, void *context, uint64_t *out_size)
{
	struct buf bytes = {0};
	uint64_t at = 0;

	enum err err = metric_read_file(path, SIZE_MAX / 2, &bytes);
	uint64_t end = bytes.size < size ? bytes.size : size;
	while (!err && end - at >= HEAD_SIZE) {
		uint32_t record_size = get_u32(bytes.data + at);
		if (record_size > RECORD_MAX || record_size > end - at - HEAD_SIZE)
			break;
		struct str plain = str_of(bytes.data + at + HEAD_SIZE, record_size);
		if (crc32c(0, plain) != get_u32(bytes.data + at + 4))
			break;
		if (seal->open)
			err = seal->open(seal->context, bytes.data + at + HEAD_SIZE, record_size,
					 &plain);
		if (!err)
			err = visit(context, plain);
		at += HEAD_SIZE + record_size;
	}
	buf_done(&bytes);
	*out_size = at;
	return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err sync_directory(const char *directory)
{
	int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (descriptor < 0)
		return ERR_IO;
	enum err err = fsync(descriptor) == 0 ? ERR_OK : ERR_IO;
	(void)close(descriptor);
	return err;
}

enum err metric_replace_file(const char *directory, const char *name, struct str bytes)
{
	char path[METRIC_PATH_SIZE], fresh[METRIC_PATH_SIZE];

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path) ||
	    snprintf(fresh, sizeof(fresh), "%s/%s.new", directory, name) >= (int)sizeof(fresh))
		return ERR_TOOLARGE;
	int descriptor = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (descriptor < 0)
		return io_error();
	enum err err = write_all(descriptor, bytes);
	if (!err && fsync(descriptor) != 0)
		err = io_error();
	(void)close(descriptor);
	if (!err && rename(fresh, path) != 0)
		err = io_error();
	return err ? err : sync_directory(directory);
}
