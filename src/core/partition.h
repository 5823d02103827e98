/* SPDX-License-Identifier: MIT */
/*
 * partition: users, roles and policies belong to no partition: inside the server their ARNs are
 * "arn:aws:...". A caller in a region of another partition uses ARNs of that partition: they are
 * translated where a call begins and ends, and in the facts that policies evaluate.
 *
 * In regions of the partition "aws" the functions have no effect. The call's thread.
 */
#ifndef TERN_CORE_PARTITION_H
#define TERN_CORE_PARTITION_H

#include "core/call.h"

/* The caller with the ARNs of the call's region, for policies and answers; takes over the
 * reference. */
const struct principal *partition_principal(const struct call *call,
					    const struct principal *principal);
/* Inputs of IAM and STS, once decoded. An ARN of another partition becomes one that no entity
 * has. */
void partition_enter(struct call *call);
/* Inputs, outputs and the fault's text of IAM and STS, before they are written. */
void partition_leave(struct call *call);
/* An ARN in the form of the call's partition, in its arena; other texts are unchanged. */
struct str partition_arn(const struct call *call, struct str text);
/* The same of the values of condition keys. */
const struct policy_key *partition_keys(const struct call *call, const struct policy_key *keys,
					size_t count);

#endif
