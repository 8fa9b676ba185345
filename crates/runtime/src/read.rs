//! Reading the state of an execution on behalf of its running invocation.

use std::sync::Arc;

use engine::{Rejection, checkpoint_token};
use model::{CheckpointToken, ExecutionId, Operation, OperationId};

use crate::{Driver, ProcessError};

/// A page of the operations that a replay needs.
#[derive(Debug, Clone)]
pub struct StatePage {
    /// In start order.
    pub operations: Vec<Arc<Operation>>,
    /// Whether more follow after the last of them.
    pub more: bool,
}

impl Driver {
    /// The operations that a replay needs, after this one.
    ///
    /// # Errors
    /// [`ProcessError::Rejected`] unless the token is the one that the running invocation must present next, and when
    /// the execution has no operation to go on after.
    pub async fn state_page(
        &self,
        id: &ExecutionId,
        token: &CheckpointToken,
        after: Option<&OperationId>,
        limit: usize,
    ) -> Result<StatePage, ProcessError> {
        let lease = self.inner.residents.lease(id);
        let mut resident = lease.slot.execution.lock().await;
        let execution = self.inner.resident(&mut resident, id).await?;
        if checkpoint_token(&execution.spec, &execution.state).as_ref() != Some(token) {
            return Err(Rejection::invalid_token().into());
        }
        match after {
            None => Ok(page(execution.replayed_operations(), limit)),
            Some(after) => match execution.replayed_after(after) {
                Some(rest) => Ok(page(rest, limit)),
                None => Err(Rejection::InvalidParameterValue("Invalid Marker".to_owned()).into()),
            },
        }
    }
}

fn page<'a>(rest: impl Iterator<Item = &'a Arc<Operation>>, limit: usize) -> StatePage {
    let mut rest = rest.peekable();
    let operations = rest.by_ref().take(limit).cloned().collect();
    StatePage {
        operations,
        more: rest.peek().is_some(),
    }
}
