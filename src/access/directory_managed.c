/* SPDX-License-Identifier: MIT */
/*
 * directory_managed: AWS's managed policies that users of messaging attach, with documents of our
 * own: their meaning for the services that Tern serves is that of AWS's, their text is shorter.
 */
#include "access/directory_private.h"

#include <string.h>

#define POLICY(statements) "{\"Version\":\"2012-10-17\",\"Statement\":[" statements "]}"
#define ALLOW(actions) "{\"Effect\":\"Allow\",\"Action\":[" actions "],\"Resource\":\"*\"}"
#define LOGS "\"logs:CreateLogGroup\",\"logs:CreateLogStream\",\"logs:PutLogEvents\""

static const struct {
	const char *path, *name, *document;
} managed[] = {
	{"/", "AdministratorAccess", POLICY(ALLOW("\"*\""))},
	{"/", "PowerUserAccess",
	 POLICY("{\"Effect\":\"Allow\",\"NotAction\":[\"iam:*\",\"organizations:*\",\"account:*\","
		"\"tern:*\"],\"Resource\":\"*\"}," ALLOW(
			"\"iam:CreateServiceLinkedRole\",\"iam:DeleteServiceLinkedRole\","
			"\"iam:ListRoles\",\"organizations:DescribeOrganization\","
			"\"account:ListRegions\",\"account:GetAccountInformation\""))},
	{"/", "ReadOnlyAccess",
	 POLICY(ALLOW("\"sqs:Get*\",\"sqs:List*\",\"sqs:Receive*\",\"sns:Check*\",\"sns:Get*\","
		      "\"sns:List*\",\"events:Describe*\",\"events:List*\",\"events:Test*\","
		      "\"cloudwatch:Describe*\",\"cloudwatch:Get*\",\"cloudwatch:List*\","
		      "\"kms:Describe*\",\"kms:Get*\",\"kms:List*\",\"iam:Get*\",\"iam:List*\","
		      "\"iam:Generate*\",\"iam:Simulate*\",\"sts:GetAccessKeyInfo\","
		      "\"sts:GetCallerIdentity\",\"sts:GetSessionToken\",\"ec2:Describe*\","
		      "\"ec2:Get*\",\"application-autoscaling:Describe*\","
		      "\"application-autoscaling:List*\",\"ecs:Describe*\",\"ecs:List*\","
		      "\"lambda:Get*\",\"lambda:List*\",\"logs:Describe*\",\"logs:Get*\","
		      "\"logs:FilterLogEvents\",\"s3:Get*\",\"s3:List*\",\"ce:Get*\","
		      "\"ce:Describe*\",\"ce:List*\",\"mq:Describe*\",\"mq:List*\","
		      "\"tag:Get*\""))},
	{"/", "SecurityAudit",
	 POLICY(ALLOW("\"sqs:GetQueueAttributes\",\"sqs:ListQueues\",\"sqs:ListQueueTags\","
		      "\"sqs:ListDeadLetterSourceQueues\",\"sns:GetTopicAttributes\","
		      "\"sns:List*\",\"events:Describe*\",\"events:List*\","
		      "\"cloudwatch:Describe*\",\"kms:Describe*\",\"kms:GetKeyPolicy\","
		      "\"kms:GetKeyRotationStatus\",\"kms:List*\",\"iam:Generate*\","
		      "\"iam:Get*\",\"iam:List*\",\"iam:Simulate*\",\"ec2:Describe*\","
		      "\"ecs:Describe*\",\"ecs:List*\",\"lambda:GetPolicy\",\"lambda:List*\","
		      "\"logs:Describe*\",\"s3:GetBucket*\",\"s3:ListAllMyBuckets\","
		      "\"mq:Describe*\",\"mq:List*\""))},
	{"/job-function/", "ViewOnlyAccess",
	 POLICY(ALLOW("\"sqs:ListQueues\",\"sns:List*\",\"events:Describe*\",\"events:List*\","
		      "\"cloudwatch:Describe*\",\"cloudwatch:Get*\",\"cloudwatch:List*\","
		      "\"kms:ListAliases\",\"kms:ListKeys\",\"iam:List*\","
		      "\"iam:GetAccountSummary\",\"ec2:Describe*\",\"ecs:Describe*\","
		      "\"ecs:List*\",\"lambda:List*\",\"logs:Describe*\",\"s3:ListAllMyBuckets\","
		      "\"mq:List*\""))},
	{"/", "AmazonSQSFullAccess", POLICY(ALLOW("\"sqs:*\""))},
	{"/", "AmazonSQSReadOnlyAccess",
	 POLICY(ALLOW("\"sqs:GetQueueAttributes\",\"sqs:GetQueueUrl\","
		      "\"sqs:ListDeadLetterSourceQueues\",\"sqs:ListQueues\","
		      "\"sqs:ListMessageMoveTasks\",\"sqs:ListQueueTags\""))},
	{"/", "AmazonSNSFullAccess", POLICY(ALLOW("\"sns:*\""))},
	{"/", "AmazonSNSReadOnlyAccess",
	 POLICY(ALLOW(
		 "\"sns:GetTopicAttributes\",\"sns:List*\",\"sns:CheckIfPhoneNumberIsOptedOut\","
		 "\"sns:GetEndpointAttributes\",\"sns:GetDataProtectionPolicy\","
		 "\"sns:GetPlatformApplicationAttributes\",\"sns:GetSMSAttributes\","
		 "\"sns:GetSMSSandboxAccountStatus\",\"sns:GetSubscriptionAttributes\""))},
	{"/", "AmazonEventBridgeFullAccess",
	 POLICY(ALLOW(
		 "\"events:*\",\"schemas:*\",\"scheduler:*\",\"pipes:*\"") ","
									   "{\"Effect\":\"Allow\","
									   "\"Action\":\"iam:"
									   "PassRole\","
									   "\"Resource\":"
									   "\"arn:*:iam::*:role/"
									   "*\",\"Condition\":{"
									   "\"StringLike\":{\"iam:"
									   "PassedToService\":"
									   "[\"events.amazonaws."
									   "com\",\"scheduler."
									   "amazonaws.com\","
									   "\"pipes.amazonaws."
									   "com\"]}}}")},
	{"/", "AmazonEventBridgeReadOnlyAccess",
	 POLICY(ALLOW("\"events:Describe*\",\"events:List*\",\"events:TestEventPattern\","
		      "\"schemas:Describe*\",\"schemas:List*\",\"schemas:Get*\","
		      "\"scheduler:Get*\",\"scheduler:List*\",\"pipes:Describe*\","
		      "\"pipes:List*\""))},
	{"/", "CloudWatchFullAccess",
	 POLICY(ALLOW("\"cloudwatch:*\",\"logs:*\",\"sns:*\",\"autoscaling:Describe*\","
		      "\"iam:GetPolicy\",\"iam:GetPolicyVersion\",\"iam:GetRole\""))},
	{"/", "CloudWatchFullAccessV2",
	 POLICY(ALLOW("\"cloudwatch:*\",\"logs:*\",\"sns:CreateTopic\",\"sns:ListSubscriptions\","
		      "\"sns:ListSubscriptionsByTopic\",\"sns:ListTopics\",\"sns:Subscribe\","
		      "\"application-autoscaling:DescribeScalingPolicies\","
		      "\"autoscaling:DescribePolicies\",\"iam:GetPolicy\","
		      "\"iam:GetPolicyVersion\",\"iam:GetRole\""))},
	{"/", "CloudWatchReadOnlyAccess",
	 POLICY(ALLOW("\"cloudwatch:BatchGet*\",\"cloudwatch:Describe*\",\"cloudwatch:Get*\","
		      "\"cloudwatch:List*\",\"cloudwatch:GenerateQuery\",\"logs:Get*\","
		      "\"logs:List*\",\"logs:Describe*\",\"logs:StartQuery\",\"logs:StopQuery\","
		      "\"logs:TestMetricFilter\",\"logs:FilterLogEvents\",\"sns:Get*\","
		      "\"sns:List*\",\"autoscaling:Describe*\","
		      "\"application-autoscaling:DescribeScalingPolicies\""))},
	{"/", "CloudWatchLogsFullAccess", POLICY(ALLOW("\"logs:*\""))},
	{"/", "CloudWatchAgentServerPolicy",
	 POLICY(ALLOW("\"cloudwatch:PutMetricData\",\"logs:PutRetentionPolicy\","
		      "\"logs:DescribeLogGroups\",\"logs:DescribeLogStreams\"," LOGS))},
	{"/", "AWSKeyManagementServicePowerUser",
	 POLICY(ALLOW("\"kms:CreateAlias\",\"kms:CreateKey\",\"kms:DeleteAlias\","
		      "\"kms:Describe*\",\"kms:GenerateRandom\",\"kms:Get*\",\"kms:List*\","
		      "\"kms:TagResource\",\"kms:UntagResource\",\"iam:ListGroups\","
		      "\"iam:ListRoles\",\"iam:ListUsers\""))},
	{"/", "IAMFullAccess", POLICY(ALLOW("\"iam:*\",\"organizations:Describe*\""))},
	{"/", "IAMReadOnlyAccess",
	 POLICY(ALLOW("\"iam:Generate*\",\"iam:Get*\",\"iam:List*\",\"iam:Simulate*\""))},
	{"/", "IAMUserChangePassword",
	 POLICY("{\"Effect\":\"Allow\",\"Action\":\"iam:ChangePassword\",\"Resource\":"
		"\"arn:*:iam::*:user/${aws:username}\"}," ALLOW(
			"\"iam:GetAccountPasswordPolicy\""))},
	{"/", "AmazonECS_FullAccess",
	 POLICY(ALLOW("\"ecs:*\",\"application-autoscaling:*\",\"cloudwatch:DescribeAlarms\","
		      "\"cloudwatch:PutMetricAlarm\",\"cloudwatch:DeleteAlarms\","
		      "\"cloudwatch:GetMetricStatistics\",\"logs:CreateLogGroup\","
		      "\"logs:DescribeLogGroups\",\"logs:FilterLogEvents\",\"ec2:Describe*\","
		      "\"iam:ListRoles\",\"iam:PassRole\",\"lambda:ListFunctions\","
		      "\"sns:ListTopics\""))},
	{"/", "AWSLambda_FullAccess",
	 POLICY(ALLOW("\"lambda:*\",\"cloudwatch:GetMetricData\",\"cloudwatch:ListMetrics\","
		      "\"ec2:DescribeSecurityGroups\",\"ec2:DescribeSubnets\","
		      "\"ec2:DescribeVpcs\",\"iam:GetPolicy\",\"iam:GetPolicyVersion\","
		      "\"iam:GetRole\",\"iam:GetRolePolicy\",\"iam:ListAttachedRolePolicies\","
		      "\"iam:ListRolePolicies\",\"iam:ListRoles\",\"kms:ListAliases\","
		      "\"logs:DescribeLogGroups\"") ","
						    "{\"Effect\":\"Allow\",\"Action\":\"iam:"
						    "PassRole\",\"Resource\":\"*\","
						    "\"Condition\":{\"StringEquals\":{\"iam:"
						    "PassedToService\":"
						    "\"lambda.amazonaws.com\"}}}")},
	{"/", "AWSLambda_ReadOnlyAccess",
	 POLICY(ALLOW("\"lambda:Get*\",\"lambda:List*\",\"cloudwatch:GetMetricData\","
		      "\"cloudwatch:ListMetrics\",\"iam:GetPolicy\",\"iam:GetPolicyVersion\","
		      "\"iam:GetRole\",\"iam:ListRoles\",\"logs:DescribeLogGroups\""))},
	{"/", "AmazonS3FullAccess", POLICY(ALLOW("\"s3:*\",\"s3-object-lambda:*\""))},
	{"/", "AmazonS3ReadOnlyAccess",
	 POLICY(ALLOW("\"s3:Get*\",\"s3:List*\",\"s3:Describe*\",\"s3-object-lambda:Get*\","
		      "\"s3-object-lambda:List*\""))},
	{"/", "AmazonMQFullAccess",
	 POLICY(ALLOW("\"mq:*\",\"ec2:Describe*\",\"ec2:CreateNetworkInterface\","
		      "\"ec2:CreateNetworkInterfacePermission\",\"ec2:DeleteNetworkInterface\","
		      "\"logs:CreateLogGroup\",\"logs:PutResourcePolicy\""))},
	{"/", "AmazonMQReadOnlyAccess",
	 POLICY(ALLOW("\"mq:Describe*\",\"mq:List*\",\"ec2:Describe*\""))},
	{"/", "AmazonVPCFullAccess", POLICY(ALLOW("\"ec2:*\""))},
	{"/service-role/", "AWSLambdaBasicExecutionRole", POLICY(ALLOW(LOGS))},
	{"/service-role/", "AWSLambdaSQSQueueExecutionRole",
	 POLICY(ALLOW(
		 "\"sqs:ReceiveMessage\",\"sqs:DeleteMessage\",\"sqs:GetQueueAttributes\"," LOGS))},
	{"/service-role/", "AWSLambdaVPCAccessExecutionRole",
	 POLICY(ALLOW(
		 "\"ec2:CreateNetworkInterface\",\"ec2:DescribeNetworkInterfaces\","
		 "\"ec2:DescribeSubnets\",\"ec2:DeleteNetworkInterface\","
		 "\"ec2:AssignPrivateIpAddresses\",\"ec2:UnassignPrivateIpAddresses\"," LOGS))},
	{"/service-role/", "AmazonECSTaskExecutionRolePolicy",
	 POLICY(ALLOW("\"ecr:GetAuthorizationToken\",\"ecr:BatchCheckLayerAvailability\","
		      "\"ecr:GetDownloadUrlForLayer\",\"ecr:BatchGetImage\","
		      "\"logs:CreateLogStream\",\"logs:PutLogEvents\""))},
	{"/service-role/", "AmazonSNSRole",
	 POLICY(ALLOW(LOGS ",\"logs:PutMetricFilter\","
			   "\"logs:PutRetentionPolicy\""))},
	{"/aws-service-role/", "AWSApplicationAutoscalingECSServicePolicy",
	 POLICY(ALLOW("\"ecs:DescribeServices\",\"ecs:UpdateService\","
		      "\"cloudwatch:PutMetricAlarm\",\"cloudwatch:DescribeAlarms\","
		      "\"cloudwatch:DeleteAlarms\""))},
	{"/aws-service-role/", "AmazonECSServiceRolePolicy",
	 POLICY(ALLOW("\"ec2:Describe*\",\"logs:CreateLogGroup\",\"logs:CreateLogStream\","
		      "\"logs:DescribeLogGroups\",\"logs:PutLogEvents\","
		      "\"cloudwatch:DeleteAlarms\",\"cloudwatch:DescribeAlarms\","
		      "\"cloudwatch:PutMetricAlarm\",\"events:*\""))},
	{"/aws-service-role/", "AmazonMQServiceRolePolicy",
	 POLICY(ALLOW("\"ec2:Describe*\",\"logs:PutLogEvents\",\"logs:DescribeLogStreams\","
		      "\"logs:DescribeLogGroups\",\"logs:CreateLogStream\","
		      "\"logs:CreateLogGroup\""))},
};

