//! One life of the server, from its start to its death, or to the end of all executions.

use std::sync::Arc;
use std::time::Duration;

use lambdura::BoxError;

use crate::machine::Server;
use crate::people::{answer_callbacks, meddle, run_programs};
use crate::reserved::Reserved;
use crate::start::start;
use crate::together::live_together;
use crate::world::World;

/// How long, in the world's time, executions may take to end once there are no more faults.
const BOUND: Duration = Duration::from_secs(24 * 3_600);

/// The same limit if servers share the store; their programs have shorter waits.
const BOUND_SHARED: Duration = Duration::from_secs(2 * 3_600);

/// How a life ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Died,
    AllEnded,
}

/// Runs a life in a runtime of its own, which is dropped at the end with all its tasks.
pub(crate) fn live(world: &Arc<World>) -> Result<Ending, BoxError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    runtime.block_on(async {
        world.begin_life();
        let bound = match world.plan.is_shared() {
            true => BOUND_SHARED,
            false => BOUND,
        };
        let ending = tokio::select! {
            biased;
            () = world.over() => Ending::Died,
            ending = lives(world) => ending,
            () = tokio::time::sleep(bound) => {
                let stuck = world.stuck();
                world.violate("whatever has been started ends", stuck);
                Ending::Died
            }
        };
        world.end_life();
        Ok(ending)
    })
}

async fn lives(world: &Arc<World>) -> Ending {
    if world.plan.is_shared() {
        live_together(world).await;
        return Ending::AllEnded;
    }
    let machine = world.add_machine(0);
    let reserved = Reserved::of(&machine);
    let app = match start(&machine, reserved, Box::new(|_| ())).await {
        Ok(app) => app,
        // The store failed during the start: the next life starts the server again.
        Err(error) => {
            world.die(&format!("when it starts: {error}"));
            return Ending::Died;
        }
    };
    machine.runs(Server {
        app: app.clone(),
        cluster: None,
    });
    tokio::spawn(answer_callbacks(Arc::clone(world)));
    tokio::spawn(meddle(Arc::clone(world)));
    run_programs(world).await;
    world.check_aside(app.driver());
    Ending::AllEnded
}
