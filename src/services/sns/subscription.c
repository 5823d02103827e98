/* SPDX-License-Identifier: MIT */
/* subscription: a function for each attribute that can be set. */
#include "services/sns/subscription.h"

#include "api/sns.h"
#include "format/json.h"
#include "match/filter_policy.h"
#include "services/sns/change.h"
#include "services/sns/delivery_policy.h"
#include "services/sns/replay.h"

struct change {
	struct call *call;
	struct subscription *draft;
	struct str value;
	const char *prefix; /* "Attributes Reason: " of Subscribe */
};

static bool is_http(const struct subscription *draft)
{
	return draft->protocol == SNS_PROTOCOL_HTTP || draft->protocol == SNS_PROTOCOL_HTTPS;
}

static struct str or_none(struct str value)
{
	return value.size > 0 ? value : (struct str){0};
}

static bool is_fifo(struct str arn)
{
	return str_ends(arn, STR(".fifo"));
}

/* ---- attributes ---- */

static enum err set_raw(struct change *change)
{
	struct subscription *draft = change->draft;
	bool is_on = str_equal_nocase(change->value, STR("true"));

	if (!is_on && !str_equal_nocase(change->value, STR("false")))
		return sns_invalid(
			change->call,
			"%sRawMessageDelivery: Invalid value [%.*s]. Must be true or false.",
			change->prefix, STR_ARG(change->value));
	if (is_on && draft->protocol != SNS_PROTOCOL_SQS && !is_http(draft))
		return sns_invalid(
			change->call,
			"%sRawMessageDelivery: Delivery protocol [%.*s] does not support "
			"raw message delivery.",
			change->prefix, STR_ARG(sns_protocols[draft->protocol]));
	draft->is_raw = is_on;
	return ERR_OK;
}

static enum err set_filter_policy(struct change *change)
{
	change->draft->filter_policy = or_none(change->value);
	return ERR_OK;
}

static enum err set_filter_scope(struct change *change)
{
	bool is_body = str_equal(change->value, STR("MessageBody"));

	if (!is_body && !str_equal(change->value, STR("MessageAttributes")))
		return sns_invalid(change->call,
				   "%sFilterPolicyScope: Invalid value [%.*s]. Please use either "
				   "MessageBody or MessageAttributes",
				   change->prefix, STR_ARG(change->value));
	change->draft->filter_scope = is_body ? SNS_FILTER_SCOPE_BODY : SNS_FILTER_SCOPE_ATTRIBUTES;
	return ERR_OK;
}

static enum err set_redrive_policy(struct change *change)
{
	struct subscription *draft = change->draft;
	struct json_problem problem = {0};
	struct arn parts;
	yyjson_val *root;

	if (change->value.size == 0) {
		draft->redrive_policy = draft->dead_letter_arn = (struct str){0};
		return ERR_OK;
	}
	if (json_parse_explained(change->call->arena, change->value, &root, &problem) != ERR_OK ||
	    !yyjson_is_obj(root))
		return sns_invalid(change->call, "%sRedrivePolicy: failed to parse JSON. %s",
				   change->prefix, problem.reason ? problem.reason : "");
	yyjson_val *key, *value;
	size_t i, most;
	yyjson_obj_foreach(root, i, most, key, value)
		if (!str_equal(json_text(key), STR("deadLetterTargetArn")))
			return sns_invalid(change->call,
					   "%sRedrivePolicy: invalid JSON. Attribute %.*s is "
					   "unknown.",
					   change->prefix, STR_ARG(json_text(key)));
	struct str target = json_text(json_member(root, "deadLetterTargetArn"));
	if (!arn_parse(target, &parts) || !str_equal(parts.service, STR("sqs")) ||
	    !arn_is_account(parts.account))
		return sns_invalid(change->call,
				   "%sRedrivePolicy: deadLetterTargetArn is an invalid arn",
				   change->prefix);
	if (is_fifo(draft->topic_arn) && !is_fifo(target))
		return sns_invalid(change->call,
				   "%sRedrivePolicy: must use a FIFO queue as DLQ for a FIFO "
				   "Subscription to a FIFO Topic.",
				   change->prefix);
	if (!is_fifo(draft->topic_arn) && is_fifo(target))
		return sns_invalid(change->call,
				   "%sRedrivePolicy: must use a standard queue as DLQ for a "
				   "Subscription to a standard Topic.",
				   change->prefix);
	draft->redrive_policy = change->value;
	draft->dead_letter_arn = target;
	return ERR_OK;
}

