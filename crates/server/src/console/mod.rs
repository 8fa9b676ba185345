//! The server's side of the web console: its files, and the routes that the public API does not
//! have. They only read; the console makes its changes through the public API (`docs/adr/0007-*`).
//!
//! Each kind of answer has a file; [`openapi`] describes them for clients. Data of an execution is
//! untrusted and may be large: answers contain only the beginning of long texts.

mod assets;
mod openapi;

mod filter;
mod named;
mod summary;

mod cost;
mod events;
mod execution;
mod executions;
mod waiting;

mod emf;
mod functions;
mod health_metrics;
mod servers;
mod system;

mod live;
mod sse;

pub use assets::has_console;
pub(crate) use sse::STREAMS_MAX;

use std::sync::Arc;

use hyper::header::ACCEPT;
use hyper::{HeaderMap, Method, Request, Response};

use crate::app::App;
use crate::http::{Body, Query, refusal};

/// The path of the routes.
const ROUTES: &str = "/lambdura/v1/";

/// Whether a path is the address of one of the console's pages, which people link to.
pub(crate) fn is_page(path: &str) -> bool {
    assets::is_page(path)
}

/// Whether a path is one of the console's files or pages.
pub(crate) fn is_file(path: &str) -> bool {
    assets::serve(path, &HeaderMap::new()).is_some()
}

/// Whether a browser asks for a page by its address: programs do not accept HTML.
pub(crate) fn is_navigation<B>(request: &Request<B>) -> bool {
    let accepted = request
        .headers()
        .get(ACCEPT)
        .and_then(|it| it.to_str().ok());
    let is_html = accepted.is_some_and(|it| it.contains("text/html"));
    is_html && matches!(*request.method(), Method::GET | Method::HEAD)
}

/// The console's page for an unknown address, with a way back.
pub(crate) fn no_such_page() -> Response<Body> {
    assets::no_such_page()
}

/// Answers a request for one of the console's files or routes; none when it is for neither of them.
pub(crate) async fn handle<B>(app: &Arc<App>, request: &Request<B>) -> Option<Response<Body>> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read {
        return None;
    }
    let path = request.uri().path();
    if path == "/metrics" {
        return Some(system::metrics(app).await);
    }
    let Some(route) = path.strip_prefix(ROUTES) else {
        return assets::serve(path, request.headers());
    };
    let query = match Query::parse(request.uri().query()) {
        Ok(query) => query,
        Err(error) => return Some(refusal(error)),
    };
    let session = app.access.session_of(request.headers());
    let segments: Vec<&str> = route.split('/').collect();
    let answer = match segments.as_slice() {
        ["executions"] => executions::list(app, &query).await,
        ["executions", "counts"] => executions::counts(app, &query).await,
        ["executions", "cost"] => cost::of_name(app, &query, request.headers()).await,
        ["executions", "live"] => live::executions(app, &query, session),
        ["executions", id] => execution::detail(app, id).await,
        ["executions", id, "cost"] => cost::of_id(app, id, request.headers()).await,
        ["executions", id, "definition"] => execution::definition(app, id).await,
        ["executions", id, "events"] => events::page(app, id, &query).await,
        ["executions", id, "live"] => live::execution(app, id, &query, session),
        ["callbacks"] => waiting::callbacks(app, &query).await,
        ["timers"] => waiting::timers(app, &query).await,
        ["functions"] => functions::list(app).await,
        ["functions", name] => functions::detail(app, name).await,
        ["functions", name, "metrics"] => emf::metrics(app, name, &query).await,
        ["functions", name, "inputs"] => functions::inputs(app, name).await,
        ["servers"] => servers::list(app).await,
        ["system"] => system::system(app).await,
        ["openapi.json"] => Ok(openapi::serve()),
        _ => return None,
    };
    Some(answer.unwrap_or_else(refusal))
}
