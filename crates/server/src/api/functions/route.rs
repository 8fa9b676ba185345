//! Routes about functions: the whole Lambda API except executions and `Invoke`.

use std::sync::Arc;

use hyper::{HeaderMap, Method, Response};
use wire::ApiError;

use super::{alias, change, event_invoke, event_source, function, setting, tags};
use crate::api::invoke::{asynchronous, stream};
use crate::app::App;
use crate::http::{Body, Query, RequestBody};

/// A request that may match one of these routes.
pub(in crate::api) struct Routed<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    pub query: &'a Query,
    pub headers: &'a HeaderMap,
}

/// Answers a request about functions; gives the body back when it is not one.
pub(in crate::api) async fn dispatch(
    app: &Arc<App>,
    routed: &Routed<'_>,
    body: RequestBody,
) -> Result<Result<Response<Body>, ApiError>, RequestBody> {
    let Routed {
        method,
        path,
        query,
        headers,
    } = routed;
    if let Some(resource) = path.strip_prefix("/2017-03-31/tags/") {
        return match **method {
            Method::POST => Ok(tags::tag(app, resource, body).await),
            Method::GET => Ok(tags::list(app, resource)),
            Method::DELETE => Ok(tags::untag(app, resource, query).await),
            _ => Err(body),
        };
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let answer = match (method.as_str(), segments.as_slice()) {
        (
            "POST",
            [
                "2021-11-15",
                "functions",
                name,
                "response-streaming-invocations",
            ],
        ) => stream::invoke(app, name, query, headers, body).await,
        ("POST", ["2014-11-13", "functions", name, "invoke-async"]) => {
            asynchronous::invoke(app, name, headers, body).await
        }
        ("GET", ["2015-03-31", "functions"]) => function::list(app, query),
        ("POST", ["2015-03-31", "functions"]) => change::create(app, body).await,
        ("GET", ["2015-03-31", "functions", name]) => function::get(app, name, query),
        ("DELETE", ["2015-03-31", "functions", name]) => change::delete(app, name, query).await,
        ("PUT", ["2015-03-31", "functions", name, "code"]) => {
            change::update_code(app, name, body).await
        }
        ("GET", ["2015-03-31", "functions", name, "configuration"]) => {
            function::configuration(app, name, query)
        }
        ("PUT", ["2015-03-31", "functions", name, "configuration"]) => {
            change::update_configuration(app, name, body).await
        }
        ("GET", ["2015-03-31", "functions", name, "versions"]) => {
            function::versions(app, name, query)
        }
        ("POST", ["2015-03-31", "functions", name, "versions"]) => {
            change::publish(app, name, body).await
        }
        ("GET", ["2015-03-31", "functions", name, "aliases"]) => alias::list(app, name, query),
        ("POST", ["2015-03-31", "functions", name, "aliases"]) => {
            alias::create(app, name, body).await
        }
        ("GET", ["2015-03-31", "functions", name, "aliases", alias]) => {
            alias::get(app, name, alias)
        }
        ("PUT", ["2015-03-31", "functions", name, "aliases", alias]) => {
            alias::update(app, name, alias, body).await
        }
        ("DELETE", ["2015-03-31", "functions", name, "aliases", alias]) => {
            alias::delete(app, name, alias).await
        }
        (verb, ["2019-09-25", "functions", name, "event-invoke-config"]) => {
            return event_invoke(app, verb, name, query, body).await;
        }
        (
            "GET",
            [
                "2019-09-25",
                "functions",
                name,
                "event-invoke-config",
                "list",
            ],
        ) => event_invoke::list(app, name, query),
        ("POST", ["2015-03-31", "event-source-mappings"]) => event_source::create(app, body).await,
        ("GET", ["2015-03-31", "event-source-mappings"]) => event_source::list(app, query),
        ("GET", ["2015-03-31", "event-source-mappings", uuid]) => event_source::get(app, uuid),
        ("PUT", ["2015-03-31", "event-source-mappings", uuid]) => {
            event_source::update(app, uuid, body).await
        }
        ("DELETE", ["2015-03-31", "event-source-mappings", uuid]) => {
            event_source::delete(app, uuid).await
        }
        ("PUT", ["2017-10-31", "functions", name, "concurrency"]) => {
            setting::put_concurrency(app, name, body).await
        }
        ("DELETE", ["2017-10-31", "functions", name, "concurrency"]) => {
            setting::delete_concurrency(app, name).await
        }
        ("GET", ["2019-09-30", "functions", name, "concurrency"]) => {
            setting::get_concurrency(app, name)
        }
        ("GET", ["2016-08-19", "account-settings"]) => Ok(setting::account(app)),
        ("GET", ["2015-03-31", "functions", name, "policy"]) => setting::policy(app, name, query),
        ("GET", ["2020-06-30", "functions", name, "code-signing-config"]) => {
            setting::code_signing(app, name)
        }
        ("GET", ["2024-08-31", "functions", name, "recursion-config"]) => {
            setting::recursion(app, name)
        }
        ("GET", ["2021-07-20", "functions", name, "runtime-management-config"]) => {
            setting::runtime_management(app, name, query)
        }
        _ => return Err(body),
    };
    Ok(answer)
}

async fn event_invoke(
    app: &Arc<App>,
    verb: &str,
    name: &str,
    query: &Query,
    body: RequestBody,
) -> Result<Result<Response<Body>, ApiError>, RequestBody> {
    use event_invoke::Write;
    match verb {
        "PUT" => Ok(event_invoke::write(app, name, query, body, Write::Put).await),
        "POST" => Ok(event_invoke::write(app, name, query, body, Write::Update).await),
        "GET" => Ok(event_invoke::get(app, name, query)),
        "DELETE" => Ok(event_invoke::delete(app, name, query).await),
        _ => Err(body),
    }
}
