//! `/lambdura/v1/functions/{name}/versions/{version}/code`: lets a version run the code of another one.
//!
//! On AWS a version never changes, and an execution whose code cannot continue is lost. A developer fixes the code and
//! wants the waiting executions to continue with it. So their version gets the corrected code, and each execution keeps
//! its ARN, its history and its position.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use model::{FunctionName, Version};
use serde::Serialize;
use utoipa::ToSchema;
use wire::ApiError;

use crate::app::App;
use crate::functions::Reference;
use crate::http::{Body, Query, decode, json};

const BEFORE: &str = "/lambdura/v1/functions/";

/// What a version runs now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionCode {
    pub function: String,
    pub version: String,
    /// The version whose code and configuration it runs.
    pub code_of: String,
    /// SHA-256 of that code, base64.
    pub code_sha256: String,
    /// Whether it ran something else before.
    pub changed: bool,
}

/// The version in the path of a `POST`; `None` for another path.
pub(crate) fn named(path: &str) -> Option<Result<(FunctionName, Version), ApiError>> {
    let (name, version) = path.strip_prefix(BEFORE)?.split_once("/versions/")?;
    let version = version.strip_suffix("/code")?;
    let text = |part: &str| decode(part).unwrap_or_default();
    let parsed = FunctionName::parse(&text(name)).ok().zip(
        text(version)
            .parse()
            .ok()
            .filter(|version| *version != Version::Latest),
    );
    Some(parsed.ok_or_else(|| {
        ApiError::invalid_parameter(
            "The path must name a function and one of its published versions, by number.",
        )
    }))
}

/// Has a version run the code and the configuration of another one, which the parameter `of` names, from its next
/// invocation on.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such function, version or alias, `InvalidParameterValueException`
/// without `of` and where only one of the two is durable.
#[utoipa::path(
    post,
    path = "/lambdura/v1/functions/{name}/versions/{version}/code",
    params(
        ("name" = String, Path, description = "the function"),
        ("version" = u64, Path, description = "a published version"),
        ("of" = String, Query, description = "the version or alias whose code is to be run"),
    ),
    responses((status = 200, body = VersionCode)),
)]
pub(crate) async fn replace(
    app: &Arc<App>,
    (name, version): (FunctionName, Version),
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let Some(of) = query.get("of") else {
        return Err(ApiError::invalid_parameter(
            "'of' must name the version or alias whose code is to be run",
        ));
    };
    let of = app
        .registry
        .resolve(&Reference::parse(name.as_str(), Some(of))?)?;
    let replaced = app.change(move |_, changes| {
        Box::pin(async move {
            let changed = changes.replace_code(&name, &version, &of.version).await?;
            Ok::<_, ApiError>(VersionCode {
                function: name.to_string(),
                version: version.to_string(),
                code_of: of.version.version.to_string(),
                code_sha256: of.version.code_sha256.clone(),
                changed,
            })
        })
    });
    let replaced = replaced.await?;
    Ok(json(StatusCode::OK, &replaced))
}
