//! The service of a running handler: the engine in the same process answers its requests.
//!
//! Only stored data is serialised: updates and operations are converted as values.

use std::sync::{Arc, OnceLock};

use engine::{Answer, Input};
use futures_util::future::BoxFuture;
use lambda_api::NewExecutionState;
use model::{ChainedTarget, CheckpointToken, ErrorObject, FunctionName, OperationId, Version};
use runtime::{Driver, Making, ProcessError, WeakDriver};
use store::CommitError;
use store_sqlite::{Done, Verdict, Within, WriteWithin};
use wire::{ApiError, Targets, checkpoint_token, client_token, execution_arn, wire_operation};

use super::handlers::{Handler, Handlers};
use crate::service::{
    CheckpointDurableExecutionRequest, CheckpointDurableExecutionResponse, DurableServiceClient,
    GetDurableExecutionStateResponse, ServiceError,
};
use crate::transacting::{Transacting, Transactions};

/// Operations in a page of the state.
const PAGE: usize = 1_000;

/// The service, as the SDK's core sees it.
#[derive(Clone)]
pub(super) struct OwnService(pub Arc<Inner>);

pub(super) struct Inner {
    /// Set before anything runs. Weak, because the driver holds this service in turn.
    pub driver: OnceLock<WeakDriver>,
    /// `None` if there are no tables beside the executions.
    pub within: Option<Arc<dyn WriteWithin>>,
    /// The functions that chained invokes may reach.
    pub handlers: Arc<Handlers>,
    /// Whether requests may be repeated; a call within the program is made once.
    pub repeats_requests: bool,
}

impl OwnService {
    pub(super) fn driver(&self) -> Driver {
        let driver = self.0.driver.get().expect("it is set before anything runs");
        driver.upgrade().expect("whoever runs a handler has it")
    }

    async fn checkpoint(
        &self,
        arn: &str,
        request: CheckpointDurableExecutionRequest,
    ) -> Result<CheckpointDurableExecutionResponse, ServiceError> {
        let arn = execution_arn(arn).map_err(refused)?;
        let token = checkpoint_token(&request.checkpoint_token).map_err(refused)?;
        let updates = wire::updates(request.updates, self).map_err(refused)?;
        let client_token = request
            .client_token
            .filter(|_| self.0.repeats_requests)
            .map(|text| client_token(&text))
            .transpose()
            .map_err(refused)?;
        let input = Input::Checkpoint {
            token,
            client_token,
            updates,
        };
        let answered = self.driver().process(&arn.id, input).await;
        answered.map(response).map_err(failed)
    }

    async fn page(
        &self,
        arn: &str,
        checkpoint_token: &str,
        marker: &str,
    ) -> Result<GetDurableExecutionStateResponse, ServiceError> {
        let arn = execution_arn(arn).map_err(refused)?;
        let token = wire::checkpoint_token(checkpoint_token).map_err(refused)?;
        let after = OperationId::parse(marker);
        let after =
            after.map_err(|error| refused(ApiError::invalid_parameter(error.to_string())))?;
        let driver = self.driver();
        let page = driver.state_page(&arn.id, &token, Some(&after), PAGE);
        let page = page.await.map_err(failed)?;
        let last = page.operations.last().filter(|_| page.more);
        Ok(GetDurableExecutionStateResponse {
            next_marker: last.map(|last| last.id.to_string()),
            operations: page
                .operations
                .iter()
                .map(|it| wire_operation(it, 0))
                .collect(),
        })
    }

    async fn transaction(
        &self,
        arn: &str,
        checkpoint_token: &str,
        transacting: Arc<Transacting>,
    ) -> Result<Option<CheckpointDurableExecutionResponse>, ServiceError> {
        let arn = execution_arn(arn).map_err(refused)?;
        let token = wire::checkpoint_token(checkpoint_token).map_err(refused)?;
        let Some(within) = self.0.within.clone() else {
            unreachable!("who has no tables offers no transactions");
        };
        let presented = token.clone();
        let commit = move |making: Arc<Making>| commit(within, making, presented, transacting);
        let answered = self.driver().process_within(&arn.id, token, commit).await;
        answered.map(|it| it.map(response)).map_err(failed)
    }
}

