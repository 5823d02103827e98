/* SPDX-License-Identifier: MIT */
/*
 * registry: the event buses and rules of all accounts and regions, for every thread.
 *
 * A struct events_bus or events_rule is a snapshot that never changes; a change puts a new snapshot
 * in its place. Readers hold a reference. Only the control thread (or main at start-up) changes the
 * registry; any thread reads it without waiting (base/snapshot.h).
 *
 * The patterns of the enabled rules of a bus are compiled in its life (match/shared_matcher.h),
 * which stays the same through all snapshots of the bus. A change of a rule shows in the matcher
 * when the registry publishes it: with the group that wrote it (base/staging.h).
 *
 * The bus "default" of an account and region exists without a record; it gets one with its first
 * rule or its first change.
 */
#ifndef TERN_SERVICES_EVENTS_REGISTRY_H
#define TERN_SERVICES_EVENTS_REGISTRY_H

#include "access/policy.h"
#include "api/events.h"
#include "base/arn.h"
#include "core/metric.h"
#include "match/shared_matcher.h"

enum { EVENTS_PUT_METRICS = 8 };

/* State that lives as long as the bus, through all its snapshots. */
struct events_bus_life {
	_Atomic uint32_t references; /* of snapshots, and of changes that are not public yet */
	struct metric_slot slots[EVENTS_PUT_METRICS]; /* of PutEvents; put_metrics.h */
	struct shared_matcher *matcher; /* `user` of a rule is its struct events_bus_rule */
};

/* In one block of memory with its texts and arrays. */
struct events_bus {
	_Atomic uint32_t references;
	struct events_bus_life *life;
	struct str account, region, name, arn;
	struct str description;	    /* data NULL: none, as of the members below */
	struct str kms_key;	    /* KmsKeyIdentifier */
	struct str dead_letter_arn; /* of DeadLetterConfig */
	struct str log_detail, log_level;
	int64_t created_ms, modified_ms;
	const struct policy *policy;   /* held; NULL: none */
	const struct shape_pair *tags; /* sorted by key */
	size_t tag_count;
};

/* RetryPolicy without values: AWS's defaults, which are also the most. */
enum { EVENTS_ATTEMPTS_MAX = 185, EVENTS_AGE_MAX_SECONDS = 86400 };

/* A target of a rule. */
struct events_target_settings {
	struct str json; /* structure Target of the API, with all its members */
	struct str id, arn;
	/* Views of the same for deliveries; data NULL: none. */
	struct str role_arn, input, input_path, input_template, group, dead_letter_arn;
	const struct shape_pair *paths; /* InputPathsMap */
	size_t path_count;
	int64_t attempts_max, age_max_seconds; /* RetryPolicy */
	uint64_t seat; /* of a target that is a queue; core/target.h; set by events_rule_new */
};

/* The maker of a managed rule: ManagedBy. */
#define EVENTS_MANAGED_BY STR("prod.vhs.events.aws.internal")

enum events_rule_metric { /* rule_metrics.h */
			  EVENTS_METRIC_MATCHED,
			  EVENTS_METRIC_TRIGGERED,
			  EVENTS_METRIC_INVOCATIONS,
			  EVENTS_METRIC_ATTEMPTS,
			  EVENTS_METRIC_SUCCESSES,
			  EVENTS_METRIC_RETRIES,
			  EVENTS_METRIC_FAILED,
			  EVENTS_METRIC_THROTTLED,
			  EVENTS_METRIC_LOOPS,
			  EVENTS_METRIC_SENT_TO_DLQ,
			  EVENTS_METRIC_FAILED_TO_DLQ,
			  EVENTS_METRIC_START_LATENCY,
			  EVENTS_METRIC_SUCCESS_LATENCY,
			  EVENTS_METRIC_COMPLETE_LATENCY,
			  EVENTS_RULE_METRICS,
};

