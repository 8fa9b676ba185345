//! Handlers of one type, so that one program can be any of them.

use std::future::Future;

use futures_util::future::BoxFuture;
use lambdura::{BoxError, DurableContext};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A durable handler whose event and result are JSON.
pub type Handler =
    Box<dyn Fn(Value, DurableContext) -> BoxFuture<'static, Result<Value, BoxError>> + Send + Sync>;

/// Makes a [`Handler`] of a handler with types of its own.
pub fn boxed<Event, T, Fut>(handler: fn(Event, DurableContext) -> Fut) -> Option<Handler>
where
    Event: DeserializeOwned + Send + 'static,
    T: Serialize,
    Fut: Future<Output = Result<T, BoxError>> + Send + 'static,
{
    Some(Box::new(move |event, ctx| {
        Box::pin(async move {
            let event = serde_json::from_value(event)?;
            let result = handler(event, ctx).await?;
            Ok(serde_json::to_value(result)?)
        })
    }))
}
