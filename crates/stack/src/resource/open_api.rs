//! Routes of an OpenAPI document, by API Gateway's OpenAPI extensions.
//!
//! Source: API Gateway developer guide, "OpenAPI extensions for API Gateway", read 2026-11-28.

use std::collections::BTreeMap;

use crate::template::{Entry, Fields, Node, Span};
use crate::{
    Access, ApiKeySource, Authorizer, AwsIntegration, Integration, IntegrationResponse,
    Passthrough, RequestChecks, RestCors, Route, RouteKey, RouteMethod,
};

use super::api_kind::Kind;
use super::open_api_security::Security;
use super::reading::Reading;
use super::request_check::{DocumentChecks, within};
use super::route::{is_path, method};
use super::states_target::states_call;
use super::target::{Target, target};

const INTEGRATION: &str = "x-amazon-apigateway-integration";
const NOT_SERVED: &str = "only functions are behind APIs here: the route is not served";

/// The content of a document besides routes.
#[derive(Debug, Default)]
pub(super) struct DocumentApi {
    /// The answers of its mocks for `OPTIONS`: documents write CORS this way.
    pub cors: Option<RestCors>,
    /// Its security schemes that are authorizers.
    pub authorizers: BTreeMap<String, Authorizer>,
    /// Where API keys come from.
    pub api_key_source: Option<ApiKeySource>,
}

/// Adds the routes of the document in a property, if there is one.
pub(super) fn add_routes(
    fields: &Fields<'_>,
    property: &str,
    kind: Kind,
    reading: &mut Reading<'_>,
) -> DocumentApi {
    let Some(entry) = fields.entry(property).filter(|it| !it.value.is_reported()) else {
        return DocumentApi::default();
    };
    if entry.value.get("paths").is_none() {
        let meaning = "the document has no `paths` here, or is stored elsewhere and is not fetched: it gives no routes";
        fields.warn(property, entry.key_span, meaning);
        return DocumentApi::default();
    }
    let own = fields.below(property, entry.key_span, &entry.value);
    let document = Document {
        security: Security::new(
            fields.below(property, entry.key_span, &entry.value),
            &entry.value,
            kind,
            fields,
        ),
        checks: DocumentChecks::new(&own, &entry.value),
        fields: own,
        root: &entry.value,
        kind,
    };
    let mut cors = None;
    let paths = entry.value.get("paths").and_then(Node::entries);
    for path in paths.unwrap_or_default() {
        for operation in path.value.entries().unwrap_or_default() {
            let Some(method) = method(&operation.key) else {
                continue;
            };
            let answered = document.add(path, operation, method, reading);
            cors = cors.or(answered);
        }
    }
    let source = entry.value.get("x-amazon-apigateway-api-key-source");
    let source = source.and_then(Node::text).map(|it| match it {
        "AUTHORIZER" => ApiKeySource::Authorizer,
        _ => ApiKeySource::Header,
    });
    DocumentApi {
        cors,
        authorizers: document.security.authorizers(&reading.nested.functions),
        api_key_source: source,
    }
}

struct Document<'d> {
    security: Security<'d>,
    checks: DocumentChecks<'d>,
    fields: Fields<'d>,
    root: &'d Node,
    kind: Kind,
}

impl<'d> Document<'d> {
    /// Adds the route of one operation, or returns the answer of its mock.
    fn add(
        &self,
        path: &'d Entry,
        operation: &'d Entry,
        method: RouteMethod,
        reading: &mut Reading<'_>,
    ) -> Option<RestCors> {
        let step = format!("paths.{}.{}", path.key, operation.key);
        let key = self.key(path, method)?;
        let fields = self
            .fields
            .below(&step, operation.key_span, &operation.value);
        let Some((span, node)) = self.integration(operation) else {
            // The event of a function may give the route instead.
            if !reading.has_route(self.fields.index(), &key) {
                let meaning = format!("it has no `{INTEGRATION}`: the route is not served");
                self.fields.warn(&step, operation.key_span, meaning);
            }
            return None;
        };
        let integration = fields.below(INTEGRATION, span, node);
        let kind = integration.text("type").unwrap_or_default();
        let kind = kind.to_ascii_lowercase();
        if kind == "mock" && method == RouteMethod::Options {
            return preflight(node);
        }
        let route = self.route(key, &kind, &integration, reading)?;
        let route = Route {
            access: self.security.access(&fields, &operation.value),
            checks: match self.kind {
                Kind::Rest => self.checks.of(&fields, &path.value, &operation.value),
                Kind::Http => RequestChecks::default(),
            },
            ..route
        };
        let help = "one operation of the document, or one event of a function, answers a route";
        reading.add_route(self.fields.index(), &self.fields, route, help);
        None
    }

    fn key(&self, path: &Entry, method: RouteMethod) -> Option<RouteKey> {
        if self.kind == Kind::Http && matches!(&*path.key, "/$default" | "$default") {
            return Some(RouteKey::Default);
        }
        if !is_path(&path.key) {
            let step = format!("paths.{}", path.key);
            self.fields.warn(
                &step,
                path.key_span,
                "it is not a path of an API, and not served",
            );
            return None;
        }
        Some(RouteKey::Path {
            method,
            path: path.key.to_string(),
        })
    }

