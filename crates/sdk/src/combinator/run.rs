//! How `try_join_all`, `join_all`, `select_ok` and `race` run, and what they record.
//!
//! A combinator is a context operation around nothing: its inputs are operations of the context that it was called on,
//! and it records which outcome they led to. A replay takes the outcome from the record and does not poll the inputs.
//!
//! What is recorded is what AWS's Rust crate records (`src/combinator.rs` of `aws-durable-execution-sdk` 0.1.0): the
//! sub type `RunInChildContext`; the winner's result as it is; the results in order; for `join_all` a list with a
//! `status` each; and for failures an error type of its own per reason. It differs in that the failed inputs' errors
//! are always in the record's error data, not only for `select_ok`, so that a replay knows as much as the first run.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use lambda_api::{ErrorObject, OperationAction, OperationType};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::combinator::error::{RecordedFailure, RecordedSettled, combinator_type};
use crate::combinator::future::{DurableFuture, DurableOperation};
use crate::context::DurableContext;
use crate::context_operation::{Recorded, begin, succeed};
use crate::error::{CombinatorError, Failure, FailureKind, OperationError};
use crate::operation_id::OperationSpec;
use crate::payload;
use crate::unfinished::Unfinished;

/// What became of one input of a [`join_all`](DurableContext::join_all).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settled<T> {
    /// It returned this.
    Fulfilled(T),
    /// It failed with this.
    Rejected(OperationError),
}

impl<T> Settled<T> {
    /// The outcome as a `Result`.
    ///
    /// # Errors
    ///
    /// The error that the input failed with.
    pub fn into_result(self) -> Result<T, OperationError> {
        match self {
            Self::Fulfilled(value) => Ok(value),
            Self::Rejected(error) => Err(error),
        }
    }

    /// Whether the input succeeded.
    #[must_use]
    pub fn is_fulfilled(&self) -> bool {
        matches!(self, Self::Fulfilled(_))
    }
}

/// When a combinator is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    TryJoinAll,
    JoinAll,
    SelectOk,
    Race,
}

impl Rule {
    /// Whether this end of an input decides, whatever the others do.
    fn is_decided_by<T>(self, end: &Result<T, OperationError>) -> bool {
        match self {
            Self::TryJoinAll => end.is_err(),
            Self::JoinAll => false,
            Self::SelectOk => end.is_ok(),
            Self::Race => true,
        }
    }

    /// Whether there is one input whose result is the combinator's.
    fn has_winner(self) -> bool {
        matches!(self, Self::SelectOk | Self::Race)
    }
}

/// What is recorded instead of a result that is too large: a replay takes it from the input's own record.
#[derive(Serialize, Deserialize)]
struct Winner {
    winner: usize,
}

struct Combinator<'a, T> {
    context: DurableContext,
    spec: OperationSpec,
    rule: Rule,
    inputs: Vec<DurableFuture<'a, T>>,
}

impl<'a, T: Serialize + DeserializeOwned + Send + 'a> Combinator<'a, T> {
    fn new<O: DurableOperation<'a, Output = T>>(
        context: &DurableContext,
        rule: Rule,
        inputs: impl IntoIterator<Item = O>,
    ) -> Self {
        let inputs = inputs.into_iter().map(DurableOperation::future).collect();
        Self {
            context: context.clone(),
            // After the inputs were called, because they are arguments.
            spec: context.claim(OperationType::Context, "RunInChildContext"),
            rule,
            inputs,
        }
    }

    /// The combinator's result as the text that is or would be recorded.
    async fn run(self) -> Result<String, Failure> {
        let Self {
            context,
            spec,
            rule,
            inputs,
        } = self;
        let execution = context.execution();
        context.check(&spec)?;
        let recorded = begin(&context, &spec).await;
        let mut inputs = Inputs::new(inputs);
        let ended = match recorded {
            Ok(Recorded::Open(_)) => None,
            Ok(Recorded::Result(text)) => Some(Ok(text.unwrap_or_default())),
            Ok(Recorded::StandIn(_, winner)) => Some(inputs.rebuild(rule, winner.as_deref()).await),
            Err(failure) => Some(Err(failure)),
        };
        if let Some(ended) = ended {
            execution.discard(inputs);
            return ended;
        }

        let outcome = if inputs.futures.is_empty() && rule.has_winner() {
            Err(ErrorObject {
                error_type: Some(combinator_type::EMPTY_INPUT.to_owned()),
                error_message: Some("there is nothing to choose from".to_owned()),
                ..ErrorObject::default()
            })
        } else {
            poll_fn(|task| inputs.poll(task, rule)).await;
            inputs.outcome(rule)
        };
        let winner = inputs
            .ends
            .iter()
            .position(|end| matches!(end, Some(Ok(_))));
        // What is still running stops here. Its place is taken, so nothing that follows depends on it.
        execution.discard(inputs);
        match outcome {
            Ok(text) => {
                let succeed = succeed(&spec, Some(&text), || match winner {
                    Some(winner) if rule.has_winner() => payload::encode(&Winner { winner }),
                    _ => Ok(String::new()),
                })?;
                execution.record(succeed).await;
                Ok(text)
            }
            Err(error) => {
                let failure = Failure::from_wire(Some(&error), FailureKind::Failed);
                let mut fail = spec.update(OperationAction::Fail);
                fail.error = Some(error);
                execution.record(fail).await;
                Err(failure)
            }
        }
    }
}

