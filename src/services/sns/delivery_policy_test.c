/* SPDX-License-Identifier: MIT */
#include "services/sns/delivery_policy.h"

#include "base/fixture.h"

/* ---- delays ---- */

static void test_phases_follow_one_another(void **state)
{
	static const struct sns_retries retries = {.min_s = 5,
						   .max_s = 30,
						   .count = 9,
						   .no_count = 2,
						   .min_count = 2,
						   .max_count = 2,
						   .backoff = SNS_BACKOFF_LINEAR};
	static const int64_t expected_ms[] = {0, 0, 5000, 5000, 5000, 17500, 30000, 30000, 30000};

	(void)state;
	for (uint32_t i = 0; i < 9; i++)
		assert_int_equal(sns_retry_ms(&retries, i + 1), expected_ms[i]);
	assert_int_equal(sns_retry_ms(&retries, 10), -1);
}

/* AWS's example: ten retries from 5 to 260 seconds. */
static void test_backoff_functions_have_their_curves(void **state)
{
	static const struct {
		enum sns_backoff backoff;
		int64_t expected_ms[10];
	} cases[] = {
		{SNS_BACKOFF_LINEAR,
		 {5000, 33333, 61667, 90000, 118333, 146667, 175000, 203333, 231667, 260000}},
		{SNS_BACKOFF_ARITHMETIC,
		 {5000, 10667, 22000, 39000, 61667, 90000, 124000, 163667, 209000, 260000}},
		{SNS_BACKOFF_GEOMETRIC,
		 {5000, 7756, 12031, 18663, 28949, 44906, 69658, 108054, 167612, 260000}},
		{SNS_BACKOFF_EXPONENTIAL,
		 {5000, 5499, 6497, 8493, 12485, 20470, 36438, 68376, 132250, 260000}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sns_retries retries = {
			.min_s = 5, .max_s = 260, .count = 10, .backoff = cases[i].backoff};
		for (uint32_t j = 0; j < 10; j++)
			assert_int_equal(sns_retry_ms(&retries, j + 1), cases[i].expected_ms[j]);
	}
}

static void test_the_policies_that_nobody_changes_are_those_of_aws(void **state)
{
	(void)state;
	assert_int_equal(sns_retry_ms(&sns_retries_http, 1), 20000);
	assert_int_equal(sns_retry_ms(&sns_retries_http, 3), 20000);
	assert_int_equal(sns_retry_ms(&sns_retries_http, 4), -1);
	assert_int_equal(sns_retry_ms(&sns_retries_managed, 3), 0);
	assert_int_equal(sns_retry_ms(&sns_retries_managed, 5), 1000);
	assert_int_equal(sns_retry_ms(&sns_retries_managed, 6), 1000);
	assert_int_equal(sns_retry_ms(&sns_retries_managed, 15), 20000);
	assert_int_equal(sns_retry_ms(&sns_retries_managed, 100015), 20000);
	assert_int_equal(sns_retry_ms(&sns_retries_managed, 100016), -1);
	assert_int_equal(sns_retry_ms(&sns_retries_customer, 1), 10000);
	assert_int_equal(sns_retry_ms(&sns_retries_customer, 12), 600000);
	assert_int_equal(sns_retry_ms(&sns_retries_customer, 50), 600000);
	assert_int_equal(sns_retry_ms(&sns_retries_customer, 51), -1);
}

static void test_no_retry_begins_after_an_hour(void **state)
{
	struct sns_retries retries = {.min_s = 600,
				      .max_s = 600,
				      .count = 100,
				      .backoff = SNS_BACKOFF_LINEAR,
				      .total_s = 3600};

	(void)state;
	assert_int_equal(sns_retry_ms(&retries, 6), 600000);
	assert_int_equal(sns_retry_ms(&retries, 7), -1);
}

/* ---- attributes ---- */

static const struct sns_delivery_policy *parse(const char *text, bool is_topic)
{
	const struct sns_delivery_policy *policy = NULL;
	struct str problem = {0};

	if (sns_delivery_policy_parse(&arena, str_from(text), is_topic, &policy, &problem))
		fail_msg("%s: %.*s", text, STR_ARG(problem));
	return policy;
}

#define RETRY_DEFAULT                                                                              \
	"{\"minDelayTarget\":20,\"maxDelayTarget\":20,\"numRetries\":3,\"numMaxDelayRetries\":0,"  \
	"\"numNoDelayRetries\":0,\"numMinDelayRetries\":0,\"backoffFunction\":\"linear\"}"
#define TYPE_DEFAULT "{\"headerContentType\":\"text/plain; charset=UTF-8\"}"
#define RETRY "{\"minDelayTarget\":1,\"maxDelayTarget\":2,\"numRetries\":4}"

static void test_stored_and_effective_texts_are_those_of_aws(void **state)
{
	const struct sns_delivery_policy *topic =
		parse("{\"http\":{\"defaultHealthyRetryPolicy\":" RETRY
		      ",\"defaultThrottlePolicy\":{\"maxReceivesPerSecond\":7}}}",
		      true);
	const struct sns_delivery_policy *subscription = parse(
		"{\"requestPolicy\":{\"headerContentType\":\"text/csv\"},\"throttlePolicy\":null}",
		false);

	(void)state;
	assert_str(sns_delivery_policy_of_topic(&arena, NULL),
		   "{\"http\":{\"defaultHealthyRetryPolicy\":" RETRY_DEFAULT
		   ",\"disableSubscriptionOverrides\":false,\"defaultRequestPolicy\":" TYPE_DEFAULT
		   "}}");
	assert_str(sns_delivery_policy_stored(&arena, topic),
		   "{\"http\":{\"defaultHealthyRetryPolicy\":" RETRY
		   ",\"disableSubscriptionOverrides\":false,\"defaultThrottlePolicy\":{"
		   "\"maxReceivesPerSecond\":7}}}");
	assert_str(sns_delivery_policy_of_topic(&arena, topic),
		   "{\"http\":{\"defaultHealthyRetryPolicy\":{\"minDelayTarget\":1,"
		   "\"maxDelayTarget\":2,\"numRetries\":4,\"numMaxDelayRetries\":0,"
		   "\"numNoDelayRetries\":0,\"numMinDelayRetries\":0,\"backoffFunction\":"
		   "\"linear\"},\"disableSubscriptionOverrides\":false,\"defaultThrottlePolicy\":{"
		   "\"maxReceivesPerSecond\":7},\"defaultRequestPolicy\":" TYPE_DEFAULT "}}");
	assert_str(sns_delivery_policy_stored(&arena, subscription),
		   "{\"healthyRetryPolicy\":null,\"sicklyRetryPolicy\":null,\"throttlePolicy\":"
		   "null,\"requestPolicy\":{\"headerContentType\":\"text/csv\"},\"guaranteed\":"
		   "false}");
	assert_str(sns_delivery_policy_of_subscription(&arena, NULL, NULL),
		   "{\"healthyRetryPolicy\":" RETRY_DEFAULT
		   ",\"sicklyRetryPolicy\":null,\"throttlePolicy\":null,"
		   "\"requestPolicy\":" TYPE_DEFAULT ",\"guaranteed\":false}");
	sns_delivery_policy_release(topic);
	sns_delivery_policy_release(subscription);
}

static void test_members_that_are_not_given_are_null_in_a_subscription(void **state)
{
	const struct sns_delivery_policy *policy =
		parse("{\"healthyRetryPolicy\":" RETRY "}", false);

	(void)state;
	assert_str(sns_delivery_policy_stored(&arena, policy),
		   "{\"healthyRetryPolicy\":{\"minDelayTarget\":1,\"maxDelayTarget\":2,"
		   "\"numRetries\":4,\"numMaxDelayRetries\":null,\"numNoDelayRetries\":null,"
		   "\"numMinDelayRetries\":null,\"backoffFunction\":null},\"sicklyRetryPolicy\":"
		   "null,\"throttlePolicy\":null,\"requestPolicy\":null,\"guaranteed\":false}");
	sns_delivery_policy_release(policy);
}

static void test_a_subscription_overrides_its_topic_unless_that_is_disabled(void **state)
{
	const struct sns_delivery_policy *topic =
		parse("{\"http\":{\"defaultThrottlePolicy\":{\"maxReceivesPerSecond\":7}}}", true);
	const struct sns_delivery_policy *final =
		parse("{\"http\":{\"disableSubscriptionOverrides\":true}}", true);
	const struct sns_delivery_policy *mine =
		parse("{\"healthyRetryPolicy\":" RETRY
		      ",\"requestPolicy\":{\"headerContentType\":\"text/csv\"}}",
		      false);

	(void)state;
	struct sns_delivery_rules rules = sns_delivery_rules_of(topic, mine, true);
	assert_int_equal(rules.retries.count, 4);
	assert_int_equal(rules.receives_per_second, 7);
	assert_str(rules.content_type, "text/csv");
	assert_str(sns_delivery_rules_of(topic, mine, false).content_type,
		   "text/plain; charset=UTF-8");
	rules = sns_delivery_rules_of(final, mine, true);
	assert_int_equal(rules.retries.count, 3);
	assert_str(rules.content_type, "text/plain; charset=UTF-8");
	sns_delivery_policy_release(topic);
	sns_delivery_policy_release(final);
	sns_delivery_policy_release(mine);
}

static void test_faults_have_the_texts_of_aws(void **state)
{
#define SUB(members) "{\"healthyRetryPolicy\":{" members "}}", false
#define TOPIC(members) "{\"http\":{\"defaultHealthyRetryPolicy\":{" members "}}}", true
	static const struct {
		const char *text;
		bool is_topic;
		const char *problem;
	} cases[] = {
		{SUB("\"minDelayTarget\":0,\"maxDelayTarget\":1,\"numRetries\":1"),
		 "healthyRetryPolicy.minDelayTarget must be greater than or equal to 1"},
		{SUB("\"minDelayTarget\":1,\"maxDelayTarget\":3601,\"numRetries\":1"),
		 "healthyRetryPolicy.maxDelayTarget must be less than or equal to 3600"},
		{SUB("\"minDelayTarget\":1,\"numRetries\":1"),
		 "healthyRetryPolicy.maxDelayTarget must be specified"},
		{TOPIC("\"minDelayTarget\":1,\"maxDelayTarget\":1,\"numRetries\":101"),
		 "http.defaultHealthyRetryPolicy.numRetries must be less than or equal to 100"},
		{TOPIC("\"minDelayTarget\":1,\"maxDelayTarget\":1,\"numRetries\":-1"),
		 "http.defaultHealthyRetryPolicy.numRetries must be greater than or equal to 0"},
		{SUB("\"minDelayTarget\":5,\"maxDelayTarget\":3,\"numRetries\":1"),
		 "healthyRetryPolicy.maxDelayTarget must be greater than or equal to "
		 "minDelayTarget"},
		{SUB("\"minDelayTarget\":1,\"maxDelayTarget\":1,\"numRetries\":3,"
		     "\"numNoDelayRetries\":2,\"numMinDelayRetries\":2"),
		 "healthyRetryPolicy.numRetries must be greater than or equal to the sum of "
		 "numNoDelayRetries, numMinDelayRetries and numMaxDelayRetries"},
		{SUB("\"minDelayTarget\":\"1\""),
		 "healthyRetryPolicy.minDelayTarget must be an integer"},
		{SUB("\"backoffFunction\":\"cubic\""),
		 "healthyRetryPolicy.backoffFunction must be one of arithmetic, exponential, "
		 "geometric, linear"},
		{SUB("\"x\":1"), "Unexpected JSON member: x"},
		{"{\"http\":{}}", false, "Unexpected JSON member: http"},
		{"{\"healthyRetryPolicy\":null}", true,
		 "Unexpected JSON member: healthyRetryPolicy"},
		{"{\"throttlePolicy\":{\"maxReceivesPerSecond\":0}}", false,
		 "throttlePolicy.maxReceivesPerSecond must be greater than or equal to 1"},
		{"{\"requestPolicy\":{\"headerContentType\":\"image/png\"}}", false,
		 "requestPolicy.headerContentType is not supported"},
		{"{\"http\":{\"defaultRequestPolicy\":{\"headerContentType\":\"text/csv\"}}}", true,
		 "http.defaultRequestPolicy.headerContentType is not supported"},
		{"{\"healthyRetryPolicy\":1}", false, "healthyRetryPolicy must be an object"},
		{"[]", false, "failed to parse JSON. It is no object"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sns_delivery_policy *policy;
		struct str problem = {0};
		assert_int_equal(sns_delivery_policy_parse(&arena, str_from(cases[i].text),
							   cases[i].is_topic, &policy, &problem),
				 ERR_INVALID);
		assert_str(problem, arena_cstr(&arena, arena_format(&arena, "DeliveryPolicy: %s",
								    cases[i].problem)));
	}
}
