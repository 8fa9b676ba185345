//! Pages of lists that are in memory.

use serde_json::Value;

use super::error::{StatesError, optional};

/// Entries of a page, unless the request names a number. Source: API reference, `maxResults`.
pub(super) const PAGE: usize = 100;
pub(super) const PAGE_MAX: u64 = 1_000;

/// How many entries a request wants.
pub(super) fn limit(input: &Value) -> usize {
    match input.get("maxResults").and_then(Value::as_u64) {
        None | Some(0) => PAGE,
        Some(limit) => usize::try_from(limit.min(PAGE_MAX)).unwrap_or(PAGE),
    }
}

/// The wanted page of a list, as the member `name` of an answer. A token tells where the last page ended.
pub(super) fn page(input: &Value, name: &str, all: Vec<Value>) -> Result<Value, StatesError> {
    let from: usize = match optional(input, "nextToken")? {
        None => 0,
        Some(token) => token
            .parse()
            .map_err(|_| StatesError::new("InvalidToken", format!("Invalid Token: '{token}'")))?,
    };
    let total = all.len();
    let page: Vec<Value> = all.into_iter().skip(from).take(limit(input)).collect();
    let end = from.saturating_add(page.len());
    let mut answer = Value::Object(serde_json::Map::new());
    answer[name] = Value::Array(page);
    if end < total {
        answer["nextToken"] = Value::from(end.to_string());
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_follow_each_other_and_end() {
        let all = || (0..5).map(Value::from).collect::<Vec<_>>();
        let first = page(&json!({ "maxResults": 2 }), "numbers", all()).expect("a page");
        assert_eq!(first, json!({ "numbers": [0, 1], "nextToken": "2" }));
        let last = json!({ "maxResults": 3, "nextToken": "2" });
        let last = page(&last, "numbers", all()).expect("a page");
        assert_eq!(last, json!({ "numbers": [2, 3, 4] }));
        assert!(page(&json!({ "nextToken": "x" }), "numbers", all()).is_err());
        let beyond = page(&json!({ "nextToken": "99" }), "numbers", all()).expect("a page");
        assert_eq!(beyond, json!({ "numbers": [] }));
    }
}
