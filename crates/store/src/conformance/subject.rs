//! One execution under test, with the data that the store should hold.

use std::sync::Arc;

use engine::{Chance, Context, Execution, Input, InvocationOutcome, Output, Rejection, Transition};
use model::{
    Event, ExecutionArn, ExecutionId, ExecutionName, ExecutionSpec, FunctionArn, FunctionName,
    Invocation, Limits, OperationId, OperationType, OperationUpdate, Owner, Payload, Timestamp,
    Trigger, UpdateAction, Version,
};

use crate::{EventPage, ExecutionHead, ExecutionSummary, Store, event_head};

/// When every subject's world begins.
pub(super) const BEGINNING: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// An execution with everything that was ever recorded of it.
#[derive(Debug, Clone)]
pub struct Subject {
    /// As the engine has it.
    pub execution: Execution,
    /// Its whole history.
    pub events: Vec<Event>,
    /// Its clock.
    pub now: Timestamp,
    seed: u64,
}

pub(super) fn function(name: &str) -> FunctionArn {
    FunctionArn {
        partition: "aws".into(),
        region: "us-east-1".into(),
        account_id: "000000000000".into(),
        name: FunctionName::parse(name).expect("tests name functions well"),
    }
}

/// A specification with the plainest choices.
pub(super) fn spec(function_name: &str, name: &str, id: &str) -> ExecutionSpec {
    ExecutionSpec {
        arn: ExecutionArn {
            function: function(function_name),
            version: Version::Published(1),
            name: ExecutionName::parse(name).expect("tests name executions well"),
            id: ExecutionId::parse(id).expect("tests choose ids well"),
        },
        started_at: BEGINNING,
        input: Some(Payload::from("{\"amount\":1}")),
        execution_timeout_seconds: 3600,
        retention_days: 1,
        result_bytes_max: 1024 * 1024,
        trace_header: None,
        tenant_id: None,
        trigger: Trigger::Invoke,
    }
}

/// An update with the id and type given and everything else left out.
pub(super) fn update(
    id: &str,
    operation_type: OperationType,
    action: UpdateAction,
) -> OperationUpdate {
    OperationUpdate::new(
        OperationId::parse(id).expect("tests choose ids well"),
        operation_type,
        action,
    )
}

/// The transition that starts an execution; nothing is committed.
pub(super) fn start_of(spec: ExecutionSpec, seed: u64) -> Arc<Transition> {
    let now = spec.started_at;
    Arc::new(engine::start(spec, context(now, seed)))
}

/// The run that makes all transitions here.
pub(super) const OWNER: Owner = Owner(7);

fn context(now: Timestamp, seed: u64) -> Context<'static> {
    Context {
        now,
        chance: Chance::new(seed, !seed),
        limits: &Limits::AWS,
        owner: OWNER,
    }
}

impl Subject {
    /// The subject of a start's transition; the caller commits it.
    pub fn of(start: &Transition) -> Self {
        Self {
            execution: Execution::create(start),
            events: start.events.clone(),
            now: start.spec.started_at,
            seed: 1,
        }
    }

    /// Starts an execution in the store.
    pub(super) async fn start(store: &dyn Store, spec: ExecutionSpec) -> Self {
        let start = start_of(spec, 7);
        store
            .commit(Arc::clone(&start))
            .await
            .expect("a start with a free id and name is committed");
        Self::of(&start)
    }

    pub(super) fn id(&self) -> &ExecutionId {
        &self.execution.spec.arn.id
    }

    /// The engine's transition for an input, one second later. Nothing is committed or absorbed.
    pub fn transition(&mut self, input: Input) -> Result<Arc<Transition>, Rejection> {
        self.now = self.now.plus_seconds(1);
        self.seed += 1;
        let context = context(self.now, self.seed);
        engine::apply(&self.execution, input, context).map(Arc::new)
    }

    /// Takes a committed transition in.
    pub fn absorb(&mut self, transition: &Transition) {
        self.execution.absorb(transition);
        self.events.extend_from_slice(&transition.events);
    }

    /// Applies an input, commits the transition, and checks that the store has it all.
    pub(super) async fn apply(&mut self, store: &dyn Store, input: Input) {
        let transition = self
            .transition(input)
            .expect("the engine accepts the input");
        store
            .commit(Arc::clone(&transition))
            .await
            .expect("a transition from the stored version is committed");
        self.absorb(&transition);
        self.check(store).await;
    }

