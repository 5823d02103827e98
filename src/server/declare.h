/* SPDX-License-Identifier: MIT */
/* declare: the "queues" of a configuration file. Main thread, at start-up. */
#ifndef TERN_SERVER_DECLARE_H
#define TERN_SERVER_DECLARE_H

#include "core/core.h"

/*
 * Makes or updates the queues of the configuration's text:
 *   {"queues": [{"name": "orders", "account": "...", "region": "...",
 *                "attributes": {"VisibilityTimeout": "60"}, "tags": {"team": "a"},
 *                "deadLetterQueue": "orders-dlq", "maxReceiveCount": 3}]}
 * Only the name is required. A dead-letter queue may be declared before or after its sources.
 * ERR_FAULT with a sentence in *out_problem (in `arena`), or the error of the catalog.
 */
must_check enum err declare_queues(struct core *core, struct arena *arena, struct str config,
				   struct str *out_problem);

#endif
