/* SPDX-License-Identifier: MIT */
/* modify: ModifyVpcEndpoint and DeleteVpcEndpoints. */
#include <string.h>

#include "services/ec2/change.h"
#include "services/ec2/check.h"
#include "services/ec2/ec2.h"
#include "services/ec2/query.h"

static struct str arn_tail(struct call *call, struct str id)
{
	return arena_format(call->arena, "vpc-endpoint/%.*s", STR_ARG(id));
}

static bool has(const struct str *items, size_t count, struct str item)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(items[i], item))
			return true;
	return false;
}

struct edit {
	const struct str *add, *remove;
	size_t add_count, remove_count;
};

/* Adding a present item and removing an absent one have no effect. */
static const struct str *apply(struct call *call, const struct str *items, size_t *count,
			       const struct edit *edit)
{
	struct str *edited = arena_array(call->arena, struct str, *count + edit->add_count);
	size_t edited_count = 0;

	for (size_t i = 0; i < *count; i++)
		if (!has(edit->remove, edit->remove_count, items[i]))
			edited[edited_count++] = items[i];
	for (size_t i = 0; i < edit->add_count; i++)
		if (!has(edited, edited_count, edit->add[i]))
			edited[edited_count++] = edit->add[i];
	*count = edited_count;
	return edited;
}

/* An interface stays with its subnet; a new subnet gets a new interface. */
static void match_interfaces(struct call *call, const struct ec2_endpoint *old,
			     struct ec2_endpoint *draft)
{
	struct str *interfaces = arena_array(call->arena, struct str, draft->subnet_count);

	for (size_t i = 0; i < draft->subnet_count; i++) {
		for (size_t j = 0; j < old->subnet_count && j < old->interface_count; j++)
			if (str_equal(old->subnets[j], draft->subnets[i]))
				interfaces[i] = old->interfaces[j];
		if (!interfaces[i].data)
			interfaces[i] = ec2_make_id(call, "eni-");
	}
	draft->interfaces = interfaces;
	draft->interface_count = draft->subnet_count;
}

static enum err edit_networks(struct call *call, const struct ec2_modify_vpc_endpoint_in *in,
			      const struct ec2_endpoint *old, struct ec2_endpoint *draft)
{
	const struct edit subnets = {in->add_subnet_ids, in->remove_subnet_ids,
				     in->add_subnet_ids_count, in->remove_subnet_ids_count};
	const struct edit groups = {in->add_security_group_ids, in->remove_security_group_ids,
				    in->add_security_group_ids_count,
				    in->remove_security_group_ids_count};

	if (in->add_route_table_ids_count > 0 || in->remove_route_table_ids_count > 0)
		return fail(call, &EC2_INVALID_PARAMETER,
			    "Route table IDs are only supported for Gateway type VPC Endpoint.");
	draft->subnets = apply(call, draft->subnets, &draft->subnet_count, &subnets);
	draft->groups = apply(call, draft->groups, &draft->group_count, &groups);
	enum err err =
		ec2_check_subnets(call, draft->shown.vpc, draft->subnets, draft->subnet_count);
	if (!err)
		err = ec2_check_groups(call, draft->shown.vpc, in->add_security_group_ids,
				       in->add_security_group_ids_count);
	if (!err)
		match_interfaces(call, old, draft);
	return err;
}

/* Authorizes items that are added to an endpoint, as CreateVpcEndpoint does. */
static enum err authorize_added(struct call *call, const struct ec2_modify_vpc_endpoint_in *in)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < in->add_subnet_ids_count && !err; i++)
		err = ec2_authorize(
			call,
			arena_format(call->arena, "subnet/%.*s", STR_ARG(in->add_subnet_ids[i])),
			NULL, 0);
	for (size_t i = 0; i < in->add_security_group_ids_count && !err; i++)
		err = ec2_authorize(call,
				    arena_format(call->arena, "security-group/%.*s",
						 STR_ARG(in->add_security_group_ids[i])),
				    NULL, 0);
	return err;
}

