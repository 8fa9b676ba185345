//! Application code that runs within a transaction of the store, for programs that keep tables of their own in the same
//! file: its writes and the store's records become durable together, or not at all.
//!
//! It runs on the thread that writes, in a savepoint within the transaction of the batch, so that it shares the batch's
//! one sync, and affects no other write when it is undone. An authorizer keeps it from ending that transaction and from
//! writing to the store's own tables. SQLite may end the transaction all the same (`ON CONFLICT ROLLBACK` does, and a
//! full disk); writes of the code after that are kept from being committed by themselves.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use engine::Transition;
use model::ExecutionId;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use store::{CommitError, StoreFuture, Written};

use crate::fault::Failure;
use crate::refusal::Refusal;
use crate::schema::TABLES;
use crate::write::{Known, Statements};

/// A store in whose transactions the application's code can run.
pub trait WriteWithin: Send + Sync {
    /// Runs it and commits its result. It may run more than once, when the transaction that it was first part of
    /// failed; only the last run counts.
    ///
    /// # Errors
    /// [`CommitError::VersionConflict`] when the execution is not at the version that was given, before anything of it
    /// is run; the others as for [`store::Executions::commit`].
    fn write_within(&self, within: Within) -> StoreFuture<'_, Done, CommitError>;
}

/// The fate of the code's writes.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It is kept, with this transition.
    Commit(Arc<Transition>),
    /// It is kept.
    Keep,
    /// It is undone.
    Undo,
}

/// The result.
#[derive(Debug, Clone)]
pub enum Done {
    /// As the code wanted.
    As(Verdict),
    /// SQLite undid it, for this reason, against the code's verdict: nothing of it is there.
    Undone(String),
}

type Work = dyn Fn(&Connection) -> Verdict + Send + Sync;

/// Code to run within a transaction.
pub struct Within {
    attempted: String,
    fence: Option<(ExecutionId, u64)>,
    work: Box<Work>,
}

impl fmt::Debug for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within")
            .field("attempted", &self.attempted)
            .field("fence", &self.fence)
            .finish_non_exhaustive()
    }
}

impl Within {
    /// Application code; `attempted` names it in a fault.
    pub fn new(
        attempted: String,
        work: impl Fn(&Connection) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        Self {
            attempted,
            fence: None,
            work: Box::new(work),
        }
    }

    /// Runs only while the execution is at this version.
    #[must_use]
    pub fn fenced(mut self, id: ExecutionId, version: u64) -> Self {
        self.fence = Some((id, version));
        self
    }
}

/// One on its way through the writer.
#[derive(Debug)]
pub(crate) struct Job {
    within: Within,
    done: Mutex<Option<Done>>,
}

impl Job {
    pub fn new(within: Within) -> Self {
        Self {
            within,
            done: Mutex::default(),
        }
    }

    pub fn attempted(&self) -> &str {
        &self.within.attempted
    }

    /// The result of its last run.
    pub fn done(&self) -> Option<Done> {
        let done = self.done.lock();
        done.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn came_to(&self, done: impl Into<Option<Done>>) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = done.into();
    }

    /// Whether the code itself made its transaction fail, which had no other part: then the failure is its result, and
    /// no fault.
    pub fn is_to_blame(&self, why: &Failure, at_commit: bool) -> bool {
        if at_commit && why.is_violated_foreign_key() {
            self.came_to(Done::Undone(why.to_string()));
            return true;
        }
        // SQLite ended the transaction while it ran, which was noted then.
        !at_commit && self.done().is_some()
    }

