/* SPDX-License-Identifier: MIT */
/* target: a delivery is a PublishBatch, so that the topic's policy and its FIFO rules hold. Ids of
 * entries are their places. */
#include "services/sns/target.h"

#include "api/sns.h"
#include "services/sns/state.h"

static enum err resolve(struct core *core, struct str arn, struct target_description *out)
{
	const struct topic *topic = sns_registry_find_topic(sns_of(core)->registry, arn);

	if (!topic)
		return ERR_NOTFOUND;
	*out = (struct target_description){
		.account = arn_account(arn),
		.region = arn_region(arn),
		.is_fifo = topic->is_fifo,
		.has_content_dedup = topic->has_content_dedup,
		.policy = topic->compiled_policy ? policy_hold(topic->compiled_policy) : NULL,
	};
	sns_topic_release(topic);
	return ERR_OK;
}

static void set_attributes(struct arena *arena, const struct target_payload *payload,
			   struct sns_publish_batch_request_entry *entry)
{
	entry->message_attributes_count = payload->attribute_count;
	entry->message_attributes = arena_array(arena, struct sns_message_attribute_value_entry,
						payload->attribute_count);
	for (size_t i = 0; i < payload->attribute_count; i++) {
		const struct target_attribute *attribute = &payload->attributes[i];
		struct sns_message_attribute_value *value = &entry->message_attributes[i].value;
		entry->message_attributes[i].key = attribute->name;
		value->data_type = attribute->type;
		if (str_starts(attribute->type, STR("Binary")))
			value->binary_value = attribute->value;
		else
			value->string_value = attribute->value;
	}
}

static const struct operation *prepare(struct core *core, struct arena *arena,
				       const struct target_delivery *delivery, const void **out_in)
{
	struct sns_publish_batch_in *in = arena_new(arena, struct sns_publish_batch_in);
	const struct topic *topic = sns_registry_find_topic(sns_of(core)->registry, delivery->arn);

	in->topic_arn = delivery->arn;
	in->publish_batch_request_entries_count = delivery->count;
	in->publish_batch_request_entries =
		arena_array(arena, struct sns_publish_batch_request_entry, delivery->count);
	for (size_t i = 0; i < delivery->count; i++) {
		const struct target_payload *payload = &delivery->payloads[i];
		struct sns_publish_batch_request_entry *entry =
			&in->publish_batch_request_entries[i];
		entry->id = arena_format(arena, "%zu", i);
		entry->message = payload->body;
		entry->message_group_id = payload->group;
		if (topic && topic->is_fifo)
			entry->message_deduplication_id = payload->dedup;
		set_attributes(arena, payload, entry);
	}
	sns_topic_release(topic);
	*out_in = in;
	return &sns_service.operations[SNS_PUBLISH_BATCH];
}

/* The result of the payload whose place is the id. */
static struct target_result *result_of(const struct target_delivery *delivery, struct str id)
{
	int64_t place = -1;

	check(str_to_i64(id, &place));
	check(place >= 0);
	check((size_t)place < delivery->count);
	return &delivery->results[place];
}

static void read(const void *out, const struct target_delivery *delivery)
{
	const struct sns_publish_batch_out *answer = out;

	for (size_t i = 0; i < answer->successful_count; i++)
		*result_of(delivery, answer->successful[i].id) = (struct target_result){
			.outcome = TARGET_DELIVERED, .id = answer->successful[i].message_id};
	for (size_t i = 0; i < answer->failed_count; i++) {
		const struct sns_batch_result_error_entry *entry = &answer->failed[i];
		*result_of(delivery, entry->id) = (struct target_result){
			.outcome = entry->sender_fault ? TARGET_FAILED : TARGET_RETRY,
			.code = entry->code,
			.text = entry->message,
		};
	}
}

const struct target_provider sns_target_provider = {
	.resolve = resolve,
	.prepare = prepare,
	.read = read,
};
