//! The result of a map or parallel, and how it is stored.
//!
//! The stored form is the one that the official JavaScript and Go SDKs share, so histories can be read by the same
//! tools. A batch whose results are too large is stored as a summary; replay then takes the results from its items.

use lambda_api::ErrorObject;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::batch::completion::CompletionReason;
use crate::error::{BatchError, Failure, FailureKind};
use crate::payload;

/// The outcome of a map or parallel: one entry per item that was started.
#[derive(Clone, Debug)]
pub struct BatchResult<T> {
    items: Vec<BatchItem<T>>,
    completion_reason: CompletionReason,
    name: Option<String>,
}

/// One item of a [`BatchResult`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BatchItem<T> {
    /// Its place among the items, from 0.
    pub index: usize,
    /// Its outcome.
    pub outcome: BatchOutcome<T>,
}

/// Whether a map or parallel went well as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BatchStatus {
    /// No item failed, or a rule of the user's own calls it a success.
    Succeeded,
    /// At least one item failed, or a rule of the user's own calls it a failure.
    Failed,
}

impl BatchStatus {
    fn of(reason: CompletionReason, failure_count: usize) -> Self {
        match reason {
            CompletionReason::CustomCompletionSucceeded => Self::Succeeded,
            CompletionReason::CustomCompletionFailed => Self::Failed,
            CompletionReason::AllCompleted
            | CompletionReason::MinSuccessfulReached
            | CompletionReason::FailureToleranceExceeded => match failure_count {
                0 => Self::Succeeded,
                _ => Self::Failed,
            },
        }
    }
}

/// The outcome of an item.
#[derive(Clone, Debug)]
pub enum BatchOutcome<T> {
    /// It returned this.
    Succeeded(T),
    /// It failed with this.
    Failed(BatchError),
    /// It was still running when the batch was complete.
    Started,
}

impl<T> BatchResult<T> {
    pub(crate) fn new(
        name: Option<&str>,
        completion_reason: CompletionReason,
        items: Vec<BatchItem<T>>,
    ) -> Self {
        Self {
            items,
            completion_reason,
            name: name.map(str::to_owned),
        }
    }

    /// The result of a batch in which every item succeeded, with one of `results` each: for a [`SerDes`](crate::SerDes)
    /// that stores only the results.
    ///
    /// ```
    /// let result = lambdura::BatchResult::from_results([700, 640]);
    /// assert_eq!(result.total_count(), 2);
    /// ```
    #[must_use]
    pub fn from_results(results: impl IntoIterator<Item = T>) -> Self {
        let items = results.into_iter().enumerate();
        let items = items.map(|(index, value)| BatchItem {
            index,
            outcome: BatchOutcome::Succeeded(value),
        });
        Self::new(None, CompletionReason::AllCompleted, items.collect())
    }

    pub(crate) fn named(mut self, name: Option<&str>) -> Self {
        self.name = name.map(str::to_owned);
        self
    }

    /// Every item that was started, in order.
    #[must_use]
    pub fn items(&self) -> &[BatchItem<T>] {
        &self.items
    }

    /// Why the batch was complete.
    #[must_use]
    pub fn completion_reason(&self) -> CompletionReason {
        self.completion_reason
    }

    /// The results of the items that succeeded, in order.
    pub fn results(&self) -> impl Iterator<Item = &T> {
        self.items.iter().filter_map(|item| match &item.outcome {
            BatchOutcome::Succeeded(value) => Some(value),
            BatchOutcome::Failed(_) | BatchOutcome::Started => None,
        })
    }

    /// The errors of the items that failed, in order.
    pub fn errors(&self) -> impl Iterator<Item = &BatchError> {
        self.items.iter().filter_map(|item| match &item.outcome {
            BatchOutcome::Failed(error) => Some(error),
            BatchOutcome::Succeeded(_) | BatchOutcome::Started => None,
        })
    }

    /// Whether all went well: failed if any item did, even where failures are tolerated, unless
    /// [`Batch::complete_when`](crate::Batch::complete_when) has decided.
    /// Source: conformance cases 8-9 and 8-16.
    #[must_use]
    pub fn status(&self) -> BatchStatus {
        BatchStatus::of(self.completion_reason, self.failure_count())
    }

    /// How many items were started.
    #[must_use]
    pub fn total_count(&self) -> usize {
        self.items.len()
    }

