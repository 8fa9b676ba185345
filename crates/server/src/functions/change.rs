//! Changes of functions, versions, aliases and activities over the API: made one at a time, and stored before they
//! become visible.

use std::collections::BTreeMap;
use std::sync::Arc;

use lambda_api::{ErrorCode, FunctionConfiguration};
use model::{FunctionName, Timestamp, Version};
use store::{AliasRecord, Catalogue, FunctionVersionRecord, StoreFault};
use tokio::sync::MutexGuard;
use wire::ApiError;

use super::activities::{Activities, Activity, RESERVED, reserved};
use super::from_template::{config_sha256, last_modified};
use super::{FrozenCode, FunctionSettings, FunctionVersion, Registry, leads_to};

/// The right to change functions; only one request has it at a time.
pub(crate) struct CatalogueChanges<'a> {
    pub(super) registry: &'a Registry,
    store: &'a dyn Catalogue,
    now: Timestamp,
    _lock: MutexGuard<'a, ()>,
}

/// A function to create.
#[derive(Debug)]
pub(crate) struct NewFunction {
    pub name: FunctionName,
    pub configuration: FunctionConfiguration,
    pub code: FrozenCode,
    pub tags: BTreeMap<String, String>,
}

impl Registry {
    /// Waits until no other request changes functions.
    pub async fn changes<'a>(
        &'a self,
        store: &'a dyn Catalogue,
        now: Timestamp,
    ) -> CatalogueChanges<'a> {
        CatalogueChanges {
            registry: self,
            store,
            now,
            _lock: self.changes.lock().await,
        }
    }
}

