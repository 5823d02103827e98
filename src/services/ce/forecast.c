/* SPDX-License-Identifier: MIT */
/*
 * forecast: the mean of the days before, for each day to come, with an interval from their
 * variance: the normal distribution's, widened for the sum of several days. AWS's model is not
 * published.
 */
#include <math.h>

#include "core/authorize.h"
#include "services/ce/query.h"

enum { DAY = 24, PAST_DAYS = 30, LEVEL_DEFAULT = 80 };

struct past {
	struct arena *arena;
	const struct ce_expression *filter;
	uint32_t from;
	double days[PAST_DAYS]; /* USD, or units */
	bool is_quantity;
};

static void add_entry(void *context, const struct ledger_entry *entry)
{
	struct past *past = context;

	if (!ce_filter_matches(past->arena, past->filter, entry->series))
		return;
	past->days[(entry->hour - past->from) / DAY] +=
		past->is_quantity ? (double)entry->micro / (double)PRICE_MICRO
				  : (double)entry->pico / (double)PRICE_PICO;
}

/* The quantile of the normal distribution for (1 + level) / 2, by bisection of its integral. */
static double quantile(double level)
{
	double low = 0, high = 10;

	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;
		if (erf(middle / sqrt(2.0)) < level)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct model {
	double mean, deviation; /* of a day */
};

/* Days before the first usage do not count. */
static struct model model_of(const struct past *past)
{
	struct model model = {0};
	size_t first = 0;

	while (first < PAST_DAYS && past->days[first] == 0)
		first++;
	double count = PAST_DAYS - (double)first;
	for (size_t i = first; i < PAST_DAYS; i++)
		model.mean += past->days[i] / count;
	for (size_t i = first; i < PAST_DAYS && count > 1; i++)
		model.deviation +=
			(past->days[i] - model.mean) * (past->days[i] - model.mean) / (count - 1);
	model.deviation = sqrt(model.deviation);
	return model;
}

static struct str show(struct arena *arena, double value)
{
	return arena_format(arena, "%.10f", value < 0 ? 0 : value);
}

static void add_period(struct call *call, const struct ce_range *range, uint32_t from, uint32_t to,
		       const struct model *model, double width,
		       struct ce_get_cost_forecast_out *out)
{
	double days = (double)(to - from) / DAY, mean = model->mean * days;
	double around = model->deviation * sqrt(days) * width;

	out->forecast_results_by_time[out->forecast_results_by_time_count++] =
		(struct ce_forecast_result){
			.time_period = ce_period(call->arena, range, from, to),
			.mean_value = show(call->arena, mean),
			.prediction_interval_lower_bound = show(call->arena, mean - around),
			.prediction_interval_upper_bound = show(call->arena, mean + around),
		};
}

enum err ce_get_cost_forecast(struct call *call, const struct ce_get_cost_forecast_in *in,
			      struct ce_get_cost_forecast_out *out)
{
	struct past past = {.arena = call->arena, .filter = in->filter};
	uint32_t now = (uint32_t)(call->now_ms / LEDGER_HOUR_MS), today = now - now % DAY;
	struct ce *ce = ce_of(call->core);
	struct ce_range range;

	enum err err = call_authorize_any(call, STR("ce:GetCostForecast"));
	if (!err && str_equal(in->granularity, STR("HOURLY")))
		err = fail(call, &CE_VALIDATION, "HOURLY granularity is not supported.");
	if (!err)
		err = ce_range_of_call(call, in->time_period, in->granularity, false, &range);
	if (!err)
		err = ce_check_filter(call, in->filter);
	if (!err && range.from < today)
		err = fail(call, &CE_VALIDATION, "Start date cannot be in the past.");
	if (!err && range.to - range.from > 366 * DAY)
		err = fail(call, &CE_VALIDATION, "A forecast has 12 months at most.");
	if (err)
		return err;
	past.from = today - PAST_DAYS * DAY;
	past.is_quantity = str_equal(in->metric, STR("USAGE_QUANTITY"));
	pthread_mutex_lock(&ce->mutex);
	ledger_each(ce->ledger, call->account, past.from, today, add_entry, &past);
	pthread_mutex_unlock(&ce->mutex);
	struct model model = model_of(&past);
	if (model.mean == 0)
		return fail(call, &CE_DATA_UNAVAILABLE,
			    "Insufficient amount of historical data to generate forecast");
	double level = in->has_prediction_interval_level ? (double)in->prediction_interval_level
							 : LEVEL_DEFAULT;
	double width = quantile(level / 100);
	out->forecast_results_by_time = arena_array(call->arena, struct ce_forecast_result, 400);
	for (uint32_t hour = range.from; hour < range.to; hour = ce_period_end(&range, hour))
		add_period(call, &range, hour, ce_period_end(&range, hour), &model, width, out);
	out->total = arena_new(call->arena, struct ce_metric_value);
	out->total->amount = show(call->arena, model.mean * (double)(range.to - range.from) / DAY);
	out->total->unit = past.is_quantity ? STR("N/A") : STR("USD");
	return ERR_OK;
}
