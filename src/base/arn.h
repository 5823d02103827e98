/* SPDX-License-Identifier: MIT */
/* arn: names of resources, "arn:<partition>:<service>:<region>:<account>:<resource>". Any thread.
 */
#ifndef TERN_BASE_ARN_H
#define TERN_BASE_ARN_H

#include "base/base.h"

#define ARN_SIZE_MAX 160

/* Views of the six parts of an ARN. */
struct arn {
	struct str partition, service, region, account, resource;
};
/*
 * False if it is none: there must be a partition, a service and a resource. Whether each is one
 * that exists is not looked at.
 */
bool arn_parse(struct str text, struct arn *out_arn);

/* "aws", or what the region's name says: "aws-cn" for cn-north-1. */
struct str arn_partition(struct str region);
/* 12 digits. */
bool arn_is_account(struct str text);
/* 1 to 32 letters, digits and hyphens. */
bool arn_is_region(struct str text);
/* The fifth part of an ARN; empty if it has none. */
struct str arn_account(struct str arn);
/* The same of the region. */
struct str arn_region(struct str arn);
/* All before the resource, "arn:aws:sqs:us-east-1:111122223333:"; empty if it is no ARN. */
struct str arn_place(struct str arn);
/* Written to `out`; data is NULL if there is no room, which there is for all a service names. */
struct str arn_format(struct str service, struct str region, struct str account,
		      struct str resource, char out[ARN_SIZE_MAX]);
/* The same in the arena: "arn:<partition of the region>:<service>:<region>:<account>:<resource>".
 */
struct str arn_make(struct arena *arena, struct str service, struct str region, struct str account,
		    struct str resource);
/* Of the root user of an account, as policies in that region name it. */
struct str arn_root(struct arena *arena, struct str region, struct str account);
/*
 * The ARN of an identity, of IAM or STS, with `to` in place of the partition `from`, in the arena.
 * Any other text as it is.
 */
struct str arn_move(struct arena *arena, struct str text, struct str from, struct str to);

/* The text behind "arn:<partition>:" in the ARN of an identity, of IAM or STS: those are the same
 * in all partitions. data NULL: it is none. */
struct str arn_identity(struct str text);
/* The same text, or the same identity in another partition. */
bool arn_is_same(struct str a, struct str b);

#endif
