//! Inputs drawn at random, good and bad, in any order: every invariant holds after each of them.
//!
//! Raise `PROPTEST_CASES` for a longer run. A failure prints the shortest script that still fails and the log of the
//! events, line by line.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{FileFailurePersistence, TestRunner};

use crate::player::Player;
use crate::world::{Log, World};

/// Every operation that a script may touch, by id; the first letter says of which type.
pub const IDS: [&str; 14] = [
    "c1", "c2", "c3", "s1", "s2", "s3", "s4", "w1", "w2", "b1", "b2", "i1", "i2", "i3",
];

#[derive(Debug, Clone)]
pub struct Play {
    pub execution_timeout_seconds: u32,
    /// Limits so small that scripts reach them.
    pub tight: bool,
    pub actions: Vec<Action>,
}

#[derive(Debug, Clone)]
pub enum Action {
    Checkpoint {
        token: Token,
        client_token: Option<u8>,
        updates: Vec<Change>,
    },
    InvocationEnds {
        ending: Ending,
        /// Of the invocation so many before the last.
        age: usize,
    },
    /// Time passes; the timers fire as they are due, or are late.
    Advance {
        seconds: u32,
        firing: bool,
    },
    Fire,
    Callback {
        pick: prop::sample::Index,
        says: Says,
        forged: bool,
    },
    ChainedEnds {
        pick: prop::sample::Index,
        outcome: u8,
    },
    Stop,
    Pause {
        timeout_too: bool,
        repeatable: bool,
    },
    Resume,
    Delete,
    /// The server dies and comes back.
    Restart,
    /// The last input arrives once more.
    Again,
}

#[derive(Debug, Clone, Copy)]
pub enum Token {
    Live,
    /// One that was given earlier.
    Stale(prop::sample::Index),
    Foreign,
    Garbage,
}

#[derive(Debug, Clone, Copy)]
pub enum Ending {
    Succeeds,
    TooLarge,
    Fails,
    Pending,
    Nonsense,
    Exits,
    Errs,
    NotStarted,
    Gone,
    Lost,
}

#[derive(Debug, Clone, Copy)]
pub enum Says {
    Yes,
    No,
    Alive,
}

#[derive(Debug, Clone)]
pub struct Change {
    pub id: prop::sample::Index,
    /// Picks among sensible actions, or among all actions when `wild`.
    pub action: prop::sample::Index,
    pub wild: bool,
    pub parent: Option<prop::sample::Index>,
    pub seconds: u32,
    pub extra: u8,
}

fn play() -> impl Strategy<Value = Play> {
    let actions = prop::collection::vec(action(), 1..100);
    (10_u32..2000, prop::bool::weighted(0.2), actions).prop_map(
        |(execution_timeout_seconds, tight, actions)| Play {
            execution_timeout_seconds,
            tight,
            actions,
        },
    )
}

fn action() -> impl Strategy<Value = Action> {
    let index = any::<prop::sample::Index>;
    let checkpoint = (
        token(),
        prop::option::weighted(0.3, 0_u8..3),
        prop::collection::vec(change(), 0..6),
    )
        .prop_map(|(token, client_token, updates)| Action::Checkpoint {
            token,
            client_token,
            updates,
        });
    let age = prop_oneof![12 => Just(0_usize), 1 => 1_usize..3];
    let ends = (ending(), age).prop_map(|(ending, age)| Action::InvocationEnds { ending, age });
    let advance = (
        prop_oneof![50 => 0_u32..12, 1 => 0_u32..100_000],
        any::<bool>(),
    )
        .prop_map(|(seconds, firing)| Action::Advance { seconds, firing });
    let says = prop_oneof![Just(Says::Yes), Just(Says::No), Just(Says::Alive)];
    let callback = (index(), says, prop::bool::weighted(0.1))
        .prop_map(|(pick, says, forged)| Action::Callback { pick, says, forged });
    let chained =
        (index(), 0_u8..5).prop_map(|(pick, outcome)| Action::ChainedEnds { pick, outcome });
    prop_oneof![
        100 => checkpoint,
        40 => ends,
        30 => advance,
        10 => Just(Action::Fire),
        20 => callback,
        10 => chained,
        1 => Just(Action::Stop),
        4 => any::<(bool, bool)>().prop_map(|(timeout_too, repeatable)| Action::Pause {
            timeout_too,
            repeatable,
        }),
        6 => Just(Action::Resume),
        1 => Just(Action::Delete),
        8 => Just(Action::Restart),
        12 => Just(Action::Again),
    ]
}

