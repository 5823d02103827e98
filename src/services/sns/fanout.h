/* SPDX-License-Identifier: MIT */
/*
 * fanout: a message to the subscribers of a topic, durable before the publish is answered.
 *
 * Queues get the message through target_deliver, up to TARGET_DELIVERIES_MAX of them in one command
 * of the queue engine: after a crash all of them have it or none. A topic with more queues sends to
 * them in parts, one after the other. Notifications to other protocols, and to queues that cannot
 * take the message now, are obligations in the first command (delivery.h). A queue that refuses a
 * message for good costs the subscription this message, unless it has a dead-letter queue, which
 * then gets it before the answer; one that cannot take it now gets it from an obligation.
 *
 * The call's thread.
 */
#ifndef TERN_SERVICES_SNS_FANOUT_H
#define TERN_SERVICES_SNS_FANOUT_H

#include "core/call.h"
#include "services/sns/envelope.h"

struct data_key;

struct sns_publication {
	struct sns_message message; /* without a sequence number */
	uint8_t id[16];		    /* of the message */
	/* Of the bodies of protocols that want one; text.data NULL: none. signing.h */
	struct sns_signature signatures[SNS_PROTOCOLS];
	struct data_key *key; /* seals the message while deliveries wait; NULL: none */
	size_t size;	      /* as it counts against limits */
	enum err error;	      /* out: ERR_OK, or why nothing was sent */
};

/*
 * Sends the messages; they and the topic live as long as the call. Returns ERR_PARKED, or what
 * `resume` returns; resume runs when everything that the messages owe is durable.
 */
must_check enum err sns_fanout(struct call *call, const struct topic *topic,
			       struct sns_publication *publications, size_t count,
			       resume_fn resume);
/* The fault of a publication that has an error. */
must_check enum err sns_fanout_fault(struct call *call);

#endif
