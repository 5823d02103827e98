/* SPDX-License-Identifier: MIT */
/* networks: DescribeVpcs, DescribeSubnets, DescribeSecurityGroups, from the configuration's
 * declarations. */
#include "base/arn.h"
#include "services/ec2/check.h"
#include "services/ec2/ec2.h"
#include "services/ec2/query.h"

struct selection {
	enum ec2_label_kind kind;
	const char *filters;
	const struct str *ids;
	size_t id_count;
	struct {
		const struct ec2_filter *items;
		size_t count;
	} given;
	struct {
		bool has_most;
		int64_t most;
		struct str token;
		bool is_dry_run;
	} page;

	const struct ec2_label **labels; /* results */
	size_t count;
	struct str next_token;
};

static bool has(const void *thing, struct str name, struct ec2_pattern pattern)
{
	const struct ec2_label *label = thing;

	if (str_equal(name, STR("vpc-id")))
		return ec2_fits(pattern, label->vpc);
	if (str_equal(name, STR("subnet-id")) || str_equal(name, STR("group-id")))
		return ec2_fits(pattern, label->id);
	if (str_equal(name, STR("group-name")))
		return ec2_fits(pattern, label->name);
	if (str_equal(name, STR("description")))
		return ec2_fits(pattern, label->description);
	if (str_equal(name, STR("owner-id")))
		return ec2_fits(pattern, label->account);
	if (str_equal(name, STR("state")))
		return ec2_fits(pattern, STR("available"));
	if (str_equal(name, STR("availability-zone")))
		return ec2_fits(pattern, label->zone);
	if (str_equal(name, STR("cidr")) || str_equal(name, STR("cidr-block")))
		return ec2_fits(pattern, label->cidr);
	if (str_equal(name, STR("is-default")) || str_equal(name, STR("isDefault")))
		return ec2_fits(pattern, STR("false"));
	return ec2_tags_have(label->tags, label->tag_count, name, pattern);
}

static enum err check_ids(struct call *call, const struct selection *selection)
{
	static const struct {
		const struct fault_type *fault;
		const char *text;
	} kinds[EC2_LABEL_KINDS] = {
		[EC2_VPC] = {&EC2_VPC_NOT_FOUND, "vpc ID"},
		[EC2_SUBNET] = {&EC2_SUBNET_NOT_FOUND, "subnet ID"},
		[EC2_GROUP] = {&EC2_INVALID_GROUP_NOT_FOUND, "security group"},
	};
	const struct ec2_network *network = ec2_of(call->core)->network;

	for (size_t i = 0; i < selection->id_count; i++)
		if (!ec2_network_find(network, call->account, call->region, selection->kind,
				      selection->ids[i]))
			return fail(call, kinds[selection->kind].fault,
				    "The %s '%.*s' does not exist", kinds[selection->kind].text,
				    STR_ARG(selection->ids[i]));
	return ERR_OK;
}

static enum err select_labels(struct call *call, struct selection *selection)
{
	const struct ec2_network *network = ec2_of(call->core)->network;
	struct ec2_query query;

	enum err err = ec2_authorize(call, (struct str){0}, NULL, 0);
	if (!err)
		err = ec2_query_begin(call, selection->given.items, selection->given.count,
				      selection->filters, has, selection->page.has_most,
				      selection->page.most, selection->page.token, &query);
	if (!err)
		err = check_ids(call, selection);
	if (!err)
		err = ec2_end_dry_run(call, selection->page.is_dry_run);
	if (err)
		return err;
	ec2_query_ids(call, &query, selection->ids, selection->id_count);
	selection->labels = arena_array(call->arena, const struct ec2_label *, network->count);
	for (size_t i = 0; i < network->count; i++) {
		const struct ec2_label *label = &network->items[i];
		if (label->kind == selection->kind && str_equal(label->account, call->account) &&
		    str_equal(label->region, call->region) &&
		    ec2_query_takes(&query, label, label->id))
			selection->labels[selection->count++] = label;
	}
	return ec2_query_end(call, &query, &selection->next_token);
}

/* A view of a text that is there, or none. */
static struct str shown(struct str text)
{
	return text.size > 0 ? text : (struct str){0};
}

