/* SPDX-License-Identifier: MIT */
/* query: see query.h. Texts of faults are AWS's where they are known. */
#include "services/ce/query.h"

enum { DEPTH_MAX = 10, DAY = 24, HOURLY_DAYS = 14 };

/* ---- time ---- */

static bool parse_date(struct str text, bool has_hours, uint32_t *out_hour)
{
	int64_t time_ms;

	if ((str_find_char(text, 'T', 0) != SIZE_MAX) != has_hours ||
	    !clock_parse_iso(text, &time_ms) || time_ms < 0 || time_ms % LEDGER_HOUR_MS != 0 ||
	    time_ms / LEDGER_HOUR_MS > INT32_MAX)
		return false;
	*out_hour = (uint32_t)(time_ms / LEDGER_HOUR_MS);
	return true;
}

static enum err check_range(struct call *call, const struct ce_range *range, bool is_past)
{
	uint32_t now = (uint32_t)(call->now_ms / LEDGER_HOUR_MS);

	if (range->granularity == CE_HOURLY && range->from + (HOURLY_DAYS + 1) * DAY < now)
		return fail(call, &CE_VALIDATION,
			    "You can only request hourly data for the last %d days.", HOURLY_DAYS);
	if (range->from + CE_KEPT_DAYS * DAY < now)
		return fail(call, &CE_VALIDATION,
			    "You haven't enabled historical data beyond 14 months");
	if (is_past && range->to > ledger_next_month(now))
		return fail(call, &CE_VALIDATION, "end date past the beginning of next month");
	return ERR_OK;
}

enum err ce_range_of_call(struct call *call, const struct ce_date_interval *period,
			  struct str granularity, bool is_past, struct ce_range *out_range)
{
	bool is_hourly = str_equal(granularity, STR("HOURLY"));
	struct ce_range range = {.granularity = is_hourly ? CE_HOURLY
						: str_equal(granularity, STR("MONTHLY"))
							? CE_MONTHLY
							: CE_DAILY};

	if (!parse_date(period->start, is_hourly, &range.from) ||
	    !parse_date(period->end, is_hourly, &range.to))
		return fail(call, &CE_VALIDATION,
			    is_hourly
				    ? "Start and end must be of the form yyyy-MM-ddTHH:mm:ssZ for "
				      "hourly granularity."
				    : "Start and end must be of the form yyyy-MM-dd.");
	if (range.from >= range.to)
		return fail(call, &CE_VALIDATION,
			    "Start date (and hour) should be before end date (and hour)");
	*out_range = range;
	return check_range(call, &range, is_past);
}

uint32_t ce_period_end(const struct ce_range *range, uint32_t hour)
{
	uint32_t end = hour + 1;

	if (range->granularity == CE_DAILY)
		end = hour - hour % DAY + DAY;
	else if (range->granularity == CE_MONTHLY)
		end = ledger_next_month(hour);
	return end < range->to ? end : range->to;
}

static struct str date_of(struct arena *arena, const struct ce_range *range, uint32_t hour)
{
	char text[CLOCK_TEXT_MAX];

	(void)clock_format_iso(hour * LEDGER_HOUR_MS, text);
	if (range->granularity != CE_HOURLY)
		return arena_copy(arena, str_of(text, 10));
	return arena_format(arena, "%.19sZ", text);
}

struct ce_date_interval *ce_period(struct arena *arena, const struct ce_range *range, uint32_t from,
				   uint32_t to)
{
	struct ce_date_interval *period = arena_new(arena, struct ce_date_interval);

	period->start = date_of(arena, range, from);
	period->end = date_of(arena, range, to);
	return period;
}

enum err ce_refuse_token(struct call *call, struct str token)
{
	return token.data ? fail(call, &CE_INVALID_NEXT_TOKEN, "Invalid NextPageToken.") : ERR_OK;
}

/* ---- dimensions ---- */

/* https://docs.aws.amazon.com/cur/latest/userguide/cur-data-transfers-charges.html: the codes of
 * regions in usage types; us-east-1 has none. */
