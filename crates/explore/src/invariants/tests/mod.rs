//! Tests of the checkers: each invariant holds for a good world, transition, retry or refusal, and
//! rejects a spoilt one. An invariant without such a case fails the tests.

mod requests;
mod states;
mod transitions;

use std::collections::BTreeSet;

use engine::{Input, Transition};

use super::{Accepted, Invariant};
use crate::moves::Move;
use crate::world::World;

/// The world after some moves, all of which change something.
fn world(pair: &str, moves: &[Move]) -> World {
    let pair = pair.parse().expect("a test names a pair");
    let start = World::start(pair);
    moves.iter().fold(start, |world, by| {
        let after = world.after(*by);
        after.unwrap_or_else(|| panic!("`{by}` changes nothing"))
    })
}

/// An accepted move, which a test then spoils.
struct Made {
    before: World,
    input: Input,
    transition: Transition,
    after: World,
}

/// The last of some moves.
fn made(pair: &str, moves: &[Move]) -> Made {
    let (last, moves) = moves.split_last().expect("a test makes a move");
    let before = world(pair, moves);
    let (now, input) = before.request(*last);
    let input = input.expect("a test makes a move that is an input");
    let asked = before.ask(now, &input).expect("the engine does not panic");
    let transition = asked.expect("a test makes an accepted move");
    let after = before.taking(now, &input, &transition);
    Made {
        before,
        input,
        transition,
        after,
    }
}

impl Made {
    fn accepted(&self) -> Accepted<'_> {
        Accepted {
            before: &self.before,
            input: &self.input,
            transition: &self.transition,
            after: &self.after,
        }
    }
}

fn find<T>(invariants: &[Invariant<T>], name: &str) -> fn(&T) -> Result<(), String> {
    let found = invariants.iter().find(|(of, _)| *of == name);
    found
        .unwrap_or_else(|| panic!("no invariant is called {name}"))
        .1
}

/// Every invariant has a case, and every case an invariant.
fn check_complete<T>(invariants: &[Invariant<T>], cases: &[&str]) {
    let invariants: BTreeSet<_> = invariants.iter().map(|(name, _)| *name).collect();
    let cases: BTreeSet<_> = cases.iter().copied().collect();
    assert_eq!(invariants, cases, "an invariant and its cases");
}
