/* SPDX-License-Identifier: MIT */
/* attributes: a table of those that are texts, and functions for the others. */
#include "services/sns/attributes.h"

#include <string.h>

#include "api/sns.h"
#include "core/policies.h"
#include "core/tags.h"
#include "format/json.h"
#include "services/sns/archive.h"
#include "services/sns/change.h"
#include "services/sns/delivery_policy.h"

struct change {
	struct call *call;
	struct topic *draft;
	struct str value;
	const char *prefix; /* "Attributes Reason: " of CreateTopic */
};

/* ---- policies ---- */

struct str sns_default_policy(struct arena *arena, const struct topic *topic)
{
	return arena_format(
		arena,
		"{\"Version\":\"2008-10-17\",\"Id\":\"__default_policy_ID\",\"Statement\":[{"
		"\"Sid\":\"__default_statement_ID\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
		"\"*\"},\"Action\":[\"SNS:GetTopicAttributes\",\"SNS:SetTopicAttributes\","
		"\"SNS:AddPermission\",\"SNS:RemovePermission\",\"SNS:DeleteTopic\","
		"\"SNS:Subscribe\",\"SNS:ListSubscriptionsByTopic\",\"SNS:Publish\"],"
		"\"Resource\":\"%.*s\",\"Condition\":{\"StringEquals\":{\"AWS:SourceOwner\":"
		"\"%.*s\"}}}]}",
		STR_ARG(topic->arn), STR_ARG(topic->account));
}

static bool is_topic_action(struct str action)
{
	return action.size > 4 && str_equal_nocase(str_slice(action, 0, 4), STR("sns:"));
}

/* Action or NotAction: one text, or a list. */
static bool has_topic_actions(yyjson_val *actions)
{
	yyjson_val *action;
	size_t i, most;

	if (!yyjson_is_arr(actions))
		return !actions || is_topic_action(json_text(actions));
	yyjson_arr_foreach(actions, i, most, action)
		if (!is_topic_action(json_text(action)))
			return false;
	return true;
}

static bool is_in_scope(yyjson_val *statement)
{
	return has_topic_actions(json_member(statement, "Action")) &&
	       has_topic_actions(json_member(statement, "NotAction"));
}

static enum err check_actions(struct call *call, struct str policy)
{
	yyjson_val *root, *statement;
	size_t i, most;

	enum err err = json_parse(call->arena, policy, &root);
	if (err)
		return err;
	yyjson_val *statements = json_member(root, "Statement");
	bool is_good = yyjson_is_arr(statements) || is_in_scope(statements);
	if (yyjson_is_arr(statements))
		yyjson_arr_foreach(statements, i, most, statement)
			is_good &= is_in_scope(statement);
	if (!is_good)
		return sns_invalid(call, "Policy statement action out of service scope!");
	return ERR_OK;
}

enum err sns_policy_set(struct call *call, struct topic *draft, struct str policy)
{
	struct policy_names names = {0};
	struct str problem;

	if (policy.size > LIMIT_TOPIC_POLICY_SIZE)
		return sns_invalid(call, "Policy Error: the policy has %zu bytes, %d are allowed",
				   policy.size, LIMIT_TOPIC_POLICY_SIZE);
	enum err err = policies_bind(call, policy, POLICY_RESOURCE, &names, &problem);
	if (err == ERR_NOTFOUND)
		return sns_invalid(call, "Policy Error: PrincipalNotFound");
	if (err == ERR_INVALID)
		return sns_invalid(call, "Policy Error: %.*s", STR_ARG(problem));
	if (!err)
		err = check_actions(call, policy);
	if (err)
		return err;
	draft->policy = policy;
	draft->policy_names = names;
	return ERR_OK;
}

static enum err set_policy(struct change *change)
{
	struct topic *draft = change->draft;

	if (change->value.size > 0)
		return sns_policy_set(change->call, draft, change->value);
	draft->policy = sns_default_policy(change->call->arena, draft);
	draft->policy_names = (struct policy_names){0};
	return ERR_OK;
}

/* ---- values ---- */

static enum err refuse(struct change *change, const char *name)
{
	return sns_invalid(change->call, "%s%s", change->prefix, name);
}

static enum err set_display_name(struct change *change)
{
	if (str_count_characters(change->value) > LIMIT_DISPLAY_NAME_SIZE)
		return refuse(change, "DisplayName");
	change->draft->display_name = change->value;
	return ERR_OK;
}

static bool is_one_of(struct str value, struct str first, struct str second)
{
	return value.size == 0 || str_equal(value, first) || str_equal(value, second);
}

static struct str or_none(struct str value)
{
	return value.size > 0 ? value : (struct str){0};
}

static enum err set_signature_version(struct change *change)
{
	if (!is_one_of(change->value, STR("1"), STR("2")))
		return refuse(change, "SignatureVersion");
	change->draft->signature_version = or_none(change->value);
	return ERR_OK;
}

