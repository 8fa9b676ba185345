//! Access to the routes of an API, and the required parts of their requests.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a route requires before its function is invoked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Access {
    /// The authorizer, by its key among those of the API; `None`: every caller is admitted.
    pub authorizer: Option<String>,
    /// `AuthorizationScopes`: a token must have one of them.
    pub scopes: Vec<String>,
    /// `ApiKeyRequired`. Behind REST APIs only.
    pub api_key_required: bool,
    /// `AWS_IAM`: requests have to be signed, where policies are enforced.
    #[serde(default)]
    pub iam: bool,
}

impl Access {
    /// Whether it requires nothing.
    pub fn is_open(&self) -> bool {
        self.authorizer.is_none() && !self.api_key_required && !self.iam
    }
}

/// What a request must contain, by the route's `RequestValidator`. Behind REST APIs only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RequestChecks {
    /// Parameters that must be present.
    pub parameters: Vec<RequestPart>,
    /// By content type, the JSON schema of the body: draft 4, with everything in it that it refers to.
    pub bodies: BTreeMap<String, Value>,
}

/// A value in a request, or one that the server knows about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RequestPart {
    /// A header, in any case.
    Header(String),
    /// A parameter of the query.
    Query(String),
    /// A variable of the route's path.
    Path(String),
    /// A variable of the stage.
    StageVariable(String),
    /// A member of the event's `requestContext`, with dots between levels.
    Context(String),
}

impl RequestPart {
    /// Its own name, without its location.
    pub fn name(&self) -> &str {
        match self {
            Self::Header(name)
            | Self::Query(name)
            | Self::Path(name)
            | Self::StageVariable(name)
            | Self::Context(name) => name,
        }
    }
}

/// An `AWS::ApiGateway::Authorizer` or `AWS::ApiGatewayV2::Authorizer`, an entry of SAM's
/// `Auth.Authorizers`, or a security scheme of an OpenAPI document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorizer {
    /// How it decides.
    pub kind: AuthorizerKind,
    /// The request parts that the decision is based on: if one is missing, the request is rejected without asking.
    pub identity: Vec<RequestPart>,
    /// How long a function's decision is reused for the same identity; zero: never.
    pub ttl: Duration,
}

/// How an authorizer comes to its decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthorizerKind {
    /// A function decides.
    Lambda {
        /// Its logical id.
        function: String,
        /// Its alias; `None` means `$LATEST`.
        qualifier: Option<String>,
        /// The event that the function receives.
        event: AuthorizerEvent,
        /// A pattern: the function is asked only if the whole token matches. `TOKEN` authorizers only.
        validation: Option<String>,
    },
    /// A signed token decides: `JWT`, `COGNITO_USER_POOLS`.
    Token {
        /// The accepted issuers of the token.
        issuers: Vec<String>,
        /// Whether a user pool of this template, which does not exist anywhere, may have issued it.
        issued_nowhere: bool,
        /// The accepted audiences; with `None` the audience is not compared.
        audience: Option<Vec<String>>,
    },
    /// Nothing can decide here, for this reason: every request is rejected.
    Missing {
        /// The missing part.
        reason: String,
    },
}

/// What the function of an authorizer receives, and how it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthorizerEvent {
    /// `TOKEN` of REST APIs: the token alone.
    Token,
    /// `REQUEST` of REST APIs: the request without its body.
    Request,
    /// Of HTTP APIs, in payload format 1.0.
    Version1,
    /// Of HTTP APIs, in payload format 2.0.
    Version2 {
        /// `EnableSimpleResponses`: the answer is `isAuthorized` instead of a policy.
        simple: bool,
    },
}

/// Where a REST API takes a request's API key from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ApiKeySource {
    /// The header `x-api-key`.
    #[default]
    Header,
    /// The authorizer's `usageIdentifierKey`.
    Authorizer,
}

/// An `AWS::ApiGateway::ApiKey`, or the one that SAM makes for an API with a `UsagePlan`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyResource {
    /// Its key in the template.
    pub logical_id: String,
    /// `Name`.
    pub name: String,
    /// `Value`; where the template leaves it to AWS, forty characters, the same for the same stack name
    /// and logical id.
    pub value: String,
    /// `Enabled`.
    pub enabled: bool,
    /// Logical ids of the REST APIs that accept the key, by its usage plans.
    pub apis: Vec<String>,
}
