//! All functions in memory: read on every request, and changed by deployments and by the API, one
//! change at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use lambda_api::ErrorCode;
use model::{ChainedTarget, ErrorObject, ExecutionId, FunctionArn, FunctionName, Version};
use runtime::Places;
use state_machine::Key;
use store::{AliasRecord, Catalogue};
use wire::ApiError;

use super::activities::reserved;
use super::left_out::LeftOut;
use super::{
    Activities, Activity, CodeStore, EventSourceMapping, EventSourceStates, FunctionSettings,
    FunctionVersion, KeySharing, Reference, Running, Together, routing,
};
use crate::start_error::StartServerError;

/// The account and region of all functions.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub region: String,
    pub account_id: String,
}

impl Home {
    pub fn arn(&self, name: &FunctionName) -> FunctionArn {
        FunctionArn {
            partition: "aws".into(),
            region: self.region.as_str().into(),
            account_id: self.account_id.as_str().into(),
            name: name.clone(),
        }
    }

    /// Whether a reference names this account and region, or leaves them out.
    pub fn is(&self, reference: &Reference) -> bool {
        let region = reference.region.as_ref();
        let account_id = reference.account_id.as_ref();
        region.is_none_or(|region| *region == self.region)
            && account_id.is_none_or(|id| *id == self.account_id)
    }
}

/// The functions that are deployed here.
pub(crate) struct Registry {
    pub home: Home,
    pub running: Running,
    /// The code of the functions.
    pub code: Arc<CodeStore>,
    /// The parts that are shared with other servers, if there may be any.
    pub(super) together: Option<Together>,
    pub(super) functions: RwLock<BTreeMap<FunctionName, Function>>,
    /// Functions of the template that cannot run on this machine.
    pub left_out: LeftOut,
    /// The states of the queues that functions work off.
    pub event_source_states: EventSourceStates,
    /// Draws which version of a divided alias an invocation gets.
    chance: Mutex<fastrand::Rng>,
    /// Held while functions are changed, from the first read to the last write.
    pub(super) changes: tokio::sync::Mutex<()>,
    /// Notified whenever the settings of a function change.
    settings_changed: tokio::sync::Notify,
}

#[derive(Debug, Default)]
pub(super) struct Function {
    pub latest: Option<Arc<FunctionVersion>>,
    pub published: BTreeMap<u64, Arc<FunctionVersion>>,
    pub aliases: BTreeMap<String, AliasRecord>,
    pub settings: Arc<FunctionSettings>,
    /// For its invocations.
    pub(super) places: Places,
}

/// A reference with its function and version found.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    pub arn: FunctionArn,
    /// The version, after any alias was resolved.
    pub version: Arc<FunctionVersion>,
    /// The qualifier in the request; `None` without one.
    pub qualifier: Option<String>,
}

impl Resolved {
    /// The ARN as it was invoked.
    pub fn invoked_arn(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => self.arn.qualified(qualifier),
            None => self.arn.to_string(),
        }
    }
}

impl Registry {
    /// Loads everything that was ever deployed from the store.
    pub async fn load(
        store: &dyn Catalogue,
        home: Home,
        running: Running,
        code: Arc<CodeStore>,
        together: Option<Together>,
        sharing: KeySharing<'_>,
    ) -> Result<Self, StartServerError> {
        let registry = Self {
            home,
            running,
            code,
            together,
            functions: RwLock::default(),
            left_out: LeftOut::default(),
            event_source_states: EventSourceStates::default(),
            chance: Mutex::new(fastrand::Rng::with_seed(getrandom::u64()?)),
            changes: tokio::sync::Mutex::default(),
            settings_changed: tokio::sync::Notify::new(),
        };
        // Before the versions, whose concurrency depends on the settings.
        for record in store.function_settings().await? {
            let settings = FunctionSettings::from_record(&record).map_err(|cause| {
                StartServerError::StoredFunction {
                    function: record.function.to_string(),
                    cause,
                }
            })?;
            registry.insert_settings(&record.function, settings);
        }
        let registry = registry.with_machine_key(store, sharing).await?;
        for record in store.function_versions().await? {
            let arn = registry.home.arn(&record.function);
            let running = registry.running_of(&record.function);
            let code_dir = registry.code.locate(&record.code_dir);
            let version = FunctionVersion::from_record(&record, &arn, &running, code_dir).map_err(
                |cause| StartServerError::StoredFunction {
                    function: arn.qualified(&record.version.to_string()),
                    cause,
                },
            )?;
            registry.insert(&record.function, Arc::new(version));
        }
        for alias in store.aliases().await? {
            registry.insert_alias(alias);
        }
        Ok(registry)
    }

