//! `aws` integrations: templates turn the request into the function's event, and its result into the answer.
//!
//! The values for templates come from the event of the proxy integration, which has all of them.
//!
//! Source: API Gateway developer guide, "Set up Lambda custom integrations in API Gateway",
//! "Integration passthrough behaviors" and "Set up asynchronous invocation of the backend Lambda
//! function", read 2026-11-28.

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};
use stack::{AwsIntegration, IntegrationResponse, Passthrough};

use super::velocity::{Scope, find, render};
use crate::gateway::answer::message;
use crate::http::Body;

/// The content type of requests without one, and of answers.
const JSON: &str = "application/json";

/// Most memory that a compiled pattern of a response may take, in bytes. Ours: real ones are far smaller.
const PATTERN_BYTES_MAX: usize = 64 * 1024;

const INVOCATION_TYPE: &str = "integration.request.header.x-amz-invocation-type";

/// A request to a route with templates.
pub(in crate::gateway) struct Exchange<'e> {
    integration: &'e AwsIntegration,
    scope: Scope,
}

impl<'e> Exchange<'e> {
    /// Made from the proxy integration's event and the request's body.
    pub fn new(integration: &'e AwsIntegration, event: &[u8], body: &[u8]) -> Self {
        let mut event: Value = serde_json::from_slice(event).unwrap_or_default();
        let mut take = |name: &str| match event[name].take() {
            Value::Null => json!({}),
            given => given,
        };
        let scope = Scope {
            body: String::from_utf8_lossy(body).into_owned(),
            params: json!({
                "path": take("pathParameters"),
                "querystring": take("queryStringParameters"),
                "header": take("headers"),
            }),
            context: take("requestContext"),
            stage_variables: take("stageVariables"),
        };
        Self { integration, scope }
    }

    /// Whether the answer does not wait for the function.
    pub fn is_asynchronous(&self) -> bool {
        let mut parameters = self.integration.request_parameters.iter();
        let given = parameters.find(|(name, _)| name.eq_ignore_ascii_case(INVOCATION_TYPE));
        let asked =
            given.and_then(|(_, from)| self.header(from.strip_prefix("method.request.header.")?));
        self.integration.asynchronous || asked.is_some_and(|it| it.eq_ignore_ascii_case("Event"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.scope.params["header"].as_object()?.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found?.1.as_str()
    }

    /// The function's event.
    ///
    /// # Errors
    /// The answer, where the templates make no event.
    pub fn event(&self) -> Result<Vec<u8>, Box<Response<Body>>> {
        let given = self.header(CONTENT_TYPE.as_str()).unwrap_or(JSON);
        let kind = given.split(';').next().unwrap_or_default().trim();
        let templates = &self.integration.request_templates;
        let mut found = templates.iter();
        let event = match found.find(|(name, _)| name.eq_ignore_ascii_case(kind)) {
            Some((_, template)) => render(template, &self.scope).map_err(|error| {
                tracing::warn!(%error, "a request template cannot be rendered");
                Box::new(failed())
            })?,
            None => {
                let passes = match self.integration.passthrough {
                    Passthrough::WhenNoMatch => true,
                    Passthrough::WhenNoTemplates => templates.is_empty(),
                    Passthrough::Never => false,
                };
                if !passes {
                    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                    return Err(Box::new(message(status, "Unsupported Media Type")));
                }
                self.scope.body.clone()
            }
        };
        let event = match event.trim() {
            "" => "{}".to_owned(),
            _ => event,
        };
        // Lambda takes only JSON.
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&event) {
            tracing::warn!(%error, "what a request template makes is not JSON");
            return Err(Box::new(failed()));
        }
        Ok(event.into_bytes())
    }

    /// The answer for a function's result, or for its error: then the error's message chooses the response.
    pub fn answer(&self, result: &[u8], error: Option<&str>) -> Response<Body> {
        let Some(response) = self.response(error) else {
            tracing::warn!("no response of the integration is for this result");
            return failed();
        };
        let scope = Scope {
            body: String::from_utf8_lossy(result).into_owned(),
            ..self.scope.clone()
        };
        // The client's `Accept` counts where there is a template for it.
        let accepted = self.header("accept").unwrap_or(JSON);
        let templates = &response.templates;
        let template = templates.get_key_value(accepted);
        let template = template.or_else(|| templates.get_key_value(JSON));
        let (kind, body) = match template.or_else(|| templates.iter().next()) {
            None => (JSON, scope.body.clone()),
            Some((kind, template)) => match render(template, &scope) {
                Ok(body) => (kind.as_str(), body),
                Err(error) => {
                    tracing::warn!(%error, "a response template cannot be rendered");
                    return failed();
                }
            },
        };
        let mut answer = Response::new(Body::from(Bytes::from(body)));
        *answer.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::OK);
        let kind = HeaderValue::from_str(kind);
        let kind = kind.unwrap_or(HeaderValue::from_static(JSON));
        answer.headers_mut().insert(CONTENT_TYPE, kind);
        for (to, from) in &response.parameters {
            let header = to.strip_prefix("method.response.header.");
            let name = header.and_then(|it| HeaderName::from_bytes(it.as_bytes()).ok());
            let value = parameter(from, &scope);
            let value = value.and_then(|it| HeaderValue::from_str(&it).ok());
            if let (Some(name), Some(value)) = (name, value) {
                answer.headers_mut().insert(name, value);
            }
        }
        answer
    }

