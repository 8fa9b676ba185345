//! Who may use a route of an API, and what its requests must bring.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a route asks for before its function is invoked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Access {
    /// The authorizer, by its key among those of the API; `None` lets everybody in.
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
    /// Whether it asks for nothing.
    pub fn is_open(&self) -> bool {
        self.authorizer.is_none() && !self.api_key_required && !self.iam
    }
}

/// What a request must have by the route's `RequestValidator`. Behind REST APIs only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RequestChecks {
    /// Parameters that must not be missing.
    pub parameters: Vec<RequestPart>,
    /// By content type, the JSON schema of the body: draft 4, with everything in it that it refers to.
    pub bodies: BTreeMap<String, Value>,
}

/// A value that a request brings along, or that is known of it.
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
    /// Its own name, without where it is.
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
    /// How it comes to its decision.
    pub kind: AuthorizerKind,
    /// Where the request has what is decided by: without one of them it is refused unseen.
    pub identity: Vec<RequestPart>,
    /// How long a decision of a function holds for the same identity; zero: not at all.
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
        /// What it is given.
        event: AuthorizerEvent,
        /// What the whole token must match for the function to be asked. `TOKEN` authorizers only.
        validation: Option<String>,
    },
    /// A signed token decides: `JWT`, `COGNITO_USER_POOLS`.
    Token {
        /// Who may have issued it.
        issuers: Vec<String>,
        /// Whether a user pool of this template, which is not anywhere, may have issued it.
        issued_nowhere: bool,
        /// Whom it must be for: one of these; `None` is not compared.
        audience: Option<Vec<String>>,
    },
    /// Nothing can decide here, for this reason: nobody is let in.
    Missing {
        /// What is missing.
        reason: String,
    },
}

/// What the function of an authorizer is given, and how it answers.
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

/// Where a REST API has a request's API key from.
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
    /// Logical ids of the REST APIs that it opens, by its usage plans.
    pub apis: Vec<String>,
}
