/* SPDX-License-Identifier: MIT */
/*
 * usage: requests and bytes for each account, region, operation, resource and outcome.
 *
 * Each thread counts into a table of its own; once a minute all tables are merged into one, which
 * readers (metrics, costs) take. A table holds LIMIT_USAGE_SERIES series; further ones are counted
 * for their operation and outcome alone, in a series whose account is empty, so no total is ever
 * too low.
 *
 * Threads: a recorder belongs to one thread and never waits. usage_merge is for one thread at a
 * time; the rest is for any thread.
 */
#ifndef TERN_CORE_LIMIT_USAGE_H
#define TERN_CORE_LIMIT_USAGE_H

#include "base/base.h"
#include "core/limit/meter.h"

/* Bytes that AWS bills as one request of SQS, SNS and EventBridge. */
#define USAGE_CHUNK_SIZE 65536

struct usage_key {
	struct str account, region; /* empty: of series that had no room */
	struct str resource;	    /* an ARN; empty: no resource, or a longer one than is kept */
	uint32_t operation;	    /* route_operation_number */
	enum meter_outcome outcome;
};

struct usage_values {
	uint64_t requests;
	uint64_t chunks; /* of USAGE_CHUNK_SIZE bytes, at least one a request */
	uint64_t bytes;
};

struct usage;
struct usage_recorder;
struct usage *usage_new(uint32_t threads, uint32_t operations);
void usage_free(struct usage **usage); /* accepts NULL, leaves NULL */
struct usage_recorder *usage_recorder(struct usage *usage, uint32_t thread);

/* The recorder's thread: one request of `bytes`. The key's texts are copied when they are new. */
void usage_record(struct usage_recorder *recorder, const struct usage_key *key, uint64_t bytes);
/* The same for several requests; usage_values_of makes one of them. */
void usage_record_many(struct usage_recorder *recorder, const struct usage_key *key,
		       const struct usage_values *values);
struct usage_values usage_values_of(uint64_t bytes);

/* Merges the counts of all threads since the last merge, in the minute that ends at `now_ms` of
 * wall time. */
void usage_merge(struct usage *usage, int64_t now_ms);

/* ---- reading ---- */

/* One merge: LIMIT_USAGE_MINUTES of them are kept. Their sequence numbers rise by one; two may have
 * the same minute if the clock was set back, and count together. */
struct usage_minute;
/* The oldest minute that is kept after `sequence`, 0: of all; NULL: none yet. Release it. */
const struct usage_minute *usage_minute_after(struct usage *usage, uint64_t sequence);
void usage_minute_release(const struct usage_minute *minute); /* accepts NULL */
uint64_t usage_minute_sequence(const struct usage_minute *minute);
int64_t usage_minute_start_ms(const struct usage_minute *minute); /* wall time */
/* Visits all series, in no order. */
typedef void (*usage_visit_fn)(void *context, const struct usage_key *key,
			       const struct usage_values *values);
void usage_minute_each(const struct usage_minute *minute, usage_visit_fn visit, void *context);

struct usage_stats {
	uint64_t series;   /* of the last minute */
	uint64_t requests; /* of all merged minutes */
	uint64_t folded;   /* of these, the requests whose series had no room */
};
struct usage_stats usage_stats_read(struct usage *usage);

#endif
