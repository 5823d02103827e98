/* SPDX-License-Identifier: MIT */
/*
 * registry: one snapshot table with three orders.
 *
 * By name: account, region and name, so that all queues of an account lie together. By ARN: the
 * hash of the ARN first, so that finding a queue compares one text. By target: the queues with a
 * dead-letter queue, by its ARN, so that its sources lie together in order of their names.
 */
#include "services/sqs/registry.h"

#include <string.h>

#include "base/snapshot.h"

enum order { BY_NAME, BY_ARN, BY_TARGET, ORDERS };

struct sqs_registry {
	struct snapshot_table *table;
};

/* ---- snapshots ---- */

static void for_pairs(const struct shape_pair *pairs, size_t count, pack_visit_fn visit,
		      void *context)
{
	for (size_t i = 0; i < count; i++) {
		visit(context, (struct str *)&pairs[i].key);
		visit(context, (struct str *)&pairs[i].value);
	}
}

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
	for_pairs(queue->tags, queue->tag_count, visit, context);
	for_pairs(queue->policy_names.items, queue->policy_names.count, visit, context);
}

/* All but the references, which other threads count while this one copies. */
struct sqs_queue sqs_queue_draft(const struct sqs_queue *queue)
{
	static const size_t from = offsetof(struct sqs_queue, life);
	struct sqs_queue draft = {0};

	memcpy((char *)&draft + from, (const char *)queue + from, sizeof(draft) - from);
	return draft;
}

static _Atomic uint64_t last_version;

struct sqs_queue *sqs_queue_new(const struct sqs_queue *draft)
{
	struct sqs_queue view = *draft;
	size_t tags_size = draft->tag_count * sizeof(*draft->tags);
	size_t sources_size = draft->redrive_source_count * sizeof(*draft->redrive_sources);
	size_t names_size = draft->policy_names.count * sizeof(*draft->policy_names.items);
	size_t size = sizeof(view) + tags_size + sources_size + names_size;

	for_texts(&view, pack_size, &size);
	struct sqs_queue *queue = heap_alloc(size);
	char *end = (char *)(queue + 1);

	*queue = *draft;
	queue->tags = pack_array(&end, draft->tags, tags_size);
	queue->redrive_sources = pack_array(&end, draft->redrive_sources, sources_size);
	queue->policy_names.items = pack_array(&end, draft->policy_names.items, names_size);
	for_texts(queue, pack_text, &end);
	queue->version = atomic_fetch_add(&last_version, 1) + 1;
	queue->arn_hash = str_hash(queue->arn);
	queue->dead_letter_hash = str_hash(queue->dead_letter_arn);
	queue->compiled_policy =
		policy_compile_stored(queue->policy, queue->policy_names, queue->arn);
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
	if (atomic_fetch_sub(&life->references, 1) != 1)
		return;
	heap_free(life->measure);
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

/* ---- orders ---- */

static void hold(const void *queue)
{
	sqs_queue_hold(queue);
}

static void release(const void *queue)
{
	sqs_queue_release(queue);
}

static int compare_names(const void *key, const void *value)
{
	const struct sqs_queue *a = key, *b = value;
	int order = str_compare(a->account, b->account);

	if (order == 0)
		order = str_compare(a->region, b->region);
	return order != 0 ? order : str_compare(a->name, b->name);
}

static int compare_arns(const void *key, const void *value)
{
	return str_compare(((const struct sqs_queue *)key)->arn,
			   ((const struct sqs_queue *)value)->arn);
}

static uint64_t hash_arn(const void *value)
{
	return ((const struct sqs_queue *)value)->arn_hash;
}

static int compare_targets(const void *key, const void *value)
{
	const struct sqs_queue *a = key, *b = value;
	int order = str_compare(a->dead_letter_arn, b->dead_letter_arn);

	return order != 0 ? order : compare_names(key, value);
}

static uint64_t hash_target(const void *value)
{
	return ((const struct sqs_queue *)value)->dead_letter_hash;
}

static bool has_target(const void *value)
{
	return ((const struct sqs_queue *)value)->dead_letter_arn.size > 0;
}

static const struct snapshot_kind kind = {
	.hold = hold,
	.release = release,
	.order_count = ORDERS,
	.orders =
		{
			[BY_NAME] = {.compare = compare_names},
			[BY_ARN] = {.compare = compare_arns, .prefix = hash_arn},
			[BY_TARGET] = {.compare = compare_targets,
				       .prefix = hash_target,
				       .has = has_target},
		},
};

struct sqs_registry *sqs_registry_new(void)
{
	struct sqs_registry *registry = heap_alloc(sizeof(*registry));

