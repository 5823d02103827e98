/* SPDX-License-Identifier: MIT */
/* describe: DescribeVpcEndpoints, DescribeVpcEndpointServices, DescribePrefixLists. */
#include "services/ec2/check.h"
#include "services/ec2/ec2.h"
#include "services/ec2/query.h"
#include "services/ec2/view.h"

/* ---- endpoints ---- */

struct listing {
	struct call *call;
	struct ec2_query query;
	const struct ec2_endpoint **found;
	size_t found_count;
};

static bool endpoint_has(const void *thing, struct str name, struct ec2_pattern pattern)
{
	const struct ec2_endpoint *endpoint = thing;

	if (str_equal(name, STR("vpc-id")))
		return ec2_fits(pattern, endpoint->shown.vpc);
	if (str_equal(name, STR("vpc-endpoint-id")))
		return ec2_fits(pattern, endpoint->shown.id);
	if (str_equal(name, STR("service-name")))
		return ec2_fits(pattern, endpoint->service_name);
	if (str_equal(name, STR("service-region")))
		return ec2_fits(pattern, endpoint->region);
	if (str_equal(name, STR("ip-address-type")))
		return ec2_fits(pattern, endpoint->ip_address_type);
	if (str_equal(name, STR("vpc-endpoint-state")))
		return ec2_fits(pattern, ec2_endpoint_state(endpoint));
	if (str_equal(name, STR("vpc-endpoint-type")))
		return ec2_fits(pattern, STR("Interface"));
	return ec2_tags_have(endpoint->tags, endpoint->tag_count, name, pattern);
}

static bool add_endpoint(void *context, const struct ec2_endpoint *endpoint)
{
	struct listing *listing = context;

	if (!ec2_query_takes(&listing->query, endpoint, endpoint->shown.id))
		return !listing->query.has_more;
	listing->found[listing->found_count++] = ec2_endpoint_hold(endpoint);
	ec2_keep_endpoint(listing->call, endpoint);
	return true;
}

enum err ec2_describe_vpc_endpoints(struct call *call,
				    const struct ec2_describe_vpc_endpoints_in *in,
				    struct ec2_describe_vpc_endpoints_out *out)
{
	struct listing listing = {.call = call};
	const struct ec2_endpoint *unused;

	enum err err = ec2_authorize(call, (struct str){0}, NULL, 0);
	if (!err)
		err = ec2_query_begin(call, in->filters, in->filters_count,
				      "vpc-id vpc-endpoint-id service-name service-region "
				      "ip-address-type vpc-endpoint-state vpc-endpoint-type tag",
				      endpoint_has, in->has_max_results, in->max_results,
				      in->next_token, &listing.query);
	for (size_t i = 0; i < in->vpc_endpoint_ids_count && !err; i++)
		err = ec2_find_endpoint(call, in->vpc_endpoint_ids[i], &unused);
	if (!err)
		err = ec2_end_dry_run(call, in->dry_run);
	if (err)
		return err;
	ec2_query_ids(call, &listing.query, in->vpc_endpoint_ids, in->vpc_endpoint_ids_count);
	listing.found = arena_array(call->arena, const struct ec2_endpoint *, listing.query.most);
	ec2_endpoints_each(ec2_of(call->core)->endpoints, call->account, call->region, add_endpoint,
			   &listing);
	out->vpc_endpoints = arena_array(call->arena, struct ec2_vpc_endpoint, listing.found_count);
	for (size_t i = 0; i < listing.found_count; i++)
		out->vpc_endpoints[i] = *ec2_show_endpoint(call, listing.found[i]);
	out->vpc_endpoints_count = listing.found_count;
	return ec2_query_end(call, &listing.query, &out->next_token);
}

/* ---- services ---- */

static bool service_has(const void *thing, struct str name, struct ec2_pattern pattern)
{
	const struct ec2_service_detail *detail = thing;

	if (str_equal(name, STR("service-name")))
		return ec2_fits(pattern, detail->service_name);
	if (str_equal(name, STR("service-type")))
		return ec2_fits(pattern, STR("Interface"));
	if (str_equal(name, STR("owner")))
		return ec2_fits(pattern, detail->owner);
	if (str_equal(name, STR("service-region")))
		return ec2_fits(pattern, detail->service_region);
	return str_equal(name, STR("supported-ip-address-types")) &&
	       (ec2_fits(pattern, STR("ipv4")) || ec2_fits(pattern, STR("ipv6")));
}