/// Runs the body within a transaction of the store, and commits the step's record in the same transaction.
async fn commit(
    within: Arc<dyn WriteWithin>,
    making: Arc<Making>,
    token: CheckpointToken,
    transacting: Arc<Transacting>,
) -> Result<bool, CommitError> {
    let (id, version) = (making.id().clone(), making.version());
    let attempted = format!("transaction `{}` of execution `{id}`", transacting.name());
    let told = Arc::clone(&transacting);
    let work = move |connection: &store_sqlite::rusqlite::Connection| {
        let Some(updates) = transacting.run(connection) else {
            return Verdict::Undo;
        };
        let made = wire::updates(updates, &NoTargets).map_err(|error| error.message);
        let made = made.and_then(|updates| {
            let input = Input::Checkpoint {
                token: token.clone(),
                client_token: None,
                updates,
            };
            let made = making.transition(input);
            made.map_err(|rejection| rejection.to_string())
        });
        match made {
            Ok(transition) => Verdict::Commit(transition),
            Err(why) => {
                transacting.refuse(why);
                Verdict::Undo
            }
        }
    };
    let work = Within::new(attempted, work).fenced(id, version);
    match within.write_within(work).await? {
        Done::As(verdict) => Ok(matches!(verdict, Verdict::Commit(_))),
        Done::Undone(why) => {
            told.undone(why);
            Ok(false)
        }
    }
}

impl DurableServiceClient for OwnService {
    fn checkpoint<'a>(
        &'a self,
        durable_execution_arn: &'a str,
        request: CheckpointDurableExecutionRequest,
    ) -> BoxFuture<'a, Result<CheckpointDurableExecutionResponse, ServiceError>> {
        Box::pin(self.checkpoint(durable_execution_arn, request))
    }

    fn get_state<'a>(
        &'a self,
        durable_execution_arn: &'a str,
        checkpoint_token: &'a str,
        marker: &'a str,
    ) -> BoxFuture<'a, Result<GetDurableExecutionStateResponse, ServiceError>> {
        Box::pin(self.page(durable_execution_arn, checkpoint_token, marker))
    }

    fn transactions(&self) -> Option<&dyn Transactions> {
        self.0.within.as_ref().map(|_| self as &dyn Transactions)
    }
}

impl Transactions for OwnService {
    fn transact<'a>(
        &'a self,
        durable_execution_arn: &'a str,
        checkpoint_token: &'a str,
        transacting: Arc<Transacting>,
    ) -> BoxFuture<'a, Result<Option<CheckpointDurableExecutionResponse>, ServiceError>> {
        Box::pin(self.transaction(durable_execution_arn, checkpoint_token, transacting))
    }
}

/// Chained invokes reach the functions of the same program; the version or alias that they name is ignored.
impl Targets for OwnService {
    fn resolve(&self, function_name: &str) -> Result<ChainedTarget, ErrorObject> {
        let name = name_in(function_name).and_then(|name| FunctionName::parse(name).ok());
        let found = name.and_then(|name| {
            let is_durable = match self.0.handlers.get(&name)? {
                Handler::Durable(..) => true,
                Handler::Plain(_) => false,
            };
            Some((name, is_durable))
        });
        match found {
            Some((function, true)) => Ok(ChainedTarget::Durable {
                function,
                version: Version::Latest,
                execution_id: self.driver().new_execution_id(),
            }),
            Some((function, false)) => Ok(ChainedTarget::Plain {
                function,
                version: Version::Latest,
            }),
            None => Err(ErrorObject::new(
                "ResourceNotFoundException",
                format!("Function not found: {function_name}"),
            )),
        }
    }
}

/// The name in `name`, `name:qualifier`, or an ARN with or without a qualifier.
fn name_in(reference: &str) -> Option<&str> {
    let name = match reference.split_once(":function:") {
        Some((_, name)) => name,
        None => reference,
    };
    name.split(':').next()
}

/// A step's updates name no function.
struct NoTargets;

impl Targets for NoTargets {
    fn resolve(&self, function_name: &str) -> Result<ChainedTarget, ErrorObject> {
        let message = format!("Function not found: {function_name}");
        Err(ErrorObject::new("ResourceNotFoundException", message))
    }
}

fn response(answer: Answer) -> CheckpointDurableExecutionResponse {
    let (token, operations) = match answer {
        Answer::Checkpoint { token, operations } => (token, operations),
        Answer::Done | Answer::Stopped { .. } => unreachable!("a checkpoint is answered as one"),
    };
    CheckpointDurableExecutionResponse {
        checkpoint_token: token.map(|token| token.to_string()),
        new_execution_state: NewExecutionState {
            operations: operations.iter().map(|it| wire_operation(it, 0)).collect(),
            next_marker: None,
        },
    }
}

fn failed(error: ProcessError) -> ServiceError {
    match error {
        ProcessError::UnknownExecution(_) => refused(ApiError::invalid_token()),
        error => refused(error.into()),
    }
}

fn refused(error: ApiError) -> ServiceError {
    ServiceError::Rejected {
        status: error.status(),
        code: error.code,
        message: error.message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_by_name_qualifier_or_arn() {
        for reference in [
            "pricing",
            "pricing:live",
            "pricing:$LATEST",
            "arn:aws:lambda:us-east-1:000000000000:function:pricing",
            "arn:aws:lambda:us-east-1:000000000000:function:pricing:live",
            "000000000000:function:pricing",
        ] {
            assert_eq!(name_in(reference), Some("pricing"), "{reference}");
        }
    }
}
