/* SPDX-License-Identifier: MIT */
/*
 * create: CreateVpcEndpoint. First it opens an address, then writes the record, and accepts
 * connections only when the record is durable.
 */
#include "core/group.h"
#include "core/limit/quota.h"
#include "services/ec2/change.h"
#include "services/ec2/check.h"
#include "services/ec2/ec2.h"
#include "services/ec2/query.h"
#include "services/ec2/view.h"

/* The tags of all specifications. */
static void ask_about_tags(struct call *call, const struct ec2_create_vpc_endpoint_in *in)
{
	struct ec2_tag *tags;
	size_t count = 0;

	for (size_t i = 0; i < in->tag_specifications_count; i++)
		count += in->tag_specifications[i].tags_count;
	tags = arena_array(call->arena, struct ec2_tag, count);
	count = 0;
	for (size_t i = 0; i < in->tag_specifications_count; i++)
		for (size_t j = 0; j < in->tag_specifications[i].tags_count; j++)
			tags[count++] = in->tag_specifications[i].tags[j];
	ec2_tags_ask(call, tags, count);
}

static enum err authorize(struct call *call, const struct ec2_create_vpc_endpoint_in *in)
{
	struct str any = STR("vpc-endpoint/*");

	call_add_key(call, STR("ec2:VpceServiceName"), &in->service_name, 1);
	ask_about_tags(call, in);
	enum err err = ec2_authorize(call, any, NULL, 0);
	if (!err && in->tag_specifications_count > 0)
		err = ec2_authorize_action(call, STR("ec2:CreateTags"), any, NULL, 0);
	call_set_request_tags(call, NULL, 0);
	if (!err)
		err = ec2_authorize(
			call, arena_format(call->arena, "vpc/%.*s", STR_ARG(in->vpc_id)), NULL, 0);
	for (size_t i = 0; i < in->subnet_ids_count && !err; i++)
		err = ec2_authorize(
			call, arena_format(call->arena, "subnet/%.*s", STR_ARG(in->subnet_ids[i])),
			NULL, 0);
	for (size_t i = 0; i < in->security_group_ids_count && !err; i++)
		err = ec2_authorize(call,
				    arena_format(call->arena, "security-group/%.*s",
						 STR_ARG(in->security_group_ids[i])),
				    NULL, 0);
	return err;
}

static enum err check_type(struct call *call, const struct ec2_create_vpc_endpoint_in *in)
{
	struct str type = in->vpc_endpoint_type.size > 0 ? in->vpc_endpoint_type : STR("Gateway");

	if (in->service_network_arn.size > 0 || in->resource_configuration_arn.size > 0)
		return fail(call, &EC2_INVALID_PARAMETER,
			    "Endpoints of service networks and resource configurations are not "
			    "served here.");
	if (str_equal(type, STR("Interface")))
		return ERR_OK;
	return fail(call, &EC2_INVALID_PARAMETER,
		    "Endpoint type (%.*s) does not match available service types ([Interface]).",
		    STR_ARG(type));
}

static enum err fill_options(struct call *call, const struct ec2_create_vpc_endpoint_in *in,
			     struct ec2_endpoint *draft)
{
	struct str record = {0};

	if (in->dns_options)
		record = in->dns_options->dns_record_ip_type;
	draft->ip_address_type = in->ip_address_type.size > 0 ? in->ip_address_type : STR("ipv4");
	draft->dns_record_ip_type = record.size > 0 ? record : draft->ip_address_type;
	draft->has_private_dns = !in->has_private_dns_enabled || in->private_dns_enabled;
	if (in->dns_options && in->dns_options->private_dns_only_for_inbound_resolver_endpoint)
		return fail(call, &EC2_INVALID_PARAMETER,
			    "To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC must "
			    "have a Gateway endpoint for the service.");
	return ERR_OK;
}

static enum err fill_tags(struct call *call, const struct ec2_create_vpc_endpoint_in *in,
			  struct ec2_endpoint *draft)
{
	for (size_t i = 0; i < in->tag_specifications_count; i++) {
		const struct ec2_tag_specification *given = &in->tag_specifications[i];
		if (!str_equal(given->resource_type, STR("vpc-endpoint")))
			return fail(call, &EC2_INVALID_PARAMETER_VALUE,
				    "'%.*s' is not a valid taggable resource type for this "
				    "operation.",
				    STR_ARG(given->resource_type));
		enum err err = ec2_tags_merge(call, draft, given->tags, given->tags_count);
		if (err)
			return err;
	}
	return ERR_OK;
}

