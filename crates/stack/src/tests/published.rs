//! Every property that AWS publishes is used, or causes a warning.
//!
//! Source: CloudFormation template reference and AWS SAM developer guide, read 2026-11-28.

use std::path::Path;
use std::sync::Arc;

use crate::LoadOptions;
use crate::load::{Source, build};
use crate::resource::{Assets, types};
use crate::template::{Parameters, Pseudo, Report, Text, parse};

/// Types that are served, with their properties.
const PUBLISHED: &[(&str, &str)] = &[
    (
        "AWS::Lambda::Function",
        "Architectures CapacityProviderConfig Code CodeSigningConfigArn DeadLetterConfig Description \
         DurableConfig Environment EphemeralStorage FileSystemConfigs FunctionName \
         FunctionScalingConfig Handler ImageConfig KmsKeyArn Layers LoggingConfig MemorySize \
         PackageType PublishToLatestPublished RecursiveLoop ReservedConcurrentExecutions Role Runtime \
         RuntimeManagementConfig SnapStart Tags TenancyConfig Timeout TracingConfig VpcConfig",
    ),
    (
        "AWS::Lambda::Alias",
        "Description FunctionName FunctionVersion Name ProvisionedConcurrencyConfig RoutingConfig",
    ),
    (
        "AWS::Lambda::Version",
        "CodeSha256 Description FunctionName FunctionScalingConfig ProvisionedConcurrencyConfig \
         RuntimePolicy",
    ),
    (
        "AWS::Lambda::Url",
        "AuthType Cors InvokeMode Qualifier TargetFunctionArn",
    ),
    (
        "AWS::Lambda::EventInvokeConfig",
        "DestinationConfig FunctionName MaximumEventAgeInSeconds MaximumRetryAttempts Qualifier",
    ),
    (
        "AWS::Lambda::LayerVersion",
        "CompatibleArchitectures CompatibleRuntimes Content Description LayerName LicenseInfo",
    ),
    (
        "AWS::Serverless::Function",
        "Architectures AssumeRolePolicyDocument AutoPublishAlias AutoPublishAliasAllProperties \
         AutoPublishCodeSha256 CapacityProviderConfig CodeSigningConfigArn CodeUri DeadLetterQueue \
         DeploymentPreference Description DurableConfig Environment EphemeralStorage \
         EventInvokeConfig Events FileSystemConfigs FunctionName FunctionScalingConfig \
         FunctionUrlConfig Handler ImageConfig ImageUri InlineCode KmsKeyArn Layers LoggingConfig \
         MemorySize PackageType PermissionsBoundary Policies PropagateTags \
         ProvisionedConcurrencyConfig PublishToLatestPublished RecursiveLoop \
         ReservedConcurrentExecutions Role RolePath Runtime RuntimeManagementConfig SnapStart \
         SourceKMSKeyArn Tags TenancyConfig Timeout Tracing VersionDeletionPolicy \
         VersionDescription VpcConfig",
    ),
    (
        "AWS::Serverless::Api",
        "AccessLogSetting AlwaysDeploy ApiKeySourceType Auth BinaryMediaTypes CacheClusterEnabled \
         CacheClusterSize CanarySetting Cors DefinitionBody DefinitionUri Description \
         DisableExecuteApiEndpoint Domain EndpointAccessMode EndpointConfiguration FailOnWarnings \
         GatewayResponses MergeDefinitions MethodSettings MinimumCompressionSize Mode Models Name \
         OpenApiVersion Policy PropagateTags SecurityPolicy StageName Tags TracingEnabled Variables",
    ),
    (
        "AWS::Serverless::HttpApi",
        "AccessLogSettings Auth CorsConfiguration DefaultRouteSettings DefinitionBody DefinitionUri \
         Description DisableExecuteApiEndpoint Domain FailOnWarnings Name PropagateTags \
         RouteSettings StageName StageVariables Tags",
    ),
    (
        "AWS::Serverless::SimpleTable",
        "PointInTimeRecoverySpecification PrimaryKey ProvisionedThroughput SSESpecification \
         TableName Tags",
    ),
    (
        "AWS::Serverless::LayerVersion",
        "CompatibleArchitectures CompatibleRuntimes ContentUri Description LayerName LicenseInfo \
         PublishLambdaVersion RetentionPolicy",
    ),
    (
        "AWS::Serverless::Application",
        "Location NotificationARNs Parameters Tags TimeoutInMinutes",
    ),
    (
        "AWS::CloudFormation::Stack",
        "NotificationARNs Parameters Tags TemplateURL TimeoutInMinutes",
    ),
    (
        "AWS::ApiGateway::RestApi",
        "ApiKeySourceType BinaryMediaTypes Body BodyS3Location CloneFrom Description \
         DisableExecuteApiEndpoint EndpointAccessMode EndpointConfiguration FailOnWarnings \
         MinimumCompressionSize Mode Name Parameters Policy SecurityPolicy Tags",
    ),
    ("AWS::ApiGateway::Resource", "ParentId PathPart RestApiId"),
    (
        "AWS::ApiGateway::Method",
        "ApiKeyRequired AuthorizationScopes AuthorizationType AuthorizerId HttpMethod Integration \
         MethodResponses OperationName RequestModels RequestParameters RequestValidatorId ResourceId \
         RestApiId",
    ),
    (
        "AWS::ApiGateway::Stage",
        "AccessLogSetting CacheClusterEnabled CacheClusterSize CanarySetting ClientCertificateId \
         DeploymentId Description DocumentationVersion MethodSettings RestApiId StageName Tags \
         TracingEnabled Variables",
    ),
    (
        "AWS::ApiGateway::Deployment",
        "DeploymentCanarySettings Description RestApiId StageDescription StageName",
    ),
    (
        "AWS::ApiGateway::Authorizer",
        "AuthType AuthorizerCredentials AuthorizerResultTtlInSeconds AuthorizerUri IdentitySource \
         IdentityValidationExpression Name ProviderARNs RestApiId Type",
    ),
    (
        "AWS::ApiGateway::RequestValidator",
        "Name RestApiId ValidateRequestBody ValidateRequestParameters",
    ),
    (
        "AWS::ApiGateway::Model",
        "ContentType Description Name RestApiId Schema",
    ),
    (
        "AWS::ApiGateway::ApiKey",
        "CustomerId Description Enabled GenerateDistinctId Name StageKeys Tags Value",
    ),
    (
        "AWS::ApiGateway::UsagePlan",
        "ApiStages Description Quota Tags Throttle UsagePlanName",
    ),
    ("AWS::ApiGateway::UsagePlanKey", "KeyId KeyType UsagePlanId"),
    (
        "AWS::ApiGatewayV2::Authorizer",
        "ApiId AuthorizerCredentialsArn AuthorizerPayloadFormatVersion \
         AuthorizerResultTtlInSeconds AuthorizerType AuthorizerUri EnableSimpleResponses \
         IdentitySource IdentityValidationExpression JwtConfiguration Name",
    ),
    (
        "AWS::ApiGatewayV2::Api",
        "ApiKeySelectionExpression BasePath Body BodyS3Location CorsConfiguration CredentialsArn \
         Description DisableExecuteApiEndpoint DisableSchemaValidation FailOnWarnings IpAddressType \
         Name ProtocolType RouteKey RouteSelectionExpression Tags Target Version",
    ),
    (
        "AWS::ApiGatewayV2::Route",
        "ApiId ApiKeyRequired AuthorizationScopes AuthorizationType AuthorizerId \
         ModelSelectionExpression OperationName RequestModels RequestParameters RouteKey \
         RouteResponseSelectionExpression Target",
    ),
    (
        "AWS::ApiGatewayV2::Integration",
        "ApiId ConnectionId ConnectionType ContentHandlingStrategy CredentialsArn Description \
         IntegrationMethod IntegrationSubtype IntegrationType IntegrationUri PassthroughBehavior \
         PayloadFormatVersion RequestParameters RequestTemplates ResponseParameters \
         TemplateSelectionExpression TimeoutInMillis TlsConfig",
    ),
    (
        "AWS::ApiGatewayV2::Stage",
        "AccessLogSettings AccessPolicyId ApiId AutoDeploy ClientCertificateId DefaultRouteSettings \
         DeploymentId Description RouteSettings StageName StageVariables Tags",
    ),
    (
        "AWS::ApiGatewayV2::Deployment",
        "ApiId Description StageName",
    ),
    (
        "AWS::Events::Rule",
        "Description EventBusName EventPattern Name RoleArn ScheduleExpression State Tags Targets",
    ),
    (
        "AWS::Scheduler::Schedule",
        "Description EndDate FlexibleTimeWindow GroupName KmsKeyArn Name ScheduleExpression \
         ScheduleExpressionTimezone StartDate State Target",
    ),
    (
        "AWS::DynamoDB::Table",
        "AttributeDefinitions BillingMode ContributorInsightsSpecification \
         DeletionProtectionEnabled GlobalSecondaryIndexes ImportSourceSpecification KeySchema \
         KinesisStreamSpecification LocalSecondaryIndexes OnDemandThroughput \
         PointInTimeRecoverySpecification ProvisionedThroughput ResourcePolicy SSESpecification \
         StreamSpecification TableClass TableName Tags TimeToLiveSpecification WarmThroughput",
    ),
    (
        "AWS::DynamoDB::GlobalTable",
        "AttributeDefinitions BillingMode GlobalSecondaryIndexes GlobalTableSettingsReplicationMode \
         GlobalTableSourceArn GlobalTableWitnesses KeySchema LocalSecondaryIndexes \
         MultiRegionConsistency ReadOnDemandThroughputSettings ReadProvisionedThroughputSettings \
         Replicas SSESpecification StreamSpecification TableName TimeToLiveSpecification \
         WarmThroughput WriteOnDemandThroughputSettings WriteProvisionedThroughputSettings",
    ),
    (
        "AWS::Lambda::EventSourceMapping",
        "AmazonManagedKafkaEventSourceConfig BatchSize BisectBatchOnFunctionError DestinationConfig \
         DocumentDBEventSourceConfig Enabled EventSourceArn FilterCriteria FunctionName \
         FunctionResponseTypes KmsKeyArn LoggingConfig MaximumBatchingWindowInSeconds \
         MaximumRecordAgeInSeconds MaximumRetryAttempts MetricsConfig ParallelizationFactor \
         ProvisionedPollerConfig Queues ScalingConfig SelfManagedEventSource \
         SelfManagedKafkaEventSourceConfig SourceAccessConfigurations StartingPosition \
         StartingPositionTimestamp Tags Topics TumblingWindowInSeconds",
    ),
    (
        "AWS::SQS::Queue",
        "ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit \
         KmsDataKeyReusePeriodSeconds KmsMasterKeyId MaximumMessageSize MessageRetentionPeriod \
         QueueName ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy \
         SqsManagedSseEnabled Tags VisibilityTimeout",
    ),
    ("AWS::SQS::QueuePolicy", "PolicyDocument Queues"),
    (
        "AWS::SNS::Topic",
        "ArchivePolicy ContentBasedDeduplication DataProtectionPolicy DeliveryStatusLogging \
         DisplayName FifoThroughputScope FifoTopic KmsMasterKeyId SignatureVersion Subscription Tags \
         TopicName TracingConfig",
    ),
    ("AWS::SNS::TopicPolicy", "PolicyDocument Topics"),
    (
        "AWS::SNS::Subscription",
        "DeliveryPolicy Endpoint FilterPolicy FilterPolicyScope Protocol RawMessageDelivery \
         RedrivePolicy Region ReplayPolicy SubscriptionRoleArn TopicArn",
    ),
    (
        "AWS::S3::Bucket",
        "AbacStatus AccelerateConfiguration AccessControl AnalyticsConfigurations BucketEncryption \
         BucketName BucketNamePrefix BucketNamespace CorsConfiguration \
         IntelligentTieringConfigurations InventoryConfigurations LifecycleConfiguration \
         LoggingConfiguration MetadataConfiguration MetadataTableConfiguration MetricsConfigurations \
         NotificationConfiguration ObjectLockConfiguration ObjectLockEnabled OwnershipControls \
         PublicAccessBlockConfiguration ReplicationConfiguration Tags VersioningConfiguration \
         WebsiteConfiguration",
    ),
    ("AWS::S3::BucketPolicy", "Bucket PolicyDocument"),
    (
        "AWS::Serverless::StateMachine",
        "AutoPublishAlias Definition DefinitionSubstitutions DefinitionUri DeploymentPreference Events Logging Name \
         PermissionsBoundary Policies PropagateTags Role RolePath Tags Tracing Type UseAliasAsEventTarget",
    ),
    (
        "AWS::StepFunctions::StateMachine",
        "Definition DefinitionS3Location DefinitionString DefinitionSubstitutions EncryptionConfiguration \
         LoggingConfiguration RoleArn StateMachineName StateMachineType Tags TracingConfiguration",
    ),
    (
        "AWS::StepFunctions::Activity",
        "EncryptionConfiguration Name Tags",
    ),
    (
        "AWS::SSM::Parameter",
        "AllowedPattern DataType Description Name Policies Tags Tier Type Value",
    ),
    (
        "AWS::SecretsManager::Secret",
        "Description GenerateSecretString KmsKeyId Name ReplicaRegions SecretString Tags Type",
    ),
];

