/* SPDX-License-Identifier: MIT */
/*
 * redrive: RedrivePolicy and RedriveAllowPolicy.
 *
 * Policies are kept as AWS returns them: known members in AWS's order, maxReceiveCount as a number.
 */
#include "services/sqs/redrive.h"

#include "api/sqs.h"
#include "format/json.h"

/* ---- RedrivePolicy ---- */

static enum err bad_policy(struct call *call, struct str text, const char *reason)
{
	return fail(call, &SQS_INVALID_PARAMETER_VALUE,
		    "Value %.*s for parameter RedrivePolicy is invalid. Reason: %s", STR_ARG(text),
		    reason);
}

static bool read_count(yyjson_val *value, int64_t *out_count)
{
	if (yyjson_is_int(value))
		*out_count = yyjson_get_sint(value);
	else if (!yyjson_is_str(value) || !str_to_i64(json_text(value), out_count))
		return false;
	return true;
}

static bool parse_queue_arn(struct str text, struct arn *out_arn)
{
	struct arn arn;

	if (!arn_parse(text, &arn) || !str_equal(arn.service, STR("sqs")) || arn.region.size == 0 ||
	    arn.account.size == 0 || str_find_char(arn.resource, ':', 0) != SIZE_MAX)
		return false;
	*out_arn = arn;
	return true;
}

static bool may_send_to(const struct sqs_queue *target, const struct sqs_queue *source)
{
	if (target->redrive_permission == SQS_REDRIVE_ALLOW_ALL)
		return true;
	for (size_t i = 0; i < target->redrive_source_count; i++)
		if (str_equal(target->redrive_sources[i], source->arn))
			return true;
	return false;
}

static enum err check_target(struct call *call, const struct sqs_queue *draft, struct str text)
{
	struct sqs_registry *registry = sqs_of(call->core)->registry;
	const char *problem = NULL;
	struct arn arn;

	if (!parse_queue_arn(draft->dead_letter_arn, &arn))
		return bad_policy(call, text,
				  "Dead-letter target ARN should be fully qualified ARN.");
	if (!str_equal(arn.account, draft->account))
		return bad_policy(call, text,
				  "Dead-letter target owner should be same as the source.");
	if (!str_equal(arn.region, draft->region))
		return bad_policy(call, text, "Dead-letter target must be in the same region.");
	const struct sqs_queue *target = sqs_registry_find_arn(registry, draft->dead_letter_arn);
	if (!target)
		return bad_policy(call, text, "Dead letter target does not exist.");
	if (target->is_fifo != draft->is_fifo)
		problem = "Dead-letter queue must be same type of queue as the source.";
	else if (!may_send_to(target, draft))
		problem = "The dead-letter queue's RedriveAllowPolicy does not allow this queue.";
	sqs_queue_release(target);
	return problem ? bad_policy(call, text, problem) : ERR_OK;
}

static struct str policy_text_of(struct arena *arena, const struct sqs_queue *draft)
{
	struct buf text = {0};
	struct json_writer writer;

	json_begin(&writer, &text);
	json_open_object(&writer);
	json_key(&writer, STR("deadLetterTargetArn"));
	json_str(&writer, draft->dead_letter_arn);
	json_key(&writer, STR("maxReceiveCount"));
	json_i64(&writer, draft->max_receive_count);
	json_close_object(&writer);
	struct str copy = arena_copy(arena, buf_str(&text));
	buf_done(&text);
	return copy;
}

enum err sqs_redrive_parse(struct arena *arena, struct sqs_queue *draft, struct str text)
{
	yyjson_val *root;
	int64_t count;

	draft->redrive_policy = draft->dead_letter_arn = (struct str){0};
	draft->max_receive_count = 0;
	if (text.size == 0)
		return ERR_OK;
	if (json_parse(arena, text, &root) != ERR_OK ||
	    !read_count(json_member(root, "maxReceiveCount"), &count) || count < 1 ||
	    count > LIMIT_RECEIVE_COUNT)
		return ERR_INVALID;
	draft->dead_letter_arn = json_text(json_member(root, "deadLetterTargetArn"));
	draft->max_receive_count = (uint32_t)count;
	draft->redrive_policy = policy_text_of(arena, draft);
	return ERR_OK;
}

static enum err check_count(struct call *call, struct str text, yyjson_val *value)
{
	int64_t count;

	if (!read_count(value, &count)) {
		struct str given = yyjson_is_str(value) ? json_text(value) : STR("");
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Value %.*s for parameter RedrivePolicy is invalid. Reason: Invalid "
			    "value for maxReceiveCount: %.*s, valid values are from 1 to %d both "
			    "inclusive.",
			    STR_ARG(text), STR_ARG(given), LIMIT_RECEIVE_COUNT);
	}
	if (count < 1 || count > LIMIT_RECEIVE_COUNT)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Value %.*s for parameter RedrivePolicy is invalid. Reason: Invalid "
			    "value for maxReceiveCount: %lld, valid values are from 1 to %d both "
			    "inclusive.",
			    STR_ARG(text), (long long)count, LIMIT_RECEIVE_COUNT);
	return ERR_OK;
}

enum err sqs_redrive_set(struct call *call, struct sqs_queue *draft, struct str text)
{
	yyjson_val *root;

