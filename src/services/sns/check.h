/* SPDX-License-Identifier: MIT */
/*
 * check: the rules that Publish and each entry of PublishBatch obey. Any thread.
 *
 * https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
#ifndef TERN_SERVICES_SNS_CHECK_H
#define TERN_SERVICES_SNS_CHECK_H

#include "api/sns.h"
#include "services/sns/locate.h"
#include "services/sns/message.h"

/* A message as a request has it. Texts with data NULL were not given. */
struct sns_publish_entry {
	struct str message, subject, structure, dedup, group;
	const struct sns_message_attribute_value_entry *attributes;
	size_t attribute_count;
};

/* Of E.164, with or without a plus sign. */
bool sns_is_phone_number(struct str text);
/* Bytes that count against limits: the message, and names, types and values of attributes. */
size_t sns_entry_size(const struct sns_publish_entry *entry);
/*
 * Checks the entry and fills the message: all but id, topic, sequence and time. `topic` NULL: a
 * message that goes to a telephone.
 */
must_check enum err sns_entry_check(struct call *call, const struct topic *topic,
				    const struct sns_publish_entry *entry,
				    struct sns_message *out_message);

#endif
