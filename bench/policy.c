/* SPDX-License-Identifier: MIT */
/*
 * policy: what it costs to decide whether a request may, without a server around it: nanoseconds of
 * one thread's CPU.
 *
 *   bench_policy     prints one JSON object a line
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "access/decide.h"

enum { ROUNDS = 101, OPERATIONS = 5000 };

/* An identity policy of two statements, and the policy of a queue. */
static const char identity_text[] =
	"{\"Version\":\"2012-10-17\",\"Statement\":["
	"{\"Sid\":\"Work\",\"Effect\":\"Allow\",\"Action\":[\"sqs:SendMessage\","
	"\"sqs:ReceiveMessage\",\"sqs:DeleteMessage\",\"sqs:GetQueue*\"],"
	"\"Resource\":\"arn:aws:sqs:*:111122223333:orders-*\"},"
	"{\"Sid\":\"Tls\",\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\","
	"\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}}]}";
static const char queue_text[] =
	"{\"Version\":\"2012-10-17\",\"Statement\":["
	"{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::444455556666:root\"},"
	"\"Action\":\"SQS:SendMessage\","
	"\"Resource\":\"arn:aws:sqs:eu-west-1:111122223333:orders-new\"},"
	"{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"SQS:*\","
	"\"Resource\":\"arn:aws:sqs:eu-west-1:111122223333:orders-new\","
	"\"Condition\":{\"NotIpAddress\":{\"aws:SourceIp\":[\"10.0.0.0/8\",\"192.0.2.0/24\"]}}}]}";
/* Variables, tags and patterns in conditions. */
static const char tagged_text[] =
	"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"sqs:*\","
	"\"Resource\":\"arn:aws:sqs:*:${aws:PrincipalAccount}:${aws:PrincipalTag/team}-*\","
	"\"Condition\":{\"StringEquals\":{\"aws:ResourceTag/team\":\"${aws:PrincipalTag/team}\"},"
	"\"StringLike\":{\"aws:UserAgent\":\"*Boto3*\"}}}}";

static const struct policy *compile(struct arena *arena, const char *text, enum policy_kind kind)
{
	const struct policy *policy = NULL;
	struct str problem;

	check(policy_compile(arena, str_from(text), kind, &policy, &problem) == ERR_OK);
	return policy;
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const char *what, const struct decide_request *request)
{
	double costs[ROUNDS];
	size_t allowed = 0;

	for (int round = 0; round < ROUNDS; round++) {
		int64_t start = cpu_ns();
		for (int i = 0; i < OPERATIONS; i++)
			allowed += decide(request).is_allowed;
		costs[round] = (double)(cpu_ns() - start) / OPERATIONS;
	}
	check(allowed == (size_t)ROUNDS * OPERATIONS);
	qsort(costs, ROUNDS, sizeof(costs[0]), compare);
	printf("{\"decide\": \"%s\", \"ns\": %.0f, \"ns_p90\": %.0f}\n", what, costs[ROUNDS / 2],
	       costs[ROUNDS * 9 / 10]);
}

static void measure_compile(struct arena *arena)
{
	int64_t start = cpu_ns();

	for (int i = 0; i < OPERATIONS; i++) {
		arena_reset(arena);
		policy_release(compile(arena, queue_text, POLICY_RESOURCE));
	}
	printf("{\"compile\": \"the queue's policy\", \"ns\": %.0f}\n",
	       (double)(cpu_ns() - start) / OPERATIONS);
}

int main(void)
{
	static const struct shape_pair tags[] = {{STR_INIT("team"), STR_INIT("orders")}};
	struct arena arena;

	base_init();
	arena_init(&arena);
	const struct policy *identity[] = {compile(&arena, identity_text, POLICY_IDENTITY)};
	const struct policy *tagged[] = {compile(&arena, tagged_text, POLICY_IDENTITY)};
	const struct policy *queue = compile(&arena, queue_text, POLICY_RESOURCE);
	struct principal user = {
		.type = PRINCIPAL_USER,
		.account = STR("111122223333"),
		.arn = STR("arn:aws:iam::111122223333:user/alice"),
		.entity_arn = STR("arn:aws:iam::111122223333:user/alice"),
		.id = STR("AIDAEXAMPLEUSER00001"),
		.entity_id = STR("AIDAEXAMPLEUSER00001"),
		.name = STR("alice"),
		.tags = tags,
		.tag_count = 1,
		.identity = identity,
		.identity_count = 1,
	};
	struct decide_request request = {
		.request = {.principal = &user,
			    .action = STR("sqs:SendMessage"),
			    .resource = STR("arn:aws:sqs:eu-west-1:111122223333:orders-new"),
			    .resource_account = STR("111122223333"),
			    .resource_tags = tags,
			    .resource_tag_count = 1,
			    .region = STR("eu-west-1"),
			    .source_ip = STR("10.1.2.3"),
			    .user_agent = STR("Boto3/1.35 md/Botocore#1.35 ua/2.0"),
			    .is_secure = true,
			    .now_ms = INT64_C(1795608000000)},
	};
	measure("two statements of the caller", &request);
	request.resource_policy = queue;
	measure("two statements of the caller, two of the queue", &request);
	user.identity = tagged;
	measure("variables, tags and patterns of the caller, two of the queue", &request);
	measure_compile(&arena);
	policy_release(identity[0]);
	policy_release(tagged[0]);
	policy_release(queue);
	arena_done(&arena);
	return 0;
}
