/* SPDX-License-Identifier: MIT */
/*
 * dashboard_check: the checks that AWS makes of a dashboard's body.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 * Pure; memory from the arena; any thread.
 */
#ifndef TERN_SERVICES_CLOUDWATCH_DASHBOARD_CHECK_H
#define TERN_SERVICES_CLOUDWATCH_DASHBOARD_CHECK_H

#include "base/base.h"

enum { DASHBOARD_PROBLEMS_MAX = 100 };

struct dashboard_problem {
	struct str path; /* "/widgets/1/properties/metrics/0" */
	struct str text;
	bool is_warning;
};
struct dashboard_problems {
	struct dashboard_problem *items; /* room for DASHBOARD_PROBLEMS_MAX */
	size_t count, error_count;
};

/* `out` is zeroed. */
void dashboard_check(struct arena *arena, struct str body, struct dashboard_problems *out);
/* "The dashboard body is invalid, there are 2 validation errors:" and a JSON array of them. */
struct str dashboard_problems_text(struct arena *arena, const struct dashboard_problems *problems);

#endif
