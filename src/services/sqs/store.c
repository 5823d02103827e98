/* SPDX-License-Identifier: MIT */
/* store: names as in the API where the API has one. */
#include "services/sqs/store.h"
#include "services/sqs/redrive.h"

#include "core/policies.h"

#define STORE_VERSION 1

struct field {
	const char *name;
	size_t offset;
};

static const struct field texts[] = {
	{"account", offsetof(struct sqs_queue, account)},
	{"region", offsetof(struct sqs_queue, region)},
	{"name", offsetof(struct sqs_queue, name)},
	{"arn", offsetof(struct sqs_queue, arn)},
	{"policy", offsetof(struct sqs_queue, policy)},
	{"redrivePolicy", offsetof(struct sqs_queue, redrive_policy)},
	{"redriveAllowPolicy", offsetof(struct sqs_queue, redrive_allow_policy)},
	{"kmsMasterKeyId", offsetof(struct sqs_queue, kms_key)},
};

static const struct field numbers[] = {
	{"delaySeconds", offsetof(struct sqs_queue, delay_seconds)},
	{"maximumMessageSize", offsetof(struct sqs_queue, message_size_max)},
	{"messageRetentionPeriod", offsetof(struct sqs_queue, retention_seconds)},
	{"receiveMessageWaitTimeSeconds", offsetof(struct sqs_queue, wait_seconds)},
	{"visibilityTimeout", offsetof(struct sqs_queue, visibility_seconds)},
	{"kmsDataKeyReusePeriodSeconds", offsetof(struct sqs_queue, kms_reuse_seconds)},
	{"createdMs", offsetof(struct sqs_queue, created_ms)},
	{"modifiedMs", offsetof(struct sqs_queue, modified_ms)},
};

static const struct field flags[] = {
	{"fifoQueue", offsetof(struct sqs_queue, is_fifo)},
	{"contentBasedDeduplication", offsetof(struct sqs_queue, has_content_dedup)},
	{"perMessageGroupIdLimit", offsetof(struct sqs_queue, is_per_group_limit)},
	{"sqsManagedSseEnabled", offsetof(struct sqs_queue, has_sqs_managed_sse)},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void *at(const struct sqs_queue *queue, const struct field *field)
{
	return (char *)queue + field->offset;
}

void sqs_queue_encode(struct buf *out, struct arena *arena, const struct sqs_queue *queue)
{
	struct json_writer writer;

	json_begin(&writer, out);
	json_open_object(&writer);
	json_key(&writer, STR("version"));
	json_i64(&writer, STORE_VERSION);
	json_key(&writer, STR("number"));
	json_str(&writer, arena_format(arena, "%llu", (unsigned long long)queue->number));
	for (size_t i = 0; i < COUNT(texts); i++) {
		json_key(&writer, str_from(texts[i].name));
		json_str(&writer, *(const struct str *)at(queue, &texts[i]));
	}
	for (size_t i = 0; i < COUNT(numbers); i++) {
		json_key(&writer, str_from(numbers[i].name));
		json_i64(&writer, *(const int64_t *)at(queue, &numbers[i]));
	}
	for (size_t i = 0; i < COUNT(flags); i++) {
		json_key(&writer, str_from(flags[i].name));
		json_bool(&writer, *(const bool *)at(queue, &flags[i]));
	}
	json_key(&writer, STR("groupScope"));
	json_bool(&writer, queue->dedup_scope == SQS_DEDUP_GROUP);
	policies_write_names(&writer, STR("policyPrincipals"), queue->policy_names);
	json_key(&writer, STR("tags"));
	json_open_object(&writer);
	for (size_t i = 0; i < queue->tag_count; i++) {
		json_key(&writer, queue->tags[i].key);
		json_str(&writer, queue->tags[i].value);
	}
	json_close_object(&writer);
	json_close_object(&writer);
}

static void decode_tags(struct arena *arena, yyjson_val *object, struct sqs_queue *draft)
{
	size_t count = yyjson_obj_size(object);
	struct shape_pair *tags = arena_array(arena, struct shape_pair, count);
	yyjson_val *key, *value;
	size_t i, most;

	yyjson_obj_foreach(object, i, most, key, value)
		tags[i] = (struct shape_pair){json_text(key), json_text(value)};
	draft->tags = tags;
	draft->tag_count = count;
}

enum err sqs_queue_decode(struct arena *arena, struct str record, struct sqs_queue *out_draft)
{
	struct sqs_queue draft = {0};
	yyjson_val *root;

	if (json_parse(arena, record, &root) != ERR_OK || !yyjson_is_obj(root))
		return ERR_DAMAGED;
	if (yyjson_get_sint(json_member(root, "version")) > STORE_VERSION)
		return ERR_VERSION;
	if (!str_to_u64(json_text(json_member(root, "number")), &draft.number))
		return ERR_DAMAGED;
	for (size_t i = 0; i < COUNT(texts); i++)
		*(struct str *)at(&draft, &texts[i]) = json_text(json_member(root, texts[i].name));
	for (size_t i = 0; i < COUNT(numbers); i++)
		*(int64_t *)at(&draft, &numbers[i]) =
			yyjson_get_sint(json_member(root, numbers[i].name));
	for (size_t i = 0; i < COUNT(flags); i++)
		*(bool *)at(&draft, &flags[i]) = yyjson_get_bool(json_member(root, flags[i].name));
	if (yyjson_get_bool(json_member(root, "groupScope")))
		draft.dedup_scope = SQS_DEDUP_GROUP;
	draft.policy_names = policies_read_names(arena, json_member(root, "policyPrincipals"));
	decode_tags(arena, json_member(root, "tags"), &draft);
	if (sqs_redrive_parse(arena, &draft, draft.redrive_policy) != ERR_OK ||
	    sqs_redrive_allow_parse(arena, &draft, draft.redrive_allow_policy) != ERR_OK)
		return ERR_DAMAGED;
	*out_draft = draft;
	return ERR_OK;
}
