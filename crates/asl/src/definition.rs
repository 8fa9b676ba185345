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
    /// What its author says about it.
    pub comment: Option<String>,
    /// Longest time of an execution, in seconds.
    pub timeout_seconds: Option<u64>,
    /// Where executions begin, and where they go.
    pub states: States,
}

/// States that are run one after the other: a state machine, a branch, or what is done with an item.
#[derive(Clone, Debug, PartialEq)]
pub struct States {
    /// The first state's name. There is such a state.
    pub start_at: String,
    /// The states by name. Every name that one of them goes to is there.
    pub states: BTreeMap<String, State>,
}

/// One state.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Its name, of 1 to 80 characters.
    pub name: String,
    /// What its author says about it.
    pub comment: Option<String>,
    /// The language of its expressions.
    pub language: Language,
    /// What it does.
    pub kind: StateKind,
    /// How data gets into it and out of it.
    pub flow: Flow,
    /// Where it goes. States that choose, and those that end the execution, say so elsewhere.
    pub next: Transition,
    /// What is tried again.
    pub retry: Vec<Retrier>,
    /// Where errors go.
    pub catch: Vec<Catcher>,
}

/// Where a state goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// To a state.
    Next(String),
    /// Nowhere: these states have come to their end.
    End,
}

/// What a state does.
#[derive(Clone, Debug, PartialEq)]
pub enum StateKind {
    /// Has work done.
    Task(Task),
    /// Hands on its input, or a fixed result.
    Pass {
        /// The result, if there is one.
        result: Option<Value>,
    },
    /// Goes one way or the other.
    Choice {
        /// What is asked, in order.
        rules: Vec<Rule>,
        /// Where to go if nothing matches.
        default: Option<String>,
    },
    /// Waits.
    Wait(Wait),
    /// Does several things at a time.
    Parallel {
        /// What they are.
        branches: Vec<States>,
    },
    /// Does the same with every item of a list.
    Map(Box<Map>),
    /// Ends these states well.
    Succeed,
    /// Ends these states with an error.
    Fail {
        /// The error's name.
        error: Option<Template>,
        /// What happened.
        cause: Option<Template>,
    },
}

/// Work that a state has done.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The ARN of what does it.
    pub resource: String,
    /// How long it may take, in seconds.
    pub timeout_seconds: Option<Template>,
    /// How long it may say nothing, in seconds.
    pub heartbeat_seconds: Option<Template>,
}

/// Until when a state waits.
#[derive(Clone, Debug, PartialEq)]
pub enum Wait {
    /// So many seconds.
    Seconds(Template),
    /// Until an instant of RFC 3339.
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

/// Something that is wrong with a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem it is.
    pub code: ProblemCode,
    /// What is wrong, and what would be right.
    pub message: String,
    /// The JSON pointer of the place, such as `/States/Charge/Next`.
    pub location: String,
    /// Where it stands in the text, if the definition was one.
    pub position: Option<Position>,
}

/// What kind of problem a problem is. Source: `ValidateStateMachineDefinition`, codes of diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemCode {
    /// The text is not JSON.
    InvalidJson,
    /// A field is missing, unknown, or has a value that it may not have.
    Schema,
    /// A state goes to one that is not there.
    MissingTransitionTarget,
    /// No way leads to a state.
    UnreachableState,
    /// No way leads to an end.
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
