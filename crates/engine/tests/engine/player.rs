//! Plays a script: turns each action into an input for the world as it is then.

use std::collections::BTreeMap;

use engine::{ChainedOutcome, Input, InvocationOutcome, Output};
use model::{
    CallbackId, CheckpointToken, ClientToken, DeadlineReason, Limits, OperationId, OperationStatus,
    OperationType, OperationUpdate, Timestamp, UpdateAction,
};
use proptest::prelude::*;

use crate::properties::{Action, Change, Ending, IDS, Play, Says, Token};
use crate::reference;
use crate::update::{
    self, callback, context, error, execution, id, invoke, invoke_durable, invoke_missing, step,
    wait,
};
use crate::world::{Log, World, spec};

/// Turns drawn actions into inputs for one world.
pub struct Player {
    pub world: World,
    last: Option<Input>,
    /// When the last input was given, if it wrote something.
    wrote_at: Option<Timestamp>,
}

impl Player {
    pub fn new(play: &Play, log: Log) -> Self {
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

    pub fn act(&mut self, action: &Action) {
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

    /// An input that arrives twice counts once, however much later it arrives again.
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

    /// Whether PENDING would be refused. A few refusals are enough to end an execution, so only some are tried.
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

    /// Updates that mostly make sense together; senseless ones are left out, unless it is wild.
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
        // A group that begins and ends in one request, around its content.
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

/// The actions that make sense for an operation in this status.
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

/// Gives an update the fields that its action takes.
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
