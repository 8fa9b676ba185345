//! The console's files: pages, scripts, styles, all served from this port only.

use bytes::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{HeaderMap, Response, StatusCode};

use crate::http::Body;

/// The page for all addresses below [`PAGES`]; its script reads the address.
const INDEX: &str = "index.html";

/// First segments of the addresses of pages. None of them belongs to the Lambda API.
const PAGES: &[&str] = &[
    "",
    "executions",
    "waiting",
    "functions",
    "servers",
    "system",
];

/// Only files of this server. Cloudscape sets styles on elements.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; \
                      form-action 'none'; object-src 'none'";

/// Vite puts a hash of the content into these names.
const HASHED: &str = "assets/";

/// The page of a binary that was built without the console.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Lambdura</title>\
<h1>The console is not in this binary</h1>\
<p>Build it with <code>cargo xtask console</code>, and then the binary again.</p>\
<p>Everything else works: <code>lambdura ls</code>, <code>lambdura show @last</code>.</p></html>";

/// Whether this program was built with the console.
pub fn has_console() -> bool {
    console_assets::asset(INDEX).is_some()
}

/// Whether a path is the address of a page.
pub(super) fn is_page(path: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or(path);
    PAGES.contains(&path.split('/').next().unwrap_or_default())
}

/// Returns a file, or the page; none if the path belongs to neither.
pub(super) fn serve(path: &str, headers: &HeaderMap) -> Option<Response<Body>> {
    let path = path.strip_prefix('/')?;
    if is_page(path) {
        return Some(page(headers));
    }
    if path == INDEX {
        return None;
    }
    // Only files of the build are found, even if the path contains dots.
    let asset = console_assets::asset(path)?;
    let caching = if path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    Some(answer(content_type(path), caching, asset, headers))
}

/// The page under an unknown address: its script says so.
pub(super) fn no_such_page() -> Response<Body> {
    let mut response = page(&HeaderMap::new());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn page(headers: &HeaderMap) -> Response<Body> {
    match console_assets::asset(INDEX) {
        Some(asset) => answer("text/html; charset=utf-8", "no-cache", asset, headers),
        None => Response::builder()
            .status(StatusCode::NOT_FOUND)
            .header(CONTENT_TYPE, "text/html; charset=utf-8")
            .body(Body::from(Bytes::from_static(NOT_BUILT.as_bytes())))
            .expect("the parts are all valid"),
    }
}

fn answer(
    content_type: &'static str,
    caching: &'static str,
    asset: console_assets::Asset,
    headers: &HeaderMap,
) -> Response<Body> {
    let tag = format!("\"{}\"", asset.hash);
    let known = headers
        .get(IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok());
    let is_known = known.is_some_and(|tags| tags.contains(&tag));
    let response = Response::builder()
        .header(CONTENT_TYPE, content_type)
        .header(CACHE_CONTROL, caching)
        .header(ETAG, tag)
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(REFERRER_POLICY, "no-referrer");
    let response = if is_known {
        response
            .status(StatusCode::NOT_MODIFIED)
            .body(Body::default())
    } else {
        let content = Bytes::from(asset.content.into_owned());
        response.body(Body::from(content))
    };
    response.expect("the parts are all valid")
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        _ => "application/octet-stream",
    }
}