struct events_bus_rule {
	_Atomic uint32_t references;
	struct metric_slot slots[EVENTS_RULE_METRICS]; /* the snapshot's own */
	struct str account, region, bus, name, arn;
	struct str pattern, schedule, description, role_arn; /* data NULL: none */
	struct str managed_by; /* a service; data NULL: an account's own rule */
	struct str created_by; /* account */
	struct str state;      /* as in the API */
	int64_t created_ms;
	int64_t archive_queue;	/* of a rule that fills an archive: number in the engine; or 0 */
	struct str archive_key; /* KmsKeyIdentifier of that archive; data NULL: none */
	const struct shape_pair *tags; /* sorted by key */
	size_t tag_count;
	const struct events_target_settings *targets; /* in the order in which they were added */
	size_t target_count;
	struct match_rule *compiled; /* the registry's: in the matcher of the bus; NULL: not */
};

static inline bool events_rule_is_enabled(const struct events_bus_rule *rule)
{
	return !str_equal(rule->state, STR("DISABLED"));
}

/* A copy of a snapshot to change; its texts and arrays are borrowed from the snapshot. */
struct events_bus events_bus_draft(const struct events_bus *bus);
/* A deep copy of a draft, with one reference, and a new life if the draft has none. */
const struct events_bus *events_bus_new(const struct events_bus *draft);
const struct events_bus *events_bus_hold(const struct events_bus *bus);
void events_bus_release(const struct events_bus *bus); /* accepts NULL */

struct events_bus_rule events_rule_draft(const struct events_bus_rule *rule);
const struct events_bus_rule *events_rule_new(const struct events_bus_rule *draft);
const struct events_bus_rule *events_rule_hold(const struct events_bus_rule *rule);
void events_rule_release(const struct events_bus_rule *rule); /* accepts NULL */

struct events_registry;
struct events_registry *events_registry_new(void);
void events_registry_free(struct events_registry **registry); /* accepts NULL, leaves NULL */

/* Any thread. NULL if there is none, also for a default bus without a record; release the result.
 */
const struct events_bus *events_registry_find_bus(struct events_registry *registry,
						  struct str account, struct str region,
						  struct str name);
const struct events_bus_rule *events_registry_find_rule(struct events_registry *registry,
							struct str account, struct str region,
							struct str bus, struct str name);
size_t events_registry_count_rules(struct events_registry *registry, struct str account,
				   struct str region, struct str bus);
size_t events_registry_count_buses(struct events_registry *registry, struct str account,
				   struct str region);
size_t events_registry_bus_total(struct events_registry *registry);
size_t events_registry_rule_total(struct events_registry *registry);

/*
 * Any thread: visits all buses of an account and region (data NULL: of all regions; account too: of
 * all accounts) in order of account, region and name, those with the name `from` and behind, as
 * they are when it begins; the visitor returns false to stop. `from` counts with a region only.
 */
typedef bool (*events_bus_visit_fn)(void *context, const struct events_bus *bus);
void events_registry_each_bus(struct events_registry *registry, struct str account,
			      struct str region, struct str from, events_bus_visit_fn visit,
			      void *context);
/* The same for rules, in order of account, region, bus and name; `from` counts with a bus only. */
typedef bool (*events_rule_visit_fn)(void *context, const struct events_bus_rule *rule);
void events_registry_each_rule(struct events_registry *registry, struct str account,
			       struct str region, struct str bus, struct str from,
			       events_rule_visit_fn visit, void *context);

/* Control thread. Adds the snapshot in place of one with the same name; takes over the caller's
 * reference. The bus of a rule has a record. */
void events_registry_put_bus(struct events_registry *registry, const struct events_bus *bus);
void events_registry_remove_bus(struct events_registry *registry, const struct events_bus *bus);
void events_registry_put_rule(struct events_registry *registry, const struct events_bus_rule *rule);
void events_registry_remove_rule(struct events_registry *registry,
				 const struct events_bus_rule *rule);

#endif
