//! Inputs drawn at random, good and bad, in any order: every invariant holds after each of them.
//!
//! Raise `PROPTEST_CASES` for a longer run. A failure prints the shortest script that still fails and
//! the log of what happened, line by line.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use engine::{ChainedOutcome, Input, InvocationOutcome, Output};
use model::{
    CallbackId, CheckpointToken, ClientToken, DeadlineReason, Limits, OperationId, OperationStatus,
    OperationType, OperationUpdate, Timestamp, UpdateAction,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{FileFailurePersistence, TestRunner};

use crate::reference;
use crate::update::{
    self, callback, context, error, execution, id, invoke, invoke_durable, invoke_missing, step,
    wait,
};
use crate::world::{Log, World, spec};

/// Every operation that a script may touch, by id; the first letter says of which type.
const IDS: [&str; 14] = [
    "c1", "c2", "c3", "s1", "s2", "s3", "s4", "w1", "w2", "b1", "b2", "i1", "i2", "i3",
];

#[derive(Debug, Clone)]
struct Play {
    execution_timeout_seconds: u32,
    /// Limits so small that scripts reach them.
    tight: bool,
    actions: Vec<Action>,
}

#[derive(Debug, Clone)]
enum Action {
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
enum Token {
    Live,
    /// One that was given earlier.
    Stale(prop::sample::Index),
    Foreign,
    Garbage,
}

#[derive(Debug, Clone, Copy)]
enum Ending {
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
enum Says {
    Yes,
    No,
    Alive,
}

#[derive(Debug, Clone)]
struct Change {
    id: prop::sample::Index,
    /// Picks among what makes sense, or among all actions when `wild`.
    action: prop::sample::Index,
    wild: bool,
    parent: Option<prop::sample::Index>,
    seconds: u32,
    extra: u8,
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

/// Turns drawn actions into inputs for one world.
struct Player {
    world: World,
    last: Option<Input>,
    /// When the last input was given, if it wrote something.
    wrote_at: Option<Timestamp>,
}

impl Player {
    fn new(play: &Play, log: Log) -> Self {
        let mut spec = spec();
        spec.execution_timeout_seconds = play.execution_timeout_seconds;
        spec.result_bytes_max = 8;
        let mut limits = Limits {
            failed_invocations_max: 3,
            ..Limits::AWS
        };
        if play.tight {
            limits.operations_max = 6;
            limits.execution_bytes_max = 60;
            limits.step_payload_bytes_max = 6;
            limits.error_bytes_max = 12;
            limits.async_result_bytes_max = 3;
            limits.callback_result_bytes_max = 3;
        }
        Self {
            world: World::start(spec, limits, log),
            last: None,
            wrote_at: None,
        }
    }

    fn act(&mut self, action: &Action) {
        match action {
            // Nothing runs that could checkpoint or end: mostly, time passes until something does.
            Action::Checkpoint {
                token: Token::Live,
                updates,
                ..
            } if self.world.live_token.is_none() && updates.len() != 1 => self.next_deadline(),
            Action::InvocationEnds {
                ending: Ending::Pending,
                age: 0,
            } if self.is_stuck() => self.next_deadline(),
            Action::Checkpoint {
                token,
                client_token,
                updates,
            } => {
                let input = Input::Checkpoint {
                    token: self.token(*token),
                    client_token: client_token.map(client_token_of),
                    updates: self.updates(updates),
                };
                self.give(input);
            }
            Action::InvocationEnds { ending, age } => {
                let mut input = self.world.invocation_ended(outcome(*ending));
                if let Input::InvocationEnded { request_id, .. } = &mut input {
                    let given = &self.world.request_ids;
                    *request_id = given[given.len().saturating_sub(1 + age)].clone();
                }
                self.give(input);
            }
            Action::Advance { seconds, firing } => self.advance(*seconds, *firing),
            Action::Fire => self.give(Input::DeadlineReached),
            Action::Callback { pick, says, forged } => self.callback(*pick, *says, *forged),
            Action::ChainedEnds { pick, outcome } => self.chained_ends(*pick, *outcome),
            Action::Stop => self.give(Input::Stop {
                error: error("Stopped", "enough"),
            }),
            Action::Pause {
                timeout_too,
                repeatable,
            } => self.give(Input::Pause {
                reason: Some("inventory".to_owned()),
                execution_timeout_paused: *timeout_too,
                client_token: repeatable.then(|| client_token_of(200)),
            }),
            Action::Resume => self.give(Input::Resume {
                reason: None,
                client_token: Some(client_token_of(201)),
            }),
            Action::Delete => self.give(Input::Delete),
            Action::Restart => self.world.restart(),
            Action::Again => self.again(),
        }
    }

    fn give(&mut self, input: Input) {
        let version = self.world.execution.state.version;
        self.last = Some(input.clone());
        let _refused_is_logged = self.world.give(input);
        let wrote = self.world.execution.state.version != version;
        self.wrote_at = wrote.then_some(self.world.now);
    }

    /// What arrives twice counts once, however much later it arrives again.
    fn again(&mut self) {
        let Some(input) = self.last.clone() else {
            return;
        };
        self.world.say("again");
        let wrote_at = self.wrote_at;
        self.give(input.clone());
        let new_each_time = match input {
            // Time brings new deadlines, and a later sign of life is another one.
            Input::DeadlineReached => true,
            Input::CallbackHeartbeat { .. } => wrote_at != Some(self.world.now),
            _ => false,
        };
        if wrote_at.is_some() && !new_each_time {
            assert_eq!(self.wrote_at, None, "a duplicate wrote");
            self.wrote_at = wrote_at;
        }
    }

    /// Whether PENDING would be refused. A few of those are enough to end an execution, so that only
    /// some are tried.
    fn is_stuck(&self) -> bool {
        let state = &self.world.execution.state;
        let nothing_comes =
            state.pending_count == 0 && self.world.execution.untold_operations().next().is_none();
        nothing_comes && !self.world.events.len().is_multiple_of(4)
    }

    /// Time passes until the next deadline that does not end everything.
    fn next_deadline(&mut self) {
        let next = self.world.execution.state.next_deadline.clone();
        let goes_on = |reason: &DeadlineReason| match reason {
            DeadlineReason::ExecutionTimeout | DeadlineReason::RetentionElapsed => false,
            DeadlineReason::WaitElapsed(_)
            | DeadlineReason::StepRetry(_)
            | DeadlineReason::CallbackTimeout(_)
            | DeadlineReason::CallbackHeartbeat(_)
            | DeadlineReason::InvocationRetry => true,
        };
        if let Some(next) = next.filter(|next| goes_on(&next.reason)) {
            self.world.now = self.world.now.max(next.at);
            self.give(Input::DeadlineReached);
        }
    }

    fn advance(&mut self, seconds: u32, firing: bool) {
        let until = self.world.now.plus_seconds(seconds);
        while firing && !self.world.removed {
            let next = self.world.execution.state.next_deadline.clone();
            let Some(next) = next.filter(|next| next.at <= until) else {
                break;
            };
            self.world.now = self.world.now.max(next.at);
            self.give(Input::DeadlineReached);
        }
        self.world.now = until;
    }

    fn token(&self, token: Token) -> CheckpointToken {
        match token {
            Token::Live => self.world.token(),
            Token::Stale(pick) => pick.get(&self.world.tokens).clone(),
            // Base64 of `execution-2.1.1.0`.
            Token::Foreign => CheckpointToken::parse("ZXhlY3V0aW9uLTIuMS4xLjA=").expect("base64"),
            Token::Garbage => CheckpointToken::parse("AAAA").expect("base64"),
        }
    }

    /// One of these operations: of those that have begun and not ended, if there are any.
    fn pick(&self, pick: prop::sample::Index, ids: [&str; 4]) -> OperationId {
        let ids = ids.map(id);
        let open = |id: &&OperationId| {
            let operation = self.world.execution.operation(id);
            operation.is_some_and(|operation| reference::is_pending(operation))
        };
        let open: Vec<OperationId> = ids.iter().filter(open).cloned().collect();
        let ids = if open.is_empty() { &ids[..] } else { &open };
        pick.get(ids).clone()
    }

    fn callback(&mut self, pick: prop::sample::Index, says: Says, forged: bool) {
        let operation_id = self.pick(pick, ["b1", "b2", "s1", "missing"]);
        let genuine = self.world.callback_id(&operation_id).filter(|_| !forged);
        let callback_id =
            genuine.unwrap_or_else(|| CallbackId::parse("AAAA").expect("a valid callback id"));
        self.give(match says {
            Says::Yes => Input::CallbackSucceeded {
                operation_id,
                callback_id,
                result: Some("yes".into()),
            },
            Says::No => Input::CallbackFailed {
                operation_id,
                callback_id,
                error: error("No", ""),
            },
            Says::Alive => Input::CallbackHeartbeat {
                operation_id,
                callback_id,
            },
        });
    }

    fn chained_ends(&mut self, pick: prop::sample::Index, outcome: u8) {
        let operation_id = self.pick(pick, ["i1", "i2", "s1", "missing"]);
        let failure = error("Boom", "");
        self.give(Input::ChainedInvokeEnded {
            operation_id,
            outcome: match outcome {
                0 => ChainedOutcome::Succeeded(Some("yes".into())),
                1 => ChainedOutcome::Succeeded(Some("too large".into())),
                2 => ChainedOutcome::Failed(failure),
                3 => ChainedOutcome::TimedOut(failure),
                _ => ChainedOutcome::Stopped(failure),
            },
        });
    }

    /// Updates that mostly make sense together; what makes none is left out, unless it is wild.
    fn updates(&self, changes: &[Change]) -> Vec<OperationUpdate> {
        let operations = self.world.execution.operations();
        let mut statuses: BTreeMap<String, OperationStatus> = operations
            .map(|operation| (operation.id.to_string(), operation.status))
            .collect();
        let mut touched = BTreeMap::new();
        let mut updates = Vec::new();
        for change in changes {
            let id = *change.id.get(&IDS);
            let mut update = blank(id, change);
            if change.wild {
                update.action = *change.action.get(&ACTIONS);
                if change.extra.is_multiple_of(8) {
                    update.operation_type = *change.action.get(&TYPES);
                }
                if change.extra % 8 == 1 {
                    update.id = OperationId::from(&self.world.execution.spec.arn.id);
                }
            } else {
                let sensible = sensible(id, statuses.get(id).copied());
                // A START and the closing of the same STEP or CONTEXT may come together.
                let again = match touched.get(id) {
                    None => true,
                    Some(UpdateAction::Start) => id.starts_with(['c', 's']),
                    Some(_) => false,
                };
                if sensible.is_empty() || !again {
                    continue;
                }
                update.action = *change.action.get(sensible);
                touched.insert(id, update.action);
            }
            fill(&mut update, change);
            if !statuses.contains_key(id) {
                place(&mut update, change, &statuses);
            }
            statuses.insert(id.to_owned(), OperationStatus::Started);
            updates.push(update);
        }
        // A group that begins and ends in one request, around what it holds.
        let begun = updates.iter().find(|update| {
            let started = touched.get(update.id.as_str()) == Some(&UpdateAction::Start);
            started && update.operation_type == OperationType::Context
        });
        if let Some(begun) = begun.filter(|_| changes[0].extra < 100) {
            let ends = context(begun.id.as_str()).succeed("group");
            updates.push(ends.0);
        }
        if let Some(change) = changes.last().filter(|change| change.extra > 250) {
            let ends = match change.extra % 2 {
                0 => execution().succeed("done"),
                _ => execution().fail(""),
            };
            updates.push(ends.0);
        }
        updates
    }
}

/// Puts a new operation under a context.
fn place(
    update: &mut OperationUpdate,
    change: &Change,
    statuses: &BTreeMap<String, OperationStatus>,
) {
    let contexts = IDS.iter().filter(|id| id.starts_with('c'));
    let parents: Vec<&str> = contexts
        .copied()
        .filter(|id| *id != update.id.as_str() && statuses.contains_key(*id))
        .collect();
    if let Some(pick) = change.parent
        && !parents.is_empty()
    {
        update.parent_id = Some(id(pick.get::<&str>(&parents)));
    }
}

const ACTIONS: [UpdateAction; 5] = [
    UpdateAction::Start,
    UpdateAction::Succeed,
    UpdateAction::Fail,
    UpdateAction::Retry,
    UpdateAction::Cancel,
];

const TYPES: [OperationType; 6] = [
    OperationType::Execution,
    OperationType::Context,
    OperationType::Step,
    OperationType::Wait,
    OperationType::Callback,
    OperationType::ChainedInvoke,
];

fn blank(id: &str, change: &Change) -> OperationUpdate {
    let update = match id.as_bytes()[0] {
        b'c' => context(id),
        b's' => step(id),
        b'w' => wait(id, change.seconds),
        b'b' => callback(id).limits(change.seconds % 8, u32::from(change.extra % 8)),
        _ => match change.extra % 4 {
            0 => invoke_missing(id),
            1 => invoke_durable(id),
            _ => invoke(id),
        },
    };
    update::Update::start(update).0
}

/// What may be done to an operation as it stands.
fn sensible(id: &str, status: Option<OperationStatus>) -> &'static [UpdateAction] {
    use UpdateAction::{Cancel, Fail, Retry, Start, Succeed};
    match (id.as_bytes()[0], status) {
        (b's', None) => &[Start, Start, Succeed, Fail, Retry],
        (_, None) => &[Start],
        (b's', Some(OperationStatus::Started)) => &[Succeed, Fail, Retry, Retry],
        (b's', Some(OperationStatus::Ready)) => &[Start, Start, Succeed, Retry],
        (b'c', Some(OperationStatus::Started)) => &[Succeed, Fail],
        (b'w', Some(OperationStatus::Started)) => &[Cancel],
        _ => &[],
    }
}

/// Gives an update what its action takes.
fn fill(update: &mut OperationUpdate, change: &Change) {
    match update.action {
        UpdateAction::Start => {
            if update.operation_type == OperationType::ChainedInvoke
                && change.extra.is_multiple_of(2)
            {
                update.payload = Some("{}".into());
            }
        }
        UpdateAction::Succeed => {
            update.payload = (!change.extra.is_multiple_of(3)).then(|| "result".into());
            if update.operation_type == OperationType::Context {
                update.replay_children = Some(change.extra.is_multiple_of(4));
            }
        }
        UpdateAction::Fail => {
            update.error = (!change.extra.is_multiple_of(3)).then(|| error("Boom", "broken"));
        }
        UpdateAction::Retry => {
            update.next_attempt_delay_seconds = Some(change.seconds);
            match change.extra % 3 {
                0 => update.error = Some(error("Boom", "broken")),
                1 => update.payload = Some("state".into()),
                _ => {}
            }
        }
        UpdateAction::Cancel => update.wait_seconds = None,
    }
}

fn client_token_of(key: u8) -> ClientToken {
    ClientToken::parse(&format!("key-{key}")).expect("a valid client token")
}

fn outcome(ending: Ending) -> InvocationOutcome {
    let returned = InvocationOutcome::Returned;
    match ending {
        Ending::Succeeds => returned(Output::Succeeded(Some("done".into()))),
        Ending::TooLarge => returned(Output::Succeeded(Some("too large".into()))),
        Ending::Fails => returned(Output::Failed(error("Boom", "it broke"))),
        Ending::Pending => returned(Output::Pending),
        Ending::Nonsense => returned(Output::Invalid("not an answer".to_owned())),
        Ending::Exits => InvocationOutcome::Interrupted(error("Runtime.ExitError", "exit")),
        Ending::NotStarted => InvocationOutcome::NotStarted,
        Ending::Errs => InvocationOutcome::FunctionError(error("TypeError", "undefined")),
        Ending::Gone => InvocationOutcome::Unavailable(error("ResourceNotFoundException", "")),
        Ending::Lost => InvocationOutcome::Lost,
    }
}

/// Plays to the end, or to what broke: then with everything that happened until then.
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

/// A line of the log without what differs from case to case.
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
