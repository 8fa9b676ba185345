//! One call to the service, and its answer.

use std::sync::Arc;

use lambda_api::{CheckpointDurableExecutionRequest, EpochMillis};

use crate::checkpointer::Batch;
use crate::operation::Operation;
use crate::service::{DurableServiceClient, ServiceError};
#[cfg(feature = "embedded")]
use crate::transacting::Transacting;

pub(crate) type CallResult = Result<Accepted, ServiceError>;

/// The answer to an accepted checkpoint.
pub(crate) struct Accepted {
    pub(crate) checkpoint_token: Option<String>,
    pub(crate) batch: Batch,
    pub(crate) operations: Vec<Operation>,
}

/// One checkpoint call, and the pages of its answer.
pub(crate) async fn checkpoint(
    client: Arc<dyn DurableServiceClient>,
    arn: String,
    checkpoint_token: String,
    batch: Batch,
) -> CallResult {
    let request = CheckpointDurableExecutionRequest {
        checkpoint_token,
        updates: batch.updates.clone(),
        // One per call, not per attempt: by it the service recognises a repeated request.
        client_token: Some(uuid::Uuid::new_v4().to_string()),
    };
    let response = client.checkpoint(&arn, request).await?;
    let checkpoint_token = response.checkpoint_token.filter(|token| !token.is_empty());
    let mut operations = response.new_execution_state.operations;
    if let Some(token) = &checkpoint_token {
        let marker = response.new_execution_state.next_marker;
        operations.extend(remaining_state(client.as_ref(), &arn, token, marker).await?);
    }
    Ok(Accepted {
        checkpoint_token,
        batch,
        operations: operations
            .into_iter()
            .map(|operation| operation.map_timestamps(EpochMillis::from))
            .collect(),
    })
}

/// The call that runs and records a transaction.
#[cfg(feature = "embedded")]
pub(crate) async fn transact(
    client: Arc<dyn DurableServiceClient>,
    arn: String,
    checkpoint_token: String,
    transacting: Arc<Transacting>,
) -> CallResult {
    let transactions = client
        .transactions()
        .expect("a step asks whether there are transactions before it begins one");
    let transacted = transactions.transact(&arn, &checkpoint_token, Arc::clone(&transacting));
    let mut accepted = Accepted {
        checkpoint_token: Some(checkpoint_token.clone()),
        batch: Batch {
            updates: Vec::new(),
            ends_execution: false,
        },
        operations: Vec::new(),
    };
    if let Some(response) = transacted.await? {
        accepted.checkpoint_token = response.checkpoint_token.filter(|it| !it.is_empty());
        let mut operations = response.new_execution_state.operations;
        if let Some(token) = &accepted.checkpoint_token {
            let marker = response.new_execution_state.next_marker;
            operations.extend(remaining_state(client.as_ref(), &arn, token, marker).await?);
        }
        let operations = operations.into_iter();
        accepted.operations = operations
            .map(|operation| operation.map_timestamps(EpochMillis::from))
            .collect();
        accepted.batch.updates = transacting.updates();
    }
    // The waiting task is woken when the driver takes this over.
    transacting.settle();
    Ok(accepted)
}

/// The pages of the state from `marker` on. An empty marker is the same as none.
pub(crate) async fn remaining_state(
    client: &dyn DurableServiceClient,
    arn: &str,
    checkpoint_token: &str,
    marker: Option<String>,
) -> Result<Vec<lambda_api::ApiOperation>, ServiceError> {
    let mut operations = Vec::new();
    let mut marker = marker.filter(|marker| !marker.is_empty());
    while let Some(at) = marker {
        let page = client.get_state(arn, checkpoint_token, &at).await?;
        operations.extend(page.operations);
        marker = page.next_marker.filter(|marker| !marker.is_empty());
        if marker.as_deref() == Some(at.as_str()) {
            return Err(ServiceError::Unreachable {
                cause: format!("the state's page at marker {at} names itself as the next").into(),
            });
        }
    }
    Ok(operations)
}
