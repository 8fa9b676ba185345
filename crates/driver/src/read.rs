//! Reading the state of an execution on behalf of its running invocation.

use std::sync::Arc;

use engine::checkpoint_token;
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
    /// [`ProcessError::Rejected`] unless the token is the one that the running invocation must
    /// present next.
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
            return Err(engine::Rejection::invalid_token().into());
        }
        let mut rest = execution.replayed_operations().peekable();
        if let Some(after) = after {
            while rest.next().is_some_and(|operation| operation.id != *after) {}
        }
        let operations: Vec<_> = rest.by_ref().take(limit).cloned().collect();
        Ok(StatePage {
            operations,
            more: rest.peek().is_some(),
        })
    }
}
