/* SPDX-License-Identifier: MIT */
/* quota: see quota.h. */
#include "core/limit/quota.h"

#include <stdatomic.h>
#include <stdio.h>

static const struct row {
	struct str name;
	int64_t standard, most;
} rows[QUOTA_COUNT] = {
#define QUOTA_ROW(constant, name, standard, most, text) {STR_INIT(name), standard, most},
	QUOTAS(QUOTA_ROW)
#undef QUOTA_ROW
};

enum { LOG_INTERVAL_MS = 60000 };

static bool set(struct quotas *quotas, struct str item, char *problem, size_t size)
{
	struct str value = item;
	struct str name = str_cut(&value, '=');
	enum quota quota = 0;
	int64_t number;

	while (quota < QUOTA_COUNT && !str_equal(rows[quota].name, name))
		quota++;
	if (quota == QUOTA_COUNT) {
		snprintf(problem, size,
			 "--quotas: there is no quota \"%.*s\"; doc/operations.md "
			 "lists them",
			 STR_ARG(name));
		return false;
	}
	if (!value.data || !str_to_i64(value, &number) || number < 1 || number > rows[quota].most) {
		snprintf(problem, size,
			 "--quotas: %.*s must be a number from 1 to %lld, as in "
			 "%.*s=%lld",
			 STR_ARG(name), (long long)rows[quota].most, STR_ARG(name),
			 (long long)rows[quota].standard);
		return false;
	}
	quotas->most[quota] = number;
	return true;
}

bool quotas_parse(struct str list, struct quotas *out_quotas, char *problem, size_t size)
{
	for (enum quota quota = 0; quota < QUOTA_COUNT; quota++)
		out_quotas->most[quota] = rows[quota].standard;
	while (list.size > 0)
		if (!set(out_quotas, str_trim(str_cut(&list, ',')), problem, size))
			return false;
	return true;
}

int64_t quota_most(const struct quotas *quotas, enum quota quota)
{
	return quotas ? quotas->most[quota] : rows[quota].standard;
}

void quota_log_server_limit(struct str things, int64_t limit)
{
	static _Atomic int64_t logged_ms;
	int64_t now_ms = clock_steady_ns() / 1000000;
	int64_t before = logged_ms;

	if (before != 0 && now_ms - before < LOG_INTERVAL_MS)
		return;
	logged_ms = now_ms;
	log_event(LOG_ERROR,
		  "the server holds as many as it can, so no account gets another; delete some, "
		  "give accounts smaller --quotas, or run another server",
		  log_str("what", things), log_i64("limit", limit));
}
