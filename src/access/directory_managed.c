/* SPDX-License-Identifier: MIT */
/*
 * directory_managed: AWS's managed policies of the services that Tern serves or will serve, with
 * documents of our own: their meaning for these services is that of AWS's, their text is shorter.
 * An operator may put others in their place (--managed-policies).
 */
#include "access/directory_private.h"

#include <string.h>

#include "base/arn.h"
#include "format/json.h"

/* clang-format off: a list a row */

/* Actions that are allowed on every resource. */
static const struct {
	const char *path, *name, *actions;
} lists[] = {
	{"/", "AdministratorAccess", "*"},
	{"/", "AmazonEC2ContainerRegistryFullAccess", "ecr:* cloudtrail:LookupEvents"},
	{"/", "AmazonEC2ContainerRegistryPowerUser",
	 "ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability "
	 "ecr:GetDownloadUrlForLayer ecr:GetRepositoryPolicy ecr:DescribeRepositories "
	 "ecr:ListImages ecr:DescribeImages ecr:BatchGetImage ecr:GetLifecyclePolicy "
	 "ecr:GetLifecyclePolicyPreview ecr:ListTagsForResource "
	 "ecr:DescribeImageScanFindings ecr:InitiateLayerUpload ecr:UploadLayerPart "
	 "ecr:CompleteLayerUpload ecr:PutImage"},
	{"/", "AmazonEC2ContainerRegistryReadOnly",
	 "ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability "
	 "ecr:GetDownloadUrlForLayer ecr:GetRepositoryPolicy ecr:DescribeRepositories "
	 "ecr:ListImages ecr:DescribeImages ecr:BatchGetImage ecr:GetLifecyclePolicy "
	 "ecr:GetLifecyclePolicyPreview ecr:ListTagsForResource "
	 "ecr:DescribeImageScanFindings"},
	{"/", "AmazonEC2ReadOnlyAccess",
	 "ec2:Describe* ec2:GetSecurityGroupsForVpc elasticloadbalancing:Describe* "
	 "cloudwatch:ListMetrics cloudwatch:GetMetricStatistics cloudwatch:Describe* "
	 "autoscaling:Describe*"},
	{"/", "AmazonEventBridgePipesOperatorAccess",
	 "pipes:DescribePipe pipes:ListPipes pipes:ListTagsForResource pipes:StartPipe "
	 "pipes:StopPipe"},
	{"/", "AmazonEventBridgePipesReadOnlyAccess",
	 "pipes:DescribePipe pipes:ListPipes pipes:ListTagsForResource"},
	{"/", "AmazonEventBridgeReadOnlyAccess",
	 "events:Describe* events:List* events:TestEventPattern schemas:Describe* "
	 "schemas:List* schemas:Get* scheduler:Get* scheduler:List* pipes:Describe* "
	 "pipes:List*"},
	{"/", "AmazonEventBridgeSchedulerReadOnlyAccess", "scheduler:List* scheduler:Get*"},
	{"/", "AmazonMQApiFullAccess",
	 "mq:* ec2:Describe* ec2:CreateNetworkInterface "
	 "ec2:CreateNetworkInterfacePermission ec2:DeleteNetworkInterface "
	 "logs:CreateLogGroup logs:PutResourcePolicy"},
	{"/", "AmazonMQApiReadOnlyAccess", "mq:Describe* mq:List* ec2:Describe*"},
	{"/", "AmazonMQFullAccess",
	 "mq:* ec2:Describe* ec2:CreateNetworkInterface "
	 "ec2:CreateNetworkInterfacePermission ec2:DeleteNetworkInterface "
	 "logs:CreateLogGroup logs:PutResourcePolicy"},
	{"/", "AmazonMQReadOnlyAccess", "mq:Describe* mq:List* ec2:Describe*"},
	{"/", "AmazonS3FullAccess", "s3:* s3-object-lambda:*"},
	{"/", "AmazonS3ReadOnlyAccess",
	 "s3:Get* s3:List* s3:Describe* s3-object-lambda:Get* s3-object-lambda:List*"},
	{"/", "AmazonSNSFullAccess", "sns:*"},
	{"/", "AmazonSNSReadOnlyAccess",
	 "sns:GetTopicAttributes sns:List* sns:CheckIfPhoneNumberIsOptedOut "
	 "sns:GetEndpointAttributes sns:GetDataProtectionPolicy "
	 "sns:GetPlatformApplicationAttributes sns:GetSMSAttributes "
	 "sns:GetSMSSandboxAccountStatus sns:GetSubscriptionAttributes"},
	{"/", "AmazonSQSFullAccess", "sqs:*"},
	{"/", "AmazonSQSReadOnlyAccess",
	 "sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListDeadLetterSourceQueues "
	 "sqs:ListQueues sqs:ListMessageMoveTasks sqs:ListQueueTags"},
	{"/", "AmazonSSMManagedInstanceCore",
	 "ssm:DescribeAssociation ssm:GetDeployablePatchSnapshotForInstance "
	 "ssm:GetDocument ssm:DescribeDocument ssm:GetManifest ssm:GetParameter "
	 "ssm:GetParameters ssm:ListAssociations ssm:ListInstanceAssociations "
	 "ssm:PutInventory ssm:PutComplianceItems ssm:PutConfigurePackageResult "
	 "ssm:UpdateAssociationStatus ssm:UpdateInstanceAssociationStatus "
	 "ssm:UpdateInstanceInformation ssmmessages:* ec2messages:*"},
	{"/", "AmazonVPCFullAccess", "ec2:*"},
	{"/", "AmazonVPCReadOnlyAccess", "ec2:Describe* ec2:Get*"},
	{"/", "AutoScalingFullAccess",
	 "autoscaling:* cloudwatch:PutMetricAlarm ec2:Describe* "
	 "elasticloadbalancing:Describe*"},
	{"/", "AutoScalingReadOnlyAccess",
	 "autoscaling:Describe* autoscaling:GetPredictiveScalingForecast"},
	{"/", "AWSKeyManagementServicePowerUser",
	 "kms:CreateAlias kms:CreateKey kms:DeleteAlias kms:Describe* "
	 "kms:GenerateRandom kms:Get* kms:List* kms:TagResource kms:UntagResource "
	 "iam:ListGroups iam:ListRoles iam:ListUsers"},
	{"/", "AWSLambda_ReadOnlyAccess",
	 "lambda:Get* lambda:List* cloudwatch:GetMetricData cloudwatch:ListMetrics "
	 "iam:GetPolicy iam:GetPolicyVersion iam:GetRole iam:ListRoles "
	 "logs:DescribeLogGroups"},
	{"/", "AWSLambdaExecute", "logs:* s3:GetObject s3:PutObject"},
	{"/", "AWSXRayDaemonWriteAccess",
	 "xray:PutTraceSegments xray:PutTelemetryRecords xray:GetSamplingRules "
	 "xray:GetSamplingTargets xray:GetSamplingStatisticSummaries"},
	{"/", "CloudWatchActionsEC2Access",
	 "cloudwatch:Describe* ec2:Describe* ec2:RebootInstances ec2:StopInstances "
	 "ec2:TerminateInstances"},
	{"/", "CloudWatchAgentAdminPolicy",
	 "cloudwatch:PutMetricData ec2:DescribeTags logs:CreateLogGroup "
	 "logs:CreateLogStream logs:PutLogEvents logs:DescribeLogGroups "
	 "logs:DescribeLogStreams logs:PutRetentionPolicy ssm:GetParameter "
	 "ssm:PutParameter xray:PutTraceSegments xray:PutTelemetryRecords"},
	{"/", "CloudWatchAgentServerPolicy",
	 "cloudwatch:PutMetricData logs:PutRetentionPolicy logs:DescribeLogGroups "
	 "logs:DescribeLogStreams logs:CreateLogGroup logs:CreateLogStream "
	 "logs:PutLogEvents"},
	{"/", "CloudWatchEventsReadOnlyAccess",
	 "events:Describe* events:List* events:TestEventPattern schemas:Describe* "
	 "schemas:Get* schemas:List* schemas:Search*"},
	{"/", "CloudWatchFullAccess",
	 "cloudwatch:* logs:* sns:* autoscaling:Describe* iam:GetPolicy "
	 "iam:GetPolicyVersion iam:GetRole"},
	{"/", "CloudWatchFullAccessV2",
	 "cloudwatch:* logs:* sns:CreateTopic sns:ListSubscriptions "
	 "sns:ListSubscriptionsByTopic sns:ListTopics sns:Subscribe "
	 "application-autoscaling:DescribeScalingPolicies autoscaling:DescribePolicies "
	 "iam:GetPolicy iam:GetPolicyVersion iam:GetRole"},
	{"/", "CloudWatchLogsFullAccess", "logs:*"},
	{"/", "CloudWatchLogsReadOnlyAccess",
	 "logs:Describe* logs:Get* logs:List* logs:StartQuery logs:StopQuery "
	 "logs:TestMetricFilter logs:FilterLogEvents logs:StartLiveTail "
	 "logs:StopLiveTail"},
	{"/", "CloudWatchReadOnlyAccess",
	 "cloudwatch:BatchGet* cloudwatch:Describe* cloudwatch:Get* cloudwatch:List* "
	 "cloudwatch:GenerateQuery logs:Get* logs:List* logs:Describe* logs:StartQuery "
	 "logs:StopQuery logs:TestMetricFilter logs:FilterLogEvents sns:Get* sns:List* "
	 "autoscaling:Describe* application-autoscaling:DescribeScalingPolicies"},
	{"/", "IAMAccessAdvisorReadOnly",
	 "iam:GenerateServiceLastAccessedDetails iam:GetServiceLastAccessedDetails "
	 "iam:GetServiceLastAccessedDetailsWithEntities iam:ListRoles iam:ListUsers "
	 "iam:ListGroups iam:ListPolicies iam:ListPoliciesGrantingServiceAccess"},
	{"/", "IAMFullAccess", "iam:* organizations:Describe*"},
	{"/", "IAMReadOnlyAccess", "iam:Generate* iam:Get* iam:List* iam:Simulate*"},
	{"/", "ReadOnlyAccess",
	 "sqs:Get* sqs:List* sqs:Receive* sns:Check* sns:Get* sns:List* "
	 "events:Describe* events:List* events:Test* cloudwatch:Describe* "
	 "cloudwatch:Get* cloudwatch:List* kms:Describe* kms:Get* kms:List* iam:Get* "
	 "iam:List* iam:Generate* iam:Simulate* sts:GetAccessKeyInfo "
	 "sts:GetCallerIdentity sts:GetSessionToken ec2:Describe* ec2:Get* "
	 "application-autoscaling:Describe* application-autoscaling:List* "
	 "ecs:Describe* ecs:List* lambda:Get* lambda:List* logs:Describe* logs:Get* "
	 "logs:FilterLogEvents s3:Get* s3:List* ce:Get* ce:Describe* ce:List* "
	 "mq:Describe* mq:List* tag:Get*"},
	{"/", "SecurityAudit",
	 "sqs:GetQueueAttributes sqs:ListQueues sqs:ListQueueTags "
	 "sqs:ListDeadLetterSourceQueues sns:GetTopicAttributes sns:List* "
	 "events:Describe* events:List* cloudwatch:Describe* kms:Describe* "
	 "kms:GetKeyPolicy kms:GetKeyRotationStatus kms:List* iam:Generate* iam:Get* "
	 "iam:List* iam:Simulate* ec2:Describe* ecs:Describe* ecs:List* "
	 "lambda:GetPolicy lambda:List* logs:Describe* s3:GetBucket* "
	 "s3:ListAllMyBuckets mq:Describe* mq:List*"},
	{"/job-function/", "Billing",
	 "account:GetAccountInformation aws-portal:* billing:* budgets:* ce:* "
	 "consolidatedbilling:* cur:* freetier:* invoicing:* payments:* tax:*"},
	{"/job-function/", "NetworkAdministrator",
	 "autoscaling:Describe* cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms "
	 "cloudwatch:GetMetricStatistics cloudwatch:PutMetricAlarm ec2:* "
	 "elasticloadbalancing:* logs:DescribeLogGroups logs:DescribeLogStreams "
	 "logs:GetLogEvents route53:* sns:CreateTopic sns:ListSubscriptionsByTopic "
	 "sns:ListTopics iam:GetRole iam:ListRoles"},
	{"/job-function/", "SystemAdministrator",
	 "acm:Describe* acm:Get* acm:List* autoscaling:* cloudtrail:LookupEvents "
	 "cloudwatch:* config:* ec2:* elasticloadbalancing:* iam:Get* iam:List* "
	 "kms:Describe* kms:Get* kms:List* lambda:* logs:* rds:* route53:* s3:Get* "
	 "s3:List* s3:PutObject sns:* sqs:* trustedadvisor:Describe*"},
	{"/job-function/", "ViewOnlyAccess",
	 "sqs:ListQueues sns:List* events:Describe* events:List* cloudwatch:Describe* "
	 "cloudwatch:Get* cloudwatch:List* kms:ListAliases kms:ListKeys iam:List* "
	 "iam:GetAccountSummary ec2:Describe* ecs:Describe* ecs:List* lambda:List* "
	 "logs:Describe* s3:ListAllMyBuckets mq:List*"},
	{"/service-role/", "AmazonEC2ContainerServiceAutoscaleRole",
	 "ecs:DescribeServices ecs:UpdateService cloudwatch:DescribeAlarms "
	 "cloudwatch:PutMetricAlarm"},
	{"/service-role/", "AmazonEC2ContainerServiceforEC2Role",
	 "ec2:DescribeTags ecs:CreateCluster ecs:DeregisterContainerInstance "
	 "ecs:DiscoverPollEndpoint ecs:Poll ecs:RegisterContainerInstance "
	 "ecs:StartTelemetrySession ecs:UpdateContainerInstancesState ecs:Submit* "
	 "ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability "
	 "ecr:GetDownloadUrlForLayer ecr:BatchGetImage logs:CreateLogStream "
	 "logs:PutLogEvents"},
	{"/service-role/", "AmazonEC2ContainerServiceRole",
	 "ec2:AuthorizeSecurityGroupIngress ec2:Describe* "
	 "elasticloadbalancing:DeregisterInstancesFromLoadBalancer "
	 "elasticloadbalancing:DeregisterTargets elasticloadbalancing:Describe* "
	 "elasticloadbalancing:RegisterInstancesWithLoadBalancer "
	 "elasticloadbalancing:RegisterTargets"},
	{"/service-role/", "AmazonECSTaskExecutionRolePolicy",
	 "ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability "
	 "ecr:GetDownloadUrlForLayer ecr:BatchGetImage logs:CreateLogStream "
	 "logs:PutLogEvents"},
	{"/service-role/", "AmazonS3ObjectLambdaExecutionRolePolicy",
	 "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents "
	 "s3-object-lambda:WriteGetObjectResponse"},
	{"/service-role/", "AmazonSNSRole",
	 "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents "
	 "logs:PutMetricFilter logs:PutRetentionPolicy"},
	{"/service-role/", "AutoScalingNotificationAccessRole",
	 "sqs:SendMessage sqs:GetQueueUrl sns:Publish"},
	{"/service-role/", "AWSLambdaBasicExecutionRole",
	 "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents"},
	{"/service-role/", "AWSLambdaDynamoDBExecutionRole",
	 "dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator "
	 "dynamodb:ListStreams logs:CreateLogGroup logs:CreateLogStream "
	 "logs:PutLogEvents"},
	{"/service-role/", "AWSLambdaENIManagementAccess",
	 "ec2:CreateNetworkInterface ec2:DescribeNetworkInterfaces "
	 "ec2:DeleteNetworkInterface ec2:AssignPrivateIpAddresses "
	 "ec2:UnassignPrivateIpAddresses"},
	{"/service-role/", "AWSLambdaKinesisExecutionRole",
	 "kinesis:DescribeStream kinesis:DescribeStreamSummary kinesis:GetRecords "
	 "kinesis:GetShardIterator kinesis:ListShards kinesis:ListStreams "
	 "kinesis:SubscribeToShard logs:CreateLogGroup logs:CreateLogStream "
	 "logs:PutLogEvents"},
	{"/service-role/", "AWSLambdaMSKExecutionRole",
	 "kafka:DescribeCluster kafka:DescribeClusterV2 kafka:GetBootstrapBrokers "
	 "ec2:CreateNetworkInterface ec2:DescribeNetworkInterfaces ec2:DescribeVpcs "
	 "ec2:DeleteNetworkInterface ec2:DescribeSubnets ec2:DescribeSecurityGroups "
	 "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents"},
	{"/service-role/", "AWSLambdaRole", "lambda:InvokeFunction"},
	{"/service-role/", "AWSLambdaSQSQueueExecutionRole",
	 "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes "
	 "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents"},
	{"/service-role/", "AWSLambdaVPCAccessExecutionRole",
	 "ec2:CreateNetworkInterface ec2:DescribeNetworkInterfaces ec2:DescribeSubnets "
	 "ec2:DeleteNetworkInterface ec2:AssignPrivateIpAddresses "
	 "ec2:UnassignPrivateIpAddresses logs:CreateLogGroup logs:CreateLogStream "
	 "logs:PutLogEvents"},
	{"/service-role/", "CloudWatchEventsBuiltInTargetExecutionAccess",
	 "ec2:Describe* ec2:RebootInstances ec2:StopInstances ec2:TerminateInstances "
	 "ec2:CreateSnapshot"},
	{"/service-role/", "CloudWatchEventsInvocationAccess", "kinesis:PutRecord"},
	{"/aws-service-role/", "AmazonECSServiceRolePolicy",
	 "ec2:Describe* logs:CreateLogGroup logs:CreateLogStream "
	 "logs:DescribeLogGroups logs:PutLogEvents cloudwatch:DeleteAlarms "
	 "cloudwatch:DescribeAlarms cloudwatch:PutMetricAlarm events:*"},
	{"/aws-service-role/", "AmazonEventBridgeApiDestinationsServiceRolePolicy",
	 "secretsmanager:CreateSecret secretsmanager:UpdateSecret "
	 "secretsmanager:DescribeSecret secretsmanager:DeleteSecret "
	 "secretsmanager:GetSecretValue secretsmanager:PutSecretValue"},
	{"/aws-service-role/", "AmazonMQServiceRolePolicy",
	 "ec2:Describe* logs:PutLogEvents logs:DescribeLogStreams "
	 "logs:DescribeLogGroups logs:CreateLogStream logs:CreateLogGroup"},
	{"/aws-service-role/", "AutoScalingServiceRolePolicy",
	 "ec2:AttachClassicLinkVpc ec2:CancelSpotInstanceRequests ec2:CreateFleet "
	 "ec2:CreateTags ec2:DeleteTags ec2:Describe* ec2:DetachClassicLinkVpc "
	 "ec2:GetInstanceTypesFromInstanceRequirements ec2:ModifyInstanceAttribute "
	 "ec2:RequestSpotInstances ec2:RunInstances ec2:StartInstances "
	 "ec2:StopInstances ec2:TerminateInstances elasticloadbalancing:Register* "
	 "elasticloadbalancing:Deregister* elasticloadbalancing:Describe* "
	 "cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms cloudwatch:GetMetricData "
	 "cloudwatch:PutMetricAlarm sns:Publish"},
	{"/aws-service-role/", "AWSApplicationAutoscalingDynamoDBTablePolicy",
	 "dynamodb:DescribeTable dynamodb:UpdateTable cloudwatch:PutMetricAlarm "
	 "cloudwatch:DescribeAlarms cloudwatch:DeleteAlarms"},
	{"/aws-service-role/", "AWSApplicationAutoscalingEC2SpotFleetRequestPolicy",
	 "ec2:DescribeSpotFleetRequests ec2:ModifySpotFleetRequest "
	 "cloudwatch:PutMetricAlarm cloudwatch:DescribeAlarms cloudwatch:DeleteAlarms"},
	{"/aws-service-role/", "AWSApplicationAutoscalingECSServicePolicy",
	 "ecs:DescribeServices ecs:UpdateService cloudwatch:PutMetricAlarm "
	 "cloudwatch:DescribeAlarms cloudwatch:DeleteAlarms"},
	{"/aws-service-role/", "AWSApplicationAutoscalingLambdaConcurrencyPolicy",
	 "lambda:PutProvisionedConcurrencyConfig "
	 "lambda:GetProvisionedConcurrencyConfig "
	 "lambda:DeleteProvisionedConcurrencyConfig cloudwatch:PutMetricAlarm "
	 "cloudwatch:DescribeAlarms cloudwatch:DeleteAlarms"},
	{"/aws-service-role/", "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy",
	 "kms:SynchronizeMultiRegionKey"},
	{"/aws-service-role/", "AWSLambdaReplicator",
	 "lambda:CreateFunction lambda:DeleteFunction lambda:DisableReplication"},
	{"/aws-service-role/", "CloudWatchEventsServiceRolePolicy",
	 "cloudwatch:DescribeAlarms ec2:Describe* ec2:RebootInstances "
	 "ec2:StopInstances ec2:TerminateInstances ec2:CreateSnapshot"},
};