    /// With the stored key, or with the drawn one, which is stored from now on.
    async fn with_machine_key(
        mut self,
        store: &dyn Catalogue,
        sharing: KeySharing<'_>,
    ) -> Result<Self, StartServerError> {
        let name = reserved();
        let mut settings = self.settings(&name).as_ref().clone();
        if let Some(kept) = settings.machine_key {
            self.running.machine_key = kept;
            return Ok(self);
        }
        let Some(key) = sharing.agreed(&self.running.machine_key).await? else {
            return Ok(self);
        };
        self.running.machine_key = key.clone();
        settings.machine_key = Some(key);
        store
            .put_function_settings(settings.to_record(&name))
            .await?;
        self.insert_settings(&name, settings);
        Ok(self)
    }

    pub fn insert(&self, name: &FunctionName, version: Arc<FunctionVersion>) {
        self.code.track(&version.config);
        let mut functions = self
            .functions
            .write()
            .expect("the map is never left half changed");
        let function = functions.entry(name.clone()).or_default();
        match version.version {
            Version::Latest => function.latest = Some(version),
            Version::Published(number) => {
                function.published.insert(number, version);
            }
        }
    }

    /// How the versions of a function run here.
    pub fn running_of(&self, name: &FunctionName) -> Running {
        let reserved = self.settings(name).reserved_concurrency;
        Running {
            concurrency_max: reserved.map_or(self.running.concurrency_max, |max| max as usize),
            reserved: reserved.is_some(),
            ..self.running.clone()
        }
    }

    /// The settings that hold for all versions of a function.
    pub fn settings(&self, name: &FunctionName) -> Arc<FunctionSettings> {
        self.with(name, |function| Arc::clone(&function.settings))
            .unwrap_or_default()
    }

    /// Waits until settings have changed since the last call returned; only one task may wait.
    pub async fn settings_changed(&self) {
        self.settings_changed.notified().await;
    }

    /// Replaces the settings; versions run by the new ones from here on.
    pub fn insert_settings(&self, name: &FunctionName, settings: FunctionSettings) {
        {
            let mut functions = self
                .functions
                .write()
                .expect("the map is never left half changed");
            let function = functions.entry(name.clone()).or_default();
            function.settings = Arc::new(settings);
            function.places.changed();
        }
        self.settings_changed.notify_one();
        if let Some(together) = &self.together {
            together.places_changed().notify_one();
        }
        let running = self.running_of(name);
        for version in self.versions(name).unwrap_or_default() {
            self.insert(name, Arc::new(version.running_as(&running)));
        }
    }

    pub fn remove_version(&self, name: &FunctionName, version: &Version) {
        self.change(name, |function| match version {
            Version::Latest => function.latest = None,
            Version::Published(number) => {
                function.published.remove(number);
            }
        });
    }

    pub fn remove_alias(&self, name: &FunctionName, alias: &str) {
        self.change(name, |function| {
            function.aliases.remove(alias);
        });
    }

    pub fn remove(&self, name: &FunctionName) {
        let mut functions = self
            .functions
            .write()
            .expect("the map is never left half changed");
        functions.remove(name);
    }

    fn change(&self, name: &FunctionName, change: impl FnOnce(&mut Function)) {
        let mut functions = self
            .functions
            .write()
            .expect("the map is never left half changed");
        if let Some(function) = functions.get_mut(name) {
            change(function);
        }
    }

    /// All functions and versions that are being deleted; a version of `None` stands for the whole function.
    pub fn deleting(&self) -> Vec<(FunctionName, Option<u64>)> {
        let functions = self
            .functions
            .read()
            .expect("the map is never left half changed");
        let mut deleting = Vec::new();
        for (name, function) in functions.iter() {
            if function.settings.deleting {
                deleting.push((name.clone(), None));
            }
            let versions = function.settings.deleting_versions.iter();
            deleting.extend(versions.map(|version| (name.clone(), Some(*version))));
        }
        deleting
    }

