//! What a seed comes to.

use fastrand::Rng;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::program::Program;

/// Programs and faults, and everything else that a run depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Seeds ids, tokens and the jitter of pauses.
    pub seed: u64,
    pub programs: Vec<Program>,
    pub faults: Vec<Fault>,
    /// Invocations of one function at one time.
    pub concurrency: usize,
    /// How much faster than the machine's the clock goes, in thousandths.
    pub drift: i64,
}

impl Plan {
    /// What this seed stands for.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut chance = Rng::with_seed(seed);
        let count = chance.usize(1..=4);
        let programs: Vec<_> = (0..count)
            .map(|number| Program::draw(&mut chance, number))
            .collect();
        let faults = match chance.u32(..10) {
            0 => 0,
            1..=6 => chance.usize(1..6),
            _ => chance.usize(6..20),
        };
        let mut faults: Vec<_> = (0..faults)
            .map(|_| draw(&mut chance, programs.len()))
            .collect();
        // Only a server that begins anew reads what it has in memory.
        if faults
            .iter()
            .any(|fault| matches!(fault, Fault::Unreadable { .. }))
        {
            faults.push(Fault::DiesAt {
                ms: chance.u64(1..8_000),
            });
        }
        Self {
            seed,
            programs,
            faults,
            concurrency: [1, 2, 1_000][chance.usize(..3)],
            drift: [0, 0, 20, -20][chance.usize(..4)],
        }
    }
}

fn draw(chance: &mut Rng, programs: usize) -> Fault {
    let commit = chance.u64(1..40);
    let request = chance.u64(1..25);
    let invocation = chance.u64(1..12);
    let ms = [0, 1, 10, 25, 700, 8_000][chance.usize(..6)];
    let program = chance.usize(..programs);
    match chance.u32(..26) {
        0 | 1 => Fault::DiesBeforeCommit { nth: commit },
        2 | 3 => Fault::DiesAfterCommit { nth: commit },
        4 => Fault::DiesAt {
            ms: chance.u64(..30_000),
        },
        5 => Fault::CommitFails { nth: commit },
        6 | 7 => Fault::CommitUnknown {
            nth: commit,
            landed: chance.bool(),
        },
        8 => Fault::DiskFull {
            nth: commit,
            commits: chance.u64(2..12),
        },
        9 | 10 => Fault::CommitSlow { nth: commit, ms },
        11 => Fault::ReadFails {
            nth: chance.u64(1..80),
        },
        12 => Fault::ReadSlow {
            nth: chance.u64(1..80),
            ms,
        },
        13 => Fault::Unreadable { program },
        14 => match chance.bool() {
            true => Fault::RequestLost { nth: request },
            false => Fault::AnswerLost { nth: request },
        },
        15 => Fault::RequestSlow { nth: request, ms },
        16 => Fault::RequestTwice { nth: request },
        17 => Fault::RequestAgain {
            nth: request,
            after_ms: chance.u64(1..60_000),
        },
        18 => Fault::NoRoom { nth: invocation },
        19 => Fault::ProcessDies {
            nth: invocation,
            after_ms: ms,
        },
        20 => match chance.bool() {
            true => Fault::ProcessErrs {
                nth: invocation,
                after_ms: ms,
            },
            false => Fault::ProcessHangs { nth: invocation },
        },
        21 => Fault::ProcessOutlives {
            nth: invocation,
            after_ms: ms,
        },
        22 => match chance.bool() {
            true => Fault::ProcessSlow {
                nth: invocation,
                ms,
            },
            false => Fault::PlainNoRoom {
                nth: chance.u64(1..3),
            },
        },
        23 => Fault::ClockJumps {
            at_ms: chance.u64(..60_000),
            by_ms: [1, 500, 40_000, 3_600_000][chance.usize(..4)],
        },
        24 => Fault::Pause {
            program,
            at_ms: chance.u64(..20_000),
            for_ms: chance.u64(1..60_000),
        },
        _ => Fault::AnsweredTwice {
            nth: chance.u64(1..4),
        },
    }
}