/* Managed policies that need more than a list of actions. */
static const struct {
	const char *path, *name, *document;
} documents[] = {
	{"/", "AmazonEC2FullAccess",
	 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
	 "\"Action\":[\"ec2:*\",\"elasticloadbalancing:*\",\"cloudwatch:*\","
	 "\"autoscaling:*\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\","
	 "\"Action\":\"iam:CreateServiceLinkedRole\",\"Resource\":\"*\","
	 "\"Condition\":{\"StringEquals\":{\"iam:AWSServiceName\":[\"autoscal"
	 "ing.amazonaws.com\",\"ec2scheduled.amazonaws.com\","
	 "\"elasticloadbalancing.amazonaws.com\",\"spot.amazonaws.com\","
	 "\"spotfleet.amazonaws.com\",\"transitgateway.amazonaws.com\"]}}}"
	 "]}"},
	{"/", "AmazonECS_FullAccess",
	 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
	 "\"Action\":[\"ecs:*\",\"application-autoscaling:*\","
	 "\"cloudwatch:DescribeAlarms\",\"cloudwatch:PutMetricAlarm\","
	 "\"cloudwatch:DeleteAlarms\",\"cloudwatch:GetMetricStatistics\","
	 "\"logs:CreateLogGroup\",\"logs:DescribeLogGroups\","
	 "\"logs:FilterLogEvents\",\"ec2:Describe*\",\"iam:ListRoles\","
	 "\"lambda:ListFunctions\",\"sns:ListTopics\"],\"Resource\":\"*\"},"
	 "{\"Effect\":\"Allow\",\"Action\":\"iam:PassRole\",\"Resource\":\"*\","
	 "\"Condition\":{\"StringLike\":{\"iam:PassedToService\":[\"ecs-tasks"
	 ".amazonaws.com\",\"ecs.amazonaws.com\",\"ec2.amazonaws.com\","
	 "\"application-autoscaling.amazonaws.com\"]}}}]}"},
	{"/", "AmazonEventBridgeFullAccess",
	 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
	 "\"Action\":[\"events:*\",\"schemas:*\",\"scheduler:*\",\"pipes:*\"],"
	 "\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":\"iam:PassRole\","
	 "\"Resource\":\"arn:*:iam::*:role/*\","
	 "\"Condition\":{\"StringLike\":{\"iam:PassedToService\":[\"events.am"
	 "azonaws.com\",\"scheduler.amazonaws.com\","
	 "\"pipes.amazonaws.com\"]}}}]}"},
	{"/", "AmazonEventBridgePipesFullAccess",
	 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
	 "\"Action\":[\"pipes:*\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\","
	 "\"Action\":\"iam:PassRole\",\"Resource\":\"*\","
	 "\"Condition\":{\"StringLike\":{\"iam:PassedToService\":[\"pipes.ama"
	 "zonaws.com\"]}}}]}"},
	{"/", "AmazonEventBridgeSchedulerFullAccess",
	 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
	 "\"Action\":[\"scheduler:*\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\","
	 "\"Action\":\"iam:PassRole\",\"Resource\":\"*\","
	 "\"Condition\":{\"StringLike\":{\"iam:PassedToService\":[\"scheduler"
	 ".amazonaws.com\"]}}}]}"},
	{"/", "AWSLambda_FullAccess",
	 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
	 "\"Action\":[\"lambda:*\",\"cloudwatch:GetMetricData\","
	 "\"cloudwatch:ListMetrics\",\"ec2:DescribeSecurityGroups\","
	 "\"ec2:DescribeSubnets\",\"ec2:DescribeVpcs\",\"iam:GetPolicy\","
	 "\"iam:GetPolicyVersion\",\"iam:GetRole\",\"iam:GetRolePolicy\","
	 "\"iam:ListAttachedRolePolicies\",\"iam:ListRolePolicies\","
	 "\"iam:ListRoles\",\"kms:ListAliases\",\"logs:DescribeLogGroups\"],"
	 "\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":\"iam:PassRole\","
	 "\"Resource\":\"*\","
	 "\"Condition\":{\"StringEquals\":{\"iam:PassedToService\":\"lambda.a"
	 "mazonaws.com\"}}}]}"},
	{"/", "CloudWatchEventsFullAccess",
	 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
	 "\"Action\":[\"events:*\",\"schemas:*\"],\"Resource\":\"*\"},"
	 "{\"Effect\":\"Allow\",\"Action\":\"iam:PassRole\",\"Resource\":\"*\","
	 "\"Condition\":{\"StringLike\":{\"iam:PassedToService\":[\"events.am"
	 "azonaws.com\"]}}}]}"},
	{"/", "IAMSelfManageServiceSpecificCredentials",
	 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
	 "\"Action\":[\"iam:CreateServiceSpecificCredential\","
	 "\"iam:ListServiceSpecificCredentials\","
	 "\"iam:UpdateServiceSpecificCredential\","
	 "\"iam:DeleteServiceSpecificCredential\","
	 "\"iam:ResetServiceSpecificCredential\"],"
	 "\"Resource\":\"arn:aws:iam::*:user/${aws:username}\"}]}"},
	{"/", "IAMUserChangePassword",
	 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
	 "\"Action\":\"iam:ChangePassword\","
	 "\"Resource\":\"arn:*:iam::*:user/${aws:username}\"},"
	 "{\"Effect\":\"Allow\",\"Action\":[\"iam:GetAccountPasswordPolicy\"],"
	 "\"Resource\":\"*\"}]}"},
	{"/", "PowerUserAccess",
	 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
	 "\"NotAction\":[\"iam:*\",\"organizations:*\",\"account:*\",\"tern:*\"],"
	 "\"Resource\":\"*\"},{\"Effect\":\"Allow\","
	 "\"Action\":[\"iam:CreateServiceLinkedRole\","
	 "\"iam:DeleteServiceLinkedRole\",\"iam:ListRoles\","
	 "\"organizations:DescribeOrganization\",\"account:ListRegions\","
	 "\"account:GetAccountInformation\"],\"Resource\":\"*\"}]}"},
	{"/service-role/", "AmazonEC2ContainerServiceEventsRole",
	 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
	 "\"Action\":[\"ecs:RunTask\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\","
	 "\"Action\":\"iam:PassRole\",\"Resource\":\"*\","
	 "\"Condition\":{\"StringLike\":{\"iam:PassedToService\":[\"ecs-tasks"
	 ".amazonaws.com\"]}}}]}"},
};
/* clang-format on */

