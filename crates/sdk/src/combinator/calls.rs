//! The combinators as methods of a context, and their results.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::combinator::error::RecordedSettled;
use crate::combinator::future::DurableOperation;
use crate::combinator::run::{Combinator, Rule};
use crate::context::DurableContext;
use crate::error::{CombinatorError, Failure, OperationError};
use crate::payload;
use crate::unfinished::Unfinished;

/// Combinators: several operations at once.
impl DurableContext {
    /// Awaits operations at the same time, and returns their results in order, or the first failure.
    ///
    /// When one fails, those that are still running are dropped; see [`race`](Self::race) for the consequences.
    /// Without operations the result is empty.
    ///
    /// ```no_run
    /// # use lambdura::{BoxError, DurableContext, StepContext};
    /// # async fn ask(_: &str) -> Result<u32, BoxError> { Ok(7) }
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// let prices: Vec<u32> = ctx
    ///     .try_join_all(["a", "b"].map(|shop| ctx.step(move |_: StepContext| ask(shop)).name(shop)))
    ///     .name("prices")
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn try_join_all<'a, T, O>(
        &self,
        operations: impl IntoIterator<Item = O>,
    ) -> TryJoinAll<'a, T>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
        O: DurableOperation<'a, Output = T>,
    {
        TryJoinAll {
            combinator: Combinator::new(self, Rule::TryJoinAll, operations),
        }
    }

    /// Awaits operations at the same time until every one of them has ended, and returns the outcome of each, in order.
    ///
    /// ```no_run
    /// # use lambdura::{BoxError, DurableContext, Settled, StepContext};
    /// # async fn ask(_: &str) -> Result<u32, BoxError> { Ok(7) }
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// let answers = ctx
    ///     .join_all(["a", "b"].map(|shop| ctx.step(move |_: StepContext| ask(shop)).name(shop)))
    ///     .await?;
    /// for answer in answers {
    ///     match answer {
    ///         Settled::Fulfilled(price) => println!("{price}"),
    ///         Settled::Rejected(error) => println!("{:?}: {error}", error.operation()),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn join_all<'a, T, O>(&self, operations: impl IntoIterator<Item = O>) -> JoinAll<'a, T>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
        O: DurableOperation<'a, Output = T>,
    {
        JoinAll {
            combinator: Combinator::new(self, Rule::JoinAll, operations),
        }
    }

    /// Awaits operations at the same time until one succeeds, and returns its result.
    ///
    /// The others are dropped; see [`race`](Self::race) for the consequences. It fails when all of them have failed, or
    /// there are none: see [`CombinatorError::combinator_kind`](crate::CombinatorError::combinator_kind).
    ///
    /// ```no_run
    /// # use lambdura::{BoxError, DurableContext, RetryStrategy, StepContext};
    /// # async fn ask(_: &str) -> Result<u32, BoxError> { Ok(7) }
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// let price: u32 = ctx
    ///     .select_ok(["primary", "mirror"].map(|server| {
    ///         ctx.step(move |_: StepContext| ask(server)).name(server).retry(RetryStrategy::none())
    ///     }))
    ///     .name("price")
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn select_ok<'a, T, O>(&self, operations: impl IntoIterator<Item = O>) -> SelectOk<'a, T>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
        O: DurableOperation<'a, Output = T>,
    {
        SelectOk {
            combinator: Combinator::new(self, Rule::SelectOk, operations),
        }
    }

    /// Awaits operations at the same time until one ends, and returns its result or fails as it did.
    ///
    /// The winner is recorded: every later invocation returns it again, even if others have ended since. This is the
    /// difference from `tokio::select!`, which decides again in each invocation. `future()` and
    /// [`DurableFuture::map`](crate::DurableFuture::map) give operations of different kinds or results the same type.
    ///
    /// # What happens to the others
    ///
    /// They are dropped where they are, and this is not recorded:
    ///
    /// - The body of a **step** stops at its `.await`; its attempt stays recorded as started, and does not run again.
    ///   Its effects up to there are not undone. If it was waiting for its next attempt, that attempt is not made.
    /// - A **wait** continues in the service and ends without effect. If the execution is suspended at that moment, the
    ///   service may invoke the function once more for it, which then suspends again.
    /// - A **callback** stays open until it is completed or times out, or the execution ends. Completing it gives no
    ///   error, but the result is not used. Set a timeout on callbacks that may lose.
    /// - An **invoked function** runs to its end; its result is recorded but not used.
    /// - A **child context**, **parallel** or **map** stops with everything inside it.
    ///
    /// An execution may end while any of them is open.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use lambdura::{BoxError, DurableContext, StepContext};
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// let approval = ctx.create_callback::<bool>().timeout(Duration::from_secs(3600)).await?;
    /// let approved: Option<bool> = ctx
    ///     .race([
    ///         approval.future().map(Some),
    ///         ctx.wait(Duration::from_secs(600)).future().map(|()| None),
    ///     ])
    ///     .name("approval or ten minutes")
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn race<'a, T, O>(&self, operations: impl IntoIterator<Item = O>) -> Race<'a, T>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
        O: DurableOperation<'a, Output = T>,
    {
        Race {
            combinator: Combinator::new(self, Rule::Race, operations),
        }
    }
}

