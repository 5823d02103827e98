/* SPDX-License-Identifier: MIT */
/* filter: publishes hold the lock shared, each with a scratch that it takes from a list. */
#include "services/sns/filter.h"

#include <pthread.h>

#include "match/matcher.h"

struct sns_filter_rule {
	enum filter_scope scope;
	struct match_rule *rule;
};

struct sns_filters {
	pthread_rwlock_t lock; /* of the matchers */
	struct matcher *matchers[2];
	pthread_mutex_t scratch_lock;
	struct {
		struct match_scratch **items;
		size_t count, capacity;
	} scratches; /* that no publish uses */
};

struct sns_filters *sns_filters_new(void)
{
	struct sns_filters *filters = heap_alloc(sizeof(*filters));
	pthread_rwlockattr_t attributes;

	/* Otherwise a stream of publishes delays a change without limit. */
	check(pthread_rwlockattr_init(&attributes) == 0);
	check(pthread_rwlockattr_setkind_np(&attributes,
					    PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) == 0);
	check(pthread_rwlock_init(&filters->lock, &attributes) == 0);
	pthread_rwlockattr_destroy(&attributes);
	check(pthread_mutex_init(&filters->scratch_lock, NULL) == 0);
	filters->matchers[FILTER_ATTRIBUTES] = matcher_new();
	filters->matchers[FILTER_BODY] = matcher_new();
	return filters;
}

void sns_filters_free(struct sns_filters **filters)
{
	struct sns_filters *freed = *filters;

	if (!freed)
		return;
	check(sns_filters_count(freed) == 0);
	matcher_free(&freed->matchers[FILTER_ATTRIBUTES]);
	matcher_free(&freed->matchers[FILTER_BODY]);
	for (size_t i = 0; i < freed->scratches.count; i++)
		match_scratch_free(&freed->scratches.items[i]);
	vec_done(&freed->scratches);
	pthread_mutex_destroy(&freed->scratch_lock);
	pthread_rwlock_destroy(&freed->lock);
	heap_free(freed);
	*filters = NULL;
}

struct sns_filter_rule *sns_filters_add(struct sns_filters *filters,
					const struct filter_policy *policy,
					const struct subscription *subscription)
{
	struct sns_filter_rule *rule = heap_alloc(sizeof(*rule));

	check(!policy->is_empty);
	rule->scope = policy->scope;
	pthread_rwlock_wrlock(&filters->lock);
	rule->rule = matcher_add(filters->matchers[policy->scope], &policy->pattern,
				 (void *)(uintptr_t)subscription);
	pthread_rwlock_unlock(&filters->lock);
	return rule;
}

void sns_filters_remove(struct sns_filters *filters, struct sns_filter_rule *rule)
{
	pthread_rwlock_wrlock(&filters->lock);
	matcher_remove(filters->matchers[rule->scope], rule->rule);
	pthread_rwlock_unlock(&filters->lock);
	heap_free(rule);
}

size_t sns_filters_count(const struct sns_filters *filters)
{
	return matcher_rule_count(filters->matchers[FILTER_ATTRIBUTES]) +
	       matcher_rule_count(filters->matchers[FILTER_BODY]);
}

/* ---- matching ---- */

static struct match_scratch *take_scratch(struct sns_filters *filters)
{
	struct match_scratch *scratch = NULL;

	pthread_mutex_lock(&filters->scratch_lock);
	if (filters->scratches.count > 0)
		scratch = filters->scratches.items[--filters->scratches.count];
	pthread_mutex_unlock(&filters->scratch_lock);
	return scratch ? scratch : match_scratch_new();
}

static void put_scratch(struct sns_filters *filters, struct match_scratch *scratch)
{
	pthread_mutex_lock(&filters->scratch_lock);
	vec_push(&filters->scratches, scratch);
	pthread_mutex_unlock(&filters->scratch_lock);
}

static void add_users(struct sns_filter_result *result, void *const *users, size_t count)
{
	for (size_t i = 0; i < count; i++)
		result->subscriptions[result->count++] = users[i];
}

