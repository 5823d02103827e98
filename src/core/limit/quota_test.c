/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/fixture.h"
#include "core/limit/quota.h"

static void test_quotas_are_aws_defaults_unless_set(void **state)
{
	struct quotas quotas;
	char problem[200];

	(void)state;
	assert_int_equal(quota_most(NULL, QUOTA_IAM_USERS), 5000);
	assert_true(quotas_parse(STR(""), &quotas, problem, sizeof(problem)));
	assert_int_equal(quota_most(&quotas, QUOTA_KMS_KEYS), 100000);
	assert_true(
		quotas_parse(STR("iam-users=7, kms-keys=1"), &quotas, problem, sizeof(problem)));
	assert_int_equal(quota_most(&quotas, QUOTA_IAM_USERS), 7);
	assert_int_equal(quota_most(&quotas, QUOTA_KMS_KEYS), 1);
	assert_int_equal(quota_most(&quotas, QUOTA_IAM_ROLES), 1000);
}

static void test_quota_beyond_the_server_limit_is_refused(void **state)
{
	static const char *const lists[] = {"iam-users=0",
					    "iam-users=1000001",
					    "iam-users=x",
					    "iam-users",
					    "iam-user=1",
					    "=1",
					    "iam-users=1,,kms-keys=1",
					    "vpc-endpoints=4001"};
	struct quotas quotas;
	char problem[200];

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		problem[0] = '\0';
		assert_false(quotas_parse(str_from(lists[i]), &quotas, problem, sizeof(problem)));
		assert_true(strlen(problem) > 0);
	}
	assert_true(quotas_parse(STR("vpc-endpoints=4000"), &quotas, problem, sizeof(problem)));
}
