/* SPDX-License-Identifier: MIT */
/* archive_message: the subject of the seal is the queue, as of all messages. */
#include "services/events/archive_message.h"

#include "core/seal/seal.h"

struct queue_target events_archive_target(const struct core *core, struct arena *arena,
					  uint64_t queue, struct str envelope, struct data_key *key)
{
	return (struct queue_target){
		.queue = queue,
		.is_whole = true,
		.own = key ? envelope_close(key, arena, envelope)
			   : seal_close(core->seal, arena, queue, envelope),
	};
}

enum err events_archive_message(const struct core *core, struct str payload,
				struct str *out_envelope)
{
	return seal_open(core->seal, (char *)(uintptr_t)payload.data, payload.size, out_envelope);
}
