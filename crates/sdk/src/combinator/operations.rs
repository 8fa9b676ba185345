//! Which operations combinators take.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::batch::{Batch, BatchResult};
use crate::callback::Callback;
use crate::child::ChildContext;
use crate::combinator::calls::{JoinAll, Race, SelectOk, Settled, TryJoinAll};
use crate::combinator::future::{DurableFuture, DurableOperation, sealed};
use crate::condition::WaitForCondition;
use crate::invoke::Invoke;
use crate::step::{DurableStep, Step};
use crate::wait::Wait;
use crate::wait_for_callback::WaitForCallback;
use crate::with_retry::WithRetry;

/// Gives operations their `future()`.
macro_rules! operations {
    ($($(#[$meta:meta])* [$($generics:tt)*] $operation:ty => $output:ty $(where [$($bounds:tt)*])?;)+) => {
        $(
            impl<$($generics)*> $operation $(where $($bounds)*)? {
                /// The operation as a [`DurableFuture`], which combinators take beside operations of other kinds.
                /// It does nothing until it is awaited.
                pub fn future(self) -> DurableFuture<'a, $output> {
                    DurableFuture::new(self)
                }
            }

            impl<$($generics)*> sealed::Sealed for $operation $(where $($bounds)*)? {}

            impl<$($generics)*> DurableOperation<'a> for $operation $(where $($bounds)*)? {
                type Output = $output;

                fn future(self) -> DurableFuture<'a, $output> {
                    DurableFuture::new(self)
                }
            }
        )+
    };
}

operations! {
    ['a, S, T] Step<'a, S, T> => T
        where [S: DurableStep<Output = T> + 'a, T: Serialize + DeserializeOwned + Send + 'a];
    ['a, T] WaitForCallback<'a, T> => T where [T: DeserializeOwned + Send + 'a];
    ['a, T] WaitForCondition<'a, T> => T where [T: Serialize + DeserializeOwned + Send + 'a];
    ['a, T] ChildContext<'a, T> => T where [T: Serialize + DeserializeOwned + Send + 'a];
    ['a, T] Batch<'a, T> => BatchResult<T> where [T: Serialize + DeserializeOwned + Send + 'a];
    ['a, T] WithRetry<'a, T> => T where [T: Serialize + DeserializeOwned + Send + 'a];
    ['a, T] TryJoinAll<'a, T> => Vec<T> where [T: Serialize + DeserializeOwned + Send + 'a];
    ['a, T] JoinAll<'a, T> => Vec<Settled<T>> where [T: Serialize + DeserializeOwned + Send + 'a];
    ['a, T] SelectOk<'a, T> => T where [T: Serialize + DeserializeOwned + Send + 'a];
    ['a, T] Race<'a, T> => T where [T: Serialize + DeserializeOwned + Send + 'a];
}

/// The same as `operations!`, for operations that borrow nothing.
macro_rules! owned_operations {
    ($([$($generics:tt)*] $operation:ty => $output:ty $(where [$($bounds:tt)*])?;)+) => {
        $(
            impl<$($generics)*> $operation $(where $($bounds)*)? {
                /// The operation as a [`DurableFuture`], which combinators take beside operations of other kinds.
                /// It does nothing until it is awaited.
                pub fn future<'a>(self) -> DurableFuture<'a, $output> {
                    DurableFuture::new(self)
                }
            }

            impl<$($generics)*> sealed::Sealed for $operation $(where $($bounds)*)? {}

            impl<'a, $($generics)*> DurableOperation<'a> for $operation $(where $($bounds)*)? {
                type Output = $output;

                fn future(self) -> DurableFuture<'a, $output> {
                    DurableFuture::new(self)
                }
            }
        )+
    };
}

owned_operations! {
    [] Wait => ();
    [T] Invoke<T> => T where [T: DeserializeOwned + Send + 'static];
    [T] Callback<T> => T where [T: DeserializeOwned + Send + 'static];
}