impl CatalogueChanges<'_> {
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// `$LATEST` of a function that exists and is not being deleted.
    ///
    /// # Errors
    /// `ResourceNotFoundException` when there is none, `ResourceConflictException` while it is being
    /// deleted.
    pub fn latest(&self, name: &FunctionName) -> Result<Arc<FunctionVersion>, ApiError> {
        let Some(latest) = self.registry.version(name, &Version::Latest) else {
            let message = format!("Function not found: {}", self.registry.home.arn(name));
            return Err(ApiError::new(ErrorCode::ResourceNotFound, message));
        };
        if self.registry.settings(name).deleting {
            return Err(ApiError::new(
                ErrorCode::ResourceConflict,
                format!(
                    "The operation cannot be performed at this time. The function is currently in \
                     the following state: Deleting. Function: {name}"
                ),
            ));
        }
        Ok(latest)
    }

    /// # Errors
    /// `ResourceConflictException` when the name is taken.
    pub async fn create(&self, new: NewFunction) -> Result<FunctionConfiguration, ApiError> {
        let NewFunction {
            name,
            configuration,
            code,
            tags,
        } = new;
        if self.registry.version(&name, &Version::Latest).is_some() {
            let message = format!("Function already exist: {name}");
            return Err(ApiError::new(ErrorCode::ResourceConflict, message));
        }
        let settings = FunctionSettings {
            tags,
            ..FunctionSettings::default()
        };
        // Stored settings without a function do no harm should the server die in between; a
        // function without its tags would.
        self.put_settings(&name, settings).await?;
        self.replace_latest(&name, configuration, &code).await
    }

    /// Replaces `$LATEST`.
    pub async fn replace_latest(
        &self,
        name: &FunctionName,
        configuration: FunctionConfiguration,
        code: &FrozenCode,
    ) -> Result<FunctionConfiguration, ApiError> {
        if name.as_str() == RESERVED {
            return Err(ApiError::invalid_parameter(format!(
                "The name {RESERVED} is the server's own. Take another one."
            )));
        }
        let configuration = FunctionConfiguration {
            last_modified: Some(last_modified(self.now)),
            revision_id: Some(uuid::Uuid::new_v4().to_string()),
            code_sha256: Some(code.sha256.clone()),
            code_size: i64::try_from(code.bytes).ok(),
            version: Some(Version::Latest.to_string()),
            ..configuration
        };
        let record = FunctionVersionRecord {
            function: name.clone(),
            version: Version::Latest,
            code_sha256: code.sha256.clone(),
            config_sha256: config_sha256(&configuration),
            code_dir: code.dir.display().to_string(),
            configuration: json(&configuration),
            published_at: self.now,
        };
        let arn = self.registry.home.arn(name);
        self.registry.record(self.store, &record, &arn).await?;
        Ok(configuration)
    }

    /// Freezes `$LATEST` as a version; the newest version stands for it when nothing has changed
    /// since.
    pub async fn publish(
        &self,
        name: &FunctionName,
        description: Option<String>,
    ) -> Result<FunctionConfiguration, ApiError> {
        let latest = self.latest(name)?;
        let newest = self.registry.newest(name);
        if let Some(newest) = newest
            && newest.config_sha256 == latest.config_sha256
        {
            self.note_published(name, &newest.version).await?;
            return Ok(newest.configuration.clone());
        }
        let version = Version::Published(self.registry.next_version(name));
        self.note_published(name, &version).await?;
        let arn = self.registry.home.arn(name);
        let before = latest.configuration.clone();
        let configuration = FunctionConfiguration {
            function_arn: arn.qualified(&version.to_string()),
            version: Some(version.to_string()),
            description: description.or(before.description.clone()),
            revision_id: Some(uuid::Uuid::new_v4().to_string()),
            ..before
        };
        let record = FunctionVersionRecord {
            function: name.clone(),
            version,
            code_sha256: latest.code_sha256.clone(),
            config_sha256: latest.config_sha256.clone(),
            code_dir: latest.config.code_dir.display().to_string(),
            configuration: json(&configuration),
            published_at: self.now,
        };
        self.registry.record(self.store, &record, &arn).await?;
        Ok(configuration)
    }

    /// Gives a published version the code and the configuration of another one: its executions go on with them. Says
    /// whether it had others before.
    ///
    /// # Errors
    /// `ResourceNotFoundException` when there is no such version, `ResourceConflictException` while it is being deleted,
    /// and `InvalidParameterValueException` when only one of the two is durable: executions could not go on.
    pub async fn replace_code(
        &self,
        name: &FunctionName,
        version: &Version,
        by: &FunctionVersion,
    ) -> Result<bool, ApiError> {
        self.latest(name)?;
        let arn = self.registry.home.arn(name);
        let Some(before) = self.registry.version(name, version) else {
            let message = format!(
                "Function not found: {}",
                arn.qualified(&version.to_string())
            );
            return Err(ApiError::new(ErrorCode::ResourceNotFound, message));
        };
        if before.durable.is_some() != by.durable.is_some() {
            return Err(ApiError::invalid_parameter(format!(
                "Version {version} and version {} of {name} are not both durable: executions cannot move from one to the other.",
                by.version
            )));
        }
        if before.config_sha256 == by.config_sha256 {
            return Ok(false);
        }
        let configuration = FunctionConfiguration {
            function_arn: arn.qualified(&version.to_string()),
            version: Some(version.to_string()),
            revision_id: Some(uuid::Uuid::new_v4().to_string()),
            last_modified: Some(last_modified(self.now)),
            ..by.configuration.clone()
        };
        let record = FunctionVersionRecord {
            function: name.clone(),
            version: version.clone(),
            code_sha256: by.code_sha256.clone(),
            config_sha256: by.config_sha256.clone(),
            code_dir: by.config.code_dir.display().to_string(),
            configuration: json(&configuration),
            published_at: self.now,
        };
        self.registry.share_code(&by.config.code_dir).await?;
        self.store.replace_function_version(record.clone()).await?;
        self.registry.show_version(&record, &arn);
        Ok(true)
    }

    /// A version that was published by a request stays until a request deletes it.
    async fn note_published(
        &self,
        name: &FunctionName,
        version: &Version,
    ) -> Result<(), StoreFault> {
        let mut settings = self.registry.settings(name).as_ref().clone();
        if let Version::Published(number) = version {
            settings.automatic_versions.remove(number);
        }
        self.put_settings(name, settings).await
    }

    /// Replaces the settings that hold for all versions of the function.
    pub async fn put_settings(
        &self,
        name: &FunctionName,
        settings: FunctionSettings,
    ) -> Result<(), StoreFault> {
        if settings == *self.registry.settings(name) {
            return Ok(());
        }
        let record = settings.to_record(name);
        self.store.put_function_settings(record).await?;
        self.registry.insert_settings(name, settings);
        Ok(())
    }

    /// Replaces all stored activities by these.
    pub async fn put_activities(&self, activities: Activities) -> Result<(), StoreFault> {
        let name = reserved();
        let mut settings = self.registry.settings(&name).as_ref().clone();
        settings.activities = activities;
        self.put_settings(&name, settings).await
    }

    /// Creates the activities that do not exist yet.
    pub async fn make_activities<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<(), StoreFault> {
        let mut activities = self.registry.activities();
        for name in names {
            activities
                .entry(name.to_owned())
                .or_insert_with(|| Activity {
                    created_at: self.now().as_millis(),
                    tags: BTreeMap::new(),
                });
        }
        self.put_activities(activities).await
    }

    pub async fn put_alias(&self, alias: AliasRecord) -> Result<(), StoreFault> {
        self.store.put_alias(alias.clone()).await?;
        self.registry.insert_alias(alias);
        Ok(())
    }

    pub async fn delete_alias(&self, name: &FunctionName, alias: &str) -> Result<(), StoreFault> {
        self.store.delete_alias(name, alias).await?;
        self.registry.remove_alias(name, alias);
        Ok(())
    }

    /// Marks a function, or one version of it, as being deleted: nothing new starts there.
    ///
    /// # Errors
    /// `ResourceConflictException` for a version that an alias leads to.
    pub async fn begin_delete(
        &self,
        name: &FunctionName,
        version: Option<u64>,
    ) -> Result<(), ApiError> {
        let mut settings = self.registry.settings(name).as_ref().clone();
        match version {
            None => settings.deleting = true,
            Some(number) => {
                let aliases = self.registry.aliases(name).unwrap_or_default();
                let version = Version::Published(number);
                if let Some(alias) = aliases.iter().find(|alias| leads_to(alias, &version)) {
                    let message = format!(
                        "Cannot delete version {number} of function {name}: alias {} refers to it.",
                        alias.name
                    );
                    return Err(ApiError::new(ErrorCode::ResourceConflict, message));
                }
                settings.deleting_versions.insert(number);
            }
        }
        self.put_settings(name, settings).await?;
        Ok(())
    }

    /// Says whether a version takes no more invocations because it is about to be removed.
    pub(super) async fn set_deleting(
        &self,
        name: &FunctionName,
        number: u64,
        is_deleting: bool,
    ) -> Result<(), StoreFault> {
        let mut settings = self.registry.settings(name).as_ref().clone();
        if is_deleting {
            settings.deleting_versions.insert(number);
        } else {
            settings.deleting_versions.remove(&number);
        }
        self.put_settings(name, settings).await
    }

    /// Deletes the marked function or version; the number of a version is not used again.
    pub async fn end_delete(
        &self,
        name: &FunctionName,
        version: Option<u64>,
    ) -> Result<(), StoreFault> {
        let Some(number) = version else {
            self.store.delete_function(name).await?;
            self.registry.remove(name);
            self.registry.event_source_states.note_change();
            return Ok(());
        };
        let version = Version::Published(number);
        self.store.delete_function_version(name, &version).await?;
        self.registry.remove_version(name, &version);
        let mut settings = self.registry.settings(name).as_ref().clone();
        settings.deleting_versions.remove(&number);
        settings.automatic_versions.remove(&number);
        settings.last_deleted_version = settings.last_deleted_version.max(number);
        self.put_settings(name, settings).await
    }
}

fn json(configuration: &FunctionConfiguration) -> String {
    serde_json::to_string(configuration).expect("a wire type is always JSON")
}
