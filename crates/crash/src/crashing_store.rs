//! A store around another one that kills the process at one of its writes.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use engine::Transition;
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

/// Counts writes, notes what they are, and dies at one of them.
#[derive(Clone)]
pub struct Crash {
    /// None: it does not die.
    point: Option<Arc<CrashPoint>>,
    counted: Arc<Mutex<Counted>>,
}

#[derive(Default)]
struct Counted {
    /// Writes that the crash point counts.
    writes: u64,
    /// Where every write is noted.
    noted: Option<File>,
}

/// A store that dies at `point`, if there is one. Notes every write in a new file, if there is one: a line with the names
/// of the events that it records (`Other` if it records none), or that of the store's function; a `!` is before the one
/// that it dies at.
///
/// # Errors
/// When the file cannot be made.
pub fn crashing_store(
    inner: Arc<dyn Store>,
    point: Option<CrashPoint>,
    noted: Option<&Path>,
) -> io::Result<CrashingStore> {
    let counted = Counted {
        writes: 0,
        noted: noted.map(File::create).transpose()?,
    };
    let crash = Crash {
        point: point.map(Arc::new),
        counted: Arc::new(Mutex::new(counted)),
    };
    Ok(Around::new(inner, crash))
}

/// A program's own file that dies at `point`: as a store, and where transactions of the application are written.
pub fn crashing_file(
    file: &Arc<SqliteStore>,
    point: CrashPoint,
) -> (CrashingStore, CrashingTransactions) {
    let crash = Crash {
        point: Some(Arc::new(point)),
        counted: Arc::default(),
    };
    let transactions = CrashingTransactions {
        inner: Arc::clone(file) as _,
        crash: crash.clone(),
    };
    (Around::new(Arc::clone(file) as _, crash), transactions)
}

/// What a transition is as a write: the names of the events that it records, each once. One that records none is an
/// `Other`.
fn kinds(transition: &Transition) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    for event in &transition.events {
        // A variant is written with its name first.
        let text = format!("{:?}", event.kind);
        let name = text.split(|letter: char| !letter.is_ascii_alphanumeric());
        let name = name.take(1).collect::<String>();
        if !kinds.contains(&name) {
            kinds.push(name);
        }
    }
    if kinds.is_empty() {
        kinds.push(String::from("Other"));
    }
    kinds
}

impl Crash {
    /// Performs a write of these kinds, unless the process dies before it.
    fn write<'a, T: Send + 'a, E: Send + 'a>(
        &self,
        kinds: &[String],
        write: impl FnOnce() -> StoreFuture<'a, T, E>,
    ) -> StoreFuture<'a, T, E> {
        let here = self.reach(kinds);
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
    fn reach(&self, kinds: &[String]) -> bool {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let here = self.point.as_ref().is_some_and(|point| {
            let counts = |kind| kinds.contains(kind);
            counted.writes += u64::from(point.kind.as_ref().is_none_or(counts));
            counted.writes == point.write && point.kind.as_ref().is_none_or(counts)
        });
        if let Some(file) = &mut counted.noted {
            let mark = if here { "!" } else { "" };
            writeln!(file, "{mark}{}", kinds.join(" ")).expect("write down the kinds of a write");
        }
        if here
            && self
                .point
                .as_ref()
                .is_some_and(|it| it.side == Side::Before)
        {
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
            Call::Commit(transition) => self.write(&kinds(&transition), inner),
            Call::Write(name) => self.write(&[name.to_owned()], inner),
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
        let kind = String::from("Transaction");
        self.crash
            .write(&[kind], || self.inner.write_within(within))
    }
}

/// Ends the process at once: nothing is flushed, no destructor runs.
pub fn die() -> ! {
    kill(Pid::this(), Signal::SIGKILL).expect("a process may always kill itself");
    loop {
        std::thread::park();
    }
}
