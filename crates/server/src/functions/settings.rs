//! The settings that hold for all versions of a function, as they are stored.

use std::collections::{BTreeMap, BTreeSet};

use model::{FunctionName, Version};
use runtime::RetryPolicy;
use serde::{Deserialize, Serialize};
use store::FunctionSettingsRecord;

use super::{Activities, EventSourceMapping, MachineKey, StateMachineSettings};

/// Settings of one function. Members that an older server did not write have their defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct FunctionSettings {
    pub tags: BTreeMap<String, String>,
    pub reserved_concurrency: Option<u32>,
    /// Whether a template reserved it: then it is removed when the template no longer says so.
    pub concurrency_from_template: bool,
    /// By qualifier; `$LATEST` where the function was named without one.
    pub event_invoke: BTreeMap<String, EventInvoke>,
    /// The qualifiers whose settings a template gave: they are removed when the template no longer says so.
    pub event_invoke_from_template: BTreeSet<String>,
    /// Queues that it works off.
    pub event_sources: Vec<EventSourceMapping>,
    /// Deleted, and waits only for its durable executions.
    pub deleting: bool,
    /// The same for single versions.
    pub deleting_versions: BTreeSet<u64>,
    /// Versions that only deployments published (`AutoPublishAlias`), and no request: they are removed when nothing
    /// needs them.
    pub automatic_versions: BTreeSet<u64>,
    /// The newest of the deleted versions: numbers are not used again.
    pub last_deleted_version: u64,
    /// Of a state machine, once there are such settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<StateMachineSettings>,
    /// Only in the settings of the reserved name.
    #[serde(skip_serializing_if = "Activities::is_empty")]
    pub activities: Activities,
    /// Only there, too: the key from which the keys of state machines are derived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_key: Option<MachineKey>,
}

/// How a function, version or alias is invoked asynchronously.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EventInvoke {
    pub retries_max: Option<u32>,
    pub event_age_seconds_max: Option<u32>,
    pub on_success: Option<String>,
    pub on_failure: Option<String>,
    /// Milliseconds since 1970.
    pub modified_at: i64,
}

impl FunctionSettings {
    pub fn from_record(record: &FunctionSettingsRecord) -> serde_json::Result<Self> {
        serde_json::from_str(&record.settings)
    }

    pub fn to_record(&self, function: &FunctionName) -> FunctionSettingsRecord {
        FunctionSettingsRecord {
            function: function.clone(),
            settings: serde_json::to_string(self).expect("maps with text keys are always JSON"),
        }
    }

    /// Whether this version, or the whole function, is being deleted.
    pub fn is_deleting(&self, version: &Version) -> bool {
        match version {
            _ if self.deleting => true,
            Version::Latest => false,
            Version::Published(number) => self.deleting_versions.contains(number),
        }
    }

    /// Where the record of an ended asynchronous invocation goes.
    pub fn destination(&self, qualifier: &str, is_success: bool) -> Option<String> {
        let event_invoke = self.event_invoke.get(qualifier)?;
        let arn = if is_success {
            &event_invoke.on_success
        } else {
            &event_invoke.on_failure
        };
        arn.clone()
    }

    /// The retries of an asynchronous invocation with this qualifier.
    pub fn retry_policy(&self, qualifier: &str) -> RetryPolicy {
        let default = RetryPolicy::default();
        let Some(event_invoke) = self.event_invoke.get(qualifier) else {
            return default;
        };
        RetryPolicy {
            retries_max: event_invoke.retries_max.unwrap_or(default.retries_max),
            event_age_seconds_max: event_invoke
                .event_age_seconds_max
                .unwrap_or(default.event_age_seconds_max),
        }
    }
}
