/* SPDX-License-Identifier: MIT */
/* metric_key: see metric_key.h. */
#include "services/cloudwatch/metric_key.h"

struct metric_key cloudwatch_key(struct call *call, struct str name_space, struct str name,
				 const struct cloudwatch_dimension *dimensions, size_t count,
				 struct str unit)
{
	struct metric_dimension *copies = arena_array(call->arena, struct metric_dimension, count);

	for (size_t i = 0; i < count; i++)
		copies[i] = (struct metric_dimension){dimensions[i].name, dimensions[i].value};
	return (struct metric_key){
		.account = call->account,
		.region = call->region,
		.name_space = name_space,
		.name = name,
		.dimensions = copies,
		.dimension_count = count,
		.unit = unit,
	};
}

struct cloudwatch_dimension *cloudwatch_dimensions(struct arena *arena,
						   const struct metric_key *key)
{
	struct cloudwatch_dimension *copies =
		arena_array(arena, struct cloudwatch_dimension, key->dimension_count);

	for (size_t i = 0; i < key->dimension_count; i++)
		copies[i] = (struct cloudwatch_dimension){
			.name = arena_copy(arena, key->dimensions[i].name),
			.value = arena_copy(arena, key->dimensions[i].value)};
	return copies;
}

bool cloudwatch_is_period(int64_t period_s)
{
	return period_s == 1 || period_s == 5 || period_s == 10 || period_s == 20 ||
	       period_s == 30 || (period_s > 0 && period_s % 60 == 0);
}

static int64_t round_down(int64_t value, int64_t step)
{
	int64_t rest = value % step;

	return value - (rest < 0 ? rest + step : rest);
}

int64_t cloudwatch_round_start(int64_t start_s, int64_t period_s, int64_t now_s)
{
	int64_t age_s = now_s - start_s;

	if (period_s < 60 && age_s < CLOUDWATCH_HIGH_RESOLUTION_S)
		return round_down(start_s, period_s);
	if (age_s < INT64_C(15) * 86400)
		return round_down(start_s, 60);
	return round_down(start_s, age_s < INT64_C(63) * 86400 ? 300 : 3600);
}

int64_t cloudwatch_seconds(int64_t ms)
{
	return round_down(ms, 1000) / 1000;
}

int64_t cloudwatch_seconds_up(int64_t ms)
{
	return cloudwatch_seconds(ms + 999);
}
