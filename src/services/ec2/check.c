/* SPDX-License-Identifier: MIT */
/* check: checks that need no change of the registry. */
#include "services/ec2/check.h"

#include "core/policies.h"
#include "core/tags.h"
#include "services/ec2/ec2.h"

#define TAGS_MAX 50

const struct str ec2_services[] = {
	STR_INIT("application-autoscaling"),
	STR_INIT("ec2"),
	STR_INIT("ecs"),
	STR_INIT("events"),
	STR_INIT("kms"),
	STR_INIT("lambda"),
	STR_INIT("monitoring"),
	STR_INIT("s3"),
	STR_INIT("sns"),
	STR_INIT("sqs"),
	STR_INIT("sts"),
};
const size_t ec2_service_count = sizeof(ec2_services) / sizeof(ec2_services[0]);

struct str ec2_service_name(struct call *call, struct str service)
{
	return arena_format(call->arena, "com.amazonaws.%.*s.%.*s", STR_ARG(call->region),
			    STR_ARG(service));
}

enum err ec2_check_service(struct call *call, struct str name, struct str *out_service)
{
	if (name.size == 0)
		return fail(call, &EC2_MISSING_PARAMETER,
			    "The request must contain the parameter ServiceName");
	for (size_t i = 0; i < ec2_service_count; i++) {
		if (str_equal(ec2_service_name(call, ec2_services[i]), name)) {
			*out_service = ec2_services[i];
			return ERR_OK;
		}
	}
	return fail(call, &EC2_INVALID_SERVICE_NAME,
		    "The Vpc Endpoint Service '%.*s' does not exist", STR_ARG(name));
}

static const struct ec2_network *network_of(struct call *call)
{
	return ec2_of(call->core)->network;
}

/* *out_label is NULL where nothing is declared. */
static enum err find_label(struct call *call, enum ec2_label_kind kind, struct str id,
			   const struct ec2_label **out_label)
{
	static const struct {
		const struct fault_type *malformed, *missing;
		const char *name, *form;
	} kinds[EC2_LABEL_KINDS] = {
		[EC2_VPC] = {&EC2_INVALID_VPC_ID_MALFORMED, &EC2_INVALID_VPC_ID_NOT_FOUND, "Vpc Id",
			     "vpc-..."},
		[EC2_SUBNET] = {&EC2_INVALID_SUBNET_ID_MALFORMED, &EC2_INVALID_SUBNET_ID_NOT_FOUND,
				"subnet ID", "subnet-..."},
		[EC2_GROUP] = {&EC2_INVALID_SECURITY_GROUP_ID_MALFORMED,
			       &EC2_INVALID_SECURITY_GROUP_ID_NOT_FOUND, "security group ID",
			       "sg-..."},
	};
	const struct ec2_network *network = network_of(call);

	*out_label = NULL;
	if (!ec2_label_is_id(kind, id))
		return fail(call, kinds[kind].malformed, "Invalid id: \"%.*s\" (expecting \"%s\")",
			    STR_ARG(id), kinds[kind].form);
	if (network->count == 0)
		return ERR_OK;
	*out_label = ec2_network_find(network, call->account, call->region, kind, id);
	if (*out_label)
		return ERR_OK;
	return fail(call, kinds[kind].missing, "The %s %.*s does not exist", kinds[kind].name,
		    STR_ARG(id));
}

enum err ec2_check_vpc(struct call *call, struct str id)
{
	const struct ec2_label *label;

	return find_label(call, EC2_VPC, id, &label);
}

enum err ec2_check_subnets(struct call *call, struct str vpc, const struct str *ids, size_t count)
{
	const struct ec2_label **labels = arena_array(call->arena, const struct ec2_label *, count);

