/* SPDX-License-Identifier: MIT */
/* archive: {"MessageRetentionPeriod": "30"}, in days. */
#include "services/sns/archive.h"

#include "format/json.h"

/* A number, or a text that is one. */
static bool read_days(yyjson_val *value, int64_t *out_days)
{
	if (yyjson_is_uint(value)) {
		*out_days = yyjson_get_sint(value);
		return true;
	}
	return str_to_i64(json_text(value), out_days);
}

enum err sns_archive_policy_set(struct call *call, struct topic *draft, struct str policy,
				const char *prefix)
{
	int64_t days = 0;
	yyjson_val *root = NULL;

	if (!draft->is_fifo)
		return sns_invalid(call, "%sArchivePolicy", prefix);
	if (policy.size > 0 && json_parse(call->arena, policy, &root) != ERR_OK)
		return sns_invalid(call, "%sArchivePolicy: failed to parse JSON", prefix);
	if (!root || (yyjson_is_obj(root) && yyjson_obj_size(root) == 0)) {
		draft->archive_policy = (struct str){0};
		draft->archive_days = draft->archived_since_ms = 0;
		return ERR_OK;
	}
	if (!read_days(json_member(root, "MessageRetentionPeriod"), &days) || days < 1 ||
	    days > LIMIT_ARCHIVE_DAYS || yyjson_obj_size(root) != 1)
		return sns_invalid(call, "%sArchivePolicy: MessageRetentionPeriod must be 1 to %d",
				   prefix, LIMIT_ARCHIVE_DAYS);
	draft->archive_policy = policy;
	draft->archive_days = days;
	if (draft->archived_since_ms == 0)
		draft->archived_since_ms = call->now_ms;
	return ERR_OK;
}
