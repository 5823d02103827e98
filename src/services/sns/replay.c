/* SPDX-License-Identifier: MIT */
/* replay: the policy's texts are those of SNS. */
#include "services/sns/replay.h"

#include "api/sns.h"
#include "format/json.h"
#include "services/sns/archive.h"
#include "services/sns/store.h"

/* A BeginningArchiveTime that was read a moment ago is a StartingPoint. */
enum { LATE_MS = 60000 };

static enum err refuse(struct call *call, const char *prefix, const char *text)
{
	return sns_invalid(call, "%sReplayPolicy: %s", prefix, text);
}

static void end(struct subscription *draft)
{
	draft->replay_policy = draft->replay_status = (struct str){0};
	draft->replay_state = SNS_REPLAY_NONE;
	draft->replay_start_ms = draft->replay_end_ms = draft->replay_began_ms = 0;
	draft->replay_live = draft->replay_place = 0;
}

static bool read_time(yyjson_val *value, int64_t *out_ms)
{
	return yyjson_is_str(value) && clock_parse_iso(json_text(value), out_ms);
}

/* Times of the policy that the topic's archive has. */
static enum err read_points(struct call *call, const struct subscription *draft, yyjson_val *root,
			    const char *prefix, int64_t *out_start_ms, int64_t *out_end_ms)
{
	yyjson_val *start = json_member(root, "StartingPoint");
	yyjson_val *type = json_member(root, "PointType");
	yyjson_val *ending = json_member(root, "EndingPoint");

	if (!start || !type)
		return refuse(call, prefix, "JSON is missing required fields");
	if (!str_equal(json_text(type), STR("Timestamp")))
		return refuse(call, prefix, "Invalid PointType");
	const struct topic *topic = sns_keep_topic(
		call, sns_registry_find_topic(sns_of(call->core)->registry, draft->topic_arn));
	int64_t beginning_ms = topic ? sns_archive_beginning(topic, call->now_ms - LATE_MS) : 0;
	if (beginning_ms == 0)
		return refuse(call, prefix, "Topic does not have an ArchivePolicy");
	if (!read_time(start, out_start_ms) || *out_start_ms < beginning_ms ||
	    *out_start_ms > call->now_ms)
		return refuse(call, prefix, "Invalid StartingPoint value");
	*out_end_ms = 0;
	if (ending && (!read_time(ending, out_end_ms) || *out_end_ms < *out_start_ms ||
		       *out_end_ms > call->now_ms))
		return refuse(call, prefix, "Invalid EndingPoint value");
	return ERR_OK;
}

static bool count_running(void *context, const struct subscription *subscription)
{
	size_t *count = context;

	*count += subscription->replay_state == SNS_REPLAY_RUNNING ||
		  subscription->replay_state == SNS_REPLAY_SWITCHING;
	return *count < LIMIT_SNS_REPLAYS;
}

static enum err check_limit(struct call *call, const struct subscription *draft)
{
	size_t count = 0;

	if (draft->replay_state == SNS_REPLAY_RUNNING ||
	    draft->replay_state == SNS_REPLAY_SWITCHING)
		return ERR_OK; /* replaces its own */
	sns_registry_each_of_account(sns_of(call->core)->registry, draft->account, draft->region,
				     STR(""), count_running, &count);
	if (count < LIMIT_SNS_REPLAYS)
		return ERR_OK;
	return fail(call, &SNS_REPLAY_LIMIT_EXCEEDED,
		    "The account has reached its limit of %d concurrent message replays.",
		    LIMIT_SNS_REPLAYS);
}

enum err sns_replay_policy_set(struct call *call, struct subscription *draft, struct str policy,
			       const char *prefix)
{
	yyjson_val *root = NULL;
	int64_t start_ms, end_ms;

	if (!str_ends(draft->topic_arn, STR(".fifo")))
		return sns_invalid(call, "AttributeName");
	if (policy.size > 0 && json_parse(call->arena, policy, &root) != ERR_OK)
		return refuse(call, prefix, "Unable to parse JSON");
	if (root && !yyjson_is_obj(root))
		return refuse(call, prefix, "JSON is missing required fields");
	if (yyjson_obj_size(root) == 0) {
		end(draft);
		return ERR_OK;
	}
	enum err err = read_points(call, draft, root, prefix, &start_ms, &end_ms);
	if (!err)
		err = check_limit(call, draft);
	if (err)
		return err;
	draft->replay_policy = policy;
	draft->replay_status = STR(SNS_REPLAY_PENDING);
	draft->replay_state = SNS_REPLAY_RUNNING;
	draft->replay_start_ms = start_ms;
	draft->replay_end_ms = end_ms;
	/* Two replays never have the same. */
	draft->replay_began_ms =
		call->now_ms > draft->replay_began_ms ? call->now_ms : draft->replay_began_ms + 1;
	draft->replay_live = draft->replay_place = 0;
	return ERR_OK;
}