/* The VPC's group "default", if it is declared. */
static void fill_default_group(struct call *call, struct ec2_endpoint *draft)
{
	const struct ec2_network *network = ec2_of(call->core)->network;

	for (size_t i = 0; i < network->count && draft->group_count == 0; i++) {
		const struct ec2_label *label = &network->items[i];
		if (label->kind == EC2_GROUP && str_equal(label->vpc, draft->shown.vpc) &&
		    str_equal(label->name, STR("default"))) {
			draft->groups = &label->id;
			draft->group_count = 1;
		}
	}
}

static enum err fill_networks(struct call *call, const struct ec2_create_vpc_endpoint_in *in,
			      struct ec2_endpoint *draft)
{
	if (in->route_table_ids_count > 0)
		return fail(call, &EC2_INVALID_PARAMETER,
			    "Route table IDs are only supported for Gateway type VPC Endpoint.");
	enum err err = ec2_check_vpc(call, in->vpc_id);
	if (!err)
		err = ec2_check_subnets(call, in->vpc_id, in->subnet_ids, in->subnet_ids_count);
	if (!err)
		err = ec2_check_groups(call, in->vpc_id, in->security_group_ids,
				       in->security_group_ids_count);
	draft->shown.vpc = in->vpc_id;
	draft->subnets = in->subnet_ids;
	draft->subnet_count = in->subnet_ids_count;
	draft->groups = in->security_group_ids;
	draft->group_count = in->security_group_ids_count;
	if (!err)
		fill_default_group(call, draft);
	return err;
}

/* The members that two requests with one ClientToken must have in common. */
static struct str fingerprint_of(struct call *call, const struct ec2_create_vpc_endpoint_in *in)
{
	struct buf text = {0};
	uint8_t hash[32];
	char *hex = arena_bytes(call->arena, 2 * sizeof(hash));

	buf_format(&text, "%.*s\n%.*s\n%.*s\n%.*s\n%d%d\n", STR_ARG(in->vpc_id),
		   STR_ARG(in->service_name), STR_ARG(in->policy_document),
		   STR_ARG(in->ip_address_type), in->has_private_dns_enabled,
		   in->private_dns_enabled);
	for (size_t i = 0; i < in->subnet_ids_count; i++)
		buf_format(&text, "%.*s\n", STR_ARG(in->subnet_ids[i]));
	for (size_t i = 0; i < in->security_group_ids_count; i++)
		buf_format(&text, "%.*s\n", STR_ARG(in->security_group_ids[i]));
	sha256(buf_str(&text), hash);
	buf_done(&text);
	hex_format(str_of(hash, sizeof(hash)), hex);
	return str_of(hex, 2 * sizeof(hash));
}

/* Existing endpoints that concern a new one. */
struct survey {
	const struct ec2_endpoint *draft;
	const struct ec2_endpoint *same_token; /* held */
	size_t in_vpc, in_account;
	bool is_taken; /* the VPC is another account's */
};

static bool look(void *context, const struct ec2_endpoint *other)
{
	struct survey *survey = context;
	const struct ec2_endpoint *draft = survey->draft;

	if (draft->client_token.size > 0 && str_equal(draft->client_token, other->client_token))
		survey->same_token = ec2_endpoint_hold(other);
	survey->in_account++;
	survey->in_vpc += str_equal(draft->shown.vpc, other->shown.vpc);
	return true;
}

/* Continues until it finds an endpoint of another account in the VPC. */
static bool is_free(void *context, const struct ec2_endpoint *other)
{
	struct survey *survey = context;
	const struct ec2_endpoint *draft = survey->draft;

	survey->is_taken = str_equal(draft->shown.vpc, other->shown.vpc) &&
			   !str_equal(draft->account, other->account);
	return !survey->is_taken;
}

/*
 * A VPC belongs to one account, or any account could claim an aws:SourceVpc: to the account of its
 * declaration, or else to the account that has endpoints in it.
 */
static enum err check_others(struct call *call, const struct ec2_endpoint *draft,
			     struct survey *survey)
{
	struct ec2_endpoints *endpoints = ec2_of(call->core)->endpoints;