	if (count > LIMIT_VPC_ENDPOINT_NETWORKS)
		return fail(call, &EC2_INVALID_PARAMETER, "Too many subnets: %zu.", count);
	for (size_t i = 0; i < count; i++) {
		enum err err = find_label(call, EC2_SUBNET, ids[i], &labels[i]);
		if (err)
			return err;
		if (labels[i] && !str_equal(labels[i]->vpc, vpc))
			return fail(call, &EC2_INVALID_PARAMETER,
				    "Subnet %.*s does not belong to VPC %.*s", STR_ARG(ids[i]),
				    STR_ARG(vpc));
		for (size_t j = 0; j < i; j++) {
			if (str_equal(ids[i], ids[j]))
				return fail(call, &EC2_INVALID_PARAMETER,
					    "The subnet %.*s is given twice", STR_ARG(ids[i]));
			if (labels[i] && labels[i]->zone.size > 0 &&
			    str_equal(labels[i]->zone, labels[j]->zone))
				return fail(call, &EC2_DUPLICATE_SUBNETS_IN_SAME_ZONE,
					    "Found another VPC endpoint subnet in the availability "
					    "zone of %.*s",
					    STR_ARG(ids[i]));
		}
	}
	return ERR_OK;
}

enum err ec2_check_groups(struct call *call, struct str vpc, const struct str *ids, size_t count)
{
	const struct ec2_label *label;

	if (count > LIMIT_VPC_ENDPOINT_NETWORKS)
		return fail(call, &EC2_INVALID_PARAMETER, "Too many security groups: %zu.", count);
	for (size_t i = 0; i < count; i++) {
		enum err err = find_label(call, EC2_GROUP, ids[i], &label);
		if (err)
			return err;
		if (label && !str_equal(label->vpc, vpc))
			return fail(call, &EC2_INVALID_PARAMETER,
				    "Security group %.*s and VPC %.*s belong to different networks",
				    STR_ARG(ids[i]), STR_ARG(vpc));
	}
	return ERR_OK;
}

enum err ec2_set_policy(struct call *call, struct str text, struct ec2_endpoint *draft)
{
	struct policy_names bound;
	struct str problem;

	if (text.size > LIMIT_ENDPOINT_POLICY_SIZE)
		return fail(call, &EC2_INVALID_POLICY_DOCUMENT,
			    "The policy is longer than %d characters", LIMIT_ENDPOINT_POLICY_SIZE);
	enum err err = policies_bind(call, text, POLICY_RESOURCE, &bound, &problem);
	if (err == ERR_NOTFOUND)
		return fail(call, &EC2_INVALID_POLICY_DOCUMENT,
			    "Invalid principal in policy: \"AWS\":\"%.*s\"", STR_ARG(problem));
	if (err)
		return fail(call, &EC2_INVALID_POLICY_DOCUMENT, "%.*s", STR_ARG(problem));
	draft->policy = text;
	draft->policy_names = bound;
	return ERR_OK;
}

static void release_endpoint(void *subject)
{
	ec2_endpoint_release(subject);
}

void ec2_keep_endpoint(struct call *call, const struct ec2_endpoint *endpoint)
{
	call_on_end(call, release_endpoint, endpoint);
}

enum err ec2_no_such_endpoint(struct call *call, struct str id)
{
	return fail(call, &EC2_INVALID_VPC_ENDPOINT_ID_NOT_FOUND,
		    "The Vpc Endpoint Id '%.*s' does not exist", STR_ARG(id));
}

enum err ec2_find_endpoint(struct call *call, struct str id,
			   const struct ec2_endpoint **out_endpoint)
{
	if (!str_starts(id, STR("vpce-")))
		return fail(call, &EC2_INVALID_VPC_ENDPOINT_ID_MALFORMED,
			    "Invalid Id: '%.*s' (expecting 'vpce-...')", STR_ARG(id));
	*out_endpoint =
		ec2_endpoints_find(ec2_of(call->core)->endpoints, call->account, call->region, id);
	if (!*out_endpoint)
		return ec2_no_such_endpoint(call, id);
	ec2_keep_endpoint(call, *out_endpoint);
	return ERR_OK;
}