    /// How many items succeeded.
    #[must_use]
    pub fn success_count(&self) -> usize {
        self.results().count()
    }

    /// How many items failed.
    #[must_use]
    pub fn failure_count(&self) -> usize {
        self.errors().count()
    }

    /// How many items were still running when the batch was complete.
    #[must_use]
    pub fn started_count(&self) -> usize {
        self.items.len() - self.success_count() - self.failure_count()
    }

    /// Whether any item failed.
    #[must_use]
    pub fn has_failure(&self) -> bool {
        self.errors().next().is_some()
    }

    /// The results of the items that succeeded, in order, if none failed.
    ///
    /// # Errors
    ///
    /// The error of the first item that failed, or one of its own if
    /// [`Batch::complete_when`](crate::Batch::complete_when) called the batch a failure without any.
    pub fn into_results(self) -> Result<Vec<T>, BatchError> {
        let mut results = Vec::with_capacity(self.items.len());
        for item in self.items {
            match item.outcome {
                BatchOutcome::Succeeded(value) => results.push(value),
                BatchOutcome::Failed(error) => return Err(error),
                BatchOutcome::Started => {}
            }
        }
        if self.completion_reason == CompletionReason::CustomCompletionFailed {
            let message = "the batch was completed as a failure";
            let failure = Failure::failed("BatchCompletionError", message);
            return Err(BatchError::new(self.name.as_deref(), failure));
        }
        Ok(results)
    }

    /// The name of the operation, if it has one.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

/// An item's end as it is stored.
pub(crate) enum ItemEnd<T> {
    Succeeded { value: T, json: String },
    Failed(Failure),
}

#[derive(Serialize, Deserialize)]
struct StoredBatch<R> {
    all: Vec<StoredItem<R>>,
    #[serde(rename = "completionReason")]
    completion_reason: CompletionReason,
}

#[derive(Serialize, Deserialize)]
struct StoredItem<R> {
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<R>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ErrorObject>,
    index: usize,
    status: ItemStatus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ItemStatus {
    Succeeded,
    Failed,
    Started,
}

/// Serialises the ends of the items that were started.
pub(crate) fn store<T>(
    ends: &[Option<ItemEnd<T>>],
    completion_reason: CompletionReason,
) -> Result<String, Failure> {
    let mut all = Vec::with_capacity(ends.len());
    for (index, end) in ends.iter().enumerate() {
        let (result, error, status) = match end {
            Some(ItemEnd::Succeeded { json, .. }) => {
                let raw: Box<RawValue> = payload::decode(Some(json))?;
                (Some(raw), None, ItemStatus::Succeeded)
            }
            Some(ItemEnd::Failed(failure)) => (None, Some(failure.to_wire()), ItemStatus::Failed),
            None => (None, None, ItemStatus::Started),
        };
        all.push(StoredItem {
            result,
            error,
            index,
            status,
        });
    }
    payload::encode(&StoredBatch {
        all,
        completion_reason,
    })
}

/// Reads what [`store`] wrote.
pub(crate) fn load<T: DeserializeOwned>(
    name: Option<&str>,
    text: &str,
) -> Result<BatchResult<T>, Failure> {
    let stored = payload::decode(Some(text))?;
    from_stored(name, stored)
}

fn from_stored<T: DeserializeOwned>(
    name: Option<&str>,
    stored: StoredBatch<Box<RawValue>>,
) -> Result<BatchResult<T>, Failure> {
    let mut items = Vec::with_capacity(stored.all.len());
    for item in stored.all {
        let outcome = match item.status {
            ItemStatus::Succeeded => {
                let json = item.result.as_ref().map(|raw| raw.get());
                BatchOutcome::Succeeded(payload::decode(json)?)
            }
            ItemStatus::Failed => {
                let failure = Failure::from_wire(item.error.as_ref(), FailureKind::Failed);
                BatchOutcome::Failed(BatchError::new(name, failure))
            }
            ItemStatus::Started => BatchOutcome::Started,
        };
        items.push(BatchItem {
            index: item.index,
            outcome,
        });
    }
    Ok(BatchResult::new(name, stored.completion_reason, items))
}

/// In the form in which the official SDKs store it.
impl<T: Serialize> Serialize for BatchResult<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = self.items.iter().map(|item| {
            let (result, error, status) = match &item.outcome {
                BatchOutcome::Succeeded(value) => (Some(value), None, ItemStatus::Succeeded),
                BatchOutcome::Failed(error) => (None, Some(error.to_wire()), ItemStatus::Failed),
                BatchOutcome::Started => (None, None, ItemStatus::Started),
            };
            StoredItem {
                result,
                error,
                index: item.index,
                status,
            }
        });
        let stored = StoredBatch {
            all: all.collect(),
            completion_reason: self.completion_reason,
        };
        stored.serialize(serializer)
    }
}

