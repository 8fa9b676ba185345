//! The network between functions and the service: it loses, delays and repeats.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use lambdura::service::{
    CheckpointDurableExecutionRequest, CheckpointDurableExecutionResponse, DurableServiceClient,
    GetDurableExecutionStateResponse, ServiceError,
};

use crate::fault::Fault;
use crate::machine::Machine;
use crate::world::Counted;

#[derive(Clone)]
pub(crate) struct AroundService {
    pub machine: Arc<Machine>,
    pub inner: Arc<dyn DurableServiceClient>,
}

/// The fault that hits a request.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    Lost,
    AnswerLost,
    Slow(Duration),
    Twice,
    Again(Duration),
}

impl AroundService {
    async fn call(
        &self,
        arn: &str,
        mut request: CheckpointDurableExecutionRequest,
    ) -> Result<CheckpointDurableExecutionResponse, ServiceError> {
        let (machine, world) = (&self.machine, &self.machine.world);
        machine.goes().await;
        let nth = world.count(Counted::Requests);
        // The SDK's own token does not come from the seed.
        request.client_token = Some(format!("request-{nth}"));
        machine.note(&format!("request {nth}: {} updates", request.updates.len()));
        match self.wrong(nth) {
            Some(Wrong::Lost) => {
                machine.note(&format!("request {nth} is lost"));
                Err(unreachable_service())
            }
            Some(Wrong::AnswerLost) => {
                let answered = self.deliver(arn, request).await;
                machine.note(&format!(
                    "the answer to request {nth} is lost ({})",
                    if answered.is_ok() {
                        "it was accepted"
                    } else {
                        "it was refused"
                    }
                ));
                Err(unreachable_service())
            }
            Some(Wrong::Slow(by)) => {
                tokio::time::sleep(by).await;
                self.deliver(arn, request).await
            }
            Some(Wrong::Twice) => {
                let first = self.deliver(arn, request.clone());
                let (answered, _) = futures_util::join!(first, self.deliver(arn, request));
                answered
            }
            Some(Wrong::Again(after)) => {
                let (again, arn) = (self.clone(), arn.to_owned());
                let repeated = request.clone();
                let answered = self.deliver(&arn, request).await;
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    let late = again.deliver(&arn, repeated).await;
                    let came = if late.is_ok() { "accepted" } else { "refused" };
                    again
                        .machine
                        .note(&format!("request {nth} comes again, and is {came}"));
                });
                answered
            }
            None => self.deliver(arn, request).await,
        }
    }

    async fn deliver(
        &self,
        arn: &str,
        request: CheckpointDurableExecutionRequest,
    ) -> Result<CheckpointDurableExecutionResponse, ServiceError> {
        let answered = self.inner.checkpoint(arn, request.clone()).await;
        self.machine.goes().await;
        if let Ok(response) = &answered {
            self.machine.world.acknowledged(arn, &request, response);
        }
        answered
    }

    fn wrong(&self, request: u64) -> Option<Wrong> {
        let after = Duration::from_millis;
        self.machine.world.fault(|fault| match *fault {
            Fault::RequestLost { nth } if nth == request => Some(Wrong::Lost),
            Fault::AnswerLost { nth } if nth == request => Some(Wrong::AnswerLost),
            Fault::RequestSlow { nth, ms } if nth == request => Some(Wrong::Slow(after(ms))),
            Fault::RequestTwice { nth } if nth == request => Some(Wrong::Twice),
            Fault::RequestAgain { nth, after_ms } if nth == request => {
                Some(Wrong::Again(after(after_ms)))
            }
            _ => None,
        })
    }
}

impl DurableServiceClient for AroundService {
    fn checkpoint<'a>(
        &'a self,
        arn: &'a str,
        request: CheckpointDurableExecutionRequest,
    ) -> BoxFuture<'a, Result<CheckpointDurableExecutionResponse, ServiceError>> {
        Box::pin(self.call(arn, request))
    }

    fn get_state<'a>(
        &'a self,
        arn: &'a str,
        checkpoint_token: &'a str,
        marker: &'a str,
    ) -> BoxFuture<'a, Result<GetDurableExecutionStateResponse, ServiceError>> {
        self.inner.get_state(arn, checkpoint_token, marker)
    }
}

fn unreachable_service() -> ServiceError {
    ServiceError::Unreachable {
        cause: "told to lose it".into(),
    }
}
