//! The service of a replay: it accepts the few updates of a replay, and notes the operations that the code calls.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use lambda_api::OperationType;
use lambdura::ReplayWatcher;
use lambdura::service::{
    CheckpointDurableExecutionRequest, CheckpointDurableExecutionResponse, DurableServiceClient,
    GetDurableExecutionStateResponse, ServiceError,
};

use super::history::Recorded;

/// The operations that the code called.
#[derive(Debug, Default)]
pub(super) struct Watching(Mutex<Called>);

#[derive(Debug, Default)]
struct Called {
    ids: HashSet<String>,
    /// Called operations that are not recorded, with the id of their context.
    not_recorded: Vec<(String, Option<String>)>,
}

impl Watching {
    pub fn has_called(&self, id: &str) -> bool {
        let called = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        called.ids.contains(id)
    }

    /// The called operations that are not recorded, for people.
    pub fn not_recorded(&self, recorded: &Recorded) -> Vec<String> {
        let called = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = called.not_recorded.iter();
        let shown = asked.map(|(operation, parent_id)| {
            let mut contexts = recorded.operations.iter();
            let context = contexts.find(|it| parent_id.as_ref() == Some(&it.recorded.id));
            match context {
                Some(context) => format!("{operation} in {context}"),
                None => operation.clone(),
            }
        });
        shown.collect()
    }
}

impl ReplayWatcher for Watching {
    fn called(&self, operation_id: &str) {
        let mut called = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        called.ids.insert(operation_id.to_owned());
    }

    fn not_recorded(&self, operation: &str, parent_id: Option<&str>) {
        let mut called = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = (operation.to_owned(), parent_id.map(str::to_owned));
        called.not_recorded.push(asked);
    }
}

/// Accepts everything, and keeps only a result that was too large to be returned.
#[derive(Clone, Default)]
pub(super) struct Answering {
    large_result: Arc<Mutex<Option<String>>>,
}

impl Answering {
    pub fn large_result(&self) -> Option<String> {
        let mut result = self
            .large_result
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        result.take()
    }
}

impl DurableServiceClient for Answering {
    fn checkpoint<'a>(
        &'a self,
        _: &'a str,
        request: CheckpointDurableExecutionRequest,
    ) -> BoxFuture<'a, Result<CheckpointDurableExecutionResponse, ServiceError>> {
        for update in request.updates {
            if update.r#type == OperationType::Execution {
                let mut result = self
                    .large_result
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                *result = update.payload;
            }
        }
        let response = CheckpointDurableExecutionResponse {
            checkpoint_token: Some("recorded".to_owned()),
            ..CheckpointDurableExecutionResponse::default()
        };
        Box::pin(std::future::ready(Ok(response)))
    }

    fn get_state<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: &'a str,
    ) -> BoxFuture<'a, Result<GetDurableExecutionStateResponse, ServiceError>> {
        let nothing_more = GetDurableExecutionStateResponse::default();
        Box::pin(std::future::ready(Ok(nothing_more)))
    }
}
