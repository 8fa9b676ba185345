//! Event source mappings: they invoke a function with the records of a queue or stream.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::timestamp::EpochSeconds;

/// Body of `CreateEventSourceMapping` and of `UpdateEventSourceMapping`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct EventSourceMappingRequest {
    /// The queue or stream; create only.
    pub event_source_arn: Option<String>,
    /// Name or ARN of the function, version or alias.
    pub function_name: Option<String>,
    /// Whether it is read.
    pub enabled: Option<bool>,
    /// Records of one invocation at the most.
    pub batch_size: Option<i64>,
    /// How long a batch is waited for, in seconds.
    pub maximum_batching_window_in_seconds: Option<i64>,
    /// Which records count.
    pub filter_criteria: Option<FilterCriteria>,
    /// How many invocations there are at a time.
    pub scaling_config: Option<ScalingConfig>,
    /// The allowed kinds of answers of the function.
    pub function_response_types: Option<Vec<String>>,
    /// Create only.
    pub tags: Option<BTreeMap<String, String>>,
    /// The key that encrypts the filters.
    #[serde(rename = "KMSKeyArn")]
    pub kms_key_arn: Option<String>,
    /// Of streams alone.
    pub starting_position: Option<IgnoredAny>,
    /// Of streams alone.
    pub starting_position_timestamp: Option<IgnoredAny>,
    /// Of streams alone.
    pub parallelization_factor: Option<IgnoredAny>,
    /// Of streams alone.
    pub destination_config: Option<IgnoredAny>,
    /// Of streams alone.
    pub maximum_record_age_in_seconds: Option<IgnoredAny>,
    /// Of streams alone.
    pub bisect_batch_on_function_error: Option<IgnoredAny>,
    /// Of streams alone.
    pub maximum_retry_attempts: Option<IgnoredAny>,
    /// Of streams alone.
    pub tumbling_window_in_seconds: Option<IgnoredAny>,
    /// Of Kafka alone.
    pub topics: Option<IgnoredAny>,
    /// Of Amazon MQ alone.
    pub queues: Option<IgnoredAny>,
    /// Of sources that ask for credentials.
    pub source_access_configurations: Option<IgnoredAny>,
    /// A Kafka cluster.
    pub self_managed_event_source: Option<IgnoredAny>,
    /// Pollers that are paid for.
    pub provisioned_poller_config: Option<IgnoredAny>,
}

/// Which records count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct FilterCriteria {
    /// One that matches is enough.
    pub filters: Vec<Filter>,
}

/// One pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Filter {
    /// JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

/// How many invocations there are at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ScalingConfig {
    /// 2–1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_concurrency: Option<i64>,
}

/// An event source mapping.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct EventSourceMappingConfiguration {
    /// Its id.
    #[serde(rename = "UUID")]
    pub uuid: String,
    /// Its ARN.
    pub event_source_mapping_arn: String,
    /// Records of one invocation at the most.
    pub batch_size: i64,
    /// How long a batch is waited for, in seconds.
    pub maximum_batching_window_in_seconds: i64,
    /// The queue.
    pub event_source_arn: String,
    /// The function, version or alias.
    pub function_arn: String,
    /// When it was changed.
    pub last_modified: EpochSeconds,
    /// The result of the last batch.
    pub last_processing_result: String,
    /// Such as `Enabled`.
    pub state: String,
    /// The cause of the last change of state.
    pub state_transition_reason: String,
    /// The allowed kinds of answers of the function.
    pub function_response_types: Vec<String>,
    /// Which records count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_criteria: Option<FilterCriteria>,
    /// How many invocations there are at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaling_config: Option<ScalingConfig>,
}

/// Answer of `ListEventSourceMappings`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListEventSourceMappingsResponse {
    /// The mappings of this page.
    pub event_source_mappings: Vec<EventSourceMappingConfiguration>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
}
