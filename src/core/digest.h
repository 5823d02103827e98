/* SPDX-License-Identifier: MIT */
/*
 * digest: the MD5s of messages, for all calls and deliveries of a net thread's turn at once.
 *
 * Sixteen texts side by side cost what three cost one after another (base/crypto.h, md5_many), so a
 * call waits for the others of its turn. The owner of the thread calls digest_turn in each turn,
 * before the queue engine's step, so a call waits at most one turn. Net thread of the call, or home
 * of the delivery.
 */
#ifndef TERN_CORE_DIGEST_H
#define TERN_CORE_DIGEST_H

#include "core/call.h"
#include "core/dispatch_thread.h"

struct net_thread;

/* Of the caller; lives until `done` has run. */
struct digest_wait {
	const struct str *texts;
	size_t count;
	uint8_t (*out)[16];
	void (*done)(struct digest_wait *wait); /* on the home */
	struct digest_wait *next;		/* the thread's */
};
/*
 * Home: `done` runs once out[i] is the digest of texts[i]; on the control thread (home NULL) before
 * the function returns.
 */
void digest_wait(struct net_thread *home, struct digest_wait *wait);

/*
 * Parks the call until out[i] is the digest of texts[i]; then resume runs. `texts` and `out` belong
 * to the call's arena. On threads without turns (control thread, workers) both happen at once.
 * Returns as a handler does.
 */
must_check enum err call_digest(struct call *call, const struct str *texts, size_t count,
				uint8_t (*out)[16], resume_fn resume);

/* Computes the texts of all that wait in this turn, and runs each `done` in their order. */
void digest_turn(struct dispatch_thread *thread);

#endif
