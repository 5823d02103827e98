/* SPDX-License-Identifier: MIT */
/*
 * archive_message: an event as a message in the queue of an archive: sealed by the server for the
 * queue, or under the KMS key of the archive (encrypt.h). Any thread.
 */
#ifndef TERN_SERVICES_EVENTS_ARCHIVE_MESSAGE_H
#define TERN_SERVICES_EVENTS_ARCHIVE_MESSAGE_H

#include "core/core.h"
#include "core/seal/envelope.h"

/* The message that adds an event to the archive of a rule; in the arena. `key` of the archive's
 * KMS key; NULL: it has none. */
struct queue_target events_archive_target(const struct core *core, struct arena *arena,
					  uint64_t queue, struct str envelope,
					  struct data_key *key);
/* The envelope of such a message that is not under a KMS key (envelope_is_one), opened in place.
 * ERR_DAMAGED. */
must_check enum err events_archive_message(const struct core *core, struct str payload,
					   struct str *out_envelope);

#endif
