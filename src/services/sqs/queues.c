/* SPDX-License-Identifier: MIT */
/* queues: CreateQueue and its rules, DeleteQueue, attributes, PurgeQueue. */
#include "services/sqs/queues.h"

#include "api/sqs.h"
#include "core/group.h"
#include "core/limit/quota.h"
#include "core/policies.h"
#include "services/sqs/attributes.h"
#include "services/sqs/authorize.h"
#include "services/sqs/batch.h"
#include "services/sqs/lifecycle.h"
#include "services/sqs/locate.h"
#include "services/sqs/tags.h"

#define PURGE_INTERVAL_MS 60000
#define RECREATE_INTERVAL_MS 60000

/* ---- CreateQueue ---- */

static bool is_name(struct str name)
{
	if (name.size == 0)
		return false;
	for (size_t i = 0; i < name.size; i++) {
		char c = name.data[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_'))
			return false;
	}
	return true;
}

static enum err check_name(struct call *call, struct str name, bool is_fifo)
{
	struct str stem = name;

	if (is_fifo && str_ends(name, STR(".fifo")))
		stem.size -= 5;
	else if (is_fifo)
		stem.size = 0;
	if (is_name(stem) && name.size <= LIMIT_QUEUE_NAME_SIZE)
		return ERR_OK;
	if (is_fifo)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "The name of a FIFO queue can only include alphanumeric characters, "
			    "hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in "
			    "length");
	return fail(call, &SQS_INVALID_PARAMETER_VALUE,
		    "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in "
		    "length");
}

static bool wants_fifo(const struct shape_pair *attributes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(attributes[i].key, STR("FifoQueue")))
			return str_equal_nocase(attributes[i].value, STR("true"));
	return false;
}

enum err sqs_draft_new(struct call *call, struct str account, struct str region, struct str name,
		       const struct shape_pair *attributes, size_t attribute_count,
		       struct sqs_queue *out_draft)
{
	char arn[ARN_SIZE_MAX];
	struct sqs_queue draft = {
		.account = account,
		.region = region,
		.name = name,
		.is_fifo = wants_fifo(attributes, attribute_count),
	};

	enum err err = check_name(call, name, draft.is_fifo);
	if (err)
		return err;
	draft.arn = arena_copy(call->arena, arn_format(STR("sqs"), region, account, name, arn));
	sqs_attributes_default(&draft);
	*out_draft = draft;
	return ERR_OK;
}

static bool has_tag(const struct sqs_queue *queue, const struct shape_pair *tag)
{
	for (size_t i = 0; i < queue->tag_count; i++)
		if (str_equal(queue->tags[i].key, tag->key))
			return str_equal(queue->tags[i].value, tag->value);
	return false;
}

/* CreateQueue of an existing queue: succeeds if all given attributes equal the queue's. */
static enum err compare(struct call *call, const struct sqs_queue *queue, struct sqs_queue *draft,
			const struct sqs_create_queue_in *in)
{
	draft->life = queue->life;
	for (size_t i = 0; i < in->attributes_count; i++) {
		struct str name = in->attributes[i].key;
		enum sqs_attribute attribute = sqs_attribute_find(name);
		if (!str_equal(sqs_attribute_text(call->arena, queue, attribute),
			       sqs_attribute_text(call->arena, draft, attribute)))
			return fail(call, &SQS_QUEUE_NAME_EXISTS,
				    "A queue already exists with the same name and a different "
				    "value for attribute %.*s",
				    STR_ARG(name));
	}
	for (size_t i = 0; i < draft->tag_count; i++)
		if (!has_tag(queue, &draft->tags[i]))
			return fail(call, &SQS_QUEUE_NAME_EXISTS,
				    "A queue already exists with the same name and a different "
				    "value for tag %.*s",
				    STR_ARG(draft->tags[i].key));
	return ERR_OK;
}

static enum err check_quota(struct call *call)
{
	struct sqs_registry *registry = sqs_of(call->core)->registry;
	int64_t most = quota_most(call->core->quotas, QUOTA_SQS_QUEUES);
	size_t count = sqs_registry_count_account(registry, call->account, (struct str){0});
	bool is_full = sqs_registry_count(registry) >= LIMIT_QUEUES;

	if (is_full)
		quota_log_server_limit(STR("queues"), LIMIT_QUEUES);
	if (!is_full && (int64_t)count < most)
		return ERR_OK;
	return fail(call, &SQS_OVER_LIMIT, "The account has the maximum number of queues: %lld.",
		    (long long)most);
}

enum err sqs_create_queue(struct call *call, const struct sqs_create_queue_in *in,
			  struct sqs_create_queue_out *out)
{
	struct core *core = call->core;
	struct sqs_registry *registry = sqs_of(core)->registry;
	struct sqs_queue draft;

