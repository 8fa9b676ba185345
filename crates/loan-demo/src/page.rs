//! The HTTP server of the page.

use std::borrow::Cow;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::asset::{asset, content_type};
use crate::button::{self, Button};

/// Connections at once: a browser opens six.
const CONNECTIONS_MAX: usize = 64;

/// A connection that is silent for this long is closed.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);

/// Pause after a connection could not be accepted, because of a lack of file handles.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The settings of the system for the page.
#[derive(Debug, Clone)]
pub struct PageSettings {
    /// URL of the loan API.
    pub api_url: String,
    /// URL of an application's execution in the console, with `{function}` and `{application_id}` in it.
    pub execution_url: String,
}

/// The page of one system.
#[derive(Debug)]
pub struct Page {
    index: Bytes,
    button: Button,
}

impl Page {
    /// Whether this program was built with the page.
    pub fn is_built() -> bool {
        asset("index.html").is_some()
    }

    /// The page for a system, with the button that kills its server; `None` if this program was built without the page.
    pub fn new(settings: &PageSettings, button: Button) -> Option<Self> {
        let index = asset("index.html")?;
        let index = with_settings(&String::from_utf8_lossy(&index), settings);
        Some(Self {
            index: index.into(),
            button,
        })
    }

    /// Serves the page for good. Dropping the future closes all connections.
    ///
    /// # Errors
    /// When the operating system does not report the listener's address.
    pub async fn serve(self, listener: TcpListener) -> io::Result<Infallible> {
        let address = listener.local_addr()?;
        let page = Arc::new(self);
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let place = Arc::clone(&places).acquire_owned().await;
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    say_not_accepted(&error);
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                    continue;
                }
            };
            let page = Arc::clone(&page);
            connections.spawn(async move {
                let service = service_fn(move |request| {
                    let page = Arc::clone(&page);
                    async move { Ok::<_, Infallible>(page.answer(&request, address).await) }
                });
                let mut http = hyper::server::conn::http1::Builder::new();
                http.timer(TokioTimer::new())
                    .header_read_timeout(HEADERS_WITHIN);
                let served = http.serve_connection(TokioIo::new(stream), service).await;
                if let Err(error) = served {
                    tracing::debug!(%error, "a browser's connection ended early");
                }
                drop(place);
            });
        }
    }

    async fn answer<B>(&self, request: &Request<B>, address: SocketAddr) -> Response<Full<Bytes>> {
        let (method, path, headers) = (request.method(), request.uri().path(), request.headers());
        if let Some(answer) = self.button.answer(method, path, headers, address).await {
            return answer;
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "Only GET is served here.\n");
        }
        let path = request.uri().path().trim_start_matches('/');
        if matches!(path, "" | "index.html") {
            return file(self.index.clone(), "index.html", "no-store");
        }
        match asset(path) {
            // Vite puts a hash of its content into an asset's name.
            Some(content) if path.starts_with("assets/") => {
                file(bytes(content), path, "public, max-age=31536000, immutable")
            }
            Some(content) => file(bytes(content), path, "no-cache"),
            None => plain(StatusCode::NOT_FOUND, "There is no such file.\n"),
        }
    }
}

fn say_not_accepted(error: &io::Error) {
    tracing::warn!(%error, "the page accepts no connection");
}

fn bytes(content: Cow<'static, [u8]>) -> Bytes {
    match content {
        Cow::Borrowed(content) => Bytes::from_static(content),
        Cow::Owned(content) => content.into(),
    }
}

fn file(content: Bytes, path: &str, cache: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(content));
    let headers = response.headers_mut();
    let is = HeaderValue::from_static(content_type(path));
    headers.insert(header::CONTENT_TYPE, is);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    let as_it_is = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, as_it_is);
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let is = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, is);
    response
}

/// The page reads the settings from `<meta>` elements (`frontend/src/settings.ts`).
fn with_settings(index: &str, settings: &PageSettings) -> String {
    let meta = format!(
        "<head>\n    <meta name=\"loan-api-url\" content=\"{}\" />\n    <meta name=\"execution-url\" content=\"{}\" />\n    \
         <meta name=\"server-url\" content=\"{}\" />",
        attribute(&settings.api_url),
        attribute(&settings.execution_url),
        button::PATH
    );
    index.replacen("<head>", &meta, 1)
}

fn attribute(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_in_the_page_and_stay_attributes() {
        let settings = PageSettings {
            api_url: "http://127.0.0.1:3000".to_owned(),
            execution_url: "http://\"><script>/{application_id}".to_owned(),
        };
        let page = with_settings("<html><head><title>Loan</title></head></html>", &settings);
        assert!(page.contains(r#"<meta name="loan-api-url" content="http://127.0.0.1:3000" />"#));
        assert!(page.contains("http://&quot;>&lt;script>/{application_id}"));
    }

    #[tokio::test]
    async fn only_files_of_the_page_are_answered() {
        let page = Page {
            index: Bytes::from_static(b"<html></html>"),
            button: button::button().0,
        };
        let status = async |method: Method, path: &str| {
            let request = Request::builder().method(method).uri(path).body(());
            let request = request.expect("it is a request");
            let address = SocketAddr::from(([127, 0, 0, 1], 5173));
            page.answer(&request, address).await.status()
        };
        assert_eq!(status(Method::GET, "/").await, StatusCode::OK);
        assert_eq!(status(Method::HEAD, "/index.html").await, StatusCode::OK);
        let not_allowed = StatusCode::METHOD_NOT_ALLOWED;
        assert_eq!(status(Method::POST, "/").await, not_allowed);
        for path in ["/../Cargo.toml", "/assets/../../package.json", "/nothing"] {
            let not_found = StatusCode::NOT_FOUND;
            assert_eq!(status(Method::GET, path).await, not_found, "{path}");
        }
    }
}
