/* SPDX-License-Identifier: MIT */
/*
 * alarm: the alarms of all accounts and regions, for every thread.
 *
 * A snapshot never changes; a change puts a new one in its place. Readers hold a reference. Only
 * the control thread (or main at start-up) changes the registry (base/snapshot.h).
 */
#ifndef TERN_SERVICES_CLOUDWATCH_ALARM_H
#define TERN_SERVICES_CLOUDWATCH_ALARM_H

#include "alarm/criteria.h"
#include "api/cloudwatch.h"
#include "services/cloudwatch/cloudwatch.h"

/* The reason why a composite alarm runs no actions; ActionsSuppressedBy. */
enum cloudwatch_suppression {
	CLOUDWATCH_NOT_SUPPRESSED,
	CLOUDWATCH_SUPPRESSED_BY_ALARM,
	CLOUDWATCH_SUPPRESSED_BY_WAIT,
	CLOUDWATCH_SUPPRESSED_BY_EXTENSION,
};

/* In one block of memory with its texts. */
struct cloudwatch_alarm {
	_Atomic uint32_t references;
	struct str account, region, name;
	struct str shown; /* the MetricAlarm or CompositeAlarm, JSON, without state and times */
	bool is_composite;
	bool has_disabled_actions;
	enum alarm_state state;
	struct str reason, reason_data; /* reason_data.data NULL: none */
	int64_t configured_ms, updated_ms, transitioned_ms;
	/* Of composite alarms: until then its actions wait, or are suppressed. */
	enum cloudwatch_suppression suppression;
	int64_t suppressed_until_ms;
	/* The state whose actions ran last: those of the present one may wait. */
	enum alarm_state acted;
	const struct shape_pair *tags; /* sorted by key */
	size_t tag_count;
};

/* A copy of a snapshot to change; its texts are borrowed from the snapshot. */
struct cloudwatch_alarm cloudwatch_alarm_draft(const struct cloudwatch_alarm *alarm);
/* A deep copy of a draft, with one reference. */
const struct cloudwatch_alarm *cloudwatch_alarm_new(const struct cloudwatch_alarm *draft);
void cloudwatch_alarm_hold(const struct cloudwatch_alarm *alarm);
void cloudwatch_alarm_release(const struct cloudwatch_alarm *alarm); /* accepts NULL */

/* In the arena: "arn:aws:cloudwatch:us-east-1:123456789012:alarm:name". */
struct str cloudwatch_alarm_arn(struct arena *arena, const struct cloudwatch_alarm *alarm);
/* Decoded into the arena, with state and times. ERR_DAMAGED. */
must_check enum err cloudwatch_alarm_metric(struct arena *arena,
					    const struct cloudwatch_alarm *alarm,
					    struct cloudwatch_metric_alarm *out_shown);
must_check enum err cloudwatch_alarm_composite(struct arena *arena,
					       const struct cloudwatch_alarm *alarm,
					       struct cloudwatch_composite_alarm *out_shown);

/* The texts of `shown`; name, ARN, state and times do not count. */
struct str cloudwatch_alarm_encode_metric(struct arena *arena,
					  const struct cloudwatch_metric_alarm *shown);
struct str cloudwatch_alarm_encode_composite(struct arena *arena,
					     const struct cloudwatch_composite_alarm *shown);

/* Sets alarms->registry. */
void cloudwatch_registry_new(struct cloudwatch_alarms *alarms);
void cloudwatch_registry_free(struct cloudwatch_alarms *alarms);

/* Any thread. NULL if there is none; release the result. */
const struct cloudwatch_alarm *cloudwatch_alarm_find(struct cloudwatch_alarms *alarms,
						     struct str account, struct str region,
						     struct str name);
/*
 * Any thread: visits the alarms of an account and region in order of their names, as they are when
 * it begins, from the one called `from` on. An empty account: of all. Ends when `visit` is false.
 */
typedef bool (*cloudwatch_alarm_visit_fn)(void *context, const struct cloudwatch_alarm *alarm);
void cloudwatch_alarm_each(struct cloudwatch_alarms *alarms, struct str account, struct str region,
			   struct str from, cloudwatch_alarm_visit_fn visit, void *context);
size_t cloudwatch_alarm_count(struct cloudwatch_alarms *alarms, struct str account,
			      struct str region);

/* Control thread. `put` takes over the caller's reference. Both change alarms->version. */
void cloudwatch_registry_put(struct cloudwatch_alarms *alarms,
			     const struct cloudwatch_alarm *alarm);
void cloudwatch_registry_remove(struct cloudwatch_alarms *alarms,
				const struct cloudwatch_alarm *alarm);

#endif
