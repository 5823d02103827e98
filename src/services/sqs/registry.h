/* SPDX-License-Identifier: MIT */
/*
 * registry: the queues of all accounts and regions, for every thread.
 *
 * A struct sqs_queue is a snapshot of a queue's settings that never changes; a change of settings
 * puts a new snapshot in its place. Readers hold a reference, so a call keeps its snapshot even if
 * the queue is changed or deleted meanwhile. Only the control thread (or main at start-up) changes
 * the registry; any thread reads it without waiting (base/snapshot.h).
 */
#ifndef TERN_SERVICES_SQS_REGISTRY_H
#define TERN_SERVICES_SQS_REGISTRY_H

#include "base/arn.h"
#include "core/core.h"
#include "core/metric.h"

enum sqs_dedup_scope { SQS_DEDUP_QUEUE, SQS_DEDUP_GROUP };
enum sqs_redrive_permission { SQS_REDRIVE_ALLOW_ALL, SQS_REDRIVE_DENY_ALL, SQS_REDRIVE_BY_QUEUE };

/* State that lives as long as the queue, through all its snapshots. */
struct sqs_measure;
struct sqs_queue_life {
	_Atomic uint32_t
		references; /* of snapshots, and of the engine until its QUEUE_DROP is answered */
	struct queue_counters counters;
	_Atomic int64_t purged_at_ms; /* the last PurgeQueue, by the time base; 0: never */
	struct sqs_measure *measure;  /* the control thread's; NULL: it was never active */
	struct metric_slot sent_size;
};

/* In one block of memory with its texts and arrays. */
struct sqs_queue {
	_Atomic uint32_t references;
	struct sqs_queue_life *life;
	uint64_t version; /* no other snapshot of any queue has it; set by sqs_queue_new */
	uint64_t number;  /* in the engine and in receipt handles; never used again */
	struct str account, region, name, arn;
	uint64_t arn_hash, dead_letter_hash; /* set by sqs_queue_new */

	bool is_fifo;
	bool has_content_dedup;
	enum sqs_dedup_scope dedup_scope;
	bool is_per_group_limit; /* FifoThroughputLimit is perMessageGroupId */
	int64_t delay_seconds, message_size_max, retention_seconds, wait_seconds,
		visibility_seconds;
	int64_t created_ms, modified_ms;

	struct str policy;		      /* as given; empty: none */
	struct policy_names policy_names;     /* of its principals */
	const struct policy *compiled_policy; /* the snapshot's own; NULL: none */
	struct str redrive_policy;	      /* as AWS returns it; empty: none */
	struct str dead_letter_arn;	      /* of redrive_policy */
	uint32_t max_receive_count;
	struct str redrive_allow_policy; /* as AWS returns it; empty: none */
	enum sqs_redrive_permission redrive_permission;
	const struct str *redrive_sources; /* ARNs */
	size_t redrive_source_count;
	struct str kms_key; /* KmsMasterKeyId; empty: none */
	int64_t kms_reuse_seconds;
	bool has_sqs_managed_sse;

	const struct shape_pair *tags; /* sorted by key */
	size_t tag_count;
};

/* Whether AWS limits the rate of requests to the queue. */
static inline bool sqs_queue_has_quota(const struct sqs_queue *queue)
{
	return queue->is_fifo && !queue->is_per_group_limit;
}

struct sqs_registry;
struct sqs_registry *sqs_registry_new(void);
void sqs_registry_free(struct sqs_registry **registry);

/* Any thread: as snapshot_table_generation. */
uint64_t sqs_registry_generation(const struct sqs_registry *registry);
/* Any thread. NULL if the queue does not exist; release the result. */
const struct sqs_queue *sqs_registry_find(struct sqs_registry *registry, struct str account,
					  struct str region, struct str name);
size_t sqs_registry_count(struct sqs_registry *registry);
/* True if a queue names that ARN as its dead-letter queue; the ARN's own queue may not exist. */
bool sqs_registry_has_sources(struct sqs_registry *registry, struct str arn);
const struct sqs_queue *sqs_registry_find_arn(struct sqs_registry *registry, struct str arn);
void sqs_queue_release(const struct sqs_queue *queue); /* accepts NULL */

/*
 * Any thread: visits all queues of an account and region (NULL data: of all) in order of account,
 * region and name, as they are when it begins; the visitor returns false to stop. With an account
 * and region, it begins with the name `from`. References may be taken with sqs_queue_hold.
 */
typedef bool (*sqs_queue_visit_fn)(void *context, const struct sqs_queue *queue);
void sqs_registry_each(struct sqs_registry *registry, struct str account, struct str region,
		       struct str from, sqs_queue_visit_fn visit, void *context);
/* Of an account and region (NULL data: all its regions). */
size_t sqs_registry_count_account(struct sqs_registry *registry, struct str account,
				  struct str region);
/* The same for the sources of a dead-letter queue's ARN; they are of its account and region. */
void sqs_registry_each_source(struct sqs_registry *registry, struct str arn, struct str from,
			      sqs_queue_visit_fn visit, void *context);
const struct sqs_queue *sqs_queue_hold(const struct sqs_queue *queue);

/* A copy of a snapshot's settings to change; its texts are borrowed from the snapshot. */
struct sqs_queue sqs_queue_draft(const struct sqs_queue *queue);
/* A deep copy of a draft, with one reference, and a new life if the draft has none. */
struct sqs_queue *sqs_queue_new(const struct sqs_queue *draft);
void sqs_queue_life_release(struct sqs_queue_life *life);

/* Control thread. Adds the snapshot, in place of one with the same ARN; takes over the caller's
 * reference. */
void sqs_registry_put(struct sqs_registry *registry, const struct sqs_queue *queue);
/* Puts all in at once. */
void sqs_registry_put_all(struct sqs_registry *registry, const struct sqs_queue *const *queues,
			  size_t count);
void sqs_registry_remove_all(struct sqs_registry *registry, const struct sqs_queue *const *queues,
			     size_t count);

#endif
