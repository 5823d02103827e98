/* SPDX-License-Identifier: MIT */
/*
 * statistic: a percentile is the nearest rank: the least sample that at least so many percent of
 * the samples do not exceed. Percentages of trimmed statistics cut samples in parts.
 */
#include "metric/statistic.h"

#include <math.h>

enum { DIGITS_MAX = 10 };

/* ---- parsing ---- */

/* Decimal digits with a fraction, perhaps a sign. */
static bool parse_number(struct str text, double *out)
{
	double value = 0, scale = 1;
	size_t i = 0, digits = 0, fraction = 0;
	bool is_negative = text.size > 0 && text.data[0] == '-';

	for (i = is_negative; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
		value = value * 10 + (text.data[i] - '0');
		digits++;
	}
	if (i < text.size && text.data[i] == '.')
		for (i++; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
			value = value * 10 + (text.data[i] - '0');
			scale *= 10;
			fraction++;
		}
	if (i < text.size || digits == 0 || digits > 15 || fraction > DIGITS_MAX)
		return false;
	*out = (is_negative ? -value : value) / scale;
	return true;
}

static bool parse_bound(struct str text, bool *out_has, bool *out_is_percent, double *out)
{
	*out_has = text.size > 0;
	*out_is_percent = str_ends(text, STR("%"));
	if (!*out_has)
		return true;
	if (*out_is_percent)
		text.size--;
	return parse_number(text, out) && (!*out_is_percent || (*out >= 0 && *out <= 100));
}

/* "10%:90%", ":300", "5%:". */
static bool parse_range(struct str text, struct metric_statistic *statistic)
{
	bool is_low_percent, is_high_percent;
	struct str rest = text, low = str_cut(&rest, ':');

	if (!rest.data || str_find_char(rest, ':', 0) != SIZE_MAX ||
	    !parse_bound(low, &statistic->has_low, &is_low_percent, &statistic->low) ||
	    !parse_bound(rest, &statistic->has_high, &is_high_percent, &statistic->high))
		return false;
	if (!statistic->has_low && !statistic->has_high)
		return false;
	if (statistic->has_low && statistic->has_high &&
	    (is_low_percent != is_high_percent || statistic->low >= statistic->high))
		return false;
	statistic->is_percent = is_low_percent || is_high_percent;
	return statistic->kind != METRIC_PERCENTILE_RANK || !statistic->is_percent;
}

static bool parse_short(struct str text, struct metric_statistic *statistic)
{
	statistic->is_percent = statistic->has_high = true;
	return parse_number(text, &statistic->high) && statistic->high >= 0 &&
	       statistic->high <= 100;
}

static bool parse_plain(struct str text, struct metric_statistic *out)
{
	static const struct {
		const char *name;
		struct metric_statistic statistic;
	} plain[] = {
		{"SampleCount", {.kind = METRIC_SAMPLE_COUNT}},
		{"Sum", {.kind = METRIC_SUM}},
		{"Average", {.kind = METRIC_AVERAGE}},
		{"Minimum", {.kind = METRIC_MINIMUM}},
		{"Maximum", {.kind = METRIC_MAXIMUM}},
		{"IQM", {METRIC_TRIMMED_MEAN, true, true, true, 25, 75}},
	};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (str_equal(text, str_from(plain[i].name))) {
			*out = plain[i].statistic;
			return true;
		}
	return false;
}

bool metric_statistic_parse(struct str text, struct metric_statistic *out_statistic)
{
	static const struct {
		const char *brief, *name;
		enum metric_statistic_kind kind;
	} kinds[] = {
		{"tm", "TM(", METRIC_TRIMMED_MEAN},    {"wm", "WM(", METRIC_WINSORIZED_MEAN},
		{"tc", "TC(", METRIC_TRIMMED_COUNT},   {"ts", "TS(", METRIC_TRIMMED_SUM},
		{NULL, "PR(", METRIC_PERCENTILE_RANK},
	};
	struct metric_statistic statistic = {.kind = METRIC_PERCENTILE};
	bool is_good = false;

	if (parse_plain(text, out_statistic))
		return true;
	if (str_starts(text, STR("p")))
		is_good = parse_short(str_slice(text, 1, SIZE_MAX), &statistic);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		statistic.kind = is_good ? statistic.kind : kinds[i].kind;
		if (kinds[i].brief && str_starts(text, str_from(kinds[i].brief)))
			is_good = parse_short(str_slice(text, 2, SIZE_MAX), &statistic);
		else if (str_starts(text, str_from(kinds[i].name)) && str_ends(text, STR(")")))
			is_good = parse_range(str_slice(text, 3, text.size - 4), &statistic);
	}
	if (is_good)
		*out_statistic = statistic;
	return is_good;
}

