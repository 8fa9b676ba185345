//! A walk through executions by arbitrary choices, on two stores at once: both must say the same.

use std::sync::Arc;

use engine::{ChainedOutcome, Input, InvocationOutcome, Output, Transition};
use model::{
    CallbackOptions, ChainedInvoke, ChainedTarget, ClientToken, ErrorObject, ExecutionId,
    ExecutionStatus, FunctionName, Operation, OperationDetails, OperationStatus, OperationType,
    OperationUpdate, Owner, Payload, Shards, UpdateAction, Version,
};

use super::subject::{OWNER, Subject, spec, start_of, update};
use crate::{CommitError, EventPage, ExecutionFilter, Store};

/// One step of a walk: what to do, with which of the candidates, and how.
pub type Choice = (u8, u8, u8);

/// The walk so far.
#[derive(Debug, Default)]
pub struct Walk {
    subjects: Vec<Subject>,
    removed: Vec<ExecutionId>,
    started: u32,
}

impl Walk {
    /// Takes one step on both stores and compares their answers.
    ///
    /// # Panics
    /// When they differ, or when either fails.
    pub async fn step(&mut self, choice: Choice, one: &dyn Store, other: &dyn Store) {
        let (what, which, how) = choice;
        if what % 8 == 0 || self.subjects.is_empty() {
            self.start(which, how, one, other).await;
            return;
        }
        let index = usize::from(which) % self.subjects.len();
        let subject = &mut self.subjects[index];
        let Some(input) = input(subject, what, how) else {
            return;
        };
        let Ok(transition) = subject.transition(input) else {
            return;
        };
        let repeats = if how % 5 == 0 { 2 } else { 1 };
        for repeat in 0..repeats {
            let answer = commit_to_both(&transition, one, other).await;
            let fresh = repeat == 0 || transition.is_empty();
            let expected = if fresh { "committed" } else { "conflict" };
            assert!(answer.starts_with(expected), "{answer}");
        }
        if transition.removes {
            let subject = self.subjects.swap_remove(index);
            self.removed.push(subject.id().clone());
        } else if !transition.is_empty() {
            subject.absorb(&transition);
        }
    }

    async fn start(&mut self, which: u8, how: u8, one: &dyn Store, other: &dyn Store) {
        self.started += 1;
        // Few names, so that some are taken.
        let function = ["Loan", "Fraud"][usize::from(which % 2)];
        let name = format!("name-{}", how % 16);
        let mut spec = spec(function, &name, &format!("id-{}", self.started));
        spec.input = payload(how);
        spec.started_at = spec.started_at.plus_seconds(self.started / 3);
        let start = start_of(spec, u64::from(self.started));
        let taken = self.subjects.iter().any(|subject| {
            let (arn, new) = (&subject.execution.spec.arn, &start.spec.arn);
            arn.function == new.function && arn.name == new.name
        });
        let answer = commit_to_both(&start, one, other).await;
        let expected = if taken { "name taken" } else { "committed" };
        assert!(answer.starts_with(expected), "{answer}");
        if !taken {
            self.subjects.push(Subject::of(&start));
        }
    }

    /// Compares everything that can be read from both stores.
    ///
    /// # Panics
    /// When they differ from each other or from the engine's state.
    pub async fn check(&self, one: &dyn Store, other: &dyn Store) {
        for store in [one, other] {
            for subject in &self.subjects {
                subject.check(store).await;
            }
            for id in &self.removed {
                assert!(store.load(id).await.expect("works").is_none());
            }
        }
        for subject in &self.subjects {
            let page = EventPage {
                after: Some(subject.events.len() as u64 / 2 + 1),
                newest_first: true,
                limit: 5,
                bytes_max: 200,
            };
            assert_eq!(
                one.events(subject.id(), page).await.expect("works"),
                other.events(subject.id(), page).await.expect("works"),
            );
        }
        for filter in filters() {
            assert_eq!(
                one.list(filter.clone()).await.expect("works"),
                other.list(filter).await.expect("works"),
            );
        }
        assert_eq!(
            one.deadlines(Shards::ALL, 1000).await.expect("works"),
            other.deadlines(Shards::ALL, 1000).await.expect("works"),
        );
        for owner in [OWNER, Owner(u64::MAX)] {
            assert_eq!(
                one.owing_work(owner, Shards::ALL).await.expect("works"),
                other.owing_work(owner, Shards::ALL).await.expect("works"),
            );
        }
    }
}

async fn commit_to_both(
    transition: &Arc<Transition>,
    one: &dyn Store,
    other: &dyn Store,
) -> String {
    let first = answer(one.commit(Arc::clone(transition)).await);
    let second = answer(other.commit(Arc::clone(transition)).await);
    assert_eq!(first, second);
    first
}

