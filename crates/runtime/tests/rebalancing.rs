//! Shards among servers that come and go, simulated: as few move as can, and they end evenly. See
//! `examples/rebalancing`, which prints the same for large clusters.

#[path = "../examples/rebalancing/scenarios.rs"]
#[allow(
    dead_code,
    reason = "the example has more scenarios than are tests, and both have them from the same file"
)]
mod scenarios;
#[path = "../examples/rebalancing/world.rs"]
#[allow(
    dead_code,
    reason = "the example has more scenarios than are tests, and both have them from the same file"
)]
mod world;

use model::Owner;
use runtime::Standing;
use scenarios::Outcome;
use world::{BEAT, LEASE, Size};

const SHARDS: usize = 4_096;
const SERVERS: usize = 60;

fn size(seed: u64) -> Size {
    Size {
        shards: SHARDS,
        servers: SERVERS,
        busy_percent: 5,
        seed,
    }
}

fn even(outcome: Outcome, servers: usize) {
    assert_eq!(
        outcome.spread,
        (SHARDS / servers, SHARDS.div_ceil(servers)),
        "{outcome:?}"
    );
}

#[test]
fn no_more_shards_move_than_must() {
    for seed in 1..=5 {
        for (run, servers) in [
            (scenarios::one_joins as fn(Size) -> Outcome, SERVERS + 1),
            (scenarios::one_dies, SERVERS - 1),
            (scenarios::one_leaves, SERVERS - 1),
            (scenarios::many_die, SERVERS - 6),
        ] {
            let outcome = run(size(seed));
            even(outcome, servers);
            let (moves, least) = (outcome.figures.moves, outcome.figures.least_moves);
            // One more where shares do not come out even.
            assert!(
                (least..=least + 1).contains(&moves),
                "{moves} moves where {least} must be, seed {seed}"
            );
        }
    }
}

#[test]
fn what_a_dead_server_had_stands_still_for_its_lease_and_one_beat() {
    for seed in 1..=5 {
        let outcome = scenarios::many_die(size(seed));
        let longest = outcome.figures.idle_longest;
        assert!(
            (LEASE - BEAT..LEASE + BEAT + 100).contains(&longest),
            "{longest} ms"
        );
        // A shard that is handed over stands still for two writes.
        let outcome = scenarios::one_leaves(size(seed));
        let longest = outcome.figures.idle_longest;
        assert!(longest < 50, "{longest} ms");
    }
}

#[test]
fn all_servers_are_replaced_one_after_the_other_without_a_gap() {
    let outcome = scenarios::rolling_upgrade(size(1));
    even(outcome, SERVERS);
    let figures = outcome.figures;
    assert!(
        figures.moves <= figures.least_moves * 11 / 10,
        "{figures:?}"
    );
    assert!(figures.idle_longest < 1_000, "{figures:?}");
    assert_eq!(
        figures.interrupted, 0,
        "invocations end before their shard is passed on"
    );
}

#[test]
fn the_same_seed_is_the_same_run() {
    let once = scenarios::many_join(size(7)).figures;
    assert_eq!(once, scenarios::many_join(size(7)).figures);
    assert_ne!(once, scenarios::many_join(size(8)).figures);
}

/// The standing that the simulation keeps up to date equals the one that production reads anew.
#[test]
fn a_standing_that_is_kept_is_one_that_is_read() {
    let mut rng = fastrand::Rng::with_seed(3);
    let mut owners = vec![None; 300];
    let servers: Vec<Owner> = (1..=9).map(Owner).collect();
    let mut kept = Standing::of([], &owners);
    for server in &servers {
        kept.set_server(*server, false);
    }
    for _ in 0..2_000 {
        let shard = rng.usize(..owners.len());
        let to = (rng.u8(..4) > 0).then(|| servers[rng.usize(..servers.len())]);
        kept.moved(shard, owners[shard], to);
        owners[shard] = to;
    }
    let read = Standing::of(servers.iter().map(|id| (*id, false)), &owners);
    assert_eq!(kept, read);
    // All parts together: no shard is claimed twice, and all servers have their share afterwards.
    let parts: Vec<_> = servers.iter().map(|id| kept.part(*id)).collect();
    for (me, part) in servers.iter().zip(&parts) {
        for shard in &part.claim {
            assert_eq!(owners[*shard], None, "it is free");
            kept.moved(*shard, None, Some(*me));
            owners[*shard] = Some(*me);
        }
    }
    for (me, part) in servers.iter().zip(parts) {
        for (to, count) in part.give {
            for _ in 0..count {
                let shard = owners.iter().position(|owner| *owner == Some(*me));
                let shard = shard.expect("it has what it gives");
                kept.moved(shard, Some(*me), Some(to));
                owners[shard] = Some(to);
            }
        }
    }
    assert_eq!(kept.free(), 0);
    for server in servers {
        let owned = kept.owned(server).expect("it is there");
        assert!((33..=34).contains(&owned), "{server:?} has {owned}");
        assert!(kept.part(server).is_empty());
    }
}
