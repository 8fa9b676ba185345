//! Authorizers that are functions.
//!
//! Source: API Gateway developer guide, "Use API Gateway Lambda authorizers" and "Control access to HTTP APIs with
//! AWS Lambda authorizers", read 2026-11-28.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::{ErrorObject, EventSource, EventSourceKind, FunctionName, Timestamp};
use regex_lite::RegexBuilder;
use runtime::PlainOutcome;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use stack::{Authorizer, AuthorizerEvent, RequestPart};

use super::caller::Admitted;
use super::gated_api::{GateKind, GatedApi};
use super::policy::{Policy, Verdict};
use super::refusal::Refusal;
use crate::api::Target;
use crate::app::App;
use crate::gateway::request::{Incoming, header};

/// How long a function may take to decide. Source: API Gateway quotas, read 2026-11-28.
const REST_WITHIN: Duration = Duration::from_secs(29);
const HTTP_WITHIN: Duration = Duration::from_secs(10);

/// The most decisions that are remembered of one authorizer; ours.
const REMEMBERED_MAX: usize = 1_000;

/// Most memory that the pattern for tokens may take, in bytes; ours.
const PATTERN_BYTES_MAX: usize = 64 * 1024;

/// An authorizer that asks a function.
pub(super) struct LambdaAuthorizer {
    name: String,
    function: FunctionName,
    qualifier: Option<String>,
    event: AuthorizerEvent,
    /// The pattern that a token must match; no token matches a text that is not a pattern.
    pattern: Option<Result<regex_lite::Regex, String>>,
    identity: Vec<RequestPart>,
    ttl: Duration,
    remembered: Mutex<HashMap<Vec<String>, Remembered>>,
}

struct Remembered {
    decision: Arc<Decision>,
    until: Timestamp,
}

/// The function's answer.
#[derive(Debug)]
enum Decision {
    Policy {
        policy: Box<Policy>,
        principal_id: String,
        context: Map<String, Value>,
        usage_identifier_key: Option<String>,
    },
    Simple {
        is_authorized: bool,
        context: Map<String, Value>,
    },
}

impl LambdaAuthorizer {
    pub fn new(
        name: &str,
        function: FunctionName,
        qualifier: Option<String>,
        event: AuthorizerEvent,
        validation: Option<&str>,
        authorizer: &Authorizer,
    ) -> Self {
        let pattern = |text: &str| {
            let mut builder = RegexBuilder::new(&format!("^(?:{text})$"));
            let built = builder.size_limit(PATTERN_BYTES_MAX).build();
            built.map_err(|error| error.to_string())
        };
        Self {
            name: name.to_owned(),
            function,
            qualifier,
            event,
            pattern: validation.map(pattern),
            identity: authorizer.identity.clone(),
            ttl: authorizer.ttl,
            remembered: Mutex::default(),
        }
    }

    /// Admits a request if the function does. `event` is the event for the function behind the route.
    pub async fn admit(
        &self,
        api: &GatedApi,
        app: &Arc<App>,
        incoming: &Incoming<'_>,
        event: Value,
    ) -> Result<Admitted, Refusal> {
        if self.identity.iter().any(|it| incoming.is_repeated(it)) {
            return Err(Refusal::Unauthorized(None));
        }
        let identity = self.identity.iter().map(|part| {
            let value = value_of(part, incoming, &event)?;
            Some(value).filter(|it| !it.trim().is_empty())
        });
        let identity: Option<Vec<String>> = identity.collect();
        let identity = identity.ok_or(Refusal::Unauthorized(None))?;
        self.check_token(api, &identity)?;
        let method_arn = api.method_arn(app, incoming.parts, incoming.call);
        let now = app.driver.now();
        let decision = match self.recall(&identity, now) {
            Some(decision) => decision,
            None => {
                let asked = self.asked(&method_arn, &identity, event);
                let answer = self.ask(api, app, incoming, &asked).await?;
                let decision = self.read(&answer).map_err(|problem| {
                    let name = &self.name;
                    tracing::warn!(
                        api = api.name,
                        "the answer of the authorizer `{name}` is not valid: {problem}"
                    );
                    Refusal::NoDecision
                })?;
                let decision = Arc::new(decision);
                self.remember(identity, &decision, now);
                decision
            }
        };
        decision.admit(api.kind, &method_arn)
    }

    /// Refuses a token that does not match the pattern, without asking the function.
    fn check_token(&self, api: &GatedApi, identity: &[String]) -> Result<(), Refusal> {
        match &self.pattern {
            None => Ok(()),
            Some(Ok(pattern)) if identity.iter().all(|it| pattern.is_match(it)) => Ok(()),
            Some(Ok(_)) => Err(Refusal::Unauthorized(None)),
            Some(Err(problem)) => {
                let name = &self.name;
                tracing::warn!(
                    api = api.name,
                    "the pattern of the authorizer `{name}` is not understood here, and lets nobody in: {problem}"
                );
                Err(Refusal::NoDecision)
            }
        }
    }

