/* SPDX-License-Identifier: MIT */
/* math/private: the parts of metric math that its files share. Pure, any thread. */
#ifndef TERN_METRIC_MATH_PRIVATE_H
#define TERN_METRIC_MATH_PRIVATE_H

#include "metric/math/expression.h"

enum math_node_kind {
	NODE_NUMBER,
	NODE_TEXT, /* "quoted" */
	NODE_NAME, /* the id of a query */
	NODE_WORD, /* REPEAT, DESC */
	NODE_ARRAY,
	NODE_UNARY,
	NODE_BINARY,
	NODE_CALL,
};

enum math_operator {
	OP_NEGATE,
	OP_NOT,
	OP_ADD,
	OP_SUBTRACT,
	OP_MULTIPLY,
	OP_DIVIDE,
	OP_POWER,
	OP_LESS,
	OP_LESS_OR_EQUAL,
	OP_GREATER,
	OP_GREATER_OR_EQUAL,
	OP_EQUAL,
	OP_NOT_EQUAL,
	OP_AND,
	OP_OR,
};

struct math_node {
	enum math_node_kind kind;
	enum math_operator operator;
	double number;
	struct str text; /* of TEXT, NAME, WORD; of CALL the function's name */
	const struct math_function *function;
	const struct math_node **children;
	size_t child_count;
	size_t at; /* offset in the expression */
};

struct math_expression {
	const struct math_node *root;
};

struct math_run {
	struct arena *arena;
	const struct math_source *source;
	const struct math_window *window;
	struct math_problem *problem;
	uint64_t points; /* that were made so far */
};

typedef enum err (*math_function_fn)(struct math_run *run, const struct math_node *node,
				     struct math_value *out_value);
struct math_function {
	struct str name;
	size_t argument_min, argument_max;
	math_function_fn evaluate;
	int detail; /* the function's own: which of several */
};

/* NULL: there is none. */
const struct math_function *math_function_find(struct str name);
/* AWS has a function of that name that needs services which this server does not have. */
bool math_function_is_refused(struct str name);

/* ---- evaluate.c ---- */

/* Evaluates a node that is a value: no text, no word. */
must_check enum err math_node_evaluate(struct math_run *run, const struct math_node *node,
				       struct math_value *out_value);
/* ERR_INVALID with the problem "Unsupported operand type(s) for SUM: 'Scalar'". */
must_check enum err math_refuse_types(struct math_run *run, const struct math_node *node,
				      struct str name, const struct math_value *values,
				      size_t count);
must_check enum err math_refuse(struct math_run *run, const struct math_node *node,
				struct str text);
/* Counts points that are going to be made: ERR_TOOLARGE beyond LIMIT_MATH_POINTS. */
must_check enum err math_charge(struct math_run *run, const struct math_node *node, size_t points);

/* A constant series of the window. */
must_check enum err math_constant(struct math_run *run, const struct math_node *node, double scalar,
				  struct math_value *out_value);

/* ---- series.c ---- */

struct math_points {
	int64_t *times_ms;
	double *values;
	size_t count; /* so far */
};
struct math_points math_points_new(struct arena *arena, size_t count_max);
/* Nothing, if the value is not finite. */
void math_points_add(struct math_points *points, int64_t time_ms, double value);
/* A series with the label and period of another. */
struct math_series math_series_like(const struct math_series *other,
				    const struct math_points *points);
struct math_value math_value_scalar(double value);
struct math_value math_value_series(struct arena *arena, struct math_series series);

/* Applies `change` to each series of the value, a scalar excepted. */
typedef enum err (*math_change_fn)(struct math_run *run, const struct math_node *node,
				   const struct math_series *series, void *context,
				   struct math_series *out_series);
must_check enum err math_map(struct math_run *run, const struct math_node *node,
			     struct math_value value, math_change_fn change, void *context,
			     struct math_value *out_value);
/*
 * Walks the times of several series in order. Zeroed cursors, one a series; at each time `present`
 * has which of them have a point there, and values[i] is it. False at the end.
 */
struct math_walk {
	const struct math_series *series;
	size_t count;
	size_t *cursors;
	bool *present;
	double *values;
	int64_t time_ms;
};
struct math_walk math_walk_new(struct arena *arena, const struct math_series *series, size_t count);
bool math_walk_next(struct math_walk *walk);

#endif
