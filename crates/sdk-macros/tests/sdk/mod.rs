//! The parts of the SDK that the macros' expansions use: its real checks of types, and stand-ins for its steps with the
//! same bounds. With the SDK itself, these tests would have to build it once more.

use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;

#[path = "../../../sdk/src/__private.rs"]
pub mod __private;

pub mod error {
    pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
}

pub struct DurableContext;
pub struct StepContext;

pub trait DurableStep {
    type Output: Serialize + DeserializeOwned + Send;
}

pub struct NamedStep<F>(F);

impl<F> NamedStep<F> {
    pub fn new(_: &'static str, step: F) -> Self {
        Self(step)
    }
}

impl<F, Fut, T, E> DurableStep for NamedStep<F>
where
    F: Fn(StepContext) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
    T: Serialize + DeserializeOwned + Send,
    E: Into<error::BoxError>,
{
    type Output = T;
}
