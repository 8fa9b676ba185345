//! `GetActivityTask`: hands the tasks of an activity to workers.
//!
//! A task is an open callback with the activity's name, in the store: it survives restarts, and every server finds it.
//! The request that completes the callback gets the task; the state machine then opens the task token for the worker.
//! If the worker has hung up meanwhile, the token is failed with [`RETURNED`], and the task is offered once more.

use std::sync::Arc;
use std::time::Duration;

use engine::Input;
use model::{
    CallbackId, ErrorObject, ExecutionId, ExecutionStatus, Operation, OperationDetails,
    OperationId, Payload,
};
use runtime::ProcessError;
use serde_json::{Value, json};
use state_machine::{RETURNED, Scheduled, TOKEN, TakenBy, offer};
use store::OpenCallback;
use tokio::sync::oneshot;
use wire::ApiError;

use super::activity::find;
use super::error::{StatesError, optional, required};
use crate::app::App;

/// How long a worker waits for a task. Source: API reference, `GetActivityTask`.
const POLL: Duration = Duration::from_secs(60);
/// How often the store is searched for tasks that another server has opened.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// Shortest time between two searches, even if much changes.
const PAUSE: Duration = Duration::from_millis(10);
/// Offers that are read at a time: another worker may take the first.
const OFFERS: usize = 20;
/// Longest name of a worker. Source: service model, `Name`.
const WORKER_NAME_MAX: usize = 80;

/// A task on its way to a worker. Dropped before it is [delivered](Delivery::delivered), it is offered again.
struct Delivery {
    app: Arc<App>,
    execution: ExecutionId,
    operation: OperationId,
    token: CallbackId,
    input: String,
    is_delivered: bool,
}

impl Delivery {
    fn delivered(mut self) -> Value {
        self.is_delivered = true;
        json!({ "taskToken": self.token.as_str(), "input": self.input })
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if self.is_delivered {
            return;
        }
        let app = Arc::clone(&self.app);
        let execution = self.execution.clone();
        let returned = Input::CallbackFailed {
            operation_id: self.operation.clone(),
            callback_id: self.token.clone(),
            error: ErrorObject {
                error_type: Some(RETURNED.to_owned()),
                message: Some(String::from("the worker hung up before it was told")),
                ..ErrorObject::default()
            },
        };
        self.app.tasks.spawn(async move {
            if let Err(error) = app.driver.process(&execution, returned).await {
                // The token's time may have run out, or the execution may have ended.
                tracing::warn!(%execution, %error, "the task of an activity could not be offered again");
            }
        });
    }
}

pub(super) async fn get(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let (name, _) = find(app, required(input, "activityArn")?)?;
    let worker = optional(input, "workerName")?;
    if worker.is_some_and(|it| !(1..=WORKER_NAME_MAX).contains(&it.chars().count())) {
        let message = format!("'workerName' has 1 to {WORKER_NAME_MAX} characters.");
        return Err(StatesError::validation(message));
    }
    let _place = app.callers.enter().map_err(ApiError::from)?;
    let taken = TakenBy {
        worker_name: worker.map(str::to_owned),
    };
    let line = app.activity_turns.line(name);
    let found = async {
        let turn = line.lock().await;
        let delivery = next(app, name, &taken).await?;
        drop(turn);
        // `None` when the task ended before its token was opened.
        let delivery = delivery.await.ok();
        // The connection first notices whether the worker has hung up: this future is dropped then.
        tokio::task::yield_now().await;
        Ok::<_, StatesError>(delivery)
    };
    let nothing = || json!({ "taskToken": null, "input": null });
    tokio::select! {
        found = found => Ok(found?.map_or_else(nothing, Delivery::delivered)),
        () = tokio::time::sleep(POLL) => Ok(nothing()),
        () = app.shutdown.cancelled() => Ok(nothing()),
    }
}

/// Takes the next task of an activity, and returns the receiver of its delivery.
async fn next(
    app: &Arc<App>,
    name: &str,
    taken: &TakenBy,
) -> Result<oneshot::Receiver<Delivery>, StatesError> {
    let mut changes = app.driver.changes();
    loop {
        let mut after = None;
        loop {
            let store = app.driver.store();
            let offers = store.offers(&offer(name), after, OFFERS).await?;
            after = offers.last().map(|last| last.cursor);
            let is_last = offers.len() < OFFERS;
            for offered in offers {
                // A paused execution opens the token only when it goes on.
                let is_paused = offered.execution_status == ExecutionStatus::Paused;
                if !is_paused && let Some(delivery) = take(app, offered, taken).await? {
                    return Ok(delivery);
                }
            }
            if is_last {
                break;
            }
        }
        tokio::time::sleep(PAUSE).await;
        tokio::select! {
            _ = changes.next() => while changes.try_next().is_some() {},
            () = tokio::time::sleep(LOOK_AGAIN), if app.cluster.is_some() => {}
        }
    }
}

