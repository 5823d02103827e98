/* SPDX-License-Identifier: MIT */
/*
 * throttle: a bucket is one number, the time at which it will be full (the generic cell rate
 * algorithm, ITU-T I.371): a request moves it on by the time that a token takes, and is refused if
 * that is further ahead than a full bucket's worth of tokens. So an unused bucket needs no memory.
 */
#include "core/limit/throttle.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>

#include "wire/route.h"

enum {
	WAYS = 8, /* places a bucket may be in */
	SETS = LIMIT_THROTTLE_BUCKETS / WAYS,
	LOCKS = 64,
	RULES_OF_OPERATION = 8,
	KEY_SIZE = 512,
};
static_assert((SETS & (SETS - 1)) == 0, "sets are chosen by a mask");
static const int64_t span_ms_max = INT64_C(6307200000000); /* 200 years: nanoseconds fit */

struct bucket {
	uint64_t key; /* 0: free */
	int64_t full_ns;
};

struct throttle {
	struct arena arena; /* of the rules */
	struct throttle_rule *rules;
	size_t own_count;
	struct route_table routes;
	int64_t begin_ms;
	uint16_t (*of_operation)[RULES_OF_OPERATION]; /* 1 + rule; 0 ends the row */
	struct throttle_table {
		pthread_mutex_t locks[LOCKS];
		struct bucket buckets[SETS][WAYS];
	} * table;
};

/* ---- rules ---- */

bool throttle_matches(struct str pattern, struct str action)
{
	bool is_open = str_ends(pattern, STR("*"));

	return is_open ? str_starts(action, str_slice(pattern, 0, pattern.size - 1))
		       : str_equal(action, pattern);
}

static bool names_action(const struct throttle_rule *rule, struct str action)
{
	for (size_t i = 0; i < rule->action_count; i++)
		if (throttle_matches(rule->actions[i], action))
			return true;
	return false;
}

/* If there is no room for all rules, those at the end of the list are left out. */
static void find_rules(uint16_t row[RULES_OF_OPERATION], const struct throttle_rule *rules,
		       size_t count, struct str action)
{
	size_t used = 0;

	for (size_t i = 0; i < count && used < RULES_OF_OPERATION; i++)
		if (names_action(&rules[i], action))
			row[used++] = (uint16_t)(i + 1);
}

static void copy_rules(struct throttle *throttle, const struct throttle_rule *rules, size_t count)
{
	struct arena *arena = &throttle->arena;

	arena_init(arena);
	throttle->rules = arena_array(arena, struct throttle_rule, count);
	for (size_t i = 0; i < count; i++) {
		struct str *actions = arena_array(arena, struct str, rules[i].action_count);
		for (size_t j = 0; j < rules[i].action_count; j++)
			actions[j] = arena_copy(arena, rules[i].actions[j]);
		throttle->rules[i] = rules[i];
		throttle->rules[i].actions = actions;
		throttle->rules[i].account = arena_copy(arena, rules[i].account);
	}
}

struct throttle *throttle_new(const struct throttle_rule *rules, size_t count, size_t own_count,
			      const struct service *const *services, size_t service_count)
{
	struct throttle *throttle = heap_alloc(sizeof(*throttle));
	size_t operations = 0;

	check(count < UINT16_MAX);
	for (size_t i = 0; i < service_count; i++)
		operations += services[i]->operation_count;
	copy_rules(throttle, rules, count);
	throttle->own_count = own_count;
	throttle->routes = (struct route_table){services, service_count, NULL};
	throttle->begin_ms = clock_base_ms();
	throttle->of_operation = heap_alloc(operations * sizeof(*throttle->of_operation));
	size_t number = 0;
	for (size_t i = 0; i < service_count; i++)
		for (uint32_t j = 0; j < services[i]->operation_count; j++)
			find_rules(throttle->of_operation[number++], rules, count,
				   services[i]->operations[j].action);
	throttle->table = heap_alloc(sizeof(*throttle->table));
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&throttle->table->locks[i], NULL);
	return throttle;
}