    /// The integration of an operation: its own, or the one in `components` that it refers to.
    fn integration(&self, operation: &'d Entry) -> Option<(Span, &'d Node)> {
        let own = operation.value.entry(INTEGRATION)?;
        let Some(reference) = own.value.get("$ref").and_then(Node::text) else {
            return Some((own.key_span, &own.value));
        };
        Some((own.key_span, within(self.root, reference)?))
    }

    fn route(
        &self,
        key: RouteKey,
        kind: &str,
        integration: &Fields<'_>,
        reading: &Reading<'_>,
    ) -> Option<Route> {
        let is_templated = kind == "aws" && self.kind == Kind::Rest;
        if kind != "aws_proxy" && !is_templated {
            integration.warn_of("type", NOT_SERVED);
            return None;
        }
        let Some(uri) = integration.node("uri") else {
            integration.warn_of("type", "it has no `uri`: the route is not served");
            return None;
        };
        let timeout = integration.milliseconds("timeoutInMillis", 50..=900_000);
        if is_templated
            && let Some(called) = states_call(integration, "uri", uri, || templated(integration))
        {
            return Some(Route {
                event: key.to_string(),
                key,
                timeout: timeout.unwrap_or_else(|| self.kind.timeout()),
                ..called
            });
        }
        let nested = &reading.nested.functions;
        let Some(Target {
            function,
            qualifier,
        }) = target(integration, "uri", uri, nested)
        else {
            integration.warn_of("uri", NOT_SERVED);
            return None;
        };
        if integration.text("payloadFormatVersion").as_deref() == Some("1.0")
            && self.kind == Kind::Http
        {
            let meaning = "requests reach functions behind HTTP APIs in payload format 2.0";
            integration.warn_of("payloadFormatVersion", meaning);
        }
        Some(Route {
            event: key.to_string(),
            key,
            function,
            qualifier,
            timeout: timeout.unwrap_or_else(|| self.kind.timeout()),
            integration: match is_templated {
                true => Integration::Aws(Box::new(templated(integration))),
                false => Integration::Proxy,
            },
            access: Access::default(),
            checks: RequestChecks::default(),
        })
    }
}

/// How an `aws` integration transforms requests and answers.
fn templated(fields: &Fields<'_>) -> AwsIntegration {
    let behaviors = [
        ("when_no_match", Passthrough::WhenNoMatch),
        ("WHEN_NO_MATCH", Passthrough::WhenNoMatch),
        ("when_no_templates", Passthrough::WhenNoTemplates),
        ("WHEN_NO_TEMPLATES", Passthrough::WhenNoTemplates),
        ("never", Passthrough::Never),
        ("NEVER", Passthrough::Never),
    ];
    let passthrough = fields.choice("passthroughBehavior", &behaviors);
    let request_parameters = fields.text_map("requestParameters");
    let mut responses = Vec::new();
    let entries = fields.node("responses").and_then(Node::entries);
    for entry in entries.unwrap_or_default() {
        let step = format!("responses.{}", entry.key);
        let response = fields.below(&step, entry.key_span, &entry.value);
        let status = response.integer("statusCode", 100..=599, "an HTTP status");
        responses.push(IntegrationResponse {
            selection: Some(entry.key.to_string()).filter(|it| it != "default"),
            status: status.and_then(|it| it.try_into().ok()).unwrap_or(200),
            parameters: response.text_map("responseParameters"),
            templates: response.text_map("responseTemplates"),
        });
    }
    AwsIntegration {
        request_templates: fields.text_map("requestTemplates"),
        passthrough: passthrough.unwrap_or_default(),
        asynchronous: is_asynchronous(&request_parameters),
        request_parameters,
        responses,
    }
}

/// Whether Lambda is told to answer before the function has run.
pub(super) fn is_asynchronous(parameters: &BTreeMap<String, String>) -> bool {
    parameters.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("integration.request.header.X-Amz-Invocation-Type")
            && value.trim_matches('\'').eq_ignore_ascii_case("Event")
    })
}

/// The answer of a mock for `OPTIONS`.
fn preflight(integration: &Node) -> Option<RestCors> {
    let responses = integration.get("responses")?.entries()?;
    preflight_headers(responses.first()?.value.get("responseParameters")?)
}

/// The CORS headers among the response parameters of a mock.
pub(super) fn preflight_headers(parameters: &Node) -> Option<RestCors> {
    let header = |name: &str| {
        let key = format!("method.response.header.Access-Control-{name}");
        let text = parameters.get(&key)?.text()?;
        Some(text.trim_matches('\'').to_owned())
    };
    Some(RestCors {
        allow_origin: header("Allow-Origin")?,
        allow_methods: header("Allow-Methods"),
        allow_headers: header("Allow-Headers"),
        max_age: header("Max-Age"),
        allow_credentials: header("Allow-Credentials").as_deref() == Some("true"),
    })
}
