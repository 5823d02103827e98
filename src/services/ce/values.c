/* SPDX-License-Identifier: MIT */
/* values: GetDimensionValues and GetTags: what occurs in the usage of a range of time. */
#include <stdlib.h>

#include "base/vec.h"
#include "core/authorize.h"
#include "services/ce/query.h"

struct values {
	struct call *call;
	struct str dimension, search;
	const struct ce_expression *filter;
	struct map seen;
	struct {
		struct str **items;
		size_t count, capacity;
	} found;
};

static bool is_text(const void *value, const void *key)
{
	return str_equal(*(const struct str *)value, *(const struct str *)key);
}

static void add_entry(void *context, const struct ledger_entry *entry)
{
	struct values *values = context;
	struct arena *arena = values->call->arena;

	if (!ce_filter_matches(arena, values->filter, entry->series))
		return;
	struct str value = ce_dimension(arena, values->dimension, entry->series);
	if (value.size == 0 || str_find(value, values->search, 0) == SIZE_MAX ||
	    map_find(&values->seen, str_hash(value), is_text, &value))
		return;
	struct str *copy = arena_new(arena, struct str);
	*copy = arena_copy(arena, value);
	map_insert(&values->seen, str_hash(value), copy);
	vec_push(&values->found, copy);
}

static int by_text(const void *left, const void *right)
{
	return str_compare(**(struct str *const *)left, **(struct str *const *)right);
}

enum err ce_get_dimension_values(struct call *call, const struct ce_get_dimension_values_in *in,
				 struct ce_get_dimension_values_out *out)
{
	struct values values = {.call = call,
				.dimension = in->dimension,
				.search = in->search_string,
				.filter = in->filter};
	struct ce *ce = ce_of(call->core);
	struct ce_range range;

	enum err err = call_authorize_any(call, STR("ce:GetDimensionValues"));
	if (!err)
		err = ce_refuse_token(call, in->next_page_token);
	if (!err)
		err = ce_range_of_call(call, in->time_period, STR("DAILY"), true, &range);
	if (!err)
		err = ce_check_filter(call, in->filter);
	if (err)
		return err;
	pthread_mutex_lock(&ce->mutex);
	ledger_each(ce->ledger, call->account, range.from, range.to, add_entry, &values);
	pthread_mutex_unlock(&ce->mutex);
	if (values.found.count > 0)
		qsort(values.found.items, values.found.count, sizeof(values.found.items[0]),
		      by_text);
	out->dimension_values = arena_array(call->arena, struct ce_dimension_values_with_attributes,
					    values.found.count);
	size_t most = in->has_max_results ? (size_t)in->max_results : values.found.count;
	for (size_t i = 0; i < values.found.count && i < most; i++)
		out->dimension_values[out->dimension_values_count++].value = *values.found.items[i];
	out->has_return_size = out->has_total_size = true;
	out->return_size = (int64_t)out->dimension_values_count;
	out->total_size = (int64_t)values.found.count;
	map_done(&values.seen);
	vec_done(&values.found);
	return ERR_OK;
}

/* Usage has no tags yet. */
enum err ce_get_tags(struct call *call, const struct ce_get_tags_in *in,
		     struct ce_get_tags_out *out)
{
	struct ce_range range;

	enum err err = call_authorize_any(call, STR("ce:GetTags"));
	if (!err)
		err = ce_range_of_call(call, in->time_period, STR("DAILY"), true, &range);
	if (!err)
		err = ce_check_filter(call, in->filter);
	out->has_return_size = out->has_total_size = true;
	return err;
}
