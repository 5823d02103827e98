/* SPDX-License-Identifier: MIT */
/* change: one row a topic and one a subscription, by ARN; the registry follows the catalog's
 * commit. */
#include "services/sns/change.h"

#include "base/vec.h"
#include "services/sns/gate.h"
#include "services/sns/rules.h"
#include "services/sns/store.h"

static enum err define_gate(struct core *core, const struct topic *topic, const struct topic *old)
{
	bool is_same = old && old->archive_days == topic->archive_days &&
		       str_equal(old->throughput_scope, topic->throughput_scope);

	return !topic->is_fifo || is_same ? ERR_OK : sns_gate_define(core, topic, !old);
}

enum err sns_topic_put(struct core *core, const struct topic *draft)
{
	struct sns_registry *registry = sns_of(core)->registry;
	const struct topic *old = sns_registry_find_topic(registry, draft->arn);
	struct topic numbered = sns_topic_draft(draft);
	struct catalog_changes changes = {0};
	struct buf record = {0};

	if (numbered.is_fifo && !old)
		sns_gate_allocate(core, &changes, &numbered);
	const struct topic *topic = sns_topic_new(&numbered);
	sns_topic_encode(&record, topic);
	catalog_changes_put(&changes, CATALOG_SNS_TOPICS, topic->arn, buf_str(&record));
	buf_done(&record);
	enum err err = catalog_write(core->catalog, &changes);
	if (err) {
		sns_topic_release(topic);
	} else {
		sns_registry_put_topic(registry, sns_topic_hold(topic));
		err = define_gate(core, topic, old);
		sns_topic_release(topic);
	}
	sns_topic_release(old);
	return err;
}

/* Holds what it finds. */
struct found {
	const struct subscription **items;
	size_t count, capacity;
};

static void find_all(struct sns_registry *registry, struct str topic_arn, struct found *out)
{
	struct sns_subscriptions subscriptions;
	const struct subscription *subscription;

	sns_subscriptions_open(registry, topic_arn, (struct sns_subscription_place){0},
			       &subscriptions);
	while ((subscription = sns_subscriptions_next(&subscriptions)))
		vec_push(out, sns_subscription_hold(subscription));
	sns_subscriptions_close(&subscriptions);
}

enum err sns_topic_delete(struct core *core, const struct topic *topic)
{
	struct sns_registry *registry = sns_of(core)->registry;
	struct catalog_changes changes = {0};
	struct found found = {0};

	find_all(registry, topic->arn, &found);
	catalog_changes_delete(&changes, CATALOG_SNS_TOPICS, topic->arn);
	for (size_t i = 0; i < found.count; i++)
		catalog_changes_delete(&changes, CATALOG_SNS_SUBSCRIPTIONS, found.items[i]->arn);
	enum err err = catalog_write(core->catalog, &changes);
	if (!err) {
		sns_registry_remove_subscriptions(registry, found.items, found.count);
		sns_registry_remove_topic(registry, topic);
	}
	for (size_t i = 0; i < found.count; i++)
		sns_subscription_release(found.items[i]);
	vec_done(&found);
	return err || !topic->is_fifo ? err : sns_gate_drop(core, topic);
}

/* Takes over the reference. */
static void put(struct core *core, const struct subscription *subscription)
{
	sns_rule_add(core, subscription);
	sns_registry_put_subscription(sns_of(core)->registry, subscription);
}

enum err sns_subscription_put(struct core *core, const struct subscription *draft)
{
	const struct subscription *subscription = sns_subscription_new(draft);
	struct catalog_changes changes = {0};
	struct buf record = {0};

	sns_subscription_encode(&record, subscription);
	catalog_changes_put(&changes, CATALOG_SNS_SUBSCRIPTIONS, subscription->arn,
			    buf_str(&record));
	buf_done(&record);
	enum err err = catalog_write(core->catalog, &changes);
	if (err)
		sns_subscription_release(subscription);
	else
		put(core, subscription);
	return err;
}

void sns_subscription_show(struct core *core, const struct subscription *draft)
{
	put(core, sns_subscription_new(draft));
}

/* The topic with one more deleted subscription; NULL: the topic was deleted. */
static const struct topic *count_deleted(struct sns_registry *registry, struct str topic_arn,
					 struct catalog_changes *changes)
{
	const struct topic *topic = sns_registry_find_topic(registry, topic_arn);
	struct buf record = {0};

	if (!topic)
		return NULL;
	struct topic draft = sns_topic_draft(topic);
	draft.deleted_count++;
	const struct topic *counted = sns_topic_new(&draft);
	sns_topic_release(topic);
	sns_topic_encode(&record, counted);
	catalog_changes_put(changes, CATALOG_SNS_TOPICS, counted->arn, buf_str(&record));
	buf_done(&record);
	return counted;
}

enum err sns_subscription_delete(struct core *core, const struct subscription *subscription)
{
	struct sns_registry *registry = sns_of(core)->registry;
	struct catalog_changes changes = {0};

	const struct topic *topic = count_deleted(registry, subscription->topic_arn, &changes);
	catalog_changes_delete(&changes, CATALOG_SNS_SUBSCRIPTIONS, subscription->arn);
	enum err err = catalog_write(core->catalog, &changes);
	if (err) {
		sns_topic_release(topic);
		return err;
	}
	sns_registry_remove_subscriptions(registry, &subscription, 1);
	if (topic)
		sns_registry_put_topic(registry, topic);
	return ERR_OK;
}

/* ---- loading ---- */

static enum err load_topic(void *context, struct str key, struct str value)
{
	struct core *core = context;
	struct topic draft;
	struct arena arena;

	(void)key;
	arena_init(&arena);
	enum err err = sns_topic_decode(&arena, value, &draft);
	if (!err)
		sns_registry_put_topic(sns_of(core)->registry, sns_topic_new(&draft));
	arena_done(&arena);
	return err;
}

static enum err load_subscription(void *context, struct str key, struct str value)
{
	struct core *core = context;
	struct subscription draft;
	struct arena arena;

	(void)key;
	arena_init(&arena);
	enum err err = sns_subscription_decode(&arena, value, &draft);
	if (!err)
		put(core, sns_subscription_new(&draft));
	arena_done(&arena);
	return err;
}

enum err sns_load(struct core *core)
{
	enum err err = catalog_begin(core->catalog, false);

	if (err)
		return err;
	err = catalog_each(core->catalog, CATALOG_SNS_TOPICS, load_topic, core);
	if (!err)
		err = catalog_each(core->catalog, CATALOG_SNS_SUBSCRIPTIONS, load_subscription,
				   core);
	catalog_abort(core->catalog);
	return err ? err : sns_gates_load(core);
}
