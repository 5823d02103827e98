/* SPDX-License-Identifier: MIT */
/*
 * service_roles: roles that AWS's services create for themselves, and their AWS managed policies.
 * The names are AWS's; a service that is not in the table has no such role. Tern does not use the
 * roles of services that it does not serve.
 */
#include "services/iam/service_roles.h"

#include "base/arn.h"
#include "services/iam/store.h"
#include "services/iam/view.h"

#define ROLE_PREFIX "AWSServiceRoleFor"
#define POLICY_PATH "/aws-service-role/"

static const struct linked {
	const char *service; /* before ".amazonaws.com" */
	const char *name;    /* behind "AWSServiceRoleFor" */
	const char *policy;  /* behind "aws-service-role/" */
	bool takes_suffix;
} linked[] = {
	{"accountdiscovery.ssm", "AmazonSSM_AccountDiscovery",
	 "AWSSystemsManagerAccountDiscoveryServicePolicy", false},
	{"acm", "CertificateManager", "CertificateManagerServiceRolePolicy", false},
	{"apidestinations.events", "AmazonEventBridgeApiDestinations",
	 "AmazonEventBridgeApiDestinationsServiceRolePolicy", false},
	{"application-signals.cloudwatch", "CloudWatchApplicationSignals",
	 "CloudWatchApplicationSignalsServiceRolePolicy", false},
	{"appmesh", "AppMesh", "AWSAppMeshServiceRolePolicy", false},
	{"autoscaling-plans", "AutoScalingPlans_EC2AutoScaling",
	 "AWSAutoScalingPlansEC2AutoScalingPolicy", false},
	{"autoscaling", "AutoScaling", "AutoScalingServiceRolePolicy", true},
	{"backup", "Backup", "AWSBackupServiceLinkedRolePolicyForBackup", false},
	{"batch", "Batch", "BatchServiceRolePolicy", false},
	{"cassandra.application-autoscaling", "ApplicationAutoScaling_CassandraTable",
	 "AWSApplicationAutoscalingCassandraTablePolicy", false},
	{"cks.kms", "KeyManagementServiceCustomKeyStores",
	 "AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy", false},
	{"cloudtrail", "CloudTrail", "CloudTrailServiceRolePolicy", false},
	{"cloudwatch-crossaccount", "CloudWatchCrossAccount", "CloudWatch-CrossAccountAccess",
	 false},
	{"codestar-notifications", "CodeStarNotifications",
	 "AWSCodeStarNotificationsServiceRolePolicy", false},
	{"config", "Config", "AWSConfigServiceRolePolicy", false},
	{"connect", "AmazonConnect", "AmazonConnectServiceLinkedRolePolicy", true},
	{"dms-fleet-advisor", "DMSFleetAdvisor", "AWSDMSFleetAdvisorServiceRolePolicy", false},
	{"dms", "DMSServerless", "AWSDMSServerlessServiceRolePolicy", false},
	{"docdb-elastic", "DocDB-Elastic", "AmazonDocDB-ElasticServiceRolePolicy", false},
	{"dynamodb.application-autoscaling", "ApplicationAutoScaling_DynamoDBTable",
	 "AWSApplicationAutoscalingDynamoDBTablePolicy", false},
	{"ec2-instance-connect", "Ec2InstanceConnect", "Ec2InstanceConnectEndpoint", false},
	{"ec2.application-autoscaling", "ApplicationAutoScaling_EC2SpotFleetRequest",
	 "AWSApplicationAutoscalingEC2SpotFleetRequestPolicy", false},
	{"ecr", "ECRTemplate", "ECRTemplateServiceRolePolicy", false},
	{"ecs-compute", "ECSCompute", "AmazonECSComputeServiceRolePolicy", false},
	{"ecs", "ECS", "AmazonECSServiceRolePolicy", false},
	{"ecs.application-autoscaling", "ApplicationAutoScaling_ECSService",
	 "AWSApplicationAutoscalingECSServicePolicy", false},
	{"eks-connector", "AmazonEKSConnector", "AmazonEKSConnectorServiceRolePolicy", false},
	{"eks-fargate", "AmazonEKSForFargate", "AmazonEKSForFargateServiceRolePolicy", false},
	{"eks-nodegroup", "AmazonEKSNodegroup", "AWSServiceRoleForAmazonEKSNodegroup", false},
	{"eks", "AmazonEKS", "AmazonEKSServiceRolePolicy", false},
	{"elasticache", "ElastiCache", "ElastiCacheServiceRolePolicy", false},
	{"elasticache.application-autoscaling", "ApplicationAutoScaling_ElastiCacheRG",
	 "AWSApplicationAutoscalingElastiCacheRGPolicy", false},
	{"elasticbeanstalk", "ElasticBeanstalk", "AWSElasticBeanstalkServiceRolePolicy", false},
	{"elasticfilesystem", "AmazonElasticFileSystem", "AmazonElasticFileSystemServiceRolePolicy",
	 false},
	{"elasticloadbalancing", "ElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy",
	 false},
	{"email.cognito-idp", "AmazonCognitoIdpEmailService",
	 "AmazonCognitoIdpEmailServiceRolePolicy", false},
	{"emr-containers", "AmazonEMRContainers", "AmazonEMRContainersServiceRolePolicy", false},
	{"emrwal", "EMRWAL", "EMRDescribeClusterPolicyForEMRWAL", false},
	{"es", "AmazonElasticsearchService", "AmazonElasticsearchServiceRolePolicy", false},
	{"events", "CloudWatchEvents", "CloudWatchEventsServiceRolePolicy", false},
	{"fis", "FIS", "AmazonFISServiceRolePolicy", false},
	{"grafana", "AmazonGrafana", "AmazonGrafanaServiceLinkedRolePolicy", false},
	{"imagebuilder", "ImageBuilder", "AWSServiceRoleForImageBuilder", false},
	{"iotmanagedintegrations", "IoTManagedIntegrations", "AWSIoTManagedIntegrationsRolePolicy",
	 false},
	{"kafka", "Kafka", "KafkaServiceRolePolicy", false},
	{"kafka.application-autoscaling", "ApplicationAutoScaling_KafkaCluster",
	 "AWSApplicationAutoscalingKafkaClusterPolicy", false},
	{"kafkaconnect", "KafkaConnect", "KafkaConnectServiceRolePolicy", false},
	{"lakeformation", "LakeFormationDataAccess", "LakeFormationDataAccessServiceRolePolicy",
	 false},
	{"lambda.application-autoscaling", "ApplicationAutoScaling_LambdaConcurrency",
	 "AWSApplicationAutoscalingLambdaConcurrencyPolicy", false},
	{"lex", "LexBots", "AmazonLexBotPolicy", false},
	{"lexv2", "LexV2Bots", "AmazonLexV2BotPolicy", true},
	{"lightsail", "Lightsail", "LightsailExportAccess", false},
	{"m2", "AWSM2", "AWSM2ServicePolicy", false},
	{"memorydb", "MemoryDB", "MemoryDBServiceRolePolicy", false},
	{"mq", "AmazonMQ", "AmazonMQServiceRolePolicy", false},
	{"mrk.kms", "KeyManagementServiceMultiRegionKeys",
	 "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy", false},
	{"notifications", "AwsUserNotifications", "AWSUserNotificationsServiceLinkedRolePolicy",
	 false},
	{"observability.aoss", "AmazonOpenSearchServerless",
	 "AmazonOpenSearchServerlessServiceRolePolicy", false},
	{"opensearchservice", "AmazonOpenSearchService", "AmazonOpenSearchServiceRolePolicy",
	 false},
	{"ops.apigateway", "APIGateway", "APIGatewayServiceRolePolicy", false},
	{"ops.emr-serverless", "AmazonEMRServerless", "AmazonEMRServerlessServiceRolePolicy",
	 false},
	{"opsdatasync.ssm", "SystemsManagerOpsDataSync",
	 "AWSSystemsManagerOpsDataSyncServiceRolePolicy", false},
	{"opsinsights.ssm", "AmazonSSM_OpsInsights", "AWSSSMOpsInsightsServiceRolePolicy", false},
	{"pullthroughcache.ecr", "ECRPullThroughCache", "AWSECRPullThroughCache_ServiceRolePolicy",
	 false},
	{"ram", "ResourceAccessManager", "AWSResourceAccessManagerServiceRolePolicy", false},
	{"rds", "RDS", "AmazonRDSServiceRolePolicy", false},
	{"rds.application-autoscaling", "ApplicationAutoScaling_RDSCluster",
	 "AWSApplicationAutoscalingRDSClusterPolicy", false},
	{"redshift", "Redshift", "AmazonRedshiftServiceLinkedRolePolicy", false},
	{"replication.cassandra", "KeyspacesReplication", "KeyspacesReplicationServiceRolePolicy",
	 false},
	{"replication.ecr", "ECRReplication", "ECRReplicationServiceRolePolicy", false},
	{"replicator.lambda", "LambdaReplicator", "AWSLambdaReplicator", false},
	{"repository.sync.codeconnections", "GitSync", "AWSGitSyncServiceRolePolicy", false},
	{"resource-explorer-2", "ResourceExplorer", "AWSResourceExplorerServiceRolePolicy", false},
	{"rolesanywhere", "RolesAnywhere", "AWSRolesAnywhereServicePolicy", false},
	{"s3-outposts", "S3OnOutposts", "AWSS3OnOutpostsServiceRolePolicy", false},
	{"sagemaker.application-autoscaling", "ApplicationAutoScaling_SageMakerEndpoint",
	 "AWSApplicationAutoscalingSageMakerEndpointPolicy", false},
	{"ses", "AmazonSES", "AmazonSESServiceRolePolicy", false},
	{"shield", "AWSShield", "AWSShieldServiceRolePolicy", false},
	{"spot", "EC2Spot", "AWSEC2SpotServiceRolePolicy", false},
	{"spotfleet", "EC2SpotFleet", "AWSEC2SpotFleetServiceRolePolicy", false},
	{"ssm-incidents", "IncidentManager", "AWSIncidentManagerServiceRolePolicy", false},
	{"ssm-quicksetup", "SSMQuickSetup", "SSMQuickSetupRolePolicy", false},
	{"ssm.alarms.cloudwatch", "CloudWatchAlarms_ActionSSM",
	 "CloudWatchAlarms_ActionSSMServiceRolePolicy", false},
	{"ssm", "AmazonSSM", "AmazonSSMServiceRolePolicy", false},
	{"sso", "SSO", "AWSSSOServiceRolePolicy", false},
	{"transitgateway", "VPCTransitGateway", "AWSVPCTransitGatewayServiceRolePolicy", false},
	{"vpcorigin.cloudfront", "CloudFrontVPCOrigin", "AWSCloudFrontVPCOriginServiceRolePolicy",
	 false},
	{"waf", "WAFLogging", "WAFLoggingServiceRolePolicy", false},
	{"wafv2", "WAFV2Logging", "WAFV2LoggingServiceRolePolicy", false},
};
enum { LINKED_COUNT = sizeof(linked) / sizeof(linked[0]) };