void throttle_free(struct throttle **throttle)
{
	if (!*throttle)
		return;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&(*throttle)->table->locks[i]);
	arena_done(&(*throttle)->arena);
	heap_free((*throttle)->table);
	heap_free((*throttle)->of_operation);
	heap_free(*throttle);
	*throttle = NULL;
}

/* ---- buckets ---- */

/* The bucket of that key, or the slot for it: free, or nearest to being full. */
static struct bucket *find_bucket(struct bucket set[WAYS], uint64_t key, int64_t now_ns)
{
	struct bucket *place = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].full_ns < place->full_ns)
			place = &set[i];
	}
	*place = (struct bucket){.key = key, .full_ns = now_ns};
	return place;
}

static bool take(struct throttle_table *table, uint64_t key, const struct throttle_rule *rule,
		 int64_t now_ns)
{
	size_t set = (size_t)key & (SETS - 1);
	int64_t token_ns = INT64_C(1000000000000) / rule->rate_milli;
	pthread_mutex_t *lock = &table->locks[set % LOCKS];

	pthread_mutex_lock(lock);
	struct bucket *bucket = find_bucket(table->buckets[set], key, now_ns);
	int64_t full_ns = bucket->full_ns > now_ns ? bucket->full_ns : now_ns;
	bool has_token = full_ns - now_ns <= (rule->burst - 1) * token_ns;
	if (has_token)
		bucket->full_ns = full_ns + token_ns;
	pthread_mutex_unlock(lock);
	return has_token;
}

/* A fingerprint of the bucket's rule and owner; never 0. */
static uint64_t key_of(size_t rule_number, const struct throttle_rule *rule,
		       const struct throttle_request *request, struct str subject)
{
	struct str action = rule->is_shared ? STR("") : request->operation->action;
	char text[KEY_SIZE];

	int size = snprintf(text, sizeof(text), "%zu %.*s %.*s", rule_number, STR_ARG(action),
			    STR_ARG(subject));
	check(size > 0 && size < KEY_SIZE);
	return str_hash(str_of(text, (size_t)size)) | 1;
}

/* True if all the buckets of these scopes had a token. */
static bool take_all(const struct throttle *throttle, const struct throttle_request *request,
		     struct str subject, const bool scopes[THROTTLE_QUOTA + 1])
{
	const uint16_t *row = throttle->of_operation[route_operation_number(&throttle->routes,
									    request->operation)];
	int64_t span_ms = request->base_ms - throttle->begin_ms;
	bool has_own = false;

	if (span_ms > span_ms_max)
		span_ms = span_ms_max;
	for (size_t i = 0; i < RULES_OF_OPERATION && row[i] > 0; i++) {
		size_t number = row[i] - 1u;
		const struct throttle_rule *rule = &throttle->rules[number];
		bool is_own = number < throttle->own_count;
		if (rule->account.size > 0 && !str_equal(rule->account, request->account))
			continue;
		if (!is_own && has_own)
			return true;
		has_own = has_own || is_own;
		if (scopes[rule->scope] &&
		    !take(throttle->table, key_of(number, rule, request, subject), rule,
			  span_ms * 1000000))
			return false;
	}
	return true;
}

bool throttle_admits(const struct throttle *throttle, const struct throttle_request *request)
{
	/* For all regions together, as a caller may name any region. */
	return !throttle ||
	       take_all(throttle, request, request->account,
			(const bool[]){[THROTTLE_ACCOUNT] = true, [THROTTLE_QUOTA] = false});
}

bool throttle_admits_resource(const struct throttle *throttle,
			      const struct throttle_request *request, struct str arn,
			      bool has_quota)
{
	check(arn.size < KEY_SIZE / 2);
	return !throttle ||
	       take_all(throttle, request, arn,
			(const bool[]){[THROTTLE_RESOURCE] = true, [THROTTLE_QUOTA] = has_quota});
}