static const struct {
	struct str region, code;
} regions[] = {
	{STR_INIT("us-east-2"), STR_INIT("USE2-")},
	{STR_INIT("us-west-1"), STR_INIT("USW1-")},
	{STR_INIT("us-west-2"), STR_INIT("USW2-")},
	{STR_INIT("eu-west-1"), STR_INIT("EUW1-")},
	{STR_INIT("eu-west-2"), STR_INIT("EUW2-")},
	{STR_INIT("eu-west-3"), STR_INIT("EUW3-")},
	{STR_INIT("eu-central-1"), STR_INIT("EUC1-")},
	{STR_INIT("eu-north-1"), STR_INIT("EUN1-")},
	{STR_INIT("ap-southeast-1"), STR_INIT("APS1-")},
	{STR_INIT("ap-southeast-2"), STR_INIT("APS2-")},
	{STR_INIT("ap-northeast-1"), STR_INIT("APN1-")},
	{STR_INIT("ap-northeast-2"), STR_INIT("APN2-")},
	{STR_INIT("ap-south-1"), STR_INIT("APS3-")},
	{STR_INIT("sa-east-1"), STR_INIT("SAE1-")},
	{STR_INIT("ca-central-1"), STR_INIT("CAN1-")},
};

static struct str usage_type(struct arena *arena, const struct ledger_series *series)
{
	/* KMS names the region in full. */
	if (str_starts(series->usage, STR("KMS-")))
		return arena_format(arena, "%.*s-%.*s", STR_ARG(series->region),
				    STR_ARG(series->usage));
	for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++)
		if (str_equal(regions[i].region, series->region))
			return arena_format(arena, "%.*s%.*s", STR_ARG(regions[i].code),
					    STR_ARG(series->usage));
	return series->usage;
}

enum dimension {
	DIMENSION_SERVICE,
	DIMENSION_SERVICE_CODE,
	DIMENSION_USAGE_TYPE,
	DIMENSION_OPERATION,
	DIMENSION_REGION,
	DIMENSION_LINKED_ACCOUNT,
	DIMENSION_PAYER_ACCOUNT,
	DIMENSION_RECORD_TYPE,
	DIMENSION_PURCHASE_TYPE,
	DIMENSION_BILLING_ENTITY,
	DIMENSION_RESOURCE_ID,
	DIMENSIONS,
};
static const struct str dimension_names[DIMENSIONS] = {
	STR_INIT("SERVICE"),	    STR_INIT("SERVICE_CODE"), STR_INIT("USAGE_TYPE"),
	STR_INIT("OPERATION"),	    STR_INIT("REGION"),	      STR_INIT("LINKED_ACCOUNT"),
	STR_INIT("PAYER_ACCOUNT"),  STR_INIT("RECORD_TYPE"),  STR_INIT("PURCHASE_TYPE"),
	STR_INIT("BILLING_ENTITY"), STR_INIT("RESOURCE_ID"),
};

static enum dimension find_dimension(struct str name)
{
	enum dimension dimension = DIMENSION_SERVICE;

	while (dimension < DIMENSIONS && !str_equal(dimension_names[dimension], name))
		dimension++;
	return dimension;
}

bool ce_dimension_is_known(struct str dimension)
{
	return find_dimension(dimension) < DIMENSIONS;
}

struct str ce_dimension(struct arena *arena, struct str name, const struct ledger_series *series)
{
	switch (find_dimension(name)) {
	case DIMENSION_SERVICE:
		return series->rate ? series->rate->service : STR("NoService");
	case DIMENSION_SERVICE_CODE:
		return series->rate ? series->rate->code : STR("NoServiceCode");
	case DIMENSION_USAGE_TYPE:
		return usage_type(arena, series);
	case DIMENSION_OPERATION:
		return series->operation.size > 0 ? series->operation : STR("NoOperation");
	case DIMENSION_REGION:
		return series->region.size > 0 ? series->region : STR("NoRegion");
	case DIMENSION_LINKED_ACCOUNT:
	case DIMENSION_PAYER_ACCOUNT:
		return series->account;
	case DIMENSION_RECORD_TYPE:
		return STR("Usage");
	case DIMENSION_PURCHASE_TYPE:
		return STR("On Demand");
	case DIMENSION_BILLING_ENTITY:
		return STR("AWS");
	case DIMENSION_RESOURCE_ID:
		return series->resource.size > 0 ? series->resource : STR("NoResourceId");
	default:
		return STR("");
	}
}

/* ---- filters ---- */

