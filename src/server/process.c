/* SPDX-License-Identifier: MIT */
/*
 * process: glibc carries a change of user to all threads, and so does the filter; the other
 * settings are made before there are any.
 */
#include "server/process.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TREE_DESCRIPTORS = 16 };

/*
 * Dumps and debuggers see keys and messages. The kernel has its own opinion after each change of
 * user. Without dumps, what /proc shows of the process is root's.
 */
static void set_dumps(const struct settings *settings)
{
	const struct rlimit none = {0, 0};
	bool may_dump = settings->allows_dumps;

#ifdef __SANITIZE_ADDRESS__ /* which looks for leaks as a debugger */
	may_dump = true;
#endif
	check(prctl(PR_SET_DUMPABLE, may_dump ? 1 : 0, 0, 0, 0) == 0);
	if (!may_dump) /* a unit that forbids the call has set the limit itself */
		(void)setrlimit(RLIMIT_CORE, &none);
}

bool process_check_user(const struct settings *settings, char *problem, size_t size)
{
	const char *name = settings->user.data;

	if (settings->user.size == 0)
		return true;
	const struct passwd *user = getpwnam(name);
	if (user && (geteuid() == 0 || geteuid() == user->pw_uid))
		return true;
	if (user)
		snprintf(problem, size, "only root can become %s: start ternd as root or as %s",
			 name, name);
	else
		snprintf(problem, size, "--user names %s, but there is no such user", name);
	return false;
}

bool process_begin(const struct settings *settings, char *problem, size_t size)
{
	umask(077);
	set_dumps(settings);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		snprintf(problem, size, "the kernel refuses no_new_privs: %s", strerror(errno));
		return false;
	}
	return true;
}

/* ---- the user ---- */

/* The new owner of the files; nftw passes no context. */
static struct {
	uid_t user;
	gid_t group;
	int root;	  /* the data directory */
	size_t root_size; /* of its path */
	int error;
} heir;

int process_open_beneath(int directory, const char *path)
{
	const char *end = path + strcspn(path, "/");
	char name[NAME_MAX + 1];

	if ((size_t)(end - path) > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(end - path), path);
	int descriptor =
		openat(directory, end > path ? name : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	end += strspn(end, "/");
	if (!*end || descriptor < 0)
		return descriptor;
	int below = process_open_beneath(descriptor, end);
	int error = errno;
	close(descriptor);
	errno = error;
	return below;
}

/*
 * Gives a file of root to the heir. Another user's stays that user's, and so does what has a second
 * name elsewhere: somebody may have put it there to be given away.
 */
static int give_entry(const char *path, const struct stat *status, int flag, struct FTW *place)
{
	const char *rest = path + heir.root_size;
	int descriptor = process_open_beneath(heir.root, rest + strspn(rest, "/"));
	struct stat now;

	(void)status, (void)flag, (void)place;
	if (descriptor < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	bool is_given = fstat(descriptor, &now) == 0 && now.st_uid == 0 &&
			(S_ISDIR(now.st_mode) || (S_ISREG(now.st_mode) && now.st_nlink == 1));
	if (is_given &&
	    fchownat(descriptor, "", heir.user, heir.group, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		heir.error = errno;
	close(descriptor);
	return heir.error ? -1 : 0;
}

static bool give_data(const struct settings *settings, char *problem, size_t size)
{
	if (settings->durability == DURABILITY_MEMORY)
		return true;
	heir.root = open(settings->data.data, O_PATH | O_DIRECTORY | O_CLOEXEC);
	heir.root_size = settings->data.size;
	while (heir.root_size > 1 && settings->data.data[heir.root_size - 1] == '/')
		heir.root_size--; /* as nftw does */
	bool is_given = heir.root >= 0 && nftw(settings->data.data, give_entry, TREE_DESCRIPTORS,
					       FTW_PHYS | FTW_MOUNT) == 0;
	int error = heir.error ? heir.error : errno;
	if (heir.root >= 0)
		close(heir.root);
	if (is_given)
		return true;
	snprintf(problem, size, "the data directory %s cannot be given to %s: %s",
		 settings->data.data, settings->user.data, strerror(error));
	return false;
}

/* True if nothing is left of the user that was, and nothing leads back. */
static bool has_become(const struct passwd *user)
{
	uid_t real, effective, saved;
	gid_t real_group, effective_group, saved_group;

	if (getresuid(&real, &effective, &saved) != 0 ||
	    getresgid(&real_group, &effective_group, &saved_group) != 0)
		return false;
	return real == user->pw_uid && effective == user->pw_uid && saved == user->pw_uid &&
	       real_group == user->pw_gid && effective_group == user->pw_gid &&
	       saved_group == user->pw_gid && (user->pw_uid == 0 || setuid(0) != 0);
}

static bool become(const struct settings *settings, char *problem, size_t size)
{
	const char *name = settings->user.data;
	const struct passwd *user = getpwnam(name);

	if (user && getuid() == user->pw_uid && geteuid() == user->pw_uid && user->pw_uid != 0)
		return true;
	if (!user || initgroups(name, user->pw_gid) != 0 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0 || !has_become(user)) {
		snprintf(problem, size, "cannot become %s: %s", name, strerror(errno));
		return false;
	}
	return true;
}

static bool change_user(const struct settings *settings, char *problem, size_t size)
{
	const struct passwd *user = getpwnam(settings->user.data);

	if (geteuid() == 0 && user) {
		heir.user = user->pw_uid;
		heir.group = user->pw_gid;
		if (!give_data(settings, problem, size))
			return false;
	}
	if (!become(settings, problem, size))
		return false;
	set_dumps(settings);
	log_event(LOG_INFO, "running as", log_str("user", settings->user),
		  log_i64("uid", (int64_t)geteuid()));
	return true;
}

/* Files that are no longer readable do not stop the server; they are logged before SIGHUP finds. */
static void warn_of_files(const struct settings *settings)
{
	const struct str files[] = {settings->tls_certificate, settings->tls_key,
				    settings->tls_client_ca, settings->oidc_keys};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i].size > 0 && access(files[i].data, R_OK) != 0)
			log_event(LOG_WARN, "SIGHUP will not be able to read this file again",
				  log_str("file", files[i]), log_str("user", settings->user));
}

bool process_confine(const struct settings *settings, bool has_ring, char *problem, size_t size)
{
	if (settings->user.size > 0) {
		if (!change_user(settings, problem, size))
			return false;
		warn_of_files(settings);
	} else if (geteuid() == 0 && settings->auth == AUTH_REQUIRED) {
		log_event(LOG_WARN, "running as root; --user gives that up",
			  log_i64("uid", (int64_t)geteuid()));
	}
	if (settings->seccomp == SECCOMP_OFF)
		return true;
	if (process_filter_calls(has_ring))
		return true;
	snprintf(problem, size,
		 "system calls cannot be filtered: %s; --seccomp off goes without it",
		 strerror(errno));
	return false;
}

/* The second number of statm is in pages: proc(5). */
uint64_t process_resident_size(void)
{
	unsigned long long all, resident = 0;

	FILE *file = fopen("/proc/self/statm", "re");
	if (!file)
		return 0;
	if (fscanf(file, "%llu %llu", &all, &resident) != 2)
		resident = 0;
	fclose(file);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}
