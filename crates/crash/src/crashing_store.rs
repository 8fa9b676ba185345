//! A store around another one that kills the process at one of its writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use store::{Around, Call, CommitError, Store, StoreFault, StoreFuture, Surround};
use store_sqlite::{Done, SqliteStore, Within, WriteWithin};

use crate::{CrashPoint, Side};

/// Passes everything on, and dies at its crash point as by `kill -9`.
///
/// Counted are the writes that carry executions on: transitions, accepted or finished asynchronous invocations, and
/// transactions of the application. Deployments are not.
pub type CrashingStore = Around<Crash>;

/// Counts writes, and dies at one of them.
#[derive(Clone)]
pub struct Crash {
    point: CrashPoint,
    writes: Arc<AtomicU64>,
}

/// A store that dies at `point`.
pub fn crashing_store(inner: Arc<dyn Store>, point: CrashPoint) -> CrashingStore {
    Around::new(inner, Crash::at(point))
}

/// A program's own file that dies at `point`: as a store, and where transactions of the application are written.
pub fn crashing_file(
    file: &Arc<SqliteStore>,
    point: CrashPoint,
) -> (CrashingStore, CrashingTransactions) {
    let crash = Crash::at(point);
    let transactions = CrashingTransactions {
        inner: Arc::clone(file) as _,
        crash: crash.clone(),
    };
    (Around::new(Arc::clone(file) as _, crash), transactions)
}

impl Crash {
    fn at(point: CrashPoint) -> Self {
        Self {
            point,
            writes: Arc::default(),
        }
    }

    /// Performs a write, unless the process dies before it.
    fn write<'a, T: Send + 'a, E: Send + 'a>(
        &self,
        write: impl FnOnce() -> StoreFuture<'a, T, E>,
    ) -> StoreFuture<'a, T, E> {
        let here = self.reach();
        let written = write();
        if !here {
            return written;
        }
        Box::pin(async move {
            drop(written.await);
            die()
        })
    }

    /// Counts a write that is about to be performed, and dies before the one that it is to die before. Whether it is
    /// to die after this one.
    fn reach(&self) -> bool {
        let number = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let here = number == self.point.write;
        if here && self.point.side == Side::Before {
            die();
        }
        here
    }
}

impl Surround for Crash {
    fn call<'a, T, E>(
        &'a self,
        call: Call,
        inner: impl FnOnce() -> StoreFuture<'a, T, E> + Send + 'a,
    ) -> StoreFuture<'a, T, E>
    where
        T: Send + 'a,
        E: From<StoreFault> + Send + 'a,
    {
        match call {
            Call::Commit(_) | Call::Write(_) => self.write(inner),
            Call::Describe(_) | Call::Load(_) | Call::Read(_) => inner(),
        }
    }
}

/// Transactions of the application: each is counted.
pub struct CrashingTransactions {
    inner: Arc<dyn WriteWithin>,
    crash: Crash,
}

impl WriteWithin for CrashingTransactions {
    fn write_within(&self, within: Within) -> StoreFuture<'_, Done, CommitError> {
        self.crash.write(|| self.inner.write_within(within))
    }
}

/// Ends the process at once: nothing is flushed, no destructor runs.
pub fn die() -> ! {
    kill(Pid::this(), Signal::SIGKILL).expect("a process may always kill itself");
    loop {
        std::thread::park();
    }
}
