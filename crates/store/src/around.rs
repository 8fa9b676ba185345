//! A store that wraps another one: every call passes through a wrapper, which may delay it, let it fail, or end the
//! process. For fault injection.

mod catalogue;
mod executions;
mod history;
mod queue;
mod schedule_marks;
mod search;
mod work;

use std::sync::Arc;

use engine::Transition;
use model::ExecutionId;

use crate::{Durability, Store, StoreFault, StoreFuture, StoreHealth, StoreStats};

/// A filter that every call passes.
pub trait Surround: Send + Sync + 'static {
    /// Performs a call, which is done when `inner` is called and its future is awaited; or does not.
    fn call<'a, T, E>(
        &'a self,
        call: Call,
        inner: impl FnOnce() -> StoreFuture<'a, T, E> + Send + 'a,
    ) -> StoreFuture<'a, T, E>
    where
        T: Send + 'a,
        E: From<StoreFault> + Send + 'a;

    /// How the store is, when its own answer is this.
    fn health(&self, inner: StoreHealth) -> StoreHealth {
        inner
    }
}

/// The kind of a call.
#[derive(Debug, Clone)]
pub enum Call {
    /// A transition of an execution.
    Commit(Arc<Transition>),
    /// Another write that carries executions on: accepted and finished asynchronous invocations, and setting aside.
    Write(&'static str),
    /// A write that describes functions and schedules.
    Describe(&'static str),
    /// An execution is loaded, to be changed.
    Load(ExecutionId),
    /// Nothing is changed.
    Read(&'static str),
}

/// See the module.
pub struct Around<S> {
    inner: Arc<dyn Store>,
    around: S,
}

impl<S> Around<S> {
    /// Puts `around` around a store.
    pub fn new(inner: Arc<dyn Store>, around: S) -> Self {
        Self { inner, around }
    }
}

impl<S: Surround> Store for Around<S> {
    fn durability(&self) -> Durability {
        self.inner.durability()
    }

    fn stats(&self) -> StoreStats {
        self.inner.stats()
    }

    fn health(&self) -> StoreHealth {
        self.around.health(self.inner.health())
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.inner.close()
    }
}
