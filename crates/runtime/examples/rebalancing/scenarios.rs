//! The events of a cluster: servers join, leave, die.

use super::world::{BEAT, Figures, LEASE, Place, Size, World};

/// How long a cluster may take to come to rest.
const REST: u64 = 120_000;

/// The result of a scenario.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    pub figures: Figures,
    /// Time from the last event until shards were divided evenly; `None` if they never were.
    pub rest: Option<u64>,
    /// The least and the most shards of a server in the end.
    pub spread: (usize, usize),
}

/// A name, and the function that runs the scenario.
pub type Scenario = (&'static str, fn(Size) -> Outcome);

/// All of them.
pub const ALL: &[Scenario] = &[
    ("all start within a second", cold_start),
    ("one joins", one_joins),
    ("a tenth more join at once", many_join),
    ("one is killed", one_dies),
    ("one is ended", one_leaves),
    ("a tenth is killed at once", many_die),
    (
        "two in a hundred stand still for five seconds",
        some_stand_still,
    ),
    (
        "one in a hundred is ended and replaced at a time, until all are",
        rolling_upgrade,
    ),
    (
        "one is killed three seconds after each start, for ten minutes",
        flapping,
    ),
    (
        "one is killed every ten seconds and replaced, for ten minutes",
        churn,
    ),
];

fn rest(mut world: World) -> Outcome {
    let rest = world.run_until_settled(REST);
    Outcome {
        figures: world.figures(),
        rest,
        spread: world.spread(),
    }
}

pub fn cold_start(size: Size) -> Outcome {
    let mut world = World::empty(size);
    for place in 0..size.servers {
        world.start_within((place * 7_919 % 1_000) as u64);
    }
    world.count_anew();
    world.shards_must_move(size.shards);
    rest(world)
}

pub fn one_joins(size: Size) -> Outcome {
    let mut world = World::settled(size);
    world.start();
    world.have_come(1);
    world.run_for(1);
    rest(world)
}

pub fn many_join(size: Size) -> Outcome {
    let mut world = World::settled(size);
    let count = (size.servers / 10).max(1);
    for _ in 0..count {
        world.start();
    }
    world.have_come(count);
    world.run_for(1);
    rest(world)
}

pub fn one_dies(size: Size) -> Outcome {
    let mut world = World::settled(size);
    let place = world.any();
    world.kill(place);
    rest(world)
}

pub fn one_leaves(size: Size) -> Outcome {
    let mut world = World::settled(size);
    let place = world.any();
    world.leave(place);
    rest(world)
}

pub fn many_die(size: Size) -> Outcome {
    let mut world = World::settled(size);
    for _ in 0..(size.servers / 10).max(1) {
        let place = world.any();
        world.kill(place);
    }
    rest(world)
}

fn some_stand_still(size: Size) -> Outcome {
    let mut world = World::settled(size);
    let count = (size.servers / 50).max(1);
    for _ in 0..count {
        let place = world.any();
        world.suspend(place, 5_000);
    }
    world.have_come(count);
    world.run_for(6_000);
    rest(world)
}

pub fn rolling_upgrade(size: Size) -> Outcome {
    let mut world = World::settled(size);
    let old = world.staying();
    for some in old.chunks((size.servers / 100).max(1)) {
        for place in some {
            world.leave(*place);
        }
        while !some.iter().all(|place| world.is_gone(*place)) {
            world.run_for(50);
        }
        for _ in some {
            world.start_within(2_000);
        }
        world.have_come(some.len());
        world.run_for(2_000 + 2 * BEAT);
    }
    rest(world)
}

fn flapping(size: Size) -> Outcome {
    let mut world = World::settled(size);
    let begun = world.now();
    while world.now() - begun < 600_000 {
        let place = world.start();
        world.have_come(1);
        world.run_for(LEASE);
        world.kill(place);
        world.run_for(BEAT);
    }
    world.run_for(LEASE);
    rest(world)
}

fn churn(size: Size) -> Outcome {
    let mut world = World::settled(size);
    let begun = world.now();
    let mut replaced: Vec<Place> = Vec::new();
    while world.now() - begun < 600_000 {
        let place = world.any();
        world.kill(place);
        replaced.push(place);
        world.start_within(5_000);
        world.have_come(1);
        world.run_for(10_000);
    }
    rest(world)
}
