/* SPDX-License-Identifier: MIT */
/* metric_list: ListMetrics. A page ends with a token that names its last metric. */
#include "services/cloudwatch/metric_key.h"

#include "core/authorize.h"
#include "core/page.h"

enum { PAGE_METRICS = 500, RECENT_S = 10800 };

struct listing {
	struct call *call;
	const struct cloudwatch_list_metrics_in *in;
	struct cloudwatch_list_metrics_out *out;
	const struct metric_key *after; /* the last metric of the page before; NULL: the first */
	struct metric_key last;
	int64_t oldest_s;
	bool has_more;
};

static bool has_dimension(const struct metric_key *key,
			  const struct cloudwatch_dimension_filter *filter)
{
	for (size_t i = 0; i < key->dimension_count; i++)
		if (str_equal(key->dimensions[i].name, filter->name))
			return !filter->value.data ||
			       str_equal(key->dimensions[i].value, filter->value);
	return false;
}

static bool matches(const struct listing *listing, const struct metric_listed *listed)
{
	const struct cloudwatch_list_metrics_in *in = listing->in;

	if (listed->last_s < listing->oldest_s ||
	    (in->metric_name.data && !str_equal(listed->key->name, in->metric_name)))
		return false;
	for (size_t i = 0; i < in->dimensions_count; i++)
		if (!has_dimension(listed->key, &in->dimensions[i]))
			return false;
	return true;
}

static struct metric_key copy_key(struct arena *arena, const struct metric_key *key)
{
	struct metric_dimension *dimensions =
		arena_array(arena, struct metric_dimension, key->dimension_count);

	for (size_t i = 0; i < key->dimension_count; i++)
		dimensions[i] =
			(struct metric_dimension){arena_copy(arena, key->dimensions[i].name),
						  arena_copy(arena, key->dimensions[i].value)};
	return (struct metric_key){
		.account = arena_copy(arena, key->account),
		.region = arena_copy(arena, key->region),
		.name_space = arena_copy(arena, key->name_space),
		.name = arena_copy(arena, key->name),
		.dimensions = dimensions,
		.dimension_count = key->dimension_count,
		.unit = arena_copy(arena, key->unit),
	};
}

/* Series of the same metric in several units stand side by side and are listed once. */
static bool list_metric(void *context, const struct metric_listed *listed)
{
	struct listing *listing = context;
	struct cloudwatch_list_metrics_out *out = listing->out;
	struct arena *arena = listing->call->arena;
	bool is_listed =
		out->metrics_count > 0 && metric_key_is_metric(&listing->last, listed->key);

	if (is_listed || !matches(listing, listed) ||
	    (listing->after && metric_key_is_metric(listing->after, listed->key)))
		return true;
	if (out->metrics_count == PAGE_METRICS) {
		listing->has_more = true;
		return false;
	}
	listing->last = copy_key(arena, listed->key);
	out->metrics[out->metrics_count++] = (struct cloudwatch_metric){
		.namespace = listing->last.name_space,
		.metric_name = listing->last.name,
		.dimensions = cloudwatch_dimensions(arena, &listing->last),
		.dimensions_count = listing->last.dimension_count,
	};
	return true;
}

/* ---- tokens ---- */

static struct str format_token(struct call *call, const struct metric_key *key)
{
	struct buf bytes = {0};

	bytes_append_str(&bytes, key->name_space);
	bytes_append_str(&bytes, key->name);
	bytes_append_varint(&bytes, key->dimension_count);
	for (size_t i = 0; i < key->dimension_count; i++) {
		bytes_append_str(&bytes, key->dimensions[i].name);
		bytes_append_str(&bytes, key->dimensions[i].value);
	}
	struct str token = page_token_make(call, buf_str(&bytes));
	buf_done(&bytes);
	return token;
}

static enum err parse_token(struct call *call, struct str token, struct metric_key *out_key)
{
	struct str bytes;

	if (page_token_open(call, token, 0, &bytes))
		return fail(call, &CLOUDWATCH_INVALID_NEXT_TOKEN,
			    "Request parameter NextToken is "
			    "invalid.");
	struct byte_reader reader = byte_reader_of(bytes);
	*out_key = (struct metric_key){.account = call->account, .region = call->region};
	out_key->name_space = byte_reader_str(&reader);
	out_key->name = byte_reader_str(&reader);
	uint64_t count = byte_reader_varint(&reader);
	check(count <= LIMIT_REQUEST_ITEMS); /* the token is our own */
	struct metric_dimension *dimensions =
		arena_array(call->arena, struct metric_dimension, count);
	for (size_t i = 0; i < count; i++) {
		dimensions[i].name = byte_reader_str(&reader);
		dimensions[i].value = byte_reader_str(&reader);
	}
	check(byte_reader_is_done(&reader));
	out_key->dimensions = dimensions;
	out_key->dimension_count = count;
	return ERR_OK;
}

enum err cloudwatch_list_metrics(struct call *call, const struct cloudwatch_list_metrics_in *in,
				 struct cloudwatch_list_metrics_out *out)
{
	int64_t now_s = clock_now_ms() / 1000;
	struct listing listing = {.call = call, .in = in, .out = out};
	struct metric_key after;

	enum err err = call_authorize_any(call, STR("cloudwatch:ListMetrics"));
	if (err)
		return err;
	if (in->next_token.data) {
		err = parse_token(call, in->next_token, &after);
		if (err)
			return err;
		listing.after = &after;
	}
	listing.oldest_s = now_s - (in->recently_active.data ? RECENT_S : CLOUDWATCH_LISTED_S);
	out->metrics = arena_array(call->arena, struct cloudwatch_metric, PAGE_METRICS);
	metric_list(call->core, call->account, call->region,
		    in->namespace.data ? in->namespace : STR(""), listing.after, list_metric,
		    &listing);
	if (listing.has_more)
		out->next_token = format_token(call, &listing.last);
	if (in->include_linked_accounts && out->metrics_count > 0) {
		out->owning_accounts = arena_array(call->arena, struct str, out->metrics_count);
		out->owning_accounts_count = out->metrics_count;
		for (size_t i = 0; i < out->metrics_count; i++)
			out->owning_accounts[i] = call->account;
	}
	return ERR_OK;
}
