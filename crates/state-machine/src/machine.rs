//! A state machine, and the settings of its environment.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use asl::Definition;

use crate::inspection::{UnsupportedResource, unsupported};
use crate::proof::Key;
use crate::services::Services;

/// The settings of a machine's environment.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Names of functions and state machines that can be called, if they are known: then calls of others fail.
    pub callable: Option<BTreeSet<String>>,
    /// The version or alias for calls of other state machines, if functions have one.
    pub machine_qualifier: String,
    /// The folder with the files of `ItemReader` and `ResultWriter`: `<folder>/<Bucket>/<Key>`.
    pub files: Option<PathBuf>,
    /// The role of the machine, as its executions see it.
    pub role: Option<String>,
    /// Calls other services; without it, a Task that needs one fails.
    pub services: Option<Arc<dyn Services>>,
    /// The key that proves inputs which begin in the middle of the machine: the same in every process that runs its
    /// executions. Without it, one is drawn, and items of a distributed Map do not outlive the program.
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
    /// The tasks whose resources cannot be called.
    ///
    /// # Panics
    ///
    /// When a key has to be drawn, and the operating system provides no randomness.
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