static const struct linked *find_linked(struct str service)
{
	static const struct str domain = STR_INIT(".amazonaws.com");

	if (!str_ends(service, domain))
		return NULL;
	struct str name = str_slice(service, 0, service.size - domain.size);
	for (size_t i = 0; i < LINKED_COUNT; i++)
		if (str_equal(name, str_from(linked[i].service)))
			return &linked[i];
	return NULL;
}

/* The part of a service's name that its actions begin with: "ecs" of "ecs", "x.ecs". */
static struct str vendor_of(const struct linked *row)
{
	struct str vendor = STR(""), rest = str_from(row->service);

	while (rest.data)
		vendor = str_cut(&rest, '.');
	return vendor;
}

void iam_service_policies_add(struct directory *directory)
{
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < LINKED_COUNT; i++) {
		struct str vendor = vendor_of(&linked[i]);
		struct directory_aws_policy policy = {
			.path = STR(POLICY_PATH),
			.name = str_from(linked[i].policy),
			.document = arena_format(&arena,
						 "{\"Version\":\"2012-10-17\",\"Statement\":[{"
						 "\"Effect\":\"Allow\",\"Action\":\"%.*s:*\","
						 "\"Resource\":\"*\"}]}",
						 STR_ARG(vendor)),
		};
		if (!directory_has_aws_policy(directory, &arena, &policy))
			check(directory_add_aws_policy(directory, &arena, &policy, NULL) == ERR_OK);
	}
	arena_done(&arena);
}

