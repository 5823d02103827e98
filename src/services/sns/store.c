/* SPDX-License-Identifier: MIT */
/* store: between snapshots and the records that model/sns.ops declares. */
#include "services/sns/store.h"

#include "api/sns_records.h"

static const struct str scopes[] = {
	[SNS_FILTER_SCOPE_NONE] = STR_INIT(""),
	[SNS_FILTER_SCOPE_ATTRIBUTES] = STR_INIT("MessageAttributes"),
	[SNS_FILTER_SCOPE_BODY] = STR_INIT("MessageBody"),
};

/* ---- topics ---- */

void sns_topic_encode(struct buf *out, const struct topic *topic)
{
	const struct sns_topic_record record = {
		.account = topic->account,
		.region = topic->region,
		.name = topic->name,
		.topic_arn = topic->arn,
		.serial = topic->serial,
		.created_ms = topic->created_ms,
		.fifo_topic = topic->is_fifo,
		.content_based_deduplication = topic->has_content_dedup,
		.fifo_throughput_scope = topic->throughput_scope,
		.display_name = topic->display_name,
		.kms_master_key_id = topic->kms_key,
		.signature_version = topic->signature_version,
		.tracing_config = topic->tracing,
		.data_protection_policy = topic->data_protection_policy,
		.policy = topic->policy,
		.policy_principals = topic->policy_names.items,
		.policy_principals_count = topic->policy_names.count,
		.delivery_policy = topic->delivery_policy,
		.feedback = topic->feedback,
		.feedback_count = topic->feedback_count,
		.tags = topic->tags,
		.tags_count = topic->tag_count,
		.subscriptions_deleted = topic->deleted_count,
		.archive_policy = topic->archive_policy,
		.archive_days = topic->archive_days,
		.archived_since_ms = topic->archived_since_ms,
	};

	sns_topic_record_encode(out, &record);
}

enum err sns_topic_decode(struct arena *arena, struct str bytes, struct topic *out_draft)
{
	struct sns_topic_record record;

	enum err err = sns_topic_record_decode(arena, bytes, &record);
	if (err)
		return err;
	if (record.topic_arn.size == 0 || record.policy.size == 0 || record.serial < 0 ||
	    record.serial > UINT32_MAX)
		return ERR_DAMAGED;
	*out_draft = (struct topic){
		.account = record.account,
		.region = record.region,
		.name = record.name,
		.arn = record.topic_arn,
		.serial = (uint32_t)record.serial,
		.created_ms = record.created_ms,
		.is_fifo = record.fifo_topic,
		.has_content_dedup = record.content_based_deduplication,
		.throughput_scope = record.fifo_throughput_scope,
		.display_name = record.display_name,
		.kms_key = record.kms_master_key_id,
		.signature_version = record.signature_version,
		.tracing = record.tracing_config,
		.data_protection_policy = record.data_protection_policy,
		.policy = record.policy,
		.policy_names = {record.policy_principals, record.policy_principals_count},
		.delivery_policy = record.delivery_policy,
		.feedback = record.feedback,
		.feedback_count = record.feedback_count,
		.tags = record.tags,
		.tag_count = record.tags_count,
		.deleted_count = record.subscriptions_deleted,
		.archive_policy = record.archive_policy,
		.archive_days = record.archive_days,
		.archived_since_ms = record.archived_since_ms,
	};
	return ERR_OK;
}

/* ---- subscriptions ---- */

void sns_subscription_encode(struct buf *out, const struct subscription *subscription)
{
	const struct sns_subscription_record record = {
		.subscription_arn = subscription->arn,
		.topic_arn = subscription->topic_arn,
		.id = subscription->id,
		.account = subscription->account,
		.region = subscription->region,
		.protocol = sns_protocols[subscription->protocol],
		.endpoint = subscription->endpoint,
		.subscription_principal = subscription->principal,
		.created_ms = subscription->created_ms,
		.pending_confirmation = subscription->is_pending,
		.confirmation_was_authenticated = subscription->is_authenticated,
		.authenticate_on_unsubscribe = subscription->needs_unsubscribe_auth,
		.raw_message_delivery = subscription->is_raw,
		.filter_policy = subscription->filter_policy,
		.filter_policy_scope = scopes[subscription->filter_scope],
		.redrive_policy = subscription->redrive_policy,
		.dead_letter_target_arn = subscription->dead_letter_arn,
		.delivery_policy = subscription->delivery_policy,
		.subscription_role_arn = subscription->role_arn,
		.replay_policy = subscription->replay_policy,
		.replay_status = subscription->replay_status,
		.replay_start_ms = subscription->replay_start_ms,
		.replay_end_ms = subscription->replay_end_ms,
		.replay_began_ms = subscription->replay_began_ms,
		.replay_live = (int64_t)subscription->replay_live,
		.replay_place = (int64_t)subscription->replay_place,
	};

	sns_subscription_record_encode(out, &record);
}

static enum sns_filter_scope find_scope(struct str name)
{
	enum sns_filter_scope scope = SNS_FILTER_SCOPE_BODY;

	while (scope > SNS_FILTER_SCOPE_NONE && !str_equal(name, scopes[scope]))
		scope--;
	return scope;
}

enum sns_replay_state sns_replay_state_of(const struct subscription *subscription)
{
	struct str status = subscription->replay_status;

	if (str_equal(status, STR(SNS_REPLAY_PENDING)) ||
	    str_equal(status, STR(SNS_REPLAY_IN_PROGRESS)))
		return SNS_REPLAY_RUNNING;
	return str_equal(status, STR(SNS_REPLAY_COMPLETED)) && subscription->replay_end_ms > 0
		       ? SNS_REPLAY_PAUSED
		       : SNS_REPLAY_NONE;
}

enum err sns_subscription_decode(struct arena *arena, struct str bytes,
				 struct subscription *out_draft)
{
	struct sns_subscription_record record;

	enum err err = sns_subscription_record_decode(arena, bytes, &record);
	if (err)
		return err;
	enum sns_protocol protocol = sns_protocol_find(record.protocol);
	if (protocol == SNS_PROTOCOLS || record.subscription_arn.size == 0 ||
	    record.topic_arn.size == 0)
		return ERR_DAMAGED;
	*out_draft = (struct subscription){
		.arn = record.subscription_arn,
		.topic_arn = record.topic_arn,
		.id = record.id,
		.account = record.account,
		.region = record.region,
		.protocol = protocol,
		.endpoint = record.endpoint,
		.principal = record.subscription_principal,
		.created_ms = record.created_ms,
		.is_pending = record.pending_confirmation,
		.is_authenticated = record.confirmation_was_authenticated,
		.needs_unsubscribe_auth = record.authenticate_on_unsubscribe,
		.is_raw = record.raw_message_delivery,
		.filter_policy = record.filter_policy,
		.filter_scope = find_scope(record.filter_policy_scope),
		.redrive_policy = record.redrive_policy,
		.dead_letter_arn = record.dead_letter_target_arn,
		.delivery_policy = record.delivery_policy,
		.role_arn = record.subscription_role_arn,
		.replay_policy = record.replay_policy,
		.replay_status = record.replay_status,
		.replay_start_ms = record.replay_start_ms,
		.replay_end_ms = record.replay_end_ms,
		.replay_began_ms = record.replay_began_ms,
		.replay_live = (uint64_t)record.replay_live,
		.replay_place = (uint64_t)record.replay_place,
	};
	out_draft->replay_state = sns_replay_state_of(out_draft);
	return ERR_OK;
}
