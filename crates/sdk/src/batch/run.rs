//! How a map or parallel runs its items.
//!
//! Items start in index order, as many at a time as the maximum concurrency allows, and an item that is suspended
//! keeps its place. All of them run in the handler's task.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use lambda_api::OperationType;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::batch::branch::Branch;
use crate::batch::completion::CompletionReason;
use crate::batch::progress::{BatchProgress, Completion, ItemProgress};
use crate::batch::result::{
    self, BatchItem, BatchOutcome, BatchResult, ItemEnd, ItemStatus, Summary,
};
use crate::child::{Acknowledge, run_typed, run_virtual};
use crate::context::DurableContext;
use crate::context_operation::{Recorded, begin, succeed};
use crate::error::{BatchError, Failure};
use crate::operation_id::OperationSpec;
use crate::payload;
use crate::serdes::{self, Codec, SerDes, SerDesContext};

/// How the items of a map or parallel are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Nesting {
    /// Every item is an operation of its own, around those inside it.
    #[default]
    Nested,
    /// Items leave no record: operations inside them are recorded as if they were called on the batch itself. That
    /// saves two updates per item; the history no longer tells which item an operation belongs to.
    Flat,
}

/// The differences between a map and a parallel on the wire.
#[derive(Debug)]
pub(super) struct Flavor {
    pub(super) sub_type: &'static str,
    item_sub_type: &'static str,
    item_name: &'static str,
    summary_type: &'static str,
    /// Only the summary of a parallel counts the items that were still running.
    summary_has_started_count: bool,
}

pub(super) const PARALLEL: Flavor = Flavor {
    sub_type: "Parallel",
    item_sub_type: "ParallelBranch",
    item_name: "parallel-branch",
    summary_type: "ParallelResult",
    summary_has_started_count: true,
};

pub(super) const MAP: Flavor = Flavor {
    sub_type: "Map",
    item_sub_type: "MapIteration",
    item_name: "map-item",
    summary_type: "MapResult",
    summary_has_started_count: false,
};

/// The items of a map or parallel, and how to run them.
pub(super) struct Plan<'a, T> {
    pub(super) context: DurableContext,
    pub(super) spec: OperationSpec,
    pub(super) flavor: &'static Flavor,
    pub(super) items: Vec<Branch<'a, T>>,
    pub(super) completion: Completion<'a>,
    pub(super) max_concurrency: Option<usize>,
    pub(super) nesting: Nesting,
    pub(super) item_codec: Codec<'a, T>,
    pub(super) serdes: Option<Box<dyn SerDes<BatchResult<T>> + 'a>>,
}

impl<'a, T: Serialize + DeserializeOwned + Send + 'a> Plan<'a, T> {
    pub(super) async fn run(self) -> Result<BatchResult<T>, Failure> {
        let Self {
            context,
            spec,
            flavor,
            items,
            completion,
            max_concurrency,
            nesting,
            item_codec,
            serdes,
        } = self;
        let execution = context.execution();
        context.check(&spec)?;
        if max_concurrency == Some(0) {
            return Err(Failure::invalid(
                "the maximum concurrency of a map or parallel is at least 1",
            ));
        }
        let name = spec.name.as_deref();
        let (recorded, summary): (_, Option<Summary>) = match begin(&context, &spec).await? {
            Recorded::Result(text) => {
                let text = text.unwrap_or_default();
                return match &serdes {
                    None => result::load(name, &text),
                    Some(serdes) => {
                        let context = SerDesContext::new(&context, &spec);
                        let result = serdes::deserialize(serdes.as_ref(), &text, context)?;
                        Ok(result.named(name))
                    }
                };
            }
            Recorded::StandIn(recorded, summary) => {
                let summary = payload::decode(summary.as_deref())?;
                (Some(recorded), Some(summary))
            }
            Recorded::Open(recorded) => (recorded, None),
        };
        let inside = context.child(&spec.claim, recorded.as_deref());
        let total = items.len();
        let specs: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let mut spec = inside.claim(OperationType::Context, flavor.item_sub_type);
                let name = item.name.clone();
                spec.name = Some(name.unwrap_or_else(|| format!("{}-{index}", flavor.item_name)));
                spec
            })
            .collect();
        let waiting = items
            .into_iter()
            .zip(&specs)
            .map(|(item, spec)| {
                let (inside, codec) = (&inside, &item_codec);
                let run: ItemFuture<'_, T> = Box::pin(async move {
                    let (value, text) = match nesting {
                        Nesting::Nested => {
                            run_typed(inside, spec, Acknowledge::No, codec, item.body).await?
                        }
                        Nesting::Flat => run_virtual(inside, spec, codec, item.body).await?,
                    };
                    let json = match text {
                        Some(text) if codec.is_json() => text,
                        Some(_) | None => payload::encode(&value)?,
                    };
                    Ok((value, json))
                });
                run
            })
            .collect();
        let mut running = Running {
            items: waiting,
            ends: Vec::new(),
            total,
            max_concurrency: max_concurrency.unwrap_or(usize::MAX),
        };

        let Some(summary) = summary else {
            let reason = poll_fn(|task| running.poll(task, &completion)).await;
            // Items that are still running stop here: nothing inside them may be recorded after the batch.
            execution.discard(std::mem::take(&mut running.items));
            let ends = running.ends;
            let summary = Summary::of(
                flavor.summary_type,
                flavor.summary_has_started_count,
                total,
                &ends,
                reason,
            );
            let (text, result) = match &serdes {
                None => (
                    result::store(&ends, reason)?,
                    into_result(name, ends, reason),
                ),
                Some(serdes) => {
                    let context = SerDesContext::new(&context, &spec);
                    let result = into_result(name, ends, reason);
                    let text = serdes::serialize(serdes.as_ref(), &result, context)?;
                    let result: BatchResult<T> =
                        serdes::deserialize(serdes.as_ref(), &text, context)?;
                    (text, result.named(name))
                }
            };
            let succeed = succeed(&spec, Some(&text), || payload::encode(&summary))?;
            execution.record(succeed).await;
            return Ok(result);
        };

        // The summary records which items count, and why the batch was complete; only the results come from the items.
        for (index, status) in summary.item_statuses().enumerate() {
            let mut end = None;
            if status != ItemStatus::Started {
                let Some(item) = running.items.get_mut(index) else {
                    let what = format!("operation {spec} had more than {total} items");
                    return execution.fail_execution(what).await;
                };
                end = Some(item.as_mut().await.into());
            }
            running.ends.push(end);
        }
        execution.discard(std::mem::take(&mut running.items));
        Ok(into_result(name, running.ends, summary.completion_reason))
    }
}

