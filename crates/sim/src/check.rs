//! The invariants: checked at each commit, invocation, request and step, and at the end.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use engine::{Execution, InvocationOutcome, Output, Transition, checkpoint_token};
use futures_util::FutureExt as _;
use lambdura::StepContext;
use lambdura::service::{CheckpointDurableExecutionRequest, CheckpointDurableExecutionResponse};
use model::{
    Event, EventKind, ExecutionArn, ExecutionId, ExecutionStatus, Invocation, Operation,
    OperationDetails, OperationId, OperationStatus, RequestId,
};
use runtime::{Driver, DurableInvocation, PlainInvocation};
use store::{EventPage, History as _};

use crate::machine::Machine;
use crate::program::{Answer, Fate, Op, Program};
use crate::world::{Asked, World};

/// At a commit.
impl World {
    /// Called when a transition is committed.
    pub fn committed(
        &self,
        by: &Machine,
        before: Option<&Execution>,
        transition: &Arc<Transition>,
        what: &str,
    ) {
        let name = Self::name_of(&transition.spec.arn).to_owned();
        let kinds: Vec<_> = transition.events.iter().map(kind_of).collect();
        let version = transition.state.version;
        by.note(&format!("{what}: {name} v{version} {}", kinds.join(", ")));
        if transition.removes {
            return self.violate("what is kept is not removed before its time", name);
        }
        self.check_versions(before, transition, &name);
        self.check_ends_stay(before, transition, &name);
        self.check_events(before, transition, &name);
        self.check_taken(by, before, transition, &name);
        self.check_failures(&transition.events, &name);
        self.check_reloaded(&transition.spec.arn.id, &name);
        for event in &transition.events {
            self.note_callback(&transition.spec.arn.id, event);
        }
    }

    fn check_versions(&self, before: Option<&Execution>, transition: &Transition, name: &str) {
        let version = before.map_or(0, |it| it.state.version);
        if transition.from_version != version || transition.state.version != version + 1 {
            let (from, to) = (transition.from_version, transition.state.version);
            let seen = format!("{name} goes from {from} to {to}, and was {version}");
            self.violate("versions are counted one by one", seen);
        }
    }

    fn check_ends_stay(&self, before: Option<&Execution>, transition: &Transition, name: &str) {
        let Some(before) = before else { return };
        let (then, now) = (&before.state.outcome, &transition.state.outcome);
        if then.is_some() && then != now {
            let seen = format!("{name}: {then:?} becomes {now:?}");
            self.violate("an execution that has ended stays so", seen);
        }
        for operation in &transition.operations {
            let Some(then) = before.operation(&operation.id) else {
                continue;
            };
            if then.status.is_terminal() && !is_same(then, operation) {
                let seen = format!("{name}: {then:?} becomes {operation:?}");
                self.violate("an operation that has ended stays so", seen);
            }
        }
    }

    fn check_events(&self, before: Option<&Execution>, transition: &Transition, name: &str) {
        let mut last = before.map_or(0, |it| it.state.event_id_last);
        let mut at = None;
        for event in &transition.events {
            if event.id != last + 1 || at.is_some_and(|at| event.at < at) {
                let seen = format!("{name}: {event:?} follows {last}");
                return self.violate("events are numbered in the order of their time", seen);
            }
            (last, at) = (event.id, Some(event.at));
        }
    }

    /// An invocation may be recorded as failed only if it has really failed.
    fn check_failures(&self, events: &[Event], name: &str) {
        for event in events {
            let EventKind::InvocationCompleted {
                request_id,
                error: Some(error),
                ..
            } = &event.kind
            else {
                continue;
            };
            if !self.state().failed.contains(request_id.as_str()) {
                let seen = format!("{name}: {error:?}");
                self.violate("only an invocation that has failed is recorded so", seen);
            }
        }
    }

