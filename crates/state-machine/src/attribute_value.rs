//! Values of a table's attributes, as a state may write them for an optimized integration.
//!
//! Step Functions reads them more freely than DynamoDB does, and AWS's own samples rely on it: a text is read as a
//! string, also in a list or a map, and `"false"` as a boolean. Source: `saga-pattern-sam` and
//! `quorum-with-parallel-pattern` of aws-samples/step-functions-workflows-collection, read 2026-11-30.

use serde_json::{Value, json};

/// The value in DynamoDB's form.
pub(crate) fn of_state(value: Value) -> Value {
    match value {
        Value::String(text) => json!({ "S": text }),
        Value::Object(members) => {
            let members = members.into_iter();
            members
                .map(|(kind, value)| {
                    let value = member(&kind, value);
                    (kind, value)
                })
                .collect()
        }
        other => other,
    }
}

fn member(kind: &str, value: Value) -> Value {
    match (kind, value) {
        ("L", Value::Array(items)) => items.into_iter().map(of_state).collect(),
        ("M", Value::Object(members)) => members
            .into_iter()
            .map(|(name, value)| (name, of_state(value)))
            .collect(),
        ("BOOL" | "NULL", Value::String(text)) => match text.as_str() {
            "true" => Value::from(true),
            "false" => Value::from(false),
            _ => Value::from(text),
        },
        (_, value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_for_strings_and_booleans() {
        for (written, taken) in [
            (json!("a"), json!({ "S": "a" })),
            (json!({ "S": "a" }), json!({ "S": "a" })),
            (json!({ "BOOL": "false" }), json!({ "BOOL": false })),
            (json!({ "NULL": "true" }), json!({ "NULL": true })),
            (json!({ "BOOL": "perhaps" }), json!({ "BOOL": "perhaps" })),
            (
                json!({ "L": ["a", { "N": "1" }] }),
                json!({ "L": [{ "S": "a" }, { "N": "1" }] }),
            ),
            (
                json!({ "M": { "a": { "L": ["b"] } } }),
                json!({ "M": { "a": { "L": [{ "S": "b" }] } } }),
            ),
            (json!({ "SS": ["a"] }), json!({ "SS": ["a"] })),
        ] {
            assert_eq!(of_state(written), taken);
        }
    }
}