fn token() -> impl Strategy<Value = Token> {
    prop_oneof![
        20 => Just(Token::Live),
        2 => any::<prop::sample::Index>().prop_map(Token::Stale),
        1 => Just(Token::Foreign),
        1 => Just(Token::Garbage),
    ]
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        2 => Just(Ending::Succeeds),
        1 => Just(Ending::TooLarge),
        1 => Just(Ending::Fails),
        40 => Just(Ending::Pending),
        1 => Just(Ending::Nonsense),
        4 => Just(Ending::Exits),
        3 => Just(Ending::Errs),
        2 => Just(Ending::NotStarted),
        1 => Just(Ending::Gone),
        2 => Just(Ending::Lost),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    (
        index(),
        index(),
        prop::bool::weighted(0.05),
        prop::option::weighted(0.4, index()),
        // Zero seconds do not pass the wire's validation.
        1_u32..12,
        any::<u8>(),
    )
        .prop_map(|(id, action, wild, parent, seconds, extra)| Change {
            id,
            action,
            wild,
            parent,
            seconds,
            extra,
        })
}

/// Plays to the end, or to a failure: then returns everything that happened until then.
fn played(play: &Play) -> Result<World, String> {
    let log = Log::default();
    let played = catch_unwind(AssertUnwindSafe(|| {
        let mut player = Player::new(play, Rc::clone(&log));
        for action in &play.actions {
            if player.world.removed {
                break;
            }
            player.act(action);
        }
        player.world.check_rerun();
        player.world
    }));
    played.map_err(|panic| {
        let log = log.borrow().join("\n");
        format!("{}\nafter:\n{log}", message(panic.as_ref()))
    })
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}

fn config() -> ProptestConfig {
    let persistence = FileFailurePersistence::WithSource("regressions");
    ProptestConfig {
        failure_persistence: Some(Box::new(persistence)),
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn invariants_hold_whatever_happens(play in play()) {
        if let Err(failure) = played(&play) {
            return Err(TestCaseError::fail(failure));
        }
    }
}

/// The scripts reach everything that can happen: a property over nothing proves nothing.
#[test]
fn scripts_reach_every_event_and_refusal() {
    const PLAYS: usize = 400;
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..PLAYS {
        let play = play().new_tree(&mut runner).expect("a play").current();
        let world = played(&play).unwrap_or_else(|failure| panic!("{play:#?}\n{failure}"));
        for line in world.log.borrow().iter() {
            *seen.entry(gist(line)).or_default() += 1;
        }
    }
    let missing: Vec<_> = REACHED
        .iter()
        .filter(|gist| !seen.contains_key(**gist))
        .collect();
    assert!(
        missing.is_empty(),
        "never reached: {missing:#?}\nreached: {seen:#?}"
    );
}

/// A line of the log without the parts that differ from case to case.
fn gist(line: &str) -> String {
    let mut words = line.split(' ').skip(1);
    match words.next() {
        Some("-") => match line.split_once("refused: ") {
            Some((_, reason)) => reason
                .split(['`', '<'])
                .next()
                .expect("a split has a first part")
                .trim_end_matches(|letter: char| !letter.is_alphabetic())
                .to_owned(),
            None => words.next().unwrap_or_default().to_owned(),
        },
        _ => words.next().unwrap_or_default().to_owned(),
    }
}

/// Every kind of event, everything else that shows in the log, and the refusals that random inputs
/// can be expected to meet; the cases cover the others.
const REACHED: &[&str] = &[
    "CallbackFailed",
    "CallbackStarted",
    "CallbackSucceeded",
    "CallbackTimedOut",
    "ChainedInvokeFailed",
    "ChainedInvokeStarted",
    "ChainedInvokeStopped",
    "ChainedInvokeSucceeded",
    "ChainedInvokeTimedOut",
    "ContextFailed",
    "ContextStarted",
    "ContextSucceeded",
    "ExecutionFailed",
    "ExecutionPaused",
    "ExecutionResumed",
    "ExecutionStarted",
    "ExecutionStopped",
    "ExecutionSucceeded",
    "ExecutionTimedOut",
    "InvocationCompleted",
    "StepFailed",
    "StepStarted",
    "StepSucceeded",
    "WaitCancelled",
    "WaitStarted",
    "WaitSucceeded",
    "again",
    "closed",
    "invoke",
    "removed",
    "restart",
    "start",
    "Cannot update the same operation twice in a single request",
    "Checkpoint token is not valid for the durable execution ARN",
    "Inconsistent operation type",
    "Invalid action for the given operation type",
    "Invalid callback id",
    "Invalid checkpoint token",
    "Invalid current CONTEXT state to close",
    "Invalid current STEP state to close",
    "The callback is either timed out or already completed",
    "invocation",
    "the execution has ended",
];