static enum err set_tracing(struct change *change)
{
	if (change->draft->is_fifo || !is_one_of(change->value, STR("PassThrough"), STR("Active")))
		return refuse(change, "TracingConfig");
	change->draft->tracing = or_none(change->value);
	return ERR_OK;
}

static enum err set_key(struct change *change)
{
	if (change->value.size > LIMIT_KMS_KEY_ID_SIZE)
		return refuse(change, "KmsMasterKeyId");
	change->draft->kms_key = or_none(change->value);
	return ERR_OK;
}

static enum err set_content_dedup(struct change *change)
{
	bool is_on = str_equal_nocase(change->value, STR("true"));

	if (!is_on && change->value.size > 0 && !str_equal_nocase(change->value, STR("false")))
		return refuse(change, "ContentBasedDeduplication");
	if (is_on && !change->draft->is_fifo)
		return sns_invalid(change->call,
				   "%sContent-based deduplication can only be set for FIFO topics",
				   change->prefix);
	change->draft->has_content_dedup = is_on;
	return ERR_OK;
}

static enum err set_throughput_scope(struct change *change)
{
	if (!change->draft->is_fifo || !is_one_of(change->value, STR("Topic"), STR("MessageGroup")))
		return refuse(change, "FifoThroughputScope");
	change->draft->throughput_scope = or_none(change->value);
	return ERR_OK;
}

static enum err set_delivery_policy(struct change *change)
{
	const struct sns_delivery_policy *policy;
	struct arena *arena = change->call->arena;
	struct str problem;

	change->draft->delivery_policy = (struct str){0};
	if (change->value.size == 0)
		return ERR_OK;
	enum err err = sns_delivery_policy_parse(arena, change->value, true, &policy, &problem);
	if (err)
		return sns_invalid(change->call, "%s%.*s", change->prefix, STR_ARG(problem));
	change->draft->delivery_policy = sns_delivery_policy_stored(arena, policy);
	sns_delivery_policy_release(policy);
	return ERR_OK;
}

static enum err set_archive_policy(struct change *change)
{
	return sns_archive_policy_set(change->call, change->draft, change->value, change->prefix);
}

/* ---- the table ---- */

struct attribute {
	const char *name;
	enum err (*set)(struct change *change);
	size_t offset; /* of the text in struct topic */
};

static const struct attribute attributes[] = {
	{"ArchivePolicy", set_archive_policy, offsetof(struct topic, archive_policy)},
	{"ContentBasedDeduplication", set_content_dedup, 0},
	{"DeliveryPolicy", set_delivery_policy, offsetof(struct topic, delivery_policy)},
	{"DisplayName", set_display_name, offsetof(struct topic, display_name)},
	{"FifoThroughputScope", set_throughput_scope, offsetof(struct topic, throughput_scope)},
	{"KmsMasterKeyId", set_key, offsetof(struct topic, kms_key)},
	{"Policy", set_policy, offsetof(struct topic, policy)},
	{"SignatureVersion", set_signature_version, offsetof(struct topic, signature_version)},
	{"TracingConfig", set_tracing, offsetof(struct topic, tracing)},
};

static const struct attribute *find(struct str name)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (str_equal(name, str_from(attributes[i].name)))
			return &attributes[i];
	return NULL;
}

/* <Protocol>SuccessFeedbackRoleArn, ...SuccessFeedbackSampleRate, ...FailureFeedbackRoleArn. */
static bool is_feedback(struct str name, bool *out_is_rate)
{
	for (size_t i = 0; i < SNS_FEEDBACK_NONE; i++) {
		struct str head = sns_feedback_names[i];
		if (!str_starts(name, head))
			continue;
		struct str tail = str_slice(name, head.size, SIZE_MAX);
		*out_is_rate = str_equal(tail, STR("SuccessFeedbackSampleRate"));
		return *out_is_rate || str_equal(tail, STR("SuccessFeedbackRoleArn")) ||
		       str_equal(tail, STR("FailureFeedbackRoleArn"));
	}
	return false;
}

static enum err set_feedback(struct change *change, struct str name, bool is_rate)
{
	struct topic *draft = change->draft;
	struct arn role;
	uint64_t rate;

	bool is_good =
		is_rate ? str_to_u64(change->value, &rate) && rate <= 100
			: arn_parse(change->value, &role) && str_equal(role.service, STR("iam"));
	if (change->value.size > 0 && !is_good)
		return sns_invalid(change->call, "%s%.*s", change->prefix, STR_ARG(name));
	struct tag_set set =
		tag_set_copy(change->call->arena, draft->feedback, draft->feedback_count, 1);
	if (change->value.size > 0)
		tag_set_put(&set, name, change->value);
	else
		tag_set_remove(&set, name);
	draft->feedback = set.tags;
	draft->feedback_count = set.count;
	return ERR_OK;
}

enum err sns_attribute_set(struct call *call, struct topic *draft, struct str name,
			   struct str value, bool is_create)
{
	const struct attribute *attribute = find(name);
	struct change change = {call, draft, value, is_create ? "Attributes Reason: " : ""};
	bool is_rate;

