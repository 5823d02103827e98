/* SPDX-License-Identifier: MIT */
/* view: members of AWS's that endpoints here do not have are omitted. */
#include "services/ec2/view.h"

#include "core/policies.h"
#include "services/ec2/ec2.h"
#include "services/ec2/network.h"
#include "services/ec2/query.h"

#define DEFAULT_POLICY                                                                             \
	STR("{\"Statement\":[{\"Action\":\"*\",\"Effect\":\"Allow\",\"Principal\":\"*\","          \
	    "\"Resource\":\"*\"}]}")

struct str ec2_endpoint_state(const struct ec2_endpoint *endpoint)
{
	return endpoint->url.size > 0 ? STR("available") : STR("failed");
}

/* The URL without its scheme: a name and a port, or "unix:" and a path. */
static void show_address(struct call *call, const struct ec2_endpoint *endpoint,
			 struct ec2_vpc_endpoint *out)
{
	size_t scheme = str_find(endpoint->url, STR("://"), 0);
	struct ec2_dns_entry *entry = arena_new(call->arena, struct ec2_dns_entry);

	if (endpoint->url.size == 0) {
		out->last_error = arena_new(call->arena, struct ec2_last_error);
		out->last_error->code = STR("AddressNotAvailable");
		out->last_error->message =
			STR("No address of --endpoint-listen was free when the server started.");
		return;
	}
	entry->dns_name =
		scheme == SIZE_MAX ? endpoint->url : str_slice(endpoint->url, scheme + 3, SIZE_MAX);
	out->dns_entries = entry;
	out->dns_entries_count = 1;
}

static void show_groups(struct call *call, const struct ec2_endpoint *endpoint,
			struct ec2_vpc_endpoint *out)
{
	out->groups = arena_array(call->arena, struct ec2_security_group_identifier,
				  endpoint->group_count);
	out->groups_count = endpoint->group_count;
	for (size_t i = 0; i < endpoint->group_count; i++) {
		const struct ec2_label *label =
			ec2_network_find(ec2_of(call->core)->network, endpoint->account,
					 endpoint->region, EC2_GROUP, endpoint->groups[i]);
		out->groups[i].group_id = endpoint->groups[i];
		out->groups[i].group_name =
			label && label->name.size > 0 ? label->name : endpoint->groups[i];
	}
}

struct ec2_vpc_endpoint *ec2_show_endpoint(struct call *call, const struct ec2_endpoint *endpoint)
{
	struct ec2_vpc_endpoint *out = arena_new(call->arena, struct ec2_vpc_endpoint);

	out->vpc_endpoint_id = endpoint->shown.id;
	out->vpc_endpoint_type = STR("Interface");
	out->vpc_id = endpoint->shown.vpc;
	out->service_name = endpoint->service_name;
	out->state = ec2_endpoint_state(endpoint);
	out->policy_document = endpoint->policy.size > 0 ? policies_show(call, endpoint->policy,
									 endpoint->policy_names)
							 : DEFAULT_POLICY;
	out->subnet_ids = (struct str *)endpoint->subnets;
	out->subnet_ids_count = endpoint->subnet_count;
	out->network_interface_ids = (struct str *)endpoint->interfaces;
	out->network_interface_ids_count = endpoint->interface_count;
	show_groups(call, endpoint, out);
	out->ip_address_type = endpoint->ip_address_type;
	out->dns_options = arena_new(call->arena, struct ec2_dns_options);
	out->dns_options->dns_record_ip_type = endpoint->dns_record_ip_type;
	out->private_dns_enabled = endpoint->has_private_dns;
	out->has_private_dns_enabled = true;
	out->has_requester_managed = true;
	show_address(call, endpoint, out);
	out->creation_timestamp = endpoint->created_ms;
	out->has_creation_timestamp = true;
	ec2_show_tags(call, endpoint->tags, endpoint->tag_count, &out->tags, &out->tags_count);
	out->owner_id = endpoint->account;
	out->service_region = endpoint->region;
	return out;
}
