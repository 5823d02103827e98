/* SPDX-License-Identifier: MIT */
/*
 * metric_query: the results of GetMetricData's queries, before they are cut into pages. The call's
 * thread, which may wait for the disk.
 */
#ifndef TERN_SERVICES_CLOUDWATCH_METRIC_QUERY_H
#define TERN_SERVICES_CLOUDWATCH_METRIC_QUERY_H

#include "api/cloudwatch.h"
#include "core/call.h"
#include "metric/statistic.h"

struct cloudwatch_result {
	struct str id, label;
	/* Ascending. */
	const int64_t *times_s;
	const double *values;
	size_t count;
	struct cloudwatch_message_data *messages;
	size_t message_count;
};

struct cloudwatch_results {
	struct cloudwatch_result
		*items; /* of the queries whose data are returned, in their order */
	size_t count;
};

/* [a-z][a-zA-Z0-9_]* */
bool cloudwatch_is_query_id(struct str id);
/* The queries are valid one by one. Faults are recorded in the call. */
must_check enum err cloudwatch_query(struct call *call,
				     const struct cloudwatch_get_metric_data_in *in,
				     struct cloudwatch_results *out_results);

#endif
