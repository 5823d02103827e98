/* SPDX-License-Identifier: MIT */
/* metrics: the figures of each topic, one family after the other. */
#include "services/sns/metrics.h"

#include "core/metrics.h"

static const struct topic_metric {
	const char *name, *help;
} topic_metrics[SNS_COUNTERS] = {
	[SNS_COUNT_PUBLISHED] = {"tern_topic_published_total", "Messages published."},
	[SNS_COUNT_PUBLISHED_BYTES] = {"tern_topic_published_bytes_total",
				       "Bytes of messages published."},
	[SNS_COUNT_DELIVERED] = {"tern_topic_delivered_total",
				 "Messages delivered to a subscriber."},
	[SNS_COUNT_FAILED] = {"tern_topic_failed_total", "Messages that a subscriber did not get."},
	[SNS_COUNT_FILTERED] = {"tern_topic_filtered_total",
				"Messages that a filter policy kept from a subscriber."},
	[SNS_COUNT_FILTERED_ATTRIBUTES] = {"tern_topic_filtered_attributes_total",
					   "Messages whose attributes a filter policy refused."},
	[SNS_COUNT_FILTERED_BODY] = {"tern_topic_filtered_body_total",
				     "Messages whose body a filter policy refused."},
	[SNS_COUNT_NO_ATTRIBUTES] = {"tern_topic_filtered_no_attributes_total",
				     "Messages without attributes that a filter policy refused."},
	[SNS_COUNT_INVALID_ATTRIBUTES] = {"tern_topic_filtered_invalid_attributes_total",
					  "Messages that a filter policy refused since an "
					  "attribute is invalid."},
	[SNS_COUNT_INVALID_BODY] = {"tern_topic_filtered_invalid_body_total",
				    "Messages that a filter policy refused since the body is no "
				    "JSON object."},
	[SNS_COUNT_REDRIVEN] = {"tern_topic_redriven_total",
				"Messages moved to the dead-letter queue of a subscription."},
	[SNS_COUNT_FAILED_TO_REDRIVE] = {"tern_topic_failed_to_redrive_total",
					 "Messages that the dead-letter queue refused."},
	[SNS_COUNT_REPLAYED] = {"tern_topic_replayed_total",
				"Messages of the archive delivered to a subscriber by a replay."},
	[SNS_COUNT_REPLAY_FAILED] = {"tern_topic_replay_failed_total",
				     "Messages of the archive that a subscriber did not get by a "
				     "replay."},
};

struct topic_walk {
	struct buf *out;
	enum sns_counter counter;
};

/* Names of topics, accounts and regions have no characters that need an escape. */
static bool write_topic(void *context, const struct topic *topic)
{
	const struct topic_walk *walk = context;
	uint64_t value = atomic_load_explicit(&topic->life->counters.values[walk->counter],
					      memory_order_relaxed);

	buf_format(walk->out, "%s{account=\"%.*s\",region=\"%.*s\",topic=\"%.*s\"} %llu\n",
		   topic_metrics[walk->counter].name, STR_ARG(topic->account),
		   STR_ARG(topic->region), STR_ARG(topic->name), (unsigned long long)value);
	return true;
}

void sns_metrics(const struct core *core, struct buf *out)
{
	struct sns_registry *registry = sns_of(core)->registry;
	struct topic_walk walk = {.out = out};
	struct str all = {0};

	for (size_t i = 0; i < SNS_COUNTERS; i++) {
		walk.counter = (enum sns_counter)i;
		metrics_family(out, topic_metrics[i].name, "counter", topic_metrics[i].help);
		sns_registry_each_topic(registry, all, all, STR(""), write_topic, &walk);
	}
	metrics_number(out, "tern_topics", "gauge", "Topics.", sns_registry_count_topics(registry));
	metrics_number(out, "tern_subscriptions", "gauge", "Subscriptions, pending ones too.",
		       sns_registry_count_subscriptions(registry));
}
