/* SPDX-License-Identifier: MIT */
/*
 * A metric-math expression over three series: it is refused with a place inside the text, or its
 * series have finite values at ascending times.
 */
#include <math.h>

#include "fuzz.h"
#include "metric/math/expression.h"

enum { POINTS = 8 };
static int64_t times_ms[POINTS];
static double values[POINTS];
static struct math_series series[3];

static enum err find(void *context, struct str id, struct math_value *out_value)
{
	(void)context;
	if (id.size != 2 || id.data[0] != 'm' || id.data[1] < '0' || id.data[1] > '2')
		return ERR_NOTFOUND;
	*out_value = (struct math_value){
		.kind = MATH_SERIES, .series = &series[id.data[1] - '0'], .count = 1};
	return ERR_OK;
}

static enum err metrics(void *context, struct math_value *out_value)
{
	(void)context;
	*out_value = (struct math_value){.kind = MATH_ARRAY, .series = series, .count = 3};
	return ERR_OK;
}

static void check_value(struct math_value value)
{
	check(value.kind != MATH_SERIES || value.count == 1);
	for (size_t i = 0; i < value.count; i++) {
		for (size_t k = 0; k < value.series[i].count; k++) {
			check(isfinite(value.series[i].values[k]));
			check(k == 0 ||
			      value.series[i].times_ms[k - 1] < value.series[i].times_ms[k]);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct math_source source = {.find = find, .metrics = metrics};
	static const struct math_window window = {
		.start_ms = 0, .end_ms = (int64_t)POINTS * 60000, .period_s = 60};
	const struct math_expression *expression;
	struct math_problem problem = {0};
	struct math_value value;
	struct arena arena;

	for (int i = 0; i < POINTS; i++) {
		times_ms[i] = (int64_t)i * 60000;
		values[i] = i * 1.5 - 3;
	}
	for (size_t i = 0; i < 3; i++)
		series[i] = (struct math_series){.period_s = 60,
						 .count = i == 2 ? 0 : POINTS - i * 3,
						 .times_ms = times_ms + i * 3,
						 .values = values + i};
	arena_init(&arena);
	enum err err = math_parse(&arena, str_of(data, size), &expression, &problem);
	if (!err)
		err = math_evaluate(&arena, expression, &source, &window, &value, &problem);
	if (err) {
		check(problem.text.size > 0);
		check(problem.at <= size);
	} else
		check_value(math_as_series(&arena, value, &window));
	arena_done(&arena);
	return 0;
}