/// From JSON; other formats cannot be read.
impl<'de, T: DeserializeOwned> Deserialize<'de> for BatchResult<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = StoredBatch::deserialize(deserializer)?;
        from_stored(None, stored).map_err(|failure| D::Error::custom(failure.message))
    }
}

/// The summary that is stored for a batch whose results are too large.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    r#type: String,
    total_count: usize,
    success_count: usize,
    failure_count: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started_count: Option<usize>,
    pub(crate) completion_reason: CompletionReason,
    status: BatchStatus,
    /// `S`ucceeded, `F`ailed or `-` for still running, one per item that was started.
    item_statuses: String,
}

impl Summary {
    pub(crate) fn of<T>(
        result_type: &str,
        has_started_count: bool,
        total: usize,
        ends: &[Option<ItemEnd<T>>],
        completion_reason: CompletionReason,
    ) -> Self {
        let item_statuses: String = ends
            .iter()
            .map(|end| match end {
                Some(ItemEnd::Succeeded { .. }) => 'S',
                Some(ItemEnd::Failed(_)) => 'F',
                None => '-',
            })
            .collect();
        let count = |status| item_statuses.matches(status).count();
        let failure_count = count('F');
        Self {
            r#type: result_type.to_owned(),
            total_count: total,
            success_count: count('S'),
            failure_count,
            started_count: has_started_count.then(|| count('-')),
            completion_reason,
            status: BatchStatus::of(completion_reason, failure_count),
            item_statuses,
        }
    }

    pub(crate) fn item_statuses(&self) -> impl Iterator<Item = ItemStatus> {
        self.item_statuses.chars().map(|status| match status {
            'S' => ItemStatus::Succeeded,
            'F' => ItemStatus::Failed,
            _ => ItemStatus::Started,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends() -> Vec<Option<ItemEnd<u32>>> {
        vec![
            Some(ItemEnd::Succeeded {
                value: 7,
                json: "7".to_owned(),
            }),
            Some(ItemEnd::Failed(Failure::failed("Refused", "no"))),
            None,
        ]
    }

    #[test]
    fn stored_form_is_that_of_the_official_sdks() {
        let text = store(&ends(), CompletionReason::MinSuccessfulReached).unwrap();
        assert_eq!(
            text,
            r#"{"all":[{"result":7,"index":0,"status":"SUCCEEDED"},{"error":{"ErrorMessage":"no","ErrorType":"Refused"},"index":1,"status":"FAILED"},{"index":2,"status":"STARTED"}],"completionReason":"MIN_SUCCESSFUL_REACHED"}"#
        );
        let read: BatchResult<u32> = load(Some("b"), &text).unwrap();
        assert_eq!(read.results().collect::<Vec<_>>(), [&7]);
        assert_eq!(read.started_count(), 1);
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        let again: BatchResult<u32> = serde_json::from_str(&text).unwrap();
        assert_eq!(again.status(), BatchStatus::Failed);
        assert_eq!(again.total_count(), 3);
        let error = read.into_results().unwrap_err();
        assert_eq!(error.message(), "no");
        assert_eq!(error.error_type(), Some("Refused"));
    }

    #[test]
    fn summary_is_that_of_the_official_sdks() {
        let reason = CompletionReason::FailureToleranceExceeded;
        let summary = Summary::of("ParallelResult", true, 4, &ends(), reason);
        assert_eq!(
            serde_json::to_string(&summary).unwrap(),
            r#"{"type":"ParallelResult","totalCount":4,"successCount":1,"failureCount":1,"startedCount":1,"completionReason":"FAILURE_TOLERANCE_EXCEEDED","status":"FAILED","itemStatuses":"SF-"}"#
        );
    }
}
