//! A life of several servers that share a store: each on its machine, and replaced by another after its end.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::join_all;
use lambdura::BoxError;
use runtime::{Cluster, ClusterConfig, Driver, Reservations};

use crate::around_servers::AroundServers;
use crate::between_servers::Line;
use crate::fault::Fault;
use crate::machine::{Machine, Server};
use crate::people::{answer_callbacks, meddle, run_programs};
use crate::reserved::Reserved;
use crate::start::start;
use crate::world::World;

/// How long a server counts as alive after each renewal of its lease.
pub(crate) const LEASE: Duration = Duration::from_secs(6);

/// How long a leaving server waits for running invocations.
const GRACE: Duration = Duration::from_secs(20);

/// Pause after a failed start of a server.
const AGAIN: Duration = Duration::from_secs(1);

/// How long shards may take to be evenly spread once there are no more faults: some leases, and the time that a shard
/// is kept for its running invocations.
const EVEN_WITHIN: Duration = Duration::from_secs(120);

/// Runs until every program has ended and every fault has happened.
pub(crate) async fn live_together(world: &Arc<World>) {
    for place in 0..world.plan.servers.len() {
        tokio::spawn(fill_place(Arc::clone(world), place));
    }
    tokio::spawn(answer_callbacks(Arc::clone(world)));
    tokio::spawn(meddle(Arc::clone(world)));
    let strikes = world.plan.faults.iter();
    let strikes = join_all(strikes.map(|fault| strike(world, *fault)));
    let all = async { futures_util::join!(run_programs(world), strikes) };
    tokio::select! {
        biased;
        _ = all => {}
        () = world.check_turns() => {}
    }
    world.check_even(EVEN_WITHIN).await;
    for machine in world.machines() {
        if let Some(server) = machine.server() {
            world.check_aside(server.app.driver());
        }
    }
}

/// Runs servers in this place of the plan, one after the other.
async fn fill_place(world: Arc<World>, place: usize) {
    // All at once, or one after the other, depending on the seed.
    let joins_at_ms = (world.plan.seed >> 3) % 2 * 900 * place as u64;
    world.aged(joins_at_ms).await;
    loop {
        let machine = world.add_machine(place);
        machine.note("starts");
        let opening = async {
            match join(&machine).await {
                Ok(()) => std::future::pending().await,
                Err(error) => {
                    machine.end(&format!("cannot start: {error}"));
                    machine.back_after(AGAIN);
                }
            }
        };
        let ended = tokio::select! {
            biased;
            ended = machine.ended() => ended,
            () = opening => AGAIN,
        };
        tokio::time::sleep(ended).await;
    }
}

/// Starts a server, which joins the cluster.
async fn join(machine: &Arc<Machine>) -> Result<(), BoxError> {
    let made = Arc::new(OnceLock::new());
    let reserved = Reserved::of(machine);
    let reservations = match machine.world.plan.reserved.is_empty() {
        true => None,
        false => Some(Arc::clone(&reserved) as Arc<dyn Reservations>),
    };
    let (told, member) = (Arc::clone(&made), Arc::clone(machine));
    let beside = move |driver: &Driver| {
        let config = ClusterConfig {
            servers: Arc::new(AroundServers(Arc::clone(&member))),
            messenger: Arc::new(Line(Arc::clone(&member))),
            address: format!("server-{}", member.number),
            secret: String::new(),
            version: "1".to_owned(),
            reservations: reservations.clone(),
            lease: LEASE,
        };
        told.get_or_init(|| Cluster::new(driver.clone(), config));
    };
    let app = start(machine, reserved, Box::new(beside)).await?;
    let cluster = made.get().ok_or("the driver was not given")?;
    let cluster = Arc::clone(cluster);
    let running = Arc::clone(&cluster);
    tokio::spawn(async move { running.run().await });
    machine.runs(Server {
        app,
        cluster: Some(cluster),
    });
    Ok(())
}

/// Applies a fault of the plan to a server.
async fn strike(world: &Arc<World>, fault: Fault) {
    match fault {
        Fault::ServerDies {
            server,
            at_ms,
            back_after_ms,
        } => {
            world.aged(at_ms).await;
            if let Some(machine) = world.machine_at(server) {
                machine.die("at its time");
                machine.back_after(Duration::from_millis(back_after_ms));
            }
        }
        Fault::DiesAt { ms } => {
            world.aged(ms).await;
            if let Some(machine) = world.machine_at(usize::try_from(ms).unwrap_or(0)) {
                machine.die("at its time");
            }
        }
        Fault::ServerLeaves {
            server,
            at_ms,
            back_after_ms,
        } => {
            world.aged(at_ms).await;
            if let Some(machine) = world.machine_at(server) {
                leave(&machine).await;
                machine.back_after(Duration::from_millis(back_after_ms));
            }
        }
        Fault::ServerStandsStill {
            server,
            at_ms,
            for_ms,
        } => for_a_while(world, server, at_ms, for_ms, Machine::stand_still).await,
        Fault::ServerCutFromStore {
            server,
            at_ms,
            for_ms,
        } => for_a_while(world, server, at_ms, for_ms, Machine::cut_from_store).await,
        Fault::ServerCutFromOthers {
            server,
            at_ms,
            for_ms,
        } => for_a_while(world, server, at_ms, for_ms, Machine::cut_from_others).await,
        Fault::ClockJumps { at_ms, by_ms } => {
            world.aged(at_ms).await;
            if let Some(machine) = world.machine_at(usize::try_from(at_ms).unwrap_or(0)) {
                machine.jump(Duration::from_millis(by_ms));
            }
        }
        _ => {}
    }
}

async fn for_a_while(
    world: &World,
    server: usize,
    at_ms: u64,
    for_ms: u64,
    set: impl Fn(&Machine, bool),
) {
    world.aged(at_ms).await;
    let Some(machine) = world.machine_at(server) else {
        return;
    };
    set(&machine, true);
    world.aged(at_ms + for_ms).await;
    if !machine.is_dead() {
        set(&machine, false);
    }
}

/// Lets a server leave in an orderly way, unless it ends before.
async fn leave(machine: &Arc<Machine>) {
    let Some(server) = machine.server() else {
        return;
    };
    machine.note("leaves");
    let leaving = async {
        if let Some(cluster) = &server.cluster
            && let Err(fault) = cluster.leave(GRACE).await
        {
            machine.note(&format!("leaves without a word: {fault}"));
        }
        server.app.driver().shut_down().await;
    };
    tokio::select! {
        biased;
        _ = machine.ended() => {}
        () = leaving => machine.end("has left"),
    }
}
