//! Context operations: child contexts, maps, parallels and combinators, whose result comes from other operations.
//!
//! The result is recorded as a text. A result that is too large is not: a replay gets it from the same operations
//! again, and a stand-in, recorded in its place, only helps to find them.

use std::sync::Arc;

use lambda_api::{ContextOptions, OperationAction, OperationStatus, OperationUpdate};

use crate::context::DurableContext;
use crate::error::{Failure, FailureKind};
use crate::operation::Operation;
use crate::operation_id::OperationSpec;

/// Largest result of a context that is stored, in bytes; beyond it the result is rebuilt from the context's children.
/// Source: official SDKs.
pub(crate) const STORED_RESULT_BYTES_MAX: usize = 256 * 1024;

/// The record of a context operation that is called, unless it is a failure.
pub(crate) enum Recorded {
    /// No end: the operation runs, for the first time or again.
    Open(Option<Arc<Operation>>),
    /// The result, as it was given to [`succeed`].
    Result(Option<String>),
    /// The stand-in for a result that was too large; the operation gets the result by running again.
    StandIn(Arc<Operation>, Option<String>),
}

/// Looks up the operation `spec` of `context`, and records its start if it is new.
///
/// # Errors
///
/// The failure that is recorded as the operation's end.
pub(crate) async fn begin(
    context: &DurableContext,
    spec: &OperationSpec,
) -> Result<Recorded, Failure> {
    let Some(recorded) = context.look_up(spec).await else {
        let start = spec.update(OperationAction::Start);
        context.execution().enqueue(start);
        return Ok(Recorded::Open(None));
    };
    let details = recorded.context_details.as_ref();
    match recorded.status {
        OperationStatus::Succeeded => {
            let result = details.and_then(|details| details.result.clone());
            let is_stand_in = details.and_then(|details| details.replay_children) == Some(true);
            Ok(if is_stand_in {
                Recorded::StandIn(recorded, result)
            } else {
                Recorded::Result(result)
            })
        }
        OperationStatus::Failed
        | OperationStatus::Cancelled
        | OperationStatus::TimedOut
        | OperationStatus::Stopped => {
            let error = details.and_then(|details| details.error.as_ref());
            Err(Failure::from_wire(error, FailureKind::Failed))
        }
        OperationStatus::Started
        | OperationStatus::Pending
        | OperationStatus::Ready
        | OperationStatus::Unknown(_) => Ok(Recorded::Open(Some(recorded))),
    }
}

/// The update that records `result`, or, if that is too large, the text that `stand_in` returns.
///
/// # Errors
///
/// Those of `stand_in`.
pub(crate) fn succeed(
    spec: &OperationSpec,
    result: Option<&str>,
    stand_in: impl FnOnce() -> Result<String, Failure>,
) -> Result<OperationUpdate, Failure> {
    let mut succeed = spec.update(OperationAction::Succeed);
    if result.is_some_and(|result| result.len() > STORED_RESULT_BYTES_MAX) {
        succeed.payload = Some(stand_in()?);
        succeed.context_options = Some(ContextOptions {
            replay_children: Some(true),
        });
    } else {
        succeed.payload = result.map(str::to_owned);
    }
    Ok(succeed)
}
