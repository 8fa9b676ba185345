//! Deploys a function of a template: freezes its code, publishes a version if anything changed, moves the alias.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_api::{
    CapacityProviderConfig, DurableConfig, EnvironmentResponse, FunctionConfiguration,
    LambdaManagedInstancesCapacityProviderConfig, LoggingConfig, TracingConfigResponse,
};
use model::{FunctionArn, FunctionName, Timestamp, Version};
use sha2::{Digest as _, Sha256};
use stack::{EventInvokeResource, FunctionResource, LogFormat, MachineResource, Tracing};
use store::{AliasRecord, Catalogue, FunctionVersionRecord, StoreFault};

use super::{
    EventInvoke, FreezeCodeError, FrozenCode, FunctionSettings, FunctionVersion, Registry,
};

/// The result of deploying one function.
#[derive(Debug, Clone)]
pub(crate) struct FunctionDeployment {
    pub version: Version,
    pub changed: bool,
}

impl Registry {
    /// Copies a function's code to a folder that nothing changes.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub async fn freeze(&self, artifact: &Path) -> Result<FrozenCode, FreezeCodeError> {
        let (artifact, code) = (artifact.to_owned(), Arc::clone(&self.code));
        let frozen = tokio::task::spawn_blocking(move || code.freeze(&artifact)).await;
        match frozen {
            Ok(frozen) => frozen,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }

    /// Makes `$LATEST` as the template says; with `AutoPublishAlias`, publishes a version and moves
    /// the alias there when code or configuration changed since the last one.
    ///
    /// SAM itself compares the code alone unless told otherwise; its users are usually surprised
    /// that a changed timeout or environment does not arrive, so both count here.
    pub async fn apply_template(
        &self,
        store: &dyn Catalogue,
        name: &FunctionName,
        resource: &FunctionResource,
        frozen: &FrozenCode,
        now: Timestamp,
    ) -> Result<FunctionDeployment, StoreFault> {
        let arn = self.home.arn(name);
        let configuration = configuration(resource, &arn, frozen, now);
        let _changing = self.changes.lock().await;
        self.deploy_settings(store, name, resource, now).await?;
        let draft = Draft {
            name,
            arn: &arn,
            frozen,
            configuration,
            now,
        };
        let latest = draft.version(Version::Latest);
        let changed = self
            .version(name, &Version::Latest)
            .is_none_or(|before| before.config_sha256 != latest.config_sha256);
        if changed {
            self.record(store, &latest, &arn).await?;
        }
        let Some(alias) = &resource.auto_publish_alias else {
            return Ok(FunctionDeployment {
                version: Version::Latest,
                changed,
            });
        };
        let newest = self.newest(name);
        let up_to_date = newest.filter(|newest| newest.config_sha256 == latest.config_sha256);
        let (version, changed) = match up_to_date {
            Some(newest) => (newest.version.clone(), false),
            None => {
                let number = self.next_version(name);
                let version = Version::Published(number);
                let record = draft.version(version.clone());
                // Before the version: a number without a version does no harm should the server die in between.
                self.note_automatic(store, name, number).await?;
                self.record(store, &record, &arn).await?;
                (version, true)
            }
        };
        let before = self.alias(name, alias);
        if before.is_none_or(|before| before.version != version) {
            self.lead(store, name, alias, &version).await?;
        }
        Ok(FunctionDeployment { version, changed })
    }

    /// Has an alias lead to a version, which takes all of the traffic, as when CloudFormation updates the alias.
    pub(super) async fn lead(
        &self,
        store: &dyn Catalogue,
        function: &FunctionName,
        alias: &str,
        version: &Version,
    ) -> Result<(), StoreFault> {
        let alias = AliasRecord {
            function: function.clone(),
            name: alias.to_owned(),
            version: version.clone(),
            description: String::new(),
            routing: None,
            revision_id: uuid::Uuid::new_v4().to_string(),
        };
        store.put_alias(alias.clone()).await?;
        self.insert_alias(alias);
        Ok(())
    }

