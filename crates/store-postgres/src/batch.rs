//! Which writes go to the database together, and in what form.
//!
//! A batch is a beginning of the waiting writes, so that everything is carried out in the order of the calls. One
//! statement cannot change a row twice, so the transitions of an execution become a chain: from the version that the
//! first one names to the one that the last one makes. The chain stands or falls with its first link. A transition that
//! is no link of a chain, because it names another version, ends the batch.

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
    /// Writes that are not about executions, in an order that keeps each domain's own.
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

    /// Whether it changes an execution that is there, and that stays.
    pub const fn advances(&self) -> bool {
        self.from > 0 && self.from != self.to && !self.removes
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use engine::{Chance, Context, Input};
    use model::{
        ErrorObject, ExecutionArn, ExecutionId, ExecutionName, ExecutionSpec, FunctionArn,
        FunctionName, Limits, Owner, Timestamp, Trigger, Version,
    };
    use store::conformance::Subject;
    use store::{AsyncInvocationId, ScheduleMark};

    use super::*;

    fn start(name: &str, id: &str) -> Arc<Transition> {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let function = FunctionArn {
            partition: "aws".into(),
            region: "us-east-1".into(),
            account_id: "000000000000".into(),
            name: FunctionName::parse("Loan").expect("a valid name"),
        };
        let spec = ExecutionSpec {
            arn: ExecutionArn {
                function,
                version: Version::Latest,
                name: ExecutionName::parse(name).expect("a valid name"),
                id: ExecutionId::parse(id).expect("a valid id"),
            },
            started_at: now,
            input: None,
            execution_timeout_seconds: 60,
            retention_days: 1,
            result_bytes_max: 1024,
            trace_header: None,
            tenant_id: None,
            trigger: Trigger::Invoke,
        };
        let context = Context {
            now,
            chance: Chance::new(1, 2),
            limits: &Limits::AWS,
            owner: Owner(7),
        };
        Arc::new(engine::start(spec, context))
    }

    fn stop(subject: &mut Subject) -> Arc<Transition> {
        let error = ErrorObject::new("Stopped", "by a person");
        let stopped = subject.transition(Input::Stop { error });
        stopped.expect("it runs")
    }

    fn commit(transition: &Arc<Transition>) -> Write {
        Write::Commit(Arc::clone(transition))
    }

    /// How many of the writes make the first batch, and its form.
    fn first(writes: &[Write]) -> (usize, Batch) {
        let mut batch = Batch::default();
        let count = writes.iter().take_while(|write| batch.admit(write)).count();
        (count, batch)
    }

    #[test]
    fn transitions_that_follow_each_other_are_a_chain() {
        let begin = start("one", "id-1");
        let mut subject = Subject::of(&begin);
        let nothing = subject.transition(Input::DeadlineReached);
        let nothing = nothing.expect("nothing is due");
        let stopped = stop(&mut subject);
        let other = start("two", "id-2");
        let (count, batch) = first(&[
            commit(&begin),
            commit(&other),
            commit(&nothing),
            commit(&stopped),
        ]);
        assert_eq!((count, batch.chains.len()), (4, 2));
        assert_eq!((batch.chains[0].from, batch.chains[0].to), (0, 2));
        assert_eq!(batch.chains[0].jobs, [0, 2, 3]);
    }

    #[test]
    fn what_is_no_link_ends_the_batch() {
        let begin = start("one", "id-1");
        let mut subject = Subject::of(&begin);
        let stopped = stop(&mut subject);
        // From the version before the last.
        let (count, _) = first(&[commit(&begin), commit(&stopped), commit(&stopped)]);
        assert_eq!(count, 2);
        // The same name: which comes first is not left to the database.
        let (count, _) = first(&[commit(&begin), commit(&start("one", "id-2"))]);
        assert_eq!(count, 1);
        // After a removal, and a name that it frees.
        subject.absorb(&stopped);
        let removal = subject.transition(Input::Delete).expect("it has ended");
        let (count, batch) = first(&[commit(&removal), commit(&begin)]);
        assert_eq!((count, batch.chains[0].removes), (1, true));
        let (count, _) = first(&[commit(&stopped), commit(&removal)]);
        assert_eq!(count, 1);
    }

    #[test]
    fn each_domain_keeps_its_order() {
        let mark = || ScheduleMark {
            schedule: "arn".to_owned(),
            definition: "rate(1 day)".to_owned(),
            done_until: Timestamp::from_millis(0),
        };
        let dequeue = |id| Write::Dequeue(AsyncInvocationId(id));
        let postpone = Write::Postpone {
            id: AsyncInvocationId(2),
            attempts: 1,
            not_before: Timestamp::from_millis(0),
        };
        let (count, batch) = first(&[
            dequeue(1),
            Write::PutScheduleMark(mark()),
            dequeue(3),
            postpone,
            dequeue(2),
        ]);
        assert_eq!(count, 5);
        assert_eq!(
            batch.steps,
            [
                Step::Dequeue(vec![0, 2]),
                Step::One(Domain::Marks, 1),
                Step::One(Domain::Queue, 3),
                Step::Dequeue(vec![4]),
            ]
        );
    }
}
