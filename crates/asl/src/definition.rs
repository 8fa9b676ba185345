//! A state machine as plain data.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::choice::Rule;
use crate::flow::Flow;
use crate::language::Language;
use crate::map::Map;
use crate::position::Position;
use crate::retry::{Catcher, Retrier};
use crate::template::Template;

/// A state machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// The author's comment.
    pub comment: Option<String>,
    /// Longest time of an execution, in seconds.
    pub timeout_seconds: Option<u64>,
    /// The first state, and the transitions.
    pub states: States,
}

/// States that run one after the other: a state machine, a branch, or the processor of a Map state's items.
#[derive(Clone, Debug, PartialEq)]
pub struct States {
    /// The first state's name. There is such a state.
    pub start_at: String,
    /// The states by name. It contains every name that one of them goes to.
    pub states: BTreeMap<String, State>,
}

/// One state.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Its name, of 1 to 80 characters.
    pub name: String,
    /// The author's comment.
    pub comment: Option<String>,
    /// The language of its expressions.
    pub language: Language,
    /// Its type, with the fields of that type.
    pub kind: StateKind,
    /// Its input and output processing.
    pub flow: Flow,
    /// The next state. Choice states have theirs in their rules, and Succeed and Fail states end by their type.
    pub next: Transition,
    /// The errors that it retries.
    pub retry: Vec<Retrier>,
    /// The errors that lead to another state.
    pub catch: Vec<Catcher>,
}

/// The state after a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Another state.
    Next(String),
    /// None: the execution of these states ends.
    End,
}

/// The type of a state, with its fields.
#[derive(Clone, Debug, PartialEq)]
pub enum StateKind {
    /// Calls a resource.
    Task(Task),
    /// Outputs its input, or a fixed result.
    Pass {
        /// The result, if there is one.
        result: Option<Value>,
    },
    /// Selects the next state.
    Choice {
        /// The conditions, in order.
        rules: Vec<Rule>,
        /// The next state if no rule matches.
        default: Option<String>,
    },
    /// Waits.
    Wait(Wait),
    /// Runs several branches at a time.
    Parallel {
        /// The branches.
        branches: Vec<States>,
    },
    /// Runs the same states for every item of a list.
    Map(Box<Map>),
    /// Ends these states successfully.
    Succeed,
    /// Ends these states with an error.
    Fail {
        /// The error's name.
        error: Option<Template>,
        /// The cause, for people.
        cause: Option<Template>,
    },
}

/// A call of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The ARN of the resource.
    pub resource: String,
    /// The longest time until it ends, in seconds.
    pub timeout_seconds: Option<Template>,
    /// The longest time between heartbeats, in seconds.
    pub heartbeat_seconds: Option<Template>,
}

/// When a wait ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Wait {
    /// After this many seconds.
    Seconds(Template),
    /// At an instant of RFC 3339.
    Timestamp(Template),
}

impl State {
    /// The state's type, as definitions spell it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match &self.kind {
            StateKind::Task(_) => "Task",
            StateKind::Pass { .. } => "Pass",
            StateKind::Choice { .. } => "Choice",
            StateKind::Wait(_) => "Wait",
            StateKind::Parallel { .. } => "Parallel",
            StateKind::Map(_) => "Map",
            StateKind::Succeed => "Succeed",
            StateKind::Fail { .. } => "Fail",
        }
    }
}

/// An error or a warning about a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub code: ProblemCode,
    /// The problem, and a correct form.
    pub message: String,
    /// The JSON pointer of the place, such as `/States/Charge/Next`.
    pub location: String,
    /// Its place in the text, if the definition was given as text.
    pub position: Option<Position>,
}

/// The kinds of problems. Source: `ValidateStateMachineDefinition`, codes of diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemCode {
    /// The text is not JSON.
    InvalidJson,
    /// A field is missing, unknown, or has an invalid value.
    Schema,
    /// A state's next state does not exist.
    MissingTransitionTarget,
    /// No transition leads to a state.
    UnreachableState,
    /// No path leads to a terminal state.
    NoTerminalState,
    /// Two states have the same name.
    DuplicateStateName,
    /// A path or an intrinsic function cannot be read.
    InvalidPath,
    /// A JSONata expression cannot be read.
    InvalidJsonata,
    /// A warning: a value of a payload template looks like a path, and its name does not end with `.$`.
    NoDollar,
    /// A warning: a value looks like a path, and the field's name does not end with `Path`.
    NoPath,
    /// A warning: the result of a Pass state looks like a path.
    PassResultIsStatic,
}

impl ProblemCode {
    /// The code as AWS writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJson => "INVALID_JSON_DESCRIPTION",
            Self::Schema => "SCHEMA_VALIDATION_FAILED",
            Self::MissingTransitionTarget => "MISSING_TRANSITION_TARGET",
            Self::UnreachableState => "UNREACHABLE_STATE",
            Self::NoTerminalState => "MISSING_END_STATE",
            Self::DuplicateStateName => "DUPLICATE_STATE_NAME",
            Self::InvalidPath => "INVALID_JSONPATH",
            Self::InvalidJsonata => "INVALID_JSONATA",
            Self::NoDollar => "NO_DOLLAR",
            Self::NoPath => "NO_PATH",
            Self::PassResultIsStatic => "PASS_RESULT_IS_STATIC",
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(position) = self.position {
            write!(formatter, "{position}: ")?;
        }
        write!(formatter, "{}", self.message)?;
        if !self.location.is_empty() {
            write!(formatter, " (at {})", self.location)?;
        }
        Ok(())
    }
}
