/* SPDX-License-Identifier: MIT */
/*
 * shared_file: the shared configuration and credentials files of AWS's tools. Main thread.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
#ifndef TERN_CLI_SHARED_FILE_H
#define TERN_CLI_SHARED_FILE_H

#include "base/base.h"
#include "wire/shape.h"

/* The path that the environment variable gives, or ~/.aws/<name>; makes ~/.aws. */
struct str shared_file_path(struct arena *arena, const char *variable, const char *name);

/*
 * Sets the values of a section and removes those whose value is empty; adds the section if it is
 * not there. The file gets mode 0600. False with errno if it cannot be read or written; the old
 * file is then untouched.
 */
must_check bool shared_file_write(struct arena *arena, struct str path, struct str section,
				  const struct shape_pair *pairs, size_t count);

#endif