type ItemFuture<'a, T> = Pin<Box<dyn Future<Output = Result<(T, String), Failure>> + Send + 'a>>;

impl<T> From<Result<(T, String), Failure>> for ItemEnd<T> {
    fn from(ran: Result<(T, String), Failure>) -> Self {
        match ran {
            Ok((value, json)) => Self::Succeeded { value, json },
            Err(failure) => Self::Failed(failure),
        }
    }
}

/// The items of a batch under way.
struct Running<'a, T> {
    items: Vec<ItemFuture<'a, T>>,
    /// One entry per item that was started; `None` while it runs.
    ends: Vec<Option<ItemEnd<T>>>,
    total: usize,
    max_concurrency: usize,
}

impl<T> Running<'_, T> {
    /// Polls the items in order and starts new ones, until the batch is complete.
    fn poll(
        &mut self,
        task: &mut Context<'_>,
        completion: &Completion<'_>,
    ) -> Poll<CompletionReason> {
        if let Some(reason) = self.decide(completion) {
            return Poll::Ready(reason);
        }
        for index in 0..self.total {
            if index == self.ends.len() {
                let under_way = self.ends.iter().filter(|end| end.is_none()).count();
                if under_way >= self.max_concurrency {
                    break;
                }
                self.ends.push(None);
            }
            if self.ends[index].is_some() {
                continue;
            }
            if let Poll::Ready(ran) = self.items[index].as_mut().poll(task) {
                self.ends[index] = Some(ran.into());
                if let Some(reason) = self.decide(completion) {
                    return Poll::Ready(reason);
                }
            }
        }
        Poll::Pending
    }

    fn decide(&self, completion: &Completion<'_>) -> Option<CompletionReason> {
        let mut items: Vec<_> = self
            .ends
            .iter()
            .map(|end| match end {
                None => ItemProgress::Started,
                Some(ItemEnd::Succeeded { .. }) => ItemProgress::Succeeded,
                Some(ItemEnd::Failed(_)) => ItemProgress::Failed,
            })
            .collect();
        items.resize(self.total, ItemProgress::Waiting);
        completion.decide(&BatchProgress::new(items))
    }
}

fn into_result<T>(
    name: Option<&str>,
    ends: Vec<Option<ItemEnd<T>>>,
    reason: CompletionReason,
) -> BatchResult<T> {
    let items = ends
        .into_iter()
        .enumerate()
        .map(|(index, end)| BatchItem {
            index,
            outcome: match end {
                Some(ItemEnd::Succeeded { value, .. }) => BatchOutcome::Succeeded(value),
                Some(ItemEnd::Failed(failure)) => {
                    BatchOutcome::Failed(BatchError::new(name, failure))
                }
                None => BatchOutcome::Started,
            },
        })
        .collect();
    BatchResult::new(name, reason, items)
}
