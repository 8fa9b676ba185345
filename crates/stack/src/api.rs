//! HTTP APIs, REST APIs, and their routes.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Access, ApiKeySource, Authorizer, RequestChecks};

/// An `AWS::Serverless::HttpApi`, with the routes that functions' `HttpApi` events give it, or an
/// `AWS::ApiGatewayV2::Api` with its `Route`s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpApiResource {
    /// The key under `Resources`; `ServerlessHttpApi` for the API that SAM adds.
    pub logical_id: String,
    /// The value of `Ref`: ten characters, the same for the same stack name and logical id.
    pub api_id: String,
    /// `https://<api id>.execute-api.<region>.<suffix>`, the URL that the API would have on AWS.
    pub endpoint: String,
    /// `Name`.
    pub name: Option<String>,
    /// `Description`.
    pub description: Option<String>,
    /// `StageName`; `$default` serves without a path prefix.
    pub stage_name: String,
    /// `CorsConfiguration`.
    pub cors: Option<Cors>,
    /// By the names that routes have for them.
    pub authorizers: BTreeMap<String, Authorizer>,
    /// In the template's order; no two have the same key.
    pub routes: Vec<Route>,
}

/// `CorsConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cors {
    /// `AllowOrigins`; `*` allows any.
    pub allow_origins: Vec<String>,
    /// `AllowMethods`, in upper case; `*` allows any.
    pub allow_methods: Vec<String>,
    /// `AllowHeaders`; `*` allows any.
    pub allow_headers: Vec<String>,
    /// `ExposeHeaders`.
    pub expose_headers: Vec<String>,
    /// `MaxAge`: how long a browser may remember the preflight answer, up to a day.
    pub max_age: Option<Duration>,
    /// `AllowCredentials`.
    pub allow_credentials: bool,
}

/// One `HttpApi` or `Api` event of a function, a `Route` or `Method`, or an operation of an OpenAPI
/// document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The requests that it matches.
    pub key: RouteKey,
    /// The logical id of the function that answers.
    pub function: String,
    /// The alias: the function's `AutoPublishAlias`, which SAM points events at, or the integration's;
    /// `None` means `$LATEST`.
    pub qualifier: Option<String>,
    /// The key under the function's `Events`, or of the `Route` or `Method`; of an operation, its method
    /// and path.
    pub event: String,
    /// `TimeoutInMillis`; 30 seconds by default, 29 behind a REST API.
    pub timeout: Duration,
    /// How the function is called, and how its answer becomes the response.
    pub integration: Integration,
    /// Which callers are admitted.
    pub access: Access,
    /// What requests must contain.
    pub checks: RequestChecks,
}

/// How a route calls its function.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Integration {
    /// `aws_proxy`: the function receives the request, and answers with a response.
    #[default]
    Proxy,
    /// `aws`: templates turn the request into the function's event, and the result into the response. Behind REST APIs
    /// only.
    Aws(Box<AwsIntegration>),
    /// API Gateway's own call of Step Functions. The route's function is the state machine.
    States(Box<StatesIntegration>),
}

/// A call of Step Functions behind an API.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StatesIntegration {
    /// The operation, such as `StartExecution`.
    pub action: String,
    /// Behind a REST API: the templates for its request, and for the response made of its answer. A response's pattern
    /// is matched against the status of the answer.
    pub templates: Option<AwsIntegration>,
    /// Behind an HTTP API: the members of its request, such as `Input`, and where each comes from, such as
    /// `$request.body`.
    pub parameters: BTreeMap<String, String>,
}

/// An `aws` integration, as the OpenAPI document or the `Method` has it; nothing in it is evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AwsIntegration {
    /// `requestTemplates`, by content type: Velocity templates.
    pub request_templates: BTreeMap<String, String>,
    /// `passthroughBehavior`: what happens to a request without a matching template.
    pub passthrough: Passthrough,
    /// `requestParameters`: by `integration.request.…` a literal in single quotation marks, or the value's place in the
    /// request.
    pub request_parameters: BTreeMap<String, String>,
    /// `X-Amz-Invocation-Type: 'Event'` among them: the answer does not wait for the function.
    pub asynchronous: bool,
    /// `responses`, in the document's order; if empty, 200 with the unchanged result.
    pub responses: Vec<IntegrationResponse>,
}