    /// A stored execution can be read again, and the data derived from it equals the stored data.
    fn check_reloaded(&self, id: &ExecutionId, name: &str) {
        let Some(stored) = self.execution(id) else {
            return self.violate("what is committed is there", name.to_owned());
        };
        let operations = stored.operations().cloned().collect::<Vec<_>>();
        let again = AssertUnwindSafe(|| {
            Execution::load(Arc::clone(&stored.spec), stored.state.clone(), operations)
        });
        match catch_unwind(again) {
            Ok(again) if again == stored => {}
            Ok(_) => self.violate("what is stored is what was in memory", name.to_owned()),
            Err(_) => self.violate("what is stored fits together", name.to_owned()),
        }
    }

    /// The simulated people learn of a callback once it is recorded.
    fn note_callback(&self, execution: &ExecutionId, event: &Event) {
        let (EventKind::CallbackStarted { callback_id, .. }, Some(subject)) =
            (&event.kind, &event.subject)
        else {
            return;
        };
        let name = subject.name.clone().unwrap_or_default();
        let name = name.trim_end_matches(" create callback id").to_owned();
        let Some(answer) = self.answer_of(&name) else {
            return self.violate("callbacks are those of the program", name);
        };
        let after = match answer {
            Answer::Never => return,
            Answer::Succeeds { after_ms }
            | Answer::Fails { after_ms }
            | Answer::Beats { after_ms } => Duration::from_millis(after_ms),
        };
        let answered_at = event.at + after;
        let due = match answer {
            Answer::Beats { .. } => event.at,
            _ => answered_at,
        };
        self.ask(Asked {
            execution: execution.clone(),
            operation: subject.id.clone(),
            callback: callback_id.clone(),
            name,
            answer,
            due,
            answered_at,
            is_done: false,
        });
    }

    fn answer_of(&self, wanted: &str) -> Option<Answer> {
        let mut found = None;
        for program in &self.plan.programs {
            program.each_op(&mut |op| {
                if let Op::Callback { name, answer, .. } = op
                    && name == wanted
                {
                    found = Some(*answer);
                }
            });
        }
        found
    }
}

/// Checks of invocations.
impl World {
    /// Called when a process gets an invocation.
    pub fn invocation_begins(&self, on: &Machine, invocation: &DurableInvocation) {
        self.check_territories();
        let arn = &invocation.spec.arn;
        let name = Self::name_of(arn).to_owned();
        let stored = self.execution(&arn.id);
        let is_recorded = stored.as_ref().is_some_and(|it| {
            matches!(&it.state.invocation, Invocation::Active { request_id, .. } if *request_id == invocation.request_id)
        });
        let request_id = &invocation.request_id;
        if self.state().outlived.contains(request_id.as_str()) {
            // Another server has taken it over meanwhile, and repeats it.
            return;
        }
        if !is_recorded && !invocation.called_off.is_cancelled() {
            let seen = format!("{name}, invocation {}", invocation.request_id);
            self.violate("an invocation begins once it is recorded", seen);
        }
        let other = {
            let mut state = self.state();
            let request_id = invocation.request_id.clone();
            let at_work = (request_id, on.number);
            state.at_work.insert(arn.id.clone(), at_work)
        };
        if let Some((other, _)) = other {
            let seen = format!("{name}: {other} and {}", invocation.request_id);
            self.violate("an execution has one invocation at a time", seen);
        }
    }

    pub fn invocation_ends(
        &self,
        id: &ExecutionId,
        request_id: &RequestId,
        outcome: &InvocationOutcome,
    ) {
        let mut state = self.state();
        if state
            .at_work
            .get(id)
            .is_some_and(|(at_work, _)| at_work == request_id)
        {
            state.at_work.remove(id);
        }
        let has_failed = match outcome {
            InvocationOutcome::FunctionError(_)
            | InvocationOutcome::Interrupted(_)
            | InvocationOutcome::Unavailable(_)
            | InvocationOutcome::Lost
            | InvocationOutcome::Returned(Output::Failed(_)) => true,
            InvocationOutcome::Returned(_) | InvocationOutcome::NotStarted => false,
        };
        if has_failed {
            state.failed.insert(request_id.to_string());
        }
    }

