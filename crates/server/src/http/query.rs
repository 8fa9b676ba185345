//! Percent-encoded text, and the parameters of a query string.

use percent_encoding::percent_decode_str;
use wire::ApiError;

/// Decodes a percent-encoded path segment or query value; `None` unless it is UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// The parameters of a query string.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string.
    ///
    /// # Errors
    /// When a part of it is not UTF-8: a filter that cannot be read must not count as absent, or
    /// the answer would be about everything.
    pub fn parse(query: Option<&str>) -> Result<Self, ApiError> {
        let pairs = query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty());
        let decoded = |text: &str| {
            decode(&text.replace('+', "%20")).ok_or_else(|| {
                let shown: String = text.chars().take(64).collect();
                ApiError::invalid_parameter(format!(
                    "The query is not UTF-8 text, percent-encoded, at '{shown}'"
                ))
            })
        };
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(value)?))
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    /// The first value of a parameter; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a repeated parameter.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let pairs = self
            .0
            .iter()
            .filter(move |(key, value)| key == name && !value.is_empty());
        pairs.map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_and_empty_values_count_as_absent() {
        let query = Query::parse(Some(
            "Marker=a%2Fb&Statuses=RUNNING&Statuses=FAILED&Qualifier=&x",
        ));
        let query = query.expect("it is text");
        assert_eq!(query.get("Marker"), Some("a/b"));
        assert_eq!(
            query.all("Statuses").collect::<Vec<_>>(),
            ["RUNNING", "FAILED"]
        );
        assert_eq!(query.get("Qualifier"), None);
        assert_eq!(query.get("x"), None);
    }

    #[test]
    fn a_query_that_is_not_text_is_refused() {
        for query in ["Marker=%FF", "%C3=x", "Marker=ok&Statuses=%ED%A0%80"] {
            let refused = Query::parse(Some(query)).expect_err(query);
            assert_eq!(refused.code.status(), 400, "{query}");
        }
    }
}
