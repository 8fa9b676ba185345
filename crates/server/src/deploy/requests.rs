//! `/lambdura/v1/stacks` and `/lambdura/v1/code`: stacks over the API.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::{Method, Request, Response, StatusCode};
use lambda_api::ErrorCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use wire::ApiError;

use super::change::{Change, changes};
use super::document::{Deployed, Document, Stage, Submitted};
use super::rollout::no_such_stack;
use super::stack::{OPEN_EXECUTIONS_MAX, Urls};
use super::stacks::StackService;
use super::submitted::check_name;
use crate::elsewhere::Elsewhere;
use crate::http::{
    Body, BodyError, Query, RequestBody, decode, json, no_content, read_body, refusal,
};

const STACKS: &str = "/lambdura/v1/stacks";
const CODE: &str = "/lambdura/v1/code/";

/// Bytes of a template as JSON: CloudFormation takes a megabyte, and resolving makes it longer.
const STACK_BYTES_MAX: usize = 15 * 1024 * 1024;

/// Bytes of an archive of code.
const ARCHIVE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What is submitted, and on what.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct DeployRequest {
    #[serde(flatten)]
    submitted: Submitted,
    /// The revision that the client has seen; null where there was none.
    #[serde(default)]
    on: Option<String>,
}

/// What a deployment would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StackPlan)]
pub(super) struct Plan {
    stack: String,
    /// The revision that the plan is made on; null for a new stack.
    #[schema(required)]
    on: Option<String>,
    changes: Vec<Change>,
    /// Hashes of code that has to be uploaded before.
    missing_code: Vec<String>,
    /// Functions that are here and belong to no stack yet: they will be this one's.
    adopted: Vec<String>,
    /// Open executions of functions that are removed, by name: they run to their end.
    open_executions: BTreeMap<String, usize>,
    /// Where counting stops: a function with so many may have more.
    open_executions_max: usize,
}

/// The stacks of a server, and what those who read templates for it need to know.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Stacks {
    region: String,
    account_id: String,
    /// Where the server calls AWS's other services: `nowhere`, `emulator` or `account`.
    services: &'static str,
    stacks: Vec<Summary>,
}

/// A stack, as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StackSummary)]
pub(super) struct Summary {
    name: String,
    revision: String,
    status: Stage,
    /// Milliseconds since 1970.
    deployed_at: i64,
    functions: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

/// A stack, as it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StackShown)]
pub(super) struct Shown {
    #[serde(flatten)]
    summary: Summary,
    /// In the template's order.
    resources: Resources,
    /// Open executions by function name.
    open_executions: BTreeMap<String, usize>,
    /// Where counting stops: a function with so many may have more.
    open_executions_max: usize,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StackResources)]
struct Resources {
    functions: Vec<ShownFunction>,
    http_apis: BTreeMap<String, String>,
    rest_apis: BTreeMap<String, String>,
    function_urls: BTreeMap<String, String>,
    schedules: Vec<ShownSchedule>,
    tables: Vec<String>,
    outputs: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StackFunction)]
struct ShownFunction {
    logical_id: String,
    name: String,
    /// Qualified by the alias where there is one.
    arn: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    durable: bool,
    runtime: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StackSchedule)]
struct ShownSchedule {
    name: String,
    function: String,
    expression: String,
    enabled: bool,
}

/// The routes, for the description of the API.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "a test makes the document of it")
)]
#[derive(OpenApi)]
#[openapi(paths(list, show, plan, put, destroy, put_code))]
pub(crate) struct Description;

impl StackService {
    /// Answers a request.
    pub async fn handle(self: Arc<Self>, request: Request<RequestBody>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let app = Arc::clone(&self.ground.app);
        let query = match Query::parse(parts.uri.query()) {
            Ok(query) => query,
            Err(error) => return refusal(error),
        };
        let path = parts.uri.path().trim_end_matches('/').to_owned();
        // A deployment that was begun continues when its client hangs up.
        let answer =
            app.to_the_end(async move { self.answer(&parts.method, &path, &query, body).await });
        answer.await.unwrap_or_else(refusal)
    }

    async fn answer(
        &self,
        method: &Method,
        path: &str,
        query: &Query,
        body: RequestBody,
    ) -> Result<Response<Body>, ApiError> {
        if let Some(sha256) = path.strip_prefix(CODE) {
            return match *method {
                Method::PUT => put_code(self, sha256, body).await,
                _ => Err(unknown()),
            };
        }
        let rest = path.strip_prefix(STACKS).ok_or_else(unknown)?;
        let segments: Vec<&str> = rest.split('/').skip(1).collect();
        let named = |segment: &str| {
            let name = decode(segment).unwrap_or_default();
            check_name(&name).map(|()| name)
        };
        match (method.as_str(), segments.as_slice()) {
            ("GET", []) => list(self).await,
            ("GET", [name]) => show(self, &named(name)?).await,
            ("POST", [name, "plan"]) => plan(self, &named(name)?, submitted(body).await?).await,
            ("PUT", [name]) => put(self, &named(name)?, submitted(body).await?).await,
            ("DELETE", [name]) => destroy(self, &named(name)?, query).await,
            _ => Err(unknown()),
        }
    }

