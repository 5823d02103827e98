/* SPDX-License-Identifier: MIT */
/* criteria: comparisons and names by table. */
#include "alarm/criteria.h"

static const struct str states[] = {STR_INIT("INSUFFICIENT_DATA"), STR_INIT("OK"),
				    STR_INIT("ALARM")};
static const struct str comparisons[] = {
	STR_INIT("GreaterThanOrEqualToThreshold"), STR_INIT("GreaterThanThreshold"),
	STR_INIT("LessThanThreshold"), STR_INIT("LessThanOrEqualToThreshold")};
static const struct str treatments[] = {STR_INIT("missing"), STR_INIT("ignore"),
					STR_INIT("breaching"), STR_INIT("notBreaching")};

static bool find(const struct str *names, size_t count, struct str name, size_t *out_index)
{
	for (size_t i = 0; i < count; i++) {
		if (str_equal(names[i], name)) {
			*out_index = i;
			return true;
		}
	}
	return false;
}

bool alarm_is_breaching(const struct alarm_criteria *criteria, double value)
{
	switch (criteria->comparison) {
	case ALARM_GREATER_OR_EQUAL:
		return value >= criteria->threshold;
	case ALARM_GREATER:
		return value > criteria->threshold;
	case ALARM_LESS:
		return value < criteria->threshold;
	case ALARM_LESS_OR_EQUAL:
		return value <= criteria->threshold;
	}
	return false;
}

bool alarm_has_few_samples(double percentile, double sample_count)
{
	double share = percentile / 100;

	if (sample_count < 0)
		return false;
	return share >= 0.5 ? sample_count * (1 - share) < 10 : sample_count * share < 10;
}

struct str alarm_state_name(enum alarm_state state)
{
	return states[state];
}

bool alarm_state_parse(struct str name, enum alarm_state *out_state)
{
	size_t index;

	if (!find(states, 3, name, &index))
		return false;
	*out_state = (enum alarm_state)index;
	return true;
}

bool alarm_comparison_parse(struct str name, enum alarm_comparison *out_comparison)
{
	size_t index;

	if (!find(comparisons, 4, name, &index))
		return false;
	*out_comparison = (enum alarm_comparison)index;
	return true;
}

struct str alarm_missing_name(enum alarm_missing missing)
{
	return treatments[missing];
}

bool alarm_missing_parse(struct str name, enum alarm_missing *out_missing)
{
	size_t index;

	if (!find(treatments, 4, name, &index))
		return false;
	*out_missing = (enum alarm_missing)index;
	return true;
}
