/* SPDX-License-Identifier: MIT */
/*
 * expression: metric-math expressions of CloudWatch: m1 / m2 * 100, SUM([m1, m2]), FILL(m1,
 * REPEAT).
 *
 * An expression and its results live in the arenas that the caller gives. Text, depth and the work
 * of an evaluation are bounded (limits.h). Points whose value is not a finite number do not exist:
 * a division by zero gives no point. Pure: data comes from struct math_source. Any thread.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
#ifndef TERN_METRIC_MATH_EXPRESSION_H
#define TERN_METRIC_MATH_EXPRESSION_H

#include "base/base.h"

/* Points in ascending order of time, each time once. Immutable. */
struct math_series {
	struct str id;	   /* of the query that gave it; empty: a result of an expression */
	struct str label;  /* for people; borrowed from the source */
	uint32_t period_s; /* the distance of its points, if none is missing */
	size_t count;
	const int64_t *times_ms;
	const double *values; /* finite */
};

enum math_kind {
	MATH_SCALAR,
	MATH_SERIES, /* exactly one */
	MATH_ARRAY,  /* any number of series */
};
struct math_value {
	enum math_kind kind;
	double scalar; /* NaN: no value, as of an average without points */
	const struct math_series *series;
	size_t count;
};

/* The times of a request. */
struct math_window {
	int64_t start_ms, end_ms; /* [start, end); a period begins at the start */
	uint32_t period_s;	  /* of constant series; at least 1 */
};

/* Where the data comes from. Results live as long as the evaluation's. */
struct math_source {
	void *context;
	/* The result of the request's query `id`: ERR_NOTFOUND. */
	enum err (*find)(void *context, struct str id, struct math_value *out_value);
	/* The request's metrics, without its expressions: for METRICS(). */
	enum err (*metrics)(void *context, struct math_value *out_value);
	/* SEARCH: ERR_INVALID: the search expression or the statistic is wrong. NULL: SEARCH is
	 * refused. period_s 0: none was given. */
	enum err (*search)(void *context, struct str expression, struct str statistic,
			   uint32_t period_s, struct math_value *out_value);
};

/* The first mistake. The text is static or in the arena. */
struct math_problem {
	struct str text;
	size_t at; /* offset in the expression, in bytes */
};

struct math_expression;

/* ERR_INVALID, ERR_TOOLARGE with a problem. Names are views of `text`. */
must_check enum err math_parse(struct arena *arena, struct str text,
			       const struct math_expression **out_expression,
			       struct math_problem *out_problem);
/* Visits the ids of queries that the expression names, in order; the same may come again. */
void math_each_id(const struct math_expression *expression,
		  void (*visit)(void *context, struct str id), void *context);
/* True if it calls METRICS, so it depends on all of the request's metrics. */
bool math_uses_metrics(const struct math_expression *expression);
bool math_uses_search(const struct math_expression *expression);

/* ERR_INVALID, ERR_TOOLARGE with a problem; other errors are the source's. */
must_check enum err math_evaluate(struct arena *arena, const struct math_expression *expression,
				  const struct math_source *source,
				  const struct math_window *window, struct math_value *out_value,
				  struct math_problem *out_problem);
/* A scalar as a constant series of the window, as AWS answers it; others as they are. */
struct math_value math_as_series(struct arena *arena, struct math_value value,
				 const struct math_window *window);

#endif
