/* SPDX-License-Identifier: MIT */
/*
 * measure: the engine's counters are read once a minute, so that nothing but the size of a message
 * is counted when a request runs. A counter of a minute is one sample.
 */
#include "services/sqs/measure.h"

#include <stddef.h>

enum { ACTIVE_MS = 21600000, MINUTE_MS = 60000, SECOND_MS = 1000 };
#define COUNTER_AT(member) offsetof(struct queue_counters, member)

enum measured { IS_GAUGE, IS_COUNT, IS_AGE };
enum kinds { OF_ALL, OF_FIFO };

static const struct row {
	const char *name;
	enum measured measured;
	enum kinds kinds;
	size_t offset;
} rows[] = {
	{"NumberOfMessagesSent", IS_COUNT, OF_ALL, COUNTER_AT(sent)},
	{"NumberOfMessagesReceived", IS_COUNT, OF_ALL, COUNTER_AT(received)},
	{"NumberOfMessagesDeleted", IS_COUNT, OF_ALL, COUNTER_AT(deleted)},
	{"NumberOfEmptyReceives", IS_COUNT, OF_ALL, COUNTER_AT(empty_receives)},
	{"NumberOfDeduplicatedSentMessages", IS_COUNT, OF_FIFO, COUNTER_AT(deduplicated)},
	{"ApproximateNumberOfMessagesVisible", IS_GAUGE, OF_ALL, COUNTER_AT(visible)},
	{"ApproximateNumberOfMessagesNotVisible", IS_GAUGE, OF_ALL, COUNTER_AT(in_flight)},
	{"ApproximateNumberOfMessagesDelayed", IS_GAUGE, OF_ALL, COUNTER_AT(delayed)},
	{"ApproximateNumberOfGroupsWithInflightMessages", IS_GAUGE, OF_FIFO,
	 COUNTER_AT(groups_in_flight)},
	{"ApproximateAgeOfOldestMessage", IS_AGE, OF_ALL, COUNTER_AT(oldest_since_ms)},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

struct sqs_measure {
	int64_t active_ms;  /* wall time of the last activity */
	int64_t last[ROWS]; /* of counters */
	struct metric_slot slots[ROWS];
};

static struct metric_key key_of(const struct sqs_queue *queue,
				const struct metric_dimension *dimension, const char *name,
				struct str unit)
{
	return (struct metric_key){.account = queue->account,
				   .region = queue->region,
				   .name_space = STR("AWS/SQS"),
				   .name = str_from(name),
				   .dimensions = dimension,
				   .dimension_count = 1,
				   .unit = unit};
}

static struct metric_dimension name_of(const struct sqs_queue *queue)
{
	return (struct metric_dimension){STR("QueueName"), queue->name};
}

void sqs_measure_delivered(struct core *core, const struct arn *queue, struct metric_slot *slot,
			   size_t size)
{
	const struct metric_dimension dimension = {STR("QueueName"), queue->resource};
	const struct metric_key key = {
		.account = queue->account,
		.region = queue->region,
		.name_space = STR("AWS/SQS"),
		.name = STR("SentMessageSize"),
		.dimensions = &dimension,
		.dimension_count = 1,
		.unit = STR("Bytes"),
	};

	metric_add(core, slot, &key, (double)size);
}

void sqs_measure_sent(struct core *core, const struct sqs_queue *queue, size_t size)
{
	const struct arn arn = {
		.account = queue->account, .region = queue->region, .resource = queue->name};

	sqs_measure_delivered(core, &arn, &queue->life->sent_size, size);
}

static int64_t load(const struct sqs_queue *queue, size_t offset)
{
	const _Atomic int64_t *number =
		(const void *)((const char *)&queue->life->counters + offset);

	return atomic_load_explicit(number, memory_order_relaxed);
}

static bool has_messages(const struct sqs_queue *queue)
{
	return load(queue, COUNTER_AT(visible)) + load(queue, COUNTER_AT(in_flight)) +
		       load(queue, COUNTER_AT(delayed)) >
	       0;
}

static double value_of(const struct sqs_queue *queue, size_t index, int64_t now_base_ms)
{
	int64_t number = load(queue, rows[index].offset);

	if (rows[index].measured == IS_COUNT)
		return (double)(number - queue->life->measure->last[index]);
	if (rows[index].measured == IS_GAUGE)
		return (double)number;
	return number > 0 && number < now_base_ms ? (double)((now_base_ms - number) / SECOND_MS)
						  : 0;
}

struct collecting {
	struct metric_minute *minute;
	int64_t end_ms, now_base_ms;
};

static void put_queue(struct collecting *collecting, const struct sqs_queue *queue)
{
	const struct metric_dimension dimension = name_of(queue);
	struct sqs_measure *measure = queue->life->measure;

	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].kinds == OF_FIFO && !queue->is_fifo)
			continue;
		const struct metric_key key =
			key_of(queue, &dimension, rows[i].name,
			       rows[i].measured == IS_AGE ? STR("Seconds") : STR("Count"));
		metric_minute_put(collecting->minute, &measure->slots[i], &key,
				  value_of(queue, i, collecting->now_base_ms));
		if (rows[i].measured == IS_COUNT)
			measure->last[i] = load(queue, rows[i].offset);
	}
}

/* A counter has moved since the last minute. */
static bool has_counted(const struct sqs_queue *queue)
{
	const struct sqs_measure *measure = queue->life->measure;

	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].measured == IS_COUNT &&
		    load(queue, rows[i].offset) != (measure ? measure->last[i] : 0))
			return true;
	return false;
}

/* Counters that have moved, messages, and a new queue are activity. */
static bool collect_queue(void *context, const struct sqs_queue *queue)
{
	struct collecting *collecting = context;
	struct sqs_queue_life *life = queue->life;
	bool is_active = has_messages(queue) || has_counted(queue) ||
			 queue->created_ms >= collecting->minute->start_ms;

	if (!life->measure && !is_active)
		return true;
	if (!life->measure)
		life->measure = heap_alloc(sizeof(*life->measure));
	if (is_active)
		life->measure->active_ms = collecting->end_ms;
	if (collecting->end_ms - life->measure->active_ms < ACTIVE_MS)
		put_queue(collecting, queue);
	return true;
}

void sqs_collect(struct core *core, struct metric_minute *minute)
{
	struct collecting collecting = {minute, minute->start_ms + MINUTE_MS, clock_base_ms()};
	struct str all = {0};

	sqs_registry_each(sqs_of(core)->registry, all, all, STR(""), collect_queue, &collecting);
}
