/* SPDX-License-Identifier: MIT */
/* check: names, authorization and keys of calls. The call's thread. */
#ifndef TERN_SERVICES_LOGS_CHECK_H
#define TERN_SERVICES_LOGS_CHECK_H

#include "api/logs.h"
#include "base/arn.h"
#include "core/call.h"
#include "services/logs/logs.h"

/* "arn:...:log-group:NAME"; with `stream` (data not NULL) ":log-stream:STREAM" behind it. */
struct str logs_arn(struct arena *arena, struct str region, struct str account, struct str group,
		    struct str stream);
/* The name in the ARN of a log group, with ":*" behind it or without; false: it is none. */
bool logs_arn_parse(struct str text, struct arn *out_arn, struct str *out_name);

/*
 * Authorizes the action on a group, as AWS names it in policies: "...:log-group:NAME:log-stream:"
 * and the stream. The group may not exist.
 */
must_check enum err logs_authorize(struct call *call, struct str action, struct str group,
				   struct str stream);
/* The same on the group's own ARN, for operations of tags. `owner` is the ARN's account. */
must_check enum err logs_authorize_tags(struct call *call, struct str action, struct str group);

/* Faults of a group or stream that does not exist; held until the call ends. */
must_check enum err logs_group_of_call(struct call *call, struct str name,
				       const struct logs_group **out_group);
must_check enum err logs_stream_of_call(struct call *call, const struct logs_group *group,
					struct str name, const struct logs_stream **out_stream);
/* Of operations that take a name or an identifier: name, or ARN of a group of the caller. */
must_check enum err logs_name_of_call(struct call *call, struct str name, struct str identifier,
				      struct str *out_name);

/* Sequence tokens are accepted and ignored, as AWS does since 2023. */
#define LOGS_SEQUENCE_TOKEN STR("49000000000000000000000000000000000000000000000000000001")

struct data_key;
/*
 * The key of KMS is used as the service principal logs.<region>.amazonaws.com, which its policy
 * must allow; the encryption context is the group's ARN.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
must_check enum err logs_key_of_call(struct call *call, const struct logs_group *group,
				     struct data_key **out_key); /* as long as the call */
/* ERR_FAULT, if the key cannot be used. */
must_check enum err logs_check_key(struct call *call, struct str group, struct str key_id);
/* Opens what was sealed under the key of a group. The reader is closed when the call ends. */
struct logs_opener;
struct logs_opener *logs_opener_new(struct call *call);
must_check enum err logs_open(struct logs_opener *opener, char *sealed, size_t size,
			      struct str *out_plain);

#endif