struct conflict {
	const struct ec2_endpoint *draft;
	bool is_found;
};

static bool find_conflict(void *context, const struct ec2_endpoint *other)
{
	struct conflict *conflict = context;
	const struct ec2_endpoint *draft = conflict->draft;

	conflict->is_found = other->has_private_dns &&
			     str_equal(other->shown.vpc, draft->shown.vpc) &&
			     str_equal(other->service_name, draft->service_name) &&
			     !str_equal(other->shown.id, draft->shown.id);
	return !conflict->is_found;
}

enum err ec2_check_private_dns(struct call *call, const struct ec2_endpoint *draft)
{
	struct conflict conflict = {.draft = draft};

	ec2_endpoints_each(ec2_of(call->core)->endpoints, call->account, call->region,
			   find_conflict, &conflict);
	if (!conflict.is_found)
		return ERR_OK;
	return fail(call, &EC2_INVALID_PARAMETER,
		    "private-dns-enabled cannot be set because there is already a conflicting DNS "
		    "domain for %.*s.%.*s.amazonaws.com in the VPC %.*s",
		    STR_ARG(draft->shown.service), STR_ARG(call->region),
		    STR_ARG(draft->shown.vpc));
}

struct str ec2_make_id(struct call *call, const char *prefix)
{
	uint8_t bytes[9];
	char hex[2 * sizeof(bytes)];

	random_bytes(bytes, sizeof(bytes));
	hex_format(str_of(bytes, sizeof(bytes)), hex);
	return arena_format(call->arena, "%s%.17s", prefix, hex);
}

/* ---- tags ---- */

static enum err check_tag(struct call *call, const struct ec2_tag *tag)
{
	if (tag->key.size == 0)
		return fail(call, &EC2_INVALID_PARAMETER_VALUE, "Tag key cannot be null or empty.");
	if (str_count_characters(tag->key) > LIMIT_TAG_KEY_SIZE)
		return fail(call, &EC2_INVALID_PARAMETER_VALUE,
			    "Tag key exceeds the maximum length of %d characters",
			    LIMIT_TAG_KEY_SIZE);
	if (str_count_characters(tag->value) > LIMIT_TAG_VALUE_SIZE)
		return fail(call, &EC2_INVALID_PARAMETER_VALUE,
			    "Tag value exceeds the maximum length of %d characters",
			    LIMIT_TAG_VALUE_SIZE);
	if (str_equal_nocase(str_slice(tag->key, 0, 4), STR("aws:")))
		return fail(call, &EC2_INVALID_PARAMETER_VALUE,
			    "Tag keys starting with 'aws:' are reserved for internal use");
	return ERR_OK;
}

static enum err too_many_tags(struct call *call)
{
	return fail(call, &EC2_TAG_LIMIT_EXCEEDED,
		    "You have reached the maximum number of tags for this resource (%d).",
		    TAGS_MAX);
}

enum err ec2_tags_merge(struct call *call, struct ec2_endpoint *draft, const struct ec2_tag *tags,
			size_t count)
{
	struct tag_set set;

	if (count > TAGS_MAX)
		return too_many_tags(call);
	set = tag_set_copy(call->arena, draft->tags, draft->tag_count, count);
	for (size_t i = 0; i < count; i++) {
		enum err err = check_tag(call, &tags[i]);
		if (err)
			return err;
		tag_set_put(&set, tags[i].key, tags[i].value);
	}
	if (set.count > TAGS_MAX)
		return too_many_tags(call);
	draft->tags = set.tags;
	draft->tag_count = set.count;
	return ERR_OK;
}

void ec2_tags_ask(struct call *call, const struct ec2_tag *tags, size_t count)
{
	struct shape_pair *pairs = arena_array(call->arena, struct shape_pair, count);

	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct shape_pair){tags[i].key, tags[i].value};
	call_set_request_tags(call, pairs, count);
}