    /// Stores the template's settings for the whole function. A function that was being deleted stays.
    pub(super) async fn deploy_settings(
        &self,
        store: &dyn Catalogue,
        name: &FunctionName,
        resource: &FunctionResource,
        now: Timestamp,
    ) -> Result<(), StoreFault> {
        let before = self.settings(name);
        let mut settings = before.as_ref().clone();
        settings.deleting = false;
        match resource.reserved_concurrent_executions {
            Some(reserved) => {
                settings.reserved_concurrency = Some(reserved);
                settings.concurrency_from_template = true;
            }
            None if settings.concurrency_from_template => {
                settings.reserved_concurrency = None;
                settings.concurrency_from_template = false;
            }
            None => {}
        }
        deploy_event_invoke(&mut settings, &resource.event_invoke, now);
        if let Some(machine) = &resource.machine {
            deploy_machine(&mut settings, machine);
        }
        if settings == *before {
            return Ok(());
        }
        store
            .put_function_settings(settings.to_record(name))
            .await?;
        self.insert_settings(name, settings);
        Ok(())
    }

    pub(super) async fn note_automatic(
        &self,
        store: &dyn Catalogue,
        name: &FunctionName,
        number: u64,
    ) -> Result<(), StoreFault> {
        let mut settings = self.settings(name).as_ref().clone();
        settings.automatic_versions.insert(number);
        store
            .put_function_settings(settings.to_record(name))
            .await?;
        self.insert_settings(name, settings);
        Ok(())
    }

    pub(super) fn next_version(&self, name: &FunctionName) -> u64 {
        let newest = match self.newest(name).map(|newest| newest.version.clone()) {
            Some(Version::Published(number)) => number,
            Some(Version::Latest) | None => 0,
        };
        newest.max(self.settings(name).last_deleted_version) + 1
    }

    pub(super) async fn record(
        &self,
        store: &dyn Catalogue,
        record: &FunctionVersionRecord,
        arn: &FunctionArn,
    ) -> Result<(), StoreFault> {
        self.share_code(&self.code.locate(&record.code_dir)).await?;
        store.put_function_version(record.clone()).await?;
        self.show_version(record, arn);
        Ok(())
    }

    /// Shows the version in the registry as it is stored now.
    pub(super) fn show_version(&self, record: &FunctionVersionRecord, arn: &FunctionArn) {
        let running = self.running_of(&arn.name);
        let code_dir = self.code.locate(&record.code_dir);
        let version = FunctionVersion::from_record(record, arn, &running, code_dir)
            .expect("what was just written as JSON reads as JSON");
        self.insert(&arn.name, Arc::new(version));
    }
}

/// Takes what the template says about asynchronous invocations, and drops what it no longer says.
fn deploy_event_invoke(
    settings: &mut FunctionSettings,
    resources: &[EventInvokeResource],
    now: Timestamp,
) {
    let mut given = BTreeSet::new();
    for resource in resources {
        let qualifier = resource.qualifier.as_deref().unwrap_or("$LATEST");
        let seconds = resource.event_age_max.map(|age| age.as_secs());
        let before = settings.event_invoke.get(qualifier);
        let mut event_invoke = EventInvoke {
            retries_max: resource.retries_max,
            event_age_seconds_max: seconds.and_then(|it| it.try_into().ok()),
            on_success: resource.on_success.clone(),
            on_failure: resource.on_failure.clone(),
            // The earlier time stays, so that a deployment that changes nothing writes nothing.
            modified_at: before.map_or(now.as_millis(), |before| before.modified_at),
        };
        if before.is_some_and(|before| *before != event_invoke) {
            event_invoke.modified_at = now.as_millis();
        }
        settings
            .event_invoke
            .insert(qualifier.to_owned(), event_invoke);
        given.insert(qualifier.to_owned());
    }
    for gone in settings.event_invoke_from_template.difference(&given) {
        settings.event_invoke.remove(gone);
    }
    settings.event_invoke_from_template = given;
}

