//! Calls of AWS's services that a state machine makes itself.

use std::pin::Pin;
use std::time::{Duration, Instant};

use aws_services::{Answer, Service};
use lambdura::NamedError;
use state_machine::{ServiceAnswer, ServiceError, ServiceRequest, ServiceResult, Services};

use super::mocks::{self, Mocks};
use crate::client::{CallError, Client};

/// Variables with which AWS's SDKs find DynamoDB, the Lambda API (beside which Step Functions is served) and every
/// other service; and variables for an account.
const TABLES: &str = "AWS_ENDPOINT_URL_DYNAMODB";
const LAMBDA: &str = "AWS_ENDPOINT_URL_LAMBDA";
const ELSE: &str = "AWS_ENDPOINT_URL";
const REGION: &str = "AWS_REGION";
const PROFILE: &str = "AWS_PROFILE";

/// How long an answer may take where the state says nothing.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// How often a service elsewhere is called while it fails. Source: AWS SDKs' reference guide, "Retry behavior".
const ATTEMPTS_MAX: u32 = 3;

/// Half the pause before the second attempt; it doubles with each, up to 3.2 s.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// Services by their endpoints.
#[derive(Debug)]
pub struct Endpoints {
    tables: Option<String>,
    lambda: Option<String>,
    elsewhere: Elsewhere,
}

/// The place of services that this server does not have.
#[derive(Debug)]
enum Elsewhere {
    /// At one address.
    Endpoint(String),
    /// In an account, in this region, with a profile or the environment's keys.
    Account {
        region: String,
        profile: Option<String>,
    },
}

impl Endpoints {
    /// The endpoints that a server tells the functions that it runs.
    pub fn of_function() -> Self {
        let variable = |name| {
            std::env::var(name)
                .ok()
                .filter(|value: &String| !value.is_empty())
        };
        Self {
            tables: variable(TABLES),
            lambda: variable(LAMBDA),
            elsewhere: match variable(ELSE) {
                Some(endpoint) => Elsewhere::Endpoint(endpoint),
                None => Elsewhere::Account {
                    region: variable(REGION).unwrap_or_default(),
                    profile: variable(PROFILE),
                },
            },
        }
    }

    /// All at one.
    pub fn at(endpoint: &str) -> Self {
        Self {
            tables: Some(endpoint.to_owned()),
            lambda: Some(endpoint.to_owned()),
            elsewhere: Elsewhere::Endpoint(endpoint.to_owned()),
        }
    }

    /// A client of a service, or why there is none.
    async fn client(&self, service: &Service) -> Result<Client, String> {
        let here = match service.name {
            "dynamodb" => Some((&self.tables, TABLES)),
            "sfn" | "lambda" => Some((&self.lambda, LAMBDA)),
            _ => None,
        };
        let said = |error: CallError| error.to_string();
        if let Some((endpoint, variable)) = here {
            let endpoint = endpoint
                .as_deref()
                .ok_or_else(|| format!("`{variable}` is not set: there is nothing to call"))?;
            return Client::new(endpoint).map_err(said);
        }
        let (region, profile) = match &self.elsewhere {
            Elsewhere::Endpoint(endpoint) => return Client::new(endpoint).map_err(said),
            Elsewhere::Account { region, profile } => (region, profile),
        };
        let client = Client::new(&account_endpoint(service, region)?).map_err(said)?;
        match profile {
            None => Ok(client),
            Some(profile) => {
                let keys = server::profile_keys(profile).await?;
                Ok(client.signing_with(&keys, region))
            }
        }
    }