static void match_attributes(const struct sns_filters *filters, struct arena *arena,
			     struct match_scratch *scratch, const struct sns_message *message,
			     struct sns_filter_result *result)
{
	const struct matcher *matcher = filters->matchers[FILTER_ATTRIBUTES];
	struct filter_attribute *given =
		arena_array(arena, struct filter_attribute, message->attribute_count);
	struct match_attribute *read;
	void *const *users;

	for (size_t i = 0; i < message->attribute_count; i++)
		given[i] = (struct filter_attribute){
			.name = message->attributes[i].name,
			.type = message->attributes[i].type,
			.value = message->attributes[i].value,
		};
	result->has_invalid_attributes =
		filter_attributes_read(arena, given, message->attribute_count, &read) != ERR_OK;
	if (result->has_invalid_attributes)
		return;
	add_users(
		result, users,
		matcher_match_attributes(matcher, scratch, read, message->attribute_count, &users));
}

/* Of the protocols that deliver `body`: the default one, if `protocol` is SNS_PROTOCOLS. */
static void match_body(const struct sns_filters *filters, struct arena *arena,
		       struct match_scratch *scratch, const struct sns_message *message,
		       enum sns_protocol protocol, struct sns_filter_result *result)
{
	bool is_default = protocol == SNS_PROTOCOLS;
	struct str body = is_default ? message->body : message->bodies[protocol];
	void *const *users;
	yyjson_val *root;

	if (filter_body_read(arena, body, &root) != ERR_OK) {
		result->has_invalid_body = true;
		return;
	}
	size_t count = matcher_match(filters->matchers[FILTER_BODY], scratch, root, &users);
	for (size_t i = 0; i < count; i++) {
		const struct subscription *subscription = users[i];
		if (is_default ? !message->bodies[subscription->protocol].data
			       : subscription->protocol == protocol)
			result->subscriptions[result->count++] = subscription;
	}
}

void sns_filters_begin(struct sns_filters *filters, struct arena *arena,
		       const struct sns_message *message, struct sns_filter_result *out_result)
{
	*out_result = (struct sns_filter_result){0};
	pthread_rwlock_rdlock(&filters->lock);
	size_t rules = sns_filters_count(filters);
	if (rules == 0)
		return;
	struct match_scratch *scratch = take_scratch(filters);
	out_result->subscriptions = arena_array(arena, const struct subscription *, rules);
	if (matcher_rule_count(filters->matchers[FILTER_ATTRIBUTES]) > 0)
		match_attributes(filters, arena, scratch, message, out_result);
	if (matcher_rule_count(filters->matchers[FILTER_BODY]) > 0) {
		match_body(filters, arena, scratch, message, SNS_PROTOCOLS, out_result);
		for (int i = 0; i < SNS_PROTOCOLS; i++)
			if (message->bodies[i].data)
				match_body(filters, arena, scratch, message, (enum sns_protocol)i,
					   out_result);
	}
	put_scratch(filters, scratch);
}

void sns_filters_end(struct sns_filters *filters)
{
	pthread_rwlock_unlock(&filters->lock);
}

void sns_filters_count_refused(struct sns_counters *counters,
			       const struct subscription *subscription,
			       const struct sns_message *message,
			       const struct sns_filter_result *result)
{
	enum sns_counter reason;

	if (subscription->filter_scope == SNS_FILTER_SCOPE_BODY)
		reason =
			result->has_invalid_body ? SNS_COUNT_INVALID_BODY : SNS_COUNT_FILTERED_BODY;
	else if (message->attribute_count == 0)
		reason = SNS_COUNT_NO_ATTRIBUTES;
	else
		reason = result->has_invalid_attributes ? SNS_COUNT_INVALID_ATTRIBUTES
							: SNS_COUNT_FILTERED_ATTRIBUTES;
	sns_count(counters, SNS_COUNT_FILTERED, 1);
	sns_count(counters, reason, 1);
}
