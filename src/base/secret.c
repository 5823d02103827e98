/* SPDX-License-Identifier: MIT */
/* secret: what the system refuses here (a limit of locked memory) costs the protection only. */
#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>

#include "base/check.h"

void *secret_alloc(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(memory != MAP_FAILED);
	(void)mlock(memory, size);
	(void)madvise(memory, size, MADV_DONTDUMP);
	return memory;
}

void secret_free(void *memory, size_t size)
{
	if (!memory)
		return;
	explicit_bzero(memory, size);
	check(munmap(memory, size) == 0);
}