    async fn answer(&self, request: ServiceRequest) -> Result<ServiceResult, ServiceError> {
        let unanswered = ServiceError::Unanswered;
        let ServiceRequest {
            service,
            operation,
            parameters,
            token,
            style,
            within,
        } = request;
        let client = self.client(service).await.map_err(unanswered)?;
        let patience = Patience::with(service.name, within);
        let mut attempt = 0;
        let reply = loop {
            attempt += 1;
            let sent = service
                .request(operation, &parameters, &token)
                .map_err(|problem| ServiceError::Named(NamedError::new(asl::RUNTIME, problem)))?;
            let called = client.call_service(service.signing_name, sent, patience.left());
            let called = called.await;
            let is_in_trouble = match &called {
                Ok(reply) => reply.status >= 500 || reply.status == 429,
                Err(CallError::TimedOut { .. }) => false,
                Err(_) => true,
            };
            if is_in_trouble && let Some(pause) = patience.pause(attempt) {
                tokio::time::sleep(pause).await;
                continue;
            }
            match called {
                Ok(reply) => break reply,
                Err(CallError::TimedOut { .. }) if within.is_some() => {
                    let error = NamedError::new(asl::TIMEOUT, "the task took too long");
                    return Err(ServiceError::Named(error));
                }
                Err(error) => return Err(ServiceError::Unanswered(error.to_string())),
            }
        };
        let answer = Answer {
            status: reply.status,
            headers: &reply.headers,
            body: &reply.body,
        };
        match service.result(operation, &answer, style) {
            Ok(result) => Ok(ServiceResult {
                result,
                status: reply.status,
                headers: reply.headers,
            }),
            Err(refusal) => Err(ServiceError::Refused {
                refusal,
                status: reply.status,
                request_id: answer
                    .header("x-amzn-requestid")
                    .or_else(|| answer.header("x-amz-request-id"))
                    .map(str::to_owned),
            }),
        }
    }
}

/// How long a failing service is called again before the state's own `Retry` begins. Elsewhere: three times, as AWS's
/// SDKs do it. Here: as long as an answer may take, because a server that lost its database or its lease is soon back
/// or replaced, and AWS's own calls of Step Functions do not fail when a machine does. This repeats only calls that an
/// SDK would repeat; executions are started under a name, and so once.
struct Patience {
    is_here: bool,
    since: Instant,
    within: Duration,
}

impl Patience {
    fn with(service: &str, within: Option<Duration>) -> Self {
        Self {
            is_here: matches!(service, "dynamodb" | "sfn" | "lambda"),
            since: Instant::now(),
            within: within.unwrap_or(ANSWER_TIME_MAX),
        }
    }

    fn left(&self) -> Duration {
        self.within.saturating_sub(self.since.elapsed())
    }

    /// How long to wait before the next attempt; none where there is no other.
    fn pause(&self, attempt: u32) -> Option<Duration> {
        let pause = PAUSE_MIN * 2_u32.pow(attempt.min(5));
        let is_another = self.is_here || attempt < ATTEMPTS_MAX;
        (is_another && pause < self.left()).then_some(pause)
    }
}

/// A service's endpoint in the account: always a host of AWS's, because the region is checked to be a plain name.
fn account_endpoint(service: &Service, region: &str) -> Result<String, String> {
    let is_region = !region.is_empty()
        && region
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_region {
        return Err(format!("`{region}` is not a region"));
    }
    let suffix = match region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    };
    // Organizations is in one place, which every region signs for.
    let host = match service.name {
        "organizations" => format!("organizations.us-east-1.{suffix}"),
        _ => format!("{}.{region}.{suffix}", service.endpoint),
    };
    Ok(format!("https://{host}"))
}

