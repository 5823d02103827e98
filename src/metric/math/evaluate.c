/* SPDX-License-Identifier: MIT */
/*
 * math/evaluate: operators. A scalar is combined with each point of a series; of two series only
 * the common times count; an array is combined item by item with a scalar or a series.
 */
#include <math.h>

#include "metric/math/private.h"

static const struct str kind_names[] = {STR_INIT("Scalar"), STR_INIT("TimeSeries"),
					STR_INIT("Array[TimeSeries]")};
static const struct str operator_names[] = {
	STR_INIT("-"),	STR_INIT("NOT"), STR_INIT("+"),	 STR_INIT("-"),	  STR_INIT("*"),
	STR_INIT("/"),	STR_INIT("^"),	 STR_INIT("<"),	 STR_INIT("<="),  STR_INIT(">"),
	STR_INIT(">="), STR_INIT("=="),	 STR_INIT("!="), STR_INIT("AND"), STR_INIT("OR")};

enum err math_refuse(struct math_run *run, const struct math_node *node, struct str text)
{
	*run->problem = (struct math_problem){.text = text, .at = node->at};
	return ERR_INVALID;
}

enum err math_refuse_types(struct math_run *run, const struct math_node *node, struct str name,
			   const struct math_value *values, size_t count)
{
	struct buf text = {0};

	buf_format(&text, "Unsupported operand type(s) for %.*s: '", STR_ARG(name));
	for (size_t i = 0; i < count; i++)
		buf_format(&text, "%s%.*s", i ? ", " : "", STR_ARG(kind_names[values[i].kind]));
	buf_append_char(&text, '\'');
	enum err err = math_refuse(run, node, arena_copy(run->arena, buf_str(&text)));
	buf_done(&text);
	return err;
}

enum err math_charge(struct math_run *run, const struct math_node *node, size_t points)
{
	run->points += points + 1;
	if (run->points <= LIMIT_MATH_POINTS)
		return ERR_OK;
	*run->problem = (struct math_problem){
		.text = STR("The expression makes too many datapoints"), .at = node->at};
	return ERR_TOOLARGE;
}

enum err math_constant(struct math_run *run, const struct math_node *node, double scalar,
		       struct math_value *out_value)
{
	int64_t seconds = (run->window->end_ms - run->window->start_ms) / 1000;
	int64_t count = seconds > 0 ? seconds / run->window->period_s : 0;
	enum err err = math_charge(run, node,
				   count > LIMIT_MATH_POINTS ? LIMIT_MATH_POINTS : (size_t)count);

	if (!err)
		*out_value = math_as_series(run->arena, math_value_scalar(scalar), run->window);
	return err;
}

static double apply(enum math_operator operator, double a, double b)
{
	switch (operator) {
	case OP_NEGATE:
		return -a;
	case OP_NOT:
		return a == 0;
	case OP_ADD:
		return a + b;
	case OP_SUBTRACT:
		return a - b;
	case OP_MULTIPLY:
		return a * b;
	case OP_DIVIDE:
		return b == 0 ? NAN : a / b;
	case OP_POWER:
		return pow(a, b);
	case OP_LESS:
		return a < b;
	case OP_LESS_OR_EQUAL:
		return a <= b;
	case OP_GREATER:
		return a > b;
	case OP_GREATER_OR_EQUAL:
		return a >= b;
	case OP_EQUAL:
		return a == b;
	case OP_NOT_EQUAL:
		return a != b;
	case OP_AND:
		return a != 0 && b != 0;
	case OP_OR:
		return a != 0 || b != 0;
	}
	return NAN;
}

/* A scalar without a value stays one, whatever the operator. */
static double apply_scalars(enum math_operator operator, double a, double b)
{
	return isnan(a) || isnan(b) ? NAN : apply(operator, a, b);
}

struct operand {
	enum math_operator operator;
	struct math_value other; /* a scalar or one series */
	bool is_left;		 /* `other` is on the left */
};

static enum err combine_scalar(struct math_run *run, const struct math_series *series,
			       const struct operand *operand, struct math_series *out_series)
{
	struct math_points points = math_points_new(run->arena, series->count);
	double other = operand->other.scalar;

	for (size_t i = 0; i < series->count; i++) {
		double value = series->values[i];

		math_points_add(&points, series->times_ms[i],
				apply_scalars(operand->operator, operand->is_left ? other : value,
					      operand->is_left ? value : other));
	}
	*out_series = math_series_like(series, &points);
	return ERR_OK;
}

static enum err combine_series(struct math_run *run, const struct math_series *series,
			       const struct operand *operand, struct math_series *out_series)
{
	const struct math_series *other = operand->other.series;
	struct math_points points = math_points_new(run->arena, series->count);

	for (size_t i = 0, j = 0; i < series->count && j < other->count;) {
		int64_t time_ms = series->times_ms[i];

		if (time_ms != other->times_ms[j]) {
			if (time_ms < other->times_ms[j])
				i++;
			else
				j++;
			continue;
		}
		double a = operand->is_left ? other->values[j] : series->values[i];
		double b = operand->is_left ? series->values[i] : other->values[j];
		math_points_add(&points, time_ms, apply(operand->operator, a, b));
		i++;
		j++;
	}
	*out_series = math_series_like(operand->is_left ? other : series, &points);
	return ERR_OK;
}

