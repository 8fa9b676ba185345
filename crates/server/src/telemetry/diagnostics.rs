//! The server's records about itself, for people and their tools.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use model::Timestamp;
use stack::FunctionResource;

use crate::telemetry::{Statistics, Warnings};

/// The records.
pub(crate) struct Diagnostics {
    pub started_at: Timestamp,
    pub store_bytes_at_start: u64,
    pub statistics: Statistics,
    pub warnings: Arc<Warnings>,
    /// Datagrams that were no X-Ray segments.
    pub datagrams_ignored: Arc<AtomicU64>,
    deployed: Mutex<Deployed>,
    /// The last reported failure of each function version.
    failures: Mutex<BTreeMap<String, String>>,
}

/// Number of function versions whose last failure is remembered; beyond that, all are reported again.
const FAILURES_MAX: usize = 1_000;

/// The names of a function in its developer's files.
#[derive(Debug, Clone)]
pub(crate) struct InTemplate {
    /// Its key in the template.
    pub logical_id: String,
    /// Its path in its CDK app.
    pub construct_path: Option<String>,
}

impl InTemplate {
    /// A function's name, and its names in the template.
    fn of(function: &FunctionResource) -> (String, Self) {
        let in_template = Self {
            logical_id: function.logical_id.clone(),
            construct_path: function.construct_path.clone(),
        };
        (function.name.clone(), in_template)
    }
}

#[derive(Default)]
struct Deployed {
    samples: Option<PathBuf>,
    apis: BTreeMap<String, String>,
    /// By function name.
    in_templates: BTreeMap<String, InTemplate>,
    is_ready: bool,
}

impl Diagnostics {
    pub fn new(started_at: Timestamp, store_bytes_at_start: u64, warnings: Arc<Warnings>) -> Self {
        Self {
            started_at,
            store_bytes_at_start,
            statistics: Statistics::default(),
            warnings,
            datagrams_ignored: Arc::default(),
            deployed: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    fn deployed(&self) -> std::sync::MutexGuard<'_, Deployed> {
        self.deployed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this failure of a function differs from the last reported one.
    pub fn is_news(&self, function: &str, failure: &str) -> bool {
        let failures = self.failures.lock();
        let mut failures = failures.unwrap_or_else(PoisonError::into_inner);
        if failures.get(function).is_some_and(|last| last == failure) {
            return false;
        }
        if failures.len() >= FAILURES_MAX {
            failures.clear();
        }
        failures.insert(function.to_owned(), failure.to_owned());
        true
    }

    /// The folder with sample events of the deployed stack.
    pub fn samples(&self) -> Option<PathBuf> {
        self.deployed().samples.clone()
    }

    pub fn set_samples(&self, folder: PathBuf) {
        self.deployed().samples = Some(folder);
    }

    /// The URLs of APIs and functions, by name.
    pub fn apis(&self) -> BTreeMap<String, String> {
        self.deployed().apis.clone()
    }

    pub fn add_api(&self, name: &str, url: &str) {
        self.deployed().apis.insert(name.to_owned(), url.to_owned());
    }

    pub fn remove_api(&self, name: &str) {
        self.deployed().apis.remove(name);
    }

    /// The names of a function in the templates of deployed stacks.
    pub fn in_template(&self, function: &str) -> Option<InTemplate> {
        self.deployed().in_templates.get(function).cloned()
    }

    /// Stores the names of functions in the templates of all deployed stacks.
    pub fn set_in_templates<'f>(&self, functions: impl IntoIterator<Item = &'f FunctionResource>) {
        let in_templates = functions.into_iter().map(InTemplate::of);
        self.deployed().in_templates = in_templates.collect();
    }

    /// Whether the work of an earlier run has been resumed.
    pub fn is_ready(&self) -> bool {
        self.deployed().is_ready
    }

    pub fn set_ready(&self) {
        self.deployed().is_ready = true;
    }
}
