//! The ground of a program: its store, its clock, and its source of randomness.
//!
//! A program uses a file and the machine's clock. Tests use memory and a clock that they can wind; fault injection
//! wraps any of these.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::Limits;
use runtime::{Clock, SteadyClock};
use store::{Durability, MemoryStore, Store};
use store_sqlite::{SqliteStore, WriteWithin};

use super::error::OpenError;
use crate::service::DurableServiceClient;

/// A function that is called with the driver.
pub type BesideDriver = Box<dyn FnOnce(&runtime::Driver) + Send>;

/// Wraps the runner of the program's functions.
pub type AroundFunctions =
    Box<dyn FnOnce(Arc<dyn runtime::FunctionRunner>) -> Arc<dyn runtime::FunctionRunner> + Send>;

/// Wraps the service that answers a function's requests.
pub type AroundService =
    Box<dyn FnOnce(Arc<dyn DurableServiceClient>) -> Arc<dyn DurableServiceClient> + Send>;

/// See the module. For `lambdura-testing` and fault injection; it may change with any release.
#[doc(hidden)]
pub struct Ground {
    pub store: Arc<dyn Store>,
    /// `None` if there are no tables beside the executions.
    pub tables: Option<Tables>,
    pub clock: Arc<dyn Clock>,
    /// The same clock, if it is one that stores how far time has come.
    pub(super) steady: Option<SteadyClock>,
    pub limits: Limits,
    /// `None` if randomness comes from the operating system.
    pub seed: Option<u64>,
    /// Whether requests carry a token that identifies repetitions: within a program each is made once.
    pub repeats_requests: bool,
    /// Called with the driver before it drives anything: used where several servers share the store.
    pub beside_driver: Option<BesideDriver>,
    pub around_functions: Option<AroundFunctions>,
    pub around_service: Option<AroundService>,
}

/// The file, with the application's own tables.
#[doc(hidden)]
pub struct Tables {
    pub sqlite: Arc<SqliteStore>,
    /// Runs the bodies of transactions.
    pub within: Arc<dyn WriteWithin>,
}

impl Ground {
    /// The file at `path`.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or another process has it.
    pub async fn open(path: &Path, durability: Durability) -> Result<Self, OpenError> {
        if path.file_name().is_none() {
            let path = path.to_owned();
            return Err(OpenError::Path { path });
        }
        let path = path.to_owned();
        let open = move || SqliteStore::open_shared(&path, durability);
        let opened = tokio::task::spawn_blocking(open).await;
        let sqlite = match opened {
            Ok(opened) => Arc::new(opened?),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        let steady = match durability {
            Durability::Memory => SteadyClock::forgetful(),
            Durability::Disk | Durability::Os => {
                // The clock's file is beside the database file itself, even if the path is a link to it.
                SteadyClock::open(&clock_path(&sqlite.report().path))
            }
        };
        Ok(Self {
            store: Arc::clone(&sqlite) as _,
            clock: Arc::new(steady.clone()),
            steady: Some(steady),
            tables: Some(Tables {
                within: Arc::clone(&sqlite) as _,
                sqlite,
            }),
            ..Self::in_memory(
                Arc::new(MemoryStore::new()),
                Arc::new(SteadyClock::forgetful()),
            )
        })
    }

    /// Memory, and any clock.
    pub fn in_memory(store: Arc<MemoryStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            tables: None,
            clock,
            steady: None,
            limits: Limits::UNBOUNDED,
            seed: None,
            repeats_requests: false,
            beside_driver: None,
            around_functions: None,
            around_service: None,
        }
    }
}

/// The path of the file in which the clock stores how far time has come.
fn clock_path(path: &Path) -> PathBuf {
    let mut clock = path.as_os_str().to_owned();
    clock.push("-clock.json");
    PathBuf::from(clock)
}
