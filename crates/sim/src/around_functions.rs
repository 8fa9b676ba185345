//! Processes of functions that are slow, die, hang, or live on after the server has given them up.

use std::sync::Arc;
use std::time::Duration;

use engine::InvocationOutcome;
use model::{ErrorObject, ExecutionId, FunctionName, RequestId, Version};
use runtime::{
    DurableInvocation, DurableSettings, FunctionRunner, FunctionRunnerFuture, InvocationReport,
    NoRoom, PlainInvocation, PlainOutcome,
};

use crate::fault::Fault;
use crate::machine::Machine;
use crate::reserved::Reserved;
use crate::world::{Counted, World};

/// A function's timeout.
const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) struct AroundFunctions {
    pub machine: Arc<Machine>,
    pub reserved: Arc<Reserved>,
    pub inner: Arc<dyn FunctionRunner>,
}

impl FunctionRunner for AroundFunctions {
    fn durable_settings(
        &self,
        function: &FunctionName,
        version: &Version,
    ) -> Option<DurableSettings> {
        self.inner.durable_settings(function, version)
    }

    fn concurrency(&self, function: &FunctionName, version: &Version) -> usize {
        let of_handler = self.inner.concurrency(function, version);
        of_handler.min(self.reserved.admitted(function))
    }

    fn wait_for_room(&self, function: &FunctionName) -> FunctionRunnerFuture<()> {
        let (machine, freed) = (Arc::clone(&self.machine), self.reserved.freed(function));
        Box::pin(async move {
            freed.await;
            machine.goes().await;
        })
    }

    fn invoke_durable(
        &self,
        invocation: DurableInvocation,
    ) -> FunctionRunnerFuture<Result<InvocationReport, NoRoom>> {
        let nth = self.machine.world.count(Counted::Invocations);
        let process = Process {
            nth,
            id: invocation.spec.arn.id.clone(),
            request_id: invocation.request_id.clone(),
            machine: Arc::clone(&self.machine),
            reserved: Arc::clone(&self.reserved),
        };
        let inner = Arc::clone(&self.inner);
        Box::pin(async move { process.run(inner, invocation).await })
    }

    fn invoke_plain(&self, invocation: PlainInvocation) -> FunctionRunnerFuture<PlainOutcome> {
        let world = &self.machine.world;
        let nth = world.count(Counted::PlainInvocations);
        world.plain_begins(&self.machine, &invocation);
        let no_room = world.fault(|fault| match *fault {
            Fault::PlainNoRoom { nth: at } if at == nth => Some(()),
            _ => None,
        });
        if no_room.is_some() {
            self.machine
                .note(&format!("plain invocation {nth}: no room"));
            let error = ErrorObject::new("TooManyRequestsException", "told to have no room");
            return Box::pin(async { PlainOutcome::Throttled(error) });
        }
        let takes = match world
            .plan
            .reserved
            .contains_key(invocation.function.as_str())
        {
            true => [0, 300, 4_000][usize::try_from(nth % 3).unwrap_or(0)],
            false => 0,
        };
        let process = PlainProcess {
            takes: Duration::from_millis(takes),
            machine: Arc::clone(&self.machine),
            reserved: Arc::clone(&self.reserved),
        };
        let inner = Arc::clone(&self.inner);
        Box::pin(async move { process.run(inner, invocation).await })
    }
}

/// One invocation of a plain function.
struct PlainProcess {
    /// How long it runs, if others may have to wait for it.
    takes: Duration,
    machine: Arc<Machine>,
    reserved: Arc<Reserved>,
}

impl PlainProcess {
    async fn run(
        self,
        inner: Arc<dyn FunctionRunner>,
        invocation: PlainInvocation,
    ) -> PlainOutcome {
        let (machine, world) = (&self.machine, &self.machine.world);
        machine.goes().await;
        let Some(entered) = self.reserved.enter(&invocation.function).await else {
            let error = ErrorObject::new("TooManyRequestsException", "all is used up");
            return PlainOutcome::Throttled(error);
        };
        // A process takes about as long to start.
        tokio::time::sleep(self.takes).await;
        machine.goes().await;
        if !entered.lease().holds(machine.now()) {
            machine.note("a plain invocation has lost its place before it began");
            let error = ErrorObject::new("TooManyRequestsException", "its place is lost");
            return PlainOutcome::Throttled(error);
        }
        let _occupies = world.occupies(machine, &invocation.function);
        let outcome = inner.invoke_plain(invocation).await;
        tokio::time::sleep(self.takes).await;
        machine.goes().await;
        outcome
    }
}

