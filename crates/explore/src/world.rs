//! An execution and its small environment: the running process, its data, the clock, and what other parties remember.

use std::panic::{AssertUnwindSafe, catch_unwind};

use engine::{
    Answer, Chance, Context, Effect, Execution, Input, Rejection, Transition, apply,
    checkpoint_token, start,
};
use model::{
    CheckpointToken, ExecutionArn, ExecutionId, ExecutionName, ExecutionSpec, FunctionArn,
    FunctionName, Invocation, Limits, Owner, RequestId, Timestamp, Trigger, Version,
};

use crate::history::History;
use crate::pair::Pair;
use crate::update::EXECUTION_TIMEOUT_SECONDS;

/// A small world.
#[derive(Debug, Clone)]
pub struct World {
    /// Its two operations.
    pub pair: Pair,
    /// The execution, as committed.
    pub execution: Execution,
    /// Its event history, folded.
    pub history: History,
    /// The clock's time.
    pub now: Timestamp,
    /// The invocation in flight, according to the effects.
    pub process: Option<Process>,
    /// The token that the function holds and may use.
    pub token: Option<Token>,
    /// The first token that was ever given, once it is old.
    pub first_token: Option<Token>,
    /// The last token that became old.
    pub last_token: Option<Token>,
    /// The checkpoint whose answer the function may request again.
    pub repeatable: Option<Repeatable>,
    /// The last finished invocation.
    pub over: Option<RequestId>,
    /// Whether the record is removed: no further moves.
    pub removed: bool,
}

/// An invocation in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its request id.
    pub request_id: RequestId,
    /// When it was requested.
    pub started_at: Timestamp,
    /// Whether it has recorded anything.
    pub has_checkpointed: bool,
}

/// A checkpoint token, with the values that it was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in `model::ExecutionState`")]
pub struct Token {
    pub text: CheckpointToken,
    pub invocation_count: u64,
    pub sequence: u64,
    pub nonce: u64,
}

/// A checkpoint with a client token that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeatable {
    /// The request.
    pub input: Input,
    /// Its answer.
    pub answer: Answer,
}

/// The engine's answer.
pub type Asked = Result<Transition, Rejection>;

/// Low limits, so that a short path reaches the end.
const LIMITS: Limits = Limits {
    failed_invocations_max: 2,
    invalid_pendings_max: 2,
    ..Limits::AWS
};

/// The start time of every world.
const EPOCH: Timestamp = Timestamp::from_millis(1_700_000_000_000);

impl World {
    /// The world of an execution that has just started: its first invocation is in flight.
    pub fn start(pair: Pair) -> Self {
        let transition = start(spec(), context(EPOCH, 0, &LIMITS));
        let execution = Execution::create(&transition);
        let mut world = Self {
            pair,
            execution,
            history: History::default(),
            now: EPOCH,
            process: None,
            token: None,
            first_token: None,
            last_token: None,
            repeatable: None,
            over: None,
            removed: false,
        };
        transition
            .events
            .iter()
            .for_each(|event| world.history.take(event));
        world.act(&transition.effects);
        world
    }

    /// Applies an input to the engine.
    ///
    /// # Errors
    /// The text of the panic, when the engine panicked: one of its own assertions failed.
    pub fn ask(&self, now: Timestamp, input: &Input) -> Result<Asked, String> {
        let context = context(now, self.execution.state.version, &LIMITS);
        let attempt = || apply(&self.execution, input.clone(), context);
        catch_unwind(AssertUnwindSafe(attempt)).map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            text.unwrap_or_else(|| "without a word".to_owned())
        })
    }

    /// The world after a transition: committed, its effects performed, its answer received.
    pub fn taking(&self, now: Timestamp, input: &Input, transition: &Transition) -> Self {
        let mut world = self.clone();
        world.now = now;
        if transition.is_empty() {
            return world;
        }
        world.execution.absorb(transition);
        for event in &transition.events {
            world.history.take(event);
        }
        world.removed = transition.removes;
        match input {
            Input::Checkpoint { client_token, .. } => {
                world.let_token_go();
                if let Answer::Checkpoint { token: Some(_), .. } = &transition.answer {
                    world.token = Token::of(&world.execution);
                    world.repeatable = client_token.as_ref().map(|_| Repeatable {
                        input: input.clone(),
                        answer: transition.answer.clone(),
                    });
                }
                if let Some(process) = &mut world.process {
                    process.has_checkpointed = true;
                }
            }
            Input::InvocationEnded { request_id, .. } => {
                world.let_token_go();
                world.process = None;
                world.over = Some(request_id.clone());
            }
            _ => {}
        }
        if world.execution.state.outcome.is_some() {
            world.let_token_go();
        }
        world.act(&transition.effects);
        world
    }

    fn let_token_go(&mut self) {
        self.repeatable = None;
        if let Some(token) = self.token.take() {
            self.first_token.get_or_insert_with(|| token.clone());
            self.last_token = Some(token);
        }
    }

    /// Performs the effects.
    fn act(&mut self, effects: &[Effect]) {
        let state = &self.execution.state;
        if effects.contains(&Effect::Invoke)
            && let Invocation::Active {
                request_id,
                scheduled_at,
                ..
            } = &state.invocation
        {
            self.process = Some(Process {
                request_id: request_id.clone(),
                started_at: *scheduled_at,
                has_checkpointed: false,
            });
            self.token = Token::of(&self.execution);
        }
    }
}

impl Token {
    /// The token that the running invocation must present next, if there is one.
    pub fn of(execution: &Execution) -> Option<Self> {
        let state = &execution.state;
        let text = checkpoint_token(&execution.spec, state)?;
        match state.invocation {
            Invocation::Active { nonce, .. } => Some(Self {
                text,
                invocation_count: state.invocation_count,
                sequence: state.token_sequence,
                nonce,
            }),
            Invocation::Idle | Invocation::BackingOff { .. } => None,
        }
    }
}

/// Random values are derived from the version: they differ along one path through the worlds, and are the same each
/// time that path is taken.
fn context(now: Timestamp, version: u64, limits: &Limits) -> Context<'_> {
    Context {
        now,
        chance: Chance::new(version, 0),
        limits,
        owner: Owner(1),
    }
}

fn spec() -> ExecutionSpec {
    ExecutionSpec {
        arn: ExecutionArn {
            function: FunctionArn {
                partition: "aws".into(),
                region: "us-east-1".into(),
                account_id: "000000000000".into(),
                name: FunctionName::parse("Loan").expect("a valid name"),
            },
            version: Version::Published(1),
            name: ExecutionName::parse("small").expect("a valid name"),
            id: ExecutionId::parse("small").expect("a valid id"),
        },
        started_at: EPOCH,
        input: None,
        execution_timeout_seconds: EXECUTION_TIMEOUT_SECONDS,
        retention_days: 1,
        result_bytes_max: 1000,
        trace_header: None,
        tenant_id: None,
        trigger: Trigger::Invoke,
    }
}
