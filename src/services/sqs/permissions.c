/* SPDX-License-Identifier: MIT */
/*
 * permissions: AddPermission and RemovePermission edit the queue's Policy attribute.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html The
 * policy's other statements keep their text.
 */
#include <stdlib.h>

#include "api/sqs.h"
#include "format/json.h"
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

static enum err check_label(struct call *call, struct str label)
{
	bool is_good = label.size <= 80;

	if (label.size == 0)
		return fail(call, &SQS_MISSING_PARAMETER,
			    "The request must contain the parameter Label.");
	for (size_t i = 0; i < label.size; i++) {
		char c = label.data[i];
		is_good &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			   (c >= '0' && c <= '9') || c == '-' || c == '_';
	}
	if (!is_good)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Value %.*s for parameter Label is invalid. Reason: Can only include "
			    "alphanumeric characters, hyphens, or underscores. 1 to 80 in length.",
			    STR_ARG(label));
	return ERR_OK;
}

static enum err check_accounts(struct call *call, const struct str *accounts, size_t count)
{
	if (count == 0)
		return fail(call, &SQS_MISSING_PARAMETER,
			    "The request must contain the parameter AWSAccountId.");
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
	if (count == 0)
		return fail(call, &SQS_MISSING_PARAMETER,
			    "The request must contain the parameter ActionName.");
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

/* The policy as a document that can be edited; a new one if the queue has none. */
static yyjson_mut_doc *open_policy(struct call *call, const struct sqs_queue *queue)
{
	yyjson_mut_doc *document = yyjson_mut_doc_new(NULL);
	yyjson_mut_val *root;
	yyjson_val *stored;

	if (queue->policy.size > 0 && json_parse(call->arena, queue->policy, &stored) == ERR_OK) {
		root = yyjson_val_mut_copy(document, stored);
	} else {
		struct str id =
			arena_format(call->arena, "%.*s/SQSDefaultPolicy", STR_ARG(queue->arn));
		root = yyjson_mut_obj(document);
		yyjson_mut_obj_add_str(document, root, "Version", "2008-10-17");
		yyjson_mut_obj_add_strn(document, root, "Id", id.data, id.size);
	}
	yyjson_mut_doc_set_root(document, root);
	yyjson_mut_val *statements = yyjson_mut_obj_get(root, "Statement");
	if (!yyjson_mut_is_arr(statements)) {
		yyjson_mut_val *list = yyjson_mut_arr(document);
		yyjson_mut_obj_remove_key(root, "Statement");
		if (statements)
			yyjson_mut_arr_append(list, statements);
		yyjson_mut_obj_add_val(document, root, "Statement", list);
	}
	return document;
}

static yyjson_mut_val *statements_of(yyjson_mut_doc *document)
{
	return yyjson_mut_obj_get(yyjson_mut_doc_get_root(document), "Statement");
}

/* Index of the statement with that Sid, or SIZE_MAX. */
static size_t find_statement(yyjson_mut_doc *document, struct str label)
{
	yyjson_mut_val *statement;
	size_t i, most;

	yyjson_mut_arr_foreach(statements_of(document), i, most, statement)
	{
		yyjson_mut_val *sid = yyjson_mut_obj_get(statement, "Sid");
		if (yyjson_mut_equals_strn(sid, label.data, label.size))
			return i;
	}
	return SIZE_MAX;
}

/* One value, or a list of several. */
static yyjson_mut_val *one_or_many(yyjson_mut_doc *document, const struct str *texts, size_t count)
{
	if (count == 1)
		return yyjson_mut_strncpy(document, texts[0].data, texts[0].size);
	yyjson_mut_val *list = yyjson_mut_arr(document);
	for (size_t i = 0; i < count; i++)
		yyjson_mut_arr_add_strncpy(document, list, texts[i].data, texts[i].size);
	return list;
}

static void add_statement(struct call *call, yyjson_mut_doc *document,
			  const struct sqs_queue *queue, const struct sqs_add_permission_in *in)
{
	struct str *principals = arena_array(call->arena, struct str, in->aws_account_ids_count);
	struct str *actions = arena_array(call->arena, struct str, in->actions_count);
	yyjson_mut_val *statement = yyjson_mut_arr_add_obj(document, statements_of(document));

	for (size_t i = 0; i < in->aws_account_ids_count; i++)
		principals[i] = arn_root(call->arena, queue->region, in->aws_account_ids[i]);
	for (size_t i = 0; i < in->actions_count; i++)
		actions[i] = arena_format(call->arena, "SQS:%.*s", STR_ARG(in->actions[i]));
	yyjson_mut_obj_add_strn(document, statement, "Sid", in->label.data, in->label.size);
	yyjson_mut_obj_add_str(document, statement, "Effect", "Allow");
	yyjson_mut_val *principal = yyjson_mut_obj_add_obj(document, statement, "Principal");
	yyjson_mut_obj_add_val(document, principal, "AWS",
			       one_or_many(document, principals, in->aws_account_ids_count));
	yyjson_mut_obj_add_val(document, statement, "Action",
			       one_or_many(document, actions, in->actions_count));
	yyjson_mut_obj_add_strn(document, statement, "Resource", queue->arn.data, queue->arn.size);
}

static enum err write_policy(struct call *call, const struct sqs_queue *queue,
			     yyjson_mut_doc *document)
{
	struct sqs_queue draft = sqs_queue_draft(queue);
	size_t size;
	char *text = yyjson_mut_write(document, 0, &size);

	check(text != NULL);
	draft.policy = arena_copy(call->arena, str_of(text, size));
	free(text); /* yyjson's, from malloc */
	if (yyjson_mut_arr_size(statements_of(document)) == 0)
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
		err = check_label(call, in->label);
	if (!err)
		err = check_accounts(call, in->aws_account_ids, in->aws_account_ids_count);
	if (!err)
		err = check_actions(call, in->actions, in->actions_count);
	if (err)
		return err;
	yyjson_mut_doc *document = open_policy(call, queue);
	size_t count = yyjson_mut_arr_size(statements_of(document));
	if (find_statement(document, in->label) != SIZE_MAX) {
		err = fail(call, &SQS_INVALID_PARAMETER_VALUE,
			   "Value %.*s for parameter Label is invalid. Reason: Already exists.",
			   STR_ARG(in->label));
	} else if (count >= LIMIT_POLICY_STATEMENTS) {
		err = fail(call, &SQS_OVER_LIMIT,
			   "%zu Statements were found, maximum allowed is %d.", count + 1,
			   LIMIT_POLICY_STATEMENTS);
	} else {
		add_statement(call, document, queue, in);
		err = write_policy(call, queue, document);
	}
	yyjson_mut_doc_free(document);
	return err;
}

enum err sqs_remove_permission(struct call *call, const struct sqs_remove_permission_in *in,
			       struct sqs_remove_permission_out *out)
{
	const struct sqs_queue *queue;

	(void)out;
	enum err err = sqs_queue_of_call(call, in->queue_url, &queue);
	if (!err)
		err = check_label(call, in->label);
	if (err)
		return err;
	yyjson_mut_doc *document = open_policy(call, queue);
	size_t place = find_statement(document, in->label);
	if (place == SIZE_MAX) {
		err = fail(call, &SQS_INVALID_PARAMETER_VALUE,
			   "Value %.*s for parameter Label is invalid. Reason: can't find label%s.",
			   STR_ARG(in->label), queue->policy.size > 0 ? " on existing policy" : "");
	} else {
		yyjson_mut_arr_remove(statements_of(document), place);
		err = write_policy(call, queue, document);
	}
	yyjson_mut_doc_free(document);
	return err;
}
