//! Gives the answers when they are due, one after the other.

use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use runtime::{Driver, ProcessError};
use store::StoreFault;
use tokio_util::sync::CancellationToken;

use crate::Answers;

/// Longest sleep without a look at the open callbacks.
const SLEEP_MAX: Duration = Duration::from_secs(3_600);

/// Pause after a fault of the store.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Answers callbacks as the rules say until the shutdown.
pub async fn answer_callbacks(answers: Arc<Answers>, driver: Driver, shutdown: CancellationToken) {
    let mut replacements = answers.replacements();
    while !shutdown.is_cancelled() {
        replacements.mark_unchanged();
        if answers.set().callbacks.is_empty() {
            tokio::select! {
                changed = replacements.changed() => changed.expect("this task has the rules"),
                () = shutdown.cancelled() => return,
            }
            continue;
        }
        let mut changes = driver.changes();
        let until = answer_what_is_due(&answers, &driver).await;
        let until = until.unwrap_or_else(|fault| {
            let error = &fault as &dyn std::error::Error;
            tracing::error!(error, "failed to answer callbacks; trying again");
            driver.now() + PAUSE_AFTER_FAILURE
        });
        tokio::select! {
            () = driver.clock().sleep_until(until) => {}
            changed = replacements.changed() => changed.expect("this task has the rules"),
            _any = changes.next() => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// Returns until when nothing is due.
async fn answer_what_is_due(answers: &Answers, driver: &Driver) -> Result<Timestamp, StoreFault> {
    // Until the due answers are given, it counts as work.
    let _at_work = driver.clock().work();
    for due in answers.due(driver).await? {
        let now = driver.now();
        if due.at > now {
            return Ok(due.at.min(now + SLEEP_MAX));
        }
        let id = &due.callback.arn.id;
        match driver.process(id, due.input.clone()).await {
            Ok(_) => answers.note_given(&due),
            Err(ProcessError::Fault(fault)) => return Err(fault),
            Err(ProcessError::ShuttingDown | ProcessError::Contended(_)) => {
                return Ok(now + PAUSE_AFTER_FAILURE);
            }
            // Another party answered it, or it has ended meanwhile; or it cannot be answered this way.
            Err(error) => {
                answers.give_up(&due);
                let error = &error as &dyn std::error::Error;
                tracing::debug!(execution = %id, error, "an answer was refused");
            }
        }
    }
    Ok(driver.now() + SLEEP_MAX)
}
