/* SPDX-License-Identifier: MIT */
/*
 * throttle_aws: AWS's default quotas of requests, where AWS publishes them. Of several regions the
 * figures of us-east-1 are taken. Quotas a second have a bucket of one second.
 *
 * SQS: Developer Guide, "Amazon SQS message quotas" (FIFO queues that are not in high throughput
 * mode) and "Quotas related to queues" (tagging). KMS: Developer Guide, "Request quotas". STS: IAM
 * User Guide, "IAM and AWS STS quotas". EC2: API Reference, "Request throttling". IAM publishes
 * none.
 */
#include "core/limit/throttle.h"

#define ACTIONS(...)                                                                               \
	.actions = (const struct str[]){__VA_ARGS__},                                              \
	.action_count = sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str)
#define A(name) STR_INIT(name)
/* One bucket for each action, or one for all of them. */
#define EACH(rate, ...)                                                                            \
	{                                                                                          \
		ACTIONS(__VA_ARGS__), .rate_milli = (rate)*1000, .burst = (rate)                   \
	}
#define SHARED(rate, ...)                                                                          \
	{                                                                                          \
		ACTIONS(__VA_ARGS__), .rate_milli = (rate)*1000, .burst = (rate),                  \
				      .is_shared = true                                            \
	}

static const struct throttle_rule rules[] = {
	{ACTIONS(A("sqs:SendMessage"), A("sqs:SendMessageBatch"), A("sqs:ReceiveMessage"),
		 A("sqs:DeleteMessage"), A("sqs:DeleteMessageBatch"),
		 A("sqs:ChangeMessageVisibility"), A("sqs:ChangeMessageVisibilityBatch")),
	 .scope = THROTTLE_QUOTA, .rate_milli = 300000, .burst = 300},
	EACH(5, A("sqs:TagQueue"), A("sqs:UntagQueue"), A("sqs:ListQueueTags")),

	SHARED(100000, A("kms:Decrypt"), A("kms:Encrypt"), A("kms:GenerateDataKey"),
	       A("kms:GenerateDataKeyWithoutPlaintext"), A("kms:GenerateMac"),
	       A("kms:GenerateRandom"), A("kms:ReEncrypt"), A("kms:VerifyMac")),
	SHARED(1000, A("kms:Sign"), A("kms:Verify")),
	SHARED(100, A("kms:GenerateDataKeyPair"), A("kms:GenerateDataKeyPairWithoutPlaintext")),
	EACH(2000, A("kms:DescribeKey"), A("kms:GetPublicKey"), A("kms:ListResourceTags")),
	EACH(1000, A("kms:GetKeyPolicy"), A("kms:GetKeyRotationStatus")),
	EACH(500, A("kms:ListAliases"), A("kms:ListKeys")),
	EACH(100, A("kms:ListGrants"), A("kms:ListKeyPolicies"), A("kms:ListKeyRotations"),
	     A("kms:ListRetirableGrants")),
	EACH(50, A("kms:CreateGrant"), A("kms:RetireGrant"), A("kms:RevokeGrant")),
	EACH(15, A("kms:DeleteAlias"), A("kms:DeleteImportedKeyMaterial"),
	     A("kms:EnableKeyRotation"), A("kms:ImportKeyMaterial"), A("kms:PutKeyPolicy"),
	     A("kms:ScheduleKeyDeletion")),
	EACH(10, A("kms:TagResource")),
	EACH(5, A("kms:CancelKeyDeletion"), A("kms:CreateAlias"), A("kms:CreateKey"),
	     A("kms:DisableKey"), A("kms:DisableKeyRotation"), A("kms:EnableKey"),
	     A("kms:RotateKeyOnDemand"), A("kms:UntagResource"), A("kms:UpdateAlias"),
	     A("kms:UpdateKeyDescription")),
	{ACTIONS(A("kms:GetParametersForImport")), .rate_milli = 250, .burst = 1},

	SHARED(600, A("sts:AssumeRole"), A("sts:DecodeAuthorizationMessage"),
	       A("sts:GetAccessKeyInfo"), A("sts:GetCallerIdentity"), A("sts:GetFederationToken"),
	       A("sts:GetSessionToken")),

	{ACTIONS(A("ec2:Describe*")), .rate_milli = 20000, .burst = 100},
	{ACTIONS(A("ec2:CreateVpcEndpoint"), A("ec2:ModifyVpcEndpoint"),
		 A("ec2:DeleteVpcEndpoints")),
	 .rate_milli = 300, .burst = 4},
	{ACTIONS(A("ec2:CreateTags"), A("ec2:DeleteTags")), .rate_milli = 10000, .burst = 100},
};

const struct throttle_rule *throttle_aws_rules(size_t *out_count)
{
	*out_count = sizeof(rules) / sizeof(rules[0]);
	return rules;
}
