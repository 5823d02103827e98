/* SPDX-License-Identifier: MIT */
/*
 * attributes: a queue's settings as options: those with names of their own, and NAME=VALUE for
 * all others. Main thread; memory from the cli's arena.
 */
#ifndef TERN_CLI_ATTRIBUTES_H
#define TERN_CLI_ATTRIBUTES_H

#include "cli.h"
#include "wire/shape.h"

/* Part of the values of `queue create` and `queue set`. */
struct attribute_values {
	struct option_number delay, visibility, retention, wait, size;
	struct option_list attributes, tags;
	struct str dlq, kms_key, policy;
	struct option_number receives;
};

/* Rows for a struct `type` whose member `member` is a struct attribute_values. */
/* clang-format off */
#define ATTRIBUTE_OPTIONS(type, member) \
	{"visibility", OPTION_NUMBER, offsetof(type, member.visibility), "SECONDS", \
	 "VisibilityTimeout: how long a received message is hidden", \
	 0, LIMIT_VISIBILITY_S}, \
	{"delay", OPTION_NUMBER, offsetof(type, member.delay), "SECONDS", \
	 "DelaySeconds: how long a new message is hidden", \
	 0, LIMIT_DELAY_S}, \
	{"retention", OPTION_NUMBER, offsetof(type, member.retention), "SECONDS", \
	 "MessageRetentionPeriod: how long a message is kept", \
	 LIMIT_RETENTION_S_MIN, LIMIT_RETENTION_S}, \
	{"wait", OPTION_NUMBER, offsetof(type, member.wait), "SECONDS", \
	 "ReceiveMessageWaitTimeSeconds: how long a receive waits", \
	 0, LIMIT_WAIT_S}, \
	{"size", OPTION_NUMBER, offsetof(type, member.size), "BYTES", \
	 "MaximumMessageSize", \
	 LIMIT_MESSAGE_SIZE_MIN, LIMIT_MESSAGE_SIZE}, \
	{"dlq", OPTION_TEXT, offsetof(type, member.dlq), "QUEUE", \
	 "dead-letter queue for messages received too often; it must exist", \
	 0, 0}, \
	{"receives", OPTION_NUMBER, offsetof(type, member.receives), "N", \
	 "with --dlq: receives before a message moves there; without it 3", \
	 1, LIMIT_RECEIVE_COUNT}, \
	{"kms-key", OPTION_TEXT, offsetof(type, member.kms_key), "KEY", \
	 "KmsMasterKeyId: id, ARN or alias of the KMS key that messages are encrypted under", \
	 0, 0}, \
	{"policy", OPTION_TEXT, offsetof(type, member.policy), "FILE", \
	 "file with the queue's policy, - for standard input; it is checked before it is sent", \
	 0, 0}, \
	{"attribute", OPTION_LIST, offsetof(type, member.attributes), "NAME=VALUE", \
	 "any other attribute by AWS's name; may be repeated", \
	 0, 0}, \
	{"tag", OPTION_LIST, offsetof(type, member.tags), "KEY=VALUE", \
	 "tag; may be repeated", \
	 0, 0}
/* clang-format on */

struct attribute_list {
	struct shape_pair *pairs;
	size_t count;
};

/* All but the tags, as the service wants them, with room for `extra` more pairs. */
must_check enum cli_exit attributes_collect(struct cli *cli, const struct attribute_values *values,
					    size_t extra, struct attribute_list *out_list);
/* NAME=VALUE texts as pairs; false, with a message, if one is malformed. */
bool attributes_split(struct cli *cli, const char *option, const struct option_list *texts,
		      size_t extra, struct attribute_list *out_list);
void attributes_append(struct attribute_list *list, struct str name, struct str value);
/* RedrivePolicy with that dead-letter queue; `receives` 0: without maxReceiveCount. */
void attributes_append_dlq(struct cli *cli, struct attribute_list *list, struct str queue_arn,
			   int64_t receives);
/* An attribute of a queue, in the arena; data is NULL if the queue does not have it. */
must_check enum cli_exit attributes_get(struct cli *cli, struct str queue_url, struct str name,
					struct str *out_value);
enum { ATTRIBUTE_COUNTS = 3 };
/* How many messages a queue has: those that can be received, are in flight, are delayed. */
must_check enum cli_exit attributes_get_counts(struct cli *cli, struct str queue_url,
					       struct str out_counts[ATTRIBUTE_COUNTS]);

#endif
