/* SPDX-License-Identifier: MIT */
/* store: names as in the API where the API has one. A text that is not set is not written. */
#include "services/sns/store.h"

#include "core/policies.h"

#define STORE_VERSION 1

struct field {
	const char *name;
	size_t offset;
};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct fields {
	const struct field *texts, *numbers, *flags;
	size_t text_count, number_count, flag_count;
};

static const struct field topic_texts[] = {
	{"account", offsetof(struct topic, account)},
	{"region", offsetof(struct topic, region)},
	{"name", offsetof(struct topic, name)},
	{"topicArn", offsetof(struct topic, arn)},
	{"fifoThroughputScope", offsetof(struct topic, throughput_scope)},
	{"displayName", offsetof(struct topic, display_name)},
	{"kmsMasterKeyId", offsetof(struct topic, kms_key)},
	{"signatureVersion", offsetof(struct topic, signature_version)},
	{"tracingConfig", offsetof(struct topic, tracing)},
	{"dataProtectionPolicy", offsetof(struct topic, data_protection_policy)},
	{"archivePolicy", offsetof(struct topic, archive_policy)},
	{"policy", offsetof(struct topic, policy)},
	{"deliveryPolicy", offsetof(struct topic, delivery_policy)},
};
static const struct field topic_numbers[] = {
	{"createdMs", offsetof(struct topic, created_ms)},
	{"archiveDays", offsetof(struct topic, archive_days)},
	{"archivedSinceMs", offsetof(struct topic, archived_since_ms)},
	{"subscriptionsDeleted", offsetof(struct topic, deleted_count)},
};
static const struct field topic_flags[] = {
	{"fifoTopic", offsetof(struct topic, is_fifo)},
	{"contentBasedDeduplication", offsetof(struct topic, has_content_dedup)},
};
static const struct fields topic_fields = {
	topic_texts,	    topic_numbers,	  topic_flags,
	COUNT(topic_texts), COUNT(topic_numbers), COUNT(topic_flags),
};

static const struct field texts[] = {
	{"subscriptionArn", offsetof(struct subscription, arn)},
	{"topicArn", offsetof(struct subscription, topic_arn)},
	{"id", offsetof(struct subscription, id)},
	{"account", offsetof(struct subscription, account)},
	{"region", offsetof(struct subscription, region)},
	{"endpoint", offsetof(struct subscription, endpoint)},
	{"subscriptionPrincipal", offsetof(struct subscription, principal)},
	{"filterPolicy", offsetof(struct subscription, filter_policy)},
	{"redrivePolicy", offsetof(struct subscription, redrive_policy)},
	{"deadLetterTargetArn", offsetof(struct subscription, dead_letter_arn)},
	{"deliveryPolicy", offsetof(struct subscription, delivery_policy)},
	{"subscriptionRoleArn", offsetof(struct subscription, role_arn)},
	{"replayPolicy", offsetof(struct subscription, replay_policy)},
	{"replayStatus", offsetof(struct subscription, replay_status)},
};
static const struct field numbers[] = {
	{"createdMs", offsetof(struct subscription, created_ms)},
};
static const struct field flags[] = {
	{"pendingConfirmation", offsetof(struct subscription, is_pending)},
	{"confirmationWasAuthenticated", offsetof(struct subscription, is_authenticated)},
	{"authenticateOnUnsubscribe", offsetof(struct subscription, needs_unsubscribe_auth)},
	{"rawMessageDelivery", offsetof(struct subscription, is_raw)},
};
static const struct fields subscription_fields = {
	texts, numbers, flags, COUNT(texts), COUNT(numbers), COUNT(flags),
};

/* ---- writing ---- */

static void write_fields(struct json_writer *writer, const struct fields *fields,
			 const void *object)
{
	const char *at = object;

	json_key(writer, STR("version"));
	json_i64(writer, STORE_VERSION);
	for (size_t i = 0; i < fields->text_count; i++) {
		const struct str *text = (const void *)(at + fields->texts[i].offset);
		if (!text->data)
			continue;
		json_key(writer, str_from(fields->texts[i].name));
		json_str(writer, *text);
	}
	for (size_t i = 0; i < fields->number_count; i++) {
		json_key(writer, str_from(fields->numbers[i].name));
		json_i64(writer, *(const int64_t *)(const void *)(at + fields->numbers[i].offset));
	}
	for (size_t i = 0; i < fields->flag_count; i++) {
		json_key(writer, str_from(fields->flags[i].name));
		json_bool(writer, *(const bool *)(const void *)(at + fields->flags[i].offset));
	}
}

static void write_pairs(struct json_writer *writer, struct str name, const struct shape_pair *pairs,
			size_t count)
{
	json_key(writer, name);
	json_open_object(writer);
	for (size_t i = 0; i < count; i++) {
		json_key(writer, pairs[i].key);
		json_str(writer, pairs[i].value);
	}
	json_close_object(writer);
}

