//! How a map or parallel runs its items.
//!
//! Items start in index order, as many at a time as the maximum concurrency allows, and an item that is suspended
//! keeps its place. All of them run in the handler's task.

use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lambda_api::OperationType;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::batch::completion::{CompletionConfig, CompletionReason};
use crate::batch::progress::{BatchProgress, Completion, ItemProgress};
use crate::batch::result::{
    self, BatchItem, BatchOutcome, BatchResult, BatchStatus, ItemEnd, ItemStatus, Summary,
};
use crate::child::{Acknowledge, ChildBody, boxed_body, run_typed, run_virtual};
use crate::context::DurableContext;
use crate::context_operation::{Recorded, begin, succeed};
use crate::error::{BatchError, BoxError, ChildContextError, Failure};
use crate::operation_id::OperationSpec;
use crate::payload;
use crate::serdes::{self, Codec, SerDes, SerDesContext};
use crate::unfinished::Unfinished;

/// A branch of a [parallel](DurableContext::parallel), made by [`branch`].
pub struct Branch<'a, T> {
    name: Option<String>,
    body: Box<ChildBody<'a, T>>,
}

/// A branch of a [parallel](DurableContext::parallel): user code that gets a context of its own.
///
/// ```
/// use lambdura::{BoxError, branch};
///
/// let equifax = branch(|ctx| async move { Ok::<_, BoxError>(ctx.is_replaying()) }).name("equifax");
/// # drop(equifax);
/// ```
pub fn branch<'a, T, F, Fut, E>(body: F) -> Branch<'a, T>
where
    F: FnOnce(DurableContext) -> Fut + Send + 'a,
    Fut: Future<Output = Result<T, E>> + Send + 'a,
    E: Into<BoxError> + 'a,
{
    Branch {
        name: None,
        body: boxed_body(body, ChildContextError::WIRE_TYPE),
    }
}

impl<T> Branch<'_, T> {
    /// Names the branch's operation, which is `parallel-branch-<index>` otherwise.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// What [`DurableContext::parallel`] takes: a [`Branch`], or a closure that takes a [`DurableContext`].
pub trait IntoBranch<'a, T> {
    /// The branch.
    fn into_branch(self) -> Branch<'a, T>;
}

impl<'a, T> IntoBranch<'a, T> for Branch<'a, T> {
    fn into_branch(self) -> Branch<'a, T> {
        self
    }
}

impl<'a, T, F, Fut, E> IntoBranch<'a, T> for F
where
    F: FnOnce(DurableContext) -> Fut + Send + 'a,
    Fut: Future<Output = Result<T, E>> + Send + 'a,
    E: Into<BoxError> + 'a,
{
    fn into_branch(self) -> Branch<'a, T> {
        branch(self)
    }
}

/// What is recorded of the items of a map or parallel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Nesting {
    /// Every item is an operation of its own, around those inside it.
    #[default]
    Nested,
    /// Items leave no record: what is inside them is recorded as if it were called on the batch itself. That is two
    /// updates per item less; the history no longer tells which item an operation belongs to.
    Flat,
}

/// What distinguishes a map from a parallel on the wire.
#[derive(Debug)]
struct Flavor {
    sub_type: &'static str,
    item_sub_type: &'static str,
    item_name: &'static str,
    summary_type: &'static str,
    /// Only the summary of a parallel counts what was still running.
    summary_has_started_count: bool,
}

const PARALLEL: Flavor = Flavor {
    sub_type: "Parallel",
    item_sub_type: "ParallelBranch",
    item_name: "parallel-branch",
    summary_type: "ParallelResult",
    summary_has_started_count: true,
};

const MAP: Flavor = Flavor {
    sub_type: "Map",
    item_sub_type: "MapIteration",
    item_name: "map-item",
    summary_type: "MapResult",
    summary_has_started_count: false,
};

impl DurableContext {
    /// Runs branches concurrently, each in a child context of its own.
    ///
    /// Branches are [`branch`](crate::branch)es, which can have names, or closures that take a [`DurableContext`].
    /// The first failure ends the whole unless the [completion](Batch::completion) says otherwise.
    ///
    /// ```no_run
    /// # use lambdura::{BoxError, DurableContext, StepContext, branch};
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// let squares: Vec<u32> = ctx
    ///     .parallel([1, 2, 3].map(|number| {
    ///         branch(move |ctx| async move {
    ///             ctx.step(move |_: StepContext| async move { Ok::<u32, BoxError>(number * number) }).await
    ///         })
    ///     }))
    ///     .await?
    ///     .into_results()?;
    /// # Ok(()) }
    /// ```
    pub fn parallel<'a, T, B>(&self, branches: impl IntoIterator<Item = B>) -> Batch<'a, T>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
        B: IntoBranch<'a, T>,
    {
        let items = branches.into_iter().map(IntoBranch::into_branch).collect();
        Batch::new(self, &PARALLEL, items)
    }

    /// Runs `body` for every item concurrently, each in a child context of its own.
    ///
    /// ```no_run
    /// # use lambdura::{BoxError, DurableContext, StepContext};
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// let lengths: Vec<usize> = ctx
    ///     .map(["a", "bb"], |ctx, item| async move {
    ///         ctx.step(move |_: StepContext| async move { Ok::<_, BoxError>(item.len()) }).await
    ///     })
    ///     .name("measure")
    ///     .max_concurrency(10)
    ///     .await?
    ///     .into_results()?;
    /// # Ok(()) }
    /// ```
    pub fn map<'a, T, I, F, Fut, E>(
        &self,
        items: impl IntoIterator<Item = I>,
        body: F,
    ) -> Batch<'a, T>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
        I: Send + 'a,
        F: Fn(DurableContext, I) -> Fut + Send + Sync + 'a,
        Fut: Future<Output = Result<T, E>> + Send + 'a,
        E: Into<BoxError> + 'a,
    {
        let body = Arc::new(body);
        let items = items
            .into_iter()
            .map(|item| {
                let body = Arc::clone(&body);
                branch(move |context| body(context, item))
            })
            .collect();
        Batch::new(self, &MAP, items)
    }
}