    async fn note(&self, action: &str, stack: &str, is_done: bool) {
        let app = &self.ground.app;
        let now = app.machine_now();
        app.access.note_unsigned(action, stack, is_done, now).await;
    }

    async fn shown(&self, deployed: &Deployed) -> Result<Shown, ApiError> {
        let document = &deployed.document;
        let stack = &document.stack;
        let url = |id: &String| {
            let url = self.ground.api_url(&deployed.name, id)?;
            Some((id.clone(), url))
        };
        let local = document.api_ids().filter_map(url).collect();
        let urls = Urls::of(stack, &local);
        let functions = stack.functions.iter().map(|it| ShownFunction {
            logical_id: it.logical_id.clone(),
            name: it.name.clone(),
            arn: match &it.auto_publish_alias {
                Some(alias) => it.qualified_arn(alias),
                None => it.arn.clone(),
            },
            version: document
                .versions
                .get(&it.logical_id)
                .cloned()
                .unwrap_or_default(),
            alias: it.auto_publish_alias.clone(),
            durable: it.durable_config.is_some(),
            runtime: it.runtime.clone(),
        });
        let schedules = stack.schedules.iter().map(|it| ShownSchedule {
            name: it.name.clone(),
            function: it.function.clone(),
            expression: it.expression_text.clone(),
            enabled: it.enabled,
        });
        let outputs = stack.outputs.iter();
        Ok(Shown {
            summary: summary(deployed),
            resources: Resources {
                functions: functions.collect(),
                http_apis: urls.http_apis,
                rest_apis: urls.rest_apis,
                function_urls: urls.function_urls,
                schedules: schedules.collect(),
                tables: stack.tables.iter().map(|it| it.name.clone()).collect(),
                outputs: outputs
                    .map(|it| (it.name.clone(), it.value.clone()))
                    .collect(),
            },
            open_executions: self.open_executions(stack).await?,
            open_executions_max: OPEN_EXECUTIONS_MAX,
        })
    }

    /// The stack with the URLs that it has here, as far as they are known: without them everything that names one would
    /// seem to change.
    fn as_served(&self, name: &str, submitted: &Submitted) -> stack::Stack {
        let stack = submitted.stack.clone();
        let ids = Document::new(Stage::Applying, submitted.clone());
        let urls = ids.api_ids().filter_map(|id| {
            let url = self.ground.api_url(name, id)?;
            Some((id.clone(), url))
        });
        let urls = urls.collect();
        stack.with_local_urls(&urls)
    }
}

/// Returns the stacks of the server.
#[utoipa::path(get, path = "/lambdura/v1/stacks", responses((status = 200, body = Stacks)))]
pub(super) async fn list(service: &StackService) -> Result<Response<Body>, ApiError> {
    let mut known = service.known.lock().await;
    service.read(&mut known).await?;
    let stacks: Vec<Summary> = known.stacks.values().map(summary).collect();
    let home = &service.ground.app.registry.home;
    let services = match service.ground.config.elsewhere {
        Elsewhere::Nowhere => "nowhere",
        Elsewhere::Emulator(_) => "emulator",
        Elsewhere::Account(_) => "account",
    };
    let answer = Stacks {
        region: home.region.clone(),
        account_id: home.account_id.clone(),
        services,
        stacks,
    };
    Ok(json(StatusCode::OK, &answer))
}

/// Returns a stack: its resources, their URLs, and how many executions are open.
#[utoipa::path(
    get,
    path = "/lambdura/v1/stacks/{name}",
    params(("name" = String, Path, description = "the stack")),
    responses((status = 200, body = Shown)),
)]
pub(super) async fn show(service: &StackService, name: &str) -> Result<Response<Body>, ApiError> {
    let deployed = {
        let mut known = service.known.lock().await;
        service.read(&mut known).await?;
        known.stacks.get(name).cloned()
    };
    let deployed = deployed.ok_or_else(|| no_such_stack(name))?;
    Ok(json(StatusCode::OK, &service.shown(&deployed).await?))
}

