//! Opening a program: its parts are put on its ground, and its background tasks are started.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use futures_util::FutureExt as _;
use lambda_api::EpochMillis;
use runtime::{Clock, Driver, DriverConfig};
use store::StoreFault;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::client::{self, OwnService};
use super::error::OpenError;
use super::ground::Ground;
use super::handlers::Handlers;
use super::program::Program;
use super::runner::{OwnFunctions, OwnRunner};
use super::schedules::Plan;
use crate::error::Failure;
use crate::invocation::Invoker;
use crate::machine_time::MachineTime;
use crate::plugin::Plugins;
use crate::service::DurableServiceClient;

/// The parts of a program, after they were checked.
pub(super) struct Parts {
    pub handlers: Handlers,
    pub plan: Plan,
    pub plugins: Plugins,
    pub concurrency: usize,
    pub grace: Duration,
}

pub(super) async fn open(parts: Parts, ground: Ground) -> Result<Arc<Program>, OpenError> {
    let Ground {
        store,
        tables,
        clock,
        steady,
        limits,
        seed,
        repeats_requests,
        beside_driver,
        around_functions,
        around_service,
    } = ground;
    let handlers = Arc::new(parts.handlers);
    let service = OwnService(Arc::new(client::Inner {
        driver: OnceLock::new(),
        within: tables.as_ref().map(|tables| Arc::clone(&tables.within)),
        handlers: Arc::clone(&handlers),
        repeats_requests,
    }));
    let asked: Arc<dyn DurableServiceClient> = Arc::new(service.clone());
    let asked = match around_service {
        Some(around) => around(asked),
        None => asked,
    };
    let functions = Arc::new(OwnFunctions {
        handlers,
        invoker: Invoker::shared(asked, parts.plugins, machine_time(&clock)),
        service: service.clone(),
        grace: parts.grace,
        concurrency: parts.concurrency,
        clock: Arc::clone(&clock),
        draining: CancellationToken::new(),
        at_work: TaskTracker::new(),
        missed: Mutex::new(BTreeSet::new()),
    });
    let runner = OwnRunner(functions);
    let runs: Arc<dyn runtime::FunctionRunner> = Arc::new(runner.clone());
    let driver = Driver::new(DriverConfig {
        store,
        runner: match around_functions {
            Some(around) => around(runs),
            None => runs,
        },
        clock,
        limits,
        seed,
    })
    .map_err(|error| OpenError::Chance(error.to_string().into()))?;
    if let Some(beside) = beside_driver {
        beside(&driver);
    }
    let is_first = service.0.driver.set(driver.downgrade()).is_ok();
    assert!(is_first, "nobody else has this service yet");
    let program = Arc::new(Program {
        driver,
        runner,
        tables,
        steady,
        grace: parts.grace,
        ended: CancellationToken::new(),
        tasks: TaskTracker::new(),
    });
    run(&program, parts.plan).await?;
    Ok(program)
}

/// Starts the background tasks.
async fn run(program: &Arc<Program>, plan: Plan) -> Result<(), StoreFault> {
    let Program {
        driver,
        tasks,
        steady,
        ended,
        ..
    } = &**program;
    // A test's clock does not advance until the executions of an earlier run are taken up.
    let recovers = driver.clock().work();
    let plan = plan.begin(driver.store().as_ref(), driver.now()).await?;
    if let Some(steady) = steady.clone() {
        let until = ended.clone();
        tasks.spawn(async move { steady.keep(until).await });
    }
    let timers = driver.clone();
    tasks.spawn(again_after_panics("timers", move || {
        let driver = timers.clone();
        async move { driver.run_timers().await }
    }));
    let recovering = driver.clone();
    tasks.spawn(async move {
        let _at_work = recovers;
        let taken_up = recovering.recover().await;
        if taken_up > 0 {
            tracing::info!(executions = taken_up, "took up what an earlier run left");
        }
    });
    if !plan.is_empty() {
        let (program, until) = (Arc::clone(program), ended.clone());
        tasks.spawn(async move { plan.run(&program, until).await });
    }
    Ok(())
}

/// Runs a task that the program cannot do without; a panic in it is logged, and the task starts again.
async fn again_after_panics<F: Future<Output = ()>>(name: &'static str, task: impl Fn() -> F) {
    while let Err(panic) = AssertUnwindSafe(task()).catch_unwind().await {
        let reason = Failure::panicked(panic.as_ref()).message;
        tracing::error!(task = name, reason, "a task has panicked, and begins again");
    }
}

/// The machine time of the program's functions: it comes from the executions' clock.
fn machine_time(clock: &Arc<dyn Clock>) -> MachineTime {
    let clock = Arc::clone(clock);
    MachineTime::by(move || EpochMillis(clock.now().as_millis()))
}
