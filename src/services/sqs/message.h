/* SPDX-License-Identifier: MIT */
/*
 * message: an SQS message as the bytes that the queue engine keeps, and back.
 *
 * Holds the parts that the engine does not read: body, attributes, sender, group id, deduplication
 * id, trace header. The MD5s are computed once, when the message is sent, and kept. Pure; any
 * thread.
 */
#ifndef TERN_SERVICES_SQS_MESSAGE_H
#define TERN_SERVICES_SQS_MESSAGE_H

#include "api/sqs.h"
#include "base/base.h"

struct sqs_stored_message {
	struct str body;
	struct str sender;
	struct str group, dedup;			      /* ids as sent; data NULL: none */
	struct str trace;				      /* AWSTraceHeader; data NULL: none */
	struct sqs_message_attribute_value_entry *attributes; /* in the order sent */
	size_t attribute_count;
	uint8_t body_md5[16];
};

/* The encoded message, in the arena. */
struct str sqs_message_encode(struct arena *arena, const struct sqs_stored_message *message);
/* Views into `payload`; arrays in the arena. ERR_DAMAGED if the payload is not a message. */
must_check enum err sqs_message_decode(struct arena *arena, struct str payload,
				       struct sqs_stored_message *out_message);

/* Bytes that count against size limits: body, and name, type and value of each attribute. */
size_t sqs_message_size(const struct sqs_stored_message *message);

#endif