    fn recall(&self, identity: &[String], now: Timestamp) -> Option<Arc<Decision>> {
        let remembered = self.remembered.lock();
        let remembered = remembered.expect("the map is never left half changed");
        let found = remembered.get(identity).filter(|it| it.until > now)?;
        Some(Arc::clone(&found.decision))
    }

    fn remember(&self, identity: Vec<String>, decision: &Arc<Decision>, now: Timestamp) {
        let millis = i64::try_from(self.ttl.as_millis()).unwrap_or(0);
        // Without an identity, no two requests can share a decision.
        if millis == 0 || identity.is_empty() {
            return;
        }
        let remembered = self.remembered.lock();
        let mut remembered = remembered.expect("the map is never left half changed");
        if remembered.len() >= REMEMBERED_MAX {
            remembered.retain(|_, it| it.until > now);
        }
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        let remember = Remembered {
            decision: Arc::clone(decision),
            until: Timestamp::from_millis(now.as_millis() + millis),
        };
        remembered.insert(identity, remember);
    }

    /// The event for the function.
    fn asked(&self, method_arn: &str, identity: &[String], mut event: Value) -> Value {
        if self.event == AuthorizerEvent::Token {
            return json!({
                "type": "TOKEN",
                "methodArn": method_arn,
                "authorizationToken": identity.first(),
            });
        }
        let source = identity.join(",");
        let members = match &mut event {
            Value::Object(members) => members,
            _ => return Value::Null,
        };
        members.remove("body");
        members.remove("isBase64Encoded");
        members.insert("type".to_owned(), "REQUEST".into());
        match self.event {
            AuthorizerEvent::Token | AuthorizerEvent::Request => {
                members.insert("methodArn".to_owned(), method_arn.into());
            }
            AuthorizerEvent::Version1 => return version_1(&event, method_arn, &source),
            AuthorizerEvent::Version2 { .. } => {
                let identity = (!identity.is_empty()).then(|| json!(identity));
                let identity = identity.unwrap_or(Value::Null);
                members.insert("routeArn".to_owned(), method_arn.into());
                members.insert("identitySource".to_owned(), identity);
            }
        }
        event
    }

    async fn ask(
        &self,
        api: &GatedApi,
        app: &Arc<App>,
        incoming: &Incoming<'_>,
        asked: &Value,
    ) -> Result<Vec<u8>, Refusal> {
        let (kind, within) = match api.kind {
            GateKind::Rest => (EventSourceKind::RestApi, REST_WITHIN),
            GateKind::Http => (EventSourceKind::HttpApi, HTTP_WITHIN),
        };
        let (api, name) = (api.name.as_str(), self.name.as_str());
        let source = EventSource {
            kind,
            name: format!("{api} authorizer {name}"),
        };
        let target = Target::find(app, &self.function, self.qualifier.as_deref(), source);
        let target = target.map_err(|error| {
            tracing::warn!(%error, api, "the authorizer `{name}` cannot be asked");
            Refusal::NoDecision
        })?;
        let trace = header(&incoming.parts.headers, "x-amzn-trace-id");
        let trace = target.trace_header(app, trace);
        let payload = asked.to_string().into_bytes();
        let invoked = tokio::time::timeout(within, target.invoke(app, payload, trace)).await;
        let problem = match invoked {
            Ok(PlainOutcome::Succeeded(answer)) => return Ok(answer),
            Ok(PlainOutcome::FunctionError { error, .. })
                if error.message.as_deref() == Some("Unauthorized") =>
            {
                return Err(Refusal::Unauthorized(None));
            }
            Ok(PlainOutcome::Unavailable(_)) if app.shutdown.is_cancelled() => {
                return Err(Refusal::Ending);
            }
            Ok(PlainOutcome::FunctionError { error, .. }) => {
                format!("it failed: {}", words(&error))
            }
            Ok(PlainOutcome::Unavailable(error)) => {
                format!("it could not be run: {}", words(&error))
            }
            Ok(PlainOutcome::Throttled(_)) => "too many of it run already".to_owned(),
            Err(_elapsed) => format!("it came to no decision within {} s", within.as_secs()),
        };
        tracing::warn!(
            api,
            "the function of the authorizer `{name}` lets nobody in: {problem}"
        );
        Err(Refusal::NoDecision)
    }

