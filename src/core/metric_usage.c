/* SPDX-License-Identifier: MIT */
/* metric_usage: see metric_usage.h. Usage that was folded has no account and is left out. */
#include "core/metric_usage.h"

#include "core/metering.h"
#include "wire/route.h"

/* As AWS names services in this metric. */
static struct str service_name(struct str service)
{
	static const struct {
		const char *service, *name;
	} names[] = {
		{"ec2", "EC2"},	    {"events", "EventBridge"},
		{"iam", "IAM"},	    {"kms", "KMS"},
		{"logs", "Logs"},   {"cloudwatch", "CloudWatch"},
		{"pipes", "Pipes"}, {"scheduler", "Scheduler"},
		{"sns", "SNS"},	    {"sqs", "SQS"},
		{"sts", "STS"},	    {"monitoring", "CloudWatch"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_equal(service, str_from(names[i].service)))
			return str_from(names[i].name);
	return service;
}

static const struct operation *operation_of(const struct route_table *routes, uint32_t number,
					    struct str *out_service)
{
	for (size_t i = 0; i < routes->service_count; i++) {
		const struct service *service = routes->services[i];
		if (number < service->operation_count) {
			*out_service = service_name(service->name);
			return &service->operations[number];
		}
		number -= service->operation_count;
	}
	return NULL;
}

static void count_calls(void *context, const struct usage_key *key,
			const struct usage_values *values)
{
	struct metric_minute *minute = context;
	struct str service;
	const struct operation *operation =
		operation_of(&minute->core->routes, key->operation, &service);

	if (key->account.size == 0 || !operation)
		return;
	const struct metric_dimension dimensions[] = {{STR("Type"), STR("API")},
						      {STR("Resource"), operation->name},
						      {STR("Service"), service},
						      {STR("Class"), STR("None")}};
	const struct metric_key metric = {.account = key->account,
					  .region = key->region,
					  .name_space = STR("AWS/Usage"),
					  .name = STR("CallCount"),
					  .dimensions = dimensions,
					  .dimension_count = 4,
					  .unit = STR("None")};
	const struct metric_point point = metric_point_of(0, 1, (double)values->requests);
	metric_minute_put_point(minute, NULL, &metric, &point);
}

static void collect(struct metric_collector *collector, struct metric_minute *minute)
{
	struct metric_usage *usage = container_of(collector, struct metric_usage, collector);
	const struct usage_minute *merged;

	if (!minute->core->metering)
		return;
	struct usage *all = metering_usage(minute->core);
	while ((merged = usage_minute_after(all, usage->sequence)) != NULL) {
		usage->sequence = usage_minute_sequence(merged);
		usage_minute_each(merged, count_calls, minute);
		usage_minute_release(merged);
	}
}

struct metric_collector *metric_usage_collector(struct metric_usage *usage)
{
	usage->collector.collect = collect;
	return &usage->collector;
}
