/* SPDX-License-Identifier: MIT */
/*
 * archive: the archive of a FIFO topic.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/fifo-message-archiving-replay.html
 */
#ifndef TERN_SERVICES_SNS_ARCHIVE_H
#define TERN_SERVICES_SNS_ARCHIVE_H

#include "services/sns/locate.h"

/* Checks an ArchivePolicy and puts it into the draft; empty or "{}" ends the archive. `prefix`: of
 * the fault's text. */
must_check enum err sns_archive_policy_set(struct call *call, struct topic *draft,
					   struct str policy, const char *prefix);

#endif
