//! Paths: behind a stage, and held against a route's template.

use std::collections::BTreeMap;

use crate::http::decode;

/// The path behind a stage's name; none when the path does not begin with it.
pub(super) fn behind_stage<'a>(stage_name: &str, path: &'a str) -> Option<&'a str> {
    match path.strip_prefix('/')?.strip_prefix(stage_name)? {
        "" => Some("/"),
        rest => rest.starts_with('/').then_some(rest),
    }
}

/// How well a path fits a template, segment by segment, with what the variables stand for.
pub(super) fn fit_path(template: &str, path: &str) -> Option<(Vec<u8>, BTreeMap<String, String>)> {
    const EXACT: u8 = 3;
    const VARIABLE: u8 = 2;
    const GREEDY: u8 = 1;
    let mut ranks = Vec::new();
    let mut parameters = BTreeMap::new();
    let mut rest = segments(path);
    for segment in segments(template) {
        match variable(segment) {
            Some(name) => match name.strip_suffix('+') {
                Some(greedy) => {
                    let tail: Vec<&str> = rest.by_ref().collect();
                    if tail.is_empty() {
                        return None;
                    }
                    parameters.insert(greedy.to_owned(), decode(&tail.join("/"))?);
                    ranks.push(GREEDY);
                }
                None => {
                    parameters.insert(name.to_owned(), decode(rest.next()?)?);
                    ranks.push(VARIABLE);
                }
            },
            None => {
                if decode(rest.next()?)? != segment {
                    return None;
                }
                ranks.push(EXACT);
            }
        }
    }
    rest.next().is_none().then_some((ranks, parameters))
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
}
