//! The files of the page, as Vite built them in `demo/loan-approval/frontend/dist`.
//!
//! As with the console, a release build contains them and a development build reads them from that folder.

use std::borrow::Cow;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../demo/loan-approval/frontend/dist"]
#[allow_missing = true]
struct Files;

/// The file at a path such as `assets/index-5RfOBGN3.css`; `None` if there is no such file.
pub fn asset(path: &str) -> Option<Cow<'static, [u8]>> {
    Files::get(path).map(|file| file.data)
}

/// Whether this program was built with the page.
pub fn has_page() -> bool {
    asset("index.html").is_some()
}

/// The content type of a file for browsers.
pub fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some(_) | None => "application/octet-stream",
    }
}
