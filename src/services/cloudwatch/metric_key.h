/* SPDX-License-Identifier: MIT */
/*
 * metric_key: what requests say of a metric, as a key of core/metric.h; checks that several
 * operations share. The call's thread.
 */
#ifndef TERN_SERVICES_CLOUDWATCH_METRIC_KEY_H
#define TERN_SERVICES_CLOUDWATCH_METRIC_KEY_H

#include "api/cloudwatch.h"
#include "core/call.h"
#include "core/metric.h"

enum {
	CLOUDWATCH_HIGH_RESOLUTION_S = 10800, /* how long AWS keeps points of periods below 60 s */
	CLOUDWATCH_LISTED_S = 1209600, /* a metric without samples since is not listed any more */
};

/* A key of the caller's account and region; its dimensions live in the arena. */
struct metric_key cloudwatch_key(struct call *call, struct str name_space, struct str name,
				 const struct cloudwatch_dimension *dimensions, size_t count,
				 struct str unit);
/* The dimensions of a key, in the arena. */
struct cloudwatch_dimension *cloudwatch_dimensions(struct arena *arena,
						   const struct metric_key *key);
/* 1, 5, 10, 20, 30 or a multiple of 60. */
bool cloudwatch_is_period(int64_t period_s);
/* Rounds a start as AWS does, to the minute, five minutes or the hour, by its age; for periods
 * below a minute the period. */
int64_t cloudwatch_round_start(int64_t start_s, int64_t period_s, int64_t now_s);
/* Milliseconds as whole seconds: rounded down, and up. */
int64_t cloudwatch_seconds(int64_t ms);
int64_t cloudwatch_seconds_up(int64_t ms);

#endif
