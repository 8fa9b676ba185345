//! The description of the console's routes, derived from the code that answers them.

use bytes::Bytes;
use hyper::Response;
use hyper::header::CONTENT_TYPE;
use utoipa::OpenApi;

use super::{emf, events, execution, executions, functions, live, servers, system, waiting};
use crate::http::Body;
use crate::service::{clock, set_aside};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Lambdura console routes",
        version = "1",
        description = "What the web console uses beyond the Lambda API. Besides the clock, which moves, all of it only reads.",
        license(name = "MIT OR Apache-2.0"),
    ),
    paths(
        executions::list,
        executions::counts,
        live::executions,
        execution::detail,
        events::page,
        live::execution,
        waiting::callbacks,
        waiting::timers,
        functions::list,
        functions::detail,
        functions::inputs,
        emf::metrics,
        servers::list,
        system::system,
        set_aside::list,
        clock::show,
        clock::change,
    )
)]
struct Description;

/// The document, as it is checked in at `console/openapi.json`.
fn document() -> String {
    let document = Description::openapi().to_pretty_json();
    let mut text = document.expect("a description is always JSON");
    text.push('\n');
    text
}

/// Answers with the document.
pub(super) fn serve() -> Response<Body> {
    Response::builder()
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(Bytes::from(document())))
        .expect("the parts are all valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frontend's types are generated from the file. `UPDATE_EXPECT=1` rewrites it.
    #[test]
    fn the_document_is_the_one_that_is_checked_in() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../console/openapi.json");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(path, document()).expect("the file can be written");
        }
        let checked_in = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            checked_in == document(),
            "console/openapi.json is old: run this test with UPDATE_EXPECT=1, then `npm run types` in console"
        );
    }
}
