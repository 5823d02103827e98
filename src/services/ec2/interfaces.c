/* SPDX-License-Identifier: MIT */
/*
 * interfaces: DescribeNetworkInterfaces: one for each subnet of an endpoint, with the endpoint's
 * address. Terraform reads them with every endpoint.
 */
#include <stdlib.h>

#include "services/ec2/check.h"
#include "services/ec2/ec2.h"
#include "services/ec2/query.h"

struct interface {
	const struct ec2_endpoint *endpoint;
	struct str id, subnet;
	struct str address; /* data NULL: a unix socket, or nowhere */
};

struct listing {
	struct call *call;
	struct interface *interfaces; /* of the account and region */
	size_t count, room;
};

static bool interface_has(const void *thing, struct str name, struct ec2_pattern pattern)
{
	const struct interface *interface = thing;
	const struct ec2_endpoint *endpoint = interface->endpoint;

	if (str_equal(name, STR("network-interface-id")))
		return ec2_fits(pattern, interface->id);
	if (str_equal(name, STR("subnet-id")))
		return ec2_fits(pattern, interface->subnet);
	if (str_equal(name, STR("vpc-id")))
		return ec2_fits(pattern, endpoint->shown.vpc);
	if (str_equal(name, STR("owner-id")))
		return ec2_fits(pattern, endpoint->account);
	if (str_equal(name, STR("status")))
		return ec2_fits(pattern, STR("in-use"));
	if (str_equal(name, STR("interface-type")))
		return ec2_fits(pattern, STR("vpc_endpoint"));
	if (str_equal(name, STR("private-ip-address")))
		return interface->address.data && ec2_fits(pattern, interface->address);
	for (size_t i = 0; i < endpoint->group_count; i++)
		if (str_equal(name, STR("group-id")) && ec2_fits(pattern, endpoint->groups[i]))
			return true;
	return false;
}

/* "127.0.0.1" of "https://127.0.0.1:4600" */
static struct str address_of(const struct ec2_endpoint *endpoint)
{
	size_t scheme = str_find(endpoint->url, STR("://"), 0);
	struct str host =
		scheme == SIZE_MAX ? STR("") : str_slice(endpoint->url, scheme + 3, SIZE_MAX);

	if (!str_starts(endpoint->url, STR("http")) || host.size == 0)
		return (struct str){0};
	if (host.data[0] == '[')
		return str_slice(host, 1, str_find_char(host, ']', 0) - 1);
	return str_cut(&host, ':');
}

static bool add_interfaces(void *context, const struct ec2_endpoint *endpoint)
{
	struct listing *listing = context;

	ec2_keep_endpoint(listing->call, ec2_endpoint_hold(endpoint));
	for (size_t i = 0; i < endpoint->interface_count; i++) {
		if (listing->count == listing->room) {
			size_t room = listing->room > 0 ? 2 * listing->room : 16;
			struct interface *more =
				arena_array(listing->call->arena, struct interface, room);
			for (size_t j = 0; j < listing->count; j++)
				more[j] = listing->interfaces[j];
			listing->interfaces = more;
			listing->room = room;
		}
		listing->interfaces[listing->count++] = (struct interface){
			.endpoint = endpoint,
			.id = endpoint->interfaces[i],
			.subnet = i < endpoint->subnet_count ? endpoint->subnets[i] : STR(""),
			.address = address_of(endpoint),
		};
	}
	return true;
}

static int compare_ids(const void *a, const void *b)
{
	return str_compare(((const struct interface *)a)->id, ((const struct interface *)b)->id);
}

static enum err check_ids(struct call *call, const struct listing *listing,
			  const struct ec2_describe_network_interfaces_in *in)
{
	for (size_t i = 0; i < in->network_interface_ids_count; i++) {
		struct interface wanted = {.id = in->network_interface_ids[i]};
		if (listing->count == 0 || !bsearch(&wanted, listing->interfaces, listing->count,
						    sizeof(wanted), compare_ids))
			return fail(call, &EC2_INVALID_NETWORK_INTERFACE_ID_NOT_FOUND,
				    "The networkInterface ID '%.*s' does not exist",
				    STR_ARG(wanted.id));
	}
	return ERR_OK;
}

static void show(struct call *call, const struct interface *interface,
		 struct ec2_network_interface *out)
{
	const struct ec2_endpoint *endpoint = interface->endpoint;

	*out = (struct ec2_network_interface){
		.network_interface_id = interface->id,
		.subnet_id = interface->subnet,
		.vpc_id = endpoint->shown.vpc,
		.owner_id = endpoint->account,
		.status = STR("in-use"),
		.interface_type = STR("vpc_endpoint"),
		.description = arena_format(call->arena, "VPC Endpoint Interface %.*s",
					    STR_ARG(endpoint->shown.id)),
		.requester_managed = true,
		.has_requester_managed = true,
		.source_dest_check = true,
		.has_source_dest_check = true,
		.private_ip_address = interface->address,
	};
	out->groups = arena_array(call->arena, struct ec2_group_identifier, endpoint->group_count);
	for (size_t i = 0; i < endpoint->group_count; i++)
		out->groups[out->groups_count++].group_id = endpoint->groups[i];
	if (!interface->address.data)
		return;
	out->private_ip_addresses =
		arena_new(call->arena, struct ec2_network_interface_private_ip_address);
	out->private_ip_addresses_count = 1;
	out->private_ip_addresses->private_ip_address = interface->address;
	out->private_ip_addresses->primary = out->private_ip_addresses->has_primary = true;
}

enum err ec2_describe_network_interfaces(struct call *call,
					 const struct ec2_describe_network_interfaces_in *in,
					 struct ec2_describe_network_interfaces_out *out)
{
	struct listing listing = {.call = call};
	struct ec2_query query;

	enum err err = ec2_authorize(call, (struct str){0}, NULL, 0);
	if (!err)
		err = ec2_query_begin(call, in->filters, in->filters_count,
				      "network-interface-id subnet-id vpc-id owner-id status "
				      "interface-type private-ip-address group-id",
				      interface_has, in->has_max_results, in->max_results,
				      in->next_token, &query);
	if (err)
		return err;
	ec2_endpoints_each(ec2_of(call->core)->endpoints, call->account, call->region,
			   add_interfaces, &listing);
	if (listing.count > 0)
		qsort(listing.interfaces, listing.count, sizeof(*listing.interfaces), compare_ids);
	err = check_ids(call, &listing, in);
	if (!err)
		err = ec2_end_dry_run(call, in->dry_run);
	if (err)
		return err;
	ec2_query_ids(call, &query, in->network_interface_ids, in->network_interface_ids_count);
	out->network_interfaces =
		arena_array(call->arena, struct ec2_network_interface, listing.count);
	for (size_t i = 0; i < listing.count; i++) {
		const struct interface *interface = &listing.interfaces[i];
		if (ec2_query_takes(&query, interface, interface->id))
			show(call, interface,
			     &out->network_interfaces[out->network_interfaces_count++]);
	}
	return ec2_query_end(call, &query, &out->next_token);
}
