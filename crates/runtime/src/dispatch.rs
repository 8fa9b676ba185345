//! Invocations in turn: which run, which wait for a process, and how they end.
//!
//! A shortage of the server (no process, no file handle, no memory, a full queue) is not the function's failure: the
//! invocation waits for its turn, and neither counts as failed nor appears in the history. A waiting invocation is a
//! name in a lane; when its turn comes, the execution is checked again, so that nothing runs that was stopped, paused
//! or deleted in the meantime.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use engine::{Execution, Input, InvocationOutcome, checkpoint_token};
use futures_util::FutureExt as _;
use model::{
    ChainedTarget, ExecutionId, FunctionArn, FunctionName, Invocation, OperationDetails,
    OperationId, Payload, RequestId, Version,
};

use crate::aside::panic_text;
use crate::effect::chained_outcome;
use crate::lanes::{LaneKey, Place, Purpose, Turn};
use crate::resident::Lease;
use crate::{Driver, DurableInvocation, PlainInvocation, PlainOutcome, ProcessError};

/// A turn that has come, until everything of it is done. The next turn comes however this one ends.
pub(crate) struct Held {
    driver: Driver,
    key: LaneKey,
    turn: Turn,
    in_lane: bool,
    /// Whether it waits again, or is left to the next run of the server.
    is_given_up: bool,
}

impl Held {
    fn new(driver: &Driver, key: LaneKey, turn: Turn) -> Self {
        Self {
            driver: driver.clone(),
            key,
            turn,
            in_lane: true,
            is_given_up: false,
        }
    }

    /// The function is done: its place in the lane goes to the next.
    pub fn leave_lane(&mut self) {
        if std::mem::take(&mut self.in_lane) {
            let limit = self.driver.limit(&self.key);
            let lanes = &self.driver.inner.lanes;
            let next = lanes.leave(&self.key, &self.turn, limit);
            self.driver.start_turns(&self.key, next);
        }
    }

    /// There was no room: waits again, before all others.
    pub fn put_back(mut self) {
        self.is_given_up = true;
        let (driver, key) = (self.driver.clone(), self.key.clone());
        let rest = driver.inner.lanes.put_back(&key, self.turn.clone());
        let Some(rest) = rest else { return };
        let rest = rest.mul_f64(driver.inner.seeds.jitter());
        let rested = driver.clone();
        driver.spawn(async move {
            tokio::select! {
                biased;
                () = rested.inner.runner.wait_for_room(&key.function) => {}
                () = async { rested.inner.clock.sleep(rest).await } => {}
            }
            let next = rested.inner.lanes.rested(&key, rested.limit(&key));
            rested.start_turns(&key, next);
        });
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_given_up {
            self.leave_lane();
            self.driver.inner.lanes.end(&self.turn);
        }
    }
}

impl Driver {
    /// How many invocations of the version run at one time.
    fn limit(&self, key: &LaneKey) -> usize {
        let runner = &self.inner.runner;
        runner.concurrency(&key.function, &key.version)
    }

    /// Asks for a turn; some when it may run now.
    pub(crate) fn ask_for_turn(&self, key: LaneKey, turn: Turn, purpose: Purpose) -> Option<Held> {
        let limit = self.limit(&key);
        match self.inner.lanes.enter(&key, &turn, purpose, limit) {
            Place::Now => Some(Held::new(self, key, turn)),
            Place::Waits | Place::Taken => None,
        }
    }

    fn start_turns(&self, key: &LaneKey, turns: Vec<Turn>) {
        for turn in turns {
            let mut held = Held::new(self, key.clone(), turn);
            // Nothing starts any more; the next server takes it up.
            if self.inner.shutdown.is_cancelled() {
                held.is_given_up = true;
                continue;
            }
            self.spawn(self.take_turn(held));
        }
    }

