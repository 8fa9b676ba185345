//! Which route takes a request: the most specific one.

use std::collections::BTreeMap;

use hyper::Method;
use stack::{Route, RouteKey, RouteMethod};

use crate::gateway::path::{Fit, fit_any, fit_path};

/// A route that takes a request, with the values of its path's variables.
#[derive(Debug)]
pub(super) struct Match {
    /// Its place among the routes.
    pub index: usize,
    pub path_parameters: BTreeMap<String, String>,
    /// The path as it was compared.
    pub matched_path: String,
}

/// How well a route fits; the greatest wins. An exact segment beats a variable, a variable beats `{proxy+}`, at the
/// first segment that differs; then a method beats `ANY`; `$default` takes the remaining requests.
type Rank = (Vec<u8>, bool);

/// The route for a request, if there is one.
pub(super) fn find(routes: &[Route], method: &Method, path: &str) -> Option<Match> {
    let mut best: Option<(Rank, Match)> = None;
    for (index, route) in routes.iter().enumerate() {
        let Some((rank, fit)) = fit(&route.key, method, path) else {
            continue;
        };
        if best.as_ref().is_none_or(|(found, _)| rank > *found) {
            let found = Match {
                index,
                path_parameters: fit.parameters,
                matched_path: fit.path,
            };
            best = Some((rank, found));
        }
    }
    best.map(|(_, found)| found)
}

fn fit(key: &RouteKey, method: &Method, path: &str) -> Option<(Rank, Fit)> {
    let (route_method, template) = match key {
        RouteKey::Default => return Some(((Vec::new(), false), fit_any(path))),
        RouteKey::Path { method, path } => (*method, path),
    };
    let exact_method = route_method != RouteMethod::Any;
    if exact_method && route_method.as_str() != method.as_str() {
        return None;
    }
    let mut fit = fit_path(template, path)?;
    let ranks = std::mem::take(&mut fit.ranks);
    Some(((ranks, exact_method), fit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: RouteMethod, path: &str) -> Route {
        let key = RouteKey::Path {
            method,
            path: path.to_owned(),
        };
        Route {
            event: key.to_string(),
            key,
            function: String::new(),
            qualifier: None,
            timeout: std::time::Duration::from_secs(30),
            integration: stack::Integration::Proxy,
            access: stack::Access::default(),
            checks: stack::RequestChecks::default(),
        }
    }

    #[test]
    fn the_most_specific_route_wins() {
        let routes = [
            route(RouteMethod::Any, "/{proxy+}"),
            route(RouteMethod::Get, "/status/{id}"),
            route(RouteMethod::Get, "/status/latest"),
            route(RouteMethod::Any, "/status/{id}"),
        ];
        let found = |method: Method, path: &str| {
            let found = find(&routes, &method, path)?;
            Some((routes[found.index].key.to_string(), found.path_parameters))
        };
        let with = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        assert_eq!(
            found(Method::GET, "/status/LOAN%2D1"),
            Some(("GET /status/{id}".into(), with("id", "LOAN-1")))
        );
        assert_eq!(
            found(Method::GET, "/status/latest"),
            Some(("GET /status/latest".into(), BTreeMap::new()))
        );
        assert_eq!(
            found(Method::POST, "/status/x"),
            Some(("ANY /status/{id}".into(), with("id", "x")))
        );
        assert_eq!(
            found(Method::GET, "/a/b/c"),
            Some(("ANY /{proxy+}".into(), with("proxy", "a/b/c")))
        );
    }

    #[test]
    fn what_no_route_takes_is_not_found() {
        let routes = [route(RouteMethod::Post, "/apply")];
        assert!(find(&routes, &Method::GET, "/apply").is_none());
        assert!(find(&routes, &Method::POST, "/apply/").is_none());
        assert!(find(&routes, &Method::POST, "/").is_none());
        let routes = [route(RouteMethod::Get, "/items/{id}")];
        assert!(find(&routes, &Method::GET, "/items/").is_none());
    }
}
