/* SPDX-License-Identifier: MIT */
/*
 * source: queues that the server consumes itself, for core/consumer.h. The service that owns the
 * queue has a struct source_provider in its module (core/service.h), so that no other service
 * includes it.
 *
 * Receiving and deleting are internal requests (core/internal.h): they are authorized, throttled,
 * metered and audited like those of a client.
 */
#ifndef TERN_CORE_SOURCE_H
#define TERN_CORE_SOURCE_H

#include "core/internal.h"
#include "core/target.h"
#include "queue/queue.h"

struct source_description {
	bool is_fifo;
};

/* A received message. Texts are in the arena of the read. */
struct source_message {
	struct str id;	    /* MessageId */
	struct str receipt; /* ReceiptHandle */
	struct str body, md5;
	struct str md5_of_attributes;	 /* data NULL: it has none */
	const struct shape_pair *system; /* ApproximateReceiveCount, MessageGroupId and so on */
	size_t system_count;
	const struct target_attribute *attributes;
	size_t attribute_count;
};

struct source_receive {
	struct str arn;
	uint32_t max;	       /* 1 to LIMIT_RECEIVE_MESSAGES */
	uint32_t wait_seconds; /* for the first message */
};

/* Messages to delete, or whose handles to open: at most LIMIT_BATCH_ENTRIES. */
struct source_receipts {
	struct str arn;
	const struct str *receipts;
	size_t count;
	bool *is_done;		      /* out: one each */
	struct queue_handle *handles; /* out, of `open` */
};

struct source_provider {
	/* Any thread: ERR_NOTFOUND, if the service has no such queue. */
	enum err (*resolve)(struct core *core, struct str arn,
			    struct source_description *out_description);
	/* The requests: the operation, and its input in the arena. */
	const struct operation *(*receive)(struct core *core, struct arena *arena,
					   const struct source_receive *receive,
					   const void **out_in);
	const struct operation *(*remove)(struct core *core, struct arena *arena,
					  const struct source_receipts *receipts,
					  const void **out_in);
	/*
	 * Authorizes the deletion and opens the handles, so that another command of the engine can
	 * delete the messages (struct target_send: ends). Fills receipts->handles and is_done.
	 */
	const struct operation *(*open)(struct core *core, struct arena *arena,
					const struct source_receipts *receipts,
					const void **out_in);
	/* Of an answer of `receive` that is ERR_OK: at most `max` messages, copied to the arena. */
	size_t (*read)(struct arena *arena, const void *out, struct source_message *messages,
		       size_t max);
	/* Of an answer of `remove` that is ERR_OK: fills receipts->is_done. */
	void (*read_removed)(const void *out, const struct source_receipts *receipts);
};

/* Any thread. NULL: no started service has that ARN's queues. */
const struct source_provider *source_find(const struct core *core, struct str arn);

#endif
