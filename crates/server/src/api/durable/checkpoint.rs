//! `CheckpointDurableExecution` and `GetDurableExecutionState`, which running functions call.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use engine::{Answer, Input};
use hyper::{Response, StatusCode};
use lambda_api::{
    BorrowedCheckpoint, BorrowedUpdate, CheckpointDurableExecutionResponse,
    GetDurableExecutionStateResponse, NewExecutionState, OperationAction,
};
use model::{
    ChainedTarget, ErrorObject, ExecutionArn, OperationId, OperationUpdate, Payload, Version,
};
use runtime::ProcessError;
use wire::{
    ApiError, FIRST_PAGE, PAGE_BYTES_MAX, Targets, checkpoint_token, client_token, fitting,
    updates, wire_operation,
};

use super::arn::execution_arn;
use crate::api::marker;
use crate::api::request::object;
use crate::app::App;
use crate::functions::{FunctionVersion, Reference};
use crate::http::{Body, Query, RequestBody, json, read_body};

/// Largest checkpoint request: an EXECUTION result of 6 MB, JSON-escaped, and its surroundings. SDKs
/// keep everything else below 750 KiB (protocol reference, section 8.10).
const REQUEST_BYTES_MAX: usize = 13 * 1024 * 1024;

pub(in crate::api) async fn checkpoint(
    app: &Arc<App>,
    arn: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let arn = execution_arn(arn)?;
    let bytes = read_body(body, REQUEST_BYTES_MAX).await?;
    let request: BorrowedCheckpoint<'_, Payload> = object(&bytes)?;
    let token = checkpoint_token(&request.checkpoint_token)?;
    let client_token = request
        .client_token
        .as_deref()
        .map(client_token)
        .transpose()?;
    // Where policies are enforced, access was decided with the functions that this server knows: look for no others.
    let is_open = !app.access.is_enforced();
    for update in request.updates.iter().filter(|_| is_open) {
        let invoked = update.chained_invoke_options.as_ref();
        let invoked = invoked.and_then(|it| Reference::parse(&it.function_name, None).ok());
        if let Some(reference) = invoked {
            app.registry.look_for(&reference).await;
        }
    }
    let ended = ended_batches(&request.updates);
    // Kept until the checkpoint is recorded: from then on the record keeps the versions.
    let targets = app.targets(&arn);
    let mut updates = updates(request.updates, &targets)?;
    show_own_sources(app, &arn, &mut updates);
    let input = Input::Checkpoint {
        token,
        client_token,
        updates,
    };
    let tenure = app.driver.tenure();
    let processed = app.driver.process(&arn.id, input).await;
    drop(targets);
    let answered = match processed {
        Ok(Answer::Checkpoint { token, operations }) => {
            if !ended.is_empty() {
                // Fails when there are no listeners.
                drop(app.ended_batches.send((arn.clone(), ended)));
            }
            let ahead = app.driver.clock().ahead_millis();
            let changed = operations.iter().map(|one| wire_operation(one, ahead));
            let changed = fitting(changed, PAGE_BYTES_MAX);
            let response = CheckpointDurableExecutionResponse {
                checkpoint_token: token.map(|token| token.to_string()),
                new_execution_state: NewExecutionState {
                    operations: changed.items,
                    // Operations come in the order of their changes, pages in the order of their starts: so the rest
                    // may be anywhere in the whole state.
                    next_marker: (!changed.is_whole).then(|| FIRST_PAGE.to_owned()),
                },
            };
            Ok(json(StatusCode::OK, &response))
        }
        Ok(Answer::Done | Answer::Stopped { .. }) => {
            unreachable!("a checkpoint is answered as one")
        }
        Err(ProcessError::UnknownExecution(_)) => Err(ApiError::invalid_token()),
        Err(error) => Err(error.into()),
    };
    // A function that gets this answer goes on. It must not if other servers took over meanwhile, because this server
    // stood still or got no answer to its commit. Checked last: only the write follows.
    tenure.check()?;
    answered
}

