//! The writes of a batch as rows, and the statements that take them.

use crate::batch::{Batch, Step};
use crate::job::{Domain, Write};
use crate::keys::Keys;
use crate::rows::Rows;
use crate::write::{Cells, INVOCATION, Sql, Transitions, add_invocation, dequeue, enqueue, one};

/// The rows of a batch.
pub(super) struct Encoded<'a> {
    pub transitions: Transitions<'a>,
    pub steps: Vec<StepRows<'a>>,
}

impl<'a> Encoded<'a> {
    pub fn of(writes: &[&'a Write], batch: &Batch, keys: &Keys) -> Self {
        let transition = |job: usize| match writes[job] {
            Write::Commit(transition) => transition.as_ref(),
            other => unreachable!("`{}` is no link of a chain", other.attempted()),
        };
        let steps = batch.steps.iter();
        Self {
            transitions: Transitions::of(batch, transition, |id| keys.of(id)),
            steps: steps.map(|step| StepRows::of(step, writes)).collect(),
        }
    }
}

/// The parameters of a step's statements.
pub(super) enum StepRows<'a> {
    Enqueue(Rows<'a>),
    Dequeue(Vec<i64>),
    One(Domain, &'a Write, Cells<'a>),
}

impl<'a> StepRows<'a> {
    fn of(step: &Step, writes: &[&'a Write]) -> Self {
        match step {
            Step::Enqueue(jobs) => {
                let mut rows = Rows::of(INVOCATION);
                for (place, job) in jobs.iter().enumerate() {
                    if let Write::Enqueue(invocation) | Write::EnqueueScheduled(invocation, _) =
                        writes[*job]
                    {
                        add_invocation(&mut rows, place, invocation);
                    }
                }
                Self::Enqueue(rows)
            }
            Step::Dequeue(jobs) => {
                let id = |job: &usize| match writes[*job] {
                    Write::Dequeue(id) => Some(id.0),
                    _ => None,
                };
                Self::Dequeue(jobs.iter().filter_map(id).collect())
            }
            Step::One(domain, job) => {
                let write = writes[*job];
                Self::One(*domain, write, Cells::of(write))
            }
        }
    }

    pub fn statements<'p>(&'p self, account: &'p &str) -> Vec<Sql<'p>> {
        match self {
            Self::Enqueue(rows) => vec![enqueue(account, rows)],
            Self::Dequeue(ids) => vec![dequeue(account, ids)],
            Self::One(domain, write, cells) => one(*domain, write, account, cells),
        }
    }
}
