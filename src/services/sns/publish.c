/* SPDX-License-Identifier: MIT */
/*
 * publish: Publish and PublishBatch.
 *
 * One path for both: an entry is checked and becomes a struct sns_message; all of a request go to
 * the fan-out together. A bad entry of a batch fails alone.
 */
#include "api/sns.h"
#include "core/authorize.h"
#include "services/sns/check.h"
#include "services/sns/encrypt.h"
#include "services/sns/fanout.h"
#include "services/sns/phone.h"
#include "services/sns/signing.h"

struct publishing {
	const struct topic *topic;
	struct data_key *key; /* of the topic; NULL: none */
	struct sns_publication *publications;
	size_t count;
	const struct str *ids; /* of the entries in a batch */
	struct sns_batch_result_error_entry *failed;
	size_t failed_count;
	resume_fn resume; /* after the messages are durable */
};

/* The entry becomes a publication of the request. */
static enum err add(struct call *call, struct publishing *publishing,
		    const struct sns_publish_entry *entry)
{
	struct sns_publication *publication = &publishing->publications[publishing->count];
	struct sns_message *message = &publication->message;

	enum err err = sns_entry_check(call, publishing->topic, entry, message);
	if (err)
		return err;
	uuid_new(publication->id);
	message->id = uuid_text(call->arena, publication->id);
	message->topic_arn = publishing->topic->arn;
	message->timestamp_ms = call->now_ms;
	message->trace = call->trace_header;
	publication->size = sns_entry_size(entry);
	publication->key = publishing->key;
	publishing->count++;
	return ERR_OK;
}

/* ---- sending ---- */

static enum err fan_out(struct call *call)
{
	const struct publishing *publishing = call_state(call, struct publishing);

	return sns_fanout(call, publishing->topic, publishing->publications, publishing->count,
			  publishing->resume);
}

static enum err sign(struct call *call)
{
	const struct publishing *publishing = call_state(call, struct publishing);

	sns_signing_run(call, publishing->topic, publishing->publications, publishing->count);
	return ERR_OK;
}

/* `publishing` is the call's state. */
static enum err send(struct call *call, struct publishing *publishing, resume_fn resume)
{
	publishing->resume = resume;
	if (!sns_signing_is_wanted(call->core, publishing->topic))
		return fan_out(call);
	return call_work(call, 0, sign, fan_out);
}

/* ---- Publish ---- */

static enum err published(struct call *call)
{
	const struct publishing *publishing = call_state(call, struct publishing);
	const struct sns_publication *publication = &publishing->publications[0];
	struct sns_publish_out *out = call->out;

	if (publication->error)
		return sns_fanout_fault(call);
	out->message_id = publication->message.id;
	out->sequence_number = publication->message.sequence;
	return ERR_OK;
}

/* The topic that the request names; other targets are refused. */
static enum err find_topic(struct call *call, const struct sns_publish_in *in,
			   const struct topic **out_topic)
{
	struct arn parts;

	if (in->target_arn.data && in->topic_arn.data)
		return sns_invalid(call, "TopicArn or TargetArn Reason: only one of them may be "
					 "given");
	if (!in->target_arn.data)
		return sns_topic_of_call(call, "TopicArn", in->topic_arn, out_topic);
	enum err err = sns_check_arn(call, "TargetArn", in->target_arn, &parts);
	if (err)
		return err;
	if (!str_starts(parts.resource, STR("endpoint/")))
		return sns_topic_of_call(call, "TargetArn", in->target_arn, out_topic);
	err = sns_authorize(call, in->target_arn, parts.account, NULL);
	return err ? err
		   : sns_invalid(call, "TargetArn Reason: No endpoint found for the target arn "
				       "specified");
}

enum err sns_publish(struct call *call, const struct sns_publish_in *in,
		     struct sns_publish_out *out)
{
	struct publishing *publishing = arena_new(call->arena, struct publishing);
	const struct sns_publish_entry entry = {
		.message = in->message,
		.subject = in->subject,
		.structure = in->message_structure,
		.dedup = in->message_deduplication_id,
		.group = in->message_group_id,
		.attributes = in->message_attributes,
		.attribute_count = in->message_attributes_count,
	};

	(void)out;
	if (in->phone_number.data)
		return sns_publish_to_phone(call, in, &entry);
	if (!in->topic_arn.data && !in->target_arn.data) {
		call_needs_no_permission(call);
		return sns_invalid(call, "TopicArn or TargetArn Reason: no value for required "
					 "parameter");
	}
	enum err err = find_topic(call, in, &publishing->topic);
	if (!err)
		err = sns_sealer_begin(call, publishing->topic, &publishing->key);
	publishing->publications = arena_new(call->arena, struct sns_publication);
	if (!err)
		err = add(call, publishing, &entry);
	if (err)
		return err;
	call_set_state(call, struct publishing, publishing);
	return send(call, publishing, published);
}

/* ---- PublishBatch ---- */

static void fail_entry(struct call *call, struct publishing *publishing, struct str id)
{
	publishing->failed[publishing->failed_count++] = (struct sns_batch_result_error_entry){
		.id = id,
		.code = call->fault->query_code,
		.message = call->fault_text,
		.sender_fault = !call->fault->is_receiver,
		.has_sender_fault = true,
	};
	if (call->fault->is_receiver)
		call->receiver_failures++;
	else
		call->sender_failures++;
	call->fault = NULL;
}