    /// Called when an invocation counts as ended while its process lives on.
    pub fn outlives(&self, request_id: &RequestId) {
        self.state().outlived.insert(request_id.to_string());
    }

    /// Called when a chained invoke runs its function.
    pub fn plain_begins(&self, on: &Machine, invocation: &PlainInvocation) {
        let payload = String::from_utf8_lossy(&invocation.payload);
        let name = payload.trim_matches('"');
        let stored = self.invoke_of(name);
        if stored
            .as_ref()
            .is_some_and(|(id, _)| !self.is_driven_by(on, id))
        {
            // Another server drives it, and this one does not know yet.
            return;
        }
        let status = stored.map(|(_, status)| status);
        if status != Some(OperationStatus::Started) {
            let seen = format!("{name} is {status:?}");
            self.violate(
                "a function is invoked while its invoke is recorded and open",
                seen,
            );
        }
    }

    /// The execution and the status of the invoke with this name.
    fn invoke_of(&self, name: &str) -> Option<(ExecutionId, OperationStatus)> {
        self.executions().iter().find_map(|execution| {
            let mut operations = execution.operations();
            let named = operations.find(|it| it.name.as_deref() == Some(name))?;
            Some((execution.spec.arn.id.clone(), named.status))
        })
    }
}

/// Checks of requests.
impl World {
    /// Called when a checkpoint request was accepted: its updates are stored, and its token was valid for it alone.
    pub fn acknowledged(
        &self,
        arn: &str,
        request: &CheckpointDurableExecutionRequest,
        response: &CheckpointDurableExecutionResponse,
    ) {
        let client_token = request.client_token.clone().unwrap_or_default();
        let before = {
            let mut state = self.state();
            let accepted = &mut state.accepted;
            let before = accepted.get(&request.checkpoint_token).cloned();
            accepted.insert(request.checkpoint_token.clone(), client_token.clone());
            before
        };
        if before.is_some_and(|before| before != client_token) {
            let seen = format!("{client_token} of {arn}");
            self.violate("a token from the past records nothing", seen);
        }
        let Some(stored) = self.by_arn(arn) else {
            return self.violate("what is acknowledged is there", arn.to_owned());
        };
        for update in &request.updates {
            let recorded = OperationId::parse(&update.id).ok();
            let recorded = recorded.and_then(|id| stored.operation(&id).cloned());
            let ends = matches!(update.action.to_string().as_str(), "SUCCEED" | "FAIL");
            let is_there = recorded.is_some_and(|it| !ends || it.status.is_terminal());
            let is_execution = update.r#type == lambdura::plugin::OperationType::Execution;
            if !is_there && !is_execution {
                let seen = format!("{update:?} of {arn}");
                return self.violate("what is acknowledged is there", seen);
            }
        }
        if let Some(token) = &response.checkpoint_token {
            self.check_token(&stored, token);
        }
    }

    /// The returned token is the valid one, unless more has happened since.
    fn check_token(&self, stored: &Execution, given: &str) {
        let live = checkpoint_token(&stored.spec, &stored.state);
        let was_used = self.state().accepted.contains_key(given);
        if was_used && live.is_some_and(|live| live.to_string() == given) {
            let name = Self::name_of(&stored.spec.arn).to_owned();
            self.violate("a token is good for one checkpoint", name);
        }
    }

    pub fn by_arn(&self, arn: &str) -> Option<Execution> {
        let arn: ExecutionArn = arn.parse().ok()?;
        self.execution(&arn.id)
    }
}

/// Checks of the functions' own code.
impl Machine {
    /// Called when the code of a step, or of a condition's check, begins, if its machine still runs.
    pub async fn step_begins(&self, step: &StepContext) {
        self.goes().await;
        let name = step.name().unwrap_or_default().to_owned();
        self.note(&format!("step {name}, attempt {}", step.attempt()));
        self.world.check_step(step, name);
    }
}

