/* SPDX-License-Identifier: MIT */
/*
 * registry: two snapshot tables.
 *
 * Topics by ARN (its hash first, so that finding one compares one text) and by account, region and
 * name. Subscriptions by ARN, by subscriber, by topic with pending ones behind confirmed ones, so
 * that Publish reads one run of them, by endpoint, for a repeated Subscribe, and those with a
 * filter policy by subscriber, to count them.
 */
#include "services/sns/registry.h"

#include <string.h>

#include "base/pack.h"
#include "core/target.h"
#include "services/sns/delivery_policy.h"

enum topic_order { TOPIC_BY_ARN, TOPIC_BY_NAME, TOPIC_ORDERS };
enum order { BY_ARN, BY_TOPIC, BY_ACCOUNT, BY_ENDPOINT, BY_FILTER, ORDERS };

struct sns_registry {
	struct snapshot_table *topics, *subscriptions;
};

const struct str sns_protocols[SNS_PROTOCOLS] = {
	[SNS_PROTOCOL_HTTP] = STR_INIT("http"),
	[SNS_PROTOCOL_HTTPS] = STR_INIT("https"),
	[SNS_PROTOCOL_EMAIL] = STR_INIT("email"),
	[SNS_PROTOCOL_EMAIL_JSON] = STR_INIT("email-json"),
	[SNS_PROTOCOL_SMS] = STR_INIT("sms"),
	[SNS_PROTOCOL_SQS] = STR_INIT("sqs"),
	[SNS_PROTOCOL_APPLICATION] = STR_INIT("application"),
	[SNS_PROTOCOL_LAMBDA] = STR_INIT("lambda"),
	[SNS_PROTOCOL_FIREHOSE] = STR_INIT("firehose"),
};

enum sns_protocol sns_protocol_find(struct str name)
{
	enum sns_protocol protocol = 0;

	while (protocol < SNS_PROTOCOLS && !str_equal(sns_protocols[protocol], name))
		protocol++;
	return protocol;
}

bool sns_protocol_is_confirmed_by_link(enum sns_protocol protocol)
{
	return protocol == SNS_PROTOCOL_HTTP || protocol == SNS_PROTOCOL_HTTPS ||
	       protocol == SNS_PROTOCOL_EMAIL || protocol == SNS_PROTOCOL_EMAIL_JSON;
}

/* ---- delivery status logs ---- */

const struct str sns_feedback_names[SNS_FEEDBACK_NONE] = {
	[SNS_FEEDBACK_HTTP] = STR_INIT("HTTP"),
	[SNS_FEEDBACK_FIREHOSE] = STR_INIT("Firehose"),
	[SNS_FEEDBACK_LAMBDA] = STR_INIT("Lambda"),
	[SNS_FEEDBACK_APPLICATION] = STR_INIT("Application"),
	[SNS_FEEDBACK_SQS] = STR_INIT("SQS"),
};

enum sns_feedback_class sns_feedback_find(enum sns_protocol protocol)
{
	switch (protocol) {
	case SNS_PROTOCOL_HTTP:
	case SNS_PROTOCOL_HTTPS:
		return SNS_FEEDBACK_HTTP;
	case SNS_PROTOCOL_SQS:
		return SNS_FEEDBACK_SQS;
	case SNS_PROTOCOL_LAMBDA:
		return SNS_FEEDBACK_LAMBDA;
	case SNS_PROTOCOL_APPLICATION:
		return SNS_FEEDBACK_APPLICATION;
	case SNS_PROTOCOL_FIREHOSE:
		return SNS_FEEDBACK_FIREHOSE;
	default:
		return SNS_FEEDBACK_NONE;
	}
}

/* Without a sample rate, all successes are logged if there is a role for them. */
static struct sns_feedback read_feedback(const struct topic *topic, struct str name)
{
	struct sns_feedback feedback = {0};
	uint64_t rate = 100;

