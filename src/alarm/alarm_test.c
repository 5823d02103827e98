/* SPDX-License-Identifier: MIT */
/* Evaluation and reasons by the tables of cases/, and random data against a plain evaluation. */
#include "alarm/reason.h"

#include <math.h>

#include "alarm/case_fixture.h"

static const int64_t newest_ms = INT64_C(1796063400000); /* 2026-11-30T18:30 */

static struct alarm_criteria criteria_of(struct str text)
{
	struct alarm_criteria criteria = {.comparison = ALARM_GREATER, .threshold = 0.5};
	struct str rest = text;
	uint64_t value;

	if (str_starts(rest, STR("given "))) {
		criteria.has_datapoints_to_alarm = true;
		rest = str_slice(rest, 6, rest.size);
	}
	assert_true(str_to_u64(str_cut(&rest, '/'), &value));
	criteria.datapoints_to_alarm = (uint32_t)value;
	assert_true(str_to_u64(rest, &value));
	criteria.evaluation_periods = (uint32_t)value;
	return criteria;
}

static double value_of(struct str text)
{
	if (str_equal(text, STR("-")))
		return NAN;
	return str_equal(text, STR("X")) ? 1 : strtod(arena_cstr(&arena, text), NULL);
}

/* Fills a ring with values separated by blanks, one a minute up to newest_ms. */
static void fill(struct alarm_ring *ring, const struct alarm_criteria *criteria, struct str values)
{
	int64_t count = 1;

	for (size_t i = 0; i < values.size; i++)
		count += values.data[i] == ' ';
	alarm_ring_init(ring, criteria);
	for (int64_t back = alarm_range(criteria); back > 0; back--) {
		double value = NAN;

		if (back <= count)
			value = value_of(str_cut(&values, ' '));
		alarm_ring_push(ring, criteria,
				(struct alarm_point){.time_ms = newest_ms - (back - 1) * 60000,
						     .value = value,
						     .sample_count = 1});
	}
}

static size_t wrong;

static void check_evaluation(struct str line)
{
	struct str rest = line;
	struct alarm_criteria criteria = criteria_of(str_trim(str_cut(&rest, '|')));
	struct str values = str_trim(str_cut(&rest, '|'));
	struct alarm_ring ring = {0};

	rest = str_trim(rest);
	for (int missing = ALARM_MISSING; missing <= ALARM_NOT_BREACHING; missing++) {
		struct str expected = str_cut(&rest, ' ');

		criteria.missing = (enum alarm_missing)missing;
		fill(&ring, &criteria, values);
		for (int state = ALARM_INSUFFICIENT_DATA; state <= ALARM_ALARM; state++) {
			struct alarm_outcome outcome =
				alarm_ring_evaluate(&ring, &criteria, (enum alarm_state)state);
			bool is_right = str_equal(expected, STR("keep"))
						? outcome.is_kept &&
							  outcome.state == (enum alarm_state)state
						: !outcome.is_kept &&
							  str_equal(alarm_state_name(outcome.state),
								    expected);
			if (!is_right && ++wrong)
				print_error("%.*s: treatment %d\n", STR_ARG(line), missing);
		}
	}
	alarm_ring_done(&ring);
}

static void test_states_are_those_of_the_table(void **unused)
{
	(void)unused;
	wrong = 0;
	assert_true(each_line("evaluation", check_evaluation) >= 150);
	assert_int_equal(wrong, 0);
}

static void check_reason(struct str line)
{
	struct alarm_point points[32];
	struct str rest = line;
	struct alarm_criteria criteria = criteria_of(str_trim(str_cut(&rest, '|')));
	struct str comparison = str_trim(str_cut(&rest, '|'));
	struct alarm_ring ring = {0};
	struct buf out = {0};

	assert_true(alarm_comparison_parse(str_cut(&comparison, ' '), &criteria.comparison));
	criteria.threshold = value_of(comparison);
	assert_true(alarm_missing_parse(str_trim(str_cut(&rest, '|')), &criteria.missing));
	fill(&ring, &criteria, str_trim(str_cut(&rest, '|')));
	struct alarm_evidence evidence = {
		.criteria = &criteria,
		.outcome = alarm_ring_evaluate(&ring, &criteria, ALARM_OK),
		.points = points,
		.point_count = alarm_ring_evaluated(&ring, &criteria, points),
	};
	alarm_reason_append(&out, &evidence);
	if (!str_equal(buf_str(&out), str_trim(rest)) && ++wrong)
		print_error("%.*s\n  %.*s\n", STR_ARG(line), STR_ARG(buf_str(&out)));
	buf_done(&out);
	alarm_ring_done(&ring);
}

static void test_reasons_have_the_words_of_the_table(void **unused)
{
	(void)unused;
	wrong = 0;
	assert_true(each_line("reasons", check_reason) >= 18);
	assert_int_equal(wrong, 0);
}