impl World {
    fn check_step(&self, step: &StepContext, name: String) {
        if self.state().outlived.contains(step.request_id()) {
            // This machine cannot know that.
            return;
        }
        let id = OperationId::parse(step.operation_id()).ok();
        let stored = self.by_arn(step.execution_arn());
        let recorded = id
            .zip(stored)
            .and_then(|(id, it)| it.operation(&id).cloned());
        if recorded.is_some_and(|it| it.status.is_terminal()) {
            self.violate("a step whose end is recorded does not run again", name);
        }
    }

    /// Called when a program goes on after an operation.
    pub fn check_recorded(&self, arn: &str, name: &str) {
        let recorded = self.by_arn(arn).is_some_and(|stored| {
            let mut operations = stored.operations();
            operations.any(|it| it.name.as_deref() == Some(name) && it.status.is_terminal())
        });
        if !recorded {
            let seen = format!("{name} of {arn}");
            self.violate(
                "a program goes on once an operation's end is recorded",
                seen,
            );
        }
    }
}

/// Checks of outside events.
impl World {
    pub fn is_open(&self, id: &ExecutionId, operation: &OperationId) -> bool {
        self.execution(id).is_some_and(|stored| {
            let is_open = stored
                .operation(operation)
                .is_some_and(|it| !it.status.is_terminal());
            let now = self.latest();
            // An operation that is due counts as done, even if its end is not recorded yet.
            let is_overdue = stored.deadlines().any(|deadline| deadline.at <= now);
            is_open && !is_overdue && stored.state.outcome.is_none()
        })
    }

    /// Called when an answer was accepted.
    pub fn answered(&self, asked: &Asked) {
        if self.is_open(&asked.execution, &asked.operation) {
            let name = asked.name.clone();
            self.violate("an answer that was accepted is recorded", name);
        }
    }

    /// Called when a caller that waited for the end of an execution gets it.
    pub fn ended(&self, program: &Program, ended: Result<Vec<String>, (String, String)>) {
        let name = &program.name;
        self.note(format!("{name} has ended: {ended:?}"));
        let expected = program.returns();
        let is_right = match (&ended, program.fate) {
            (Ok(results), _) => *results == expected,
            (Err((status, _)), Fate::Stopped { .. }) => status == "STOPPED",
            (Err((status, _)), Fate::Hasty) => status == "TIMED_OUT",
            (Err(_), Fate::Ends) => false,
        };
        if !is_right {
            let seen = format!("{name}: {ended:?} instead of {expected:?}");
            self.violate("a program returns what it returns without faults", seen);
        }
    }

    /// Only executions that cannot be read are set aside.
    pub fn check_aside(&self, driver: &Driver) {
        for aside in driver.executions_set_aside() {
            let name = self.execution(&aside.execution_id);
            let name = name.map(|it| Self::name_of(&it.spec.arn).to_owned());
            if !name.as_ref().is_some_and(|name| self.is_unreadable(name)) {
                let seen = format!("{name:?}: {}: {}", aside.attempted, aside.reason);
                self.violate("only what cannot be read is set aside", seen);
            }
        }
    }
}

/// Checks at the end, and between lives.
impl World {
    /// Histories explain their operations.
    pub fn check_at_end(&self) {
        for execution in self.executions() {
            let page = EventPage {
                after: None,
                newest_first: false,
                limit: 100_000,
                bytes_max: usize::MAX,
            };
            let events = self.store.events(&execution.spec.arn.id, page);
            let events = events.now_or_never().expect("memory answers at once");
            let told = tell(&events.expect("it never fails"));
            let name = Self::name_of(&execution.spec.arn);
            for operation in execution.operations() {
                let is_execution = matches!(operation.details, OperationDetails::Execution { .. });
                let told = told.get(&operation.id).copied();
                if !is_execution && told != Some(standing(operation.status)) {
                    let seen = format!("{name}: {operation:?} is told as {told:?}");
                    return self.violate("a history explains its operations", seen);
                }
            }
        }
    }

