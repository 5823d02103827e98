/* SPDX-License-Identifier: MIT */
/*
 * archive: an archive that ends keeps its messages for a day more in the log, but nobody reads
 * them: another archive of the topic begins with messages of its own time.
 */
#include "services/sns/archive.h"

#include "format/json.h"
#include "services/sns/delivery.h"
#include "services/sns/encrypt.h"
#include "services/sns/gate.h"

enum { DAY_MS = 86400000 };

/* A number, or a text of digits. */
static bool read_days(yyjson_val *value, int64_t *out_days)
{
	uint64_t days;

	if (yyjson_is_uint(value))
		days = yyjson_get_uint(value);
	else if (!yyjson_is_str(value) || !str_to_u64(json_text(value), &days))
		return false;
	*out_days = (int64_t)days;
	return days >= 1 && days <= LIMIT_ARCHIVE_DAYS;
}

enum err sns_archive_policy_set(struct call *call, struct topic *draft, struct str policy,
				const char *prefix)
{
	yyjson_val *root = NULL;
	int64_t days = 0;

	if (!draft->is_fifo)
		return sns_invalid(call, "AttributeName");
	if (policy.size > 0 && json_parse(call->arena, policy, &root) != ERR_OK)
		return sns_invalid(call, "%sArchivePolicy: Unable to parse JSON", prefix);
	if (root && !yyjson_is_obj(root))
		return sns_invalid(call, "%sArchivePolicy: JSON is missing required fields",
				   prefix);
	if (yyjson_obj_size(root) == 0) {
		draft->archive_policy = (struct str){0};
		draft->archive_days = draft->archived_since_ms = 0;
		return ERR_OK;
	}
	yyjson_val *period = json_member(root, "MessageRetentionPeriod");
	if (!period)
		return sns_invalid(call, "%sArchivePolicy: JSON is missing required fields",
				   prefix);
	if (!read_days(period, &days))
		return sns_invalid(call, "%sArchivePolicy: MessageRetentionPeriod value is invalid",
				   prefix);
	draft->archive_policy = policy;
	draft->archive_days = days;
	if (draft->archived_since_ms == 0)
		draft->archived_since_ms = call->now_ms;
	return ERR_OK;
}

int64_t sns_archive_beginning(const struct topic *topic, int64_t now_ms)
{
	int64_t oldest_ms = now_ms - topic->archive_days * DAY_MS;

	if (topic->archive_days == 0)
		return 0;
	return oldest_ms > topic->archived_since_ms ? oldest_ms : topic->archived_since_ms;
}

struct queue_target sns_archive_target(const struct core *core, struct arena *arena,
				       const struct topic *topic, struct data_key *key,
				       const struct sns_message *message)
{
	const struct sns_signature none = {0};
	uint64_t queue = sns_gate_queue(topic);
	struct str shared = sns_owed_message(arena, message,
					     sns_message_body(message, SNS_PROTOCOL_SQS), &none);

	return (struct queue_target){
		.queue = queue,
		.is_whole = true,
		.own = seal_close(core->seal, arena, queue, sns_seal(arena, key, shared)),
	};
}

enum err sns_archive_open(const struct core *core, struct str payload, struct str *out_shared)
{
	return seal_open(core->seal, (char *)(uintptr_t)payload.data, payload.size, out_shared);
}