enum err ec2_describe_vpcs(struct call *call, const struct ec2_describe_vpcs_in *in,
			   struct ec2_describe_vpcs_out *out)
{
	struct selection selection = {
		.kind = EC2_VPC,
		.filters = "vpc-id owner-id state cidr cidr-block is-default isDefault tag",
		.ids = in->vpc_ids,
		.id_count = in->vpc_ids_count,
		.given = {in->filters, in->filters_count},
		.page = {in->has_max_results, in->max_results, in->next_token, in->dry_run},
	};

	enum err err = select_labels(call, &selection);
	if (err)
		return err;
	out->vpcs = arena_array(call->arena, struct ec2_vpc, selection.count);
	out->vpcs_count = selection.count;
	out->next_token = selection.next_token;
	for (size_t i = 0; i < selection.count; i++) {
		const struct ec2_label *label = selection.labels[i];
		struct ec2_vpc *vpc = &out->vpcs[i];
		vpc->vpc_id = label->id;
		vpc->owner_id = label->account;
		vpc->state = STR("available");
		vpc->cidr_block = shown(label->cidr);
		vpc->instance_tenancy = STR("default");
		vpc->has_is_default = true;
		ec2_show_tags(call, label->tags, label->tag_count, &vpc->tags, &vpc->tags_count);
	}
	return ERR_OK;
}

enum err ec2_describe_subnets(struct call *call, const struct ec2_describe_subnets_in *in,
			      struct ec2_describe_subnets_out *out)
{
	struct selection selection = {
		.kind = EC2_SUBNET,
		.filters = "subnet-id vpc-id owner-id state availability-zone cidr cidr-block tag",
		.ids = in->subnet_ids,
		.id_count = in->subnet_ids_count,
		.given = {in->filters, in->filters_count},
		.page = {in->has_max_results, in->max_results, in->next_token, in->dry_run},
	};

	enum err err = select_labels(call, &selection);
	if (err)
		return err;
	out->subnets = arena_array(call->arena, struct ec2_subnet, selection.count);
	out->subnets_count = selection.count;
	out->next_token = selection.next_token;
	for (size_t i = 0; i < selection.count; i++) {
		const struct ec2_label *label = selection.labels[i];
		struct ec2_subnet *subnet = &out->subnets[i];
		subnet->subnet_id = label->id;
		subnet->vpc_id = label->vpc;
		subnet->owner_id = label->account;
		subnet->state = STR("available");
		subnet->cidr_block = shown(label->cidr);
		subnet->availability_zone = shown(label->zone);
		subnet->subnet_arn =
			arn_make(call->arena, STR("ec2"), label->region, label->account,
				 arena_format(call->arena, "subnet/%.*s", STR_ARG(label->id)));
		subnet->has_default_for_az = subnet->has_map_public_ip_on_launch = true;
		ec2_show_tags(call, label->tags, label->tag_count, &subnet->tags,
			      &subnet->tags_count);
	}
	return ERR_OK;
}

enum err ec2_describe_security_groups(struct call *call,
				      const struct ec2_describe_security_groups_in *in,
				      struct ec2_describe_security_groups_out *out)
{
	const struct ec2_filter by_name = {STR("group-name"), in->group_names,
					   in->group_names_count};
	struct ec2_filter *filters =
		arena_array(call->arena, struct ec2_filter, in->filters_count + 1);
	struct selection selection = {
		.kind = EC2_GROUP,
		.filters = "group-id group-name vpc-id owner-id description tag",
		.ids = in->group_ids,
		.id_count = in->group_ids_count,
		.given = {.items = filters},
		.page = {in->has_max_results, in->max_results, in->next_token, in->dry_run},
	};

	for (size_t i = 0; i < in->filters_count; i++)
		filters[selection.given.count++] = in->filters[i];
	if (in->group_names_count > 0)
		filters[selection.given.count++] = by_name;
	enum err err = select_labels(call, &selection);
	if (err)
		return err;
	out->security_groups = arena_array(call->arena, struct ec2_security_group, selection.count);
	out->security_groups_count = selection.count;
	out->next_token = selection.next_token;
	for (size_t i = 0; i < selection.count; i++) {
		const struct ec2_label *label = selection.labels[i];
		struct ec2_security_group *group = &out->security_groups[i];
		group->group_id = label->id;
		group->group_name = label->name.size > 0 ? label->name : label->id;
		group->description = label->description.size > 0 ? label->description : label->id;
		group->vpc_id = label->vpc;
		group->owner_id = label->account;
		ec2_show_tags(call, label->tags, label->tag_count, &group->tags,
			      &group->tags_count);
	}
	return ERR_OK;
}
