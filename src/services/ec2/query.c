/* SPDX-License-Identifier: MIT */
/* query: a page's token names the last id on it (core/page.h). */
#include "services/ec2/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arn.h"
#include "core/page.h"

enum { TOKEN_SHOWN = 400 }; /* bytes of a token in the text of its fault */

enum err ec2_authorize_action(struct call *call, struct str action, struct str resource,
			      const struct shape_pair *tags, size_t tag_count)
{
	struct resource asked = {.account = call->account, .tags = tags, .tag_count = tag_count};

	asked.arn = STR("*");
	if (resource.data)
		asked.arn =
			arn_make(call->arena, STR("ec2"), call->region, call->account, resource);
	enum err err = call_authorize(call, action, &asked);
	if (err == ERR_FAULT && call->fault == &call->operation->service->denied)
		return fail(call, call->fault,
			    "You are not authorized to perform this operation. %.*s",
			    STR_ARG(call->fault_text));
	return err;
}

enum err ec2_authorize(struct call *call, struct str resource, const struct shape_pair *tags,
		       size_t tag_count)
{
	return ec2_authorize_action(call, call->operation->action, resource, tags, tag_count);
}

enum err ec2_end_dry_run(struct call *call, bool is_dry_run)
{
	if (!is_dry_run)
		return ERR_OK;
	return fail(call, &EC2_DRY_RUN_OPERATION,
		    "Request would have succeeded, but DryRun flag is set.");
}

/* ---- filters ---- */

static bool fits(struct str pattern, struct str text, size_t *out_rounds)
{
	size_t p = 0, t = 0, star = SIZE_MAX, star_text = 0;

	for (*out_rounds = 0; t < text.size; (*out_rounds)++) {
		bool is_escaped = p + 1 < pattern.size && pattern.data[p] == '\\';
		char c = p < pattern.size ? pattern.data[is_escaped ? p + 1 : p] : '\0';
		if (p < pattern.size && !is_escaped && c == '*') {
			star = ++p;
			star_text = t;
		} else if (p < pattern.size && ((!is_escaped && c == '?') || c == text.data[t])) {
			p += is_escaped ? 2 : 1;
			t++;
		} else if (star != SIZE_MAX) {
			p = star;
			t = ++star_text;
		} else {
			return false;
		}
	}
	while (p < pattern.size && pattern.data[p] == '*')
		p++;
	return p == pattern.size;
}

bool ec2_fits(struct ec2_pattern pattern, struct str text)
{
	size_t rounds;

	if (pattern.steps->is_exhausted)
		return false;
	bool is_fitting = fits(pattern.text, text, &rounds);
	return steps_take(pattern.steps, 1 + rounds / 4) && is_fitting;
}

bool ec2_tags_have(const struct shape_pair *tags, size_t count, struct str name,
		   struct ec2_pattern pattern)
{
	bool is_key = str_equal(name, STR("tag-key"));

	if (!is_key && !str_starts(name, STR("tag:")))
		return false;
	for (size_t i = 0; i < count && steps_take(pattern.steps, 1); i++) {
		if (is_key ? ec2_fits(pattern, tags[i].key)
			   : str_equal(str_slice(name, 4, SIZE_MAX), tags[i].key) &&
				     ec2_fits(pattern, tags[i].value))
			return true;
	}
	return false;
}

/* Is the name one of the words? */
static bool is_known(struct str name, struct str words)
{
	while (words.data) {
		struct str word = str_cut(&words, ' ');
		if (str_equal(word, name) ||
		    (str_equal(word, STR("tag")) &&
		     (str_equal(name, STR("tag-key")) || str_starts(name, STR("tag:")))))
			return !str_equal(name, STR("tag"));
	}
	return false;
}

/* Using_Filtering of the EC2 User Guide: 50 filters, 200 values, 255 characters. */
static enum err check_filter_limits(struct call *call, const struct ec2_filter *filters,
				    size_t count)
{
	size_t value_count = 0;

	if (count > LIMIT_EC2_FILTERS)
		return fail(call, &EC2_FILTER_LIMIT_EXCEEDED,
			    "The maximum number of filters specified on a single call is %d",
			    LIMIT_EC2_FILTERS);
	for (size_t i = 0; i < count; i++) {
		value_count += filters[i].values_count;
		if (value_count > LIMIT_EC2_FILTER_VALUES)
			return fail(call, &EC2_FILTER_LIMIT_EXCEEDED,
				    "The maximum number of filter values specified on a single "
				    "call is %d",
				    LIMIT_EC2_FILTER_VALUES);
		for (size_t j = 0; j < filters[i].values_count; j++)
			if (filters[i].values[j].size > LIMIT_EC2_FILTER_SIZE)
				return fail(call, &EC2_INVALID_PARAMETER_VALUE,
					    "A value of the filter '%.*s' is longer than %d "
					    "characters",
					    STR_ARG(str_slice(filters[i].name, 0, 255)),
					    LIMIT_EC2_FILTER_SIZE);
	}
	return ERR_OK;
}

