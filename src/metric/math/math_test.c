/* SPDX-License-Identifier: MIT */
/* Expressions by the table of cases/, and limits. */
#include "metric/math/expression.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fixture.h"

enum { MINUTES = 5, METRICS = 6 };
static const int64_t start_ms = INT64_C(1796063400000); /* 2026-11-30T18:30, a Monday */
static const char *const data[METRICS] = {
	"1 2 3 4 5", "10 - 30 - 50", "- - 7 - -", "- - - - -", "5 0 5 0 5", "-1.5 2.5 -3.5 4.5 0",
};
static struct math_series metrics[METRICS];

static double number_of(struct str text)
{
	return strtod(arena_cstr(&arena, text), NULL);
}

static struct math_series series_of(struct str text)
{
	int64_t *times_ms = arena_array(&arena, int64_t, MINUTES);
	double *values = arena_array(&arena, double, MINUTES);
	struct math_series series = {.period_s = 60, .times_ms = times_ms, .values = values};

	for (int i = 0; i < MINUTES; i++) {
		struct str value = str_cut(&text, ' ');

		if (str_equal(value, STR("-")))
			continue;
		times_ms[series.count] = start_ms + i * 60000;
		values[series.count++] = number_of(value);
	}
	return series;
}

static enum err find(void *context, struct str id, struct math_value *out_value)
{
	(void)context;
	if (str_equal(id, STR("a1")))
		*out_value = (struct math_value){.kind = MATH_ARRAY, .series = metrics, .count = 2};
	else if (str_equal(id, STR("s1")))
		*out_value = (struct math_value){.kind = MATH_SCALAR, .scalar = 4};
	else if (id.size == 2 && id.data[0] == 'm' && id.data[1] >= '1' && id.data[1] <= '6')
		*out_value = (struct math_value){
			.kind = MATH_SERIES, .series = &metrics[id.data[1] - '1'], .count = 1};
	else
		return ERR_NOTFOUND;
	return ERR_OK;
}

static enum err all_metrics(void *context, struct math_value *out_value)
{
	(void)context;
	*out_value = (struct math_value){.kind = MATH_ARRAY, .series = metrics, .count = METRICS};
	return ERR_OK;
}

static enum err search(void *context, struct str expression, struct str statistic,
		       uint32_t period_s, struct math_value *out_value)
{
	(void)context;
	assert_str(statistic, "Sum");
	assert_true(period_s == 0 || period_s == 60);
	if (str_equal(expression, STR("wrong")))
		return ERR_INVALID;
	*out_value = (struct math_value){.kind = MATH_ARRAY, .series = metrics, .count = 2};
	return ERR_OK;
}

static const struct math_source source = {.find = find, .metrics = all_metrics, .search = search};
static const struct math_window window = {
	.start_ms = start_ms, .end_ms = start_ms + MINUTES * 60000, .period_s = 60};

static void fill_metrics(void)
{
	static const struct str ids[METRICS] = {STR_INIT("m1"), STR_INIT("m2"), STR_INIT("m3"),
						STR_INIT("m4"), STR_INIT("m5"), STR_INIT("m6")};

	for (int i = 0; i < METRICS; i++) {
		metrics[i] = series_of(str_from(data[i]));
		metrics[i].id = ids[i];
	}
}

static enum err run(struct str text, struct math_value *out_value, struct math_problem *out_problem)
{
	const struct math_expression *expression;

	enum err err = math_parse(&arena, text, &expression, out_problem);
	if (!err)
		err = math_evaluate(&arena, expression, &source, &window, out_value, out_problem);
	return err;
}

static bool is_same_series(const struct math_series *a, const struct math_series *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->times_ms[i] != b->times_ms[i] || a->values[i] != b->values[i])
			return false;
	}
	return true;
}

static bool is_expected(struct str expected, enum err err, struct math_value value,
			struct math_problem problem)
{
	size_t count = 0;

	if (str_starts(expected, STR("! ")))
		return err == ERR_INVALID &&
		       str_equal(str_slice(expected, 2, expected.size), problem.text);
	if (err)
		return false;
	if (str_equal(expected, STR("= none")))
		return value.kind == MATH_SCALAR && isnan(value.scalar);
	if (str_starts(expected, STR("= ")))
		return value.kind == MATH_SCALAR &&
		       value.scalar == number_of(str_slice(expected, 2, expected.size));
	if (value.kind == MATH_SCALAR)
		return false;
	if (str_equal(expected, STR("none")))
		return value.count == 0;
	for (struct str rest = expected; rest.data; count++) {
		struct math_series series = series_of(str_trim(str_cut(&rest, ';')));

		if (count == value.count || !is_same_series(&series, &value.series[count]))
			return false;
	}
	return count == value.count;
}

