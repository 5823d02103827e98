/* SPDX-License-Identifier: MIT */
/* retry: the codes are one table, so that each stands beside what it means. */
#include "client/retry.h"

#include "base/check.h"

struct code_row {
	struct str code;
	enum tern_retry kind;
};

static const struct code_row codes[] = {
	{STR_INIT("Throttling"), TERN_RETRY_THROTTLED},
	{STR_INIT("ThrottlingException"), TERN_RETRY_THROTTLED},
	{STR_INIT("ThrottledException"), TERN_RETRY_THROTTLED},
	{STR_INIT("RequestThrottled"), TERN_RETRY_THROTTLED},
	{STR_INIT("RequestThrottledException"), TERN_RETRY_THROTTLED},
	{STR_INIT("TooManyRequestsException"), TERN_RETRY_THROTTLED},
	{STR_INIT("ProvisionedThroughputExceededException"), TERN_RETRY_THROTTLED},
	{STR_INIT("TransactionInProgressException"), TERN_RETRY_THROTTLED},
	{STR_INIT("RequestLimitExceeded"), TERN_RETRY_THROTTLED},
	{STR_INIT("BandwidthLimitExceeded"), TERN_RETRY_THROTTLED},
	{STR_INIT("LimitExceededException"), TERN_RETRY_THROTTLED},
	{STR_INIT("SlowDown"), TERN_RETRY_THROTTLED},
	{STR_INIT("PriorRequestNotComplete"), TERN_RETRY_THROTTLED},
	{STR_INIT("EC2ThrottledException"), TERN_RETRY_THROTTLED},
	{STR_INIT("KMS.ThrottlingException"), TERN_RETRY_THROTTLED},
	{STR_INIT("KmsThrottled"), TERN_RETRY_THROTTLED},
	{STR_INIT("RequestTimeout"), TERN_RETRY_TRANSIENT},
	{STR_INIT("RequestTimeoutException"), TERN_RETRY_TRANSIENT},
	{STR_INIT("RequestTimeTooSkewed"), TERN_RETRY_SKEWED},
	{STR_INIT("RequestExpired"), TERN_RETRY_SKEWED},
	{STR_INIT("RequestInTheFuture"), TERN_RETRY_SKEWED},
	{STR_INIT("InvalidSignatureException"), TERN_RETRY_SKEWED},
	{STR_INIT("SignatureDoesNotMatch"), TERN_RETRY_SKEWED},
	{STR_INIT("AuthFailure"), TERN_RETRY_SKEWED},
};

const struct tern_retry_policy tern_retry_standard = {
	.attempts_max = 3,
	.transient_base_ms = 50,
	.throttled_base_ms = 1000,
	.delay_max_ms = 20000,
};

enum tern_retry tern_retry_classify(int status, struct str code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (str_equal(codes[i].code, code))
			return codes[i].kind;
	switch (status) {
	case 0:
	case 500:
	case 502:
	case 503:
	case 504:
		return TERN_RETRY_TRANSIENT;
	case 429:
		return TERN_RETRY_THROTTLED;
	default:
		return TERN_RETRY_NEVER;
	}
}

int64_t tern_retry_delay_ms(const struct tern_retry_policy *policy, enum tern_retry kind,
			    int failures, uint64_t random)
{
	int64_t bound = kind == TERN_RETRY_THROTTLED ? policy->throttled_base_ms
						     : policy->transient_base_ms;

	check(failures >= 1);
	for (int i = 1; i < failures && bound < policy->delay_max_ms; i++)
		bound *= 2;
	if (bound > policy->delay_max_ms)
		bound = policy->delay_max_ms;
	return bound > 0 ? (int64_t)(random % (uint64_t)bound) : 0;
}

static int cost(enum tern_retry kind)
{
	return kind == TERN_RETRY_NEVER ? 1 : kind == TERN_RETRY_THROTTLED ? 10 : 5;
}

void tern_retry_budget_init(struct tern_retry_budget *budget)
{
	atomic_store(&budget->tokens, TERN_RETRY_BUDGET_MAX);
}

bool tern_retry_budget_take(struct tern_retry_budget *budget, enum tern_retry kind)
{
	int tokens = atomic_load(&budget->tokens);

	do {
		if (tokens < cost(kind))
			return false;
	} while (!atomic_compare_exchange_weak(&budget->tokens, &tokens, tokens - cost(kind)));
	return true;
}

void tern_retry_budget_give(struct tern_retry_budget *budget, enum tern_retry last)
{
	int tokens = atomic_load(&budget->tokens), more;

	do {
		more = tokens + cost(last);
		if (more > TERN_RETRY_BUDGET_MAX)
			more = TERN_RETRY_BUDGET_MAX;
	} while (!atomic_compare_exchange_weak(&budget->tokens, &tokens, more));
}
