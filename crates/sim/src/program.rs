//! Programs: random handlers over every operation type, nested, with a result that is known in advance.

use fastrand::Rng;
use serde::{Deserialize, Serialize};

/// The operations of one execution, and its input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// The execution's name.
    pub name: String,
    /// When it is started, after the beginning of the world.
    pub starts_after_ms: u64,
    pub fate: Fate,
    pub ops: Vec<Op>,
}

/// The end of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It runs to its end.
    Ends,
    /// It is stopped, unless it has ended before.
    Stopped { after_ms: u64 },
    /// Its execution timeout is short.
    Hasty,
}

/// One operation. Names are unique in the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    Step {
        name: String,
        takes_ms: u64,
        /// Attempts that fail before one succeeds.
        fails: u32,
        at_most_once: bool,
    },
    /// A step whose attempts all fail.
    Doomed {
        name: String,
        attempts: u32,
    },
    Wait {
        name: String,
        seconds: u64,
    },
    Callback {
        name: String,
        /// Created and handed out by a step, in a context of its own.
        submitted: bool,
        timeout_s: Option<u64>,
        heartbeat_timeout_s: Option<u64>,
        answer: Answer,
    },
    Condition {
        name: String,
        checks: u32,
        every_s: u64,
    },
    /// A plain function.
    Echo {
        name: String,
    },
    /// A function that does not exist.
    Missing {
        name: String,
    },
    /// Another execution.
    Chained {
        name: String,
        ops: Vec<Op>,
    },
    Child {
        name: String,
        ops: Vec<Op>,
    },
    Parallel {
        name: String,
        branches: Vec<Vec<Op>>,
        at_once: usize,
    },
    Map {
        name: String,
        items: Vec<Vec<Op>>,
    },
}

/// The outside answer to a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Succeeds {
        after_ms: u64,
    },
    Fails {
        after_ms: u64,
    },
    /// Heartbeats every ten seconds, and then an answer.
    Beats {
        after_ms: u64,
    },
    /// No answer; the callback has a timeout.
    Never,
}

impl Program {
    pub(crate) fn draw(chance: &mut Rng, number: usize) -> Self {
        let mut names = Names {
            prefix: format!("p{number}"),
            drawn: 0,
        };
        let fate = match chance.u32(..10) {
            0 => Fate::Stopped {
                after_ms: chance.u64(..40_000),
            },
            1 => Fate::Hasty,
            _ => Fate::Ends,
        };
        let count = chance.usize(1..=6);
        Self {
            name: names.prefix.clone(),
            starts_after_ms: chance.u64(..5_000),
            fate,
            ops: names.ops(chance, count, 0),
        }
    }

    /// A program that invokes a plain function again and again, several at a time.
    pub(crate) fn draw_busy(chance: &mut Rng, number: usize) -> Self {
        let mut names = Names {
            prefix: format!("busy{number}"),
            drawn: 0,
        };
        let branches = (0..4).map(|_| (0..4).map(|_| Op::Echo { name: names.next() }).collect());
        let branches = branches.collect();
        Self {
            name: names.prefix.clone(),
            starts_after_ms: chance.u64(..20_000),
            fate: Fate::Ends,
            ops: vec![Op::Parallel {
                name: names.next(),
                branches,
                at_once: 3,
            }],
        }
    }

    /// Its result, if it runs to its end.
    pub(crate) fn returns(&self) -> Vec<String> {
        self.ops.iter().map(Op::comes_to).collect()
    }

    /// Limits its waits to this many seconds.
    pub(crate) fn hurry(&mut self, seconds_max: u64) {
        fn hurry(ops: &mut [Op], seconds_max: u64) {
            for op in ops {
                if let Op::Wait { seconds, .. } = op {
                    *seconds = (*seconds).min(seconds_max);
                }
                for ops in op.within_mut() {
                    hurry(ops, seconds_max);
                }
            }
        }
        hurry(&mut self.ops, seconds_max);
    }

    /// Every operation, the nested ones too.
    pub(crate) fn each_op<'a>(&'a self, look: &mut dyn FnMut(&'a Op)) {
        for op in &self.ops {
            op.each(look);
        }
    }
}

