/* SPDX-License-Identifier: MIT */
/*
 * digest: MD5s as SQS answers them and its SDKs check them, and hashes of ids. Pure; memory from
 * the arena; any thread.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 */
#ifndef TERN_SERVICES_SQS_DIGEST_H
#define TERN_SERVICES_SQS_DIGEST_H

#include "api/sqs.h"
#include "base/base.h"

struct core;

/* 32 lower-case hex digits. */
struct str sqs_md5_text(struct arena *arena, const uint8_t md5[16]);
/* Of message attributes in AWS's canonical form, in order of name; data NULL if there are none. */
struct str sqs_attributes_md5(struct arena *arena,
			      const struct sqs_message_attribute_value_entry *entries,
			      size_t count);

/* As struct queue_target has it. */
uint64_t sqs_group_hash(const struct core *core, struct str group);
/* The deduplication id of a body: its SHA-256 in hex. */
struct str sqs_content_dedup(struct arena *arena, struct str body);

#endif
