/* SPDX-License-Identifier: MIT */
/*
 * encrypt: messages of a topic with KmsMasterKeyId, sealed under its key while they wait for their
 * delivery. The encryption context is the topic's ARN.
 *
 * A publisher needs kms:GenerateDataKey for the key. A delivery opens the message as the server:
 * the state of the key counts, policies do not. While the key cannot be used, deliveries wait.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html
 */
#ifndef TERN_SERVICES_SNS_ENCRYPT_H
#define TERN_SERVICES_SNS_ENCRYPT_H

#include "core/obligation.h"
#include "core/seal/kms.h"
#include "services/sns/registry.h"

struct data_key;

/* The call's thread: the data key of a publish, as long as the call; NULL: the topic has no key. A
 * problem with the key is a fault. */
must_check enum err sns_sealer_begin(struct call *call, const struct topic *topic,
				     struct data_key **out_key);
/* The bytes sealed, in the arena; as they are without a key. */
struct str sns_seal(struct arena *arena, struct data_key *key, struct str bytes);

enum sns_open_result {
	SNS_OPENED,
	SNS_OPEN_LATER, /* the key cannot be used now; SNS_OPEN_LATER_MS */
	SNS_OPEN_DAMAGED,
};
enum { SNS_OPEN_LATER_MS = 5000 };

/* Texts of one topic that may be sealed. Lives until `done` runs. */
struct sns_opening {
	struct str topic_arn; /* or of one of its subscriptions */
	struct str *texts;    /* replaced by their plain bytes */
	size_t count;
	struct arena *arena;			   /* of what is opened */
	void (*done)(struct sns_opening *opening); /* on the home, or at once */
	/* out */
	enum sns_open_result result;
	struct str code, text; /* unless SNS_OPENED */
	/* encrypt.c's */
	enum kms_problem problem;
};
/* On the home (core/internal.h). */
void sns_open(struct core *core, struct net_thread *home, struct sns_opening *opening);

typedef enum obligation_step (*sns_opened_fn)(struct obligation_attempt *attempt);
/*
 * Runs `next` with attempt->shared opened: at once if it is not sealed, and otherwise the attempt
 * is parked and goes on with the step of `next`. Of prepare.
 */
enum obligation_step sns_open_shared(struct obligation_attempt *attempt, sns_opened_fn next);

#endif