/// What happens to a request whose content type has no template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Passthrough {
    /// Its body is passed on; API Gateway's default.
    #[default]
    WhenNoMatch,
    /// Its body is passed on if there is no template at all; else the answer is 415.
    WhenNoTemplates,
    /// The answer is 415.
    Never,
}

/// One of the responses of an `aws` integration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IntegrationResponse {
    /// The pattern that the whole error message of the function must match; `None` is for results, and
    /// for errors that no pattern matches.
    pub selection: Option<String>,
    /// `statusCode`.
    pub status: u16,
    /// `responseParameters`: by `method.response.header.…` a literal in single quotation marks, or the value's place in
    /// the function's answer.
    pub parameters: BTreeMap<String, String>,
    /// `responseTemplates`, by content type: Velocity templates.
    pub templates: BTreeMap<String, String>,
}

/// The requests that a route matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RouteKey {
    /// `$default`: every request that no other route matches.
    Default,
    /// One method, or any, on one path.
    Path {
        /// The request's method.
        method: RouteMethod,
        /// Begins with `/`; a segment `{name}` matches one segment, a last `{name+}` all remaining ones.
        path: String,
    },
}

impl fmt::Display for RouteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("$default"),
            Self::Path { method, path } => write!(f, "{} {path}", method.as_str()),
        }
    }
}

/// A method that API Gateway routes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RouteMethod {
    /// Any of them.
    Any,
    /// `DELETE`
    Delete,
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `OPTIONS`
    Options,
    /// `PATCH`
    Patch,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

impl RouteMethod {
    /// All of them, `ANY` first.
    pub const ALL: [Self; 8] = [
        Self::Any,
        Self::Delete,
        Self::Get,
        Self::Head,
        Self::Options,
        Self::Patch,
        Self::Post,
        Self::Put,
    ];

    /// The spelling in a route key: `ANY` or the HTTP method.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "ANY",
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// An `AWS::Serverless::Api`, with the routes that functions' `Api` events give it, or an
/// `AWS::ApiGateway::RestApi` with its `Method`s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestApiResource {
    /// The key under `Resources`; `ServerlessRestApi` for the API that SAM adds.
    pub logical_id: String,
    /// The value of `Ref`: ten characters, the same for the same stack name and logical id.
    pub api_id: String,
    /// `https://<api id>.execute-api.<region>.<suffix>`, the URL that the API would have on AWS.
    pub endpoint: String,
    /// `Name`.
    pub name: Option<String>,
    /// `StageName`, the first segment of every path; `Prod` for the API that SAM adds.
    pub stage_name: String,
    /// `Variables` of the stage.
    pub stage_variables: BTreeMap<String, String>,
    /// `Cors`.
    pub cors: Option<RestCors>,
    /// By the names that routes have for them.
    pub authorizers: BTreeMap<String, Authorizer>,
    /// Which callers get the `OPTIONS` answers of `cors`: SAM's default authorizer guards `OPTIONS` too, unless told
    /// otherwise.
    pub options_access: Access,
    /// `ApiKeySourceType`.
    pub api_key_source: ApiKeySource,
    /// `BinaryMediaTypes`, with `/` unescaped; `*/*` means any.
    pub binary_media_types: Vec<String>,
    /// In the template's order; no two have the same key, and each has a path.
    pub routes: Vec<Route>,
}

/// `Cors`: the gateway's answer to `OPTIONS`. All other answers must bring their own CORS headers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RestCors {
    /// `AllowOrigin`, as the header has it.
    pub allow_origin: String,
    /// `AllowMethods`, as the header has it; those of the path where the template leaves it out.
    pub allow_methods: Option<String>,
    /// `AllowHeaders`, as the header has it.
    pub allow_headers: Option<String>,
    /// `MaxAge`, as the header has it.
    pub max_age: Option<String>,
    /// `AllowCredentials`.
    pub allow_credentials: bool,
}
