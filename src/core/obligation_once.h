/* SPDX-License-Identifier: MIT */
/* obligation_once: attempts that are not stored, for senders that wait for the answer. */
#ifndef TERN_CORE_OBLIGATION_ONCE_H
#define TERN_CORE_OBLIGATION_ONCE_H

#include "core/obligation.h"
#include "deliver/deliver.h"

enum obligation_once_end {
	OBLIGATION_ONCE_DONE,
	OBLIGATION_ONCE_REFUSED, /* no further attempt will do better */
	OBLIGATION_ONCE_RETRY,	 /* failed; the kind's retry_ms is in wait_ms */
	OBLIGATION_ONCE_HELD, /* not attempted: too many are in progress, or its rate is used up */
};

/*
 * An attempt that is not stored: the enrichment of a pipe, of which the answer counts. Endpoint,
 * circuit, rate and the bound of attempts are as for obligations. The sender keeps it until `done`.
 */
struct obligation_once {
	struct obligation obligation; /* without delay and order; lives until `done` */
	void *context;
	bool has_waited; /* the same call was held before: its turn has come */
	void (*done)(struct obligation_once *once); /* once, on the thread of deliver */

	/* Until `done` returns. */
	enum obligation_once_end end;
	int64_t wait_ms; /* before another attempt; of RETRY and HELD */
	int status;	 /* of an HTTP answer; 0: none */
	struct str body;
	struct obligation_failure failure; /* unless done */

	/* The module's own. */
	struct arena arena;
	struct deliver_once deliver;
};
/* Any thread, while the server serves. False: too many are in memory; `done` does not run. */
must_check bool obligation_attempt_once(struct core *core, struct obligation_once *once);

#endif