impl Services for Endpoints {
    fn call(&self, request: ServiceRequest) -> ServiceAnswer<'_> {
        Box::pin(self.answer(request))
    }

    fn pause(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(time))
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
        let mut letters = request.operation.name.chars();
        let first = letters.next().map(|it| it.to_ascii_lowercase());
        let operation: String = first.into_iter().chain(letters).collect();
        let names = match request.service.name {
            "sfn" => ["states", "sfn"],
            "eventbridge" => ["events", "eventbridge"],
            "bedrockruntime" => ["bedrock", "bedrockruntime"],
            name => [name, name],
        };
        let names = names.map(|service| format!("{service}:{operation}"));
        let answer = names
            .iter()
            .find_map(|name| self.0.get(name))
            .map(|mock| mock.next());
        Box::pin(async move {
            match answer {
                Some(mocks::Answer::Return(result)) => Ok(ServiceResult {
                    result,
                    status: 200,
                    headers: Vec::new(),
                }),
                Some(mocks::Answer::Throw(thrown)) if thrown.error.starts_with("States.") => {
                    Err(ServiceError::Named(thrown.named()))
                }
                Some(mocks::Answer::Throw(thrown)) => {
                    let mut refusal = request.service.refused(&thrown.error, thrown.cause);
                    refusal.exception.get_or_insert(thrown.error);
                    Err(ServiceError::Refused {
                        refusal,
                        status: 400,
                        request_id: None,
                    })
                }
                Some(mocks::Answer::Token(_)) | None => {
                    let cause = format!("the mocks have no `Return` or `Throw` for `{}`", names[0]);
                    Err(ServiceError::Named(NamedError::new(asl::RUNTIME, cause)))
                }
            }
        })
    }

    fn pause(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(time))
    }
}

#[cfg(test)]
mod tests {
    use aws_services::{Style, service};
    use serde_json::json;

    use super::*;

    fn request(name: &str, operation: &str) -> ServiceRequest {
        let service = service(name).expect("it is a service");
        ServiceRequest {
            service,
            operation: service.operation(operation).expect("it is an operation"),
            parameters: json!({}),
            token: String::new(),
            style: Style::Optimized,
            within: None,
        }
    }

    #[tokio::test]
    async fn mocks_stand_for_services_by_their_integration() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = r#"{
            "dynamodb:putItem": {"Return": {"ok": true}},
            "events:putEvents": {"Throw": {"Error": "InternalException", "Cause": "later"}}
        }"#;
        std::fs::write(file.path(), text).unwrap();
        let mocked = Mocked(mocks::read(file.path()).unwrap());
        let put = mocked.call(request("dynamodb", "PutItem")).await;
        assert_eq!(put.unwrap().result, json!({ "ok": true }));
        let refused = mocked.call(request("eventbridge", "PutEvents")).await;
        let Err(ServiceError::Refused { refusal, .. }) = refused else {
            panic!("it is refused: {refused:?}");
        };
        assert_eq!(refusal.exception.as_deref(), Some("InternalException"));
        let missing = mocked.call(request("dynamodb", "GetItem")).await;
        let Err(ServiceError::Named(error)) = missing else {
            panic!("there is no mock: {missing:?}");
        };
        assert_eq!(error.error_type(), asl::RUNTIME);
    }

    #[tokio::test]
    async fn what_is_missing_is_said() {
        let nowhere = Endpoints {
            tables: None,
            lambda: None,
            elsewhere: Elsewhere::Account {
                region: String::from("evil.example/"),
                profile: None,
            },
        };
        for (name, operation, problem) in [
            ("dynamodb", "PutItem", TABLES),
            ("sfn", "StartExecution", LAMBDA),
            ("sqs", "SendMessage", "is not a region"),
        ] {
            let answer = nowhere.call(request(name, operation)).await;
            let Err(ServiceError::Unanswered(said)) = answer else {
                panic!("there is nothing to call: {answer:?}");
            };
            assert!(said.contains(problem), "{said}");
        }
    }

    #[test]
    fn services_of_an_account_are_at_aws() {
        let url = |name: &str, region: &str| {
            account_endpoint(service(name).expect("it is a service"), region).unwrap()
        };
        assert_eq!(
            url("sesv2", "eu-west-1"),
            "https://email.eu-west-1.amazonaws.com"
        );
        assert_eq!(
            url("sqs", "cn-north-1"),
            "https://sqs.cn-north-1.amazonaws.com.cn"
        );
    }
}
