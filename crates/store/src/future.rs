//! The return type of a store's calls.

use std::future::Future;
use std::pin::Pin;

use crate::error::StoreFault;

/// The future of a store call. Dropping it does not undo the call: a write handed over is done.
pub type StoreFuture<'a, T, E = StoreFault> =
    Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;
