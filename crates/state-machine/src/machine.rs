//! A state machine, and what it needs from where it runs.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use asl::Definition;

use crate::inspection::{UnsupportedResource, unsupported};
use crate::proof::Key;
use crate::services::Services;

/// What a machine needs from where it runs.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Names of functions and state machines that can be called, if that is known: then calls of others fail.
    pub callable: Option<BTreeSet<String>>,
    /// The version or alias of other state machines that are run, where functions have one.
    pub machine_qualifier: String,
    /// Where `ItemReader` finds its files, and `ResultWriter` puts them: `<folder>/<Bucket>/<Key>`.
    pub files: Option<PathBuf>,
    /// The role of the machine, as its executions see it.
    pub role: Option<String>,
    /// What calls other services; without it, such a Task fails.
    pub services: Option<Arc<dyn Services>>,
    /// What proves inputs that begin in the middle of the machine: the same in every process that runs its executions.
    /// Without it, one is drawn, and items of a distributed Map do not outlive the program.
    pub key: Option<Key>,
}

/// A state machine that can be run.
#[derive(Clone, Debug)]
pub struct StateMachine {
    pub(crate) name: String,
    pub(crate) definition: Arc<Definition>,
    pub(crate) settings: Settings,
    pub(crate) key: Key,
}

impl StateMachine {
    /// A state machine of this name.
    ///
    /// # Errors
    ///
    /// Those of its tasks whose resources cannot be called.
    ///
    /// # Panics
    ///
    /// When a key has to be drawn, and the operating system gives no randomness.
    pub fn new(
        name: impl Into<String>,
        definition: Definition,
        settings: Settings,
    ) -> Result<Self, Vec<UnsupportedResource>> {
        let unsupported = unsupported(&definition);
        if !unsupported.is_empty() {
            return Err(unsupported);
        }
        let key = settings.key.clone();
        let key = key.unwrap_or_else(|| Key::draw().expect("there is randomness"));
        Ok(Self {
            name: name.into(),
            definition: Arc::new(definition),
            settings,
            key,
        })
    }
}