    pub fn insert_alias(&self, alias: AliasRecord) {
        let mut functions = self
            .functions
            .write()
            .expect("the map is never left half changed");
        let function = functions.entry(alias.function.clone()).or_default();
        function.aliases.insert(alias.name.clone(), alias);
    }

    /// Calls `look` with a function; `None` when the function does not exist. Nothing else changes it meanwhile.
    pub(super) fn with<T>(
        &self,
        name: &FunctionName,
        look: impl FnOnce(&Function) -> T,
    ) -> Option<T> {
        let functions = self
            .functions
            .read()
            .expect("the map is never left half changed");
        functions.get(name).map(look)
    }

    /// The version of a function.
    pub fn version(&self, name: &FunctionName, version: &Version) -> Option<Arc<FunctionVersion>> {
        self.with(name, |function| match version {
            Version::Latest => function.latest.clone(),
            Version::Published(number) => function.published.get(number).cloned(),
        })?
    }

    /// The newest published version.
    pub fn newest(&self, name: &FunctionName) -> Option<Arc<FunctionVersion>> {
        self.with(name, |function| {
            let newest = function.published.last_key_value();
            newest.map(|(_, version)| Arc::clone(version))
        })?
    }

    /// The names of all functions.
    pub fn names(&self) -> Vec<FunctionName> {
        let functions = self
            .functions
            .read()
            .expect("the map is never left half changed");
        functions.keys().cloned().collect()
    }

    /// `$LATEST` of every function, by name.
    pub fn all_latest(&self) -> Vec<Arc<FunctionVersion>> {
        let functions = self
            .functions
            .read()
            .expect("the map is never left half changed");
        functions
            .values()
            .filter_map(|function| function.latest.clone())
            .collect()
    }

    /// All versions of a function, `$LATEST` first.
    pub fn versions(&self, name: &FunctionName) -> Option<Vec<Arc<FunctionVersion>>> {
        self.with(name, |function| {
            let published = function.published.values();
            function.latest.iter().chain(published).cloned().collect()
        })
    }

    /// Every version of every function: the most likely invoked ones first.
    pub fn all_versions(&self) -> Vec<Arc<FunctionVersion>> {
        let functions = self
            .functions
            .read()
            .expect("the map is never left half changed");
        let newest_first = |function: &Function| {
            let published = function.published.values().rev();
            let all = published.chain(function.latest.iter());
            all.cloned().collect::<Vec<_>>()
        };
        functions.values().flat_map(newest_first).collect()
    }

    /// All aliases of a function, by name.
    pub fn aliases(&self, name: &FunctionName) -> Option<Vec<AliasRecord>> {
        self.with(name, |function| {
            function.aliases.values().cloned().collect()
        })
    }

    /// All mappings of all functions.
    pub fn event_sources(&self) -> Vec<(FunctionName, EventSourceMapping)> {
        let names = self.names().into_iter();
        let of = |name: FunctionName| {
            let settings = self.settings(&name);
            let mappings = settings.event_sources.clone().into_iter();
            mappings
                .map(|mapping| (name.clone(), mapping))
                .collect::<Vec<_>>()
        };
        names.flat_map(of).collect()
    }

    /// The activity of this name.
    pub fn activity(&self, name: &str) -> Option<Activity> {
        self.settings(&reserved()).activities.get(name).cloned()
    }

    /// All activities.
    pub fn activities(&self) -> Activities {
        self.settings(&reserved()).activities.clone()
    }

    /// The key of the state machine of this name.
    pub fn machine_key(&self, machine: &str) -> Key {
        self.running.machine_key.of(machine)
    }