	for (size_t i = 0; i < topic->feedback_count; i++) {
		struct str key = topic->feedback[i].key;
		struct str tail = str_slice(key, name.size, SIZE_MAX);
		if (!str_starts(key, name))
			continue;
		if (str_equal(tail, STR("FailureFeedbackRoleArn")))
			feedback.logs_failures = true;
		else if (str_equal(tail, STR("SuccessFeedbackRoleArn")))
			feedback.success_rate = 100;
		else if (!str_to_u64(topic->feedback[i].value, &rate) || rate > 100)
			rate = 100;
	}
	if (feedback.success_rate > 0)
		feedback.success_rate = (uint8_t)rate;
	return feedback;
}

/* ---- snapshots of topics ---- */

static void for_pairs(const struct shape_pair *pairs, size_t count, pack_visit_fn visit,
		      void *context)
{
	for (size_t i = 0; i < count; i++) {
		visit(context, (struct str *)&pairs[i].key);
		visit(context, (struct str *)&pairs[i].value);
	}
}

static void for_topic_texts(struct topic *topic, pack_visit_fn visit, void *context)
{
	struct str *texts[] = {&topic->account,
			       &topic->region,
			       &topic->name,
			       &topic->arn,
			       &topic->throughput_scope,
			       &topic->display_name,
			       &topic->kms_key,
			       &topic->signature_version,
			       &topic->tracing,
			       &topic->data_protection_policy,
			       &topic->archive_policy,
			       &topic->policy,
			       &topic->delivery_policy};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		visit(context, texts[i]);
	for_pairs(topic->feedback, topic->feedback_count, visit, context);
	for_pairs(topic->tags, topic->tag_count, visit, context);
	for_pairs(topic->policy_names.items, topic->policy_names.count, visit, context);
}

/* All but the references, which other threads count while this one copies. */
struct topic sns_topic_draft(const struct topic *topic)
{
	static const size_t from = offsetof(struct topic, life);
	struct topic draft = {0};

	memcpy((char *)&draft + from, (const char *)topic + from, sizeof(draft) - from);
	return draft;
}

static struct sns_topic_life *life_hold(struct sns_topic_life *life)
{
	struct sns_topic_life *held = life ? life : heap_alloc(sizeof(*life));

	atomic_fetch_add(&held->references, 1);
	return held;
}

/* Of a stored text, which was checked when it was set. */
static const struct sns_delivery_policy *compile_delivery(struct str text, bool is_topic)
{
	const struct sns_delivery_policy *policy = NULL;
	struct str problem;
	struct arena arena;

	if (text.size == 0)
		return NULL;
	arena_init(&arena);
	enum err err = sns_delivery_policy_parse(&arena, text, is_topic, &policy, &problem);
	arena_done(&arena);
	return err ? NULL : policy;
}

void sns_topic_life_release(struct sns_topic_life *life)
{
	if (atomic_fetch_sub(&life->references, 1) != 1)
		return;
	struct sns_filters *filters = atomic_load(&life->filters);
	if (filters)
		life->free_filters(&filters);
	heap_free(life);
}

const struct topic *sns_topic_new(const struct topic *draft)
{
	struct topic view = *draft;
	size_t feedback_size = draft->feedback_count * sizeof(*draft->feedback);
	size_t tags_size = draft->tag_count * sizeof(*draft->tags);
	size_t names_size = draft->policy_names.count * sizeof(*draft->policy_names.items);
	size_t size = sizeof(view) + feedback_size + tags_size + names_size;

	for_topic_texts(&view, pack_size, &size);
	struct topic *topic = heap_alloc(size);
	char *end = (char *)(topic + 1);

	*topic = *draft;
	topic->feedback = pack_array(&end, draft->feedback, feedback_size);
	topic->tags = pack_array(&end, draft->tags, tags_size);
	topic->policy_names.items = pack_array(&end, draft->policy_names.items, names_size);
	for_topic_texts(topic, pack_text, &end);
	topic->arn_hash = str_hash(topic->arn);
	for (size_t i = 0; i < SNS_FEEDBACK_NONE; i++)
		topic->feedback_of[i] = read_feedback(topic, sns_feedback_names[i]);
	topic->compiled_policy =
		policy_compile_stored(topic->policy, topic->policy_names, topic->arn);
	topic->delivery = compile_delivery(topic->delivery_policy, true);
	topic->life = life_hold(draft->life);
	atomic_store(&topic->references, 1);
	return topic;
}

