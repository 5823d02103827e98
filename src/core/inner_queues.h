/* SPDX-License-Identifier: MIT */
/*
 * inner_queues: internal queues (queue/numbers.h) that the log has and the catalog lacks.
 *
 * A service deletes such a queue in two steps: first its record, then QUEUE_DROP. A crash in
 * between leaves the queue behind. A catalog that is older than the log lacks queues, too; those
 * are kept, as SQS keeps its own, unless --drop-unknown-queues deletes them. The next serial tells
 * both apart: the catalog that stores it has seen all lower ones.
 */
#ifndef TERN_CORE_INNER_QUEUES_H
#define TERN_CORE_INNER_QUEUES_H

#include "core/core.h"
#include "queue/numbers.h"

/*
 * At the start of the service that owns the kind, after a QUEUE_DEFINE for each of its queues.
 * `next_serial`: the next one to be allocated. Logs what it finds. Errors as of QUEUE_DROP.
 */
must_check enum err inner_queues_resolve(struct core *core, enum queue_kind kind,
					 uint64_t next_serial);

#endif