/// Takes a task, unless another worker has it already. The taking always ends: a worker that hangs up meanwhile gives
/// the task back.
async fn take(
    app: &Arc<App>,
    offered: OpenCallback,
    taken: &TakenBy,
) -> Result<Option<oneshot::Receiver<Delivery>>, StatesError> {
    let OperationDetails::Callback { callback_id, .. } = &offered.operation.details else {
        return Ok(None);
    };
    let execution = offered.arn.id.clone();
    let taken = serde_json::to_string(taken).expect("texts are always JSON");
    let taking = Input::CallbackSucceeded {
        operation_id: offered.operation.id.clone(),
        callback_id: callback_id.clone(),
        result: Some(Payload::from(taken.as_str())),
    };
    let (deliver, delivery) = oneshot::channel();
    let (tell, told) = oneshot::channel();
    let task = {
        let app = Arc::clone(app);
        async move {
            // Before it is taken, so that no later change is missed.
            let changes = app.driver.changes();
            let processed = app.driver.process(&execution, taking).await;
            let is_taken = processed.is_ok();
            let refused = match processed {
                Err(error @ (ProcessError::Fault(_) | ProcessError::ShuttingDown)) => {
                    Some(ApiError::from(error))
                }
                // Another worker has it, or its execution cannot be worked on.
                Ok(_) | Err(_) => None,
            };
            // The worker may be gone; the task is given back then.
            let _ = tell.send((is_taken, refused));
            if is_taken
                && let Some(delivery) = opened(&app, execution, &offered.operation, changes).await
            {
                let _ = deliver.send(delivery);
            }
        }
    };
    app.tasks.spawn(task);
    match told.await {
        Ok((true, _)) => Ok(Some(delivery)),
        Ok((false, None)) => Ok(None),
        Ok((false, Some(error))) => Err(error.into()),
        // The server shuts down.
        Err(_) => Ok(None),
    }
}

/// Waits until the token of a task is open; `None` if it never will be.
async fn opened(
    app: &Arc<App>,
    execution: ExecutionId,
    offered: &Operation,
    mut changes: runtime::ChangeListener,
) -> Option<Delivery> {
    loop {
        match app.driver.store().load(&execution).await {
            Ok(None) => return None,
            Ok(Some(loaded)) => match token(&loaded, offered) {
                Token::Open {
                    operation,
                    token,
                    input,
                } => {
                    return Some(Delivery {
                        app: Arc::clone(app),
                        execution,
                        operation,
                        token,
                        input,
                        is_delivered: false,
                    });
                }
                Token::Gone => return None,
                Token::NotYet => {}
            },
            Err(fault) => {
                tracing::warn!(%execution, %fault, "the token of an activity's task cannot be read; it is tried again");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
        let again = tokio::time::sleep(LOOK_AGAIN);
        tokio::pin!(again);
        loop {
            tokio::select! {
                change = changes.next() => match change {
                    // Changes of other executions are skipped.
                    Some(runtime::Change::Execution { id, .. }) if id != execution => {}
                    Some(_) => break,
                    None => return None,
                },
                () = &mut again, if app.cluster.is_some() => break,
                () = app.shutdown.cancelled() => return None,
            }
        }
    }
}

/// The state of a task's token.
#[derive(Debug, PartialEq)]
enum Token {
    NotYet,
    Gone,
    Open {
        operation: OperationId,
        token: CallbackId,
        input: String,
    },
}

fn token(execution: &engine::Execution, offered: &Operation) -> Token {
    let has_ended = |id: &Option<OperationId>| {
        let around = id.as_ref().and_then(|id| execution.operation(id));
        around.is_some_and(|around| around.ended_at.is_some())
    };
    let mut input = None;
    let mut is_after = false;
    for operation in execution.operations() {
        if operation.parent_id != offered.parent_id {
            continue;
        }
        let name = operation.name.as_deref();
        match &operation.details {
            OperationDetails::Step { result, .. } if name == Some(Scheduled::STEP) && !is_after => {
                input.clone_from(result);
            }
            OperationDetails::Callback { callback_id, .. } if is_after && name == Some(TOKEN) => {
                if operation.ended_at.is_some() {
                    return Token::Gone;
                }
                let scheduled =
                    input.and_then(|it| serde_json::from_str::<Scheduled>(it.as_str()).ok());
                return Token::Open {
                    operation: operation.id.clone(),
                    token: callback_id.clone(),
                    input: scheduled.unwrap_or_default().input.to_string(),
                };
            }
            _ => is_after |= operation.id == offered.id,
        }
    }
    if execution.state.status().is_terminal() || has_ended(&offered.parent_id) {
        return Token::Gone;
    }
    Token::NotYet
}