    /// Resolves a reference; an unqualified one means `$LATEST`.
    ///
    /// # Errors
    /// `ResourceNotFoundException` when there is no such function, version or alias.
    pub fn resolve(&self, reference: &Reference) -> Result<Resolved, ApiError> {
        let arn = self.home.arn(&reference.name);
        let here = self.home.is(reference);
        let qualifier = reference.qualifier.clone();
        let version = match &qualifier {
            _ if !here => None,
            None => self.version(&reference.name, &Version::Latest),
            Some(qualifier) => match qualifier.parse() {
                Ok(version) => self.version(&reference.name, &version),
                Err(_) => self.alias_version(&reference.name, qualifier),
            },
        };
        let Some(version) = version else {
            let named = match &qualifier {
                Some(qualifier) => arn.qualified(qualifier),
                None => arn.to_string(),
            };
            return Err(self.left_out.not_found(&reference.name, &named));
        };
        Ok(Resolved {
            arn,
            version,
            qualifier,
        })
    }

    /// Resolves a reference for one invocation: an alias with two versions chooses again each time.
    ///
    /// # Errors
    /// As [`Registry::resolve`]; when the template's function is left out; `ResourceConflictException` when it is being
    /// deleted; and `InvalidZipFileException` when its code is damaged.
    pub fn route(&self, reference: &Reference) -> Result<Resolved, ApiError> {
        let mut resolved = self.resolve(reference)?;
        let name = &reference.name;
        if self.left_out.has(name) {
            return Err(self.left_out.not_found(name, &resolved.invoked_arn()));
        }
        let alias = resolved
            .qualifier
            .as_ref()
            .and_then(|qualifier| self.alias(name, qualifier));
        if let Some(alias) = alias {
            let version = routing::choose(&alias, self.draw());
            if let Some(version) = self.version(name, &version) {
                resolved.version = version;
            }
        }
        if self.settings(name).is_deleting(&resolved.version.version) {
            return Err(ApiError::new(
                ErrorCode::ResourceConflict,
                "The operation cannot be performed at this time. The function is currently in the \
                 following state: Deleting",
            ));
        }
        if let Some(damage) = self.code.damage(&resolved.version.config.code_dir) {
            let message = resolved.version.damage_text(&damage);
            return Err(ApiError::new(ErrorCode::InvalidZipFile, message));
        }
        Ok(resolved)
    }

    /// A number from 0 up to 1, for a share of invocations.
    pub fn draw(&self) -> f64 {
        // A panic cannot leave the generator half changed.
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        chance.f64()
    }

    /// One alias of a function.
    pub fn alias(&self, name: &FunctionName, alias: &str) -> Option<AliasRecord> {
        self.with(name, |function| function.aliases.get(alias).cloned())?
    }

    fn alias_version(&self, name: &FunctionName, alias: &str) -> Option<Arc<FunctionVersion>> {
        let version = self.with(name, |function| {
            Some(function.aliases.get(alias)?.version.clone())
        })??;
        self.version(name, &version)
    }

    /// Resolves the function name of a chained invoke; `new_id` gives a durable target's execution
    /// its id. The version stays for as long as the caller keeps it.
    ///
    /// # Errors
    /// The error that the operation fails with (protocol reference, section 11).
    pub fn chained_target(
        &self,
        function_name: &str,
        new_id: impl FnOnce() -> ExecutionId,
    ) -> Result<(ChainedTarget, Arc<FunctionVersion>), ErrorObject> {
        let failed = |error: ApiError| ErrorObject::new(error.code.as_str(), error.message);
        let reference = Reference::parse(function_name, None).map_err(|_| {
            let message = format!("Invalid function ARN '{function_name}'");
            ErrorObject::new("InvalidParameterValueException", message)
        })?;
        let resolved = self.route(&reference).map_err(failed)?;
        let (function, version) = (reference.name, resolved.version.version.clone());
        if resolved.version.durable.is_none() {
            let target = ChainedTarget::Plain { function, version };
            return Ok((target, resolved.version));
        }
        if resolved.qualifier.is_none() {
            return Err(failed(unqualified()));
        }
        let target = ChainedTarget::Durable {
            function,
            version,
            execution_id: new_id(),
        };
        Ok((target, resolved.version))
    }
}

/// A durable function must be invoked by version or alias, so that its executions stay on the code
/// that they started with.
pub(crate) fn unqualified() -> ApiError {
    ApiError::invalid_parameter("You cannot invoke a durable function using an unqualified ARN.")
}