/// The inputs of a combinator under way.
struct Inputs<'a, T> {
    futures: Vec<DurableFuture<'a, T>>,
    /// One entry per input; `None` while it runs.
    ends: Vec<Option<Result<T, OperationError>>>,
}

impl<'a, T: Serialize> Inputs<'a, T> {
    fn new(futures: Vec<DurableFuture<'a, T>>) -> Self {
        let ends = futures.iter().map(|_| None).collect();
        Self { futures, ends }
    }

    /// Polls the inputs in order, until the combinator is decided. Of several that have ended the first counts.
    fn poll(&mut self, task: &mut Context<'_>, rule: Rule) -> Poll<()> {
        let mut is_waiting = false;
        for (future, end) in self.futures.iter_mut().zip(&mut self.ends) {
            if end.is_some() {
                continue;
            }
            let Poll::Ready(ended) = Pin::new(future).poll(task) else {
                is_waiting = true;
                continue;
            };
            if rule.is_decided_by(end.insert(ended)) {
                return Poll::Ready(());
            }
        }
        if is_waiting {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    /// What the inputs' ends come to, as it is recorded.
    fn outcome(&self, rule: Rule) -> Result<String, ErrorObject> {
        let failures = || {
            let ends = self.ends.iter().enumerate();
            ends.filter_map(|(index, end)| Some((index, end.as_ref()?.as_ref().err()?)))
        };
        let values = || {
            let ends = self.ends.iter();
            ends.filter_map(|end| end.as_ref()?.as_ref().ok())
        };
        let text = match rule {
            Rule::TryJoinAll => match failures().next() {
                Some((index, error)) => {
                    let error_type = format!("{}{index}", combinator_type::JOIN_FAILED);
                    return Err(one_failed(&error_type, error));
                }
                None => payload::encode(&values().collect::<Vec<_>>()),
            },
            Rule::JoinAll => {
                let ends = self.ends.iter().flatten();
                let settled = ends.map(|end| match end {
                    Ok(value) => RecordedSettled::fulfilled(value),
                    Err(error) => Ok(RecordedSettled::rejected(RecordedFailure::of(error))),
                });
                let settled: Result<Vec<_>, _> = settled.collect();
                settled.and_then(|settled| payload::encode(&settled))
            }
            Rule::SelectOk => match values().next() {
                Some(value) => payload::encode(value),
                None => {
                    return Err(all_failed(
                        &failures().map(|(_, error)| error).collect::<Vec<_>>(),
                    ));
                }
            },
            Rule::Race => match (values().next(), failures().next()) {
                (_, Some((_, error))) => {
                    return Err(one_failed(combinator_type::FIRST_SETTLED_FAILED, error));
                }
                (Some(value), None) => payload::encode(value),
                (None, None) => {
                    // A race is decided by an end.
                    Err(Failure::serialization("a race without an end"))
                }
            },
        };
        text.map_err(|failure| failure.to_wire())
    }

    /// The result that was too large to record, from the records of the inputs.
    async fn rebuild(&mut self, rule: Rule, winner: Option<&str>) -> Result<String, Failure> {
        if rule.has_winner() {
            let Winner { winner } = payload::decode(winner)?;
            let (Some(future), Some(end)) =
                (self.futures.get_mut(winner), self.ends.get_mut(winner))
            else {
                return Err(Failure::failed(
                    combinator_type::INTERNAL,
                    format!("input {winner} is recorded as the first, but there are fewer"),
                ));
            };
            *end = Some(future.await);
        } else {
            poll_fn(|task| self.poll(task, rule)).await;
        }
        let outcome = self.outcome(rule);
        outcome.map_err(|error| Failure::from_wire(Some(&error), FailureKind::Failed))
    }
}

/// The failure of a combinator that one input decided.
fn one_failed(error_type: &str, error: &OperationError) -> ErrorObject {
    ErrorObject {
        error_type: Some(error_type.to_owned()),
        error_message: Some(error.message().to_owned()),
        error_data: RecordedFailure::list(&[error]),
        stack_trace: None,
    }
}

/// The failure of a `select_ok` of which no input succeeded.
fn all_failed(errors: &[&OperationError]) -> ErrorObject {
    let messages = errors.iter().enumerate();
    let messages: Vec<_> = messages
        .map(|(index, error)| format!("[{index}] {}", error.message()))
        .collect();
    ErrorObject {
        error_type: Some(combinator_type::ALL_FAILED.to_owned()),
        error_message: Some(format!(
            "all {} operations failed: {}",
            errors.len(),
            messages.join("; ")
        )),
        error_data: RecordedFailure::list(errors),
        stack_trace: None,
    }
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    payload::decode(Some(text))
}

fn decode_settled<T: DeserializeOwned>(text: &str) -> Result<Vec<Settled<T>>, Failure> {
    let settled: Vec<RecordedSettled> = decode(text)?;
    let settled = settled
        .into_iter()
        .map(|settled| match settled.into_outcome() {
            Ok(value) => decode(&value).map(Settled::Fulfilled),
            Err(error) => Ok(Settled::Rejected(error)),
        });
    settled.collect()
}

/// The four operations.
macro_rules! combinators {
    ($($(#[$meta:meta])* $name:ident => $output:ty, $decode:ident;)+) => {
        $(
            $(#[$meta])*
            #[must_use = "a combinator does nothing until it is awaited"]
            pub struct $name<'a, T> {
                combinator: Combinator<'a, T>,
            }

            impl<'a, T: Serialize + DeserializeOwned + Send + 'a> $name<'a, T> {
                pub(crate) fn new<O: DurableOperation<'a, Output = T>>(
                    context: &DurableContext,
                    inputs: impl IntoIterator<Item = O>,
                ) -> Self {
                    Self { combinator: Combinator::new(context, Rule::$name, inputs) }
                }

                /// Names the operation: 1 to 256 printable ASCII characters.
                pub fn name(mut self, name: impl Into<String>) -> Self {
                    self.combinator.spec.name = Some(name.into());
                    self
                }
            }

            impl<'a, T: Serialize + DeserializeOwned + Send + 'a> IntoFuture for $name<'a, T> {
                type Output = Result<$output, CombinatorError>;
                type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

                fn into_future(self) -> Self::IntoFuture {
                    let Self { combinator } = self;
                    Box::pin(async move {
                        let name = combinator.spec.name.clone();
                        let unfinished = Unfinished::new(&combinator.context, &combinator.spec);
                        let ran = combinator.run().await;
                        unfinished.finish();
                        // The caller gets what a replay would get.
                        ran.and_then(|text| $decode(&text))
                            .map_err(|failure| CombinatorError::new(name.as_deref(), failure))
                    })
                }
            }

            impl<T> fmt::Debug for $name<'_, T> {
                fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    formatter
                        .debug_struct(stringify!($name))
                        .field("spec", &self.combinator.spec)
                        .field("inputs", &self.combinator.inputs.len())
                        .finish()
                }
            }
        )+
    };
}

combinators! {
    /// Operations of which all must succeed; see [`DurableContext::try_join_all`].
    TryJoinAll => Vec<T>, decode;
    /// Operations that are all awaited, whatever becomes of them; see [`DurableContext::join_all`].
    JoinAll => Vec<Settled<T>>, decode_settled;
    /// Operations of which the first success counts; see [`DurableContext::select_ok`].
    SelectOk => T, decode;
    /// Operations of which the first that ends counts; see [`DurableContext::race`].
    Race => T, decode;
}