static enum err check_filters(struct call *call, const struct ec2_filter *filters, size_t count,
			      struct str names)
{
	enum err err = check_filter_limits(call, filters, count);

	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		if (!is_known(filters[i].name, names))
			return fail(call, &EC2_INVALID_PARAMETER_VALUE,
				    "The filter '%.*s' is invalid", STR_ARG(filters[i].name));
		if (filters[i].values_count == 0)
			return fail(call, &EC2_INVALID_PARAMETER_VALUE,
				    "The filter '%.*s' has no value", STR_ARG(filters[i].name));
	}
	return ERR_OK;
}

static bool matches(struct ec2_query *query, const void *thing)
{
	for (size_t i = 0; i < query->filter_count; i++) {
		const struct ec2_filter *filter = &query->filters[i];
		bool has = false;
		for (size_t j = 0; j < filter->values_count && !has; j++)
			has = query->has(thing, filter->name,
					 (struct ec2_pattern){filter->values[j], &query->steps});
		if (!has)
			return false;
	}
	return true;
}

/* ---- pages ---- */

enum err ec2_query_begin(struct call *call, const struct ec2_filter *filters, size_t filter_count,
			 const char *names, ec2_has_fn has, bool has_most, int64_t most,
			 struct str token, struct ec2_query *out_query)
{
	*out_query = (struct ec2_query){.filters = filters,
					.filter_count = filter_count,
					.has = has,
					.after = STR(""),
					.steps.left = LIMIT_EC2_FILTER_STEPS,
					.most = LIMIT_LIST_RESULTS};
	if (has_most)
		out_query->most = (size_t)most;
	enum err err = check_filters(call, filters, filter_count, str_from(names));
	if (err || token.size == 0)
		return err;
	err = page_token_open(call, token, LIMIT_PAGE_TOKEN_MS, &out_query->after);
	if (err)
		return fail(call, &EC2_INVALID_NEXT_TOKEN, "Invalid value '%.*s' for nextToken.",
			    STR_ARG(str_slice(token, 0, TOKEN_SHOWN)));
	return ERR_OK;
}

static int compare_texts(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

void ec2_query_ids(struct call *call, struct ec2_query *query, const struct str *ids, size_t count)
{
	struct str *sorted = arena_array(call->arena, struct str, count);

	for (size_t i = 0; i < count; i++)
		sorted[i] = ids[i];
	if (count > 1)
		qsort(sorted, count, sizeof(*sorted), compare_texts);
	query->ids = sorted;
	query->id_count = count;
}

static bool is_wanted(const struct ec2_query *query, struct str id)
{
	return query->id_count == 0 ||
	       bsearch(&id, query->ids, query->id_count, sizeof(id), compare_texts);
}

bool ec2_query_takes(struct ec2_query *query, const void *thing, struct str id)
{
	if (query->after.size > 0 && str_compare(id, query->after) <= 0)
		return false;
	if (!is_wanted(query, id) || !matches(query, thing))
		return false;
	if (query->count == query->most) {
		query->has_more = true;
		return false;
	}
	query->count++;
	query->last = id;
	return true;
}

enum err ec2_query_end(struct call *call, const struct ec2_query *query, struct str *out_token)
{
	if (query->steps.is_exhausted)
		return fail(call, &EC2_FILTER_LIMIT_EXCEEDED,
			    "The filters take more than %d comparisons; use fewer values, or fewer "
			    "wildcards",
			    LIMIT_EC2_FILTER_STEPS);
	if (!query->has_more)
		return ERR_OK;
	*out_token = page_token_make(call, query->last);
	return ERR_OK;
}

void ec2_show_tags(struct call *call, const struct shape_pair *tags, size_t count,
		   struct ec2_tag **out_tags, size_t *out_count)
{
	*out_tags = arena_array(call->arena, struct ec2_tag, count);
	*out_count = count;
	for (size_t i = 0; i < count; i++)
		(*out_tags)[i] = (struct ec2_tag){tags[i].key, tags[i].value};
}
