//! Which writes go to the database together, and in what form.
//!
//! A batch is a beginning of what waits, so that everything is carried out in the order of the calls. One statement
//! cannot change a row twice, so the transitions of an execution become a chain: from the version that the first one
//! names to the one that the last one makes. The chain stands or falls with its first link. What is no link of a chain,
//! because it names another version, ends the batch.

use std::collections::{HashMap, HashSet};

use engine::Transition;
use model::ExecutionId;

use crate::job::{Domain, Write};

/// Writes in one transaction: enough to share its costs, few enough that the first does not wait long for the last.
const BATCH_WRITES_MAX: usize = 512;

/// Bytes in one transaction, about.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The form of a batch. Jobs are named by their places in it.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub chains: Vec<Chain>,
    /// What is not about executions, in an order that each domain's own is kept in.
    pub steps: Vec<Step>,
    by_execution: HashMap<ExecutionId, usize>,
    /// Names that are taken or freed, by function and name.
    names: HashSet<(Box<str>, Box<str>)>,
    jobs: usize,
    bytes: usize,
}

/// Transitions of one execution, each from the version that the one before it makes.
#[derive(Debug)]
pub(crate) struct Chain {
    /// The version that has to be stored.
    pub from: u64,
    /// The version that is stored afterwards.
    pub to: u64,
    pub jobs: Vec<usize>,
    pub removes: bool,
}

impl Chain {
    /// Whether it only asks for the version.
    pub const fn changes_nothing(&self) -> bool {
        self.from == self.to && !self.removes
    }
}

/// Writes that are one statement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Enqueue(Vec<usize>),
    Dequeue(Vec<usize>),
    /// One that is of no other kind. Of a job that accepts the occurrence of a schedule: its mark.
    One(Domain, usize),
}

impl Step {
    const fn domain(&self) -> Domain {
        match self {
            Self::Enqueue(_) | Self::Dequeue(_) => Domain::Queue,
            Self::One(domain, _) => *domain,
        }
    }
}

impl Batch {
    /// Takes the write in, or says that the batch ends before it. The first one always fits.
    pub fn admit(&mut self, write: &Write) -> bool {
        let bytes = self.bytes + write.weight();
        let is_full = self.jobs >= BATCH_WRITES_MAX || bytes > BATCH_BYTES_MAX;
        if is_full && self.jobs > 0 {
            return false;
        }
        let job = self.jobs;
        match write {
            Write::Commit(transition) => {
                if !self.admit_transition(transition, job) {
                    return false;
                }
            }
            Write::Enqueue(_) => self.enqueue(job),
            Write::EnqueueScheduled(..) => {
                self.enqueue(job);
                self.steps.push(Step::One(Domain::Marks, job));
            }
            Write::Dequeue(_) => match self.last_of(Domain::Queue) {
                Some(Step::Dequeue(jobs)) => jobs.push(job),
                Some(Step::Enqueue(_) | Step::One(..)) | None => {
                    self.steps.push(Step::Dequeue(vec![job]));
                }
            },
            Write::Postpone { .. }
            | Write::Bury(..)
            | Write::PutScheduleMark(_)
            | Write::DeleteScheduleMark(_)
            | Write::SetAside(_)
            | Write::TakeBack(_)
            | Write::PutFunctionVersion(_)
            | Write::ReplaceFunctionVersion(_)
            | Write::PutAlias(_)
            | Write::PutFunctionSettings(_)
            | Write::DeleteFunctionVersion(..)
            | Write::DeleteAlias(..)
            | Write::DeleteFunction(_)
            | Write::Probe => self.steps.push(Step::One(write.domain(), job)),
        }
        self.jobs += 1;
        self.bytes = bytes;
        true
    }

    fn enqueue(&mut self, job: usize) {
        match self.last_of(Domain::Queue) {
            Some(Step::Enqueue(jobs)) => jobs.push(job),
            Some(Step::Dequeue(_) | Step::One(..)) | None => {
                self.steps.push(Step::Enqueue(vec![job]));
            }
        }
    }

    fn last_of(&mut self, domain: Domain) -> Option<&mut Step> {
        self.steps
            .iter_mut()
            .rev()
            .find(|step| step.domain() == domain)
    }

    fn admit_transition(&mut self, transition: &Transition, job: usize) -> bool {
        let id = &transition.spec.arn.id;
        if let Some(chain) = self.by_execution.get(id) {
            let chain = &mut self.chains[*chain];
            let fits = !chain.removes && !transition.removes && chain.to == transition.from_version;
            if fits {
                chain.to = transition.state.version;
                chain.jobs.push(job);
            }
            return fits;
        }
        if transition.from_version == 0 || transition.removes {
            let arn = &transition.spec.arn;
            let name = (arn.function.name.as_str().into(), arn.name.as_str().into());
            // Which of two starts with one name comes first, or whether a removal comes before a start, is not to
            // be left to the order in which a statement does its parts.
            if !self.names.insert(name) {
                return false;
            }
        }
        self.by_execution.insert(id.clone(), self.chains.len());
        self.chains.push(Chain {
            from: transition.from_version,
            to: transition.state.version,
            jobs: vec![job],
            removes: transition.removes,
        });
        true
    }
}
