//! All functions in memory: read on every request, changed by deployments only.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use lambda_api::ErrorCode;
use model::{ChainedTarget, ErrorObject, ExecutionId, FunctionArn, FunctionName, Version};
use store::{AliasRecord, Store};

use super::{FunctionVersion, Reference, Running};
use crate::error::ApiError;
use crate::server::StartServerError;

/// Where all functions live: one account, one region.
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
}

/// The functions that are deployed here.
pub(crate) struct Registry {
    pub home: Home,
    pub running: Running,
    functions: RwLock<BTreeMap<FunctionName, Function>>,
}

#[derive(Debug, Default, Clone)]
struct Function {
    latest: Option<Arc<FunctionVersion>>,
    published: BTreeMap<u64, Arc<FunctionVersion>>,
    aliases: BTreeMap<String, AliasRecord>,
}

/// What a reference turned out to mean.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    pub arn: FunctionArn,
    /// The version, alias resolved.
    pub version: Arc<FunctionVersion>,
    /// As the request qualified it; none when it did not.
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
    /// Everything that was ever deployed, from the store.
    pub async fn load(
        store: &dyn Store,
        home: Home,
        running: Running,
    ) -> Result<Self, StartServerError> {
        let registry = Self {
            home,
            running,
            functions: RwLock::default(),
        };
        for record in store.function_versions().await? {
            let arn = registry.home.arn(&record.function);
            let version = FunctionVersion::from_record(&record, &arn, &registry.running).map_err(
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

    pub fn insert(&self, name: &FunctionName, version: Arc<FunctionVersion>) {
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

    pub fn insert_alias(&self, alias: AliasRecord) {
        let mut functions = self
            .functions
            .write()
            .expect("the map is never left half changed");
        let function = functions.entry(alias.function.clone()).or_default();
        function.aliases.insert(alias.name.clone(), alias);
    }

    fn function(&self, name: &FunctionName) -> Option<Function> {
        let functions = self
            .functions
            .read()
            .expect("the map is never left half changed");
        functions.get(name).cloned()
    }

    /// The version of a function.
    pub fn version(&self, name: &FunctionName, version: &Version) -> Option<Arc<FunctionVersion>> {
        let functions = self
            .functions
            .read()
            .expect("the map is never left half changed");
        let function = functions.get(name)?;
        match version {
            Version::Latest => function.latest.clone(),
            Version::Published(number) => function.published.get(number).cloned(),
        }
    }

    /// The newest published version.
    pub fn newest(&self, name: &FunctionName) -> Option<Arc<FunctionVersion>> {
        self.function(name)?
            .published
            .last_key_value()
            .map(|(_, version)| Arc::clone(version))
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
        let function = self.function(name)?;
        Some(
            function
                .latest
                .into_iter()
                .chain(function.published.into_values())
                .collect(),
        )
    }

    /// All aliases of a function, by name.
    pub fn aliases(&self, name: &FunctionName) -> Option<Vec<AliasRecord>> {
        Some(self.function(name)?.aliases.into_values().collect())
    }

    /// What a reference means; an unqualified one means `$LATEST`.
    ///
    /// # Errors
    /// `ResourceNotFoundException` when there is no such function, version or alias.
    pub fn resolve(&self, reference: &Reference) -> Result<Resolved, ApiError> {
        let arn = self.home.arn(&reference.name);
        let here = reference
            .region
            .as_ref()
            .is_none_or(|region| *region == self.home.region)
            && reference
                .account_id
                .as_ref()
                .is_none_or(|id| *id == self.home.account_id);
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
            let message = format!("Function not found: {named}");
            return Err(ApiError::new(ErrorCode::ResourceNotFound, message));
        };
        Ok(Resolved {
            arn,
            version,
            qualifier,
        })
    }

    fn alias_version(&self, name: &FunctionName, alias: &str) -> Option<Arc<FunctionVersion>> {
        let version = self.function(name)?.aliases.get(alias)?.version.clone();
        self.version(name, &version)
    }

    /// What the function name of a chained invoke means; `new_id` gives a durable target's
    /// execution its id.
    ///
    /// # Errors
    /// The error that the operation fails with (protocol reference, section 11).
    pub fn chained_target(
        &self,
        function_name: &str,
        new_id: impl FnOnce() -> ExecutionId,
    ) -> Result<ChainedTarget, ErrorObject> {
        let failed = |error: ApiError| ErrorObject::new(error.code.as_str(), error.message);
        let reference = Reference::parse(function_name, None).map_err(|_| {
            let message = format!("Invalid function ARN '{function_name}'");
            ErrorObject::new("InvalidParameterValueException", message)
        })?;
        let resolved = self.resolve(&reference).map_err(failed)?;
        let (function, version) = (reference.name, resolved.version.version.clone());
        if resolved.version.durable.is_none() {
            return Ok(ChainedTarget::Plain { function, version });
        }
        if resolved.qualifier.is_none() {
            return Err(failed(unqualified()));
        }
        Ok(ChainedTarget::Durable {
            function,
            version,
            execution_id: new_id(),
        })
    }
}

/// A durable function must be invoked by version or alias, so that its executions stay on the code
/// that they started with.
pub(crate) fn unqualified() -> ApiError {
    ApiError::invalid_parameter("You cannot invoke a durable function using an unqualified ARN.")
}
