//! Starting an execution.

use std::future::IntoFuture;

use futures_util::future::BoxFuture;
use model::{ExecutionName, FunctionName, Trigger};
use serde::Serialize;

use super::app::{Embedded, json};
use super::error::Error;
use super::execution::Execution;

/// An execution to be started; see [`Embedded::start`].
///
/// When awaiting it returns `Ok`, the execution is recorded, and comes to its end however often the program is killed.
#[must_use = "nothing is started until this is awaited"]
pub struct Start {
    app: Embedded,
    handler: String,
    input: Result<String, Error>,
    name: Option<String>,
}

impl Start {
    pub(super) fn new(app: Embedded, handler: String, input: &(impl Serialize + ?Sized)) -> Self {
        Self {
            app,
            handler,
            input: json(input),
            name: None,
        }
    }

    /// Names the execution: starting it again with the same input is harmless, and gives the one that there is.
    ///
    /// 1 to 64 characters of `A-Z a-z 0-9 _ -`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

impl IntoFuture for Start {
    type Output = Result<Execution, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let unknown = |_| Error::UnknownHandler(self.handler.clone());
            let handler = FunctionName::parse(&self.handler).map_err(unknown)?;
            let name = self.name.as_deref().map(ExecutionName::parse).transpose()?;
            let request = self
                .app
                .request(handler, name, self.input?, Trigger::Invoke)?;
            let started = self.app.inner.driver.start(request).await;
            let started = started.map_err(Error::of_start)?;
            Ok(Execution::new(self.app.clone(), started.arn().clone()))
        })
    }
}
