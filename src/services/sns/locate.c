/* SPDX-License-Identifier: MIT */
/*
 * locate: actions are named as in SNS's messages of denial. PublishBatch needs the permission of
 * Publish.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
 */
#include "services/sns/locate.h"

#include <stdarg.h>
#include <stdio.h>

#include "api/sns.h"
#include "core/authorize.h"

enum err sns_invalid(struct call *call, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return fail(call, &SNS_INVALID_PARAMETER, "Invalid parameter: %s", text);
}

struct str sns_time_text(struct arena *arena, int64_t time_ms)
{
	char *text = arena_bytes(arena, CLOCK_TEXT_MAX);

	return str_of(text, (size_t)clock_format_iso(time_ms, text));
}

static void end_topic(void *topic)
{
	sns_topic_release(topic);
}

static void end_subscription(void *subscription)
{
	sns_subscription_release(subscription);
}

const struct topic *sns_keep_topic(struct call *call, const struct topic *topic)
{
	if (topic)
		call_on_end(call, end_topic, topic);
	return topic;
}

const struct subscription *sns_keep_subscription(struct call *call,
						 const struct subscription *subscription)
{
	if (subscription)
		call_on_end(call, end_subscription, subscription);
	return subscription;
}

static size_t count_elements(struct str text)
{
	size_t count = 1;

	for (size_t i = 0; i < text.size; i++)
		count += text.data[i] == ':';
	return count;
}

enum err sns_check_arn(struct call *call, const char *name, struct str text, struct arn *out_parts)
{
	enum { ELEMENTS_MIN = 6 };

	if (text.size == 0)
		return sns_invalid(call, "%s Reason: no value for required parameter", name);
	size_t count = count_elements(text);
	if (count < ELEMENTS_MIN)
		return sns_invalid(call, "%s Reason: An ARN must have at least 6 elements, not %zu",
				   name, count);
	if (!arn_parse(text, out_parts) || !str_equal(out_parts->service, STR("sns")) ||
	    !str_equal(out_parts->region, call->region) ||
	    !str_equal(out_parts->partition, arn_partition(call->region)) ||
	    !arn_is_account(out_parts->account))
		return sns_invalid(call, "%s", name);
	return ERR_OK;
}

/* A policy that denies everything must not lock its owner out. */
static bool is_way_back(const struct call *call, struct str account)
{
	uint32_t operation = call->operation->index;

	return (operation == SNS_SET_TOPIC_ATTRIBUTES || operation == SNS_REMOVE_PERMISSION) &&
	       call->principal && call->principal->type == PRINCIPAL_ROOT &&
	       str_equal(account, call->account);
}

enum err sns_authorize(struct call *call, struct str arn, struct str account,
		       const struct topic *topic)
{
	struct resource resource = {.arn = arn, .account = account};
	bool is_batch = str_equal(call->operation->name, STR("PublishBatch"));
	struct str name = is_batch ? STR("Publish") : call->operation->name;
	struct str action = arena_format(call->arena, "SNS:%.*s", STR_ARG(name));

	if (topic) {
		resource.policy = topic->compiled_policy;
		resource.tags = topic->tags;
		resource.tag_count = topic->tag_count;
	}
	if (is_way_back(call, account))
		resource.policy = NULL;
	return call_authorize(call, action, &resource);
}

enum err sns_topic_find(struct call *call, const char *name, struct str arn,
			const struct topic **out_topic)
{
	struct arn parts;

	enum err err = sns_check_arn(call, name, arn, &parts);
	if (err)
		return err;
	const struct topic *topic =
		sns_keep_topic(call, sns_registry_find_topic(sns_of(call->core)->registry, arn));
	err = sns_authorize(call, arn, parts.account, topic);
	if (!err)
		*out_topic = topic;
	return err;
}

enum err sns_topic_of_call(struct call *call, const char *name, struct str arn,
			   const struct topic **out_topic)
{
	enum err err = sns_topic_find(call, name, arn, out_topic);

	if (!err && !*out_topic)
		return fail(call, &SNS_NOT_FOUND, "Topic does not exist");
	return err;
}

/* Links in messages lead here, which nobody signs. */
static bool is_open_to_links(const struct call *call, const struct subscription *subscription)
{
	return call->operation->index == SNS_UNSUBSCRIBE &&
	       sns_protocol_is_confirmed_by_link(subscription->protocol) &&
	       !subscription->is_pending && !subscription->needs_unsubscribe_auth;
}

enum err sns_subscription_find(struct call *call, struct str arn,
			       const struct subscription **out_subscription)
{
	struct str action = arena_format(call->arena, "SNS:%.*s", STR_ARG(call->operation->name));
	struct resource resource = {.arn = arn};
	struct arn parts;

	enum err err = sns_check_arn(call, "SubscriptionArn", arn, &parts);
	if (err)
		return err;
	const struct subscription *subscription = sns_keep_subscription(
		call, sns_registry_find_subscription(sns_of(call->core)->registry, arn));
	resource.account = parts.account;
	if (subscription && str_equal(subscription->account, call->account))
		resource.account = call->account;
	if (subscription && is_open_to_links(call, subscription))
		err = call_authorize_endpoint(call, action);
	else
		err = call_authorize(call, action, &resource);
	if (!err)
		*out_subscription = subscription;
	return err;
}

enum err sns_subscription_of_call(struct call *call, struct str arn,
				  const struct subscription **out_subscription)
{
	enum err err = sns_subscription_find(call, arn, out_subscription);

	if (!err && !*out_subscription)
		return fail(call, &SNS_NOT_FOUND, "Subscription does not exist");
	return err;
}