const struct topic *sns_topic_hold(const struct topic *topic)
{
	atomic_fetch_add_explicit(&((struct topic *)topic)->references, 1, memory_order_relaxed);
	return topic;
}

void sns_topic_release(const struct topic *topic)
{
	struct topic *mine = (struct topic *)topic;

	if (!mine || atomic_fetch_sub(&mine->references, 1) != 1)
		return;
	policy_release(mine->compiled_policy);
	sns_delivery_policy_release(mine->delivery);
	sns_topic_life_release(mine->life);
	heap_free(mine);
}

/* ---- snapshots of subscriptions ---- */

static void for_texts(struct subscription *subscription, pack_visit_fn visit, void *context)
{
	struct str *texts[] = {&subscription->arn,
			       &subscription->topic_arn,
			       &subscription->id,
			       &subscription->account,
			       &subscription->region,
			       &subscription->endpoint,
			       &subscription->principal,
			       &subscription->filter_policy,
			       &subscription->redrive_policy,
			       &subscription->dead_letter_arn,
			       &subscription->delivery_policy,
			       &subscription->role_arn,
			       &subscription->replay_policy,
			       &subscription->replay_status};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		visit(context, texts[i]);
}

struct subscription sns_subscription_draft(const struct subscription *subscription)
{
	static const size_t from = offsetof(struct subscription, arn);
	struct subscription draft = {0};

	memcpy((char *)&draft + from, (const char *)subscription + from, sizeof(draft) - from);
	return draft;
}

static uint64_t hash_of_endpoint(struct str topic_arn, enum sns_protocol protocol,
				 struct str endpoint)
{
	return str_hash(topic_arn) ^ (str_hash(endpoint) + (uint64_t)protocol);
}

const struct subscription *sns_subscription_new(const struct subscription *draft)
{
	struct subscription view = *draft;
	size_t size = sizeof(view);

	for_texts(&view, pack_size, &size);
	struct subscription *subscription = heap_alloc(size);
	char *end = (char *)(subscription + 1);

	*subscription = *draft;
	subscription->has_filter = false;
	subscription->rule = NULL;
	subscription->life = NULL;
	for_texts(subscription, pack_text, &end);
	subscription->arn_hash = str_hash(subscription->arn);
	subscription->topic_hash = str_hash(subscription->topic_arn);
	subscription->seat = target_seat_new();
	subscription->endpoint_hash = hash_of_endpoint(
		subscription->topic_arn, subscription->protocol, subscription->endpoint);
	subscription->delivery = compile_delivery(subscription->delivery_policy, false);
	atomic_store(&subscription->references, 1);
	return subscription;
}

const struct subscription *sns_subscription_hold(const struct subscription *subscription)
{
	atomic_fetch_add_explicit(&((struct subscription *)subscription)->references, 1,
				  memory_order_relaxed);
	return subscription;
}

void sns_subscription_release(const struct subscription *subscription)
{
	struct subscription *mine = (struct subscription *)subscription;

	if (!mine || atomic_fetch_sub(&mine->references, 1) != 1)
		return;
	if (mine->rule) {
		mine->life->remove_rule(atomic_load(&mine->life->filters), mine->rule);
		sns_topic_life_release(mine->life);
	}
	sns_delivery_policy_release(mine->delivery);
	heap_free(mine);
}

/* ---- the orders ---- */

static void hold_topic(const void *topic)
{
	sns_topic_hold(topic);
}

static void release_topic(const void *topic)
{
	sns_topic_release(topic);
}

static void hold_subscription(const void *subscription)
{
	sns_subscription_hold(subscription);
}

static void release_subscription(const void *subscription)
{
	sns_subscription_release(subscription);
}

static uint64_t hash_topic(const void *value)
{
	return ((const struct topic *)value)->arn_hash;
}

static int compare_topic_arns(const void *key, const void *value)
{
	return str_compare(((const struct topic *)key)->arn, ((const struct topic *)value)->arn);
}

static int compare_places(struct str account, struct str region, struct str other_account,
			  struct str other_region)
{
	int order = str_compare(account, other_account);

