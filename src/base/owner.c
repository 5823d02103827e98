/* SPDX-License-Identifier: MIT */
/* owner: through a descriptor, so that what is looked at is what is given. */
#include "base/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

enum { PATH_SIZE = 4096 };

static bool join_path(char *out, const char *directory, const char *name)
{
	int length = snprintf(out, PATH_SIZE, "%s/%s", directory, name);

	return length > 0 && length < PATH_SIZE;
}

void owner_give(const char *directory, const char *name)
{
	char path[PATH_SIZE];
	struct stat above, is;

	if (geteuid() != 0 || !join_path(path, directory, name) || stat(directory, &above) != 0 ||
	    above.st_uid == 0)
		return;
	int descriptor = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (descriptor < 0)
		return;
	bool is_roots = fstat(descriptor, &is) == 0 && is.st_uid == 0 &&
			(S_ISDIR(is.st_mode) || (S_ISREG(is.st_mode) && is.st_nlink == 1));
	if (is_roots && fchownat(descriptor, "", above.st_uid, above.st_gid,
				 AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0)
		log_event(LOG_WARN, "a file stays root's", log_str("path", str_from(path)),
			  log_str("error", str_from(strerror(errno))));
	close(descriptor);
}
