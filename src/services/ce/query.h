/* SPDX-License-Identifier: MIT */
/*
 * query: the parts of a request of Cost Explorer: its range of time, its filter, and the dimensions
 * of what was used. Worker threads; texts are in the call's arena.
 */
#ifndef TERN_SERVICES_CE_QUERY_H
#define TERN_SERVICES_CE_QUERY_H

#include "api/ce.h"
#include "core/call.h"
#include "services/ce/ce.h"

enum ce_granularity { CE_DAILY, CE_MONTHLY, CE_HOURLY };

struct ce_range {
	uint32_t from, to; /* hours since 1970; `to` is excluded */
	enum ce_granularity granularity;
};

/*
 * A fault, if the range is wrong, or begins before the time that is kept. `is_past`: the range is
 * of usage, so it ends when the next month begins at the latest; this bounds the count of periods.
 */
must_check enum err ce_range_of_call(struct call *call, const struct ce_date_interval *period,
				     struct str granularity, bool is_past,
				     struct ce_range *out_range);
/* An answer is one page, so there is no token. */
must_check enum err ce_refuse_token(struct call *call, struct str token);
/* The end of the period that begins at `hour`, within the range. */
uint32_t ce_period_end(const struct ce_range *range, uint32_t hour);
/* As AWS writes it: a date, or with hours "2026-11-30T05:00:00Z". */
struct ce_date_interval *ce_period(struct arena *arena, const struct ce_range *range, uint32_t from,
				   uint32_t to);

/* A fault, if it is not one of AWS's expressions, or has what Tern does not know. */
must_check enum err ce_check_filter(struct call *call, const struct ce_expression *filter);
/* A checked filter; NULL matches everything. */
bool ce_filter_matches(struct arena *arena, const struct ce_expression *filter,
		       const struct ledger_series *series);

/* True if usage may differ in that dimension. */
bool ce_dimension_is_known(struct str dimension);
/* The value of the dimension; "NoX" or empty in AWS's way, if it has none. */
struct str ce_dimension(struct arena *arena, struct str dimension,
			const struct ledger_series *series);

/* Units and millionths of a unit as a decimal number. */
struct str ce_quantity(struct arena *arena, int64_t units, int64_t micro);
struct str ce_amount(struct arena *arena, int64_t pico);

#endif
