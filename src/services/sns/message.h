/* SPDX-License-Identifier: MIT */
/*
 * message: one published message, as all its deliveries see it. Views; of the publishing call's
 * arena, or of what an obligation was decoded from.
 */
#ifndef TERN_SERVICES_SNS_MESSAGE_H
#define TERN_SERVICES_SNS_MESSAGE_H

#include "services/sns/registry.h"

struct sns_attribute {
	struct str name, type; /* "String", "String.Array", "Number", "Binary" */
	struct str value;      /* bytes, if the type begins with Binary */
};

struct sns_message {
	struct str id; /* MessageId */
	struct str topic_arn;
	struct str subject;		  /* data NULL: none */
	struct str body;		  /* Message, or "default" of MessageStructure=json */
	struct str bodies[SNS_PROTOCOLS]; /* of MessageStructure=json; data NULL: body */
	const struct sns_attribute *attributes;
	size_t attribute_count;
	struct str group, dedup; /* data NULL: none */
	struct str sequence;	 /* SequenceNumber of FIFO topics, 20 digits; data NULL: none */
	struct str trace;	 /* X-Amzn-Trace-Id; data NULL: none */
	int64_t timestamp_ms;
	bool is_replayed;
};

static inline struct str sns_message_body(const struct sns_message *message,
					  enum sns_protocol protocol)
{
	return message->bodies[protocol].data ? message->bodies[protocol] : message->body;
}

#endif
