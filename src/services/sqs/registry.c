/* SPDX-License-Identifier: MIT */
/*
 * registry: a table by ARN to find queues, and an array sorted by ARN to list them.
 *
 * An ARN is "arn:<partition>:sqs:<region>:<account>:<name>". The array is in order of account,
 * region and name, so that all queues of an account lie together. Both hold the same reference.
 * Dead-letter queues have their sources counted, so that a queue that is none is known at once.
 */
#include "services/sqs/registry.h"

#include <pthread.h>
#include <string.h>

/* A queue, there or not, that others name as their dead-letter queue. */
struct target {
	struct str arn;
	size_t source_count;
};

struct sqs_registry {
	pthread_rwlock_t lock;
	struct map by_arn;
	struct map targets;
	const struct sqs_queue **sorted;
	size_t count, capacity;
};

struct sqs_registry *sqs_registry_new(void)
{
	struct sqs_registry *registry = heap_alloc(sizeof(*registry));

	pthread_rwlock_init(&registry->lock, NULL);
	return registry;
}

static void target_free(struct target *target)
{
	heap_free((char *)target->arn.data);
	heap_free(target);
}

void sqs_registry_free(struct sqs_registry **registry)
{
	struct sqs_registry *old = *registry;
	struct target *target;

	if (!old)
		return;
	for (size_t i = 0; i < old->count; i++)
		sqs_queue_release(old->sorted[i]);
	for (size_t i = 0; (target = map_next(&old->targets, &i));)
		target_free(target);
	map_done(&old->targets);
	map_done(&old->by_arn);
	heap_free(old->sorted);
	pthread_rwlock_destroy(&old->lock);
	heap_free(old);
	*registry = NULL;
}

/* ---- snapshots ---- */

/* The texts of a snapshot, one after another, so that sizing and copying cannot disagree. */
static void for_texts(struct sqs_queue *queue, pack_visit_fn visit, void *context)
{
	struct str *texts[] = {&queue->account,
			       &queue->region,
			       &queue->name,
			       &queue->arn,
			       &queue->policy,
			       &queue->redrive_policy,
			       &queue->dead_letter_arn,
			       &queue->redrive_allow_policy,
			       &queue->kms_key};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		visit(context, texts[i]);
	for (size_t i = 0; i < queue->redrive_source_count; i++)
		visit(context, (struct str *)&queue->redrive_sources[i]);
	for (size_t i = 0; i < queue->tag_count; i++) {
		visit(context, (struct str *)&queue->tags[i].key);
		visit(context, (struct str *)&queue->tags[i].value);
	}
}

/* All but the references, which other threads count while this one copies. */
struct sqs_queue sqs_queue_draft(const struct sqs_queue *queue)
{
	static const size_t from = offsetof(struct sqs_queue, life);
	struct sqs_queue draft = {0};

	memcpy((char *)&draft + from, (const char *)queue + from, sizeof(draft) - from);
	return draft;
}

struct sqs_queue *sqs_queue_new(const struct sqs_queue *draft)
{
	struct sqs_queue view = *draft;
	size_t tags_size = draft->tag_count * sizeof(*draft->tags);
	size_t sources_size = draft->redrive_source_count * sizeof(*draft->redrive_sources);
	size_t size = sizeof(view) + tags_size + sources_size;

	for_texts(&view, pack_size, &size);
	struct sqs_queue *queue = heap_alloc(size);
	char *end = (char *)(queue + 1);

	*queue = *draft;
	queue->tags = pack_array(&end, draft->tags, tags_size);
	queue->redrive_sources = pack_array(&end, draft->redrive_sources, sources_size);
	for_texts(queue, pack_text, &end);
	queue->compiled_policy =
		policy_compile_stored(queue->policy, queue->arn, queue->policy_set_ms);
	atomic_store(&queue->references, 1);
	if (queue->life)
		atomic_fetch_add(&queue->life->references, 1);
	else
		queue->life = heap_alloc(sizeof(*queue->life));
	if (!draft->life)
		atomic_store(&queue->life->references, 1);
	return queue;
}

void sqs_queue_life_release(struct sqs_queue_life *life)
{
	if (atomic_fetch_sub(&life->references, 1) == 1)
		heap_free(life);
}

const struct sqs_queue *sqs_queue_hold(const struct sqs_queue *queue)
{
	atomic_fetch_add_explicit(&((struct sqs_queue *)queue)->references, 1,
				  memory_order_relaxed);
	return queue;
}

void sqs_queue_release(const struct sqs_queue *queue)
{
	struct sqs_queue *mine = (struct sqs_queue *)queue;

	if (!mine || atomic_fetch_sub(&mine->references, 1) != 1)
		return;
	sqs_queue_life_release(mine->life);
	policy_release(mine->compiled_policy);
	heap_free(mine);
}

/* ---- finding ---- */

static bool has_arn(const void *value, const void *key)
{
	return str_equal(((const struct sqs_queue *)value)->arn, *(const struct str *)key);
}

static bool is_target(const void *value, const void *key)
{
	return str_equal(((const struct target *)value)->arn, *(const struct str *)key);
}