/// Returns what deploying would change, and which code has to be uploaded before. Changes nothing.
#[utoipa::path(
    post,
    path = "/lambdura/v1/stacks/{name}/plan",
    params(("name" = String, Path, description = "the stack")),
    request_body = Submitted,
    responses((status = 200, body = Plan)),
)]
pub(super) async fn plan(
    service: &StackService,
    name: &str,
    submitted: Submitted,
) -> Result<Response<Body>, ApiError> {
    let before = {
        let mut known = service.known.lock().await;
        service.read(&mut known).await?;
        let before = known.stacks.get(name).cloned();
        let on = before.as_ref().map(|it| it.document.revision.clone());
        service.check(&known, name, &submitted, on.as_deref())?;
        before
    };
    let mut missing_code = Vec::new();
    for code in submitted.code.values() {
        match service.code(code).await? {
            // The code must stay for the deployment that follows; nothing else needs it yet.
            Some(frozen) => service.uploads.keep(frozen, service.now()),
            None if missing_code.contains(&code.sha256) => {}
            None => missing_code.push(code.sha256.clone()),
        }
    }
    let was = before.as_ref().map(|it| &it.document);
    let compared = service.as_served(name, &submitted);
    let changes = changes(
        was.map(|it| (&it.stack, &it.code)),
        (&compared, &submitted.code),
    );
    let owned = |function: &str| {
        was.is_some_and(|it| it.stack.functions.iter().any(|it| it.name == function))
    };
    let registry = &service.ground.app.registry;
    let is_here = |function: &str| {
        let name = model::FunctionName::parse(function);
        name.is_ok_and(|name| registry.versions(&name).is_some_and(|it| !it.is_empty()))
    };
    let functions = submitted.stack.functions.iter().map(|it| it.name.as_str());
    let adopted = functions.filter(|it| !owned(it) && is_here(it));
    let mut gone = was.map(|it| it.stack.clone()).unwrap_or_default();
    gone.functions.retain(|it| {
        !submitted
            .stack
            .functions
            .iter()
            .any(|is| is.name == it.name)
    });
    let plan = Plan {
        stack: name.to_owned(),
        on: was.map(|it| it.revision.clone()),
        changes,
        missing_code,
        adopted: adopted.map(str::to_owned).collect(),
        open_executions: service.open_executions(&gone).await?,
        open_executions_max: OPEN_EXECUTIONS_MAX,
    };
    Ok(json(StatusCode::OK, &plan))
}

/// Deploys a stack, and answers once it is live. Functions that change are started once before.
#[utoipa::path(
    put,
    path = "/lambdura/v1/stacks/{name}",
    params(("name" = String, Path, description = "the stack")),
    request_body = DeployRequest,
    responses((status = 200, body = Shown)),
)]
pub(super) async fn put(
    service: &StackService,
    name: &str,
    request: DeployRequest,
) -> Result<Response<Body>, ApiError> {
    let on = request.on.as_deref();
    let deployed = service.deploy(name, request.submitted, on).await;
    service.note("DeployStack", name, deployed.is_ok()).await;
    let shown = service.shown(&deployed?).await?;
    Ok(json(StatusCode::OK, &shown))
}

/// Removes a stack: its APIs and schedules at once, its functions when their executions have ended.
#[utoipa::path(
    delete,
    path = "/lambdura/v1/stacks/{name}",
    params(
        ("name" = String, Path, description = "the stack"),
        ("force" = Option<bool>, Query, description = "also while executions are open, which run to their end"),
    ),
    responses((status = 204)),
)]
pub(super) async fn destroy(
    service: &StackService,
    name: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let force = query.get("force") == Some("true");
    let destroyed = service.destroy(name, force).await;
    service.note("DestroyStack", name, destroyed.is_ok()).await;
    destroyed.map(|()| no_content())
}

/// Takes the code of a function, as a zip archive, by the hash of the archive.
#[utoipa::path(
    put,
    path = "/lambdura/v1/code/{sha256}",
    params(("sha256" = String, Path, description = "64 hexadecimal digits")),
    request_body(content = String, content_type = "application/zip"),
    responses((status = 204)),
)]
pub(super) async fn put_code(
    service: &StackService,
    sha256: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let archive = read(body, ARCHIVE_BYTES_MAX).await?;
    service.upload(sha256, archive).await?;
    Ok(no_content())
}

fn summary(deployed: &Deployed) -> Summary {
    let document = &deployed.document;
    Summary {
        name: deployed.name.clone(),
        revision: document.revision.clone(),
        status: document.stage,
        deployed_at: deployed.deployed_at.as_millis(),
        functions: document.stack.functions.len(),
        description: document.stack.description.clone(),
    }
}

fn unknown() -> ApiError {
    ApiError::new(
        ErrorCode::UnknownOperation,
        "There is nothing here that is asked for.",
    )
}

async fn read(body: RequestBody, bytes_max: usize) -> Result<bytes::Bytes, ApiError> {
    read_body(body, bytes_max)
        .await
        .map_err(|error| match error {
            BodyError::TooLarge => ApiError::new(
                ErrorCode::RequestEntityTooLarge,
                format!("Request must be smaller than {bytes_max} bytes."),
            ),
            error @ (BodyError::Broken | BodyError::Slow) => error.into(),
        })
}

/// A request body as JSON.
async fn submitted<T: DeserializeOwned>(body: RequestBody) -> Result<T, ApiError> {
    let bytes = read(body, STACK_BYTES_MAX).await?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let message = format!(
            "The request body is not what the operation expects: {error}. Is the client of another version than the server?"
        );
        ApiError::new(ErrorCode::Serialization, message)
    })
}
