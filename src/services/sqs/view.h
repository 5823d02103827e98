/* SPDX-License-Identifier: MIT */
/*
 * view: a stored message as the API shows it: body, digests, chosen attributes and system
 * attributes. Any thread.
 */
#ifndef TERN_SERVICES_SQS_VIEW_H
#define TERN_SERVICES_SQS_VIEW_H

#include "api/sqs.h"
#include "services/sqs/encrypt.h"
#include "services/sqs/state.h"

struct sqs_view {
	bool is_fifo;
	uint32_t wanted;	    /* system attributes: made by sqs_view_want */
	const struct str *patterns; /* MessageAttributeNames: a name, "All", ".*" or "prefix.*" */
	size_t pattern_count;
	bool may_wait;			/* for the disk */
	struct envelope_reader *reader; /* opens messages that were sealed under KMS keys */
};

/* Adds a system attribute by name, or "All". False if there is none of that name. */
bool sqs_view_want(struct str name, uint32_t *wanted);

/*
 * Reads and decodes one message, without a receipt handle. Its bytes go to `bytes`, which must have
 * room for delivery->location.size, or to the arena if it is shared: texts point there.
 * ERR_DAMAGED, ERR_IO; ERR_BUSY: the message is on disk and nothing has happened; ERR_FAULT: KMS
 * refuses to open it, for the reason in view->reader, and *out has the unencrypted members.
 */
must_check enum err sqs_view_read(struct core *core, struct arena *arena,
				  const struct sqs_view *view,
				  const struct queue_delivery *delivery, struct buf *bytes,
				  struct sqs_message *out);

#endif
