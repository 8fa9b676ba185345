//! The API behind a gate; requests and authorizers are named after it.

use hyper::http::request::Parts;

use crate::app::App;
use crate::gateway::request::Call;

/// The kind of API: the kinds ask and answer differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GateKind {
    Http,
    Rest,
}

/// The API behind a gate.
#[derive(Debug)]
pub(crate) struct GatedApi {
    pub(super) kind: GateKind,
    /// Its key in the template.
    pub(super) name: String,
    pub(super) id: String,
    pub(super) stage_name: String,
}

impl GatedApi {
    /// The ARN of a request's method, as policies name it.
    pub fn method_arn(&self, app: &App, parts: &Parts, call: &Call<'_>) -> String {
        let home = &app.registry.home;
        let (region, account_id) = (&home.region, &home.account_id);
        let partition = match region {
            it if it.starts_with("cn-") => "aws-cn",
            it if it.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        let (api_id, stage) = (&self.id, &self.stage_name);
        let method = parts.method.as_str();
        let path = &call.matched_path;
        let path = path.strip_prefix('/').unwrap_or(path);
        format!(
            "arn:{partition}:execute-api:{region}:{account_id}:{api_id}/{stage}/{method}/{path}"
        )
    }
}