static enum err batch_published(struct call *call)
{
	struct publishing *publishing = call_state(call, struct publishing);
	struct sns_publish_batch_out *out = call->out;

	out->successful =
		arena_array(call->arena, struct sns_publish_batch_result_entry, publishing->count);
	for (size_t i = 0; i < publishing->count; i++) {
		const struct sns_publication *publication = &publishing->publications[i];
		if (publication->error) {
			enum err err = sns_fanout_fault(call);
			(void)err; /* becomes the entry's */
			fail_entry(call, publishing, publishing->ids[i]);
			continue;
		}
		out->successful[out->successful_count++] = (struct sns_publish_batch_result_entry){
			.id = publishing->ids[i],
			.message_id = publication->message.id,
			.sequence_number = publication->message.sequence,
		};
	}
	out->failed = publishing->failed;
	out->failed_count = publishing->failed_count;
	return ERR_OK;
}

static bool is_id_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

static enum err check_id(struct call *call, struct str id)
{
	if (id.size > LIMIT_BATCH_ID_SIZE)
		return fail(call, &SNS_INVALID_BATCH_ENTRY_ID,
			    "The Id of a batch entry in the batch request is too long: %.*s",
			    STR_ARG(id));
	for (size_t i = 0; i < id.size || i == 0; i++)
		if (id.size == 0 || !is_id_character(id.data[i]))
			return fail(call, &SNS_INVALID_BATCH_ENTRY_ID,
				    "The Id of a batch entry in the batch request contains an "
				    "impermissible character: %.*s",
				    STR_ARG(id));
	return ERR_OK;
}

static enum err check_batch(struct call *call, const struct sns_publish_batch_in *in)
{
	size_t count = in->publish_batch_request_entries_count;

	if (count == 0)
		return fail(call, &SNS_EMPTY_BATCH_REQUEST,
			    "The batch request doesn't contain any entries.");
	if (count > LIMIT_BATCH_ENTRIES)
		return fail(call, &SNS_TOO_MANY_ENTRIES_IN_BATCH_REQUEST,
			    "The batch request contains more entries than permissible.");
	for (size_t i = 0; i < count; i++) {
		enum err err = check_id(call, in->publish_batch_request_entries[i].id);
		if (err)
			return err;
		for (size_t j = 0; j < i; j++)
			if (str_equal(in->publish_batch_request_entries[i].id,
				      in->publish_batch_request_entries[j].id))
				return fail(call, &SNS_BATCH_ENTRY_IDS_NOT_DISTINCT,
					    "Two or more batch entries in the request have the "
					    "same Id.");
	}
	return ERR_OK;
}

static struct sns_publish_entry entry_of(const struct sns_publish_batch_request_entry *given)
{
	return (struct sns_publish_entry){
		.message = given->message,
		.subject = given->subject,
		.structure = given->message_structure,
		.dedup = given->message_deduplication_id,
		.group = given->message_group_id,
		.attributes = given->message_attributes,
		.attribute_count = given->message_attributes_count,
	};
}

static enum err check_sum(struct call *call, const struct sns_publish_batch_in *in)
{
	size_t sum = 0;

	for (size_t i = 0; i < in->publish_batch_request_entries_count; i++) {
		struct sns_publish_entry entry = entry_of(&in->publish_batch_request_entries[i]);
		sum += sns_entry_size(&entry);
	}
	if (sum > LIMIT_PUBLISH_SIZE)
		return fail(call, &SNS_BATCH_REQUEST_TOO_LONG,
			    "The length of all the messages put together is more than the limit.");
	return ERR_OK;
}

enum err sns_publish_batch(struct call *call, const struct sns_publish_batch_in *in,
			   struct sns_publish_batch_out *out)
{
	size_t count = in->publish_batch_request_entries_count;
	struct publishing *publishing = arena_new(call->arena, struct publishing);

	(void)out;
	enum err err = sns_topic_of_call(call, "TopicArn", in->topic_arn, &publishing->topic);
	if (!err)
		err = sns_sealer_begin(call, publishing->topic, &publishing->key);
	if (!err)
		err = check_batch(call, in);
	if (!err)
		err = check_sum(call, in);
	if (err)
		return err;
	struct str *ids = arena_array(call->arena, struct str, count);
	publishing->publications = arena_array(call->arena, struct sns_publication, count);
	publishing->failed = arena_array(call->arena, struct sns_batch_result_error_entry, count);
	publishing->ids = ids;
	for (size_t i = 0; i < count; i++) {
		const struct sns_publish_batch_request_entry *given =
			&in->publish_batch_request_entries[i];
		struct sns_publish_entry entry = entry_of(given);
		ids[publishing->count] = given->id;
		if (add(call, publishing, &entry) != ERR_OK)
			fail_entry(call, publishing, given->id);
	}
	call_set_state(call, struct publishing, publishing);
	if (publishing->count == 0)
		return batch_published(call);
	return send(call, publishing, batch_published);
}