	ec2_endpoints_each(endpoints, (struct str){0}, (struct str){0}, is_free, survey);
	if (survey->is_taken)
		return fail(call, &EC2_INVALID_VPC_ID_NOT_FOUND, "The Vpc Id %.*s does not exist",
			    STR_ARG(draft->shown.vpc));
	bool is_full = ec2_endpoints_count(endpoints) >= LIMIT_VPC_ENDPOINTS;
	if (is_full)
		quota_log_server_limit(STR("private endpoints"), LIMIT_VPC_ENDPOINTS);
	if (is_full ||
	    (int64_t)survey->in_vpc >=
		    quota_most(call->core->quotas, QUOTA_VPC_ENDPOINTS_PER_VPC) ||
	    (int64_t)survey->in_account >= quota_most(call->core->quotas, QUOTA_VPC_ENDPOINTS))
		return fail(call, &EC2_VPC_ENDPOINT_LIMIT_EXCEEDED,
			    "You have reached the limit on the number of VPC endpoints you can "
			    "create.");
	return draft->has_private_dns ? ec2_check_private_dns(call, draft) : ERR_OK;
}

static void make_interfaces(struct call *call, struct ec2_endpoint *draft)
{
	struct str *interfaces = arena_array(call->arena, struct str, draft->subnet_count);

	for (size_t i = 0; i < draft->subnet_count; i++)
		interfaces[i] = ec2_make_id(call, "eni-");
	draft->interfaces = interfaces;
	draft->interface_count = draft->subnet_count;
}

static enum err open(struct call *call, struct ec2_endpoint *draft)
{
	struct core *core = call->core;

	draft->shown.id = ec2_make_id(call, "vpce-");
	draft->created_ms = call->now_ms;
	make_interfaces(call, draft);
	enum err err = core->listeners->open(core, call->arena, draft->shown.id, (struct str){0},
					     &draft->url, &draft->listener);
	if (err == ERR_BUSY)
		return fail(call, &EC2_INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET,
			    "No address of --endpoint-listen is free.");
	if (err)
		return err;
	err = ec2_change(core, draft);
	if (!err)
		err = core_leave_group(core);
	if (err) {
		core->listeners->close(core, draft->listener);
		return err;
	}
	core->listeners->serve(core, draft->listener);
	return ERR_OK;
}

static enum err fill(struct call *call, const struct ec2_create_vpc_endpoint_in *in,
		     struct ec2_endpoint *draft)
{
	struct str service;

	enum err err = ec2_check_service(call, in->service_name, &service);
	if (!err && in->service_region.size > 0 && !str_equal(in->service_region, call->region))
		err = fail(call, &EC2_INVALID_PARAMETER,
			   "Services of other regions are not served here.");
	if (!err)
		err = check_type(call, in);
	if (!err)
		err = fill_networks(call, in, draft);
	if (!err)
		err = fill_options(call, in, draft);
	if (!err && in->policy_document.size > 0)
		err = ec2_set_policy(call, in->policy_document, draft);
	if (!err)
		err = fill_tags(call, in, draft);
	if (err)
		return err;
	draft->account = call->account;
	draft->region = call->region;
	draft->service_name = in->service_name;
	draft->shown.service = service;
	draft->client_token = in->client_token;
	draft->fingerprint = fingerprint_of(call, in);
	return ERR_OK;
}

enum err ec2_create_vpc_endpoint(struct call *call, const struct ec2_create_vpc_endpoint_in *in,
				 struct ec2_create_vpc_endpoint_out *out)
{
	struct ec2_endpoint draft = {0};
	struct survey survey = {.draft = &draft};

	enum err err = authorize(call, in);
	if (!err)
		err = fill(call, in, &draft);
	if (err)
		return err;
	out->client_token = in->client_token;
	ec2_endpoints_each(ec2_of(call->core)->endpoints, call->account, call->region, look,
			   &survey);
	if (survey.same_token) {
		ec2_keep_endpoint(call, survey.same_token);
		if (!str_equal(survey.same_token->fingerprint, draft.fingerprint))
			return fail(call, &EC2_IDEMPOTENT_PARAMETER_MISMATCH,
				    "Arguments on this idempotent request are inconsistent with "
				    "arguments used in previous request(s).");
		out->vpc_endpoint = ec2_show_endpoint(call, survey.same_token);
		return ERR_OK;
	}
	err = check_others(call, &draft, &survey);
	if (!err)
		err = ec2_end_dry_run(call, in->dry_run);
	if (!err)
		err = open(call, &draft);
	if (!err)
		out->vpc_endpoint = ec2_show_endpoint(call, &draft);
	return err;
}
