/* SPDX-License-Identifier: MIT */
/*
 * profile: the files that AWS's tools share, ~/.aws/config and ~/.aws/credentials, in memory.
 *
 * Sections are [default], [profile NAME], [NAME] in the credentials file, [services NAME] and
 * others that are kept but not understood. Indented lines under "key =" are nested settings.
 * All text lives in the arena. No threads, no environment. Rules: AWS SDKs and Tools Reference
 * Guide, "Shared config and credentials files" and "File format".
 */
#ifndef TERN_CLIENT_PROFILE_H
#define TERN_CLIENT_PROFILE_H

#include "base/base.h"

#define PROFILE_FILE_SIZE_MAX 1048576 /* bytes */

struct profile_setting {
	struct str kind;   /* "profile", "services", ... */
	struct str name;   /* of the section: "default" */
	struct str parent; /* of a nested setting: the key above it; empty otherwise */
	struct str key;	   /* in lower case */
	struct str value;
	bool has_prefix; /* [profile default] wins over [default] */
};

struct profile_file {
	struct profile_setting *settings; /* in the file's order; a section without any has one
					     row with an empty key, so that it can be found */
	size_t setting_count;
};

/* Lines that are not understood are skipped, as AWS's tools do. */
void profile_parse(struct arena *arena, struct str text, bool is_credentials,
		   struct profile_file *out_file);
/* A file that does not exist is empty. ERR_IO with errno; ERR_TOOLARGE. */
must_check enum err profile_load(struct arena *arena, const char *path, bool is_credentials,
				 struct profile_file *out_file);

bool profile_exists(const struct profile_file *file, struct str kind, struct str name);
/* The value of `key`; the last one if it is there twice. `parent` is empty for a plain setting. */
bool profile_find(const struct profile_file *file, struct str kind, struct str name,
		  struct str parent, struct str key, struct str *out_value);

#endif
