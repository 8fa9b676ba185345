//! How `try_join_all`, `join_all`, `select_ok` and `race` run, and their records.
//!
//! A combinator is a context operation around nothing: its inputs are operations of the context that it was called on,
//! and it records which outcome they led to. A replay takes the outcome from the record and does not poll the inputs.
//!
//! The record is the same as that of AWS's Rust crate (`src/combinator.rs` of `aws-durable-execution-sdk` 0.1.0): the
//! sub type `RunInChildContext`; the winner's result unchanged; the results in order; for `join_all` a list of entries
//! with a `status`; and for failures a distinct error type per reason. It differs in that the failed inputs' errors are
//! always in the record's error data, not only for `select_ok`, so that a replay knows as much as the first run.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use lambda_api::{ErrorObject, OperationAction, OperationType};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::combinator::error::{RecordedFailure, RecordedSettled, combinator_type};
use crate::combinator::future::{DurableFuture, DurableOperation};
use crate::context::DurableContext;
use crate::context_operation::{Recorded, begin, succeed};
use crate::error::{Failure, FailureKind, OperationError};
use crate::operation_id::OperationSpec;
use crate::payload;

/// The rule by which a combinator is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    TryJoinAll,
    JoinAll,
    SelectOk,
    Race,
}

impl Rule {
    /// Whether this end of an input decides, regardless of the others.
    fn is_decided_by<T>(self, end: &Result<T, OperationError>) -> bool {
        match self {
            Self::TryJoinAll => end.is_err(),
            Self::JoinAll => false,
            Self::SelectOk => end.is_ok(),
            Self::Race => true,
        }
    }

    /// Whether the combinator returns the result of one input.
    fn has_winner(self) -> bool {
        matches!(self, Self::SelectOk | Self::Race)
    }
}

/// Recorded instead of a result that is too large: a replay takes the result from the input's own record.
#[derive(Serialize, Deserialize)]
struct Winner {
    winner: usize,
}

/// A combinator of any kind that was called and not awaited yet.
pub(super) struct Combinator<'a, T> {
    pub(super) context: DurableContext,
    pub(super) spec: OperationSpec,
    rule: Rule,
    pub(super) inputs: Vec<DurableFuture<'a, T>>,
}

impl<'a, T: Serialize + DeserializeOwned + Send + 'a> Combinator<'a, T> {
    pub(super) fn new<O: DurableOperation<'a, Output = T>>(
        context: &DurableContext,
        rule: Rule,
        inputs: impl IntoIterator<Item = O>,
    ) -> Self {
        let inputs = inputs.into_iter().map(DurableOperation::future).collect();
        Self {
            context: context.clone(),
            // Claimed after the inputs, because those are arguments and called first.
            spec: context.claim(OperationType::Context, "RunInChildContext"),
            rule,
            inputs,
        }
    }

    /// The combinator's result as the text that is or would be recorded.
    pub(super) async fn run(self) -> Result<String, Failure> {
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
        // Inputs that are still running stop here. Their places stay claimed, so later operations do not depend on
        // them.
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

    /// Polls the inputs in order, until the combinator is decided. If several have ended, the first one counts.
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

    /// The combinator's outcome from the ends of its inputs, as it is recorded.
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
                    // Unreachable: a race is decided only once an input has ended.
                    Err(Failure::serialization("a race without an end"))
                }
            },
        };
        text.map_err(|failure| failure.to_wire())
    }

    /// Rebuilds a result that was too large to record from the records of the inputs.
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

/// The failure of a `select_ok` without any input that succeeded.
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
