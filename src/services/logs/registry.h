/* SPDX-License-Identifier: MIT */
/*
 * registry: the log groups, streams and resource policies of all accounts and regions, for every
 * thread.
 *
 * A snapshot never changes; a change puts a new one in its place. Readers hold a reference. Only
 * the control thread (or main at start-up) changes the registry (base/snapshot.h). Figures
 * that change with each event are beside the snapshot of a stream.
 */
#ifndef TERN_SERVICES_LOGS_REGISTRY_H
#define TERN_SERVICES_LOGS_REGISTRY_H

#include "access/policy.h"
#include "base/base.h"

/* In one block of memory with its texts. */
struct logs_group {
	_Atomic uint32_t references;
	struct str account, region, name;
	uint64_t number; /* of the store; never used again */
	int64_t created_ms;
	int64_t retention_days;	       /* 0: for ever */
	struct str kms_key;	       /* ARN; empty: none */
	struct str class;	       /* "STANDARD" */
	bool is_protected;	       /* from deletion */
	const struct shape_pair *tags; /* sorted by key */
	size_t tag_count;
};

/* Any thread. 0: no event yet. */
struct logs_figures {
	_Atomic uint32_t references;
	_Atomic int64_t first_ms, last_ms, ingested_ms;
};

struct logs_stream {
	_Atomic uint32_t references;
	uint64_t group; /* its number */
	struct str name;
	uint64_t number;
	int64_t created_ms;
	struct logs_figures *figures;
};

struct logs_policy {
	_Atomic uint32_t references;
	struct str account, region, name;
	struct str document;
	int64_t updated_ms;
	const struct policy *policy; /* held */
};

struct logs_group logs_group_draft(const struct logs_group *group);
/* A deep copy of a draft, with one reference. */
const struct logs_group *logs_group_new(const struct logs_group *draft);
void logs_group_release(const struct logs_group *group); /* accepts NULL */
/* Takes over the reference to figures. */
const struct logs_stream *logs_stream_new(const struct logs_stream *draft);
void logs_stream_release(const struct logs_stream *stream);		    /* accepts NULL */
const struct logs_policy *logs_policy_new(const struct logs_policy *draft); /* holds the policy */
void logs_policy_release(const struct logs_policy *policy);		    /* accepts NULL */
struct logs_figures *logs_figures_new(int64_t first_ms, int64_t last_ms, int64_t ingested_ms);
/* Events between these times arrived. Any thread. */
void logs_figures_add(struct logs_figures *figures, int64_t first_ms, int64_t last_ms,
		      int64_t ingested_ms);

struct logs_registry;
struct logs_registry *logs_registry_new(void);
void logs_registry_free(struct logs_registry **registry); /* accepts NULL, leaves NULL */

/* Any thread. NULL if there is none; release the result. */
const struct logs_group *logs_registry_find(struct logs_registry *registry, struct str account,
					    struct str region, struct str name);
const struct logs_group *logs_registry_find_number(struct logs_registry *registry, uint64_t number);
const struct logs_stream *logs_registry_find_stream(struct logs_registry *registry, uint64_t group,
						    struct str name);
const struct logs_stream *logs_registry_find_stream_number(struct logs_registry *registry,
							   uint64_t number);
const struct logs_policy *logs_registry_find_policy(struct logs_registry *registry,
						    struct str account, struct str region,
						    struct str name);
size_t logs_registry_count(struct logs_registry *registry);
size_t logs_registry_count_streams(struct logs_registry *registry);
size_t logs_registry_count_account(struct logs_registry *registry, struct str account,
				   struct str region);

/*
 * Any thread: visits groups in order of account, region and name, as they are when it begins, from
 * those of `from` on. The visitor returns false to stop.
 */
typedef bool (*logs_group_fn)(void *context, const struct logs_group *group);
void logs_registry_each(struct logs_registry *registry, const struct logs_group *from,
			logs_group_fn visit, void *context);
/* The streams of a group in order of name, from `name` on. */
typedef bool (*logs_stream_fn)(void *context, const struct logs_stream *stream);
void logs_registry_each_stream(struct logs_registry *registry, uint64_t group, struct str name,
			       logs_stream_fn visit, void *context);
typedef bool (*logs_policy_fn)(void *context, const struct logs_policy *policy);
void logs_registry_each_policy(struct logs_registry *registry, struct str account,
			       struct str region, logs_policy_fn visit, void *context);

/* Control thread. `put` takes over the caller's reference. */
void logs_registry_put(struct logs_registry *registry, const struct logs_group *group);
void logs_registry_remove(struct logs_registry *registry, const struct logs_group *group);
void logs_registry_put_stream(struct logs_registry *registry, const struct logs_stream *stream);
void logs_registry_remove_stream(struct logs_registry *registry, const struct logs_stream *stream);
void logs_registry_put_policy(struct logs_registry *registry, const struct logs_policy *policy);
void logs_registry_remove_policy(struct logs_registry *registry, const struct logs_policy *policy);

#endif