impl Op {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Step { name, .. }
            | Self::Doomed { name, .. }
            | Self::Wait { name, .. }
            | Self::Callback { name, .. }
            | Self::Condition { name, .. }
            | Self::Echo { name }
            | Self::Missing { name }
            | Self::Chained { name, .. }
            | Self::Child { name, .. }
            | Self::Parallel { name, .. }
            | Self::Map { name, .. } => name,
        }
    }

    /// Whether the program goes on only once its end is recorded. An operation that consists of recorded operations
    /// needs no record of its own for that.
    pub(crate) fn is_acknowledged(&self) -> bool {
        !matches!(
            self,
            Self::Parallel { .. }
                | Self::Map { .. }
                | Self::Callback {
                    submitted: true,
                    ..
                }
        )
    }

    /// Its result as the program writes it down. Where a fault may decide a race, both outcomes are written alike.
    fn comes_to(&self) -> String {
        let name = self.name();
        let all = |ops: &Vec<Self>| ops.iter().map(Self::comes_to).collect::<Vec<_>>().join(" ");
        let each = |many: &Vec<Vec<Self>>| many.iter().map(all).collect::<Vec<_>>().join("|");
        match self {
            Self::Step { .. } | Self::Wait { .. } | Self::Echo { .. } => format!("{name}:done"),
            Self::Doomed { .. } | Self::Missing { .. } => format!("{name}:failed"),
            Self::Callback {
                timeout_s: None,
                heartbeat_timeout_s: None,
                answer: Answer::Fails { .. },
                ..
            } => format!("{name}:no"),
            Self::Callback {
                timeout_s: None,
                heartbeat_timeout_s: None,
                ..
            } => format!("{name}:yes"),
            Self::Callback { .. } => format!("{name}:settled"),
            Self::Condition { checks, .. } => format!("{name}:{checks}"),
            Self::Chained { ops, .. } | Self::Child { ops, .. } => format!("{name}({})", all(ops)),
            Self::Parallel { branches, .. } => format!("{name}({})", each(branches)),
            Self::Map { items, .. } => format!("{name}({})", each(items)),
        }
    }

    fn each<'a>(&'a self, look: &mut dyn FnMut(&'a Self)) {
        look(self);
        for ops in self.within() {
            for op in ops {
                op.each(look);
            }
        }
    }

    fn within(&self) -> Vec<&Vec<Self>> {
        match self {
            Self::Chained { ops, .. } | Self::Child { ops, .. } => vec![ops],
            Self::Parallel { branches, .. } => branches.iter().collect(),
            Self::Map { items, .. } => items.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// The operations within it, for removing them one by one.
    pub(crate) fn within_mut(&mut self) -> Vec<&mut Vec<Self>> {
        match self {
            Self::Chained { ops, .. } | Self::Child { ops, .. } => vec![ops],
            Self::Parallel { branches, .. } => branches.iter_mut().collect(),
            Self::Map { items, .. } => items.iter_mut().collect(),
            _ => Vec::new(),
        }
    }
}

/// Draws operations with unique names.
struct Names {
    prefix: String,
    drawn: usize,
}

/// How deep operations are nested at the most.
const DEPTH_MAX: usize = 3;

/// Operations of a program at the most, or a few more.
const OPS_MAX: usize = 24;

impl Names {
    fn next(&mut self) -> String {
        self.drawn += 1;
        format!("{}-{}", self.prefix, self.drawn)
    }

    fn ops(&mut self, chance: &mut Rng, count: usize, depth: usize) -> Vec<Op> {
        (0..count).map(|_| self.op(chance, depth)).collect()
    }

    fn op(&mut self, chance: &mut Rng, depth: usize) -> Op {
        let name = self.next();
        let is_leaf = depth == DEPTH_MAX || self.drawn > OPS_MAX;
        match chance.u32(..if is_leaf { 14 } else { 20 }) {
            0..=4 => Op::Step {
                name,
                takes_ms: [0, 0, 5, 300, 20_000][chance.usize(..5)],
                fails: chance.u32(..8).saturating_sub(5),
                at_most_once: chance.u32(..4) == 0,
            },
            5 => Op::Doomed {
                name,
                attempts: chance.u32(1..4),
            },
            6..=7 => Op::Wait {
                name,
                seconds: [1, 2, 15, 90, 1_000][chance.usize(..5)],
            },
            8..=10 => Self::callback(chance, name),
            11 => Op::Condition {
                name,
                checks: chance.u32(1..4),
                every_s: chance.u64(1..20),
            },
            12 => Op::Echo { name },
            13 if chance.bool() => Op::Missing { name },
            13 => Op::Echo { name },
            14 | 15 => Op::Child {
                name,
                ops: self.some(chance, depth),
            },
            16 | 17 => Op::Parallel {
                name,
                at_once: chance.usize(1..4),
                branches: self.many(chance, depth),
            },
            18 => Op::Map {
                name,
                items: self.many(chance, depth),
            },
            _ => Op::Chained {
                name,
                ops: self.some(chance, depth),
            },
        }
    }

    fn some(&mut self, chance: &mut Rng, depth: usize) -> Vec<Op> {
        let count = chance.usize(1..4);
        self.ops(chance, count, depth + 1)
    }

    fn many(&mut self, chance: &mut Rng, depth: usize) -> Vec<Vec<Op>> {
        let count = chance.usize(1..4);
        (0..count).map(|_| self.some(chance, depth)).collect()
    }

    fn callback(chance: &mut Rng, name: String) -> Op {
        let after_ms = [0, 1, 900, 10_000, 45_000][chance.usize(..5)];
        let answer = match chance.u32(..8) {
            0..=3 => Answer::Succeeds { after_ms },
            4 | 5 => Answer::Fails { after_ms },
            6 => Answer::Beats { after_ms },
            _ => Answer::Never,
        };
        let may_time_out = answer == Answer::Never || chance.u32(..4) == 0;
        Op::Callback {
            name,
            submitted: chance.bool(),
            // The timeout is about as long as the answer takes: a race.
            timeout_s: may_time_out.then_some(after_ms / 1_000 + chance.u64(1..3)),
            heartbeat_timeout_s: matches!(answer, Answer::Beats { .. }).then_some(25),
            answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_every_kind_is_drawn() {
        let mut chance = Rng::with_seed(1);
        let mut kinds = BTreeSet::new();
        for number in 0..200 {
            let program = Program::draw(&mut chance, number);
            let mut names = BTreeSet::new();
            program.each_op(&mut |op| {
                assert!(names.insert(op.name().to_owned()), "{op:?}");
                let debug = format!("{op:?}");
                kinds.extend(debug.split(' ').next().map(ToOwned::to_owned));
            });
        }
        assert_eq!(kinds.len(), 11, "{kinds:?}");
    }
}