/// Types that do nothing here: each causes one warning for the whole resource.
const NAMED: &[&str] = &["AWS::Kinesis::Stream"];

/// The warnings for a resource of this type with this property.
fn said(resource_type: &str, property: &str) -> Vec<(Option<String>, String)> {
    let template = format!(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  X:\n    Type: {resource_type}\n    \
         Properties:\n      {property}: {{}}\n"
    );
    let report = Report::new(Text {
        name: "template.yaml".to_owned(),
        content: Arc::new(template),
    });
    let root = parse(&report).unwrap();
    let options = LoadOptions::default();
    let source = Source {
        path: Path::new("/app/template.yaml"),
        assets: &Assets::default(),
        references: &options.references,
        around: Vec::new(),
    };
    let pseudo = Pseudo {
        region: options.region.clone(),
        account_id: options.account_id.clone(),
        stack_name: "demo".to_owned(),
    };
    // A single property rarely makes a valid resource: only the warnings about it count.
    let _stack = build(&root, &source, Parameters::default(), pseudo, &report);
    let warnings = report.warnings().into_iter();
    let mut said: Vec<_> = warnings.map(|it| (it.property, it.meaning)).collect();
    if let Err(invalid) = report.finish() {
        let problems = invalid.problems.into_iter();
        said.extend(problems.map(|it| (None, format!("{} [{}]", it.message, it.label))));
    }
    said
}