    /// The response whose pattern the error's message matches as a whole, or the default one.
    fn response(&self, error: Option<&str>) -> Option<IntegrationResponse> {
        let responses = &self.integration.responses;
        let matches = |pattern: &str| {
            let mut whole = regex_lite::RegexBuilder::new(&format!("^(?:{pattern})$"));
            let whole = whole.size_limit(PATTERN_BYTES_MAX).build();
            whole.is_ok_and(|it| error.is_some_and(|error| it.is_match(error)))
        };
        let by_pattern = |it: &&IntegrationResponse| it.selection.as_deref().is_some_and(matches);
        let default = || responses.iter().find(|it| it.selection.is_none());
        match responses.iter().find(by_pattern).or_else(default) {
            Some(response) => Some(response.clone()),
            None if responses.is_empty() => Some(IntegrationResponse {
                status: 200,
                ..IntegrationResponse::default()
            }),
            None => None,
        }
    }
}

fn failed() -> Response<Body> {
    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
}

/// The value of a response's header.
fn parameter(from: &str, scope: &Scope) -> Option<String> {
    let from = from.trim();
    let literal = from.strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
    if let Some(literal) = literal {
        return Some(literal.to_owned());
    }
    let within = |value: &Value, path: &str| {
        let found = find(value, &format!("$.{path}"))?;
        Some(
            found
                .as_str()
                .map_or_else(|| found.to_string(), str::to_owned),
        )
    };
    if from == "integration.response.body" {
        return Some(scope.body.clone());
    }
    if let Some(path) = from.strip_prefix("integration.response.body.") {
        return within(&serde_json::from_str(&scope.body).ok()?, path);
    }
    if let Some(path) = from.strip_prefix("context.") {
        return within(&scope.context, path);
    }
    within(
        &scope.stage_variables,
        from.strip_prefix("stageVariables.")?,
    )
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn integration(responses: Vec<IntegrationResponse>) -> AwsIntegration {
        let template = r#"{"job": $input.json('$'), "id": "$input.params('id')"}"#;
        AwsIntegration {
            request_templates: [(JSON.to_owned(), template.to_owned())].into(),
            responses,
            ..AwsIntegration::default()
        }
    }

    fn event(content_type: &str) -> Vec<u8> {
        let event = json!({
            "headers": {"Content-Type": content_type, "X-Kind": "Event"},
            "pathParameters": {"id": "7"},
            "queryStringParameters": null,
            "stageVariables": null,
            "requestContext": {"requestId": "r"},
        });
        event.to_string().into_bytes()
    }

    async fn text(response: Response<Body>) -> (u16, String) {
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn requests_become_events() {
        let mut integration = integration(Vec::new());
        let json = event("application/json; charset=utf-8");
        let exchange = Exchange::new(&integration, &json, br#"{"a": 1}"#);
        let made = exchange.event().ok().unwrap();
        assert_eq!(made, br#"{"job": {"a":1}, "id": "7"}"#);
        assert!(!exchange.is_asynchronous());

        let xml = event("text/xml");
        let event = |integration: &AwsIntegration, body: &str| {
            let made = Exchange::new(integration, &xml, body.as_bytes()).event();
            made.map_err(|answer| answer.status().as_u16())
        };
        assert_eq!(event(&integration, "[1]"), Ok(b"[1]".to_vec()));
        assert_eq!(event(&integration, ""), Ok(b"{}".to_vec()));
        assert_eq!(event(&integration, "<a/>"), Err(500));
        integration.passthrough = Passthrough::WhenNoTemplates;
        assert_eq!(event(&integration, "[1]"), Err(415));
        integration.request_templates.clear();
        assert_eq!(event(&integration, "[1]"), Ok(b"[1]".to_vec()));
        integration.passthrough = Passthrough::Never;
        assert_eq!(event(&integration, "[1]"), Err(415));
    }

    #[test]
    fn the_request_may_say_that_it_does_not_wait() {
        let mut integration = integration(Vec::new());
        let name = "integration.request.header.X-Amz-Invocation-Type".to_owned();
        let from = "method.request.header.x-kind".to_owned();
        integration.request_parameters.insert(name, from);
        assert!(Exchange::new(&integration, &event(JSON), b"").is_asynchronous());
    }

    #[tokio::test]
    async fn results_become_answers() {
        let response = |selection: Option<&str>, status, template: Option<&str>| {
            let templates = template.map(|it| (JSON.to_owned(), it.to_owned()));
            let header = "method.response.header.X-Id".to_owned();
            IntegrationResponse {
                selection: selection.map(str::to_owned),
                status,
                templates: templates.into_iter().collect(),
                parameters: [(header, "integration.response.body.id".to_owned())].into(),
            }
        };
        let integration = integration(vec![
            response(None, 202, Some(r#"{"id": $input.path('$.id')}"#)),
            response(Some(".*bad.*"), 400, None),
        ]);
        let event = event(JSON);
        let exchange = Exchange::new(&integration, &event, b"");
        let answer = exchange.answer(br#"{"id": 5}"#, None);
        assert_eq!(answer.headers()["x-id"], "5");
        assert_eq!(text(answer).await, (202, r#"{"id": 5}"#.to_owned()));
        let bad = exchange.answer(br#"{"errorMessage":"a bad one"}"#, Some("a bad one"));
        assert_eq!(
            text(bad).await,
            (400, r#"{"errorMessage":"a bad one"}"#.to_owned())
        );
        let other = exchange.answer(br#"{"id": null}"#, Some("other"));
        assert_eq!(
            other.status().as_u16(),
            202,
            "the default is for other errors too"
        );
    }
}
