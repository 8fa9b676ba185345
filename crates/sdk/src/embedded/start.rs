//! Starting an execution.

use std::future::IntoFuture;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{ExecutionName, FunctionName, Trigger};
use serde::Serialize;

use super::error::Error;
use super::execution::Execution;
use super::program::Program;
use crate::payload;

/// An execution to be started; see [`Embedded::start`](super::Embedded::start).
///
/// When awaiting it returns `Ok`, the execution is recorded, and runs to its end even if the program is killed in
/// between.
#[must_use = "nothing is started until this is awaited"]
pub struct Start {
    program: Arc<Program>,
    handler: String,
    input: Result<String, Error>,
    name: Option<String>,
}

impl Start {
    pub(super) fn new(
        program: Arc<Program>,
        handler: String,
        input: &(impl Serialize + ?Sized),
    ) -> Self {
        Self {
            program,
            handler,
            input: payload::encode(input).map_err(Error::of_payload),
            name: None,
        }
    }

    /// Names the execution: starting it again with the same input is harmless, and returns the existing execution.
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
                .program
                .request(handler, name, self.input?, Trigger::Invoke)?;
            let started = self.program.driver.start(request).await;
            let started = started.map_err(Error::of_start)?;
            Ok(Execution::new(
                Arc::clone(&self.program),
                started.arn().clone(),
            ))
        })
    }
}
