/* SPDX-License-Identifier: MIT */
/*
 * limits: every size, count and wait that comes from outside, in one table.
 *
 * LIMITS(X) lists X(NAME, value, "unit", "what it bounds"); each becomes the constant LIMIT_NAME.
 * doc/limits.md is generated from it (make gen).
 */
#ifndef TERN_BASE_LIMITS_H
#define TERN_BASE_LIMITS_H

/* clang-format off */
#define LIMITS(X) \
	X(HTTP_HEAD_SIZE, 32768, "bytes", "request line and headers of one request") \
	X(HTTP_HEADERS, 100, "headers", "headers of one request") \
	X(HTTP_TARGET_SIZE, 16384, "bytes", "request target") \
	X(OUTBOUND_CONNECTIONS, 4096, "connections", "to endpoints that are called, in all") \
	X(OUTBOUND_LANE, 64, "requests", "in progress at one endpoint") \
	X(OUTBOUND_WAITING, 65536, "requests", "that wait for their endpoint, in all") \
	X(LOOKUPS, 16, "look-ups", "of hosts' addresses at a time; others wait") \
	X(LOOKUP_MS, 10000, "ms", "to look up the addresses of an endpoint's host") \
	X(OUTBOUND_IDLE_MS, 15000, "ms", "an idle connection to an endpoint is kept") \
	X(HOST_SIZE, 253, "bytes", "host name of an endpoint that is called") \
	X(HTTP_BODY_SIZE, 16777216, "bytes", "request body, also when decompressed: ten 1 MiB messages and what surrounds them, so that a batch that is too long gets its own fault") \
	X(HTTP_IDLE_MS, 600000, "ms", "an idle keep-alive connection") \
	X(HTTP_HEAD_MS, 10000, "ms", "from the first byte of a request to the end of its headers") \
	X(HTTP_BODY_MS, 60000, "ms", "from the end of the headers to the end of the body") \
	X(HTTP_HELD_SIZE, 1073741824, "bytes", "requests that are being received or answered, of one server") \
	X(PARTITIONS, 16, "partitions", "of the queue engine, each with a log of its own") \
	X(JOURNAL_RECENT_SIZE, 33554432, "bytes", "committed batches of the log that are kept in memory for reading") \
	X(JOURNAL_RECENT_BATCHES, 8192, "batches", "the same, in batches") \
	X(NET_THREADS, 64, "threads", "network threads of one server") \
	X(SQS_SEATS, 65536, "queues", "subscriptions and targets of rules that each network thread remembers as authorized to send to their queue") \
	X(DIRECT_DELIVERIES, 262144, "messages", "deliveries to queues in flight without a request of their own, of one server; further ones are internal requests") \
	X(INTERNAL_REQUESTS, 4096, "requests", "internal requests in flight, of one server") \
	X(INTERNAL_SIZE, 67108864, "bytes", "inputs of internal requests in flight, of one server") \
	X(CONNECTIONS, 65536, "connections", "open connections of one server") \
	X(JSON_DEPTH, 64, "levels", "nesting of a JSON document") \
	X(JSON_VALUES, 60000, "values", "values of a JSON request") \
	X(XML_DEPTH, 64, "levels", "nesting of an XML document") \
	X(XML_NODES, 200000, "elements", "elements of an XML document") \
	X(CBOR_DEPTH, 64, "levels", "nesting of a CBOR document") \
	X(CBOR_ITEMS, 40000, "items", "items of a CBOR document") \
	X(RECORD_DEPTH, 16, "levels", "nesting of structures, lists and maps in a record of the catalog") \
	X(FORM_PARAMETERS, 4096, "parameters", "parameters of one form") \
	X(FORM_DEPTH, 32, "levels", "nesting of structures in the parameters of a form") \
	X(REQUEST_ITEMS, 1000, "items", "items of one list or map of a request; operations have smaller limits of their own") \
	X(GROUP_CALLS, 256, "calls", "that change settings and share one sync") \
	X(GROUP_GROWTH, 262144, "bytes", "of settings that calls which share one sync add") \
	X(GROUP_MS, 10, "ms", "that calls which share one sync may run before it") \
	X(DELIVER_ITEMS, 4096, "obligations", "deliveries of one internal queue that are in memory") \
	X(DELIVER_BYTES, 67108864, "bytes", "of them, and what one receive brings beside") \
	X(DELIVER_ENDPOINT, 16, "attempts", "in progress at one endpoint; as many wait for it in memory") \
	X(DELIVER_ENDPOINTS, 10000, "endpoints", "whose failures are remembered") \
	X(DELIVER_RECLAIM, 10000, "obligations", "looked at, at the start, for attempts that were interrupted") \
	X(DELIVER_RATES, 16384, "sources", "of deliveries whose limited rate is remembered") \
	X(DELIVER_ATTEMPT_MS, 60000, "ms", "to connect to an endpoint, and until its whole answer") \
	X(DELIVER_ANSWER_SIZE, 65536, "bytes", "of an endpoint's answer that are kept") \
	X(DELIVER_RETENTION_MS, 1209600000, "ms", "an obligation stays in its internal queue") \
	X(EVENTS_CONNECTIONS, 3000, "connections", "of one account in one region (--quotas)") \
	X(EVENTS_DESTINATIONS, 3000, "API destinations", "of one account in one region (--quotas)") \
	X(EVENTS_ARCHIVES, 100, "archives", "of one account in one region (--quotas)") \
	X(REPLAYS, 10, "replays", "in progress, of one account in one region") \
	X(REPLAY_RETRY_MS, 2000, "ms", "until a page of a replay that could not be stored is replayed again") \
	X(CONSUMER_BATCH, 10000, "messages", "of a batch that a pipe or function gets from a queue") \
	X(CONSUMER_BATCH_BYTES, 6291456, "bytes", "of them, beside the last one") \
	X(CONSUMER_CONCURRENCY, 10, "batches", "in progress of one consumer of a queue") \
	X(CONSUMER_BYTES, 268435456, "bytes", "of messages in batches of all consumers; beyond that, each has one batch") \
	X(PIPES, 2000, "pipes", "pipes of one server") \
	X(ACCOUNT_PIPES, 1000, "pipes", "of one account in one region (--quotas)") \
	X(PIPE_TAGS, 50, "tags", "of a pipe") \
	X(SCHEDULES, 5000000, "schedules", "schedules of EventBridge Scheduler, of one server") \
	X(ACCOUNT_SCHEDULES, 1000000, "schedules", "of one account in one region (--quotas)") \
	X(SCHEDULE_GROUPS, 500, "groups", "schedule groups of one account in one region (--quotas)") \
	X(SCHEDULER_TAGS, 50, "tags", "of one schedule group") \
	X(SCHEDULER_ENDED_MS, 90000000, "ms", "after its last occurrence, a schedule with ActionAfterCompletion DELETE is deleted even if its delivery has not ended") \
	X(DUE_TURN, 64, "entries", "of what is due that share one sync") \
	X(DUE_RETRY_MS, 60000, "ms", "until a change that is due and failed is tried again") \
	X(AUDIT_PARAMETERS_SIZE, 102400, "bytes", "parameters, and answer, in an audit record; longer ones are omitted, as CloudTrail does") \
	X(AUDIT_TEXT_SIZE, 2048, "bytes", "user agent, error message and the like in an audit record") \
	X(AUDIT_WAITING_SIZE, 8388608, "bytes", "audit records that are not written yet") \
	X(AUDIT_UNAUTHENTICATED, 100, "records", "audit records of refused requests without a good signature, in a burst, whatever their sources") \
	X(AUDIT_UNAUTHENTICATED_RATE, 20, "records/min", "the same, on and on; what is left out is counted in the next record") \
	X(ACCOUNTS, 10000, "accounts", "accounts of one server") \
	X(ACCOUNT_NAME_SIZE, 50, "bytes", "an account's name") \
	X(IAM_ENTITIES, 1000000, "entities", "accounts, users, groups, roles and all else that IAM keeps, of one server") \
	X(IAM_USERS, 5000, "users", "users of one account (--quotas)") \
	X(IAM_GROUPS, 300, "groups", "groups of one account (--quotas)") \
	X(IAM_ROLES, 1000, "roles", "roles of one account (--quotas)") \
	X(IAM_POLICIES, 1500, "policies", "managed policies of one account (--quotas)") \
	X(IAM_KEYS, 2, "keys", "access keys of one user") \
	X(IAM_USER_GROUPS, 10, "groups", "groups of one user") \
	X(IAM_ATTACHED, 10, "policies", "managed policies attached to one user, group or role") \
	X(IAM_VERSIONS, 5, "versions", "versions of one managed policy") \
	X(IAM_TAGS, 50, "tags", "tags of one user, role, policy, instance profile, provider or MFA device") \
	X(IAM_INSTANCE_PROFILES, 1000, "instance profiles", "instance profiles of one account (--quotas)") \
	X(IAM_OIDC_PROVIDERS, 100, "providers", "OpenID Connect providers of one account (--quotas)") \
	X(IAM_CLIENT_IDS, 100, "client ids", "client ids of one OpenID Connect provider") \
	X(IAM_THUMBPRINTS, 5, "thumbprints", "thumbprints of one OpenID Connect provider") \
	X(FOLDER_FILES, 5000, "files", "files of --oidc-keys or --managed-policies") \
	X(FOLDER_FILE_SIZE, 262144, "bytes", "one of these files") \
	X(ISSUERS, 1000, "issuers", "files of --oidc-keys, an issuer each") \
	X(ISSUER_KEYS, 32, "keys", "signature keys of one issuer") \
	X(JWT_VALUES, 1000, "values", "values of the claims of one web identity token") \
	X(IAM_PASSWORDS, 24, "hashes", "password hashes kept of one user") \
	X(IAM_MFA_DEVICES, 5000, "devices", "virtual MFA devices of one account") \
	X(IAM_USER_MFA_DEVICES, 8, "devices", "MFA devices of one user or root user") \
	X(IAM_POLICY_SIZE, 6144, "bytes", "a managed policy, blanks left out") \
	X(IAM_USER_POLICY_SIZE, 2048, "bytes", "all inline policies of one user, blanks left out") \
	X(IAM_GROUP_POLICY_SIZE, 5120, "bytes", "all inline policies of one group, blanks left out") \
	X(IAM_ROLE_POLICY_SIZE, 10240, "bytes", "all inline policies of one role, blanks left out") \
	X(IAM_TRUST_SIZE, 2048, "bytes", "a role's trust policy, blanks left out") \
	X(QUEUES, 1000000, "queues", "queues of one server") \
	X(ACCOUNT_QUEUES, 250000, "queues", "queues of one account (--quotas)") \
	X(QUEUE_NAME_SIZE, 80, "bytes", "a queue's name, .fifo included") \
	X(QUEUE_TAGS, 50, "tags", "tags of one queue") \
	X(ACCOUNT_TOPICS, 100000, "topics", "topics of one account and region") \
	X(TOPIC_SUBSCRIPTIONS, 12500000, "subscriptions", "subscriptions of one standard topic") \
	X(FIFO_TOPIC_SUBSCRIPTIONS, 100, "subscriptions", "subscriptions of one FIFO topic") \
	X(TOPIC_FILTERS, 200, "policies", "filter policies of one topic's subscriptions") \
	X(ACCOUNT_FILTERS, 10000, "policies", "filter policies of the subscriptions of one account in one region") \
	X(SNS_ENDPOINT_SIZE, 2048, "bytes", "a subscription's endpoint") \
	X(SNS_PART_SIZE, 16777216, "bytes", "notifications of one message that are made at a time, before the last one") \
	X(PUBLISH_SIZE, 262144, "bytes", "a published message and its attributes, and a batch's sum") \
	X(SUBJECT_SIZE, 100, "characters", "a published message's subject") \
	X(SMS_SIZE, 1600, "characters", "a message that is published to a telephone number") \
	X(STRUCTURE_KEYS, 64, "keys", "protocols of a message with MessageStructure=json") \
	X(TOPIC_NAME_SIZE, 256, "bytes", "a topic's name, .fifo included") \
	X(TOPIC_POLICY_SIZE, 30720, "bytes", "a topic's policy, and its data protection policy") \
	X(DISPLAY_NAME_SIZE, 100, "characters", "a topic's DisplayName") \
	X(ARCHIVE_DAYS, 365, "days", "MessageRetentionPeriod of a topic's archive") \
	X(SNS_REPLAYS, 100, "replays", "of topics' archives in progress, to subscriptions of one account in one region") \
	X(KMS_KEY_ID_SIZE, 2048, "bytes", "KmsMasterKeyId of a topic") \
	X(SNS_PAGE, 100, "items", "topics or subscriptions on a page") \
	X(TAG_KEY_SIZE, 128, "characters", "a tag's key") \
	X(TAG_VALUE_SIZE, 256, "characters", "a tag's value") \
	X(POLICY_SIZE, 8192, "bytes", "a queue policy") \
	X(POLICY_STATEMENTS, 20, "statements", "statements of a queue policy") \
	X(POLICY_DOCUMENT_SIZE, 131072, "bytes", "any policy document, with its blanks") \
	X(POLICY_VALUES, 20000, "values", "values of a policy document") \
	X(POLICY_CONDITION_KEYS, 128, "keys", "operators of a condition, and keys under one operator") \
	X(POLICY_VARIABLES, 16, "variables", "policy variables in one text") \
	X(POLICY_WILDCARDS, 64, "wildcards", "wildcards in one text of a policy") \
	X(POLICY_TEXT_SIZE, 8192, "bytes", "a text of a request that is compared with wildcards or variables; a longer one is denied") \
	X(POLICY_STEPS, 200000, "steps", "comparisons that all policies of one decision may take; beyond them it is denied") \
	X(POLICY_CALL_STEPS, 1000000, "steps", "comparisons that all decisions of one request may take") \
	X(PERMISSION_ACTIONS, 7, "actions", "actions of one AddPermission") \
	X(MESSAGE_SIZE, 1048576, "bytes", "a message's body and attributes, and a batch's sum") \
	X(MESSAGE_SIZE_MIN, 1024, "bytes", "the least MaximumMessageSize") \
	X(DATA_KEYS, 4096, "keys", "data keys from KMS in memory; those used least recently go first") \
	X(MESSAGE_ATTRIBUTES, 10, "attributes", "attributes of one message") \
	X(ATTRIBUTE_NAME_SIZE, 256, "bytes", "a message attribute's name") \
	X(BATCH_ENTRIES, 10, "entries", "entries of one batch request") \
	X(BATCH_ID_SIZE, 80, "bytes", "a batch entry's id") \
	X(GROUP_ID_SIZE, 128, "bytes", "MessageGroupId, MessageDeduplicationId, ReceiveRequestAttemptId") \
	X(RECEIPT_HANDLE_SIZE, 1024, "bytes", "a receipt handle") \
	X(RECEIVE_MESSAGES, 10, "messages", "messages of one ReceiveMessage") \
	X(FANOUT_TARGETS, 12500, "queues", "queues that one message is sent to at once, all or none") \
	X(FANOUT_SIZE, 4194304, "bytes", "the records of such a send: the shared payload, and what each queue has of its own") \
	X(WAIT_S, 20, "seconds", "long polling") \
	X(DELAY_S, 900, "seconds", "a message's delay") \
	X(VISIBILITY_S, 43200, "seconds", "visibility timeout, and its sum since the receive") \
	X(RETENTION_S, 1209600, "seconds", "message retention") \
	X(RETENTION_S_MIN, 60, "seconds", "least message retention") \
	X(INFLIGHT_MESSAGES, 120000, "messages", "messages in flight of one queue") \
	X(DEDUPLICATION_MS, 300000, "ms", "the deduplication window, and a receive attempt's memory") \
	X(RECEIVE_COUNT, 1000, "receives", "maxReceiveCount of a redrive policy") \
	X(REDRIVE_SOURCES, 10, "ARNs", "sourceQueueArns of a redrive allow policy") \
	X(MOVE_RATE, 500, "messages/s", "MaxNumberOfMessagesPerSecond of a move task") \
	X(MOVE_TASKS, 100, "tasks", "active move tasks of one account") \
	X(MOVE_RESULTS, 10, "tasks", "results of ListMessageMoveTasks") \
	X(SIMULATED_REQUESTS, 10000, "requests", "actions times resources of one policy simulation") \
	X(SIMULATED_POLICIES_SIZE, 2097152, "bytes", "all policies of one policy simulation") \
	X(SIMULATED_STEPS, 20000000, "steps", "comparisons that one policy simulation may take") \
	X(SIMULATED_ROWS, 50000, "rows", "results, matched statements and missing keys in the answer of one policy simulation") \
	X(ENDPOINT_POLICY_SIZE, 20480, "bytes", "the policy of a private endpoint") \
	X(VPC_ENDPOINTS, 4000, "endpoints", "private endpoints of one server") \
	X(ACCOUNT_VPC_ENDPOINTS, 250, "endpoints", "private endpoints of one account and region (--quotas)") \
	X(VPC_ENDPOINTS_PER_VPC, 50, "endpoints", "private endpoints of one VPC (--quotas)") \
	X(EC2_FILTERS, 50, "filters", "filters of one Describe operation of EC2") \
	X(EC2_FILTER_VALUES, 200, "values", "values of all filters of one Describe operation of EC2") \
	X(EC2_FILTER_SIZE, 255, "bytes", "a value of a filter") \
	X(EC2_FILTER_STEPS, 2000000, "steps", "comparisons that the filters of one Describe operation may take") \
	X(VPC_ENDPOINT_NETWORKS, 100, "ids", "subnets, and security groups, of one private endpoint") \
	X(SESSION_PACKED_SIZE, 6144, "bytes", "policies and tags of a session, in its token") \
	X(SESSION_TOKEN_SIZE, 12288, "bytes", "a session token") \
	X(AUTH_FAILURES, 10, "failures", "failing signatures of one source that are answered at once") \
	X(AUTH_DELAY_MS, 5000, "ms", "for which the answer to a failing signature is held back") \
	X(AUTH_MEMORY_S, 600, "seconds", "without failures after which a source is forgiven") \
	X(AUTH_SOURCES, 16384, "sources", "sources of failing signatures that are remembered") \
	X(THROTTLE_BUCKETS, 65536, "buckets", "token buckets of --throttle, of one server") \
	X(THROTTLE_RULES, 256, "rules", "throttle-rules of the configuration") \
	X(THROTTLE_RATE, 1000000, "requests/s", "rate and burst of such a rule") \
	X(NET_READ_SIZE, 1048576, "bytes", "messages of one ReceiveMessage that its network thread reads; a worker reads more") \
	X(WORKER_ITEMS, 1024, "operations", "operations that wait for a worker thread") \
	X(WORKER_ITEMS_SIZE, 268435456, "bytes", "requests and messages of these") \
	X(WORKER_ACCOUNT_ITEMS, 256, "operations", "operations of one account that wait for a worker thread") \
	X(WORKER_ACCOUNT_SIZE, 67108864, "bytes", "requests and messages of these") \
	X(KMS_KEYS, 1000000, "keys", "KMS keys of one server") \
	X(ACCOUNT_KMS_KEYS, 100000, "keys", "KMS keys of one account and region (--quotas)") \
	X(KMS_ALIASES, 50, "aliases", "aliases of one KMS key (--quotas)") \
	X(KMS_GRANTS, 1000, "grants", "grants of one KMS key (--quotas)") \
	X(KMS_GRANT_PAIRS, 8, "pairs", "encryption context of one constraint of a grant") \
	X(KMS_GRANT_PAIR_SIZE, 384, "bytes", "a name or value of it") \
	X(KMS_TAGS, 50, "tags", "tags of one KMS key") \
	X(KMS_POLICY_SIZE, 32768, "bytes", "a key policy") \
	X(KMS_CONTEXT_SIZE, 8192, "bytes", "an encryption context") \
	X(KMS_CIPHER_SIZE, 6144, "bytes", "a ciphertext, signature, MAC or import token") \
	X(KMS_WINDOW_DAYS, 30, "days", "waiting period of a KMS key's deletion") \
	X(MAIL_MS, 30000, "ms", "to hand one e-mail to the relay") \
	X(KMS_ROTATIONS, 25, "rotations", "rotations on demand of one KMS key") \
	X(KMS_GRANT_TOKENS, 10, "tokens", "grant tokens of one request") \
	X(EVENTS_BUSES, 100, "event buses", "event buses of one account and region, beside the default one (--quotas)") \
	X(EVENTS_BUSES_SERVER, 100000, "event buses", "event buses of one server") \
	X(EVENTS_RULES, 300, "rules", "rules of one event bus (--quotas)") \
	X(EVENTS_RULES_SERVER, 1000000, "rules", "rules of one server") \
	X(EVENTS_TARGETS, 5, "targets", "targets of one rule (--quotas)") \
	X(EVENTS_TARGETS_MOST, 100, "targets", "targets of one rule, whatever --quotas says") \
	X(EVENTS_TAGS, 50, "tags", "tags of one event bus or rule") \
	X(EVENTS_POLICY_SIZE, 10240, "bytes", "the policy of an event bus") \
	X(EVENTS_ENTRIES_SIZE, 1048576, "bytes", "the entries of one PutEvents, in sum") \
	X(ALARMS, 100000, "alarms", "of one account in one region") \
	X(ALARM_ROUNDS, 256, "rounds", "of evaluating composite alarms after one change, and rules that a check for cycles compiles") \
	X(ALARM_PERIODS, 8640, "periods", "evaluation periods of an alarm: a day of 10 s") \
	X(ALARM_RULE_SIZE, 10240, "bytes", "the rule of a composite alarm") \
	X(ALARM_RULE_DEPTH, 64, "levels", "nesting of parentheses in the rule of a composite alarm") \
	X(ALARM_CHILDREN, 100, "alarms", "that the rule of a composite alarm names") \
	X(MATH_SIZE, 2048, "bytes", "a metric-math expression") \
	X(MATH_DEPTH, 64, "levels", "nesting of a metric-math expression") \
	X(MATH_POINTS, 5000000, "datapoints", "that one evaluation of a metric-math expression makes") \
	X(LIST_RESULTS, 1000, "items", "items of one list page") \
	X(LOG_GROUPS, 1000000, "log groups", "log groups of one server") \
	X(ACCOUNT_LOG_GROUPS, 1000000, "log groups", "log groups of one account and region (--quotas)") \
	X(LOG_STREAMS, 1000000, "log streams", "log streams of one server") \
	X(LOG_TAGS, 50, "tags", "tags of one log group") \
	X(LOG_EVENTS, 10000, "events", "events of one PutLogEvents") \
	X(LOG_POLICIES, 10, "policies", "resource policies of CloudWatch Logs, of one account and region") \
	X(LOG_POLICY_SIZE, 5120, "bytes", "one of these") \
	X(LOG_POLICY_NAME_SIZE, 256, "bytes", "its name") \
	X(LOG_SINK_ITEMS, 32768, "events", "log events of services that are not stored yet") \
	X(LOG_SINK_SIZE, 16777216, "bytes", "of these") \
	X(LOG_EVENT_SIZE, 1048550, "bytes", "the text of a log event") \
	X(COST_SERIES, 200000, "series", "accounts, regions, usage types, operations and resources with costs; beyond them costs have no resource") \
	X(BILLING_ITEMS, 16384, "items", "billed quantities of one minute that one table keeps apart") \
	X(USAGE_SERIES, 16384, "series", "metered by one thread in one minute: an account, region, operation, resource and outcome; further ones are metered by operation and outcome alone") \
	X(USAGE_MERGED, 32768, "series", "the same of all threads together") \
	X(METRIC_SERIES, 200000, "series", "CloudWatch metrics in each of their units, of one server") \
	X(METRIC_BINS, 512, "bins", "of the samples of one metric in one minute, which percentiles are computed from; beyond them they are less exact") \
	X(USAGE_MINUTES, 5, "minutes", "metered usage is kept for those who read it") \
	X(PAGE_TOKEN_MS, 86400000, "ms", "a NextToken of SQS or EC2 is valid; markers of IAM and KMS do not expire") \
	X(PATTERN_SIZE, 262144, "bytes", "an event pattern or filter policy; operations have smaller limits of their own") \
	X(PATTERN_VALUES, 10000, "values", "values to compare with in one event pattern or filter policy") \
	X(PATTERN_KEYS, 64, "keys", "different outermost keys of a filter policy that are counted") \
	X(PATTERN_CONJUNCTIONS, 1000, "combinations", "of the objects in \"$or\" of one event pattern") \
	X(PATTERN_COMPILED_SIZE, 1048576, "bytes", "one compiled event pattern: its combinations, each with its values")
/* clang-format on */

enum limit {
#define LIMIT_CONSTANT(name, value, unit, text) LIMIT_##name = (value),
	LIMITS(LIMIT_CONSTANT)
#undef LIMIT_CONSTANT
};

#endif