	if (!in->queue_name.data)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE,
			    "Value for parameter QueueName is invalid. Reason: Must specify a "
			    "queue name.");
	if (in->queue_name.size == 0)
		return fail(call, &SQS_INVALID_PARAMETER_VALUE, "Queue name cannot be empty");
	enum err err = sqs_draft_new(call, call->account, call->region, in->queue_name,
				     in->attributes, in->attributes_count, &draft);
	if (err)
		return err;
	err = sqs_tags_merge(call, &draft, in->tags, in->tags_count);
	if (err)
		return err;
	call_set_request_tags(call, draft.tags, draft.tag_count);
	err = sqs_authorize(call, SQS_CREATE_QUEUE, draft.arn, draft.account, NULL);
	/* CreateQueue with tags needs the permission of TagQueue, too. */
	if (!err && in->tags_count > 0)
		err = sqs_authorize(call, SQS_TAG_QUEUE, draft.arn, draft.account, NULL);
	/* Authorization precedes the look-up of names in attributes, so only a caller with
	 * permission learns whether they exist. */
	if (!err)
		err = sqs_attributes_set(call, &draft, in->attributes, in->attributes_count);
	if (err)
		return err;
	out->queue_url = sqs_queue_url(call, &draft);
	const struct sqs_queue *queue = sqs_registry_find_arn(registry, draft.arn);
	if (queue) {
		err = compare(call, queue, &draft, in);
		sqs_queue_release(queue);
		return err;
	}
	if (core->delays_recreate &&
	    sqs_queue_deleted_ms(core, draft.arn) > call->base_ms - RECREATE_INTERVAL_MS)
		return fail(call, &SQS_QUEUE_DELETED_RECENTLY,
			    "You must wait 60 seconds after deleting a queue before you can create "
			    "another with the same name.");
	err = check_quota(call);
	if (err)
		return err;
	return sqs_queue_create(core, &draft);
}

/* ---- DeleteQueue, attributes ---- */

enum err sqs_delete_queue(struct call *call, const struct sqs_delete_queue_in *in,
			  struct sqs_delete_queue_out *out)
{
	const struct sqs_queue *queue;

	(void)out;
	enum err err = sqs_queue_of_call(call, in->queue_url, &queue);
	if (err)
		return err;
	return sqs_queue_delete(call->core, queue);
}

static void show(struct call *call, const struct sqs_queue *queue, enum sqs_attribute attribute,
		 struct sqs_get_queue_attributes_out *out)
{
	struct str text = sqs_attribute_text(call->arena, queue, attribute);

	if (!text.data)
		return;
	if (attribute == SQS_ATTRIBUTE_POLICY)
		text = policies_show(call, text, queue->policy_names);
	for (size_t i = 0; i < out->attributes_count; i++)
		if (str_equal(out->attributes[i].key, sqs_attribute_name(attribute)))
			return;
	out->attributes[out->attributes_count++] =
		(struct shape_pair){sqs_attribute_name(attribute), text};
}

enum err sqs_get_queue_attributes(struct call *call, const struct sqs_get_queue_attributes_in *in,
				  struct sqs_get_queue_attributes_out *out)
{
	const struct sqs_queue *queue;

	enum err err = sqs_queue_of_call(call, in->queue_url, &queue);
	if (err)
		return err;
	out->attributes = arena_array(call->arena, struct shape_pair, SQS_ATTRIBUTE_COUNT);
	for (size_t i = 0; i < in->attribute_names_count; i++) {
		struct str name = in->attribute_names[i];
		enum sqs_attribute attribute = sqs_attribute_find(name);
		if (str_equal(name, STR("All"))) {
			for (attribute = 0; attribute < SQS_ATTRIBUTE_COUNT; attribute++)
				show(call, queue, attribute, out);
		} else if (attribute < SQS_ATTRIBUTE_COUNT) {
			show(call, queue, attribute, out);
		} else {
			return fail(call, &SQS_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %.*s.",
				    STR_ARG(name));
		}
	}
	return ERR_OK;
}

enum err sqs_set_queue_attributes(struct call *call, const struct sqs_set_queue_attributes_in *in,
				  struct sqs_set_queue_attributes_out *out)
{
	const struct sqs_queue *queue;

	(void)out;
	enum err err = sqs_queue_of_call(call, in->queue_url, &queue);
	if (err)
		return err;
	struct sqs_queue draft = sqs_queue_draft(queue);
	err = sqs_attributes_set(call, &draft, in->attributes, in->attributes_count);
	if (err)
		return err;
	return sqs_queue_change(call->core, &draft, true);
}

/* ---- PurgeQueue ---- */

enum err sqs_purge_queue(struct call *call, const struct sqs_purge_queue_in *in,
			 struct sqs_purge_queue_out *out)
{
	struct core *core = call->core;
	const struct sqs_queue *queue;

	(void)out;
	enum err err = sqs_queue_of_call(call, in->queue_url, &queue);
	if (err)
		return err;
	int64_t last_ms = atomic_load(&queue->life->purged_at_ms);
	if (core->delays_purge && last_ms > 0 && call->base_ms < last_ms + PURGE_INTERVAL_MS)
		return fail(call, &SQS_PURGE_QUEUE_IN_PROGRESS,
			    "Only one PurgeQueue operation on %.*s is allowed every 60 seconds.",
			    STR_ARG(queue->name));
	/* The engine knows the queue, and the purge needs no sync. */
	err = core_leave_group(core);
	if (err)
		return err;
	struct queue_command purge = {
		.type = QUEUE_PURGE, .queue = queue->number, .now_ms = call->now_ms};
	core_submit_and_wait(core, &purge);
	if (purge.result != QUEUE_OK)
		return sqs_fail_result(call, purge.result);
	atomic_store(&queue->life->purged_at_ms, call->base_ms);
	return ERR_OK;
}