static enum err set_delivery_policy(struct change *change)
{
	const struct sns_delivery_policy *policy;
	struct str problem;

	if (change->value.size > 0 && !is_http(change->draft))
		return sns_invalid(change->call,
				   "%sDeliveryPolicy: Delivery protocol [%.*s] does not support "
				   "delivery policies.",
				   change->prefix, STR_ARG(sns_protocols[change->draft->protocol]));
	change->draft->delivery_policy = (struct str){0};
	if (change->value.size == 0)
		return ERR_OK;
	enum err err = sns_delivery_policy_parse(change->call->arena, change->value, false, &policy,
						 &problem);
	if (err == ERR_INVALID)
		return sns_invalid(change->call, "%s%.*s", change->prefix, STR_ARG(problem));
	if (err)
		return err;
	change->draft->delivery_policy = sns_delivery_policy_stored(change->call->arena, policy);
	sns_delivery_policy_release(policy);
	return ERR_OK;
}

static enum err set_role(struct change *change)
{
	struct arn role;

	if (change->value.size > 0 &&
	    (!arn_parse(change->value, &role) || !str_equal(role.service, STR("iam"))))
		return sns_invalid(change->call, "%sSubscriptionRoleArn", change->prefix);
	change->draft->role_arn = or_none(change->value);
	return ERR_OK;
}

static enum err set_replay_policy(struct change *change)
{
	return sns_replay_policy_set(change->call, change->draft, change->value, change->prefix);
}

static const struct attribute {
	const char *name;
	enum err (*set)(struct change *change);
} attributes[] = {
	{"DeliveryPolicy", set_delivery_policy}, {"FilterPolicy", set_filter_policy},
	{"FilterPolicyScope", set_filter_scope}, {"RawMessageDelivery", set_raw},
	{"RedrivePolicy", set_redrive_policy},	 {"ReplayPolicy", set_replay_policy},
	{"SubscriptionRoleArn", set_role},
};

enum err sns_subscription_set(struct call *call, struct subscription *draft, struct str name,
			      struct str value, bool is_subscribe)
{
	struct change change = {call, draft, value, is_subscribe ? "Attributes Reason: " : ""};

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (str_equal(name, str_from(attributes[i].name)))
			return attributes[i].set(&change);
	return sns_invalid(call, "AttributeName");
}

enum err sns_subscription_check_filter(struct call *call, struct subscription *draft,
				       bool is_subscribe)
{
	enum filter_scope scope =
		draft->filter_scope == SNS_FILTER_SCOPE_BODY ? FILTER_BODY : FILTER_ATTRIBUTES;
	struct filter_policy policy;
	struct str problem;

	if (!draft->filter_policy.data)
		return ERR_OK;
	enum err err =
		filter_policy_parse(call->arena, scope, draft->filter_policy, &policy, &problem);
	if (err == ERR_INVALID)
		return sns_invalid(call, "%s%.*s", is_subscribe ? "Attributes Reason: " : "",
				   STR_ARG(problem));
	if (!err && draft->filter_scope == SNS_FILTER_SCOPE_NONE)
		draft->filter_scope = SNS_FILTER_SCOPE_ATTRIBUTES;
	return err;
}

static size_t count_filters(struct sns_registry *registry, struct str topic_arn)
{
	struct sns_subscriptions subscriptions;
	const struct subscription *subscription;
	size_t count = 0;

	sns_subscriptions_open(registry, topic_arn, (struct sns_subscription_place){0},
			       &subscriptions);
	while ((subscription = sns_subscriptions_next(&subscriptions)))
		count += subscription->filter_policy.data != NULL;
	sns_subscriptions_close(&subscriptions);
	return count;
}

enum err sns_subscription_check_filter_count(struct call *call, const struct subscription *draft)
{
	struct sns_registry *registry = sns_of(call->core)->registry;

	if (count_filters(registry, draft->topic_arn) >= LIMIT_TOPIC_FILTERS)
		return fail(call, &SNS_FILTER_POLICY_LIMIT_EXCEEDED,
			    "The topic has reached its limit of %d filter policies.",
			    LIMIT_TOPIC_FILTERS);
	if (sns_registry_count_filters(registry, draft->account, draft->region) >=
	    LIMIT_ACCOUNT_FILTERS)
		return fail(call, &SNS_FILTER_POLICY_LIMIT_EXCEEDED,
			    "The account has reached its limit of %d filter policies.",
			    LIMIT_ACCOUNT_FILTERS);
	return ERR_OK;
}