    /// Runs it within the transaction that is open.
    pub fn write(
        &self,
        connection: &Connection,
        statements: &mut Statements<'_>,
        known: &mut Known,
    ) -> rusqlite::Result<Result<Written, Refusal>> {
        self.came_to(None);
        if let Some((id, version)) = &self.within.fence
            && !statements.is_at(id, *version)?
        {
            let conflict = CommitError::VersionConflict(id.clone());
            return Ok(Err(Refusal::Conflict(conflict)));
        }
        savepoint(connection, "SAVEPOINT application")?;
        let verdict = as_application(|| (self.within.work)(connection));
        if connection.is_autocommit() {
            self.came_to(match verdict {
                Verdict::Undo => Done::As(verdict),
                Verdict::Commit(_) | Verdict::Keep => Done::Undone(GIVEN_UP.to_owned()),
            });
            // The other writes of the transaction are gone with it.
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT),
                Some(GIVEN_UP.to_owned()),
            ));
        }
        let refusal = match &verdict {
            Verdict::Commit(transition) => statements.commit(connection, known, transition)?.err(),
            Verdict::Keep | Verdict::Undo => None,
        };
        if refusal.is_some() || matches!(verdict, Verdict::Undo) {
            savepoint(connection, "ROLLBACK TO application")?;
        }
        savepoint(connection, "RELEASE application")?;
        match refusal {
            Some(refusal) => Ok(Err(refusal)),
            None => {
                self.came_to(Done::As(verdict));
                Ok(Ok(Written::Done))
            }
        }
    }
}

/// Why nothing is there of code that went on after SQLite had ended its transaction.
const GIVEN_UP: &str = "SQLite undid the whole transaction when a statement of it failed (ON CONFLICT ROLLBACK, \
    RAISE(ROLLBACK), no room, a broken disk): return that statement's error";

fn savepoint(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

thread_local! {
    /// Whether the application's code is running on this thread.
    static APPLICATION: Cell<bool> = const { Cell::new(false) };
    /// The action that was refused to it.
    static REFUSED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs the application's code as such.
fn as_application<T>(work: impl FnOnce() -> T) -> T {
    struct Ended;
    impl Drop for Ended {
        fn drop(&mut self) {
            APPLICATION.set(false);
        }
    }
    REFUSED.set(None);
    APPLICATION.set(true);
    let _ended = Ended;
    work()
}

/// Why a statement of the application's code that runs on this thread was last refused: SQLite itself says
/// `not authorized` and no more.
pub fn refused_to_application() -> Option<String> {
    REFUSED.take()
}

/// Holds the application's code to its own tables and to the transaction that it is given.
pub(crate) fn guard(connection: &mut Connection) -> rusqlite::Result<()> {
    // The store commits when no application code runs. A commit while it runs is a statement by itself, after SQLite
    // has ended the transaction that it belonged to.
    connection.commit_hook(Some(|| {
        let is_refused = APPLICATION.get();
        if is_refused {
            REFUSED.set(Some(GIVEN_UP.to_owned()));
        }
        is_refused
    }))?;
    connection.authorizer(Some(|context: AuthContext<'_>| {
        if !APPLICATION.get() {
            return Authorization::Allow;
        }
        match refusal(&context.action) {
            None => Authorization::Allow,
            Some(why) => {
                REFUSED.set(Some(why));
                Authorization::Deny
            }
        }
    }))
}

fn refusal(action: &AuthAction<'_>) -> Option<String> {
    let own = |table: &str| {
        TABLES
            .iter()
            .any(|own| own.eq_ignore_ascii_case(table))
            .then(|| {
                format!("table `{table}` is the durable executions', and only they write to it")
            })
    };
    match action {
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => Some(
            "a transaction is open already, and ends with the function that it was given to"
                .to_owned(),
        ),
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => {
            Some("a transaction over several files is not durable as one".to_owned())
        }
        AuthAction::Pragma {
            pragma_name,
            pragma_value: Some(_),
        } if !pragma_name.eq_ignore_ascii_case("table_info") => Some(format!(
            "`PRAGMA {pragma_name}` would change how everything in the file is kept"
        )),
        // A temporary table hides the one of the same name that the executions are in, and its new name is not told.
        AuthAction::AlterTable {
            database_name: "temp",
            ..
        } => Some("a temporary table is not altered but made anew".to_owned()),
        AuthAction::Insert { table_name }
        | AuthAction::Delete { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::DropTable { table_name }
        | AuthAction::AlterTable { table_name, .. }
        | AuthAction::CreateIndex { table_name, .. }
        | AuthAction::DropIndex { table_name, .. }
        | AuthAction::CreateTrigger { table_name, .. }
        | AuthAction::CreateTempTrigger { table_name, .. }
        | AuthAction::DropTrigger { table_name, .. }
        | AuthAction::CreateTempTable { table_name }
        | AuthAction::CreateTempView {
            view_name: table_name,
        }
        | AuthAction::CreateVtable { table_name, .. } => own(table_name),
        _ => None,
    }
}
