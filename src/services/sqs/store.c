/* SPDX-License-Identifier: MIT */
/* store: the record Queue of model/sqs.ops; what its texts say is parsed again. */
#include "services/sqs/store.h"

#include "api/sqs_records.h"
#include "services/sqs/redrive.h"

void sqs_queue_encode(struct buf *out, struct arena *arena, const struct sqs_queue *queue)
{
	struct sqs_queue_record record = {
		.number = arena_format(arena, "%llu", (unsigned long long)queue->number),
		.account = queue->account,
		.region = queue->region,
		.name = queue->name,
		.arn = queue->arn,
		.policy = queue->policy,
		.policy_principals = queue->policy_names.items,
		.policy_principals_count = queue->policy_names.count,
		.redrive_policy = queue->redrive_policy,
		.redrive_allow_policy = queue->redrive_allow_policy,
		.kms_master_key_id = queue->kms_key,
		.kms_data_key_reuse_period_seconds = queue->kms_reuse_seconds,
		.sqs_managed_sse_enabled = queue->has_sqs_managed_sse,
		.delay_seconds = queue->delay_seconds,
		.maximum_message_size = queue->message_size_max,
		.message_retention_period = queue->retention_seconds,
		.receive_message_wait_time_seconds = queue->wait_seconds,
		.visibility_timeout = queue->visibility_seconds,
		.created_ms = queue->created_ms,
		.modified_ms = queue->modified_ms,
		.fifo_queue = queue->is_fifo,
		.content_based_deduplication = queue->has_content_dedup,
		.group_scope = queue->dedup_scope == SQS_DEDUP_GROUP,
		.per_message_group_id_limit = queue->is_per_group_limit,
		.tags = queue->tags,
		.tags_count = queue->tag_count,
	};

	sqs_queue_record_encode(out, &record);
}

enum err sqs_queue_decode(struct arena *arena, struct str bytes, struct sqs_queue *out_draft)
{
	struct sqs_queue_record record;

	enum err err = sqs_queue_record_decode(arena, bytes, &record);
	if (err)
		return err;
	struct sqs_queue draft = {
		.account = record.account,
		.region = record.region,
		.name = record.name,
		.arn = record.arn,
		.policy = record.policy,
		.policy_names = {record.policy_principals, record.policy_principals_count},
		.redrive_policy = record.redrive_policy,
		.redrive_allow_policy = record.redrive_allow_policy,
		.kms_key = record.kms_master_key_id,
		.kms_reuse_seconds = record.kms_data_key_reuse_period_seconds,
		.has_sqs_managed_sse = record.sqs_managed_sse_enabled,
		.delay_seconds = record.delay_seconds,
		.message_size_max = record.maximum_message_size,
		.retention_seconds = record.message_retention_period,
		.wait_seconds = record.receive_message_wait_time_seconds,
		.visibility_seconds = record.visibility_timeout,
		.created_ms = record.created_ms,
		.modified_ms = record.modified_ms,
		.is_fifo = record.fifo_queue,
		.has_content_dedup = record.content_based_deduplication,
		.dedup_scope = record.group_scope ? SQS_DEDUP_GROUP : SQS_DEDUP_QUEUE,
		.is_per_group_limit = record.per_message_group_id_limit,
		.tags = record.tags,
		.tag_count = record.tags_count,
	};
	if (!str_to_u64(record.number, &draft.number) ||
	    sqs_redrive_parse(arena, &draft, draft.redrive_policy) != ERR_OK ||
	    sqs_redrive_allow_parse(arena, &draft, draft.redrive_allow_policy) != ERR_OK)
		return ERR_DAMAGED;
	*out_draft = draft;
	return ERR_OK;
}