	return order != 0 ? order : str_compare(region, other_region);
}

static int compare_topic_names(const void *key, const void *value)
{
	const struct topic *a = key, *b = value;
	int order = compare_places(a->account, a->region, b->account, b->region);

	return order != 0 ? order : str_compare(a->name, b->name);
}

static const struct snapshot_kind topic_kind = {
	.hold = hold_topic,
	.release = release_topic,
	.order_count = TOPIC_ORDERS,
	.orders =
		{
			[TOPIC_BY_ARN] = {.compare = compare_topic_arns, .prefix = hash_topic},
			[TOPIC_BY_NAME] = {.compare = compare_topic_names},
		},
};

static uint64_t hash_arn(const void *value)
{
	return ((const struct subscription *)value)->arn_hash;
}

static int compare_arns(const void *key, const void *value)
{
	return str_compare(((const struct subscription *)key)->arn,
			   ((const struct subscription *)value)->arn);
}

static uint64_t hash_of_topic(const void *value)
{
	return ((const struct subscription *)value)->topic_hash;
}

static int compare_of_topic(const void *key, const void *value)
{
	const struct subscription *a = key, *b = value;
	int order = str_compare(a->topic_arn, b->topic_arn);

	if (order == 0)
		order = (int)a->is_pending - (int)b->is_pending;
	return order != 0 ? order : str_compare(a->id, b->id);
}

static int compare_subscribers(const void *key, const void *value)
{
	const struct subscription *a = key, *b = value;
	int order = compare_places(a->account, a->region, b->account, b->region);

	return order != 0 ? order : str_compare(a->arn, b->arn);
}

/* Equal for all subscribers of an account and region with a filter policy, or without one. */
static int compare_filter_places(const void *key, const void *value)
{
	const struct subscription *a = key, *b = value;
	int order = (a->filter_policy.data != NULL) - (b->filter_policy.data != NULL);

	return order != 0 ? order : compare_places(a->account, a->region, b->account, b->region);
}

static int compare_filters(const void *key, const void *value)
{
	const struct subscription *a = key, *b = value;
	int order = compare_filter_places(a, b);

	return order != 0 ? order : str_compare(a->arn, b->arn);
}

static uint64_t hash_endpoint(const void *value)
{
	return ((const struct subscription *)value)->endpoint_hash;
}

static int compare_endpoints(const void *key, const void *value)
{
	const struct subscription *a = key, *b = value;
	int order = str_compare(a->topic_arn, b->topic_arn);

	if (order == 0)
		order = (int)a->protocol - (int)b->protocol;
	if (order == 0)
		order = str_compare(a->endpoint, b->endpoint);
	return order != 0 ? order : str_compare(a->id, b->id);
}

static const struct snapshot_kind subscription_kind = {
	.hold = hold_subscription,
	.release = release_subscription,
	.order_count = ORDERS,
	.orders =
		{
			[BY_ARN] = {.compare = compare_arns, .prefix = hash_arn},
			[BY_TOPIC] = {.compare = compare_of_topic, .prefix = hash_of_topic},
			[BY_ACCOUNT] = {.compare = compare_subscribers},
			[BY_ENDPOINT] = {.compare = compare_endpoints, .prefix = hash_endpoint},
			[BY_FILTER] = {.compare = compare_filters},
		},
};

struct sns_registry *sns_registry_new(void)
{
	struct sns_registry *registry = heap_alloc(sizeof(*registry));

	registry->topics = snapshot_table_new(&topic_kind);
	registry->subscriptions = snapshot_table_new(&subscription_kind);
	return registry;
}

void sns_registry_free(struct sns_registry **registry)
{
	if (!*registry)
		return;
	snapshot_table_free(&(*registry)->topics);
	snapshot_table_free(&(*registry)->subscriptions);
	heap_free(*registry);
	*registry = NULL;
}

/* ---- finding topics ---- */

const struct topic *sns_registry_find_topic(struct sns_registry *registry, struct str arn)
{
	const struct topic wanted = {.arn = arn};
	struct snapshot_key key = {str_hash(arn), compare_topic_arns, &wanted};

	return snapshot_table_find(registry->topics, TOPIC_BY_ARN, key);
}

