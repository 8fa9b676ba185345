//! Paths: without their stage, and matched with a route's template.

use std::collections::BTreeMap;

use crate::http::decode;

/// The path without the stage's name; `None` when it does not begin with that name.
pub(super) fn behind_stage<'a>(stage_name: &str, path: &'a str) -> Option<&'a str> {
    match path.strip_prefix('/')?.strip_prefix(stage_name)? {
        "" => Some("/"),
        rest => rest.starts_with('/').then_some(rest),
    }
}

/// How a path fits a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// How well it fits, segment by segment: a greater rank is more exact.
    pub ranks: Vec<u8>,
    /// The values of the variables.
    pub parameters: BTreeMap<String, String>,
    /// The path as it was compared: decoded. An encoded slash within a segment stays encoded, since it begins no
    /// segment; the part of `{proxy+}` is as its function sees it.
    pub path: String,
}

/// Matches a path with a template. A variable takes at least one character: an empty segment matches none.
pub(super) fn fit_path(template: &str, path: &str) -> Option<Fit> {
    const EXACT: u8 = 3;
    const VARIABLE: u8 = 2;
    const GREEDY: u8 = 1;
    let mut fit = Fit {
        ranks: Vec::new(),
        parameters: BTreeMap::new(),
        path: String::new(),
    };
    let mut rest = segments(path);
    for segment in segments(template) {
        fit.path.push('/');
        match variable(segment) {
            Some(name) => match name.strip_suffix('+') {
                Some(greedy) => {
                    let tail: Vec<&str> = rest.by_ref().collect();
                    if tail.iter().all(|it| it.is_empty()) {
                        return None;
                    }
                    let value = decode(&tail.join("/"))?;
                    fit.path.push_str(&value);
                    fit.parameters.insert(greedy.to_owned(), value);
                    fit.ranks.push(GREEDY);
                }
                None => {
                    let value = decode(rest.next().filter(|it| !it.is_empty())?)?;
                    fit.path.push_str(&value.replace('/', "%2F"));
                    fit.parameters.insert(name.to_owned(), value);
                    fit.ranks.push(VARIABLE);
                }
            },
            None => {
                if decode(rest.next()?)? != segment {
                    return None;
                }
                fit.path.push_str(segment);
                fit.ranks.push(EXACT);
            }
        }
    }
    rest.next().is_none().then_some(fit)
}

/// The fit of a path with a route that takes all paths.
pub(super) fn fit_any(path: &str) -> Fit {
    Fit {
        ranks: Vec::new(),
        parameters: BTreeMap::new(),
        path: decode(path).unwrap_or_else(|| path.to_owned()),
    }
}

fn segments(path: &str) -> std::str::Split<'_, char> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

fn variable(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_a_whole_segment() {
        assert_eq!(behind_stage("prod", "/prod"), Some("/"));
        assert_eq!(behind_stage("prod", "/prod/a/b"), Some("/a/b"));
        assert_eq!(behind_stage("prod", "/production"), None);
        assert_eq!(behind_stage("prod", "/"), None);
    }
    #[test]
    fn a_path_is_compared_decoded() {
        let compared = |template: &str, path: &str| fit_path(template, path).map(|fit| fit.path);
        let admin = Some("/admin/x".to_owned());
        assert_eq!(compared("/admin/{id}", "/%61dmin/%78"), admin);
        assert_eq!(compared("/{proxy+}", "/%61dmin/x"), admin);
        assert_eq!(compared("/{proxy+}", "/admin%2Fx"), admin);
        assert_eq!(
            compared("/{id}", "/admin%2fx").as_deref(),
            Some("/admin%2Fx")
        );
        assert_eq!(compared("/{proxy+}", "//x").as_deref(), Some("//x"));
        assert_eq!(compared("/", "/").as_deref(), Some("/"));
    }

    #[test]
    fn variables_take_no_empty_segment() {
        for (template, path) in [
            ("/{proxy+}", "/"),
            ("/{proxy+}", "//"),
            ("/a/{proxy+}", "/a"),
            ("/a/{proxy+}", "/a/"),
            ("/items/{id}", "/items/"),
            ("/{id}/x", "//x"),
        ] {
            assert_eq!(fit_path(template, path), None, "{template} {path}");
        }
    }
}
