/* SPDX-License-Identifier: MIT */
/*
 * list: ListSubscriptions and ListSubscriptionsByTopic.
 *
 * A page's token names the last subscription on it: its ARN, and for those of a topic a letter
 * before its id that tells pending ones, which come last.
 */
#include "api/sns.h"
#include "core/authorize.h"
#include "core/page.h"
#include "services/sns/locate.h"

struct page {
	struct call *call;
	struct sns_subscription *items;
	size_t count;
	struct str last_arn;
	bool has_more;
};

static struct page page_new(struct call *call)
{
	return (struct page){
		.call = call,
		.items = arena_array(call->arena, struct sns_subscription, LIMIT_SNS_PAGE),
	};
}

static bool add(void *context, const struct subscription *subscription)
{
	struct page *page = context;
	struct arena *arena = page->call->arena;

	if (page->count == LIMIT_SNS_PAGE) {
		page->has_more = true;
		return false;
	}
	page->last_arn = arena_copy(arena, subscription->arn);
	page->items[page->count++] = (struct sns_subscription){
		.subscription_arn =
			subscription->is_pending ? STR("PendingConfirmation") : page->last_arn,
		.owner = arena_copy(arena, subscription->account),
		.protocol = sns_protocols[subscription->protocol],
		.endpoint = arena_copy(arena, subscription->endpoint),
		.topic_arn = arena_copy(arena, subscription->topic_arn),
	};
	return true;
}

enum err sns_list_subscriptions(struct call *call, const struct sns_list_subscriptions_in *in,
				struct sns_list_subscriptions_out *out)
{
	struct str after = STR("");

	enum err err = call_authorize_any(call, STR("SNS:ListSubscriptions"));
	if (!err)
		err = sns_page_open(call, in->next_token, &after);
	if (err)
		return err;
	struct page page = page_new(call);
	sns_registry_each_of_account(sns_of(call->core)->registry, call->account, call->region,
				     after, add, &page);
	out->subscriptions = page.items;
	out->subscriptions_count = page.count;
	if (page.has_more)
		out->next_token = page_token_make(call, page.last_arn);
	return ERR_OK;
}

enum err sns_list_subscriptions_by_topic(struct call *call,
					 const struct sns_list_subscriptions_by_topic_in *in,
					 struct sns_list_subscriptions_by_topic_out *out)
{
	struct sns_subscription_place place = {0};
	struct sns_subscriptions subscriptions;
	const struct subscription *subscription;
	struct str after = STR("");
	const struct topic *topic;

	enum err err = sns_topic_of_call(call, "TopicArn", in->topic_arn, &topic);
	if (!err)
		err = sns_page_open(call, in->next_token, &after);
	if (err)
		return err;
	if (after.size > 0)
		place = (struct sns_subscription_place){.is_pending = after.data[0] == 'p',
							.id = str_slice(after, 1, SIZE_MAX)};
	struct page page = page_new(call);
	sns_subscriptions_open(sns_of(call->core)->registry, topic->arn, place, &subscriptions);
	while ((subscription = sns_subscriptions_next(&subscriptions)) && add(&page, subscription))
		after = arena_format(call->arena, "%c%.*s", subscription->is_pending ? 'p' : 'c',
				     STR_ARG(subscription->id));
	sns_subscriptions_close(&subscriptions);
	out->subscriptions = page.items;
	out->subscriptions_count = page.count;
	if (page.has_more)
		out->next_token = page_token_make(call, after);
	return ERR_OK;
}
