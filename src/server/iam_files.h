/* SPDX-License-Identifier: MIT */
/*
 * iam_files: what IAM and STS take from an operator's directories: the keys of OpenID Connect
 * issuers (--oidc-keys) and AWS managed policies (--managed-policies). Main only.
 */
#ifndef TERN_SERVER_IAM_FILES_H
#define TERN_SERVER_IAM_FILES_H

#include "core/core.h"
#include "server/settings.h"

/* Reads the keys anew; if a file is no good, those that were there stay. */
bool iam_files_read_keys(struct core *core, const struct settings *settings, char *problem,
			 size_t size);
/* Before other threads know the directory. */
bool iam_files_read_policies(struct core *core, const struct settings *settings, char *problem,
			     size_t size);

#endif
