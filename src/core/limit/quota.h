/* SPDX-License-Identifier: MIT */
/*
 * quota: limits the resources of one account, so that no account exhausts the server.
 *
 * Quotas are AWS's defaults where AWS has one, and --quotas changes them. The server's own limits
 * (base/limits.h) are far above: when one is reached, the caller gets the quota's fault and the log
 * records it. Any thread.
 */
#ifndef TERN_CORE_LIMIT_QUOTA_H
#define TERN_CORE_LIMIT_QUOTA_H

#include "base/base.h"

/* clang-format off */
#define QUOTAS(X) \
	/* constant, name in --quotas, default, most, counted resource */ \
	X(SQS_QUEUES, "sqs-queues", LIMIT_ACCOUNT_QUEUES, LIMIT_QUEUES, "queues of an account") \
	X(KMS_KEYS, "kms-keys", LIMIT_ACCOUNT_KMS_KEYS, LIMIT_KMS_KEYS, "keys of an account in one region") \
	X(KMS_ALIASES, "kms-aliases", LIMIT_KMS_ALIASES, 1000, "aliases of a key") \
	X(KMS_GRANTS, "kms-grants", LIMIT_KMS_GRANTS, 50000, "grants of a key") \
	X(IAM_USERS, "iam-users", LIMIT_IAM_USERS, LIMIT_IAM_ENTITIES, "users of an account") \
	X(IAM_GROUPS, "iam-groups", LIMIT_IAM_GROUPS, LIMIT_IAM_ENTITIES, "groups of an account") \
	X(IAM_ROLES, "iam-roles", LIMIT_IAM_ROLES, LIMIT_IAM_ENTITIES, "roles of an account") \
	X(IAM_POLICIES, "iam-policies", LIMIT_IAM_POLICIES, LIMIT_IAM_ENTITIES, "managed policies of an account") \
	X(IAM_INSTANCE_PROFILES, "iam-instance-profiles", LIMIT_IAM_INSTANCE_PROFILES, LIMIT_IAM_ENTITIES, "instance profiles of an account") \
	X(IAM_OIDC_PROVIDERS, "iam-oidc-providers", LIMIT_IAM_OIDC_PROVIDERS, LIMIT_IAM_ENTITIES, "OpenID Connect providers of an account") \
	X(EVENTS_CONNECTIONS, "events-connections", LIMIT_EVENTS_CONNECTIONS, 100000, "connections of an account in one region") \
	X(EVENTS_DESTINATIONS, "events-api-destinations", LIMIT_EVENTS_DESTINATIONS, 100000, "API destinations of an account in one region") \
	X(EVENTS_ARCHIVES, "events-archives", LIMIT_EVENTS_ARCHIVES, 10000, "archives of an account in one region") \
	X(PIPES, "pipes", LIMIT_ACCOUNT_PIPES, LIMIT_PIPES, "pipes of an account in one region") \
	X(SCHEDULES, "schedules", LIMIT_ACCOUNT_SCHEDULES, LIMIT_SCHEDULES, "schedules of an account in one region") \
	X(SCHEDULE_GROUPS, "schedule-groups", LIMIT_SCHEDULE_GROUPS, 100000, "schedule groups of an account in one region") \
	X(VPC_ENDPOINTS, "vpc-endpoints", LIMIT_ACCOUNT_VPC_ENDPOINTS, LIMIT_VPC_ENDPOINTS, "private endpoints of an account") \
	X(VPC_ENDPOINTS_PER_VPC, "vpc-endpoints-per-vpc", LIMIT_VPC_ENDPOINTS_PER_VPC, LIMIT_VPC_ENDPOINTS, "private endpoints of a VPC") \
	X(LOG_GROUPS, "log-groups", LIMIT_ACCOUNT_LOG_GROUPS, LIMIT_LOG_GROUPS, "log groups of an account in one region") \
	X(EVENTS_BUSES, "events-buses", LIMIT_EVENTS_BUSES, LIMIT_EVENTS_BUSES_SERVER, "event buses of an account in one region") \
	X(EVENTS_RULES, "events-rules", LIMIT_EVENTS_RULES, LIMIT_EVENTS_RULES_SERVER, "rules of an event bus") \
	X(EVENTS_TARGETS, "events-targets", LIMIT_EVENTS_TARGETS, LIMIT_EVENTS_TARGETS_MOST, "targets of a rule")
/* clang-format on */

enum quota {
#define QUOTA_CONSTANT(constant, name, standard, most, text) QUOTA_##constant,
	QUOTAS(QUOTA_CONSTANT)
#undef QUOTA_CONSTANT
		QUOTA_COUNT,
};

struct quotas {
	int64_t most[QUOTA_COUNT];
};

/*
 * The defaults, with the quotas in `list` replaced: "iam-users=100,kms-keys=20". False with a
 * sentence in `problem` (`size` bytes, ends with NUL).
 */
bool quotas_parse(struct str list, struct quotas *out_quotas, char *problem, size_t size);

/* `quotas` NULL: the default. */
int64_t quota_most(const struct quotas *quotas, enum quota quota);
/* Logs that no account can have more of these, as the server has reached `limit`; once a minute. */
void quota_log_server_limit(struct str things, int64_t limit);

#endif
