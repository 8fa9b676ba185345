//! The page's button that kills the demo's server as `kill -9` does.
//!
//! The page's HTTP server holds a [`Button`], which answers a browser; the process that started the demo's server holds
//! the [`Presses`], and obeys them. Only that process has a child to kill, so no other command has this route.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, Response, StatusCode};
use tokio::sync::{mpsc, oneshot, watch};

/// The path of the server's standing, and below it the path that kills it.
pub(crate) const PATH: &str = "/server";
const KILL_PATH: &str = "/server/kill";

/// Presses that may wait: while one kill is under way, further presses wait for the next server.
const PRESSES_MAX: usize = 8;

/// The state of the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its process, once everything answers; `None` while it starts.
    pub process: Option<u32>,
    /// How often it was killed.
    pub deaths: u32,
}

/// The end that a browser presses.
#[derive(Debug)]
pub struct Button {
    presses: mpsc::Sender<Press>,
    standing: watch::Receiver<Standing>,
}

/// The end for the process that runs the server.
#[derive(Debug)]
pub struct Presses {
    presses: mpsc::Receiver<Press>,
    standing: watch::Sender<Standing>,
}

/// A press of the button, which waits for the id of the killed process.
#[derive(Debug)]
pub struct Press(oneshot::Sender<u32>);

/// A button and its other end.
pub fn button() -> (Button, Presses) {
    let (pressed, presses) = mpsc::channel(PRESSES_MAX);
    let (says, standing) = watch::channel(Standing::default());
    let button = Button {
        presses: pressed,
        standing,
    };
    let presses = Presses {
        presses,
        standing: says,
    };
    (button, presses)
}

impl Presses {
    /// Waits for the next press; for ever once the [`Button`] is dropped. Cancel-safe.
    pub async fn next(&mut self) -> Press {
        match self.presses.recv().await {
            Some(press) => press,
            None => std::future::pending().await,
        }
    }

    /// Sends the state of the server to the page.
    pub fn tell(&self, standing: Standing) {
        self.standing.send_replace(standing);
    }
}

impl Press {
    /// Answers with the killed process. Dropping the press instead answers that there was none to kill.
    pub fn killed(self, process: u32) {
        // If the browser has gone away, the answer is not needed.
        let _ = self.0.send(process);
    }
}

impl Button {
    /// Answers a request for a path of the button; `None` for any other. `page` is the address of the page.
    pub(crate) async fn answer(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        page: SocketAddr,
    ) -> Option<Response<Full<Bytes>>> {
        let answer = match (method, path) {
            (_, PATH | KILL_PATH) if !is_of_page(headers, page) => refused(
                StatusCode::FORBIDDEN,
                format!("Only the page at http://{page} may look at the server or kill it."),
            ),
            (&Method::GET, PATH) => self.standing(),
            (&Method::POST, KILL_PATH) => self.press().await,
            (_, PATH) => refused(StatusCode::METHOD_NOT_ALLOWED, "Use GET.".to_owned()),
            (_, KILL_PATH) => refused(StatusCode::METHOD_NOT_ALLOWED, "Use POST.".to_owned()),
            (_, _) => return None,
        };
        Some(answer)
    }