/// Takes the template's settings of a state machine. They replace changes over the API, except for tags that the
/// template never gave.
fn deploy_machine(settings: &mut FunctionSettings, resource: &MachineResource) {
    let kept = settings.machine.get_or_insert_default();
    kept.logging.clone_from(&resource.logging);
    kept.is_traced = resource.is_traced;
    let given = resource.tags.keys().cloned().collect();
    for gone in kept.tags_from_template.difference(&given) {
        settings.tags.remove(gone);
    }
    kept.tags_from_template = given;
    let tags = resource.tags.iter();
    let tags = tags.map(|(key, value)| (key.clone(), value.clone()));
    settings.tags.extend(tags);
}

/// The parts that all records of one deployment have in common.
pub(super) struct Draft<'a> {
    pub name: &'a FunctionName,
    pub arn: &'a FunctionArn,
    pub frozen: &'a FrozenCode,
    pub configuration: FunctionConfiguration,
    pub now: Timestamp,
}

impl Draft<'_> {
    pub fn version(&self, version: Version) -> FunctionVersionRecord {
        let mut configuration = self.configuration.clone();
        let config_sha256 = config_sha256(&configuration);
        configuration.version = Some(version.to_string());
        if version != Version::Latest {
            configuration.function_arn = self.arn.qualified(&version.to_string());
        }
        FunctionVersionRecord {
            function: self.name.clone(),
            version,
            code_sha256: self.frozen.sha256.clone(),
            config_sha256,
            code_dir: self.frozen.dir.display().to_string(),
            configuration: serde_json::to_string(&configuration)
                .expect("a wire type is always JSON"),
            published_at: self.now,
        }
    }
}

/// Code and settings as one hash, without the fields that differ between deployments of the same.
pub(super) fn config_sha256(configuration: &FunctionConfiguration) -> String {
    let compared = FunctionConfiguration {
        last_modified: None,
        revision_id: None,
        version: None,
        ..configuration.clone()
    };
    let json = serde_json::to_vec(&compared).expect("a wire type is always JSON");
    STANDARD.encode(Sha256::digest(json))
}

pub(super) fn configuration(
    resource: &FunctionResource,
    arn: &FunctionArn,
    frozen: &FrozenCode,
    now: Timestamp,
) -> FunctionConfiguration {
    let mode = match resource.tracing {
        Tracing::Active => "Active",
        Tracing::PassThrough | Tracing::Disabled => "PassThrough",
    };
    let role = resource.machine.as_ref().and_then(|it| it.role.clone());
    let mut configuration = FunctionConfiguration {
        function_name: resource.name.clone(),
        function_arn: arn.to_string(),
        runtime: Some(resource.runtime.clone()),
        role: Some(role.unwrap_or_else(|| {
            format!(
                "arn:aws:iam::{}:role/{}",
                arn.account_id, resource.logical_id
            )
        })),
        handler: Some(resource.handler.clone()),
        code_size: i64::try_from(frozen.bytes).ok(),
        description: Some(resource.description.clone().unwrap_or_default()),
        timeout: i64::try_from(resource.timeout.as_secs()).ok(),
        memory_size: Some(i64::from(resource.memory_size_megabytes)),
        last_modified: Some(last_modified(now)),
        code_sha256: Some(frozen.sha256.clone()),
        environment: Some(EnvironmentResponse {
            variables: resource.environment.clone(),
        }),
        tracing_config: Some(TracingConfigResponse {
            mode: Some(mode.to_owned()),
        }),
        state: Some("Active".to_owned()),
        last_update_status: Some("Successful".to_owned()),
        package_type: Some("Zip".to_owned()),
        architectures: Some(vec![resource.architecture.as_str().to_owned()]),
        logging_config: logging_config(&resource.logging),
        capacity_provider_config: resource
            .invocations_per_process
            .map(|per_process| capacity_provider_config(arn, per_process)),
        durable_config: resource.durable_config.map(|config| DurableConfig {
            execution_timeout: i64::try_from(config.execution_timeout.as_secs()).ok(),
            retention_period_in_days: Some(i64::from(config.retention_period_days)),
        }),
        ..FunctionConfiguration::default()
    };
    configuration.revision_id = Some(uuid::Uuid::new_v4().to_string());
    configuration
}

