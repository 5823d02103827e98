/* SPDX-License-Identifier: MIT */
/* audit_setup: the path is in the data directory, in a folder of its own for the rotated files. */
#include "server/audit_setup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Without a data directory there is nowhere to write to, unless a file is named. */
static bool wants_audit(const struct settings *settings)
{
	bool has_place = settings->durability != DURABILITY_MEMORY || settings->audit_file.size > 0;

	if (settings->audit == AUDIT_CALLS_AUTO)
		return settings->auth == AUTH_REQUIRED && has_place;
	return settings->audit != AUDIT_CALLS_NONE;
}

static bool resolve_audit_path(const struct settings *settings, char *path, size_t path_size,
			       char *problem, size_t size)
{
	int length;

	if (settings->audit_file.size > 0) {
		length = snprintf(path, path_size, "%.*s", STR_ARG(settings->audit_file));
	} else if (settings->durability == DURABILITY_MEMORY) {
		snprintf(problem, size,
			 "with --durability memory the audit log needs --audit-file");
		return false;
	} else {
		snprintf(path, path_size, "%.*s/audit", STR_ARG(settings->data));
		(void)mkdir(path, 0700); /* opening the file says what is wrong */
		length = snprintf(path, path_size, "%.*s/audit/audit.jsonl",
				  STR_ARG(settings->data));
	}
	if (length >= 0 && (size_t)length < path_size)
		return true;
	snprintf(problem, size, "the path of the audit log is too long");
	return false;
}

bool audit_setup(const struct settings *settings, struct audit **out_audit, char *problem,
		 size_t size)
{
	char path[PATH_MAX];
	struct audit_options options = {
		.file =
			{
				.path = path,
				.size_max = settings->audit_max_mib << 20,
				.age_max_ms = settings->audit_max_hours * 3600000,
				.kept_max = (size_t)settings->audit_keep,
				.waiting_max = LIMIT_AUDIT_WAITING_SIZE,
				.syncs = settings->durability == DURABILITY_FSYNC,
			},
		.wants_data = settings->audit == AUDIT_CALLS_ALL,
		.refuses_if_full = settings->audit_full == AUDIT_FULL_REFUSE,
	};

	if (!wants_audit(settings))
		return true;
	if (!resolve_audit_path(settings, path, sizeof(path), problem, size))
		return false;
	if (audit_open(&options, out_audit) != ERR_OK) {
		snprintf(problem, size, "the audit log %s cannot be opened: %s", path,
			 strerror(errno));
		return false;
	}
	log_event(LOG_INFO, "recording calls", log_str("audit", str_from(path)));
	return true;
}
