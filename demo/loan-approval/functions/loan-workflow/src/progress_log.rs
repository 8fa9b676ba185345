//! The log of an application's progress, as the page shows it, written by code that is replayed.
//!
//! **Counting.** The workflow makes its entries in the same order in every invocation, so its number identifies an
//! entry. The table holds how many are written (`progress`); an entry with a number below that is a replay. It is
//! written again, tagged `[REPLAY]` at level `replay`, and changes nothing else: status and stage only ever go forward,
//! and a terminal status stays.
//!
//! **Nothing is lost or doubled.** Entries, count, status and stage are one update, made only if both counts have not
//! changed since they were read. If the function is killed before it, the next invocation makes the entries again; if
//! it is killed after it, they count as replays. An update whose answer was lost, or that an older invocation raced
//! with, finds the counts changed, reads them, and leaves out entries that are written.
//!
//! **Batching.** Entries wait until the page needs them: new ones are written before the next operation, replays
//! together with those, or before the workflow suspends.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use loan::{Level, LogEntry, Stage, Status, timestamp_text};
use serde_json::Value;

/// Most replayed entries in one item, which DynamoDB limits to 400 KB; later replays go unmentioned.
const REPLAYED_MAX: u64 = 400;
/// Tries of one update before it is given up, and with it the invocation: about fifteen seconds without the table.
const TRIES_MAX: u32 = 10;
/// Pause after the first failed try; each further one doubles it, up to the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
/// Longest pause between tries.
const PAUSE_MAX: Duration = Duration::from_secs(3);

/// How many entries the table holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries written for the first time.
    pub progress: u64,
    /// Entries written again by replays.
    pub replayed: u64,
}

/// The state of the application after an update.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Its status.
    pub status: Status,
    /// The stage in progress.
    pub stage: Stage,
    /// Its result, once it has ended.
    pub result: Option<Value>,
}

/// One update of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The counts that the table must still have.
    pub expected: Counts,
    /// The counts that it has afterwards.
    pub counts: Counts,
    /// The entries that are appended to the log.
    pub entries: Vec<LogEntry>,
    /// The application's new standing; `None` if all entries are replays.
    pub standing: Option<Standing>,
    /// The time of the update.
    pub at: String,
}

/// The result of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is in the table.
    Yes,
    /// The table has other counts; nothing changed.
    Overtaken,
}

/// The table could not be reached, or refused the update.
#[derive(Debug, thiserror::Error)]
#[error("{attempting}")]
pub struct StoreProgressError {
    /// The attempted action.
    pub attempting: String,
    /// The cause of the failure.
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

/// The progress could not be written: the invocation must not go on, or entries would be lost.
#[derive(Debug, thiserror::Error)]
#[error("tell the progress of application {application_id}")]
pub struct TellProgressError {
    application_id: String,
    #[source]
    cause: StoreProgressError,
}

/// The store of the progress.
pub trait ProgressStore: Send + Sync {
    /// Reads the counts, with everything written before; zeros if there is no such application yet.
    fn counts(
        &self,
        application_id: &str,
    ) -> impl Future<Output = Result<Counts, StoreProgressError>> + Send;

    /// Makes an update if the counts are as expected. Atomic. Removes the manager's callback from the table unless the
    /// application waits for it in the new status.
    fn update(
        &self,
        application_id: &str,
        update: &Update,
    ) -> impl Future<Output = Result<Applied, StoreProgressError>> + Send;

    /// Puts the manager's callback where the API finds it, if the application has not gone on meanwhile. Atomic.
    fn offer_callback(
        &self,
        application_id: &str,
        callback_id: &str,
        progress: u64,
    ) -> impl Future<Output = Result<Applied, StoreProgressError>> + Send;
}

/// An entry that was made and is not written yet.
struct Told {
    number: u64,
    at: Timestamp,
    status: Status,
    stage: Stage,
    level: Level,
    message: String,
    result: Option<Value>,
}

/// The log of one application during one invocation.
pub struct ProgressLog<'a, S> {
    store: &'a S,
    application_id: String,
    counts: Counts,
    told: u64,
    stage: Stage,
    waiting: Vec<Told>,
}

impl<'a, S: ProgressStore> ProgressLog<'a, S> {
    /// Opens the log of an application: reads how much of it is written.
    ///
    /// # Errors
    ///
    /// When the table stays unreachable.
    pub async fn open(store: &'a S, application_id: &str) -> Result<Self, TellProgressError> {
        let counts = patiently(application_id, || store.counts(application_id)).await?;
        Ok(Self {
            store,
            application_id: application_id.to_owned(),
            counts,
            told: 0,
            stage: Stage::Submitted,
            waiting: Vec::new(),
        })
    }