#[test]
fn every_published_property_is_used_or_named() {
    for (resource_type, properties) in PUBLISHED {
        let kind = types().into_iter().find(|kind| kind.name == *resource_type);
        let kind = kind.unwrap_or_else(|| panic!("{resource_type} is not served"));
        for property in properties.split_whitespace() {
            let known = kind.properties.iter().any(|it| it.name == property);
            assert!(known, "`{property}` of {resource_type} is in no table");
            for (about, meaning) in said(resource_type, property) {
                let is_unknown = meaning.contains("not known here")
                    || meaning.contains("no such property")
                    || meaning.contains("unknown property");
                assert!(
                    !is_unknown,
                    "{property} of {resource_type}: {about:?} {meaning}"
                );
            }
        }
    }
}

#[test]
fn every_type_that_is_served_is_published() {
    for kind in types() {
        let is_listed = PUBLISHED.iter().any(|(name, _)| *name == kind.name);
        assert!(is_listed, "list the properties of {}", kind.name);
    }
}

#[test]
fn what_is_ignored_is_named() {
    for kind in types() {
        for property in kind.properties {
            if let crate::template::Rule::Ignored(meaning) = property.rule {
                let said = said(kind.name, property.name);
                let named = said.iter().any(|(about, said)| {
                    about.as_deref() == Some(property.name) && said == meaning
                });
                assert!(named, "{} of {}: {said:?}", property.name, kind.name);
            }
        }
    }
}

#[test]
fn what_is_not_served_is_named_as_a_whole() {
    for resource_type in NAMED {
        let said = said(resource_type, "FunctionName");
        assert!(
            matches!(said.as_slice(), [(None, _)]),
            "{resource_type}: {said:?}"
        );
    }
}
