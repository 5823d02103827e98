/* SPDX-License-Identifier: MIT */
/* declare: the "queues" of a configuration file. Main thread, at start-up. */
#ifndef TERN_SERVICES_SQS_DECLARE_H
#define TERN_SERVICES_SQS_DECLARE_H

#include "core/core.h"

/*
 * Makes or updates the queues of the configuration's text:
 *   {"queues": [{"name": "orders", "account": "...", "region": "...",
 *                "attributes": {"VisibilityTimeout": "60"}, "tags": {"team": "a"},
 *                "deadLetterQueue": "orders-dlq", "maxReceiveCount": 3}]}
 * Only the name is required. A dead-letter queue may be declared before or after its sources.
 * ERR_FAULT with a sentence in *out_problem (in `arena`), or the error of the catalog.
 */
must_check enum err sqs_declare_queues(struct core *core, struct arena *arena, struct str config,
				       struct str *out_problem);

/* A queue as a configuration file declares it. */
struct sqs_declaration {
	struct str account, region, name;
	const struct shape_pair *attributes;
	size_t attribute_count;
	const struct shape_pair *tags;
	size_t tag_count;
};
/*
 * Control thread, or main at start-up: makes the queue or sets its attributes and tags to these.
 * ERR_FAULT with one English sentence in *out_problem (in `arena`) if a value is refused.
 */
must_check enum err sqs_declare(struct core *core, struct arena *arena,
				const struct sqs_declaration *declaration, struct str *out_problem);

#endif
