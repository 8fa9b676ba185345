//! The deployments: versions of functions, aliases, settings.

use model::{FunctionName, Timestamp, Version};

use crate::StoreFuture;

/// Functions as they were deployed. Executions are not asked: a version may be deleted that one of
/// them is pinned to.
///
/// - **Idempotent:** a put replaces the old record, except a published version; deleting a missing record does nothing.
/// - **Consistent:** each list is a snapshot. If [`revision`](Catalogue::revision) is the same before
///   and after several of them, they fit together.
pub trait Catalogue: Send + Sync + 'static {
    /// Returns the revision of the catalogue, which a cache is compared with: data read after a revision is current as
    /// long as the revision is the same.
    ///
    /// Every change, by any server, raises the revision before it is acknowledged. A refused
    /// change may raise it too; nothing outside of the catalogue does. Compare only revisions that
    /// were read through one value.
    fn revision(&self) -> StoreFuture<'_, CatalogueRevision>;

    /// Records a version of a function; an existing `$LATEST` is replaced.
    ///
    /// # Errors
    /// A fault that no retry helps when the version is published already: it is frozen.
    fn put_function_version(&self, record: FunctionVersionRecord) -> StoreFuture<'_, ()>;

    /// Replaces the version of that number, in one step: its executions go on with the new record.
    fn replace_function_version(&self, record: FunctionVersionRecord) -> StoreFuture<'_, ()>;

    /// Forgets a version, if there is such a one.
    fn delete_function_version(
        &self,
        function: &FunctionName,
        version: &Version,
    ) -> StoreFuture<'_, ()>;

    /// All versions of all functions, by function and version.
    fn function_versions(&self) -> StoreFuture<'_, Vec<FunctionVersionRecord>>;

    /// Points an alias to a version.
    fn put_alias(&self, record: AliasRecord) -> StoreFuture<'_, ()>;

    /// Forgets an alias, if there is such a one.
    fn delete_alias(&self, function: &FunctionName, name: &str) -> StoreFuture<'_, ()>;

    /// All aliases of all functions, by function and name.
    fn aliases(&self) -> StoreFuture<'_, Vec<AliasRecord>>;

    /// Records the settings of a function for all its versions.
    fn put_function_settings(&self, record: FunctionSettingsRecord) -> StoreFuture<'_, ()>;

    /// The settings of all functions that have any, by function.
    fn function_settings(&self) -> StoreFuture<'_, Vec<FunctionSettingsRecord>>;

    /// Forgets a function with its versions, aliases and settings, all or nothing. Its executions
    /// stay.
    fn delete_function(&self, function: &FunctionName) -> StoreFuture<'_, ()>;
}

/// A state of the catalogue; ascending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CatalogueRevision(pub u64);

/// A published version of a function (or `$LATEST`), as it was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionVersionRecord {
    /// The function.
    pub function: FunctionName,
    /// The version.
    pub version: Version,
    /// SHA-256 of the code, base64: decides whether a deployment is a new version.
    pub code_sha256: String,
    /// SHA-256 of code and configuration together, base64.
    pub config_sha256: String,
    /// Where the frozen copy of the code lies.
    pub code_dir: String,
    /// Its configuration as JSON, in the form of the API's `FunctionConfiguration`.
    pub configuration: String,
    /// When it was published.
    pub published_at: Timestamp,
}

/// A name for a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasRecord {
    /// The function.
    pub function: FunctionName,
    /// The alias.
    pub name: String,
    /// Its target.
    pub version: Version,
    /// For people.
    pub description: String,
    /// How it divides its traffic, as JSON in the form of the API's `AliasRoutingConfiguration`; `None`: all of it goes
    /// to `version`.
    pub routing: Option<String>,
    /// Changes with every change; empty for an alias from before there were such ids.
    pub revision_id: String,
}

/// The settings of a function for all its versions: tags, reserved concurrency and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSettingsRecord {
    /// The function.
    pub function: FunctionName,
    /// JSON, in a form of the server's own.
    pub settings: String,
}