static enum err combine(struct math_run *run, const struct math_node *node,
			const struct math_series *series, void *context,
			struct math_series *out_series)
{
	const struct operand *operand = context;

	(void)node;
	if (operand->other.kind == MATH_SCALAR)
		return combine_scalar(run, series, operand, out_series);
	return combine_series(run, series, operand, out_series);
}

static enum err evaluate_binary(struct math_run *run, const struct math_node *node,
				struct math_value *out_value)
{
	struct math_value sides[2];
	enum err err = math_node_evaluate(run, node->children[0], &sides[0]);

	if (!err)
		err = math_node_evaluate(run, node->children[1], &sides[1]);
	if (err)
		return err;
	if (sides[0].kind == MATH_SCALAR && sides[1].kind == MATH_SCALAR) {
		*out_value = math_value_scalar(
			apply_scalars(node->operator, sides[0].scalar, sides[1].scalar));
		return ERR_OK;
	}
	if (sides[0].kind == MATH_ARRAY && sides[1].kind == MATH_ARRAY)
		return math_refuse_types(
			run, node,
			arena_format(run->arena, "'%.*s'", STR_ARG(operator_names[node->operator])),
			sides, 2);
	/* The richer side is mapped, and keeps its label; of two series, the left one. */
	bool is_left = sides[1].kind > sides[0].kind;
	struct operand operand = {
		.operator= node->operator, .other = sides[is_left ? 0 : 1], .is_left = is_left};
	return math_map(run, node, sides[is_left ? 1 : 0], combine, &operand, out_value);
}

static enum err negate(struct math_run *run, const struct math_node *node,
		       const struct math_series *series, void *context,
		       struct math_series *out_series)
{
	struct math_points points = math_points_new(run->arena, series->count);

	(void)context;
	for (size_t i = 0; i < series->count; i++)
		math_points_add(&points, series->times_ms[i],
				apply(node->operator, series->values[i], 0));
	*out_series = math_series_like(series, &points);
	return ERR_OK;
}

static enum err evaluate_unary(struct math_run *run, const struct math_node *node,
			       struct math_value *out_value)
{
	struct math_value value;
	enum err err = math_node_evaluate(run, node->children[0], &value);

	if (err)
		return err;
	if (value.kind != MATH_SCALAR)
		return math_map(run, node, value, negate, NULL, out_value);
	*out_value = math_value_scalar(apply_scalars(node->operator, value.scalar, 0));
	return ERR_OK;
}

/* [m1, m2, 3]: series, arrays and scalars; scalars become constant series. */
static enum err evaluate_array(struct math_run *run, const struct math_node *node,
			       struct math_value *out_value)
{
	struct {
		struct math_series *items;
		size_t count, capacity;
	} all = {0};
	enum err err = ERR_OK;

	for (size_t i = 0; i < node->child_count && !err; i++) {
		struct math_value value;

		err = math_node_evaluate(run, node->children[i], &value);
		if (!err && value.kind == MATH_SCALAR)
			err = math_constant(run, node, value.scalar, &value);
		for (size_t k = 0; !err && k < value.count; k++) {
			err = math_charge(run, node, value.series[k].count);
			vec_push(&all, value.series[k]);
		}
	}
	struct math_series *series = arena_array(run->arena, struct math_series, all.count);
	if (all.count > 0)
		memcpy(series, all.items, all.count * sizeof(*series));
	if (!err)
		*out_value = (struct math_value){
			.kind = MATH_ARRAY, .series = series, .count = all.count};
	vec_done(&all);
	return err;
}

static enum err evaluate_name(struct math_run *run, const struct math_node *node,
			      struct math_value *out_value)
{
	enum err err = run->source->find(run->source->context, node->text, out_value);

	if (err == ERR_NOTFOUND)
		return math_refuse(
			run, node,
			arena_format(run->arena, "Unknown identifier '%.*s'", STR_ARG(node->text)));
	return err;
}

enum err math_node_evaluate(struct math_run *run, const struct math_node *node,
			    struct math_value *out_value)
{
	switch (node->kind) {
	case NODE_NUMBER:
		*out_value = math_value_scalar(node->number);
		return ERR_OK;
	case NODE_NAME:
		return evaluate_name(run, node, out_value);
	case NODE_ARRAY:
		return evaluate_array(run, node, out_value);
	case NODE_UNARY:
		return evaluate_unary(run, node, out_value);
	case NODE_BINARY:
		return evaluate_binary(run, node, out_value);
	case NODE_CALL:
		return node->function->evaluate(run, node, out_value);
	case NODE_TEXT:
	case NODE_WORD:
		break;
	}
	return math_refuse(run, node,
			   arena_format(run->arena, "'%.*s' is not a value", STR_ARG(node->text)));
}

enum err math_evaluate(struct arena *arena, const struct math_expression *expression,
		       const struct math_source *source, const struct math_window *window,
		       struct math_value *out_value, struct math_problem *out_problem)
{
	struct math_run run = {
		.arena = arena, .source = source, .window = window, .problem = out_problem};

	check(window->period_s >= 1);
	return math_node_evaluate(&run, expression->root, out_value);
}