static struct ec2_service_detail show_service(struct call *call, struct str service)
{
	static struct ec2_service_type_detail interface = {STR_INIT("Interface")};
	static struct str families[] = {STR_INIT("ipv4"), STR_INIT("ipv6")};
	struct str *host = arena_new(call->arena, struct str);
	struct ec2_private_dns_details *private =
		arena_new(call->arena, struct ec2_private_dns_details);

	*host = arena_format(call->arena, "%.*s.%.*s.amazonaws.com", STR_ARG(service),
			     STR_ARG(call->region));
	private->private_dns_name = *host;
	return (struct ec2_service_detail){
		.service_name = ec2_service_name(call, service),
		.service_type = &interface,
		.service_type_count = 1,
		.service_region = call->region,
		.owner = STR("amazon"),
		.private_dns_name = *host,
		.private_dns_names = private,
		.private_dns_names_count = 1,
		.base_endpoint_dns_names = host,
		.base_endpoint_dns_names_count = 1,
		.vpc_endpoint_policy_supported = true,
		.has_vpc_endpoint_policy_supported = true,
		.has_acceptance_required = true,
		.has_manages_vpc_endpoints = true,
		.private_dns_name_verification_state = STR("verified"),
		.supported_ip_address_types = families,
		.supported_ip_address_types_count = 2,
	};
}

enum err ec2_describe_vpc_endpoint_services(struct call *call,
					    const struct ec2_describe_vpc_endpoint_services_in *in,
					    struct ec2_describe_vpc_endpoint_services_out *out)
{
	struct ec2_query query;
	struct str unused;

	enum err err = ec2_authorize(call, (struct str){0}, NULL, 0);
	if (!err)
		err = ec2_query_begin(call, in->filters, in->filters_count,
				      "service-name service-type owner service-region "
				      "supported-ip-address-types",
				      service_has, in->has_max_results, in->max_results,
				      in->next_token, &query);
	for (size_t i = 0; i < in->service_names_count && !err; i++)
		err = ec2_check_service(call, in->service_names[i], &unused);
	if (!err)
		err = ec2_end_dry_run(call, in->dry_run);
	if (err)
		return err;
	ec2_query_ids(call, &query, in->service_names, in->service_names_count);
	out->service_names = arena_array(call->arena, struct str, ec2_service_count);
	out->service_details =
		arena_array(call->arena, struct ec2_service_detail, ec2_service_count);
	for (size_t i = 0; i < ec2_service_count; i++) {
		struct ec2_service_detail detail = show_service(call, ec2_services[i]);
		if (!ec2_query_takes(&query, &detail, detail.service_name))
			continue;
		out->service_names[out->service_names_count++] = detail.service_name;
		out->service_details[out->service_details_count++] = detail;
	}
	return ec2_query_end(call, &query, &out->next_token);
}

/* ---- prefix lists ---- */

static bool prefix_list_has(const void *thing, struct str name, struct ec2_pattern pattern)
{
	(void)thing, (void)name, (void)pattern;
	return false;
}

/* Only gateways have prefix lists; Terraform calls this for every endpoint. */
enum err ec2_describe_prefix_lists(struct call *call, const struct ec2_describe_prefix_lists_in *in,
				   struct ec2_describe_prefix_lists_out *out)
{
	struct ec2_query query;

	(void)out;
	enum err err = ec2_authorize(call, (struct str){0}, NULL, 0);
	if (!err)
		err = ec2_query_begin(call, in->filters, in->filters_count,
				      "prefix-list-id prefix-list-name", prefix_list_has,
				      in->has_max_results, in->max_results, in->next_token, &query);
	if (!err && in->prefix_list_ids_count > 0)
		err = fail(call, &EC2_INVALID_PREFIX_LIST_ID_NOT_FOUND,
			   "The prefix list ID '%.*s' does not exist",
			   STR_ARG(in->prefix_list_ids[0]));
	return err ? err : ec2_end_dry_run(call, in->dry_run);
}