fn answer(result: Result<(), CommitError>) -> String {
    match result {
        Ok(()) => "committed".to_owned(),
        Err(CommitError::VersionConflict(id)) => format!("conflict {id}"),
        Err(CommitError::NameTaken(arn)) => format!("name taken by {arn}"),
        Err(CommitError::Fault(fault)) => panic!("{fault}: {}", fault.cause),
    }
}

fn filters() -> Vec<ExecutionFilter> {
    let page = |oldest_first, limit| ExecutionFilter {
        oldest_first,
        limit,
        ..ExecutionFilter::default()
    };
    let loan = FunctionName::parse("Loan").ok();
    vec![
        page(false, 1000),
        page(true, 3),
        ExecutionFilter {
            function: loan.clone(),
            ..page(true, 1000)
        },
        ExecutionFilter {
            function: loan,
            statuses: vec![ExecutionStatus::Running, ExecutionStatus::Stopped],
            ..page(false, 5)
        },
    ]
}

/// Absent, empty, small, or too large for an event to repeat.
fn payload(how: u8) -> Option<Payload> {
    match how % 5 {
        0 => None,
        1 => Some(Payload::from("")),
        2 | 3 => Some(Payload::from(format!("{{\"how\":{how}}}"))),
        _ => Some(Payload::from(format!("{how}").repeat(1000))),
    }
}

fn error(how: u8) -> ErrorObject {
    match how % 3 {
        0 => ErrorObject::default(),
        1 => ErrorObject::new("Refused", format!("by {how}")),
        _ => ErrorObject {
            stack_trace: Some(vec![format!("at {how}")]),
            ..ErrorObject::new("Refused", "")
        },
    }
}

fn input(subject: &mut Subject, what: u8, how: u8) -> Option<Input> {
    match what % 8 {
        1 => subject.invocation_ended(outcome(how)),
        2 => {
            let next = subject.execution.state.next_deadline.as_ref()?;
            subject.now = subject.now.max(next.at);
            Some(Input::DeadlineReached)
        }
        3 => outside(subject, how),
        4 if how.is_multiple_of(16) => Some(Input::Stop { error: error(how) }),
        5 if how.is_multiple_of(8) => Some(Input::Pause {
            reason: how.is_multiple_of(16).then(|| "inventory".to_owned()),
            execution_timeout_paused: how.is_multiple_of(32),
            client_token: ClientToken::parse("pause").ok(),
        }),
        6 if how.is_multiple_of(4) => Some(Input::Resume {
            reason: None,
            client_token: ClientToken::parse("resume").ok(),
        }),
        _ => {
            let updates = updates(subject, what, how);
            subject.checkpoint(updates)
        }
    }
}

fn outcome(how: u8) -> InvocationOutcome {
    match how % 8 {
        0 => InvocationOutcome::Returned(Output::Succeeded(payload(how / 8))),
        1 => InvocationOutcome::Returned(Output::Failed(error(how))),
        2 => InvocationOutcome::FunctionError(error(how)),
        3 => InvocationOutcome::Lost,
        4 => InvocationOutcome::Returned(Output::Invalid("not an answer".to_owned())),
        _ => InvocationOutcome::Returned(Output::Pending),
    }
}

/// An operation that suits, one of those that there are.
fn pick(subject: &Subject, how: u8, suits: impl Fn(&Operation) -> bool) -> Option<&Operation> {
    let suiting: Vec<_> = subject
        .execution
        .operations()
        .filter(|operation| suits(operation))
        .collect();
    let index = usize::from(how).checked_rem(suiting.len())?;
    Some(suiting[index])
}

/// Inputs from outside: callbacks, ends of chained invokes.
fn outside(subject: &Subject, how: u8) -> Option<Input> {
    let operation = pick(subject, how, Operation::is_pending)?;
    let operation_id = operation.id.clone();
    match &operation.details {
        OperationDetails::Callback { callback_id, .. } => {
            let callback_id = callback_id.clone();
            Some(match how % 3 {
                0 => Input::CallbackHeartbeat {
                    operation_id,
                    callback_id,
                },
                1 => Input::CallbackFailed {
                    operation_id,
                    callback_id,
                    error: error(how),
                },
                _ => Input::CallbackSucceeded {
                    operation_id,
                    callback_id,
                    result: payload(how / 3),
                },
            })
        }
        OperationDetails::ChainedInvoke { .. } => Some(Input::ChainedInvokeEnded {
            operation_id,
            outcome: match how % 4 {
                0 => ChainedOutcome::Failed(error(how)),
                1 => ChainedOutcome::TimedOut(error(how)),
                2 => ChainedOutcome::Stopped(error(how)),
                _ => ChainedOutcome::Succeeded(payload(how / 4)),
            },
        }),
        OperationDetails::Execution { .. }
        | OperationDetails::Context { .. }
        | OperationDetails::Step { .. }
        | OperationDetails::Wait { .. } => None,
    }
}