/* ---- samples ---- */

struct samples {
	const struct metric_point *point;
	const struct metric_bin *bins;
	size_t count;
};

static struct samples samples_of(const struct metric_point *point)
{
	return (struct samples){.point = point, .bins = point->bins, .count = point->bin_count};
}

static double clamp(double value, double low, double high)
{
	return value < low ? low : value > high ? high : value;
}

static double value_of(const struct samples *samples, size_t index)
{
	if (!samples->bins)
		return samples->point->min;
	return clamp(metric_bin_value(samples->bins[index].place), samples->point->min,
		     samples->point->max);
}

static size_t sample_bins(const struct samples *samples)
{
	return samples->bins ? samples->count : 1;
}

static double weight_of(const struct samples *samples, size_t index)
{
	return samples->bins ? samples->bins[index].count : samples->point->count;
}

static double percentile(const struct samples *samples, double percent)
{
	double rank = percent / 100 * samples->point->count, below = 0;

	if (percent <= 0)
		return samples->point->min;
	if (percent >= 100)
		return samples->point->max;
	for (size_t i = 0; i < sample_bins(samples); i++) {
		below += weight_of(samples, i);
		/* Percentages have rounding errors; samples are whole. */
		if (below >= rank - 1e-9 * samples->point->count)
			return value_of(samples, i);
	}
	return samples->point->max;
}

/* ---- trimming ---- */

struct trimmed {
	double count, sum;
};

/* The part of a bin that lies between the ranks. */
static double overlap(double from, double to, double low, double high)
{
	double begin = from > low ? from : low, end = to < high ? to : high;

	return end > begin ? end - begin : 0;
}

static struct trimmed trim(const struct metric_statistic *statistic, const struct samples *samples)
{
	double total = samples->point->count, below = 0;
	double low = statistic->has_low ? statistic->low : -INFINITY;
	double high = statistic->has_high ? statistic->high : INFINITY;
	struct trimmed kept = {0};

	for (size_t i = 0; i < sample_bins(samples); i++) {
		double weight = weight_of(samples, i), value = value_of(samples, i);
		if (statistic->is_percent)
			weight = overlap(below, below + weight, low / 100 * total,
					 high / 100 * total);
		else if (value <= low || value > high)
			weight = 0;
		kept.count += weight;
		kept.sum += weight * value;
		below += weight_of(samples, i);
	}
	return kept;
}

static double winsorize(const struct metric_statistic *statistic, const struct samples *samples)
{
	double low = statistic->has_low ? statistic->low : -INFINITY;
	double high = statistic->has_high ? statistic->high : INFINITY;
	double sum = 0;

	if (statistic->is_percent && statistic->has_low)
		low = percentile(samples, low);
	if (statistic->is_percent && statistic->has_high)
		high = percentile(samples, high);
	for (size_t i = 0; i < sample_bins(samples); i++)
		sum += weight_of(samples, i) * clamp(value_of(samples, i), low, high);
	return sum / samples->point->count;
}

static bool of_samples(const struct metric_statistic *statistic, const struct samples *samples,
		       double *out)
{
	struct trimmed kept;

	switch (statistic->kind) {
	case METRIC_PERCENTILE:
		*out = percentile(samples, statistic->high);
		return true;
	case METRIC_WINSORIZED_MEAN:
		*out = winsorize(statistic, samples);
		return true;
	default:
		break;
	}
	kept = trim(statistic, samples);
	if (statistic->kind == METRIC_TRIMMED_COUNT)
		*out = kept.count;
	else if (statistic->kind == METRIC_TRIMMED_SUM)
		*out = kept.sum;
	else if (statistic->kind == METRIC_PERCENTILE_RANK)
		*out = kept.count / samples->point->count * 100;
	else if (kept.count > 0)
		*out = kept.sum / kept.count;
	else
		return false;
	return true;
}

bool metric_statistic_of(const struct metric_statistic *statistic, const struct metric_point *point,
			 double *out_value)
{
	struct samples samples = samples_of(point);

	if (metric_point_is_empty(point))
		return false;
	switch (statistic->kind) {
	case METRIC_SAMPLE_COUNT:
		*out_value = point->count;
		return true;
	case METRIC_SUM:
		*out_value = point->sum;
		return true;
	case METRIC_AVERAGE:
		*out_value = point->sum / point->count;
		return true;
	case METRIC_MINIMUM:
		*out_value = point->min;
		return true;
	case METRIC_MAXIMUM:
		*out_value = point->max;
		return true;
	default:
		return metric_point_has_samples(point) &&
		       of_samples(statistic, &samples, out_value);
	}
}
