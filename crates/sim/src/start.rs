//! Starts the server of a machine on a ground with faults.

use std::sync::Arc;
use std::time::Duration;

use lambdura::embedded::{BesideDriver, Embedded, Ground, HandlerOptions};
use lambdura::{BoxError, service::DurableServiceClient};
use model::Limits;
use runtime::FunctionRunner;
use store::Around;

use crate::around_functions::AroundFunctions;
use crate::around_service::AroundService;
use crate::around_store::AroundStore;
use crate::body::handler;
use crate::clock::MachineClock;
use crate::machine::Machine;
use crate::reserved::Reserved;

/// The execution timeout of hasty programs.
const HASTE: Duration = Duration::from_secs(20);

/// `beside` is called with the driver first.
pub(crate) async fn start(
    machine: &Arc<Machine>,
    reserved: Arc<Reserved>,
    beside: BesideDriver,
) -> Result<Embedded, BoxError> {
    let world = &machine.world;
    let clock = Arc::new(MachineClock(Arc::clone(machine)));
    let mut ground = Ground::in_memory(Arc::clone(&world.store), clock);
    ground.store = Arc::new(Around::new(
        Arc::clone(&world.store) as _,
        AroundStore(Arc::clone(machine)),
    ));
    ground.beside_driver = Some(beside);
    ground.seed = Some(world.life_seed());
    ground.repeats_requests = true;
    ground.limits = Limits {
        // Faults end, and the executions that they hit go on.
        failed_invocations_max: u32::MAX,
        ..Limits::AWS
    };
    let functions = Arc::clone(machine);
    ground.around_functions = Some(Box::new(move |inner: Arc<dyn FunctionRunner>| {
        Arc::new(AroundFunctions {
            machine: functions,
            reserved,
            inner,
        }) as _
    }));
    let network = Arc::clone(machine);
    ground.around_service = Some(Box::new(move |inner: Arc<dyn DurableServiceClient>| {
        Arc::new(AroundService {
            machine: network,
            inner,
        }) as _
    }));
    let hasty = HandlerOptions::default().execution_timeout(HASTE);
    let app = Embedded::builder("in memory")
        .handler("program", handler(machine))
        .handler_with("hasty", handler(machine), hasty)
        .function("echo", echo)
        .concurrency(world.plan.concurrency)
        .open_on(ground)
        .await?;
    Ok(app)
}

async fn echo(event: lambda_runtime::LambdaEvent<String>) -> Result<String, BoxError> {
    Ok(event.payload)
}