/// A map or parallel that was called and not awaited yet; see [`DurableContext::map`] and
/// [`DurableContext::parallel`].
#[must_use = "no item runs until this is awaited"]
pub struct Batch<'a, T> {
    context: DurableContext,
    spec: OperationSpec,
    flavor: &'static Flavor,
    items: Vec<Branch<'a, T>>,
    completion: Completion<'a>,
    max_concurrency: Option<usize>,
    nesting: Nesting,
    item_codec: Codec<'a, T>,
    serdes: Option<Box<dyn SerDes<BatchResult<T>> + 'a>>,
}

impl<'a, T: Serialize + DeserializeOwned + Send + 'a> Batch<'a, T> {
    fn new(context: &DurableContext, flavor: &'static Flavor, items: Vec<Branch<'a, T>>) -> Self {
        Self {
            context: context.clone(),
            spec: context.claim(OperationType::Context, flavor.sub_type),
            flavor,
            items,
            completion: Completion::Config(CompletionConfig::default()),
            max_concurrency: None,
            nesting: Nesting::default(),
            item_codec: Codec::Json,
            serdes: None,
        }
    }

    /// Names the operation: 1 to 256 printable ASCII characters.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = Some(name.into());
        self
    }

    /// Names the items' operations by their index, from 0; they are `parallel-branch-<index>` or `map-item-<index>`
    /// otherwise.
    pub fn item_names(mut self, name: impl Fn(usize) -> String) -> Self {
        for (index, item) in self.items.iter_mut().enumerate() {
            item.name = Some(name(index));
        }
        self
    }

    /// How many items may be under way at a time, at least one; without it all are.
    pub fn max_concurrency(mut self, count: usize) -> Self {
        self.max_concurrency = Some(count);
        self
    }

    /// When the batch is complete before every item has run to its end.
    pub fn completion(mut self, completion: CompletionConfig) -> Self {
        self.completion = Completion::Config(completion);
        self
    }

    /// Completes the batch as soon as `decide` says whether it went well; takes the place of
    /// [`completion`](Self::completion).
    ///
    /// It is asked before the first item starts and after each that ends, in every invocation until the batch is
    /// complete. As items end in another order when they are replayed, it must go by the progress alone, and more
    /// progress must not change its mind. A batch whose items have all ended is complete whatever it says.
    ///
    /// Source: option `shouldComplete` of the official SDKs.
    ///
    /// ```no_run
    /// # use lambdura::{BatchStatus, BoxError, DurableContext, StepContext};
    /// # async fn ask(_: &str) -> Result<bool, BoxError> { Ok(true) }
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// let majority = ctx
    ///     .map(["a", "b", "c"], |ctx, judge| async move {
    ///         ctx.step(move |_: StepContext| ask(judge)).await
    ///     })
    ///     .complete_when(|progress| {
    ///         let needed = progress.total_count() / 2 + 1;
    ///         if progress.success_count() >= needed {
    ///             return Some(BatchStatus::Succeeded);
    ///         }
    ///         let possible = progress.total_count() - progress.failure_count();
    ///         (possible < needed).then_some(BatchStatus::Failed)
    ///     })
    ///     .await?
    ///     .status();
    /// # Ok(()) }
    /// ```
    pub fn complete_when(
        mut self,
        decide: impl Fn(&BatchProgress) -> Option<BatchStatus> + Send + Sync + 'a,
    ) -> Self {
        self.completion = Completion::Custom(Box::new(decide));
        self
    }

    /// Whether every item is recorded as an operation of its own, which it is unless told otherwise.
    /// Source: option `nesting` of the official SDKs; conformance cases 8-12 and 9-12.
    pub fn nesting(mut self, nesting: Nesting) -> Self {
        self.nesting = nesting;
        self
    }

    /// Reads and writes the result of each item with `serdes` instead of serde's JSON.
    ///
    /// The whole result of the batch is another record: see [`serdes`](Self::serdes).
    pub fn item_serdes(mut self, serdes: impl SerDes<T> + 'a) -> Self {
        self.item_codec = Codec::Custom(Box::new(serdes));
        self
    }

    /// Reads and writes the whole result with `serdes`, unless it is too large to be stored.
    ///
    /// A [`BatchResult`] is itself serialisable with serde, to JSON and back.
    pub fn serdes(mut self, serdes: impl SerDes<BatchResult<T>> + 'a) -> Self {
        self.serdes = Some(Box::new(serdes));
        self
    }

    async fn run(self) -> Result<BatchResult<T>, Failure> {
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
            // What is still running stops here: nothing inside may be recorded after the batch.
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

        // Which items count, and why the batch was complete, is recorded; only the results come from the items.
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

impl<'a, T: Serialize + DeserializeOwned + Send + 'a> IntoFuture for Batch<'a, T> {
    type Output = Result<BatchResult<T>, BatchError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let name = self.spec.name.clone();
            let unfinished = Unfinished::new(&self.context, &self.spec);
            let ran = self.run().await;
            unfinished.finish();
            ran.map_err(|failure| BatchError::new(name.as_deref(), failure))
        })
    }
}