static enum err check_values(struct call *call, struct str key, size_t value_count,
			     const struct str *options, size_t option_count)
{
	if (!key.data)
		return fail(call, &CE_VALIDATION, "A filter has no Key.");
	for (size_t i = 0; i < option_count; i++)
		if (!str_equal(options[i], STR("EQUALS")) &&
		    !str_equal(options[i], STR("ABSENT")) &&
		    !str_equal(options[i], STR("CASE_SENSITIVE")))
			return fail(call, &CE_VALIDATION, "MatchOption %.*s is not supported.",
				    STR_ARG(options[i]));
	if (value_count == 0 && option_count == 0)
		return fail(call, &CE_VALIDATION, "The filter for %.*s has no Values.",
			    STR_ARG(key));
	return ERR_OK;
}

static enum err check_expression(struct call *call, const struct ce_expression *filter, int depth)
{
	int parts = (filter->or != NULL) + (filter->and != NULL) + (filter->not != NULL) +
		    (filter->dimensions != NULL) + (filter->tags != NULL);
	enum err err = ERR_OK;

	if (depth > DEPTH_MAX)
		return fail(call, &CE_VALIDATION, "The filter is nested too deeply.");
	if (parts != 1)
		return fail(call, &CE_VALIDATION,
			    "Expression should have exactly one root operator: Or, And, Not, "
			    "Dimensions or Tags");
	if ((filter->or &&filter->or_count < 2) || (filter->and &&filter->and_count < 2))
		return fail(call, &CE_VALIDATION, "Or and And need at least two expressions.");
	for (size_t i = 0; !err && i < filter->or_count; i++)
		err = check_expression(call, &filter->or [i], depth + 1);
	for (size_t i = 0; !err && i < filter->and_count; i++)
		err = check_expression(call, &filter->and[i], depth + 1);
	if (!err && filter->not )
		err = check_expression(call, filter->not, depth + 1);
	if (!err && filter->dimensions)
		err = check_values(call, filter->dimensions->key, filter->dimensions->values_count,
				   filter->dimensions->match_options,
				   filter->dimensions->match_options_count);
	if (!err && filter->tags)
		err = check_values(call, filter->tags->key, filter->tags->values_count,
				   filter->tags->match_options, filter->tags->match_options_count);
	return err;
}

enum err ce_check_filter(struct call *call, const struct ce_expression *filter)
{
	return filter ? check_expression(call, filter, 0) : ERR_OK;
}

static bool has_option(const struct str *options, size_t count, const char *option)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(options[i], str_from(option)))
			return true;
	return false;
}

static bool has_value(const struct ce_dimension_values *dimensions, struct str value)
{
	for (size_t i = 0; i < dimensions->values_count; i++)
		if (str_equal(dimensions->values[i], value))
			return true;
	return false;
}

static bool matches_dimension(struct arena *arena, const struct ce_dimension_values *dimensions,
			      const struct ledger_series *series)
{
	struct str value = ce_dimension(arena, dimensions->key, series);

	if (has_option(dimensions->match_options, dimensions->match_options_count, "ABSENT"))
		return value.size == 0 || str_starts(value, STR("No"));
	return has_value(dimensions, value);
}

/* Depth is bounded by ce_check_filter. */
bool ce_filter_matches(struct arena *arena, const struct ce_expression *filter,
		       const struct ledger_series *series)
{
	if (!filter)
		return true;
	if (filter->dimensions)
		return matches_dimension(arena, filter->dimensions, series);
	/* Usage has no tags yet: only ABSENT matches. */
	if (filter->tags)
		return has_option(filter->tags->match_options, filter->tags->match_options_count,
				  "ABSENT");
	if (filter->not )
		return !ce_filter_matches(arena, filter->not, series);
	for (size_t i = 0; i < filter->and_count; i++)
		if (!ce_filter_matches(arena, &filter->and[i], series))
			return false;
	for (size_t i = 0; i < filter->or_count; i++)
		if (ce_filter_matches(arena, &filter->or [i], series))
			return true;
	return filter->and != NULL;
}

/* ---- numbers ---- */

struct str ce_amount(struct arena *arena, int64_t pico)
{
	char text[32];

	return arena_copy(arena, str_of(text, price_format(pico, text)));
}

struct str ce_quantity(struct arena *arena, int64_t units, int64_t micro)
{
	int64_t rest = micro % PRICE_MICRO;
	struct str text;

	units += micro / PRICE_MICRO;
	if (rest == 0)
		return arena_format(arena, "%lld", (long long)units);
	text = arena_format(arena, "%lld.%06lld", (long long)units, (long long)rest);
	while (str_ends(text, STR("0")))
		text.size--;
	return text;
}
