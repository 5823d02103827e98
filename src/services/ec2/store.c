/* SPDX-License-Identifier: MIT */
/* store: names as in the API where the API has one. */
#include "services/ec2/store.h"

#include "core/policies.h"

#define STORE_VERSION 1

struct field {
	const char *name;
	size_t offset;
};

static const struct field texts[] = {
	{"vpcEndpointId", offsetof(struct ec2_endpoint, shown.id)},
	{"vpcId", offsetof(struct ec2_endpoint, shown.vpc)},
	{"service", offsetof(struct ec2_endpoint, shown.service)},
	{"account", offsetof(struct ec2_endpoint, account)},
	{"region", offsetof(struct ec2_endpoint, region)},
	{"serviceName", offsetof(struct ec2_endpoint, service_name)},
	{"policyDocument", offsetof(struct ec2_endpoint, policy)},
	{"clientToken", offsetof(struct ec2_endpoint, client_token)},
	{"fingerprint", offsetof(struct ec2_endpoint, fingerprint)},
	{"ipAddressType", offsetof(struct ec2_endpoint, ip_address_type)},
	{"dnsRecordIpType", offsetof(struct ec2_endpoint, dns_record_ip_type)},
	{"url", offsetof(struct ec2_endpoint, url)},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void encode_list(struct json_writer *writer, struct str name, const struct str *items,
			size_t count)
{
	json_key(writer, name);
	json_open_array(writer);
	for (size_t i = 0; i < count; i++)
		json_str(writer, items[i]);
	json_close_array(writer);
}

void ec2_endpoint_encode(struct buf *out, const struct ec2_endpoint *endpoint)
{
	struct json_writer writer;

	json_begin(&writer, out);
	json_open_object(&writer);
	json_key(&writer, STR("version"));
	json_i64(&writer, STORE_VERSION);
	for (size_t i = 0; i < COUNT(texts); i++) {
		json_key(&writer, str_from(texts[i].name));
		json_str(&writer, *(const struct str *)((const char *)endpoint + texts[i].offset));
	}
	encode_list(&writer, STR("subnetIds"), endpoint->subnets, endpoint->subnet_count);
	encode_list(&writer, STR("groupIds"), endpoint->groups, endpoint->group_count);
	encode_list(&writer, STR("networkInterfaceIds"), endpoint->interfaces,
		    endpoint->interface_count);
	json_key(&writer, STR("privateDnsEnabled"));
	json_bool(&writer, endpoint->has_private_dns);
	json_key(&writer, STR("createdMs"));
	json_i64(&writer, endpoint->created_ms);
	policies_write_names(&writer, STR("policyPrincipals"), endpoint->policy_names);
	json_key(&writer, STR("tags"));
	json_open_object(&writer);
	for (size_t i = 0; i < endpoint->tag_count; i++) {
		json_key(&writer, endpoint->tags[i].key);
		json_str(&writer, endpoint->tags[i].value);
	}
	json_close_object(&writer);
	json_close_object(&writer);
}

static const struct str *decode_list(struct arena *arena, yyjson_val *list, size_t *out_count)
{
	size_t count = yyjson_arr_size(list), i, most;
	struct str *items = arena_array(arena, struct str, count);
	yyjson_val *item;

	yyjson_arr_foreach(list, i, most, item)
		items[i] = json_text(item);
	*out_count = count;
	return items;
}

static const struct shape_pair *decode_tags(struct arena *arena, yyjson_val *object,
					    size_t *out_count)
{
	size_t count = yyjson_obj_size(object), i, most;
	struct shape_pair *tags = arena_array(arena, struct shape_pair, count);
	yyjson_val *key, *value;

	yyjson_obj_foreach(object, i, most, key, value)
		tags[i] = (struct shape_pair){json_text(key), json_text(value)};
	*out_count = count;
	return tags;
}

enum err ec2_endpoint_decode(struct arena *arena, struct str record, struct ec2_endpoint *out_draft)
{
	struct ec2_endpoint draft = {0};
	yyjson_val *root;

	if (json_parse(arena, record, &root) != ERR_OK || !yyjson_is_obj(root))
		return ERR_DAMAGED;
	if (yyjson_get_sint(json_member(root, "version")) > STORE_VERSION)
		return ERR_VERSION;
	for (size_t i = 0; i < COUNT(texts); i++)
		*(struct str *)((char *)&draft + texts[i].offset) =
			json_text(json_member(root, texts[i].name));
	draft.subnets = decode_list(arena, json_member(root, "subnetIds"), &draft.subnet_count);
	draft.groups = decode_list(arena, json_member(root, "groupIds"), &draft.group_count);
	draft.interfaces = decode_list(arena, json_member(root, "networkInterfaceIds"),
				       &draft.interface_count);
	draft.policy_names = policies_read_names(arena, json_member(root, "policyPrincipals"));
	draft.tags = decode_tags(arena, json_member(root, "tags"), &draft.tag_count);
	draft.has_private_dns = yyjson_get_bool(json_member(root, "privateDnsEnabled"));
	draft.created_ms = yyjson_get_sint(json_member(root, "createdMs"));
	if (draft.shown.id.size == 0)
		return ERR_DAMAGED;
	*out_draft = draft;
	return ERR_OK;
}
