//! A request on its way to a function, and the values that events of both formats take from it.

use std::collections::BTreeMap;

use hyper::header::{COOKIE, HOST, HeaderValue, USER_AGENT};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Response};
use model::{FunctionName, Timestamp};
use stack::{Access, RequestPart, Route};

use super::access::Caller;
use crate::http::{Body, decode};

/// A request that has found its route.
pub(crate) struct Call<'a> {
    pub route: &'a Route,
    /// The access rules: the route's, or others where the gateway itself answers.
    pub access: &'a Access,
    /// The gateway's own answer to admitted requests.
    pub answered: Option<Box<Response<Body>>>,
    /// The function behind it.
    pub function: &'a FunctionName,
    /// The path without the stage.
    pub path: &'a str,
    /// The same path, as it was compared with the route's: policies must see the same path as the route.
    pub matched_path: String,
    /// The values of the variables in the route's path.
    pub path_parameters: BTreeMap<String, String>,
}

/// The source of an event.
pub(crate) struct Incoming<'a> {
    pub parts: &'a Parts,
    pub body: &'a [u8],
    pub call: &'a Call<'a>,
    pub account_id: &'a str,
    pub request_id: &'a str,
    pub trace_header: &'a str,
    pub source_ip: String,
    pub now: Timestamp,
    /// The known facts about its sender.
    pub caller: &'a Caller,
}

impl Incoming<'_> {
    /// A header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.parts.headers, name)
    }

    /// A header, a query parameter or a path parameter; other parts are not in a request.
    pub fn part(&self, part: &RequestPart) -> Option<String> {
        match part {
            RequestPart::Header(name) if is_cookie(name) => self.cookies(),
            RequestPart::Header(name) => self.header(name).map(str::to_owned),
            RequestPart::Query(name) => {
                let mut parameters = self.parameters();
                parameters.find_map(|(own, value)| (own == *name).then_some(value))
            }
            RequestPart::Path(name) => self.call.path_parameters.get(name).cloned(),
            RequestPart::StageVariable(_) | RequestPart::Context(_) => None,
        }
    }

    /// Whether a part comes more than once. Events may have another of its values than [`part`](Self::part) finds, or
    /// all of them: a function must not read another identity than the authorizer checked.
    pub fn is_repeated(&self, part: &RequestPart) -> bool {
        match part {
            RequestPart::Header(name) if is_cookie(name) => false,
            RequestPart::Header(name) => {
                let values = self.parts.headers.get_all(name.as_str());
                values.iter().nth(1).is_some()
            }
            RequestPart::Query(name) => {
                let same = self.parameters().filter(|(own, _)| own == name);
                same.count() > 1
            }
            RequestPart::Path(_) | RequestPart::StageVariable(_) | RequestPart::Context(_) => false,
        }
    }

    /// All cookies as one header: over HTTP/2 each may have its own.
    fn cookies(&self) -> Option<String> {
        let values = self.parts.headers.get_all(COOKIE).iter();
        let texts: Result<Vec<&str>, _> = values.map(HeaderValue::to_str).collect();
        let texts = texts.ok().filter(|texts| !texts.is_empty())?;
        Some(texts.join("; "))
    }

    pub fn user_agent(&self) -> Option<&str> {
        self.header(USER_AGENT.as_str())
    }

    /// The host in the client's request, and the first part of its name.
    pub fn domain(&self) -> (&str, &str) {
        let name = self.header(HOST.as_str()).unwrap_or_default();
        (name, name.split(['.', ':']).next().unwrap_or_default())
    }

    /// When the request came, in the form of web servers' logs: `12/Mar/2020:19:03:58 +0000`.
    pub fn time(&self) -> String {
        let at = jiff::Timestamp::from_millisecond(self.now.as_millis()).unwrap_or_default();
        at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
    }

    /// The headers that API Gateway adds to the client's, in lower case.
    pub fn added_headers(&self) -> [(&'static str, &str); 3] {
        [
            ("x-amzn-trace-id", self.trace_header),
            ("x-forwarded-for", &self.source_ip),
            ("x-forwarded-proto", "http"),
        ]
    }

    /// The query's parameters, decoded, in their order.
    pub fn parameters(&self) -> impl Iterator<Item = (String, String)> {
        let query = self.parts.uri.query().unwrap_or_default();
        let decoded = |text: &str| decode(&text.replace('+', " ")).unwrap_or_default();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs.map(move |pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
    }
}

fn is_cookie(name: &str) -> bool {
    name.eq_ignore_ascii_case(COOKIE.as_str())
}

/// A header, if it is text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
