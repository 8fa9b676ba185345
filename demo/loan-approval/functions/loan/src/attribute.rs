//! JSON to and from DynamoDB's attribute values.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

/// Largest whole number that an `f64` holds exactly.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Turns any serializable value into an attribute.
///
/// # Errors
///
/// When it has no form in JSON.
pub fn to_attribute(value: &impl Serialize) -> Result<AttributeValue, serde_json::Error> {
    serde_json::to_value(value).map(from_json)
}

/// Reads an attribute as a Rust type.
///
/// # Errors
///
/// When the attribute holds something else.
pub fn from_attribute<T: DeserializeOwned>(
    attribute: &AttributeValue,
) -> Result<T, serde_json::Error> {
    serde_json::from_value(to_json(attribute))
}

/// A number as an attribute; whole ones without a fraction.
pub fn number(value: f64) -> AttributeValue {
    AttributeValue::N(number_text(value))
}

fn number_text(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < WHOLE_MAX {
        format!("{value:.0}")
    } else {
        value.to_string()
    }
}

/// JSON as an attribute.
pub fn from_json(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(value),
        Value::Number(value) => AttributeValue::N(match value.as_f64() {
            Some(float) if value.is_f64() => number_text(float),
            Some(_) | None => value.to_string(),
        }),
        Value::String(value) => AttributeValue::S(value),
        Value::Array(values) => AttributeValue::L(values.into_iter().map(from_json).collect()),
        Value::Object(members) => {
            let members: HashMap<_, _> = members
                .into_iter()
                .map(|(name, value)| (name, from_json(value)))
                .collect();
            AttributeValue::M(members)
        }
    }
}

/// An attribute as JSON. Types that the demo never writes (sets, binary) become `null`.
pub fn to_json(attribute: &AttributeValue) -> Value {
    match attribute {
        AttributeValue::Bool(value) => (*value).into(),
        AttributeValue::N(text) => json_number(text),
        AttributeValue::S(value) => value.clone().into(),
        AttributeValue::L(values) => values.iter().map(to_json).collect(),
        AttributeValue::M(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), to_json(value)))
            .collect(),
        _ => Value::Null,
    }
}

fn json_number(text: &str) -> Value {
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    text.parse::<f64>()
        .ok()
        .and_then(Number::from_f64)
        .map_or_else(|| text.into(), Value::Number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_comes_back_the_same(value in any_json()) {
            prop_assert_eq!(to_json(&from_json(value.clone())), value);
        }

        #[test]
        fn numbers_come_back_equal(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
            let back = to_json(&number(value));
            prop_assert_eq!(back.as_f64().unwrap(), value);
        }
    }

    #[test]
    fn whole_numbers_have_no_fraction() {
        assert_eq!(
            from_json(json!(150_000.0)),
            AttributeValue::N("150000".to_owned())
        );
        assert_eq!(
            from_json(json!(2943.21)),
            AttributeValue::N("2943.21".to_owned())
        );
        assert_eq!(
            to_json(&AttributeValue::N("150000".to_owned())),
            json!(150_000)
        );
    }
}
