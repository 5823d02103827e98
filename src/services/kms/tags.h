/* SPDX-License-Identifier: MIT */
/* tags: of keys, kept sorted by name. */
#ifndef TERN_SERVICES_KMS_TAGS_H
#define TERN_SERVICES_KMS_TAGS_H

#include "api/kms.h"
#include "services/kms/kms.h"

/* Sets the tags of the draft, in the call's arena. TagException, ValidationException. */
must_check enum err kms_tags_merge(struct call *call, struct kms_key *draft,
				   const struct kms_tag *tags, size_t count);

#endif
