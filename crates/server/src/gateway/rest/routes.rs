//! Finds the resource of a REST API for a request, and its method.

use std::collections::BTreeMap;

use hyper::Method;
use stack::{Route, RouteKey, RouteMethod};

use crate::gateway::path::fit_path;

/// The resource that a path leads to.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// Its path, as the template writes it.
    pub resource: &'a str,
    pub path_parameters: BTreeMap<String, String>,
    /// The path that led to it, as it was compared.
    pub matched_path: String,
    /// Its methods with their places among the routes.
    methods: Vec<(RouteMethod, usize)>,
}

impl Found<'_> {
    /// The route for a method: its own, or the one for `ANY`.
    pub fn route(&self, method: &Method) -> Option<usize> {
        let of = |wanted: &str| {
            let mut methods = self.methods.iter();
            methods.find(|(it, _)| it.as_str() == wanted)
        };
        let found = of(method.as_str()).or_else(|| of(RouteMethod::Any.as_str()));
        found.map(|(_, index)| *index)
    }

    /// The first of its routes, of any method.
    pub fn any_route(&self) -> Option<usize> {
        self.methods.first().map(|(_, index)| *index)
    }

    /// Whether the template has a route for `OPTIONS`, as for other methods.
    pub fn has_options(&self) -> bool {
        self.methods
            .iter()
            .any(|(it, _)| *it == RouteMethod::Options)
    }

    /// The value of `Access-Control-Allow-Methods` where the template has none: as SAM makes it.
    pub fn allow_methods(&self) -> String {
        let all = RouteMethod::ALL
            .iter()
            .filter(|it| **it != RouteMethod::Any);
        let any = self.methods.iter().any(|(it, _)| *it == RouteMethod::Any);
        let has = |method: &&RouteMethod| {
            let own = self.methods.iter().any(|(it, _)| it == *method);
            any || own || **method == RouteMethod::Options
        };
        let names: Vec<&str> = all.filter(has).map(|it| it.as_str()).collect();
        names.join(",")
    }
}

/// The resource for a path, if there is one: the most specific, independent of its methods. A slash
/// at the end makes no difference.
pub(super) fn find<'a>(routes: &'a [Route], path: &str) -> Option<Found<'a>> {
    let path = match path.strip_suffix('/') {
        Some("") | None => path,
        Some(rest) => rest,
    };
    let mut best: Option<(Vec<u8>, Found<'a>)> = None;
    for (index, route) in routes.iter().enumerate() {
        let RouteKey::Path {
            method,
            path: template,
        } = &route.key
        else {
            continue;
        };
        if let Some((_, found)) = &mut best
            && found.resource == template
        {
            found.methods.push((*method, index));
            continue;
        }
        let Some(fit) = fit_path(template, path) else {
            continue;
        };
        let ranks = fit.ranks;
        if best.as_ref().is_none_or(|(rank, _)| ranks > *rank) {
            let found = Found {
                resource: template,
                path_parameters: fit.parameters,
                matched_path: fit.path,
                methods: vec![(*method, index)],
            };
            best = Some((ranks, found));
        }
    }
    best.map(|(_, found)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: RouteMethod, path: &str) -> Route {
        Route {
            key: RouteKey::Path {
                method,
                path: path.to_owned(),
            },
            function: String::new(),
            qualifier: None,
            event: String::new(),
            timeout: std::time::Duration::from_secs(29),
            integration: stack::Integration::Proxy,
            access: stack::Access::default(),
            checks: stack::RequestChecks::default(),
        }
    }

    #[test]
    fn the_resource_comes_before_the_method() {
        let routes = [
            route(RouteMethod::Any, "/{proxy+}"),
            route(RouteMethod::Get, "/items/{id}"),
            route(RouteMethod::Get, "/items"),
            route(RouteMethod::Put, "/items/{id}"),
            route(RouteMethod::Any, "/"),
        ];
        let found = |method: Method, path: &str| find(&routes, path)?.route(&method);
        assert_eq!(found(Method::GET, "/items/1"), Some(1));
        assert_eq!(found(Method::PUT, "/items/1/"), Some(3));
        assert_eq!(found(Method::GET, "/items"), Some(2));
        assert_eq!(found(Method::POST, "/items"), None, "not the greedy one");
        assert_eq!(found(Method::POST, "/other/thing"), Some(0));
        assert_eq!(found(Method::POST, "/"), Some(4));
        let item = find(&routes, "/items/a%20b").expect("there is such a resource");
        assert_eq!(item.path_parameters["id"], "a b");
        let slashed = find(&routes, "/%69tems/7/").expect("there is such a resource");
        assert_eq!(slashed.matched_path, "/items/7");
        assert_eq!(item.allow_methods(), "GET,OPTIONS,PUT");
        let root = find(&routes, "/").expect("there is such a resource");
        assert_eq!(
            root.allow_methods(),
            "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT"
        );
    }
}