	registry->table = snapshot_table_new(&kind);
	return registry;
}

void sqs_registry_free(struct sqs_registry **registry)
{
	if (!*registry)
		return;
	snapshot_table_free(&(*registry)->table);
	heap_free(*registry);
	*registry = NULL;
}

/* ---- finding ---- */

static int is_arn(const void *key, const void *value)
{
	return str_compare(*(const struct str *)key, ((const struct sqs_queue *)value)->arn);
}

const struct sqs_queue *sqs_registry_find_arn(struct sqs_registry *registry, struct str arn)
{
	struct snapshot_key key = {str_hash(arn), is_arn, &arn};

	return snapshot_table_find(registry->table, BY_ARN, key);
}

uint64_t sqs_registry_generation(const struct sqs_registry *registry)
{
	return snapshot_table_generation(registry->table);
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
	return snapshot_table_count(registry->table, BY_NAME);
}

/* The queues to visit; data NULL: all. */
struct scope {
	struct str account, region;
};

static bool is_within(const struct scope *scope, const struct sqs_queue *queue)
{
	return !scope->account.data ||
	       (str_equal(queue->account, scope->account) &&
		(!scope->region.data || str_equal(queue->region, scope->region)));
}

static int compare_scope(const void *key, const void *value)
{
	const struct scope *scope = key;
	const struct sqs_queue *queue = value;
	int order = scope->account.data ? str_compare(scope->account, queue->account) : 0;

	if (order == 0 && scope->account.data && scope->region.data)
		order = str_compare(scope->region, queue->region);
	return order;
}

static void seek(const struct snapshot *snapshot, const struct scope *scope, struct str from,
		 struct snapshot_cursor *out)
{
	const struct sqs_queue first = {
		.account = scope->account, .region = scope->region, .name = from};
	struct snapshot_key key = {0, compare_scope, scope};

	if (from.size > 0)
		key = (struct snapshot_key){0, compare_names, &first};
	snapshot_seek(snapshot, BY_NAME, key, out);
}

void sqs_registry_each(struct sqs_registry *registry, struct str account, struct str region,
		       struct str from, sqs_queue_visit_fn visit, void *context)
{
	const struct snapshot *snapshot = snapshot_take(registry->table);
	const struct scope scope = {account, region};
	const struct sqs_queue *queue;
	struct snapshot_cursor cursor;

	seek(snapshot, &scope, from, &cursor);
	while ((queue = snapshot_next(&cursor)) && is_within(&scope, queue))
		if (!visit(context, queue))
			break;
	snapshot_release(snapshot);
}

size_t sqs_registry_count_account(struct sqs_registry *registry, struct str account,
				  struct str region)
{
	const struct snapshot *snapshot = snapshot_take(registry->table);
	const struct scope scope = {account, region};
	struct snapshot_key key = {0, compare_scope, &scope};
	size_t count = snapshot_count_range(snapshot, BY_NAME, key);

	snapshot_release(snapshot);
	return count;
}

/* ---- sources of dead-letter queues ---- */

static int is_target(const void *key, const void *value)
{
	return str_compare(*(const struct str *)key,
			   ((const struct sqs_queue *)value)->dead_letter_arn);
}

bool sqs_registry_has_sources(struct sqs_registry *registry, struct str arn)
{
	const struct snapshot *snapshot = snapshot_take(registry->table);
	struct snapshot_key key = {str_hash(arn), is_target, &arn};
	bool has = snapshot_find(snapshot, BY_TARGET, key) != NULL;

	snapshot_release(snapshot);
	return has;
}

/* All sources of a target are of its account and region. */
struct source {
	struct str target, name;
};

static int compare_source(const void *key, const void *value)
{
	const struct source *source = key;
	const struct sqs_queue *queue = value;
	int order = str_compare(source->target, queue->dead_letter_arn);

	return order != 0 ? order : str_compare(source->name, queue->name);
}

void sqs_registry_each_source(struct sqs_registry *registry, struct str arn, struct str from,
			      sqs_queue_visit_fn visit, void *context)
{
	const struct snapshot *snapshot = snapshot_take(registry->table);
	const struct source first = {arn, from};
	struct snapshot_key key = {str_hash(arn), compare_source, &first};
	const struct sqs_queue *queue;
	struct snapshot_cursor cursor;

	snapshot_seek(snapshot, BY_TARGET, key, &cursor);
	while ((queue = snapshot_next(&cursor)) && str_equal(queue->dead_letter_arn, arn))
		if (!visit(context, queue))
			break;
	snapshot_release(snapshot);
}

/* ---- changing ---- */

void sqs_registry_put(struct sqs_registry *registry, const struct sqs_queue *queue)
{
	sqs_registry_put_all(registry, &queue, 1);
}

void sqs_registry_put_all(struct sqs_registry *registry, const struct sqs_queue *const *queues,
			  size_t count)
{
	snapshot_table_begin(registry->table);
	for (size_t i = 0; i < count; i++)
		snapshot_table_put(registry->table, queues[i]);
	snapshot_table_commit(registry->table);
}

void sqs_registry_remove_all(struct sqs_registry *registry, const struct sqs_queue *const *queues,
			     size_t count)
{
	snapshot_table_begin(registry->table);
	for (size_t i = 0; i < count; i++) {
		struct snapshot_key key = {0, compare_names, queues[i]};
		check(snapshot_table_remove(registry->table, key));
	}
	snapshot_table_commit(registry->table);
}