    /// A checkpoint with the token that is due.
    pub fn checkpoint(&self, updates: Vec<OperationUpdate>) -> Option<Input> {
        let token = engine::checkpoint_token(&self.execution.spec, &self.execution.state)?;
        Some(Input::Checkpoint {
            token,
            client_token: None,
            updates,
        })
    }

    pub(super) async fn apply_checkpoint(
        &mut self,
        store: &dyn Store,
        updates: Vec<OperationUpdate>,
    ) {
        let input = self.checkpoint(updates).expect("an invocation is active");
        self.apply(store, input).await;
    }

    /// The end of the active invocation.
    pub fn invocation_ended(&self, outcome: InvocationOutcome) -> Option<Input> {
        match &self.execution.state.invocation {
            Invocation::Active {
                request_id,
                scheduled_at,
                ..
            } => Some(Input::InvocationEnded {
                request_id: request_id.clone(),
                started_at: *scheduled_at,
                outcome,
            }),
            Invocation::Idle | Invocation::BackingOff { .. } => None,
        }
    }

    pub(super) async fn end_invocation(&mut self, store: &dyn Store, output: Output) {
        let outcome = InvocationOutcome::Returned(output);
        let input = self.invocation_ended(outcome);
        self.apply(store, input.expect("an invocation is active"))
            .await;
    }

    /// Waits for the next deadline and lets the engine act on it.
    pub(super) async fn reach_deadline(&mut self, store: &dyn Store) {
        let next = self.execution.state.next_deadline.as_ref();
        self.now = self.now.max(next.expect("something is due some day").at);
        self.apply(store, Input::DeadlineReached).await;
    }

    /// Checks that the store holds exactly this.
    pub async fn check(&self, store: &dyn Store) {
        let id = self.id();
        let loaded = store.load(id).await.expect("the store works");
        let loaded = loaded.expect("the execution is stored");
        assert_eq!(loaded, self.execution);
        // Equality of executions does not look at the order of operations.
        let order = |execution: &Execution| -> Vec<OperationId> {
            let operations = execution.operations();
            operations.map(|operation| operation.id.clone()).collect()
        };
        assert_eq!(order(&loaded), order(&self.execution));
        let record = store.record(id).await.expect("the store works");
        let record = record.expect("the execution is stored");
        assert_eq!(record.spec, self.execution.spec);
        assert_eq!(record.state, self.execution.state);
        let head = store.head(id).await.expect("the store works");
        let expected = ExecutionHead::of(&self.execution.spec, &self.execution.state);
        assert_eq!(head, Some(expected));
        let everything = EventPage {
            after: None,
            newest_first: false,
            limit: usize::MAX,
            bytes_max: usize::MAX,
        };
        let events = store.events(id, everything).await;
        assert_eq!(events.expect("the store works"), self.events);
        assert_eq!(self.execution.state.event_id_last, self.events.len() as u64);
        self.check_reports(store).await;
    }

    /// Checks that the reads for people show the same.
    async fn check_reports(&self, store: &dyn Store) {
        let id = self.id();
        let summary = store.summary(id).await.expect("the store works");
        assert_eq!(
            summary,
            Some(ExecutionSummary::of(&self.execution, &self.events))
        );
        let mut expected: Vec<Event> = self.events.iter().map(event_head).collect();
        for newest_first in [false, true] {
            let everything = EventPage {
                after: None,
                newest_first,
                limit: usize::MAX,
                bytes_max: usize::MAX,
            };
            let heads = store.event_heads(id, everything).await;
            assert_eq!(heads.expect("the store works"), expected);
            expected.reverse();
        }
        let Some(subject) = self.events.last().and_then(|event| event.subject.as_ref()) else {
            return;
        };
        let about = |event: &&Event| event.subject.as_ref().is_some_and(|it| it.id == subject.id);
        let expected: Vec<Event> = self.events.iter().filter(about).cloned().collect();
        let everything = EventPage {
            after: None,
            newest_first: false,
            limit: usize::MAX,
            bytes_max: usize::MAX,
        };
        let events = store.operation_events(id, &subject.id, everything).await;
        assert_eq!(events.expect("the store works"), expected);
    }
}
