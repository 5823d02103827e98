/* SPDX-License-Identifier: MIT */
/* network: flattens the configuration's VPCs with their subnets and groups into arrays. */
#include "services/ec2/network.h"

#include <stdlib.h>

#include "base/arn.h"
#include "format/json.h"

static const struct str prefixes[EC2_LABEL_KINDS] = {STR_INIT("vpc-"), STR_INIT("subnet-"),
						     STR_INIT("sg-")};

struct reader {
	struct ec2_network *network;
	const struct core *core;
	struct str problem;
};

bool ec2_label_is_id(enum ec2_label_kind kind, struct str id)
{
	struct str rest = str_slice(id, prefixes[kind].size, SIZE_MAX);

	if (!str_starts(id, prefixes[kind]) || (rest.size != 8 && rest.size != 17))
		return false;
	for (size_t i = 0; i < rest.size; i++)
		if (str_find_char(STR("0123456789abcdef"), rest.data[i], 0) == SIZE_MAX)
			return false;
	return true;
}

static enum err reject(struct reader *reader, struct str id, const char *text)
{
	reader->problem = arena_format(&reader->network->arena, "\"%.*s\" %s", STR_ARG(id), text);
	return ERR_FAULT;
}

static struct str text_or(yyjson_val *object, const char *name, struct str other)
{
	yyjson_val *value = json_member(object, name);

	return yyjson_is_str(value) ? json_text(value) : other;
}

static void read_tags(struct arena *arena, yyjson_val *object, struct ec2_label *label)
{
	struct shape_pair *tags = arena_array(arena, struct shape_pair, yyjson_obj_size(object));
	yyjson_val *key, *value;
	size_t i, most;

	if (yyjson_obj_size(object) == 0) /* there may be no object at all */
		return;
	yyjson_obj_foreach(object, i, most, key, value)
		tags[i] = (struct shape_pair){json_text(key), json_text(value)};
	label->tags = tags;
	label->tag_count = yyjson_obj_size(object);
}

static enum err add(struct reader *reader, yyjson_val *entry, enum ec2_label_kind kind,
		    const struct ec2_label *vpc)
{
	struct ec2_network *network = reader->network;
	struct ec2_label label = {
		.kind = kind,
		.id = text_or(entry, "id", STR("")),
		.account = text_or(entry, "account", reader->core->default_account),
		.region = text_or(entry, "region", reader->core->default_region),
		.name = text_or(entry, "name", STR("")),
		.description = text_or(entry, "description", STR("")),
		.cidr = text_or(entry, "cidr", STR("")),
		.zone = text_or(entry, "zone", STR("")),
	};

	label.vpc = vpc ? vpc->id : label.id;
	if (vpc) {
		label.account = vpc->account;
		label.region = vpc->region;
	}
	if (!ec2_label_is_id(kind, label.id))
		return reject(reader, label.id,
			      kind == EC2_VPC	   ? "must be vpc- and 8 or 17 hex digits"
			      : kind == EC2_SUBNET ? "must be subnet- and 8 or 17 hex digits"
						   : "must be sg- and 8 or 17 hex digits");
	if (!arn_is_account(label.account) || !arn_is_region(label.region))
		return reject(reader, label.id, "has an account or a region that is none");
	for (size_t i = 0; i < network->count; i++)
		if (str_equal(network->items[i].id, label.id))
			return reject(reader, label.id, "is declared twice");
	read_tags(&network->arena, json_member(entry, "tags"), &label);
	vec_push(network, label);
	return ERR_OK;
}

static enum err add_all(struct reader *reader, yyjson_val *list, enum ec2_label_kind kind,
			const struct ec2_label *vpc)
{
	yyjson_val *entry;
	size_t i, most;

	if (list && !yyjson_is_arr(list))
		return reject(reader, vpc->id, "has subnets or security-groups that are no list");
	yyjson_arr_foreach(list, i, most, entry) {
		enum err err = add(reader, entry, kind, vpc);
		if (err)
			return err;
	}
	return ERR_OK;
}

static enum err add_vpc(struct reader *reader, yyjson_val *entry)
{
	enum err err = add(reader, entry, EC2_VPC, NULL);
	if (err)
		return err;
	struct ec2_label vpc = reader->network->items[reader->network->count - 1];
	err = add_all(reader, json_member(entry, "subnets"), EC2_SUBNET, &vpc);
	if (err)
		return err;
	return add_all(reader, json_member(entry, "security-groups"), EC2_GROUP, &vpc);
}

static int compare(const void *a, const void *b)
{
	return str_compare(((const struct ec2_label *)a)->id, ((const struct ec2_label *)b)->id);
}

enum err ec2_network_read(struct ec2_network *network, const struct core *core, struct str config,
			  struct str *out_problem)
{
	struct reader reader = {.network = network, .core = core};
	yyjson_val *root, *entry;
	size_t i, most;

	*network = (struct ec2_network){0};
	arena_init(&network->arena);
	if (config.size == 0)
		return ERR_OK;
	enum err err = json_parse(&network->arena, config, &root);
	if (err)
		return err;
	yyjson_val *vpcs = json_member(root, "vpcs");
	if (vpcs && !yyjson_is_arr(vpcs)) {
		*out_problem = STR("\"vpcs\" must be a list");
		return ERR_FAULT;
	}
	yyjson_arr_foreach(vpcs, i, most, entry) {
		err = add_vpc(&reader, entry);
		if (err) {
			*out_problem = reader.problem;
			return err;
		}
	}
	if (network->count > 0)
		qsort(network->items, network->count, sizeof(*network->items), compare);
	return ERR_OK;
}

void ec2_network_done(struct ec2_network *network)
{
	vec_done(network);
	arena_done(&network->arena);
}

const struct ec2_label *ec2_network_find(const struct ec2_network *network, struct str account,
					 struct str region, enum ec2_label_kind kind, struct str id)
{
	const struct ec2_label wanted = {.id = id};

	if (network->count == 0)
		return NULL;
	const struct ec2_label *label =
		bsearch(&wanted, network->items, network->count, sizeof(*network->items), compare);
	if (!label || label->kind != kind || !str_equal(label->account, account) ||
	    !str_equal(label->region, region))
		return NULL;
	return label;
}