static struct str scope_of(const struct subscription *subscription)
{
	if (subscription->filter_scope == SNS_FILTER_SCOPE_NONE)
		return (struct str){0};
	return subscription->filter_scope == SNS_FILTER_SCOPE_BODY ? STR("MessageBody")
								   : STR("MessageAttributes");
}

bool sns_subscription_get(const struct subscription *subscription, struct str name,
			  struct str *out_value)
{
	const struct {
		struct str name, value;
	} values[] = {
		{STR("DeliveryPolicy"), subscription->delivery_policy},
		{STR("FilterPolicy"), subscription->filter_policy},
		{STR("FilterPolicyScope"), scope_of(subscription)},
		{STR("RawMessageDelivery"), subscription->is_raw ? STR("true") : STR("false")},
		{STR("RedrivePolicy"), subscription->redrive_policy},
		{STR("ReplayPolicy"), subscription->replay_policy},
		{STR("SubscriptionRoleArn"), subscription->role_arn},
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (!str_equal(name, values[i].name))
			continue;
		*out_value = values[i].value;
		return true;
	}
	return false;
}

/* ---- operations ---- */

static struct str text_of(bool is_on)
{
	return is_on ? STR("true") : STR("false");
}

/* data NULL: the protocol has no delivery policies. */
static struct str effective_of(struct call *call, const struct subscription *subscription)
{
	if (!is_http(subscription))
		return (struct str){0};
	const struct topic *topic =
		sns_keep_topic(call, sns_registry_find_topic(sns_of(call->core)->registry,
							     subscription->topic_arn));
	return sns_delivery_policy_of_subscription(call->arena, topic ? topic->delivery : NULL,
						   subscription->delivery);
}

enum err sns_get_subscription_attributes(struct call *call,
					 const struct sns_get_subscription_attributes_in *in,
					 struct sns_get_subscription_attributes_out *out)
{
	const struct subscription *subscription;

	enum err err = sns_subscription_of_call(call, in->subscription_arn, &subscription);
	if (err)
		return err;
	const struct shape_pair all[] = {
		{STR("SubscriptionArn"), subscription->arn},
		{STR("TopicArn"), subscription->topic_arn},
		{STR("Owner"), subscription->account},
		{STR("Protocol"), sns_protocols[subscription->protocol]},
		{STR("Endpoint"), subscription->endpoint},
		{STR("SubscriptionPrincipal"), subscription->principal},
		{STR("PendingConfirmation"), text_of(subscription->is_pending)},
		{STR("ConfirmationWasAuthenticated"), text_of(subscription->is_authenticated)},
		{STR("RawMessageDelivery"), text_of(subscription->is_raw)},
		{STR("FilterPolicy"), subscription->filter_policy},
		{STR("FilterPolicyScope"), scope_of(subscription)},
		{STR("RedrivePolicy"), subscription->redrive_policy},
		{STR("DeliveryPolicy"), subscription->delivery_policy},
		{STR("EffectiveDeliveryPolicy"), effective_of(call, subscription)},
		{STR("SubscriptionRoleArn"), subscription->role_arn},
		{STR("ReplayPolicy"), subscription->replay_policy},
		{STR("ReplayStatus"), subscription->replay_status},
	};
	size_t count = sizeof(all) / sizeof(all[0]);

	out->attributes = arena_array(call->arena, struct shape_pair, count);
	for (size_t i = 0; i < count; i++)
		if (all[i].value.data)
			out->attributes[out->attributes_count++] = all[i];
	return ERR_OK;
}

enum err sns_set_subscription_attributes(struct call *call,
					 const struct sns_set_subscription_attributes_in *in,
					 struct sns_set_subscription_attributes_out *out)
{
	const struct subscription *subscription;

	(void)out;
	enum err err = sns_subscription_of_call(call, in->subscription_arn, &subscription);
	if (err)
		return err;
	struct subscription draft = sns_subscription_draft(subscription);
	err = sns_subscription_set(call, &draft, in->attribute_name, in->attribute_value, false);
	if (!err)
		err = sns_subscription_check_filter(call, &draft, false);
	if (!err && draft.filter_policy.data && !subscription->filter_policy.data)
		err = sns_subscription_check_filter_count(call, &draft);
	if (!err)
		err = sns_subscription_put(call->core, &draft);
	if (!err)
		sns_replay_go_on(call->core, &draft);
	return err;
}
