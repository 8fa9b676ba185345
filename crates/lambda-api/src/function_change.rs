//! Requests that create and change functions, versions and aliases.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::function::{
    AliasRoutingConfiguration, CapacityProviderConfig, DeadLetterConfig, DurableConfig,
    EphemeralStorage, LoggingConfig, SnapStart, TracingConfigResponse, VpcConfig,
};

/// Body of `CreateFunction` and of `UpdateFunctionConfiguration`: the members of both, and those that only one of them
/// takes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct FunctionRequest {
    /// Create only: a name or an ARN.
    pub function_name: Option<String>,
    /// Create only: the deployment package.
    pub code: Option<FunctionCode>,
    /// Create only: `Zip` or `Image`.
    pub package_type: Option<String>,
    /// Create only: whether a version is published at once.
    pub publish: Option<bool>,
    /// Create only.
    pub tags: Option<BTreeMap<String, String>>,
    /// Create only; `UpdateFunctionCode` changes it.
    pub architectures: Option<Vec<String>>,
    /// Update only: the revision that the caller has seen.
    pub revision_id: Option<String>,
    /// Such as `provided.al2023`.
    pub runtime: Option<String>,
    /// The execution role's ARN.
    pub role: Option<String>,
    /// The code that the runtime calls.
    pub handler: Option<String>,
    /// The purpose of the function.
    pub description: Option<String>,
    /// Seconds that one invocation may take.
    pub timeout: Option<i64>,
    /// MiB of memory.
    pub memory_size: Option<i64>,
    /// Environment variables.
    pub environment: Option<Environment>,
    /// Where failed asynchronous invocations go.
    pub dead_letter_config: Option<DeadLetterConfig>,
    /// The key that encrypts the environment.
    #[serde(rename = "KMSKeyArn")]
    pub kms_key_arn: Option<String>,
    /// Whether invocations are traced.
    pub tracing_config: Option<TracingConfigResponse>,
    /// ARNs of layer versions.
    pub layers: Option<Vec<String>>,
    /// How logs are written.
    pub logging_config: Option<LoggingConfig>,
    /// The size of `/tmp`.
    pub ephemeral_storage: Option<EphemeralStorage>,
    /// Whether published versions start from a snapshot.
    pub snap_start: Option<SnapStart>,
    /// The network the function is attached to.
    pub vpc_config: Option<VpcConfig>,
    /// The settings of a durable function.
    pub durable_config: Option<DurableConfig>,
    /// Mounted file systems.
    pub file_system_configs: Option<Vec<serde::de::IgnoredAny>>,
    /// Container settings.
    pub image_config: Option<serde::de::IgnoredAny>,
    /// Managed instances.
    pub capacity_provider_config: Option<CapacityProviderConfig>,
}

/// Environment variables as a request gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Environment {
    /// Names and values.
    pub variables: Option<BTreeMap<String, String>>,
}

/// The deployment package of `CreateFunction`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct FunctionCode {
    /// A zip archive, base64.
    pub zip_file: Option<String>,
    /// Where an archive lies.
    pub s3_bucket: Option<String>,
    /// Its key.
    pub s3_key: Option<String>,
    /// A container image.
    pub image_uri: Option<String>,
}

/// Body of `UpdateFunctionCode`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UpdateFunctionCodeRequest {
    /// A zip archive, base64.
    pub zip_file: Option<String>,
    /// Where an archive lies.
    pub s3_bucket: Option<String>,
    /// Its key.
    pub s3_key: Option<String>,
    /// A container image.
    pub image_uri: Option<String>,
    /// Such as `x86_64`.
    pub architectures: Option<Vec<String>>,
    /// Whether a version is published at once.
    pub publish: Option<bool>,
    /// Check everything, change nothing.
    pub dry_run: Option<bool>,
    /// The revision that the caller has seen.
    pub revision_id: Option<String>,
}

/// Body of `PublishVersion`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct PublishVersionRequest {
    /// Only if the code has this hash.
    pub code_sha256: Option<String>,
    /// The purpose of the version; otherwise the function's own description.
    pub description: Option<String>,
    /// The revision that the caller has seen.
    pub revision_id: Option<String>,
}

/// Body of `CreateAlias` and of `UpdateAlias`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AliasRequest {
    /// Create only.
    pub name: Option<String>,
    /// The version it stands for.
    pub function_version: Option<String>,
    /// The purpose of the alias.
    pub description: Option<String>,
    /// A second version that gets part of the traffic.
    pub routing_config: Option<AliasRoutingConfiguration>,
    /// Update only: the revision that the caller has seen.
    pub revision_id: Option<String>,
}
