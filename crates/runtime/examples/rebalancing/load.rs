//! Work that is not spread evenly: which shards and servers get more than others, and what no hash can mend.

use fastrand::Rng;

/// How much more than its share the busiest has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Skew {
    /// The busiest root with all that it starts, of all work.
    pub largest_root: f64,
    /// The busiest shard, by the mean of all shards.
    pub shard: f64,
    /// The busiest server, by the mean of all servers, where each has as many shards.
    pub server: f64,
    /// The same if shards were dealt out by their load, the busiest first, each to the server that has least.
    pub server_by_load: f64,
}

/// Roots whose work falls off by Zipf's law (the n-th has 1/n^exponent of the first), each in a shard drawn at random,
/// because children are in the shard of their parent.
pub fn skew(roots: usize, exponent: f64, shards: usize, servers: usize, seed: u64) -> Skew {
    let mut rng = Rng::with_seed(seed);
    let mut load = vec![0.0; shards];
    let mut all = 0.0;
    for rank in 1..=roots {
        let work = (rank as f64).powf(-exponent);
        load[rng.usize(..shards)] += work;
        all += work;
    }
    let busiest = |loads: &[f64]| loads.iter().copied().fold(0.0, f64::max);
    let mut evenly = vec![0.0; servers];
    for (shard, work) in load.iter().enumerate() {
        evenly[shard % servers] += work;
    }
    let shard = busiest(&load) * shards as f64 / all;
    let mut by_load = std::collections::BinaryHeap::new();
    by_load.extend((0..servers).map(|_| Least(0.0)));
    load.sort_by(|one, other| other.total_cmp(one));
    for work in load {
        if let Some(Least(least)) = by_load.pop() {
            by_load.push(Least(least + work));
        }
    }
    let most = by_load
        .into_iter()
        .map(|Least(load)| load)
        .fold(0.0, f64::max);
    Skew {
        largest_root: 1.0 / all,
        shard,
        server: busiest(&evenly) * servers as f64 / all,
        server_by_load: most * servers as f64 / all,
    }
}

/// The least comes first.
#[derive(Debug, Clone, Copy)]
struct Least(f64);

impl PartialEq for Least {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Least {}

impl PartialOrd for Least {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Least {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.0.total_cmp(&self.0)
    }
}
