//! The branches of a parallel: user code, each with a context of its own.

use std::future::Future;

use crate::child::{ChildBody, boxed_body};
use crate::context::DurableContext;
use crate::error::{BoxError, ChildContextError};

/// A branch of a [parallel](DurableContext::parallel), made by [`branch`].
pub struct Branch<'a, T> {
    pub(super) name: Option<String>,
    pub(super) body: Box<ChildBody<'a, T>>,
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
