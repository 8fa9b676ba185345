//! Protects against websites in a browser on the same machine: rejects requests with a foreign host name, and
//! changes on behalf of a foreign page.
//!
//! Loopback alone is no protection. A page from anywhere may send requests to it, and may make a host name of
//! its own resolve to it (DNS rebinding).

use hyper::header::{HOST, ORIGIN};
use hyper::{HeaderMap, Method};

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The `Host` is not a name of this service.
    Host,
    /// The request changes something, and has a foreign `Origin`.
    Origin,
    /// A page of another site reads a resource that it does not need.
    Site,
}

impl Refusal {
    /// The message for the sender.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Host => {
                "This service answers to `localhost` and loopback addresses only. Use one of them in \
                 the URL."
            }
            Self::Origin => {
                "A page from another origin must not change anything here. Use the HTTP API of the \
                 stack, and list the page's origin in its CORS configuration."
            }
            Self::Site => {
                "A page from another site must not read here. Open the console itself, or use a \
                 client that is not a browser."
            }
        }
    }
}

/// Checks `Host`, and for requests that change something `Origin`. `allows` accepts foreign
/// origins.
pub(crate) fn check(
    method: &Method,
    headers: &HeaderMap,
    allows: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    if !is_loopback(host) {
        return Err(Refusal::Host);
    }
    check_origin(method, headers, allows)
}

/// Checks `Origin` of requests that change something. For services whose own names are not known: there, signatures
/// identify senders, and a page may only send requests to the host that it came from.
pub(crate) fn check_origin(
    method: &Method,
    headers: &HeaderMap,
    allows: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let Some(origin) = headers.get(ORIGIN).filter(|_| changes) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or_default();
    // Only a proxy may know whether the request came by TLS.
    let name = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    let same = !host.is_empty() && name.is_some_and(|name| name == host);
    if same || allows(origin) {
        Ok(())
    } else {
        Err(Refusal::Origin)
    }
}

/// Refuses requests from pages of another site. Such a page cannot see the answer, but may request it as often as it
/// likes. Only browsers tell the site of a request, in headers that no script can set; other clients are not concerned.
/// Links to our pages may be followed from anywhere.
pub(crate) fn check_site(headers: &HeaderMap, is_page: bool) -> Result<(), Refusal> {
    let is = |name: &str, value: &str| {
        let found = headers.get(name);
        found.is_some_and(|found| found.as_bytes() == value.as_bytes())
    };
    let is_link = is_page && is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document");
    if is("sec-fetch-site", "cross-site") && !is_link {
        Err(Refusal::Site)
    } else {
        Ok(())
    }
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let address = name.parse::<std::net::IpAddr>();
    let local = name.eq_ignore_ascii_case("localhost") || name.ends_with(".localhost");
    local || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn verdict(method: Method, host: &str, origin: Option<&str>) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().expect("a header value"));
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().expect("a header value"));
        }
        check(&method, &headers, |origin| {
            origin == "http://localhost:5173"
        })
    }

    #[test]
    fn only_loopback_names_are_served() {
        for host in [
            "127.0.0.1:3001",
            "localhost:3001",
            "[::1]:3001",
            "api.localhost",
        ] {
            assert_eq!(verdict(Method::GET, host, None), Ok(()), "{host}");
        }
        for host in [
            "",
            "evil.example:3001",
            "127.0.0.1.evil.example",
            "10.0.0.1",
        ] {
            assert_eq!(
                verdict(Method::GET, host, None),
                Err(Refusal::Host),
                "{host}"
            );
        }
    }

    #[test]
    fn foreign_pages_may_look_but_not_touch() {
        let host = "127.0.0.1:3001";
        let foreign = Some("http://evil.example");
        assert_eq!(verdict(Method::GET, host, foreign), Ok(()));
        assert_eq!(verdict(Method::POST, host, foreign), Err(Refusal::Origin));
        assert_eq!(
            verdict(Method::POST, host, Some("null")),
            Err(Refusal::Origin)
        );
        assert_eq!(
            verdict(Method::POST, host, Some("http://127.0.0.1:3001")),
            Ok(())
        );
        assert_eq!(
            verdict(Method::POST, host, Some("http://localhost:5173")),
            Ok(())
        );
        assert_eq!(verdict(Method::POST, host, None), Ok(()));
    }

    #[test]
    fn pages_of_other_sites_have_nothing_made_for_them() {
        let sent = |site: &'static str, mode: &'static str, dest: &'static str, is_page| {
            let mut headers = HeaderMap::new();
            headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            headers.insert("sec-fetch-mode", HeaderValue::from_static(mode));
            headers.insert("sec-fetch-dest", HeaderValue::from_static(dest));
            check_site(&headers, is_page)
        };
        assert_eq!(check_site(&HeaderMap::new(), false), Ok(()));
        for site in ["none", "same-origin", "same-site"] {
            assert_eq!(sent(site, "cors", "empty", false), Ok(()), "{site}");
        }
        let refused = Err(Refusal::Site);
        assert_eq!(sent("cross-site", "no-cors", "image", false), refused);
        assert_eq!(sent("cross-site", "no-cors", "script", true), refused);
        assert_eq!(sent("cross-site", "navigate", "iframe", true), refused);
        assert_eq!(sent("cross-site", "navigate", "document", false), refused);
        assert_eq!(sent("cross-site", "navigate", "document", true), Ok(()));
    }
}
