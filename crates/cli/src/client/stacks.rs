//! Stacks of a server: a part of the service that AWS keeps in CloudFormation.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::api::{Client, encode};
use super::error::CallError;
use super::transport::Call;

const STACKS: &str = "/lambdura/v1/stacks";

/// How long an archive may take: many megabytes over a slow line.
const UPLOAD_TIME_MAX: Duration = Duration::from_secs(600);

/// How long a deployment may take: functions are started, and interpreters are installed the first time.
const DEPLOY_TIME_MAX: Duration = Duration::from_secs(1_200);

/// A server's stacks and settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StackServer {
    /// Its region, which templates have to be read for.
    pub region: String,
    /// Where it calls AWS's other services: `nowhere`, `emulator` or `account`.
    pub services: String,
    /// By name.
    pub stacks: Vec<StackSummary>,
}

/// A stack in a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StackSummary {
    /// Its name.
    pub name: String,
    /// Names its last deployment.
    pub revision: String,
    /// `live`, `applying` or `destroying`.
    pub status: String,
    /// Milliseconds since the epoch.
    pub deployed_at: i64,
    /// How many it has.
    pub functions: usize,
    /// The template's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A stack as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShownStack {
    /// As in a list.
    #[serde(flatten)]
    pub summary: StackSummary,
    /// Its resources.
    pub resources: StackResources,
    /// Executions that have not ended, by function.
    pub open_executions: BTreeMap<String, usize>,
    /// Where the server stops counting those of a function. Servers of before 0.2 do not say it.
    #[serde(default = "counted_max")]
    pub open_executions_max: usize,
}

/// The resources of a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StackResources {
    /// In the template's order.
    pub functions: Vec<StackFunction>,
    /// URL by logical id.
    pub http_apis: BTreeMap<String, String>,
    /// URL with the stage, by logical id.
    pub rest_apis: BTreeMap<String, String>,
    /// URL by logical id.
    pub function_urls: BTreeMap<String, String>,
    /// When functions are invoked.
    pub schedules: Vec<StackSchedule>,
    /// Names.
    pub tables: Vec<String>,
    /// Value by name.
    pub outputs: BTreeMap<String, String>,
}

/// A function of a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StackFunction {
    /// Its key in the template.
    pub logical_id: String,
    /// Its name.
    pub name: String,
    /// What to invoke.
    pub arn: String,
    /// The version that the ARN means now.
    pub version: String,
    /// Its `AutoPublishAlias`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Whether it is durable.
    pub durable: bool,
    /// Its runtime.
    pub runtime: String,
}

/// A schedule of a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StackSchedule {
    /// Its name.
    pub name: String,
    /// Logical id of the function.
    pub function: String,
    /// As the template has it.
    pub expression: String,
    /// Whether it is on.
    pub enabled: bool,
}

/// The changes that a deployment would make.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StackPlan {
    /// The stack.
    pub stack: String,
    /// The deployment that it is compared with; none for a new stack.
    pub on: Option<String>,
    /// Resource by resource.
    pub changes: Vec<StackChange>,
    /// Hashes of code that the server has not.
    pub missing_code: Vec<String>,
    /// Functions that are there and belong to no stack yet.
    pub adopted: Vec<String>,
    /// Open executions of functions that are removed.
    pub open_executions: BTreeMap<String, usize>,
    /// Where the server stops counting those of a function. Servers of before 0.2 do not say it.
    #[serde(default = "counted_max")]
    pub open_executions_max: usize,
}

/// One resource that changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StackChange {
    /// `add`, `change` or `remove`.
    pub action: String,
    /// Such as `function`.
    pub kind: String,
    /// Its key in the template.
    pub logical_id: String,
    /// Its name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The properties that change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<String>,
}

impl Client {
    /// The stacks of the server.
    pub async fn stacks(&self) -> Result<StackServer, CallError> {
        self.get(STACKS.to_owned(), &[]).await
    }

    /// One of them.
    pub async fn stack(&self, name: &str) -> Result<ShownStack, CallError> {
        self.get(path(name), &[]).await
    }

    /// The changes that a deployment would make.
    pub async fn plan_stack(&self, name: &str, submitted: &Value) -> Result<StackPlan, CallError> {
        let path = format!("{}/plan", path(name));
        let body = submitted.to_string().into_bytes();
        let answer = self
            .post_within(path.clone(), body, UPLOAD_TIME_MAX)
            .await?;
        self.read(&format!("POST {path}"), &answer)
    }

    /// Uploads code, by the hash of its archive.
    pub async fn put_code(&self, sha256: &str, archive: Vec<u8>) -> Result<(), CallError> {
        let call = Call {
            method: Method::PUT,
            path_and_query: format!("/lambdura/v1/code/{sha256}"),
            headers: Vec::new(),
            body: archive,
            limit: UPLOAD_TIME_MAX,
        };
        self.transport.call(call).await.map(drop)
    }

    /// Deploys; returns once it is live.
    pub async fn deploy_stack(
        &self,
        name: &str,
        submitted: &Value,
    ) -> Result<ShownStack, CallError> {
        let call = Call {
            method: Method::PUT,
            path_and_query: path(name),
            headers: Vec::new(),
            body: submitted.to_string().into_bytes(),
            limit: DEPLOY_TIME_MAX,
        };
        let answer = self.transport.call(call).await?;
        self.read(&format!("PUT {}", path(name)), &answer)
    }

    /// Removes a stack.
    pub async fn destroy_stack(&self, name: &str, force: bool) -> Result<(), CallError> {
        let query = if force { "?force=true" } else { "" };
        self.delete_at(format!("{}{query}", path(name)))
            .await
            .map(drop)
    }
}

fn counted_max() -> usize {
    1_000
}

/// How many executions are open; the server counts to `max`: `1 execution is`, `1000 or more executions are`.
pub fn open_text(counts: impl IntoIterator<Item = usize>, max: usize) -> String {
    let (mut total, mut is_cut) = (0, false);
    for count in counts {
        total += count;
        is_cut |= count >= max;
    }
    match total {
        1 => "1 execution is".to_owned(),
        total if is_cut => format!("{total} or more executions are"),
        total => format!("{total} executions are"),
    }
}

fn path(name: &str) -> String {
    format!("{STACKS}/{}", encode(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_was_cut_is_not_told_as_exact() {
        assert_eq!(open_text([1], 1_000), "1 execution is");
        assert_eq!(open_text([1, 2], 1_000), "3 executions are");
        assert_eq!(open_text([1_000], 1_000), "1000 or more executions are");
        assert_eq!(open_text([3, 1_000], 1_000), "1003 or more executions are");
        assert_eq!(open_text([600, 600], 1_000), "1200 executions are");
    }
}