    fn standing(&self) -> Response<Full<Bytes>> {
        let Standing { process, deaths } = *self.standing.borrow();
        let process = process.map_or_else(|| "null".to_owned(), |process| process.to_string());
        let body = format!(r#"{{"process":{process},"deaths":{deaths}}}"#);
        json(StatusCode::OK, body)
    }

    async fn press(&self) -> Response<Full<Bytes>> {
        let (answer, killed) = oneshot::channel();
        let is_pressed = self.presses.send(Press(answer)).await.is_ok();
        match killed.await {
            Ok(process) if is_pressed => {
                json(StatusCode::OK, format!(r#"{{"killed":{process}}}"#))
            }
            Ok(_) | Err(_) => refused(
                StatusCode::CONFLICT,
                "The server does not answer yet, so there is nothing to kill. Try again once it does."
                    .to_owned(),
            ),
        }
    }
}

/// Whether the request comes from the page itself. Loopback is no protection: any website may send requests here, and
/// may make a name of its own resolve to this address. Browsers set `Host` and `Origin`; scripts cannot change them.
fn is_of_page(headers: &HeaderMap, page: SocketAddr) -> bool {
    let text = |name: &str| {
        let value = headers.get(name);
        value.map(|value| value.to_str().unwrap_or_default())
    };
    let host = text("host").unwrap_or_default();
    let names = [page.to_string(), format!("localhost:{}", page.port())];
    let is_here = names.iter().any(|name| name.eq_ignore_ascii_case(host));
    // Clients other than browsers send no `Origin`, and could end a process of their own user without the page.
    let is_own = text("origin").is_none_or(|it| it.strip_prefix("http://") == Some(host));
    let is_same_site = text("sec-fetch-site").is_none_or(|it| matches!(it, "same-origin" | "none"));
    is_here && is_own && is_same_site
}

fn json(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let is = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, is);
    let fresh = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, fresh);
    response
}

/// `why` must not contain characters that JSON escapes.
fn refused(status: StatusCode, why: String) -> Response<Full<Bytes>> {
    json(status, format!(r#"{{"message":"{why}"}}"#))
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    const PAGE: &str = "127.0.0.1:5173";

    async fn asked(
        button: &Button,
        method: Method,
        path: &str,
        with: &[(&str, &str)],
    ) -> (u16, String) {
        let mut headers = HeaderMap::new();
        for (name, value) in with {
            let name: header::HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        let page = PAGE.parse().unwrap();
        let answer = button.answer(&method, path, &headers, page).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_press_is_answered_with_the_process_that_was_killed() {
        let (button, mut presses) = button();
        let own = [("host", PAGE), ("origin", "http://127.0.0.1:5173")];
        let (status, body) = asked(&button, Method::GET, PATH, &own).await;
        assert_eq!(
            (status, body.as_str()),
            (200, r#"{"process":null,"deaths":0}"#)
        );
        presses.tell(Standing {
            process: Some(42),
            deaths: 1,
        });
        let (_, body) = asked(&button, Method::GET, PATH, &own).await;
        assert_eq!(body, r#"{"process":42,"deaths":1}"#);

        let (pressed, ()) = tokio::join!(asked(&button, Method::POST, KILL_PATH, &own), async {
            presses.next().await.killed(42);
        });
        assert_eq!(pressed, (200, r#"{"killed":42}"#.to_owned()));

        let ((status, body), ()) =
            tokio::join!(asked(&button, Method::POST, KILL_PATH, &own), async {
                drop(presses.next().await);
            });
        assert_eq!(status, 409, "{body}");
        drop(presses);
        let (status, _) = asked(&button, Method::POST, KILL_PATH, &own).await;
        assert_eq!(status, 409);
    }

    #[tokio::test]
    async fn no_other_page_may_press_it() {
        let (button, mut presses) = button();
        for foreign in [
            vec![("host", PAGE), ("origin", "http://evil.example")],
            vec![("host", PAGE), ("origin", "http://127.0.0.1:8000")],
            vec![("host", PAGE), ("origin", "https://127.0.0.1:5173")],
            vec![("host", PAGE), ("origin", "null")],
            vec![("host", PAGE), ("sec-fetch-site", "cross-site")],
            vec![("host", PAGE), ("sec-fetch-site", "same-site")],
            vec![
                ("host", "evil.example:5173"),
                ("origin", "http://evil.example:5173"),
            ],
            vec![
                ("host", "127.0.0.1:8000"),
                ("origin", "http://127.0.0.1:8000"),
            ],
            vec![],
        ] {
            for (method, path) in [(Method::POST, KILL_PATH), (Method::GET, PATH)] {
                let (status, body) = asked(&button, method, path, &foreign).await;
                assert_eq!(status, 403, "{foreign:?}: {body}");
            }
        }
        let own = [
            ("host", "localhost:5173"),
            ("sec-fetch-site", "same-origin"),
        ];
        for method in [Method::GET, Method::PUT, Method::OPTIONS] {
            let (status, _) = asked(&button, method, KILL_PATH, &own).await;
            assert_eq!(status, 405);
        }
        assert!(presses.presses.try_recv().is_err(), "nobody pressed it");
    }
}
