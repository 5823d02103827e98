/* SPDX-License-Identifier: MIT */
/* tags: CreateTags, DeleteTags, DescribeTags, of endpoints. */
#include "services/ec2/change.h"
#include "services/ec2/check.h"
#include "services/ec2/ec2.h"
#include "services/ec2/query.h"

/* All resources are found before the first one is changed. */
static enum err find_all(struct call *call, const struct str *ids, size_t count,
			 const struct ec2_endpoint **out_endpoints)
{
	for (size_t i = 0; i < count; i++) {
		const struct ec2_endpoint *endpoint = NULL;
		struct str tail = arena_format(call->arena, "vpc-endpoint/%.*s", STR_ARG(ids[i]));
		bool is_endpoint = str_starts(ids[i], STR("vpce-"));
		if (is_endpoint && ec2_find_endpoint(call, ids[i], &endpoint) != ERR_OK)
			call->fault = NULL;
		enum err err = ec2_authorize(call, tail, endpoint ? endpoint->tags : NULL,
					     endpoint ? endpoint->tag_count : 0);
		if (err)
			return err;
		if (!is_endpoint)
			return fail(call, &EC2_INVALID_ID, "The ID '%.*s' is not valid",
				    STR_ARG(ids[i]));
		if (!endpoint)
			return ec2_no_such_endpoint(call, ids[i]);
		out_endpoints[i] = endpoint;
	}
	return ERR_OK;
}

enum err ec2_create_tags(struct call *call, const struct ec2_create_tags_in *in,
			 struct ec2_create_tags_out *out)
{
	const struct ec2_endpoint **endpoints =
		arena_array(call->arena, const struct ec2_endpoint *, in->resources_count);
	struct ec2_endpoint *drafts =
		arena_array(call->arena, struct ec2_endpoint, in->resources_count);

	(void)out;
	ec2_tags_ask(call, in->tags, in->tags_count);
	enum err err = find_all(call, in->resources, in->resources_count, endpoints);
	for (size_t i = 0; i < in->resources_count && !err; i++) {
		drafts[i] = ec2_endpoint_draft(endpoints[i]);
		err = ec2_tags_merge(call, &drafts[i], in->tags, in->tags_count);
	}
	if (!err)
		err = ec2_end_dry_run(call, in->dry_run);
	for (size_t i = 0; i < in->resources_count && !err; i++)
		err = ec2_change(call->core, &drafts[i]);
	return err;
}

/* No tags in the request: all tags are deleted. A tag without a value: any value matches. */
static bool is_meant(const struct ec2_delete_tags_in *in, const struct shape_pair *tag)
{
	for (size_t i = 0; i < in->tags_count; i++)
		if (str_equal(in->tags[i].key, tag->key) &&
		    (!in->tags[i].value.data || str_equal(in->tags[i].value, tag->value)))
			return true;
	return in->tags_count == 0;
}

enum err ec2_delete_tags(struct call *call, const struct ec2_delete_tags_in *in,
			 struct ec2_delete_tags_out *out)
{
	const struct ec2_endpoint **endpoints =
		arena_array(call->arena, const struct ec2_endpoint *, in->resources_count);

	(void)out;
	ec2_tags_ask(call, in->tags, in->tags_count);
	enum err err = find_all(call, in->resources, in->resources_count, endpoints);
	if (!err)
		err = ec2_end_dry_run(call, in->dry_run);
	for (size_t i = 0; i < in->resources_count && !err; i++) {
		struct ec2_endpoint draft = ec2_endpoint_draft(endpoints[i]);
		struct shape_pair *kept =
			arena_array(call->arena, struct shape_pair, draft.tag_count);
		size_t kept_count = 0;
		for (size_t j = 0; j < draft.tag_count; j++)
			if (!is_meant(in, &draft.tags[j]))
				kept[kept_count++] = draft.tags[j];
		draft.tags = kept;
		draft.tag_count = kept_count;
		err = ec2_change(call->core, &draft);
	}
	return err;
}

/* ---- describing ---- */

struct listing {
	struct call *call;
	struct ec2_query query;
	struct ec2_tag_description *items;
	size_t count, capacity;
};

static bool has(const void *thing, struct str name, struct ec2_pattern pattern)
{
	const struct ec2_tag_description *tag = thing;
	const struct shape_pair pair = {tag->key, tag->value};

	if (str_equal(name, STR("key")))
		return ec2_fits(pattern, tag->key);
	if (str_equal(name, STR("value")))
		return ec2_fits(pattern, tag->value);
	if (str_equal(name, STR("resource-id")))
		return ec2_fits(pattern, tag->resource_id);
	if (str_equal(name, STR("resource-type")))
		return ec2_fits(pattern, tag->resource_type);
	return ec2_tags_have(&pair, 1, name, pattern);
}

/* The endpoint may be freed after the walk, so the page has copies. */
static bool add_tags(void *context, const struct ec2_endpoint *endpoint)
{
	struct listing *listing = context;
	struct arena *arena = listing->call->arena;

	for (size_t i = 0; i < endpoint->tag_count; i++) {
		struct ec2_tag_description tag = {
			.key = arena_copy(arena, endpoint->tags[i].key),
			.value = arena_copy(arena, endpoint->tags[i].value),
			.resource_id = arena_copy(arena, endpoint->shown.id),
			.resource_type = STR("vpc-endpoint"),
		};
		struct str id = arena_format(arena, "%.*s/%.*s", STR_ARG(tag.resource_id),
					     STR_ARG(tag.key));
		if (ec2_query_takes(&listing->query, &tag, id))
			listing->items[listing->count++] = tag;
	}
	return !listing->query.has_more;
}

enum err ec2_describe_tags(struct call *call, const struct ec2_describe_tags_in *in,
			   struct ec2_describe_tags_out *out)
{
	struct listing listing = {.call = call};

	enum err err = ec2_authorize(call, (struct str){0}, NULL, 0);
	if (!err)
		err = ec2_query_begin(call, in->filters, in->filters_count,
				      "key value resource-id resource-type tag", has,
				      in->has_max_results, in->max_results, in->next_token,
				      &listing.query);
	if (!err)
		err = ec2_end_dry_run(call, in->dry_run);
	if (err)
		return err;
	listing.items = arena_array(call->arena, struct ec2_tag_description, listing.query.most);
	ec2_endpoints_each(ec2_of(call->core)->endpoints, call->account, call->region, add_tags,
			   &listing);
	out->tags = listing.items;
	out->tags_count = listing.count;
	return ec2_query_end(call, &listing.query, &out->next_token);
}