    /// Makes an entry. It is written with the next flush.
    pub fn tell(&mut self, stage: Stage, status: Status, message: impl Into<String>) {
        self.push(stage, status, Level::Info, message.into(), None);
    }

    /// Makes the entry for the application's end.
    pub fn tell_end(
        &mut self,
        stage: Stage,
        status: Status,
        level: Level,
        message: String,
        result: Option<Value>,
    ) {
        self.push(stage, status, level, message, result);
    }

    /// The stage of the latest entry.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// How many entries were made so far, replays included.
    pub fn told(&self) -> u64 {
        self.told
    }

    fn push(
        &mut self,
        stage: Stage,
        status: Status,
        level: Level,
        message: String,
        result: Option<Value>,
    ) {
        self.stage = stage;
        let at = Timestamp::now();
        self.waiting.push(Told {
            number: self.told,
            at,
            status,
            stage,
            level,
            message,
            result,
        });
        self.told += 1;
    }

    /// Writes the waiting entries, if any of them is new: before an operation that ends within this invocation.
    ///
    /// # Errors
    ///
    /// When the table stays unreachable.
    pub async fn flush_news(&mut self) -> Result<(), TellProgressError> {
        if self
            .waiting
            .iter()
            .any(|told| told.number >= self.counts.progress)
        {
            self.flush().await?;
        }
        Ok(())
    }

    /// Writes all waiting entries: before the workflow suspends or ends.
    ///
    /// # Errors
    ///
    /// When the table stays unreachable.
    pub async fn flush(&mut self) -> Result<(), TellProgressError> {
        while !self.waiting.is_empty() {
            let update = self.next_update();
            if update.entries.is_empty() {
                // Only replays wait, and the item has no more room for replays.
                self.waiting.clear();
                return Ok(());
            }
            let id = self.application_id.as_str();
            match patiently(id, || self.store.update(id, &update)).await? {
                Applied::Yes => {
                    self.counts = update.counts;
                    self.waiting.clear();
                }
                Applied::Overtaken => {
                    let before = self.counts;
                    self.counts = patiently(id, || self.store.counts(id)).await?;
                    self.leave_out_what_is_written(before);
                }
            }
        }
        Ok(())
    }

    fn next_update(&self) -> Update {
        let mut counts = self.counts;
        let mut entries = Vec::with_capacity(self.waiting.len());
        let mut standing = None;
        for told in &self.waiting {
            let timestamp = timestamp_text(told.at);
            if told.number < self.counts.progress {
                if counts.replayed < REPLAYED_MAX {
                    counts.replayed += 1;
                    let message = format!("[REPLAY] {}", told.message);
                    entries.push(LogEntry {
                        timestamp,
                        step: told.stage,
                        message,
                        level: Level::Replay,
                    });
                }
            } else {
                counts.progress = told.number + 1;
                entries.push(LogEntry {
                    timestamp,
                    step: told.stage,
                    message: told.message.clone(),
                    level: told.level,
                });
                standing = Some(Standing {
                    status: told.status,
                    stage: told.stage,
                    result: told.result.clone(),
                });
            }
        }
        Update {
            expected: self.counts,
            counts,
            entries,
            standing,
            at: timestamp_text(Timestamp::now()),
        }
    }

    /// Another invocation wrote entries, or an answer was lost: entries that are in the table by now are not written
    /// again.
    fn leave_out_what_is_written(&mut self, before: Counts) {
        let now = self.counts;
        let replays_are_written = now.replayed > before.replayed;
        self.waiting.retain(|told| {
            if told.number >= before.progress {
                told.number >= now.progress
            } else {
                !replays_are_written
            }
        });
    }
}

/// Tries until the call works, at most [`TRIES_MAX`] times.
async fn patiently<T, F: Future<Output = Result<T, StoreProgressError>>>(
    application_id: &str,
    mut attempt: impl FnMut() -> F,
) -> Result<T, TellProgressError> {
    let mut pause = PAUSE_FIRST;
    for tried in 1.. {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(cause) if tried >= TRIES_MAX => {
                return Err(TellProgressError {
                    application_id: application_id.to_owned(),
                    cause,
                });
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &(dyn std::error::Error + 'static),
                    tried,
                    "trying again"
                );
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
    unreachable!("the loop ends at the last try")
}

#[cfg(test)]
pub mod tests;
