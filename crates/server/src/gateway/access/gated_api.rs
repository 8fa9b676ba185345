//! The API that a gate is of, by which requests and authorizers are named.

use hyper::http::request::Parts;

use crate::app::App;
use crate::gateway::request::Call;

/// Which kind of API it is: they ask and answer differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GateKind {
    Http,
    Rest,
}

/// The API that a gate is of.
#[derive(Debug)]
pub(crate) struct GatedApi {
    pub(super) kind: GateKind,
    /// Its key in the template.
    pub(super) name: String,
    pub(super) id: String,
    pub(super) stage_name: String,
}

impl GatedApi {
    /// What policies name a request by.
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
