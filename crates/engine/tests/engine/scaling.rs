//! A transition costs work in proportion to its own updates, never to the history. Counted, not timed: everything in a
//! transition is copied, written and absorbed.

use engine::{Answer, Chance, Context, Input, InvocationOutcome, Output, Transition, apply};
use model::{Limits, OperationUpdate};

use crate::update::{callback, step, wait};
use crate::world::{Log, OWNER, World, spec};

/// So many operations make an execution long: the quota.
const MANY: usize = 2_990;

fn world_with(steps: usize) -> World {
    let mut world = World::start(spec(), Limits::AWS, Log::default());
    let steps = (0..steps).map(|number| step(&format!("old-{number}")).succeed("1").0);
    checkpoint(&mut world, steps.collect());
    world
}

fn checkpoint(world: &mut World, updates: Vec<OperationUpdate>) {
    let input = Input::Checkpoint {
        token: world.token(),
        client_token: None,
        updates,
    };
    world.give(input).expect("the checkpoint is accepted");
}

fn transition(world: &World, input: Input) -> Transition {
    let context = Context {
        now: world.now,
        chance: Chance::new(1, 1),
        limits: &world.limits,
        owner: OWNER,
    };
    apply(&world.execution, input, context).expect("the input is accepted")
}

/// Everything that a transition holds, to the last field, in characters; numbers vary in length.
fn size(transition: &Transition) -> usize {
    let text = format!("{transition:?}");
    text.chars()
        .filter(|letter| !letter.is_ascii_digit())
        .count()
}

#[test]
fn checkpoint_of_a_long_execution_holds_no_more_than_that_of_a_short_one() {
    let updates = || {
        let updates = [step("s").start(), wait("w", 5), callback("cb").limits(9, 3)];
        updates.map(|update| update.0).to_vec()
    };
    let of = |steps: usize| {
        let world = world_with(steps);
        let input = Input::Checkpoint {
            token: world.token(),
            client_token: None,
            updates: updates(),
        };
        transition(&world, input)
    };
    let (short, long) = (of(3), of(MANY));
    assert_eq!(long.operations.len(), 3);
    assert_eq!(long.events.len(), 3);
    let token_digits = 8;
    let difference = size(&long).abs_diff(size(&short));
    assert!(
        difference <= token_digits,
        "grew by {difference} characters"
    );
}

#[test]
fn timer_of_a_long_execution_holds_no_more_than_that_of_a_short_one() {
    let of = |steps: usize| {
        let mut world = world_with(steps);
        checkpoint(&mut world, vec![wait("w", 5).0]);
        let pending = InvocationOutcome::Returned(Output::Pending);
        let suspended = world.invocation_ended(pending);
        world.give(suspended).expect("the invocation ends");
        world.now = world.now.plus_seconds(5);
        transition(&world, Input::DeadlineReached)
    };
    let (short, long) = (of(3), of(MANY));
    assert_eq!((long.operations.len(), long.events.len()), (1, 1));
    assert_eq!(size(&long), size(&short));
}

#[test]
fn a_thousand_waits_due_at_once_are_one_transition_and_one_invocation() {
    const WAITS: usize = 1_000;
    let mut world = World::start(spec(), Limits::AWS, Log::default());
    let waits = (0..WAITS).map(|number| wait(&format!("w-{number}"), 5).0);
    checkpoint(&mut world, waits.collect());
    let pending = InvocationOutcome::Returned(Output::Pending);
    let suspended = world.invocation_ended(pending);
    world.give(suspended).expect("the invocation ends");
    world.now = world.now.plus_seconds(5);
    let fired = transition(&world, Input::DeadlineReached);
    assert_eq!((fired.operations.len(), fired.events.len()), (WAITS, WAITS));
    assert_eq!(fired.effects.len(), 1);
    world.give(Input::DeadlineReached).expect("deadlines pass");
    assert_eq!(world.execution.unsettled_operations().count(), WAITS);

    // Once the invocation that was told of them has ended well, they weigh nothing any more.
    checkpoint(&mut world, vec![wait("last", 5).0]);
    let suspended = world.invocation_ended(InvocationOutcome::Returned(Output::Pending));
    world.give(suspended).expect("the invocation ends");
    assert_eq!(world.execution.unsettled_operations().next(), None);
    assert_eq!(world.execution.untold_operations().next(), None);
}

/// One invocation hears of one wait after the other: changes told before are not written again.
#[test]
fn a_poll_after_a_thousand_told_changes_holds_no_more_than_after_three() {
    let of = |told: usize| {
        let mut world = World::start(spec(), Limits::AWS, Log::default());
        for number in 0..told {
            checkpoint(&mut world, vec![wait(&format!("w-{number}"), 1).0]);
            world.now = world.now.plus_seconds(1);
            checkpoint(&mut world, Vec::new());
        }
        assert_eq!(world.execution.unsettled_operations().count(), told);
        checkpoint(&mut world, vec![wait("last", 1).0]);
        world.now = world.now.plus_seconds(1);
        let input = Input::Checkpoint {
            token: world.token(),
            client_token: None,
            updates: Vec::new(),
        };
        transition(&world, input)
    };
    let (short, long) = (of(3), of(1_000));
    assert_eq!((long.operations.len(), long.events.len()), (1, 1));
    let token_digits = 8;
    assert!(size(&long).abs_diff(size(&short)) <= token_digits);
}

/// As above, with a function that asks for nothing while its waits end.
#[test]
fn a_timer_under_an_invocation_that_was_told_nothing_holds_no_more_for_a_thousand_than_for_three() {
    let of = |untold: u32| {
        let mut world = World::start(spec(), Limits::AWS, Log::default());
        let waits = (0..=untold).map(|number| wait(&format!("w-{number:04}"), number + 1).0);
        checkpoint(&mut world, waits.collect());
        for _ in 0..untold {
            world.now = world.now.plus_seconds(1);
            world.give(Input::DeadlineReached).expect("a wait ends");
        }
        world.now = world.now.plus_seconds(1);
        transition(&world, Input::DeadlineReached)
    };
    let (short, long) = (of(3), of(1_000));
    assert_eq!((long.operations.len(), long.events.len()), (1, 1));
    assert_eq!(size(&long), size(&short));
}

#[test]
fn a_thousand_waits_due_under_an_invocation_are_told_at_once() {
    const WAITS: usize = 1_000;
    let mut world = World::start(spec(), Limits::AWS, Log::default());
    let waits = (0..WAITS).map(|number| wait(&format!("w-{number}"), 5).0);
    checkpoint(&mut world, waits.collect());
    world.now = world.now.plus_seconds(5);
    let input = Input::Checkpoint {
        token: world.token(),
        client_token: None,
        updates: Vec::new(),
    };
    match world.give(input).expect("the poll is accepted") {
        Answer::Checkpoint { operations, .. } => assert_eq!(operations.len(), WAITS),
        other => panic!("a checkpoint is answered as one, not by {other:?}"),
    }
}
