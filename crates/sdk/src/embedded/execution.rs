//! One execution, as its program sees it.

use std::fmt;
use std::sync::Arc;

use engine::Input;
use lambda_api::{Event, ExecutionStatus, GetDurableExecutionResponse};
use model::{ErrorObject, ExecutionArn, Outcome, Payload};
use runtime::TriedAgain;
use serde::de::DeserializeOwned;
use store::EventPage;
use wire::{wire_event, wire_execution};

use super::error::Error;
use super::program::Program;
use crate::payload;

/// Events read at a time.
const EVENTS: usize = 1_000;

/// Bytes read at a time, about.
const EVENT_BYTES: usize = 4 * 1024 * 1024;

/// A handle on an execution, which may be dropped and found again: see
/// [`Embedded::execution`](super::Embedded::execution) and [`Embedded::find`](super::Embedded::find).
///
/// ```no_run
/// # use lambdura::BoxError;
/// # use lambdura::embedded::{Embedded, ExecutionStatus};
/// # async fn operate(app: Embedded) -> Result<(), BoxError> {
/// if let Some(order) = app.find("order", "order-17").await? {
///     order.pause("the warehouse is closed").await?;
///     order.resume().await?;
///     order.stop("cancelled by the customer").await?;
/// }
/// for failed in app.list().handler("order").status(ExecutionStatus::Failed).limit(20).await? {
///     println!("{}", failed.durable_execution_name);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Execution {
    program: Arc<Program>,
    arn: ExecutionArn,
}

impl fmt::Debug for Execution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Execution({})", self.arn)
    }
}

impl Execution {
    pub(super) fn new(program: Arc<Program>, arn: ExecutionArn) -> Self {
        Self { program, arn }
    }

    /// Its ARN, which names it everywhere.
    #[must_use]
    pub fn arn(&self) -> String {
        self.arn.to_string()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.arn.name.as_str()
    }

    /// The name of its handler.
    #[must_use]
    pub fn handler(&self) -> &str {
        self.arn.function.name.as_str()
    }

    /// Waits for its end, and returns its result. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`] when it did not succeed; [`Error::SetAside`] when it cannot be worked on;
    /// [`Error::ShuttingDown`] when the program ends first.
    pub async fn result<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let program = &self.program;
        let ended = program.driver.wait_ended(&self.arn.id);
        let record = tokio::select! {
            biased;
            record = ended => record?,
            aside = program.driver.wait_set_aside(&self.arn.id) => {
                return Err(Error::of_set_aside(aside));
            }
            () = program.has_ended() => return Err(Error::ShuttingDown),
        };
        let record = record.ok_or_else(|| Error::UnknownExecution(self.arn()))?;
        let (status, error) = match &record.state.outcome {
            Some(Outcome::Succeeded(result)) => {
                let text = result.as_ref().map(Payload::as_str);
                return payload::decode(text).map_err(Error::of_payload);
            }
            Some(Outcome::Failed(error)) => (ExecutionStatus::Failed, error),
            Some(Outcome::TimedOut(error)) => (ExecutionStatus::TimedOut, error),
            Some(Outcome::Stopped(error)) => (ExecutionStatus::Stopped, error),
            None => unreachable!("an execution that has ended has an outcome"),
        };
        let error = lambda_api::ErrorObject {
            error_message: error.message.clone(),
            error_type: error.error_type.clone(),
            error_data: error.data.clone(),
            stack_trace: error.stack_trace.clone(),
        };
        Err(Error::Ended {
            status,
            error: Some(Box::new(error)),
        })
    }

    /// Its current state: status, input, result, and times.
    ///
    /// # Errors
    ///
    /// When it is no longer there, or the store fails.
    pub async fn get(&self) -> Result<GetDurableExecutionResponse, Error> {
        let record = self.program.driver.store().record(&self.arn.id).await?;
        let record = record.ok_or_else(|| Error::UnknownExecution(self.arn()))?;
        Ok(wire_execution(&record.spec, &record.state, true))
    }

    /// Its whole event history, oldest first.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn history(&self) -> Result<Vec<Event>, Error> {
        let store = self.program.driver.store();
        let mut history = Vec::new();
        let mut after = None;
        loop {
            let page = EventPage {
                after,
                newest_first: false,
                limit: EVENTS,
                bytes_max: EVENT_BYTES,
            };
            let events = store.events(&self.arn.id, page).await?;
            let Some(last) = events.last() else {
                return Ok(history);
            };
            after = Some(last.id);
            history.extend(events.iter().map(|event| wire_event(event, true)));
        }
    }

    /// Stops it, for this reason. An execution that has ended stays as it is.
    ///
    /// # Errors
    ///
    /// When it is no longer there, or the store fails.
    pub async fn stop(&self, reason: &str) -> Result<(), Error> {
        let error = ErrorObject {
            message: Some(reason.to_owned()),
            ..ErrorObject::default()
        };
        self.process(Input::Stop { error }).await
    }

    /// Pauses it, for this reason: its handler may finish the work in progress, and the execution goes no further until
    /// it is [resumed](Self::resume). Until then its timeout stands still.
    ///
    /// # Errors
    ///
    /// When it has ended or is no longer there, or the store fails.
    pub async fn pause(&self, reason: &str) -> Result<(), Error> {
        self.process(Input::Pause {
            reason: Some(reason.to_owned()),
            execution_timeout_paused: true,
            client_token: None,
        })
        .await
    }

    /// Resumes it.
    ///
    /// # Errors
    ///
    /// When it is not paused or no longer there, or the store fails.
    pub async fn resume(&self) -> Result<(), Error> {
        self.process(Input::Resume {
            reason: None,
            client_token: None,
        })
        .await
    }

    /// Retries it after it was [set aside](Error::SetAside), once the cause is fixed. Does nothing if it was not set
    /// aside.
    ///
    /// # Errors
    ///
    /// [`Error::SetAside`] when it fails again, and stays set aside; [`Error::Store`] when the store fails.
    pub async fn try_again(&self) -> Result<(), Error> {
        match self.program.driver.try_again(&self.arn.id).await? {
            TriedAgain::TakenBack | TriedAgain::Unknown => Ok(()),
            TriedAgain::SetAside(aside) => Err(Error::of_set_aside(aside)),
        }
    }

    async fn process(&self, input: Input) -> Result<(), Error> {
        let processed = self.program.driver.process(&self.arn.id, input).await;
        processed.map(drop).map_err(Error::of_process)
    }
}
