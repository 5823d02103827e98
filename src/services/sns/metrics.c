/* SPDX-License-Identifier: MIT */
/* metrics: the figures of each topic, one family after the other. */
#include "services/sns/metrics.h"

#include "core/metrics.h"

static const struct topic_metric {
	const char *name, *help;
	const char *aws; /* the metric of AWS/SNS, of which each is one sample of 1; NULL: none */
} topic_metrics[SNS_COUNTERS] = {
	[SNS_COUNT_PUBLISHED] = {"tern_topic_published_total", "Messages published.",
				 "NumberOfMessagesPublished"},
	[SNS_COUNT_PUBLISHED_BYTES] = {"tern_topic_published_bytes_total",
				       "Bytes of messages published.", NULL},
	[SNS_COUNT_DELIVERED] = {"tern_topic_delivered_total",
				 "Messages delivered to a subscriber.",
				 "NumberOfNotificationsDelivered"},
	[SNS_COUNT_FAILED] = {"tern_topic_failed_total", "Messages that a subscriber did not get.",
			      "NumberOfNotificationsFailed"},
	[SNS_COUNT_FILTERED] = {"tern_topic_filtered_total",
				"Messages that a filter policy kept from a subscriber.",
				"NumberOfNotificationsFilteredOut"},
	[SNS_COUNT_FILTERED_ATTRIBUTES] = {"tern_topic_filtered_attributes_total",
					   "Messages whose attributes a filter policy refused.",
					   "NumberOfNotificationsFilteredOut-MessageAttributes"},
	[SNS_COUNT_FILTERED_BODY] = {"tern_topic_filtered_body_total",
				     "Messages whose body a filter policy refused.",
				     "NumberOfNotificationsFilteredOut-MessageBody"},
	[SNS_COUNT_NO_ATTRIBUTES] = {"tern_topic_filtered_no_attributes_total",
				     "Messages without attributes that a filter policy refused.",
				     "NumberOfNotificationsFilteredOut-NoMessageAttributes"},
	[SNS_COUNT_INVALID_ATTRIBUTES] = {"tern_topic_filtered_invalid_attributes_total",
					  "Messages that a filter policy refused since an "
					  "attribute is invalid.",
					  "NumberOfNotificationsFilteredOut-InvalidAttributes"},
	[SNS_COUNT_INVALID_BODY] = {"tern_topic_filtered_invalid_body_total",
				    "Messages that a filter policy refused since the body is no "
				    "JSON object.",
				    "NumberOfNotificationsFilteredOut-InvalidMessageBody"},
	[SNS_COUNT_REDRIVEN] = {"tern_topic_redriven_total",
				"Messages moved to the dead-letter queue of a subscription.",
				"NumberOfNotificationsRedrivenToDlq"},
	[SNS_COUNT_FAILED_TO_REDRIVE] = {"tern_topic_failed_to_redrive_total",
					 "Messages that the dead-letter queue refused.",
					 "NumberOfNotificationsFailedToRedriveToDlq"},
	[SNS_COUNT_REPLAYED] = {"tern_topic_replayed_total",
				"Messages of the archive delivered to a subscriber by a replay.",
				"NumberOfReplayedNotificationsDelivered"},
	[SNS_COUNT_REPLAY_FAILED] = {"tern_topic_replay_failed_total",
				     "Messages of the archive that a subscriber did not get by a "
				     "replay.",
				     "NumberOfReplayedNotificationsFailed"},
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

/* ---- CloudWatch ---- */

static struct metric_key key_of(const struct topic *topic, struct metric_dimension *dimension,
				const char *name, const char *unit)
{
	*dimension = (struct metric_dimension){STR("TopicName"), topic->name};
	return (struct metric_key){
		.account = topic->account,
		.region = topic->region,
		.name_space = STR("AWS/SNS"),
		.name = str_from(name),
		.dimensions = dimension,
		.dimension_count = 1,
		.unit = str_from(unit),
	};
}

void sns_metrics_add_size(struct core *core, const struct topic *topic, size_t size)
{
	struct metric_dimension dimension;
	struct metric_key key = key_of(topic, &dimension, "PublishSize", "Bytes");

	metric_add(core, &topic->life->slots[SNS_COUNT_PUBLISHED_BYTES], &key, (double)size);
}

/* The events since the last minute. */
static void collect_counter(struct metric_minute *minute, const struct topic *topic,
			    enum sns_counter counter)
{
	struct sns_topic_life *life = topic->life;
	uint64_t value =
		atomic_load_explicit(&life->counters.values[counter], memory_order_relaxed);
	double count = (double)(value - life->collected[counter]);
	struct metric_dimension dimension;

	if (count == 0 || !topic_metrics[counter].aws)
		return;
	life->collected[counter] = value;
	struct metric_key key = key_of(topic, &dimension, topic_metrics[counter].aws, "Count");
	struct metric_point point = metric_point_of(minute->start_ms / 1000, 1, count);
	metric_minute_put_point(minute, &life->slots[counter], &key, &point);
}

static bool collect_topic(void *context, const struct topic *topic)
{
	struct metric_minute *minute = context;
	struct sns_topic_life *life = topic->life;
	struct metric_dimension dimension;

	for (size_t i = 0; i < SNS_COUNTERS; i++)
		collect_counter(minute, topic, (enum sns_counter)i);
	if (topic->archive_days == 0)
		return true;
	struct metric_key messages =
		key_of(topic, &dimension, "ApproximateNumberOfMessagesArchived", "Count");
	metric_minute_put(minute, &life->archived[0], &messages,
			  (double)atomic_load_explicit(&life->queue.visible, memory_order_relaxed));
	struct metric_key bytes =
		key_of(topic, &dimension, "ApproximateNumberOfBytesArchived", "Bytes");
	metric_minute_put(
		minute, &life->archived[1], &bytes,
		(double)atomic_load_explicit(&life->queue.kept_bytes, memory_order_relaxed));
	return true;
}

void sns_collect(struct core *core, struct metric_minute *minute)
{
	struct str all = {0};

	sns_registry_each_topic(sns_of(core)->registry, all, all, STR(""), collect_topic, minute);
}
