/* SPDX-License-Identifier: MIT */
/*
 * authorize: the action that policies name for each operation. A batch needs the permission of the
 * single operation; some operations are never granted to another account.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-overview-of-managing-access.html
 */
#include "services/sqs/authorize.h"

#include "api/sqs.h"

struct permission {
	struct str action; /* in lower case, as in SQS's messages of denial */
	bool is_owners;
};

static const struct permission permissions[SQS_OPERATIONS] = {
	[SQS_ADD_PERMISSION] = {STR_INIT("sqs:addpermission"), true},
	[SQS_CANCEL_MESSAGE_MOVE_TASK] = {STR_INIT("sqs:cancelmessagemovetask"), true},
	[SQS_CHANGE_MESSAGE_VISIBILITY] = {STR_INIT("sqs:changemessagevisibility"), false},
	[SQS_CHANGE_MESSAGE_VISIBILITY_BATCH] = {STR_INIT("sqs:changemessagevisibility"), false},
	[SQS_CREATE_QUEUE] = {STR_INIT("sqs:createqueue"), true},
	[SQS_DELETE_MESSAGE] = {STR_INIT("sqs:deletemessage"), false},
	[SQS_DELETE_MESSAGE_BATCH] = {STR_INIT("sqs:deletemessage"), false},
	[SQS_DELETE_QUEUE] = {STR_INIT("sqs:deletequeue"), true},
	[SQS_GET_QUEUE_ATTRIBUTES] = {STR_INIT("sqs:getqueueattributes"), false},
	[SQS_GET_QUEUE_URL] = {STR_INIT("sqs:getqueueurl"), false},
	[SQS_LIST_DEAD_LETTER_SOURCE_QUEUES] = {STR_INIT("sqs:listdeadlettersourcequeues"), false},
	[SQS_LIST_MESSAGE_MOVE_TASKS] = {STR_INIT("sqs:listmessagemovetasks"), true},
	[SQS_LIST_QUEUE_TAGS] = {STR_INIT("sqs:listqueuetags"), true},
	[SQS_LIST_QUEUES] = {STR_INIT("sqs:listqueues"), true},
	[SQS_PURGE_QUEUE] = {STR_INIT("sqs:purgequeue"), false},
	[SQS_RECEIVE_MESSAGE] = {STR_INIT("sqs:receivemessage"), false},
	[SQS_REMOVE_PERMISSION] = {STR_INIT("sqs:removepermission"), true},
	[SQS_SEND_MESSAGE] = {STR_INIT("sqs:sendmessage"), false},
	[SQS_SEND_MESSAGE_BATCH] = {STR_INIT("sqs:sendmessage"), false},
	[SQS_SET_QUEUE_ATTRIBUTES] = {STR_INIT("sqs:setqueueattributes"), true},
	[SQS_START_MESSAGE_MOVE_TASK] = {STR_INIT("sqs:startmessagemovetask"), true},
	[SQS_TAG_QUEUE] = {STR_INIT("sqs:tagqueue"), true},
	[SQS_UNTAG_QUEUE] = {STR_INIT("sqs:untagqueue"), true},
};

/* A policy that denies everything must not lock its owner out. */
static bool is_way_back(const struct call *call, uint32_t operation, struct str account)
{
	return (operation == SQS_SET_QUEUE_ATTRIBUTES || operation == SQS_REMOVE_PERMISSION) &&
	       call->principal && call->principal->type == PRINCIPAL_ROOT &&
	       str_equal(account, call->account);
}

/* Anonymous callers have no account, whatever account serves their call. */
static bool is_of_account(const struct call *call, struct str account)
{
	return str_equal(account, call->principal ? call->principal->account : call->account);
}

enum err sqs_authorize(struct call *call, uint32_t operation, struct str arn, struct str account,
		       const struct sqs_queue *queue)
{
	const struct permission *permission = &permissions[operation];
	bool is_own = is_of_account(call, account);
	struct resource resource = {.arn = arn, .account = account};

	if (queue && (is_own || !permission->is_owners)) {
		resource.policy = queue->compiled_policy;
		resource.tags = queue->tags;
		resource.tag_count = queue->tag_count;
	}
	if (is_way_back(call, operation, account))
		resource.policy = NULL;
	return call_authorize(call, permission->action, &resource);
}