/// The four operations.
macro_rules! combinators {
    ($($(#[$meta:meta])* $name:ident => $output:ty, $decode:ident;)+) => {
        $(
            $(#[$meta])*
            #[must_use = "a combinator does nothing until it is awaited"]
            pub struct $name<'a, T> {
                combinator: Combinator<'a, T>,
            }

            impl<'a, T: Serialize + DeserializeOwned + Send + 'a> $name<'a, T> {
                /// Names the operation: 1 to 256 printable ASCII characters.
                pub fn name(mut self, name: impl Into<String>) -> Self {
                    self.combinator.spec.name = Some(name.into());
                    self
                }
            }

            impl<'a, T: Serialize + DeserializeOwned + Send + 'a> IntoFuture for $name<'a, T> {
                type Output = Result<$output, CombinatorError>;
                type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

                fn into_future(self) -> Self::IntoFuture {
                    let Self { combinator } = self;
                    Box::pin(async move {
                        let name = combinator.spec.name.clone();
                        let unfinished = Unfinished::new(&combinator.context, &combinator.spec);
                        let ran = combinator.run().await;
                        unfinished.finish();
                        // The caller gets the same value as a replay would.
                        ran.and_then(|text| $decode(&text))
                            .map_err(|failure| CombinatorError::new(name.as_deref(), failure))
                    })
                }
            }

            impl<T> fmt::Debug for $name<'_, T> {
                fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    formatter
                        .debug_struct(stringify!($name))
                        .field("spec", &self.combinator.spec)
                        .field("inputs", &self.combinator.inputs.len())
                        .finish()
                }
            }
        )+
    };
}

combinators! {
    /// Operations that must all succeed; see [`DurableContext::try_join_all`].
    TryJoinAll => Vec<T>, decode;
    /// Operations that are all awaited, even if some fail; see [`DurableContext::join_all`].
    JoinAll => Vec<Settled<T>>, decode_settled;
    /// Operations whose first success is the result; see [`DurableContext::select_ok`].
    SelectOk => T, decode;
    /// Operations whose first end is the result; see [`DurableContext::race`].
    Race => T, decode;
}

/// The outcome of one input of a [`join_all`](DurableContext::join_all).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settled<T> {
    /// It returned this.
    Fulfilled(T),
    /// It failed with this.
    Rejected(OperationError),
}

impl<T> Settled<T> {
    /// The outcome as a `Result`.
    ///
    /// # Errors
    ///
    /// The error that the input failed with.
    pub fn into_result(self) -> Result<T, OperationError> {
        match self {
            Self::Fulfilled(value) => Ok(value),
            Self::Rejected(error) => Err(error),
        }
    }

    /// Whether the input succeeded.
    #[must_use]
    pub fn is_fulfilled(&self) -> bool {
        matches!(self, Self::Fulfilled(_))
    }
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    payload::decode(Some(text))
}

fn decode_settled<T: DeserializeOwned>(text: &str) -> Result<Vec<Settled<T>>, Failure> {
    let settled: Vec<RecordedSettled> = decode(text)?;
    let settled = settled
        .into_iter()
        .map(|settled| match settled.into_outcome() {
            Ok(value) => decode(&value).map(Settled::Fulfilled),
            Err(error) => Ok(Settled::Rejected(error)),
        });
    settled.collect()
}
