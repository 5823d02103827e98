/* SPDX-License-Identifier: MIT */
/*
 * archive: the archive of a FIFO topic.
 *
 * It is the topic's internal queue (gate.h), of which each publish is a message, also without a
 * subscriber: its number is the sequence number. A message is what obligations share (delivery.h),
 * under the topic's KMS key if it has one, sealed under the queue's number.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-topic-owner.html
 */
#ifndef TERN_SERVICES_SNS_ARCHIVE_H
#define TERN_SERVICES_SNS_ARCHIVE_H

#include "services/sns/locate.h"
#include "services/sns/message.h"

struct data_key;

/* Checks an ArchivePolicy and puts it into the draft; empty or "{}" ends the archive. `prefix`: of
 * the fault's text. */
must_check enum err sns_archive_policy_set(struct call *call, struct topic *draft,
					   struct str policy, const char *prefix);
/* BeginningArchiveTime: no message of an earlier time is replayed. 0: there is no archive. */
int64_t sns_archive_beginning(const struct topic *topic, int64_t now_ms);

/* ---- any thread ---- */

/* The message that adds a publish to the topic's archive; in the arena. `key`: sns_sealer_begin. */
struct queue_target sns_archive_target(const struct core *core, struct arena *arena,
				       const struct topic *topic, struct data_key *key,
				       const struct sns_message *message);
/* The shared bytes of an obligation, in place; they may still be under the topic's key.
 * ERR_DAMAGED. */
must_check enum err sns_archive_open(const struct core *core, struct str payload,
				     struct str *out_shared);

#endif
