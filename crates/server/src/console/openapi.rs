//! The description of the routes that are not AWS's, derived from the code that answers them.

use bytes::Bytes;
use hyper::Response;
use hyper::header::CONTENT_TYPE;
use utoipa::OpenApi;

use super::{cost, emf, events, execution, executions, functions, live, servers, system, waiting};
use crate::http::Body;
use crate::service::{
    access_keys, answers, clock, dead_letters, health, logs, session, set_aside, version_code,
};

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "a test makes the document of it")
)]
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Lambdura",
        version = "1",
        description = "What a server answers beyond the Lambda API. What AWS has no operation for is changed by `POST` and `DELETE`; all else reads.",
        license(name = "MIT OR Apache-2.0"),
    ),
    paths(
        executions::list,
        executions::counts,
        live::executions,
        execution::detail,
        cost::of_name,
        cost::of_id,
        execution::definition,
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
        set_aside::try_again,
        version_code::replace,
        clock::show,
        clock::change,
        answers::show,
        answers::replace,
        logs::logs,
        logs::line,
        logs::segments,
        dead_letters::list,
        access_keys::list,
        access_keys::create,
        access_keys::delete,
        access_keys::rotate,
        access_keys::disable,
        access_keys::enable,
        access_keys::audit,
        session::handle,
        health::health,
        health::readiness,
    )
)]
struct Description;

/// Returns the checked-in document, so that the code that generates it is not part of the program.
pub(super) fn serve() -> Response<Body> {
    const DOCUMENT: &str = include_str!("../../../../console/openapi.json");
    Response::builder()
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(Bytes::from_static(DOCUMENT.as_bytes())))
        .expect("the parts are all valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frontend's types are generated from the file. `UPDATE_EXPECT=1` rewrites it.
    #[test]
    fn the_document_is_the_one_that_is_checked_in() {
        let mut document = Description::openapi();
        document.merge(crate::deploy::requests::Description::openapi());
        let document = document.to_pretty_json();
        let document = document.expect("a description is always JSON") + "\n";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../console/openapi.json");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(path, &document).expect("the file can be written");
        }
        let checked_in = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            checked_in == document,
            "console/openapi.json is old: run this test with UPDATE_EXPECT=1, then `npm run types` in console"
        );
    }
}