/* ---- creating ---- */

static enum err draft_role(struct call *call, const struct linked *row,
			   const struct iam_create_service_linked_role_in *in,
			   struct directory_entity *out_draft)
{
	struct str service = in->aws_service_name, suffix = in->custom_suffix;
	struct str path = arena_format(call->arena, POLICY_PATH "%.*s/", STR_ARG(service));
	struct str name = arena_format(call->arena, ROLE_PREFIX "%s%s%.*s", row->name,
				       suffix.size > 0 ? "_" : "", STR_ARG(suffix));

	enum err err = iam_draft_new(call, DIRECTORY_ROLE, path, name, NULL, 0, out_draft);
	if (err && call->fault == &IAM_ENTITY_ALREADY_EXISTS)
		return fail(call, &IAM_INVALID_INPUT,
			    "Service role name %.*s has been taken in this account, please try a "
			    "different suffix.",
			    STR_ARG(name));
	if (!err && suffix.size > 0 && !row->takes_suffix)
		return fail(call, &IAM_INVALID_INPUT, "Custom suffix is not allowed for %.*s",
			    STR_ARG(service));
	if (err)
		return err;
	struct str trust = arena_format(
		call->arena,
		"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
		"{\"Service\":\"%.*s\"},\"Action\":\"sts:AssumeRole\"}]}",
		STR_ARG(service));
	out_draft->description = in->description;
	out_draft->session_seconds_max = IAM_SESSION_SECONDS;
	return iam_compile(call, trust, POLICY_TRUST, &out_draft->trust);
}