/// There is no capacity provider, but the API's model requires an ARN.
fn capacity_provider_config(arn: &FunctionArn, per_process: u32) -> CapacityProviderConfig {
    let (region, account_id) = (&arn.region, &arn.account_id);
    let arn = format!("arn:aws:lambda:{region}:{account_id}:capacity-provider:this-machine");
    CapacityProviderConfig {
        lambda_managed_instances_capacity_provider_config: Some(
            LambdaManagedInstancesCapacityProviderConfig {
                capacity_provider_arn: Some(arn),
                per_execution_environment_max_concurrency: Some(i64::from(per_process)),
                execution_environment_memory_gib_per_vcpu: None,
            },
        ),
    }
}

/// The template's logging configuration; `None` for the default, which every function has.
fn logging_config(logging: &stack::LoggingConfig) -> Option<LoggingConfig> {
    if *logging == stack::LoggingConfig::default() {
        return None;
    }
    let format = match logging.log_format {
        LogFormat::Text => "Text",
        LogFormat::Json => "JSON",
    };
    Some(LoggingConfig {
        log_format: Some(format.to_owned()),
        application_log_level: logging.application_log_level.clone(),
        system_log_level: logging.system_log_level.clone(),
        log_group: logging.log_group.clone(),
    })
}

/// `2025-12-03T22:59:56.844+0000`, as Lambda writes it.
pub(super) fn last_modified(now: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or(jiff::Timestamp::MAX);
    at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn tags_of_a_machine_that_a_template_never_gave_stay() {
        let machine = |tags: &[&str]| MachineResource {
            tags: tags
                .iter()
                .map(|tag| ((*tag).to_owned(), String::new()))
                .collect(),
            is_traced: !tags.is_empty(),
            ..MachineResource::default()
        };
        let mut settings = FunctionSettings::default();
        settings.tags.insert(String::from("own"), String::new());
        deploy_machine(&mut settings, &machine(&["team", "stage"]));
        assert_eq!(settings.tags.len(), 3);
        assert!(settings.machine.as_ref().unwrap().is_traced);
        deploy_machine(&mut settings, &machine(&["stage"]));
        let left: Vec<&str> = settings.tags.keys().map(String::as_str).collect();
        assert_eq!(left, ["own", "stage"]);
    }

    #[test]
    fn a_template_gives_and_takes_event_invoke_settings() {
        let resource = EventInvokeResource {
            qualifier: Some("live".to_owned()),
            retries_max: Some(0),
            event_age_max: Some(Duration::from_secs(60)),
            on_success: None,
            on_failure: Some("arn".to_owned()),
        };
        let mut settings = FunctionSettings::default();
        let by_hand = EventInvoke::default();
        let own = settings.event_invoke.insert("$LATEST".to_owned(), by_hand);
        assert_eq!(own, None);
        let first = Timestamp::from_millis(1);
        let resources = [resource];
        deploy_event_invoke(&mut settings, &resources, first);
        let given = settings.event_invoke["live"].clone();
        assert_eq!(given.retries_max, Some(0));
        assert_eq!(given.event_age_seconds_max, Some(60));
        assert_eq!(given.on_failure.as_deref(), Some("arn"));

        let before = settings.clone();
        deploy_event_invoke(&mut settings, &resources, Timestamp::from_millis(2));
        assert_eq!(settings, before, "what did not change is not written");

        deploy_event_invoke(&mut settings, &[], Timestamp::from_millis(3));
        let left: Vec<&str> = settings.event_invoke.keys().map(String::as_str).collect();
        assert_eq!(left, ["$LATEST"], "what was set by hand stays");
    }
}