/// The parallels and maps that these updates end.
fn ended_batches<P>(updates: &[BorrowedUpdate<'_, P>]) -> BTreeSet<String> {
    let ends = updates.iter().filter(|update| {
        let kind = update.sub_type.as_deref();
        let is_end = matches!(
            update.action,
            OperationAction::Succeed | OperationAction::Fail
        );
        is_end && matches!(kind, Some("Parallel" | "Map"))
    });
    ends.map(|update| update.id.to_string()).collect()
}

pub(in crate::api) async fn state(
    app: &Arc<App>,
    arn: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let arn = execution_arn(arn)?;
    let token = checkpoint_token(query.get("CheckpointToken").unwrap_or_default())?;
    let limit = marker::max_items(query)?;
    let after = match query.get("Marker") {
        None | Some(FIRST_PAGE) => None,
        Some(marker) => Some(OperationId::parse(marker).map_err(|_| marker::invalid())?),
    };
    let page = match app
        .driver
        .state_page(&arn.id, &token, after.as_ref(), limit)
        .await
    {
        Ok(page) => page,
        Err(ProcessError::UnknownExecution(_)) => return Err(ApiError::invalid_token()),
        Err(error) => return Err(error.into()),
    };
    let ahead = app.driver.clock().ahead_millis();
    let operations = page.operations.iter().map(|one| wire_operation(one, ahead));
    let fitting = fitting(operations, PAGE_BYTES_MAX);
    let more = page.more || !fitting.is_whole;
    let last = fitting.items.last().filter(|_| more);
    let response = GetDurableExecutionStateResponse {
        // An empty marker, not an absent one, says that this was the last page.
        next_marker: Some(last.map(|last| last.id.clone()).unwrap_or_default()),
        operations: fitting.items,
    };
    Ok(json(StatusCode::OK, &response))
}

/// Makes the stack traces of operations point to the files that developers edit.
fn show_own_sources(app: &App, arn: &ExecutionArn, updates: &mut [OperationUpdate]) {
    let errors = updates.iter_mut().filter_map(|it| it.error.as_mut());
    let mut traces = errors.filter_map(|it| it.stack_trace.as_mut()).peekable();
    if traces.peek().is_none() {
        return;
    }
    let Some(version) = app.registry.version(&arn.function.name, &arn.version) else {
        return;
    };
    for frame in traces.flatten() {
        if let Cow::Owned(shown) = app.own_sources.show(&version.config, frame) {
            *frame = shown;
        }
    }
}

/// Resolves chained invokes for one execution.
pub(crate) struct ExecutionTargets<'a> {
    app: &'a App,
    arn: &'a ExecutionArn,
    /// The versions that were resolved.
    versions: Mutex<Vec<Arc<FunctionVersion>>>,
}

impl App {
    fn targets<'a>(&'a self, arn: &'a ExecutionArn) -> ExecutionTargets<'a> {
        ExecutionTargets {
            app: self,
            arn,
            versions: Mutex::default(),
        }
    }
}

impl ExecutionTargets<'_> {
    /// The stub for a function that does not exist.
    fn stub(&self, function_name: &str) -> Option<ChainedTarget> {
        let function = Reference::parse(function_name, None).ok()?.name;
        let is_stub = self.app.answers.has_stub(function.as_str());
        is_stub.then_some(ChainedTarget::Plain {
            function,
            version: Version::Latest,
        })
    }
}

impl Targets for ExecutionTargets<'_> {
    fn resolve(&self, function_name: &str) -> Result<ChainedTarget, ErrorObject> {
        tracing::trace!(execution = %self.arn.id, function_name, "resolve chained invoke");
        let found = self.app.registry.chained_target(function_name, || {
            self.app.driver.new_execution_id_beside(&self.arn.id)
        });
        let (target, version) = match found {
            Ok(found) => found,
            Err(error) => return self.stub(function_name).ok_or(error),
        };
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.push(version);
        Ok(target)
    }
}
