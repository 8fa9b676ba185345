//! Operations of every kind as one type, for combinators.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::OperationError;

/// A durable operation of any kind that was called and not awaited yet; every operation's `future()` returns one.
///
/// Combinators take operations of one type. Steps of different functions, or a step and a wait, become one with
/// `future()`, and those with different results with [`map`](Self::map):
///
/// ```no_run
/// # use std::time::Duration;
/// # use lambdura::{BoxError, DurableContext, StepContext};
/// # async fn ask(_: &str) -> Result<u32, BoxError> { Ok(7) }
/// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
/// let answer = ctx.step(|_: StepContext| ask("price")).name("ask").future().map(Some);
/// let timeout = ctx.wait(Duration::from_secs(60)).future().map(|()| None);
/// let answer: Option<u32> = ctx.race([answer, timeout]).name("answer or timeout").await?;
/// # Ok(()) }
/// ```
///
/// It can be awaited by itself as well; the error is then an [`OperationError`] instead of the error type of its kind.
#[must_use = "an operation does nothing until it is awaited"]
pub struct DurableFuture<'a, T> {
    future: Pin<Box<dyn Future<Output = Result<T, OperationError>> + Send + 'a>>,
}

impl<'a, T: 'a> DurableFuture<'a, T> {
    pub(super) fn new<O, E>(operation: O) -> Self
    where
        O: IntoFuture<Output = Result<T, E>>,
        O::IntoFuture: Send + 'a,
        E: Into<OperationError>,
    {
        let future = operation.into_future();
        Self {
            future: Box::pin(async move { future.await.map_err(Into::into) }),
        }
    }

    /// The same operation with its result changed by `change`, which must depend on the result alone.
    pub fn map<U: 'a>(self, change: impl FnOnce(T) -> U + Send + 'a) -> DurableFuture<'a, U> {
        DurableFuture {
            future: Box::pin(async move { self.future.await.map(change) }),
        }
    }
}

impl<T> Future for DurableFuture<'_, T> {
    type Output = Result<T, OperationError>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        self.future.as_mut().poll(task)
    }
}

impl<T> fmt::Debug for DurableFuture<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DurableFuture")
            .finish_non_exhaustive()
    }
}

/// An input of combinators: an operation of this SDK.
///
/// Other futures are excluded: a combinator whose outcome is recorded does not poll its inputs, so an operation called
/// inside such a future would have another place in a replay.
pub trait DurableOperation<'a>: sealed::Sealed {
    /// The operation's result.
    type Output;

    /// The operation as a [`DurableFuture`].
    fn future(self) -> DurableFuture<'a, Self::Output>;
}

pub(super) mod sealed {
    pub trait Sealed {}
}

impl<T> sealed::Sealed for DurableFuture<'_, T> {}

impl<'a, T> DurableOperation<'a> for DurableFuture<'a, T> {
    type Output = T;

    fn future(self) -> DurableFuture<'a, T> {
        self
    }
}
