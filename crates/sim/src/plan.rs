//! The plan that a seed stands for.

use std::collections::BTreeMap;

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
    /// Functions whose concurrency is reserved, each with the limit of simultaneous invocations on all servers
    /// together.
    pub reserved: BTreeMap<String, usize>,
    /// The servers, by their clocks: one, or several that share the store.
    pub servers: Vec<Skew>,
}

/// How a server's clock differs from that of the database which it shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Skew {
    /// How far it is ahead at first.
    pub ahead_ms: u64,
    /// How much faster it goes, in thousandths.
    pub rate: i64,
}

impl Plan {
    /// The plan of this seed.
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
        // Only a server that starts again reads executions that it had in memory.
        if faults
            .iter()
            .any(|fault| matches!(fault, Fault::Unreadable { .. }))
        {
            faults.push(Fault::DiesAt {
                ms: chance.u64(1..8_000),
            });
        }
        let mut plan = Self {
            seed,
            programs,
            faults,
            concurrency: [1, 2, 1_000][chance.usize(..3)],
            drift: [0, 0, 20, -20][chance.usize(..4)],
            reserved: BTreeMap::new(),
            servers: vec![Skew::default()],
        };
        // Drawn from a separate generator, so that plans with one server do not depend on this draw.
        let mut chance = Rng::with_seed(!seed);
        if chance.u32(..SHARED_IN) == 0 {
            plan.share(&mut chance);
        }
        plan.reserve();
        plan
    }

    /// Whether several servers share the store.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.servers.len() > 1
    }

    /// Reserves the concurrency of some functions. Drawn from a separate generator, too.
    fn reserve(&mut self) {
        let mut chance = Rng::with_seed(self.seed ^ APART);
        let is_reserved = match self.is_shared() {
            true => chance.u32(..3) > 0,
            false => chance.u32(..6) == 0,
        };
        if !is_reserved {
            return;
        }
        for function in ["program", "hasty", "echo"] {
            if chance.u32(..4) > 0 {
                let limit = chance.usize(1..=3);
                self.reserved.insert(function.to_owned(), limit);
            }
        }
        // On different servers, if there are several, so that these wait for the same function.
        let busy = chance.usize(..=3);
        let programs = (0..busy).map(|number| Program::draw_busy(&mut chance, number));
        self.programs.extend(programs);
    }

    /// Makes it a plan with several servers, with their own faults.
    fn share(&mut self, chance: &mut Rng) {
        let servers = chance.usize(2..=SERVERS_MAX);
        self.servers = (0..servers)
            .map(|_| Skew {
                ahead_ms: [0, 0, 300, 5_000][chance.usize(..4)],
                rate: chance.i64(-30..=30),
            })
            .collect();
        // Each server renews its lease every few seconds, so long waits cost many calls without testing more.
        for program in &mut self.programs {
            program.hurry(LONGEST_WAIT_S);
        }
        self.faults.retain_mut(|fault| match fault {
            Fault::Unreadable { .. } => false,
            Fault::ClockJumps { by_ms, .. } => {
                *by_ms = (*by_ms).min(60_000);
                true
            }
            _ => true,
        });
        let faults = match chance.u32(..10) {
            0 => 0,
            1..=6 => chance.usize(1..5),
            _ => chance.usize(5..12),
        };
        let drawn: Vec<_> = (0..faults).map(|_| draw_shared(chance, servers)).collect();
        self.faults.extend(drawn);
    }
}

/// The reserved concurrency is drawn from another seed.
const APART: u64 = 0x5eed_0f91_ace5;

/// One in this many plans has servers that share the store.
const SHARED_IN: u32 = 3;

/// Most servers that share the store.
const SERVERS_MAX: usize = 4;

/// The longest wait of a program where servers share the store, in seconds.
const LONGEST_WAIT_S: u64 = 60;

/// Draws a fault of servers that share the store, or between them.
fn draw_shared(chance: &mut Rng, servers: usize) -> Fault {
    let server = chance.usize(..servers);
    let latest_ms = [8_000, 40_000, 90_000][chance.usize(..3)];
    let at_ms = chance.u64(..latest_ms);
    // Shorter than a lease, about as long, and longer.
    let for_ms = [300, 2_000, 5_500, 8_000, 15_000, 40_000][chance.usize(..6)] + chance.u64(..900);
    let nth = chance.u64(1..40);
    let back_after_ms = [1, 2_000, 7_000, 30_000][chance.usize(..4)];
    match chance.u32(..14) {
        0..=2 => Fault::ServerDies {
            server,
            at_ms,
            back_after_ms,
        },
        3..=5 => Fault::ServerStandsStill {
            server,
            at_ms,
            for_ms,
        },
        6..=7 => Fault::ServerCutFromStore {
            server,
            at_ms,
            for_ms,
        },
        8 => Fault::ServerCutFromOthers {
            server,
            at_ms,
            for_ms,
        },
        9 => Fault::ServerLeaves {
            server,
            at_ms,
            back_after_ms,
        },
        10 => Fault::NoticeLost { nth },
        11 => Fault::NoticeAnswerLost { nth },
        12 => Fault::NoticeSlow { nth, ms: for_ms },
        _ => Fault::NoticeTwice {
            nth,
            after_ms: for_ms,
        },
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
