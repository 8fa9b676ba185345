//! Maps and parallels as methods of a context, and their options.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use lambda_api::OperationType;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::batch::branch::{Branch, IntoBranch, branch};
use crate::batch::completion::CompletionConfig;
use crate::batch::progress::{BatchProgress, Completion};
use crate::batch::result::{BatchResult, BatchStatus};
use crate::batch::run::{Flavor, MAP, Nesting, PARALLEL, Plan};
use crate::context::DurableContext;
use crate::error::{BatchError, BoxError};
use crate::serdes::{Codec, SerDes};
use crate::unfinished::Unfinished;

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
///
/// ```no_run
/// # use lambdura::{BoxError, CompletionConfig, DurableContext, Nesting, SerDes, SerDesContext, StepContext};
/// /// Numbers as hexadecimal digits.
/// struct Hexadecimal;
///
/// impl SerDes<u64> for Hexadecimal {
///     fn serialize(&self, value: &u64, _: SerDesContext<'_>) -> Result<String, BoxError> {
///         Ok(format!("{value:x}"))
///     }
///
///     fn deserialize(&self, text: &str, _: SerDesContext<'_>) -> Result<u64, BoxError> {
///         Ok(u64::from_str_radix(text, 16)?)
///     }
/// }
///
/// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
/// let letters = ["ada", "alan", "grace"];
/// let sent = ctx
///     .map(letters, |ctx, to| async move {
///         ctx.step(move |_: StepContext| async move { Ok::<_, BoxError>(to.len() as u64) }).await
///     })
///     .name("letters")
///     .item_names(|index| format!("letter-to-{}", letters[index]))
///     .completion(CompletionConfig::all_completed())
///     .nesting(Nesting::Flat)
///     .item_serdes(Hexadecimal)
///     .await?;
/// println!("{} of {} were sent", sent.success_count(), sent.total_count());
/// # Ok(()) }
/// ```
#[must_use = "no item runs until this is awaited"]
pub struct Batch<'a, T> {
    plan: Plan<'a, T>,
}

impl<'a, T: Serialize + DeserializeOwned + Send + 'a> Batch<'a, T> {
    fn new(context: &DurableContext, flavor: &'static Flavor, items: Vec<Branch<'a, T>>) -> Self {
        let plan = Plan {
            context: context.clone(),
            spec: context.claim(OperationType::Context, flavor.sub_type),
            flavor,
            items,
            completion: Completion::Config(CompletionConfig::default()),
            max_concurrency: None,
            nesting: Nesting::default(),
            item_codec: Codec::Json,
            serdes: None,
        };
        Self { plan }
    }

    /// Names the operation: 1 to 256 printable ASCII characters.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.plan.spec.name = Some(name.into());
        self
    }

    /// Names the items' operations by their index, from 0; they are `parallel-branch-<index>` or `map-item-<index>`
    /// otherwise.
    pub fn item_names(mut self, name: impl Fn(usize) -> String) -> Self {
        for (index, item) in self.plan.items.iter_mut().enumerate() {
            item.name = Some(name(index));
        }
        self
    }

    /// How many items may be under way at a time, at least one; without it all are.
    pub fn max_concurrency(mut self, count: usize) -> Self {
        self.plan.max_concurrency = Some(count);
        self
    }

    /// When the batch is complete before every item has run to its end.
    pub fn completion(mut self, completion: CompletionConfig) -> Self {
        self.plan.completion = Completion::Config(completion);
        self
    }

    /// Completes the batch as soon as `decide` says whether it went well; takes the place of
    /// [`completion`](Self::completion).
    ///
    /// It is called before the first item starts and after each item that ends, in every invocation until the batch is
    /// complete. As items end in another order when they are replayed, it must decide by the progress alone, and more
    /// progress must not change its decision. A batch whose items have all ended is complete in any case.
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
        self.plan.completion = Completion::Custom(Box::new(decide));
        self
    }

    /// Whether every item is recorded as its own operation; the default is yes.
    /// Source: option `nesting` of the official SDKs; conformance cases 8-12 and 9-12.
    pub fn nesting(mut self, nesting: Nesting) -> Self {
        self.plan.nesting = nesting;
        self
    }

    /// Reads and writes the result of each item with `serdes` instead of serde's JSON.
    ///
    /// The whole result of the batch is another record: see [`serdes`](Self::serdes).
    pub fn item_serdes(mut self, serdes: impl SerDes<T> + 'a) -> Self {
        self.plan.item_codec = Codec::Custom(Box::new(serdes));
        self
    }

    /// Reads and writes the whole result with `serdes`, unless it is too large to be stored.
    ///
    /// A [`BatchResult`] is itself serialisable with serde, to JSON and back.
    pub fn serdes(mut self, serdes: impl SerDes<BatchResult<T>> + 'a) -> Self {
        self.plan.serdes = Some(Box::new(serdes));
        self
    }
}

impl<'a, T: Serialize + DeserializeOwned + Send + 'a> IntoFuture for Batch<'a, T> {
    type Output = Result<BatchResult<T>, BatchError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { plan } = self;
            let name = plan.spec.name.clone();
            let unfinished = Unfinished::new(&plan.context, &plan.spec);
            let ran = plan.run().await;
            unfinished.finish();
            ran.map_err(|failure| BatchError::new(name.as_deref(), failure))
        })
    }
}
