/* SPDX-License-Identifier: MIT */
/*
 * sqs: what the server needs of the service beside its operations (services/sqs is core->sqs).
 *
 * sqs_start and sqs_stop run in main, before the first request and after the last one.
 */
#ifndef TERN_SERVICES_SQS_SQS_H
#define TERN_SERVICES_SQS_SQS_H

#include "services/sqs/registry.h"

struct sqs {
	struct sqs_registry *registry;
	struct sqs_moves *moves; /* message move tasks; control thread */
	uint64_t next_number;	 /* of a new queue; control thread */
	uint64_t unknown_queues; /* that the engine has and the catalog does not; since start */
	struct list deletions;	 /* of the last minute, oldest first; control thread */
	struct list drops;	 /* deleted queues that the catalog remembers; control thread */
};
static inline struct sqs *sqs_of(const struct core *core)
{
	return core->sqs;
}

/*
 * Loads queues and move tasks from the catalog, submits QUEUE_DEFINE for each to the engine, and
 * goes on with the move tasks that were running.
 */
must_check enum err sqs_start(struct core *core);
/* Frees core->sqs; the engine is gone already. */
void sqs_stop(struct core *core);

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

/* Control thread: deletes all queues and move tasks of an account, in all regions. Returns their
 * number. */
must_check enum err sqs_reset(struct core *core, struct str account, uint64_t *out_count);

#endif