	if (attribute)
		return attribute->set(&change);
	if (is_feedback(name, &is_rate))
		return set_feedback(&change, name, is_rate);
	return sns_invalid(call, "AttributeName");
}

static struct str text_of(bool is_on)
{
	return is_on ? STR("true") : STR("false");
}

bool sns_attribute_get(const struct topic *topic, struct str name, struct str *out_value)
{
	const struct attribute *attribute = find(name);
	bool is_rate;

	*out_value = (struct str){0};
	if (str_equal(name, STR("FifoTopic"))) {
		*out_value = text_of(topic->is_fifo);
	} else if (attribute && attribute->offset == 0) {
		*out_value = text_of(topic->has_content_dedup);
	} else if (attribute) {
		memcpy(out_value, (const char *)topic + attribute->offset, sizeof(*out_value));
	} else if (is_feedback(name, &is_rate)) {
		for (size_t i = 0; i < topic->feedback_count; i++)
			if (str_equal(topic->feedback[i].key, name))
				*out_value = topic->feedback[i].value;
	} else {
		return false;
	}
	return true;
}

/* ---- operations ---- */

struct listing {
	struct call *call;
	struct shape_pair *pairs;
	size_t count;
};
/* Members of the table and of add_counts, and the feedback attributes. */
enum { LISTED_MAX = 48 };

static void add(struct listing *listing, const char *name, struct str value)
{
	if (!value.data)
		return;
	check(listing->count < LISTED_MAX);
	listing->pairs[listing->count++] = (struct shape_pair){str_from(name), value};
}

static void add_number(struct listing *listing, const char *name, int64_t number)
{
	add(listing, name, arena_format(listing->call->arena, "%lld", (long long)number));
}

static void add_time(struct listing *listing, const char *name, int64_t time_ms)
{
	if (time_ms > 0)
		add(listing, name, sns_time_text(listing->call->arena, time_ms));
}

static void add_counts(struct listing *listing, const struct topic *topic)
{
	struct sns_registry *registry = sns_of(listing->call->core)->registry;

	add_number(listing, "SubscriptionsConfirmed",
		   (int64_t)sns_registry_count_of_topic(registry, topic->arn, false));
	add_number(listing, "SubscriptionsPending",
		   (int64_t)sns_registry_count_of_topic(registry, topic->arn, true));
	add_number(listing, "SubscriptionsDeleted", topic->deleted_count);
}

enum err sns_get_topic_attributes(struct call *call, const struct sns_get_topic_attributes_in *in,
				  struct sns_get_topic_attributes_out *out)
{
	const struct topic *topic;

	enum err err = sns_topic_of_call(call, "TopicArn", in->topic_arn, &topic);
	if (err)
		return err;
	struct listing listing = {call, arena_array(call->arena, struct shape_pair, LISTED_MAX), 0};
	add(&listing, "TopicArn", topic->arn);
	add(&listing, "Owner", topic->account);
	add(&listing, "Policy", policies_show(call, topic->policy, topic->policy_names));
	add(&listing, "DisplayName", topic->display_name.data ? topic->display_name : STR(""));
	add(&listing, "DeliveryPolicy", topic->delivery_policy);
	add(&listing, "EffectiveDeliveryPolicy",
	    sns_delivery_policy_of_topic(call->arena, topic->delivery));
	add(&listing, "KmsMasterKeyId", topic->kms_key);
	add(&listing, "SignatureVersion", topic->signature_version);
	add(&listing, "TracingConfig", topic->tracing);
	add(&listing, "ArchivePolicy", topic->archive_policy);
	add_time(&listing, "BeginningArchiveTime", sns_archive_beginning(topic, call->now_ms));
	add(&listing, "FifoThroughputScope", topic->throughput_scope);
	if (topic->is_fifo) {
		add(&listing, "FifoTopic", STR("true"));
		add(&listing, "ContentBasedDeduplication", text_of(topic->has_content_dedup));
	}
	add_counts(&listing, topic);
	for (size_t i = 0; i < topic->feedback_count; i++) {
		check(listing.count < LISTED_MAX);
		listing.pairs[listing.count++] = topic->feedback[i];
	}
	out->attributes = listing.pairs;
	out->attributes_count = listing.count;
	return ERR_OK;
}

enum err sns_set_topic_attributes(struct call *call, const struct sns_set_topic_attributes_in *in,
				  struct sns_set_topic_attributes_out *out)
{
	const struct topic *topic;

	(void)out;
	enum err err = sns_topic_of_call(call, "TopicArn", in->topic_arn, &topic);
	if (err)
		return err;
	struct topic draft = sns_topic_draft(topic);
	err = sns_attribute_set(call, &draft, in->attribute_name, in->attribute_value, false);
	if (!err)
		err = sns_key_prepare(call->core, &draft);
	return err ? err : sns_topic_put(call->core, &draft);
}
