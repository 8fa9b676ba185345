//! One move: the input, all checks of its result, and the same request once more.

use crate::invariants::{
    Accepted, Invariant, Refused, Retry, in_states, of_refusals, of_retries, of_transitions,
};
use crate::moves::Move;
use crate::world::World;

/// The result of a move.
#[derive(Debug)]
pub struct Step {
    /// The world after it; `None` if nothing has changed, because the engine refused it or only answered.
    pub world: Option<World>,
    /// The number of calls of the engine: one, and a second for an accepted input.
    pub transitions: u64,
}

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its name.
    pub invariant: &'static str,
    /// The description of what was seen.
    pub seen: String,
}

/// Makes a move and checks every invariant.
///
/// # Errors
/// The first invariant that does not hold.
pub fn step(world: &World, by: Move) -> Result<Step, Violation> {
    let (now, input) = world.request(by);
    let Some(input) = input else {
        let world = World {
            now,
            ..world.clone()
        };
        check(in_states(), &world)?;
        return Ok(Step {
            world: Some(world),
            transitions: 0,
        });
    };
    let transition = match world.ask(now, &input).map_err(panicked)? {
        Ok(transition) => transition,
        Err(rejection) => {
            let refused = Refused {
                world,
                input: &input,
                rejection: &rejection,
            };
            check(of_refusals(), &refused)?;
            return Ok(Step {
                world: None,
                transitions: 1,
            });
        }
    };
    let after = world.taking(now, &input, &transition);
    let accepted = Accepted {
        before: world,
        input: &input,
        transition: &transition,
        after: &after,
    };
    check(of_transitions(), &accepted)?;
    check(in_states(), &after)?;
    let retried = !after.removed;
    if retried {
        check_retry(&accepted)?;
    }
    let unchanged = transition.is_empty() && now == world.now;
    Ok(Step {
        world: (!unchanged).then_some(after),
        transitions: 1 + u64::from(retried),
    })
}

fn check_retry(first: &Accepted<'_>) -> Result<(), Violation> {
    let second = first.after.ask(first.after.now, first.input);
    let second = second.map_err(panicked)?;
    let retry = Retry {
        first,
        second: &second,
    };
    check(of_retries(), &retry)
}

/// Checks the first world, which no move has led to.
///
/// # Errors
/// The first invariant that does not hold.
pub fn check_start(world: &World) -> Result<(), Violation> {
    check(in_states(), world)
}

fn check<T>(invariants: &[Invariant<T>], of: &T) -> Result<(), Violation> {
    for (invariant, holds) in invariants {
        holds(of).map_err(|seen| Violation { invariant, seen })?;
    }
    Ok(())
}

fn panicked(text: String) -> Violation {
    Violation {
        invariant: "the_engine_does_not_panic",
        seen: text,
    }
}

impl World {
    /// The world after a move, without any checks; `None` if nothing has changed.
    pub fn after(&self, by: Move) -> Option<Self> {
        let (now, input) = self.request(by);
        let Some(input) = input else {
            return Some(Self {
                now,
                ..self.clone()
            });
        };
        let transition = self.ask(now, &input).ok()?.ok()?;
        let changes = !transition.is_empty() || now != self.now;
        changes.then(|| self.taking(now, &input, &transition))
    }
}
