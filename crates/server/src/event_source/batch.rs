//! One batch: invokes the function with it, and deletes the messages that the function worked off.
//!
//! The messages stay hidden while the function works on them, however long a durable execution takes: their visibility
//! timeout is prolonged. Failed messages become visible when that time is over, and the queue's own redrive policy
//! counts on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use model::FunctionName;
use runtime::PlainOutcome;
use tokio::time::{sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::event::failures;
use super::hidden::Hidden;
use crate::api::Target;
use crate::app::App;
use crate::elsewhere::{Message, Queue};
use crate::functions::EventSourceMapping;

/// Tries to delete the messages that are done; after them the messages come again.
const DELETE_TRIES: u32 = 5;
const DELETE_PAUSE: Duration = Duration::from_millis(200);

/// How long the deletion may take once the server is about to end.
const DELETE_WITHIN: Duration = Duration::from_secs(3);

/// After this pause a busy function is tried again, unless its room is reported earlier.
const THROTTLED_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Batch {
    pub app: Arc<App>,
    pub function: FunctionName,
    pub mapping: EventSourceMapping,
    pub queue: Queue,
    pub target: Target,
    pub payload: Vec<u8>,
    pub messages: Vec<Message>,
    /// The queue's visibility timeout, and the time that is left of it for these messages.
    pub hidden_for: Duration,
    pub hidden: Hidden,
    pub stop: CancellationToken,
}

impl Batch {
    /// Invokes the function, and deletes what it worked off.
    pub async fn work_off(self) {
        let handles = self.messages.iter();
        let handles: Vec<String> = handles.map(|it| it.receipt_handle.clone()).collect();
        let hide = || self.queue.hide(&self.app.aws, &handles, self.hidden_for);
        if !self.hidden.begin(hide).await {
            let (queue, function) = (&self.mapping.queue_arn, &self.function);
            tracing::info!(%queue, %function, "a batch waited until its messages were visible again, and is left to come again");
            return;
        }
        let outcome = tokio::select! {
            outcome = self.invoke() => outcome,
            () = self.hidden.keep(hide) => unreachable!("messages are kept hidden for good"),
        };
        let failed = self.failed(&outcome);
        let is_failed = |message: &Message| {
            failed
                .as_ref()
                .is_none_or(|it| it.contains(&message.message_id))
        };
        let done: Vec<String> = self
            .messages
            .iter()
            .filter(|message| !is_failed(message))
            .map(|message| message.receipt_handle.clone())
            .collect();
        let result = match done.len() == self.messages.len() {
            true => "OK",
            false => "PROBLEM: Function call failed",
        };
        let states = &self.app.registry.event_source_states;
        states.set_result(&self.mapping.uuid, result.to_owned());
        if !done.is_empty() {
            self.delete(done).await;
        }
    }

    /// Invokes the function. A busy function is tried again until the messages become visible.
    async fn invoke(&self) -> PlainOutcome {
        let header = match self.messages.as_slice() {
            [message] => message.attributes.get("AWSTraceHeader"),
            _ => None,
        };
        let app = &self.app;
        let trace_header = self.target.trace_header(app, header.map(String::as_str));
        loop {
            let payload = self.payload.clone();
            let outcome = self.target.invoke(app, payload, trace_header.clone()).await;
            if !matches!(outcome, PlainOutcome::Throttled(_)) {
                return outcome;
            }
            self.hidden.set_waiting(true);
            let room = app.registry.wait_for_room(&self.function);
            tokio::select! {
                () = room => {}
                () = sleep(THROTTLED_PAUSE) => {}
                () = sleep_until(self.hidden.until()) => return outcome,
                () = self.stop.cancelled() => return outcome,
            }
            self.hidden.set_waiting(false);
        }
    }

    /// The ids of the messages that failed; `None` when all of them failed.
    fn failed(&self, outcome: &PlainOutcome) -> Option<BTreeSet<String>> {
        let answer = match outcome {
            PlainOutcome::Succeeded(_) if !self.mapping.reports_failures => {
                return Some(BTreeSet::new());
            }
            PlainOutcome::Succeeded(answer) => answer,
            PlainOutcome::FunctionError { .. }
            | PlainOutcome::Throttled(_)
            | PlainOutcome::Unavailable(_) => {
                self.say_failed(outcome);
                return None;
            }
        };
        let ids = self.messages.iter().map(|it| it.message_id.as_str());
        let failed = failures(answer, &ids.collect());
        if failed.is_none() {
            let (queue, function) = (&self.mapping.queue_arn, &self.function);
            let wanted = r#"{"batchItemFailures": [{"itemIdentifier": "id"}]}"#;
            tracing::warn!(
                %queue,
                %function,
                "the answer does not say which messages failed, so all did; `ReportBatchItemFailures` takes {wanted}"
            );
        }
        failed
    }

    fn say_failed(&self, outcome: &PlainOutcome) {
        let error = match outcome {
            PlainOutcome::FunctionError { error, .. }
            | PlainOutcome::Throttled(error)
            | PlainOutcome::Unavailable(error) => error,
            PlainOutcome::Succeeded(_) => return,
        };
        if self.app.shutdown.is_cancelled() {
            return;
        }
        let (queue, function) = (&self.mapping.queue_arn, &self.function);
        let (kind, message) = (&error.error_type, &error.message);
        tracing::info!(
            %queue,
            %function,
            messages = self.messages.len(),
            kind = kind.as_deref().unwrap_or_default(),
            "a batch failed and becomes visible again: {}",
            message.as_deref().unwrap_or_default()
        );
    }

    async fn delete(&self, handles: Vec<String>) {
        let deleted = async {
            let mut tries = 1;
            loop {
                match self.queue.delete(&self.app.aws, &handles).await {
                    Err(_) if tries < DELETE_TRIES => {
                        sleep(DELETE_PAUSE * 2_u32.pow(tries)).await;
                        tries += 1;
                    }
                    ended => return ended.map_err(|error| error.to_string()),
                }
            }
        };
        let too_late = async {
            self.app.shutdown.cancelled().await;
            sleep(DELETE_WITHIN).await;
        };
        let deleted = tokio::select! {
            deleted = deleted => deleted,
            () = too_late => Err("there was no answer before the end".to_owned()),
        };
        if let Err(error) = deleted {
            let (queue, function) = (&self.mapping.queue_arn, &self.function);
            tracing::warn!(
                %queue,
                %function,
                messages = handles.len(),
                "messages that were worked off could not be deleted, and may come again: {error}"
            );
        }
    }
}
