//! The settings of a function for all its versions: tags, concurrency, asynchronous invocation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::timestamp::EpochSeconds;

/// Body of `TagResource`, answer of `ListTags`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tags {
    /// Keys and values; absent in a request that forgot them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// Body of `PutFunctionEventInvokeConfig` and `UpdateFunctionEventInvokeConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct EventInvokeConfigRequest {
    /// Tries after the first; 0–2.
    pub maximum_retry_attempts: Option<i64>,
    /// Longest time from acceptance to the last try; 60–21,600.
    pub maximum_event_age_in_seconds: Option<i64>,
    /// Where records of ended invocations go.
    pub destination_config: Option<DestinationConfig>,
}

/// Where records of ended asynchronous invocations go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DestinationConfig {
    /// After a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_success: Option<Destination>,
    /// After the last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<Destination>,
}

/// One destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Destination {
    /// An ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
}

/// How a function is invoked asynchronously.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionEventInvokeConfig {
    /// When it was set.
    pub last_modified: EpochSeconds,
    /// The function, version or alias.
    pub function_arn: String,
    /// Tries after the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_retry_attempts: Option<i64>,
    /// Longest time from acceptance to the last try, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_event_age_in_seconds: Option<i64>,
    /// Where records of ended invocations go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_config: Option<DestinationConfig>,
}

/// Answer of `ListFunctionEventInvokeConfigs`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListFunctionEventInvokeConfigsResponse {
    /// The configurations of this page.
    pub function_event_invoke_configs: Vec<FunctionEventInvokeConfig>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
}

/// Answer of `GetAccountSettings`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetAccountSettingsResponse {
    /// The limits.
    pub account_limit: AccountLimit,
    /// The usage.
    pub account_usage: AccountUsage,
}

/// The limits of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountLimit {
    /// Bytes of all code.
    pub total_code_size: i64,
    /// Bytes of one function's unpacked code.
    pub code_size_unzipped: i64,
    /// Bytes of one archive in a request.
    pub code_size_zipped: i64,
    /// Invocations at one time.
    pub concurrent_executions: i64,
    /// The same without the reserved executions.
    pub unreserved_concurrent_executions: i64,
}

/// The usage of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountUsage {
    /// Bytes of all code.
    pub total_code_size: i64,
    /// Functions.
    pub function_count: i64,
}