/// One invocation of a durable function.
struct Process {
    nth: u64,
    id: ExecutionId,
    request_id: RequestId,
    machine: Arc<Machine>,
    reserved: Arc<Reserved>,
}

/// The fault that hits it.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    NoRoom,
    Dies(Duration),
    Errs(Duration),
    Outlives(Duration),
}

impl Process {
    async fn run(
        self,
        inner: Arc<dyn FunctionRunner>,
        invocation: DurableInvocation,
    ) -> Result<InvocationReport, NoRoom> {
        let (machine, world) = (&self.machine, &self.machine.world);
        machine.goes().await;
        let wrong = self.wrong();
        if let Some(Wrong::NoRoom) = wrong {
            machine.note(&format!("invocation {}: no room", self.nth));
            let reason = "told to have no room".to_owned();
            return Err(NoRoom { reason });
        }
        let function = invocation.spec.arn.function.name.clone();
        let Some(entered) = self.reserved.enter(&function).await else {
            let reason = "what is reserved is used up".to_owned();
            return Err(NoRoom { reason });
        };
        if let Some(ms) = self.slow() {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            machine.goes().await;
        }
        let started_at = machine.now();
        // Checked at the last moment, as a function host does.
        let may_begin = invocation.tenure.holds() && entered.lease().holds(machine.now());
        if invocation.called_off.is_cancelled() || !may_begin {
            return Ok(InvocationReport {
                started_at,
                outcome: InvocationOutcome::NotStarted,
            });
        }
        let name = World::name_of(&invocation.spec.arn).to_owned();
        machine.note(&format!("invocation {} of {name} begins", self.nth));
        world.invocation_begins(machine, &invocation);
        let _occupies = world.occupies(machine, &function);
        let ends = inner.invoke_durable(invocation);
        let (outcome, note) = match wrong {
            None => {
                let report = ends.await?;
                let note = format!("{:?}", report.outcome);
                let note = note.split(['(', ' ']).next().unwrap_or_default().to_owned();
                (report.outcome, note)
            }
            Some(Wrong::Outlives(after)) => {
                world.outlives(&self.request_id);
                let process = tokio::spawn(ends);
                tokio::time::sleep(after).await;
                drop(process);
                (self.interrupted("lives on"), "counts as cut off".to_owned())
            }
            Some(Wrong::Dies(after)) => {
                let outcome = tokio::select! {
                    biased;
                    report = ends => report?.outcome,
                    () = tokio::time::sleep(after) => self.interrupted("died"),
                };
                (outcome, "dies, or has ended before".to_owned())
            }
            Some(Wrong::Errs(after)) => {
                let error = ErrorObject::new("Runtime.ExitError", "told to fail");
                let outcome = tokio::select! {
                    biased;
                    report = ends => report?.outcome,
                    () = tokio::time::sleep(after) => InvocationOutcome::FunctionError(error),
                };
                (outcome, "errs, or has ended before".to_owned())
            }
            Some(Wrong::NoRoom) => unreachable!("it has returned"),
        };
        machine.goes().await;
        machine.note(&format!("invocation {} of {name} ends: {note}", self.nth));
        world.invocation_ends(&self.id, &self.request_id, &outcome);
        Ok(InvocationReport {
            started_at,
            outcome,
        })
    }

    fn interrupted(&self, how: &str) -> InvocationOutcome {
        let message = format!("the process of invocation {} {how}", self.nth);
        InvocationOutcome::Interrupted(ErrorObject::new("Sandbox.Timedout", message))
    }

    fn wrong(&self) -> Option<Wrong> {
        let this = self.nth;
        let after = Duration::from_millis;
        self.machine.world.fault(|fault| match *fault {
            Fault::NoRoom { nth } if nth == this => Some(Wrong::NoRoom),
            Fault::ProcessDies { nth, after_ms } if nth == this => {
                Some(Wrong::Dies(after(after_ms)))
            }
            Fault::ProcessErrs { nth, after_ms } if nth == this => {
                Some(Wrong::Errs(after(after_ms)))
            }
            // It is cut off at its timeout, at any point of its code.
            Fault::ProcessHangs { nth } if nth == this => Some(Wrong::Dies(TIMEOUT)),
            Fault::ProcessOutlives { nth, after_ms } if nth == this => {
                Some(Wrong::Outlives(after(after_ms)))
            }
            _ => None,
        })
    }

    fn slow(&self) -> Option<u64> {
        self.machine.world.fault(|fault| match *fault {
            Fault::ProcessSlow { nth, ms } if nth == self.nth => Some(ms),
            _ => None,
        })
    }
}
