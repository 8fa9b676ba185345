//! Faults, and when they happen.

use serde::{Deserialize, Serialize};

/// One fault. `nth` counts the events of its kind, from the beginning of the world and from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// The server dies before a commit is done.
    DiesBeforeCommit { nth: u64 },
    /// The server dies after a commit is done and before its caller gets the answer.
    DiesAfterCommit { nth: u64 },
    /// The server dies at some moment.
    DiesAt { ms: u64 },
    /// A commit is refused, and nothing of it is stored.
    CommitFails { nth: u64 },
    /// A commit ends in a fault: only a read shows whether it was stored.
    CommitUnknown { nth: u64, landed: bool },
    /// The disk is full for this many commits.
    DiskFull { nth: u64, commits: u64 },
    /// A commit takes long; later ones overtake it.
    CommitSlow { nth: u64, ms: u64 },
    /// A read fails.
    ReadFails { nth: u64 },
    /// A read takes long.
    ReadSlow { nth: u64, ms: u64 },
    /// From the second life on, the records of this program cannot be read.
    Unreadable { program: usize },
    /// A checkpoint request does not arrive.
    RequestLost { nth: u64 },
    /// A checkpoint request arrives, and its answer does not.
    AnswerLost { nth: u64 },
    /// A checkpoint request takes long on its way.
    RequestSlow { nth: u64, ms: u64 },
    /// A checkpoint request arrives twice, at nearly the same time.
    RequestTwice { nth: u64 },
    /// A checkpoint request arrives once more, much later.
    RequestAgain { nth: u64, after_ms: u64 },
    /// There is no room for an invocation.
    NoRoom { nth: u64 },
    /// An invocation's process dies.
    ProcessDies { nth: u64, after_ms: u64 },
    /// An invocation ends in an error of the function's runtime.
    ProcessErrs { nth: u64, after_ms: u64 },
    /// An invocation hangs until its function's timeout.
    ProcessHangs { nth: u64 },
    /// An invocation counts as cut off, and its process lives on.
    ProcessOutlives { nth: u64, after_ms: u64 },
    /// A process takes long to begin.
    ProcessSlow { nth: u64, ms: u64 },
    /// There is no room for a plain function.
    PlainNoRoom { nth: u64 },
    /// The clock jumps ahead.
    ClockJumps { at_ms: u64, by_ms: u64 },
    /// An execution is paused, and resumed later.
    Pause {
        program: usize,
        at_ms: u64,
        for_ms: u64,
    },
    /// A callback is answered twice.
    AnsweredTwice { nth: u64 },
    /// One of several servers dies, and another comes later.
    ServerDies {
        server: usize,
        at_ms: u64,
        back_after_ms: u64,
    },
    /// A server and its functions are suspended, while their clock goes on.
    ServerStandsStill {
        server: usize,
        at_ms: u64,
        for_ms: u64,
    },
    /// A server does not reach the database: requests get lost, or answers.
    ServerCutFromStore {
        server: usize,
        at_ms: u64,
        for_ms: u64,
    },
    /// A server reaches none of the others, and none of them reaches it.
    ServerCutFromOthers {
        server: usize,
        at_ms: u64,
        for_ms: u64,
    },
    /// A server leaves as it should, and another comes later.
    ServerLeaves {
        server: usize,
        at_ms: u64,
        back_after_ms: u64,
    },
    /// A notice to another server does not arrive.
    NoticeLost { nth: u64 },
    /// A notice arrives, but its sender gets no answer.
    NoticeAnswerLost { nth: u64 },
    /// A notice takes long.
    NoticeSlow { nth: u64, ms: u64 },
    /// A notice arrives once more, later.
    NoticeTwice { nth: u64, after_ms: u64 },
}

impl Fault {
    /// Its kind, in one word.
    #[must_use]
    pub fn kind(&self) -> String {
        let text = format!("{self:?}");
        text.split(' ').next().unwrap_or_default().to_owned()
    }
}