static void test_reason_data_lists_the_evaluated_points(void **unused)
{
	(void)unused;
	struct alarm_criteria criteria = {.comparison = ALARM_GREATER,
					  .threshold = 1.5,
					  .evaluation_periods = 3,
					  .datapoints_to_alarm = 1};
	struct alarm_ring ring = {0};
	struct alarm_point points[3];
	struct buf out = {0};

	fill(&ring, &criteria, STR("- - - 1 2"));
	struct alarm_evidence evidence = {
		.criteria = &criteria,
		.outcome = alarm_ring_evaluate(&ring, &criteria, ALARM_OK),
		.points = points,
		.point_count = alarm_ring_evaluated(&ring, &criteria, points),
		.now_ms = newest_ms + 60123,
		.period_s = 60,
		.statistic = STR("Average"),
		.unit = STR("Count"),
	};
	alarm_reason_data_append(&out, &evidence);
	assert_str(buf_str(&out),
		   "{\"version\":\"1.0\",\"queryDate\":\"2026-11-30T18:31:00.123+0000\","
		   "\"startDate\":\"2026-11-30T18:28:00.000+0000\",\"unit\":\"Count\","
		   "\"statistic\":\"Average\",\"period\":60,\"recentDatapoints\":[1.0,2.0],"
		   "\"threshold\":1.5,\"evaluatedDatapoints\":["
		   "{\"timestamp\":\"2026-11-30T18:30:00.000+0000\",\"sampleCount\":1.0,\"value\":"
		   "2.0},"
		   "{\"timestamp\":\"2026-11-30T18:29:00.000+0000\",\"sampleCount\":1.0,\"value\":"
		   "1.0},"
		   "{\"timestamp\":\"2026-11-30T18:28:00.000+0000\"}]}");
	buf_done(&out);
	alarm_ring_done(&ring);
}

static void test_few_samples_keep_the_state_if_the_alarm_says_so(void **unused)
{
	(void)unused;
	struct alarm_criteria criteria = {
		.comparison = ALARM_GREATER, .evaluation_periods = 1, .datapoints_to_alarm = 1};
	struct alarm_ring ring = {0};

	/* AWS: 10/(1-p) samples from the median up, 10/p below it. */
	assert_true(alarm_has_few_samples(99, 999));
	assert_false(alarm_has_few_samples(99, 1001));
	assert_true(alarm_has_few_samples(10, 99));
	assert_false(alarm_has_few_samples(10, 101));
	assert_true(alarm_has_few_samples(50, 19));
	assert_false(alarm_has_few_samples(50, 20));
	assert_false(alarm_has_few_samples(99, -1));

	alarm_ring_init(&ring, &criteria);
	alarm_ring_push(&ring, &criteria,
			(struct alarm_point){.value = 1, .has_few_samples = true});
	assert_int_equal(alarm_ring_evaluate(&ring, &criteria, ALARM_OK).state, ALARM_ALARM);
	criteria.ignores_low_samples = true;
	assert_int_equal(alarm_ring_evaluate(&ring, &criteria, ALARM_OK).state, ALARM_OK);
	assert_true(alarm_ring_evaluate(&ring, &criteria, ALARM_OK).is_kept);
	alarm_ring_done(&ring);
}

/* The rules of AWS's page, without counters. */
static enum alarm_state plain(const double *range, const struct alarm_criteria *criteria,
			      enum alarm_state previous)
{
	uint32_t size = alarm_range(criteria), real = 0, breaching = 0, oldest = 0;

	for (uint32_t back = 1; back <= size && real < criteria->evaluation_periods; back++) {
		double value = range[size - back];

		if (isnan(value))
			continue;
		real++;
		breaching += value > criteria->threshold;
		oldest = back;
	}
	uint32_t fills = criteria->evaluation_periods - real;
	if (breaching >= criteria->datapoints_to_alarm)
		return ALARM_ALARM;
	if (fills == 0 || criteria->missing == ALARM_NOT_BREACHING)
		return ALARM_OK;
	if (criteria->missing == ALARM_BREACHING)
		return breaching + fills >= criteria->datapoints_to_alarm ? ALARM_ALARM : ALARM_OK;
	if (real > breaching)
		return ALARM_OK;
	if (criteria->missing == ALARM_IGNORE)
		return previous;
	if (real == 0)
		return ALARM_INSUFFICIENT_DATA;
	return oldest >= criteria->datapoints_to_alarm ? ALARM_ALARM : previous;
}

static void test_counters_agree_with_a_plain_evaluation(void **unused)
{
	(void)unused;
	struct prng prng;
	double range[64];

	prng_init(&prng, 20261130);
	for (int round = 0; round < 300; round++) {
		struct alarm_ring ring = {0};
		struct alarm_criteria criteria = {.comparison = ALARM_GREATER, .threshold = 0.5};
		uint64_t gaps = prng_below(&prng, 100);

		criteria.evaluation_periods = 1 + (uint32_t)prng_below(&prng, 12);
		criteria.datapoints_to_alarm =
			1 + (uint32_t)prng_below(&prng, criteria.evaluation_periods);
		criteria.missing = (enum alarm_missing)prng_below(&prng, 4);
		uint32_t size = alarm_range(&criteria);
		for (uint32_t i = 0; i < size; i++)
			range[i] = NAN;
		alarm_ring_init(&ring, &criteria);
		for (int step = 0; step < 100; step++) {
			bool is_gap = prng_below(&prng, 100) < gaps;
			double value = is_gap ? NAN : (double)prng_below(&prng, 2);

			memmove(range, range + 1, (size - 1) * sizeof(range[0]));
			range[size - 1] = value;
			alarm_ring_push(&ring, &criteria, (struct alarm_point){.value = value});
			enum alarm_state previous = (enum alarm_state)prng_below(&prng, 3);
			assert_int_equal(alarm_ring_evaluate(&ring, &criteria, previous).state,
					 plain(range, &criteria, previous));
		}
		alarm_ring_done(&ring);
	}
}