/// The function's updates: something new, or the next thing for something recorded.
fn updates(subject: &Subject, what: u8, how: u8) -> Vec<OperationUpdate> {
    let new = format!("op-{}", subject.execution.state.operation_count);
    let started = |operation_type| {
        move |operation: &Operation| {
            let open = matches!(
                operation.status,
                OperationStatus::Started | OperationStatus::Ready
            );
            operation.operation_type() == operation_type && open
        }
    };
    let recorded = |operation_type, action| {
        let operation = pick(subject, how, started(operation_type))?;
        Some(update(operation.id.as_str(), operation_type, action))
    };
    let parent_id = pick(subject, how, started(OperationType::Context))
        .filter(|_| how.is_multiple_of(2))
        .map(|parent| parent.id.clone());
    let fresh = |operation_type, action| OperationUpdate {
        parent_id: parent_id.clone(),
        name: how.is_multiple_of(3).then(|| format!("name {how}")),
        sub_type: how.is_multiple_of(4).then(|| "SubType".to_owned()),
        ..update(&new, operation_type, action)
    };
    let choice = (what / 8).wrapping_mul(3).wrapping_add(how) % 12;
    let step_end = |update: OperationUpdate| match how % 3 {
        0 => OperationUpdate {
            action: UpdateAction::Fail,
            error: Some(error(how)),
            ..update
        },
        1 => OperationUpdate {
            action: UpdateAction::Retry,
            payload: payload(how),
            next_attempt_delay_seconds: Some(u32::from(how) % 7),
            ..update
        },
        _ => OperationUpdate {
            payload: payload(how),
            ..update
        },
    };
    match choice {
        0 => vec![fresh(OperationType::Context, UpdateAction::Start)],
        1 => recorded(OperationType::Context, UpdateAction::Succeed)
            .map(|update| OperationUpdate {
                payload: payload(how),
                replay_children: how.is_multiple_of(2).then_some(true),
                ..update
            })
            .into_iter()
            .collect(),
        2 => vec![OperationUpdate {
            wait_seconds: Some(u32::from(how) + 1),
            ..fresh(OperationType::Wait, UpdateAction::Start)
        }],
        3 => recorded(OperationType::Wait, UpdateAction::Cancel)
            .into_iter()
            .collect(),
        4 => vec![OperationUpdate {
            callback_options: Some(CallbackOptions {
                timeout_seconds: how.is_multiple_of(2).then_some(u32::from(how)),
                heartbeat_timeout_seconds: how.is_multiple_of(3).then_some(u32::from(how) / 2),
            }),
            ..fresh(OperationType::Callback, UpdateAction::Start)
        }],
        5 => vec![OperationUpdate {
            payload: payload(how),
            chained_invoke: Some(chained(&new, how)),
            ..fresh(OperationType::ChainedInvoke, UpdateAction::Start)
        }],
        6 => vec![OperationUpdate {
            payload: payload(how),
            ..update("end", OperationType::Execution, UpdateAction::Succeed)
        }],
        7 | 8 => recorded(OperationType::Step, UpdateAction::Succeed)
            .map(step_end)
            .into_iter()
            .collect(),
        9 => vec![fresh(OperationType::Step, UpdateAction::Start)],
        _ => vec![
            fresh(OperationType::Step, UpdateAction::Start),
            step_end(update(&new, OperationType::Step, UpdateAction::Succeed)),
        ],
    }
}

fn chained(new: &str, how: u8) -> ChainedInvoke {
    let function = FunctionName::parse("Fraud").expect("a valid name");
    let version = Version::Published(u64::from(how) + 1);
    let target = match how % 3 {
        0 => Err(error(how)),
        1 => Ok(ChainedTarget::Plain { function, version }),
        _ => Ok(ChainedTarget::Durable {
            function,
            version,
            execution_id: ExecutionId::parse(&format!("child-{new}")).expect("a valid id"),
        }),
    };
    ChainedInvoke {
        function_name: "Fraud:live".to_owned(),
        tenant_id: how.is_multiple_of(2).then(|| "tenant".to_owned()),
        trace_header: how.is_multiple_of(5).then(|| "Root=1-a-b".to_owned()),
        target,
    }
}
