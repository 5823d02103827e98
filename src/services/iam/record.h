/* SPDX-License-Identifier: MIT */
/*
 * record: an entity of the directory as a record of the catalog. Pure; it holds secrets in clear,
 * so it must be sealed before it is stored.
 */
#ifndef TERN_SERVICES_IAM_RECORD_H
#define TERN_SERVICES_IAM_RECORD_H

#include "access/directory.h"

/* Appends the record. */
void iam_record_encode(struct buf *out, const struct directory_entity *entity);
/*
 * Fills a draft, borrowed from record and arena; its policies are compiled anew and the caller's to
 * release with iam_record_release. ERR_DAMAGED, ERR_VERSION.
 */
must_check enum err iam_record_decode(struct arena *arena, struct str bytes,
				      struct directory_entity *out_draft);
void iam_record_release(const struct directory_entity *draft);

#endif