static enum err edit_policy(struct call *call, const struct ec2_modify_vpc_endpoint_in *in,
			    struct ec2_endpoint *draft)
{
	if (in->reset_policy && in->policy_document.size > 0)
		return fail(call, &EC2_INVALID_PARAMETER_COMBINATION,
			    "The parameters ResetPolicy and PolicyDocument may not be specified "
			    "together.");
	if (in->reset_policy) {
		draft->policy = (struct str){0};
		draft->policy_names = (struct policy_names){0};
	}
	if (in->policy_document.size == 0)
		return ERR_OK;
	return ec2_set_policy(call, in->policy_document, draft);
}

static enum err edit_options(struct call *call, const struct ec2_modify_vpc_endpoint_in *in,
			     struct ec2_endpoint *draft)
{
	if (in->ip_address_type.size > 0)
		draft->ip_address_type = in->ip_address_type;
	if (in->dns_options && in->dns_options->dns_record_ip_type.size > 0)
		draft->dns_record_ip_type = in->dns_options->dns_record_ip_type;
	if (in->has_private_dns_enabled)
		draft->has_private_dns = in->private_dns_enabled;
	return draft->has_private_dns ? ec2_check_private_dns(call, draft) : ERR_OK;
}

enum err ec2_modify_vpc_endpoint(struct call *call, const struct ec2_modify_vpc_endpoint_in *in,
				 struct ec2_modify_vpc_endpoint_out *out)
{
	const struct ec2_endpoint *old = NULL;

	enum err found = ec2_find_endpoint(call, in->vpc_endpoint_id, &old);
	enum err err = ec2_authorize(call, arn_tail(call, in->vpc_endpoint_id),
				     old ? old->tags : NULL, old ? old->tag_count : 0);
	if (!err)
		err = authorize_added(call, in);
	if (err)
		return err;
	if (found)
		return ec2_find_endpoint(call, in->vpc_endpoint_id, &old);
	struct ec2_endpoint draft = ec2_endpoint_draft(old);
	err = edit_policy(call, in, &draft);
	if (!err)
		err = edit_networks(call, in, old, &draft);
	if (!err)
		err = edit_options(call, in, &draft);
	if (!err)
		err = ec2_end_dry_run(call, in->dry_run);
	if (!err)
		err = ec2_change(call->core, &draft);
	out->return_ = out->has_return_ = true;
	return err;
}

/* Records the fault of one endpoint of several. */
static void note(struct call *call, struct str id, struct ec2_delete_vpc_endpoints_out *out)
{
	struct ec2_unsuccessful_item *item = &out->unsuccessful[out->unsuccessful_count++];

	item->resource_id = id;
	item->error = arena_new(call->arena, struct ec2_unsuccessful_item_error);
	item->error->code = call->fault->query_code;
	item->error->message = call->fault_text;
	call->fault = NULL;
}

static enum err authorize_all(struct call *call, const struct ec2_delete_vpc_endpoints_in *in)
{
	for (size_t i = 0; i < in->vpc_endpoint_ids_count; i++) {
		const struct ec2_endpoint *endpoint = NULL;
		struct str id = in->vpc_endpoint_ids[i];
		if (ec2_find_endpoint(call, id, &endpoint) != ERR_OK)
			call->fault = NULL;
		enum err err =
			ec2_authorize(call, arn_tail(call, id), endpoint ? endpoint->tags : NULL,
				      endpoint ? endpoint->tag_count : 0);
		if (err)
			return err;
	}
	return ERR_OK;
}

enum err ec2_delete_vpc_endpoints(struct call *call, const struct ec2_delete_vpc_endpoints_in *in,
				  struct ec2_delete_vpc_endpoints_out *out)
{
	enum err err = authorize_all(call, in);
	if (!err)
		err = ec2_end_dry_run(call, in->dry_run);
	if (err)
		return err;
	out->unsuccessful =
		arena_array(call->arena, struct ec2_unsuccessful_item, in->vpc_endpoint_ids_count);
	for (size_t i = 0; i < in->vpc_endpoint_ids_count; i++) {
		const struct ec2_endpoint *endpoint;
		err = ec2_find_endpoint(call, in->vpc_endpoint_ids[i], &endpoint);
		if (err == ERR_FAULT) {
			note(call, in->vpc_endpoint_ids[i], out);
			continue;
		}
		err = ec2_remove(call->core, endpoint);
		if (err)
			return err;
		log_event(LOG_INFO, "private endpoint closed",
			  log_str("endpoint", endpoint->shown.id));
	}
	return ERR_OK;
}
