/* SPDX-License-Identifier: MIT */
/* tags: the tags of a topic, in API order and kept sorted by key. */
#ifndef TERN_SERVICES_SNS_TAGS_H
#define TERN_SERVICES_SNS_TAGS_H

#include "api/sns.h"
#include "services/sns/locate.h"

/* Checks tags and puts them into the draft. Control thread. */
must_check enum err sns_tags_merge(struct call *call, struct topic *draft,
				   const struct sns_tag *tags, size_t count);
/* The topic has these tags and no others. */
bool sns_tags_are(const struct topic *topic, const struct sns_tag *tags, size_t count);
/* For conditions: aws:RequestTag/... and aws:TagKeys. */
void sns_tags_request(struct call *call, const struct sns_tag *tags, size_t count);

#endif