/* The ids of AWS's managed policies are the same on every server. */
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
	return arn_make(arena, STR("iam"), STR(""), DIRECTORY_AWS,
			arena_format(arena, "policy%.*s%.*s", STR_ARG(policy->path),
				     STR_ARG(policy->name)));
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

static struct str document_of(struct arena *arena, const char *actions)
{
	struct str rest = str_from(actions);
	struct json_writer writer;
	struct buf text = {0};

	json_begin(&writer, &text);
	json_open_object(&writer);
	json_key(&writer, STR("Version"));
	json_str(&writer, STR("2012-10-17"));
	json_key(&writer, STR("Statement"));
	json_open_object(&writer);
	json_key(&writer, STR("Effect"));
	json_str(&writer, STR("Allow"));
	json_key(&writer, STR("Action"));
	json_open_array(&writer);
	while (rest.data)
		json_str(&writer, str_cut(&rest, ' '));
	json_close_array(&writer);
	json_key(&writer, STR("Resource"));
	json_str(&writer, STR("*"));
	json_close_object(&writer);
	json_close_object(&writer);
	struct str copy = arena_copy(arena, buf_str(&text));
	buf_done(&text);
	return copy;
}

static void add(struct directory *directory, struct arena *arena, const char *path,
		const char *name, struct str document)
{
	struct directory_aws_policy policy = {
		.path = str_from(path), .name = str_from(name), .document = document};

	check(directory_add_aws_policy(directory, arena, &policy, NULL) == ERR_OK);
}

void directory_add_managed(struct directory *directory)
{
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		add(directory, &arena, lists[i].path, lists[i].name,
		    document_of(&arena, lists[i].actions));
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
		add(directory, &arena, documents[i].path, documents[i].name,
		    str_from(documents[i].document));
	arena_done(&arena);
}
