/* SPDX-License-Identifier: MIT */
/* digest: waits are in the thread's chain; their texts are hashed in rounds of ROUND. */
#include "core/digest.h"

#include <string.h>

#include "core/request_context.h"
#include "net/server.h"

enum { ROUND = 16 };

/* The texts that a parked call waits for, in its arena. */
struct call_digest {
	struct digest_wait wait;
	struct request_context *context;
};

static void add_wait(struct dispatch_thread *thread, struct digest_wait *wait)
{
	wait->next = NULL;
	*(thread->digests ? &thread->digests_last->next : &thread->digests) = wait;
	thread->digests_last = wait;
}

void digest_wait(struct net_thread *home, struct digest_wait *wait)
{
	if (home) {
		add_wait(net_thread_context(home), wait);
		return;
	}
	md5_many(wait->texts, wait->count, wait->out);
	wait->done(wait);
}

static void resume(struct digest_wait *wait)
{
	struct request_context *context = container_of(wait, struct call_digest, wait)->context;
	enum err result = context->call.resume(&context->call);

	if (result != ERR_PARKED)
		call_finish(context, result);
}

enum err call_digest(struct call *call, const struct str *texts, size_t count, uint8_t (*out)[16],
		     resume_fn resume_call)
{
	struct request_context *context = request_context_of(call);
	struct dispatch_thread *thread = context->thread;

	if (!thread || call->operation->place != OPERATION_ON_NET || count > ROUND) {
		md5_many(texts, count, out);
		return resume_call(call);
	}
	struct call_digest *digest = arena_new(call->arena, struct call_digest);
	digest->wait =
		(struct digest_wait){.texts = texts, .count = count, .out = out, .done = resume};
	digest->context = context;
	call->resume = resume_call;
	add_wait(thread, &digest->wait);
	return ERR_PARKED;
}

struct round {
	struct str texts[ROUND];
	uint8_t *outs[ROUND];
	size_t count;
};

static void compute(struct round *round)
{
	uint8_t digests[ROUND][16];

	md5_many(round->texts, round->count, digests);
	for (size_t i = 0; i < round->count; i++)
		memcpy(round->outs[i], digests[i], sizeof(digests[i]));
	round->count = 0;
}

/* The texts of one call may be in two rounds, so that rounds are full. */
static void compute_all(const struct digest_wait *first)
{
	struct round round = {.count = 0};

	for (const struct digest_wait *one = first; one; one = one->next) {
		for (size_t i = 0; i < one->count; i++) {
			round.texts[round.count] = one->texts[i];
			round.outs[round.count++] = one->out[i];
			if (round.count == ROUND)
				compute(&round);
		}
	}
	compute(&round);
}

void digest_turn(struct dispatch_thread *thread)
{
	struct digest_wait *next = thread->digests;

	thread->digests = thread->digests_last = NULL;
	compute_all(next);
	/* A resumed call may end, and its arena with it; another call may begin to wait. */
	while (next) {
		struct digest_wait *wait = next;
		next = wait->next;
		wait->done(wait);
	}
}