    fn read(&self, answer: &[u8]) -> Result<Decision, String> {
        if let AuthorizerEvent::Version2 { simple: true } = self.event {
            let simple: Simple = serde_json::from_slice(answer).map_err(|it| it.to_string())?;
            return Ok(Decision::Simple {
                is_authorized: simple.is_authorized,
                context: simple.context.unwrap_or_default(),
            });
        }
        let answer: Answer = serde_json::from_slice(answer).map_err(|it| it.to_string())?;
        let mut context = answer.context.unwrap_or_default();
        if matches!(
            self.event,
            AuthorizerEvent::Token | AuthorizerEvent::Request
        ) {
            context.retain(|_, value| !value.is_null());
            for (name, value) in &mut context {
                *value = match value.take() {
                    Value::String(text) => text.into(),
                    Value::Array(_) | Value::Object(_) => {
                        return Err(format!(
                            "`context.{name}` is neither text nor number nor boolean"
                        ));
                    }
                    other => other.to_string().into(),
                };
            }
        }
        Ok(Decision::Policy {
            policy: Box::new(answer.policy_document),
            principal_id: answer.principal_id,
            context,
            usage_identifier_key: answer.usage_identifier_key,
        })
    }
}

/// An answer with a policy.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    principal_id: String,
    policy_document: Policy,
    #[serde(default)]
    context: Option<Map<String, Value>>,
    #[serde(default)]
    usage_identifier_key: Option<String>,
}

/// A simple answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Simple {
    is_authorized: bool,
    #[serde(default)]
    context: Option<Map<String, Value>>,
}

impl Decision {
    fn admit(&self, kind: GateKind, method_arn: &str) -> Result<Admitted, Refusal> {
        let (context, principal_id, usage_identifier_key) = match self {
            Self::Simple {
                is_authorized: false,
                ..
            } => return Err(Refusal::Denied),
            Self::Simple { context, .. } => (context, None, None),
            Self::Policy {
                policy,
                principal_id,
                context,
                usage_identifier_key,
            } => {
                match policy.verdict(method_arn) {
                    Verdict::Allowed => {}
                    Verdict::Denied => return Err(Refusal::Denied),
                    Verdict::DeniedExplicitly => return Err(Refusal::DeniedExplicitly),
                }
                (context, Some(principal_id), usage_identifier_key.clone())
            }
        };
        let authorizer = match kind {
            GateKind::Rest => {
                let mut members = context.clone();
                if let Some(principal_id) = principal_id {
                    members.insert("principalId".to_owned(), principal_id.as_str().into());
                }
                Value::Object(members)
            }
            GateKind::Http if context.is_empty() => json!({ "lambda": null }),
            GateKind::Http => json!({ "lambda": context }),
        };
        Ok(Admitted {
            authorizer,
            usage_identifier_key,
        })
    }
}

/// The type and message of an error, in one line.
fn words(error: &ErrorObject) -> String {
    let parts = [error.error_type.as_deref(), error.message.as_deref()];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    parts.join(": ")
}

/// A part of a request, or a value from its event.
fn value_of(part: &RequestPart, incoming: &Incoming<'_>, event: &Value) -> Option<String> {
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    match part {
        RequestPart::StageVariable(name) => text(event.get("stageVariables")?.get(name)?),
        RequestPart::Context(path) => {
            let mut value = event.get("requestContext")?;
            for name in path.split('.') {
                value = value.get(name)?;
            }
            text(value)
        }
        RequestPart::Header(_) | RequestPart::Query(_) | RequestPart::Path(_) => {
            incoming.part(part)
        }
    }
}

/// The event of payload format 1.0, made from that of format 2.0.
fn version_1(event: &Value, method_arn: &str, source: &str) -> Value {
    let context = &event["requestContext"];
    let path = &event["rawPath"];
    let method = &context["http"]["method"];
    let key = context["routeKey"].as_str().unwrap_or_default();
    let resource = key.split_once(' ').map_or(key, |(_, path)| path);
    let or_empty = |value: &Value| match value {
        Value::Null => json!({}),
        given => given.clone(),
    };
    json!({
        "version": "1.0",
        "type": "REQUEST",
        "methodArn": method_arn,
        "identitySource": source,
        "authorizationToken": source,
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": event["headers"],
        "queryStringParameters": or_empty(&event["queryStringParameters"]),
        "pathParameters": or_empty(&event["pathParameters"]),
        "stageVariables": {},
        "requestContext": {
            "path": path,
            "accountId": context["accountId"],
            "resourceId": context["routeKey"],
            "resourcePath": resource,
            "stage": context["stage"],
            "requestId": context["requestId"],
            "identity": {
                "sourceIp": context["http"]["sourceIp"],
                "userAgent": context["http"]["userAgent"],
            },
            "httpMethod": method,
            "apiId": context["apiId"],
            "requestTime": context["time"],
            "requestTimeEpoch": context["timeEpoch"],
        },
    })
}