size_t sns_registry_count_topics(struct sns_registry *registry)
{
	return snapshot_table_count(registry->topics, TOPIC_BY_ARN);
}

/* Equal for all topics of an account and region. */
static int compare_topic_places(const void *key, const void *value)
{
	const struct topic *a = key, *b = value;

	return compare_places(a->account, a->region, b->account, b->region);
}

size_t sns_registry_count_account_topics(struct sns_registry *registry, struct str account,
					 struct str region)
{
	const struct snapshot *snapshot = snapshot_take(registry->topics);
	const struct topic wanted = {.account = account, .region = region};
	struct snapshot_key key = {0, compare_topic_places, &wanted};
	size_t count = snapshot_count_range(snapshot, TOPIC_BY_NAME, key);

	snapshot_release(snapshot);
	return count;
}

/* A subscription's or topic's place is within an account and region; data NULL: any. */
static bool is_within(struct str account, struct str region, struct str of_account,
		      struct str of_region)
{
	return (!account.data || str_equal(account, of_account)) &&
	       (!region.data || str_equal(region, of_region));
}

void sns_registry_each_topic(struct sns_registry *registry, struct str account, struct str region,
			     struct str after, sns_topic_visit_fn visit, void *context)
{
	const struct snapshot *snapshot = snapshot_take(registry->topics);
	const struct topic first = {.account = account, .region = region, .name = after};
	struct snapshot_key key = {0, compare_topic_names, &first};
	const struct topic *topic;
	struct snapshot_cursor cursor;

	snapshot_seek(snapshot, TOPIC_BY_NAME, key, &cursor);
	while ((topic = snapshot_next(&cursor)) &&
	       is_within(account, region, topic->account, topic->region))
		if (!(after.size > 0 && str_equal(topic->name, after)) && !visit(context, topic))
			break;
	snapshot_release(snapshot);
}

/* ---- finding subscriptions ---- */

const struct subscription *sns_registry_find_subscription(struct sns_registry *registry,
							  struct str arn)
{
	const struct subscription wanted = {.arn = arn};
	struct snapshot_key key = {str_hash(arn), compare_arns, &wanted};

	return snapshot_table_find(registry->subscriptions, BY_ARN, key);
}

/* Equal for all subscriptions of an endpoint to a topic; there is one at most. */
static int compare_endpoint_keys(const void *key, const void *value)
{
	const struct subscription *a = key, *b = value;
	int order = str_compare(a->topic_arn, b->topic_arn);

	if (order == 0)
		order = (int)a->protocol - (int)b->protocol;
	return order != 0 ? order : str_compare(a->endpoint, b->endpoint);
}

const struct subscription *sns_registry_find_endpoint(struct sns_registry *registry,
						      struct str topic_arn,
						      enum sns_protocol protocol,
						      struct str endpoint)
{
	const struct subscription wanted = {
		.topic_arn = topic_arn, .protocol = protocol, .endpoint = endpoint};
	struct snapshot_key key = {hash_of_endpoint(topic_arn, protocol, endpoint),
				   compare_endpoint_keys, &wanted};

	return snapshot_table_find(registry->subscriptions, BY_ENDPOINT, key);
}

size_t sns_registry_count_subscriptions(struct sns_registry *registry)
{
	return snapshot_table_count(registry->subscriptions, BY_ARN);
}

static int compare_states(const void *key, const void *value)
{
	const struct subscription *a = key, *b = value;
	int order = str_compare(a->topic_arn, b->topic_arn);

	return order != 0 ? order : (int)a->is_pending - (int)b->is_pending;
}

size_t sns_registry_count_of_topic(struct sns_registry *registry, struct str topic_arn,
				   bool is_pending)
{
	const struct snapshot *snapshot = snapshot_take(registry->subscriptions);
	const struct subscription wanted = {.topic_arn = topic_arn, .is_pending = is_pending};
	struct snapshot_key key = {str_hash(topic_arn), compare_states, &wanted};
	size_t count = snapshot_count_range(snapshot, BY_TOPIC, key);

	snapshot_release(snapshot);
	return count;
}

