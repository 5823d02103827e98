/* SPDX-License-Identifier: MIT */
/*
 * permissions: AddPermission and RemovePermission edit the queue's Policy attribute.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html The
 * policy's other statements keep their text.
 */
#include "api/sqs.h"
#include "core/policy_document.h"
#include "services/sqs/lifecycle.h"
#include "services/sqs/locate.h"

static const struct str allowed_actions[] = {
	STR_INIT("*"),
	STR_INIT("SendMessage"),
	STR_INIT("ReceiveMessage"),
	STR_INIT("DeleteMessage"),
	STR_INIT("ChangeMessageVisibility"),
	STR_INIT("GetQueueAttributes"),
	STR_INIT("GetQueueUrl"),
	STR_INIT("ListDeadLetterSourceQueues"),
	STR_INIT("PurgeQueue"),
};

static const struct str owner_actions[] = {
	STR_INIT("AddPermission"),
	STR_INIT("CancelMessageMoveTask"),
	STR_INIT("CreateQueue"),
	STR_INIT("DeleteQueue"),
	STR_INIT("ListMessageMoveTasks"),
	STR_INIT("ListQueues"),
	STR_INIT("ListQueueTags"),
	STR_INIT("RemovePermission"),
	STR_INIT("SetQueueAttributes"),
	STR_INIT("StartMessageMoveTask"),
	STR_INIT("TagQueue"),
	STR_INIT("UntagQueue"),
};

static bool is_listed(struct str text, const struct str *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(text, list[i]))
			return true;
	return false;
}
#define IS_LISTED(text, list) is_listed((text), (list), sizeof(list) / sizeof((list)[0]))

static enum err check_accounts(struct call *call, const struct str *accounts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool is_good = directory_has_account(call->core->directory, accounts[i]);
		if (!is_good)
			return fail(call, &SQS_INVALID_PARAMETER_VALUE,
				    "Value [%.*s] for parameter PrincipalId is invalid. Reason: "
				    "Unable to verify.",
				    STR_ARG(accounts[i]));
	}
	return ERR_OK;
}

static enum err check_actions(struct call *call, const struct str *actions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (IS_LISTED(actions[i], owner_actions))
			return fail(call, &SQS_INVALID_PARAMETER_VALUE,
				    "Value SQS:%.*s for parameter ActionName is invalid. Reason: "
				    "Only the queue owner is allowed to invoke this action.",
				    STR_ARG(actions[i]));
		if (!IS_LISTED(actions[i], allowed_actions))
			return fail(call, &SQS_INVALID_PARAMETER_VALUE,
				    "Value SQS:%.*s for parameter ActionName is invalid. Reason: "
				    "Please refer to the appropriate WSDL for a list of valid "
				    "actions.",
				    STR_ARG(actions[i]));
	}
	if (count > LIMIT_PERMISSION_ACTIONS)
		return fail(call, &SQS_OVER_LIMIT, "%zu Actions were found, maximum allowed is %d.",
			    count, LIMIT_PERMISSION_ACTIONS);
	return ERR_OK;
}

/* ---- the document ---- */

static struct policy_document *open_policy(struct call *call, const struct sqs_queue *queue)
{
	struct str id = arena_format(call->arena, "%.*s/SQSDefaultPolicy", STR_ARG(queue->arn));

	return policy_document_open(queue->policy, STR("2008-10-17"), id);
}

static void allow(struct call *call, struct policy_document *document,
		  const struct sqs_queue *queue, const struct sqs_add_permission_in *in)
{
	struct str *principals = arena_array(call->arena, struct str, in->aws_account_ids_count);
	struct str *actions = arena_array(call->arena, struct str, in->actions_count);
	const struct policy_grant grant = {
		.sid = in->label,
		.principals = principals,
		.principal_count = in->aws_account_ids_count,
		.actions = actions,
		.action_count = in->actions_count,
		.resource = queue->arn,
	};

	for (size_t i = 0; i < in->aws_account_ids_count; i++)
		principals[i] = arn_root(call->arena, queue->region, in->aws_account_ids[i]);
	for (size_t i = 0; i < in->actions_count; i++)
		actions[i] = arena_format(call->arena, "SQS:%.*s", STR_ARG(in->actions[i]));
	policy_document_allow(document, &grant);
}

static enum err write_policy(struct call *call, const struct sqs_queue *queue,
			     const struct policy_document *document)
{
	struct sqs_queue draft = sqs_queue_draft(queue);

	draft.policy = policy_document_text(document, call->arena);
	if (policy_document_count(document) == 0)
		draft.policy = (struct str){0};
	/* The other statements keep their bound principals; new statements name accounts, which
	 * have no ids. */
	return sqs_queue_change(call->core, &draft, true);
}

/* ---- operations ---- */

enum err sqs_add_permission(struct call *call, const struct sqs_add_permission_in *in,
			    struct sqs_add_permission_out *out)
{
	const struct sqs_queue *queue;

	(void)out;
	enum err err = sqs_queue_of_call(call, in->queue_url, &queue);
	if (!err)
		err = check_accounts(call, in->aws_account_ids, in->aws_account_ids_count);
	if (!err)
		err = check_actions(call, in->actions, in->actions_count);
	if (err)
		return err;
	struct policy_document *document = open_policy(call, queue);
	size_t count = policy_document_count(document);
	if (policy_document_has(document, in->label)) {
		err = fail(call, &SQS_INVALID_PARAMETER_VALUE,
			   "Value %.*s for parameter Label is invalid. Reason: Already exists.",
			   STR_ARG(in->label));
	} else if (count >= LIMIT_POLICY_STATEMENTS) {
		err = fail(call, &SQS_OVER_LIMIT,
			   "%zu Statements were found, maximum allowed is %d.", count + 1,
			   LIMIT_POLICY_STATEMENTS);
	} else {
		allow(call, document, queue, in);
		err = write_policy(call, queue, document);
	}
	policy_document_close(&document);
	return err;
}

enum err sqs_remove_permission(struct call *call, const struct sqs_remove_permission_in *in,
			       struct sqs_remove_permission_out *out)
{
	const struct sqs_queue *queue;

	(void)out;
	enum err err = sqs_queue_of_call(call, in->queue_url, &queue);
	if (err)
		return err;
	struct policy_document *document = open_policy(call, queue);
	if (!policy_document_remove(document, in->label)) {
		err = fail(call, &SQS_INVALID_PARAMETER_VALUE,
			   "Value %.*s for parameter Label is invalid. Reason: can't find label%s.",
			   STR_ARG(in->label), queue->policy.size > 0 ? " on existing policy" : "");
	} else {
		err = write_policy(call, queue, document);
	}
	policy_document_close(&document);
	return err;
}
