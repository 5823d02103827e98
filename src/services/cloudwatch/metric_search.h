/* SPDX-License-Identifier: MIT */
/*
 * metric_search: the search expressions of SEARCH: '{AWS/SQS,QueueName} MetricName="X" orders'.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
 * Pure, any thread.
 */
#ifndef TERN_SERVICES_CLOUDWATCH_METRIC_SEARCH_H
#define TERN_SERVICES_CLOUDWATCH_METRIC_SEARCH_H

#include "metric/metric.h"

struct metric_search;

/* In the arena; views of the text. ERR_INVALID. */
must_check enum err metric_search_parse(struct arena *arena, struct str text,
					const struct metric_search **out_search);
/* The namespace of its schema; empty: any. */
struct str metric_search_namespace(const struct metric_search *search);
bool metric_search_matches(const struct metric_search *search, const struct metric_key *key);

#endif