/* The same for every server: ids of what AWS owns do not depend on who looks. */
static void make_id(struct str name, char out_id[DIRECTORY_ID_SIZE])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint8_t digest[32];

	sha256(name, digest);
	memcpy(out_id, "ANPA", 4);
	for (size_t i = 4; i < DIRECTORY_ID_SIZE; i++)
		out_id[i] = letters[digest[i] & 31];
}

/* 2015-02-06, when AWS published the first of them. */
#define PUBLISHED_MS INT64_C(1423180800000)

static struct str arn_of(struct arena *arena, const struct directory_aws_policy *policy)
{
	return arena_format(arena, "arn:aws:iam::aws:policy%.*s%.*s", STR_ARG(policy->path),
			    STR_ARG(policy->name));
}

bool directory_has_aws_policy(struct directory *directory, struct arena *arena,
			      const struct directory_aws_policy *policy)
{
	const struct directory_entity *found = directory_find_arn(directory, arn_of(arena, policy));

	directory_release(found);
	return found != NULL;
}

enum err directory_add_aws_policy(struct directory *directory, struct arena *arena,
				  const struct directory_aws_policy *policy,
				  struct str *out_problem)
{
	struct directory_version version = {.id = STR("v1"), .created_ms = PUBLISHED_MS};
	char id[DIRECTORY_ID_SIZE];
	struct str problem;

	make_id(policy->name, id);
	enum err err =
		policy_compile(arena, policy->document, POLICY_IDENTITY, &version.policy, &problem);
	if (err && out_problem)
		*out_problem = problem;
	if (err)
		return err;
	struct directory_entity draft = {
		.kind = DIRECTORY_POLICY,
		.account = DIRECTORY_AWS,
		.name = policy->name,
		.path = policy->path,
		.arn = arn_of(arena, policy),
		.id = str_of(id, sizeof(id)),
		.description = policy->description,
		.created_ms = PUBLISHED_MS,
		.updated_ms = PUBLISHED_MS,
		.versions = &version,
		.version_count = 1,
		.version_default = 1,
		.version_next = 2,
	};
	directory_put(directory, &draft);
	policy_release(version.policy);
	return ERR_OK;
}

void directory_add_managed(struct directory *directory)
{
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < sizeof(managed) / sizeof(managed[0]); i++) {
		struct directory_aws_policy policy = {
			.path = str_from(managed[i].path),
			.name = str_from(managed[i].name),
			.document = str_from(managed[i].document),
		};
		check(directory_add_aws_policy(directory, &arena, &policy, NULL) == ERR_OK);
	}
	arena_done(&arena);
}