	if (text.size == 0)
		return sqs_redrive_parse(call->arena, draft, text);
	if (text.size > LIMIT_POLICY_SIZE || json_parse(call->arena, text, &root) != ERR_OK ||
	    !yyjson_is_obj(root))
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy "
			    "is not a valid JSON map.");
	if (!json_member(root, "maxReceiveCount"))
		return bad_policy(call, text,
				  "Redrive policy does not contain mandatory attribute: "
				  "maxReceiveCount.");
	if (!json_member(root, "deadLetterTargetArn"))
		return bad_policy(call, text,
				  "Redrive policy does not contain mandatory attribute: "
				  "deadLetterTargetArn.");
	if (yyjson_obj_size(root) != 2)
		return bad_policy(call, text,
				  "Only following attributes are supported: [maxReceiveCount, "
				  "deadLetterTargetArn].");
	enum err err = check_count(call, text, json_member(root, "maxReceiveCount"));
	if (err)
		return err;
	err = sqs_redrive_parse(call->arena, draft, text);
	if (err)
		return err;
	return check_target(call, draft, text);
}

/* ---- RedriveAllowPolicy ---- */

static enum err bad_allow(struct call *call, struct str text, const char *reason)
{
	return fail(call, &SQS_INVALID_PARAMETER_VALUE,
		    "Value %.*s for parameter RedriveAllowPolicy is invalid. Reason: Amazon SQS "
		    "can't create the redrive allow policy. %s",
		    STR_ARG(text), reason);
}

static const struct str permissions[] = {
	[SQS_REDRIVE_ALLOW_ALL] = STR_INIT("allowAll"),
	[SQS_REDRIVE_DENY_ALL] = STR_INIT("denyAll"),
	[SQS_REDRIVE_BY_QUEUE] = STR_INIT("byQueue"),
};

static bool read_permission(yyjson_val *root, enum sqs_redrive_permission *out_permission)
{
	struct str permission = json_text(json_member(root, "redrivePermission"));

	for (size_t i = 0; i < sizeof(permissions) / sizeof(permissions[0]); i++) {
		if (!str_equal(permission, permissions[i]))
			continue;
		*out_permission = (enum sqs_redrive_permission)i;
		return true;
	}
	return false;
}

static struct str allow_text_of(struct arena *arena, const struct sqs_queue *draft)
{
	struct buf text = {0};
	struct json_writer writer;

	json_begin(&writer, &text);
	json_open_object(&writer);
	json_key(&writer, STR("redrivePermission"));
	json_str(&writer, permissions[draft->redrive_permission]);
	if (draft->redrive_source_count > 0) {
		json_key(&writer, STR("sourceQueueArns"));
		json_open_array(&writer);
		for (size_t i = 0; i < draft->redrive_source_count; i++)
			json_str(&writer, draft->redrive_sources[i]);
		json_close_array(&writer);
	}
	json_close_object(&writer);
	struct str copy = arena_copy(arena, buf_str(&text));
	buf_done(&text);
	return copy;
}

enum err sqs_redrive_allow_parse(struct arena *arena, struct sqs_queue *draft, struct str text)
{
	enum sqs_redrive_permission permission;
	yyjson_val *root;

	draft->redrive_allow_policy = (struct str){0};
	draft->redrive_permission = SQS_REDRIVE_ALLOW_ALL;
	draft->redrive_sources = NULL;
	draft->redrive_source_count = 0;
	if (text.size == 0)
		return ERR_OK;
	if (json_parse(arena, text, &root) != ERR_OK || !yyjson_is_obj(root) ||
	    !read_permission(root, &permission))
		return ERR_INVALID;
	yyjson_val *sources = json_member(root, "sourceQueueArns");
	if (sources && !yyjson_is_arr(sources) && !yyjson_is_null(sources))
		return ERR_INVALID;
	size_t count = yyjson_arr_size(sources);
	struct str *arns = arena_array(arena, struct str, count);
	for (size_t i = 0; i < count; i++)
		arns[i] = json_text(yyjson_arr_get(sources, i));
	draft->redrive_permission = permission;
	draft->redrive_sources = arns;
	draft->redrive_source_count = count;
	draft->redrive_allow_policy = allow_text_of(arena, draft);
	return ERR_OK;
}

enum err sqs_redrive_allow_set(struct call *call, struct sqs_queue *draft, struct str text)
{
	if (text.size > LIMIT_POLICY_SIZE ||
	    sqs_redrive_allow_parse(call->arena, draft, text) != ERR_OK)
		return fail(call, &SQS_INVALID_ATTRIBUTE_VALUE,
			    "Invalid value for the parameter RedriveAllowPolicy. Reason: Amazon "
			    "SQS can't create the redrive allow policy, as it\xe2\x80\x99s in an "
			    "unsupported format.");
	bool is_by_queue = draft->redrive_permission == SQS_REDRIVE_BY_QUEUE;
	if (!is_by_queue && draft->redrive_source_count > 0)
		return bad_allow(call, text,
				 "To specify one or more source queue ARNs, you must set "
				 "redrivePermission to byQueue.");
	if (is_by_queue && draft->redrive_source_count == 0)
		return bad_allow(call, text,
				 "When you specify the byQueue permission type, you must also "
				 "specify one or more sourceQueueArns values.");
	if (draft->redrive_source_count > LIMIT_REDRIVE_SOURCES)
		return bad_allow(call, text,
				 "The maximum number of source queue ARNs you can specify is 10.");
	return ERR_OK;
}
