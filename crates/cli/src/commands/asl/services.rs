//! Calls of AWS's services that a state machine makes itself.

use std::time::Duration;

use lambdura::NamedError;
use state_machine::{Service, ServiceAnswer, ServiceRequest, Services};

use super::mocks::{Answer, Mocks};
use crate::client::{CallError, Client};

/// Where AWS's SDKs find DynamoDB, and the Lambda API: Step Functions is served beside it.
const TABLES: &str = "AWS_ENDPOINT_URL_DYNAMODB";
const LAMBDA: &str = "AWS_ENDPOINT_URL_LAMBDA";

/// How long an answer may take where the state says nothing.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// Services by their endpoints.
#[derive(Debug)]
pub struct Endpoints {
    tables: Option<String>,
    states: Option<String>,
}

impl Endpoints {
    /// Those that a server tells the functions that it runs.
    pub fn of_function() -> Self {
        let variable = |name| {
            std::env::var(name)
                .ok()
                .filter(|url: &String| !url.is_empty())
        };
        Self {
            tables: variable(TABLES),
            states: variable(LAMBDA),
        }
    }

    /// All at one.
    pub fn at(endpoint: &str) -> Self {
        Self {
            tables: Some(endpoint.to_owned()),
            states: Some(endpoint.to_owned()),
        }
    }
}

impl Services for Endpoints {
    fn call(&self, request: ServiceRequest) -> ServiceAnswer<'_> {
        let (endpoint, variable, service, target) = match request.service {
            Service::DynamoDb => (&self.tables, TABLES, "dynamodb", "DynamoDB_20120810"),
            Service::StepFunctions => (&self.states, LAMBDA, "states", "AWSStepFunctions"),
        };
        Box::pin(async move {
            let failed = |error: &dyn std::fmt::Display| {
                NamedError::new("SdkClientException", error.to_string())
            };
            let Some(endpoint) = endpoint else {
                let what = format!("`{variable}` is not set: there is nothing to call");
                return Err(failed(&what));
            };
            let client = Client::new(endpoint).map_err(|error| failed(&error))?;
            let target = format!("{target}.{}", request.operation);
            let within = request.within.unwrap_or(ANSWER_TIME_MAX);
            let called = client.call_service(service, &target, &request.body, within);
            match called.await {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(refused)) => Err(NamedError::new(refused.code, refused.message)),
                Err(CallError::TimedOut { .. }) if request.within.is_some() => {
                    Err(NamedError::new(asl::TIMEOUT, "the task took too long"))
                }
                Err(error) => Err(failed(&error)),
            }
        })
    }
}

/// Answers that stand for services, by the name of their integration: `dynamodb:putItem`, `states:startExecution`.
pub struct Mocked(pub Mocks);

impl std::fmt::Debug for Mocked {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.0.keys()).finish()
    }
}

impl Services for Mocked {
    fn call(&self, request: ServiceRequest) -> ServiceAnswer<'_> {
        let service = match request.service {
            Service::DynamoDb => "dynamodb",
            Service::StepFunctions => "states",
        };
        let mut letters = request.operation.chars();
        let first = letters.next().map(|it| it.to_ascii_lowercase());
        let operation: String = first.into_iter().chain(letters).collect();
        let name = format!("{service}:{operation}");
        let answer = self.0.get(&name).map(|mock| mock.next());
        Box::pin(async move {
            match answer {
                Some(Answer::Return(value)) => Ok(value),
                Some(Answer::Throw(thrown)) => Err(thrown.named()),
                Some(Answer::Token(_)) | None => {
                    let cause = format!("the mocks have no `Return` or `Throw` for `{name}`");
                    Err(NamedError::new(asl::RUNTIME, cause))
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn put() -> ServiceRequest {
        ServiceRequest {
            service: Service::DynamoDb,
            operation: String::from("PutItem"),
            body: json!({}),
            within: None,
        }
    }

    #[tokio::test]
    async fn mocks_stand_for_services_by_their_integration() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            r#"{"dynamodb:putItem": {"Return": {"ok": true}}}"#,
        )
        .unwrap();
        let mocks = super::super::mocks::read(file.path()).unwrap();
        let mocked = Mocked(mocks);
        assert_eq!(mocked.call(put()).await.ok(), Some(json!({ "ok": true })));
        let other = ServiceRequest {
            operation: String::from("GetItem"),
            ..put()
        };
        let error = mocked.call(other).await.unwrap_err();
        assert_eq!(error.error_type(), asl::RUNTIME);
    }

    #[tokio::test]
    async fn what_is_missing_is_said() {
        let nowhere = Endpoints {
            tables: None,
            states: None,
        };
        let error = nowhere.call(put()).await.unwrap_err();
        assert_eq!(error.error_type(), "SdkClientException");
        assert!(error.to_string().contains(TABLES), "{error}");
    }
}
