/* SPDX-License-Identifier: MIT */
/* protection: PutDataProtectionPolicy and GetDataProtectionPolicy. */
#include "services/sns/protection.h"

#include "api/sns.h"
#include "format/json.h"
#include "services/sns/change.h"

static bool is_direction(yyjson_val *value)
{
	return str_equal(json_text(value), STR("Inbound")) ||
	       str_equal(json_text(value), STR("Outbound"));
}

/* Exactly one of Deny, Audit and Deidentify. */
static bool is_operation(yyjson_val *value)
{
	return yyjson_is_obj(value) && yyjson_obj_size(value) == 1 &&
	       (json_member(value, "Deny") || json_member(value, "Audit") ||
		json_member(value, "Deidentify"));
}

static bool is_statement(yyjson_val *statement)
{
	return yyjson_is_obj(statement) && is_direction(json_member(statement, "DataDirection")) &&
	       yyjson_is_arr(json_member(statement, "DataIdentifier")) &&
	       is_operation(json_member(statement, "Operation"));
}

static bool is_policy(yyjson_val *root)
{
	yyjson_val *statements = json_member(root, "Statement");
	yyjson_val *statement;
	size_t i, most;

	if (!yyjson_is_obj(root) || !yyjson_is_arr(statements) ||
	    !str_equal(json_text(json_member(root, "Version")), STR("2021-06-01")))
		return false;
	yyjson_arr_foreach(statements, i, most, statement)
		if (!is_statement(statement))
			return false;
	return true;
}

enum err sns_protection_set(struct call *call, struct topic *draft, struct str policy)
{
	yyjson_val *root;

	if (policy.size == 0) {
		draft->data_protection_policy = (struct str){0};
		return ERR_OK;
	}
	if (draft->is_fifo)
		return sns_invalid(call, "DataProtectionPolicy is not supported for FIFO topics");
	if (policy.size > LIMIT_TOPIC_POLICY_SIZE ||
	    json_parse(call->arena, policy, &root) != ERR_OK || !is_policy(root))
		return sns_invalid(call, "DataProtectionPolicy");
	draft->data_protection_policy = policy;
	return ERR_OK;
}

enum err sns_put_data_protection_policy(struct call *call,
					const struct sns_put_data_protection_policy_in *in,
					struct sns_put_data_protection_policy_out *out)
{
	const struct topic *topic;

	(void)out;
	enum err err = sns_topic_of_call(call, "ResourceArn", in->resource_arn, &topic);
	if (err)
		return err;
	struct topic draft = sns_topic_draft(topic);
	err = sns_protection_set(call, &draft, in->data_protection_policy);
	return err ? err : sns_topic_put(call->core, &draft);
}

enum err sns_get_data_protection_policy(struct call *call,
					const struct sns_get_data_protection_policy_in *in,
					struct sns_get_data_protection_policy_out *out)
{
	const struct topic *topic;

	enum err err = sns_topic_of_call(call, "ResourceArn", in->resource_arn, &topic);
	if (!err)
		out->data_protection_policy = topic->data_protection_policy.data
						      ? topic->data_protection_policy
						      : STR("");
	return err;
}
