//! What calls of a store return.

use std::future::Future;
use std::pin::Pin;

use crate::error::StoreFault;

/// The future of a store call. Dropping it does not undo the call: what was handed over is done.
pub type StoreFuture<'a, T, E = StoreFault> =
    Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;
