/* SPDX-License-Identifier: MIT */
/*
 * store: the directory's entities in the catalog, each record sealed as a whole. Control thread, or
 * main at start-up. Errors as the catalog's.
 */
#ifndef TERN_SERVICES_IAM_STORE_H
#define TERN_SERVICES_IAM_STORE_H

#include "core/core.h"

/* Fills core->directory, which has only built-in entities. ERR_DAMAGED, ERR_VERSION. */
must_check enum err iam_store_load(struct core *core);
/* Makes a change durable, and then known to all threads. */
must_check enum err iam_store_put(struct core *core, const struct directory_entity *draft);
must_check enum err iam_store_remove(struct core *core, struct str id);

#endif
