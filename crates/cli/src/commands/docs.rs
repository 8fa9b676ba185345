//! `lambdura docs`.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context as _;
use book_assets::CHAPTERS;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::open::open_browser;
use crate::args::DocsArguments;
use crate::exit::CliError;
use crate::screen::{Screen, note};

/// More than a browser opens.
const CONNECTIONS_MAX: usize = 64;

/// The chapter that error messages lead to; looked through first for a name that is no chapter.
const ERRORS: &str = "errors";

/// A chapter, and perhaps a section of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    chapter: String,
    anchor: Option<String>,
}

#[derive(Debug, Serialize)]
struct Listed {
    page: &'static str,
    title: &'static str,
}

/// Lists, prints, or serves the book until Ctrl-C.
pub async fn run(arguments: DocsArguments, screen: &Screen) -> Result<(), CliError> {
    if arguments.list {
        return list(screen);
    }
    let place = match &arguments.page {
        Some(wanted) => find(wanted)?,
        None => Place {
            chapter: CHAPTERS[0].0.to_owned(),
            anchor: None,
        },
    };
    if arguments.print {
        let text = book_assets::markdown(&place.chapter, place.anchor.as_deref());
        let text = text.context("read the chapter that was just found")?;
        screen.line(text.trim_end())?;
        return Ok(());
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("listen at {address}"))?;
    let address = listener.local_addr().context("ask for the port")?;
    let anchor = place.anchor.map(|it| format!("#{it}")).unwrap_or_default();
    let url = format!("http://{address}/{}.html{anchor}", place.chapter);
    screen.address(&url)?;
    open_browser(&url);
    note("Ctrl-C ends it");
    serve(listener).await
}

fn list(screen: &Screen) -> Result<(), CliError> {
    if screen.is_json() {
        let listed = CHAPTERS.iter().map(|&(page, title)| Listed { page, title });
        screen.json(&listed.collect::<Vec<_>>())?;
        return Ok(());
    }
    let width = CHAPTERS.iter().map(|(page, _)| page.len()).max();
    let width = width.unwrap_or_default();
    for (page, title) in CHAPTERS {
        screen.line(format_args!("{page:width$}  {title}"))?;
    }
    Ok(())
}

/// Finds `testing`, `testing#answers`, or the first chapter that has a section of that name.
fn find(wanted: &str) -> Result<Place, CliError> {
    let (chapter, anchor) = match wanted.split_once('#') {
        Some((chapter, anchor)) => (chapter, Some(anchor)),
        None => (wanted, None),
    };
    let chapter = chapter.trim_end_matches(".md").to_lowercase();
    let place = Place {
        chapter,
        anchor: anchor.map(str::to_owned),
    };
    if is_there(&place) {
        return Ok(place);
    }
    let anchor = book_assets::anchor(wanted);
    let chapters = std::iter::once(ERRORS).chain(CHAPTERS.iter().map(|(name, _)| *name));
    let mut places = chapters.map(|chapter| Place {
        chapter: chapter.to_owned(),
        anchor: Some(anchor.clone()),
    });
    places.find(is_there).ok_or_else(|| {
        CliError::not_found(
            format!("the documentation has no chapter or section `{wanted}`"),
            "`lambdura docs --list` lists the chapters; the search in the browser finds words",
        )
    })
}

/// The book's section about an error of this type: its name as given, or without its module. `None` if the book does
/// not have it.
pub fn error_page(error_type: &str) -> Option<&str> {
    let short = error_type.rsplit('.').next();
    std::iter::once(error_type).chain(short).find(|name| {
        let anchor = book_assets::anchor(name);
        book_assets::markdown(ERRORS, Some(&anchor)).is_some()
    })
}

fn is_there(place: &Place) -> bool {
    book_assets::markdown(&place.chapter, place.anchor.as_deref()).is_some()
}

/// Answers requests for pages, for as long as it is polled.
async fn serve(listener: TcpListener) -> Result<(), CliError> {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        let place = place.context("wait for a connection to end")?;
        let (stream, _) = listener.accept().await.context("accept a connection")?;
        tokio::spawn(async move {
            let answered = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await;
            if let Err(error) = answered {
                tracing::debug!(%error, "a reader of the book went away");
            }
            drop(place);
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = match request.uri().path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    let mut response = Response::new(Full::default());
    if request.method() != Method::GET && request.method() != Method::HEAD {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return Ok(response);
    }
    match book_assets::file(path) {
        Some(content) => {
            let kind = HeaderValue::from_static(content_type(path));
            response.headers_mut().insert(CONTENT_TYPE, kind);
            *response.body_mut() = Full::from(content);
        }
        None => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    Ok(response)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use lambda_api::ErrorCode;

    use super::*;

    fn found(wanted: &str) -> String {
        match find(wanted) {
            Ok(place) => format!("{} {}", place.chapter, place.anchor.unwrap_or_default()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_error_of_the_api_has_a_section() {
        for name in ErrorCode::VALUES {
            let anchor = book_assets::anchor(name);
            let section = book_assets::markdown(ERRORS, Some(&anchor));
            let section =
                section.unwrap_or_else(|| panic!("docs/errors.md says nothing of {name}"));
            let status = ErrorCode::parse(name).map_or(0, |code| code.status());
            assert!(
                section.contains(&format!("HTTP {status}")),
                "{name} is answered with {status}"
            );
        }
    }

    #[test]
    fn an_error_is_known_by_its_name() {
        assert_eq!(error_page("Sandbox.Timedout"), Some("Sandbox.Timedout"));
        let python = "aws_durable_execution_sdk_python.exceptions.NonDeterministicExecutionError";
        assert_eq!(error_page(python), Some("NonDeterministicExecutionError"));
        assert_eq!(error_page("OrderError"), None);
    }

    #[test]
    fn a_place_is_found_by_chapter_section_or_name() {
        assert_eq!(found("testing"), "testing ");
        assert_eq!(found("testing.md#answers"), "testing answers");
        assert_eq!(found("Sandbox.Timedout"), "errors sandboxtimedout");
        let error = "the documentation has no chapter or section `nothing of that name`";
        assert_eq!(found("nothing of that name"), error);
    }
}