enum err iam_create_service_linked_role(struct call *call,
					const struct iam_create_service_linked_role_in *in,
					struct iam_create_service_linked_role_out *out)
{
	const struct linked *row = find_linked(in->aws_service_name);
	struct directory_entity draft;

	if (!row)
		return fail(call, &IAM_INVALID_INPUT, "Service name %.*s is not valid.",
			    STR_ARG(in->aws_service_name));
	iam_add_key(call, STR("iam:AWSServiceName"), in->aws_service_name);
	enum err err = draft_role(call, row, in, &draft);
	if (err)
		return err;
	struct str policy =
		arn_make(call->arena, STR("iam"), STR(""), DIRECTORY_AWS,
			 arena_format(call->arena, "policy" POLICY_PATH "%s", row->policy));
	draft.attached = &policy;
	draft.attached_count = 1;
	err = iam_store_put(call->core, &draft);
	if (err)
		return err;
	out->role = arena_new(call->arena, struct iam_role);
	*out->role = iam_show_role_shortly(call, &draft);
	return ERR_OK;
}

/* ---- deleting ---- */

/* Tern does not use such a role, so it is deleted at once, and the task's status is always
 * SUCCEEDED. */
enum err iam_delete_service_linked_role(struct call *call,
					const struct iam_delete_service_linked_role_in *in,
					struct iam_delete_service_linked_role_out *out)
{
	const struct directory_entity *role;

	enum err err = iam_open(call, DIRECTORY_ROLE, in->role_name, &role);
	if (err)
		return err;
	if (!str_starts(role->path, STR("/aws-service-role/")))
		return fail(call, &IAM_INVALID_INPUT, "Role %.*s is not a service-linked role.",
			    STR_ARG(role->name));
	out->deletion_task_id = arena_format(call->arena, "task%.*s%.*s/%.*s", STR_ARG(role->path),
					     STR_ARG(role->name), UUID_TEXT_SIZE, call->request_id);
	return iam_store_remove(call->core, role->id);
}

enum err iam_get_service_linked_role_deletion_status(
	struct call *call, const struct iam_get_service_linked_role_deletion_status_in *in,
	struct iam_get_service_linked_role_deletion_status_out *out)
{
	enum err err = call_authorize_any(call, call->operation->action);
	if (!err && !str_starts(in->deletion_task_id, STR("task/aws-service-role/")))
		err = fail(call, &IAM_NO_SUCH_ENTITY,
			   "The deletion task with id %.*s cannot be found.",
			   STR_ARG(in->deletion_task_id));
	out->status = STR("SUCCEEDED");
	return err;
}