    /// The executions that have not ended, as text.
    pub fn stuck(&self) -> String {
        let executions = self.executions().into_iter();
        let open = executions.filter(|it| it.state.outcome.is_none());
        let open = open.map(|it| {
            let name = Self::name_of(&it.spec.arn).to_owned();
            let status = it.state.status();
            let paused = status == ExecutionStatus::Paused;
            let due = it.state.next_deadline.as_ref().map(|deadline| deadline.at);
            format!(
                "{name} ({:?}{}, due {due:?})",
                it.state.invocation,
                if paused { ", paused" } else { "" }
            )
        });
        open.collect::<Vec<_>>().join("; ")
    }

    /// Each life draws its own ids and tokens.
    pub fn life_seed(&self) -> u64 {
        let life = self.state().life as u64;
        self.plan.seed.wrapping_mul(1_000).wrapping_add(life)
    }

    pub fn is_stage(&self, what: usize, stage: u32) -> bool {
        self.state().stages.get(&what).copied().unwrap_or(0) == stage
    }

    pub fn set_stage(&self, what: usize, stage: u32) {
        self.state().stages.insert(what, stage);
    }
}

/// The standing of an operation according to a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Open,
    Ended(OperationStatus),
}

fn standing(status: OperationStatus) -> Standing {
    match status.is_terminal() {
        true => Standing::Ended(status),
        false => Standing::Open,
    }
}

/// The standing of each operation, computed from the history alone.
fn tell(events: &[Event]) -> BTreeMap<OperationId, Standing> {
    use OperationStatus::{Cancelled, Failed, Stopped, Succeeded, TimedOut};
    let mut told = BTreeMap::new();
    for event in events {
        let Some(subject) = &event.subject else {
            continue;
        };
        let standing = match &event.kind {
            // A check that is not met has succeeded, and is repeated.
            EventKind::StepFailed { retry, .. } | EventKind::StepSucceeded { retry, .. }
                if retry.next_attempt_delay_seconds.is_some() =>
            {
                Standing::Open
            }
            EventKind::StepSucceeded { .. }
            | EventKind::ContextSucceeded { .. }
            | EventKind::WaitSucceeded { .. }
            | EventKind::CallbackSucceeded { .. }
            | EventKind::ChainedInvokeSucceeded { .. } => Standing::Ended(Succeeded),
            EventKind::StepFailed { .. }
            | EventKind::ContextFailed { .. }
            | EventKind::CallbackFailed { .. }
            | EventKind::ChainedInvokeFailed { .. } => Standing::Ended(Failed),
            EventKind::CallbackTimedOut { .. } | EventKind::ChainedInvokeTimedOut { .. } => {
                Standing::Ended(TimedOut)
            }
            EventKind::ChainedInvokeStopped { .. } => Standing::Ended(Stopped),
            EventKind::WaitCancelled { .. } => Standing::Ended(Cancelled),
            _ => Standing::Open,
        };
        told.insert(subject.id.clone(), standing);
    }
    told
}

/// Whether two operations are equal, apart from the record of which functions were notified.
fn is_same(one: &Operation, other: &Operation) -> bool {
    let strip = |operation: &Operation| Operation {
        service_change: 0,
        ..operation.clone()
    };
    strip(one) == strip(other)
}

fn kind_of(event: &Event) -> String {
    let kind = format!("{:?}", event.kind);
    let kind = kind.split([' ', '(', '{']).next().unwrap_or_default();
    let name = event.subject.as_ref().and_then(|it| it.name.as_deref());
    match name {
        Some(name) => format!("{kind} {name}"),
        None => kind.to_owned(),
    }
}