static void print(struct math_value value)
{
	if (value.kind == MATH_SCALAR)
		print_error(" = %.17g\n", value.scalar);
	for (size_t i = 0; i < value.count; i++) {
		for (size_t k = 0; k < value.series[i].count; k++)
			print_error(" %.17g", value.series[i].values[k]);
		print_error(" ;\n");
	}
}

static void test_expressions_have_the_results_of_the_table(void **unused)
{
	(void)unused;
	FILE *file = fopen(CASES "/expressions", "re");
	size_t count = 0, wrong = 0, room = 0;
	char *line = NULL;

	assert_non_null(file);
	fill_metrics();
	for (ssize_t size; (size = getline(&line, &room, file)) > 0;) {
		struct str text = arena_copy(&arena, str_of(line, (size_t)size - 1));
		size_t bar = str_find(text, STR(" | "), 0);
		struct math_problem problem = {0};
		struct math_value value = {0};

		if (text.data[0] == '#')
			continue;
		assert_true(bar != SIZE_MAX);
		enum err err = run(str_slice(text, 0, bar), &value, &problem);
		count++;
		if (!is_expected(str_slice(text, bar + 3, text.size), err, value, problem)) {
			wrong++;
			print_error("%.*s\n  %.*s\n", STR_ARG(text), STR_ARG(problem.text));
			print(value);
		}
	}
	free(line);
	fclose(file);
	assert_true(count >= 150);
	assert_int_equal(wrong, 0);
}

static void test_a_problem_has_its_place(void **unused)
{
	(void)unused;
	struct math_problem problem;
	struct math_value value;

	fill_metrics();
	assert_int_equal(run(STR("m1 + SUM(m9)"), &value, &problem), ERR_INVALID);
	assert_int_equal(problem.at, 9);
	assert_int_equal(run(STR("m1 + ?"), &value, &problem), ERR_INVALID);
	assert_int_equal(problem.at, 5);
}

static struct buf repeated(const char *text, size_t count, const char *end)
{
	struct buf out = {0};

	for (size_t i = 0; i < count; i++)
		buf_append(&out, str_from(text));
	buf_append(&out, str_from(end));
	return out;
}

static void check_limit(struct buf text, enum err expected)
{
	struct math_problem problem;
	struct math_value value;

	assert_int_equal(run(buf_str(&text), &value, &problem), expected);
	buf_done(&text);
}

static void test_expressions_have_limits(void **unused)
{
	(void)unused;
	fill_metrics();
	check_limit(repeated("1+", LIMIT_MATH_SIZE / 2 - 1, "10"), ERR_OK);
	check_limit(repeated("1+", LIMIT_MATH_SIZE / 2 - 1, "100"), ERR_TOOLARGE);
	check_limit(repeated("-", LIMIT_MATH_DEPTH - 1, "1"), ERR_OK);
	check_limit(repeated("-", LIMIT_MATH_DEPTH, "1"), ERR_TOOLARGE);
	check_limit(repeated("1^", LIMIT_MATH_DEPTH, "1"), ERR_TOOLARGE);
	check_limit(repeated("(", LIMIT_MATH_DEPTH - 1, "1"), ERR_INVALID);
	check_limit(repeated("(", LIMIT_MATH_DEPTH, "1"), ERR_TOOLARGE);
}

static void test_an_evaluation_makes_a_bounded_number_of_points(void **unused)
{
	(void)unused;
	struct math_window year = {
		.start_ms = start_ms, .end_ms = start_ms + INT64_C(86400000) * 365, .period_s = 60};
	const struct math_expression *expression;
	struct math_problem problem;
	struct math_value value;

	assert_int_equal(
		math_parse(&arena, STR("SUM([1,1,1,1,1,1,1,1,1,1])"), &expression, &problem),
		ERR_OK);
	assert_int_equal(math_evaluate(&arena, expression, &source, &year, &value, &problem),
			 ERR_TOOLARGE);
	year.period_s = 3600;
	assert_int_equal(math_evaluate(&arena, expression, &source, &year, &value, &problem),
			 ERR_OK);
	assert_int_equal(value.series->count, 8760);
	assert_true(value.series->values[8759] == 10);
}

static void collect(void *context, struct str id)
{
	buf_format(context, "%.*s ", STR_ARG(id));
}

static void test_an_expression_names_the_queries_that_it_needs(void **unused)
{
	(void)unused;
	const struct math_expression *expression;
	struct math_problem problem;
	struct buf ids = {0};

	assert_int_equal(math_parse(&arena, STR("IF(m1 > 2, FILL(e_2, REPEAT), [m3, m1])"),
				    &expression, &problem),
			 ERR_OK);
	math_each_id(expression, collect, &ids);
	assert_str(buf_str(&ids), "m1 e_2 m3 m1 ");
	assert_false(math_uses_metrics(expression));
	assert_false(math_uses_search(expression));
	assert_int_equal(math_parse(&arena, STR("SUM(METRICS())"), &expression, &problem), ERR_OK);
	assert_true(math_uses_metrics(expression));
	buf_done(&ids);
}
