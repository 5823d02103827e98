/* SPDX-License-Identifier: MIT */
/*
 * Opens a catalog with changed bytes: it may be refused, never crash, and what is accepted can be
 * read, changed and opened again.
 *
 * Input: a byte that says which catalog is changed (0: new, 1: a few records, 2: branches, large
 * values and free pages; 4: cut short by the first change's offset), then changes, each an offset
 * (u32), a size (u8) and so many bytes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "catalog/catalog.h"

enum { SHAPES = 3, IS_CUT = 4, MANY = 150, LARGE = 9000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[64], file[96];
static struct buf shapes[SHAPES];

static void put(struct catalog_changes *changes, int number, size_t size)
{
	static const char bytes[LARGE];
	char key[16];

	int key_size = snprintf(key, sizeof(key), "key-%03d", number);
	catalog_changes_put(changes, number % 2 ? CATALOG_IAM : CATALOG_SQS_QUEUES,
			    str_of(key, (size_t)key_size), str_of(bytes, size));
}

static void fill(struct catalog *catalog, int shape)
{
	struct catalog_changes changes = {0};
	int count = shape == 1 ? 3 : shape == 2 ? MANY : 0;

	for (int round = 0; round < 3 && count > 0; round++) {
		for (int i = 0; i < count; i++)
			put(&changes, i, i % 50 == 0 ? LARGE : 60);
		check(!catalog_write(catalog, &changes));
	}
}

static void read_file(struct buf *out)
{
	char bytes[4096];
	ssize_t size;

	int descriptor = open(file, O_RDONLY | O_CLOEXEC);
	check(descriptor >= 0);
	while ((size = read(descriptor, bytes, sizeof(bytes))) > 0)
		buf_append(out, str_of(bytes, (size_t)size));
	close(descriptor);
}

static void write_file(struct str bytes)
{
	int descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	check(descriptor >= 0);
	check(write(descriptor, bytes.data, bytes.size) == (ssize_t)bytes.size);
	close(descriptor);
}

static void make_directory(void)
{
	snprintf(directory, sizeof(directory), "/tmp/tern-fuzz-catalog-XXXXXX");
	check(mkdtemp(directory) != NULL);
	snprintf(file, sizeof(file), "%s/data.mdb", directory);
}

static void remove_directory(void)
{
	char lock[96];

	snprintf(lock, sizeof(lock), "%s/lock.mdb", directory);
	(void)unlink(lock); /* may not be there */
	(void)unlink(file);
	(void)rmdir(directory);
}

static void make_shapes(void)
{
	struct catalog *catalog;

	if (shapes[0].size > 0)
		return;
	log_setup(LOG_ERROR + 1, LOG_TEXT);
	for (int i = 0; i < SHAPES; i++) {
		make_directory();
		check(!catalog_open(directory, false, &catalog));
		fill(catalog, i);
		catalog_free(&catalog);
		read_file(&shapes[i]);
		remove_directory();
	}
}

/* The bytes of the input's catalog, in `out`. */
static void change_shape(const uint8_t *data, size_t size, struct buf *out)
{
	bool is_cut = size > 0 && data[0] & IS_CUT;
	size_t at = 1;

	buf_append(out, buf_str(&shapes[size > 0 ? data[0] % IS_CUT % SHAPES : 0]));
	for (; at + 5 <= size; at += 5) {
		size_t offset = get_u32(data + at) % out->size;
		size_t changed = data[at + 4];
		if (is_cut) {
			out->size = offset + 1;
			is_cut = false;
			continue;
		}
		if (changed > size - at - 5)
			changed = size - at - 5;
		if (changed > out->size - offset)
			changed = out->size - offset;
		memcpy(out->data + offset, data + at + 5, changed);
		at += changed;
	}
}

static enum err count(void *context, struct str key, struct str value)
{
	*(uint64_t *)context += key.size + value.size;
	return ERR_OK;
}

static void use(struct catalog *catalog)
{
	struct catalog_changes changes = {0};
	uint64_t sum = 0;

	check(!catalog_begin(catalog, false));
	for (int i = 0; i < CATALOG_TABLES; i++)
		check(!catalog_each(catalog, (enum catalog_table)i, count, &sum));
	catalog_abort(catalog);
	put(&changes, 1, LARGE);
	put(&changes, MANY + 1, 60);
	check(!catalog_write(catalog, &changes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct catalog *catalog;
	struct buf bytes = {0};

	make_shapes();
	make_directory();
	change_shape(data, size, &bytes);
	write_file(buf_str(&bytes));
	buf_done(&bytes);
	if (catalog_open(directory, false, &catalog) == ERR_OK) {
		use(catalog);
		catalog_free(&catalog);
		check(!catalog_open(directory, false, &catalog));
		catalog_free(&catalog);
	}
	remove_directory();
	return 0;
}