    /// A waiting turn may run: looks at the work that there is by now. Boxed, because a turn that ends starts others.
    fn take_turn(&self, held: Held) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let driver = self.clone();
        Box::pin(async move {
            match held.turn.clone() {
                Turn::Durable {
                    execution_id,
                    request_id,
                } => {
                    driver
                        .take_durable_turn(held, execution_id, request_id)
                        .await
                }
                Turn::Chained {
                    execution_id,
                    operation_id,
                } => {
                    driver
                        .take_chained_turn(held, execution_id, operation_id)
                        .await
                }
                Turn::Queued(id) => driver.take_queued_turn(held, id).await,
            }
        })
    }

    /// Invokes a durable function: now if there is room, or in its turn.
    pub(crate) fn invoke_in_turn(&self, execution: &Execution) {
        let Invocation::Active { request_id, .. } = &execution.state.invocation else {
            unreachable!("the effect comes with a scheduled invocation");
        };
        let arn = &execution.spec.arn;
        let turn = Turn::Durable {
            execution_id: arn.id.clone(),
            request_id: request_id.clone(),
        };
        let key = lane_of(&arn.function.name, &arn.version);
        let Some(held) = self.ask_for_turn(key, turn, Purpose::of(&execution.state)) else {
            return;
        };
        let lease = self.inner.residents.lease(&arn.id);
        let invocation = self.durable_invocation(execution, &held.turn);
        let driver = self.clone();
        self.spawn(async move { driver.run_durable(held, lease, invocation).await });
    }

    async fn take_durable_turn(
        &self,
        held: Held,
        execution_id: ExecutionId,
        request_id: RequestId,
    ) {
        let lease = self.inner.residents.lease(&execution_id);
        let mut resident = lease.slot.execution.lock().await;
        let execution = match self.inner.resident(&mut resident, &execution_id).await {
            Ok(execution) => execution,
            Err(ProcessError::Fault(fault)) if !self.is_broken(&fault) => {
                let error = &fault as &dyn std::error::Error;
                tracing::error!(execution = %execution_id, error, "failed to load an execution; trying again");
                drop(resident);
                held.put_back();
                return;
            }
            Err(error) => {
                drop(resident);
                self.set_aside_if_broken(&execution_id, "invoke its function", &error);
                return;
            }
        };
        // The server that drives it now invokes it.
        if !self.inner.territory.has(&execution_id) {
            return;
        }
        let state = &execution.state;
        let is_meant = matches!(
            &state.invocation,
            Invocation::Active { request_id: active, .. } if *active == request_id
        );
        if !is_meant {
            return;
        }
        if is_called_off(execution) {
            drop(resident);
            self.record_not_started(held, execution_id, request_id)
                .await;
            return;
        }
        let invocation = self.durable_invocation(execution, &held.turn);
        drop(resident);
        self.run_durable(held, lease, invocation).await;
    }

    fn durable_invocation(&self, execution: &Execution, turn: &Turn) -> DurableInvocation {
        let Invocation::Active { request_id, .. } = &execution.state.invocation else {
            unreachable!("an invocation is scheduled");
        };
        let checkpoint_token = checkpoint_token(&execution.spec, &execution.state)
            .expect("a scheduled invocation has a token");
        DurableInvocation {
            spec: execution.spec.clone(),
            request_id: request_id.clone(),
            checkpoint_token,
            operations: execution.replayed_operations().cloned().collect(),
            updated_operation_ids: execution.unsettled_operations().cloned().collect(),
            called_off: self.inner.lanes.called_off(turn),
            tenure: self.tenure().over(&execution.spec.arn.id),
        }
    }

    async fn run_durable(&self, mut held: Held, lease: Lease, invocation: DurableInvocation) {
        let id = invocation.spec.arn.id.clone();
        let request_id = invocation.request_id.clone();
        let invoked = AssertUnwindSafe(self.inner.runner.invoke_durable(invocation));
        let report = match invoked.catch_unwind().await {
            Ok(Ok(report)) => report,
            Ok(Err(no_room)) => {
                tracing::debug!(execution = %id, invocation = %request_id, reason = no_room.reason, "no room yet");
                drop(lease);
                held.put_back();
                return;
            }
            Err(panic) => {
                let reason = panic_text(panic.as_ref());
                self.set_aside(&id, "invoke its function", &reason);
                return;
            }
        };
        held.leave_lane();
        let input = Input::InvocationEnded {
            request_id,
            started_at: report.started_at,
            outcome: report.outcome,
        };
        self.record(&id, input).await;
    }

    /// Calls off the invocation of an execution that has ended or is to be paused, if it waits for its turn or
    /// for a process.
    pub(crate) fn call_off_invocation(&self, execution: &Execution) {
        let Invocation::Active { request_id, .. } = &execution.state.invocation else {
            return;
        };
        if !is_called_off(execution) {
            return;
        }
        let arn = &execution.spec.arn;
        let turn = Turn::Durable {
            execution_id: arn.id.clone(),
            request_id: request_id.clone(),
        };
        if !self.inner.lanes.call_off(&turn) {
            return;
        }
        let input = not_started(request_id.clone(), self.now());
        let (driver, id) = (self.clone(), arn.id.clone());
        self.spawn(async move { driver.record(&id, input).await });
    }

    async fn record_not_started(&self, mut held: Held, id: ExecutionId, request_id: RequestId) {
        held.leave_lane();
        self.record(&id, not_started(request_id, self.now())).await;
    }

    /// Runs a chained invoke of a plain function: now if there is room, or in its turn.
    pub(crate) fn chain_in_turn(
        &self,
        execution: &Execution,
        operation_id: &OperationId,
        function: &FunctionName,
        version: &Version,
    ) {
        let execution_id = execution.spec.arn.id.clone();
        let turn = Turn::Chained {
            execution_id: execution_id.clone(),
            operation_id: operation_id.clone(),
        };
        // Its caller has run, and waits for it.
        let purpose = Purpose::GoOn;
        let Some(held) = self.ask_for_turn(lane_of(function, version), turn, purpose) else {
            return;
        };
        let Some(invocation) = self.chained_invocation(execution, operation_id) else {
            return;
        };
        // From here on: a task that was spawned has not begun.
        let lease = self.inner.residents.lease(&execution_id);
        let (driver, operation_id) = (self.clone(), operation_id.clone());
        self.spawn(async move {
            driver
                .run_chained(held, lease, operation_id, invocation)
                .await;
        });
    }

    async fn take_chained_turn(
        &self,
        held: Held,
        execution_id: ExecutionId,
        operation_id: OperationId,
    ) {
        let lease = self.inner.residents.lease(&execution_id);
        let invocation = {
            let mut resident = lease.slot.execution.lock().await;
            match self.inner.resident(&mut resident, &execution_id).await {
                // The server that drives it now invokes it.
                Ok(_) if !self.inner.territory.has(&execution_id) => None,
                Ok(execution) => self.chained_invocation(execution, &operation_id),
                Err(ProcessError::Fault(fault)) if !self.is_broken(&fault) => {
                    let error = &fault as &dyn std::error::Error;
                    tracing::error!(execution = %execution_id, error, "failed to load an execution; trying again");
                    drop(resident);
                    held.put_back();
                    return;
                }
                Err(error) => {
                    drop(resident);
                    self.set_aside_if_broken(&execution_id, "run a chained invoke", &error);
                    return;
                }
            }
        };
        if let Some(invocation) = invocation {
            self.run_chained(held, lease, operation_id, invocation)
                .await;
        }
    }

    /// Runs it. By the lease, its shard stays here meanwhile, but not for ever: if the function takes long, the server
    /// that drives the shard next invokes it once more. A process that was starting until then does not get it.
    async fn run_chained(
        &self,
        mut held: Held,
        lease: Lease,
        operation_id: OperationId,
        invocation: PlainInvocation,
    ) {
        let outcome = self.inner.runner.invoke_plain(invocation).await;
        if let PlainOutcome::Throttled(_) = outcome {
            held.put_back();
            return;
        }
        held.leave_lane();
        let input = Input::ChainedInvokeEnded {
            operation_id,
            outcome: chained_outcome(outcome),
        };
        self.record(&lease.id, input).await;
    }

    /// The function of a chained invoke of a plain function; `None` when it is no longer to be run.
    fn chained_invocation(
        &self,
        execution: &Execution,
        operation_id: &OperationId,
    ) -> Option<PlainInvocation> {
        if execution.state.outcome.is_some() {
            return None;
        }
        let operation = execution.operation(operation_id)?;
        let OperationDetails::ChainedInvoke {
            target: ChainedTarget::Plain { function, version },
            input,
            tenant_id,
            trace_header,
            ..
        } = &operation.details
        else {
            return None;
        };
        if operation.status.is_terminal() {
            return None;
        }
        let arn = FunctionArn {
            name: function.clone(),
            ..execution.spec.arn.function.clone()
        };
        let trace_header = trace_header
            .as_ref()
            .or(execution.spec.trace_header.as_ref());
        Some(PlainInvocation {
            request_id: self.new_request_id(),
            invoked_arn: arn.qualified(&version.to_string()),
            function: function.clone(),
            version: version.clone(),
            payload: input.as_ref().map_or("{}", Payload::as_str).into(),
            client_context: None,
            trace_header: trace_header.cloned(),
            tenant_id: tenant_id.clone(),
            tenure: Some(self.tenure().over(&execution.spec.arn.id)),
        })
    }

    /// More invocations of a function may run at one time than before: waiting ones begin.
    pub fn look_for_turns(&self, function: &FunctionName) {
        for key in self.inner.lanes.lanes_of(function) {
            let next = self.inner.lanes.grown(&key, self.limit(&key));
            self.start_turns(&key, next);
        }
    }

    /// How many invocations wait for their turn.
    pub fn waiting_count(&self) -> usize {
        self.inner.lanes.waiting()
    }

    /// How many invocations wait for their turn, by function version.
    pub fn waiting_by_version(&self) -> Vec<(FunctionName, Version, usize)> {
        let lanes = self.inner.lanes.waiting_by_lane();
        let mut waiting: Vec<_> = lanes
            .into_iter()
            .filter(|(_, waiting)| *waiting > 0)
            .map(|(key, waiting)| (key.function, key.version, waiting))
            .collect();
        waiting.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
        waiting
    }
}

pub(crate) fn lane_of(function: &FunctionName, version: &Version) -> LaneKey {
    LaneKey {
        function: function.clone(),
        version: version.clone(),
    }
}

/// Whether a scheduled invocation is no longer wanted: the execution has ended, or is to be paused.
fn is_called_off(execution: &Execution) -> bool {
    let state = &execution.state;
    let pausing = state
        .pause
        .as_ref()
        .is_some_and(|pause| pause.in_effect_since.is_none());
    state.outcome.is_some() || pausing
}

fn not_started(request_id: RequestId, now: model::Timestamp) -> Input {
    Input::InvocationEnded {
        request_id,
        started_at: now,
        outcome: InvocationOutcome::NotStarted,
    }
}
