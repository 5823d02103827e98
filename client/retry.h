/* SPDX-License-Identifier: MIT */
/*
 * retry: whether a failed attempt is worth another one, how long to wait before it, and how many
 * a session may spend in all.
 *
 * The rules are those of the AWS SDKs' standard mode (AWS SDKs and Tools Reference Guide, "Retry
 * behavior"): exponential backoff with full jitter, and a budget of tokens, so that a service in
 * trouble is not buried under retries. A sent message may therefore arrive twice, as with every
 * SDK. Pure but for the budget, which any number of threads may share.
 */
#ifndef TERN_CLIENT_RETRY_H
#define TERN_CLIENT_RETRY_H

#include <stdatomic.h>

#include "base/str.h"

enum tern_retry {
	TERN_RETRY_NEVER,     /* the same request will fail again */
	TERN_RETRY_TRANSIENT, /* no answer, or a 500, 502, 503, 504, or RequestTimeout */
	TERN_RETRY_THROTTLED, /* the service asks for less */
	TERN_RETRY_SKEWED,    /* the clock is wrong: set it by the answer's Date, then try again */
};

/* `status` is HTTP's, 0 if no answer came; `code` a fault's shape or Query code, or empty. */
enum tern_retry tern_retry_classify(int status, struct str code);

struct tern_retry_policy {
	int attempts_max;	   /* the first one included; 1: no retries */
	int64_t transient_base_ms; /* the first wait is below this */
	int64_t throttled_base_ms;
	int64_t delay_max_ms;
};
/* 3 attempts; 50 ms, 1 s, at most 20 s. */
extern const struct tern_retry_policy tern_retry_standard;

/*
 * How long to wait, in ms, after `failures` (1 or more) attempts: uniform in
 * [0, base * 2^(failures - 1)), at most delay_max_ms. `random` is any 64 random bits.
 */
int64_t tern_retry_delay_ms(const struct tern_retry_policy *policy, enum tern_retry kind,
			    int failures, uint64_t random);

/* Tokens: a retry takes 5, a throttled one 10; a success without retries gives 1 back. */
struct tern_retry_budget {
	atomic_int tokens;
};
#define TERN_RETRY_BUDGET_MAX 500
void tern_retry_budget_init(struct tern_retry_budget *budget);
/* False, and nothing taken, if there are too few. */
bool tern_retry_budget_take(struct tern_retry_budget *budget, enum tern_retry kind);
/* After a success; `last` is the kind of its last retry, whose tokens come back, or NEVER. */
void tern_retry_budget_give(struct tern_retry_budget *budget, enum tern_retry last);

#endif
