//! A REST API and its routes.

use std::collections::BTreeMap;

use crate::Route;

/// An `AWS::Serverless::Api`, with the routes that functions' `Api` events give it, or an
/// `AWS::ApiGateway::RestApi` with its `Method`s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestApiResource {
    /// The key under `Resources`; `ServerlessRestApi` for the one that SAM makes up.
    pub logical_id: String,
    /// What `Ref` yields: ten characters, the same for the same stack name and logical id.
    pub api_id: String,
    /// `https://<api id>.execute-api.<region>.<suffix>`, the URL that the API would have on AWS.
    pub endpoint: String,
    /// `Name`.
    pub name: Option<String>,
    /// `StageName`, which every path begins with; `Prod` for the API that SAM makes up.
    pub stage_name: String,
    /// `Variables` of the stage.
    pub stage_variables: BTreeMap<String, String>,
    /// `Cors`.
    pub cors: Option<RestCors>,
    /// `BinaryMediaTypes`, with `/` as it is meant; `*/*` means any.
    pub binary_media_types: Vec<String>,
    /// In the template's order; no two have the same key, and each has a path.
    pub routes: Vec<Route>,
}

/// `Cors`: what the gateway answers to `OPTIONS`. Other answers say themselves who may read them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
