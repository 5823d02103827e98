/* SPDX-License-Identifier: MIT */
/*
 * consumer: consumes a queue inside the server, for pipes and later for functions.
 *
 * A consumer receives messages as its caller (a role), gathers them into batches, gives each batch
 * to its handler, and deletes the messages that the handler has finished. The others become visible
 * again by the queue's visibility timeout, and go to its dead-letter queue by its redrive policy. A
 * message is deleted only afterwards, so after a crash it is consumed again.
 *
 * While the queue is empty, a consumer is one parked ReceiveMessage of 20 seconds: it has no timer
 * and no thread. Batches run concurrently, up to the consumer's concurrency. Messages of a FIFO
 * group are never in two batches at a time, since the queue locks the group; within a batch they
 * are in order, and if the handler keeps one, it must keep the later ones of its group, too.
 *
 * A batch ends when it has `batch_size` messages or LIMIT_CONSUMER_BATCH_BYTES, or `window_seconds`
 * after its first message; without a window it has what one ReceiveMessage returned.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 *
 * Threads: consumers are made and stopped by the control thread, or by main. Each lives on a net
 * thread, its home, where its handler's functions run; they must not block.
 */
#ifndef TERN_CORE_CONSUMER_H
#define TERN_CORE_CONSUMER_H

#include "core/source.h"

struct consumer;

enum consumer_outcome {
	CONSUMER_KEEP,	 /* stays in the queue, and is received again */
	CONSUMER_DELETE, /* is deleted now */
	CONSUMER_ENDED,	 /* the handler has deleted it with its handle */
};

struct consumer_message {
	struct source_message source;
	struct queue_handle handle; /* if the consumer opens handles */
	void *user;		    /* the handler's */
	enum consumer_outcome outcome;
};

/* Until consumer_batch_done. */
struct consumer_batch {
	struct core *core;
	struct net_thread *home;
	struct consumer *consumer;
	void *context; /* the handler's */
	struct arena *arena;
	struct consumer_message *messages; /* outcome CONSUMER_KEEP at first */
	size_t count;
	void *user;
};

struct consumer_handler {
	/* Whether the message is wanted; others are deleted. May set message->user. NULL: all are.
	 */
	bool (*wants)(void *context, struct arena *arena, struct consumer_message *message);
	/* Ends with one consumer_batch_done, later or before it returns. */
	void (*run)(struct consumer_batch *batch);
	/* The queue cannot be read, for that reason; data NULL: it can again. May be NULL. */
	void (*report)(void *context, struct str problem);
	/* Last: frees the context. On the home, or on main after the threads have ended. */
	void (*end)(void *context);
};

struct consumer_options {
	struct str source;		      /* ARN */
	const struct internal_caller *caller; /* copied, but for its trace header */
	uint32_t batch_size;		      /* 1 to LIMIT_CONSUMER_BATCH */
	uint32_t window_seconds;
	uint32_t concurrency; /* batches at a time, 1 to LIMIT_CONSUMER_CONCURRENCY */
	/* The deletion is authorized before a batch runs, and messages have handles, so that the
	 * handler can delete them in a command of its own (struct target_send: ends). */
	bool opens_handles;
	const struct consumer_handler *handler;
	void *context;
};

/* Begins now, or when the server's threads run. */
struct consumer *consumer_new(struct core *core, const struct consumer_options *options);
/* Receives nothing more. Batches in progress end by themselves, then the handler's `end` runs. */
void consumer_stop(struct consumer *consumer);
/* Home: the outcomes are filled in. */
void consumer_batch_done(struct consumer_batch *batch);

/* ---- for the server; main ---- */

void consumers_open(struct core *core);
/* The net threads run; `homes` are copied. */
void consumers_start(struct core *core, struct net_thread *const *homes, size_t home_count);
/* While the net threads still run: waits up to `grace_ms` for batches in progress. */
void consumers_stop(struct core *core, int64_t grace_ms);
/* After all threads have ended. Accepts a core without consumers. */
void consumers_close(struct core *core);

struct consumer_stats {
	uint64_t consumers, batches, bytes; /* now */
	uint64_t received, deleted, kept;   /* messages since the start */
};
struct consumer_stats consumers_stats(const struct core *core); /* any thread */

#endif
