/* SPDX-License-Identifier: MIT */
/*
 * target: a delivery is a SendMessageBatch, so that a queue's policy, key, limits and FIFO rules
 * hold. Ids of entries are their places. The deliveries of one target_deliver become a fan-out.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
 */
#include "services/sqs/target.h"

#include "api/sqs.h"
#include "base/arn.h"
#include "services/sqs/direct.h"
#include "services/sqs/fanout.h"
#include "services/sqs/state.h"

static enum err resolve(struct core *core, struct str arn, struct target_description *out)
{
	const struct sqs_queue *queue = sqs_registry_find_arn(sqs_of(core)->registry, arn);

	if (!queue)
		return ERR_NOTFOUND;
	*out = (struct target_description){
		.account = arn_account(arn),
		.region = arn_region(arn),
		.is_fifo = queue->is_fifo,
		.has_content_dedup = queue->has_content_dedup,
		.policy = queue->compiled_policy ? policy_hold(queue->compiled_policy) : NULL,
	};
	sqs_queue_release(queue);
	return ERR_OK;
}

static void set_trace(struct arena *arena, struct str trace,
		      struct sqs_send_message_batch_request_entry *entry)
{
	struct sqs_message_system_attribute_value_entry *system;

	if (!trace.data)
		return;
	system = arena_new(arena, struct sqs_message_system_attribute_value_entry);
	system->key = STR("AWSTraceHeader");
	system->value.data_type = STR("String");
	system->value.string_value = trace;
	entry->message_system_attributes = system;
	entry->message_system_attributes_count = 1;
}

static const struct operation *prepare(struct core *core, struct arena *arena,
				       const struct target_delivery *delivery, const void **out_in)
{
	struct sqs_send_message_batch_in *in = arena_new(arena, struct sqs_send_message_batch_in);
	bool is_fifo = str_ends(delivery->arn, STR(".fifo"));

	(void)core;
	in->queue_url = arena_copy(arena, delivery->arn);
	in->entries_count = delivery->count;
	in->entries =
		arena_array(arena, struct sqs_send_message_batch_request_entry, delivery->count);
	for (size_t i = 0; i < delivery->count; i++) {
		const struct target_payload *payload = &delivery->payloads[i];
		struct sqs_send_message_batch_request_entry *entry = &in->entries[i];
		entry->id = arena_format(arena, "%zu", i);
		entry->message_body = payload->body;
		entry->message_group_id = payload->group;
		entry->message_deduplication_id = is_fifo ? payload->dedup : (struct str){0};
		entry->message_attributes = sqs_direct_attributes(arena, payload);
		entry->message_attributes_count = payload->attribute_count;
		set_trace(arena, payload->trace, entry);
	}
	*out_in = in;
	return &sqs_service.operations[SQS_SEND_MESSAGE_BATCH];
}

static struct target_result *result_of(const struct target_delivery *delivery, struct str id)
{
	int64_t place = -1;

	check(str_to_i64(id, &place));
	check(place >= 0);
	check((size_t)place < delivery->count);
	return &delivery->results[place];
}

static void read_answer(const void *answer, const struct target_delivery *delivery)
{
	const struct sqs_send_message_batch_out *out = answer;

	check(out->successful_count + out->failed_count == delivery->count);
	for (size_t i = 0; i < out->successful_count; i++)
		*result_of(delivery, out->successful[i].id) = (struct target_result){
			.outcome = TARGET_DELIVERED, .id = out->successful[i].message_id};
	for (size_t i = 0; i < out->failed_count; i++) {
		const struct sqs_batch_result_error_entry *failed = &out->failed[i];
		*result_of(delivery, failed->id) = (struct target_result){
			.outcome = failed->sender_fault ? TARGET_FAILED : TARGET_RETRY,
			.code = failed->code,
			.text = failed->message,
		};
	}
}

const struct target_provider sqs_target_provider = {
	.resolve = resolve,
	.prepare = prepare,
	.read = read_answer,
	.begin = sqs_fanout_begin,
	.join = sqs_fanout_join_directly,
	.collect = sqs_fanout_collect,
	.leave = sqs_fanout_leave,
};