const struct sqs_queue *sqs_registry_find_arn(struct sqs_registry *registry, struct str arn)
{
	pthread_rwlock_rdlock(&registry->lock);
	const struct sqs_queue *queue = map_find(&registry->by_arn, str_hash(arn), has_arn, &arn);
	if (queue)
		sqs_queue_hold(queue);
	pthread_rwlock_unlock(&registry->lock);
	return queue;
}

const struct sqs_queue *sqs_registry_find(struct sqs_registry *registry, struct str account,
					  struct str region, struct str name)
{
	char arn[ARN_SIZE_MAX];
	struct str text = arn_format(STR("sqs"), region, account, name, arn);

	return text.data ? sqs_registry_find_arn(registry, text) : NULL;
}

size_t sqs_registry_count(struct sqs_registry *registry)
{
	pthread_rwlock_rdlock(&registry->lock);
	size_t count = registry->count;
	pthread_rwlock_unlock(&registry->lock);
	return count;
}

static int compare(const struct sqs_queue *queue, struct str account, struct str region,
		   struct str name)
{
	int order = str_compare(queue->account, account);

	if (order == 0)
		order = str_compare(queue->region, region);
	if (order == 0)
		order = str_compare(queue->name, name);
	return order;
}

/* The first place whose queue is not before that name. */
static size_t place_of(const struct sqs_registry *registry, struct str account, struct str region,
		       struct str name)
{
	size_t low = 0;
	size_t high = registry->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (compare(registry->sorted[middle], account, region, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void sqs_registry_each(struct sqs_registry *registry, struct str account, struct str region,
		       struct str after, sqs_queue_visit_fn visit, void *context)
{
	bool has_account = account.data != NULL;

	pthread_rwlock_rdlock(&registry->lock);
	for (size_t i = place_of(registry, account, region, after); i < registry->count; i++) {
		const struct sqs_queue *queue = registry->sorted[i];
		if (has_account && !str_equal(queue->account, account))
			break;
		if (has_account && region.data && !str_equal(queue->region, region))
			break;
		if (after.size > 0 && str_equal(queue->name, after))
			continue;
		if (!visit(context, queue))
			break;
	}
	pthread_rwlock_unlock(&registry->lock);
}

bool sqs_registry_has_sources(struct sqs_registry *registry, struct str arn)
{
	pthread_rwlock_rdlock(&registry->lock);
	bool has = map_find(&registry->targets, str_hash(arn), is_target, &arn) != NULL;
	pthread_rwlock_unlock(&registry->lock);
	return has;
}

/* ---- changing ---- */

static void add_source(struct sqs_registry *registry, const struct sqs_queue *queue)
{
	struct str arn = queue->dead_letter_arn;

	if (arn.size == 0)
		return;
	struct target *target = map_find(&registry->targets, str_hash(arn), is_target, &arn);
	if (!target) {
		target = heap_alloc(sizeof(*target));
		target->arn = heap_copy(arn);
		map_insert(&registry->targets, str_hash(arn), target);
	}
	target->source_count++;
}

static void remove_source(struct sqs_registry *registry, const struct sqs_queue *queue)
{
	struct str arn = queue->dead_letter_arn;

	if (arn.size == 0)
		return;
	struct target *target = map_find(&registry->targets, str_hash(arn), is_target, &arn);
	if (--target->source_count > 0)
		return;
	map_remove(&registry->targets, str_hash(arn), target);
	target_free(target);
}

void sqs_registry_put(struct sqs_registry *registry, const struct sqs_queue *queue)
{
	uint64_t hash = str_hash(queue->arn);

	pthread_rwlock_wrlock(&registry->lock);
	const struct sqs_queue *old = map_find(&registry->by_arn, hash, has_arn, &queue->arn);
	size_t place = place_of(registry, queue->account, queue->region, queue->name);
	if (old) {
		remove_source(registry, old);
		map_remove(&registry->by_arn, hash, old);
	} else {
		if (registry->count == registry->capacity) {
			registry->capacity = registry->capacity ? registry->capacity * 2 : 64;
			registry->sorted = heap_resize(
				registry->sorted, registry->capacity * sizeof(*registry->sorted));
		}
		memmove(&registry->sorted[place + 1], &registry->sorted[place],
			(registry->count - place) * sizeof(*registry->sorted));
		registry->count++;
	}
	registry->sorted[place] = queue;
	map_insert(&registry->by_arn, hash, (void *)queue);
	add_source(registry, queue);
	pthread_rwlock_unlock(&registry->lock);
	sqs_queue_release(old);
}

void sqs_registry_remove(struct sqs_registry *registry, const struct sqs_queue *queue)
{
	pthread_rwlock_wrlock(&registry->lock);
	size_t place = place_of(registry, queue->account, queue->region, queue->name);
	const struct sqs_queue *old = registry->sorted[place];
	check(str_equal(old->arn, queue->arn));
	remove_source(registry, old);
	map_remove(&registry->by_arn, str_hash(old->arn), old);
	registry->count--;
	memmove(&registry->sorted[place], &registry->sorted[place + 1],
		(registry->count - place) * sizeof(*registry->sorted));
	pthread_rwlock_unlock(&registry->lock);
	sqs_queue_release(old);
}
