//! The rules that answer callbacks and stand for missing functions.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::{Response, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use wire::ApiError;

use crate::api::small_json;
use crate::app::App;
use crate::http::{Body, RequestBody, json};
use wind::{AnswerSet, Glob, Rule, Stub};

pub(super) const ROUTE: &str = "/lambdura/v1/answers";

/// How often each rule answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnswersShown {
    pub callbacks: Vec<RuleShown>,
    pub invokes: Vec<RuleShown>,
}

/// A rule, by what it is for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleShown {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    pub given: u64,
}

/// Returns the present rules, and how often each one answered.
#[utoipa::path(get, path = "/lambdura/v1/answers", responses((status = 200, body = AnswersShown)))]
pub(crate) fn show(app: &Arc<App>) -> Response<Body> {
    let set = app.answers.set();
    let shown = AnswersShown {
        callbacks: set.callbacks.iter().map(RuleShown::of_rule).collect(),
        invokes: set.invokes.iter().map(RuleShown::of_stub).collect(),
    };
    json(StatusCode::OK, &shown)
}

/// Replaces the rules that answer callbacks; the body is what `--answers` reads.
#[utoipa::path(
    post,
    path = "/lambdura/v1/answers",
    request_body = Object,
    responses((status = 200, body = AnswersShown)),
)]
pub(crate) async fn replace(app: &Arc<App>, body: RequestBody) -> Result<Response<Body>, ApiError> {
    let set: AnswerSet = small_json(body).await?;
    let functions = app.registry.names();
    set.check(&functions).map_err(ApiError::invalid_parameter)?;
    app.answers.replace(set);
    Ok(show(app))
}

impl RuleShown {
    fn of_rule(rule: &Rule) -> Self {
        let text = |glob: &Option<Glob>| glob.as_ref().map(|it| it.as_str().to_owned());
        Self {
            function: text(&rule.function),
            operation: text(&rule.operation),
            execution: text(&rule.execution),
            attempt: rule.attempt,
            given: rule.given.load(Ordering::Relaxed),
        }
    }

    fn of_stub(stub: &Stub) -> Self {
        Self {
            function: Some(stub.function.as_str().to_owned()),
            operation: None,
            execution: None,
            attempt: None,
            given: stub.given.load(Ordering::Relaxed),
        }
    }
}
