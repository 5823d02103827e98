/* SPDX-License-Identifier: MIT */
/*
 * permissions: AddPermission and RemovePermission edit the topic's Policy attribute.
 *
 * https://docs.aws.amazon.com/sns/latest/api/API_AddPermission.html The policy's other statements
 * keep their text, and their principals stay bound: new statements name accounts, which have no
 * ids.
 */
#include "api/sns.h"
#include "core/policy_document.h"
#include "services/sns/attributes.h"
#include "services/sns/change.h"

static const struct str actions[] = {
	STR_INIT("AddPermission"),
	STR_INIT("DeleteTopic"),
	STR_INIT("GetTopicAttributes"),
	STR_INIT("ListSubscriptionsByTopic"),
	STR_INIT("Publish"),
	STR_INIT("Receive"),
	STR_INIT("RemovePermission"),
	STR_INIT("SetTopicAttributes"),
	STR_INIT("Subscribe"),
};

static bool is_action(struct str name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (str_equal(name, actions[i]))
			return true;
	return false;
}

static enum err check_input(struct call *call, const struct sns_add_permission_in *in)
{
	if (in->label.size == 0)
		return sns_invalid(call, "Label Reason: no value for required parameter");
	if (in->aws_account_id_count == 0)
		return sns_invalid(call, "AWSAccountId Reason: no value for required parameter");
	if (in->action_name_count == 0)
		return sns_invalid(call, "ActionName Reason: no value for required parameter");
	for (size_t i = 0; i < in->action_name_count; i++)
		if (!is_action(in->action_name[i]))
			return sns_invalid(call, "Policy statement action out of service scope!");
	for (size_t i = 0; i < in->aws_account_id_count; i++)
		if (!directory_has_account(call->core->directory, in->aws_account_id[i]))
			return sns_invalid(call, "Policy Error: PrincipalNotFound");
	return ERR_OK;
}

/* ---- the document ---- */

static void allow(struct call *call, struct policy_document *document, const struct topic *topic,
		  const struct sns_add_permission_in *in)
{
	struct str *principals = arena_array(call->arena, struct str, in->aws_account_id_count);
	struct str *names = arena_array(call->arena, struct str, in->action_name_count);
	const struct policy_grant grant = {
		.sid = in->label,
		.principals = principals,
		.principal_count = in->aws_account_id_count,
		.actions = names,
		.action_count = in->action_name_count,
		.resource = topic->arn,
	};

	for (size_t i = 0; i < in->aws_account_id_count; i++)
		principals[i] = arn_root(call->arena, topic->region, in->aws_account_id[i]);
	for (size_t i = 0; i < in->action_name_count; i++)
		names[i] = arena_format(call->arena, "SNS:%.*s", STR_ARG(in->action_name[i]));
	policy_document_allow(document, &grant);
}

static struct policy_document *open_policy(const struct topic *topic)
{
	return policy_document_open(topic->policy, STR(""), (struct str){0});
}

static enum err write_policy(struct call *call, const struct topic *topic,
			     const struct policy_document *document)
{
	struct topic draft = sns_topic_draft(topic);

	draft.policy = policy_document_text(document, call->arena);
	if (draft.policy.size > LIMIT_TOPIC_POLICY_SIZE)
		return sns_invalid(call, "Policy Error: the policy has %zu bytes, %d are allowed",
				   draft.policy.size, LIMIT_TOPIC_POLICY_SIZE);
	if (policy_document_count(document) == 0)
		draft.policy = sns_default_policy(call->arena, topic);
	return sns_topic_put(call->core, &draft);
}

/* ---- operations ---- */

enum err sns_add_permission(struct call *call, const struct sns_add_permission_in *in,
			    struct sns_add_permission_out *out)
{
	const struct topic *topic;

	(void)out;
	enum err err = sns_topic_of_call(call, "TopicArn", in->topic_arn, &topic);
	if (!err)
		err = check_input(call, in);
	if (err)
		return err;
	struct policy_document *document = open_policy(topic);
	if (policy_document_has(document, in->label)) {
		err = sns_invalid(call, "Statement already exists");
	} else {
		allow(call, document, topic, in);
		err = write_policy(call, topic, document);
	}
	policy_document_close(&document);
	return err;
}

enum err sns_remove_permission(struct call *call, const struct sns_remove_permission_in *in,
			       struct sns_remove_permission_out *out)
{
	const struct topic *topic;

	(void)out;
	enum err err = sns_topic_of_call(call, "TopicArn", in->topic_arn, &topic);
	if (err)
		return err;
	struct policy_document *document = open_policy(topic);
	if (policy_document_remove(document, in->label))
		err = write_policy(call, topic, document);
	policy_document_close(&document);
	return err;
}