size_t sns_registry_count_filters(struct sns_registry *registry, struct str account,
				  struct str region)
{
	const struct snapshot *snapshot = snapshot_take(registry->subscriptions);
	const struct subscription wanted = {
		.account = account, .region = region, .filter_policy = STR("{}")};
	struct snapshot_key key = {0, compare_filter_places, &wanted};
	size_t count = snapshot_count_range(snapshot, BY_FILTER, key);

	snapshot_release(snapshot);
	return count;
}

void sns_registry_each_of_account(struct sns_registry *registry, struct str account,
				  struct str region, struct str after_arn,
				  sns_subscription_visit_fn visit, void *context)
{
	const struct snapshot *snapshot = snapshot_take(registry->subscriptions);
	const struct subscription first = {.account = account, .region = region, .arn = after_arn};
	struct snapshot_key key = {0, compare_subscribers, &first};
	const struct subscription *subscription;
	struct snapshot_cursor cursor;

	snapshot_seek(snapshot, BY_ACCOUNT, key, &cursor);
	while ((subscription = snapshot_next(&cursor)) &&
	       is_within(account, region, subscription->account, subscription->region))
		if (!str_equal(subscription->arn, after_arn) && !visit(context, subscription))
			break;
	snapshot_release(snapshot);
}

/* ---- the subscriptions of a topic ---- */

/* The place of a subscription that may not exist any more; it was confirmed or pending. */
static void seek(struct sns_subscriptions *subscriptions, const struct subscription *place)
{
	struct snapshot_key key = {str_hash(place->topic_arn), compare_of_topic, place};

	snapshot_seek(subscriptions->snapshot, BY_TOPIC, key, &subscriptions->cursor);
}

void sns_subscriptions_open(struct sns_registry *registry, struct str topic_arn,
			    struct sns_subscription_place after, struct sns_subscriptions *out)
{
	const struct subscription place = {
		.topic_arn = topic_arn, .is_pending = after.is_pending, .id = after.id};

	out->snapshot = snapshot_take(registry->subscriptions);
	out->topic_arn = topic_arn;
	seek(out, &place);
	if (after.id.size == 0)
		return;
	const struct subscription *next = sns_subscriptions_next(out);
	if (next && compare_of_topic(&place, next) != 0)
		seek(out, next);
}

const struct subscription *sns_subscriptions_next(struct sns_subscriptions *subscriptions)
{
	const struct subscription *next = snapshot_next(&subscriptions->cursor);

	return next && str_equal(next->topic_arn, subscriptions->topic_arn) ? next : NULL;
}

void sns_subscriptions_close(struct sns_subscriptions *subscriptions)
{
	snapshot_release(subscriptions->snapshot);
}

/* ---- changing ---- */

void sns_registry_put_topic(struct sns_registry *registry, const struct topic *topic)
{
	snapshot_table_begin(registry->topics);
	snapshot_table_put(registry->topics, topic);
	snapshot_table_commit(registry->topics);
}

void sns_registry_put_subscription(struct sns_registry *registry,
				   const struct subscription *subscription)
{
	snapshot_table_begin(registry->subscriptions);
	snapshot_table_put(registry->subscriptions, subscription);
	snapshot_table_commit(registry->subscriptions);
}

void sns_registry_remove_topic(struct sns_registry *registry, const struct topic *topic)
{
	struct snapshot_key key = {topic->arn_hash, compare_topic_arns, topic};

	snapshot_table_begin(registry->topics);
	check(snapshot_table_remove(registry->topics, key));
	snapshot_table_commit(registry->topics);
}

void sns_registry_remove_subscriptions(struct sns_registry *registry,
				       const struct subscription *const *subscriptions,
				       size_t count)
{
	snapshot_table_begin(registry->subscriptions);
	for (size_t i = 0; i < count; i++) {
		struct snapshot_key key = {subscriptions[i]->arn_hash, compare_arns,
					   subscriptions[i]};
		check(snapshot_table_remove(registry->subscriptions, key));
	}
	snapshot_table_commit(registry->subscriptions);
}
