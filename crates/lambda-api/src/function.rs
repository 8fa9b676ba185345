//! Functions, versions and aliases.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::wire_enum::null_as_default;

/// One function, or one version of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionConfiguration {
    /// The function's name.
    pub function_name: String,
    /// The function's ARN, qualified when a version was addressed.
    pub function_arn: String,
    /// Such as `provided.al2023`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// The execution role's ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The code that the runtime calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    /// Bytes of the deployment package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_size: Option<i64>,
    /// The purpose of the function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Seconds that one invocation may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
    /// MiB of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_size: Option<i64>,
    /// Such as `2025-12-03T22:59:56.844+0000`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// Base64 of the deployment package's SHA-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,
    /// `$LATEST` or a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Environment variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentResponse>,
    /// Whether invocations are traced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracing_config: Option<TracingConfigResponse>,
    /// Changes with every change of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision_id: Option<String>,
    /// Such as `Active`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Such as `Successful`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update_status: Option<String>,
    /// `Zip` or `Image`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_type: Option<String>,
    /// Such as `x86_64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architectures: Option<Vec<String>>,
    /// Set for durable functions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub durable_config: Option<DurableConfig>,
    /// Set for functions on managed instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_provider_config: Option<CapacityProviderConfig>,
    /// Why the function is in its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<String>,
    /// The same for programs, such as `DrainingDurableExecutions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_reason_code: Option<String>,
    /// Where failed asynchronous invocations go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter_config: Option<DeadLetterConfig>,
    /// The key that encrypts the environment.
    #[serde(default, rename = "KMSKeyArn", skip_serializing_if = "Option::is_none")]
    pub kms_key_arn: Option<String>,
    /// Layers below the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<Layer>>,
    /// How logs are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging_config: Option<LoggingConfig>,
    /// The size of `/tmp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ephemeral_storage: Option<EphemeralStorage>,
    /// Whether published versions start from a snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snap_start: Option<SnapStart>,
    /// The network the function is attached to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_config: Option<VpcConfig>,
    /// Base64 of the SHA-256 over code and configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_sha256: Option<String>,
}

/// Where failed asynchronous invocations go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeadLetterConfig {
    /// A queue or a topic; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_arn: Option<String>,
}

/// One layer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Layer {
    /// The layer version's ARN.
    pub arn: String,
    /// Bytes of its package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_size: Option<i64>,
}

/// How logs are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LoggingConfig {
    /// `JSON` or `Text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_format: Option<String>,
    /// Least level of the function's own lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_log_level: Option<String>,
    /// Least level of the platform's lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_log_level: Option<String>,
    /// The log group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
}

/// The size of `/tmp`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EphemeralStorage {
    /// MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
}

/// Whether published versions start from a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SnapStart {
    /// `PublishedVersions` or `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply_on: Option<String>,
    /// `On` or `Off`; in answers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimization_status: Option<String>,
}

/// The network a function is attached to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct VpcConfig {
    /// Its subnets.
    #[serde(default, deserialize_with = "null_as_default")]
    pub subnet_ids: Vec<String>,
    /// Its security groups.
    #[serde(default, deserialize_with = "null_as_default")]
    pub security_group_ids: Vec<String>,
    /// The network; in answers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
}

/// The settings of a durable function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DurableConfig {
    /// Seconds that one execution may take; 1–31,622,400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_timeout: Option<i64>,
    /// Days that a finished execution is kept; 1–90.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_period_in_days: Option<i64>,
}

/// The capacity provider that runs a function's processes, other than Lambda itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CapacityProviderConfig {
    /// Required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_managed_instances_capacity_provider_config:
        Option<LambdaManagedInstancesCapacityProviderConfig>,
}

/// How a function runs on managed instances.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LambdaManagedInstancesCapacityProviderConfig {
    /// Required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_provider_arn: Option<String>,
    /// Invocations that one process has at one time; 1–1,600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_execution_environment_max_concurrency: Option<i64>,
    /// GiB of memory for each vCPU; 2–8.
    #[serde(
        default,
        rename = "ExecutionEnvironmentMemoryGiBPerVCpu",
        skip_serializing_if = "Option::is_none"
    )]
    pub execution_environment_memory_gib_per_vcpu: Option<f64>,
}

// A number read from JSON is never unequal to itself.
impl Eq for LambdaManagedInstancesCapacityProviderConfig {}
impl Eq for CapacityProviderConfig {}

/// Environment variables of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EnvironmentResponse {
    /// Names and values.
    #[serde(default, deserialize_with = "null_as_default")]
    pub variables: BTreeMap<String, String>,
}

/// Whether invocations are traced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TracingConfigResponse {
    /// `Active` or `PassThrough`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// Answer of `GET /2015-03-31/functions/{FunctionName}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetFunctionResponse {
    /// The function or version.
    pub configuration: FunctionConfiguration,
    /// Where its code is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<FunctionCodeLocation>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// The concurrency that is reserved for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
}

/// The concurrency that is reserved for a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Concurrency {
    /// Invocations at one time; absent when nothing is reserved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_concurrent_executions: Option<i64>,
}

/// Where a function's code is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionCodeLocation {
    /// The host of the code, such as `S3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_type: Option<String>,
    /// A URL from which it can be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// Answer of `GET /2015-03-31/functions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListFunctionsResponse {
    /// The functions of this page.
    #[serde(default, deserialize_with = "null_as_default")]
    pub functions: Vec<FunctionConfiguration>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
}

/// Answer of `GET /2015-03-31/functions/{FunctionName}/versions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListVersionsByFunctionResponse {
    /// The versions of this page, `$LATEST` among them.
    #[serde(default, deserialize_with = "null_as_default")]
    pub versions: Vec<FunctionConfiguration>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
}

/// Answer of `GET /2015-03-31/functions/{FunctionName}/aliases`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListAliasesResponse {
    /// The aliases of this page.
    #[serde(default, deserialize_with = "null_as_default")]
    pub aliases: Vec<AliasConfiguration>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
}

/// A name for a version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AliasConfiguration {
    /// The function's ARN qualified with the alias.
    pub alias_arn: String,
    /// 1–128 characters of `[a-zA-Z0-9-_]`, not all digits.
    pub name: String,
    /// The version it stands for.
    pub function_version: String,
    /// The purpose of the alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A second version that gets part of the traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_config: Option<AliasRoutingConfiguration>,
    /// Changes with every change of the alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision_id: Option<String>,
}

/// How an alias divides its traffic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AliasRoutingConfiguration {
    /// Version to share, 0.0–1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_version_weights: Option<BTreeMap<String, f64>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_configuration_round_trips() {
        let text = r#"{"FunctionName":"f","FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:1","Runtime":"provided.al2023","Timeout":30,"CodeSha256":"c2hh","Version":"1","Environment":{"Variables":{"A":"b"}},"DurableConfig":{"ExecutionTimeout":3600,"RetentionPeriodInDays":14}}"#;
        let configuration: FunctionConfiguration = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&configuration).unwrap(), text);
    }

    #[test]
    fn aliases_round_trip() {
        let text = r#"{"Aliases":[{"AliasArn":"arn:f:live","Name":"live","FunctionVersion":"3"}]}"#;
        let response: ListAliasesResponse = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&response).unwrap(), text);
    }
}
