/* SPDX-License-Identifier: MIT */
/* store: the record Endpoint of model/ec2.ops. */
#include "services/ec2/store.h"

#include "api/ec2_records.h"

void ec2_endpoint_encode(struct buf *out, const struct ec2_endpoint *endpoint)
{
	struct ec2_endpoint_record record = {
		.vpc_endpoint_id = endpoint->shown.id,
		.vpc_id = endpoint->shown.vpc,
		.service = endpoint->shown.service,
		.account = endpoint->account,
		.region = endpoint->region,
		.service_name = endpoint->service_name,
		.policy_document = endpoint->policy,
		.policy_principals = endpoint->policy_names.items,
		.policy_principals_count = endpoint->policy_names.count,
		.client_token = endpoint->client_token,
		.fingerprint = endpoint->fingerprint,
		.ip_address_type = endpoint->ip_address_type,
		.dns_record_ip_type = endpoint->dns_record_ip_type,
		.url = endpoint->url,
		.subnet_ids = endpoint->subnets,
		.subnet_ids_count = endpoint->subnet_count,
		.group_ids = endpoint->groups,
		.group_ids_count = endpoint->group_count,
		.network_interface_ids = endpoint->interfaces,
		.network_interface_ids_count = endpoint->interface_count,
		.private_dns_enabled = endpoint->has_private_dns,
		.created_ms = endpoint->created_ms,
		.tags = endpoint->tags,
		.tags_count = endpoint->tag_count,
	};

	ec2_endpoint_record_encode(out, &record);
}

enum err ec2_endpoint_decode(struct arena *arena, struct str bytes, struct ec2_endpoint *out_draft)
{
	struct ec2_endpoint_record record;

	enum err err = ec2_endpoint_record_decode(arena, bytes, &record);
	if (err)
		return err;
	if (record.vpc_endpoint_id.size == 0)
		return ERR_DAMAGED;
	*out_draft = (struct ec2_endpoint){
		.shown = {.id = record.vpc_endpoint_id,
			  .vpc = record.vpc_id,
			  .service = record.service},
		.account = record.account,
		.region = record.region,
		.service_name = record.service_name,
		.policy = record.policy_document,
		.policy_names = {record.policy_principals, record.policy_principals_count},
		.client_token = record.client_token,
		.fingerprint = record.fingerprint,
		.ip_address_type = record.ip_address_type,
		.dns_record_ip_type = record.dns_record_ip_type,
		.url = record.url,
		.subnets = record.subnet_ids,
		.subnet_count = record.subnet_ids_count,
		.groups = record.group_ids,
		.group_count = record.group_ids_count,
		.interfaces = record.network_interface_ids,
		.interface_count = record.network_interface_ids_count,
		.has_private_dns = record.private_dns_enabled,
		.created_ms = record.created_ms,
		.tags = record.tags,
		.tag_count = record.tags_count,
	};
	return ERR_OK;
}