void sns_topic_encode(struct buf *out, const struct topic *topic)
{
	struct json_writer writer;

	json_begin(&writer, out);
	json_open_object(&writer);
	write_fields(&writer, &topic_fields, topic);
	json_key(&writer, STR("serial"));
	json_i64(&writer, topic->serial);
	policies_write_names(&writer, STR("policyPrincipals"), topic->policy_names);
	write_pairs(&writer, STR("feedback"), topic->feedback, topic->feedback_count);
	write_pairs(&writer, STR("tags"), topic->tags, topic->tag_count);
	json_close_object(&writer);
}

void sns_subscription_encode(struct buf *out, const struct subscription *subscription)
{
	static const struct str scopes[] = {
		[SNS_FILTER_SCOPE_NONE] = STR_INIT(""),
		[SNS_FILTER_SCOPE_ATTRIBUTES] = STR_INIT("MessageAttributes"),
		[SNS_FILTER_SCOPE_BODY] = STR_INIT("MessageBody"),
	};
	struct json_writer writer;

	json_begin(&writer, out);
	json_open_object(&writer);
	write_fields(&writer, &subscription_fields, subscription);
	json_key(&writer, STR("protocol"));
	json_str(&writer, sns_protocols[subscription->protocol]);
	json_key(&writer, STR("filterPolicyScope"));
	json_str(&writer, scopes[subscription->filter_scope]);
	json_close_object(&writer);
}

/* ---- reading ---- */

static enum err read_fields(struct arena *arena, struct str record, const struct fields *fields,
			    void *out_object, yyjson_val **out_root)
{
	char *at = out_object;
	yyjson_val *root;

	if (json_parse(arena, record, &root) != ERR_OK || !yyjson_is_obj(root))
		return ERR_DAMAGED;
	if (yyjson_get_sint(json_member(root, "version")) != STORE_VERSION)
		return ERR_VERSION;
	for (size_t i = 0; i < fields->text_count; i++) {
		yyjson_val *value = json_member(root, fields->texts[i].name);
		if (value)
			*(struct str *)(void *)(at + fields->texts[i].offset) = json_text(value);
	}
	for (size_t i = 0; i < fields->number_count; i++)
		*(int64_t *)(void *)(at + fields->numbers[i].offset) =
			yyjson_get_sint(json_member(root, fields->numbers[i].name));
	for (size_t i = 0; i < fields->flag_count; i++)
		*(bool *)(void *)(at + fields->flags[i].offset) =
			yyjson_get_bool(json_member(root, fields->flags[i].name));
	*out_root = root;
	return ERR_OK;
}

static const struct shape_pair *read_pairs(struct arena *arena, yyjson_val *object,
					   size_t *out_count)
{
	size_t count = yyjson_obj_size(object), i, most;
	struct shape_pair *pairs = arena_array(arena, struct shape_pair, count);
	yyjson_val *key, *value;

	yyjson_obj_foreach(object, i, most, key, value)
		pairs[i] = (struct shape_pair){json_text(key), json_text(value)};
	*out_count = count;
	return pairs;
}

enum err sns_topic_decode(struct arena *arena, struct str record, struct topic *out_draft)
{
	struct topic draft = {0};
	yyjson_val *root;

	enum err err = read_fields(arena, record, &topic_fields, &draft, &root);
	if (err)
		return err;
	if (draft.arn.size == 0 || draft.policy.size == 0)
		return ERR_DAMAGED;
	draft.serial = (uint32_t)yyjson_get_uint(json_member(root, "serial"));
	draft.policy_names = policies_read_names(arena, json_member(root, "policyPrincipals"));
	draft.feedback = read_pairs(arena, json_member(root, "feedback"), &draft.feedback_count);
	draft.tags = read_pairs(arena, json_member(root, "tags"), &draft.tag_count);
	*out_draft = draft;
	return ERR_OK;
}

enum err sns_subscription_decode(struct arena *arena, struct str record,
				 struct subscription *out_draft)
{
	struct subscription draft = {0};
	yyjson_val *root;

	enum err err = read_fields(arena, record, &subscription_fields, &draft, &root);
	if (err)
		return err;
	draft.protocol = sns_protocol_find(json_text(json_member(root, "protocol")));
	if (draft.protocol == SNS_PROTOCOLS || draft.arn.size == 0 || draft.topic_arn.size == 0)
		return ERR_DAMAGED;
	struct str scope = json_text(json_member(root, "filterPolicyScope"));
	if (str_equal(scope, STR("MessageAttributes")))
		draft.filter_scope = SNS_FILTER_SCOPE_ATTRIBUTES;
	else if (str_equal(scope, STR("MessageBody")))
		draft.filter_scope = SNS_FILTER_SCOPE_BODY;
	*out_draft = draft;
	return ERR_OK;
}
