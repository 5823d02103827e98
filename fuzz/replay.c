/* SPDX-License-Identifier: MIT */
/*
 * The main function of a fuzzer that is built without libFuzzer: gives it every file of the
 * directories that are named, so that the corpora are tests too.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static bool replay_file(const char *path)
{
	struct buf bytes = {0};
	char part[4096];
	size_t size;

	FILE *file = fopen(path, "re");
	if (!file) {
		fprintf(stderr, "cannot read %s: %s\n", path, strerror(errno));
		return false;
	}
	while ((size = fread(part, 1, sizeof(part), file)) > 0)
		buf_append(&bytes, str_of(part, size));
	fclose(file);
	/* A copy of the right size, so that ASan sees a read behind its end. */
	struct str exact = heap_copy(buf_str(&bytes));
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput((const uint8_t *)exact.data, exact.size);
	heap_free((char *)exact.data);
	buf_done(&bytes);
	return true;
}

static size_t replay_folder(const char *path)
{
	char name[4096];
	struct dirent *entry;
	size_t count = 0;

	DIR *folder = opendir(path);
	if (!folder) {
		fprintf(stderr, "cannot read %s: %s\n", path, strerror(errno));
		return 0;
	}
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		count += replay_file(name);
	}
	closedir(folder);
	return count;
}

int main(int argc, char **argv)
{
	size_t count = 0;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		count += replay_folder(argv[i]);
	printf("%zu inputs\n", count);
	return count > 0 ? 0 : 1;
}
