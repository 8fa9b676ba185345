//! The search: breadth first, level by level, every state once.
//!
//! The memory per state is 16 bytes of fingerprint and 8 bytes of origin, and no worlds: a state is rebuilt from the
//! moves that led to it, which is cheap because neighbours share most of their path. A level is expanded in slices,
//! each divided among the threads and merged in order. Therefore neither the numbers nor the choice among several
//! violations depend on the threads.

use std::collections::HashSet;
use std::thread;
use std::time::Instant;

use crate::fingerprint::fingerprint;
use crate::moves::{Move, moves};
use crate::pair::Pair;
use crate::step::{Violation, check_start, step};
use crate::world::World;

/// The bounds of a search.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The longest path, in moves.
    pub depth: usize,
    /// The number of threads.
    pub threads: usize,
    /// When to give up; `None`: when all is explored.
    pub until: Option<Instant>,
}

/// The states of one pair, found so far.
pub struct Search {
    pair: Pair,
    seen: HashSet<u128>,
    /// Every state in the order in which it was found; the first is the start state.
    nodes: Vec<Node>,
    /// The index of the first node of the next level to expand.
    level_begins: usize,
    /// The counts so far.
    pub counts: Counts,
}

/// The explored amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Every interleaving of this many moves was explored.
    pub depth: usize,
    /// Distinct states.
    pub states: u64,
    /// The number of calls of the engine.
    pub transitions: u64,
    /// Whether there is nothing left to explore at any depth.
    pub exhausted: bool,
}

/// Why a search ended.
#[derive(Debug)]
pub enum End {
    /// It reached its depth.
    Complete,
    /// Its time was over.
    OutOfTime,
    /// An invariant does not hold.
    Violated(Counterexample),
}

/// A shortest path to a state or transition that violates an invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// The operations of the world.
    pub pair: Pair,
    /// The moves, the last of which violates it.
    pub moves: Vec<Move>,
    /// The violated invariant.
    pub violation: Violation,
}

#[derive(Clone, Copy)]
struct Node {
    parent: u32,
    /// The move that led here; the start has none.
    by: Option<Move>,
}

/// Nodes that are expanded before the results are merged and the clock is read.
const SLICE: usize = 1024;

impl Search {
    /// A search that has seen only the start state.
    pub fn new(pair: Pair) -> Self {
        let start = fingerprint(&World::start(pair));
        Self {
            pair,
            seen: HashSet::from([start]),
            nodes: vec![Node {
                parent: 0,
                by: None,
            }],
            level_begins: 0,
            counts: Counts {
                states: 1,
                ..Counts::default()
            },
        }
    }

    /// Continues the search, level by level, up to the bounds. May be called again with wider ones, but only after a
    /// complete search. Calls `progress` after every slice.
    pub fn run(&mut self, bounds: &Bounds, progress: &mut dyn FnMut(&Counts)) -> End {
        if let Err(violation) = check_start(&World::start(self.pair)) {
            return End::Violated(self.counterexample(None, violation));
        }
        while self.counts.depth < bounds.depth && !self.counts.exhausted {
            let level_ends = self.nodes.len();
            let mut begin = self.level_begins;
            while begin < level_ends {
                if bounds.until.is_some_and(|until| Instant::now() >= until) {
                    return End::OutOfTime;
                }
                let end = level_ends.min(begin + SLICE);
                if let Err(counterexample) = self.expand(begin..end, bounds.threads) {
                    return End::Violated(counterexample);
                }
                begin = end;
                progress(&self.counts);
            }
            self.level_begins = level_ends;
            self.counts.depth += 1;
            self.counts.exhausted = level_ends == self.nodes.len();
        }
        End::Complete
    }

    /// Makes every move of these nodes.
    fn expand(
        &mut self,
        nodes: std::ops::Range<usize>,
        threads: usize,
    ) -> Result<(), Counterexample> {
        let share = nodes.len().div_ceil(threads.max(1));
        let shares = nodes.clone().step_by(share);
        let shares: Vec<_> = shares
            .map(|begin| begin..nodes.end.min(begin + share))
            .collect();
        let search = &*self;
        let parts: Vec<Part> = thread::scope(|scope| {
            let running: Vec<_> = shares
                .into_iter()
                .map(|share| scope.spawn(move || search.expand_share(share)))
                .collect();
            let join = |part: thread::ScopedJoinHandle<'_, Part>| part.join();
            let parts = running.into_iter().map(join);
            parts
                .map(|part| part.expect("the search itself does not panic"))
                .collect()
        });
        for part in parts {
            self.counts.transitions += part.transitions;
            for (state, node) in part.found {
                if self.seen.insert(state) {
                    self.nodes.push(node);
                    self.counts.states += 1;
                }
            }
            if let Some((node, violation)) = part.violation {
                return Err(self.counterexample(Some(node), violation));
            }
        }
        Ok(())
    }

    fn expand_share(&self, nodes: std::ops::Range<usize>) -> Part {
        let mut part = Part::default();
        let mut here = HashSet::new();
        let mut way = Way::new(self.pair);
        for index in nodes {
            let parent = u32::try_from(index).expect("memory ends before four billion states");
            let world = way.follow(&self.moves_to(index));
            for by in moves(world) {
                let node = Node {
                    parent,
                    by: Some(by),
                };
                let step = match step(world, by) {
                    Ok(step) => step,
                    Err(violation) => {
                        part.violation = Some((node, violation));
                        return part;
                    }
                };
                part.transitions += step.transitions;
                let Some(next) = step.world else { continue };
                let state = fingerprint(&next);
                if !self.seen.contains(&state) && here.insert(state) {
                    part.found.push((state, node));
                }
            }
        }
        part
    }

    /// The moves that lead from the start to a node.
    fn moves_to(&self, index: usize) -> Vec<Move> {
        let mut moves = Vec::new();
        let mut node = self.nodes[index];
        while let Some(by) = node.by {
            moves.push(by);
            node = self.nodes[node.parent as usize];
        }
        moves.reverse();
        moves
    }

    fn counterexample(&self, node: Option<Node>, violation: Violation) -> Counterexample {
        let mut moves = Vec::new();
        if let Some(node) = node {
            moves = self.moves_to(node.parent as usize);
            moves.extend(node.by);
        }
        Counterexample {
            pair: self.pair,
            moves,
            violation,
        }
    }
}

/// The results of one thread.
#[derive(Default)]
struct Part {
    found: Vec<(u128, Node)>,
    transitions: u64,
    violation: Option<(Node, Violation)>,
}

/// The worlds along the path to a node. The path to its neighbour begins mostly the same.
struct Way {
    start: World,
    steps: Vec<(Move, World)>,
}

impl Way {
    fn new(pair: Pair) -> Self {
        Self {
            start: World::start(pair),
            steps: Vec::new(),
        }
    }

    fn follow(&mut self, moves: &[Move]) -> &World {
        let same = self.steps.iter().zip(moves);
        let common = same.take_while(|((by, _), next)| by == *next).count();
        self.steps.truncate(common);
        for by in &moves[common..] {
            let from = self.steps.last().map_or(&self.start, |(_, world)| world);
            let next = from.after(*by);
            let next = next.expect("a move that was made once can be made again");
            self.steps.push((*by, next));
        }
        self.steps.last().map_or(&self.start, |(_, world)| world)
    }
}
