/* SPDX-License-Identifier: MIT */
/*
 * certificate: a development CA and the certificates it signs, as PEM files.
 *
 * Keys are ECDSA P-256. A key's file has mode 0600, a certificate's 0644. Files are put in place
 * whole, by renaming. Functions give ERR_OK, or ERR_IO, ERR_INVALID or ERR_EXISTS with a sentence
 * in `problem` (CERTIFICATE_PROBLEM_SIZE bytes, ends with NUL). Main thread.
 */
#ifndef TERN_CLI_CERTIFICATE_H
#define TERN_CLI_CERTIFICATE_H

#include "base/base.h"

#define CERTIFICATE_PROBLEM_SIZE 1024

struct certificate_files {
	const char *certificate, *key; /* paths */
};

struct certificate_wish {
	struct str subject;	 /* common name */
	const struct str *names; /* DNS names and addresses that it is for */
	size_t name_count;
	int64_t days;
	bool is_client;
};

/* The contents of a certificate's file. */
struct certificate_facts {
	struct str subject;
	struct str names; /* "localhost, 127.0.0.1" */
	int64_t expires_ms;
	bool is_authority, is_client;
};

/* DNS names, one label of which may be "*", and addresses. */
bool certificate_is_name(struct str name);

/* A new authority. */
must_check enum err certificate_make_authority(const struct certificate_files *files, int64_t days,
					       char *problem);
/* A new certificate with a new key, signed by the authority. */
must_check enum err certificate_make(const struct certificate_files *authority,
				     const struct certificate_files *files,
				     const struct certificate_wish *wish, char *problem);
/* The same certificate with the same key for another time; its authority must be this one. */
must_check enum err certificate_renew(const struct certificate_files *authority,
				      const struct certificate_files *files, int64_t days,
				      char *problem);
/* ERR_INVALID without a sentence if the file holds no certificate. */
must_check enum err certificate_read(struct arena *arena, const char *path,
				     struct certificate_facts *out_facts);

#endif
